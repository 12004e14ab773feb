"""Which junctions a closure leaves without any way to a source, by topology, before any hydraulics.

A quarter to two fifths of a network's pipes are bridges. For one closed link the answer is
read from the tree that is left when every part without bridges is shrunk to a point.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from citymains.topology.graph import Graph, bridges
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


class Cuts:
    """Junctions cut off by closures.

    Parameters
    ----------
    graph : Graph
        With sources last among the nodes; `one_way` is heeded by :meth:`directed` alone.
    junction_count : int
    usable : ndarray of bool, shape (links,)
        Links that are open, or that the model itself may open.
    """

    def __init__(self, graph: Graph, junction_count: int, usable: Mask) -> None:
        self._graph, self._junctions, self._usable = graph, junction_count, usable
        self._sources = np.arange(junction_count, graph.node_count)
        rooted = _rooted(graph, self._sources)
        open_links = np.concatenate([usable, np.ones(len(self._sources), dtype=bool)])
        is_bridge = bridges(rooted, open_links)
        is_bridge[graph.link_count :] = False  # the ways to the root are never closed
        _, part, _ = rooted.components(np.tile(open_links & ~is_bridge, 2))
        self._order, self._first, self._last = _intervals(rooted, part, is_bridge)
        reached = np.zeros(rooted.node_count, dtype=bool)
        reached[self._order] = True
        self.always = np.flatnonzero(~reached[:junction_count])
        """Junctions without a way to a source before anything is closed."""

    def of(self, closed: Sequence[int]) -> Indices:
        """Junctions cut off when links are closed, those that always are included."""
        usable = [link for link in closed if self._usable[link]]
        if not usable:
            return self.always
        if len(usable) > 1:
            return self._by_search(usable)
        first, last = self._first[usable[0]], self._last[usable[0]]
        nodes = self._order[first:last]
        return np.concatenate([self.always, nodes[nodes < self._junctions]])

    def directed(self, closed: Sequence[int]) -> Indices:
        """The same with check valves and pumps passing one way only; a search per call."""
        joined = self._usable.copy()
        joined[list(closed)] = False
        supplied, _ = self._graph.supplied(self._sources, np.tile(joined, 2))
        return np.flatnonzero(~supplied[: self._junctions])

    def _by_search(self, closed: Sequence[int]) -> Indices:
        joined = self._usable.copy()
        joined[closed] = False
        _, part, _ = self._graph.components(np.tile(joined, 2))
        fed = np.zeros(part.max() + 1, dtype=bool)
        fed[part[self._sources]] = True
        return np.flatnonzero(~fed[part[: self._junctions]])


def _rooted(graph: Graph, sources: Indices) -> Graph:
    """The graph with one more node that every source hangs on."""
    root = graph.node_count
    return Graph(
        [*graph.node_ids, ""],
        [*graph.link_ids, *([""] * len(sources))],
        np.concatenate([graph.start, np.full(len(sources), root)]),
        np.concatenate([graph.end, sources]),
    )


def _intervals(rooted: Graph, part: Indices, is_bridge: Mask) -> tuple[Indices, Indices, Indices]:
    """Nodes in an order where what hangs on each bridge is one stretch, and the stretch of each link."""
    count = int(part.max()) + 1
    links = np.flatnonzero(is_bridge)
    first, second = part[rooted.start[links]], part[rooted.end[links]]
    tree = sparse.coo_matrix((np.ones(len(links)), (first, second)), shape=(count, count)).tocsr()
    walk, above = csgraph.depth_first_order(tree, int(part[-1]), directed=False)
    place = np.full(count, -1)
    place[walk] = np.arange(len(walk))
    size = np.zeros(count, dtype=np.int64)
    held = np.bincount(part, minlength=count)
    for one in walk[::-1].tolist():
        size[one] += held[one]
        if above[one] >= 0:
            size[above[one]] += size[one]
    before = np.zeros(count, dtype=np.int64)
    before[walk] = np.cumsum(held[walk]) - held[walk]
    reached = np.flatnonzero(place[part] >= 0)
    order = reached[np.argsort(place[part[reached]], kind="stable")]
    start, stop = np.zeros(rooted.link_count, dtype=np.int64), np.zeros(rooted.link_count, dtype=np.int64)
    below = np.where(above[first] == second, first, second)
    inside = place[below] >= 0
    start[links[inside]] = before[below[inside]]
    stop[links[inside]] = before[below[inside]] + size[below[inside]]
    return order, start, stop
