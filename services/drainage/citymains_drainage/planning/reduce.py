"""From courses of the engine to a problem of the reduced model, and from its plan back to commands."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.model import ControlSpec
from citymains_drainage.planning.backing import Backing
from citymains_drainage.planning.problem import Floats, Plan, PlanProblem, Tank, Unit
from citymains_drainage.stations.model import PumpGroup, ReceivingKind, Station

#: Flooding while the well stands below this share of its flood depth is the pipes', not the station's.
_BACKED_UP = 0.7


@dataclass(frozen=True, kw_only=True)
class Reduction:
    """What makes a problem of courses.

    Attributes
    ----------
    spec : ControlSpec
    backings : sequence of Backing
        Of each station, then of each gate.
    step_s : float
        Step of the problem [s].
    to_tank : sequence of int
        Tank each unit's water reaches next, -1: none; and the steps it takes.
    delay : sequence of int
    pre_lowering_s : float
        How long before the first rain rivers may be pumped into [s].
    """

    spec: ControlSpec
    backings: Sequence[Backing]
    step_s: float
    to_tank: Sequence[int]
    delay: Sequence[int]
    pre_lowering_s: float

    def problem(
        self,
        traces: Sequence[Mapping[str, Any]],
        begin_s: float,
        steps: int,
        *,
        weight: Floats | None,
        worst_weight: float,
        locked_out: frozenset[str],
        running: Mapping[str, float],
        price_yuan_per_kwh: Floats,
    ) -> PlanProblem:
        """A problem for a number of steps from a time, with a member for each trace of the rule's course."""
        members = [self._inflows(one, begin_s, steps) for one in traces]
        inflow = np.stack([one for one, _ in members])
        unavoidable = np.stack([one for _, one in members])
        units = tuple(self._units(traces[0], running))
        return PlanProblem(
            step_s=self.step_s,
            tanks=tuple(self._tanks(traces)),
            units=units,
            inflow_m3_per_s=inflow,
            initial_m3=self._volumes(traces[0])[0],
            weight=weight,
            worst_weight=worst_weight,
            available=self._available(units, traces, begin_s, steps, locked_out),
            receiving_m3_per_s=self._limits(steps),
            price_yuan_per_kwh=price_yuan_per_kwh,
            weights=self.spec.weights,
            unavoidable_m3=unavoidable.sum(axis=(1, 2)) * self.step_s,
        )

    def commands(self, plan: Plan, begin_s: float, base: str) -> Commands:
        """The plan as commands, step by step."""
        counts = plan.counts.T.copy()
        starts: Floats = begin_s + np.arange(len(counts), dtype=np.float64) * self.step_s
        return Commands(base, starts, float(starts[-1] + self.step_s), counts)

    # -- tanks ----------------------------------------------------------------------------------------

    @property
    def _stations(self) -> tuple[Station, ...]:
        return self.spec.stations.stations

    def _tanks(self, traces: Sequence[Mapping[str, Any]]) -> list[Tank]:
        """Tanks; a level at which nothing flooded in a course is no flood level, whatever the ground says."""
        dry = [station.dry_run_depth_m for station in self._stations] + [0.0] * len(self.spec.gates)
        names = [station.wet_well for station in self._stations] + [gate.node for gate in self.spec.gates]
        tanks = []
        for at, backing in enumerate(self.backings):
            most = backing.curve.volume_at(backing.flood_depth_m)
            for trace in traces:
                quiet = trace["flooding_m3_per_s"][:, at] < 1e-4
                held = backing.curve.volume(trace["depths_m"][quiet, at])
                most = max(most, float(np.max(held, initial=0.0)))
            tanks.append(
                Tank(
                    name=names[at],
                    capacity_m3=max(1.0, most),
                    dead_m3=backing.curve.volume_at(dry[at]),
                    yellow_m3=_volume_or_inf(backing, backing.yellow_depth_m),
                    red_m3=_volume_or_inf(backing, backing.red_depth_m),
                    area_m2=backing.road_area_m2,
                )
            )
        return tanks

    def _volumes(self, trace: Mapping[str, Any]) -> Floats:
        """Volume of each tank at each look, shape (looks, S)."""
        depths = trace["depths_m"]
        columns = [backing.curve.volume(depths[:, at]) for at, backing in enumerate(self.backings)]
        return np.stack(columns, axis=1)

    def _inflows(self, trace: Mapping[str, Any], begin_s: float, steps: int) -> tuple[Floats, Floats]:
        """Inflow of each tank, and flooding no station can prevent, both shape (S, T)."""
        times = np.append(trace["time_s"], trace["time_s"][-1] + self.spec.guard_step_s)
        edges = begin_s + np.arange(steps + 1) * self.step_s
        volumes = self._volumes(trace)
        taken, given = self._moved(trace)
        flooding = trace["flooding_m3_per_s"]
        depth = trace["depths_m"]
        inflow, unavoidable = np.zeros((len(self.backings), steps)), np.zeros((len(self.backings), steps))
        for at, backing in enumerate(self.backings):
            backed_up = depth[:, at] >= _BACKED_UP * backing.flood_depth_m
            stored = np.append(volumes[:, at], volumes[-1, at])
            lost = np.where(backed_up, flooding[:, at], 0.0)
            arrived = np.diff(stored) + (taken[:, at] - given[:, at] + lost) * np.diff(times)
            total = np.concatenate([[0.0], np.cumsum(arrived)])
            total = _never_falling(total)
            inflow[at] = np.diff(np.interp(edges, times, total)) / self.step_s
            other = np.concatenate(
                [[0.0], np.cumsum(np.where(backed_up, 0.0, flooding[:, at]) * np.diff(times))]
            )
            unavoidable[at] = np.diff(np.interp(edges, times, other)) / self.step_s
        return np.maximum(inflow, 0.0), np.maximum(unavoidable, 0.0)

    def _moved(self, trace: Mapping[str, Any]) -> tuple[Floats, Floats]:
        """What units take from and give to each tank at each look [m3/s]."""
        flows = np.maximum(trace["flows_m3_per_s"], 0.0)
        looks, count = len(flows), len(self.backings)
        taken, given = np.zeros((looks, count)), np.zeros((looks, count))
        look_s = self.spec.guard_step_s
        for unit, (tank, columns) in enumerate(self._places()):
            flow = flows[:, columns].sum(axis=1)
            taken[:, tank] += flow
            to = self.to_tank[unit]
            if to >= 0:
                shift = round(self.delay[unit] * self.step_s / look_s)
                given[shift:, to] += flow[: looks - shift] if shift else flow
        return taken, given

    def _places(self) -> list[tuple[int, list[int]]]:
        """Tank and columns of each unit, in the order of the actuators."""
        places, column = [], 0
        for at, station in enumerate(self._stations):
            for group in station.groups:
                places.append((at, list(range(column, column + len(group.pumps)))))
                column += len(group.pumps)
        for at in range(len(self.spec.gates)):
            places.append((len(self._stations) + at, [column]))
            column += 1
        return places

    # -- units ----------------------------------------------------------------------------------------

    def _units(self, trace: Mapping[str, Any], running: Mapping[str, float]) -> list[Unit]:
        units = []
        places = self._places()
        for at, (station, group) in enumerate(self.spec.stations.groups):
            units.append(self._pumps(at, places[at][0], station, group, running))
        flows = np.abs(trace["flows_m3_per_s"])
        for gate in self.spec.gates:
            at = len(units)
            tank, (column,) = places[at]
            opening = np.maximum(trace["settings"][:, column], 0.05)
            rate = float(np.max(flows[:, column] / opening, initial=0.0))
            units.append(
                Unit(
                    name=gate.name,
                    tank=tank,
                    count=1,
                    rate_m3_per_s=max(rate, 1e-4),
                    to_tank=self.to_tank[at],
                    delay=self.delay[at],
                    integer=False,
                )
            )
        return units

    def _pumps(
        self, at: int, tank: int, station: Station, group: PumpGroup, running: Mapping[str, float]
    ) -> Unit:
        middle = 0.5 * (station.restart_depth_m + station.emergency_depth_m)
        receiving = self.spec.stations.receiving_of(group)
        names = sorted(self.spec.stations.receiving)
        limited = math.isfinite(receiving.max_flow_m3_per_s)
        return Unit(
            name=group.name,
            tank=tank,
            count=len(group.pumps),
            rate_m3_per_s=max(1e-4, station.rate_m3_per_s(group, middle)),
            to_tank=self.to_tank[at],
            delay=self.delay[at],
            overflow=receiving.counts_as_overflow,
            receiving=names.index(group.receiving) if limited else -1,
            kwh_per_m3=station.kwh_per_m3(group, middle),
            initial_count=sum(running.get(pump, 0.0) > 0 for pump in group.pumps),
            min_run=max(1, math.ceil(station.min_run_s / self.step_s)),
            min_stop=max(1, math.ceil(station.min_stop_s / self.step_s)),
            starts_per_h=station.starts_per_h,
        )

    def _limits(self, steps: int) -> Floats | None:
        names = sorted(self.spec.stations.receiving)
        limits = [self.spec.stations.receiving[name].max_flow_m3_per_s for name in names]
        return np.repeat(np.array(limits)[:, np.newaxis], steps, axis=1) if limits else None

    def _available(
        self,
        units: Sequence[Unit],
        traces: Sequence[Mapping[str, Any]],
        begin_s: float,
        steps: int,
        locked_out: frozenset[str],
    ) -> Floats:
        """Pumps that may run: not locked out, and into a river only when it rains, ran off, or soon will."""
        available = np.array([np.full(steps, float(one.count)) for one in units])
        wet = wet_steps(traces, begin_s, steps, self.step_s, self.pre_lowering_s)
        for at, (_, group) in enumerate(self.spec.stations.groups):
            available[at] -= sum(pump in locked_out for pump in group.pumps)
            if self.spec.stations.receiving_of(group).kind is ReceivingKind.RIVER:
                available[at, ~wet] = 0.0
        return np.asarray(np.maximum(available, 0.0), dtype=np.float64)


def _never_falling(total: Floats) -> Floats:
    """The sum without the waves that are no inflow: half way between the largest before and the least after."""
    before = np.maximum.accumulate(total)
    after = np.minimum.accumulate(total[::-1])[::-1]
    return np.asarray(0.5 * (before + after), dtype=np.float64)


def _volume_or_inf(backing: Backing, depth_m: float) -> float:
    return backing.curve.volume_at(depth_m) if math.isfinite(depth_m) else math.inf


#: How long after the rain a river may still be pumped into [s]: the runoff has to leave.
DRAINING_S = 4 * 3600.0


def wet_steps(
    traces: Sequence[Mapping[str, Any]], begin_s: float, steps: int, step_s: float, pre_lowering_s: float
) -> np.ndarray:
    """Steps in which rain or its runoff is about, or rain will come within the time for lowering before it."""
    wet = np.zeros(steps, dtype=bool)
    starts = begin_s + np.arange(steps) * step_s
    for trace in traces:
        rainy = trace["time_s"][trace["rain_mm_per_h"] > 0]
        if len(rainy):
            wet |= (starts >= rainy[0] - pre_lowering_s) & (starts <= rainy[-1] + DRAINING_S)
    return wet
