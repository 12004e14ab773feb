"""The reduced model's integer programme: known answers, limits kept, and the ladder below it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from citymains_drainage.planning.problem import PlanProblem, Rung, Tank, Unit

from benchmarks.bench_drainage import many_stations, solved


def one_station(inflow_m3_per_s: list[float], **unit: object) -> PlanProblem:
    """A well of 600 m3 with two equal pumps of 1 m3/s and steps of 300 s."""
    given: dict = {"name": "U", "tank": 0, "count": 2, "rate_m3_per_s": 1.0}
    return PlanProblem(
        step_s=300.0,
        tanks=(Tank(name="T", capacity_m3=600.0, dead_m3=0.0),),
        units=(Unit(**(given | unit)),),
        inflow_m3_per_s=np.array([[inflow_m3_per_s]]),
        initial_m3=np.array([0.0]),
    )


def test_what_does_not_fit_floods_to_the_cubic_metre() -> None:
    # 5 m3/s for two steps are 3000 m3; two pumps take 1200, the well 600: 1200 flood, whatever is done.
    plan = solved(one_station([5.0, 5.0]), gap=1e-6)
    assert plan.rung is Rung.OPTIMAL
    assert plan.bound_flooding_m3 == pytest.approx(1200.0)
    assert plan.flooding_m3[0] == pytest.approx(1200.0)
    assert plan.counts.tolist() == [[2.0, 2.0]]


def test_nothing_is_pumped_for_nothing() -> None:
    plan = solved(one_station([0.0, 0.0, 0.0]), gap=1e-6)
    assert plan.counts.sum() == 0
    assert plan.objective == pytest.approx(0.0, abs=1e-6)


def test_minimum_run_and_stop_hold_in_the_plan() -> None:
    problem = one_station([3.0, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0], min_run=3, min_stop=2, count=1)
    counts = solved(problem, gap=1e-6).counts[0]
    starts = [step for step in range(8) if counts[step] > (counts[step - 1] if step else 0)]
    for start in starts:
        assert (counts[start : start + 3] == 1).all()


@pytest.mark.timeout(300)
def test_grouped_pumps_are_the_same_problem(request) -> None:
    grouped = solved(many_stations(3, 3, 12, 3), gap=1e-4, time_limit_s=60.0)
    each = solved(many_stations(3, 3, 12, 3, grouped=False), gap=1e-4, time_limit_s=60.0)
    assert grouped.rung is Rung.OPTIMAL
    assert grouped.bound <= each.objective + 1e-6 * abs(each.objective)
    assert grouped.bound_flooding_m3 == pytest.approx(each.bound_flooding_m3, rel=1e-6)


def test_the_bound_is_below_every_plan() -> None:
    problem = many_stations(4, 4, 24, 4)
    plan = solved(problem, gap=0.01)
    weights = problem.member_weight()
    assert plan.bound <= plan.objective + 1e-6
    assert plan.bound_flooding_m3 <= float(weights @ plan.flooding_m3) + 1e-6
    assert plan.gap <= 0.01 + 1e-9


def test_without_time_the_relaxation_is_rounded() -> None:
    problem = many_stations(10, 4, 24, 10)
    relaxed = dataclasses.replace(problem, worst_weight=0.0)
    plan = solved(relaxed, time_limit_s=2.0, gap=1e-9)
    assert plan.rung in {Rung.INCUMBENT, Rung.ROUNDED, Rung.OPTIMAL}
    assert np.array_equal(plan.counts, np.round(plan.counts))
    assert plan.bound_flooding_m3 >= 0.0
