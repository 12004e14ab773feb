"""Every single loss of a gas network: what is closed for it, what it cuts off by topology alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.isolation.layout import Layout
from citymains.topology.cuts import Cut, Cuts
from citymains.topology.dominators import dominator_tree
from citymains.topology.graph import Mask
from citymains.topology.segments import ValveLayer
from numpy.typing import NDArray
from scipy import sparse

from citymains_gas.cases import LINK_COMPONENTS, Case

Ints = NDArray[np.int64]

#: What can be lost.
KINDS: Final = ("pipe", "segment", "valve", "regulator", "source")


@dataclass(frozen=True, eq=False)
class Loss:
    """One loss.

    Attributes
    ----------
    element, kind : str
    case : Case
    lost : ndarray of int, or None
        Rows of the junctions that lose all supply where topology alone says the rest: everything else
        keeps its way and has less to carry. None: hydraulics has to answer.
    """

    element: str
    kind: str
    case: Case
    lost: Ints | None


class Losses:
    """Losses of a network.

    Parameters
    ----------
    model : PipeModel
    layout : Layout
    valves : ValveLayer
        For segments, and valves that fail to close.
    """

    def __init__(self, model: PipeModel, layout: Layout, valves: ValveLayer) -> None:
        self.model, self.layout, self.valves = model, layout, valves
        number: dict[tuple[str, str], int] = {}
        for component in LINK_COMPONENTS:
            for name in model.ids(component):
                number[component, name] = len(number)
        self._number = number
        by_kind = {"pipe": "pipes", "valve": "valves", "regulator": "regulators", "compressor": "compressors",
                   "pump": "pumps", "flow_control": "flow_controls"}  # fmt: skip
        self._of_link = np.array(
            [
                number[by_kind[kind], name]
                for kind, name in zip(layout.link_kinds, layout.graph.link_ids, strict=True)
            ],
            dtype=np.int64,
        )
        serves = model.column("infeeds", "in_service")
        feeding = model.column("infeeds", "node")[serves]
        self._infeeds = {layout.graph.node_index[name] for name in feeding}
        self._source_rows = [layout.graph.node_index[name] for name in model.column("sources", "node")]

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
            "regulator": self._regulators,
            "source": self._sources,
        }
        for kind in kinds:
            if kind not in made:
                raise InputError("ARGUMENT_INVALID", field="kinds", value=kind, limit=", ".join(KINDS))
        return [self._checked(loss) for kind in dict.fromkeys(kinds) for loss in made[kind]()]

    def _checked(self, loss: Loss) -> Loss:
        """What holds an infeed may have carried the rest: then topology does not say all."""
        if loss.lost is not None and self._infeeds and not self._infeeds.isdisjoint(loss.lost.tolist()):
            return replace(loss, lost=None)
        return loss

    # -- kinds -----------------------------------------------------------------------------------------------

    def _open(self) -> Mask:
        """Incidences gas may pass now."""
        graph = self.layout.graph
        joined = np.repeat(~self.layout.closed_links[None, :], 2, axis=0).ravel()
        own = self.layout.own_valves
        if own is not None:
            joined[own.incidence_in(graph)[own.closed]] = False
        return np.asarray(joined, dtype=np.bool_)

    def _pipes(self) -> Iterator[Loss]:
        """Each pipe; what it cuts off is its subtree in the dominator tree."""
        graph, sources = self.layout.graph, self.layout.sources
        n, root = graph.node_count, graph.node_count + graph.link_count
        inside = sparse.coo_matrix(graph.directed(self._open()))
        rows = np.concatenate([inside.row, np.full(len(sources), root)])
        columns = np.concatenate([inside.col, sources])
        ones = np.ones(len(rows), dtype=np.int8)
        tree = dominator_tree(sparse.csr_matrix((ones, (rows, columns)), shape=(root + 1, root + 1)), root)
        for link, (name, kind) in enumerate(zip(graph.link_ids, self.layout.link_kinds, strict=True)):
            if kind != "pipe" or self.layout.closed_links[link]:
                continue
            # A pipe no gas comes to is its own subtree, too; then neither end is supplied and nothing is lost.
            below = tree.dominated(n + link) if tree.size[n + link] else np.zeros(0, dtype=np.int64)
            nodes = below[below < n]
            ends = {int(graph.start[link]), int(graph.end[link])}
            hangs = not tree.size[n + link] or len(ends.intersection(nodes.tolist())) > 0
            yield Loss(name, "pipe", Case(closed=(int(self._of_link[link]),)), nodes if hangs else None)

    def _segments(self) -> Iterator[Loss]:
        cuts = self._cuts
        for segment in range(cuts.segments.count):
            cut = cuts.segment(segment)
            if len(cut.isolated_links):
                yield self._isolation(f"segment-{segment}", "segment", cut)

    def _failing_valves(self) -> Iterator[Loss]:
        for valve, cut in self._cuts.failing_valves():
            yield self._isolation(self.valves.ids[valve], "valve", cut)

    @property
    def _cuts(self) -> Cuts:
        return Cuts(self.layout.graph, self.valves, self.layout.sources)

    def _isolation(self, element: str, kind: str, cut: Cut) -> Loss:
        """What valves shut off is closed whole; links between two nodes that stay supplied need hydraulics."""
        graph, isolated = self.layout.graph, set(cut.isolated_nodes.tolist())
        lost = np.zeros(graph.node_count, dtype=np.bool_)
        lost[cut.lost_nodes] = True
        supplied = ~lost
        closed = cut.isolated_links
        at_nodes = np.isin(graph.start, cut.isolated_nodes) | np.isin(graph.end, cut.isolated_nodes)
        closed = np.union1d(closed, np.flatnonzero(at_nodes))
        between = supplied[graph.start[closed]] & supplied[graph.end[closed]]
        sources = tuple(row for row, node in enumerate(self._source_rows) if node in isolated)
        case = Case(closed=tuple(self._of_link[closed].tolist()), lost_sources=sources)
        return Loss(element, kind, case, None if between.any() or sources else cut.lost_nodes)

    def _regulators(self) -> Iterator[Loss]:
        serves = self.model.column("regulators", "in_service").tolist()
        for name, on in zip(self.model.ids("regulators"), serves, strict=True):
            if on:
                yield Loss(name, "regulator", Case(closed=(self._number["regulators", name],)), None)

    def _sources(self) -> Iterator[Loss]:
        serves = self.model.column("sources", "in_service").tolist()
        for row, (name, on) in enumerate(zip(self.model.ids("sources"), serves, strict=True)):
            if on:
                yield Loss(name, "source", Case(lost_sources=(row,)), None)
