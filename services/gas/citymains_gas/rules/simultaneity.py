"""The kind ``gas_simultaneity``: how many of many appliances burn at once (同时工作系数)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def factor_of(rows: Sequence[Mapping[str, Any]], appliances: str, households: float) -> float | None:
    """Simultaneity factor of a number of households.

    Parameters
    ----------
    rows : sequence of mapping
        ``appliances``, ``households``, ``factor``.
    appliances : str
        Name of the set of appliances.
    households : float
        > 0.

    Returns
    -------
    float or None
        Between two rows by a straight line over the logarithm of the households; beyond the last row
        that row's; None where the table has nothing for the set.
    """
    points = sorted((row["households"], row["factor"]) for row in rows if row["appliances"] == appliances)
    if not points:
        return None
    if households <= points[0][0]:
        return float(points[0][1])
    for (low, start), (high, end) in pairwise(points):
        if households <= high:
            share = math.log(households / low) / math.log(high / low)
            return float(start + share * (end - start))
    return float(points[-1][1])


def demand(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Factor, and peak demand of households with a set of appliances: ``n k q``."""
    name, households = inputs.get("appliances", ""), inputs.get("households")
    factor = factor_of(fields.get("factors", ()), name, households) if households else None
    flow = next(
        (row["flow_m3_per_h"] for row in fields.get("appliance_flows", ()) if row["appliances"] == name), None
    )
    peak = None if factor is None or flow is None or households is None else factor * flow * households
    return {
        "factor": Outcome(value=factor, field="factors"),
        "flow_m3_per_h": Outcome(value=flow, field="appliance_flows"),
        "demand_m3_per_h": Outcome(value=peak, field="factors"),
    }


def _appliances() -> FieldSpec:
    return FieldSpec(name="appliances", type=ValueType.TEXT, description="Name of a set of appliances.")


def _households() -> FieldSpec:
    return FieldSpec(
        name="households", type=ValueType.INTEGER, minimum=1, description="Number of households."
    )


KIND = RuleKind(
    name="gas_simultaneity",
    title_en="Simultaneity of gas appliances",
    title_zh="燃具同时工作系数",
    fields=(
        FieldSpec(
            name="factors",
            type=ValueType.TABLE,
            merge=Merge.MOST_SPECIFIC,
            description="Factor by set of appliances and number of households.",
            columns=(
                _appliances(),
                _households(),
                FieldSpec(
                    name="factor",
                    type=ValueType.NUMBER,
                    minimum=0.0,
                    maximum=1.0,
                    description="Share that burns at once (1).",
                ),
            ),
        ),
        FieldSpec(
            name="appliance_flows",
            type=ValueType.TABLE,
            merge=Merge.MOST_SPECIFIC,
            description="Nominal flow of one household's appliances.",
            columns=(
                _appliances(),
                FieldSpec(
                    name="flow_m3_per_h",
                    type=ValueType.NUMBER,
                    minimum=0.0,
                    description="At standard conditions (101.325 kPa, 0 °C) [m3/h].",
                ),
            ),
        ),
    ),
    inputs=(_appliances(), _households()),
    outputs={
        "factor": "Simultaneity factor (1).",
        "flow_m3_per_h": "Nominal flow of one household [m3/h].",
        "demand_m3_per_h": "Peak demand of all of them [m3/h].",
    },
    evaluate=demand,
)
