"""The town's water network as an EPANET model: works at the river, a hill tank, a low zone behind reducing valves."""

from __future__ import annotations

import math
from collections.abc import Iterator

from citymains.demo.streets import ARTERIAL, Crossing, Street, Town, next_size

_SIZES_MM = (100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 600.0, 800.0, 1000.0, 1200.0, 1400.0)
_LITRES_PER_PERSON_DAY = 210.0
# Share of the mean use in each hour of the day: two peaks, as in towns of the North China Plain.
_PATTERN = (
    0.42,
    0.36,
    0.34,
    0.36,
    0.48,
    0.78,
    1.28,
    1.55,
    1.42,
    1.22,
    1.12,
    1.18,
    1.26,
    1.08,
    0.96,
    0.94,
    1.02,
    1.24,
    1.52,
    1.48,
    1.26,
    1.02,
    0.78,
    0.53,
)
_TANK_FLOOR_M = 116.0
_LOW_ROWS = 1
"""Streets nearest the river: the low zone."""


def water_inp(town: Town) -> str:
    """The model as EPANET INP text, flows in m3/h, heads in m."""
    demand_m3_per_h = {
        one: town.residents(one) * _LITRES_PER_PERSON_DAY / 24_000.0 for one in town.crossings()
    }
    total = sum(demand_m3_per_h.values())
    sections = {
        "TITLE": ["示范市供水管网 (made-up demonstration town)"],
        "JUNCTIONS": [
            *(
                f"{_node(one)} {town.ground_m(one.column, one.row)} {demand:.3f} 日变化"
                for one, demand in demand_m3_per_h.items()
            ),
            *(
                f"{_valve_node(column)} {town.ground_m(column, _LOW_ROWS - 0.5)} 0"
                for column in _valve_columns(town)
            ),
            f"水厂出口 {town.ground_m(0, 0)} 0",
        ],
        "RESERVOIRS": ["清水池 76.0"],
        "TANKS": [f"高位水池 {_TANK_FLOOR_M} 2.6 0.5 5.0 {_tank_diameter_m(total):.1f} 0"],
        "PIPES": list(_pipes(town, total)),
        "PUMPS": [f"{name} 清水池 水厂出口 HEAD 泵曲线" for name in ("一号泵", "二号泵")],
        "VALVES": [
            f"减压阀经{column + 1} {_node(Crossing(column, _LOW_ROWS))} {_valve_node(column)} 300 PRV 30 0"
            for column in _valve_columns(town)
        ],
        "CURVES": [f"泵曲线 {total * 0.66:.1f} 48"],
        "CONTROLS": [
            "LINK 二号泵 CLOSED IF NODE 高位水池 ABOVE 4.4",
            "LINK 二号泵 OPEN IF NODE 高位水池 BELOW 3.2",
        ],
        "PATTERNS": [f"日变化 {' '.join(map(str, _PATTERN[i : i + 6]))}" for i in range(0, 24, 6)],
        "OPTIONS": ["UNITS CMH", "HEADLOSS H-W", "TRIALS 100", "ACCURACY 0.0001", "DEMAND MULTIPLIER 1.0"],
        "TIMES": [
            "DURATION 24:00",
            "HYDRAULIC TIMESTEP 1:00",
            "PATTERN TIMESTEP 1:00",
            "REPORT TIMESTEP 1:00",
        ],
        "COORDINATES": list(_coordinates(town)),
        "END": [],
    }
    return "".join(
        f"[{name}]\n" + "".join(f" {line}\n" for line in lines) + "\n" for name, lines in sections.items()
    )


def _node(one: Crossing) -> str:
    return f"给{one.name}"


def _valve_node(column: int) -> str:
    return f"阀后经{column + 1}"


def _valve_columns(town: Town) -> range:
    return range(0, town.columns, ARTERIAL)


def _pipes(town: Town, total_m3_per_h: float) -> Iterator[str]:
    for street in town.streets():
        # The low zone is fed through the valves alone.
        if not street.along and street.end.row == _LOW_ROWS:
            if street.start.column in _valve_columns(town):
                ends = f"{_valve_node(street.start.column)} {_node(street.start)}"
                yield f"给{street.name} {ends} {town.length_m(street)} 300 120 0 OPEN"
            continue
        size = _diameter_mm(street, total_m3_per_h)
        yield f"给{street.name} {_node(street.start)} {_node(street.end)} {town.length_m(street)} {size:g} 120 0 OPEN"
    main = next_size(_velocity_diameter_mm(total_m3_per_h * 1.6, 1.3), _SIZES_MM)
    yield f"出厂干管 水厂出口 {_node(_inlet(town))} 620 {main:g} 125 0 OPEN"
    yield f"水池连通管 {_node(_tank_crossing(town))} 高位水池 540 {next_size(main * 0.6, _SIZES_MM):g} 125 0 OPEN"


def _diameter_mm(street: Street, total_m3_per_h: float) -> float:
    if not street.arterial:
        return 150.0 if (street.start.column + street.start.row) % 4 else 100.0
    first = street.along and street.start.row == ARTERIAL
    return next_size(_velocity_diameter_mm(total_m3_per_h * (0.75 if first else 0.3), 1.1), _SIZES_MM)


def _velocity_diameter_mm(flow_m3_per_h: float, velocity_m_per_s: float) -> float:
    return 1000.0 * math.sqrt(4.0 * flow_m3_per_h / 3600.0 / (math.pi * velocity_m_per_s))


def _inlet(town: Town) -> Crossing:
    return Crossing(0, min(ARTERIAL, town.rows - 1))


def _tank_crossing(town: Town) -> Crossing:
    return Crossing((town.columns - 1) // ARTERIAL * ARTERIAL, (town.rows - 1) // ARTERIAL * ARTERIAL)


def _tank_diameter_m(total_m3_per_h: float) -> float:
    """Wide enough for three hours of mean use in its four metres."""
    return math.sqrt(3.0 * total_m3_per_h / 4.0 * 4.0 / math.pi)


def _coordinates(town: Town) -> Iterator[str]:
    def line(name: str, column: float, row: float) -> str:
        x, y = town.point(column, row, offset_m=6.0)
        return f"{name} {x} {y}"

    for one in town.crossings():
        yield line(_node(one), one.column, one.row)
    for column in _valve_columns(town):
        yield line(_valve_node(column), column, _LOW_ROWS - 0.12)
    inlet, tank = _inlet(town), _tank_crossing(town)
    yield line("水厂出口", inlet.column - 1.2, inlet.row - 0.6)
    yield line("清水池", inlet.column - 1.55, inlet.row - 0.85)
    yield line("高位水池", tank.column + 0.9, tank.row + 0.8)
