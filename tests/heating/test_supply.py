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
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.model.scenario import Scenario
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


def test_t5_a_consumer_does_not_pump(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.supply(build(estate), scenario=Scenario.scale_demand(20.0))
    assert report.converged
    assert report.verdict is Verdict.REJECTED
    assert "HEAT_CONSUMER_DP_NEG" in codes(report)
    assert at(report, "consumers", "二号站", "differential_pressure_kpa") < 0.0


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
    ):
        text = told[code]
        assert text.en
        assert text.zh
        assert text.fix_en
        assert text.fix_zh
