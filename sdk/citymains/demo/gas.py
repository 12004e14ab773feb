"""The town's gas network: a medium-pressure net under the arterial roads, district regulators, low pressure in the streets."""

from __future__ import annotations

from citymains.demo.pipes_json import Row, pipes_json
from citymains.demo.streets import ARTERIAL, CRS, Crossing, Town

_GATE_KPA = 300.0
_LOW_KPA = 2.8
# Peak hour: a household of three burns 0.32 m3/h with diversity, at 0.78 kg/m3.
_KG_PER_S_PER_PERSON = 0.32 / 3.0 * 0.78 / 3600.0
_STEEL_MM, _PE_MM = 0.1, 0.05


def gas_json(town: Town) -> str:
    """The model in our own JSON (docs/pandapipes-json.md)."""
    regulated = [one for one in town.crossings() if _has_regulator(one)]
    tables: dict[str, list[Row]] = {
        "junctions": _junctions(town),
        "pipes": _pipes(town),
        "sources": [{"id": "门站", "node": "门站出口", "pressure_kpa": _GATE_KPA, "temperature_c": 15.0}],
        "regulators": [
            {
                "id": f"调压箱{one.name}",
                "from_node": f"中{one.name}",
                "to_node": f"低{one.name}",
                "controlled_node": f"低{one.name}",
                "pressure_kpa": _LOW_KPA,
            }
            for one in regulated
        ],
        "sinks": [
            {
                "id": f"用户{one.name}",
                "node": f"低{one.name}",
                "flow_kg_per_s": round(town.residents(one) * _KG_PER_S_PER_PERSON, 6),
            }
            for one in town.crossings()
        ],
    }
    return pipes_json("gas", "hgas", CRS, 15.0, tables)


def _has_regulator(one: Crossing) -> bool:
    return one.column % ARTERIAL == 0 and one.row % ARTERIAL == 0


def _junctions(town: Town) -> list[Row]:
    rows = []
    for one in town.crossings():
        x, y = town.at(one, offset_m=-7.0)
        height = town.ground_m(one.column, one.row)
        rows.append(
            {
                "id": f"低{one.name}",
                "x": x,
                "y": y,
                "height_m": height,
                "nominal_pressure_kpa": _LOW_KPA,
                "temperature_c": 15.0,
                "pressure_class": "low",
            }
        )
        if one.arterial:
            x, y = town.at(one, offset_m=-19.0)
            rows.append(
                {
                    "id": f"中{one.name}",
                    "x": x,
                    "y": y,
                    "height_m": height,
                    "nominal_pressure_kpa": _GATE_KPA,
                    "temperature_c": 15.0,
                    "pressure_class": "medium_a",
                }
            )
    x, y = town.point(-0.8, _gate_row(town) + 0.4)
    rows.append(
        {
            "id": "门站出口",
            "x": x,
            "y": y,
            "height_m": town.ground_m(0, _gate_row(town)),
            "nominal_pressure_kpa": _GATE_KPA,
            "temperature_c": 15.0,
            "pressure_class": "medium_a",
        }
    )
    return rows


def _gate_row(town: Town) -> int:
    return (town.rows - 1) // ARTERIAL * ARTERIAL


def _pipes(town: Town) -> list[Row]:
    rows = []
    size = 1.0 + 0.35 * (town.scale - 1) ** 0.5
    for street in town.streets():
        length_m = town.length_m(street)
        if street.arterial:
            rows.append(
                _pipe(
                    f"中{street.name}",
                    f"中{street.start.name}",
                    f"中{street.end.name}",
                    length_m,
                    206.5 * size,
                    _STEEL_MM,
                )
            )
        low_mm = 163.6 if street.arterial else 130.8
        rows.append(
            _pipe(
                f"低{street.name}", f"低{street.start.name}", f"低{street.end.name}", length_m, low_mm, _PE_MM
            )
        )
    first = Crossing(0, _gate_row(town))
    rows.append(_pipe("门站出站管", "门站出口", f"中{first.name}", 410.0, 309.7 * size, _STEEL_MM))
    return rows


def _pipe(name: str, start: str, end: str, length_m: float, diameter_mm: float, roughness_mm: float) -> Row:
    return {
        "id": name,
        "from_node": start,
        "to_node": end,
        "length_m": length_m,
        "inner_diameter_mm": round(diameter_mm, 1),
        "roughness_mm": roughness_mm,
    }
