"""Datasets from Parquet, CSV, Excel, DataFrames and Arrow tables, in columns, with located issues."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
from citymains.errors import InputError, Issue, issue
from numpy.typing import NDArray

from citymains_heating.refunds.datasets import DATASETS, ColumnDef, Type
from citymains_heating.refunds.raw import raw_columns
from citymains_heating.refunds.season import Season, local_naive

#: Decimals are kept as whole millionths.
MICRO = 1_000_000
#: Stands for a missing number, date or time.
MISSING = np.iinfo(np.int64).min
_EPOCH = datetime(1970, 1, 1)
_YES = {"1", "true", "yes", "y", "是"}
_NO = {"0", "false", "no", "n", "否", ""}
#: Issues of one column reported one by one; the count says how many there are.
MAX_ISSUES = 50


@dataclass
class Columns:
    """One dataset as arrays: texts as objects (None is missing), everything else int64 or bool."""

    name: str
    file: str
    rows: int
    values: dict[str, NDArray[Any]]
    first_line: int
    issues: list[Issue] = field(default_factory=list)

    def __getitem__(self, column: str) -> NDArray[Any]:
        return self.values[column]

    def has(self, column: str) -> bool:
        """Whether the column was given."""
        return column in self.values

    def line(self, row: int) -> int:
        """Line of the file a row stands in."""
        return int(row) + self.first_line

    def complain(self, code: str, row: int, column: str, **context: Any) -> None:
        """Add an issue located at a row and column."""
        self.issues.append(
            issue(code, file=self.file, line=self.line(row), section=self.name, field=column, **context)
        )

    def element(self, row: int) -> str:
        """The row's first column: whose row it is."""
        first = DATASETS[self.name][0].name
        value = self.values[first][row] if first in self.values else None
        return str(value) if value is not None else f"row {row + 1}"


def read_dataset(
    name: str, source: Any, *, file: str | None = None, first_line: int | None = None
) -> Columns:
    """Read a dataset.

    Parameters
    ----------
    name : str
        A key of `DATASETS`.
    source : path, SourceFile, DataFrame, pyarrow Table, sequence of mappings, Columns, or None
        None is the empty dataset; what was read before is taken as it is.
    file : str, optional
        File that issues name, where the source is a part of it.
    first_line : int, optional
        Line of its first row.

    Returns
    -------
    Columns
        Its ``issues`` hold what is wrong; the caller decides when to raise.
    """
    if isinstance(source, Columns):
        return source
    raw, named, line = raw_columns(name, source)
    file, first_line = file or named, first_line or line
    rows = max((len(values) for values in raw.values()), default=0)
    columns = Columns(name, file, rows, {}, first_line)
    given = source is not None
    known: dict[str, ColumnDef] = {}
    for definition in DATASETS[name]:
        known[definition.name] = known[definition.zh] = definition
    for heading, values in raw.items():
        found = known.get(heading.strip()) or known.get(_name_in(heading))
        if found is None:
            limit = ", ".join(one.name for one in DATASETS[name])
            columns.issues.append(
                issue(
                    "REFUND_COLUMN_UNKNOWN",
                    severity="warning",
                    file=file,
                    section=name,
                    field=heading,
                    limit=limit,
                )
            )
            continue
        columns.values[found.name] = _convert(columns, found, values)
    for definition in DATASETS[name]:
        if definition.name not in columns.values:
            if definition.required and given:
                columns.issues.append(
                    issue("REFUND_COLUMN_MISSING", file=file, section=name, field=definition.name)
                )
            columns.values[definition.name] = _blank(definition, rows)
        elif definition.required:
            _check_required(columns, definition)
    return columns


def _name_in(heading: str) -> str:
    """The name in code within a report's heading.

    >>> _name_in("金额 amount_yuan [yuan]")
    'amount_yuan'
    """
    return heading.partition(" [")[0].rpartition(" ")[2]


def joined(first: Columns, second: Columns) -> Columns:
    """Two pieces of one dataset as one; issues are located in the first as far as it goes."""
    values = {name: np.concatenate([first[name], second[name]]) for name in first.values}
    issues = [*first.issues, *second.issues]
    return Columns(
        first.name, first.file or second.file, first.rows + second.rows, values, first.first_line, issues
    )


def raise_issues(datasets: Iterable[Columns]) -> None:
    """Raise one InputError with every issue of the datasets, if any is an error."""
    issues = [one for dataset in datasets for one in dataset.issues]
    if any(one.severity == "error" for one in issues):
        raise InputError(issues)


def parse_time(text: str) -> int | None:
    """Seconds of local time since 1970; ``24:00`` is the next day's 00:00. None: not understood."""
    text = unicodedata.normalize("NFKC", text).strip().replace("/", "-").replace("T", " ")
    day, _, clock = text.partition(" ")
    extra = timedelta(0)
    if clock in ("24:00", "24:00:00"):
        clock, extra = "", timedelta(days=1)
    if clock[1:2] == ":":
        clock = "0" + clock
    try:
        moment = datetime.fromisoformat(f"{_padded(day)} {clock}".strip())
    except ValueError:
        return None
    return int((local_naive(moment) + extra - _EPOCH).total_seconds())


def span(dataset: Columns, row: int, season: Season) -> tuple[int, int]:
    """First and last day a row holds, as positions in the season (may lie outside it)."""
    base = epoch_day(season.first_day)
    start, end = int(dataset["valid_from"][row]), int(dataset["valid_to"][row])
    return (0 if start == MISSING else start - base), (season.days - 1 if end == MISSING else end - base)


def to_datetime(seconds: int) -> datetime:
    """Local time of seconds since 1970."""
    return _EPOCH + timedelta(seconds=int(seconds))


def to_date(days: int) -> date:
    """Civil date of days since 1970."""
    return _EPOCH.date() + timedelta(days=int(days))


def epoch_day(day: date) -> int:
    """Days since 1970 of a civil date."""
    return (day - _EPOCH.date()).days


def _padded(day: str) -> str:
    parts = day.split("-")
    return "-".join(part.zfill(2) for part in parts)


# -- what a column's cells mean ----------------------------------------------------------------------


def _blank(definition: ColumnDef, rows: int) -> NDArray[Any]:
    if definition.type is Type.TEXT:
        return np.full(rows, None, dtype=object)
    if definition.type is Type.BOOL:
        return np.zeros(rows, dtype=np.bool_)
    return np.full(rows, MISSING, dtype=np.int64)


def _convert(columns: Columns, definition: ColumnDef, values: Any) -> NDArray[Any]:
    fast = _fast(definition, values)
    if fast is not None:
        return _checked(columns, definition, fast)
    cells = values.to_pylist() if hasattr(values, "to_pylist") else list(values)
    memo: dict[Any, Any] = {}
    out: list[Any] = []
    bad = 0
    for row, cell in enumerate(cells):
        if (
            cell is None
            or (isinstance(cell, float) and cell != cell)
            or (isinstance(cell, str) and not cell.strip())
        ):
            out.append(_missing(definition))
            continue
        key = (type(cell), cell)
        if key not in memo:
            memo[key] = _cell(definition, cell)
        if memo[key] is None:
            bad += 1
            if bad <= MAX_ISSUES:
                columns.complain("REFUND_VALUE_INVALID", row, definition.name, element=f"row {row + 1}", value=cell,
                                 limit=definition.type.value)  # fmt: skip
        out.append(_missing(definition) if memo[key] is None else memo[key])
    dtype: Any = (
        object if definition.type is Type.TEXT else np.bool_ if definition.type is Type.BOOL else np.int64
    )
    array = np.empty(len(out), dtype=dtype)
    array[:] = out
    return _checked(columns, definition, array)


def _fast(definition: ColumnDef, values: Any) -> NDArray[Any] | None:
    """Whole Arrow columns of numbers and truths without a Python object per cell."""
    if not hasattr(values, "to_pylist") or definition.type not in (Type.DECIMAL, Type.BOOL):
        return None
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if definition.type is Type.BOOL:
        return (
            np.asarray(pc.fill_null(values, False).to_numpy(), dtype=np.bool_)
            if pa.types.is_boolean(kind)
            else None
        )
    if pa.types.is_floating(kind):
        numbers = values.to_numpy().astype(np.float64)
        scaled = np.rint(np.where(np.isnan(numbers), 0.0, numbers) * MICRO)
        return np.where(np.isnan(numbers), MISSING, scaled.astype(np.int64))
    if pa.types.is_integer(kind):
        numbers = pc.fill_null(values, 0).to_numpy().astype(np.int64) * MICRO
        return (
            np.where(pc.is_null(values).to_numpy(zero_copy_only=False), MISSING, numbers)
            if values.null_count
            else numbers
        )
    return None


def _missing(definition: ColumnDef) -> Any:
    return {Type.TEXT: None, Type.BOOL: False}.get(definition.type, MISSING)


def _cell(definition: ColumnDef, cell: Any) -> Any:
    """The value of one cell in the column's type; None where it is not one."""
    if definition.type is Type.TEXT:
        if isinstance(cell, float) and cell.is_integer():
            cell = int(cell)  # spreadsheets give account numbers as floats
        return str(cell).strip()
    if definition.type is Type.DECIMAL:
        return _micro(cell)
    if definition.type is Type.BOOL:
        word = str(cell).strip().lower()
        return True if word in _YES else False if word in _NO else None
    if definition.type is Type.DATE:
        if isinstance(cell, date):
            return epoch_day(cell.date() if isinstance(cell, datetime) else cell)
        seconds = parse_time(str(cell))
        return None if seconds is None or seconds % 86_400 else seconds // 86_400
    if isinstance(cell, datetime):
        return int((local_naive(cell) - _EPOCH).total_seconds())
    return parse_time(cell) if isinstance(cell, str) else None


def _micro(cell: Any) -> int | None:
    if isinstance(cell, bool):
        return None
    if isinstance(cell, float):
        return round(cell * MICRO) if abs(cell) < 1e12 else None
    try:
        number = Decimal(unicodedata.normalize("NFKC", str(cell)).strip())
        scaled = number * MICRO
        return (
            int(scaled)
            if number.is_finite() and scaled == scaled.to_integral_value() and abs(number) < 10**12
            else None
        )
    except InvalidOperation:
        return None


def _checked(columns: Columns, definition: ColumnDef, array: NDArray[Any]) -> NDArray[Any]:
    if definition.positive:
        for row in np.flatnonzero((array <= 0) & (array != MISSING))[:MAX_ISSUES]:
            code = "REFUND_AREA_NOT_POSITIVE" if definition.name == "area_m2" else "REFUND_VALUE_INVALID"
            columns.complain(
                code,
                int(row),
                definition.name,
                element=columns.element(int(row)),
                value=Decimal(int(array[row])) / MICRO,
                limit="> 0",
            )
    if definition.allowed:
        bad = [
            row for row, value in enumerate(array) if value is not None and value not in definition.allowed
        ]
        for row in bad[:MAX_ISSUES]:
            columns.complain("REFUND_VALUE_INVALID", row, definition.name, element=columns.element(row), value=array[row],
                             limit=", ".join(definition.allowed))  # fmt: skip
    return array


def _check_required(columns: Columns, definition: ColumnDef) -> None:
    array = columns.values[definition.name]
    missing = (
        np.array([value is None for value in array]) if definition.type is Type.TEXT else array == MISSING
    )
    for row in np.flatnonzero(missing)[:MAX_ISSUES]:
        if any(one.line == columns.line(int(row)) and one.field == definition.name for one in columns.issues):
            continue
        code = (
            "REFUND_USER_WITHOUT_SUBSTATION"
            if (columns.name, definition.name) == ("users", "substation")
            else "REFUND_VALUE_MISSING"
        )
        columns.complain(code, int(row), definition.name, element=columns.element(int(row)))
