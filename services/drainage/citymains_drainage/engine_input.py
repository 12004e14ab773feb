"""The text the engine is fed with: the canonical document with what the engine cannot take made legal.

Ids that are long, not ASCII or hold blanks get short aliases; the engine uses one thread
(several threads on a busy machine run slower or never finish); every node and link is saved.
Scenario edits are made here, on the rows, so that the stored model stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from citymains.errors import InputError, Issue
from citymains.intake.ids import IdMap, fold_ascii
from citymains.intake.inp import InpDocument, InpRow, write_inp
from citymains.intake.numbers import read_number
from citymains.model.scenario import Lose, ScaleDemand, Scenario

from citymains_drainage.checks import long_words
from citymains_drainage.options import ModelOptions
from citymains_drainage.sections import SHARED_DEFINITIONS, SINGLE_DEFINITIONS

#: Longest id the engine is given as it is; longer ones get an alias.
MOST_ID_BYTES = 31
#: Curve by which a lost pump delivers nothing at any depth, whatever its levels and the rules set.
NO_FLOW_CURVE = "LOSTPUMP"

_LEGAL_ID = re.compile(r"[!#-:<-Z\\^-~][!#-:<-~]*\Z")
_WORD = re.compile(r"[\w-]+")
_NOT_FOR_ENGINE = (
    "TITLE",
    "REPORT",
    "TAGS",
    "MAP",
    "COORDINATES",
    "VERTICES",
    "POLYGONS",
    "SYMBOLS",
    "LABELS",
    "PROFILES",
)


@dataclass(frozen=True)
class EngineInput:
    """What the engine gets, and how to read its answers."""

    text: str
    originals: Mapping[str, str]
    """Id of the model by the engine's alias, for those that have one."""
    sections: tuple[tuple[str, int], ...]
    """Section and line of the canonical document by line of the text, from line 1."""
    definitions: Mapping[str, tuple[str, int]]
    """Section and line of the canonical document where each id is defined."""

    def original(self, engine_id: str) -> str:
        """The model's id for one of the engine."""
        return self.originals.get(engine_id, engine_id)

    def told(self, text: str) -> str:
        """A text of the engine with the model's ids in it."""
        return _WORD.sub(lambda match: self.originals.get(match[0], match[0]), text)

    def place(self, line: int) -> tuple[str, int]:
        """Section and line in the canonical document of a line of the engine's text; ``("", 0)``: none."""
        return self.sections[line - 1] if 0 < line <= len(self.sections) else ("", 0)


def legal_id(one: str) -> bool:
    """Whether the engine takes an id as it is."""
    return len(one.encode()) <= MOST_ID_BYTES and _LEGAL_ID.match(one) is not None


def id_map(document: InpDocument) -> IdMap:
    """Aliases for every id of the document the engine does not take."""
    return IdMap.of(_ids(document), legal_id, prefix="cm")


def check_words(document: InpDocument) -> Iterator[Issue]:
    """Words that stay too long for the engine after ids have got their aliases."""
    return long_words(id_map(document).renamed(document.without(_NOT_FOR_ENGINE)))


def engine_input(
    document: InpDocument, options: ModelOptions, *, scenario: Scenario, hours: float | None
) -> EngineInput:
    """The engine's text of a document under a scenario.

    Parameters
    ----------
    document : InpDocument
        The canonical document.
    options : ModelOptions
        Its options.
    scenario : Scenario
        With `Lose` of pumps and `ScaleDemand` edits.
    hours : float, optional
        Simulated time instead of the model's [h], > 0.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT.
    """
    changed = _with_scenario(document, scenario)
    changed = _with_options(changed, options, hours)
    changed = changed.without(_NOT_FOR_ENGINE)
    ids = id_map(document)
    changed = ids.renamed(changed).with_rows("REPORT", [("NODES", "ALL"), ("LINKS", "ALL")])
    text = write_inp(changed)
    return EngineInput(text, ids.originals(), tuple(_places(changed)), _definitions(document))


def _ids(document: InpDocument) -> Iterator[str]:
    for section in (*SINGLE_DEFINITIONS, *SHARED_DEFINITIONS):
        for row in document[section]:
            yield row.tokens[0]
    for row in document["TRANSECTS"]:
        if row.tokens[0].upper() == "X1":
            yield from row.tokens[1:2]
    for row in document["CONTROLS"]:
        if row.tokens[0].upper() == "RULE":
            yield from row.tokens[1:2]


def _definitions(document: InpDocument) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    for section in (*SINGLE_DEFINITIONS, *SHARED_DEFINITIONS):
        for row in document[section]:
            found.setdefault(row.tokens[0], (row.section, row.line))
    return found


def _places(document: InpDocument) -> Iterator[tuple[str, int]]:
    """Section and line of each line that `write_inp` writes, in its order."""
    first = True
    for section in document.format.sections:
        rows = document[section.name]
        if not rows:
            continue
        if not first:
            yield "", 0
        first = False
        yield section.name, 0
        for row in rows:
            yield section.name, row.line


def _with_options(document: InpDocument, options: ModelOptions, hours: float | None) -> InpDocument:
    ours = {"THREADS": "1"}
    if hours is not None:
        end = options.start + timedelta(hours=hours)
        ours |= {"END_DATE": end.strftime("%m/%d/%Y"), "END_TIME": end.strftime("%H:%M:%S")}
    kept = document.map_rows(
        lambda row: None if row.section == "OPTIONS" and row.tokens[0].upper() in ours else row
    )
    return kept.with_rows("OPTIONS", ours.items())


def _with_scenario(document: InpDocument, scenario: Scenario) -> InpDocument:
    for edit in scenario.edits:
        if isinstance(edit, Lose):
            document = _lost(document, edit)
        elif isinstance(edit, ScaleDemand):
            document = _scaled(document, edit)
    return document


def _lost(document: InpDocument, edit: Lose) -> InpDocument:
    for field, ids in (("source", edit.sources), ("plant", edit.plants), ("regulator", edit.regulators)):
        if ids:
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field=field, value=ids[0])
    if edit.start_s or edit.end_s is not None:
        raise InputError("DRAINAGE_LOSS_WINDOW", value=f"{edit.start_s} .. {edit.end_s}")
    _require(edit.pumps, (row.tokens[0] for row in document["PUMPS"]), "pump")
    return without_pumps(document, edit.pumps)


def without_pumps(document: InpDocument, pumps: Iterable[str]) -> InpDocument:
    """The document with pumps that deliver nothing, whatever their levels and the rules set."""
    lost = {fold_ascii(one) for one in pumps}
    name = NO_FLOW_CURVE
    while any(fold_ascii(row.tokens[0]) == name for row in document["CURVES"]):
        name += "X"

    def stop(row: InpRow) -> InpRow:
        if row.section != "PUMPS" or fold_ascii(row.tokens[0]) not in lost:
            return row
        return replace(row, tokens=(*row.tokens[:3], name, *(row.tokens[4:] or ("OFF",))))

    return document.map_rows(stop).with_rows("CURVES", [(name, "PUMP2", "0", "0"), (name, "1000", "0")])


def _scaled(document: InpDocument, edit: ScaleDemand) -> InpDocument:
    """Dry-weather flow and external inflow of flow times the factor; what the rain brings stays."""
    nodes = [
        row.tokens[0]
        for section in ("JUNCTIONS", "OUTFALLS", "DIVIDERS", "STORAGE")
        for row in document[section]
    ]
    _require(edit.nodes, nodes, "node")
    chosen = {fold_ascii(one) for one in edit.nodes or nodes}

    def scale(row: InpRow) -> InpRow:
        words = list(row.tokens)
        if row.section not in ("DWF", "INFLOWS") or fold_ascii(words[0]) not in chosen or not _is_flow(row):
            return row
        for position in (2,) if row.section == "DWF" else (5, 6):
            if position < len(words):
                value = read_number(words[position]).value
                words[position] = words[position] if value is None else repr(value * edit.factor)
            elif position == 5:
                # Without scale factor the engine takes 1; the columns before it need their defaults too.
                words += ["FLOW", "1.0", repr(edit.factor)][len(words) - 3 :]
        return replace(row, tokens=tuple(words))

    return document.map_rows(scale)


def nodes_without_demand(document: InpDocument, scenario: Scenario) -> Iterator[str]:
    """Nodes a `ScaleDemand` edit names that have nothing to scale."""
    fed = {
        fold_ascii(row.tokens[0])
        for section in ("DWF", "INFLOWS")
        for row in document[section]
        if _is_flow(row)
    }
    for edit in scenario.edits:
        if isinstance(edit, ScaleDemand):
            yield from (node for node in edit.nodes if fold_ascii(node) not in fed)


def _is_flow(row: InpRow) -> bool:
    return len(row.tokens) > 1 and row.tokens[1].upper() == "FLOW"


def _require(wanted: Iterable[str], known: Iterable[str], field: str) -> None:
    have = {fold_ascii(one) for one in known}
    for one in wanted:
        if fold_ascii(one) not in have:
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field=field, value=one)
