"""Plans tried in branches of the live simulation, and what came of them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from citymains.engine_host.session import Session

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.model import CostWeights
from citymains_drainage.control.outcome import Outcome, not_worse, outcome_of

Rain = Mapping[str, Any] | None
"""Rain instead of the model's, as the control session takes it; None: the model's own."""


@dataclass(frozen=True)
class Case:
    """One thing that may come: a member of the rain, and the pumps' capacity.

    Attributes
    ----------
    rain : int
        Which of the rains.
    capacity : float
        Share of their curves that pumps deliver.
    weight : float
    """

    rain: int
    capacity: float = 1.0
    weight: float = 1.0


class TimeIsUpError(Exception):
    """The time for a decision is over."""


class Courses:
    """Tries plans from the simulation's present.

    Parameters
    ----------
    session : Session
        A control session.
    weights : CostWeights
    until_s : float
        How far branches go [s].
    rains : sequence
        The first is what is expected.
    deadline_s : float, optional
        `time.monotonic` after which nothing more is tried.
    """

    def __init__(
        self,
        session: Session,
        weights: CostWeights,
        until_s: float,
        rains: Sequence[Rain],
        deadline_s: float | None = None,
    ) -> None:
        self._session = session
        self.weights = weights
        self.until_s = until_s
        self.rains = list(rains)
        self._deadline_s = deadline_s
        self._known: dict[tuple[Any, ...], Outcome] = {}
        self.tried = 0

    def outcomes(self, plans: Sequence[Commands], case: Case | None = None) -> list[Outcome]:
        """What each plan comes to in a case (the expected one by default); nothing is run twice.

        Raises
        ------
        TimeIsUpError
        """
        case = case or Case(0)
        keys = [(plan.key(), case.rain, case.capacity) for plan in plans]
        new = {key: plan for key, plan in zip(keys, plans, strict=True) if key not in self._known}
        if new:
            self._run(list(new.items()), case)
        return [self._known[key] for key in keys]

    def costs(self, plans: Sequence[Commands]) -> list[float]:
        """The stated cost of each plan in the expected case."""
        return [one.cost_m3(self.weights) for one in self.outcomes(plans)]

    def _run(self, new: Sequence[tuple[tuple[Any, ...], Commands]], case: Case) -> None:
        left_s = None if self._deadline_s is None else self._deadline_s - time.monotonic()
        if left_s is not None and left_s <= 0:
            raise TimeIsUpError
        answer = self._session.run(
            {
                "do": "try",
                "plans": [plan.tree() for _, plan in new],
                "rains": [None if one is None else dict(one) for one in self.rains],
                "jobs": [[at, case.rain, case.capacity] for at in range(len(new))],
                "until_s": self.until_s,
                "timeout_s": left_s,
            }
        )
        self.tried += len(new)
        late = False
        for (key, _), course in zip(new, answer["courses"], strict=True):
            if course is None:
                late = True
            else:
                self._known[key] = outcome_of(course["outcome"])
        if late:
            raise TimeIsUpError

    def score(self, plan: Commands, cases: Sequence[Case], worst_weight: float) -> float:
        """Cost over cases: the weighted mean and a share of the worst."""
        costs = [self.outcomes([plan], case)[0].cost_m3(self.weights) for case in cases]
        total = sum(case.weight for case in cases)
        mean = sum(case.weight * cost for case, cost in zip(cases, costs, strict=True)) / total
        return (1.0 - worst_weight) * mean + worst_weight * max(costs)

    def may_stand_in(
        self, plan: Commands, rule: Commands, cases: Sequence[Case], worst_weight: float
    ) -> bool:
        """Whether a plan may be given instead of the rule, at the information available.

        In the expected case no upper tier may be worse and the cost not higher; over all cases the
        score may not be higher; and the balance may not be off by more than the rule's own, where it
        is off by more than 2 %.
        """
        mine, theirs = self.outcomes([plan, rule])
        if unsound_under_way(mine, theirs) or not not_worse(mine, theirs, self.weights):
            return False
        if len(cases) < 2:
            return True
        return self.score(plan, cases, worst_weight) <= self.score(rule, cases, worst_weight) + 1e-9


#: A plan is rejected where its balance is off by more than the first, and by more than the second beyond the rule's [%].
UNSOUND_PERCENT, UNSOUND_BEYOND_RULE_PERCENT = 2.0, 0.5
#: Under way the balance may lack this much: engines lose sight of water in surcharged pipes until they drain [%].
LACKING_PERCENT = 10.0


def unsound(plan: Outcome, rule: Outcome) -> bool:
    """Whether a finished plan's water balance forbids to give it."""
    mine, theirs = abs(plan.continuity_error_percent), abs(rule.continuity_error_percent)
    return mine > UNSOUND_PERCENT and mine > theirs + UNSOUND_BEYOND_RULE_PERCENT


def unsound_under_way(plan: Outcome, rule: Outcome) -> bool:
    """Whether a course that has not ended makes water, or lacks too much of it.

    Water that is lacking counts as stored in the cost, and is found again when pipes drain; water
    that was made, as by pumps that share an empty well, is a plan's fault at once.
    """
    made, by_rule = -plan.continuity_error_percent, -rule.continuity_error_percent
    if made > UNSOUND_PERCENT and made > by_rule + UNSOUND_BEYOND_RULE_PERCENT:
        return True
    return plan.continuity_error_percent > max(LACKING_PERCENT, rule.continuity_error_percent + 2.0)


def joined(parts: Sequence[Outcome]) -> Outcome:
    """One course of several that follow each other."""
    sums = {
        name: sum(getattr(one, name) for one in parts)
        for name in (
            "flooding_m3",
            "overflow_m3",
            "outflow_m3",
            "inflow_m3",
            "flow_excess_m3",
            "lost_m3",
            "underpass_m_min",
            "starts",
            "energy_kwh",
            "energy_yuan",
            "pumped_m3",
        )
    }
    roads = parts[-1].underpass_depth_m
    return dataclasses.replace(
        parts[-1],
        **sums,
        underpass_depth_m={name: max(one.underpass_depth_m[name] for one in parts) for name in roads},
        red_s={name: sum(one.red_s[name] for one in parts) for name in roads},
    )
