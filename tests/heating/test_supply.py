"""Heat supply: the answer, scenarios, and the traps of the engine that the verdict has to catch.

T5 to T9 are the engine's silent non-physical states that we measured; each test sets one up, so
that an engine upgrade that changes its behaviour is noticed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.model.scenario import Scenario
from citymains_heating.supply import ENGINE
from citymains_heating.utility import Heating

Build = Callable[..., SourceFile]


def codes(report: Any) -> dict[str, str]:
    """Code and element of every finding that is more than a note."""
    return {one.code: one.element for one in report.findings if one.severity != "NOTE"}


def at(report: Any, table: str, key: str, column: str) -> float:
    frame = report.table(table)
    return float(frame.set_index(frame.columns[0])[column][key])


# -- the answer -----------------------------------------------------------------------------------------------


def test_a_sound_network_is_valid(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate))
    assert report.verdict is Verdict.VALID
    assert list(report.frame().columns[:6]) == [
        "consumer",
        "supply_temperature_c",
        "return_temperature_c",
        "differential_pressure_kpa",
        "heat_kw",
        "required_kw",
    ]
    assert report.frame()["heat_kw"].to_numpy() == pytest.approx(40.0, rel=1e-6)
    assert report.frame()["return_temperature_c"].to_numpy() == pytest.approx(45.0, abs=1e-6)
    assert (
        at(report, "consumers", "二号站", "supply_temperature_c")
        < at(report, "consumers", "一号站", "supply_temperature_c")
        < 80.0
    )
    assert report.minimum_differential_pressure_consumer == "二号站"
    assert report.provenance.options["friction_model"] == "colebrook"
    assert report.provenance.options["mode"] == "bidirectional"


def test_heat_is_conserved(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate))
    assert report.source_heat_kw is not None
    assert report.delivered_heat_kw is not None
    assert report.heat_loss_kw is not None
    assert report.source_heat_kw == pytest.approx(report.delivered_heat_kw + report.heat_loss_kw, rel=1e-3)
    assert report.heat_loss_kw * 1000 == pytest.approx(report.table("pipes")["heat_loss_w"].sum(), rel=1e-12)


def test_one_pipe_cools_as_the_closed_form_says(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    """T_out = T_g + (T_in - T_g)·exp(-U·π·D·L / (ṁ·cp)), with constant properties."""
    fluid = {
        "name": "constant",
        "phase": "liquid",
        "properties": {
            name: {"kind": "constant", "value": value}
            for name, value in (("density", 975.0), ("viscosity", 3.8e-4), ("heat_capacity", 4190.0))
        },
    }
    report = heating.supply(build(estate, fluid=fluid))
    flow = at(report, "pipes", "热源供-一号供", "flow_kg_per_s")
    expected = 8.0 + (80.0 - 8.0) * math.exp(-0.5 * math.pi * 0.110 * 200.0 / (flow * 4190.0))
    assert at(report, "pipes", "热源供-一号供", "outlet_temperature_c") == pytest.approx(expected, abs=1e-3)


def test_scaled_demand(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate), scenario=Scenario.scale_demand(0.5, nodes=["二号站"]))
    assert report.required_heat_kw == pytest.approx(60.0)
    assert at(report, "consumers", "二号站", "heat_kw") == pytest.approx(20.0, rel=1e-6)


@pytest.mark.parametrize(
    "scenario", [Scenario.lose(plants=["锅炉房"]), Scenario.close(pipes=["热源供-一号供"])]
)
def test_total_loss_is_an_answer(
    heating: Heating, build: Build, estate: dict[str, Any], scenario: Scenario
) -> None:
    report = heating.supply(build(estate), scenario=scenario)
    assert report.converged
    assert report.delivered_heat_kw == 0.0
    assert report.required_heat_kw == pytest.approx(80.0)
    assert report.unsupplied_consumer_count == 2


def test_unknown_elements_are_refused(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        heating.supply(build(estate), scenario=Scenario.lose(plants=["电厂"]))
    assert caught.value.code == "SCENARIO_UNKNOWN_ELEMENT"


# -- traps ----------------------------------------------------------------------------------------------------


def test_t5_the_engines_consumers_pump_and_ours_are_throttled(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    network = heating.load(build(estate))
    model = PipeModel.of(heating.document(network))
    heavy = Scenario.scale_demand(20.0)
    task = {"friction_model": "colebrook", "edits": model.edits(heavy, "test")}
    with heating.workbench.engines.session(ENGINE, model.engine_model()) as session:
        raw = session.run({**task, "minimum_differential_pressure_kpa": None})
    consumers = raw["columns"]["consumers"]
    assert raw["converged"]
    assert (consumers["from_pressure_kpa"] - consumers["to_pressure_kpa"])[1] < -100.0
    report = heating.supply(network, scenario=heavy)
    assert report.verdict is Verdict.VALID
    assert report.throttled_consumer_count == 2
    frame = report.frame()
    assert (frame["differential_pressure_kpa"] > 0.0).all()
    assert (frame["heat_kw"] < frame["required_kw"]).all()
    told = {one.element: one for one in report.findings if one.code == "HEAT_THROTTLED"}
    assert set(told) == {"一号站", "二号站"}
    assert told["二号站"].limit == 800.0


@pytest.mark.parametrize(("factor", "least_kpa"), [(4.0, 30.0), (6.0, 60.0), (20.0, 10.0)])
def test_a_consumer_holds_its_flow_or_has_its_valve_wide_open(
    heating: Heating, build: Build, estate: dict[str, Any], factor: float, least_kpa: float
) -> None:
    """Either the flow is met and the pressure does, or dp = dp_min (m/m_req)^2."""
    report = heating.supply(
        build(estate),
        scenario=Scenario.scale_demand(factor),
        minimum_differential_pressure_kpa=least_kpa,
    )
    frame = report.frame()
    share = (frame["heat_kw"] / frame["required_kw"]).to_numpy()
    pressure = frame["differential_pressure_kpa"].to_numpy()
    for got, there, throttled in zip(share, pressure, frame["throttled"], strict=True):
        if throttled:
            assert got < 1.0
            assert there == pytest.approx(least_kpa * got**2, rel=3e-3)
        else:
            assert got == pytest.approx(1.0, rel=1e-6)
            assert there >= least_kpa * (1.0 - 1e-6)
    assert report.source_heat_kw == pytest.approx(report.delivered_heat_kw + report.heat_loss_kw, rel=2e-3)


def test_a_consumer_states_its_own_minimum(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    estate["consumers"][1]["minimum_differential_pressure_kpa"] = 99.0
    frame = heating.supply(build(estate)).frame().set_index("consumer")
    assert frame["throttled"].to_dict() == {"一号站": False, "二号站": True}


def test_colder_than_designed_is_told(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate), design_supply_temperature_c=78.0)
    cold = report.frame().loc[lambda one: one["supply_temperature_c"] < 78.0, "consumer"].tolist()
    assert cold
    assert {one.element for one in report.findings if one.code == "HEAT_SUPPLY_COLD"} == set(cold)
    assert report.cold_consumer_count == len(cold)


def test_a_set_point_may_be_changed(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate), scenario=Scenario.set_control("锅炉房", "temperature_c", 95.0))
    assert report.table("plants")["supply_temperature_c"].tolist() == pytest.approx([95.0])
    with pytest.raises(InputError) as caught:
        heating.supply(build(estate), scenario=Scenario.set_control("锅炉房", "temperatur_c", 95.0))
    assert caught.value.issues[0].element == "锅炉房"
    assert "temperature_c" in caught.value.issues[0].limit


# -- several plants ---------------------------------------------------------------------------------------------


@pytest.fixture
def two_plants(estate: dict[str, Any]) -> dict[str, Any]:
    """A second plant behind the second consumer: units 3/4 in the west, 5/6 in the east."""
    estate["junctions"] += [
        {"id": "东厂供", "x": 3, "y": 0, "nominal_pressure_kpa": 500.0},
        {"id": "东厂回", "x": 3, "y": 1, "nominal_pressure_kpa": 500.0},
    ]
    like = estate["pipes"][0]
    estate["pipes"] += [
        {**like, "id": "东供", "from_node": "东厂供", "to_node": "二号供"},
        {**like, "id": "东回", "from_node": "二号回", "to_node": "东厂回"},
    ]
    estate["plants"].append(
        {
            **estate["plants"][0],
            "id": "东厂",
            "from_node": "东厂回",
            "to_node": "东厂供",
            "temperature_c": 75.0,
        }
    )
    return estate


def test_two_plants_share_and_pass_no_water_through_nothing(
    heating: Heating, build: Build, two_plants: dict[str, Any]
) -> None:
    report = heating.supply(build(two_plants))
    assert report.verdict is Verdict.VALID
    plants = report.table("plants").set_index("plant")
    assert plants.loc["锅炉房", "flow_kg_per_s"] > 0.0 < plants.loc["东厂", "flow_kg_per_s"]
    for plant, supply in (("锅炉房", "热源供-一号供"), ("东厂", "东供")):
        given = at(report, "pipes", supply, "flow_kg_per_s")
        assert plants.loc[plant, "flow_kg_per_s"] == pytest.approx(given, rel=1e-6)
    assert report.source_heat_kw == pytest.approx(report.delivered_heat_kw + report.heat_loss_kw, rel=1e-3)


def test_plants_are_switched(heating: Heating, build: Build, two_plants: dict[str, Any]) -> None:
    network = heating.load(build(two_plants))
    both = heating.supply(network, design_supply_temperature_c=72.0)
    east = heating.supply(
        network, scenario=Scenario.lose(plants=["锅炉房"]), design_supply_temperature_c=72.0
    )
    assert both.cold_consumer_count is not None
    assert east.cold_consumer_count is not None
    assert east.cold_consumer_count >= both.cold_consumer_count
    assert at(east, "plants", "东厂", "supply_pressure_kpa") == pytest.approx(600.0)
    assert math.isnan(at(east, "plants", "锅炉房", "flow_kg_per_s"))
    assert heating.compare(both, east).frame() is not None


def test_a_plant_that_is_pushed_back_is_shut_and_told(
    heating: Heating, build: Build, two_plants: dict[str, Any]
) -> None:
    two_plants["plants"][1]["lift_kpa"] = 20.0
    report = heating.supply(build(two_plants))
    assert codes(report) == {"HEAT_PLANT_PUSHED_BACK": "东厂"}
    assert report.delivered_heat_kw == pytest.approx(80.0, rel=1e-6)


def test_negative_gauge_pressure(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    for junction in estate["junctions"][2:]:
        junction["height_m"] = 55.0
    report = heating.supply(build(estate))
    assert report.verdict is Verdict.SUSPECT
    assert set(codes(report)) == {"HEAT_NEG_GAUGE"}


def test_t6_a_consumer_cut_off_gets_no_heat(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate), scenario=Scenario.close(pipes=["一号供-二号供", "二号回-一号回"]))
    assert at(report, "consumers", "二号站", "heat_kw") == 0.0
    assert at(report, "consumers", "二号站", "required_kw") == 40.0
    assert math.isnan(at(report, "consumers", "二号站", "supply_temperature_c"))
    assert [(one.code, one.element) for one in report.findings if one.code == "HEAT_UNSUPPLIED"] == [
        ("HEAT_UNSUPPLIED", "二号站")
    ]
    assert report.unsupplied_consumer_count == 1


def test_t7_water_does_not_leave_as_ice(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    estate["consumers"] = estate["consumers"][:1]
    estate["heat_exchangers"] = [
        {
            "id": "换热器",
            "from_node": "二号供",
            "to_node": "二号回",
            "heat_kw": 1500.0,
            "inner_diameter_mm": 50.0,
        }
    ]
    report = heating.supply(build(estate))
    assert report.verdict is Verdict.REJECTED
    assert report.converged
    assert codes(report) == {"HEAT_BELOW_FREEZING": "换热器"}
    assert at(report, "consumers", "换热器", "return_temperature_c") < -200.0


def test_t8_supply_colder_than_the_return_set_point(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    for consumer in estate["consumers"]:
        consumer["return_temperature_c"] = 85.0
    report = heating.supply(build(estate))
    assert not report.converged
    assert report.verdict is Verdict.REJECTED
    assert set(codes(report)) == {"HEAT_NOT_CONVERGED", "HEAT_T_BELOW_RETURN"}
    assert {one.element for one in report.findings if one.code == "HEAT_T_BELOW_RETURN"} == {
        "一号站",
        "二号站",
    }
    assert report.frame()["heat_kw"].isna().all()


def test_t8_cold_start_temperatures_do_not_stop_it(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    for junction in estate["junctions"]:
        junction["temperature_c"] = 10.0
    assert heating.supply(build(estate)).verdict is Verdict.VALID


def test_t9_standing_water_has_no_temperature(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    estate["junctions"].append({"id": "盲端"})
    estate["pipes"].append(
        {"id": "死管", "from_node": "一号供", "to_node": "盲端", "length_m": 50.0, "inner_diameter_mm": 50.0}
    )
    report = heating.supply(build(estate))
    assert report.verdict is Verdict.VALID
    assert math.isnan(at(report, "pipes", "死管", "outlet_temperature_c"))
    assert math.isnan(at(report, "nodes", "盲端", "temperature_c"))
    assert at(report, "pipes", "死管", "heat_loss_w") == 0.0
    assert at(report, "nodes", "盲端", "pressure_kpa") == pytest.approx(
        at(report, "nodes", "一号供", "pressure_kpa")
    )
    assert "HEAT_STAGNANT" in {one.code for one in report.findings}


# -- bad input and bundled networks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"heat_kw": None}, "PIPES_CONSUMER_SET_POINTS"),
        ({"flow_kg_per_s": 1.0}, "PIPES_CONSUMER_SET_POINTS"),
        ({"heat_kw": None, "temperature_drop_k": 30.0}, "PIPES_CONSUMER_SET_POINTS"),
        ({"return_temperature_c": 318.15}, "PIPES_OUT_OF_RANGE"),
        ({"to_node": "一号供"}, "PIPES_SELF_LOOP"),
    ],
)
def test_bad_consumers_are_refused(
    heating: Heating, build: Build, estate: dict[str, Any], change: dict[str, Any], code: str
) -> None:
    estate["consumers"][0].update(change)
    issues = heating.read(build(estate)).errors
    assert [(one.code, one.section, one.element) for one in issues] == [(code, "consumers", "一号站")]


def test_two_plants_may_not_set_one_pressure(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    estate["plants"].append({**estate["plants"][0], "id": "二号炉", "pressure_kpa": 550.0})
    assert [one.code for one in heating.read(build(estate)).errors] == ["PIPES_TWO_SET_POINTS"]


def test_a_gas_network_is_refused(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    intake = heating.read(build(estate, utility="gas"))
    assert "PIPES_WRONG_UTILITY" in {one.code for one in intake.errors}


def test_the_bundled_network(heating: Heating) -> None:
    network = heating.load("schutterwald_heat")
    assert (network.counts["junctions"], network.counts["consumers"], network.counts["plants"]) == (
        488,
        44,
        1,
    )
    raised = [one for one in network.repairs if one.code == "PIPES_LENGTH_RAISED"]
    assert raised
    report = heating.supply(network)
    assert report.verdict is Verdict.VALID
    assert report.unsupplied_consumer_count == 0
    assert np.isfinite(report.frame()["supply_temperature_c"]).all()


def test_every_message_says_itself_twice() -> None:
    import citymains_heating.messages  # noqa: F401
    from citymains.messages import catalogue

    told = catalogue()
    for code in (
        "HEAT_CONSUMER_DP_NEG",
        "HEAT_STAGNANT",
        "HEAT_T_BELOW_RETURN",
        "HEAT_BELOW_FREEZING",
        "HEAT_UNSUPPLIED",
        "HEAT_NOT_CONVERGED",
        "HEAT_DAMPED",
        "HEAT_SEQUENTIAL",
        "HEAT_BALANCE",
        "HEAT_THROTTLED",
        "HEAT_SUPPLY_COLD",
        "HEAT_PLANT_PUSHED_BACK",
        "HEAT_PRESSURE_NOT_HELD",
    ):
        text = told[code]
        assert text.en
        assert text.zh
        assert text.fix_en
        assert text.fix_zh
