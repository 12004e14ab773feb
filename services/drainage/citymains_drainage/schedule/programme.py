"""The integer programme of a decision: built from courses of the rule, solved in a process of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from citymains.call import current_call
from citymains.engine_host.client import EngineHost
from citymains.engine_host.limits import Limits
from citymains.engine_host.session import Session
from citymains.errors import CancelledError, CitymainsError

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.policies import RULE
from citymains_drainage.control.session import plain
from citymains_drainage.planning.problem import Plan, PlanProblem, Rung, plan_of
from citymains_drainage.planning.reduce import Reduction
from citymains_drainage.schedule.settings import ScheduleSettings

ENGINE = "pump-plan"
#: What a solver's process may take longer than it was told to [s]: starting, and sending the answer.
_SPARE_S = 20.0


@dataclass(frozen=True)
class ProgrammeAnswer:
    """What came of one programme.

    Attributes
    ----------
    time_s : float
    rung : Rung
        OPTIMAL, INCUMBENT or ROUNDED; SEARCH where it failed.
    reason : str
        Message code; empty: solved to its gap.
    detail : str
        The solver's or the error's own words.
    commands : Commands, optional
        None where it failed.
    plan : Plan, optional
    """

    time_s: float
    rung: Rung
    reason: str
    detail: str
    commands: Commands | None = None
    plan: Plan | None = None


@dataclass(eq=False)
class Programme:
    """Solves the reduced model for decisions.

    Parameters
    ----------
    engines : EngineHost
    reduction : Reduction
    settings : ScheduleSettings
    engine : str
        Name of the solver's engine.
    """

    engines: EngineHost
    reduction: Reduction
    settings: ScheduleSettings
    engine: str = ENGINE
    answers: list[ProgrammeAnswer] = field(default_factory=list)
    version: str = ""

    def plan(
        self,
        session: Session,
        now: float,
        until: float,
        rains: Sequence[Any],
        *,
        running: Mapping[str, float],
        locked_out: frozenset[str],
    ) -> ProgrammeAnswer:
        """Plan from now on. Never raises for what the solver does: the answer says what became of it."""
        steps = max(1, math.ceil((until - now) / self.reduction.step_s - 1e-6))
        try:
            problem = self._problem(session, now, until, steps, rains, running, locked_out)
            answer = self._solved(problem, now)
        except CancelledError:
            raise
        except CitymainsError as error:
            current_call().check()  # the caller's own deadline is no failure of the solver
            answer = ProgrammeAnswer(now, Rung.SEARCH, "SCHEDULE_SOLVER_FAILED", str(error))
        self.answers.append(answer)
        return answer

    def _problem(
        self,
        session: Session,
        now: float,
        until: float,
        steps: int,
        rains: Sequence[Any],
        running: Mapping[str, float],
        locked_out: frozenset[str],
    ) -> PlanProblem:
        rule = Commands.follow(RULE, len(self.reduction.spec.actuators))
        courses = session.run(
            {
                "do": "try",
                "plans": [rule.tree()],
                "rains": [None if one is None else dict(one) for one in rains],
                "jobs": [[0, member, self.settings.derating[0]] for member in range(len(rains))],
                "until_s": until,
                "trace": True,
            }
        )["courses"]
        spec = self.reduction.spec
        hours = [
            int(spec.start_hour + (now + at * self.reduction.step_s) / 3600.0) % 24 for at in range(steps)
        ]
        return self.reduction.problem(
            [one["trace"] for one in courses],
            now,
            steps,
            weight=None,
            worst_weight=self.settings.worst_weight,
            locked_out=locked_out,
            running=running,
            price_yuan_per_kwh=np.array([spec.price_yuan_per_kwh[hour] for hour in hours]),
        )

    def _solved(self, problem: PlanProblem, now: float) -> ProgrammeAnswer:
        limit_s = self.settings.plan_time_limit_s
        limits = Limits(wall_s=limit_s + _SPARE_S)
        with self.engines.session(
            self.engine, {"problem": plain(problem)}, limits=limits, element="pump plan"
        ) as solver:
            plan = plan_of(solver.run({"time_limit_s": limit_s, "gap": self.settings.plan_gap}))
            self.version = solver.engine_version
        reason = {
            Rung.OPTIMAL: "",
            Rung.INCUMBENT: "SCHEDULE_PLAN_TIME_OVER",
            Rung.ROUNDED: "SCHEDULE_PLAN_ROUNDED",
        }[plan.rung]
        commands = self.reduction.commands(plan, now, RULE)
        return ProgrammeAnswer(now, plan.rung, reason, plan.status, commands, plan)
