"""Excel workbooks from outside: opened in one place, because a damaged one fails in a hundred ways."""

from __future__ import annotations

import contextlib
import io
import zipfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

import citymains.intake.messages  # noqa: F401 -- the codes of files
from citymains.errors import CitymainsError, InputError, LimitError
from citymains.intake.source import SourceFile

if TYPE_CHECKING:
    from openpyxl import Workbook

#: What a workbook may unpack to, in bytes: a file of 1 MB can hold 1 GB of blanks.
MAX_UNPACKED_BYTES: Final = 1 << 30


def is_workbook(file: SourceFile) -> bool:
    """Whether a file looks like .xlsx."""
    return file.content[:4] == b"PK\x03\x04"


@contextlib.contextmanager
def open_workbook(file: SourceFile) -> Iterator[Workbook]:
    """A workbook with its values, for reading; whatever goes wrong in the block is the file's fault.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT: no workbook, or a damaged one; rows are read, and found damaged, one by one.
    LimitError
        FILE_TOO_LARGE: it unpacks to more than is read.
    """
    from openpyxl import load_workbook

    book: Any = None
    try:
        _check_size(file)
        book = load_workbook(io.BytesIO(file.content), read_only=True, data_only=True)
        yield book
    except CitymainsError:
        raise
    except Exception as error:  # of zip, zlib, XML, and openpyxl's constructors
        raise InputError(
            "FILE_WRONG_FORMAT", file=file.name, limit="XLSX", value=f"{type(error).__name__}: {error}"[:200]
        ) from error
    finally:
        if book is not None:
            book.close()


def _check_size(file: SourceFile) -> None:
    with zipfile.ZipFile(io.BytesIO(file.content)) as parts:
        unpacked = sum(part.file_size for part in parts.infolist())
    if unpacked > MAX_UNPACKED_BYTES:
        raise LimitError("FILE_TOO_LARGE", file=file.name, value=unpacked, limit=MAX_UNPACKED_BYTES)
