"""SWMM INP to network: our own reader, with everything wrong in the file found at once.

The canonical document is INP text in UTF-8 with the ids of the file; what the engine gets
is made from it by `citymains_drainage.engine_input`.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, Final

from citymains.errors import Issue
from citymains.intake.elements import ElementSet, read_elements
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, read_inp, write_inp
from citymains.intake.numbers import read_number
from citymains.intake.source import Intake, SourceFile
from citymains.intake.text import decode
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

import citymains_drainage.messages  # noqa: F401
from citymains_drainage.checks import (
    References,
    coordinates,
    cross_sections,
    curves,
    pumps,
    stray_numbers,
    ways_out,
)
from citymains_drainage.engine_input import check_words
from citymains_drainage.external import external_files, without_harmless
from citymains_drainage.options import ModelOptions, read_options
from citymains_drainage.plausible import section_units
from citymains_drainage.schema import (
    CONDUITS,
    DETAIL_SPECS,
    ELEMENT_SPECS,
    GAGE,
    LINK_SPECS,
    NODE_SPECS,
    SUBCATCHMENT,
)
from citymains_drainage.sections import SWMM_INP
from citymains_drainage.series import option_names, patterns, time_series

IMPORTER: Final = "swmm-inp/1"

VERTICES: Final = TableSpec(
    "vertices",
    "Bends of links on the map, in order from the start node.",
    (
        ColumnSpec("link", Kind.TEXT, "Link."),
        ColumnSpec("x", Kind.FLOAT, "x in the coordinate reference system."),
        ColumnSpec("y", Kind.FLOAT, "y in the coordinate reference system."),
    ),
)
_XY = {
    name: ColumnSpec(name, Kind.FLOAT, f"{name} in the coordinate reference system; missing: unknown.")
    for name in "xy"
}
_CENTRE = {
    name: ColumnSpec(
        name, Kind.FLOAT, "Middle of the polygon in the coordinate reference system; missing: unknown."
    )
    for name in ("centre_x", "centre_y")
}
_SHAPE = ColumnSpec("shape", Kind.TEXT, "Shape of the cross-section.")
_HEIGHT = ColumnSpec(
    "height_m", Kind.FLOAT, "Full height of the cross-section; missing where a transect or street gives it."
)
_DIAMETER = ColumnSpec("diameter_mm", Kind.FLOAT, "Inner diameter of circular ones.")
_ROUND = frozenset({"CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR"})


def read_network(file: SourceFile) -> Intake:
    """Read a SWMM INP file.

    Parameters
    ----------
    file : SourceFile
        INP text in UTF-8 (with or without byte order mark), UTF-16 or GB18030.

    Returns
    -------
    Intake
        Element tables in SI units, the canonical document, and every issue in file order.
    """
    document, issues = read_inp(decode(file), file.name, SWMM_INP)
    if not document.rows:
        return Intake(document=b"", issues=tuple(issues), importer=IMPORTER)
    options, found = read_options(document)
    document, dropped = without_harmless(document)
    elements = read_elements(document, (*ELEMENT_SPECS, *DETAIL_SPECS), _factors(options))
    document = elements.document
    every = chain(
        issues,
        found,
        dropped,
        elements.issues,
        external_files(document),
        stray_numbers(document, elements.issues),
        check_words(document),
        References(document, elements).issues(),
        option_names(document),
        curves(document),
        time_series(document),
        patterns(document),
        pumps(document),
        cross_sections(document),
        section_units(document, options.units.length_m),
        ways_out(document, elements),
        coordinates(document, elements),
    )
    return Intake(
        document=write_inp(document).encode(),
        tables=_tables(document, elements, options),
        issues=_in_file_order(every),
        importer=IMPORTER,
        options={"flow_units": options.units.flow_units},
    )


def parse_document(text: bytes) -> InpDocument:
    """The rows of a canonical document."""
    document, _ = read_inp(decode(SourceFile("model", text)), "model", SWMM_INP)
    return document


def _in_file_order(issues: Any) -> tuple[Issue, ...]:
    distinct = dict.fromkeys(issues)
    return tuple(sorted(distinct, key=lambda one: (one.line is None, one.line or 0)))


def _factors(options: ModelOptions) -> dict[str, float]:
    units = options.units
    return {
        "length": units.length_m,
        "area": units.area_m2,
        "subcatchment": units.subcatchment_ha,
        "flow": units.flow_m3_per_s,
    }


def _tables(document: InpDocument, elements: ElementSet, options: ModelOptions) -> tuple[Table, ...]:
    points = _points(elements, "coordinates")
    tables = []
    for spec in NODE_SPECS:
        x, y = _placed(elements.columns[spec.table]["id"], points)
        tables.append(elements.table(spec, x=(_XY["x"], x), y=(_XY["y"], y)))
    shapes = _shapes(document, options)
    for spec in LINK_SPECS:
        more: dict[str, Any] = {}
        if spec is CONDUITS:
            rows = [
                shapes.get(fold_ascii(one or ""), (None, float("nan")))
                for one in elements.columns[spec.table]["id"]
            ]
            more = {
                "shape": (_SHAPE, [shape for shape, _ in rows]),
                "height_m": (_HEIGHT, [height for _, height in rows]),
                "diameter_mm": (
                    _DIAMETER,
                    [h * 1000.0 if shape in _ROUND else float("nan") for shape, h in rows],
                ),
            }
        tables.append(elements.table(spec, **more))
    centres = _centres(elements)
    x, y = _placed(elements.columns[SUBCATCHMENT.table]["id"], centres)
    # Not x and y: a subcatchment may have the id of a node, and is not one.
    tables.append(
        elements.table(SUBCATCHMENT, centre_x=(_CENTRE["centre_x"], x), centre_y=(_CENTRE["centre_y"], y))
    )
    tables.append(elements.table(GAGE))
    tables.append(_vertices(elements))
    return tuple(table for table in tables if len(table) or table is tables[0])


def _points(elements: ElementSet, table: str) -> dict[str, tuple[float, float]]:
    columns = elements.columns[table]
    rows = zip(columns["id"], columns["x"], columns["y"], strict=True)
    return {fold_ascii(one): (x, y) for one, x, y in rows if one is not None}


def _placed(ids: Sequence[Any], points: dict[str, tuple[float, float]]) -> tuple[list[float], list[float]]:
    nowhere = (float("nan"), float("nan"))
    found = [points.get(fold_ascii(one or ""), nowhere) for one in ids]
    return [x for x, _ in found], [y for _, y in found]


def _centres(elements: ElementSet) -> dict[str, tuple[float, float]]:
    """Middle of each subcatchment's polygon."""
    corners: dict[str, list[tuple[float, float]]] = {}
    columns = elements.columns["polygons"]
    for one, x, y in zip(columns["id"], columns["x"], columns["y"], strict=True):
        corners.setdefault(fold_ascii(one or ""), []).append((x, y))
    return {
        one: (sum(x for x, _ in points) / len(points), sum(y for _, y in points) / len(points))
        for one, points in corners.items()
    }


def _shapes(document: InpDocument, options: ModelOptions) -> dict[str, tuple[str | None, float]]:
    shapes: dict[str, tuple[str | None, float]] = {}
    for row in document["XSECTIONS"]:
        shape = row.tokens[1].upper() if len(row.tokens) > 1 else None
        size = None
        if shape not in ("IRREGULAR", "STREET") and len(row.tokens) > 2:
            size = read_number(row.tokens[2]).value
        height = float("nan") if size is None else size * options.units.length_m
        shapes.setdefault(fold_ascii(row.tokens[0]), (shape, height))
    return shapes


def _vertices(elements: ElementSet) -> Table:
    columns = elements.columns["vertices"]
    names = {fold_ascii(one): one for spec in LINK_SPECS for one in elements.columns[spec.table]["id"] if one}
    rows = [
        (names[fold_ascii(one)], x, y)
        for one, x, y in zip(columns["id"], columns["x"], columns["y"], strict=True)
        if one and fold_ascii(one) in names
    ]
    return VERTICES.build(link=[r[0] for r in rows], x=[r[1] for r in rows], y=[r[2] for r in rows])
