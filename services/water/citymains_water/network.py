"""Reading an EPANET INP file: what stands in it, what is wrong with it, and what was mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.elements import ElementSet, read_elements
from citymains.intake.inp import InpDocument, InpRow, read_inp, write_inp
from citymains.intake.numbers import read_number
from citymains.intake.source import Intake, SourceFile
from citymains.intake.text import decode
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

from citymains_water import messages, schema
from citymains_water.checks import check_model
from citymains_water.controls import ControlCheck
from citymains_water.format import EPANET_INP
from citymains_water.legacy import modernise
from citymains_water.pumps import PumpReader
from citymains_water.settings import Settings, read_settings

__all__ = ["IMPORTER", "messages", "read_network"]

#: Name and version of this reader, for the provenance.
IMPORTER = "epanet-inp/1"

_X = ColumnSpec("x", Kind.FLOAT, "Coordinate to the east, or longitude, in the file's system.")
_Y = ColumnSpec("y", Kind.FLOAT, "Coordinate to the north, or latitude.")
VERTICES = TableSpec(
    "vertices",
    "Bends of links, in order from start to end.",
    (ColumnSpec("link", Kind.TEXT, "Id of the link."), _X, _Y),
)
_MODEL_TABLES = (schema.DEMANDS, schema.EMITTERS, schema.LEAKAGE)


def read_network(file: SourceFile) -> Intake:
    """Read an EPANET INP file completely.

    Parameters
    ----------
    file : SourceFile
        UTF-8 with or without mark, GB18030, UTF-16 or Windows-1252; any line ends.

    Returns
    -------
    Intake
        Element tables in SI units, the canonical INP text, and every issue at once. Never
        raises for content.
    """
    document, issues = read_inp(decode(file), file.name, EPANET_INP)
    if any(
        one.code.startswith("FILE_") and one.severity == "error" and one.code != "FILE_TRUNCATED"
        for one in issues
    ):
        return Intake(document=b"", issues=issues, importer=IMPORTER)
    document, told = modernise(document)
    settings, document, doubts = read_settings(document)
    elements = read_elements(document, (*schema.ELEMENTS, *schema.CHECKED), settings.units.factors())
    document = elements.document
    nodes, links = elements.ids["nodes"], elements.ids["links"]
    pumps = PumpReader(document, settings.units, elements.ids)
    document, coordinates, bends, places = _places(document, nodes, links)
    issues = (
        *issues,
        *told,
        *doubts,
        *elements.issues,
        *pumps.issues,
        *places,
        *ControlCheck(document, nodes, links).issues(),
        *check_model(document, elements, settings),
    )
    return Intake(
        document=write_inp(document).encode(),
        tables=_tables(elements, pumps, coordinates, bends),
        issues=tuple(sorted(issues, key=lambda one: one.line or 0)),
        importer=IMPORTER,
        options=_options(settings),
    )


def _options(settings: Settings) -> Mapping[str, str]:
    return {
        "units": settings.units.flow,
        "headloss": settings.headloss,
        "demand_model": settings.demand_model,
        "duration_s": f"{settings.duration_s:g}",
        "report_step_s": f"{settings.report_step_s:g}",
        "default_pattern": settings.default_pattern,
        "demand_multiplier": f"{settings.numbers.get('DEMAND MULTIPLIER', 1.0):g}",
    }


Point = tuple[float, float]


def _places(
    document: InpDocument, nodes: Mapping[str, Any], links: Mapping[str, Any]
) -> tuple[InpDocument, dict[str, Point], list[tuple[str, float, float]], list[Issue]]:
    """Coordinates and bends; rows for things that do not exist are left out and told."""
    issues: list[Issue] = []
    coordinates: dict[str, Point] = {}
    bends: list[tuple[str, float, float]] = []

    def take(row: InpRow) -> InpRow | None:
        if row.section not in ("COORDINATES", "VERTICES"):
            return row
        place: dict[str, Any] = {
            "file": document.file,
            "line": row.line,
            "section": row.section,
            "element": row.tokens[0],
        }
        if row.tokens[0] not in (nodes if row.section == "COORDINATES" else links):
            issues.append(
                issue(
                    "PLACE_UNKNOWN",
                    severity="repair",
                    field=row.section.lower(),
                    value=row.tokens[0],
                    **place,
                )
            )
            return None
        numbers = [read_number(word) for word in row.tokens[1:3]]
        values = [one.value for one in numbers]
        if len(values) < 2 or None in values:
            what = {"field": row.section.lower(), "value": " ".join(row.tokens[1:])}
            issues.append(issue("PLACE_INVALID", severity="repair", **what, **place))
            return None
        x, y = (float(value) for value in values if value is not None)
        if row.section == "COORDINATES":
            coordinates[row.tokens[0]] = (x, y)
        else:
            bends.append((row.tokens[0], x, y))
        return row

    return document.map_rows(take), coordinates, bends, issues


def _tables(
    elements: ElementSet,
    pumps: PumpReader,
    coordinates: Mapping[str, Point],
    bends: Sequence[tuple[str, float, float]],
) -> tuple[Table, ...]:
    tables = []
    for spec in (schema.JUNCTIONS, schema.RESERVOIRS, schema.TANKS):
        points = [coordinates.get(one, (float("nan"),) * 2) for one in elements.columns[spec.table]["id"]]
        tables.append(elements.table(spec, x=(_X, [x for x, _ in points]), y=(_Y, [y for _, y in points])))
    tables.append(elements.table(schema.PIPES))
    tables.append(elements.table(schema.PUMPS, **pumps.columns()))
    tables.append(elements.table(schema.VALVES))
    tables.append(
        VERTICES.build(
            link=[one[0] for one in bends], x=[one[1] for one in bends], y=[one[2] for one in bends]
        )
    )
    tables.extend(elements.table(spec) for spec in (schema.PATTERNS, schema.CURVES, *_MODEL_TABLES))
    return tuple(tables)
