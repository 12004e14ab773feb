"""The kind ``gas_reserve``: how much gas has to be in store, and who has to store it (应急调峰储备)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def duties(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Volumes owed by the supplier, the city gas company and the local government.

    Parameters
    ----------
    fields : mapping
        Resolved fields of the kind.
    inputs : mapping
        ``contract_m3_per_a``, ``annual_m3``, ``mean_day_m3``: what each duty is a share or a multiple of.
        Without ``mean_day_m3`` a mean day is the 365th part of ``annual_m3``.
    """
    annual, contract = inputs.get("annual_m3"), inputs.get("contract_m3_per_a")
    day = inputs.get("mean_day_m3", None if annual is None else annual / 365.0)

    def owed(name: str, base: float | None, scale: float) -> Outcome:
        value = fields.get(name)
        return Outcome(value=None if value is None or base is None else value * scale * base, field=name)

    return {
        "supplier_m3": owed("supplier_percent", contract, 0.01),
        "company_m3": owed("company_percent", annual, 0.01),
        "government_m3": owed("government_days", day, 1.0),
    }


def _share(name: str, description: str) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=ValueType.NUMBER,
        merge=Merge.STRICTEST_MAX,
        minimum=0.0,
        maximum=100.0,
        description=description,
    )


def _volume(name: str, description: str) -> FieldSpec:
    return FieldSpec(name=name, type=ValueType.NUMBER, minimum=0.0, description=description)


KIND = RuleKind(
    name="gas_reserve",
    title_en="Gas reserve",
    title_zh="燃气储备",
    fields=(
        _share("supplier_percent", "Supplier's reserve as a share of its annual contract sales [%]."),
        _share("company_percent", "City gas company's reserve as a share of its annual consumption [%]."),
        FieldSpec(
            name="government_days",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MAX,
            minimum=0.0,
            maximum=366.0,
            description="Local government's reserve in days of mean demand [d].",
        ),
    ),
    inputs=(
        _volume("contract_m3_per_a", "Supplier's annual contract sales [m3/a]."),
        _volume("annual_m3", "Annual consumption of the city [m3]."),
        _volume("mean_day_m3", "Mean daily demand [m3]."),
    ),
    outputs={
        "supplier_m3": "What the supplier has to store [m3].",
        "company_m3": "What the city gas company has to store [m3].",
        "government_m3": "What the local government has to store [m3].",
    },
    evaluate=duties,
)
