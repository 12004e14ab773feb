"""Checks of a model as a whole: conditional references, pumps, and whether water can leave."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.elements import ElementSet
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_drainage.schema import LINK_SPECS, NODES, SUBCATCHMENTS
from citymains_drainage.sections import LINK_SECTIONS

#: The engine copies words into buffers of 256 bytes when it complains about them.
MOST_WORD_BYTES = 200

#: Sections of free words, where "nan" or "inf" may be a name.
_WORD_SECTIONS = frozenset(
    {"TITLE", "TAGS", "LABELS", "PROFILES", "CONTROLS", "MAP", "BACKDROP", "REPORT", "FILES"}
)
_PUMP_CURVES = re.compile(r"PUMP[1-5]\Z")
_CURVE_TYPES = (
    "STORAGE",
    "DIVERSION",
    "TIDAL",
    "RATING",
    "CONTROL",
    "SHAPE",
    "WEIR",
    "PUMP1",
    "PUMP2",
    "PUMP3",
    "PUMP4",
    "PUMP5",
)
_NO_CROSS_SECTION = frozenset({"PUMPS", "OUTLETS"})


def _told(row: InpRow, code: str, document: InpDocument, severity: str = "error", **context: Any) -> Issue:
    place = {"file": document.file, "line": row.line, "section": row.section, "element": row.tokens[0]}
    return issue(code, severity=severity, **{**place, **context})


def stray_numbers(document: InpDocument, told: Iterable[Issue]) -> Iterator[Issue]:
    """Words such as ``nan`` outside the columns that are read as numbers; `told` is what those have found."""
    lines = {one.line for one in told if one.code == "NUMBER_NOT_FINITE"}
    for section, rows in document.rows.items():
        if section in _WORD_SECTIONS:
            continue
        for row in rows:
            if row.line in lines:
                continue
            for word in row.tokens[1:]:
                if read_number(word).code == "NUMBER_NOT_FINITE":
                    yield _told(row, "NUMBER_NOT_FINITE", document, field="value", value=word)


def long_words(document: InpDocument) -> Iterator[Issue]:
    """Words that would overrun the engine's buffers; ids are replaced before, so this is everything else."""
    for section, rows in document.rows.items():
        if section == "TITLE":
            continue
        for row in rows:
            longest = max(row.tokens, key=lambda word: len(word.encode()))
            if len(longest.encode()) > MOST_WORD_BYTES:
                yield _told(
                    row,
                    "INP_TOKEN_TOO_LONG",
                    document,
                    element=row.tokens[0][:60],
                    value=len(longest),
                    limit=MOST_WORD_BYTES,
                )


class References:
    """References that depend on another word of the row."""

    def __init__(self, document: InpDocument, elements: ElementSet) -> None:
        self.document = document
        self.known = {space: {fold_ascii(one) for one in ids} for space, ids in elements.ids.items()}
        self.known["TRANSECTS"] = {
            fold_ascii(row.tokens[1])
            for row in document["TRANSECTS"]
            if row.tokens[0].upper() == "X1" and len(row.tokens) > 1
        }

    def issues(self) -> Iterator[Issue]:
        """Every unknown id."""
        for section, (position, rules) in _CONDITIONAL.items():
            for row in self.document[section]:
                word = row.tokens[position].upper() if len(row.tokens) > position else ""
                space, at = rules.get(word, ("", 0))
                if space:
                    yield from self.check(row, at, space)
        for row in self.document["OUTFALLS"]:
            for word in row.tokens[5:6]:
                if fold_ascii(word) not in self.known.get(SUBCATCHMENTS, ()):
                    yield self.unknown(row, "route_to", word, SUBCATCHMENTS)
        for row in self.document["HYDROGRAPHS"]:
            if len(row.tokens) == 2:
                yield from self.check(row, 1, "rain gages")
        for row in self.document["INFLOWS"]:
            if len(row.tokens) > 7 and row.tokens[7] not in ("", "*"):
                yield from self.check(row, 7, "PATTERNS")
        for section in ("INFLOWS", "DWF"):
            for row in self.document[section]:
                if len(row.tokens) > 1 and row.tokens[1].upper() != "FLOW":
                    yield from self.check(row, 1, "POLLUTANTS")

    def check(self, row: InpRow, at: int, space: str) -> Iterator[Issue]:
        if len(row.tokens) <= at:
            yield _told(row, "FIELD_MISSING", self.document, field=space.lower())
        elif fold_ascii(row.tokens[at]) not in self.known.get(space, ()):
            yield self.unknown(row, space.lower(), row.tokens[at], space)

    def unknown(self, row: InpRow, field: str, word: str, space: str) -> Issue:
        return _told(row, "REFERENCE_UNKNOWN", self.document, field=field, value=word, limit=space)


#: Section: position of the deciding word, and per word the namespace and position of the id.
_CONDITIONAL: dict[str, tuple[int, dict[str, tuple[str, int]]]] = {
    "RAINGAGES": (4, {"TIMESERIES": ("TIMESERIES", 5)}),
    "OUTFALLS": (2, {"TIDAL": ("CURVES", 3), "TIMESERIES": ("TIMESERIES", 3)}),
    "DIVIDERS": (3, {"TABULAR": ("CURVES", 4)}),
    "STORAGE": (4, {"TABULAR": ("CURVES", 5)}),
    "OUTLETS": (4, dict.fromkeys(("TABULAR", "TABULAR/DEPTH", "TABULAR/HEAD"), ("CURVES", 5))),
    "XSECTIONS": (1, {"IRREGULAR": ("TRANSECTS", 2), "STREET": ("STREETS", 2), "CUSTOM": ("CURVES", 3)}),
    "TEMPERATURE": (0, {"TIMESERIES": ("TIMESERIES", 1)}),
    "EVAPORATION": (0, {"TIMESERIES": ("TIMESERIES", 1), "RECOVERY": ("PATTERNS", 1)}),
}


def curve_types(document: InpDocument) -> Mapping[str, str]:
    """Type of each curve, by folded id; it stands in the curve's first row."""
    types: dict[str, str] = {}
    for row in document["CURVES"]:
        word = row.tokens[1].upper() if len(row.tokens) > 1 else ""
        types.setdefault(fold_ascii(row.tokens[0]), word)
    return types


def curves(document: InpDocument) -> Iterator[Issue]:
    """Curves without a type, which crash the engine, and points that are no pairs of numbers."""
    seen: set[str] = set()
    for row in document["CURVES"]:
        one = fold_ascii(row.tokens[0])
        words = list(row.tokens[1:])
        typed = bool(words) and words[0].upper().startswith(_CURVE_TYPES)
        if one not in seen and not typed:
            yield _told(
                row,
                "CHOICE_UNKNOWN",
                document,
                field="type",
                value=words[0] if words else "-",
                limit=" ".join(_CURVE_TYPES),
            )
        seen.add(one)
        points = words[1:] if typed else words
        if len(points) % 2 or (not points and not typed):
            yield _told(row, "FIELD_MISSING", document, field="y")
        for word in points:
            code = read_number(word).code
            if code and code != "NUMBER_NOT_FINITE":
                yield _told(row, code, document, field="x, y", value=word)


def pumps(document: InpDocument) -> Iterator[Issue]:
    """Pumps whose curve, wet well or levels cannot be meant."""
    types = curve_types(document)
    storages = {fold_ascii(row.tokens[0]) for row in document["STORAGE"]}
    for row in document["PUMPS"]:
        words = row.tokens
        if len(words) == 3:
            yield _told(row, "DRAINAGE_PUMP_WITHOUT_CURVE", document, "warning", field="curve")
        kind = types.get(fold_ascii(words[3]), "PUMP1") if len(words) > 3 and words[3] != "*" else ""
        if kind and not _PUMP_CURVES.match(kind):
            yield _told(row, "DRAINAGE_PUMP_CURVE_TYPE", document, field="curve", value=words[3], limit=kind)
        known = len(words) > 3 and fold_ascii(words[3]) in types
        if known and kind == "PUMP1" and fold_ascii(words[1]) not in storages:
            yield _told(row, "DRAINAGE_PUMP_WET_WELL", document, "warning", field="from_node", value=words[1])
        start, stop = (read_number(words[at]).value if len(words) > at else None for at in (5, 6))
        if start and stop and start <= stop:
            yield _told(
                row, "DRAINAGE_PUMP_LEVELS", document, field="start_depth_m", value=words[5], limit=words[6]
            )


def cross_sections(document: InpDocument) -> Iterator[Issue]:
    """Links that need a cross-section and have none; a file cut off at a line's end shows here."""
    have = {fold_ascii(row.tokens[0]) for row in document["XSECTIONS"]}
    for section in LINK_SECTIONS:
        if section in _NO_CROSS_SECTION:
            continue
        for row in document[section]:
            if fold_ascii(row.tokens[0]) not in have:
                yield _told(row, "DRAINAGE_NO_CROSS_SECTION", document)


def ways_out(document: InpDocument, elements: ElementSet) -> Iterator[Issue]:
    """Whether every node has a way, in either direction, to an outfall or at least a storage."""
    nodes = elements.ids.get(NODES, {})
    if not nodes:
        yield issue("DRAINAGE_NO_NODES", file=document.file)
        return
    if not any(document[section] for section in LINK_SECTIONS):
        yield issue("DRAINAGE_NO_LINKS", file=document.file)
    if not document["OUTFALLS"]:
        yield issue("DRAINAGE_NO_OUTFALL", file=document.file, section="OUTFALLS")
        return
    for part in _parts(nodes, chain(_ends(elements), _inlets(document, elements))):
        sections = {nodes[one].section for one in part}
        if "OUTFALLS" in sections:
            continue
        code, severity = (
            ("DRAINAGE_STORAGE_ISLAND", "warning")
            if "STORAGE" in sections
            else ("DRAINAGE_DISCONNECTED", "error")
        )
        first = min(part, key=lambda one: nodes[one].line)
        yield issue(
            code,
            severity=severity,
            file=document.file,
            line=nodes[first].line,
            section=nodes[first].section,
            element=first,
            value=len(part),
        )


def coordinates(document: InpDocument, elements: ElementSet) -> Iterator[Issue]:
    """Some nodes with coordinates and some without."""
    placed = {fold_ascii(row.tokens[0]) for row in document["COORDINATES"]}
    nodes = elements.ids.get(NODES, {})
    bare = [one for one in nodes if fold_ascii(one) not in placed]
    if "COORDINATES" in document.rows and bare:
        yield issue(
            "DRAINAGE_COORDINATES_MISSING",
            severity="warning",
            file=document.file,
            section="COORDINATES",
            element=bare[0],
            value=len(bare),
            limit=len(nodes),
        )


def _ends(elements: ElementSet) -> Iterator[tuple[str, str]]:
    for spec in LINK_SPECS:
        columns = elements.columns[spec.table]
        for a, b in zip(columns["from_node"], columns["to_node"], strict=True):
            if a is not None and b is not None:
                yield a, b


def _inlets(document: InpDocument, elements: ElementSet) -> Iterator[tuple[str, str]]:
    """Street inlets lead water from a conduit's start to a node of the sewer."""
    columns = elements.columns["conduits"]
    start = {
        fold_ascii(one): node for one, node in zip(columns["id"], columns["from_node"], strict=True) if one
    }
    names = {fold_ascii(one): one for one in elements.ids.get(NODES, {})}
    for row in document["INLET_USAGE"]:
        a = start.get(fold_ascii(row.tokens[0]))
        b = names.get(fold_ascii(row.tokens[2])) if len(row.tokens) > 2 else None
        if a is not None and b is not None:
            yield a, b


def _parts(nodes: Iterable[str], ends: Iterable[tuple[str, str]]) -> list[list[str]]:
    parent = {one: one for one in nodes}

    def root(one: str) -> str:
        while parent[one] != one:
            parent[one] = parent[parent[one]]
            one = parent[one]
        return one

    for a, b in ends:
        parent[root(a)] = root(b)
    parts: dict[str, list[str]] = {}
    for one in parent:
        parts.setdefault(root(one), []).append(one)
    return list(parts.values())
