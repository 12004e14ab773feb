"""Dominators: what is cut off by the loss of any one vertex, for all vertices at once.

A vertex dominates another if every way from the root to the other leads through it. What
loses supply when a part of a network is taken out is therefore the part's subtree in the
dominator tree: one pass over the network answers every single loss.

References
----------
K. D. Cooper, T. J. Harvey, K. Kennedy, "A simple, fast dominance algorithm", Rice University,
TR-06-33870, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DominatorTree:
    """Vertices in an order in which every subtree is one run.

    Parameters
    ----------
    order : ndarray of int, shape (reached,)
        Vertices the root reaches; the root first, each subtree on end.
    first, size : ndarray of int, shape (vertices,)
        Where each vertex's subtree begins in `order` and how many it holds, itself included; size
        0: not reached.
    """

    order: Indices
    first: Indices
    size: Indices

    def dominated(self, vertex: int) -> Indices:
        """Vertices that every way from the root reaches through `vertex`, itself included."""
        begin = int(self.first[vertex])
        return self.order[begin : begin + int(self.size[vertex])]


def dominator_tree(matrix: sparse.csr_matrix, root: int) -> DominatorTree:
    """The dominator tree of a directed graph.

    Parameters
    ----------
    matrix : csr_matrix, shape (vertices, vertices)
        An entry ``[a, b]`` is an edge from a to b.
    root : int
    """
    count = matrix.shape[0]
    postorder = _postorder(matrix, root)
    reached = len(postorder)
    # Vertices by their number in postorder: the root has the largest, and a dominator a larger one than what it dominates.
    number = np.full(count, -1, dtype=np.int64)
    number[postorder] = np.arange(reached)
    above = _immediate(matrix, number, postorder)
    size = np.ones(reached, dtype=np.int64)
    for at in range(reached - 1):  # children before parents
        size[above[at]] += size[at]
    first = np.zeros(reached, dtype=np.int64)
    free = np.ones(reached, dtype=np.int64)
    for at in range(reached - 2, -1, -1):  # parents before children
        parent = above[at]
        first[at] = first[parent] + free[parent]
        free[parent] += size[at]
    order = np.empty(reached, dtype=np.int64)
    order[first] = postorder
    of_vertex = np.zeros((2, count), dtype=np.int64)
    of_vertex[0, postorder], of_vertex[1, postorder] = first, size
    return DominatorTree(order, of_vertex[0], of_vertex[1])


def _postorder(matrix: sparse.csr_matrix, root: int) -> Indices:
    """Vertices the root reaches, in postorder of a depth-first search."""
    order, parents = csgraph.depth_first_order(matrix, root, directed=True, return_predecessors=True)
    # Preorder to postorder: a vertex comes after its subtree, and siblings keep their order.
    size = np.zeros(matrix.shape[0], dtype=np.int64)
    size[order] = 1
    for vertex in order[:0:-1].tolist():
        size[parents[vertex]] += size[vertex]
    depth = np.zeros(matrix.shape[0], dtype=np.int64)
    for vertex in order[1:].tolist():
        depth[vertex] = depth[parents[vertex]] + 1
    # Preorder number + subtree - 1 - depth counts the vertices that are done before this one.
    after = np.arange(len(order)) + size[order] - 1 - depth[order]
    found = np.empty(len(order), dtype=np.int64)
    found[after] = order
    return found


def _immediate(matrix: sparse.csr_matrix, number: Indices, postorder: Indices) -> list[int]:
    """Immediate dominator of each vertex, all by postorder number; the root is its own."""
    back = sparse.csr_matrix(matrix.T)
    start, entries = back.indptr.tolist(), back.indices
    root = len(postorder) - 1
    above = [-1] * root + [root]
    before = [
        [one for one in number[entries[start[vertex] : start[vertex + 1]]].tolist() if one >= 0]
        for vertex in postorder.tolist()
    ]
    changed = True
    while changed:
        changed = False
        for at in range(root - 1, -1, -1):
            new = -1
            for other in before[at]:
                if above[other] < 0:
                    continue
                new = other if new < 0 else _common(above, new, other)
            if new != above[at]:
                above[at] = new
                changed = True
    return above


def _common(above: list[int], a: int, b: int) -> int:
    while a != b:
        while a < b:
            a = above[a]
        while b < a:
            b = above[b]
    return a
