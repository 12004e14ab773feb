"""A record as an Excel workbook: summary, findings, provenance and every table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.model.record import Record
from citymains.model.table import Column, Kind, Table
from citymains.report.html import provenance_rows
from citymains.report.summary import summary_text
from citymains.report.titles import column_title, question_title, severity_title, table_title, verdict_title
from citymains.units import unit_of

if TYPE_CHECKING:
    from openpyxl import Workbook
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

#: Rows of a worksheet, header included; Excel has no more.
SHEET_ROWS = 1_048_576
#: Characters of a cell; Excel has no more.
CELL_CHARACTERS = 32_767
_WIDEST, _SAMPLED_ROWS = 60, 200
#: Rows up to which numbers get formats, and how they look.
_FORMATTED_ROWS, _DIGITS, _MOST_DECIMALS = 50_000, 5, 8
# What Excel would calculate instead of show, were it not told that it is text.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_excel(record: Record, path: str | PathLike[str]) -> Path:
    """Write a record as .xlsx.

    Parameters
    ----------
    record : Record
    path : path
        File to write; an existing one is replaced.

    Returns
    -------
    Path
        The file written.

    Notes
    -----
    Sheets are 摘要 Summary, 结论 Findings, 来源 Provenance and one per table, split where a
    table is longer than a worksheet. The header row names column and unit, stays in view and
    filters. Numbers are shown with five significant digits of a column's largest and kept with all
    of theirs; in tables of more than 50,000 rows they are shown as Excel likes, which is faster.
    Missing values are empty cells. Texts of the model that look like formulas stay texts.
    """
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    _sheet(book, "摘要 Summary", ("项目 Item", "值 Value", "单位 Unit", "名称 Name"), _summary_rows(record))
    _sheet(book, "结论 Findings", _FINDING_HEADS, _finding_rows(record))
    _sheet(
        book,
        "来源 Provenance",
        ("项目 Item", "值 Value", "名称 Name"),
        ((str(column_title(name)), text, name) for name, text in provenance_rows(record)),
    )
    for table in record.tables:
        _table_sheets(book, table)
    target = Path(path)
    book.save(target)
    return target


def _summary_rows(record: Record) -> Iterable[Sequence[Any]]:
    yield ("问题 Question", str(question_title(record.provenance.question)), "", record.provenance.question)
    yield ("结论 Verdict", str(verdict_title(record.verdict)), "", "verdict")
    yield ("结论条数 Findings", len(record.findings), "", "findings")
    for name, value in record.summary().items():
        shown = (
            value
            if isinstance(value, int | float | Decimal) and not isinstance(value, bool)
            else summary_text(value)
        )
        yield (str(column_title(name)), shown, unit_of(name), name)
    for table in record.tables:
        yield (f"表 Table: {table_title(table.name)}", table.row_count, "行 rows", table.name)


_FINDING_HEADS = (
    "级别 severity",
    "代码 code",
    "元件 element",
    "值 value",
    "限值 limit",
    "单位 unit",
    "时刻 time [s]",
    "依据 article",
    "说明",
    "message",
)


def _finding_rows(record: Record) -> Iterable[Sequence[Any]]:
    for one in record.findings:
        yield (
            str(severity_title(one.severity)),
            one.code,
            one.element,
            one.value,
            one.limit,
            one.unit,
            one.time_s,
            one.article,
            one.message_zh,
            one.message_en,
        )


def _table_sheets(book: Workbook, table: Table) -> None:
    columns = table.loaded_columns
    heads = [_head(column) for column in columns]
    parts = range(0, max(table.row_count, 1), SHEET_ROWS - 1)
    for part, start in enumerate(parts, 1):
        suffix = f" {part}" if len(parts) > 1 else ""
        title = _free_title(book, table_title(table.name).zh, table.name, suffix)
        values = [_slice(column, start, start + SHEET_ROWS - 1) for column in columns]
        _sheet(book, title, heads, zip(*values, strict=True), columns)


def _slice(column: Column, start: int, end: int) -> list[Any]:
    import numpy as np

    values = column.take(np.arange(start, min(end, len(column)))).to_list()
    if column.kind is Kind.DECIMAL:
        return [None if value is None else Decimal(value) for value in values]
    return values


def _head(column: Column) -> str:
    title = column_title(column.name).zh
    words = column.name if title == column.name.replace("_", " ") else f"{title} {column.name}"
    return f"{words} [{column.unit}]" if column.unit else words


def _free_title(book: Workbook, zh: str, name: str, suffix: str) -> str:
    # Excel allows 31 characters, none of []:*?/\ and no two sheets that differ by case alone.
    words = name if zh == name else f"{zh} {name}"
    clean = "".join("_" if char in "[]:*?/\\'" else char for char in words)[: 31 - len(suffix)] + suffix
    taken = {title.casefold() for title in book.sheetnames}
    count = 1
    while clean.casefold() in taken:
        count += 1
        clean = clean[: 31 - len(suffix) - 3] + f" {count}" + suffix
    return clean


def _sheet(
    book: Workbook,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    columns: Sequence[Column] = (),
) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    sheet: WriteOnlyWorksheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    if columns and len(columns[0]):
        last = min(len(columns[0]), SHEET_ROWS - 1) + 1
        sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    rows = list(rows) if not columns else rows
    for index, head in enumerate(heads):
        sample = (
            columns[index].take(_first_rows(columns[index])).to_list()
            if columns
            else [row[index] for row in rows]
        )
        sheet.column_dimensions[get_column_letter(index + 1)].width = _width(head, sample)
    bold, fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor="12324D")
    header = []
    for head in heads:
        cell = WriteOnlyCell(sheet, value=head)
        cell.font, cell.fill, cell.alignment = bold, fill, Alignment(vertical="center")
        header.append(cell)
    sheet.append(header)
    if not columns or len(columns[0]) > _FORMATTED_ROWS:
        for row in rows:
            sheet.append([_cell(sheet, value) for value in row])
        return
    formatted = [_format_cell(sheet, column) for column in columns]
    for row in rows:
        sheet.append(
            [
                _cell(sheet, value) if cell is None else _filled(cell, value)
                for cell, value in zip(formatted, row, strict=True)
            ]
        )


def _format_cell(sheet: Any, column: Column) -> Any:
    """A cell with the number format of a column, written again and again; None for what is no number."""
    from openpyxl.cell import WriteOnlyCell

    number_format = _number_format(column)
    if not number_format:
        return None
    cell = WriteOnlyCell(sheet, value=0)
    cell.number_format = number_format
    return cell


def _filled(cell: Any, value: Any) -> Any:
    missing = value is None or (isinstance(value, float) and not math.isfinite(value))
    cell.value = None if missing else value
    return cell


def _number_format(column: Column) -> str:
    if column.kind is Kind.DECIMAL:
        return "#,##0.00##"
    if column.kind is Kind.INTEGER:
        return "0"
    if column.kind is not Kind.FLOAT:
        return ""
    import numpy as np

    values = np.abs(np.asarray(column.values, dtype=np.float64))
    largest = float(values[np.isfinite(values)].max(initial=0.0))
    decimals = _DIGITS - 1 - math.floor(math.log10(largest)) if largest else 0
    whole = not np.any(np.mod(values[np.isfinite(values)], 1.0))
    return "0" if decimals <= 0 or whole else "0." + "0" * min(decimals, _MOST_DECIMALS)


def _first_rows(column: Column) -> Any:
    import numpy as np

    return np.arange(min(len(column), _SAMPLED_ROWS))


def _width(head: str, sample: Iterable[Any]) -> float:
    texts = [
        head,
        *(
            f"{value:.6g}" if isinstance(value, float) else str(value)
            for value in sample
            if value is not None
        ),
    ]
    # A Chinese character is as wide as two digits.
    widest = max(sum(2 if ord(char) > 0x2E7F else 1 for char in text) for text in texts)
    return float(min(max(widest + 2, 8), _WIDEST))


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if not isinstance(value, str):
        return value
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    text = ILLEGAL_CHARACTERS_RE.sub("\ufffd", value)[:CELL_CHARACTERS]
    if not text.startswith(_FORMULA_STARTS):
        return text
    cell = WriteOnlyCell(sheet, value=text)
    cell.data_type = "s"
    cell.quotePrefix = True
    return cell
