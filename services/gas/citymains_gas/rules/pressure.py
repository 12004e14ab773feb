"""The kind ``gas_pressure``: pressure classes, what appliances need, and how fast gas may flow (压力级制)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType

LOW = "low"
"""The class appliances hang on directly."""


def _class_column() -> FieldSpec:
    return FieldSpec(
        name="pressure_class",
        type=ValueType.TEXT,
        description="Pressure class by the names of network files: low, medium_b, ... ultra_high.",
    )


def limits(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Limits of one place.

    Parameters
    ----------
    fields : mapping
        Resolved fields of the kind.
    inputs : mapping
        ``pressure_class``; ``nominal_kpa`` and ``appliances``: the nominal pressure of the appliances
        there, and whether there are any; ``pressure_kpa`` to be judged.

    Returns
    -------
    mapping of str to Outcome
        ``upper_kpa`` of the class, ``least_kpa`` and ``most_kpa`` of the appliances,
        ``velocity_m_per_s``, and with a pressure ``met``. Limits are kept when they are reached, but
        low pressure is *below* its upper limit.
    """
    name, nominal = inputs.get("pressure_class", ""), inputs.get("nominal_kpa")
    served = bool(inputs.get("appliances")) and nominal is not None
    found = {
        "upper_kpa": Outcome(value=_of_class(fields, "classes", "upper_kpa", name), field="classes"),
        "velocity_m_per_s": Outcome(
            value=_of_class(fields, "velocities", "velocity_m_per_s", name), field="velocities"
        ),
    }
    for outcome, field in (("least_kpa", "appliance_least_ratio"), ("most_kpa", "appliance_most_ratio")):
        ratio = fields.get(field)
        value = ratio * nominal if served and ratio is not None else None
        found[outcome] = Outcome(value=value, field=field)
    if "pressure_kpa" in inputs:
        found["met"] = _met(found, name, inputs["pressure_kpa"])
    return found


def _of_class(fields: Mapping[str, Any], table: str, column: str, name: str) -> float | None:
    return next((row[column] for row in fields.get(table, ()) if row["pressure_class"] == name), None)


def _met(found: Mapping[str, Outcome], name: str, pressure_kpa: float) -> Outcome:
    upper = found["upper_kpa"].value
    if upper is not None and (pressure_kpa > upper or (name == LOW and pressure_kpa == upper)):
        return Outcome(value=False, field="classes")
    for outcome, broken in (("least_kpa", pressure_kpa.__lt__), ("most_kpa", pressure_kpa.__gt__)):
        limit = found[outcome].value
        if limit is not None and broken(limit):
            return Outcome(value=False, field=found[outcome].field)
    return Outcome(value=True, field="classes")


KIND = RuleKind(
    name="gas_pressure",
    title_en="Gas pressures",
    title_zh="燃气压力",
    fields=(
        FieldSpec(
            name="classes",
            type=ValueType.TABLE,
            merge=Merge.MOST_SPECIFIC,
            description="Highest gauge pressure of each pressure class.",
            columns=(
                _class_column(),
                FieldSpec(
                    name="upper_kpa", type=ValueType.NUMBER, minimum=0.0, description="Upper limit [kPa]."
                ),
            ),
        ),
        FieldSpec(
            name="appliance_least_ratio",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MAX,
            minimum=0.0,
            maximum=1.0,
            description="Least pressure of appliances over their nominal pressure.",
        ),
        FieldSpec(
            name="appliance_most_ratio",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MIN,
            minimum=1.0,
            maximum=10.0,
            description="Highest pressure of appliances over their nominal pressure.",
        ),
        FieldSpec(
            name="low_pressure_allowance_kpa",
            type=ValueType.NUMBER,
            merge=Merge.MOST_SPECIFIC,
            minimum=0.0,
            maximum=10.0,
            description="Drop a low-pressure network may take beyond what the appliances' range leaves [kPa].",
        ),
        FieldSpec(
            name="velocities",
            type=ValueType.TABLE,
            merge=Merge.MOST_SPECIFIC,
            description="Highest velocity of each pressure class.",
            columns=(
                _class_column(),
                FieldSpec(
                    name="velocity_m_per_s", type=ValueType.NUMBER, minimum=0.0, description="Limit [m/s]."
                ),
            ),
        ),
    ),
    inputs=(
        _class_column(),
        FieldSpec(
            name="nominal_kpa",
            type=ValueType.NUMBER,
            minimum=0.1,
            maximum=100.0,
            description="Nominal pressure of the appliances [kPa].",
        ),
        FieldSpec(
            name="appliances", type=ValueType.BOOLEAN, description="Whether appliances hang on it directly."
        ),
        FieldSpec(name="pressure_kpa", type=ValueType.NUMBER, description="Gauge pressure to judge [kPa]."),
    ),
    outputs={
        "upper_kpa": "Upper limit of the pressure class [kPa].",
        "least_kpa": "Least pressure the appliances need [kPa].",
        "most_kpa": "Highest pressure the appliances bear [kPa].",
        "velocity_m_per_s": "Highest velocity [m/s].",
        "met": "Whether pressure_kpa keeps all of them.",
    },
    evaluate=limits,
)
