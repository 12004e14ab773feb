"""Heat in moving and standing water against closed forms and numerical integration."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from citymains.intake.source import SourceFile
from citymains_heating.freezing import drain_s, freezing_s, time_until_s
from citymains_heating.thermal import (
    POINTS,
    Flows,
    PipeHeat,
    ThermalNetwork,
    steady_profile,
    steel_wall_mm,
    wall_capacity_j_per_k,
)
from citymains_heating.utility import Heating

CP = 4182.0


def pipe(
    length_m: float = 1000.0,
    inner_mm: float = 75.0,
    u: float = 5.0,
    around_c: float = 20.0,
    wall: float = 0.0,
) -> PipeHeat:
    """One pipe from node 0 to node 1."""
    area = math.pi / 4.0 * (inner_mm / 1000.0) ** 2
    return PipeHeat(
        start=np.array([0]), end=np.array([1]), water_j_per_k=np.array([1000.0 * area * length_m * CP]),
        wall_j_per_k=np.array([wall]), loss_w_per_k=np.array([u * math.pi * inner_mm / 1000.0 * length_m]),
        surroundings_c=np.array([around_c]),
    )  # fmt: skip


def flows(kg_per_s: float, inlet_c: float, reverse: bool = False) -> Flows:
    """Water of one temperature through the pipe."""
    ends = (1, -1) if reverse else (0, -1)
    return Flows(
        pipes=np.array([-kg_per_s if reverse else kg_per_s]), short=[], stations=[], station_flow=np.zeros(0),
        required_w=np.zeros(0), gain_w_per_k=np.zeros(0), base_c=np.zeros(0), station_w_per_k=np.zeros(0),
        plants=[(ends[1], ends[0], kg_per_s, inlet_c)], pipe_j_per_kgk=np.array([CP]),
    )  # fmt: skip


def test_h2_one_pipe_by_our_plug_flow() -> None:
    """330 K over 1 km with alpha 5 W/(m2 K), d 75 mm, 1 kg/s, 293 K around: 320.9163 K."""
    one = pipe(around_c=293.0)
    profile = steady_profile(one, np.array([1.0]), np.array([330.0]), np.array([CP]))
    network = ThermalNetwork(2, one, profile)
    network.advance(flows(1.0, 330.0), 7200.0, 60.0)
    assert network.profile_c[0, -1] == pytest.approx(320.9163, abs=1e-3)
    np.testing.assert_allclose(network.profile_c, profile, atol=1e-9)


def test_h2_one_pipe_by_the_engine(heating: Heating, build: Callable[..., SourceFile]) -> None:
    fluid = {
        "name": "constant",
        "phase": "liquid",
        "properties": {
            name: {"kind": "constant", "value": value}
            for name, value in (("density", 998.0), ("viscosity", 1e-3), ("heat_capacity", CP))
        },
    }
    tables: dict[str, Any] = {
        "junctions": [{"id": "a"}, {"id": "b"}],
        "pipes": [
            {
                "id": "p", "from_node": "a", "to_node": "b", "length_m": 1000.0, "inner_diameter_mm": 75.0,
                "outer_diameter_mm": 75.0, "heat_transfer_w_per_m2k": 5.0, "surroundings_c": 293.0 - 273.15,
            }
        ],
        "sources": [{"id": "s", "node": "a", "pressure_kpa": 500.0, "temperature_c": 330.0 - 273.15}],
        "sinks": [{"id": "d", "node": "b", "flow_kg_per_s": 1.0}],
    }  # fmt: skip
    report = heating.supply(build(tables, fluid=fluid))
    assert report.table("pipes")["outlet_temperature_c"][0] + 273.15 == pytest.approx(320.9163, abs=1e-3)


def test_a_front_arrives_after_the_waters_and_the_walls_delay() -> None:
    wall = 0.1
    one = pipe(u=0.0, wall=wall * 1000.0 * math.pi / 4.0 * 0.075**2 * 1000.0 * CP)
    network = ThermalNetwork(2, one, np.full((1, POINTS), 20.0))
    delay = float(one.capacity_j_per_k[0]) / (1.0 * CP)
    assert delay == pytest.approx(1000.0 * math.pi / 4.0 * 0.075**2 * 1000.0 * (1.0 + wall))
    network.advance(flows(1.0, 80.0), 0.5 * delay, 10.0)
    half = network.profile_c[0]
    assert half[: POINTS // 2 - 1].tolist() == pytest.approx([80.0] * (POINTS // 2 - 1))
    assert half[POINTS // 2 + 2 :].tolist() == pytest.approx([20.0] * (POINTS - POINTS // 2 - 2))
    network.advance(flows(1.0, 80.0), 0.45 * delay, 10.0)
    assert network.profile_c[0, -1] == pytest.approx(20.0)
    network.advance(flows(1.0, 80.0), 0.1 * delay, 10.0)
    assert network.profile_c[0, -1] == pytest.approx(80.0)


def test_flow_turned_round_brings_back_what_has_left() -> None:
    one = pipe(u=0.0)
    network = ThermalNetwork(2, one, np.linspace(20.0, 84.0, POINTS)[None, :])
    delay = float(one.capacity_j_per_k[0]) / CP
    network.advance(flows(1.0, 20.0), delay / 4.0, 10.0)
    network.advance(flows(1.0, 84.0, reverse=True), delay / 4.0, 10.0)
    expected = np.minimum(np.linspace(20.0, 84.0, POINTS), 68.0)
    inner = slice(2, 3 * POINTS // 4 - 1)
    np.testing.assert_allclose(network.profile_c[0, inner], expected[inner], atol=0.6)
    assert network.profile_c[0, -1] == pytest.approx(84.0)


def test_heat_is_conserved_through_a_front() -> None:
    """Heat in minus heat out equals what the pipe holds more, without loss."""
    one = pipe(u=0.0)
    network = ThermalNetwork(2, one, np.full((1, POINTS), 40.0))
    for _ in range(10):
        network.advance(flows(1.0, 90.0), 180.0, 10.0)
    held = float(np.trapezoid(network.profile_c[0], dx=1.0 / (POINTS - 1)) - 40.0) * float(
        one.capacity_j_per_k[0]
    )
    assert held == pytest.approx(1.0 * CP * 50.0 * 1800.0, rel=0.01)


@pytest.mark.parametrize("hours", [1.0, 6.0, 14.2, 48.0])
def test_h4_standing_water_against_numerical_integration(hours: float) -> None:
    """d 0.1 m, U 2 W/(m2 K): tau 14.2 h; the heat equation over the radius, with the water's own properties."""
    one = pipe(length_m=1.0, inner_mm=100.0, u=2.0, around_c=10.0)
    assert float(one.time_constant_s[0]) / 3600.0 == pytest.approx(1000.0 * CP * 0.1 / (4.0 * 2.0) / 3600.0)
    assert float(one.time_constant_s[0]) / 3600.0 == pytest.approx(14.5, abs=0.4)
    network = ThermalNetwork(2, one, np.full((1, POINTS), 70.0))
    network.advance(flows(0.0, 0.0), hours * 3600.0, 600.0)
    ours = (network.profile_c[0].mean() - 10.0) / 60.0
    temperature, step = 70.0, 10.0
    for _ in range(int(hours * 3600.0 / step)):  # d(rho cp A T)/dt = -U pi d (T - T_s), Heun
        slopes = []
        for at in (temperature, None):
            t = at if at is not None else temperature + step * slopes[0]
            slopes.append(-2.0 * math.pi * 0.1 * (t - 10.0) / (1000.0 * CP * math.pi / 4.0 * 0.01))
        temperature += step * sum(slopes) / 2.0
    theirs = (temperature - 10.0) / 60.0
    # 1 % of tau: the times at which both reach the same temperature
    assert abs(math.log(ours) - math.log(theirs)) < 0.01


def test_standing_water_with_the_engines_properties(
    heating: Heating, build: Callable[..., SourceFile], estate: dict[str, Any]
) -> None:
    """A pump lost for ten hours: every pipe decays as its capacity and loss say, whatever stands at its ends (T10)."""
    from citymains.model.scenario import Scenario

    report = heating.outage(
        build(estate), scenario=Scenario.lose(pumps=["锅炉房"]), hours=10.0, wall_thickness_mm=0.0
    )
    table = report.table("pipes").set_index("pipe")
    start = heating.supply(build(estate)).table("pipes").set_index("pipe")
    for name, row in table.iterrows():
        mean = (start.loc[name, "inlet_temperature_c"] + start.loc[name, "outlet_temperature_c"]) / 2.0
        share = math.exp(-10.0 / row["time_constant_h"])
        assert row["temperature_c"] == pytest.approx(8.0 + (mean - 8.0) * share, abs=0.05)


def test_time_to_freeze_is_cooling_and_fusion() -> None:
    one = pipe(length_m=1.0, inner_mm=100.0, u=2.0, around_c=-10.0)
    water = np.array([1000.0 * math.pi / 4.0 * 0.01])
    zero = time_until_s(one, np.array([60.0]), 0.0)[0]
    assert zero == pytest.approx(float(one.time_constant_s[0]) * math.log(70.0 / 10.0))
    ice = freezing_s(one, np.array([60.0]), water)[0]
    assert ice - zero == pytest.approx(water[0] * 333_700.0 / (2.0 * math.pi * 0.1 * 10.0))
    warm = pipe(around_c=2.0)
    assert time_until_s(warm, np.array([60.0]), 0.0)[0] == math.inf
    assert freezing_s(warm, np.array([60.0]), water)[0] == math.inf
    assert time_until_s(one, np.array([-1.0]), 0.0)[0] == 0.0


def test_draining_by_torricelli_against_numerical_integration() -> None:
    volume, drop, drain = 40.0, 5.0, 100.0
    area, left, passed = math.pi * 0.1**2 / 4.0, volume, 0.0
    while left > 1e-3 * volume:
        left -= 0.61 * area * math.sqrt(2.0 * 9.81 * drop * left / volume) * 0.5
        passed += 0.5
    # The last thousandth of the volume takes the share sqrt(1/1000) of the time.
    assert passed == pytest.approx(drain_s(volume, drop, drain) * (1.0 - math.sqrt(1e-3)), rel=2e-3)
    assert drain_s(volume, 0.0, drain) == math.inf
    assert drain_s(0.0, 5.0, drain) == 0.0


def test_walls_of_usual_pipes() -> None:
    wall = steel_wall_mm(np.array([210.1]))
    assert wall[0] == pytest.approx(4.5, abs=0.15)  # DN 200: 219.1 x 4.5
    per_metre = wall_capacity_j_per_k(np.array([210.1]), np.array([4.5]), np.array([1.0]))[0]
    assert per_metre == pytest.approx(23.8 * 470.0, rel=0.01)  # 23.8 kg/m
