"""Files in chunks: cut on the one side, put together and checked on the other."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from citymains.errors import InputError, LimitError
from citymains.intake.source import SourceFile
from citymains.wire.connection import CHUNK_BYTES
from citymains.wire.refusal import invalid, missing
from citymains.wire.requests import safe_name


def cut(file: SourceFile, kind: type[Message], head: Any) -> Iterator[bytes]:
    """The messages of an upload: the header with length and hash, then the chunks."""
    head.file_name = file.name
    head.byte_length = len(file.content)
    head.sha256 = file.sha256
    first: Any = kind()
    first.header.CopyFrom(head)
    yield first.SerializeToString()
    for start in range(0, len(file.content), CHUNK_BYTES):
        part: Any = kind()
        part.chunk = file.content[start : start + CHUNK_BYTES]
        yield part.SerializeToString()


class Assembly:
    """An upload being put together; refuses as soon as it can no longer come right.

    Parameters
    ----------
    max_bytes : int
        Largest file that is read.
    """

    def __init__(self, max_bytes: int) -> None:
        self.head: Any = None
        self._max_bytes = max_bytes
        self._chunks: list[bytes] = []
        self._length = 0
        self._digest = hashlib.sha256()

    def add(self, message: Any) -> None:
        """Take the next message.

        Raises
        ------
        Refused
            Not a header first and chunks after it.
        LimitError
            The header or the chunks say that the file is too large.
        InputError
            FILE_LENGTH_MISMATCH: more bytes than the header said.
        """
        which = message.WhichOneof("part")
        if self.head is None:
            self._start(message, which)
            return
        if which != "chunk":
            raise invalid(which, "chunks after the header")
        self._length += len(message.chunk)
        self._digest.update(message.chunk)
        self._check_limit(self._length)
        if self._length > self.head.byte_length:
            raise self._wrong("FILE_LENGTH_MISMATCH", self._length, self.head.byte_length)
        self._chunks.append(message.chunk)

    def finish(self) -> SourceFile:
        """The file.

        Raises
        ------
        Refused
            There was no header.
        InputError
            FILE_LENGTH_MISMATCH, FILE_HASH_MISMATCH.
        """
        if self.head is None:
            raise missing()
        if self._length != self.head.byte_length:
            raise self._wrong("FILE_LENGTH_MISMATCH", self._length, self.head.byte_length)
        if self._digest.hexdigest() != self.head.sha256.lower():
            raise self._wrong("FILE_HASH_MISMATCH", self._digest.hexdigest(), self.head.sha256)
        return SourceFile(safe_name(self.head.file_name), b"".join(self._chunks))

    def _start(self, message: Any, which: str | None) -> None:
        if which != "header":
            raise invalid(which, "the header first")
        self.head = message.header
        if self.head.byte_length < 0:
            raise invalid(self.head.byte_length, "byte_length >= 0")
        self._check_limit(self.head.byte_length)

    def _check_limit(self, length: int) -> None:
        if length > self._max_bytes:
            raise LimitError(
                "FILE_TOO_LARGE", file=safe_name(self.head.file_name), value=length, limit=self._max_bytes
            )

    def _wrong(self, code: str, value: object, limit: object) -> InputError:
        return InputError(code, file=safe_name(self.head.file_name), value=value, limit=limit)
