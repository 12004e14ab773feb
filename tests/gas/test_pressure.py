"""Gas pressures: scenarios, and the traps of the engine that the verdict has to catch.

T1 to T4 and T11 are the engine's silent non-physical states that we measured; each test sets one
up, so that an engine upgrade that changes its behaviour is noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.model.scenario import Scenario
from citymains_gas.utility import Gas

Build = Callable[..., SourceFile]

IDEAL_GAS = {
    "name": "天然气",
    "phase": "gas",
    "properties": {
        name: {"kind": "constant", "value": value}
        for name, value in (
            ("density", 0.84),
            ("viscosity", 1.193e-5),
            ("heat_capacity", 2160.0),
            ("compressibility", 1.0),
            ("der_compressibility", 0.0),
        )
    },
}


def codes(report: Any) -> dict[str, str]:
    """Code and element of every finding that is more than a note."""
    return {one.code: one.element for one in report.findings if one.severity != "NOTE"}


def at(report: Any, table: str, key: str, column: str) -> float:
    frame = report.table(table)
    return float(frame.set_index(frame.columns[0])[column][key])


# -- the answer -----------------------------------------------------------------------------------------------


def test_a_sound_network_is_valid(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town))
    assert report.verdict is Verdict.VALID
    assert list(report.frame().columns[:2]) == ["node", "pressure_kpa"]
    assert {"pipe", "flow_kg_per_s", "velocity_m_per_s"} <= set(report.table("pipes").columns)
    assert at(report, "nodes", "出口", "pressure_kpa") == pytest.approx(3.0, abs=1e-6)
    assert at(report, "regulators", "调压箱", "flow_kg_per_s") == pytest.approx(0.015, abs=1e-9)
    assert at(report, "sources", "城市门站", "flow_kg_per_s") == pytest.approx(0.015, abs=1e-9)
    assert report.minimum_pressure_node == "东街"
    assert report.provenance.options["friction_model"] == "colebrook"
    assert report.provenance.options["fluid"] == "lgas"
    assert report.provenance.engine_version.startswith("pandapipes 0.16")


def test_same_question_same_bytes(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    assert gas.pressure(build(town)).to_json() == gas.pressure(build(town)).to_json()


def test_pressure_drop_follows_the_equation_of_gas_flow(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    """Isothermal flow of an ideal gas: p1² - p2² = λ·(16/π²)·(L/d⁵)·ṁ²·R·T, with λ from Colebrook."""
    report = gas.pressure(build(town, fluid=IDEAL_GAS))
    inlet, outlet = (
        1000 * (101.325 + at(report, "nodes", node, "pressure_kpa")) for node in ("门站", "入口")
    )
    reynolds, flow, d = at(report, "pipes", "干管", "reynolds"), 0.015, 0.1
    friction = 0.02
    for _ in range(50):
        friction = (-2.0 * np.log10(2.51 / (reynolds * np.sqrt(friction)) + 0.1e-3 / (3.71 * d))) ** -2
    gas_constant = 101325.0 / (0.84 * 273.15)
    expected = friction * 16 / np.pi**2 * 1000.0 / d**5 * flow**2 * gas_constant * 288.15
    assert reynolds == pytest.approx(4 * flow / (np.pi * d * 1.193e-5), rel=1e-9)
    assert inlet**2 - outlet**2 == pytest.approx(expected, rel=1e-7)


def test_friction_models_differ_and_are_recorded(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    lowest = {}
    for model in ("colebrook", "nikuradse", "swamee-jain"):
        report = gas.pressure(build(town), friction_model=model)  # type: ignore[arg-type]
        lowest[model] = report.minimum_pressure_kpa
        assert report.provenance.options["friction_model"] == model
    assert len(set(lowest.values())) == 3
    with pytest.raises(InputError) as caught:
        gas.pressure(build(town), friction_model="weymouth")  # type: ignore[arg-type]
    assert caught.value.code == "ARGUMENT_INVALID"


def test_a_fluid_given_by_its_properties(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town, fluid=IDEAL_GAS))
    assert report.verdict is Verdict.VALID
    assert report.provenance.options["fluid"] == "天然气"


# -- scenarios ------------------------------------------------------------------------------------------------


def test_closing_a_pipe_leaves_its_customers_without_gas(
    gas: Gas, build: Build, town: dict[str, Any]
) -> None:
    report = gas.pressure(build(town), scenario=Scenario.close(pipes=["东管"]))
    assert np.isnan(at(report, "nodes", "东街", "pressure_kpa"))
    assert at(report, "sinks", "东户", "delivered_kg_per_s") == 0.0
    assert at(report, "sinks", "西户", "delivered_kg_per_s") == 0.005
    assert report.delivered_kg_per_s == 0.005
    assert report.unsupplied_node_count == 1
    assert [(one.code, one.element) for one in report.findings if one.code == "GAS_UNSUPPLIED"] == [
        ("GAS_UNSUPPLIED", "东街")
    ]
    # The network kept for the next scenario is the one that was loaded.
    assert gas.pressure(build(town)).unsupplied_node_count == 0


def test_a_closed_valve_at_a_pipe(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    town["valves"] = [
        {"id": "阀", "from_node": "出口", "to_node": "东街", "pipe": "东管", "inner_diameter_mm": 100.0}
    ]
    assert gas.pressure(build(town)).unsupplied_node_count == 0
    report = gas.pressure(build(town), scenario=Scenario.close(pipes=["阀"]))
    assert np.isnan(at(report, "nodes", "东街", "pressure_kpa"))


@pytest.mark.parametrize("scenario", [Scenario.lose(sources=["城市门站"]), Scenario.close(pipes=["干管"])])
def test_total_loss_is_an_answer(gas: Gas, build: Build, town: dict[str, Any], scenario: Scenario) -> None:
    report = gas.pressure(build(town), scenario=scenario)
    assert report.delivered_kg_per_s == 0.0
    assert report.verdict is Verdict.VALID
    assert np.isnan(at(report, "nodes", "东街", "pressure_kpa"))


def test_losing_the_regulator(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town), scenario=Scenario.lose(regulators=["调压箱"]))
    assert report.unsupplied_node_count == 3
    assert at(report, "nodes", "入口", "pressure_kpa") == pytest.approx(200.0, abs=1e-3)


def test_scaled_demand(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(
        build(town), scenario=Scenario.scale_demand(2.0) + Scenario.scale_demand(0.5, nodes=["西街"])
    )
    assert report.required_kg_per_s == pytest.approx(0.02 + 0.005)
    assert at(report, "regulators", "调压箱", "flow_kg_per_s") == pytest.approx(0.025, abs=1e-9)


def test_unknown_elements_of_a_scenario_are_named_together(
    gas: Gas, build: Build, town: dict[str, Any]
) -> None:
    with pytest.raises(InputError) as caught:
        gas.pressure(build(town), scenario=Scenario.close(pipes=["x", "东管"]) + Scenario.lose(sources=["y"]))
    assert [one.value for one in caught.value.issues] == ["x", "y"]
    with pytest.raises(InputError) as caught:
        gas.pressure(build(town), scenario=Scenario.burst("东管", 20.0))
    assert caught.value.code == "SCENARIO_UNSUPPORTED"


# -- traps ----------------------------------------------------------------------------------------------------


def states(report: Any) -> dict[str, str]:
    frame = report.table("regulators")
    return dict(zip(frame["regulator"], frame["state"], strict=True))


def test_t1_a_regulator_does_not_boost(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    """The engine alone gives the set point of 300 kPa from 200 kPa; here the regulator stands wide open, and it is said."""
    town["regulators"][0]["pressure_kpa"] = 300.0
    report = gas.pressure(build(town))
    assert report.converged
    assert report.verdict is Verdict.SUSPECT
    assert codes(report) == {"GAS_REG_BOOST": "调压箱"}
    assert states(report) == {"调压箱": "open"}
    inlet, outlet = (at(report, "nodes", node, "pressure_kpa") for node in ("入口", "出口"))
    assert outlet == pytest.approx(inlet, abs=1e-9)
    assert inlet < 200.0


def two_stations(town: dict[str, Any]) -> dict[str, Any]:
    town["regulators"].append(
        {"id": "二号", "from_node": "入口", "to_node": "东街", "controlled_node": "东街", "pressure_kpa": 2.9}
    )
    town["regulators"][0]["pressure_kpa"] = 30.0
    return town


def test_t2_gas_does_not_flow_back_through_a_regulator(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    """The engine alone passes 0.05 kg/s backwards; here the regulator with the lower set point shuts, and it is said."""
    report = gas.pressure(build(two_stations(town)))
    assert report.converged
    assert states(report) == {"调压箱": "regulating", "二号": "shut"}
    assert at(report, "regulators", "二号", "flow_kg_per_s") == 0.0
    assert [one.element for one in report.findings if one.code == "GAS_REG_REVERSE"] == ["二号"]
    assert at(report, "regulators", "调压箱", "flow_kg_per_s") == pytest.approx(0.015, abs=1e-9)


def test_t2_backflow_that_nothing_keeps_away_is_rejected(
    gas: Gas, build: Build, town: dict[str, Any]
) -> None:
    """Stuck open between two mains, without a non-return function."""
    town["junctions"].append({"id": "高压"})
    town["sources"].append({"id": "高压门站", "node": "高压", "pressure_kpa": 400.0})
    town["regulators"] += [
        {"id": "坏", "from_node": "入口", "to_node": "高压", "controlled_node": "高压", "pressure_kpa": 1.0,
         "active": False, "non_return": False, "loss_coefficient": 50.0},
    ]  # fmt: skip
    report = gas.pressure(build(town))
    assert report.verdict is Verdict.REJECTED
    assert codes(report)["GAS_REG_REVERSE"] == "坏"
    town["regulators"][-1]["non_return"] = True
    report = gas.pressure(build(town))
    assert report.verdict is Verdict.VALID
    assert states(report)["坏"] == "shut"


def test_duty_and_standby_on_one_junction(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    """The engine alone finds its matrix singular."""
    town["regulators"].append(
        {"id": "备用", "from_node": "入口", "to_node": "出口", "controlled_node": "出口", "pressure_kpa": 2.8}
    )
    assert states(gas.pressure(build(town))) == {"调压箱": "regulating", "备用": "shut"}
    lost = gas.pressure(build(town), scenario=Scenario.lose(regulators=["调压箱"]))
    assert states(lost) == {"调压箱": "out", "备用": "regulating"}
    assert at(lost, "nodes", "出口", "pressure_kpa") == pytest.approx(2.8, abs=1e-6)


def test_a_safety_valve_shuts_what_stands_open(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    stuck = Scenario.set_control("调压箱", "active", 0.0)
    report = gas.pressure(build(town), scenario=stuck)
    assert states(report) == {"调压箱": "open"}
    assert {one.code for one in report.findings} >= {"GAS_PRESSURE_HIGH"} or at(
        report, "nodes", "出口", "pressure_kpa"
    ) > 190
    town["regulators"][0]["slam_shut_kpa"] = 5.0
    report = gas.pressure(build(town), scenario=stuck)
    assert states(report) == {"调压箱": "slam_shut"}
    assert codes(report)["GAS_REG_SLAM_SHUT"] == "调压箱"
    assert report.delivered_kg_per_s == 0.0


def test_more_than_a_regulator_can_pass(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    town["regulators"][0]["capacity_kg_per_s"] = 0.012
    report = gas.pressure(build(town))
    assert report.verdict is Verdict.SUSPECT
    assert codes(report) == {"GAS_REG_CAPACITY": "调压箱"}


def test_a_set_point_is_changed_by_a_scenario(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town), scenario=Scenario.set_control("调压箱", "pressure_kpa", 2.5))
    assert at(report, "nodes", "出口", "pressure_kpa") == pytest.approx(2.5, abs=1e-6)
    assert at(report, "regulators", "调压箱", "set_pressure_kpa") == 2.5


def test_t3_negative_gauge_pressure(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town), scenario=Scenario.scale_demand(15.0))
    assert report.converged
    assert report.verdict is Verdict.REJECTED
    assert codes(report)["GAS_NEG_GAUGE"] == "东街"
    assert report.minimum_pressure_kpa is not None
    assert report.minimum_pressure_kpa < 0.0


def test_t4_a_regulator_may_hold_a_pressure_elsewhere(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    town["regulators"][0]["controlled_node"] = "东街"
    report = gas.pressure(build(town))
    assert at(report, "nodes", "东街", "pressure_kpa") == pytest.approx(3.0, abs=1e-6)
    assert at(report, "regulators", "调压箱", "outlet_pressure_kpa") > 3.0


def test_t11_more_iterations_than_the_default_are_allowed(gas: Gas) -> None:
    report = gas.pressure("stanet_pumps_n", friction_model="nikuradse")  # type: ignore[arg-type]
    assert report.converged
    assert report.iterations > 10


def test_what_does_not_converge_is_an_answer_too(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.pressure(build(town), scenario=Scenario.scale_demand(1e4))
    assert not report.converged
    assert report.verdict is Verdict.REJECTED
    assert codes(report) == {"GAS_NOT_CONVERGED": ""}
    assert report.delivered_kg_per_s is None
    assert report.frame()["pressure_kpa"].isna().all()


def test_a_part_without_source_is_suspect(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    town["junctions"].append({"id": "孤点"})
    report = gas.pressure(build(town))
    assert report.verdict is Verdict.SUSPECT
    assert codes(report) == {"GAS_UNSUPPLIED": "孤点"}


# -- bundled networks and the catalogue ----------------------------------------------------------------------


def test_bundled_networks_load_by_name(gas: Gas) -> None:
    names = gas.bundled()
    assert len(names) == 23
    assert gas.load("schutterwald").counts == {"junctions": 2559, "pipes": 2559, "sources": 1, "sinks": 1506}


def test_every_message_says_itself_twice() -> None:
    import citymains_gas.messages  # noqa: F401
    from citymains.messages import catalogue

    for code, text in catalogue().items():
        if code.startswith(("GAS_", "PIPES_")):
            assert text.en
            assert text.zh
            assert text.fix_en, code
            assert text.fix_zh, code
