"""A queue of scenarios through eight lanes: as soon as one is balanced, the next takes its lane.

A lane starts from the undisturbed solution and is read at its own last iteration; its answer
does not depend on its neighbours. Scenarios take between two and a dozen iterations, so
lanes that waited for each other would stand idle for a third of the time.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from citymains.kernels.gradient import Step
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_water import kernel_reasons as reasons
from citymains_water.kernel_certificate import Rules, objection
from citymains_water.kernel_laws import SHUT
from citymains_water.kernel_newton import Iterate, System, iterate

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Masks = NDArray[np.bool_]


class Queue(NamedTuple):
    """Scenarios, end to end as in :class:`~citymains_water.batch_chunk.Chunk`; links and junctions by their places."""

    factor: Floats
    closed_start: Ints
    closed: Ints
    cut_start: Ints
    cut: Ints
    scaled_start: Ints
    scaled: Ints
    factors: Floats
    drawn_start: Ints
    drawn: Ints
    flows: Floats
    """[cfs]"""


class Undisturbed(NamedTuple):
    """What a lane is reset to."""

    iterate: Iterate
    resistance: Floats
    minor: Floats
    valve_shut: Masks
    pump_shut: Masks
    fixed: Floats
    """Demand drawn whatever the pressure, shape (unknown nodes,)."""
    full: Floats
    """Demand that follows the pressure, shape (draws,)."""
    draw_of: Ints
    """Draw of each unknown node; -1: none."""
    ends: Ints
    """Where pipes, losses and control valves end among the links."""
    head: Floats
    """Reference heads, in the solver's order [ft]."""
    usual: Floats
    """Lowest and highest of them."""
    total: float
    """Sum of the flows [cfs]."""


class Answers(NamedTuple):
    """A row per scenario."""

    head: Floats
    """[scenario, place of node]"""
    lacking: Floats
    """Demand that is not met, [scenario, draw]."""
    reason: Ints


class Room(NamedTuple):
    """Working room of one queue."""

    step: Step
    now: Iterate
    closed: Masks
    supplied: Masks


@numba.njit(cache=True, error_model="numpy", nogil=True)
def stream(
    system: System,
    base: Undisturbed,
    rules: Rules,
    queue: Queue,
    room: Room,
    answers: Answers,
    accuracy: float,
    limit: int,
) -> None:
    """Answer every scenario of a queue, or write why not.

    Parameters
    ----------
    system : System
        Overwritten by the scenarios, and left as it was.
    base : Undisturbed
    rules : Rules
        The certificate's.
    queue : Queue
    room : Room
    answers : Answers
    accuracy : float
        Sum of the changes of flow, relative to the undisturbed sum of flows, at which a lane is balanced.
    limit : int
        Most iterations of a lane.
    """
    moved = np.empty((1, LANES))
    scenario = np.full(LANES, -1)
    age = np.zeros(LANES, dtype=np.int32)
    waiting, at_work = 0, 0
    count = queue.factor.shape[0]
    for lane in range(LANES):
        reset(system, base, room, lane)
        if waiting < count:
            _load(system, base, queue, room, waiting, lane)
            scenario[lane] = waiting
            waiting += 1
            at_work += 1
    while at_work > 0:
        iterate(system, room.step, room.now, moved)
        for lane in range(LANES):
            one = scenario[lane]
            if one < 0:
                continue
            age[lane] += 1
            balanced = moved[0, lane] <= accuracy * base.total
            if not balanced and age[lane] < limit:
                continue
            _finish(system, base, rules, room, answers, one, lane, balanced)
            _open(system, base, queue, room, one, lane)
            scenario[lane], age[lane] = -1, 0
            if waiting < count:
                _load(system, base, queue, room, waiting, lane)
                scenario[lane] = waiting
                waiting += 1
            else:
                reset(system, base, room, lane)
                at_work -= 1


@numba.njit(cache=True, error_model="numpy", nogil=True)
def reset(system: System, base: Undisturbed, room: Room, lane: int) -> None:
    """The undisturbed state, with its demands."""
    now = room.now
    now.flow[:, lane] = base.iterate.flow[:, 0]
    now.potential[:, lane] = 0.0
    now.drawn[:, lane] = base.iterate.drawn[:, 0]
    now.emitted[:, lane] = base.iterate.emitted[:, 0]
    system.fixed[:, lane] = base.fixed
    system.demands.full[:, lane] = base.full
    room.supplied[:, lane] = True


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _load(system: System, base: Undisturbed, queue: Queue, room: Room, one: int, lane: int) -> None:
    """Put a scenario into a lane."""
    reset(system, base, room, lane)
    factor = queue.factor[one]
    fixed, full = system.fixed, system.demands.full
    if factor != 1.0:
        for node in range(fixed.shape[0]):
            fixed[node, lane] *= factor
        for draw in range(full.shape[0]):
            full[draw, lane] *= factor
    for at in range(queue.scaled_start[one], queue.scaled_start[one + 1]):
        node, times = queue.scaled[at], queue.factors[at]
        fixed[node, lane] *= times
        if base.draw_of[node] >= 0:
            full[base.draw_of[node], lane] *= times
    for at in range(queue.cut_start[one], queue.cut_start[one + 1]):
        node = queue.cut[at]
        fixed[node, lane] = 0.0
        room.supplied[node, lane] = False
        if base.draw_of[node] >= 0:
            full[base.draw_of[node], lane] = 0.0
    for at in range(queue.drawn_start[one], queue.drawn_start[one + 1]):
        fixed[queue.drawn[at], lane] += queue.flows[at]
    for at in range(queue.closed_start[one], queue.closed_start[one + 1]):
        link = queue.closed[at]
        room.closed[link, lane] = True
        if link < base.ends[0]:
            system.links.resistance[link, lane] = SHUT
        elif link < base.ends[1]:
            system.links.minor[link, lane] = SHUT
        elif link < base.ends[2]:
            system.valves.shut[link - base.ends[1], lane] = True
        else:
            system.pumps.shut[link - base.ends[2], lane] = True


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _open(system: System, base: Undisturbed, queue: Queue, room: Room, one: int, lane: int) -> None:
    """Take a scenario's closures out of a lane."""
    for at in range(queue.closed_start[one], queue.closed_start[one + 1]):
        link = queue.closed[at]
        room.closed[link, lane] = False
        if link < base.ends[0]:
            system.links.resistance[link, lane] = base.resistance[link]
        elif link < base.ends[1]:
            system.links.minor[link, lane] = base.minor[link]
        elif link < base.ends[2]:
            system.valves.shut[link - base.ends[1], lane] = base.valve_shut[link - base.ends[1]]
        else:
            system.pumps.shut[link - base.ends[2], lane] = base.pump_shut[link - base.ends[2]]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _finish(
    system: System,
    base: Undisturbed,
    rules: Rules,
    room: Room,
    answers: Answers,
    one: int,
    lane: int,
    balanced: bool,
) -> None:
    """Read a lane, if the certificate has no objection."""
    now = room.now
    reason = reasons.NOT_CONVERGED
    if balanced:
        answers.head[one] = base.head + now.potential[:, lane]
        reason = objection(rules, lane, room.closed, now.flow, answers.head[one], base.usual, room.supplied)
    answers.reason[one] = reason
    if reason == reasons.ANSWERED:
        for draw in range(answers.lacking.shape[1]):
            answers.lacking[one, draw] = max(system.demands.full[draw, lane] - now.drawn[draw, lane], 0.0)
