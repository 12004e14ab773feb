"""Five silent traps of controlling pumps in SWMM, one test each; every test also shows that the trap is there."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.engine_host.client import engine_host
from citymains_drainage.control.commands import Commands
from citymains_drainage.control.policies import ALL_OFF, NATIVE, RULE

from tests.drainage.conftest import SMALL

PUMP = "P1"
#: The small network with a wet well that fills fast and a pump that its own levels switch.
LEVELS = SMALL.replace("P1 W1 J3 LIFT OFF 1.0 0.4", "P1 W1 J3 LIFT OFF 0.5 0.3")


def follow(session, setup, policy: str, until_s: float) -> dict:
    plan = Commands.follow(policy, len(setup.spec.actuators)).tree()
    return session.run({"do": "go", "plan": plan, "until_s": until_s})


def test_pump_depths_do_not_undo_commands(setup_of) -> None:
    setup = setup_of(LEVELS, hours=1)
    assert setup.masked.levels == (PUMP,)
    assert setup.spec.stations.stations[0].groups[0].start_depth_m == (0.5,)  # kept for the rule
    off = {
        "do": "go",
        "plan": Commands("rule", np.array([0.0]), 3600.0, np.array([[0.0]])).tree(),
        "until_s": 3600.0,
    }

    def running_s(text: str) -> float:
        model = {**setup.model(), "inp": text}
        with engine_host().session("swmm", model) as session:
            trace = session.run(off)["trace"]
        full = trace["depths_m"][:, 0] >= setup.spec.stations.stations[0].emergency_depth_m
        before = np.argmax(full) if full.any() else len(full)  # the guard's emergency is no trap
        return 60.0 * float((trace["flows_m3_per_s"][:before, 0] > 1e-6).sum())

    with_levels = "\n".join(
        "P1 W1 J3 LIFT OFF 0.5 0.3" if line.startswith("P1 W1 ") else line
        for line in setup.fed.text.split("\n")
    )
    assert with_levels != setup.fed.text
    assert running_s(with_levels) > 300.0  # commanded off all the time, and ran
    assert running_s(setup.fed.text) == 0.0


MANY = SMALL.replace(
    "P1 W1 J3 LIFT OFF 1.0 0.4",
    "\n".join(f"P{one} W1 J3 LIFT OFF 1.{one} 0.4" for one in range(1, 7)),
).replace("LIFT PUMP3 0 0.2\nLIFT 8 0", "LIFT PUMP3 0 0.5\nLIFT 8 0.4")


def test_pumps_on_one_empty_well_make_no_water(setup_of) -> None:
    """Six pumps of 0.5 m3/s each on a well of 20 m2, all wanted all the time."""
    setup = setup_of(MANY, hours=1)
    on = "\n".join(
        line.replace(" OFF ", " ON ") if line.startswith("P") and " W1 J3 " in line else line
        for line in setup.fed.text.split("\n")
    )
    with engine_host().session("swmm", {**setup.model(), "inp": on}) as session:
        naive = follow(session, setup, NATIVE, 3500.0)["outcome"]
    with engine_host().session("swmm", setup.model()) as session:
        guarded = follow(session, setup, "all-on", 3500.0)["outcome"]
    assert naive["continuity_error_percent"] < -5.0  # the engine made water
    assert abs(guarded["continuity_error_percent"]) < 2.0
    assert guarded["pumped_m3"] <= guarded["inflow_m3"] + 1e-6


def test_energy_is_lift_over_efficiency_and_water_that_runs_downhill_needs_none(live, setup_of) -> None:
    with live(SMALL, hours=1) as (session, setup):
        went = follow(session, setup, RULE, 3500.0)
    (station,) = setup.spec.stations.stations
    group = station.groups[0]
    trace = went["trace"]
    flow, depth = trace["flows_m3_per_s"][:, 0], trace["depths_m"][:, 0]
    lift = np.maximum(0.0, group.discharge_level_m - station.invert_m - depth)
    by_hand = float((1000 * 9.81 * flow * 60.0 * lift).sum()) / 3.6e6 / group.efficiency
    assert went["outcome"]["pumped_m3"] > 50
    assert went["outcome"]["energy_kwh"] == pytest.approx(by_hand, rel=0.05)
    assert went["outcome"]["energy_kwh"] > 0
    # The same pump with its outlet below its well: the engine counts the fall as lift, we do not.
    falls = SMALL.replace("J3 1.5 4 0 10 0", "J3 -5.0 4 0 10 0").replace("O1 1.0 FREE NO", "O1 -5.5 FREE NO")
    with live(falls, hours=1) as (session, below):
        down = follow(session, below, RULE, 3500.0)["outcome"]
    assert down["pumped_m3"] > 50
    assert down["energy_kwh"] == 0.0


def test_one_thread_whatever_the_model_asks(setup_of) -> None:
    text = setup_of(SMALL.replace("THREADS 4", "THREADS 16\nthreads 8"), hours=1).fed.text
    assert [line.split() for line in text.upper().split("\n") if line.startswith("THREADS")] == [
        ["THREADS", "1"]
    ]


def test_a_command_before_the_first_step_counts_from_it(live) -> None:
    """A pump that the model starts ON is off from the first step where the plan says so."""
    on = SMALL.replace("P1 W1 J3 LIFT OFF 1.0 0.4", "P1 W1 J3 LIFT ON 0 0")
    with live(on, hours=1, guard_step_s=60.0) as (session, setup):
        assert setup.spec.stations.stations[0].groups[0].initial_count == 1
        off = follow(session, setup, ALL_OFF, 600.0)
    assert off["trace"]["settings"][0, 0] == 0.0
    with live(on, hours=1) as (session, setup):
        native = follow(session, setup, NATIVE, 600.0)
    assert native["outcome"]["pumped_m3"] > off["outcome"]["pumped_m3"]
    assert off["outcome"]["pumped_m3"] == 0.0
