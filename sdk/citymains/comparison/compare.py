"""From two records to a :class:`ComparisonReport`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

from citymains.comparison.report import ComparisonReport
from citymains.errors import InputError
from citymains.messages import Text, register_messages
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.table import Kind, Table, TableSpec
from citymains.units import unit_of

if TYPE_CHECKING:
    import pandas as pd

register_messages(
    {
        "COMPARE_QUESTIONS": Text(
            "The two answers are to different questions: {value} and {limit}.",
            "两个结果对应不同的问题:{value} 与 {limit}。",
            "Compare answers to the same question.",
            "请比较同一问题的两个结果。",
        ),
        "COMPARE_QUANTITY": Text(
            "The answers have no quantity {value} to compare; there are: {limit}.",
            "结果中没有可比较的量 {value};可选:{limit}。",
            "Name one of those, as table.column.",
            "请按 表.列 的形式选用其中之一。",
        ),
        "COMPARE_NETWORKS": Text(
            "The answers are about different networks; elements are matched by id.",
            "两个结果对应不同的管网,按编号对应元件。",
        ),
        "COMPARE_REJECTED": Text(
            "An answer that was rejected is compared: {which}.",
            "参与比较的结果中有不可用的结果:{which}。",
            "See its own findings before you use the differences.",
            "使用差值前请先查看该结果的发现项。",
        ),
    }
)

CHANGES, QUANTITIES, SUMMARY, FINDINGS, CAUSES = ComparisonReport.TABLES

#: Columns that say which row it is, beside the element.
_KEYS = (Kind.DATE, Kind.TIME)
_NUMBERS = (Kind.FLOAT, Kind.INTEGER, Kind.DECIMAL)


@dataclass(frozen=True)
class _Quantity:
    """One column of numbers that both answers have, joined row by row."""

    table: str
    column: str
    unit: str
    joined: pd.DataFrame
    """Columns ``element time_s before after``."""

    @property
    def name(self) -> str:
        return f"{self.table}.{self.column}"

    @property
    def change(self) -> pd.Series[float]:
        return self.joined.after - self.joined.before


def compare_records(before: Record, after: Record, quantity: str = "") -> ComparisonReport:
    """Compare two answers to one question.

    Parameters
    ----------
    before, after : Record
    quantity : str
        ``table.column`` of the main table; empty: what the question's map is coloured by.

    Returns
    -------
    ComparisonReport
        Without provenance.

    Raises
    ------
    InputError
        COMPARE_QUESTIONS, COMPARE_QUANTITY.
    """
    asked = before.provenance.question, after.provenance.question
    if asked[0] != asked[1] or type(before) is not type(after):
        raise InputError("COMPARE_QUESTIONS", value=asked[0], limit=asked[1])
    found = {one.name: one for one in _quantities(before, after)}
    chosen, worst = _chosen(type(before), found, quantity)
    changes = _changes(chosen, worst)
    findings = _own_findings(before, after)
    return ComparisonReport(
        verdict=verdict_of(findings),
        findings=tuple(findings),
        tables=(
            _in_unit(CHANGES.build(**changes), "" if chosen is None else chosen.unit),
            _quantity_table(list(found.values())),
            _summary_table(before.summary(), after.summary()),
            _findings_table(before.findings, after.findings),
            _causes_table(before.provenance, after.provenance),
        ),
        compared_question=asked[0],
        quantity="" if chosen is None else chosen.name,
        unit="" if chosen is None else chosen.unit,
        changed_element_count=sum(bool(one) and one == one for one in changes["change"])
        + sum(one.startswith("only") for one in changes["state"]),
        greatest_rise=None if chosen is None else _extreme(chosen, 1)[0],
        greatest_fall=None if chosen is None else _extreme(chosen, -1)[0],
    )


def _quantities(before: Record, after: Record) -> list[_Quantity]:
    second = {table.name: table for table in after.tables}
    return [
        one for table in before.tables if table.name in second for one in _of_table(table, second[table.name])
    ]


def _of_table(before: Table, after: Table) -> list[_Quantity]:
    """Every number of a table, its rows matched by element, time and, where these repeat, position."""
    element = next((one.name for one in before.loaded_columns if one.kind is Kind.TEXT), None)
    if element is None or element not in after:
        return []
    keys = [element, *(one.name for one in before.loaded_columns if one.kind in _KEYS)]
    keys += ["time_s"] if "time_s" in before and "time_s" in after else []
    columns = [
        one
        for one in before.loaded_columns
        if one.kind in _NUMBERS and one.name in after and one.name not in keys
    ]
    if not columns or not (len(before) or len(after)):
        return []
    first, second = (_keyed(table, keys, [one.name for one in columns]) for table in (before, after))
    joined = first.merge(second, on=[*keys, "_turn"], how="outer", suffixes=(" before", " after"), sort=False)
    when = joined["time_s"].astype(float) if "time_s" in keys else np.full(len(joined), np.nan)
    return [
        _Quantity(
            before.name,
            one.name,
            one.unit or unit_of(one.name),
            _frame(joined[element], when, joined[f"{one.name} before"], joined[f"{one.name} after"]),
        )
        for one in columns
    ]


def _frame(element: Any, time_s: Any, before: Any, after: Any) -> pd.DataFrame:
    import pandas as pd

    columns = {"element": element, "time_s": time_s, "before": before, "after": after}
    return pd.DataFrame({name: np.asarray(values) for name, values in columns.items()})


def _keyed(table: Table, keys: list[str], columns: list[str]) -> pd.DataFrame:
    frame = table.frame()[[*keys, *columns]]
    frame[columns] = frame[columns].astype(float)
    # A table may have several rows of one key; the first is held against the first.
    frame["_turn"] = frame.groupby(keys, sort=False, dropna=False).cumcount()
    return frame


def _chosen(
    kind: type[Record], found: Mapping[str, _Quantity], quantity: str
) -> tuple[_Quantity | None, str]:
    """The compared quantity and which end of it is bad: min, max, or empty where nobody says."""
    drawn = {
        f"{spec.name}.{spec.map.value_column}": spec.map.worst for spec in kind.TABLES if spec.map is not None
    }
    name = quantity or next((one for one in drawn if one in found), next(iter(found), ""))
    if quantity and "." not in quantity:
        name = next((one for one in found if one.endswith(f".{quantity}")), quantity)
    if quantity and name not in found:
        raise InputError("COMPARE_QUANTITY", value=quantity, limit=", ".join(found) or "-")
    return found.get(name), drawn.get(name, "")


def _changes(chosen: _Quantity | None, worst: str) -> Any:
    """One row per element: where it changed most, or where a value came or went."""
    if chosen is None:
        return {column.name: [] for column in CHANGES.columns}
    rows = chosen.joined.assign(change=chosen.change)
    gone, came = rows.after.isna(), rows.before.isna()
    rows["state"] = np.select([gone & came, gone, came], ["", "only before", "only after"], "both")
    rows["worse_by"] = {"min": -rows.change, "max": rows.change}.get(worst, rows.change.abs())
    # A value that went or came weighs more than any difference; no value on either side weighs nothing.
    weight = np.select([gone & came, gone | came], [-1.0, np.inf], rows.change.abs())
    order = np.argsort(-weight, kind="stable")
    return rows.iloc[order].drop_duplicates("element")[[column.name for column in CHANGES.columns]]


def _in_unit(table: Table, unit: str) -> Table:
    """The changes, whose numbers have the unit of what is compared."""
    columns = (
        replace(one, unit=unit) if one.name in ("before", "after", "change", "worse_by") else one
        for one in table.columns
    )
    return Table(table.name, tuple(columns))


def _quantity_table(found: list[_Quantity]) -> Table:
    rises, falls = [_extreme(one, 1) for one in found], [_extreme(one, -1) for one in found]
    both = [one.joined.before.notna() & one.joined.after.notna() for one in found]
    return QUANTITIES.build(
        table=[one.table for one in found],
        quantity=[one.column for one in found],
        unit=[one.unit for one in found],
        rows=[int(mask.sum()) for mask in both],
        changed_rows=[int((one.change[mask] != 0).sum()) for one, mask in zip(found, both, strict=True)],
        greatest_rise=[np.nan if rise[0] is None else rise[0] for rise in rises],
        rise_element=[rise[1] for rise in rises],
        greatest_fall=[np.nan if fall[0] is None else fall[0] for fall in falls],
        fall_element=[fall[1] for fall in falls],
        only_before=[int((one.joined.before.notna() & one.joined.after.isna()).sum()) for one in found],
        only_after=[int((one.joined.before.isna() & one.joined.after.notna()).sum()) for one in found],
    )


def _extreme(one: _Quantity, sign: int) -> tuple[float | None, str]:
    """Greatest change in one direction, and where; None where there is none."""
    change = one.change * sign
    if not (change > 0).any():
        return None, ""
    at = change.idxmax()
    return float(one.change[at]), str(one.joined.element[at])


def _summary_table(before: Mapping[str, Any], after: Mapping[str, Any]) -> Table:
    rows = []
    for name, first in before.items():
        second = after.get(name)
        if isinstance(first, int | float | Decimal | str | None) and isinstance(
            second, int | float | Decimal | str | None
        ):
            rows.append((name, _text(first), _text(second), _difference(first, second)))
    return SUMMARY.build(**_columns(SUMMARY, rows))


def _difference(before: Any, after: Any) -> float:
    numbers = (int, float, Decimal)
    if isinstance(before, bool) or not isinstance(before, numbers) or not isinstance(after, numbers):
        return float("nan")
    if isinstance(before, Decimal) or isinstance(after, Decimal):  # money stays exact
        return float(Decimal(str(after)) - Decimal(str(before)))
    return float(after - before)


def _findings_table(before: tuple[Finding, ...], after: tuple[Finding, ...]) -> Table:
    def key(one: Finding) -> tuple[str, str, str]:
        return one.code, one.severity.value, one.element

    was, now = {key(one) for one in before}, {key(one) for one in after}
    rows = [("new", one) for one in after if key(one) not in was] + [
        ("gone", one) for one in before if key(one) not in now
    ]
    return FINDINGS.build(
        **_columns(
            FINDINGS,
            [
                (what, one.code, one.severity.value, one.element, one.message_en, one.message_zh)
                for what, one in rows
            ],
        )
    )


def _causes_table(before: Provenance, after: Provenance) -> Table:
    from citymains.model.canonical import canonical_json

    names = ("network", "source_file", "engine", "engine_version", "citymains_version", "importer")
    rows = [(name, str(getattr(before, name)), str(getattr(after, name))) for name in names]
    rows.append(("scenario", canonical_json(before.scenario), canonical_json(after.scenario)))
    rows.append(("rule_packs", ", ".join(before.rule_packs), ", ".join(after.rule_packs)))
    for prefix, first, second in (
        ("", before.options, after.options),
        ("plugin ", before.plugins, after.plugins),
    ):
        together = dict.fromkeys((*first, *second))
        rows += [(prefix + name, first.get(name, ""), second.get(name, "")) for name in together]
    return CAUSES.build(**_columns(CAUSES, [row for row in rows if row[1] != row[2]]))


def _own_findings(before: Record, after: Record) -> list[Finding]:
    found = []
    if before.provenance.network != after.provenance.network:
        found.append(finding("COMPARE_NETWORKS", Severity.NOTE))
    for which, record in (("before", before), ("after", after)):
        if record.verdict.value == "REJECTED":
            found.append(finding("COMPARE_REJECTED", Severity.SUSPECT, which=which))
    return found


def _columns(spec: TableSpec, rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {column.name: [row[at] for row in rows] for at, column in enumerate(spec.columns)}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.12g}" if isinstance(value, float) else str(value)
