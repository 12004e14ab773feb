"""The kind ``water_service_pressure``: the pressure a water company owes its customers (供水服务压力).

Pressures are metres of water head. Where a document states MPa, packs follow the trade's
convention that its own tables use: 0.1 MPa is 10 m (exactly 10.197 m), so 0.14 MPa is 14 m.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from citymains.rules.kinds import FieldSpec, Merge, Outcome, RuleKind, ValueType


def _pressure(name: str, description: str) -> FieldSpec:
    return FieldSpec(
        name=name,
        type=ValueType.NUMBER,
        description=description,
        merge=Merge.STRICTEST_MAX,
        minimum=0.0,
        maximum=200.0,
    )


def required_pressure(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    """Pressure required at a place, from every duty that applies there: the largest holds.

    The duties, of those the packs state:

    - everywhere, the ends of the network included: ``end_pressure_m``;
    - where the building's ``floors`` are known: 1 floor ``head_one_floor_m``, 2 floors
      ``head_two_floors_m``, each further one ``head_per_further_floor_m`` more. High-rises pump
      for themselves: give the floors the network has to reach, not the building's;
    - where ``elevation_m`` is known: the pressure of each row of ``elevation_zones`` whose
      elevation is at or above it. Without a ``zone``, every zone's rows count, so that the
      strictest holds.

    Parameters
    ----------
    fields : mapping
        Resolved fields of the kind.
    inputs : mapping
        ``floors`` (>= 1), ``elevation_m`` [m above sea level], ``zone``, ``pressure_m`` [m].

    Returns
    -------
    mapping of str to Outcome
        ``required_pressure_m``; with a ``pressure_m``, also ``met``: reaching the limit meets it.
    """
    duties = [
        Outcome(value=value, field=name)
        for name, value in (
            ("end_pressure_m", fields.get("end_pressure_m")),
            _head_of_floors(fields, inputs.get("floors")),
            ("elevation_zones", _pressure_of_elevation(fields, inputs)),
        )
        if value is not None
    ]
    required = max(duties, key=lambda duty: duty.value, default=Outcome(value=None))
    outcomes = {"required_pressure_m": required}
    if "pressure_m" in inputs and required.value is not None:
        outcomes["met"] = Outcome(value=inputs["pressure_m"] >= required.value, field=required.field)
    return outcomes


def _head_of_floors(fields: Mapping[str, Any], floors: int | None) -> tuple[str, float | None]:
    if floors is None:
        return "", None
    if floors == 1:
        return "head_one_floor_m", fields.get("head_one_floor_m")
    two, further = fields.get("head_two_floors_m"), fields.get("head_per_further_floor_m")
    if floors == 2 or two is None:
        return "head_two_floors_m", two
    if further is None:
        return "head_per_further_floor_m", None
    return "head_per_further_floor_m", two + further * (floors - 2)


def _pressure_of_elevation(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> float | None:
    elevation, zone = inputs.get("elevation_m"), inputs.get("zone", "")
    if elevation is None:
        return None
    return max(
        (
            row["pressure_m"]
            for row in fields.get("elevation_zones", ())
            if elevation <= row["elevation_m"] and zone in ("", row["zone"])
        ),
        default=None,
    )


KIND = RuleKind(
    name="water_service_pressure",
    title_en="Water service pressure",
    title_zh="供水服务压力",
    fields=(
        _pressure("end_pressure_m", "Least pressure at the ends of the network [m]."),
        _pressure("head_one_floor_m", "Least service head for buildings of one floor [m]."),
        _pressure("head_two_floors_m", "Least service head for buildings of two floors [m]."),
        _pressure("head_per_further_floor_m", "Added head for each floor above the second [m]."),
        FieldSpec(
            name="pass_rate_percent",
            type=ValueType.NUMBER,
            merge=Merge.STRICTEST_MAX,
            minimum=0.0,
            maximum=100.0,
            description="Least share of pressure readings that meet the limit [%].",
        ),
        FieldSpec(
            name="elevation_zones",
            type=ValueType.TABLE,
            merge=Merge.MOST_SPECIFIC,
            description="Least pressure of places up to an elevation, by pressure zone.",
            columns=(
                FieldSpec(name="zone", type=ValueType.TEXT, description="Name of the pressure zone."),
                FieldSpec(
                    name="elevation_m",
                    type=ValueType.NUMBER,
                    description="Highest place it is owed to [m above sea level].",
                ),
                _pressure("pressure_m", "Least pressure there [m]."),
            ),
        ),
    ),
    inputs=(
        FieldSpec(
            name="floors",
            type=ValueType.INTEGER,
            minimum=1,
            maximum=200,
            description="Floors the network has to reach.",
        ),
        FieldSpec(
            name="elevation_m", type=ValueType.NUMBER, description="Ground elevation [m above sea level]."
        ),
        FieldSpec(name="zone", type=ValueType.TEXT, description="Pressure zone; absent: unknown."),
        FieldSpec(name="pressure_m", type=ValueType.NUMBER, description="Pressure to judge [m]."),
    ),
    outputs={
        "required_pressure_m": "Least pressure owed at the place [m].",
        "met": "Whether pressure_m reaches it.",
    },
    evaluate=required_pressure,
)
