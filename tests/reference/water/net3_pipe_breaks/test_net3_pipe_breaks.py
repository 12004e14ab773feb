"""Every stored pipe break of WNTR's demonstration, by the question ``outage``."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from citymains.model.scenario import Scenario

CASE = tomllib.loads((Path(__file__).parent / "case.toml").read_text())


@pytest.fixture(scope="module")
def people(water):
    """People at each junction, by WNTR's definition."""
    frame = water.pressure(CASE["network"], hours=168).frame()
    mean = frame[frame.time_s < 168 * 3600].groupby("node").required_m3_per_h.mean() / 3600.0
    return (mean / CASE["person_m3_per_s"]).round()


def test_the_population_is_wntrs(people):
    assert people.sum() == CASE["population"]


@pytest.mark.parametrize(("pipe", "expected"), CASE["people"].items())
def test_people_without_water(water, people, pipe, expected):
    report = water.outage(
        CASE["network"],
        Scenario.close(pipe, CASE["start_s"], CASE["end_s"]),
        hours=24,
        minimum_pressure_m=CASE["minimum_pressure_m"],
        required_pressure_m=CASE["required_pressure_m"],
        service_pressure_m=CASE["minimum_pressure_m"],
    )
    assert people[list(report.table("places").node)].sum() == pytest.approx(expected, rel=CASE["tolerance"])
