"""Rows of texts from the files an office keeps tables in: Excel, CSV in any of its dialects, Parquet."""

from __future__ import annotations

import csv
import io
from typing import Any

import citymains.intake.messages  # noqa: F401 -- the codes of files
from citymains.errors import InputError, Issue, issue
from citymains.intake.excel import is_workbook, open_workbook
from citymains.intake.source import SourceFile
from citymains.intake.text import decode

#: Number in the file, counted from 1 with the heading, and the cells as texts.
Row = tuple[int, list[str]]


def read_rows(file: SourceFile) -> tuple[list[Row] | None, tuple[Issue, ...]]:
    """Non-empty rows of an Excel, Parquet or text file, heading first.

    Returns
    -------
    rows : list of (int, list of str), or None
        None where the file cannot be read.
    issues : tuple of Issue
        Why not, or how it was read.
    """
    if is_workbook(file):
        return _sheet_rows(file)
    if file.content[:4] == b"PAR1":
        return _parquet_rows(file)
    decoded = decode(file)
    if not decoded.readable:
        return None, decoded.issues
    sample = decoded.text[:4096]
    delimiter = max(",\t;", key=sample.partition("\n")[0].count)
    try:
        rows = [
            (number, [cell.strip() for cell in cells])
            for number, cells in enumerate(csv.reader(io.StringIO(decoded.text), delimiter=delimiter), 1)
            if any(cell.strip() for cell in cells)
        ]
    except csv.Error as error:  # a quotation mark that is not closed makes one cell of all that follows
        return None, (issue("FILE_WRONG_FORMAT", file=file.name, limit="CSV", value=str(error)),)
    return rows, decoded.issues


def _sheet_rows(file: SourceFile) -> tuple[list[Row] | None, tuple[Issue, ...]]:
    try:
        with open_workbook(file) as book:
            rows = [
                (number, [_cell_text(cell) for cell in cells])
                for number, cells in enumerate(book.worksheets[0].iter_rows(values_only=True), 1)
                if any(cell is not None and str(cell).strip() for cell in cells)
            ]
    except InputError as error:
        return None, error.issues
    if not rows:
        return None, (issue("FILE_EMPTY", file=file.name),)
    return rows, ()


def _parquet_rows(file: SourceFile) -> tuple[list[Row] | None, tuple[Issue, ...]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(file.content))
        columns = {name: table.column(name).to_pylist() for name in table.column_names}
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        return None, (issue("FILE_WRONG_FORMAT", file=file.name, limit="Parquet", value=str(error)),)
    numbers: Any = range(2, table.num_rows + 2)
    if all(isinstance(one, int) for one in columns.get("row", [""])):  # as we write it ourselves
        numbers = columns.pop("row")
    cells = zip(*columns.values(), strict=True) if columns else ([] for _ in range(table.num_rows))
    rows = [
        (int(number), [_cell_text(cell) for cell in row]) for number, row in zip(numbers, cells, strict=True)
    ]
    return [(1, list(columns)), *rows], ()


def _cell_text(cell: Any) -> str:
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))  # Excel keeps the id 1001 as 1001.0
    return str(cell).strip()
