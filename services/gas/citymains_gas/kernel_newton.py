"""Newton's method for eight gas networks of one topology side by side, compiled.

Unknown are the squares of the absolute pressures; a pipe's law is then nearly

    p_i^2 - p_j^2 + H = R Z |m| m (f L / d + zeta)

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
from citymains.kernels.lanes import factorize, factorize_one, substitute, substitute_one
from citymains.kernels.rows import LANES, add_row, fill_row, subtract_product, subtract_row
from numpy.typing import NDArray

from citymains_gas.kernel_arrays import Delivery, Edges, Lanes, Pattern, Work
from citymains_gas.kernel_pipes import linearize

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Vector = NDArray[np.float64]

#: An iteration that moves no pressure by more is the last [bar].
TOLERANCE_BAR: Final = 1e-9
#: So is one after which the rest of the way, at the rate of the last two, is no longer than this [bar]; ...
_REST_BAR: Final = 1e-10
#: ... where that rate is below this: the iterations converge at least so fast from there on.
_FAST: Final = 1e-2

#: Pressures are kept above this while they are searched for [bar2].
_LEAST_SQUARE: Final = 1e-6
#: A step takes at most this share of a square away, so that no first guess runs below zero.
_MOST_FALL: Final = 0.9

#: Change of a regulator's flow, relative to 1 kg/s or to itself, that does not count.
_PASSED_TOLERANCE: Final = 1e-9
#: Share of the demand below which the slope of the law of delivery is that of this share.
_FIRST_SHARE: Final = 0.01
#: Slope of that law where nothing more, or nothing less than nothing, can be drawn.
_BARRIER: Final = 1e12


@numba.njit(cache=True, error_model="numpy")
def deliver(delivery: Delivery, lanes: Lanes, work: Work) -> None:
    """What sinks would get if no pressure moved, and how it changes with the squared pressure.

    ``p - least = (nominal - least) (q / asked)^2`` for what is drawn, q, between 0 and all; beyond,
    a barrier so steep that nothing less than 0 and no more than all is drawn. Flow, not pressure,
    is what the law is smooth in; so demand is treated as the pipes are.
    """
    span = delivery.nominal - delivery.least
    for n in range(lanes.demand.shape[0]):
        for lane in range(LANES):
            asked = lanes.demand[n, lane]
            work.delivered[n, lane] = lanes.gets[n, lane] - lanes.feed[n, lane]
            work.yielding[n, lane] = 0.0
            if not delivery.yields or asked <= 0.0:
                continue
            share, pressure = lanes.gets[n, lane] / asked, lanes.pressure[n, lane]
            above = (pressure - delivery.atmosphere[n] - delivery.least) / span
            if share < 0.0:
                loss, slope = _BARRIER * share, _BARRIER
            elif share > 1.0:
                loss, slope = 1.0 + _BARRIER * (share - 1.0), _BARRIER
            else:
                loss, slope = share * share, 2.0 * max(share, _FIRST_SHARE)
            work.delivered[n, lane] += asked * (above - loss) / slope
            work.yielding[n, lane] = asked / (slope * span * 2.0 * pressure)


@numba.njit(cache=True, error_model="numpy")
def take(lanes: Lanes, work: Work, position: Ints) -> None:
    """Let the sinks draw what the new pressures give them."""
    for n in range(position.shape[0]):
        at = position[n]
        for lane in range(LANES):
            change = work.yielding[n, lane] * work.right_side[at, lane] * lanes.free[n, lane]
            new = work.delivered[n, lane] + lanes.feed[n, lane] + change
            lanes.gets[n, lane] = new if work.going[lane] > 0.0 else lanes.gets[n, lane]


@numba.njit(cache=True, error_model="numpy")
def assemble(edges: Edges, pattern: Pattern, lanes: Lanes, work: Work) -> None:
    """Fill the diagonal and the right side for the change of the squared pressures, in elimination order."""
    for n in range(pattern.position.shape[0]):
        at = pattern.position[n]
        for lane in range(LANES):
            work.diagonal[at, lane] = work.yielding[n, lane]
            work.right_side[at, lane] = -work.delivered[n, lane] - work.drawn[n, lane]
    for e in range(pattern.plain):
        a, b = pattern.position[edges.start[e]], pattern.position[edges.end[e]]
        add_row(work.diagonal, a, work.conductance, e)
        add_row(work.diagonal, b, work.conductance, e)
        subtract_row(work.right_side, a, work.linear, e)
        add_row(work.right_side, b, work.linear, e)
    for e in range(pattern.plain, edges.start.shape[0]):
        for lane in range(LANES):
            i, j = lanes.stands_for[edges.start[e], lane], lanes.stands_for[edges.end[e], lane]
            if i == j:
                continue
            y, w = work.conductance[e, lane], work.linear[e, lane]
            a, b = pattern.position[i], pattern.position[j]
            work.diagonal[a, lane] += y
            work.diagonal[b, lane] += y
            work.right_side[a, lane] -= w
            work.right_side[b, lane] += w
    for n in range(pattern.position.shape[0]):
        at = pattern.position[n]
        for lane in range(LANES):
            unknown = lanes.free[n, lane]
            work.diagonal[at, lane] = work.diagonal[at, lane] if unknown > 0.0 else 1.0
            work.right_side[at, lane] *= unknown


@numba.njit(cache=True)
def couple(edges: Edges, pattern: Pattern, lanes: Lanes, work: Work) -> None:
    """Fill the entries below the diagonal."""
    work.lower[:, :] = 0.0
    for e in range(pattern.plain):
        subtract_product(work.lower, pattern.entry[e], work.conductance, e, lanes.coupled, e)
    for e in range(pattern.plain, edges.start.shape[0]):
        for lane in range(LANES):
            entry = _entry(edges, pattern, lanes, e, lane)
            work.lower[entry, lane] -= work.conductance[e, lane] * lanes.coupled[e, lane]


@numba.njit(cache=True)
def couple_one(edges: Edges, pattern: Pattern, lanes: Lanes, work: Work) -> Vector:
    """The entries below the diagonal of the first scenario."""
    lower = np.zeros(work.lower.shape[0])
    for e in range(edges.start.shape[0]):
        entry = pattern.entry[e] if e < pattern.plain else _entry(edges, pattern, lanes, e, 0)
        lower[entry] -= work.conductance[e, 0] * lanes.coupled[e, 0]
    return lower


@numba.njit(cache=True)
def _entry(edges: Edges, pattern: Pattern, lanes: Lanes, e: int, lane: int) -> int:
    """Entry of an edge whose ends other nodes may stand for; the spare one where one node stands for both."""
    i, j = lanes.stands_for[edges.start[e], lane], lanes.stands_for[edges.end[e], lane]
    if i == j:
        return int(pattern.row.shape[0])
    width = pattern.table_width[e - pattern.plain]
    at = pattern.table_start[e - pattern.plain] + pattern.member[i] * width + pattern.member[j]
    return int(pattern.table[at])


@numba.njit(cache=True, error_model="numpy")
def advance(edges: Edges, pattern: Pattern, lanes: Lanes, work: Work) -> None:
    """Take the step in the lanes that go on; `moved` gets the largest change of pressure of each [bar]."""
    position, change, going = pattern.position, work.right_side, work.going
    for e in range(pattern.plain):
        a, b = position[edges.start[e]], position[edges.end[e]]
        for lane in range(LANES):
            new = work.linear[e, lane] + work.conductance[e, lane] * (change[a, lane] - change[b, lane])
            lanes.flow[e, lane] = new if going[lane] > 0.0 else lanes.flow[e, lane]
    for e in range(pattern.plain, edges.start.shape[0]):
        for lane in range(LANES):
            a = position[lanes.stands_for[edges.start[e], lane]]
            b = position[lanes.stands_for[edges.end[e], lane]]
            new = work.linear[e, lane] + work.conductance[e, lane] * (change[a, lane] - change[b, lane])
            lanes.flow[e, lane] = new if going[lane] > 0.0 else lanes.flow[e, lane]
    work.moved[:] = 0.0
    for n in range(position.shape[0]):
        at = position[n]
        for lane in range(LANES):
            step, old = change[at, lane] * lanes.free[n, lane] * going[lane], lanes.square[n, lane]
            least = (1.0 - _MOST_FALL) * old
            new = old + step
            new = new if new > least else least
            new = new if new > _LEAST_SQUARE else _LEAST_SQUARE
            lanes.square[n, lane] = new if lanes.free[n, lane] > 0.0 else old
            root = math.sqrt(lanes.square[n, lane])
            shift = abs(step) * 0.5 / root
            lanes.pressure[n, lane] = root
            # A number that is none must not pass for no movement.
            work.moved[lane] = work.moved[lane] if shift <= work.moved[lane] else shift


@numba.njit(cache=True, error_model="numpy")
def follow(tied: Ints, lanes: Lanes) -> None:
    """Give nodes that others stand for the pressures of those."""
    for at in range(tied.shape[0]):
        n = tied[at]
        for lane in range(LANES):
            standing = lanes.stands_for[n, lane]
            lanes.square[n, lane] = lanes.square[standing, lane]
            lanes.pressure[n, lane] = lanes.pressure[standing, lane]


@numba.njit(cache=True, error_model="numpy")
def regulator_flows(edges: Edges, inlet: Ints, outlet: Ints, lanes: Lanes, work: Work) -> None:
    """What each regulator passes so that its outlet keeps its pressure, drawn at its inlet from the next iteration on.

    A regulator below another one is in balance one iteration later than that one.
    """
    balance = lanes.gets - lanes.feed + work.drawn
    for e in range(edges.start.shape[0]):
        for lane in range(LANES):
            balance[lanes.stands_for[edges.start[e], lane], lane] += lanes.flow[e, lane]
            balance[lanes.stands_for[edges.end[e], lane], lane] -= lanes.flow[e, lane]
    work.drawn[:, :] = 0.0
    for r in range(inlet.shape[0]):
        for lane in range(LANES):
            passes = balance[lanes.stands_for[outlet[r], lane], lane] if lanes.working[r, lane] else 0.0
            if abs(passes - lanes.passed[r, lane]) > _PASSED_TOLERANCE * (1.0 + abs(passes)):
                work.moved[lane] = math.inf
            lanes.passed[r, lane] = passes
            work.drawn[lanes.stands_for[inlet[r], lane], lane] += passes


@numba.njit(cache=True)
def _solve_system(edges: Edges, pattern: Pattern, lanes: Lanes, work: Work, alike: bool) -> None:
    """Put the changes of the squared pressures into `right_side`; `alike` lanes share one factorisation."""
    if not alike:
        couple(edges, pattern, lanes, work)
        factorize(pattern.column_start, pattern.row, pattern.target, work.diagonal, work.lower, work.inverse)
        substitute(pattern.column_start, pattern.row, work.lower, work.inverse, work.right_side)
        return
    lower, inverse, found = (
        couple_one(edges, pattern, lanes, work),
        work.inverse[:, 0].copy(),
        work.right_side[:, 0].copy(),
    )
    factorize_one(
        pattern.column_start, pattern.row, pattern.target, work.diagonal[:, 0].copy(), lower, inverse
    )
    substitute_one(pattern.column_start, pattern.row, lower, inverse, found)
    for n in range(found.shape[0]):
        fill_row(work.right_side, n, found[n])


@numba.njit(cache=True, error_model="numpy")
def solve(
    edges: Edges,
    pattern: Pattern,
    z: Floats,
    law: int,
    has_height: bool,
    tied: Ints,
    inlet: Ints,
    outlet: Ints,
    delivery: Delivery,
    lanes: Lanes,
    work: Work,
    limit: int,
    alike: bool,
    iterations: Ints,
) -> None:
    """Solve eight scenarios in place, from the iterates in `lanes`; `alike`: it is one scenario eight times.

    `iterations` gets the number each lane took, or -1 where it has not settled within `limit`.
    """
    iterations[:] = -1
    before = np.full(LANES, np.inf)
    work.going[:] = 1.0
    work.drawn[:, :] = 0.0
    follow(tied, lanes)
    if inlet.shape[0]:
        regulator_flows(edges, inlet, outlet, lanes, work)
    for iteration in range(1, limit + 1):
        linearize(edges, z, law, has_height, lanes, work, alike)
        deliver(delivery, lanes, work)
        assemble(edges, pattern, lanes, work)
        _solve_system(edges, pattern, lanes, work, alike)
        advance(edges, pattern, lanes, work)
        if delivery.yields:
            take(lanes, work, pattern.position)
        follow(tied, lanes)
        if inlet.shape[0]:
            regulator_flows(edges, inlet, outlet, lanes, work)
        for lane in range(LANES):
            moved, rate = work.moved[lane], work.moved[lane] / before[lane]
            arrived = moved <= TOLERANCE_BAR or (0.0 < rate <= _FAST and moved * rate <= _REST_BAR)
            if work.going[lane] > 0.0 and arrived:
                iterations[lane], work.going[lane] = iteration, 0.0
            before[lane] = moved
        if work.going.max() == 0.0:
            return
