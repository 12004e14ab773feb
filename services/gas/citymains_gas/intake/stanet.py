"""STANET's CSV export: looked through for what is missing, then converted by pandapipes in a process of its own."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from citymains.errors import Issue, SolverError, issue
from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile

import citymains_gas.messages  # noqa: F401  (registers the texts)

if TYPE_CHECKING:
    from citymains.workbench import Workbench

_IMPORTER: Final = "stanet-csv/1"

#: Where the converter is found; it runs in an engine process.
CONVERTER: Final = "citymains_gas.solver_stanet:StanetConverter"

_MARKS: Final = (b"DAKTEXNET", b"REM Knotendaten", b"QUESTANET")

#: Tables without which there is no network, and columns the converter reads of each.
NEEDED: Final = {
    "Knotendaten": ("RECNO", "XRECHTS", "YHOCH", "GEOH", "PRECH"),
    "Leitungsdaten": ("RECNO", "ANFNR", "ENDNR", "RORL", "DM", "RAU"),
    "Netzparameterdaten": (
        "MEDI",
        "RHON",
        "CG",
        "ETA",
        "TS",
        "T0",
        "TEMPCALC",
        "TEMP",
        "CALCDIRTY",
        "KPAR",
        "LAM",
        "IMAX",
    ),
}

#: Columns older exports do not have, with what the converter is given instead.
_OLDER: Final = {"Netzparameterdaten": {"HCALCDIRTY": "1"}}


def is_stanet(file: SourceFile) -> bool:
    """Whether a file is an export of STANET."""
    head = file.content[:65536]
    return head.startswith(_MARKS[0]) or any(mark in head for mark in _MARKS[1:])


def read_stanet(file: SourceFile, workbench: Workbench) -> Intake:
    """Read an export: gas networks, with house connections, meters, valves and regulators as pandapipes converts them."""
    text = file.content.decode("cp1252", errors="replace")
    tables, issues = _tables(text, file.name)
    text, repairs = _completed(text, tables, file.name)
    issues += repairs
    if any(one.severity == "error" for one in issues):
        return Intake(document=b"", issues=tuple(issues), importer=_IMPORTER)
    try:
        with workbench.engines.session(CONVERTER, {"text": text}, element=file.name) as session:
            answer: dict[str, Any] = dict(session.run({}))
    except SolverError as error:
        why = str(error.context.get("value", error.code)) if hasattr(error, "context") else error.code
        issues.append(issue("GAS_STANET_FAILED", file=file.name, value=why))
        return Intake(document=b"", issues=tuple(issues), importer=_IMPORTER)
    intake = read_pipes(SourceFile(file.name, answer["json"].encode()), utility="gas")
    told = [
        issue("GAS_STANET_WARNING", severity="warning", file=file.name, value=one)
        for one in answer["warnings"]
    ]
    if answer["friction_model"]:
        told.append(
            issue("GAS_STANET_FRICTION", severity="warning", file=file.name, value=answer["friction_model"])
        )
    return replace(intake, issues=(*issues, *told, *intake.issues), importer=_IMPORTER)


def _tables(text: str, file: str) -> tuple[dict[str, int], list[Issue]]:
    """Line of the internal heading of each table, and what is missing."""
    lines = text.splitlines()
    found = {
        match[1]: number + 3
        for number, line in enumerate(lines)
        if (match := re.match(r"REM (\w+daten)$", line.strip()))
    }
    issues = []
    for table, columns in NEEDED.items():
        if table not in found or found[table] >= len(lines):
            issues.append(
                issue("GAS_STANET_TABLE", file=file, section=table, value=table, limit=", ".join(NEEDED))
            )
            continue
        heading = {one.lstrip("!") for one in lines[found[table]].strip().split(";")}
        issues += [
            issue("GAS_STANET_COLUMN", file=file, line=found[table] + 1, section=table, field=column)
            for column in columns
            if column not in heading
        ]
    return found, issues


def _completed(text: str, tables: dict[str, int], file: str) -> tuple[str, list[Issue]]:
    """The text with columns that older exports lack."""
    lines, issues = text.splitlines(), []
    for table, columns in _OLDER.items():
        at = tables.get(table)
        if at is None or at >= len(lines):
            continue
        heading = [one.lstrip("!") for one in lines[at].strip().split(";")]
        for name, value in columns.items():
            if name in heading:
                continue
            row = at
            while row < len(lines) and lines[row].strip():
                lines[row] = f"{lines[row].rstrip().rstrip(';')};{name if row == at else value}"
                row += 1
            issues.append(
                issue(
                    "GAS_STANET_COLUMN_ADDED",
                    severity="repair",
                    file=file,
                    line=at + 1,
                    section=table,
                    field=name,
                    value=value,
                )
            )
    return "\n".join(lines) + "\n", issues
