"""Newton's method for eight gas networks of one topology side by side, compiled.

Unknown are the squares of the absolute pressures; a pipe's law is then nearly

    p_i^2 - p_j^2 + H = K Z |m| m (lambda L / d + zeta)

with the height term H and the mean compressibility Z taken from the last iterate. What is
left is symmetric in the pressures, so an iteration is one factorisation of a graph Laplacian
(Todini's gradient method). The equations are those of the reference engine (pandapipes);
only the way to their solution differs.

References
----------
E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks", 1988.
D. Lohmeier et al., "pandapipes: An Open-Source Piping Grid Calculation Package",
Sustainability 12 (2020) 9899.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
from citymains.kernels.lanes import LANES, factorize, substitute
from numpy.typing import NDArray

from citymains_gas.kernel_friction import friction

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

#: State of a node in a scenario.
CUT_OFF, FREE, PINNED = 0, 1, 2

#: An iteration that moves no pressure by more is the last [bar].
TOLERANCE_BAR: Final = 1e-10

#: Least flow the slope of a pipe's law is taken at [kg/s], as the reference engine has it.
_LEAST_FLOW: Final = 1e-8
#: Pressures are kept above this while they are searched for [bar2].
_LEAST_SQUARE: Final = 1e-6


@numba.njit(cache=True, error_model="numpy")
def linearize(
    start: Ints,
    end: Ints,
    law: Bytes,
    constants: Floats,
    z: Floats,
    is_open: Bytes,
    flow: Floats,
    square: Floats,
    pressure: Floats,
    root: Floats,
    conductance: Floats,
    linear: Floats,
) -> None:
    """Conductance of every pipe, and the flow it would have if no pressure moved.

    Parameters
    ----------
    start, end : ndarray of int, shape (m,)
    law : ndarray of int8, shape (m,)
    constants : ndarray, shape (m, 10)
        Columns as :class:`citymains_gas.kernel_network.KernelNetwork` lays them out.
    z : ndarray, shape (3,)
        Offset and slope of the compressibility; third 1 where the line is its reciprocal.
    is_open : ndarray of int8, shape (m, LANES)
    flow, square, pressure, root : ndarray
        The iterate: [m, LANES] kg/s, [n, LANES] bar2, its root in bar, Colebrook roots [m, LANES].
    conductance, linear : ndarray, shape (m, LANES)
        Output.
    """
    offset, slope, reciprocal = z[0], z[1], z[2] > 0.5
    for e in range(start.shape[0]):
        i, j, model = start[e], end[e], law[e]
        resistance, ratio, loss = constants[e, 0], constants[e, 1], constants[e, 2]
        per_flow, roughness, rough = constants[e, 3], constants[e, 4], constants[e, 5]
        height, start_k, end_k = constants[e, 6], constants[e, 7], constants[e, 8]
        for lane in range(LANES):
            if is_open[e, lane] == 0:
                conductance[e, lane] = 0.0
                linear[e, lane] = 0.0
                continue
            m, p, q = flow[e, lane], pressure[i, lane], pressure[j, lane]
            total = p + q
            mean = offset + slope * (2.0 / 3.0) * (total - p * q / total)
            compressibility = 1.0 / mean if reciprocal else mean
            size = abs(m)
            factor, change, root[e, lane] = friction(model, size * per_flow, roughness, rough, root[e, lane])
            whole = ratio * factor + loss
            scale = resistance * compressibility
            inverse = 1.0 / (scale * (max(size, _LEAST_FLOW) * 2.0 * whole + size * ratio * change))
            drop = square[i, lane] - square[j, lane]
            if height != 0.0:
                at_p, at_q = offset + slope * p, offset + slope * q
                density = (
                    p * at_p / start_k + q * at_q / end_k
                    if reciprocal
                    else p / (at_p * start_k) + q / (at_q * end_k)
                )
                drop += height * density * total
            conductance[e, lane] = inverse
            linear[e, lane] = m + (drop - scale * size * m * whole) * inverse


@numba.njit(cache=True, error_model="numpy")
def assemble(
    start: Ints,
    end: Ints,
    position: Ints,
    edge_entry: Ints,
    state: Bytes,
    demand: Floats,
    drawn: Floats,
    conductance: Floats,
    linear: Floats,
    diagonal: Floats,
    lower: Floats,
    right_side: Floats,
) -> None:
    """Fill the nodal system for the change of the squared pressures, in elimination order."""
    lower[:, :] = 0.0
    for n in range(position.shape[0]):
        at = position[n]
        for lane in range(LANES):
            diagonal[at, lane] = 0.0
            right_side[at, lane] = -demand[n, lane] - drawn[n, lane]
    for e in range(start.shape[0]):
        a, b, entry = position[start[e]], position[end[e]], edge_entry[e]
        for lane in range(LANES):
            y, w = conductance[e, lane], linear[e, lane]
            diagonal[a, lane] += y
            diagonal[b, lane] += y
            right_side[a, lane] -= w
            right_side[b, lane] += w
            if state[start[e], lane] == FREE and state[end[e], lane] == FREE:
                lower[entry, lane] -= y
    for n in range(position.shape[0]):
        at = position[n]
        for lane in range(LANES):
            if state[n, lane] != FREE:
                diagonal[at, lane] = 1.0
                right_side[at, lane] = 0.0


@numba.njit(cache=True, error_model="numpy")
def advance(
    start: Ints,
    end: Ints,
    position: Ints,
    state: Bytes,
    damping: Floats,
    change: Floats,
    conductance: Floats,
    linear: Floats,
    flow: Floats,
    square: Floats,
    pressure: Floats,
    moved: Floats,
) -> None:
    """Take the step; `moved` gets the largest change of pressure of each lane [bar]."""
    for e in range(start.shape[0]):
        a, b = position[start[e]], position[end[e]]
        for lane in range(LANES):
            following = linear[e, lane] + conductance[e, lane] * (change[a, lane] - change[b, lane])
            flow[e, lane] += damping[lane] * (following - flow[e, lane])
    for lane in range(LANES):
        moved[lane] = 0.0
    for n in range(position.shape[0]):
        at = position[n]
        for lane in range(LANES):
            if state[n, lane] == FREE:
                square[n, lane] += damping[lane] * change[at, lane]
                following = math.sqrt(max(square[n, lane], _LEAST_SQUARE))
                moved[lane] = max(
                    moved[lane], abs(following - pressure[n, lane]), abs(change[at, lane]) * 0.5 / following
                )
                pressure[n, lane] = following


@numba.njit(cache=True, error_model="numpy")
def regulator_flows(
    start: Ints,
    end: Ints,
    inlet: Ints,
    outlet: Ints,
    working: Bytes,
    demand: Floats,
    flow: Floats,
    drawn: Floats,
    passed: Floats,
) -> None:
    """What each regulator passes so that its outlet keeps its pressure, drawn at its inlet from the next iteration on.

    A regulator below another one is in balance one iteration later than that one.
    """
    balance = demand + drawn
    for e in range(start.shape[0]):
        for lane in range(LANES):
            balance[start[e], lane] += flow[e, lane]
            balance[end[e], lane] -= flow[e, lane]
    drawn[:, :] = 0.0
    for r in range(inlet.shape[0]):
        for lane in range(LANES):
            if working[r, lane]:
                passed[r, lane] = balance[outlet[r], lane]
                drawn[inlet[r], lane] += balance[outlet[r], lane]
            else:
                passed[r, lane] = 0.0


@numba.njit(cache=True, error_model="numpy")
def solve_lanes(
    start: Ints,
    end: Ints,
    law: Bytes,
    constants: Floats,
    z: Floats,
    inlet: Ints,
    outlet: Ints,
    position: Ints,
    edge_entry: Ints,
    column_start: Ints,
    row: Ints,
    target: Ints,
    is_open: Bytes,
    state: Bytes,
    working: Bytes,
    demand: Floats,
    flow: Floats,
    square: Floats,
    pressure: Floats,
    root: Floats,
    passed: Floats,
    damping: Floats,
    limit: int,
    iterations: Ints,
) -> None:
    """Solve eight scenarios in place, from the iterate in `flow`, `square`, `pressure` and `root`.

    `iterations` gets the number each lane took, or -1 where it has not converged within `limit`.
    """
    edges, nodes = start.shape[0], position.shape[0]
    conductance, linear = np.zeros((edges, LANES)), np.zeros((edges, LANES))
    diagonal, right_side = np.zeros((nodes, LANES)), np.zeros((nodes, LANES))
    lower, inverse = np.zeros((row.shape[0], LANES)), np.zeros((nodes, LANES))
    drawn, moved = np.zeros((nodes, LANES)), np.zeros(LANES)
    iterations[:] = -1
    last_passed = passed.copy()
    if inlet.shape[0]:
        regulator_flows(start, end, inlet, outlet, working, demand, flow, drawn, passed)
    for iteration in range(1, limit + 1):
        linearize(start, end, law, constants, z, is_open, flow, square, pressure, root, conductance, linear)
        assemble(
            start,
            end,
            position,
            edge_entry,
            state,
            demand,
            drawn,
            conductance,
            linear,
            diagonal,
            lower,
            right_side,
        )
        factorize(column_start, row, target, diagonal, lower, inverse)
        substitute(column_start, row, lower, inverse, right_side)
        advance(
            start,
            end,
            position,
            state,
            damping,
            right_side,
            conductance,
            linear,
            flow,
            square,
            pressure,
            moved,
        )
        if inlet.shape[0]:
            last_passed[:, :] = passed
            regulator_flows(start, end, inlet, outlet, working, demand, flow, drawn, passed)
            for r in range(inlet.shape[0]):
                for lane in range(LANES):
                    if abs(passed[r, lane] - last_passed[r, lane]) > 1e-9 * (1.0 + abs(passed[r, lane])):
                        moved[lane] = math.inf
        done = True
        for lane in range(LANES):
            if moved[lane] <= TOLERANCE_BAR:
                if iterations[lane] < 0:
                    iterations[lane] = iteration
            else:
                iterations[lane] = -1
                done = False
        if done:
            return
