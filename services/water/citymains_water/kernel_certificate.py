"""The certificate of a batched answer: EPANET's complete status rules, evaluated at the solution found.

The batched solver holds every status at that of the undisturbed state. At a scenario's
solution this asks of each link that could switch what EPANET asks after every convergence
(check valves, pumps, control valves, links at full or empty tanks, controls by a junction's
pressure). A scenario in which anything would switch is EPANET's to answer.

References
----------
L. A. Rossman et al., "EPANET 2.2 User Manual", EPA/600/R-20/133, chapter 12; status rules of
EPANET 2.3's hydstatus.c and the pressure switches of its hydsolver.c.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from citymains_water import kernel_reasons as reasons
from citymains_water.batch_project import CONTROL_ABOVE, CV_PIPE, FCV, PRV, PSV, PUMP
from citymains_water.kernel_laws import CLOSED_CONDUCTANCE, POWER_CONSTANT
from citymains_water.kernel_model import ACTIVE, CLOSED, OPEN, XHEAD, KernelModel, Pump

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Masks = NDArray[np.bool_]

#: EPANET's tolerances of head [ft] and flow [cfs].
HEAD_TOLERANCE, FLOW_TOLERANCE = 0.0005, 0.0001
#: Heads this far beyond those of the undisturbed state are not of this world [ft]: a part that
#: nothing feeds, or a pump of constant power that passes nothing.
_ABSURD_CHANGE = 1000.0

_CHECK, _PUMP, _PUMP_STOPPED, _REDUCING, _SUSTAINING, _FLOW, _FULL, _EMPTY, _ABOVE, _BELOW = range(10)
_REASON = np.array(
    [
        reasons.CHECK_VALVE,
        reasons.PUMP,
        reasons.PUMP,
        reasons.VALVE,
        reasons.VALVE,
        reasons.VALVE,
        reasons.TANK,
        reasons.TANK,
        reasons.CONTROL,
        reasons.CONTROL,
    ],
    dtype=np.int32,
)


class Rules(NamedTuple):
    """What is asked, a row per rule; links and nodes by their place in the solver's arrays."""

    kind: Ints
    link: Ints
    first: Ints
    """Node at the start; of tank rules the tank, of controls the junction."""
    second: Ints
    limit: Floats
    """Set head or flow, highest gain of a pump [ft, cfs]."""
    minor: Floats
    """Loss coefficient of valves; of pumps the least flow [cfs]."""
    status: Ints
    reversed: Masks
    """Of tank rules: the link starts at the other end. Of pumps at tanks: it discharges into the tank."""
    is_pump: Masks


class RuleTable:
    """Collects the rules of a model.

    Parameters
    ----------
    model : KernelModel
    place_of_link, place_of_node : ndarray of int
        Place of each of the model's links and nodes in the solver's arrays.
    """

    def __init__(self, model: KernelModel, place_of_link: Ints, place_of_node: Ints) -> None:
        self.model, self.links, self.nodes = model, place_of_link, place_of_node
        self.rows: list[tuple[int, int, int, int, float, float, int, bool, bool]] = []
        for link in np.flatnonzero(model.kind == CV_PIPE).tolist():
            self._add(_CHECK, link)
        self._pumps()
        for kind, rule in ((PRV, _REDUCING), (PSV, _SUSTAINING), (FCV, _FLOW)):
            for link in np.flatnonzero((model.kind == kind) & model.regulated).tolist():
                self._add(rule, link, limit=self._set_point(link, kind))
        self._tanks()
        for kind, link, node, head in model.controls:
            place = int(place_of_node[node])
            rule = _ABOVE if kind == CONTROL_ABOVE else _BELOW
            self.rows.append((rule, int(place_of_link[link]), place, place, head, 0.0, 0, False, False))

    def rules(self) -> Rules:
        """The rules as arrays."""
        columns = list(zip(*self.rows, strict=True)) or [()] * 9
        types = (np.int32,) * 4 + (np.float64,) * 2 + (np.int32,) + (np.bool_,) * 2
        return Rules(*(np.array(one, dtype=kind) for one, kind in zip(columns, types, strict=True)))

    def _add(
        self, rule: int, link: int, *, limit: float = 0.0, tank: int = -1, least: float | None = None
    ) -> None:
        model = self.model
        ends = (int(model.start[link]), int(model.end[link]))
        is_reversed = tank == ends[1]
        first, second = reversed(ends) if is_reversed else ends
        self.rows.append(
            (
                rule,
                int(self.links[link]),
                int(self.nodes[first]),
                int(self.nodes[second]),
                limit,
                float(model.minor[link]) if least is None else least,
                int(model.status[link]),
                is_reversed,
                bool(model.kind[link] == PUMP),
            )
        )

    def _pumps(self) -> None:
        for pump in self.model.pumps:
            status = self.model.status[pump.link]
            if status != CLOSED:  # then a tank holds it closed
                rule = _PUMP_STOPPED if status == XHEAD else _PUMP
                self._add(rule, pump.link, limit=pump.speed**2 * pump.highest, least=_least_flow(pump))

    def _set_point(self, link: int, kind: int) -> float:
        node = {PRV: self.model.end, PSV: self.model.start}.get(kind)
        above = float(self.model.elevation[node[link]]) if node is not None else 0.0
        return above + float(self.model.setting[link])

    def _tanks(self) -> None:
        """Links at tanks that are full or empty; tanks do not move in a steady state."""
        model = self.model
        full = model.head >= model.highest - HEAD_TOLERANCE
        empty = model.head <= model.lowest + HEAD_TOLERANCE
        for link in np.flatnonzero(model.may_open & (model.status != XHEAD)).tolist():
            for node in (int(model.start[link]), int(model.end[link])):
                if full[node]:
                    self._add(_FULL, link, tank=node)
                if empty[node]:
                    self._add(_EMPTY, link, tank=node)


def _least_flow(pump: Pump) -> float:
    """Flow below which a pump of constant power stalls: EPANET takes it for a closed link near there [cfs]."""
    if pump.kind != POWER_CONSTANT:
        return -np.inf
    return float(np.sqrt(-pump.resistance * pump.speed**3 * 10.0 * CLOSED_CONDUCTANCE))


@numba.njit(cache=True, nogil=True)
def objection(
    rules: Rules, lane: int, closed: Masks, flow: Floats, head: Floats, usual: Floats, supplied: Masks
) -> int:
    """Why a lane's solution is not EPANET's; 0 where nothing would switch.

    Parameters
    ----------
    rules : Rules
    lane : int
    closed : ndarray of bool, shape (links, LANES)
        Links the scenario closes.
    flow : ndarray, shape (links, LANES)
    head : ndarray, shape (nodes,)
        The solution.
    usual : ndarray, shape (2,)
        Lowest and highest head of the undisturbed state.
    supplied : ndarray of bool, shape (nodes, LANES)
        Nodes with a way to a source.
    """
    low, high = usual[0] - _ABSURD_CHANGE, usual[1] + _ABSURD_CHANGE
    for node in range(head.shape[0]):
        if supplied[node, lane] and not low < head[node] < high:
            return reasons.NO_WAY
    for at in range(rules.kind.shape[0]):
        link = rules.link[at]
        if closed[link, lane]:
            continue
        if _switches(rules, at, head[rules.first[at]], head[rules.second[at]], flow[link, lane]):
            return int(_REASON[rules.kind[at]])
    return reasons.ANSWERED


@numba.njit(cache=True, nogil=True)
def _switches(rules: Rules, at: int, h1: float, h2: float, q: float) -> bool:
    kind, limit, status = rules.kind[at], rules.limit[at], rules.status[at]
    if kind == _CHECK:
        return bool(_check_valve(status, h1 - h2, q) != status)
    if kind == _PUMP:
        return bool(h2 - h1 > limit + HEAD_TOLERANCE or q < rules.minor[at])
    if kind == _PUMP_STOPPED:
        return bool(h2 - h1 <= limit + HEAD_TOLERANCE)
    if kind == _REDUCING:
        return bool(_reducing_valve(status, limit, h1, h2, q, rules.minor[at] * q * q) != status)
    if kind == _SUSTAINING:
        return bool(_sustaining_valve(status, limit, h1, h2, q, rules.minor[at] * q * q) != status)
    if kind == _FLOW:
        reverse = h1 - h2 < -HEAD_TOLERANCE or q < -FLOW_TOLERANCE
        return bool(reverse if status == ACTIVE else not reverse and q >= limit)
    if kind == _ABOVE:
        return bool(h1 >= limit - HEAD_TOLERANCE)
    if kind == _BELOW:
        return bool(h1 <= limit + HEAD_TOLERANCE)
    return bool(_at_tank(rules, at, h1 - h2, -q if rules.reversed[at] else q) != (status <= CLOSED))


@numba.njit(cache=True, nogil=True)
def _check_valve(status: int, drop: float, q: float) -> int:
    if q < -FLOW_TOLERANCE or drop < -HEAD_TOLERANCE:
        return CLOSED
    return OPEN if drop > HEAD_TOLERANCE else status


@numba.njit(cache=True, nogil=True)
def _reducing_valve(status: int, held: float, h1: float, h2: float, q: float, loss: float) -> int:
    if status == CLOSED:
        if h1 >= held + HEAD_TOLERANCE and h2 < held - HEAD_TOLERANCE:
            return ACTIVE
        return OPEN if h1 < held - HEAD_TOLERANCE and h1 > h2 + HEAD_TOLERANCE else CLOSED
    if q < -FLOW_TOLERANCE:
        return CLOSED
    if status == ACTIVE:
        return OPEN if h1 - loss < held - HEAD_TOLERANCE else ACTIVE
    return ACTIVE if h2 >= held + HEAD_TOLERANCE else OPEN


@numba.njit(cache=True, nogil=True)
def _sustaining_valve(status: int, held: float, h1: float, h2: float, q: float, loss: float) -> int:
    if status == CLOSED:
        if h1 <= h2 + HEAD_TOLERANCE:
            return CLOSED
        if h2 > held + HEAD_TOLERANCE:
            return OPEN
        return ACTIVE if h1 >= held + HEAD_TOLERANCE else CLOSED
    if q < -FLOW_TOLERANCE:
        return CLOSED
    if status == ACTIVE:
        return OPEN if h2 + loss > held + HEAD_TOLERANCE else ACTIVE
    return ACTIVE if h1 < held - HEAD_TOLERANCE else OPEN


@numba.njit(cache=True, nogil=True)
def _at_tank(rules: Rules, at: int, drop: float, q: float) -> bool:
    """Whether EPANET closes a link at a full or empty tank; `drop` and `q` are those out of the tank."""
    into = rules.kind[at] == _FULL
    if rules.is_pump[at]:
        return bool(rules.reversed[at] == into)
    if into:
        return _check_valve(OPEN, drop, q) == CLOSED
    # EPANET lets water out as long as its way costs no head, unless it has closed it before.
    return _check_valve(CLOSED, drop, q) == OPEN or q > FLOW_TOLERANCE
