"""Which junctions have no open way to a source at the moment, from the statuses EPANET has found.

A node without one has no pressure, whatever the engine makes of it. Most scenarios leave all
statuses but their own closures as they are, so the answer comes from a tree that is made
once for a pattern of statuses; a pattern that is rare is searched instead.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from citymains.topology.graph import Graph
from numpy.typing import NDArray

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
        supplied, _ = self._graph.supplied(self._sources, np.tile(is_open, 2))
        return np.flatnonzero(~supplied[: self._junctions])


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
