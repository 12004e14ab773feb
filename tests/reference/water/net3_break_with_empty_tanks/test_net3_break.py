"""An outage that older EPANET versions do not see, because their empty tanks go on giving water."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from citymains.model.scenario import Scenario

CASE = tomllib.loads((Path(__file__).parent / "case.toml").read_text())


def test_the_outage_is_seen(water):
    report = water.pressure(
        CASE["network"],
        hours=24,
        scenario=Scenario.close(CASE["pipe"], start_s=CASE["start_s"], end_s=CASE["end_s"]),
        minimum_pressure_m=CASE["minimum_pressure_m"],
        required_pressure_m=CASE["required_pressure_m"],
    )
    row = report.frame().query("node == @CASE['node'] and time_s == @CASE['time_s']").iloc[0]
    assert row.pressure_m == pytest.approx(CASE["pressure_m"], abs=CASE["tolerance_m"])
    assert row.required_m3_per_h > 10
    assert row.delivered_m3_per_h == 0.0
    assert {one.element for one in report.findings if one.code == "TANK_EMPTY"} >= set(CASE["empty_tanks"])
    assert "TANK_FEEDS_EMPTY" not in {one.code for one in report.findings}
