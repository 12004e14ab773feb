"""Schutterwald with the three-regime law: every pipe against the formula in closed form; no engine has it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from citymains.intake.pandapipes_model import PipeModel
from citymains_gas.friction import FrictionModel, three_regime
from citymains_gas.kernel_fluid import Gas as GasOf
from citymains_gas.utility import Gas

CASE = tomllib.loads(Path(__file__).with_name("case.toml").read_text(encoding="utf-8"))


def law(reynolds: float, roughness_over_diameter: float) -> float:
    """The law of one pipe, written down a second time."""
    if reynolds <= 2100.0:
        return 64.0 / reynolds
    if reynolds <= 3500.0:
        return 0.03 + (reynolds - 2100.0) / (65.0 * reynolds - 1e5)
    factor = 0.02
    for _ in range(60):
        factor = (-2.0 * np.log10(roughness_over_diameter / 3.71 + 2.51 / (reynolds * np.sqrt(factor)))) ** -2
    return float(factor)


@pytest.fixture(scope="module")
def pipes(gas: Gas) -> dict[str, np.ndarray]:
    net = gas.load("schutterwald")
    report = gas.pressure(net, friction_model=FrictionModel.THREE_REGIME)
    assert report.verdict == "VALID"
    model = PipeModel.of(gas.document(net))
    row = {name: at for at, name in enumerate(model.ids("junctions"))}
    table = report.data("pipes")
    flow = table.array("flow_kg_per_s")
    start, end = (
        np.array([row[name] for name in model.column("pipes", side)]) for side in ("from_node", "to_node")
    )
    fluid = GasOf.of(model.fluid)
    kelvin = model.column("junctions", "temperature_c") + 273.15
    assert np.ptp(kelvin) == 0.0
    height = model.column("junctions", "height_m")
    air = 101.325 * (1.0 - 0.0065 * height / 288.15) ** 5.255
    pressure = report.data("nodes").array("pressure_kpa") + air
    return {
        "rise": height[end] - height[start],
        "flow": flow,
        "one": pressure[start],
        "other": pressure[end],
        "length": model.column("pipes", "length_m"),
        "bore": model.column("pipes", "inner_diameter_mm") / 1000.0,
        "rough": model.column("pipes", "roughness_mm") / 1000.0,
        "reynolds": np.abs(table.array("reynolds")),
        "factor": table.array("friction_factor"),
        "kelvin": kelvin[:1],
        "density": np.array([fluid.normal_density]),
        "viscosity": fluid.viscosity(kelvin[:1]),
        "z": np.array([fluid.z_offset, fluid.z_slope]),
    }


def test_reynolds_numbers_and_factors(pipes: dict[str, np.ndarray]) -> None:
    flowing = np.abs(pipes["flow"]) > 1e-7
    reynolds = 4.0 * np.abs(pipes["flow"]) / (np.pi * pipes["bore"] * pipes["viscosity"])
    np.testing.assert_allclose(pipes["reynolds"][flowing], reynolds[flowing], rtol=1e-9)
    expected = [
        law(re, k / d)
        for re, k, d in zip(reynolds[flowing], pipes["rough"][flowing], pipes["bore"][flowing], strict=True)
    ]
    np.testing.assert_allclose(pipes["factor"][flowing], expected, rtol=1e-7)
    regimes = np.digitize(reynolds[flowing], [2100.0, 3500.0], right=True)
    assert np.bincount(regimes, minlength=3).min() > 0, "all three regimes occur"


def test_pressure_drops(pipes: dict[str, np.ndarray], capsys: pytest.CaptureFixture[str]) -> None:
    """In closed form, and by the textbooks' formula with its rounded factor."""
    flow, one, other = np.abs(pipes["flow"]), pipes["one"], pipes["other"]
    mean = 2.0 / 3.0 * (one + other - one * other / (one + other))
    z = pipes["z"][0] + pipes["z"][1] * mean / 100.0
    factor = np.array(
        [
            law(re, k / d) if re > 0 else 0.0
            for re, k, d in zip(pipes["reynolds"], pipes["rough"], pipes["bore"], strict=True)
        ]
    )
    gas_constant = 101_325.0 / (pipes["density"] * 273.15)
    exact = (
        factor
        * 16.0
        / np.pi**2
        * pipes["length"]
        / pipes["bore"] ** 5
        * flow**2
        * gas_constant
        * pipes["kelvin"]
        * z
        / 1e6
    )
    volume = 3600.0 * flow / pipes["density"]
    textbook = (
        1.27e10
        * factor
        * volume**2
        / (1000.0 * pipes["bore"]) ** 5
        * pipes["density"]
        * pipes["kelvin"]
        / 273.15
        * z
        * pipes["length"]
        / 1000.0
    )
    # Without the weight of the column, of the mean density of both ends [kg/m3].
    at_ends = sum(p * 1e3 / (pipes["z"][0] + pipes["z"][1] * p / 100.0) for p in (one, other))
    weight = 9.81 * pipes["rise"] * at_ends / (2.0 * gas_constant * pipes["kelvin"])
    drop = np.abs(one**2 - other**2 - weight * (one + other) / 1e3)
    # Drops that the pressures resolve.
    told = (flow > 1e-7) & (drop > 0.2)
    error = np.abs(exact / drop - 1.0)[told].max()
    rounded = np.abs(textbook / drop - 1.0)[told].max()
    with capsys.disabled():
        print(
            f"\nthree-regime, Schutterwald: {told.sum()} pipes, closed form off by {error:.1e}, textbook by {rounded:.1e}"
        )
    assert told.sum() > 500
    assert error <= CASE["tolerance"]
    assert rounded <= CASE["tolerance_of_textbook"]


def test_the_law_at_its_edges() -> None:
    reynolds = np.array([2100.0, np.nextafter(2100.0, 3000.0), 3500.0, np.nextafter(3500.0, 4000.0)])
    rough = np.full(4, 1e-3)
    np.testing.assert_allclose(three_regime(reynolds, rough), [law(re, 1e-3) for re in reynolds], rtol=1e-12)
