"""One iteration of eight steady states at once: EPANET's gradient method with statuses held.

Potentials are heads above *reference heads*, those of the undisturbed state. Some links lose
a millionth of a foot; in differences of whole heads their flows would drown in rounding.

References
----------
E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks", 1988.
L. A. Rossman et al., "EPANET 2.2 User Manual", EPA/600/R-20/133, chapter 12.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from citymains.kernels.gradient import Pattern, Step, assemble, difference, solve, update
from citymains.kernels.rows import LANES, add_row
from numpy.typing import NDArray

from citymains_water.kernel_laws import (
    DARCY_WEISBACH,
    POWER_CONSTANT,
    Draws,
    Links,
    Pumps,
    add_demands,
    add_emitters,
    move_demands,
    move_emitters,
    pipe_laws,
    pump_laws,
    rough_pipe_laws,
    valve_laws,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Masks = NDArray[np.bool_]

#: What a working control valve holds: the head behind it, the head before it, its flow.
REDUCING, SUSTAINING, FLOW_CONTROL = 0, 1, 2

#: Weight that pins a head to a valve's set point, as in EPANET.
_PIN = 1e8
#: Conductance that keeps a part behind a sustaining valve connected, as in EPANET.
_TRACE = 1e-8


class Valves(NamedTuple):
    """Control valves at work; they stand between the losses and the pumps."""

    kind: Ints
    setting: Floats
    """Head above the reference [ft], or flow [cfs]."""
    pinned: Ints
    """Node whose head is held; -1 for a flow control valve."""
    around_start: Ints
    """The other links at the pinned node, ..."""
    around: Ints
    sign: Floats
    """... +1 where one ends there."""
    shut: Masks
    """[valve, lane]"""


class System(NamedTuple):
    """A network, and what a block of scenarios changes in it."""

    pattern: Pattern
    links: Links
    valves: Valves
    pumps: Pumps
    demands: Draws
    emitters: Draws
    fixed: Floats
    """Demand drawn whatever the pressure, [unknown node, lane]."""
    drop: Floats
    """Difference of the reference heads over each link, shape (links,)."""


class Iterate(NamedTuple):
    """Where the iteration stands, [row, lane]."""

    flow: Floats
    potential: Floats
    drawn: Floats
    """Of pressure-dependent demands."""
    emitted: Floats


@numba.njit(cache=True, error_model="numpy", nogil=True)
def iterate(system: System, step: Step, now: Iterate, moved: Floats) -> None:
    """One iteration of all lanes.

    Parameters
    ----------
    system : System
    step : Step
        Working room.
    now : Iterate
        Overwritten with the next iterate.
    moved : ndarray, shape (1, LANES)
        Output: sum of the changes of flow of each lane [cfs].
    """
    _system(system, step, now)
    solve(system.pattern, step, now.potential)
    _move(system, step, now, moved)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _system(system: System, step: Step, now: Iterate) -> None:
    """Laws of all links at the present flows, and the nodal system they make."""
    links, pattern = system.links, system.pattern
    pipes, losses = links.resistance.shape[0], links.minor.shape[0]
    flow, conductance, excess = now.flow, step.conductance, step.excess
    if links.formula == DARCY_WEISBACH:
        rough_pipe_laws(links, flow, conductance, excess)
    else:
        pipe_laws(links, flow[:pipes].ravel(), conductance[:pipes].ravel(), excess[:pipes].ravel())
    valve_laws(links, flow, conductance, excess)
    first = flow.shape[0] - system.pumps.kind.shape[0]
    pump_laws(system.pumps, first, flow, conductance, excess)
    step.diagonal[:] = 0.0
    step.right_side[:] = 0.0
    step.right_side[: pattern.size] -= system.fixed
    add_demands(system.demands, now.drawn, step.diagonal, step.right_side)
    add_emitters(system.emitters, now.emitted, step.diagonal, step.right_side)
    _valves(system, step, now, losses)
    for link in range(flow.shape[0]):
        for lane in range(LANES):
            excess[link, lane] -= conductance[link, lane] * system.drop[link]
    assemble(pattern, step, now.potential)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _valves(system: System, step: Step, now: Iterate, first: int) -> None:
    """A valve that holds a head passes what its node lacks; one that holds a flow passes that."""
    valves = system.valves
    for valve in range(valves.kind.shape[0]):
        node, link = valves.pinned[valve], first + valve
        for lane in range(LANES):
            step.conductance[link, lane], step.excess[link, lane] = _TRACE, 0.0
            if valves.shut[valve, lane]:
                continue
            if valves.kind[valve] == FLOW_CONTROL:
                step.excess[link, lane] = -valves.setting[valve]
                continue
            lacking = _drawn_at(system, now, node, lane)
            for at in range(valves.around_start[valve], valves.around_start[valve + 1]):
                lacking -= valves.sign[at] * now.flow[valves.around[at], lane]
            if valves.kind[valve] == REDUCING:
                step.conductance[link, lane] = 0.0
                step.excess[link, lane] = -lacking
            else:
                step.excess[link, lane] = lacking
            step.diagonal[node, lane] += _PIN
            step.right_side[node, lane] += _PIN * valves.setting[valve]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _drawn_at(system: System, now: Iterate, node: int, lane: int) -> float:
    """All that leaves the network at a node."""
    drawn = float(system.fixed[node, lane])
    for at in range(system.demands.node.shape[0]):
        if system.demands.node[at] == node:
            drawn += now.drawn[at, lane]
    for at in range(system.emitters.node.shape[0]):
        if system.emitters.node[at] == node:
            drawn += now.emitted[at, lane]
    return drawn


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _move(system: System, step: Step, now: Iterate, moved: Floats) -> None:
    """New flows at the new heads; `moved` [1, lane] gets the sum of their changes."""
    drop = np.empty_like(now.flow)
    difference(system.pattern, now.potential, drop)
    update(now.flow.ravel(), step.conductance.ravel(), step.excess.ravel(), drop.ravel())
    first = now.flow.shape[0] - system.pumps.kind.shape[0]
    for pump in range(system.pumps.kind.shape[0]):
        if system.pumps.kind[pump] == POWER_CONSTANT:
            _keep_forward(now.flow, drop, first + pump)
    moved[:] = 0.0
    for link in range(now.flow.shape[0]):
        add_row(moved, 0, drop, link)
    move_demands(system.demands, now.drawn, now.potential, moved[0])
    move_emitters(system.emitters, now.emitted, now.potential, moved[0])


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _keep_forward(flow: Floats, moved: Floats, link: int) -> None:
    """A pump of constant power never runs backwards: its flow is halved instead, as in EPANET."""
    for lane in range(LANES):
        if flow[link, lane] < 0.0:
            before = flow[link, lane] + moved[link, lane]
            flow[link, lane] = moved[link, lane] = before / 2.0
