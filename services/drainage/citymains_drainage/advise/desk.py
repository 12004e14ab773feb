"""From one observation to one advice: judge the sensors, plan in time or fall back, and say what it rests on."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.errors import CitymainsError, InputError
from citymains.messages import render
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.table import Table

import citymains_drainage.advise.messages  # noqa: F401
from citymains_drainage.advise.fallback import Keeper
from citymains_drainage.advise.forecast import LiveForecast
from citymains_drainage.advise.report import COMMANDS, SENSORS, PumpAdvice, PumpObservation
from citymains_drainage.advise.sensors import Place, Reading, Sensor, SensorState, reported
from citymains_drainage.advise.twin import LED_SHARE, Interval, ModelState, Planned, Twin
from citymains_drainage.advise.worker import LateError, Worker
from citymains_drainage.planning.backing import SewerGeometry
from citymains_drainage.planning.problem import Rung
from citymains_drainage.stations.curves import VolumeCurve

if TYPE_CHECKING:
    from citymains.utility import Utility

    from citymains_drainage.schedule.question import Case

Course = list[tuple[float, dict[str, float]]]
"""Settings by pump and gate from a time on."""

#: After so many late answers in a row the engine is taken to hang, and started anew.
HANGS_AFTER = 3
#: Share of the time for an answer that the planner is told to take; the rest is for getting here.
_PLAN_SHARE = 0.85


@dataclass(frozen=True)
class _Outcome:
    """What the planner gave, or why it gave nothing."""

    planned: Planned | None
    code: str
    value: object = None


class Desk:
    """Answers observations of one stream.

    Parameters
    ----------
    face : Utility
    network : Network
    case : Case
    twin : Twin
    step_s : float
        Time an advice holds [s].
    within_s : float
        Time an answer may take [s].
    stream_s : float
        Where the simulation ends [s].
    """

    def __init__(
        self,
        face: Utility,
        network: Network,
        case: Case,
        twin: Twin,
        *,
        step_s: float,
        within_s: float,
        stream_s: float,
    ) -> None:
        self.face, self.network, self.twin = face, network, twin
        self.step_s, self.within_s, self.stream_s = step_s, within_s, stream_s
        self.spec = twin.setup.spec
        self.keeper = Keeper(self.spec)
        self.forecast = LiveForecast([gage.gage for gage in twin.setup.rain])
        self.worker = Worker()
        self.options = {
            "step_s": step_s,
            "lookahead_s": twin.settings.judge_s,
            "answer_within_s": within_s,
            "links": ",".join(self.spec.links),
            **{f"{name}_sha256": sha for name, sha in case.ledgers.items()},
        }
        geometry = SewerGeometry(case.document, case.options)
        self._curves: dict[str, VolumeCurve] = {one.name: one.curve for one in self.spec.stations.stations}
        places = [Place(one.name, one.wet_well, one.curve.max_depth_m) for one in self.spec.stations.stations]
        for road in self.spec.underpasses:
            curve = geometry.storages.get(road.node.casefold())
            full = 10.0 if curve is None else curve.max_depth_m
            places.append(Place(road.name, road.node, full))
            if curve is not None:
                self._curves[road.name] = curve
        self.sensors = [Sensor(one) for one in places]
        self._pending: deque[Interval] = deque()
        self._course: Course = []
        self._state = ModelState(0.0, {})
        self._inflows: Mapping[str, float] = {}
        self._last: tuple[PumpObservation, PumpAdvice] | None = None

    def close(self) -> None:
        """End the engine and the thread."""
        self.worker.close()
        self.twin.close()

    # -- one answer ---------------------------------------------------------------------------------

    def answer(self, seen: PumpObservation) -> PumpAdvice:
        """Advice for an observation, within the time an answer may take."""
        due_s = time.monotonic() + self.within_s
        if self._last is not None and not seen.time_s > self._last[0].time_s:
            return self._repeated(seen)
        if not 0 <= seen.time_s < math.inf:
            raise InputError("ARGUMENT_INVALID", field="time_s", value=seen.time_s, limit=">= 0")
        findings = list(self._unknown(seen)) + list(self._not_followed(seen))
        before_s = 0.0 if self._last is None else self._last[0].time_s
        fell, reported_rain = self._rain(seen, before_s, findings)
        self.keeper.hear(self._settings(seen), seen.time_s)
        self._pending.append(self._interval(seen, before_s, fell))
        self.forecast.hear(seen, before_s, fell, reported=reported_rain)
        if not self.forecast.known:
            findings.append(finding("ADVISE_NO_FORECAST", Severity.NOTE))
        outcome = self._gone_on(seen, due_s)
        readings = self._readings(seen, findings)
        if outcome is None:
            outcome = self._planned(seen, readings, due_s)
        advice = self._advice(seen, (outcome, readings, findings))
        self._last = (seen, advice)
        return advice

    def _repeated(self, seen: PumpObservation) -> PumpAdvice:
        assert self._last is not None
        before, advice = self._last
        told = finding("ADVISE_TIME", Severity.SUSPECT, value=seen.time_s, limit=before.time_s, unit="s")
        findings = (*advice.findings, told)
        return replace(advice, findings=findings, verdict=verdict_of(findings))

    # -- what is heard ------------------------------------------------------------------------------

    def _unknown(self, seen: PumpObservation) -> Iterator[Finding]:
        places = {name for one in self.sensors for name in (one.place.name, one.place.node)}
        links = set(self.spec.links)
        unknown = [name for name in seen.depth_m if name not in places]
        unknown += [name for name in (*seen.running, *seen.locked_out) if name not in links]
        for name in dict.fromkeys(unknown):
            yield finding("ADVISE_UNKNOWN", Severity.NOTE, element=name)

    def _not_followed(self, seen: PumpObservation) -> Iterator[Finding]:
        """Pumps that are reported otherwise than advised: advice is advice, and a plan must know."""
        for name, advised in self.keeper.running.items():
            reported_setting = seen.running.get(name)
            if self._last is None or reported_setting is None or math.isnan(reported_setting):
                continue
            if (reported_setting > 0) != (advised > 0):
                yield finding(
                    "ADVISE_NOT_FOLLOWED", Severity.NOTE, element=name, value=reported_setting, limit=advised
                )

    def _settings(self, seen: PumpObservation) -> dict[str, float]:
        links = set(self.spec.links)
        return {name: value for name, value in seen.running.items() if name in links and value >= 0}

    def _rain(self, seen: PumpObservation, before_s: float, findings: list[Finding]) -> tuple[float, bool]:
        """Intensity since the last observation, and whether it was reported."""
        rain = seen.rain_mm_per_h
        if rain is not None and 0 <= rain < math.inf:
            return rain, True
        if self._last is not None:
            findings.append(finding("ADVISE_RAIN_GAP", Severity.SUSPECT))
        return self.forecast.at(before_s), False

    def _interval(self, seen: PumpObservation, before_s: float, fell: float) -> Interval:
        alias = self.twin.setup.ids.engine_id
        running = self.keeper.running
        return Interval(
            before_s,
            seen.time_s,
            self._ran(before_s, running),
            {alias(name): value for name, value in running.items()},
            fell,
            dict(self._inflows),
            tuple(alias(name) for name in seen.locked_out if name in set(self.spec.links)),
        )

    def _ran(
        self, before_s: float, running: Mapping[str, float]
    ) -> tuple[tuple[float, tuple[float, ...]], ...]:
        """What ran since the last observation: the advice where it was followed, else what is reported now."""
        if self._last is None:  # nobody knows what was before the first observation
            blank = [math.nan] * len(self.spec.stations.groups)
            return ((before_s, (*blank, *(running[gate.name] for gate in self.spec.gates))),)
        if self._course and self._codes(self._course[-1][1]) == self._codes(running):
            return tuple((time_s, self._codes(settings)) for time_s, settings in self._course)
        return ((before_s, self._codes(running)),)

    def _codes(self, settings: Mapping[str, float]) -> tuple[float, ...]:
        counts = self.spec.stations.counts(settings)
        groups = [float(counts[group.name]) for _, group in self.spec.stations.groups]
        return (*groups, *(settings[gate.name] for gate in self.spec.gates))

    def _readings(self, seen: PumpObservation, findings: list[Finding]) -> list[Reading]:
        readings = []
        for sensor in self.sensors:
            name = sensor.place.name
            model = self._state.depth_m.get(name, math.nan)
            one = sensor.read(reported(sensor.place, seen.depth_m), model)
            readings.append(one)
            if one.state is SensorState.GAP:
                known = None if math.isnan(model) else model
                findings.append(
                    finding("ADVISE_SENSOR_GAP", Severity.SUSPECT, element=name, value=known, unit="m")
                )
            elif one.state is not SensorState.OK:
                code = f"ADVISE_SENSOR_{one.state.value}"
                limit = one.moved_m if one.state is SensorState.STUCK else None
                findings.append(
                    finding(code, Severity.SUSPECT, element=name, value=one.depth_m, limit=limit, unit="m")
                )
        return readings

    # -- planning in time ---------------------------------------------------------------------------

    def _gone_on(self, seen: PumpObservation, due_s: float) -> _Outcome | None:
        """Bring the simulation to the present; what kept it from that, if anything did."""
        if seen.time_s >= self.stream_s:
            return _Outcome(None, "ADVISE_MODEL_OVER", self.stream_s)
        if self.worker.late_in_a_row >= HANGS_AFTER:
            self.worker.interrupt()
        pending = self._pending

        def go() -> ModelState:
            state = self._state
            while pending:
                state = self.twin.go(pending.popleft())
            return state

        try:
            self._state = self.worker.run(go, due_s)
        except LateError:
            return _Outcome(None, "ADVISE_LATE", self.within_s)
        except CitymainsError as error:
            return _Outcome(None, "ADVISE_ENGINE_LOST", error.code)
        return None

    def _planned(self, seen: PumpObservation, readings: list[Reading], due_s: float) -> _Outcome:
        alias = self.twin.setup.ids.engine_id
        self._inflows = self._leading(readings)
        running = {alias(name): value for name, value in self.keeper.running.items()}
        locked = [alias(name) for name in seen.locked_out if name in set(self.spec.links)]
        left_s = due_s - time.monotonic()

        def plan() -> Planned:
            return self.twin.plan(
                seen.time_s,
                self.forecast,
                running=running,
                inflows_m3_per_s=self._inflows,
                until_s=seen.time_s + self.step_s,
                locked_out=locked,
                within_s=_PLAN_SHARE * left_s,
            )

        try:
            return _Outcome(self.worker.run(plan, due_s), "")
        except LateError:
            return _Outcome(None, "ADVISE_LATE", self.within_s)
        except CitymainsError as error:
            return _Outcome(None, "ADVISE_ENGINE_LOST", error.code)

    def _leading(self, readings: list[Reading]) -> dict[str, float]:
        """Inflows that bring the simulation nearer to the levels reported, over the next step."""
        alias, inflows = self.twin.setup.ids.engine_id, {}
        for sensor, one in zip(self.sensors, readings, strict=True):
            curve = self._curves.get(sensor.place.name)
            trusted = one.state is SensorState.OK and not one.still and not math.isnan(one.model_depth_m)
            if curve is None or not trusted:
                continue
            lacking = curve.volume_at(max(0.0, one.depth_m)) - curve.volume_at(one.model_depth_m)
            inflows[alias(sensor.place.node)] = LED_SHARE * lacking / self.step_s
        return inflows

    # -- the record ---------------------------------------------------------------------------------

    def _advice(
        self, seen: PumpObservation, known: tuple[_Outcome, list[Reading], list[Finding]]
    ) -> PumpAdvice:
        outcome, readings, findings = known
        used = {one.place.name: reading.used_m for one, reading in zip(self.sensors, readings, strict=True)}
        depths = {one.name: used[one.name] for one in self.spec.stations.stations}
        planned = outcome.planned
        course, reasons = (
            self._fallback(seen, depths) if planned is None else self._followed(planned, seen.time_s)
        )
        code = outcome.code or (planned.note.reason if planned else "") or "ADVISE_PLANNED"
        limit = outcome.value if isinstance(outcome.value, float) else None
        if planned is None:
            findings.append(finding(code, Severity.SUSPECT, limit=limit, **_context(outcome)))
        text = render(code, {"limit": outcome.value, "value": outcome.value, "names": outcome.value})
        roads = [used[one.name] for one in self.spec.underpasses]
        return PumpAdvice(
            verdict=verdict_of(findings),
            findings=tuple(findings),
            provenance=self.face.provenance(
                "advise", network=self.network, engine="swmm", options=self.options
            ),
            tables=(self._commands(seen, course, reasons), self._sensor_table(readings)),
            time_s=seen.time_s,
            until_s=seen.time_s + self.step_s,
            rung=Rung.RULE.value if planned is None else planned.note.rung.value,
            rung_reason_en=text.message_en,
            rung_reason_zh=text.message_zh,
            on_time=outcome.code != "ADVISE_LATE",
            cost_m3=math.nan if planned is None else planned.note.cost_m3,
            rule_cost_m3=math.nan if planned is None else planned.note.rule_cost_m3,
            underpass_depth_m=float(np.nanmax(roads)) if roads and not np.isnan(roads).all() else math.nan,
        )

    def _wet(self, now_s: float) -> list[tuple[float, float]] | None:
        settings = self.twin.settings
        return self.forecast.wet(now_s, now_s + settings.judge_s, settings.pre_lowering_s)

    def _fallback(self, seen: PumpObservation, depths: Mapping[str, float]) -> tuple[Course, dict[str, str]]:
        """The operator's rule on these levels, through the guard."""
        windows = self._wet(seen.time_s)
        wet = windows is None or any(begin <= seen.time_s <= end for begin, end in windows)
        decision = self.keeper.advise(
            self.keeper.rule(depths),
            depths,
            seen.time_s,
            self.spec.guard_step_s,
            wet=wet,
            locked_out=seen.locked_out,
        )
        told = {one.pump: one.reason.value for one in decision.interventions}
        return [(seen.time_s, {**decision.settings, **self.keeper.openings})], told

    def _followed(self, planned: Planned, now_s: float) -> tuple[Course, dict[str, str]]:
        """The guarded plan's course until the next observation, taken over by the keeper."""
        engine_spec = self.twin.setup.engine_spec
        course: Course = []
        for time_s, settings in planned.course:
            pumps = {one: float(settings[one] > 0) for one in engine_spec.stations.pumps}
            named = {engine_spec.original(name): value for name, value in (settings | pumps).items()}
            course.append((max(now_s, time_s), named))
            self.keeper.hear(named, time_s)
        return course, {engine_spec.original(pump): reason for pump, reason in planned.reasons.items()}

    def _commands(self, seen: PumpObservation, course: Course, reasons: Mapping[str, str]) -> Table:
        places = {pump: one.name for one in self.spec.stations.stations for pump in one.pumps}
        places |= {gate.name: gate.node for gate in self.spec.gates}
        self._course = course
        rows = []
        before: Mapping[str, float] = {}
        for time_s, settings in course:
            for link in self.spec.links:
                if settings[link] != before.get(link):
                    reason = "" if before else reasons.get(link, "")
                    observed = seen.running.get(link, math.nan)
                    rows.append((time_s, link, places[link], settings[link], observed, reason))
            before = settings
        names = ("time_s", "pump", "station", "setting", "observed_setting", "reason")
        return COMMANDS.build(**dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))

    def _sensor_table(self, readings: list[Reading]) -> Table:
        return SENSORS.build(
            place=[one.place.name for one in self.sensors],
            depth_m=[one.depth_m for one in readings],
            model_depth_m=[one.model_depth_m for one in readings],
            used_depth_m=[one.used_m for one in readings],
            state=[one.state.value for one in readings],
        )


def _context(outcome: _Outcome) -> dict[str, Any]:
    return {} if isinstance(outcome.value, float) else {"names": outcome.value}
