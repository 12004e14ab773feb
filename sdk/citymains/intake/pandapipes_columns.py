"""Raw tables to typed columns: every value checked for kind, range and unit."""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from citymains.errors import Issue, issue
from citymains.intake.pandapipes_components import (
    BY_NAME,
    PRESSURE_CLASSES,
    PRESSURE_CLASSES_ZH,
    Absent,
    Component,
    Field,
    components_of,
)
from citymains.intake.pandapipes_json import Report, printable
from citymains.model.table import Kind

Columns = dict[str, list[Any]]

#: Gauge pressures in this band (kPa) are probably absolute ones of a low-pressure network.
_ABSOLUTE_BAND: Final = (101.325, 112.0)

_KIND_NAMES: Final[Mapping[Kind, str]] = {
    Kind.FLOAT: "number",
    Kind.INTEGER: "whole number",
    Kind.BOOLEAN: "true or false",
}


def typed_tables(raw: Any, *, utility: str, file: str, report: Report) -> dict[str, Columns]:
    """Typed columns of every element table, with defaults filled in, rows sorted by id.

    Parameters
    ----------
    raw : mapping
        Tables by name, each as columns or as a list of rows.
    utility : {"gas", "heating"}
    file : str
        Name of the file, for the issues.
    report : callable
        Takes every issue found.
    """
    if not isinstance(raw, Mapping):
        report(
            issue(
                "PIPES_HEADER",
                file=file,
                section="header",
                field="tables",
                value=type(raw).__name__,
                limit="an object of tables",
            )
        )
        raw = {}
    known = [one.name for one in components_of(utility)]
    tables = {}
    for name in raw:
        if name not in known:
            code = "PIPES_TABLE_UNSUPPORTED" if name in BY_NAME else "PIPES_TABLE_UNKNOWN"
            limit = utility if name in BY_NAME else ", ".join(known)
            size = len(raw[name]) if isinstance(raw[name], list) else 1
            report(issue(code, file=file, section=str(name), value=size, limit=limit))
    for component in components_of(utility):
        columns = _columns(component, raw.get(component.name, {}), file, report)
        tables[component.name] = _Typing(component, utility, file, report).table(columns)
    return tables


def _columns(component: Component, raw: Any, file: str, report: Report) -> Columns:
    def refuse(why: str) -> Columns:
        report(issue("PIPES_TABLE_SHAPE", file=file, section=component.name, value=why))
        return {}

    if isinstance(raw, list):
        if not all(isinstance(row, Mapping) for row in raw):
            return refuse("a row that is not an object")
        names = dict.fromkeys(name for row in raw for name in row)
        return {str(name): [row.get(name) for row in raw] for name in names}
    if not isinstance(raw, Mapping) or not all(isinstance(column, list) for column in raw.values()):
        return refuse("neither rows nor columns")
    if len({len(column) for column in raw.values()}) > 1:
        return refuse(
            "columns of unequal length: " + ", ".join(f"{name} {len(column)}" for name, column in raw.items())
        )
    return {str(name): list(column) for name, column in raw.items()}


class _Typing:
    """Types one table."""

    def __init__(self, component: Component, utility: str, file: str, report: Report) -> None:
        self.component = component
        self.utility = utility
        self.file = file
        self.report = report
        self.names: list[str] = []

    def table(self, columns: Columns) -> Columns:
        fields = {field.name: field for field in self.component.fields}
        for name in columns:
            if name not in fields:
                self.report(
                    issue(
                        "PIPES_COLUMN_UNKNOWN",
                        file=self.file,
                        section=self.component.name,
                        field=name,
                        limit=", ".join(fields),
                    )
                )
        size = len(next(iter(columns.values()), []))
        key = self.component.fields[0]
        self.names = [
            printable(str(one)) for one in columns.get(key.name, [f"row {row + 1}" for row in range(size)])
        ]
        typed = {
            field.name: self._column(field, columns.get(field.name), size) for field in self.component.fields
        }
        if key.name == "id" and self.component.shape != "detail":
            self._refuse_duplicates(typed["id"])
        if "pressure_class" in typed:
            typed["pressure_class"] = [
                self._pressure_class(row, value) for row, value in enumerate(typed["pressure_class"])
            ]
        return _sorted(self.component, typed)

    def _issue(
        self, code: str, row: int, field: Field, value: Any, *, severity: str = "error", limit: Any = None
    ) -> Issue:
        text = str(value)
        return issue(
            code,
            severity=severity,
            file=self.file,
            section=self.component.name,
            element=self.names[row],
            field=field.name,
            value=text if len(text) <= 80 else text[:77] + "...",
            limit=limit,
        )

    def _column(self, field: Field, values: list[Any] | None, size: int) -> list[Any]:
        given = values if values is not None else [None] * size
        return [self._cell(field, row, value) for row, value in enumerate(given)]

    def _cell(self, field: Field, row: int, value: Any) -> Any:
        missing = {Kind.TEXT: "", Kind.FLOAT: math.nan}.get(field.kind, 0)
        if value is None or value == "":
            if field.absent is Absent.REQUIRED:
                code = "PIPES_ID_EMPTY" if field.name == "id" else "PIPES_FIELD_MISSING"
                self.report(self._issue(code, row, field, row + 1 if field.name == "id" else "-"))
                return missing
            return missing if field.absent is Absent.MISSING else field.absent
        if field.kind is Kind.TEXT:
            return self._text(field, row, value)
        if field.kind is Kind.BOOLEAN:
            if value in (0, 1) and isinstance(value, bool | int):
                return bool(value)
            self.report(self._issue("PIPES_NOT_A_NUMBER", row, field, value, limit=_KIND_NAMES[field.kind]))
            return True
        return self._number(field, row, value, missing)

    def _text(self, field: Field, row: int, value: Any) -> str:
        if not isinstance(value, str | int) or isinstance(value, bool):
            self.report(self._issue("PIPES_NOT_A_NUMBER", row, field, value, limit="text"))
            return ""
        text = str(value).strip()
        if not text.isprintable():
            self.report(self._issue("PIPES_ID_UNPRINTABLE", row, field, ascii(text)))
        return text

    def _number(self, field: Field, row: int, value: Any, missing: Any) -> Any:
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.report(self._issue("PIPES_NOT_A_NUMBER", row, field, value, limit=_KIND_NAMES[field.kind]))
            return missing
        if not abs(value) <= sys.float_info.max:
            self.report(
                self._issue(
                    "PIPES_NOT_FINITE",
                    row,
                    field,
                    value if isinstance(value, float) else "beyond all numbers",
                )
            )
            return missing
        if field.kind is Kind.INTEGER and value != int(value):
            self.report(self._issue("PIPES_NOT_A_NUMBER", row, field, value, limit=_KIND_NAMES[field.kind]))
            return missing
        in_range = self._in_range(field, row, value)
        if field.kind is Kind.INTEGER:
            return int(value) if in_range else missing
        # Kept although refused: a gap would be reported as a second issue of the same cell.
        return float(value)

    def _in_range(self, field: Field, row: int, value: float) -> bool:
        if not field.allowed.holds(value):
            metres = field.name == "inner_diameter_mm" and 0.0 < value < field.allowed.low
            code = "PIPES_DIAMETER_IN_METRES" if metres else "PIPES_OUT_OF_RANGE"
            self.report(self._issue(code, row, field, f"{value:g}", limit=field.allowed))
            return False
        if not field.usual.holds(value):
            self.report(
                self._issue("PIPES_UNUSUAL", row, field, f"{value:g}", limit=field.usual, severity="warning")
            )
        elif (
            self.utility == "gas"
            and field.name == "pressure_kpa"
            and _ABSOLUTE_BAND[0] <= value <= _ABSOLUTE_BAND[1]
        ):
            self.report(self._issue("PIPES_PRESSURE_ABSOLUTE", row, field, f"{value:g}", severity="warning"))
        return True

    def _refuse_duplicates(self, ids: list[str]) -> None:
        for name, times in Counter(ids).items():
            if name and times > 1:
                self.report(
                    issue(
                        "PIPES_ID_DUPLICATE",
                        file=self.file,
                        section=self.component.name,
                        element=printable(name),
                        field="id",
                        value=times,
                    )
                )

    def _pressure_class(self, row: int, value: str) -> str:
        known = PRESSURE_CLASSES_ZH.get(value, value)
        if known and known not in PRESSURE_CLASSES:
            self.report(
                self._issue(
                    "PIPES_PRESSURE_CLASS",
                    row,
                    self.component.field("pressure_class"),
                    value,
                    limit=", ".join(PRESSURE_CLASSES),
                )
            )
        return known


def _sorted(component: Component, columns: Columns) -> Columns:
    """Rows in the order of their ids, so that the same network has the same document."""
    keys = columns[component.fields[0].name]
    powers = columns.get("power", [0] * len(keys))
    order = sorted(range(len(keys)), key=lambda row: (keys[row], powers[row]))
    return {name: [values[row] for row in order] for name, values in columns.items()}
