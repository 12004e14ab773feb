"""The town's storm drainage as a SWMM model: sewers down every street to the river, a storage tank and a pump station in the low south-east."""

from __future__ import annotations

import math
from collections.abc import Iterator

from citymains.demo.streets import Crossing, Town, next_size

_SIZES_M = (0.4, 0.5, 0.6, 0.8, 1.0, 1.2, 1.35, 1.5, 1.8, 2.0, 2.4)
_CATCHMENT_HA = 8.3
_COVER_M = 2.2
_STORM_MM_PER_H = (6, 9, 14, 22, 38, 68, 118, 84, 56, 38, 27, 20, 15, 12, 10, 8, 7, 6, 5, 4, 4, 3, 3, 2)
"""Two hours in steps of five minutes, 48 mm: about once in two years on the North China Plain."""
_PUMPED_COLUMNS = 2
"""Streets in the east whose outlets lie below the river."""


def drainage_inp(town: Town) -> str:
    """The model as SWMM INP text, flows in m3/s."""
    sections = {
        "TITLE": ["示范市雨水管网 (made-up demonstration town)"],
        "OPTIONS": [
            "FLOW_UNITS CMS",
            "INFILTRATION HORTON",
            "FLOW_ROUTING DYNWAVE",
            "LINK_OFFSETS DEPTH",
            "ALLOW_PONDING NO",
            "START_DATE 07/20/2026",
            "START_TIME 00:00:00",
            "REPORT_START_DATE 07/20/2026",
            "REPORT_START_TIME 00:00:00",
            "END_DATE 07/20/2026",
            "END_TIME 06:00:00",
            "WET_STEP 00:01:00",
            "DRY_STEP 00:05:00",
            "REPORT_STEP 00:05:00",
            "ROUTING_STEP 5",
            "VARIABLE_STEP 0.75",
            "INERTIAL_DAMPING PARTIAL",
            "NORMAL_FLOW_LIMITED BOTH",
            "THREADS 1",
        ],
        "EVAPORATION": ["CONSTANT 0.0"],
        "RAINGAGES": ["雨量站 INTENSITY 0:05 1.0 TIMESERIES 设计暴雨"],
        "SUBCATCHMENTS": list(_subcatchments(town)),
        "SUBAREAS": [f"{_basin(one)} 0.013 0.2 1.5 5.0 25 OUTLET" for one in town.crossings()],
        "INFILTRATION": [f"{_basin(one)} 60 6 4 7 0" for one in town.crossings()],
        "JUNCTIONS": [
            *(
                f"{_manhole(one)} {_invert_m(town, one):.3f} {_depth_m(town, one):.3f} 0 0 0"
                for one in town.crossings()
            ),
            f"压力井 {_river_m(town):.3f} 4 0 0 0",
        ],
        "OUTFALLS": [
            *(
                f"{_outfall(column)} {_invert_m(town, Crossing(column, 0)) - 0.5:.3f} FREE NO"
                for column in _gravity_columns(town)
            ),
            f"泵站排口 {_river_m(town) - 0.3:.3f} FREE NO",
        ],
        "STORAGE": [f"前池 {_forebay_m(town):.3f} 7.0 0 FUNCTIONAL 0 0 {900 * town.scale} 0 0"],
        "CONDUITS": list(_conduits(town)),
        "PUMPS": [
            f"{name} 前池 压力井 泵曲线{name} {state} 2.0 0.8"
            for name, state in (("雨水泵1", "ON"), ("雨水泵2", "OFF"))
        ],
        "XSECTIONS": list(_sections(town)),
        "CURVES": [
            f"泵曲线{name} PUMP4 0 0\n 泵曲线{name} 1 {1.1 * town.scale:.2f}\n 泵曲线{name} 6 {1.8 * town.scale:.2f}"
            for name in ("雨水泵1", "雨水泵2")
        ],
        "TIMESERIES": [
            f"设计暴雨 {5 * i // 60}:{5 * i % 60:02d} {value}"
            for i, value in enumerate((*_STORM_MM_PER_H, 0))
        ],
        "REPORT": ["INPUT NO", "CONTROLS NO", "SUBCATCHMENTS NONE", "NODES NONE", "LINKS NONE"],
        "COORDINATES": list(_coordinates(town)),
    }
    return "".join(
        f"[{name}]\n" + "".join(f" {line}\n" for line in lines) + "\n"
        for name, lines in sections.items()
        if lines
    )


def _manhole(one: Crossing) -> str:
    return f"雨{one.name}"


def _basin(one: Crossing) -> str:
    return f"汇水区{one.name}"


def _outfall(column: int) -> str:
    return f"排口经{column + 1}"


def _is_pumped(town: Town, column: int) -> bool:
    return column >= town.columns - _PUMPED_COLUMNS


def _invert_m(town: Town, one: Crossing) -> float:
    """Sewers follow the ground, deepening by half a metre towards the river."""
    downstream = (town.rows - 1 - one.row) / max(town.rows - 1, 1)
    sunk = 1.2 if _is_pumped(town, one.column) else 0.0
    return town.ground_m(one.column, one.row) - _COVER_M - 1.6 * downstream - sunk * downstream


def _depth_m(town: Town, one: Crossing) -> float:
    return town.ground_m(one.column, one.row) - _invert_m(town, one)


def _gravity_columns(town: Town) -> range:
    return range(town.columns - _PUMPED_COLUMNS)


def _river_m(town: Town) -> float:
    """Bed of the channel the pumps lift into."""
    return town.ground_m(town.columns - 1, 0) - 1.5


def _forebay_m(town: Town) -> float:
    return (
        min(
            _invert_m(town, Crossing(column, 0))
            for column in range(town.columns - _PUMPED_COLUMNS, town.columns)
        )
        - 2.0
    )


def _subcatchments(town: Town) -> Iterator[str]:
    for one in town.crossings():
        paved = min(92.0, 45.0 + town.residents(one) / 60.0)
        yield f"{_basin(one)} 雨量站 {_manhole(one)} {_CATCHMENT_HA} {paved:.0f} 260 0.6 0"


def _conduits(town: Town) -> Iterator[str]:
    for one in town.crossings():
        if one.row > 0:
            below = Crossing(one.column, one.row - 1)
            length_m = math.dist(town.at(one), town.at(below))
            yield f"雨经{one.column + 1}路(纬{one.row + 1}-纬{one.row}) {_manhole(one)} {_manhole(below)} {length_m:.1f} 0.014 0 0"
    for column in range(town.columns):
        end = "前池" if _is_pumped(town, column) else _outfall(column)
        yield f"{_outlet_pipe(column)} {_manhole(Crossing(column, 0))} {end} 140 0.014 0 {1.5 if _is_pumped(town, column) else 0}"
    yield "泵站出水渠 压力井 泵站排口 60 0.014 0 0"


def _outlet_pipe(column: int) -> str:
    return f"出水管经{column + 1}"


def _sections(town: Town) -> Iterator[str]:
    for one in town.crossings():
        if one.row > 0:
            yield f"雨经{one.column + 1}路(纬{one.row + 1}-纬{one.row}) CIRCULAR {_diameter_m(town, one.row, one.column)} 0 0 0"
    for column in range(town.columns):
        yield f"{_outlet_pipe(column)} CIRCULAR {_diameter_m(town, 0, column)} 0 0 0"
    yield f"泵站出水渠 RECT_CLOSED 2 {2 * town.scale} 0 0"


def _diameter_m(town: Town, row: int, column: int) -> float:
    """Sized for the blocks above at 110 l/s per hectare and 1.9 m/s; every fourth street was built for less."""
    hectares = _CATCHMENT_HA * (town.rows - row)
    flow_m3_per_s = 0.11 * hectares * (0.5 if column % 4 == 1 else 1.0)
    return next_size(math.sqrt(4.0 * flow_m3_per_s / (math.pi * 1.9)), _SIZES_M)


def _coordinates(town: Town) -> Iterator[str]:
    def line(name: str, column: float, row: float) -> str:
        x, y = town.point(column, row, offset_m=-32.0)
        return f"{name} {x} {y}"

    for one in town.crossings():
        yield line(_manhole(one), one.column, one.row)
    first = town.columns - _PUMPED_COLUMNS
    for column in _gravity_columns(town):
        yield line(_outfall(column), column, -0.55)
    yield line("前池", first + 0.5, -0.5)
    yield line("压力井", first + 0.5, -0.8)
    yield line("泵站排口", first + 0.5, -1.05)
