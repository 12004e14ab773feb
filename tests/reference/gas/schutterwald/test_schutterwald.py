"""Schutterwald: the lowest pressure with each friction model."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from citymains_gas.friction import FrictionModel
from citymains_gas.utility import Gas

CASE = tomllib.loads(Path(__file__).with_name("case.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("model", [FrictionModel(name) for name in CASE["minimum_pressure_bar"]])
def test_minimum_pressure(gas: Gas, model: FrictionModel) -> None:
    report = gas.pressure("schutterwald", friction_model=model)
    assert report.minimum_pressure_kpa is not None
    assert report.minimum_pressure_kpa / 100.0 == pytest.approx(
        CASE["minimum_pressure_bar"][model.value], abs=CASE["tolerance_bar"]
    )
    assert report.verdict == "VALID"
