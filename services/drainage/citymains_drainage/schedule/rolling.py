"""The rolling plan: decide, follow for a while, look again, until the horizon.

At each decision the live simulation has the true rain so far and knows the forecast. A search tries
plans in forked branches over a short look ahead; what it finds is judged to the end of a long one,
beside the plan followed until now and those made for the whole horizon. So a plan that came true so far
is only left for a better one, and takes over only where it may stand in for the rule.
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
from citymains_drainage.control.policies import ALL_ON, EARLY, EQUAL_FILLING, LIMITED_FLOW, RULE
from citymains_drainage.planning.problem import Rung
from citymains_drainage.schedule.courses import Case, Courses, TimeIsUpError, joined
from citymains_drainage.schedule.forecast import Expectation
from citymains_drainage.schedule.programme import Programme, ProgrammeAnswer
from citymains_drainage.schedule.search import REACTIVE, alternatives, local_search, reactions
from citymains_drainage.schedule.settings import ScheduleSettings

#: A course with less flooding and overflow than this [m3] leaves nothing to search for.
_CALM_M3 = 0.5
#: Share of a decision's time for the search; the rest is for judging what it found.
SEARCH_SHARE = 0.6
#: Steps of the programme for the whole horizon, at most.
MOST_PLAN_STEPS = 144


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
    forecast : Expectation
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
        forecast: Expectation,
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
        self._answer: ProgrammeAnswer | None = None
        self._kept: dict[str, Commands] = {}
        """Plans that are tried again at every decision, by where they came from."""
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
        self.open(0.0)
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
        until = now + self.settings.judge_s
        windows = self.forecast.wet(now, until, self.settings.pre_lowering_s)
        self.session.run({"do": "set", "wet": windows})

    def open(self, now: float, deadline_s: float | None = None) -> None:
        """Make plans for as far as is judged: constant commands, which no short look ahead finds, and the programme's.

        Parameters
        ----------
        now : float
            The simulation's present [s].
        deadline_s : float, optional
            `time.monotonic` after which the search ends with what it has.

        Raises
        ------
        TimeIsUpError
            There was not even the time to try the policies.
        """
        until = min(self.settings.horizon_s, now + self.settings.judge_s)
        rains = self.forecast.rains(now, until)
        courses = Courses(self.session, self.spec.weights, until, rains, deadline_s)
        blank = np.full((1, self._width), np.nan)
        names = [RULE, EARLY, EQUAL_FILLING, ALL_ON] + [LIMITED_FLOW] * bool(self.spec.flow_limits)
        begin = [Commands(name, np.array([now]), until, blank) for name in names]
        effort = max(40, self.settings.evaluations)
        self._kept["constant"] = local_search(courses, begin, self._codes, evaluations=effort).plan
        if self.programme is not None:
            most = min(until, now + MOST_PLAN_STEPS * self.programme.reduction.step_s)
            self._answer = self.programme.plan(
                self.session, now, most, rains, running=self.running, locked_out=self.locked_out
            )
            if self._answer.commands is not None:
                self._kept["milp"] = self._answer.commands

    # -- one decision -----------------------------------------------------------------------------

    def decide(self, now: float) -> tuple[Commands, DecisionNote]:
        """The plan from now on, and how it came about."""
        begun = time.monotonic()
        settings, weights = self.settings, self.spec.weights
        near_s = min(settings.horizon_s, now + settings.lookahead_s)
        far_s = min(settings.horizon_s, max(near_s, now + settings.judge_s))
        limit_s = settings.time_limit_s
        ends = [None if math.isinf(limit_s) else begun + share * limit_s for share in (SEARCH_SHARE, 1.0)]
        near = Courses(self.session, weights, near_s, self.forecast.rains(now, near_s), ends[0])
        far = Courses(self.session, weights, far_s, self.forecast.rains(now, far_s), ends[1])
        rule = Commands.follow(RULE, self._width)
        try:
            candidates, reason = self._candidates(near, rule, now, near_s)
            source, plan = self._judged(far, rule, candidates)
            if source == RULE:
                reason = "SCHEDULE_CALM" if reason == "SCHEDULE_CALM" else "SCHEDULE_RULE_BEST"
            mine, theirs = far.costs([plan, rule])
        except TimeIsUpError:
            plan, source, reason, mine, theirs = rule, RULE, "SCHEDULE_TIME_OVER", math.nan, math.nan
        if source != RULE and not self.forecast.doubted(now):
            self._kept["previous"] = plan
        note = DecisionNote(
            now,
            source,
            self._rung(source),
            reason,
            mine,
            theirs,
            near.tried + far.tried,
            time.monotonic() - begun,
        )
        return plan, note

    def _candidates(
        self, near: Courses, rule: Commands, now: float, until: float
    ) -> tuple[list[tuple[str, Commands]], str]:
        """Plans worth judging: those kept, and where something is at stake the best a search finds."""
        kept = [
            (name, plan) for name, plan in self._kept.items() if plan.end_s > now + 1e-3 or plan.base != RULE
        ]
        if _calm(near.outcomes([rule])[0]) and not self.forecast.near(now, until):
            return kept, "SCHEDULE_CALM"
        doubted = self.forecast.doubted(now)
        begin = self._reactive(now, until) if doubted else self._beginnings(now, until)
        codes = reactions(self.spec) if doubted else self._codes
        costs = near.costs([plan for _, plan in begin])
        at = int(np.argmin(costs))
        name, best = begin[at]
        if not self.spec.stations.stations and _calm(near.outcomes([best])[0]):
            return [
                (name, best),
                *kept,
            ], ""  # gates cost neither starts nor electricity: nothing is left to gain
        found = local_search(near, [plan for _, plan in begin], codes, evaluations=self.settings.evaluations)
        if found.cost_m3 < costs[at] - 1e-9:
            name, best = f"{name}+search", found.plan
        if doubted:  # commands that rest on the forecast are worth as little as it
            return [(name, best), *begin], "SCHEDULE_DOUBTED"
        after = self._kept.get("previous", self._kept.get("constant", rule))
        searched = [(name, best), (name, best.then(after))]
        return [*searched, *kept], "SCHEDULE_TIME_CUT" if found.timed_out else ""

    def _judged(
        self, far: Courses, rule: Commands, candidates: Sequence[tuple[str, Commands]]
    ) -> tuple[str, Commands]:
        """The best of the candidates that may stand in for the rule, or the rule."""
        count = len(far.rains)
        cases = self._cases(count)
        members = cases[:count]
        share = self.settings.worst_weight
        far.outcomes([rule, *(plan for _, plan in candidates)])
        scores = [far.score(plan, members, share) for _, plan in candidates]
        limit = far.score(rule, members, share)
        for at in np.argsort(scores, kind="stable").tolist():
            name, plan = candidates[at]
            if scores[at] < limit and far.may_stand_in(plan, rule, cases, share):
                return name, plan
        return RULE, rule

    def _cases(self, rains: int) -> list[Case]:
        first = self.settings.derating[0]
        members = [Case(member, first) for member in range(rains)]
        if not self.spec.stations.stations:  # gates have no capacity to lose
            return members
        return members + [Case(0, capacity) for capacity in self.settings.derating[1:]]

    def _reactive(self, now: float, until: float) -> list[tuple[str, Commands]]:
        """Policies that look at levels, for the search to mix."""
        starts = np.array([one for one in (now, now + self.settings.decide_s) if one < until - 1e-3])
        blank = np.full((len(starts), self._width), np.nan)
        return [(name, Commands(name, starts, until, blank, REACTIVE)) for name in REACTIVE]

    def _beginnings(self, now: float, until: float) -> list[tuple[str, Commands]]:
        """Plans the search may begin at, all on the blocks of the search."""
        starts = [one for one in (now, now + self.settings.decide_s) if one < until - 1e-3]
        blank = np.full((len(starts), self._width), np.nan)
        self._plan_again(now, until)
        begin = [(name, plan.reblocked(starts, until)) for name, plan in self._kept.items()]
        bases = dict.fromkeys((RULE, *(plan.base for plan in self._kept.values())))
        return begin + [(name, Commands(name, np.array(starts), until, blank)) for name in bases]

    def _plan_again(self, now: float, until: float) -> None:
        """Solve the integer programme where that is due."""
        if self.programme is None:
            return
        if self._answer is not None and now - self._answer.time_s < self.settings.plan_every_s - 1e-3:
            return
        rains = self.forecast.rains(now, until)
        self._answer = self.programme.plan(
            self.session, now, until, rains, running=self.running, locked_out=self.locked_out
        )
        if self._answer.commands is not None:
            self._kept["milp"] = self._answer.commands

    def _rung(self, source: str) -> Rung:
        if source == RULE:
            return Rung.RULE
        if self._answer is None or self._answer.commands is None:
            return Rung.SEARCH
        return self._answer.rung


def _calm(outcome: Outcome) -> bool:
    spilt_m3 = outcome.flooding_m3 + outcome.overflow_m3 + outcome.flow_excess_m3
    return spilt_m3 < _CALM_M3 and outcome.underpass_m_min == 0.0


def joined_traces(traces: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One trace of several that follow each other."""
    joined: dict[str, Any] = {}
    for name in traces[0]:
        parts = [one[name] for one in traces]
        joined[name] = (
            [row for part in parts for row in part] if name == "interventions" else np.concatenate(parts)
        )
    return joined
