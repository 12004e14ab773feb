"""Which junctions have no open way to a source at the moment, from the statuses EPANET has found.

A node without one has no pressure, whatever the engine makes of it. Most scenarios leave all
statuses but their own closures as they are, so the answer comes from a tree that is made
once for a pattern of statuses; a pattern that is rare is searched instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from functools import cached_property

import numpy as np
from citymains.topology.graph import Graph
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from citymains_water.batch_project import Project
from citymains_water.sweep_cuts import Cuts

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: A pattern gets its tree when it is seen this often: a tree costs a dozen searches.
_SEEN = 30
_PATTERNS = 64


class Trees:
    """Ways to sources by pattern of statuses; shared by all projects of a model."""

    def __init__(self, project: Project) -> None:
        ends = [project.ends(link) for link in range(1, project.link_count + 1)]
        start, end = np.array(ends, dtype=np.int64).reshape(-1, 2).T - 1
        self._graph = Graph([""] * project.node_count, [""] * project.link_count, start, end)
        self._junctions = project.junction_count
        self._sources = np.arange(project.junction_count, project.node_count)
        self._kept: OrderedDict[bytes, Cuts | int] = OrderedDict()

    def of(self, is_open: Mask) -> Cuts:
        """The tree of a pattern of open links."""
        return Cuts(self._graph, self._junctions, is_open)

    def dry(self, is_open: Mask, closed: Sequence[int]) -> Indices:
        """Junctions without an open way to a source.

        Parameters
        ----------
        is_open : ndarray of bool, shape (links,)
        closed : sequence of int
            Links of them that the scenario has closed.
        """
        pattern = is_open.copy()
        for link in closed:
            pattern[link] = True
        key = pattern.tobytes()
        kept = self._kept.get(key, 0)
        if isinstance(kept, int):
            kept = self.of(pattern) if kept + 1 >= _SEEN else kept + 1
            self._kept[key] = kept
            while len(self._kept) > _PATTERNS:
                self._kept.popitem(last=False)
        else:
            self._kept.move_to_end(key)
        if isinstance(kept, Cuts):
            return kept.of(closed)
        return self._by_search(is_open)

    def _by_search(self, is_open: Mask) -> Indices:
        """Ways in both directions; they are laid out once, and closed links left out of them."""
        start, neighbour, via = self._ways
        usable = np.append(is_open, True)[via]
        first = np.concatenate([[0], np.cumsum(usable)])[start].astype(np.int32)
        ways = sparse.csr_matrix(
            (np.ones(first[-1]), neighbour[usable], first), shape=(len(start) - 1, len(start) - 1)
        )
        dry = np.ones(len(start) - 1, dtype=bool)
        dry[csgraph.breadth_first_order(ways, len(dry) - 1, return_predecessors=False)] = False
        return np.flatnonzero(dry[: self._junctions])

    @cached_property
    def _ways(self) -> tuple[Indices, NDArray[np.int32], Indices]:
        """Neighbours of every node end to end, where those of each begin, and the link that leads there (row-compressed).

        The last node stands for where all sources come from, and a link beyond the last for its ways, always open.
        """
        root, sources = self._graph.node_count, self._sources
        always = np.full(len(sources), self._graph.link_count)
        links = np.arange(self._graph.link_count)
        origin = np.concatenate([self._graph.start, self._graph.end, np.full(len(sources), root)])
        target = np.concatenate([self._graph.end, self._graph.start, sources])
        order = np.argsort(origin, kind="stable")
        start = np.searchsorted(origin[order], np.arange(root + 2))
        return start, target[order].astype(np.int32), np.concatenate([links, links, always])[order]


class Supply:
    """Asks after every solution of one project; most leave the statuses as they were.

    Parameters
    ----------
    trees : Trees
    """

    def __init__(self, trees: Trees) -> None:
        self._trees = trees
        self._last: tuple[bytes, Sequence[int], Indices] | None = None

    def dry(self, is_open: Mask, closed: Sequence[int]) -> Indices:
        """Junctions without an open way to a source; see :meth:`Trees.dry`."""
        key = is_open.tobytes()
        if self._last is None or self._last[:2] != (key, closed):
            self._last = (key, closed, self._trees.dry(is_open, closed))
        return self._last[2]
