"""The bytes a model comes from, and what reading them gives."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from os import PathLike
from pathlib import Path

from citymains.errors import InputError, Issue, LimitError
from citymains.model.table import Table

#: Largest model file that is read, in bytes. Raise it with CITYMAINS_MAX_MODEL_BYTES.
MAX_MODEL_BYTES = 64 * 1024 * 1024


#: Characters of a path that an error repeats at most.
_SHOWN_PATH = 300


@dataclass(frozen=True)
class SourceFile:
    """A model file's name (without folder), its bytes, and what its columns mean where it is a table."""

    name: str
    content: bytes = field(repr=False)
    columns: Mapping[str, str] = field(default_factory=dict)
    """Our name of a column to the file's own heading; only formats of tables look at it."""

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes as they were given."""
        return hashlib.sha256(self.content).hexdigest()

    @classmethod
    def read(cls, path: str | PathLike[str], *, max_bytes: int = MAX_MODEL_BYTES) -> SourceFile:
        """Read a file.

        Raises
        ------
        InputError
            FILE_NOT_FOUND, FILE_UNREADABLE; FILE_TOO_LARGE as :class:`LimitError`, before more of it is
            held than is allowed.
        """
        path = _path(path)
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                # A pipe or a device does not tell its size.
                content = b"" if size > max_bytes else file.read(max_bytes + 1)
        except FileNotFoundError as error:
            raise InputError("FILE_NOT_FOUND", file=str(path), value=type(error).__name__) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise InputError("FILE_UNREADABLE", file=str(path)[:_SHOWN_PATH], value=reason) from error
        if max(size, len(content)) > max_bytes:
            raise LimitError("FILE_TOO_LARGE", file=path.name, value=max(size, len(content)), limit=max_bytes)
        return cls(path.name, content)


def _path(given: object) -> Path:
    if isinstance(given, str | PathLike):
        path = os.fspath(given)
        if isinstance(path, str) and "\0" not in path:
            return Path(path)
    text = repr(given)
    raise InputError("ARGUMENT_INVALID", field="path", value=text[:_SHOWN_PATH], limit="a path")


@dataclass(frozen=True, kw_only=True)
class Intake:
    """What a utility's reader makes of a file.

    With an error among ``issues`` the rest describes what could be read, for the report.
    """

    document: bytes
    """Canonical model after repairs: what the network's id is the hash of, what the store
    keeps and what the engine is fed from. Reading it again gives the same document, with no
    issue that is not a warning."""
    tables: tuple[Table, ...] = ()
    issues: tuple[Issue, ...] = ()
    importer: str = ""
    """Reader and version: ``epanet-inp/1``."""
    crs: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """The issues that refuse the model."""
        return tuple(one for one in self.issues if one.severity == "error")
