"""The part of a sparse factorisation that depends on the topology alone, done once.

The nodal matrix of a network is a weighted graph Laplacian plus a diagonal: symmetric,
positive definite, with the same pattern in every iteration of every scenario. Ordering and
fill-in are therefore computed once per topology; :mod:`citymains.kernels.lanes` then only
does arithmetic.

References
----------
T. A. Davis, "Direct Methods for Sparse Linear Systems", SIAM, 2006, chapter 4 (elimination
tree, row patterns).
E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks", 1988:
the matrix a network's Newton step leads to.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import spilu

Ints = NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Symbolic:
    """Pattern of ``L`` in ``P A P' = L D L'``.

    Entries below the diagonal of ``L`` are numbered column by column, rows ascending;
    ``column_start[j]`` is the first of column ``j``.
    """

    size: int
    position: Ints
    """Elimination position of each unknown, shape (n,)."""
    column_start: Ints
    row: Ints
    """Row of each entry, shape (nnz,)."""
    target: Ints
    """Where the products of pairs of entries of one column are subtracted, as runs of entries on end.

    For each entry of each column, in order, the later entries of its column are parted into runs:
    two numbers each, the first entry subtracted from and the end of the run in the column."""
    edge_entry: Ints
    """Entry each edge adds to, shape (edges,); -1 for an edge to a fixed node or a self-loop."""

    @property
    def entries(self) -> int:
        """Number of entries below the diagonal of ``L``, fill-in included."""
        return len(self.row)


def analyze(size: int, start: NDArray[np.integer], end: NDArray[np.integer]) -> Symbolic:
    """Order the unknowns of a network and find the pattern of its factor.

    Parameters
    ----------
    size : int
        Number of unknown nodes; they are numbered 0 .. size - 1.
    start, end : ndarray of int, shape (edges,)
        Ends of each edge; a number outside the unknowns is a node of fixed value.

    Returns
    -------
    Symbolic
    """
    start, end = np.asarray(start, dtype=np.int64), np.asarray(end, dtype=np.int64)
    inner = (start >= 0) & (start < size) & (end >= 0) & (end < size) & (start != end)
    position = _minimum_degree(size, start[inner], end[inner])
    low = np.minimum(position[start[inner]], position[end[inner]])
    high = np.maximum(position[start[inner]], position[end[inner]])
    order = np.lexsort((low, high))
    neighbour_start = np.searchsorted(high[order], np.arange(size + 1)).astype(np.int32)
    column_start, row = _pattern(size, neighbour_start, low[order].astype(np.int32))
    edge_entry = np.full(len(start), -1, dtype=np.int32)
    edge_entry[inner] = _find(column_start, row, low, high)
    return Symbolic(size, position, column_start, row, _targets(column_start, row), edge_entry)


def _minimum_degree(size: int, start: NDArray[np.int64], end: NDArray[np.int64]) -> Ints:
    """SuperLU's multiple-minimum-degree ordering of A' + A.

    The numbers do not matter to it: an incomplete factorisation that drops all it may finds the same
    order and does almost nothing else.
    """
    if size == 0:
        return np.zeros(0, dtype=np.int32)
    pattern = sparse.coo_matrix((np.ones(len(start)), (start, end)), shape=(size, size))
    dominant = sparse.diags(np.full(size, 2.0 * len(start) + 1.0))
    matrix = sparse.csc_matrix(dominant - (pattern + pattern.T))
    factor = spilu(
        matrix, drop_tol=1.0, fill_factor=1.0, drop_rule="basic",
        permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True},
    )  # fmt: skip
    return np.asarray(factor.perm_c, dtype=np.int32)


@numba.njit(cache=True)
def _pattern(size: int, neighbour_start: Ints, neighbour: Ints) -> tuple[Ints, Ints]:
    """Rows of L by walking the elimination tree from each neighbour; two passes, count and fill."""
    parent = np.full(size, -1, dtype=np.int32)
    mark = np.full(size, -1, dtype=np.int32)
    column_count = np.zeros(size + 1, dtype=np.int32)
    for k in range(size):
        mark[k] = k
        for at in range(neighbour_start[k], neighbour_start[k + 1]):
            j = neighbour[at]
            while mark[j] != k:
                if parent[j] == -1:
                    parent[j] = k
                mark[j] = k
                column_count[j + 1] += 1
                j = parent[j]
    column_start = np.cumsum(column_count).astype(np.int32)
    row = np.empty(column_start[size], dtype=np.int32)
    free = column_start[:size].copy()
    mark[:] = -1
    for k in range(size):
        mark[k] = k
        for at in range(neighbour_start[k], neighbour_start[k + 1]):
            j = neighbour[at]
            while mark[j] != k:
                mark[j] = k
                row[free[j]] = k
                free[j] += 1
                j = parent[j]
    return column_start, row


@numba.njit(cache=True)
def _targets(column_start: Ints, row: Ints) -> Ints:
    """Where the product of two entries of a column belongs: the column of the first one's row, the second one's row.

    Rows on end in one column mostly are so in the other, too; a run of them is kept as its first
    entry and its end.
    """
    size = column_start.shape[0] - 1
    target = np.empty(0, dtype=np.int32)
    for filling in range(2):
        put = 0
        for j in range(size):
            stop = column_start[j + 1]
            for q in range(column_start[j], stop):
                entry = column_start[row[q]]
                p = q + 1
                while p < stop:
                    while row[entry] != row[p]:
                        entry += 1
                    first = entry
                    while p < stop and row[entry] == row[p]:
                        entry += 1
                        p += 1
                    if filling:
                        target[put], target[put + 1] = first, p
                    put += 2
        if not filling:
            target = np.empty(put, dtype=np.int32)
    return target


def _find(
    column_start: Ints, row: Ints, column: NDArray[np.integer], wanted: NDArray[np.integer]
) -> NDArray[np.int64]:
    """Entry of each (column, row) pair; all of them exist."""
    size = len(column_start)
    of_column = np.repeat(np.arange(size - 1, dtype=np.int64), np.diff(column_start))
    return np.searchsorted(of_column * size + row, column.astype(np.int64) * size + wanted)
