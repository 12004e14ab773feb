"""What a caller names as datasets: found, and hashed for the provenance."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef, datasets_in, is_rows, rows_as_file
from citymains.intake.source import SourceFile

from citymains_heating.refunds.datasets import DATASETS

if TYPE_CHECKING:
    from citymains.workbench import Workbench

#: Workbook of a folder whose sheets are datasets.
WORKBOOK = "refunds.xlsx"


@dataclass(frozen=True)
class Source:
    """Where one dataset comes from."""

    name: str
    what: Any
    """A path, a SourceFile, or rows in memory."""

    @cached_property
    def sha256(self) -> str:
        """Hash of the file, or of the rows' columns."""
        if isinstance(self.what, SourceFile):
            return self.what.sha256
        if isinstance(self.what, Path):
            with self.what.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
        return _rows_sha256(self.name, self.what)


def _rows_sha256(name: str, rows: Any) -> str:
    """Hash of the file the rows would travel as, so that it is the same here and on a server."""
    try:
        return rows_as_file(rows, name).sha256
    except InputError:  # cells of several types in one column
        from citymains_heating.refunds.raw import raw_columns

        digest = hashlib.sha256()
        columns, _, _ = raw_columns(name, rows)
        for heading in sorted(columns):
            digest.update(f"\0{heading}\0".encode())
            digest.update("\0".join(map(str, columns[heading])).encode())
        return digest.hexdigest()


def find_sources(
    workbench: Workbench, given: Mapping[str, DatasetRef | None], season: str, folder: str = ""
) -> dict[str, Source]:
    """The datasets of a settlement: what is given, else what a folder holds, else the city's own.

    Parameters
    ----------
    workbench : Workbench
    given : mapping of str to path, id, file or rows
        By the names of `DATASETS`; None: not given.
    season : str
    folder : str
        Folder with files named like the datasets, or with `WORKBOOK`.

    Raises
    ------
    InputError
        PATH_ON_SERVER, FILE_NOT_FOUND, ARGUMENT_INVALID.
    NotFoundError
        There is no dataset of an id.
    """
    if folder and not workbench.reads_paths:
        raise InputError("PATH_ON_SERVER", value=folder)
    own = dict(datasets_in(Path(folder)) if folder else workbench.own_datasets("heating", season=season))
    found = {name: Source(name, path) for name, path in own.items() if name in DATASETS}
    book = own.get(Path(WORKBOOK).stem)
    if book is not None:
        found = {**{name: Source(name, book) for name in _sheets(book)}, **found}
    for name, reference in given.items():
        if reference is not None and not (isinstance(reference, str) and not reference):
            found[name] = Source(name, _resolved(workbench, name, reference))
    return found


def _sheets(book: Path) -> list[str]:
    from openpyxl import load_workbook

    return [name for name in load_workbook(book, read_only=True).sheetnames if name in DATASETS]


def _resolved(workbench: Workbench, name: str, reference: Any) -> Any:
    if isinstance(reference, SourceFile) or (
        isinstance(reference, str) and reference.startswith("datasets/")
    ):
        return workbench.file(reference)
    if isinstance(reference, str | PathLike):
        if not workbench.reads_paths:
            raise InputError("PATH_ON_SERVER", value=str(reference))
        path = Path(reference)
        if not path.is_file():
            raise InputError("FILE_NOT_FOUND", file=str(path), section=name)
        return path
    if not is_rows(reference):
        raise InputError(
            "ARGUMENT_INVALID", field=name, value=type(reference).__name__, limit="a file, an id, or rows"
        )
    return reference
