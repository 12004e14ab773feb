"""The rolling plan: decide, follow for a while, look again, until the horizon.

At each decision the live simulation has the true rain so far and knows the forecast. Plans are
tried in forked branches; the best takes over only where it may stand in for the rule.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from citymains.engine_host.session import Session

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.model import ControlSpec
from citymains_drainage.control.outcome import Outcome, outcome_of
from citymains_drainage.control.policies import ALL_ON, EARLY, EQUAL_FILLING, RULE
from citymains_drainage.planning.problem import Rung
from citymains_drainage.schedule.courses import Case, Courses, TimeIsUpError, joined
from citymains_drainage.schedule.forecast import Forecast
from citymains_drainage.schedule.programme import Programme, ProgrammeAnswer
from citymains_drainage.schedule.search import alternatives, local_search
from citymains_drainage.schedule.settings import ScheduleSettings

#: A course with less flooding and overflow than this [m3] leaves nothing to search for.
_CALM_M3 = 0.5


@dataclass(frozen=True)
class DecisionNote:
    """What was decided when, and why.

    Attributes
    ----------
    time_s : float
    source : str
        Where the plan came from: ``milp``, ``previous``, a policy's name, each with ``+search`` where
        the search improved it; ``rule``.
    rung : Rung
    reason : str
        Message code of why it is this rung.
    cost_m3, rule_cost_m3 : float
        Expected, over the look-ahead.
    evaluations : int
    run_s : float
    """

    time_s: float
    source: str
    rung: Rung
    reason: str
    cost_m3: float
    rule_cost_m3: float
    evaluations: int
    run_s: float


@dataclass(eq=False)
class Rolled:
    """What a rolling plan came to.

    Attributes
    ----------
    outcome : Outcome
    trace : mapping
        Traces of the live simulation, one after the other.
    decisions : list of DecisionNote
    programmes : list of ProgrammeAnswer
    """

    outcome: Outcome
    trace: dict[str, Any]
    decisions: list[DecisionNote] = field(default_factory=list)
    programmes: list[ProgrammeAnswer] = field(default_factory=list)


class RollingPlan:
    """Plans and follows.

    Parameters
    ----------
    session : Session
        A control session at its beginning.
    spec : ControlSpec
        With the engine's ids.
    settings : ScheduleSettings
    forecast : Forecast
    programme : Programme, optional
        The integer programme; None: there is none to solve.
    on_progress : callable
        Called with the share done.
    """

    def __init__(
        self,
        session: Session,
        spec: ControlSpec,
        settings: ScheduleSettings,
        forecast: Forecast,
        programme: Programme | None,
        on_progress: Callable[[float], None],
    ) -> None:
        self.session = session
        self.spec = spec
        self.settings = settings
        self.forecast = forecast
        self.programme = programme
        self._on_progress = on_progress
        self._codes = alternatives(spec)
        self._width = len(spec.actuators)
        self._previous: Commands | None = None
        self._answer: ProgrammeAnswer | None = None
        self._base = RULE
        self._constant: Commands | None = None
        self.locked_out: frozenset[str] = frozenset()
        self.running: Mapping[str, float] = {}

    def follow(self, policy: str) -> Rolled:
        """Follow one policy until the horizon, without deciding anything."""
        self._set_wet(0.0)
        horizon = self.settings.horizon_s
        plan = Commands.follow(policy, self._width)
        answer = self.session.run({"do": "go", "plan": plan.tree(), "until_s": horizon})
        self._on_progress(1.0)
        return Rolled(outcome_of(answer["outcome"]), answer["trace"])

    def run(self) -> Rolled:
        """Decide and follow until the horizon."""
        horizon, now = self.settings.horizon_s, 0.0
        outcomes: list[Outcome] = []
        traces: list[Mapping[str, Any]] = []
        rolled = Rolled(Outcome(), {})
        self._set_wet(0.0)
        self._constant = self._constant_plan()
        while now < horizon - 1e-3:
            self._set_wet(now)
            plan, note = self.decide(now)
            rolled.decisions.append(note)
            until = min(horizon, now + self.settings.decide_s)
            answer = self.session.run({"do": "go", "plan": plan.tree(), "until_s": until})
            outcomes.append(outcome_of(answer["outcome"]))
            traces.append(answer["trace"])
            self.running = answer["running"]
            now = until
            self._on_progress(now / horizon)
        rolled.outcome = joined(outcomes)
        rolled.trace = joined_traces(traces)
        rolled.programmes = [] if self.programme is None else list(self.programme.answers)
        return rolled

    def _set_wet(self, now: float) -> None:
        until = now + self.settings.lookahead_s
        windows = self.forecast.wet(now, until, self.settings.pre_lowering_s)
        self.session.run({"do": "set", "wet": windows})

    def _constant_plan(self) -> Commands | None:
        """The best constant commands over the whole horizon: what no short look ahead would find."""
        horizon = self.settings.horizon_s
        courses = Courses(self.session, self.spec.weights, horizon, self.forecast.rains(0.0, horizon))
        blank = np.full((1, self._width), np.nan)
        begin = [
            Commands(name, np.array([0.0]), horizon, blank) for name in (RULE, EARLY, EQUAL_FILLING, ALL_ON)
        ]
        found = local_search(courses, begin, self._codes, evaluations=max(40, 2 * self.settings.evaluations))
        return found.plan

    # -- one decision -----------------------------------------------------------------------------

    def decide(self, now: float) -> tuple[Commands, DecisionNote]:
        """The plan from now on, and how it came about."""
        begun = time.monotonic()
        settings = self.settings
        until = min(settings.horizon_s, now + settings.lookahead_s)
        deadline = None if math.isinf(settings.time_limit_s) else begun + settings.time_limit_s
        rains = self.forecast.rains(now, until)
        courses = Courses(self.session, self.spec.weights, until, rains, deadline)
        rule = Commands.follow(RULE, self._width)
        try:
            plan, source, reason = self._chosen(courses, rule, now, until, rains)
            mine, theirs = courses.costs([plan, rule])
        except TimeIsUpError:
            plan, source, reason, mine, theirs = rule, RULE, "SCHEDULE_TIME_OVER", math.nan, math.nan
        self._previous = plan if source != RULE else None
        rung = self._rung(source)
        note = DecisionNote(
            now, source, rung, reason, mine, theirs, courses.tried, time.monotonic() - begun
        )
        return plan, note

    def _chosen(
        self, courses: Courses, rule: Commands, now: float, until: float, rains: Sequence[Any]
    ) -> tuple[Commands, str, str]:
        if _calm(courses.outcomes([rule])[0]) and not self.forecast.near(now, until):
            return rule, RULE, "SCHEDULE_CALM"
        begin = self._beginnings(courses, rule, now, until, rains)
        outcomes = courses.outcomes([plan for _, plan in begin])
        costs = [one.cost_m3(courses.weights) for one in outcomes]
        at = int(np.argmin(costs))
        name, best = begin[at]
        reason = ""
        if not _calm(outcomes[at]):
            found = local_search(
                courses,
                [plan for _, plan in begin if len(plan.starts_s) == len(best.starts_s)],
                self._codes,
                evaluations=self.settings.evaluations,
            )
            if found.cost_m3 < costs[at] - 1e-9:
                name, best = f"{name}+search", found.plan
            reason = "SCHEDULE_TIME_CUT" if found.timed_out else ""
        cases = self._cases(len(rains))
        ranked = [(name, best), *(begin[k] for k in np.argsort(costs).tolist())]
        for candidate, plan in ranked:
            if candidate == RULE:
                break
            if courses.may_stand_in(plan, rule, cases, self.settings.worst_weight):
                return plan, candidate, reason
        return rule, RULE, "SCHEDULE_RULE_BEST"

    def _cases(self, rains: int) -> list[Case]:
        first = self.settings.derating[0]
        members = [Case(member, first) for member in range(rains)]
        return members + [Case(0, capacity) for capacity in self.settings.derating[1:]]

    def _beginnings(
        self, courses: Courses, rule: Commands, now: float, until: float, rains: Sequence[Any]
    ) -> list[tuple[str, Commands]]:
        """Plans the search may begin at, the rule first."""
        starts = [now, now + self.settings.decide_s]
        starts = [one for one in starts if one < until - 1e-3]
        blank = np.full((len(starts), self._width), np.nan)

        def blocked(policy: str) -> Commands:
            return Commands(policy, np.array(starts), until, blank)

        begin = [(RULE, rule)]
        if self._constant is not None:
            begin.append(("constant", self._constant.reblocked(starts, until)))
        names = [RULE, EARLY, EQUAL_FILLING, ALL_ON] if self._previous is None else [self._base]
        begin += [(f"{name}", blocked(name)) for name in dict.fromkeys(names) if name != RULE]
        if self._previous is None:
            costs = courses.costs([blocked(name) for name in names])
            self._base = names[int(np.argmin(costs))]
        begin.append(("rule-blocks", blocked(RULE)))
        if self._previous is not None:
            begin.append(("previous", self._previous.reblocked(starts, until)))
        answer = self._planned(now, until, rains)
        if answer is not None and answer.commands is not None:
            begin.append(("milp", answer.commands))
            begin.append(("milp-blocks", answer.commands.reblocked(starts, until)))
        return begin

    def _planned(self, now: float, until: float, rains: Sequence[Any]) -> ProgrammeAnswer | None:
        """The integer programme's answer where one is due."""
        if self.programme is None:
            return None
        due = self._answer is None or now - self._answer.time_s >= self.settings.plan_every_s - 1e-3
        if not due:
            return None
        self._answer = self.programme.plan(
            self.session, now, until, rains, running=self.running, locked_out=self.locked_out
        )
        return self._answer

    def _rung(self, source: str) -> Rung:
        if source == RULE:
            return Rung.RULE
        if self._answer is None or self._answer.commands is None:
            return Rung.SEARCH
        return self._answer.rung


def _calm(outcome: Outcome) -> bool:
    return outcome.flooding_m3 + outcome.overflow_m3 < _CALM_M3 and outcome.underpass_m_min == 0.0


def joined_traces(traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One trace of several that follow each other."""
    joined: dict[str, Any] = {}
    for name in traces[0]:
        parts = [one[name] for one in traces]
        joined[name] = [row for part in parts for row in part] if name == "interventions" else np.concatenate(parts)
    return joined
