"""Branches are the parent's future bit by bit; and the portable way, from a saved state, is near it."""

from __future__ import annotations

import numpy as np
import pytest
from citymains_drainage.control.commands import Commands
from citymains_drainage.control.policies import EQUAL_FILLING, RULE

NETWORKS = ["district", "theta", "gamma", "epsilon", "zeta"]


@pytest.fixture
def model(request, district):
    name = request.param
    return district if name == "district" else request.getfixturevalue("pystorms")(name)


@pytest.mark.parametrize("model", NETWORKS, indirect=True)
def test_a_branch_is_what_its_parent_becomes(model, live) -> None:
    with live(model, hours=4) as (session, setup):
        width = len(setup.spec.actuators)
        before = Commands.follow(RULE, width).tree()
        later = Commands.follow(EQUAL_FILLING, width).tree()
        session.run({"do": "go", "plan": before, "until_s": 3600.0})
        now = session.run({"do": "fingerprint"})["values"]
        branch = session.run({"do": "fingerprint", "plan": later, "until_s": 10_800.0})["values"]
        after = session.run({"do": "fingerprint"})["values"]
        assert after.tobytes() == now.tobytes()  # the parent has not moved
        tried = session.run(
            {"do": "try", "plans": [later], "rains": [None], "jobs": [[0, 0, 1.0]] * 3, "until_s": 10_800.0}
        )["courses"]
        went = session.run({"do": "go", "plan": later, "until_s": 10_800.0})
        parent = session.run({"do": "fingerprint"})["values"]
    assert len(parent) > 10
    assert branch.tobytes() == parent.tobytes()
    assert branch.tobytes() != now.tobytes()
    assert [one["outcome"] for one in tried] == [went["outcome"]] * 3


def test_branches_may_have_rain_of_their_own_and_leave_the_parent_dry(district, live) -> None:
    with live(district, hours=4) as (session, setup):
        plan = Commands.follow(RULE, len(setup.spec.actuators)).tree()
        gage = setup.rain[0].gage
        none, much = (
            {"start_s": 0.0, "step_s": 60.0, "intensity_mm_per_h": {gage: np.full(60, rate)}}
            for rate in (0.0, 120.0)
        )
        dry, wet = session.run(
            {
                "do": "try",
                "plans": [plan],
                "rains": [none, much],
                "jobs": [[0, 0, 1.0], [0, 1, 1.0]],
                "until_s": 7200.0,
            }
        )["courses"]
    assert wet["outcome"]["inflow_m3"] > 10 * dry["outcome"]["inflow_m3"] > 0


def test_a_branch_that_dies_is_told_and_the_parent_goes_on(district, live) -> None:
    from citymains.errors import CitymainsError

    with live(district, hours=1) as (session, setup):
        width = len(setup.spec.actuators)
        bad = Commands("no-such-policy", np.zeros(0), -np.inf, np.zeros((0, width))).tree()
        with pytest.raises(CitymainsError):
            session.run(
                {"do": "try", "plans": [bad], "rains": [None], "jobs": [[0, 0, 1.0]], "until_s": 600.0}
            )
        good = Commands.follow(RULE, width).tree()
        went = session.run({"do": "go", "plan": good, "until_s": 600.0})
    assert went["time_s"] == pytest.approx(600.0, abs=2.0)


def test_a_saved_state_goes_on_nearly_alike_in_a_fresh_process(district, live, setup_of) -> None:
    from citymains.engine_host.client import engine_host

    with live(district, hours=4) as (session, setup):
        plan = Commands.follow(RULE, len(setup.spec.actuators)).tree()
        running = session.run({"do": "go", "plan": plan, "until_s": 3600.0})["running"]
        saved = session.run({"do": "hotstart"})
        session.run({"do": "go", "plan": plan, "until_s": 3660.0})
        parent = session.run({"do": "fingerprint"})["values"]
    resumed = setup_of(
        district.replace("START_TIME 08:00:00\nREPORT", "START_TIME 09:00:00\nREPORT"), hours=3
    ).model()
    with engine_host().session(
        "swmm", {**resumed, "hotstart": saved["state"], "start_s": saved["time_s"]}
    ) as fresh:
        fresh.run({"do": "running", "running": running})  # a saved state has no pumps
        fresh.run({"do": "go", "plan": plan, "until_s": 3660.0})
        there = fresh.run({"do": "fingerprint"})["values"]
    nodes = 42
    assert there.tobytes() != parent.tobytes()  # single precision: that is why branches are forks
    assert np.abs(there[:nodes] - parent[:nodes]).max() < 0.05
