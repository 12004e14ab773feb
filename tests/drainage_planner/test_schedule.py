"""Schedules of our own district: never worse than the rule, within every limit, explained."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from citymains.model.scenario import Scenario
from citymains_drainage.control.outcome import TIE_SHARE

from tests.drainage_planner.conftest import FORMULA

#: Return period [a], duration [s] and peak of three storms, each of which floods under the rule.
STORMS = [(20.0, 3600.0, 0.4), (50.0, 3600.0, 0.3), (30.0, 7200.0, 0.6)]
AFTER_S = 5400.0


def scheduled(drainage, storm: tuple[float, float, float], **how):
    period, duration, peak = storm
    rain = drainage.storm(FORMULA, return_period_a=period, duration_s=duration, step_s=300, peak_ratio=peak)
    return drainage.schedule(
        "district", rain, horizon_s=duration + AFTER_S, step_s=300, evaluations=16, **how
    ).result()


# One storm in every run of the tests, all three with `make campaign`.
@pytest.fixture(
    scope="module",
    params=[STORMS[0], *(pytest.param(storm, marks=pytest.mark.campaign) for storm in STORMS[1:])],
    ids=str,
)
def perfect(request, drainage):
    """The plan of a storm that is known."""
    return scheduled(drainage, request.param)


@pytest.mark.timeout(600)
def test_with_a_perfect_forecast_it_floods_less_than_rule_and_equal_filling(perfect) -> None:
    table = perfect.table("baselines").set_index("policy")
    plan, native, equal = (table.loc[name] for name in ("plan", "native", "equal-filling"))
    assert native["flooding_m3"] > 50
    for other in (native, table.loc["rule"], equal):
        assert plan["flooding_m3"] < other["flooding_m3"]
        assert plan["overflow_m3"] < other["overflow_m3"]
        assert plan["underpass_m_min"] <= other["underpass_m_min"] * (1 + TIE_SHARE)
        assert plan["cost_m3"] < other["cost_m3"]
    assert plan["cost_m3"] <= table["cost_m3"].min() + 1e-6
    assert (perfect.rule_flooding_m3, perfect.flooding_m3) == (native["flooding_m3"], plan["flooding_m3"])


def test_starts_and_runs_keep_their_limits(perfect) -> None:
    stations = perfect.table("stations")
    pumped = stations[stations["starts_per_h"] > 0]
    assert (pumped["most_starts_in_an_hour"] <= pumped["starts_per_h"]).all()
    constraints = perfect.table("constraints")
    hard = constraints[constraints["reason"].isin(["DRY_RUN", "AVAILABILITY", "RECEIVING", "MAINTENANCE"])]
    commands = perfect.frame()
    for pump, rows in commands[commands["station"].isin(pumped["station"])].groupby("pump"):
        times, settings = rows["time_s"].to_numpy(), rows["setting"].to_numpy()
        changes = np.flatnonzero(np.diff(settings)) + 1
        for one, after in pairwise(changes):
            short = times[after] - times[one] < 300.0 - 3.0  # 3 s: looks stand on the engine's steps
            stopped = settings[after] == 0.0
            cut = hard[(hard["pump"] == pump) & ((hard["start_s"] - times[after]).abs() < 90.0)]
            assert not short or (stopped and len(cut)), (pump, times[one], times[after])


def test_the_plan_explains_itself(perfect) -> None:
    assert perfect.rung in {"optimal", "incumbent", "rounded", "search"}
    assert perfect.rung_reason_en
    assert perfect.rung_reason_zh
    assert 0.0 <= perfect.reduced_model_bound_flooding_m3 < math.inf
    assert 0.0 <= perfect.reduced_model_gap_percent < 100.0
    assert perfect.underpass_depth_m > 0.0
    assert perfect.double_baseline_score_percent > 90.0
    assert perfect.computing_load_percent > 0.0
    assert abs(perfect.continuity_error_percent) < 2.0
    decisions = perfect.table("decisions")
    assert (decisions["cost_m3"] <= decisions["rule_cost_m3"] + 1e-6).all()
    instructions = perfect.table("instructions")
    assert instructions["text_zh"].str.contains("泵|台|闸").all()
    assert len(instructions) > 3
    assert "<svg" in perfect.gantt()


def test_what_was_given_is_what_comes_of_it(perfect, drainage) -> None:
    """The plan's commands, carried out from the beginning, come to the plan's own outcome."""
    verification = perfect.table("verification")
    same = verification[(verification["member"] == "1") & (verification["capacity"] == 1.0)].iloc[0]
    assert same["flooding_m3"] == pytest.approx(perfect.flooding_m3, rel=1e-6, abs=1e-6)
    assert same["overflow_m3"] == pytest.approx(perfect.overflow_m3, rel=1e-6, abs=1e-6)


CASES = {
    "forecast x0": {"forecast_scale": 0.0},
    "forecast x0.5": {"forecast_scale": 0.5},
    "forecast x1.5": {"forecast_scale": 1.5},
    "one pump failed": {"scenario": Scenario.lose(pumps=["河东1号泵"])},
    "capacity 70 %": {"capacity_scale": 0.7},
}


def not_worse_than_the_rule(report) -> None:
    """The stated cost, end storage included, against the model's own rule and against the rule by command."""
    table = report.table("baselines").set_index("policy")
    plan = table.loc["plan"]
    for name in ("native", "rule"):
        rule = table.loc[name]
        assert rule["flooding_m3"] > 50
        assert plan["underpass_m_min"] <= rule["underpass_m_min"] * (1 + TIE_SHARE) + 0.05
        assert plan["flooding_m3"] <= rule["flooding_m3"] * (1 + TIE_SHARE) + 0.5
        assert plan["cost_m3"] <= rule["cost_m3"]
    decisions = report.table("decisions")
    assert (decisions["cost_m3"] <= decisions["rule_cost_m3"] + 1e-6).all()


@pytest.mark.timeout(600)
@pytest.mark.parametrize("case", ["forecast x0"])
def test_closed_loop_is_not_worse_than_the_rule(drainage, case) -> None:
    not_worse_than_the_rule(scheduled(drainage, STORMS[0], **CASES[case]))


@pytest.mark.campaign
@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("storm", STORMS, ids=str)
def test_closed_loop_in_every_case_and_storm(drainage, storm, case) -> None:
    not_worse_than_the_rule(scheduled(drainage, storm, **CASES[case]))


def test_a_solver_that_fails_leaves_the_search(drainage, monkeypatch) -> None:
    from citymains_drainage.schedule import question
    from citymains_drainage.schedule.programme import Programme

    monkeypatch.setattr(question, "Programme", lambda *given: Programme(*given, engine="no-such-engine"))
    report = scheduled(drainage, (20.0, 1800.0, 0.4))
    assert report.rung == "search"
    assert report.verdict.value == "VALID"
    assert "SCHEDULE_SOLVER_FAILED" in {one.code for one in report.findings}
    assert report.cost_m3 < report.rule_cost_m3


def test_no_time_leaves_the_rule(drainage) -> None:
    report = scheduled(drainage, (20.0, 1800.0, 0.4), time_limit_s=1e-3)
    assert report.rung == "rule"
    assert set(report.table("decisions")["reason"]) == {"SCHEDULE_TIME_OVER"}
    assert report.cost_m3 <= report.rule_cost_m3 + 1e-6


def test_equal_questions_have_equal_answers(drainage) -> None:
    short = (20.0, 1800.0, 0.4)
    assert scheduled(drainage, short).to_json() == scheduled(drainage, short).to_json()
