"""Factorise and solve eight systems of one pattern side by side.

Values are arrays [entry, lane]: the innermost loop runs over the lanes and compiles to one
vector instruction. A lane is a scenario; lanes never mix, so a scenario's answer does not
depend on its neighbours.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from citymains.kernels.symbolic import Symbolic

#: Scenarios side by side: one AVX-512 register of doubles, two of AVX2.
LANES = 8

Floats = NDArray[np.float64]


@numba.njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")  # type: ignore[untyped-decorator]
def factorize(
    column_start: NDArray[np.int32],
    row: NDArray[np.int32],
    row_start: NDArray[np.int32],
    row_column: NDArray[np.int32],
    row_entry: NDArray[np.int32],
    diagonal: Floats,
    lower: Floats,
    inverse: Floats,
    work: Floats,
) -> None:
    """``L D L'`` in place, column by column from the left.

    Parameters
    ----------
    column_start, row, row_start, row_column, row_entry
        From :class:`~citymains.kernels.symbolic.Symbolic`.
    diagonal : ndarray, shape (n, LANES)
        Diagonal of the matrix in elimination order; overwritten with ``D``.
    lower : ndarray, shape (nnz, LANES)
        Entries below it; overwritten with ``L D`` (not divided by ``D``).
    inverse : ndarray, shape (n, LANES)
        Output, ``1 / D``.
    work : ndarray, shape (n, LANES)
        Zeros, and zeros again afterwards.
    """
    size = diagonal.shape[0]
    scale = np.empty(LANES)
    for k in range(size):
        for at in range(row_start[k], row_start[k + 1]):
            j, first = row_column[at], row_entry[at]
            for lane in range(LANES):
                scale[lane] = lower[first, lane] * inverse[j, lane]
            for q in range(first, column_start[j + 1]):
                i = row[q]
                for lane in range(LANES):
                    work[i, lane] += lower[q, lane] * scale[lane]
        for lane in range(LANES):
            diagonal[k, lane] -= work[k, lane]
            inverse[k, lane] = 1.0 / diagonal[k, lane]
            work[k, lane] = 0.0
        for q in range(column_start[k], column_start[k + 1]):
            i = row[q]
            for lane in range(LANES):
                lower[q, lane] -= work[i, lane]
                work[i, lane] = 0.0


@numba.njit(cache=True, fastmath={"contract", "nsz"}, error_model="numpy")  # type: ignore[untyped-decorator]
def substitute(
    column_start: NDArray[np.int32], row: NDArray[np.int32], lower: Floats, inverse: Floats, right_side: Floats
) -> None:
    """Solve in place with a factorisation of :func:`factorize`; `right_side` [n, LANES] in elimination order."""
    size = inverse.shape[0]
    scaled = np.empty(LANES)
    for j in range(size):
        for lane in range(LANES):
            scaled[lane] = inverse[j, lane] * right_side[j, lane]
        for k in range(column_start[j], column_start[j + 1]):
            i = row[k]
            for lane in range(LANES):
                right_side[i, lane] -= lower[k, lane] * scaled[lane]
    for j in range(size - 1, -1, -1):
        for lane in range(LANES):
            scaled[lane] = right_side[j, lane]
        for k in range(column_start[j], column_start[j + 1]):
            i = row[k]
            for lane in range(LANES):
                scaled[lane] -= lower[k, lane] * right_side[i, lane]
        for lane in range(LANES):
            right_side[j, lane] = scaled[lane] * inverse[j, lane]


class LaneSolver:
    """Arrays of one topology, ready to be filled, factorised and solved again and again.

    Parameters
    ----------
    symbolic : Symbolic

    Attributes
    ----------
    diagonal, lower, right_side : ndarray
        To be filled before :meth:`solve`, in elimination order: shapes (n, LANES), (nnz, LANES), (n, LANES).
    """

    def __init__(self, symbolic: Symbolic) -> None:
        self.symbolic = symbolic
        self.diagonal = np.zeros((symbolic.size, LANES))
        self.lower = np.zeros((symbolic.entries, LANES))
        self.right_side = np.zeros((symbolic.size, LANES))
        self._inverse = np.zeros((symbolic.size, LANES))
        self._work = np.zeros((symbolic.size, LANES))

    def solve(self) -> Floats:
        """Solution in elimination order, shape (n, LANES); overwrites what was filled in."""
        one = self.symbolic
        factorize(one.column_start, one.row, one.row_start, one.row_column, one.row_entry,
                  self.diagonal, self.lower, self._inverse, self._work)
        substitute(one.column_start, one.row, self.lower, self._inverse, self.right_side)
        return self.right_side
