"""A first look at every closure: the head drop by one rank-one change of the undisturbed system.

With the matrix :math:`A` of the undisturbed state, a link of conductance :math:`p` that carries
the flow :math:`q` from a to b, and :math:`u = e_a - e_b`, closing it moves the heads by

.. math:: \\delta h = q A^{-1} u / (1 - p\\, u^T A^{-1} u)

(Sherman and Morrison). Exact for the linearised network, it ranks closures well and misses
what is not linear. It orders work and never drops a scenario.

References
----------
J. Sherman, W. J. Morrison, "Adjustment of an inverse matrix corresponding to a change in one
element of a given matrix", Annals of Mathematical Statistics 21(1), 1950, 124-127.
"""

from __future__ import annotations

import numba
import numpy as np
from citymains.kernels.lanes import substitute
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_water.kernel_newton import System, iterate
from citymains_water.kernel_stream import Room, Undisturbed, reset

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Masks = NDArray[np.bool_]

#: What is left of 1 below this is a bridge: the closure cuts off, and the estimate means nothing.
_BRIDGE = 1e-6


@numba.njit(cache=True, error_model="numpy", nogil=True)
def closure_drops(system: System, base: Undisturbed, room: Room, links: Ints, wanted: Masks) -> Floats:
    """The worst head drop at the wanted nodes that the closure of each link may cause [ft].

    Parameters
    ----------
    system : System
    base : Undisturbed
    room : Room
    links : ndarray of int, shape (n,)
        Places of the links.
    wanted : ndarray of bool, shape (nodes,)

    Returns
    -------
    ndarray, shape (n,)
        Infinite for bridges, 0 for links that are closed already.
    """
    moved = np.empty((1, LANES))
    for lane in range(LANES):
        reset(system, base, room, lane)
    iterate(system, room.step, room.now, moved)  # leaves the factors of the undisturbed state
    pattern, size = system.pattern, system.pattern.size
    drops = np.zeros(links.shape[0])
    side = room.step.right_side
    for begin in range(0, links.shape[0], LANES):
        count = min(LANES, links.shape[0] - begin)
        side[:size] = 0.0
        for lane in range(count):
            link = links[begin + lane]
            if pattern.start[link] < size:
                side[pattern.start[link], lane] += 1.0
            if pattern.end[link] < size:
                side[pattern.end[link], lane] -= 1.0
        substitute(pattern.column_start, pattern.row, room.step.lower, room.step.inverse, side)
        for lane in range(count):
            drops[begin + lane] = _drop(system, base, room, links[begin + lane], lane, wanted)
    return drops


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _drop(system: System, base: Undisturbed, room: Room, link: int, lane: int, wanted: Masks) -> float:
    pattern, side = system.pattern, room.step.right_side
    flow, conductance = base.iterate.flow[link, 0], room.step.conductance[link, 0]
    a, b = pattern.start[link], pattern.end[link]
    between = (side[a, lane] if a < pattern.size else 0.0) - (side[b, lane] if b < pattern.size else 0.0)
    left = 1.0 - conductance * between
    if flow == 0.0:
        return 0.0
    if left < _BRIDGE:
        return np.inf
    # Flow from a to b that can no longer pass raises a and lowers b.
    scale = flow / left
    worst = 0.0
    for node in range(pattern.size):
        if wanted[node]:
            worst = max(worst, -side[node, lane] * scale)
    return worst
