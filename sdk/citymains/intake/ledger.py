"""Ledgers: tables an office keeps in Excel or CSV, read by a declared list of fields.

A :class:`LedgerKind` declares the fields once: our name, the headings an office may use for it,
range and choices. Reading matches headings (a column map of the caller comes first), mends
full-width digits and says so, and gives a table with every issue located by row. The same
declaration writes the empty template.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from typing import Any

import citymains.intake.messages  # noqa: F401 -- the codes of files
from citymains.errors import InputError, Issue, issue
from citymains.intake.ledger_rows import Row, read_rows
from citymains.intake.source import SourceFile
from citymains.messages import Text, register_messages
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

register_messages(
    {
        "LEDGER_COLUMN_MISSING": Text(
            "There is no column for {field}; headings that are understood: {limit}.",
            "缺少列 {field},可识别的表头:{limit}。",
            "Rename a heading, or give a column map.",
            "请修改表头,或给出列映射。",
        ),
        "LEDGER_COLUMN_UNKNOWN": Text(
            "The column map names the column {value}, which the file does not have.",
            "列映射中的列 {value} 在文件中不存在。",
            "Headings of the file: {limit}.",
            "文件表头:{limit}。",
        ),
        "LEDGER_COLUMN_TWICE": Text(
            "Two columns are headed {value} or mean {field}.",
            "有两列表头同为 {value} 或同指 {field}。",
            "Remove one, or give a column map.",
            "请删除其一,或给出列映射。",
        ),
        "LEDGER_VALUE_MISSING": Text("{field} is empty.", "{field} 为空。", "Fill it in.", "请填写。"),
        "LEDGER_NOT_A_NUMBER": Text(
            "{field} is {value}, which is no number.",
            "{field} 的值 {value} 不是数字。",
            "Write a number without its unit.",
            "请填写不带单位的数字。",
        ),
        "LEDGER_OUT_OF_RANGE": Text(
            "{field} is {value}; allowed: {limit}.",
            "{field} 的值为 {value},允许:{limit}。",
            "Check the value and its unit.",
            "请检查数值及单位。",
        ),
        "LEDGER_NOT_A_CHOICE": Text(
            "{field} is {value}; allowed: {limit}.",
            "{field} 的值为 {value},允许:{limit}。",
            "Use one of them.",
            "请使用其中之一。",
        ),
        "LEDGER_DUPLICATE": Text(
            "{field} {value} stands in row {limit} already.",
            "{field} {value} 已出现在第 {limit} 行。",
            "Remove or rename one of the two.",
            "请删除或改名其中之一。",
        ),
        "LEDGER_FULL_WIDTH": Text(
            "{field} was written {limit} and read as {value}.", "{field} 写作 {limit},按 {value} 读取。"
        ),
        "LEDGER_REFERENCE": Text(
            "{field} names {value}, which the network does not have.",
            "{field} 引用的 {value} 在管网中不存在。",
            "Check the id, or load the network it belongs to.",
            "请检查编号,或载入其所属管网。",
        ),
        "LEDGER_NO_ROWS": Text(
            "{file} has a heading and no rows.",
            "{file} 只有表头,没有数据行。",
            "Fill in the table.",
            "请填写数据。",
        ),
    }
)


@dataclass(frozen=True)
class LedgerField:
    """One field of a ledger.

    Parameters
    ----------
    column : ColumnSpec
        Our name, kind, unit and meaning.
    headings : tuple of str
        Other headings that mean it, Chinese first; spaces and brackets are ignored.
    required : bool
        The column must exist and no cell of it may be empty.
    unique : bool
        No value may come twice.
    minimum, maximum : float, optional
        Closed range of a number.
    choices : mapping of str to str
        What may be written, lower case, and what it is read as.
    default : str or float, optional
        For an empty cell or a missing column.
    """

    column: ColumnSpec
    headings: tuple[str, ...] = ()
    required: bool = False
    unique: bool = False
    minimum: float | None = None
    maximum: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    default: Any = None

    @property
    def name(self) -> str:
        """Our name of the field."""
        return self.column.name


@dataclass(frozen=True)
class LedgerKind:
    """A kind of ledger: its name, what it is, its fields."""

    name: str
    description: str
    fields: tuple[LedgerField, ...]

    @property
    def spec(self) -> TableSpec:
        """The table a ledger of this kind is read into; ``row`` is the row in the file."""
        row = ColumnSpec("row", Kind.INTEGER, "Row in the file, counted from 1.")
        return TableSpec(self.name, self.description, (row, *(one.column for one in self.fields)))

    def parquet(self, file: SourceFile, columns: Mapping[str, str] | None = None) -> bytes:
        """A file of this kind, checked, as the Parquet file that is stored.

        Raises
        ------
        InputError
            With every issue of the file.
        """
        return parquet_bytes(read_ledger(file, self, columns).require())

    @property
    def names(self) -> tuple[str, ...]:
        """Our names of the fields."""
        return tuple(one.name for one in self.fields)

    def write_template(self, path: str | PathLike[str]) -> None:
        """Write an empty .xlsx with a sheet that explains the fields (see :func:`write_template`)."""
        write_template(self, path)


@dataclass(frozen=True)
class Ledger:
    """A read ledger. With an error among ``issues`` the table is not to be used."""

    kind: LedgerKind
    table: Table
    issues: tuple[Issue, ...]
    columns: Mapping[str, str]
    """Our name to the heading it was read from."""
    file: str = ""
    sha256: str = ""
    """Hash of the file as it was given."""

    def require(self) -> Table:
        """The table.

        Raises
        ------
        InputError
            With every issue, if any of them is an error.
        """
        if any(one.severity == "error" for one in self.issues):
            raise InputError(self.issues)
        return self.table


def read_ledger(file: SourceFile, kind: LedgerKind, columns: Mapping[str, str] | None = None) -> Ledger:
    """Read a CSV, TSV or XLSX ledger.

    Parameters
    ----------
    file : SourceFile
    kind : LedgerKind
    columns : mapping of str to str, optional
        Our field name to the heading in the file, where the headings are the office's own.

    Returns
    -------
    Ledger
        Never raises for content; issues say file, row, field, value and remedy.
    """
    rows, issues = read_rows(file)
    if rows is None:
        return Ledger(kind, kind.spec.empty(), issues, {}, file.name, file.sha256)
    heading, body = rows[0], rows[1:]
    found, heading_issues = _match(heading[1], kind, columns or {}, file.name)
    issues = (*issues, *heading_issues)
    if not body:
        issues = (*issues, issue("LEDGER_NO_ROWS", severity="warning", file=file.name))
    cells: dict[str, list[Any]] = {"row": [number for number, _ in body]}
    for one in kind.fields:
        values, cell_issues = _read_field(one, found.get(one.name), body, file.name)
        cells[one.name] = values
        issues = (*issues, *cell_issues)
    ordered = tuple(sorted(issues, key=lambda one: one.line or 0))
    read_from = {name: heading[1][at] for name, at in found.items()}
    return Ledger(kind, kind.spec.build(**cells), ordered, read_from, file.name, file.sha256)


def check_references(
    ledger: Ledger, field_name: str, known: Mapping[str, Any] | frozenset[str] | set[str], file: str
) -> tuple[Issue, ...]:
    """An error for every non-empty cell of a field that names nothing in `known`."""
    rows = ledger.table.array("row").tolist()
    return tuple(
        issue("LEDGER_REFERENCE", file=file, line=row, section=ledger.kind.name, field=field_name, value=text)
        for row, text in zip(rows, ledger.table.texts(field_name), strict=True)
        if text and text not in known
    )


def parquet_bytes(table: Table) -> bytes:
    """A read ledger as a Parquet file that reads back equal; `row` is the row in the file it came from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({column.name: column.to_list() for column in table.loaded_columns}), buffer)
    return buffer.getvalue()


def write_template(kind: LedgerKind, path: str | PathLike[str]) -> None:
    """Write an empty .xlsx with the fields' headings (Chinese where there is one) and a sheet that explains them."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.title = kind.name
    sheet.append([one.headings[0] if one.headings else one.name for one in kind.fields])
    sheet.freeze_panes = "A2"
    notes = book.create_sheet("说明 Notes")
    notes.append(
        ["表头 Heading", "字段 Field", "单位 Unit", "必填 Required", "可选值 Choices", "含义 Meaning"]
    )
    for one in kind.fields:
        notes.append(
            [
                one.headings[0] if one.headings else one.name,
                one.name,
                one.column.unit,
                "是 yes" if one.required else "",
                ", ".join(one.choices),
                one.column.description,
            ]
        )
    book.save(path)


def _plain(heading: str) -> str:
    text = unicodedata.normalize("NFKC", heading).casefold()
    return "".join(letter for letter in text if not letter.isspace() and letter not in "()[]*_-")


def meaning(heading: str, kind: LedgerKind, columns: Mapping[str, str]) -> str:
    """Our name of a field that a heading stands for, by a caller's column map or the kind's own headings; empty: none."""
    plain = _plain(heading)
    mapped = next((name for name, one in columns.items() if _plain(one) == plain), "")
    if mapped:
        return mapped
    for one in kind.fields:
        if one.name not in columns and plain in {_plain(name) for name in (one.name, *one.headings)}:
            return one.name
    return ""


def _match(
    heading: Sequence[str], kind: LedgerKind, columns: Mapping[str, str], file: str
) -> tuple[dict[str, int], list[Issue]]:
    found: dict[str, int] = {}
    issues: list[Issue] = []
    by_plain: dict[str, list[int]] = {}
    for at, text in enumerate(heading):
        by_plain.setdefault(_plain(text), []).append(at)
    for one in kind.fields:
        places: list[int]
        if one.name in columns:
            places = by_plain.get(_plain(columns[one.name]), [])
            if not places:
                issues.append(
                    issue(
                        "LEDGER_COLUMN_UNKNOWN",
                        file=file,
                        line=1,
                        field=one.name,
                        value=columns[one.name],
                        limit=", ".join(heading),
                    )
                )
        else:
            names = dict.fromkeys(_plain(name) for name in (one.name, *one.headings))
            places = [place for name in names for place in by_plain.get(name, [])]
        if len(places) > 1:
            issues.append(
                issue("LEDGER_COLUMN_TWICE", file=file, line=1, field=one.name, value=heading[places[0]])
            )
        if places:
            found[one.name] = places[0]
        elif one.required and one.name not in columns:
            issues.append(
                issue(
                    "LEDGER_COLUMN_MISSING",
                    file=file,
                    line=1,
                    section=kind.name,
                    field=one.name,
                    limit=", ".join((one.name, *one.headings)),
                )
            )
    known = [one.name for one in kind.fields]
    issues += [
        issue("ARGUMENT_UNKNOWN", file=file, field=name, limit=", ".join(known))
        for name in columns
        if name not in known
    ]
    return found, issues


def _read_field(
    one: LedgerField, at: int | None, body: Iterable[Row], file: str
) -> tuple[list[Any], list[Issue]]:
    issues: list[Issue] = []
    values: list[Any] = []
    first: dict[str, int] = {}
    for number, cells in body:
        text = cells[at] if at is not None and at < len(cells) else ""
        place: dict[str, Any] = {"file": file, "line": number, "field": one.name}
        if not text:
            if one.required and at is not None:
                issues.append(issue("LEDGER_VALUE_MISSING", **place))
            values.append(_missing(one))
            continue
        if one.unique and first.setdefault(text, number) != number:
            issues.append(issue("LEDGER_DUPLICATE", value=text, limit=first[text], **place))
        value, problem = _read_cell(one, text, place)
        if problem is not None:
            issues.append(problem)
        values.append(value)
    return values, issues


def _missing(one: LedgerField) -> Any:
    if one.default is not None:
        return one.default
    if one.column.kind is Kind.FLOAT:
        return math.nan
    return {Kind.INTEGER: 0, Kind.BOOLEAN: False}.get(one.column.kind)


def _read_cell(one: LedgerField, text: str, place: Mapping[str, Any]) -> tuple[Any, Issue | None]:
    if one.choices:
        value = one.choices.get(text.casefold())
        if value is None:
            return _missing(one), issue(
                "LEDGER_NOT_A_CHOICE", value=text, limit=", ".join(one.choices), **place
            )
        return (value == "true" if one.column.kind is Kind.BOOLEAN else value), None
    if one.column.kind not in (Kind.FLOAT, Kind.INTEGER):
        return text, None
    plain = unicodedata.normalize("NFKC", text).replace(",", "").strip()
    try:
        number = float(plain)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        return _missing(one), issue("LEDGER_NOT_A_NUMBER", value=text, **place)
    if (one.minimum is not None and number < one.minimum) or (
        one.maximum is not None and number > one.maximum
    ):
        limit = (
            f"{'' if one.minimum is None else one.minimum} .. {'' if one.maximum is None else one.maximum}"
        )
        return number, issue("LEDGER_OUT_OF_RANGE", value=text, limit=limit, **place)
    told = None
    if plain != text.replace(",", ""):
        told = issue("LEDGER_FULL_WIDTH", severity="repair", value=plain, limit=text, **place)
    return (int(number) if one.column.kind is Kind.INTEGER else number), told


#: What offices write for yes and no.
YES_NO: Mapping[str, str] = {
    **dict.fromkeys(("是", "1", "true", "yes", "y", "√", "有"), "true"),
    **dict.fromkeys(("否", "0", "false", "no", "n", "×", "无"), "false"),
}
