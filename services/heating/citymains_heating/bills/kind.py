"""The kind ``heat_tariff`` of rule packs: what heat costs at a place, by class of user."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType

RESIDENT, OTHER = "resident", "other"


def _decimal(
    name: str, description: str, maximum: float | None = None, merge: Merge = Merge.MOST_SPECIFIC
) -> FieldSpec:
    return FieldSpec(
        name=name, type=ValueType.DECIMAL, description=description, minimum=0.0, maximum=maximum, merge=merge
    )


def _text(name: str, description: str) -> FieldSpec:
    return FieldSpec(name=name, type=ValueType.TEXT, description=description)


def _truth(name: str, description: str) -> FieldSpec:
    return FieldSpec(name=name, type=ValueType.BOOLEAN, description=description)


FIELDS = (
    FieldSpec(
        name="classes", type=ValueType.TABLE, description="Prices by class of user; 0: the source states none.",
        columns=(
            _text("category", "Class: resident, other, or a name that users' column `tariff` gives."),
            _text("area_basis", "What the area is: gross, inner (套内), billing; empty: not stated."),
            _decimal("price_yuan_per_m2_day", "Area price per m2 and day."),
            _decimal("price_yuan_per_m2_season", "Area price per m2 and season."),
            _decimal("basic_yuan_per_m2_season", "Basic part of the two-part price per m2 and season."),
            _decimal("heat_yuan_per_kwh", "Metered part per kWh."),
        ),
    ),
    _decimal("basic_share_max", "Greatest share of the area price the basic part may be.", 1.0, Merge.STRICTEST_MIN),
    _truth("metered_cap", "A metered bill is not higher than the area bill."),
    _truth("by_days_supplied", "Users without a meter pay for the days supplied: late starts and early stops are left out."),
    _decimal("pause_share", "Share of the area price a user pays who pauses for the season.", 1.0),
    _decimal("meter_fault_share", "Share of the area price a user pays whose meter failed.", 2.0),
    _decimal("meter_damage_share", "Share of the area price a user pays who damaged the meter.", 2.0),
    _text("season_start", "11-15T00:00."),
    _text("season_end", "03-15T00:00, or 03-15T24:00."),
)  # fmt: skip

INPUTS = (
    _text("category", "Class of the user; resident."),
    _decimal("area_m2", "Area; 100."),
    _decimal("heat_kwh", "Heat metered in the season; makes the user a metered one."),
    _truth("paused", "Whether the user pauses."),
    _text("meter_state", "ok, faulty or damaged."),
    _decimal("late_days", "Days the heat came late."),
    _text("season", "2022-2023."),
)

OUTPUTS = {
    "amount_yuan": "The user's bill of the season.",
    "items": "Items on it.",
    "warned": "Whether the prices break a limit a wider layer sets.",
}


def _evaluate(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    # The calculation is imported only when a case is run, so that reading packs stays cheap.
    from citymains_heating.bills.casework import run_case

    return {name: Outcome(value=value, field="classes") for name, value in run_case(fields, inputs).items()}


KIND = RuleKind(
    name="heat_tariff",
    title_en="Heat tariff",
    title_zh="供热价格",
    fields=FIELDS,
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=_evaluate,
    cited=True,
)

#: Stands for a price a source does not state.
NOT_STATED = Decimal(0)
