"""Datasets as questions take them: a file, a path, the id of a stored one, or rows in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from citymains.errors import InputError
from citymains.intake.source import SourceFile


@runtime_checkable
class Frame(Protocol):
    """A pandas DataFrame, as far as it matters here."""

    @property
    def columns(self) -> Any:
        """Headings."""

    def to_parquet(self, path: Any, /) -> Any:
        """Write the rows."""


@runtime_checkable
class ArrowTable(Protocol):
    """An Arrow table, as far as it matters here."""

    @property
    def column_names(self) -> Any:
        """Headings."""

    def column(self, name: Any, /) -> Any:
        """One column."""


Rows: TypeAlias = Frame | ArrowTable | Sequence[Mapping[str, Any]]
"""Rows in memory."""

DatasetRef: TypeAlias = SourceFile | str | PathLike[str] | Frame | ArrowTable | Sequence[Mapping[str, Any]]
"""What an argument for a dataset may be. A path may lead to Excel, CSV or Parquet."""


def is_rows(value: object) -> bool:
    """Whether a value is rows in memory rather than the name of something."""
    if isinstance(value, str | bytes | PathLike | SourceFile):
        return False
    if isinstance(value, Frame | ArrowTable):
        return True
    return isinstance(value, Sequence) and all(isinstance(row, Mapping) for row in value)


def rows_as_file(value: Any, name: str) -> SourceFile:
    """Rows in memory as a Parquet file: how they go to a server.

    Parameters
    ----------
    value : DataFrame, Arrow table, or sequence of mappings
    name : str
        What the dataset is called.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: a column holds values of several types.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if isinstance(value, ArrowTable):
            table = value
        elif isinstance(value, Frame):
            table = pa.Table.from_pandas(value, preserve_index=False)
        else:
            table = pa.table(columns_of(value))
    except (pa.ArrowException, TypeError) as error:
        raise InputError(
            "ARGUMENT_INVALID", field=name, value=str(error), limit="one type per column"
        ) from error
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    return SourceFile(f"{name}.parquet", buffer.getvalue().to_pybytes())


def columns_of(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of a sequence of rows; a key a row does not have is missing there.

    >>> columns_of([{"a": 1}, {"b": 2}])
    {'a': [1, None], 'b': [None, 2]}
    """
    names = list(dict.fromkeys(key for row in rows for key in row))
    return {heading: [row.get(heading) for row in rows] for heading in names}


#: Endings a dataset is looked for under, the fastest first.
ENDINGS = (".parquet", ".csv", ".xlsx")


def find_datasets(base: Path, places: Mapping[str, str], wanted: Mapping[str, str]) -> dict[str, Path]:
    """Paths of datasets by name, from what a ``city.toml`` says of them.

    Parameters
    ----------
    base : Path
        Folder that relative paths start from.
    places : mapping of str to str
        Path by name of the dataset; under ``folder`` a folder with files named like datasets.
    wanted : mapping of str to str
        What braces in the paths stand for.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: braces that stand for nothing; FILE_NOT_FOUND: no such folder.
    """
    found: dict[str, Path] = {}
    for name, place in places.items():
        try:
            path = base / place.format_map(dict(wanted))
        except (KeyError, ValueError, IndexError) as error:
            raise InputError(
                "ARGUMENT_INVALID",
                field=f"datasets.{name}",
                value=place,
                limit=", ".join(f"{{{one}}}" for one in wanted),
            ) from error
        if name == "folder":
            found = {**datasets_in(path), **found}
        else:
            found[name] = path
    return found


def datasets_in(folder: Path) -> dict[str, Path]:
    """The files of a folder by their names without ending; of several, the one that is read fastest.

    Raises
    ------
    InputError
        FILE_NOT_FOUND: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError("FILE_NOT_FOUND", file=str(folder))
    found: dict[str, Path] = {}
    for ending in ENDINGS:
        for path in sorted(folder.glob(f"*{ending}")):
            if not path.name.startswith("~$"):  # Excel's lock of an open workbook
                found.setdefault(path.stem, path)
    return found
