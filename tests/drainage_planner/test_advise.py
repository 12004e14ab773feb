"""Advice step by step: a storm over the district as a plant, and everything that goes wrong in a control room."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest
from citymains.errors import InputError
from citymains_drainage.advise.report import PumpAdvice, PumpObservation
from citymains_drainage.control.commands import Commands
from citymains_drainage.control.policies import RULE
from citymains_drainage.network import parse_document
from citymains_drainage.options import read_options
from citymains_drainage.rain import with_rain

from tests.drainage_planner.conftest import FORMULA

STEP_S = 600.0
STORM_S = 3600.0
STEPS = 13


class Plant:
    """The city: a simulation of its own under a storm, which does what is advised."""

    def __init__(self, session, setup, intensity_mm_per_h) -> None:
        self.session, self.setup, self.rain = session, setup, np.append(intensity_mm_per_h, np.zeros(200))
        self.time_s = 0.0
        self.outcomes: list[dict] = []
        self.now = session.run({"do": "look"})

    def observe(self, *, forecast: bool = True, **changed: object) -> PumpObservation:
        spec, step = self.setup.spec, round(self.time_s / STEP_S)
        names = [one.name for one in spec.stations.stations] + [one.name for one in spec.underpasses]
        depths = [*self.now["depths_m"].tolist(), *self.now["underpass_m"].tolist()]
        known: dict = {
            "time_s": self.time_s,
            "depth_m": dict(zip(names, depths, strict=True)),
            "running": dict(self.now["running"]),
            "rain_mm_per_h": float(self.rain[step - 1]) if step else 0.0,
            "forecast_mm_per_h": tuple(self.rain[step : step + 24].tolist()) if forecast else (),
            "forecast_step_s": STEP_S,
        }
        return PumpObservation(**(known | changed))

    def carry_out(self, advice: PumpAdvice) -> None:
        settings: dict[str, float] = {}
        starts, codes = [], []
        for time_s, rows in advice.frame().groupby("time_s"):
            settings |= dict(zip(rows["pump"], rows["setting"], strict=True))
            counts = self.setup.spec.stations.counts(settings)
            starts.append(time_s)
            codes.append([float(counts[group.name]) for _, group in self.setup.spec.stations.groups])
        self.go(Commands(RULE, np.array(starts), self.time_s + STEP_S, np.array(codes)))

    def go(self, plan: Commands) -> None:
        self.time_s += STEP_S
        self.now = self.session.run({"do": "go", "plan": plan.tree(), "until_s": self.time_s})
        self.outcomes.append(self.now["outcome"])

    def sum(self, name: str) -> float:
        return sum(one[name] for one in self.outcomes)


@pytest.fixture
def plant(drainage, live) -> Iterator[Plant]:
    storm = drainage.storm(FORMULA, return_period_a=20, duration_s=STORM_S, step_s=STEP_S, peak_ratio=0.4)
    network = drainage.load("district")
    document = parse_document(drainage.document(network))
    options, _ = read_options(document)
    rainy = with_rain(document, options, storm.intensity_mm_per_h, storm.step_s)
    with live(rainy, hours=4) as (session, setup):
        yield Plant(session, setup, storm.intensity_mm_per_h)


def advised(drainage, plant: Plant, observed, steps: int, **how) -> list[PumpAdvice]:
    """Ask step by step, and have the plant do what is advised."""

    def observations() -> Iterator[PumpObservation]:
        for step in range(steps):
            yield observed(plant, step)

    answers = []
    for advice in drainage.advise(observations(), "district", step_s=STEP_S, **how):
        plant.carry_out(advice)
        answers.append(advice)
    return answers


def all_known(plant: Plant, step: int) -> PumpObservation:
    return plant.observe()


def codes(advice: PumpAdvice) -> set[str]:
    return {one.code for one in advice.findings}


@pytest.mark.timeout(600)
def test_followed_advice_floods_less_than_the_rule(drainage, plant, live) -> None:
    answers = advised(drainage, plant, all_known, STEPS, lookahead_s=3600.0)
    assert len(answers) == STEPS
    assert all(one.on_time for one in answers)
    assert {one.rung for one in answers} - {"rule"}
    assert all(one.cost_m3 <= one.rule_cost_m3 + 1e-6 for one in answers)
    assert all((one.until_s - one.time_s) == STEP_S for one in answers)
    flooding, overflow = plant.sum("flooding_m3"), plant.sum("overflow_m3")
    rule = drainage.schedule(
        "district",
        drainage.storm(FORMULA, return_period_a=20, duration_s=STORM_S, step_s=STEP_S, peak_ratio=0.4),
        horizon_s=STEPS * STEP_S,
        policy="rule",
    ).result()
    assert rule.rule_flooding_m3 > 100
    assert flooding < rule.rule_flooding_m3
    assert overflow < rule.rule_overflow_m3
    led = answers[-1].table("sensors")
    assert (led["model_depth_m"] - led["depth_m"]).abs().max() < 0.5


def test_silent_impossible_and_stuck_sensors_are_told_and_not_believed(drainage, plant) -> None:
    def observed(plant: Plant, step: int) -> PumpObservation:
        seen = plant.observe()
        depths = dict(seen.depth_m)
        first, second, third, *_ = depths
        if step >= 2:
            del depths[first]
            depths[second] = 1234.0
            depths[third] = 0.987
        return plant.observe(depth_m=depths)

    answers = advised(drainage, plant, observed, 9, answer_within_s=120.0)
    states = answers[-1].table("sensors")["state"].tolist()
    assert states[:2] == ["GAP", "RANGE"]
    assert "STUCK" in {one.table("sensors")["state"][2] for one in answers}
    table = answers[-1].table("sensors").iloc[:2]
    assert (table["used_depth_m"] == table["model_depth_m"]).all()
    assert answers[-1].verdict.value == "SUSPECT"
    assert {"ADVISE_SENSOR_GAP", "ADVISE_SENSOR_RANGE"} <= codes(answers[-1])
    assert answers[0].verdict.value == "VALID"


def test_a_planner_that_hangs_is_answered_for_on_time(drainage, plant, monkeypatch) -> None:
    """The third decision hangs until its engine is killed; the rule answers, and the planner comes back."""
    from citymains_drainage.schedule.rolling import RollingPlan

    real, calls = RollingPlan.decide, []

    def decide(self, now: float):
        calls.append(now)
        if len(calls) == 3:
            time.sleep(4.0)
        return real(self, now)

    monkeypatch.setattr(RollingPlan, "decide", decide)
    took = []

    def observed(plant: Plant, step: int) -> PumpObservation:
        took.append(time.monotonic())
        return plant.observe()

    answers = advised(drainage, plant, observed, 8, answer_within_s=2.0, lookahead_s=1800.0)
    assert [one.on_time for one in answers].count(False) >= 1
    late = next(one for one in answers if not one.on_time)
    assert late.rung == "rule"
    assert "ADVISE_LATE" in codes(late)
    assert late.rung_reason_zh
    assert late.frame()["pump"].nunique() == len(late.frame()) == 8  # a command for every pump all the same
    assert answers[-1].on_time
    assert max(np.diff(took)) < 3.5  # not the four seconds of the hanging planner


def test_an_engine_that_dies_is_replaced(drainage, plant) -> None:
    import os
    import signal

    from citymains_drainage.advise.twin import Twin

    twins: list[Twin] = []
    real = Twin.go

    def go(self, interval):
        twins.append(self)
        return real(self, interval)

    def observed(plant: Plant, step: int) -> PumpObservation:
        if step == 2:
            os.kill(twins[-1]._session.pid, signal.SIGKILL)
        return plant.observe()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Twin, "go", go)
        answers = advised(drainage, plant, observed, 6, answer_within_s=60.0, lookahead_s=1800.0)
    assert len(answers) == 6
    assert "ADVISE_ENGINE_LOST" in codes(answers[2])
    assert answers[2].rung == "rule"
    assert not codes(answers[-1]) & {"ADVISE_ENGINE_LOST", "ADVISE_LATE"}
    table = answers[-1].table("sensors")
    assert (table["model_depth_m"] - table["depth_m"]).abs().max() < 0.5  # it knows all that was before


def test_without_rain_and_forecast_it_says_so_and_advises_all_the_same(drainage, plant) -> None:
    def observed(plant: Plant, step: int) -> PumpObservation:
        return plant.observe(forecast=False, rain_mm_per_h=None)

    answers = advised(drainage, plant, observed, 3, answer_within_s=120.0)
    assert "ADVISE_NO_FORECAST" in codes(answers[0])
    assert "ADVISE_RAIN_GAP" in codes(answers[1])
    assert all(one.on_time for one in answers)


def test_a_repeated_time_gets_the_last_advice_and_unknown_names_are_told(drainage, plant) -> None:
    first = plant.observe(running={"no such pump": 1.0}, depth_m={"no such place": 1.0})
    again = plant.observe()
    one, two = drainage.advise(iter([first, again]), "district", answer_within_s=120.0)
    assert {"no such pump", "no such place"} == {
        note.element for note in one.findings if note.code == "ADVISE_UNKNOWN"
    }
    assert "ADVISE_TIME" in codes(two)
    assert two.frame().equals(one.frame())


def test_locked_out_pumps_are_never_advised_and_others_are_told_when_they_do_not_follow(
    drainage, plant
) -> None:
    pumps = plant.setup.spec.stations.pumps

    def observed(plant: Plant, step: int) -> PumpObservation:
        return plant.observe(running=dict.fromkeys(pumps, 0.0), locked_out=(pumps[0],))

    answers = advised(drainage, plant, observed, 8, answer_within_s=60.0, lookahead_s=1800.0)
    assert all((one.frame().set_index("pump").loc[[pumps[0]], "setting"] == 0.0).all() for one in answers)
    assert any("ADVISE_NOT_FOLLOWED" in codes(one) for one in answers)


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"step_s": 5.0}, "step_s"),
        ({"lookahead_s": 1.0}, "lookahead_s"),
        ({"answer_within_s": 301.0}, "answer_within_s"),
        ({"hours": 1e6}, "hours"),
        ({"links": ("no such link",)}, "links"),
    ],
)
def test_bad_arguments_are_refused_before_the_stream(drainage, how, field) -> None:
    asked = []

    def observations() -> Iterator[PumpObservation]:
        asked.append(1)
        yield PumpObservation(time_s=0.0)

    with pytest.raises(InputError) as caught:
        drainage.advise(observations(), "district", **how)
    assert caught.value.issues[0].field == field
    assert not asked


def test_a_first_time_that_is_no_time_is_refused(drainage) -> None:
    with pytest.raises(InputError):
        next(drainage.advise(iter([PumpObservation(time_s=float("nan"))]), "district"))
