"""One step of the global gradient method, for eight scenarios at once.

Unknown are the potentials of the nodes (heads of water, squared pressures of gas) and the
flows of the links. Every link tells its conductance and its correction at the present flow;
the step solves the nodal balance for the potentials and gives every link its new flow.

References
----------
E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks", 1988.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from citymains.kernels.lanes import factorize, substitute
from citymains.kernels.rows import LANES, add_product, add_row, subtract_row
from citymains.kernels.symbolic import Symbolic

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]


class Pattern(NamedTuple):
    """Where every link stands in the system. Unknown nodes come first, in elimination order; fixed ones follow."""

    size: int
    """Unknown nodes."""
    start: Ints
    end: Ints
    entry: Ints
    """Entry of each link below the diagonal; a spare one past the last for links without."""
    edge_link: Ints
    """Links with a fixed node, ..."""
    edge_node: Ints
    """... its unknown end, ..."""
    edge_fixed: Ints
    """... and its fixed one."""
    column_start: Ints
    row: Ints
    target: Ints

    @classmethod
    def of(cls, symbolic: Symbolic, start: Ints, end: Ints) -> Pattern:
        """From ends numbered in elimination order."""
        size = symbolic.size
        entry = np.where(symbolic.edge_entry < 0, symbolic.entries, symbolic.edge_entry).astype(np.int32)
        mixed = np.flatnonzero((start < size) != (end < size)).astype(np.int32)
        unknown = np.where(start[mixed] < size, start[mixed], end[mixed]).astype(np.int32)
        fixed = np.where(start[mixed] < size, end[mixed], start[mixed]).astype(np.int32)
        return cls(
            size,
            start.astype(np.int32),
            end.astype(np.int32),
            entry,
            mixed,
            unknown,
            fixed,
            symbolic.column_start,
            symbolic.row,
            symbolic.target,
        )


class Step(NamedTuple):
    """Arrays of one step, [row, lane]."""

    conductance: Floats
    """Change of flow with the difference of potential, per link."""
    excess: Floats
    """Conductance times the loss at the present flow, minus that flow, per link."""
    diagonal: Floats
    right_side: Floats
    lower: Floats
    inverse: Floats

    @classmethod
    def of(cls, pattern: Pattern, nodes: int) -> Step:
        """Room for one step."""
        links = len(pattern.start)
        shapes = (
            (links, LANES),
            (links, LANES),
            (nodes, LANES),
            (nodes, LANES),
            (len(pattern.row) + 1, LANES),
            (pattern.size, LANES),
        )
        return cls(*(np.zeros(shape) for shape in shapes))


@numba.njit(cache=True)
def assemble(pattern: Pattern, step: Step, potential: Floats) -> None:
    """Add the links to the system; `diagonal` and `right_side` hold what the nodes add."""
    step.lower[:] = 0.0
    for link in range(pattern.start.shape[0]):
        a, b = pattern.start[link], pattern.end[link]
        add_row(step.diagonal, a, step.conductance, link)
        add_row(step.diagonal, b, step.conductance, link)
        add_row(step.right_side, a, step.excess, link)
        subtract_row(step.right_side, b, step.excess, link)
        subtract_row(step.lower, pattern.entry[link], step.conductance, link)
    for at in range(pattern.edge_link.shape[0]):
        add_product(
            step.right_side,
            pattern.edge_node[at],
            step.conductance,
            pattern.edge_link[at],
            potential,
            pattern.edge_fixed[at],
        )


@numba.njit(cache=True)
def solve(pattern: Pattern, step: Step, potential: Floats) -> None:
    """New potentials of the unknown nodes."""
    factorize(pattern.column_start, pattern.row, pattern.target, step.diagonal, step.lower, step.inverse)
    substitute(pattern.column_start, pattern.row, step.lower, step.inverse, step.right_side)
    potential[: pattern.size] = step.right_side[: pattern.size]


@numba.njit(cache=True)
def difference(pattern: Pattern, potential: Floats, out: Floats) -> None:
    """Difference of potential over each link."""
    for link in range(pattern.start.shape[0]):
        a, b = pattern.start[link], pattern.end[link]
        for lane in range(LANES):
            out[link, lane] = potential[a, lane] - potential[b, lane]


@numba.njit(cache=True, error_model="numpy")
def update(flow: Floats, conductance: Floats, excess: Floats, drop: Floats) -> None:
    """New flows; `drop` [links * LANES] has the differences of potential and gets the changes of flow, without sign."""
    for at in range(flow.shape[0]):
        new = conductance[at] * drop[at] - excess[at]
        drop[at] = abs(new - flow[at])
        flow[at] = new
