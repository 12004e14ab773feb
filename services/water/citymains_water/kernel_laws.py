"""What a link loses and what a node draws, for eight scenarios at once, by EPANET's own formulas.

Every law gives a conductance (change of flow with the difference of head) and an *excess*
(conductance times the loss at the present flow, minus that flow). Units are EPANET's feet
and cubic feet a second. Links stand in the order pipes, valves as losses, working control
valves, pumps, so that each law is one loop without branches.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from citymains.kernels.power import power
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Masks = NDArray[np.bool_]

HAZEN_WILLIAMS, DARCY_WEISBACH, CHEZY_MANNING = 0, 1, 2
POWER_CONSTANT, POWER_FUNCTION, CUSTOM_CURVE = 0, 1, 2

#: EPANET's conductance of a closed link, of one without loss, and gradient below which a loss is linear.
CLOSED_CONDUCTANCE, FREE_CONDUCTANCE, LEAST_GRADIENT = 1e-8, 1e6, 1e-7
#: Written in place of a coefficient where a link is closed.
SHUT = -1.0

# Constants of the friction factor: A1 1000 pi, A2 500 pi, A8 5.74 (pi/4)^0.9, A9 -2 / ln 10,
# AB 5.74 / 4000^0.9, AC -2 * 0.9 * 2 / ln 10 * AB.
_A1, _A2, _A8 = 3141.59265358979323850, 1570.79632679489661930, 4.61841319859066668690
_A9, _AB, _AC = -0.868588963806503655300, 3.28895476345399058690e-3, -5.14214965799093883760e-3
_STEEP = 1e9
_ROUNDED = 1e-6


class Links(NamedTuple):
    """Coefficients of the links, [link, lane]; :data:`SHUT` where a lane closes one."""

    formula: int
    exponent: float
    resistance: Floats
    """Of pipes."""
    minor: Floats
    """Of pipes and valves as losses."""
    roughness: Floats
    """Relative to the diameter, of pipes, shape (pipes,); for Darcy-Weisbach."""
    viscous: Floats
    """Viscosity times diameter, of pipes, shape (pipes,)."""


class Pumps(NamedTuple):
    """Pumps that turn; they come last among the links."""

    kind: Ints
    speed: Floats
    shutoff: Floats
    resistance: Floats
    exponent: Floats
    curve_start: Ints
    flows: Floats
    heads: Floats
    shut: Masks
    """[pump, lane]"""


class Draws(NamedTuple):
    """Outflows that follow the pressure: pressure-dependent demands, or emitters."""

    node: Ints
    full: Floats
    """Demand in full, [draw, lane]; of emitters not used."""
    coefficient: Floats
    """Of emitters, shape (draws,)."""
    base: Floats
    """Head from which water flows, above the node's reference head, shape (draws,)."""
    rise: float
    """Pressure between no and full delivery; of emitters not used."""
    exponent: float
    """Of the flow in the loss."""
    backflow: bool


@numba.njit(cache=True, error_model="numpy", nogil=True)
def pipe_laws(links: Links, flow: Floats, conductance: Floats, excess: Floats) -> None:
    """Pipes by Hazen-Williams or Chezy-Manning; all arrays flat."""
    n = links.exponent
    resistance, minor = links.resistance.ravel(), links.minor.ravel()
    for at in range(resistance.shape[0]):
        r, q = resistance[at], abs(flow[at])
        steep = n * r * power(q, n - 1.0)
        linear = steep < LEAST_GRADIENT
        gradient = LEAST_GRADIENT / n if linear else steep
        loss = gradient * q if linear else gradient * q / n
        loss += minor[at] * q * q
        gradient += 2.0 * minor[at] * q
        is_shut = r < 0.0
        c = CLOSED_CONDUCTANCE if is_shut else 1.0 / gradient
        passed = loss * c if flow[at] >= 0.0 else -loss * c
        conductance[at] = c
        excess[at] = 0.0 if is_shut else passed - flow[at]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def rough_pipe_laws(links: Links, flow: Floats, conductance: Floats, excess: Floats) -> None:
    """Pipes by Darcy-Weisbach; arrays [link, lane]."""
    for link in range(links.resistance.shape[0]):
        e, s = links.roughness[link], links.viscous[link]
        for lane in range(LANES):
            r, m, q = links.resistance[link, lane], links.minor[link, lane], flow[link, lane]
            if r < 0.0:
                conductance[link, lane], excess[link, lane] = CLOSED_CONDUCTANCE, 0.0
                continue
            size = abs(q)
            if size <= _A2 * s:  # laminar
                laminar = 16.0 * np.pi * s * r
                loss, gradient = q * (laminar + m * size), laminar + 2.0 * m * size
            else:
                factor, slope = _friction(size, e, s)
                whole = factor * r + m
                loss = whole * size * q
                gradient = 2.0 * whole * size + slope * r * size * size
            conductance[link, lane] = 1.0 / gradient
            excess[link, lane] = loss / gradient - q


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _friction(size: float, e: float, s: float) -> tuple[float, float]:
    """Friction factor and its change with flow: Swamee-Jain above Re 4000, Dunlop's polynomials from 2000."""
    w = size / s
    if w >= _A1:
        y1 = _A8 / w**0.9
        y2 = e / 3.7 + y1
        y3 = _A9 * np.log(y2)
        factor = 1.0 / (y3 * y3)
        return factor, 1.8 * factor * y1 * _A9 / y2 / y3 / size
    y2 = e / 3.7 + _AB
    y3 = _A9 * np.log(y2)
    fa = 1.0 / (y3 * y3)
    fb = (2.0 + _AC / (y2 * y3)) * fa
    r = w / _A2
    x1, x2 = 7.0 * fa - fb, 0.128 - 17.0 * fa + 2.5 * fb
    x3, x4 = -0.128 + 13.0 * fa - 2.0 * fb, 0.032 - 3.0 * fa + 0.5 * fb
    return x1 + r * (x2 + r * (x3 + r * x4)), (x2 + r * (2.0 * x3 + r * 3.0 * x4)) / s / _A2


@numba.njit(cache=True, error_model="numpy", nogil=True)
def valve_laws(links: Links, flow: Floats, conductance: Floats, excess: Floats) -> None:
    """Open and throttled valves; arrays [link, lane]."""
    for link in range(links.resistance.shape[0], links.minor.shape[0]):
        for lane in range(LANES):
            m, q = links.minor[link, lane], flow[link, lane]
            if m < 0.0:
                conductance[link, lane], excess[link, lane] = CLOSED_CONDUCTANCE, 0.0
            elif m == 0.0:
                conductance[link, lane], excess[link, lane] = FREE_CONDUCTANCE, 0.0
            else:
                gradient = 2.0 * m * abs(q)
                linear = gradient < LEAST_GRADIENT
                if linear:
                    gradient = LEAST_GRADIENT / 2.0
                conductance[link, lane] = 1.0 / gradient
                excess[link, lane] = 0.0 if linear else -q / 2.0


@numba.njit(cache=True, error_model="numpy", nogil=True)
def pump_laws(pumps: Pumps, first: int, flow: Floats, conductance: Floats, excess: Floats) -> None:
    """Pumps, from link `first` on; arrays [link, lane]."""
    for pump in range(pumps.kind.shape[0]):
        for lane in range(LANES):
            link = first + pump
            conductance[link, lane], excess[link, lane] = CLOSED_CONDUCTANCE, 0.0
            if not pumps.shut[pump, lane]:
                c, y = _pump(pumps, pump, flow[link, lane])
                conductance[link, lane], excess[link, lane] = c, y - flow[link, lane]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def _pump(pumps: Pumps, pump: int, q: float) -> tuple[float, float]:
    """Conductance, and conductance times loss (a gain is negative)."""
    speed, size, n = pumps.speed[pump], abs(q), pumps.exponent[pump]
    if pumps.kind[pump] == CUSTOM_CURVE:
        begin, stop = pumps.curve_start[pump], pumps.curve_start[pump + 1]
        at = begin
        while at < stop and pumps.flows[at] < size / speed:
            at += 1
        at = min(max(at, begin + 1), stop - 1)
        slope = (pumps.heads[at] - pumps.heads[at - 1]) / (pumps.flows[at] - pumps.flows[at - 1])
        intercept = pumps.heads[at - 1] - slope * pumps.flows[at - 1]
        gradient = -slope * speed
        return 1.0 / gradient, (-intercept * speed * speed + gradient * q) / gradient
    if pumps.kind[pump] == POWER_CONSTANT:
        # The exponent is -1 here, and the resistance minus 8.814 times the horsepower.
        r = pumps.resistance[pump] * speed**3
        gradient = -r / size / size if size > 0.0 else np.inf
        if gradient > 1.0 / CLOSED_CONDUCTANCE:
            return CLOSED_CONDUCTANCE, q
        if gradient < 1.0 / FREE_CONDUCTANCE:
            return FREE_CONDUCTANCE, q
        return 1.0 / gradient, r / q / gradient
    r = pumps.resistance[pump] * speed ** (2.0 - n)
    still = -speed * speed * pumps.shutoff[pump]
    gradient = n * r * size ** (n - 1.0)
    if n != 1.0 and gradient < LEAST_GRADIENT:
        return 1.0 / LEAST_GRADIENT, (still + LEAST_GRADIENT * q) / LEAST_GRADIENT
    return 1.0 / gradient, (still + gradient * q / n) / gradient


@numba.njit(cache=True, error_model="numpy", inline="always")
def _below(excess: float) -> tuple[float, float]:
    """Loss and its gradient that keep a flow from falling below a limit by which it exceeds it."""
    a = _STEEP * excess
    b = np.sqrt(a * a + _ROUNDED)
    return (a - b) / 2.0, (_STEEP / 2.0) * (1.0 - a / b)


@numba.njit(cache=True, error_model="numpy", inline="always")
def _demand_loss(flow: float, full: float, rise: float, n: float) -> tuple[float, float]:
    inverse = 1.0 / full if full > 0.0 else 0.0
    share = abs(flow) * inverse
    gradient = n * rise * inverse * (share if n == 2.0 else power(share, n - 1.0))
    loss = gradient * flow / n
    low, low_gradient = _below(flow)
    high, high_gradient = _below(full - flow)
    return loss + low - high, gradient + low_gradient + high_gradient


@numba.njit(cache=True, error_model="numpy", inline="always")
def _emitter_loss(flow: float, coefficient: float, n: float, backflow: bool) -> tuple[float, float]:
    gradient = n * max(coefficient, 1e-6) * abs(flow) ** (n - 1.0)
    if gradient < LEAST_GRADIENT:
        gradient = LEAST_GRADIENT / n
        loss = gradient * flow
    else:
        loss = gradient * flow / n
    if not backflow:
        low, low_gradient = _below(flow)
        loss, gradient = loss + low, gradient + low_gradient
    return loss, gradient


@numba.njit(cache=True, error_model="numpy", nogil=True)
def add_demands(draws: Draws, drawn: Floats, diagonal: Floats, right_side: Floats) -> None:
    """Add pressure-dependent demands to the nodal system."""
    for at in range(draws.node.shape[0]):
        node = draws.node[at]
        for lane in range(LANES):
            loss, gradient = _demand_loss(drawn[at, lane], draws.full[at, lane], draws.rise, draws.exponent)
            diagonal[node, lane] += 1.0 / gradient
            right_side[node, lane] += (loss + draws.base[at]) / gradient - drawn[at, lane]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def move_demands(draws: Draws, drawn: Floats, potential: Floats, moved: Floats) -> None:
    """New deliveries at new heads; no step is larger than 0.4 of the demand. `moved` [lane] gets the changes."""
    for at in range(draws.node.shape[0]):
        node = draws.node[at]
        for lane in range(LANES):
            full = draws.full[at, lane]
            loss, gradient = _demand_loss(drawn[at, lane], full, draws.rise, draws.exponent)
            change = (loss - potential[node, lane] + draws.base[at]) / gradient
            change = min(max(change, -0.4 * full), 0.4 * full)
            drawn[at, lane] -= change
            moved[lane] += abs(change)


@numba.njit(cache=True, error_model="numpy", nogil=True)
def add_emitters(draws: Draws, drawn: Floats, diagonal: Floats, right_side: Floats) -> None:
    """Add emitters to the nodal system."""
    for at in range(draws.node.shape[0]):
        node = draws.node[at]
        for lane in range(LANES):
            loss, gradient = _emitter_loss(
                drawn[at, lane], draws.coefficient[at], draws.exponent, draws.backflow
            )
            diagonal[node, lane] += 1.0 / gradient
            right_side[node, lane] += (loss + draws.base[at]) / gradient - drawn[at, lane]


@numba.njit(cache=True, error_model="numpy", nogil=True)
def move_emitters(draws: Draws, drawn: Floats, potential: Floats, moved: Floats) -> None:
    """New outflows at new heads; `moved` [lane] gets the changes."""
    for at in range(draws.node.shape[0]):
        node = draws.node[at]
        for lane in range(LANES):
            loss, gradient = _emitter_loss(
                drawn[at, lane], draws.coefficient[at], draws.exponent, draws.backflow
            )
            change = (loss - potential[node, lane] + draws.base[at]) / gradient
            drawn[at, lane] -= change
            moved[lane] += abs(change)
