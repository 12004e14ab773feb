"""What a ranking may lose, as links to close."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from citymains.errors import InputError, issue
from citymains.isolation.layout import Layout
from citymains.model.network import Network
from citymains.topology.cuts import Cut, Cuts
from citymains.topology.graph import pick
from citymains.topology.segments import ValveLayer

#: Kinds of losses, in the order of the docs.
KINDS = ("pipe", "segment", "valve", "pump", "tank", "source")


@dataclass(frozen=True)
class Candidate:
    """One loss."""

    element: str
    kind: str
    closed: tuple[int, ...]
    """Links to close, by index."""
    shut: tuple[str, ...] = ()
    """Valves to shut."""


class Candidates:
    """The losses of a network.

    Parameters
    ----------
    network : Network
    layout : Layout
    layer : ValveLayer
        Decides segments, and what a valve that fails to close adds.
    """

    def __init__(self, network: Network, layout: Layout, layer: ValveLayer) -> None:
        self._network, self._layout, self._layer = network, layout, layer

    def of(self, kinds: Sequence[str], elements: Sequence[str] = ()) -> list[Candidate]:
        """The losses of some kinds; of some elements only, where any are given.

        Raises
        ------
        InputError
            ELEMENT_UNKNOWN, for every element that is none of these kinds.
        """
        found = [one for kind in dict.fromkeys(kinds) for one in getattr(self, f"_{kind}s")()]
        if not elements:
            return found
        wanted = set(elements)
        unknown = wanted - {one.element for one in found}
        if unknown:
            raise InputError(
                [issue("ELEMENT_UNKNOWN", field=" / ".join(kinds), value=one) for one in sorted(unknown)]
            )
        return [one for one in found if one.element in wanted]

    @cached_property
    def _cuts(self) -> Cuts:
        return Cuts(self._layout.graph, self._layer, self._layout.sources)

    def _pipes(self) -> Iterator[Candidate]:
        yield from self._links("pipe")

    def _pumps(self) -> Iterator[Candidate]:
        yield from self._links("pump")

    def _links(self, kind: str) -> Iterator[Candidate]:
        for link, one in enumerate(self._layout.link_kinds):
            if one == kind:
                yield Candidate(self._layout.graph.link_ids[link], kind, (link,))

    def _tanks(self) -> Iterator[Candidate]:
        yield from self._sources_of("tanks", "tank")

    def _sources(self) -> Iterator[Candidate]:
        yield from self._sources_of("reservoirs", "source")

    def _sources_of(self, table: str, kind: str) -> Iterator[Candidate]:
        graph = self._layout.graph
        for one in self._network.data(table).texts("id"):
            node = graph.node_index[str(one)]
            around = np.flatnonzero((graph.start == node) | (graph.end == node))
            yield Candidate(str(one), kind, tuple(around.tolist()))

    def _segments(self) -> Iterator[Candidate]:
        """Every segment with a pipe in it, named after its longest: isolating that pipe isolates the segment."""
        for segment in range(self._cuts.segments.count):
            cut = self._cuts.segment(segment)
            longest = self._longest(cut)
            if longest is not None:
                yield self._candidate(longest, "segment", cut)

    def _valves(self) -> Iterator[Candidate]:
        for valve, cut in self._cuts.failing_valves():
            yield self._candidate(self._layer.ids[valve], "valve", cut)

    def _candidate(self, element: str, kind: str, cut: Cut) -> Candidate:
        # A valve stands at the end of its link: closing the link is closing the valve.
        closed = np.union1d(cut.isolated_links, self._layer.link[cut.shut])
        return Candidate(element, kind, tuple(closed.tolist()), tuple(pick(self._layer.ids, cut.shut)))

    def _longest(self, cut: Cut) -> str | None:
        pipes = [link for link in cut.isolated_links.tolist() if self._layout.link_kinds[link] == "pipe"]
        if not pipes:
            return None
        longest = max(pipes, key=lambda link: float(self._layout.length_m[link]))
        return str(self._layout.graph.link_ids[longest])
