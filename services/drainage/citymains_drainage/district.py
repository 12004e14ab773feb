"""Our own drainage district: it ships as ``data/district.inp`` and loads as ``district``.

Wholly invented, for tests, examples and pump scheduling: a flat district behind a river dike,
with a storm sewer and its station (four pumps), a railway underpass with its own (two pumps),
and a partly combined sewage sewer with a third (two pumps) and an overflow. The storm has test
coefficients, not those of any city. ``python -m citymains_drainage.district`` writes the file
anew; a test compares it with the committed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from citymains_drainage.storms.formula import IntensityFormula
from citymains_drainage.storms.hyetograph import chicago_intensity_mm_per_h

FILE: Final = Path(__file__).parent / "data" / "district.inp"

#: Test coefficients: no city's official formula.
TEST_FORMULA: Final = IntensityFormula(a_mm_per_min=10.9, c=0.85, b_min=12.0, n=0.77)
RETURN_PERIOD_A: Final = 10.0
DURATION_S: Final = 7200.0
STEP_S: Final = 300.0
PEAK_RATIO: Final = 0.4
RAIN_START_S: Final = 1800.0

RIVER_LEVEL_M: Final = 4.5
GROUND_M: Final = 6.0
CHAMBER_INVERT_M: Final = 3.0
#: The chambers pumps lift into are closed: they take this head above ground without spilling.
CHAMBER_HEAD_M: Final = 20.0

Row = Sequence[Any]
Point = tuple[float, float]


class _Sewer(NamedTuple):
    """A line of manholes ``name1, name2, ...`` with one pipe between two of them."""

    name: str
    ground_m: float
    first_invert_m: float
    fall_m: float
    """Of each pipe."""
    pipe_m: float
    diameters_m: tuple[float, ...]
    first: Point
    direction: Point


class _Station(NamedTuple):
    """Pumps that lift from a wet well into a closed chamber, and from there a pipe to an outfall."""

    name: str
    well: str
    chamber: str
    place: Point
    outfall: str
    stage_m: float | None
    curve: str
    outlet_diameter_m: float
    starts_m: tuple[float, ...]
    """Depth of the well at which each pump starts."""
    stops_m: tuple[float, ...]


_SEWERS: Final = (
    _Sewer(
        "东风路", 5.4, 3.0, 0.12, 120.0, (1.2, 1.5, 1.5, 2.0, 2.0, 2.2, 2.2), (100.0, 600.0), (120.0, 0.0)
    ),
    _Sewer("建设街", 5.8, 3.4, 0.22, 100.0, (1.0, 1.2, 1.2), (460.0, 1000.0), (0.0, -100.0)),
    _Sewer("胜利街", 5.6, 3.2, 0.22, 100.0, (1.0, 1.2, 1.2), (700.0, 200.0), (0.0, 100.0)),
    _Sewer("铁路南街", 5.2, 2.6, 0.20, 80.0, (0.8, 1.0, 1.0), (100.0, 1200.0), (80.0, 0.0)),
    _Sewer("南环路", 5.8, 3.0, 0.25, 110.0, (0.5, 0.6, 0.8, 0.8, 0.8, 1.0), (100.0, 0.0), (110.0, 0.0)),
    _Sewer("学院路", 6.0, 3.4, 0.25, 90.0, (0.4, 0.5), (320.0, 180.0), (0.0, -60.0)),
)
# Where one sewer's last manhole joins another: from, to, length, diameter.
_JOINS: Final = (
    ("建设街4", "东风路4", 100.0, 1.2),
    ("胜利街4", "东风路6", 100.0, 1.2),
    ("学院路3", "南环路3", 60.0, 0.5),
    ("东风路8", "河东泵站前池", 100.0, 2.2),
    ("铁路南街4", "下穿泵站前池", 40.0, 1.0),
    ("南环路7", "城南污水泵站前池", 30.0, 0.8),
)
# Wet wells and the underpass: invert, largest depth, depth at the start, curve, place.
_STORAGES: Final = (
    ("河东泵站前池", -0.8, 6.8, 1.0, "河东前池面积", (980.0, 600.0)),
    ("下穿泵站前池", -2.5, 6.0, 0.6, "下穿前池面积", (380.0, 1200.0)),
    ("铁路桥下穿", 2.2, 3.0, 0.0, "下穿路面面积", (380.0, 1260.0)),
    ("城南污水泵站前池", -1.5, 6.5, 1.0, "城南前池面积", (800.0, 0.0)),
)
_AREA_CURVES: Final = (
    ("河东前池面积", ((0.0, 300.0), (6.8, 300.0))),
    ("下穿前池面积", ((0.0, 60.0), (6.0, 60.0))),
    # A sag of the road: 25 cm of water (the level at which such a road is closed) cover 600 m2.
    ("下穿路面面积", ((0.0, 20.0), (0.1, 250.0), (0.25, 600.0), (0.5, 1100.0), (1.0, 1900.0), (3.0, 3200.0))),
    ("城南前池面积", ((0.0, 80.0), (6.5, 80.0))),
)
_STATIONS: Final = (
    _Station(
        "河东",
        "河东泵站前池",
        "河东压力井",
        (1010.0, 600.0),
        "河东排口",
        RIVER_LEVEL_M,
        "河东泵",
        2.0,
        (2.8, 3.4, 4.0, 4.6),
        (1.0, 1.2, 1.4, 1.6),
    ),
    _Station(
        "下穿",
        "下穿泵站前池",
        "下穿压力井",
        (420.0, 1200.0),
        "下穿排口",
        RIVER_LEVEL_M,
        "下穿泵",
        0.8,
        (2.0, 3.2),
        (0.7, 0.9),
    ),
    _Station(
        "城南",
        "城南污水泵站前池",
        "城南压力井",
        (840.0, 0.0),
        "污水处理厂",
        None,
        "城南泵",
        0.8,
        (1.8, 3.4),
        (0.9, 1.2),
    ),
)
# Head difference in m against flow in m3/s, per pump.
_PUMP_CURVES: Final = (
    ("河东泵", ((0.0, 0.95), (2.0, 0.90), (4.0, 0.80), (6.0, 0.62), (8.0, 0.36), (9.0, 0.0))),
    ("下穿泵", ((0.0, 0.24), (3.0, 0.22), (6.0, 0.19), (9.0, 0.14), (11.0, 0.0))),
    ("城南泵", ((0.0, 0.18), (3.0, 0.16), (6.0, 0.13), (9.0, 0.08), (11.0, 0.0))),
)
# Subcatchments: outlet, area in ha, sealed share in %.
_AREAS: Final = (
    ("东风路1", 3.0, 70.0),
    ("东风路2", 2.8, 72.0),
    ("东风路3", 2.9, 68.0),
    ("东风路4", 2.6, 75.0),
    ("东风路5", 2.6, 75.0),
    ("东风路6", 2.4, 72.0),
    ("东风路7", 2.1, 70.0),
    ("建设街1", 3.0, 65.0),
    ("建设街2", 2.6, 68.0),
    ("建设街3", 2.5, 70.0),
    ("胜利街1", 2.9, 62.0),
    ("胜利街2", 2.6, 65.0),
    ("胜利街3", 2.4, 70.0),
    ("铁路南街1", 1.6, 80.0),
    ("铁路南街2", 1.5, 82.0),
    ("铁路桥下穿", 1.3, 95.0),
    ("南环路2", 1.4, 60.0),
    ("南环路4", 1.2, 60.0),
)
_DRY_WEATHER_M3_PER_S: Final = (
    ("南环路1", 0.012),
    ("南环路2", 0.015),
    ("南环路3", 0.010),
    ("南环路4", 0.014),
    ("南环路5", 0.012),
    ("学院路1", 0.011),
    ("学院路2", 0.009),
)
_DAY: Final = (
    0.45,
    0.40,
    0.36,
    0.36,
    0.45,
    0.70,
    1.10,
    1.45,
    1.50,
    1.35,
    1.20,
    1.15,
    1.20,
    1.15,
    1.05,
    1.05,
    1.10,
    1.25,
    1.45,
    1.50,
    1.35,
    1.10,
    0.80,
    0.55,
)
_OPTIONS: Final = (
    ("FLOW_UNITS", "CMS"),
    ("INFILTRATION", "HORTON"),
    ("FLOW_ROUTING", "DYNWAVE"),
    ("LINK_OFFSETS", "DEPTH"),
    ("ALLOW_PONDING", "NO"),
    ("START_DATE", "07/15/2026"),
    ("START_TIME", "08:00:00"),
    ("REPORT_START_DATE", "07/15/2026"),
    ("REPORT_START_TIME", "08:00:00"),
    ("END_DATE", "07/15/2026"),
    ("END_TIME", "14:00:00"),
    ("DRY_DAYS", "3"),
    ("REPORT_STEP", "00:05:00"),
    ("WET_STEP", "00:01:00"),
    ("DRY_STEP", "00:05:00"),
    ("ROUTING_STEP", "2"),
    ("INERTIAL_DAMPING", "PARTIAL"),
    ("NORMAL_FLOW_LIMITED", "BOTH"),
    ("VARIABLE_STEP", "0.75"),
    ("MIN_SURFAREA", "1.2"),
    ("MAX_TRIALS", "8"),
    ("HEAD_TOLERANCE", "0.0015"),
    ("THREADS", "1"),
)


def district_inp() -> str:
    """The district as SWMM INP text."""
    sections: list[tuple[str, Iterable[Row]]] = [
        (
            "TITLE",
            [("虚构排水示范片区",), ("citymains synthetic district; test storm, not an official formula",)],
        ),
        ("OPTIONS", _OPTIONS),
        ("EVAPORATION", [("CONSTANT", 0.0), ("DRY_ONLY", "NO")]),
        ("RAINGAGES", [("雨量站", "INTENSITY", "0:05", 1.0, "TIMESERIES", "设计暴雨")]),
        ("SUBCATCHMENTS", _subcatchments()),
        ("SUBAREAS", [(_area(node), 0.013, 0.15, 1.5, 5.0, 25, "OUTLET") for node, _, _ in _AREAS]),
        ("INFILTRATION", [(_area(node), 45.0, 6.0, 4.0, 7.0, 0.0) for node, _, _ in _AREAS]),
        ("JUNCTIONS", [row for row, _ in _junctions()]),
        ("OUTFALLS", _outfalls()),
        (
            "STORAGE",
            [
                (name, z, depth, start, "TABULAR", curve, 0, 0)
                for name, z, depth, start, curve, _ in _STORAGES
            ],
        ),
        ("CONDUITS", [(name, a, b, length, 0.013, 0, 0, 0, 0) for name, a, b, length, _ in _conduits()]),
        ("PUMPS", _pumps()),
        ("ORIFICES", [("下穿雨水口", "铁路桥下穿", "下穿泵站前池", "BOTTOM", 0, 0.6, "NO", 0)]),
        (
            "WEIRS",
            [
                ("南环路溢流堰", "南环路7", "溢流井", "TRANSVERSE", 0.9, 1.7, "YES", 0, 0, "YES"),
                ("铁路南街漫流", "铁路南街4", "铁路桥下穿", "TRANSVERSE", 2.6, 1.5, "NO", 0, 0, "NO"),
            ],
        ),
        ("XSECTIONS", _cross_sections()),
        ("CURVES", _curves()),
        ("TIMESERIES", _rain()),
        (
            "PATTERNS",
            [("污水日变化", *(("HOURLY",) if not at else ()), *_DAY[at : at + 6]) for at in range(0, 24, 6)],
        ),
        ("DWF", [(node, "FLOW", flow, "污水日变化") for node, flow in _DRY_WEATHER_M3_PER_S]),
        ("TAGS", [("Node", "铁路桥下穿", "underpass")]),
        ("COORDINATES", [(name, *place) for name, place in _places().items()]),
        ("POLYGONS", _polygons()),
    ]
    return "\n".join(
        "\n".join([f"[{name}]", *(" ".join(map(str, row)) for row in rows), ""]) for name, rows in sections
    )


def _area(node: str) -> str:
    return f"{node}汇水区"


def _manholes() -> Iterable[tuple[Row, Point]]:
    for sewer in _SEWERS:
        (x, y), (dx, dy) = sewer.first, sewer.direction
        for at in range(len(sewer.diameters_m) + 1):
            invert = round(sewer.first_invert_m - sewer.fall_m * at, 3)
            row = (f"{sewer.name}{at + 1}", invert, round(sewer.ground_m - invert, 3), 0, 0, 0)
            yield row, (x + dx * at, y + dy * at)


def _junctions() -> Iterable[tuple[Row, Point]]:
    yield from _manholes()
    for one in _STATIONS:
        start = max(0.0, (one.stage_m or CHAMBER_INVERT_M) - CHAMBER_INVERT_M)
        yield (
            (one.chamber, CHAMBER_INVERT_M, GROUND_M - CHAMBER_INVERT_M, start, CHAMBER_HEAD_M, 0),
            one.place,
        )
    yield ("溢流井", 2.0, 3.8, 0, 0, 0), (800.0, -60.0)


def _outfalls() -> Iterable[Row]:
    for one in _STATIONS:
        yield (
            (one.outfall, 2.6, "FREE", "NO")
            if one.stage_m is None
            else (one.outfall, 2.6, "FIXED", one.stage_m, "YES")
        )
    yield "截流溢流口", 1.8, "FREE", "YES"


def _conduits() -> Iterable[tuple[str, str, str, float, float]]:
    for sewer in _SEWERS:
        name = sewer.name
        for at, diameter in enumerate(sewer.diameters_m, 1):
            yield f"{name}{at}-{at + 1}", f"{name}{at}", f"{name}{at + 1}", sewer.pipe_m, diameter
    for a, b, length, diameter in _JOINS:
        yield f"{a}至{b}", a, b, length, diameter
    for one in _STATIONS:
        yield f"{one.chamber}至{one.outfall}", one.chamber, one.outfall, 60.0, one.outlet_diameter_m
    yield "溢流井至截流溢流口", "溢流井", "截流溢流口", 50.0, 0.8


def _pumps() -> Iterable[Row]:
    for one in _STATIONS:
        for number, (start, stop) in enumerate(zip(one.starts_m, one.stops_m, strict=True), 1):
            yield f"{one.name}{number}号泵", one.well, one.chamber, one.curve, "OFF", start, stop


def _cross_sections() -> Iterable[Row]:
    for name, _, _, _, diameter in _conduits():
        yield name, "CIRCULAR", diameter, 0, 0, 0, 1
    yield "下穿雨水口", "CIRCULAR", 0.7, 0, 0, 0
    yield "南环路溢流堰", "RECT_OPEN", 0.8, 1.5, 0, 0
    yield "铁路南街漫流", "RECT_OPEN", 0.6, 6.0, 0, 0


def _subcatchments() -> Iterable[Row]:
    for node, area_ha, sealed in _AREAS:
        yield _area(node), "雨量站", node, area_ha, sealed, round((area_ha * 1e4) ** 0.5, 1), 0.5, 0


def _curves() -> Iterable[Row]:
    for kind, curves in (("STORAGE", _AREA_CURVES), ("PUMP3", _PUMP_CURVES)):
        for name, points in curves:
            for at, (x, y) in enumerate(points):
                yield (name, kind, x, y) if not at else (name, x, y)


def _rain() -> Iterable[Row]:
    rain = chicago_intensity_mm_per_h(
        lambda duration_s: TEST_FORMULA.depth_mm(RETURN_PERIOD_A, duration_s),
        duration_s=DURATION_S,
        step_s=STEP_S,
        peak_ratio=PEAK_RATIO,
    )
    for step, intensity in enumerate([*rain.tolist(), 0.0]):
        minutes = int(RAIN_START_S + step * STEP_S) // 60
        yield "设计暴雨", f"{minutes // 60}:{minutes % 60:02d}", f"{intensity:.4f}"


def _places() -> dict[str, tuple[float, float]]:
    places = {row[0]: place for row, place in _junctions()}
    places |= {name: place for name, _, _, _, _, place in _STORAGES}
    for one in _STATIONS:
        x, y = one.place
        places[one.outfall] = (x + 60.0, y)
    places["截流溢流口"] = (850.0, -60.0)
    return places


def _polygons() -> Iterable[Row]:
    places = _places()
    for node, area_ha, _ in _AREAS:
        (x, y), half = places[node], (area_ha * 1e4) ** 0.5 / 2
        for dx, dy in ((-half, -half), (half, -half), (half, half), (-half, half)):
            yield _area(node), round(x + dx, 1), round(y + dy, 1)


if __name__ == "__main__":
    FILE.write_text(district_inp(), encoding="utf-8", newline="\n")
