"""Local search around plans, in branches of the engine: one code changed at a time, the best kept."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.model import ControlSpec
from citymains_drainage.control.policies import ALL_ON, EARLY, EQUAL_FILLING, RULE
from citymains_drainage.schedule.courses import Courses, TimeIsUpError

#: Openings of a gate that are tried.
OPENINGS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: A gain below this is none [m3 of flooding].
_LEAST_GAIN_M3 = 1e-3


@dataclass(frozen=True)
class Found:
    """What a search ended with.

    Attributes
    ----------
    plan : Commands
    cost_m3 : float
    timed_out : bool
        Whether it was cut off by the time.
    """

    plan: Commands
    cost_m3: float
    timed_out: bool = False


def alternatives(spec: ControlSpec) -> list[tuple[float, ...]]:
    """Codes that may stand for each actuator: pumps of a group, openings of a gate."""
    groups = [tuple(float(one) for one in range(len(group.pumps) + 1)) for _, group in spec.stations.groups]
    return groups + [OPENINGS for _ in spec.gates]


#: Policies that may stand in for commands where a forecast is doubted: they look at levels, not at rain.
REACTIVE = (RULE, EARLY, EQUAL_FILLING, ALL_ON)


def reactions(spec: ControlSpec) -> list[tuple[float, ...]]:
    """Codes of `REACTIVE` for each actuator."""
    return [tuple(-1.0 - at for at in range(len(REACTIVE)))] * len(spec.actuators)


def local_search(
    courses: Courses, begin: Sequence[Commands], codes: Sequence[tuple[float, ...]], *, evaluations: int
) -> Found:
    """Improve the best of some plans, code by code, until nothing gains or the evaluations are spent.

    Parameters
    ----------
    courses : Courses
    begin : sequence of Commands
        On the same blocks.
    codes : sequence of tuple of float
        Codes that may stand for each actuator.
    evaluations : int
        Most branches to run.
    """
    costs = courses.costs(begin)
    at = int(np.argmin(costs))
    best, cost = begin[at], costs[at]
    first = courses.tried
    places = [(block, one) for block in range(len(best.starts_s)) for one in range(len(codes))]
    try:
        while True:
            before = cost
            for block, actuator in places:
                batch = _others(best, block, actuator, codes[actuator])
                if courses.tried - first + len(batch) > evaluations:
                    return Found(best, cost)
                tried = courses.costs(batch)
                least = int(np.argmin(tried))
                if tried[least] < cost - _LEAST_GAIN_M3:
                    best, cost = batch[least], tried[least]
            if cost > before - _LEAST_GAIN_M3:
                return Found(best, cost)
    except TimeIsUpError:
        return Found(best, cost, timed_out=True)


def _others(plan: Commands, block: int, actuator: int, codes: Sequence[float]) -> list[Commands]:
    """The plan with every other code at one place, and with none."""
    now = plan.codes[block, actuator]
    others = [code for code in codes if code != now] + ([] if math.isnan(now) else [math.nan])
    return [plan.with_code(block, actuator, code) for code in others]
