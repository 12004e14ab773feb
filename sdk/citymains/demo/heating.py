"""The town's primary heat: supply and return in pairs, a trunk and a branch under every second street.

A plant in the east serves seven to thirteen rows of streets; a larger town has a district for
every seven, each with a plant and a net of its own.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from citymains.demo.pipes_json import Row, pipes_json
from citymains.demo.streets import ARTERIAL, CRS, Crossing, Town, next_size

_SUPPLY_C, _DROP_K = 110.0, 50.0
_RETURN_KPA = 400.0
_DISTRICT_ROWS = 7
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


@dataclass(frozen=True)
class District:
    """The rows of streets that one plant serves."""

    town: Town
    number: int
    rows: range

    @property
    def trunk_row(self) -> int:
        """Street with the trunk: a few blocks from the southern edge."""
        return min(self.rows.start + ARTERIAL, self.rows.stop - 1)

    @property
    def heads(self) -> range:
        """Streets with a branch."""
        return range(0, self.town.columns, 2)

    @property
    def head(self) -> Crossing:
        """Where the plant's pipes meet the trunk."""
        return Crossing(self.heads[-1], self.trunk_row)

    @property
    def lift_kpa(self) -> float:
        """60 kPa for the last station, and what the way to it takes there and back at about 25 Pa/m."""
        way_m = self.town.columns * 320.0 + len(self.rows) * 130.0
        return round(60.0 + 0.025 * 2.0 * way_m, 0)

    def stations(self) -> dict[Crossing, float]:
        """Substations at every second crossing of the branches, with the heat of both crossings [kW]."""
        found: dict[Crossing, float] = {}
        for row, column in itertools.product(self.rows, self.heads):
            if row != self.trunk_row:
                beside = [Crossing(column, row), Crossing(column + 1, row)][: self.town.columns - column]
                found[beside[0]] = sum(map(self.town.residents, beside)) * _KW_PER_PERSON
        return found

    def trenches(self) -> list[tuple[str, Crossing, Crossing, float]]:
        """Pieces of trench: name, near end, far end, heat carried [kW]."""
        stations, trunk, found = self.stations(), self.trunk_row, []
        for column in self.heads:
            for rows in (range(trunk, self.rows.stop - 1), range(trunk, self.rows.start, -1)):
                for row in rows:
                    far = row + rows.step
                    beyond = sum(
                        heat
                        for one, heat in stations.items()
                        if one.column == column and (one.row - row) * rows.step > 0
                    )
                    name = f"经{column + 1}路(纬{row + 1}-纬{far + 1})"
                    found.append((name, Crossing(column, row), Crossing(column, far), beyond))
        for west, east in itertools.pairwise(self.heads):
            beyond = sum(heat for one, heat in stations.items() if one.column <= west)
            name = f"纬{trunk + 1}路(经{east + 1}-经{west + 1})"
            found.append((name, Crossing(east, trunk), Crossing(west, trunk), beyond))
        return found


def heating_json(town: Town) -> str:
    """The model in our own JSON (docs/pandapipes-json.md)."""
    tables: dict[str, list[Row]] = {"junctions": [], "pipes": [], "consumers": [], "plants": []}
    for district in districts_of(town):
        _add(district, tables)
    return pipes_json("heating", "water", CRS, 2.0, tables)


def districts_of(town: Town) -> list[District]:
    """The districts of a town, each with a plant and a net of its own."""
    count = max(1, town.rows // _DISTRICT_ROWS)
    edges = [*range(0, count * _DISTRICT_ROWS, _DISTRICT_ROWS), town.rows]
    return [District(town, number, range(*ends)) for number, ends in enumerate(itertools.pairwise(edges), 1)]


def _add(district: District, tables: dict[str, list[Row]]) -> None:
    town, stations, trenches = district.town, district.stations(), district.trenches()
    ends = {*stations, *(end for trench in trenches for end in trench[1:3])}
    height_m = {one: town.ground_m(one.column, one.row) for one in ends}
    tables["junctions"] += [*_junctions(town, height_m), *_plant_junctions(district)]
    tables["pipes"] += [row for trench in trenches for row in _pair(town, *trench)]
    tables["pipes"] += _plant_pipes(district, sum(stations.values()))
    tables["consumers"] += [
        {
            "id": f"换热站{one.name}",
            "from_node": f"供{one.name}",
            "to_node": f"回{one.name}",
            "heat_kw": round(heat_kw, 1),
            "temperature_drop_k": _DROP_K,
        }
        for one, heat_kw in stations.items()
    ]
    tables["plants"].append(
        {
            "id": f"热源厂{district.number}",
            "from_node": f"热源{district.number}回水",
            "to_node": f"热源{district.number}供水",
            "pressure_kpa": _RETURN_KPA + district.lift_kpa,
            "lift_kpa": district.lift_kpa,
            "temperature_c": _SUPPLY_C,
        }
    )


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


def _plant_place(district: District, offset_m: float) -> tuple[float, float]:
    return district.town.point(district.town.columns + 0.3, district.trunk_row - 0.2, offset_m=offset_m)


def _plant_junctions(district: District) -> list[Row]:
    height_m = district.town.ground_m(district.town.columns - 1, district.trunk_row)
    places = (("供水", 16.0, _SUPPLY_C), ("回水", 40.0, _SUPPLY_C - _DROP_K))
    return [
        _junction(f"热源{district.number}{side}", *_plant_place(district, offset_m), height_m, temperature_c)
        for side, offset_m, temperature_c in places
    ]


def _plant_pipes(district: District, heat_kw: float) -> list[Row]:
    head, plant = district.head, f"热源{district.number}"
    length_m = round(math.dist(district.town.at(head), _plant_place(district, 0.0)), 1)
    return [
        _pipe(f"{plant}供水干管", f"{plant}供水", f"供{head.name}", length_m, heat_kw),
        _pipe(f"{plant}回水干管", f"回{head.name}", f"{plant}回水", length_m, heat_kw),
    ]
