"""Every single loss of a heating network: what is shut for it, and what it cuts off by topology alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from citymains.errors import InputError
from citymains.model.scenario import Scenario
from citymains.topology.cuts import Cuts
from citymains.topology.dominators import DominatorTree, dominator_tree
from citymains.topology.graph import Graph, Indices, Mask, pick
from citymains.topology.segments import Segments, ValveLayer, valve_segments
from scipy import sparse

from citymains_heating.layout import HeatLayout

#: What can be lost.
KINDS: Final = ("pipe", "segment", "valve", "plant", "pump")


@dataclass(frozen=True, eq=False)
class Loss:
    """One loss.

    Attributes
    ----------
    element, kind : str
    edits : Scenario
        What the engine is given for it.
    lost : ndarray of int, or None
        Consumers that get nothing, where topology alone says that the others are not worse off. None:
        hydraulics has to answer.
    pipes : tuple of str
        Pipes out of service with it.
    """

    element: str
    kind: str
    edits: Scenario
    lost: Indices | None
    pipes: tuple[str, ...] = ()


class _Side:
    """One way of the water: out from the plants, or back to them."""

    def __init__(self, graph: Graph, roots: Indices, layer: ValveLayer, shut: Mask) -> None:
        self.graph, self.roots = graph, roots
        self._open = np.repeat(~shut[None, :], 2, axis=0).ravel()
        self._open[layer.incidence_in(graph)[layer.closed]] = False
        self.layer = layer
        self.reached = graph.supplied(roots, self._open)

    @cached_property
    def tree(self) -> DominatorTree:
        """Dominators of nodes and links from the plants."""
        graph = self.graph
        root = graph.node_count + graph.link_count
        inside = sparse.coo_matrix(graph.directed(self._open))
        rows = np.concatenate([inside.row, np.full(len(self.roots), root)])
        columns = np.concatenate([inside.col, self.roots])
        ones = np.ones(len(rows), dtype=np.int8)
        return dominator_tree(sparse.csr_matrix((ones, (rows, columns)), shape=(root + 1, root + 1)), root)

    @cached_property
    def cuts(self) -> Cuts:
        """Isolations of segments."""
        return Cuts(self.graph, self.layer, self.roots)

    def behind(self, link: int) -> Indices:
        """Nodes that are reached through one link alone."""
        vertex = self.graph.node_count + link
        if not self.tree.size[vertex]:
            return np.zeros(0, dtype=np.int64)
        below = self.tree.dominated(vertex)
        return np.asarray(below[below < self.graph.node_count], dtype=np.int64)

    def hangs(self, lost: Indices, closed: Indices) -> bool:
        """Whether what is lost hung on one place, so that nothing went through it to the rest."""
        gone = np.zeros(self.graph.node_count, dtype=np.bool_)
        gone[lost] = True
        if gone[self.roots].any():
            return False
        start, end = self.graph.start, self.graph.end
        touching = np.zeros(self.graph.link_count, dtype=np.bool_)
        touching[closed] = True
        touching |= gone[start] | gone[end]
        touching &= self.reached[1]
        ends = np.concatenate([start[touching], end[touching]])
        return len(np.unique(ends[~gone[ends] & self.reached[0][ends]])) <= 1


class Losses:
    """Losses of a network.

    Parameters
    ----------
    shape : HeatLayout
    valves : ValveLayer
        For segments, and valves that fail to close.
    """

    def __init__(self, shape: HeatLayout, valves: ValveLayer) -> None:
        self.shape = shape
        layout, passive = shape.layout, shape.passive
        self._kinds = list(layout.link_kinds)
        graph = layout.graph
        kept = valves.link < passive
        self.valves = ValveLayer(
            ids=pick(valves.ids, kept),
            link=valves.link[kept],
            at_end=valves.at_end[kept],
            usable=valves.usable[kept],
            closed=valves.closed[kept],
        )
        shut = layout.closed_links[:passive]
        one_way = None if graph.one_way is None else graph.one_way[:passive]
        start, end = graph.start[:passive], graph.end[:passive]
        names = list(graph.link_ids[:passive])
        plants = np.array([kind == "plant" for kind in self._kinds], dtype=np.bool_)
        inlets = np.unique(graph.start[plants & ~layout.closed_links]).astype(np.int64)
        forward = Graph(graph.node_ids, names, start, end, one_way)
        self.out = _Side(forward, layout.sources, self.valves, shut)
        # On the way back one-way links are gone through against their direction, seen from the plants.
        backward = Graph(graph.node_ids, names, end, start, one_way)
        turned = ValveLayer(
            self.valves.ids, self.valves.link, ~self.valves.at_end, self.valves.usable, self.valves.closed
        )
        self.back = _Side(backward, inlets, turned, shut)
        stations = [at for at, kind in enumerate(self._kinds) if kind in ("consumer", "heat_exchanger")]
        self.station_from, self.station_to = graph.start[stations], graph.end[stations]

    def of(self, kinds: Sequence[str]) -> list[Loss]:
        """Losses of some kinds, in the order of the kinds.

        Raises
        ------
        InputError
            ARGUMENT_INVALID: a kind there is not.
        """
        made: dict[str, Callable[[], Iterator[Loss]]] = {
            "pipe": self._pipes,
            "segment": self._segments,
            "valve": self._failing_valves,
            "plant": self._plants,
            "pump": self._pumps,
        }
        for kind in kinds:
            if kind not in made:
                raise InputError("ARGUMENT_INVALID", field="kinds", value=kind, limit=", ".join(KINDS))
        return [loss for kind in dict.fromkeys(kinds) for loss in made[kind]()]

    # -- kinds -----------------------------------------------------------------------------------------

    def _pipes(self) -> Iterator[Loss]:
        """Each pipe with the other one of its pair; a pair is one loss."""
        twin = self.shape.pairs.link
        names = self.out.graph.link_ids
        shut = self.shape.layout.closed_links
        for link in range(self.shape.passive):
            other = int(twin[link])
            if self._kinds[link] != "pipe" or shut[link] or 0 <= other < link:
                continue
            closed = [link] if other < 0 else [link, other]
            lost_out, lost_back = (
                np.unique(np.concatenate([side.behind(one) for one in closed]))
                for side in (self.out, self.back)
            )
            # The pair goes by the name of its supply pipe.
            named = next((one for one in closed if self.out.reached[1][one]), link)
            yield self._loss(
                names[named], "pipe", sorted(closed, key=lambda one: one != named), lost_out, lost_back
            )

    def _segments(self) -> Iterator[Loss]:
        seen: set[frozenset[int]] = set()
        for segment in range(self._segments_of.count):
            chosen = self._with_twins([segment])
            if self._links_of[segment] and chosen not in seen:
                seen.add(chosen)
                yield self._isolation(f"segment-{segment}", "segment", chosen)

    def _failing_valves(self) -> Iterator[Loss]:
        one, other = self._segments_of.valve_node_side, self._segments_of.valve_link_side
        matters = (one != other) & self.valves.usable & ~self.valves.closed
        for valve in np.flatnonzero(matters).tolist():
            chosen = self._with_twins([int(one[valve]), int(other[valve])])
            yield self._isolation(self.valves.ids[valve], "valve", chosen)

    def _plants(self) -> Iterator[Loss]:
        layout = self.shape.layout
        serving = [
            at for at, kind in enumerate(self._kinds) if kind == "plant" and not layout.closed_links[at]
        ]
        alone = np.array_equal(np.unique(layout.graph.end[serving]), layout.sources) and len(serving) == 1
        for at in serving:
            everything = np.arange(len(self.station_from)) if alone else None
            name = layout.graph.link_ids[at]
            yield Loss(name, "plant", Scenario.lose(plants=[name]), everything)

    def _pumps(self) -> Iterator[Loss]:
        layout = self.shape.layout
        for at, kind in enumerate(self._kinds):
            if kind == "pump" and not layout.closed_links[at]:
                name = layout.graph.link_ids[at]
                yield Loss(name, "pump", Scenario.lose(pumps=[name]), None)

    # -- inside ----------------------------------------------------------------------------------------

    @cached_property
    def _segments_of(self) -> Segments:
        return valve_segments(self.out.graph, self.valves)

    @cached_property
    def _links_of(self) -> list[list[int]]:
        found: list[list[int]] = [[] for _ in range(self._segments_of.count)]
        for link, segment in enumerate(self._segments_of.of_link.tolist()):
            found[segment].append(link)
        return found

    def _with_twins(self, segments: Iterable[int]) -> frozenset[int]:
        """Segments, and those the other pipes of their pairs lie in."""
        twin = self.shape.pairs.link
        of_link = self._segments_of.of_link
        found = set(segments)
        for segment in tuple(found):
            others = twin[self._links_of[segment]]
            found.update(of_link[others[others >= 0]].tolist())
        return frozenset(found)

    def _isolation(self, element: str, kind: str, segments: frozenset[int]) -> Loss:
        """What valves shut off is shut whole."""
        inside = np.zeros(self._segments_of.count, dtype=np.bool_)
        inside[list(segments)] = True
        nodes = inside[self._segments_of.of_node]
        links = inside[self._segments_of.of_link]
        links |= nodes[self.out.graph.start] | nodes[self.out.graph.end]
        # A segment is the same in both directions, and so is its number.
        cuts = [side.cuts.together(tuple(sorted(segments))) for side in (self.out, self.back)]
        isolated = np.flatnonzero(nodes)
        lost_out, lost_back = (
            np.union1d(cut.lost_nodes, isolated[side.reached[0][isolated]])
            for cut, side in zip(cuts, (self.out, self.back), strict=True)
        )
        return self._loss(element, kind, np.flatnonzero(links).tolist(), lost_out, lost_back)

    def _loss(
        self, element: str, kind: str, closed: Sequence[int], lost_out: Indices, lost_back: Indices
    ) -> Loss:
        at = np.asarray(closed, dtype=np.int64)
        names = pick(self.out.graph.link_ids, at)
        pipes = tuple(name for name, link in zip(names, closed, strict=True) if self._kinds[link] == "pipe")
        whole = self.out.hangs(lost_out, at) and self.back.hangs(lost_back, at)
        lost = None
        if whole:
            lost = np.flatnonzero(np.isin(self.station_from, lost_out) | np.isin(self.station_to, lost_back))
        return Loss(element, kind, Scenario.close(pipes=names), lost, pipes)
