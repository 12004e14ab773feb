"""The town's primary heat network: one plant, supply and return in pairs, a trunk and a branch under every second street."""

from __future__ import annotations

import itertools
import math

from citymains.demo.pipes_json import Row, pipes_json
from citymains.demo.streets import ARTERIAL, CRS, Crossing, Town, next_size

_SUPPLY_C, _DROP_K = 110.0, 50.0
_PRESSURE_KPA = 900.0
_KW_PER_PERSON = 32.0 * 0.045
"""32 m2 of heated floor per person at 45 W/m2."""
_HEAT_CAPACITY_KJ = 4.22
# Inner diameters of pre-insulated steel pipes, DN 100 to DN 1400.
_SIZES_MM = (
    107.1,
    131.7,
    160.3,
    209.1,
    263.0,
    312.7,
    393.8,
    492.0,
    592.0,
    692.0,
    796.0,
    996.0,
    1196.0,
    1396.0,
)
_WALL_AND_INSULATION_MM = 120.0
_VELOCITY_M_PER_S = 1.3


def heating_json(town: Town) -> str:
    """The model in our own JSON (docs/pandapipes-json.md)."""
    stations = _stations(town)
    pairs = _pairs(town, stations)
    height = {
        one: town.ground_m(one.column, one.row)
        for one in {*stations, *(end for pair in pairs for end in pair[1:3])}
    }
    tables: dict[str, list[Row]] = {
        "junctions": [*_junctions(town, height), *_plant_junctions(town)],
        "pipes": [row for pair in pairs for row in _pair(town, *pair)]
        + _plant_pipes(town, sum(stations.values())),
        "consumers": [
            {
                "id": f"换热站{one.name}",
                "from_node": f"供{one.name}",
                "to_node": f"回{one.name}",
                "heat_kw": round(heat_kw, 1),
                "temperature_drop_k": _DROP_K,
            }
            for one, heat_kw in stations.items()
        ],
        "plants": [
            {
                "id": "热源厂",
                "from_node": "热源回水",
                "to_node": "热源供水",
                "pressure_kpa": _PRESSURE_KPA,
                "lift_kpa": _lift_kpa(town),
                "temperature_c": _SUPPLY_C,
            }
        ],
    }
    return pipes_json("heating", "water", CRS, 2.0, tables)


def _stations(town: Town) -> dict[Crossing, float]:
    """Substations at every second crossing of the branches, with the heat of both crossings [kW]."""
    stations: dict[Crossing, float] = {}
    for one in town.crossings():
        if one.column % 2 == 0 and one.row != _trunk_row(town):
            beside = Crossing(min(one.column + 1, town.columns - 1), one.row)
            people = town.residents(one) + (town.residents(beside) if beside != one else 0)
            stations[one] = people * _KW_PER_PERSON
    return stations


def _trunk_row(town: Town) -> int:
    return min(ARTERIAL, town.rows - 1)


def _lift_kpa(town: Town) -> float:
    """60 kPa for the last station, and what the way to it takes there and back at about 25 Pa/m."""
    return round(60.0 + 0.025 * 2.0 * (town.columns * 320.0 + town.rows * 130.0), 0)


def _pairs(town: Town, stations: dict[Crossing, float]) -> list[tuple[str, Crossing, Crossing, float]]:
    """Pieces of trench: name, near end, far end, heat carried [kW]. The plant lies in the east."""
    trunk, pairs = _trunk_row(town), []
    heads = [column for column in range(town.columns) if column % 2 == 0]
    for column in heads:
        for rows in (range(trunk, town.rows - 1), range(trunk, 0, -1)):
            step = rows.step
            for row in rows:
                beyond = sum(
                    heat
                    for one, heat in stations.items()
                    if one.column == column and (one.row - row) * step > 0
                )
                near, far = Crossing(column, row), Crossing(column, row + step)
                pairs.append((f"经{column + 1}路(纬{row + 1}-纬{row + step + 1})", near, far, beyond))
    for west, east in itertools.pairwise(heads):
        beyond = sum(heat for one, heat in stations.items() if one.column <= west)
        pairs.append(
            (
                f"纬{trunk + 1}路(经{east + 1}-经{west + 1})",
                Crossing(east, trunk),
                Crossing(west, trunk),
                beyond,
            )
        )
    return pairs


def _pair(town: Town, name: str, near: Crossing, far: Crossing, heat_kw: float) -> list[Row]:
    length_m = round(math.dist(town.at(near), town.at(far)), 1)
    return [
        _pipe(f"供{name}", f"供{near.name}", f"供{far.name}", length_m, heat_kw),
        _pipe(f"回{name}", f"回{far.name}", f"回{near.name}", length_m, heat_kw),
    ]


def _pipe(name: str, start: str, end: str, length_m: float, heat_kw: float) -> Row:
    flow_m3_per_s = heat_kw / (_HEAT_CAPACITY_KJ * _DROP_K) / 960.0
    wanted_mm = 1000.0 * math.sqrt(4.0 * flow_m3_per_s / (math.pi * _VELOCITY_M_PER_S))
    inner_mm = next_size(wanted_mm, _SIZES_MM)
    return {
        "id": name,
        "from_node": start,
        "to_node": end,
        "length_m": length_m,
        "inner_diameter_mm": inner_mm,
        "outer_diameter_mm": inner_mm + _WALL_AND_INSULATION_MM,
        "roughness_mm": 0.5,
        "heat_transfer_w_per_m2k": 0.6,
        "surroundings_c": 2.0,
        "sections": 1,
    }


def _junctions(town: Town, height_m: dict[Crossing, float]) -> list[Row]:
    rows = []
    for one, height in sorted(height_m.items(), key=lambda item: (item[0].row, item[0].column)):
        for side, offset_m, temperature_c in (("供", 16.0, _SUPPLY_C), ("回", 40.0, _SUPPLY_C - _DROP_K)):
            x, y = town.at(one, offset_m=offset_m)
            rows.append(_junction(f"{side}{one.name}", x, y, height, temperature_c))
    return rows


def _junction(name: str, x: float, y: float, height_m: float, temperature_c: float) -> Row:
    return {
        "id": name,
        "x": x,
        "y": y,
        "height_m": height_m,
        "nominal_pressure_kpa": 600.0,
        "temperature_c": temperature_c,
    }


def _plant_head(town: Town) -> Crossing:
    return Crossing((town.columns - 1) // 2 * 2, _trunk_row(town))


def _plant_junctions(town: Town) -> list[Row]:
    head = _plant_head(town)
    height = town.ground_m(town.columns - 1, head.row)
    places = (("热源供水", 16.0, _SUPPLY_C), ("热源回水", 40.0, _SUPPLY_C - _DROP_K))
    return [
        _junction(
            name, *town.point(town.columns + 0.3, head.row - 0.2, offset_m=offset_m), height, temperature_c
        )
        for name, offset_m, temperature_c in places
    ]


def _plant_pipes(town: Town, heat_kw: float) -> list[Row]:
    head = _plant_head(town)
    length_m = round(math.dist(town.at(head), town.point(town.columns + 0.3, head.row - 0.2)), 1)
    return [
        _pipe("热源供水干管", "热源供水", f"供{head.name}", length_m, heat_kw),
        _pipe("热源回水干管", f"回{head.name}", "热源回水", length_m, heat_kw),
    ]
