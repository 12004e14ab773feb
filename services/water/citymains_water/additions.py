"""What a scenario adds to the engine's model: gates that close at a time, holes that discharge.

The added nodes and links are the engine's alone. :class:`Additions` says which they are, so
that answers come back in the network's own elements.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from itertools import count

from citymains.intake.inp import InpDocument, InpRow


@dataclass(frozen=True)
class Additions:
    """Nodes and links that are in the engine's model and not in the network."""

    nodes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    series: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Added links that stand in a row with a link of the network: it is open where all of them are."""
    halves: Mapping[str, str] = field(default_factory=dict)
    """The second half of a broken pipe, by the pipe's id."""
    outlets: Mapping[str, str] = field(default_factory=dict)
    """The link through which a broken pipe discharges, by the pipe's id."""

    def all_in_series(self, link: str) -> list[str]:
        """Every added link that stands in a row with `link`, those behind its second half too."""
        return [one for added in self.series.get(link, ()) for one in (added, *self.all_in_series(added))]

    def with_link(self, link: str, added: str, node: str) -> Additions:
        """One more link in a row with `link`, behind one more node."""
        series = {**self.series, link: (*self.series.get(link, ()), added)}
        return replace(self, nodes=(*self.nodes, node), links=(*self.links, added), series=series)


def fresh(prefix: str, taken: Container[str]) -> str:
    """The first of ``prefix-1``, ``prefix-2``, ... that is not taken."""
    return next(name for number in count(1) if (name := f"{prefix}-{number}") not in taken)


def ids_in(document: InpDocument) -> set[str]:
    """Ids of every node and link of a document."""
    sections = ("JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS", "VALVES")
    return {row.tokens[0] for section in sections for row in document[section]}


def elevation_word(document: InpDocument, node: str) -> str:
    """Elevation of a node (of a reservoir its head), as the file writes it."""
    for section in ("JUNCTIONS", "TANKS", "RESERVOIRS"):
        for row in document[section]:
            if row.tokens[0] == node:
                return row.tokens[1] if len(row.tokens) > 1 else "0"
    return "0"


def with_gate(
    document: InpDocument, link: str, additions: Additions, diameter_mm: float
) -> tuple[InpDocument, Additions, str]:
    """Put a gate without resistance at the end of a link that the model itself opens and closes.

    The gate is closed by controls of its own, so nothing in the model can undo them, and when
    they are over the model governs its link as before.

    Returns
    -------
    document : InpDocument
    additions : Additions
    gate : str
    """
    taken = ids_in(document)
    gate, node = fresh("gate", taken), fresh("gate-node", taken)
    row = next(
        row for section in ("PIPES", "PUMPS", "VALVES") for row in document[section] if row.tokens[0] == link
    )
    end = row.tokens[2]

    def change(one: InpRow) -> InpRow:
        return replace(one, tokens=(*one.tokens[:2], node, *one.tokens[3:])) if one is row else one

    document = document.map_rows(change)
    document = document.with_rows("JUNCTIONS", [(node, elevation_word(document, end))])
    document = document.with_rows("VALVES", [(gate, node, end, repr(diameter_mm), "TCV", "0")])
    return document, additions.with_link(link, gate, node), gate
