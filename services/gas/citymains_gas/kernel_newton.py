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
from typing import Final, NamedTuple

import numba
import numpy as np
from citymains.kernels.lanes import factorize, factorize_one, substitute, substitute_one
from citymains.kernels.rows import LANES, add_row, subtract_product, subtract_row
from numpy.typing import NDArray

from citymains_gas.kernel_friction import friction

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

#: An iteration that moves no pressure by more is the last [bar].
TOLERANCE_BAR: Final = 1e-9
#: So is one after which the rest of the way, at the rate of the last two, is no longer than this [bar]; ...
_REST_BAR: Final = 1e-10
#: ... where that rate is below this: the iterations converge at least so fast from there on.
_FAST: Final = 1e-2

#: Reynolds number below which a pipe's loss is taken as linear in the flow. Colebrook's law there has a loss
#: of some 1e-9 bar2 whatever the flow is, of either sign; between them no step would find rest.
_CREEPING: Final = 0.1
#: The slope is at least this share of twice loss over flow: Colebrook's law has none at vanishing flow.
_LEAST_SLOPE: Final = 0.25
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

#: Edges that are worked on at a time; their arrays stay in the first cache.
_TILE: Final = 32


class Edges(NamedTuple):
    """Constants of the edges; see :class:`citymains_gas.kernel_network.KernelNetwork`."""

    start: Ints
    end: Ints
    values: Floats
    """Rows resistance, ratio, loss, reynolds_per_flow, roughness, rough, known."""
    height: Floats
    """Rows height, start_k, end_k."""


class Pattern(NamedTuple):
    """Where edges and nodes stand in the system.

    The first `plain` edges have ends that no ideal link can join to another node; the others
    look up, lane by lane, which node stands for their ends.
    """

    position: Ints
    """Elimination position of each node."""
    plain: int
    entry: Ints
    """Entry of each plain edge; a spare one past the last for those without."""
    table_start: Ints
    table_width: Ints
    table: Ints
    """Entries of the other edges: ``table[start + i width + j]`` for the i-th and j-th node of both ends' clusters."""
    member: Ints
    """Place of each node in its cluster."""
    column_start: Ints
    row: Ints
    target: Ints


class Lanes(NamedTuple):
    """Eight scenarios and their iterates; arrays [edge or node, lane]."""

    active: Floats
    """1 where an edge conducts, else 0."""
    coupled: Floats
    """1 where both ends of an edge are unknown, else 0."""
    free: Floats
    """1 where a node's pressure is unknown; 0: held, not supplied, or another node stands for it."""
    stands_for: Ints
    """Node that has this node's pressure and balance: itself, but for those joined by ideal links."""
    demand: Floats
    """What the sinks at each standing node ask for [kg/s]."""
    feed: Floats
    """What infeeds bring there [kg/s]."""
    gets: Floats
    """What the sinks there get [kg/s]."""
    flow: Floats
    square: Floats
    pressure: Floats
    root: Floats
    working: Bytes
    """1 where a regulator holds its set point, [regulator, lane]."""
    passed: Floats
    """Flow of each working regulator [kg/s]."""


class Delivery(NamedTuple):
    """How demand meets pressure; gauge pressures in bar."""

    yields: bool
    """Whether sinks draw less where the pressure is low."""
    least: float
    nominal: float
    atmosphere: Floats


class Work(NamedTuple):
    """Room for one iteration."""

    conductance: Floats
    linear: Floats
    diagonal: Floats
    right_side: Floats
    lower: Floats
    inverse: Floats
    drawn: Floats
    """What regulators take at their inlets [kg/s]."""
    delivered: Floats
    """What sinks would get if no pressure moved, less what infeeds bring [kg/s]."""
    yielding: Floats
    """How that changes with the squared pressure."""
    moved: Floats
    """Largest change of pressure of each lane [bar]."""
    going: Floats
    """1 for a lane that has not settled, else 0: what has settled stays, whatever its neighbours do."""

    @classmethod
    def of(cls, edges: int, nodes: int, entries: int) -> Work:
        """Arrays for a topology."""

        def room(rows: int) -> Floats:
            return np.zeros((rows, LANES))

        return cls(
            conductance=room(edges),
            linear=room(edges),
            diagonal=room(nodes),
            right_side=room(nodes),
            lower=room(entries + 1),
            inverse=room(nodes),
            drawn=room(nodes),
            delivered=room(nodes),
            yielding=room(nodes),
            moved=np.zeros(LANES),
            going=np.ones(LANES),
        )


@numba.njit(cache=True, error_model="numpy")
def linearize(edges: Edges, z: Floats, law: int, has_height: bool, lanes: Lanes, work: Work) -> None:
    """Conductance of every edge, and the flow it would have if no pressure moved."""
    size = _TILE * LANES
    p, q, drop, mean = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    reynolds, factor, slope, root = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    constant = np.empty((7, size))
    flow, conductance, linear = lanes.flow.reshape(-1), work.conductance.reshape(-1), work.linear.reshape(-1)
    roots, active = lanes.root.reshape(-1), lanes.active.reshape(-1)
    count = edges.start.shape[0]
    for first in range(0, count, _TILE):
        many = min(_TILE, count - first)
        for e in range(many):
            i, j = edges.start[first + e], edges.end[first + e]
            for lane in range(LANES):
                at = e * LANES + lane
                p[at], q[at] = lanes.pressure[i, lane], lanes.pressure[j, lane]
                drop[at] = lanes.square[i, lane] - lanes.square[j, lane]
            for one in range(7):
                value = edges.values[one, first + e]
                for lane in range(LANES):
                    constant[one, e * LANES + lane] = value
        base, many = first * LANES, many * LANES
        _compressibility(z, many, p, q, mean)
        if has_height:
            _heights(edges.height, first, z, many, p, q, drop)
        for at in range(many):
            re = abs(flow[base + at]) * constant[3, at]
            reynolds[at] = re if re > _CREEPING else _CREEPING
            root[at] = roots[base + at]
        friction(law, many, reynolds, constant[4], constant[5], root, factor, slope)
        for at in range(many):
            roots[base + at] = root[at]
            fixed = constant[6, at] > 0.0
            f = constant[6, at] if fixed else factor[at]
            rise = 0.0 if fixed else slope[at]
            m = flow[base + at]
            amount = reynolds[at] / constant[3, at]
            whole = constant[1, at] * f + constant[2, at]
            scale = constant[0, at] * mean[at]
            steep = amount * (2.0 * whole + constant[1, at] * rise)
            least = _LEAST_SLOPE * 2.0 * amount * whole
            rising = steep if steep > least else least
            rising = rising if reynolds[at] > _CREEPING else amount * whole
            inverse = active[base + at] / (scale * rising)
            conductance[base + at] = inverse
            linear[base + at] = active[base + at] * m + (drop[at] - scale * amount * m * whole) * inverse


@numba.njit(cache=True, error_model="numpy")
def _compressibility(z: Floats, count: int, p: Floats, q: Floats, mean: Floats) -> None:
    """Z at the mean pressure of each edge."""
    offset, slope = z[0], z[1]
    if z[2] > 0.5:
        for at in range(count):
            total = p[at] + q[at]
            mean[at] = 1.0 / (offset + slope * (2.0 / 3.0) * (total - p[at] * q[at] / total))
    else:
        for at in range(count):
            total = p[at] + q[at]
            mean[at] = offset + slope * (2.0 / 3.0) * (total - p[at] * q[at] / total)


@numba.njit(cache=True, error_model="numpy")
def _heights(height: Floats, first: int, z: Floats, count: int, p: Floats, q: Floats, drop: Floats) -> None:
    """Add the weight of the gas column to the difference of the squares."""
    offset, slope, reciprocal = z[0], z[1], z[2] > 0.5
    for at in range(count):
        e = first + at // LANES
        at_p, at_q = offset + slope * p[at], offset + slope * q[at]
        if not reciprocal:
            at_p, at_q = 1.0 / at_p, 1.0 / at_q
        density = p[at] * at_p / height[1, e] + q[at] * at_q / height[2, e]
        drop[at] += height[0, e] * density * (p[at] + q[at])


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
    """Fill the nodal system for the change of the squared pressures, in elimination order."""
    work.lower[:, :] = 0.0
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
        subtract_product(work.lower, pattern.entry[e], work.conductance, e, lanes.coupled, e)
    for e in range(pattern.plain, edges.start.shape[0]):
        at, width = pattern.table_start[e - pattern.plain], pattern.table_width[e - pattern.plain]
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
            entry = pattern.table[at + pattern.member[i] * width + pattern.member[j]]
            work.lower[entry, lane] -= y * lanes.coupled[e, lane]
    for n in range(pattern.position.shape[0]):
        at = pattern.position[n]
        for lane in range(LANES):
            unknown = lanes.free[n, lane]
            work.diagonal[at, lane] = work.diagonal[at, lane] if unknown > 0.0 else 1.0
            work.right_side[at, lane] *= unknown


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
def _solve_system(pattern: Pattern, work: Work, alike: bool) -> None:
    """Put the changes of the squared pressures into `right_side`; `alike` lanes share one factorisation."""
    if not alike:
        factorize(pattern.column_start, pattern.row, pattern.target, work.diagonal, work.lower, work.inverse)
        substitute(pattern.column_start, pattern.row, work.lower, work.inverse, work.right_side)
        return
    lower, inverse, found = work.lower[:, 0].copy(), work.inverse[:, 0].copy(), work.right_side[:, 0].copy()
    factorize_one(
        pattern.column_start, pattern.row, pattern.target, work.diagonal[:, 0].copy(), lower, inverse
    )
    substitute_one(pattern.column_start, pattern.row, lower, inverse, found)
    for n in range(found.shape[0]):
        for lane in range(LANES):
            work.right_side[n, lane] = found[n]


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
        linearize(edges, z, law, has_height, lanes, work)
        deliver(delivery, lanes, work)
        assemble(edges, pattern, lanes, work)
        _solve_system(pattern, work, alike)
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
