"""Pressure-dependent demand against EPANET's own unit test."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from citymains.model.scenario import Scenario

CASE = tomllib.loads((Path(__file__).parent / "case.toml").read_text())
GPM_M3_PER_H = 0.22712470704
PSI_M = 0.3048 / 0.4333  # EPANET's own


def test_demand_driven_finds_the_deficient_nodes(water):
    report = water.pressure(
        CASE["network"], hours=0, scenario=Scenario.scale_demand(CASE["demand_factor"]), demand_model="DDA"
    )
    negative = [one for one in report.findings if one.code in ("PRESSURE_NEGATIVE", "PRESSURE_IMPOSSIBLE")]
    assert len(negative) == CASE["demand_driven"]["deficient_nodes"]
    assert report.verdict.value == "SUSPECT"


def test_pressure_dependent_reduces_as_epanet_does(water):
    expected = CASE["pressure_dependent"]
    report = water.pressure(
        CASE["network"],
        hours=0,
        scenario=Scenario.scale_demand(CASE["demand_factor"]),
        demand_model="PDD",
        minimum_pressure_m=CASE["minimum_pressure_psi"] * PSI_M,
        required_pressure_m=CASE["required_pressure_psi"] * PSI_M,
    )
    nodes = report.frame().set_index("node")
    deficit = (nodes.required_m3_per_h - nodes.delivered_m3_per_h) / GPM_M3_PER_H
    for node, gpm in expected["deficit_gpm"].items():
        assert deficit[node] == pytest.approx(gpm, abs=expected["tolerance_gpm"])
    reduced = deficit > expected["tolerance_gpm"]
    assert int(reduced.sum()) == expected["reduced_nodes"]
    percent = 100 * deficit[reduced].sum() * GPM_M3_PER_H / nodes.required_m3_per_h[reduced].sum()
    assert percent == pytest.approx(expected["reduction_percent"], abs=expected["tolerance_percent"])
