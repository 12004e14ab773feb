"""The outage calculated: one steady flow for every stretch of time, and the water's temperature through them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import NotConvergedError
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.scenario import Scenario
from numpy.typing import NDArray

from citymains_heating.outage_flows import flows_of, thermal_of
from citymains_heating.outage_timeline import Stretch
from citymains_heating.result import SupplyResult
from citymains_heating.supply import SupplyRequest
from citymains_heating.thermal import STANDING_KG_PER_S, Period, ThermalNetwork

if TYPE_CHECKING:
    from citymains_heating.outage import OutageRequest

Floats = NDArray[np.float64]

#: Longest step between the times of a series [s]; stops are found as closely.
STEP_S: Final = 60.0
#: A substation served for less than this between two stops has not restarted [s].
MOMENT_S: Final = 900.0
#: Discharge coefficient of a hole, as for water.
DISCHARGE: Final = 0.6
#: Tries to find what a hole discharges.
_LEAK_PASSES: Final = 40


@dataclass(frozen=True)
class Stop:
    """One stop of a substation."""

    station: int
    start_s: float
    end_s: float | None
    """None: not served again within the time calculated."""

    def seconds(self, until_s: float) -> float:
        """How long it lasts, at most until `until_s`."""
        return (until_s if self.end_s is None else self.end_s) - self.start_s


@dataclass
class Standing:
    """A time in which the water of a pipe stood."""

    pipe: int
    start_s: float
    end_s: float
    from_c: float
    """Mean temperature when it came to stand."""
    to_c: float
    """Mean temperature at the end."""


@dataclass(frozen=True)
class Leak:
    """What holes discharged in one stretch."""

    start_s: float
    end_s: float
    flow_kg_per_s: float
    circulation_kg_per_s: float


@dataclass
class OutageRun:
    """Everything one outage gave; series over all stretches one after the other."""

    model: PipeModel
    stations: list[str]
    stopped_below: float
    required_w: Floats
    stretches: list[Stretch] = field(default_factory=list)
    results: list[SupplyResult] = field(default_factory=list)
    periods: list[Period] = field(default_factory=list)
    required: list[Floats] = field(default_factory=list)
    """Heat each consumer asks for in each stretch [W]."""
    flows: list[Floats] = field(default_factory=list)
    thermal: ThermalNetwork | None = None
    water_kg: Floats = field(default_factory=lambda: np.zeros(0))
    stood: list[Standing] = field(default_factory=list)
    leaks: list[Leak] = field(default_factory=list)

    @property
    def leak_m3(self) -> float:
        """Water lost through holes."""
        return sum(one.flow_kg_per_s * (one.end_s - one.start_s) for one in self.leaks) / 1000.0

    @property
    def end_s(self) -> float:
        """End of the time calculated."""
        return self.stretches[-1].end_s

    def shares(self, at: int) -> Floats:
        """Share of what it asks for that each consumer gets in a stretch, shape (times, n); 1 where it asks for nothing."""
        required = self.required[at]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = self.periods[at].heat_w / required[None, :]
        return np.where(required[None, :] > 0.0, share, 1.0)

    @property
    def required_kwh(self) -> float:
        """Heat asked for over the whole time."""
        return float(
            sum(
                needed.sum() * (stretch.end_s - stretch.start_s)
                for needed, stretch in zip(self.required, self.stretches, strict=True)
            )
            / 3.6e6
        )

    @property
    def unserved_kwh(self) -> Floats:
        """Heat each consumer did not get, shape (n,)."""
        total = np.zeros(len(self.stations))
        for needed, period in zip(self.required, self.periods, strict=True):
            missing = np.maximum(needed[None, :] - period.heat_w, 0.0)
            total += np.trapezoid(missing, period.times_s, axis=0) / 3.6e6
        return total

    def sampled(self, step_s: float) -> tuple[Floats, Floats]:
        """Times of a regular step (and of every change), and the shares served then, shape (times, n)."""
        times, rows = [], []
        for at, (stretch, period) in enumerate(zip(self.stretches, self.periods, strict=True)):
            wanted = _regular(stretch, step_s, last=at == len(self.stretches) - 1)
            places = np.searchsorted(period.times_s, wanted - stretch.start_s - 1e-6)
            times.append(wanted)
            rows.append(self.shares(at)[np.minimum(places, len(period.times_s) - 1)])
        return np.concatenate(times), np.concatenate(rows)

    @property
    def stops(self) -> list[Stop]:
        """Stops of all substations, in order of their start."""
        found: list[Stop] = []
        for station in range(len(self.stations)):
            found += self._stops_of(station)
        return sorted(found, key=lambda stop: (stop.start_s, stop.station))

    def _stops_of(self, station: int) -> list[Stop]:
        begun: float | None = None
        stops = []
        for at, (stretch, period) in enumerate(zip(self.stretches, self.periods, strict=True)):
            stopped = self.shares(at)[:, station] < self.stopped_below
            changes = np.flatnonzero(np.diff(stopped.astype(np.int8)))
            # A stretch begins anew: what held at the end of the last one may change at once.
            for place in (-1, *changes.tolist()):
                now = bool(stopped[place + 1])
                moment = stretch.start_s + float(period.times_s[place + 1])
                if now and begun is None:
                    begun = moment
                elif not now and begun is not None:
                    if moment > begun:
                        stops.append(Stop(station, begun, moment))
                    begun = None
        if begun is not None and begun < self.end_s:
            stops.append(Stop(station, begun, None))
        return _merged(stops)


def _merged(stops: list[Stop]) -> list[Stop]:
    """Stops with those joined that a moment of warm water parts."""
    merged: list[Stop] = []
    for stop in stops:
        last = merged[-1] if merged else None
        if last is not None and last.end_s is not None and stop.start_s - last.end_s < MOMENT_S:
            merged[-1] = Stop(stop.station, last.start_s, stop.end_s)
        else:
            merged.append(stop)
    return merged


def _regular(stretch: Stretch, step_s: float, *, last: bool) -> Floats:
    first = np.ceil(stretch.start_s / step_s - 1e-9) * step_s
    times = np.arange(first, stretch.end_s - 1e-6, step_s)
    found = np.union1d([stretch.start_s], times)
    return np.append(found, stretch.end_s) if last else found


def run_outage(
    session: Any,
    model: PipeModel,
    cut: Sequence[Stretch],
    request: OutageRequest,
    progress: Callable[[float], None],
) -> OutageRun:
    """Go through the stretches, from the steady state before them.

    Parameters
    ----------
    session : engine session
    model : PipeModel
    cut : sequence of Stretch
    request : OutageRequest
    progress : callable
        Takes the share done.

    Raises
    ------
    NotConvergedError
        The network has no steady state to begin with, or a stretch has none.
    """
    before = _Steady(session, model, request)
    ids = model.ids("consumers") + model.ids("heat_exchangers")
    normal = before.solve(Scenario(), {}, 0.0)
    run = OutageRun(model, ids, request.stopped_below, normal.required_kw * 1000.0)
    run.thermal, run.water_kg = thermal_of(model, normal, request.surroundings_c, request.wall_thickness_mm)
    rows = {name: row for row, name in enumerate(model.ids("pipes"))}
    drained: frozenset[str] = frozenset()
    for number, stretch in enumerate(cut):
        progress(number / len(cut))
        result = before.solve(stretch.edits, stretch.leaks, stretch.start_s)
        flows = flows_of(model, result, stretch.unheated, request.secondary_return_c)
        run.thermal.refill([rows[pipe] for pipe in stretch.isolated - drained if pipe in rows])
        drained = stretch.isolated
        warm = run.thermal.profile_c.mean(axis=1)
        run.stretches.append(stretch)
        run.results.append(result)
        run.required.append(flows.required_w)
        run.flows.append(flows.station_flow)
        run.periods.append(run.thermal.advance(flows, stretch.end_s - stretch.start_s, STEP_S))
        _note_standing(run, flows.pipes, stretch, warm)
        if stretch.leaks:
            circulates = float(np.nansum(result.both("plants", "flow_plants", "flow_kg_per_s")))
            run.leaks.append(Leak(stretch.start_s, stretch.end_s, before.leak_kg_per_s, circulates))
    run.required_w = np.max(run.required, axis=0)
    return run


class _Steady:
    """Steady states of one network, with holes that discharge as the pressure at them makes them."""

    def __init__(self, session: Any, model: PipeModel, request: OutageRequest) -> None:
        self.session = session
        self.model = model
        self.request = request
        self.leak_kg_per_s = 0.0
        rows = {name: row for row, name in enumerate(model.ids("junctions"))}
        starts = model.column("pipes", "from_node")
        self._node = {pipe: rows[node] for pipe, node in zip(model.ids("pipes"), starts, strict=True)}

    def solve(self, edits: Scenario, leaks: Mapping[str, float], time_s: float) -> SupplyResult:
        """The steady state of a stretch, its holes discharging what the pressure at them makes them.

        Raises
        ------
        NotConvergedError
        """
        self.leak_kg_per_s = 0.0
        result = self._run(edits, {})
        if not result.converged:
            raise self._failed(result, time_s)
        flows = dict.fromkeys(leaks, 0.0)
        wanted = self._discharge(result, leaks)
        # Drawn so much, the network may have no solution at all: then by half the step.
        step = 1.0
        for _ in range(_LEAK_PASSES):
            if all(abs(wanted[pipe] - flows[pipe]) <= 0.005 * max(wanted[pipe], 0.01) for pipe in leaks):
                self.leak_kg_per_s = sum(flows.values())
                return result
            trial = {pipe: flows[pipe] + step * (wanted[pipe] - flows[pipe]) for pipe in leaks}
            tried = self._run(edits, trial)
            if not tried.converged:
                step /= 2.0
                continue
            before, after = wanted, self._discharge(tried, leaks)
            overshot = any((before[one] - flows[one]) * (after[one] - trial[one]) < 0.0 for one in leaks)
            result, flows, wanted = tried, trial, after
            step = step / 2.0 if overshot else min(1.0, 1.5 * step)
        raise self._failed(tried, time_s)

    def _run(self, edits: Scenario, leaks_kg_per_s: Mapping[str, float]) -> SupplyResult:
        asked = SupplyRequest(
            scenario=edits,
            friction_model=self.request.friction_model,
            minimum_differential_pressure_kpa=self.request.minimum_differential_pressure_kpa,
        )
        edited = self.model.edited(edits, "heating.outage")
        discharge = {str(self._node[pipe]): flow for pipe, flow in leaks_kg_per_s.items() if flow > 0.0}
        task = {**asked.task(self.model, "heating.outage"), "leaks_kg_per_s": discharge}
        return SupplyResult(self.model, edits, edited, self.session.run(task))

    def _discharge(self, result: SupplyResult, leaks: Mapping[str, float]) -> dict[str, float]:
        pressure = result.output("junctions", "pressure_kpa")
        return {
            pipe: _orifice_kg_per_s(diameter, float(pressure[self._node[pipe]]))
            for pipe, diameter in leaks.items()
        }

    @staticmethod
    def _failed(result: SupplyResult, time_s: float) -> NotConvergedError:
        reason = f"heating.outage, {time_s:g} s: {result.answer['message']}"
        return NotConvergedError(engine="pandapipes-heat", value=reason)


def _orifice_kg_per_s(diameter_mm: float, pressure_kpa: float) -> float:
    """Mass flow out of a hole under a gauge pressure; nothing flows in."""
    if not pressure_kpa > 0.0:
        return 0.0
    area = np.pi * (diameter_mm / 1000.0) ** 2 / 4.0
    return float(DISCHARGE * area * np.sqrt(2.0 * 960.0 * pressure_kpa * 1000.0))


def _note_standing(run: OutageRun, pipe_flow: Floats, stretch: Stretch, warm_c: Floats) -> None:
    """Remember when and how warm the water of each pipe stood."""
    assert run.thermal is not None
    now = run.thermal.profile_c.mean(axis=1)
    going_on = {one.pipe: one for one in run.stood if one.end_s == stretch.start_s}
    for pipe in np.flatnonzero(np.abs(pipe_flow) < STANDING_KG_PER_S).tolist():
        if pipe in going_on:
            going_on[pipe].end_s, going_on[pipe].to_c = stretch.end_s, float(now[pipe])
        else:
            run.stood.append(
                Standing(pipe, stretch.start_s, stretch.end_s, float(warm_c[pipe]), float(now[pipe]))
            )
