"""What every single isolation cuts off: all segments at once, and every valve that fails to close.

Isolating a segment takes its own nodes and links out of supply, and *unintended* those that
every way from a source reaches through it. On the graph of segments and valves that is the
segment's subtree in the dominator tree (:mod:`citymains.topology.dominators`), so thousands of
segments cost one pass instead of a trace each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph

from citymains.topology.dominators import DominatorTree, dominator_tree
from citymains.topology.graph import Graph, Indices, Mask
from citymains.topology.segments import Segments, ValveLayer, valve_segments


@dataclass(frozen=True, eq=False)
class Cut:
    """What one isolation takes out of supply, by index."""

    shut: Indices
    """Valves to shut."""
    isolated_nodes: Indices
    isolated_links: Indices
    lost_nodes: Indices
    """Nodes that were supplied and are no longer, isolated ones included."""
    lost_links: Indices


class Cuts:
    """Isolations of a network under a valve layer.

    Parameters
    ----------
    graph : Graph
    valves : ValveLayer
    sources : ndarray of int
        Indices of the nodes that feed the network.
    """

    def __init__(self, graph: Graph, valves: ValveLayer, sources: Indices) -> None:
        self.graph, self.valves, self.sources = graph, valves, np.asarray(sources, dtype=np.int64)
        self.segments: Segments = valve_segments(graph, valves)
        self._open = np.ones(2 * graph.link_count, dtype=bool)
        self._open[valves.incidence_in(graph)[valves.closed]] = False
        self._before = graph.supplied(self.sources, self._open)

    def segment(self, segment: int) -> Cut:
        """The isolation of one segment."""
        parts = self._parts_of(segment)
        if len(parts) == 1:
            members = self._tree.dominated(int(parts[0]))
            out = np.zeros(self._part_count + 1, dtype=bool)
            out[members] = True
            return self._cut((segment,), out)
        return self.together((segment,))

    def together(self, segments: tuple[int, ...]) -> Cut:
        """The isolation of several segments at once."""
        matrix = self._ways
        parts = np.concatenate([self._parts_of(one) for one in segments])
        slices = [slice(matrix.indptr[part], matrix.indptr[part + 1]) for part in parts.tolist()]
        kept = [matrix.indices[one].copy() for one in slices]
        for part, one in zip(parts, slices, strict=True):
            matrix.indices[one] = part  # a way that leads back to itself is none
        reached = csgraph.breadth_first_order(
            matrix, self._part_count, directed=True, return_predecessors=False
        )
        for entries, one in zip(kept, slices, strict=True):
            matrix.indices[one] = entries
        out = np.ones(self._part_count + 1, dtype=bool)
        out[reached] = False
        out[parts] = True
        return self._cut(segments, out)

    def failing_valves(self) -> Iterator[tuple[int, Cut]]:
        """For every valve that fails to close: both segments it parts go out of supply together.

        Valves that part nothing, that are shut already or that cannot be shut anyway are left out.
        """
        one, other = self.segments.valve_node_side, self.segments.valve_link_side
        for valve in np.flatnonzero((one != other) & self.valves.usable & ~self.valves.closed).tolist():
            yield valve, self.together((int(one[valve]), int(other[valve])))

    # -- inside ------------------------------------------------------------------------------------

    def _boundary(self, inside: Mask) -> Mask:
        one, other = self.segments.valve_node_side, self.segments.valve_link_side
        return np.asarray(inside[one] != inside[other])

    def _cut(self, segments: tuple[int, ...], out: Mask) -> Cut:
        """From the parts that are out of supply."""
        inside = np.zeros(self.segments.count, dtype=bool)
        inside[list(segments)] = True
        n = self.graph.node_count
        without = out[self._part]
        return Cut(
            shut=np.flatnonzero(self._boundary(inside) & ~self.valves.closed),
            isolated_nodes=np.flatnonzero(inside[self.segments.of_node]),
            isolated_links=np.flatnonzero(inside[self.segments.of_link]),
            lost_nodes=np.flatnonzero(without[:n] & self._before[0]),
            lost_links=np.flatnonzero(without[n:] & self._before[1]),
        )

    @cached_property
    def _within(self) -> tuple[int, Indices]:
        """Number and labels of the parts of segments inside which flow can go everywhere.

        Strongly connected components of nodes and links; a segment has more than one only where
        a one-way link stands in it.
        """
        joined = self._open.copy()
        joined[self.valves.incidence_in(self.graph)[self.valves.usable]] = False
        count, labels = csgraph.connected_components(
            self.graph.directed(joined), directed=True, connection="strong"
        )
        return int(count), labels.astype(np.int64)

    @property
    def _part_count(self) -> int:
        return self._within[0]

    @property
    def _part(self) -> Indices:
        """Part of every node, then of every link."""
        return self._within[1]

    @cached_property
    def _part_order(self) -> tuple[Indices, Indices]:
        segment = np.empty(self._part_count, dtype=np.int64)
        segment[self._part] = np.concatenate([self.segments.of_node, self.segments.of_link])
        order = np.argsort(segment, kind="stable")
        return order, np.searchsorted(segment[order], np.arange(self.segments.count + 1))

    def _parts_of(self, segment: int) -> Indices:
        order, start = self._part_order
        return order[start[segment] : start[segment + 1]]

    @cached_property
    def _ways(self) -> sparse.csr_matrix:
        """Ways between parts; the last vertex stands for all sources."""
        whole = sparse.coo_matrix(self.graph.directed(self._open))
        root = self._part_count
        rows = np.concatenate([self._part[whole.row], np.full(len(self.sources), root)])
        columns = np.concatenate([self._part[whole.col], self._part[self.sources]])
        kept = rows != columns
        entries = (np.ones(int(kept.sum()), dtype=np.int8), (rows[kept], columns[kept]))
        return sparse.csr_matrix(entries, shape=(root + 1, root + 1))

    @cached_property
    def _tree(self) -> DominatorTree:
        return dominator_tree(self._ways, self._part_count)
