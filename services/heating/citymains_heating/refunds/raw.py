"""Where a dataset's columns come from: Parquet, CSV, Excel, DataFrames, Arrow tables, rows."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citymains.errors import InputError
from citymains.intake.dataset import ArrowTable, Frame, columns_of
from citymains.intake.excel import is_workbook, open_workbook
from citymains.intake.source import SourceFile

#: Largest file of a dataset that is read whole; sensor series in Parquet are read piece by piece, whatever their size.
MAX_BYTES = 2 * 1024**3


def raw_columns(name: str, source: Any) -> tuple[Mapping[str, Any], str, int]:
    """Columns as they stand in the source, its name, and the line of its first row."""
    if source is None:
        return {}, "", 1
    if isinstance(source, str | Path | SourceFile):
        return _file_columns(name, source)
    if isinstance(source, ArrowTable):
        return {heading: source.column(heading) for heading in source.column_names}, name, 1
    if isinstance(source, Frame):
        frame: Any = source
        return {str(heading): frame[heading].to_list() for heading in frame.columns}, name, 1
    return columns_of(source), name, 1


def _file_columns(name: str, source: str | Path | SourceFile) -> tuple[Mapping[str, Any], str, int]:
    file = source if isinstance(source, SourceFile) else SourceFile.read(source, max_bytes=MAX_BYTES)
    try:
        if file.content[:4] == b"PAR1":
            import pyarrow.parquet as pq

            table = pq.read_table(io.BytesIO(file.content))
            return {heading: table.column(heading) for heading in table.column_names}, file.name, 1
        if is_workbook(file):
            return _sheet_columns(name, file), file.name, 2
        return _csv_columns(file), file.name, 2
    except (ValueError, OSError, KeyError) as error:  # pyarrow's errors are ValueErrors and OSErrors
        raise InputError(
            "FILE_WRONG_FORMAT", file=file.name, section=name, limit="Parquet, CSV, XLSX", value=str(error)
        ) from error


def _csv_columns(file: SourceFile) -> dict[str, Any]:
    import pyarrow as pa
    from pyarrow import csv

    content = file.content
    try:
        content.decode("utf-8")
        encoding = "utf-8"
    except UnicodeDecodeError:
        encoding = "gb18030"
    # Everything is read as text: what a cell means is decided in one place, with its line.
    head = content.split(b"\n", 1)[0].decode(encoding).lstrip("\ufeff").strip().split(",")
    types = {heading.strip().strip('"'): pa.string() for heading in head}
    table = csv.read_csv(
        pa.BufferReader(content),
        read_options=csv.ReadOptions(encoding=encoding),
        convert_options=csv.ConvertOptions(
            column_types=types, strings_can_be_null=True, quoted_strings_can_be_null=True, null_values=[""]
        ),
    )
    return {heading.lstrip("\ufeff").strip(): table.column(heading) for heading in table.column_names}


def _sheet_for(name: str, sheets: list[str]) -> str:
    """The sheet of a dataset: named like it; of the ledger also a report's settlement; else the first."""
    if name == "ledger" and name not in sheets:
        return next((one for one in sheets if one.split()[-1] == "settlement"), sheets[0])
    return name if name in sheets else sheets[0]


def _sheet_columns(name: str, file: SourceFile) -> dict[str, list[Any]]:
    with open_workbook(file) as book:
        sheet = book[_sheet_for(name, book.sheetnames)]
        rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    if not rows:
        return {}
    body = rows[1:]
    while body and all(cell is None for cell in body[-1]):
        body.pop()
    return {
        str(heading): [row[at] for row in body] for at, heading in enumerate(rows[0]) if heading is not None
    }
