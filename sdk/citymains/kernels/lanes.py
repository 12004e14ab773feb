"""Factorise and solve eight systems of one pattern side by side.

Values are arrays [entry, lane]. A lane is a scenario; lanes never mix, so a scenario's answer
does not depend on its neighbours.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from citymains.kernels.rows import (
    LANES,
    add_product,
    store_inverse,
    store_product,
    subtract_product,
    subtract_scaled,
)
from citymains.kernels.symbolic import Symbolic

__all__ = ["LANES", "LaneSolver", "factorize", "factorize_one", "substitute", "substitute_one"]

Floats = NDArray[np.float64]
Vector = NDArray[np.float64]
Ints = NDArray[np.int32]


@numba.njit(cache=True)
def factorize(
    column_start: Ints, row: Ints, target: Ints, diagonal: Floats, lower: Floats, inverse: Floats
) -> None:
    """``L D L'`` in place: each column, once done, is taken off those it reaches.

    Parameters
    ----------
    column_start, row, target
        From :class:`~citymains.kernels.symbolic.Symbolic`.
    diagonal : ndarray, shape (>= n, LANES)
        Diagonal of the matrix in elimination order; overwritten with ``D``.
    lower : ndarray, shape (>= nnz, LANES)
        Entries below it; overwritten with ``L D`` (not divided by ``D``).
    inverse : ndarray, shape (n, LANES)
        Output, ``1 / D``.
    """
    scale = np.empty((1, LANES))
    at = 0
    for j in range(inverse.shape[0]):
        store_inverse(inverse, j, diagonal, j)
        stop = column_start[j + 1]
        for q in range(column_start[j], stop):
            store_product(scale, 0, lower, q, inverse, j)
            subtract_product(diagonal, row[q], lower, q, scale, 0)
            p = q + 1
            while p < stop:
                entry, end = target[at], target[at + 1]
                at += 2
                for one in range(p, end):
                    subtract_product(lower, entry + one - p, lower, one, scale, 0)
                p = end


@numba.njit(cache=True)
def substitute(column_start: Ints, row: Ints, lower: Floats, inverse: Floats, right_side: Floats) -> None:
    """Solve in place with a factorisation of :func:`factorize`; `right_side` [>= n, LANES] in elimination order."""
    size = inverse.shape[0]
    taken = np.empty((1, LANES))
    for j in range(size):
        store_product(right_side, j, right_side, j, inverse, j)
        for k in range(column_start[j], column_start[j + 1]):
            subtract_product(right_side, row[k], lower, k, right_side, j)
    for j in range(size - 1, -1, -1):
        taken[0, :] = 0.0
        for k in range(column_start[j], column_start[j + 1]):
            add_product(taken, 0, lower, k, right_side, row[k])
        subtract_product(right_side, j, taken, 0, inverse, j)


@numba.njit(cache=True)
def factorize_one(
    column_start: Ints, row: Ints, target: Ints, diagonal: Vector, lower: Vector, inverse: Vector
) -> None:
    """:func:`factorize` of one system, in arrays of one dimension: where all lanes have the same matrix."""
    at = 0
    for j in range(inverse.shape[0]):
        inverse[j] = 1.0 / diagonal[j]
        stop = column_start[j + 1]
        for q in range(column_start[j], stop):
            scale = lower[q] * inverse[j]
            diagonal[row[q]] -= lower[q] * scale
            p = q + 1
            while p < stop:
                entry, end = target[at], target[at + 1]
                at += 2
                while p + LANES <= end:
                    subtract_scaled(lower, entry, p, scale)
                    p, entry = p + LANES, entry + LANES
                for one in range(p, end):
                    lower[entry + one - p] -= lower[one] * scale
                p = end


@numba.njit(cache=True)
def substitute_one(column_start: Ints, row: Ints, lower: Vector, inverse: Vector, right_side: Vector) -> None:
    """:func:`substitute` of one system."""
    size = inverse.shape[0]
    for j in range(size):
        right_side[j] *= inverse[j]
        for k in range(column_start[j], column_start[j + 1]):
            right_side[row[k]] -= lower[k] * right_side[j]
    for j in range(size - 1, -1, -1):
        taken = 0.0
        for k in range(column_start[j], column_start[j + 1]):
            taken += lower[k] * right_side[row[k]]
        right_side[j] -= taken * inverse[j]


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
        self.inverse = np.zeros((symbolic.size, LANES))

    def solve(self) -> Floats:
        """Solution in elimination order, shape (n, LANES); overwrites what was filled in."""
        one = self.symbolic
        factorize(one.column_start, one.row, one.target, self.diagonal, self.lower, self.inverse)
        return self.solve_again()

    def solve_again(self) -> Floats:
        """Solution for another right side with the matrix factorised last."""
        one = self.symbolic
        substitute(one.column_start, one.row, self.lower, self.inverse, self.right_side)
        return self.right_side
