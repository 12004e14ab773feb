"""A network as nodes and links, and what is connected to what.

Links are kept as two *incidences* (link, end). A valve at one end of a link, and a link that
lets flow pass one way only, are both statements about incidences; so segments, isolation
and supply are all connected-component or reachability problems on the same graph of
nodes and links.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Indices = NDArray[np.int64]
Mask = NDArray[np.bool_]


def pick(ids: Sequence[str], at: NDArray[Any]) -> list[str]:
    """The ids at some indices, or where a mask is true."""
    indices = np.flatnonzero(at) if at.dtype == np.bool_ else at
    return [ids[i] for i in indices.tolist()]


@dataclass(frozen=True, eq=False)
class Graph:
    """Nodes and links by index.

    Parameters
    ----------
    node_ids : sequence of str, shape (n,)
    link_ids : sequence of str, shape (m,)
    start, end : ndarray of int, shape (m,)
        Index of each link's end nodes.
    one_way : ndarray of bool, shape (m,), optional
        Links that pass flow from start to end only: check valves, regulators, pumps.
    """

    node_ids: Sequence[str]
    link_ids: Sequence[str]
    start: Indices
    end: Indices
    one_way: Mask | None = None

    @property
    def node_count(self) -> int:
        """Number of nodes, n."""
        return len(self.node_ids)

    @property
    def link_count(self) -> int:
        """Number of links, m."""
        return len(self.link_ids)

    @cached_property
    def node_index(self) -> dict[str, int]:
        """Index of each node by id."""
        return {name: i for i, name in enumerate(self.node_ids)}

    @cached_property
    def link_index(self) -> dict[str, int]:
        """Index of each link by id."""
        return {name: i for i, name in enumerate(self.link_ids)}

    @cached_property
    def incidence_node(self) -> Indices:
        """Node of each incidence, shape (2m,): all starts, then all ends."""
        return np.concatenate([self.start, self.end]).astype(np.int64)

    @cached_property
    def incidence_link(self) -> Indices:
        """Link of each incidence, shape (2m,)."""
        return np.tile(np.arange(self.link_count, dtype=np.int64), 2)

    def components(self, joined: Mask | None = None) -> tuple[int, Indices, Indices]:
        """Connected components of nodes and links.

        Parameters
        ----------
        joined : ndarray of bool, shape (2m,), optional
            Which incidences connect their link and node; None: all.

        Returns
        -------
        count : int
        of_node : ndarray, shape (n,)
        of_link : ndarray, shape (m,)
            Component of each node and link. A link cut at both ends is a component of its own.
        """
        rows, columns = self.incidence_node, self.incidence_link + self.node_count
        if joined is not None:
            rows, columns = rows[joined], columns[joined]
        count, labels = csgraph.connected_components(self._matrix(rows, columns), directed=False)
        return (
            int(count),
            labels[: self.node_count].astype(np.int64),
            labels[self.node_count :].astype(np.int64),
        )

    def supplied(self, sources: Indices, joined: Mask | None = None) -> tuple[Mask, Mask]:
        """What flow from `sources` can reach, respecting one-way links.

        Parameters
        ----------
        sources : ndarray of int
            Indices of the source nodes.
        joined : ndarray of bool, shape (2m,), optional
            Which incidences are open; None: all.

        Returns
        -------
        nodes : ndarray of bool, shape (n,)
        links : ndarray of bool, shape (m,)
        """
        n, root = self.node_count, self.node_count + self.link_count
        inside = sparse.coo_matrix(self.directed(joined))
        rows = np.concatenate([inside.row, np.full(len(sources), root)])
        columns = np.concatenate([inside.col, np.asarray(sources, dtype=np.int64)])
        matrix = sparse.csr_matrix(
            (np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(root + 1, root + 1)
        )
        reached = np.zeros(root + 1, dtype=bool)
        reached[csgraph.breadth_first_order(matrix, root, directed=True, return_predecessors=False)] = True
        return reached[:n], reached[n:root]

    def directed(self, joined: Mask | None = None) -> sparse.csr_matrix:
        """Ways flow can take: nodes are 0 .. n - 1, links n .. n + m - 1; one-way links are passed from start to end.

        Parameters
        ----------
        joined : ndarray of bool, shape (2m,), optional
            Which incidences are open; None: all.

        Returns
        -------
        csr_matrix, shape (n + m, n + m)
        """
        n, m = self.node_count, self.link_count
        into = np.ones(2 * m, dtype=bool) if joined is None else joined.copy()
        out = into.copy()
        if self.one_way is not None:
            into[m:] &= ~self.one_way  # a one-way link is not entered at its end
            out[:m] &= ~self.one_way  # nor left at its start
        nodes, links = self.incidence_node, self.incidence_link + n
        return self._matrix(
            np.concatenate([nodes[into], links[out]]), np.concatenate([links[into], nodes[out]])
        )

    def distance_m(self, sources: Indices, length_m: NDArray[np.float64]) -> NDArray[np.float64]:
        """Length of the shortest way from any source to each node, [m]; inf where there is none. Shape (n,)."""
        n = self.node_count
        # csgraph drops explicit zeros, so a link of no length counts as a nanometre.
        weight = np.maximum(length_m, 1e-9)
        order = np.lexsort((weight, self.end, self.start))
        pairs = np.stack([self.start[order], self.end[order]])
        first = (
            np.concatenate([[True], np.any(pairs[:, 1:] != pairs[:, :-1], axis=0)]) if len(order) else order
        )
        kept = order[first]
        matrix = sparse.csr_matrix((weight[kept], (self.start[kept], self.end[kept])), shape=(n, n))
        if not len(sources):
            return np.full(n, np.inf)
        distances = csgraph.dijkstra(matrix, directed=False, indices=sources, min_only=True)
        return np.asarray(distances, dtype=np.float64)

    def _matrix(self, rows: Indices, columns: Indices) -> sparse.csr_matrix:
        size = self.node_count + self.link_count
        return sparse.csr_matrix((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(size, size))


def bridges(graph: Graph, open_links: Mask | None = None) -> Mask:
    """Links whose loss splits the network, by Tarjan's low-link algorithm, iteratively.

    Parameters
    ----------
    graph : Graph
    open_links : ndarray of bool, shape (m,), optional
        Links that count as connected; a closed link is no bridge.

    Returns
    -------
    ndarray of bool, shape (m,)

    Notes
    -----
    Directions are ignored. Parallel links are no bridges; a self-loop never is one.

    References
    ----------
    R. E. Tarjan, "A note on finding the bridges of a graph", Information Processing Letters
    2(6), 1974, 160-161.
    """
    n, m = graph.node_count, graph.link_count
    usable = graph.start != graph.end
    if open_links is not None:
        usable &= open_links
    links = np.flatnonzero(usable)
    ends = np.concatenate([graph.start[links], graph.end[links]])
    others = np.concatenate([graph.end[links], graph.start[links]])
    order = np.argsort(ends, kind="stable")
    first = np.searchsorted(ends[order], np.arange(n + 1)).tolist()
    neighbour = others[order].tolist()
    via = np.tile(links, 2)[order].tolist()
    found = np.zeros(m, dtype=bool)
    seen = [0] * n
    low = [0] * n
    position = first[:-1].copy() if n else []
    clock = 0
    for root in range(n):
        if seen[root]:
            continue
        clock += 1
        seen[root] = low[root] = clock
        stack = [(root, -1)]
        while stack:
            node, entry = stack[-1]
            if position[node] == first[node + 1]:
                stack.pop()
                if stack:
                    above = stack[-1][0]
                    low[above] = min(low[above], low[node])
                    if low[node] > seen[above]:
                        found[entry] = True
                continue
            at = position[node]
            position[node] += 1
            if via[at] == entry:
                continue
            target = neighbour[at]
            if seen[target]:
                low[node] = min(low[node], seen[target])
            else:
                clock += 1
                seen[target] = low[target] = clock
                stack.append((target, via[at]))
    return found
