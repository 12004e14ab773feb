"""Fires of WNTR's demonstration, drawn by a scenario."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from citymains.model.scenario import Scenario

CASE = tomllib.loads((Path(__file__).parent / "case.toml").read_text())


def test_people_without_water_in_each_fire(water):
    frame = water.pressure(CASE["network"], hours=168).frame()
    mean = frame[frame.time_s < 168 * 3600].groupby("node").required_m3_per_h.mean() / 3600.0
    people = (mean / CASE["person_m3_per_s"]).round()
    wrong = {}
    for node in CASE["nodes"]:
        report = water.outage(
            CASE["network"],
            Scenario.draw(node, CASE["flow_m3_per_h"], CASE["start_s"], CASE["end_s"]),
            hours=24,
            minimum_pressure_m=CASE["minimum_pressure_m"],
            required_pressure_m=CASE["required_pressure_m"],
            service_pressure_m=CASE["minimum_pressure_m"],
        )
        found = people[list(report.table("places").node)].sum()
        if found != pytest.approx(CASE["people"].get(node, 0), rel=CASE["tolerance"]):
            wrong[node] = found
    assert wrong == {}
