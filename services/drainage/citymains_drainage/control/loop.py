"""The control loop: see, decide, guard, command, go on, and sum up."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from citymains_drainage.control.commands import Commands, Floats
from citymains_drainage.control.guard import Decision, GuardState, Intervention, Observation
from citymains_drainage.control.guard_step import guard_step
from citymains_drainage.control.model import ControlSpec, LiveTotals, Simulation
from citymains_drainage.control.outcome import Outcome
from citymains_drainage.control.policies import NATIVE, Policy, policy_named
from citymains_drainage.control.view import ControlView, limited_flows
from citymains_drainage.stations.model import PumpGroup, ReceivingKind, Station, StationSet


@dataclass(eq=False)
class LoopState:
    """What the loop carries from look to look; a fork copies it.

    Attributes
    ----------
    guard : GuardState
    openings : dict of str to float
        Openings of gates in force.
    classes : dict of str to int
        Class of each underpass: 0 green, 1 yellow, 2 red.
    locked_out : frozenset of str
        Pumps under maintenance or failed.
    capacity : float
        Share of their curves that pumps really deliver.
    wet : tuple of (float, float)
        Times in which rain or its runoff is about, or close enough ahead to lower the water for [s]; outside
        them nothing is pumped into rivers but in an emergency. None: not known, so always.
    """

    guard: GuardState = field(default_factory=GuardState)
    openings: dict[str, float] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    locked_out: frozenset[str] = frozenset()
    capacity: float = 1.0
    wet: tuple[tuple[float, float], ...] | None = None
    corrections_m3_per_s: dict[str, float] = field(default_factory=dict)
    """Inflows by node that lead the simulation to measured levels."""
    corrections_end_s: float = -math.inf
    """From when on they are 0 again."""

    def is_wet(self, time_s: float) -> bool:
        """Whether rivers may be pumped into."""
        return self.wet is None or any(begin <= time_s <= end for begin, end in self.wet)


@dataclass(frozen=True, eq=False)
class RainOverride:
    """Other rain than the model's: intensities by gage on an even grid.

    Attributes
    ----------
    start_s, step_s : float
    intensity_mm_per_h : mapping of str to ndarray
        After its end it does not rain.
    """

    start_s: float
    step_s: float
    intensity_mm_per_h: Mapping[str, Floats]

    def at(self, time_s: float) -> dict[str, float]:
        """Intensities at a time [mm/h]."""
        step = int((time_s - self.start_s + 1e-6) // self.step_s)
        return {
            gage: float(values[step]) if 0 <= step < len(values) else 0.0
            for gage, values in self.intensity_mm_per_h.items()
        }


@dataclass(eq=False)
class Trace:
    """What happened at every look; only kept where it is asked for."""

    time_s: list[float] = field(default_factory=list)
    settings: list[list[float]] = field(default_factory=list)
    depths_m: list[list[float]] = field(default_factory=list)
    """Of the wet wells, then of the nodes gates draw from."""
    underpass_m: list[list[float]] = field(default_factory=list)
    flows_m3_per_s: list[list[float]] = field(default_factory=list)
    """Of pumps, then of gates."""
    flooding_m3_per_s: list[list[float]] = field(default_factory=list)
    """Of each region of the spec together."""
    rain_mm_per_h: list[float] = field(default_factory=list)
    volumes_m3: list[list[float]] = field(default_factory=list)
    """Flooding, overflow and storage since the start."""
    interventions: list[tuple[float, Intervention]] = field(default_factory=list)


class ControlLoop:
    """Runs a simulation under a plan.

    Parameters
    ----------
    simulation : Simulation
    spec : ControlSpec
    state : LoopState
    """

    def __init__(self, simulation: Simulation, spec: ControlSpec, state: LoopState) -> None:
        self.simulation = simulation
        self.spec = spec
        self.state = state
        self._policies: dict[str, Policy] = {}
        self._wells = [one.wet_well for one in spec.stations.stations]
        self._roads = [one.node for one in spec.underpasses]
        self._tanks = self._wells + [one.node for one in spec.gates]
        self._pumps = spec.stations.pumps
        for gate in spec.gates:
            state.openings.setdefault(gate.name, gate.initial)

    def run(
        self,
        plan: Commands,
        until_s: float,
        *,
        rain: RainOverride | None = None,
        trace: Trace | None = None,
    ) -> Outcome:
        """Follow a plan until a time, and sum up what came of it.

        Parameters
        ----------
        plan : Commands
        until_s : float
            The last look is before it.
        rain : RainOverride, optional
            Rain from now on instead of the model's.
        trace : Trace, optional
            Filled with what happens.
        """
        sums = _Sums(self.simulation, self.spec)
        step_s = self.spec.guard_step_s
        last_rain: dict[str, float] = {}
        while self.simulation.time_s < until_s - 1e-3:
            now = self.simulation.time_s
            if self.state.corrections_m3_per_s and now >= self.state.corrections_end_s - 1e-3:
                self._end_corrections()
            if rain is not None:
                last_rain = self._override(rain.at(now), last_rain)
            decision = None if plan.base == NATIVE else self._look(plan, now, min(step_s, until_s - now))
            # Looks stay on their own grid, wherever the engine's steps end.
            next_s = min(until_s, (np.floor(now / step_s + 1e-3) + 1) * step_s)
            goes_on = self.simulation.advance(float(next_s))
            self._count(sums, decision, now, trace)
            if not goes_on:
                break
        return sums.outcome(self.simulation)

    def _end_corrections(self) -> None:
        for node in self.state.corrections_m3_per_s:
            self.simulation.inflow(node, 0.0)
        self.state.corrections_m3_per_s = {}

    def _override(self, wanted: dict[str, float], last: dict[str, float]) -> dict[str, float]:
        for gage, intensity in wanted.items():
            if last.get(gage) != intensity:
                self.simulation.rain(gage, intensity)
        return wanted

    def view(self, now: float) -> ControlView:
        """What a policy sees now."""
        pumps = self.state.guard.pumps
        running = {name: 1.0 if memory.running else 0.0 for name, memory in pumps.items()}
        counts = self.spec.stations.counts(running)
        return ControlView(
            self.spec, self.simulation, now, counts, self.state.openings, running | self.state.openings
        )

    def _look(self, plan: Commands, now: float, step_s: float) -> Decision:
        view = self.view(now)
        wanted = self._wanted(plan, view, now)
        closed = {} if self.state.is_wet(now) else closed_rivers(self.spec.stations, view.depths)
        seen = Observation(now, view.depths, {}, self.state.locked_out, closed)
        counts = {group.name: int(wanted[group.name]) for _, group in self.spec.stations.groups}
        decision = guard_step(self.spec.stations, self.state.guard, counts, seen, step_s=step_s)
        self.state.guard = decision.state
        self.state.openings = {gate.name: min(1.0, max(0.0, wanted[gate.name])) for gate in self.spec.gates}
        pumps = {name: on * self.state.capacity for name, on in decision.settings.items()}
        self.simulation.command(pumps | self.state.openings)
        return decision

    def _wanted(self, plan: Commands, view: ControlView, now: float) -> dict[str, float]:
        row = plan.row(now)
        actuators = self.spec.actuators
        if row is not None and not np.isnan(row).any() and (row >= 0).all():
            return dict(zip(actuators, row.tolist(), strict=True))
        wanted = dict(self._policy(plan.base)(view))
        if row is None:
            return wanted
        others: dict[int, Mapping[str, float]] = {}
        for name, code in zip(actuators, row.tolist(), strict=True):
            if code >= 0:
                wanted[name] = code
            elif code == code:
                at = int(-code) - 1
                if at not in others:
                    others[at] = self._policy(plan.policies[at])(view)
                wanted[name] = others[at][name]
        return wanted

    def _policy(self, name: str) -> Policy:
        if name not in self._policies:
            self._policies[name] = policy_named(name, self.spec.policies)
        return self._policies[name]

    def _count(self, sums: _Sums, decision: Decision | None, began_s: float, trace: Trace | None) -> None:
        now = self.simulation.time_s
        roads = self.simulation.depths_m(self._roads)
        flows = self.simulation.flows_m3_per_s(self._pumps)
        wells = self.simulation.depths_m(self._wells)
        sums.add(began_s, now - began_s, roads, self.state.classes, wells, flows)
        sums.add_excess(self.simulation, now - began_s)
        if decision is None:
            settings = self.simulation.settings(self.spec.links)
            sums.watch(settings[: len(self._pumps)])
        else:
            settings = [*(decision.settings[name] for name in self._pumps), *self.state.openings.values()]
            sums.starts += sum(
                memory.running and memory.changed_s == decision.state.time_s
                for memory in decision.state.pumps.values()
            )
        if trace is not None:
            self._trace(trace, began_s, settings, roads)
            if decision is not None:
                trace.interventions += [(began_s, one) for one in decision.interventions]

    def _trace(self, trace: Trace, began_s: float, settings: list[float], roads: list[float]) -> None:
        trace.time_s.append(began_s)
        trace.settings.append(settings)
        trace.depths_m.append(self.simulation.depths_m(self._tanks))
        trace.underpass_m.append(roads)
        trace.flows_m3_per_s.append(self.simulation.flows_m3_per_s(self.spec.links))
        trace.flooding_m3_per_s.append(
            [sum(self.simulation.flooding_m3_per_s(region)) for region in self.spec.regions]
        )
        rain = self.simulation.rain_mm_per_h()
        trace.rain_mm_per_h.append(sum(rain) / len(rain) if rain else 0.0)
        totals = self.simulation.totals()
        overflow = float(self.simulation.outfall_volumes_m3(self.spec.overflow_outfalls).sum())
        trace.volumes_m3.append([totals.flooding_m3, overflow, self.simulation.storage_m3()])


def closed_rivers(stations: StationSet, depths_m: Mapping[str, float]) -> dict[str, float]:
    """Limit 0 for each river in dry weather, unless a station on it is in an emergency.

    Parameters
    ----------
    stations : StationSet
    depths_m : mapping of str to float
        Depth of the wet well by station; missing: not known, and no emergency.
    """
    closed = {name: 0.0 for name, one in stations.receiving.items() if one.kind is ReceivingKind.RIVER}
    for station in stations.stations:
        if depths_m.get(station.name, 0.0) >= station.emergency_release_m:
            for group in station.groups:
                closed.pop(group.receiving, None)
    return closed


class _Sums:
    """Sums over one run of the loop."""

    def __init__(self, simulation: Simulation, spec: ControlSpec) -> None:
        self.spec = spec
        self.began: LiveTotals = simulation.totals()
        self.held_m3 = simulation.storage_m3()
        self.overflow_m3 = float(simulation.outfall_volumes_m3(spec.overflow_outfalls).sum())
        self.starts = 0
        self._before: Sequence[float] | None = None
        self.underpass_m_min = 0.0
        self.kwh = self.yuan = self.pumped_m3 = self.flow_excess_m3 = 0.0
        self.depth_m = {one.name: 0.0 for one in spec.underpasses}
        self.red_s = {one.name: 0.0 for one in spec.underpasses}
        self._places: list[tuple[int, Station, PumpGroup]] = [
            (at, station, group)
            for at, station in enumerate(spec.stations.stations)
            for group in station.groups
            for _ in group.pumps
        ]

    def add(
        self,
        began_s: float,
        step_s: float,
        roads: Sequence[float],
        classes: dict[str, int],
        wells: Sequence[float],
        flows: Sequence[float],
    ) -> None:
        """Add one step."""
        for road, depth in zip(self.spec.underpasses, roads, strict=True):
            level = classes[road.name] = road.level(depth, classes.get(road.name, 0))
            self.depth_m[road.name] = max(self.depth_m[road.name], depth)
            above = max(0.0, depth - road.yellow_m) + 10.0 * max(0.0, depth - road.red_m)
            self.underpass_m_min += above * step_s / 60.0
            self.red_s[road.name] += step_s if level == 2 else 0.0
        kwh = 0.0
        for (at, station, group), flow in zip(self._places, flows, strict=True):
            if flow > 0:
                self.pumped_m3 += flow * step_s
                kwh += station.kwh_per_m3(group, wells[at]) * flow * step_s
        hour = int(self.spec.start_hour + began_s / 3600.0) % 24
        self.kwh += kwh
        self.yuan += kwh * self.spec.price_yuan_per_kwh[hour]

    def add_excess(self, simulation: Simulation, step_s: float) -> None:
        """Add what passed above flow limits, by the flows at the step's end."""
        limits = self.spec.flow_limits
        for limit, flow in zip(limits, limited_flows(simulation, limits), strict=True):
            self.flow_excess_m3 += max(0.0, flow - limit.most_m3_per_s) * step_s

    def watch(self, settings: Sequence[float]) -> None:
        """Count the starts of pumps that nobody here commands."""
        if self._before is not None:
            self.starts += sum(now > 0 >= before for now, before in zip(settings, self._before, strict=True))
        self._before = settings

    def outcome(self, simulation: Simulation) -> Outcome:
        """What the run came to."""
        totals, began = simulation.totals(), self.began
        overflow = float(simulation.outfall_volumes_m3(self.spec.overflow_outfalls).sum())
        flooding, outflow = totals.flooding_m3 - began.flooding_m3, totals.outflow_m3 - began.outflow_m3
        inflow, held = totals.inflow_m3 - began.inflow_m3, simulation.storage_m3()
        gone = flooding + outflow + totals.losses_m3 - began.losses_m3
        return Outcome(
            flooding_m3=flooding,
            overflow_m3=overflow - self.overflow_m3,
            outflow_m3=outflow,
            inflow_m3=inflow,
            flow_excess_m3=self.flow_excess_m3,
            lost_m3=inflow - gone - (held - self.held_m3),
            storage_m3=held,
            underpass_m_min=self.underpass_m_min,
            underpass_depth_m=self.depth_m,
            red_s=self.red_s,
            starts=self.starts,
            energy_kwh=self.kwh,
            energy_yuan=self.yuan,
            pumped_m3=self.pumped_m3,
            continuity_error_percent=totals.continuity_error_percent,
            end_s=simulation.time_s,
        )


def trace_tree(trace: Trace, spec: ControlSpec) -> dict[str, Any]:
    """A trace as arrays, for the way out of the engine's process."""
    looks = len(trace.time_s)

    def table(rows: list[list[float]], width: int) -> Floats:
        return np.array(rows, dtype=np.float64).reshape(looks, width)

    return {
        "time_s": np.array(trace.time_s),
        "settings": table(trace.settings, len(spec.links)),
        "depths_m": table(trace.depths_m, len(spec.stations.stations) + len(spec.gates)),
        "underpass_m": table(trace.underpass_m, len(spec.underpasses)),
        "flows_m3_per_s": table(trace.flows_m3_per_s, len(spec.links)),
        "flooding_m3_per_s": table(trace.flooding_m3_per_s, len(spec.regions)),
        "rain_mm_per_h": np.array(trace.rain_mm_per_h),
        "volumes_m3": table(trace.volumes_m3, 3),
        "interventions": [
            {"time_s": at, "station": one.station, "pump": one.pump, "reason": one.reason.value}
            for at, one in trace.interventions
        ],
    }
