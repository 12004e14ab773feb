"""What the engine is fed: the network's document with a scenario's edits and ids it can take."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from citymains.intake.ids import IdMap
from citymains.intake.inp import InpDocument, InpRow, read_inp, write_inp
from citymains.intake.source import SourceFile
from citymains.intake.text import decode
from citymains.model.network import Network
from citymains.model.table import Table

from citymains_water.format import EPANET_INP, NOT_HYDRAULIC

#: EPANET's longest id, in bytes.
MAX_ID_BYTES = 31

_ID_TABLES = ("junctions", "reservoirs", "tanks", "pipes", "pumps", "valves", "patterns", "curves")


@dataclass(frozen=True)
class Demands:
    """How demands meet pressure, in the units of the file.

    Parameters
    ----------
    model : str
        ``DDA`` or ``PDA``, as EPANET calls them.
    minimum, required : float
        Pressure without and with full delivery, in the file's unit of pressure.
    exponent : float
    """

    model: str
    minimum: float = 0.0
    required: float = 0.1
    exponent: float = 0.5

    def rows(self) -> list[tuple[str, ...]]:
        """Rows of [OPTIONS]."""
        if self.model == "DDA":
            return [("DEMAND", "MODEL", "DDA")]
        return [
            ("DEMAND", "MODEL", "PDA"),
            ("MINIMUM", "PRESSURE", repr(self.minimum)),
            ("REQUIRED", "PRESSURE", repr(self.required)),
            ("PRESSURE", "EXPONENT", repr(self.exponent)),
        ]


def stored_document(content: bytes, name: str) -> InpDocument:
    """The document of a network as the store keeps it."""
    document, _ = read_inp(decode(SourceFile(name, content)), name, EPANET_INP)
    return document


def engine_text(document: InpDocument, ids: IdMap, demands: Demands) -> str:
    """The text EPANET is given: hydraulics alone, ASCII alone, with the demand model asked for."""
    document = _without_idle_curves(document.without(NOT_HYDRAULIC))
    document = document.map_rows(_for_engine).with_rows("OPTIONS", demands.rows())
    return write_inp(ids.renamed(document))


def anchored(
    document: InpDocument, parts: Sequence[str], known: Container[str]
) -> tuple[InpDocument, list[str]]:
    """Give every part without a source one of its own, so that the rest can be solved.

    EPANET refuses a network with demand in a part that nothing feeds. What it then finds in
    such a part is thrown away; the other parts are not touched by it.

    Parameters
    ----------
    document : InpDocument
    parts : sequence of str
        A node of each part.
    known : container of str
        Ids that are taken.

    Returns
    -------
    document : InpDocument
    anchors : list of str
        Ids of the added sources, and of the links to them; both come last in their kind.
    """
    names = (name for number in count(1) if (name := f"anchor-{number}") not in known)
    anchors = [next(names) for _ in parts]
    # A row of [TANKS] with a head alone is a reservoir to EPANET, and the last of its nodes.
    tanks = [(anchor, "0") for anchor in anchors]
    valves = [(anchor, anchor, part, "300", "TCV", "0") for anchor, part in zip(anchors, parts, strict=True)]
    return document.with_rows("TANKS", tanks).with_rows("VALVES", valves), anchors


def engine_ids(network: Network, document: InpDocument) -> IdMap:
    """Aliases for the ids of a network that EPANET cannot take."""
    return engine_ids_of({table.name: table for table in network.tables}, document)


def engine_ids_of(tables: Mapping[str, Table], document: InpDocument) -> IdMap:
    """The same from element tables by name."""
    return IdMap.of(_ids(tables, document), legal_id)


def legal_id(one: str) -> bool:
    """Whether EPANET takes an id: printable ASCII, at most 31 bytes, no blank, quote or bracket first."""
    return (
        0 < len(one) <= MAX_ID_BYTES
        and one.isascii()
        and one.isprintable()
        and not any(mark in one for mark in ' ";')
        and not one.startswith("[")
    )


def _ids(tables: Mapping[str, Table], document: InpDocument) -> Iterable[str]:
    for name in _ID_TABLES:
        if name in tables:
            yield from (one for one in tables[name].texts("id") if one is not None)
    for row in document["RULES"]:
        if row.tokens[0].upper().startswith("RULE") and len(row.tokens) > 1:
            yield row.tokens[1]


#: How many words EPANET takes of a row, and where it takes no ``*`` for a pattern that is missing.
_RESERVOIR_WORDS = 3
_NO_STAR = {"JUNCTIONS": 3, "RESERVOIRS": 2, "DEMANDS": 2}


def _without_idle_curves(document: InpDocument) -> InpDocument:
    """The document without curves that nothing follows, such as those of efficiency.

    EPANET 2.3 refuses to calculate where the points of any curve are out of order; 2.2 does
    not look at those it does not need.
    """
    named = {
        token for section in ("PUMPS", "TANKS", "VALVES") for row in document[section] for token in row.tokens
    }
    return document.map_rows(
        lambda row: None if row.section == "CURVES" and row.tokens[0] not in named else row
    )


def _for_engine(row: InpRow) -> InpRow | None:
    first = row.tokens[0].upper()
    if row.section == "RESERVOIRS":
        row = replace(row, tokens=row.tokens[:_RESERVOIR_WORDS])
    star = _NO_STAR.get(row.section)
    if star is not None and row.tokens[star : star + 1] == ("*",):
        return replace(row, tokens=row.tokens[:star])
    if row.section == "OPTIONS":
        second = row.tokens[1].upper() if len(row.tokens) > 1 else ""
        demand_model = (
            (first.startswith("DEMA") and second.startswith("MODE"))
            or (first.startswith(("MINI", "REQ")) and second.startswith("PRES"))
            or (first.startswith("PRES") and second.startswith("EXP"))
        )
        return None if first.startswith("QUAL") or demand_model else row
    if row.section == "TIMES" and first.startswith("STAT"):
        return None  # would change what is reported, which is every step here
    return row
