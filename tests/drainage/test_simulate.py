"""The question `simulate`: scenarios, verdicts, located refusals of the engine."""

from __future__ import annotations

import concurrent.futures

import numpy as np
import pytest
from citymains.call import Call
from citymains.errors import EngineTimeoutError, InputError
from citymains.model.finding import Severity, Verdict
from citymains.model.scenario import Scenario


@pytest.fixture(scope="module")
def loaded(drainage, small, source):
    return drainage.load(source(small))


def test_the_report_balances(drainage, loaded):
    report = drainage.simulate(loaded)
    assert report.verdict is Verdict.VALID
    inflow = report.dry_weather_inflow_m3 + report.wet_weather_inflow_m3 + report.external_inflow_m3
    # 2.5 ha, 60 + 90 + 30 mm/h for ten minutes each.
    assert report.rainfall_mm == pytest.approx(30.0, rel=1e-3)
    assert report.wet_weather_inflow_m3 == pytest.approx(report.runoff_mm * 25.0, rel=0.02)
    assert report.outfall_m3 + report.flooding_m3 < inflow + 20 * 0.5 + 1
    assert report.outfall_m3 == pytest.approx(report.table("outfalls")["volume_m3"].sum(), rel=1e-9)
    assert report.provenance.engine_version == "SWMM 5.2.4"
    assert report.duration_s == 3600.0
    assert report.provenance.options["threads"] == "1"


def test_levels_stand_at_every_report_step(drainage, loaded):
    report = drainage.simulate(loaded)
    levels = report.table("levels")
    assert sorted(set(levels["time_s"])) == [300.0 * step for step in range(1, 13)]
    assert len(levels) == 12 * 5
    assert levels["node"][:5].tolist() == report.frame()["node"].tolist()


def test_hours_shorten_the_simulation(drainage, loaded):
    half = drainage.simulate(loaded, hours=0.5)
    whole = drainage.simulate(loaded)
    assert half.duration_s == 1800.0
    assert half.table("levels")["time_s"].max() == 1800.0
    # The last period of a run ends on a step the engine cuts short, so it is left out.
    early = [report.table("levels").query("time_s < 1800")["depth_m"].to_numpy() for report in (half, whole)]
    assert len(early[0]) == 5 * 5
    assert np.array_equal(*early)


def test_hours_may_outlast_the_model(drainage, loaded):
    assert drainage.simulate(loaded, hours=30).table("levels")["time_s"].max() == 30 * 3600.0


@pytest.mark.parametrize("hours", [0, -1, float("nan"), float("inf"), 0.01])
def test_hours_out_of_range(drainage, loaded, hours):
    with pytest.raises(InputError) as caught:
        drainage.simulate(loaded, hours=hours)
    assert caught.value.code == "ARGUMENT_INVALID"
    assert caught.value.issues[0].field == "hours"


def test_a_lost_pump_delivers_nothing_although_its_levels_start_it(drainage, loaded):
    normal = drainage.simulate(loaded)
    lost = drainage.simulate(loaded, scenario=Scenario.lose(pumps=["P1"]))
    assert normal.table("pumps")["volume_m3"][0] > 0
    assert lost.table("pumps")["volume_m3"][0] == 0.0
    assert lost.outfall_m3 == 0.0
    assert lost.flooding_m3 > normal.flooding_m3
    assert lost.provenance.scenario == Scenario.lose(pumps=["P1"])


def test_a_lost_pump_stays_lost_although_a_rule_starts_it(drainage, small, source):
    rule = "[CONTROLS]\nRULE R1\nIF NODE W1 DEPTH > 0\nTHEN PUMP P1 STATUS = ON\nPRIORITY 9\n\n[DWF]"
    network = drainage.load(source(small.replace("[DWF]", rule)))
    lost = drainage.simulate(network, scenario=Scenario.lose(pumps=["P1"]))
    assert lost.outfall_m3 == 0.0


def test_losing_one_pump_of_the_district_floods_more(drainage):
    network = drainage.load("district")
    normal = drainage.simulate(network)
    lost = drainage.simulate(network, scenario=Scenario.lose(pumps=["河东1号泵", "河东2号泵"]))
    assert lost.flooding_m3 > 2 * normal.flooding_m3
    pumps = lost.table("pumps").set_index("pump")["volume_m3"]
    assert pumps["河东1号泵"] == 0
    assert pumps["河东4号泵"] > 0


def test_scaled_demand_scales_dry_weather_flow_alone(drainage, loaded):
    normal = drainage.simulate(loaded)
    doubled = drainage.simulate(loaded, scenario=Scenario.scale_demand(2.0))
    assert doubled.dry_weather_inflow_m3 == pytest.approx(2 * normal.dry_weather_inflow_m3, rel=1e-9)
    assert doubled.wet_weather_inflow_m3 == pytest.approx(normal.wet_weather_inflow_m3, rel=1e-4)
    elsewhere = drainage.simulate(loaded, scenario=Scenario.scale_demand(2.0, nodes=["J2"]))
    assert elsewhere.dry_weather_inflow_m3 == normal.dry_weather_inflow_m3
    assert [(one.code, one.element) for one in elsewhere.findings if "DEMAND" in one.code] == [
        ("DRAINAGE_DEMAND_UNCHANGED", "J2")
    ]


@pytest.mark.parametrize(
    "row", ['J2 FLOW "" FLOW 1.0 1.0 0.05', 'J2 FLOW ""', "J2 FLOW STEADY", "J2 FLOW STEADY FLOW 1.0 0.5"]
)
def test_scaled_demand_scales_external_inflow(drainage, small, source, row):
    series = "[TIMESERIES]\nSTEADY 0:00 0.05\nSTEADY 10:00 0.05"
    network = drainage.load(
        source(small.replace("[TIMESERIES]", series).replace("[DWF]", f"[INFLOWS]\n{row}\n\n[DWF]"))
    )
    normal = drainage.simulate(network)
    doubled = drainage.simulate(network, scenario=Scenario.scale_demand(2.0))
    assert doubled.external_inflow_m3 == pytest.approx(2 * normal.external_inflow_m3, rel=1e-9)


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario.set_control("P1", "speed", 0.5), "SCENARIO_UNSUPPORTED"),
        (Scenario.close(pipes=["C9"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(regulators=["C1"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(plants=["J1"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.burst("C1", 100), "SCENARIO_UNSUPPORTED"),
        (Scenario.lose(pumps=["P9"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(pumps=["C1"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(sources=["J1"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.scale_demand(2, nodes=["J9"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(pumps=["P1"], start_s=1200, end_s=600), "ARGUMENT_INVALID"),
        (Scenario.close(pipes=["C1"], start_s=-5), "ARGUMENT_INVALID"),
    ],
)
def test_edits_that_cannot_be_made_are_refused(drainage, loaded, scenario, code):
    with pytest.raises(InputError) as caught:
        drainage.simulate(loaded, scenario=scenario)
    assert caught.value.code == code


def test_flooded_nodes_are_notes_the_worst_first(drainage):
    report = drainage.simulate("district")
    flooded = [one for one in report.findings if one.code == "DRAINAGE_FLOODED"]
    assert [one.value for one in flooded] == sorted((one.value for one in flooded), reverse=True)
    assert {one.severity for one in flooded} == {Severity.NOTE}
    assert len(flooded) == report.flooded_node_count == (report.frame()["flooding_m3"] > 0).sum()
    assert "溢流" in flooded[0].message_zh


def test_pumps_that_create_water_are_rejected(drainage, small, source):
    """Four pumps on one small wet well, each allowed its whole outflow, pump water that is not there."""
    many = "".join(f"P{n} W1 J3 LIFT ON 0 0\n" for n in range(2, 9))
    text = (
        small.replace("P1 W1 J3 LIFT OFF 1.0 0.4\n", f"P1 W1 J3 LIFT ON 0 0\n{many}")
        .replace("AREA STORAGE 0 20\nAREA 5 20", "AREA STORAGE 0 1\nAREA 5 1")
        .replace("ROUTING_STEP 5", "ROUTING_STEP 30")
    )
    report = drainage.simulate(drainage.load(source(text)))
    assert report.verdict is Verdict.REJECTED
    found = next(one for one in report.findings if one.code == "DRAINAGE_CONTINUITY")
    assert found.value == report.continuity_error_percent
    assert abs(found.value) > 10


def test_a_doubtful_balance_is_suspect(drainage, shared_data):
    report = drainage.simulate(shared_data / "drainage" / "EPA_Example8_combined_sewer.inp")
    assert report.verdict is Verdict.SUSPECT
    assert report.continuity_error_percent == pytest.approx(-2.043, abs=5e-4)
    assert [one.code for one in report.findings if one.severity is Severity.SUSPECT] == [
        "DRAINAGE_CONTINUITY"
    ]


def test_what_only_the_engine_sees_is_located(drainage, small, source):
    text = (
        small.replace("C1 CIRCULAR 0.6", "C1 CIRCULER 0.6")
        .replace("J2", "解放路2号井")
        .replace("O1 1.0 FREE NO", "O1 1.0 FREE MAYBE")
    )
    network = drainage.load(source(text))
    document = drainage.document(network).decode().split("\n")
    with pytest.raises(InputError) as caught:
        drainage.simulate(network)
    issues = {one.section: one for one in caught.value.issues}
    assert set(issues) == {"OUTFALLS", "XSECTIONS"}
    for one, start in ((issues["OUTFALLS"], "O1 1.0"), (issues["XSECTIONS"], "C1 CIRCULER")):
        assert one.code == "DRAINAGE_ENGINE_REFUSED"
        assert document[one.line - 1].startswith(start)
        assert one.message_zh


def test_an_error_without_a_line_is_located_by_its_element(drainage, small, source):
    text = small.replace("J2 2.5 2.5 0", "J2 2.5 2.5 4").replace("J2", "解放路2号检查井(东北角第一座雨水井)")
    network = drainage.load(source(text))
    with pytest.raises(InputError) as caught:
        drainage.simulate(network)
    (one,) = caught.value.issues
    assert (one.section, one.element) == ("JUNCTIONS", "解放路2号检查井(东北角第一座雨水井)")
    assert one.element in one.message_en


def test_engine_warnings_become_notes(drainage, small, source):
    report = drainage.simulate(
        drainage.load(
            source(
                small.replace("J2 2.5 2.5", "J2 3.0 2.5").replace(
                    "C2 J2 W1 50 0.013 0 0", "C2 J2 W1 50 0.013 0 9"
                )
            )
        )
    )
    warned = [one for one in report.findings if one.code == "DRAINAGE_ENGINE_WARNING"]
    assert warned
    assert {one.severity for one in warned} == {Severity.NOTE}
    assert warned[0].element in {"C2", "W1", "J2", "C1"}


def test_a_question_that_runs_past_its_deadline_is_stopped(drainage, loaded):
    with Call(timeout_s=2.0).active(), pytest.raises(EngineTimeoutError):
        drainage.simulate(loaded, hours=24 * 365 * 50)
    assert drainage.simulate(loaded).outfall_m3 > 0


def test_questions_at_once_do_not_mix(drainage, small, source):
    networks = [drainage.load(source(small.replace("J1 FLOW 0.02", f"J1 FLOW 0.0{n}"))) for n in range(1, 5)]
    alone = [drainage.simulate(one).to_json() for one in networks]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda one: drainage.simulate(one).to_json(), networks * 3))
    assert together == alone * 3


def test_the_stored_network_answers_as_the_loaded_one(drainage, small, source):
    loaded = drainage.load(source(small.replace("J1 FLOW 0.02", "J1 FLOW 0.077")))
    assert drainage.simulate(loaded.id).to_json() == drainage.simulate(loaded).to_json()


def test_the_map_shows_depths_and_links(drainage):
    from citymains.report.geometry import Geometry
    from citymains.report.layers import layers_of

    network = drainage.load("district")
    layers = {one.name: one for one in layers_of(drainage.simulate(network), Geometry.of(network))}
    assert set(layers) == {"nodes", "links", "outfalls", "underpasses", "risk"}
    assert all(layer.lost == () for layer in layers.values())
    assert len(layers["nodes"].places) == 42
