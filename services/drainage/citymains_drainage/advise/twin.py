"""The simulation that runs along: it gets the rain that fell, the pumps that ran, and is led to measured levels."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from citymains.engine_host.client import EngineHost
from citymains.engine_host.session import Session

from citymains_drainage.advise.forecast import LiveForecast
from citymains_drainage.control.commands import Commands
from citymains_drainage.control.policies import RULE
from citymains_drainage.control_setup import ControlSetup
from citymains_drainage.planning.reduce import Reduction
from citymains_drainage.schedule.courses import TimeIsUpError
from citymains_drainage.schedule.programme import Programme
from citymains_drainage.schedule.rolling import DecisionNote, RollingPlan
from citymains_drainage.schedule.settings import ScheduleSettings

#: Share of a level's error that is made up for in one step: sensors are noisy too.
LED_SHARE = 0.7


@dataclass(frozen=True)
class Interval:
    """What is known of the time between two observations. Ids are the engine's.

    Attributes
    ----------
    begin_s, end_s : float
    course : tuple of (float, tuple of float)
        From when on which codes held: running pumps of each group and openings of gates, NaN: as the rule has it.
    running : mapping of str to float
        Pumps that ran at its beginning, by id.
    rain_mm_per_h : float
    inflows_m3_per_s : mapping of str to float
        What leads the simulation to the levels of its beginning.
    locked_out : tuple of str
    """

    begin_s: float
    end_s: float
    course: tuple[tuple[float, tuple[float, ...]], ...]
    running: Mapping[str, float]
    rain_mm_per_h: float
    inflows_m3_per_s: Mapping[str, float]
    locked_out: tuple[str, ...]


@dataclass(frozen=True)
class Planned:
    """What the planner answers.

    Attributes
    ----------
    course : list of (float, mapping of str to float)
        Settings by pump and gate, look by look until the next observation, as the guarded plan has them.
    reasons : mapping of str to str
        Which limit made the first of them differ from what was wanted, by pump.
    note : DecisionNote
    """

    course: list[tuple[float, dict[str, float]]]
    reasons: Mapping[str, str]
    note: DecisionNote


@dataclass(frozen=True)
class ModelState:
    """Depths of the simulation by station and underpass [m]."""

    time_s: float
    depth_m: Mapping[str, float]


@dataclass(eq=False)
class Twin:
    """Used from one thread at a time.

    Parameters
    ----------
    engines : EngineHost
    setup : ControlSetup
    settings : ScheduleSettings
    reduction : Reduction
    element : str
        Name of the network, for errors.
    """

    engines: EngineHost
    setup: ControlSetup
    settings: ScheduleSettings
    reduction: Reduction
    element: str
    history: list[Interval] = field(default_factory=list)
    _session: Session | None = None
    _rolling: RollingPlan | None = None
    _opened_s: float = -1e18

    def go(self, interval: Interval) -> ModelState:
        """Go on through an interval, from the beginning where the engine had to be started anew."""
        self.history.append(interval)
        fresh = self._session is None or self._session.over
        session = self._ready() if fresh or self._session is None else self._session
        for one in self.history if fresh else (interval,):
            self._go(session, one)
        now = session.run({"do": "look"})
        spec = self.setup.spec
        names = [one.name for one in spec.stations.stations] + [one.name for one in spec.underpasses]
        depths = [*now["depths_m"].tolist(), *now["underpass_m"].tolist()]
        return ModelState(float(now["time_s"]), dict(zip(names, depths, strict=True)))

    def _ready(self) -> Session:
        self._session = self.engines.session("swmm", self.setup.model(), element=self.element)
        self._rolling = None
        self._opened_s = -1e18
        return self._session

    def _go(self, session: Session, one: Interval) -> None:
        spec, gages = self.setup.engine_spec, [gage.gage for gage in self.setup.rain]
        starts, codes = zip(*one.course, strict=True)
        plan = Commands(RULE, np.array(starts), one.end_s, np.array(codes))
        rain = {
            "start_s": one.begin_s,
            "step_s": max(1.0, one.end_s - one.begin_s),
            "intensity_mm_per_h": {gage: np.array([one.rain_mm_per_h]) for gage in gages},
        }
        session.run({"do": "set", "locked_out": list(one.locked_out), "wet": None})
        pumps = set(spec.stations.pumps)
        running = {name: value for name, value in one.running.items() if name in pumps}
        session.run({"do": "running", "running": running})
        session.run({"do": "correct", "inflows": dict(one.inflows_m3_per_s), "until_s": one.end_s})
        session.run({"do": "go", "plan": plan.tree(), "until_s": one.end_s, "rain": rain})

    def plan(
        self,
        now: float,
        forecast: LiveForecast,
        *,
        running: Mapping[str, float],
        inflows_m3_per_s: Mapping[str, float],
        until_s: float,
        locked_out: Sequence[str],
        within_s: float,
    ) -> Planned:
        """Decide from the simulation's present, with what is known of pumps and levels now.

        Raises
        ------
        CitymainsError
            The engine failed.
        """
        begun = time.monotonic()
        session = self._session
        assert session is not None
        rolling = self._planner(session, forecast)
        rolling.running, rolling.locked_out = running, frozenset(locked_out)
        looks = now + self.settings.judge_s
        session.run(
            {
                "do": "set",
                "locked_out": list(locked_out),
                "wet": forecast.wet(now, looks, self.settings.pre_lowering_s),
            }
        )
        session.run({"do": "running", "running": dict(running)})
        session.run({"do": "correct", "inflows": dict(inflows_m3_per_s), "until_s": until_s})
        at_stake = forecast.near(now, looks)
        if at_stake and now - self._opened_s >= self.settings.plan_every_s - 1e-3:
            try:
                rolling.open(now, begun + 0.4 * within_s)
                self._opened_s = now
            except TimeIsUpError:
                self._opened_s = now  # the search of the decision has to do
        left_s = max(0.05, within_s - (time.monotonic() - begun))
        rolling.settings = replace(self.settings, time_limit_s=left_s)
        plan, note = rolling.decide(now)
        task = {"plans": [plan.tree()], "rains": forecast.rains(now, until_s), "jobs": [[0, 0, 1.0]]}
        trace = session.run({"do": "try", **task, "until_s": until_s, "trace": True})["courses"][0]["trace"]
        links = self.setup.engine_spec.links
        course = [
            (time_s, dict(zip(links, settings, strict=True)))
            for time_s, settings in zip(trace["time_s"].tolist(), trace["settings"].tolist(), strict=True)
        ]
        first = [one for one in trace["interventions"] if one["time_s"] <= now + 1.0]
        return Planned(course, {str(one["pump"]): str(one["reason"]) for one in first}, note)

    def _planner(self, session: Session, forecast: LiveForecast) -> RollingPlan:
        if self._rolling is None:
            programme = Programme(self.engines, self.reduction, self.settings)
            self._rolling = RollingPlan(
                session, self.setup.engine_spec, self.settings, forecast, programme, lambda done: None
            )
        return self._rolling

    def close(self) -> None:
        """End the engine."""
        if self._session is not None:
            self._session.end("the stream is over")
