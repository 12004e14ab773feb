"""Heat in moving and standing water: plug flow with the wall's capacity, exact in time for constant flows.

Water and wall of a pipe are taken to have one temperature, so that a front moves at the share
of the water's velocity that the water's capacity has of both, and cools on its way:

    delay      t_d = (C_water + C_wall) / (m c_p)
    decay      tau = (C_water + C_wall) / (U A)
    outlet     T(t) = T_s + (T_in(t - t_d) - T_s) exp(-t_d / tau)      for t >= t_d
               T_s + (T_0(x = L (1 - t / t_d)) - T_s) exp(-t / tau)    before

In standing water T_0 decays with tau. Nothing is stepped: within a period of constant flows every
outlet follows from the inlet's history.

References
----------
A. Benonysson, B. Bohm, H. F. Ravn, "Operational optimization in a district heating system", Energy
Conversion and Management 36 (1995) 297-314 (the node method).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

#: Points of each pipe's temperature profile.
POINTS: Final = 65
#: Flows below this stand still [kg/s].
STANDING_KG_PER_S: Final = 1e-6
#: Change of a loop's temperatures at which it is settled [K].
_SETTLED_K: Final = 1e-3

_STEEL_J_PER_M3K: Final = 7850.0 * 470.0


@dataclass(frozen=True, eq=False)
class PipeHeat:
    """Capacities and losses of pipes, shape (m,) each.

    Parameters
    ----------
    start, end : ndarray of int
        Nodes.
    water_j_per_k, wall_j_per_k : ndarray
        Heat capacity of the water in each pipe and of its wall.
    loss_w_per_k : ndarray
        Heat lost per kelvin to the surroundings.
    surroundings_c : ndarray
    """

    start: Indices
    end: Indices
    water_j_per_k: Floats
    wall_j_per_k: Floats
    loss_w_per_k: Floats
    surroundings_c: Floats

    @property
    def capacity_j_per_k(self) -> Floats:
        """Water and wall together."""
        return self.water_j_per_k + self.wall_j_per_k

    @property
    def time_constant_s(self) -> Floats:
        """Time in which standing water comes e-fold nearer to its surroundings; inf without loss."""
        with np.errstate(divide="ignore"):
            return np.where(self.loss_w_per_k > 0.0, self.capacity_j_per_k / self.loss_w_per_k, np.inf)


def steel_wall_mm(inner_diameter_mm: Floats) -> Floats:
    """Usual wall of pre-insulated steel pipes [mm], a line through EN 253's DN 100 to DN 1000.

    >>> steel_wall_mm(np.array([107.1, 309.7, 994.0])).round(1).tolist()
    [3.5, 5.2, 11.0]
    """
    return 2.6 + 0.0085 * np.asarray(inner_diameter_mm, dtype=np.float64)


def wall_capacity_j_per_k(inner_diameter_mm: Floats, wall_mm: Floats, length_m: Floats) -> Floats:
    """Heat capacity of steel walls [J/K]."""
    area_mm2 = np.pi * (inner_diameter_mm + wall_mm) * wall_mm
    return np.asarray(area_mm2 * 1e-6 * length_m * _STEEL_J_PER_M3K)


@dataclass(frozen=True, eq=False)
class Flows:
    """Constant flows of one period.

    Parameters
    ----------
    pipes : ndarray, shape (m,)
        Mass flow of each pipe, positive from start to end [kg/s].
    short : sequence of (int, int, float)
        Links without volume (valves, pumps): start, end, flow.
    stations : sequence of (int, int)
        Supply and return node of each consumer.
    station_flow, required_w : ndarray, shape (n,)
        Flow through each consumer, and heat it asks for.
    gain_w_per_k, base_c : ndarray, shape (n,)
        Heat each can take per kelvin that the water is hotter than its cold side.
    station_w_per_k : ndarray, shape (n,)
        Heat capacity of the stream through each consumer.
    plants : sequence of (int, int, float, float)
        Return node, supply node, flow, outlet temperature [C]; NaN where it heats nothing and
        passes on what comes back.
    pipe_j_per_kgk : ndarray, shape (m,)
        Heat capacity of the water in each pipe.
    """

    pipes: Floats
    short: Sequence[tuple[int, int, float]]
    stations: Sequence[tuple[int, int]]
    station_flow: Floats
    required_w: Floats
    gain_w_per_k: Floats
    base_c: Floats
    station_w_per_k: Floats
    plants: Sequence[tuple[int, int, float, float]]
    pipe_j_per_kgk: Floats


@dataclass(frozen=True, eq=False)
class Period:
    """What happened in one period of constant flows; series have the shape (times, n)."""

    times_s: Floats
    """From the start of the period, both ends included."""
    supply_c: Floats
    """Temperature that reaches each consumer; NaN without flow."""
    heat_w: Floats
    """Heat each consumer gets."""


@dataclass(frozen=True)
class _Arc:
    """One way water takes: from a tail to a head."""

    kind: str
    at: int
    tail: int
    head: int
    flow: float


class ThermalNetwork:
    """The temperatures of a network's water, moved through periods of constant flows.

    Parameters
    ----------
    nodes : int
    pipes : PipeHeat
    profile_c : ndarray, shape (m, POINTS)
        Temperatures along each pipe, from its start to its end.
    """

    def __init__(self, nodes: int, pipes: PipeHeat, profile_c: Floats) -> None:
        self.nodes = nodes
        self.pipes = pipes
        self.profile_c = profile_c.copy()

    def refill(self, pipes: Sequence[int]) -> None:
        """Empty some pipes and fill them anew with water as cold as what surrounds them."""
        rows = np.asarray(pipes, dtype=np.int64)
        self.profile_c[rows] = self.pipes.surroundings_c[rows, None]

    def advance(self, flows: Flows, duration_s: float, step_s: float) -> Period:
        """Move on by one period of constant flows.

        Parameters
        ----------
        flows : Flows
        duration_s : float
            > 0
        step_s : float
            Longest step between the times of the answer; fronts between them are interpolated.
        """
        steps = max(1, int(np.ceil(duration_s / step_s - 1e-9)))
        run = _Run(self, flows, np.linspace(0.0, duration_s, steps + 1))
        run.solve()
        self.profile_c = np.array([run.final_profile(at) for at in range(len(self.pipes.start))]).reshape(
            -1, POINTS
        )
        return Period(run.times, run.supply_c, run.heat_w)


@dataclass
class _Run:
    """One period in the making."""

    network: ThermalNetwork
    flows: Flows
    times: Floats
    node_c: dict[int, Floats] = field(default_factory=dict)
    supply_c: Floats = field(init=False)
    heat_w: Floats = field(init=False)

    def __post_init__(self) -> None:
        shape = (len(self.times), len(self.flows.stations))
        self.supply_c = np.full(shape, np.nan)
        self.heat_w = np.zeros(shape)
        pipes = self.network.pipes
        self.arcs = [
            *(_arc("pipe", at, *ends) for at, ends in enumerate(zip(pipes.start.tolist(), pipes.end.tolist(), self.flows.pipes.tolist(), strict=True))),
            *(_arc("short", at, *ends) for at, ends in enumerate(self.flows.short)),
            *(_arc("station", at, *ends, flow) for at, (ends, flow) in enumerate(zip(self.flows.stations, self.flows.station_flow.tolist(), strict=True))),
            *(_arc("plant", at, tail, head, flow) for at, (tail, head, flow, _) in enumerate(self.flows.plants)),
        ]  # fmt: skip
        self.arcs = [one for one in self.arcs if one.flow >= STANDING_KG_PER_S]

    def solve(self) -> None:
        """Temperatures of all nodes; again where a plant passes on what comes back, until that settles."""
        order, into = self._order()
        passing = [one for one in self.arcs if one.kind == "plant" and np.isnan(self.flows.plants[one.at][3])]
        guess: Mapping[int, Floats] = {one.at: self._first_guess(one) for one in passing}
        while True:
            self.node_c = {}
            for node in order:
                self._mix(node, into.get(node, []), guess)
            if not passing:
                return
            found = {one.at: self.node_c.get(one.tail, guess[one.at]) for one in passing}
            if all(np.nanmax(np.abs(found[at] - guess[at])) < _SETTLED_K for at in found):
                return
            guess = found

    def _first_guess(self, plant: _Arc) -> Floats:
        """What stands at the plant's return now."""
        ends = [
            self.network.profile_c[one.at, -1 if self.flows.pipes[one.at] >= 0.0 else 0]
            for one in self.arcs
            if one.kind == "pipe" and one.head == plant.tail
        ]
        return np.full(len(self.times), float(np.mean(ends)) if ends else 0.0)

    def _order(self) -> tuple[list[int], dict[int, list[_Arc]]]:
        """Nodes so that water reaches each after those it comes from; plants begin anew."""
        into: dict[int, list[_Arc]] = {}
        out: dict[int, list[_Arc]] = {}
        for one in self.arcs:
            into.setdefault(one.head, []).append(one)
            if one.kind != "plant":
                out.setdefault(one.tail, []).append(one)
        waiting = {node: sum(one.kind != "plant" for one in into.get(node, [])) for node in {*into, *out}}
        ready = [node for node, count in waiting.items() if count == 0]
        order: list[int] = []
        while ready:
            node = ready.pop()
            order.append(node)
            for one in out.get(node, []):
                waiting[one.head] -= 1
                if waiting[one.head] == 0:
                    ready.append(one.head)
        # Water that circles between pumps has no first node: such nodes come last, in any order.
        return [*order, *(node for node in waiting if waiting[node] > 0)], into

    def _mix(self, node: int, into: list[_Arc], guess: Mapping[int, Floats]) -> None:
        total = sum(one.flow for one in into)
        if total <= 0.0:
            return
        series = [one.flow / total * self._outlet(one, guess) for one in into]
        self.node_c[node] = np.sum(series, axis=0)

    def _outlet(self, arc: _Arc, guess: Mapping[int, Floats]) -> Floats:
        if arc.kind == "plant":
            set_c = self.flows.plants[arc.at][3]
            return guess[arc.at] if np.isnan(set_c) else np.full(len(self.times), set_c)
        inlet = self.node_c.get(arc.tail)
        if arc.kind == "pipe":
            return self._pipe_outlet(arc, inlet)
        if inlet is None:  # nothing is known upstream: it keeps what the station was left with
            inlet = np.full(len(self.times), np.nan)
        return self._station_outlet(arc, inlet) if arc.kind == "station" else inlet

    def _station_outlet(self, arc: _Arc, inlet: Floats) -> Floats:
        warmer = np.maximum(np.nan_to_num(inlet) - self.flows.base_c[arc.at], 0.0)
        heat = np.minimum(self.flows.gain_w_per_k[arc.at] * warmer, self.flows.required_w[arc.at])
        self.supply_c[:, arc.at] = inlet
        self.heat_w[:, arc.at] = heat
        return np.asarray(inlet - heat / self.flows.station_w_per_k[arc.at])

    # -- pipes ---------------------------------------------------------------------------------------------

    def _delay(self, at: int, flow: float) -> float:
        stream = flow * float(self.flows.pipe_j_per_kgk[at])
        return float(self.network.pipes.capacity_j_per_k[at]) / stream

    def _cooled(self, at: int, temperature_c: Floats, age_s: Floats | float) -> Floats:
        pipes = self.network.pipes
        around, constant = pipes.surroundings_c[at], pipes.time_constant_s[at]
        return np.asarray(around + (temperature_c - around) * np.exp(-np.asarray(age_s) / constant))

    def _along(self, at: int) -> Floats:
        """The profile in the direction of the flow."""
        profile = self.network.profile_c[at]
        return np.asarray(profile if self.flows.pipes[at] >= 0.0 else profile[::-1])

    def _pipe_outlet(self, arc: _Arc, inlet: Floats | None) -> Floats:
        delay = self._delay(arc.at, arc.flow)
        begun = self.times < delay
        outlet = np.empty(len(self.times))
        places = np.linspace(0.0, 1.0, POINTS)
        start_at = 1.0 - self.times[begun] / delay
        held = np.interp(start_at, places, self._along(arc.at))
        outlet[begun] = self._cooled(arc.at, held, self.times[begun])
        through = np.interp(self.times[~begun] - delay, self.times, inlet) if inlet is not None else np.nan
        outlet[~begun] = self._cooled(arc.at, np.asarray(through), delay)
        return outlet

    def final_profile(self, at: int) -> Floats:
        """Temperatures along a pipe at the end of the period."""
        flow, duration = abs(float(self.flows.pipes[at])), float(self.times[-1])
        if flow < STANDING_KG_PER_S:
            return self._cooled(at, np.asarray(self.network.profile_c[at]), duration)
        pipes = self.network.pipes
        tail = int(pipes.start[at] if self.flows.pipes[at] >= 0.0 else pipes.end[at])
        inlet = self.node_c.get(tail)
        places = np.linspace(0.0, 1.0, POINTS)
        delay = self._delay(at, flow)
        age = places * delay
        entered = age <= duration
        profile = np.empty(POINTS)
        came = np.interp(duration - age[entered], self.times, inlet) if inlet is not None else np.nan
        profile[entered] = self._cooled(at, np.asarray(came), age[entered])
        was = np.interp(places[~entered] - duration / delay, places, self._along(at))
        profile[~entered] = self._cooled(at, was, duration)
        return profile if self.flows.pipes[at] >= 0.0 else profile[::-1]


def _arc(kind: str, at: int, start: int, end: int, flow: float) -> _Arc:
    if np.isnan(flow):
        flow = 0.0
    return _Arc(kind, at, start, end, flow) if flow >= 0.0 else _Arc(kind, at, end, start, -flow)


def steady_profile(pipes: PipeHeat, flow: Floats, inlet_c: Floats, pipe_j_per_kgk: Floats) -> Floats:
    """Temperatures along pipes in a steady state, from start to end; at the surroundings where water stands.

    Parameters
    ----------
    flow, inlet_c : ndarray, shape (m,)
        Mass flow, and the temperature where the water enters; NaN where it stands.
    pipe_j_per_kgk : ndarray, shape (m,)
        Heat capacity of the water in each pipe.
    """
    places = np.linspace(0.0, 1.0, POINTS)
    stream = np.abs(flow) * pipe_j_per_kgk
    with np.errstate(divide="ignore", invalid="ignore"):
        exponent = np.where(stream > 0.0, pipes.loss_w_per_k / stream, np.inf)
    around = pipes.surroundings_c[:, None]
    enters = np.where(np.isnan(inlet_c), pipes.surroundings_c, inlet_c)[:, None]
    with np.errstate(invalid="ignore"):
        profile = around + (enters - around) * np.exp(-exponent[:, None] * places[None, :])
    profile = np.where(np.isfinite(profile), profile, around)
    return np.where((flow < 0.0)[:, None], profile[:, ::-1], profile)
