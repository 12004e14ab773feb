"""Gas and heating networks from JSON: our own documented format, and pandapipes' files as data.

The canonical document is our format with sorted names, sorted rows and shortest doubles, so
equal networks have equal bytes. ``docs/pandapipes-json.md`` describes it. No solver is
imported here, and nothing a file names is ever imported or unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any, Final

import citymains.intake.pandapipes_messages  # noqa: F401  (registers the texts)
from citymains.errors import Issue, issue
from citymains.intake.pandapipes_checks import check_network
from citymains.intake.pandapipes_columns import Columns, typed_tables
from citymains.intake.pandapipes_components import components_of
from citymains.intake.pandapipes_fluids import checked_fluid
from citymains.intake.pandapipes_foreign import is_pandapipes, read_pandapipes
from citymains.intake.pandapipes_json import Report, parse_file
from citymains.intake.source import Intake, SourceFile
from citymains.model.table import Table

FORMAT: Final = "citymains-pipes"
VERSION: Final = 1

_IMPORTER: Final = "citymains-pipes/2"
_THEIR_IMPORTER: Final = "pandapipes-json/2"


def read_pipes(file: SourceFile, *, utility: str) -> Intake:
    """Read a gas or heating network and report everything wrong with it at once.

    Parameters
    ----------
    file : SourceFile
        Our JSON, or a file pandapipes wrote.
    utility : {"gas", "heating"}
        Whose network it has to be.

    Returns
    -------
    Intake
        Canonical document, element tables, and every issue; never raises for content.
    """
    issues: list[Issue] = []
    value = parse_file(file, issues.append)
    if value is None:
        return Intake(document=b"", issues=tuple(issues), importer=_IMPORTER)
    theirs = is_pandapipes(value)
    raw: Mapping[str, Any] | None
    if theirs:
        raw = read_pandapipes(value, utility=utility, file=file.name, report=issues.append)
    else:
        raw = _checked_header(value, utility, file.name, issues.append)
    if raw is None:
        return Intake(document=b"", issues=tuple(issues), importer=_IMPORTER)
    document, tables = _canonical(raw, utility, file.name, issues.append)
    return Intake(
        document=b"" if any(one.severity == "error" for one in issues) else document,
        tables=tables,
        issues=tuple(issues),
        importer=_THEIR_IMPORTER if theirs else _IMPORTER,
        crs=str(raw.get("crs", "")),
    )


def _checked_header(
    value: Mapping[str, Any], utility: str, file: str, report: Report
) -> Mapping[str, Any] | None:
    """The document with its header checked; None where it is something else altogether."""

    def refuse(code: str, field: str, limit: Any) -> None:
        report(
            issue(
                code,
                file=file,
                section="header",
                field=field,
                value=str(value.get(field, "-"))[:80],
                limit=limit,
            )
        )

    if value.get("format") != FORMAT:
        report(
            issue(
                "FILE_WRONG_FORMAT",
                file=file,
                value=f"format is {str(value.get('format'))[:40]!r}",
                limit=FORMAT,
            )
        )
        return None
    if value.get("version") != VERSION:
        refuse("PIPES_VERSION", "version", VERSION)
    if value.get("utility") != utility:
        refuse("PIPES_WRONG_UTILITY", "utility", utility)
    known = ("format", "version", "utility", "fluid", "ambient_temperature_c", "crs", "tables")
    for name in value:
        if name not in known:
            report(
                issue("PIPES_COLUMN_UNKNOWN", file=file, section="header", field=name, limit=", ".join(known))
            )
    if not isinstance(value.get("crs", ""), str):
        refuse("PIPES_HEADER", "crs", "text")
        return {**value, "crs": ""}
    return value


def _canonical(
    raw: Mapping[str, Any], utility: str, file: str, report: Report
) -> tuple[bytes, tuple[Table, ...]]:
    """The canonical document and the element tables of a raw document."""
    ambient = raw.get("ambient_temperature_c", 20.0)
    if not isinstance(ambient, int | float) or isinstance(ambient, bool) or not -100.0 <= ambient <= 100.0:
        report(
            issue(
                "PIPES_HEADER",
                file=file,
                section="header",
                field="ambient_temperature_c",
                value=str(ambient)[:40],
                limit="-100 <= t <= 100",
            )
        )
        ambient = 20.0
    fluid = checked_fluid(raw.get("fluid"), utility=utility, file=file, report=report)
    refused: list[str] = []

    def noted(one: Issue) -> None:
        if one.severity == "error":
            refused.append(one.code)
        report(one)

    columns = typed_tables(raw.get("tables", {}), utility=utility, file=file, report=noted)
    check_network(columns, utility=utility, file=file, report=report, whole=not refused)
    content = {
        "format": FORMAT,
        "version": VERSION,
        "utility": utility,
        "fluid": fluid,
        "ambient_temperature_c": float(ambient),
        "tables": {name: _without_nan(table) for name, table in columns.items() if any(table.values())},
    }
    if raw.get("crs"):
        content["crs"] = raw["crs"]
    tables = tuple(
        one.spec.build(**columns[one.name])
        for one in components_of(utility)
        if one.name in ("junctions", "pipes") or columns.get(one.name, {}).get(one.fields[0].name)
    )
    return _encoded(content), tables


def _without_nan(columns: Columns) -> Columns:
    return {
        name: [None if isinstance(value, float) and math.isnan(value) else value for value in values]
        for name, values in columns.items()
    }


def _encoded(content: Mapping[str, Any]) -> bytes:
    # Broken Unicode has been reported by then; "replace" keeps this from failing on it too.
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"
