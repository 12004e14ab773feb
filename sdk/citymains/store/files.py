"""Content-addressed files: written once, atomically, under their SHA-256; verified when read."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import tempfile
from os import PathLike
from pathlib import Path

from citymains.errors import StateError
from citymains.messages import Text, register_messages

register_messages(
    {
        "STORE_DAMAGED": Text(
            "The stored file of {value} is {limit}.",
            "{value} 的存储文件{limit}。",
            "Restore the files folder from a backup, or import the original again.",
            "请从备份恢复文件夹,或重新导入原文件。",
        ),
        "STORE_FULL": Text(
            "{value} could not be stored: the disk is full or its quota used up ({limit}).",
            "无法保存 {value}:磁盘已满或配额用尽({limit})。",
            "Free space in the folder of the store (CITYMAINS_HOME) and ask again; nothing was stored.",
            "请清理存储文件夹(CITYMAINS_HOME)后重试;未保存任何内容。",
        ),
        "STORE_WRITE_FAILED": Text(
            "{value} could not be stored: {limit}",
            "无法保存 {value}:{limit}",
            "Allow writing to the folder of the store (CITYMAINS_HOME); nothing was stored.",
            "请检查存储文件夹(CITYMAINS_HOME)的写入权限;未保存任何内容。",
        ),
    }
)


#: Errors of a disk without room.
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class ContentFiles:
    """A folder of files named by the SHA-256 of their content: ``ab/cdef...``.

    Puts of the same content by any number of threads and processes end in one whole file.
    """

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def put(self, content: bytes, *, what: str) -> str:
        """Store `content` and return its SHA-256. A damaged copy already there is replaced.

        Parameters
        ----------
        content : bytes
        what : str
            What it is, for messages.

        Raises
        ------
        StateError
            STORE_FULL, STORE_WRITE_FAILED.
        """
        sha256 = hashlib.sha256(content).hexdigest()
        path = self._path(sha256)
        try:
            if not _holds(path, sha256):
                _write(path, content)
        except OSError as error:
            code = "STORE_FULL" if error.errno in _FULL else "STORE_WRITE_FAILED"
            raise StateError(code, value=what, limit=error.strerror or type(error).__name__) from error
        return sha256

    def get(self, sha256: str, *, what: str) -> bytes:
        """The content of that hash.

        Raises
        ------
        StateError
            STORE_DAMAGED: the file is missing, unreadable or not what its name says.
        """
        try:
            content = self._path(sha256).read_bytes()
        except OSError as error:
            raise StateError(
                "STORE_DAMAGED", value=what, limit=f"unreadable / 无法读取 ({type(error).__name__})"
            ) from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise StateError("STORE_DAMAGED", value=what, limit="changed / 已被改动")
        return content

    def _path(self, sha256: str) -> Path:
        return self.folder / sha256[:2] / sha256[2:]


def _holds(path: Path, sha256: str) -> bool:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest() == sha256
    except FileNotFoundError:
        return False


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".part-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(part)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself durable, where folders can be opened (not on Windows)."""
    if hasattr(os, "O_DIRECTORY"):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
