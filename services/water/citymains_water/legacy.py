"""Spellings of EPANET 1 and 2.0 that EPANET 2.3 no longer reads, rewritten and told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_water.schema import TANK_RESERVOIR_WORDS


def modernise(document: InpDocument) -> tuple[InpDocument, list[Issue]]:
    """Rewrite tanks without levels, pumps with numbers for a curve, ``MULTIPLY``, and words without effect."""
    told: list[Issue] = []
    for rewrite in (_tanks, _pumps, _pump_words, _demand_multiplier, _active_status):
        document = rewrite(document, told)
    return document, told


def _repair(code: str, document: InpDocument, row: InpRow, **context: Any) -> Issue:
    place = {"file": document.file, "line": row.line, "section": row.section, "element": row.tokens[0]}
    return issue(code, severity="repair", **{**place, **context})


def _tanks(document: InpDocument, told: list[Issue]) -> InpDocument:
    moved = [row for row in document["TANKS"] if len(row.tokens) <= TANK_RESERVOIR_WORDS]
    if not moved:
        return document
    told.extend(_repair("TANK_READ_AS_RESERVOIR", document, row) for row in moved)
    rows = {
        **document.rows,
        "TANKS": tuple(row for row in document["TANKS"] if row not in moved),
        "RESERVOIRS": (*document["RESERVOIRS"], *(replace(row, section="RESERVOIRS") for row in moved)),
    }
    return replace(document, rows=rows)


def _pumps(document: InpDocument, told: list[Issue]) -> InpDocument:
    """Pumps of EPANET 1: ``power``, ``head flow``, or ``head0 head1 flow1 head2 flow2``."""
    changed: dict[tuple[str, int], tuple[str, ...]] = {}
    points: list[tuple[str, ...]] = []
    taken = {row.tokens[0] for row in document["CURVES"]}
    for row in document["PUMPS"]:
        words = row.tokens[3:]
        if not words or any(read_number(word).value is None for word in words) or len(words) in (3, 4):
            continue
        if len(words) == 1:
            changed[row.section, row.line] = (*row.tokens[:3], "POWER", words[0])
        else:
            name = _unused(f"{row.tokens[0]}-curve", taken)
            head_points = (
                [(words[1], words[0])]
                if len(words) == 2
                else [("0", words[0]), (words[2], words[1]), (words[4], words[3])]
            )
            points.extend((name, flow, head) for flow, head in head_points)
            changed[row.section, row.line] = (*row.tokens[:3], "HEAD", name)
        told.append(
            _repair(
                "PUMP_OLD_FORMAT",
                document,
                row,
                value=" ".join(words),
                limit=" ".join(changed[row.section, row.line][3:]),
            )
        )
    return document.with_tokens(changed).with_rows("CURVES", points)


def _pump_words(document: InpDocument, told: list[Issue]) -> InpDocument:
    """A last word without a value, which EPANET passes over."""
    changed: dict[tuple[str, int], tuple[str, ...]] = {}
    for row in document["PUMPS"]:
        words = row.tokens[3:]
        if len(words) % 2 == 1 and read_number(words[0]).value is None:
            changed[row.section, row.line] = row.tokens[:-1]
            told.append(_repair("PUMP_WORD_DROPPED", document, row, value=words[-1]))
    return document.with_tokens(changed)


def _active_status(document: InpDocument, told: list[Issue]) -> InpDocument:
    """``ACTIVE``, which valves are anyway, is no word of [STATUS] to EPANET."""
    found = [row for row in document["STATUS"] if len(row.tokens) == 2 and row.tokens[1].upper() == "ACTIVE"]
    told.extend(
        _repair("INP_LINE_DROPPED", document, row, field="status", value=" ".join(row.tokens))
        for row in found
    )
    return document.map_rows(lambda row: None if row in found else row) if found else document


def _demand_multiplier(document: InpDocument, told: list[Issue]) -> InpDocument:
    found = [
        row
        for row in document["DEMANDS"]
        if row.tokens[0].upper().startswith("MULT") and len(row.tokens) == 2
    ]
    if not found:
        return document
    told.extend(_repair("DEMAND_MULTIPLY_MOVED", document, row, value=row.tokens[1]) for row in found)
    kept = document.map_rows(lambda row: None if row in found else row)
    return kept.with_rows("OPTIONS", [("DEMAND", "MULTIPLIER", found[-1].tokens[1])])


def _unused(name: str, taken: set[str]) -> str:
    number = 1
    unique = name
    while unique in taken:
        number += 1
        unique = f"{name}{number}"
    taken.add(unique)
    return unique
