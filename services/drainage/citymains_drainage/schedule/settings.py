"""How a schedule is made: horizon, steps, effort and what is hedged against."""

from __future__ import annotations

import math
from dataclasses import dataclass

from citymains_drainage.control.model import ControlSpec

#: Branches of this many element-steps cost about a second of one core.
ELEMENT_STEPS_PER_S = 4e6
#: A look of the guard with its policy costs about so much of one core, and more for each actuator [s].
LOOK_CORE_S, ACTUATOR_CORE_S = 3e-4, 6e-5
#: Core-seconds that one decision may cost by default for its search, and as many to judge what it found.
DECISION_CORE_S = 6.0
#: The same for all decisions of a schedule together, and how many decisions it has at most.
SCHEDULE_CORE_S, MOST_DECISIONS = 216.0, 72
#: Courses that are judged, roughly.
_JUDGED = 8


@dataclass(frozen=True, kw_only=True)
class ScheduleSettings:
    """All that steers the search; none of it depends on how fast the machine is.

    Attributes
    ----------
    horizon_s : float
        What is scheduled [s].
    step_s : float
        Control step: commands change at its multiples, but for the guard [s].
    decide_s : float
        Time between two decisions [s], a multiple of the control step.
    lookahead_s : float
        How far the search of a decision looks [s].
    judge_s : float
        How far its few best plans and the rule are followed to be judged [s].
    evaluations : int
        Branches a decision may run.
    worst_weight : float
        Share of the worst case in what a plan is judged by, in 0..1.
    derating : tuple of float
        Pump capacities a plan is verified under, the first is what is expected.
    time_limit_s : float
        Longest time for a decision [s]; beyond it the fallback stands.
    plan_time_limit_s : float
        Longest time for the integer programme [s].
    plan_gap : float
    plan_every_s : float
        Time between two integer programmes [s].
    pre_lowering_s : float
        How long before rain rivers may be pumped into [s].
    """

    horizon_s: float
    step_s: float
    decide_s: float
    lookahead_s: float
    judge_s: float
    evaluations: int
    worst_weight: float = 0.3
    derating: tuple[float, ...] = (1.0, 0.7)
    time_limit_s: float = math.inf
    plan_time_limit_s: float = 30.0
    plan_gap: float = 0.01
    plan_every_s: float = 1800.0
    pre_lowering_s: float = 0.0


def decide_every_s(step_s: float, planned_s: float = 0.0) -> float:
    """Time between decisions, in whole control steps: ten minutes, or more where a long time is planned at once."""
    return step_s * max(1, round(600.0 / step_s), math.ceil(planned_s / MOST_DECISIONS / step_s))


def decision_core_s(decide_s: float, planned_s: float = 0.0) -> float:
    """Core-seconds for the search of one decision, of those for all that is planned at once."""
    decisions = max(1.0, planned_s / decide_s)
    return min(DECISION_CORE_S, SCHEDULE_CORE_S / decisions)


def lookahead_s(decide_s: float, horizon_s: float) -> float:
    """How far decisions look: an hour at least, and six decisions."""
    return min(horizon_s, max(3600.0, 6.0 * decide_s))


@dataclass(frozen=True, kw_only=True)
class CourseCost:
    """What a branch costs: of the model alone, so that equal questions get equal answers.

    Attributes
    ----------
    elements, actuators : int
        Nodes and links of the model, and what is commanded of them.
    routing_step_s, look_s : float
        Steps of the engine, and between two looks of the guard [s].
    """

    elements: int
    actuators: int
    routing_step_s: float
    look_s: float

    def core_s(self, looks_s: float) -> float:
        """Core-seconds of a branch that goes so far, roughly."""
        steps = (
            looks_s / max(self.routing_step_s, 0.5) * 1.5
        )  # variable steps are shorter than the model's own
        look_core_s = LOOK_CORE_S + self.actuators * ACTUATOR_CORE_S
        return self.elements * steps / ELEMENT_STEPS_PER_S + looks_s / self.look_s * look_core_s + 0.01


def judge_s(cost: CourseCost, core_s: float, looks_s: float, horizon_s: float) -> float:
    """How far plans are judged: to the horizon where that is affordable, as far as the search looks at least."""
    per_s = cost.core_s(3600.0) / 3600.0
    return min(horizon_s, max(looks_s, core_s / _JUDGED / per_s))


def evaluation_budget(spec: ControlSpec, cost: CourseCost, core_s: float, looks_s: float) -> int:
    """Branches a search may run: as many as fit its core-seconds, but a sweep over all commands at least."""
    sweep = 2 * sum(len(group.pumps) + 1 for _, group in spec.stations.groups) + 5 * len(spec.gates)
    return int(min(400, max(8, sweep, core_s / cost.core_s(looks_s))))
