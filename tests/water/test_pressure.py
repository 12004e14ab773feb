"""The question ``pressure``: units, demand models, scenarios, supply by topology, findings."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from citymains.errors import InputError, NotConvergedError
from citymains.intake.ids import IdMap
from citymains.intake.inp import read_inp, write_inp
from citymains.intake.source import SourceFile
from citymains.intake.text import decode
from citymains.model.finding import Severity, Verdict
from citymains.model.scenario import Scenario
from citymains_water.format import EPANET_INP

COLUMNS = ["node", "time_s", "pressure_m", "head_m", "required_m3_per_h", "delivered_m3_per_h"]


def load(water, text: str):
    return water.load(SourceFile("m.inp", text.encode()))


def codes(report) -> set[str]:
    return {one.code for one in report.findings}


def test_columns_times_and_units(water, small):
    report = water.pressure(load(water, small))
    frame = report.frame()
    assert list(frame.columns) == COLUMNS
    assert list(frame.time_s.unique()) == [0.0, 3600.0, 7200.0, 10800.0, 14400.0]
    first = frame[frame.time_s == 0].set_index("node")
    assert first.required_m3_per_h["J1"] == pytest.approx(18.0, rel=1e-4)
    assert first.head_m["R1"] == 50.0
    assert first.pressure_m["R1"] == 0.0
    assert first.pressure_m["T1"] == pytest.approx(2.0)
    assert (first.pressure_m - first.head_m)["J2"] == pytest.approx(-12.0)
    second = frame[frame.time_s == 3600].set_index("node")
    assert second.required_m3_per_h["J1"] == pytest.approx(27.0, rel=1e-4)
    pipes = report.table("pipes")
    assert set(pipes.columns) >= {"link", "time_s", "flow_m3_per_h", "velocity_m_per_s", "status"}


def test_hours_decide_the_time(water, small):
    net = load(water, small)
    assert water.pressure(net).duration_s == 4 * 3600
    assert list(water.pressure(net, hours=0).frame().time_s.unique()) == [0.0]
    assert water.pressure(net, hours=2).frame().time_s.max() == 7200.0
    for hours in (-1, float("nan"), float("inf")):
        with pytest.raises(InputError):
            water.pressure(net, hours=hours)


def test_an_unknown_demand_model_is_refused(water, small):
    with pytest.raises(InputError, match="demand_model"):
        water.pressure(load(water, small), demand_model="XYZ")


def test_further_words_in_any_script_do_not_matter(water, small):
    text = small.replace("J1 10 5", "J1 10 5 1 南京路口").replace(
        "P1 R1 J1 500 200 100", "P1 R1 J1 500 200 100 0 Open 备注"
    )
    ours, theirs = water.pressure(load(water, text)), water.pressure(load(water, small))
    np.testing.assert_array_equal(ours.frame().head_m, theirs.frame().head_m)


def test_head_loss_is_hazen_williams(water, small):
    """h = 10.667 L Q^1.852 / (C^1.852 d^4.871), SI, on the first pipe."""
    report = water.pressure(load(water, small), hours=0)
    heads = report.frame().set_index("node").head_m
    flow = abs(report.table("pipes").set_index("link").flow_m3_per_h["P1"]) / 3600
    expected = 10.667 * 500 * flow**1.852 / (100**1.852 * 0.2**4.871)
    assert heads["R1"] - heads["J1"] == pytest.approx(expected, rel=2e-3)


def test_water_balances_at_every_junction(water):
    report = water.pressure("Net3", hours=24)
    nodes, pipes = report.frame(), report.table("pipes")
    network = water.network("Net3")
    ends = {
        one: (a, b)
        for name in ("pipes", "pumps", "valves")
        for one, a, b in network.table(name)[["id", "from_node", "to_node"]].itertuples(index=False)
    }
    balance = dict.fromkeys(zip(nodes.node, nodes.time_s, strict=True), 0.0)
    for link, time, flow in pipes[["link", "time_s", "flow_m3_per_h"]].itertuples(index=False):
        balance[ends[link][0], time] -= flow
        balance[ends[link][1], time] += flow
    junctions = set(network.table("junctions").id)
    wrong = [
        abs(balance[node, time] - delivered)
        for node, time, delivered in nodes[["node", "time_s", "delivered_m3_per_h"]].itertuples(index=False)
        if node in junctions
    ]
    assert max(wrong) < 1e-2  # m3/h; EPANET's own accuracy is 1e-3 of the flow


def test_chinese_and_long_ids_give_the_same_numbers(water, bundled_folder, tmp_path):
    """A GBK file with CRLF, ids of 40 Chinese characters and a Chinese path equals its ASCII twin."""
    text = (bundled_folder / "ky4.inp").read_text()
    document, _ = read_inp(decode(SourceFile("ky4.inp", text.encode())), "ky4.inp", EPANET_INP)
    ids = [
        row.tokens[0]
        for name in ("JUNCTIONS", "RESERVOIRS", "TANKS", "PIPES", "PUMPS")
        for row in document[name]
    ]
    renamed = {one: f"梅溪路第{at}号" + "供水管网节点" * 6 for at, one in enumerate(dict.fromkeys(ids))}
    assert min(len(one.encode("gbk")) for one in renamed.values()) > 31
    chinese = write_inp(IdMap(renamed).renamed(document))
    plain = water.pressure("ky4", hours=24)
    for encoding in ("gbk", "utf-8-sig", "utf-8"):
        path = tmp_path / f"城区管网 {encoding}.inp"
        path.write_bytes(chinese.replace("\n", "\r\n").encode(encoding))
        report = water.pressure(path, hours=24)
        ours, theirs = report.frame(), plain.frame()
        assert list(ours.node) == [renamed[one] for one in theirs.node]
        np.testing.assert_array_equal(ours.head_m, theirs.head_m)
    assert any("梅溪路" in one for one in water.network(path).table("pipes").id)


def test_aliases_reach_controls_rules_patterns_and_curves(water, small):
    text = small.replace(
        "[TIMES]",
        "[CONTROLS]\nLINK P2 CLOSED AT TIME 2\n[RULES]\nRULE R1\nIF TANK T1 LEVEL ABOVE 0.5\nTHEN PIPE P3 STATUS IS CLOSED\n[TIMES]",
    )
    text = text.replace("J1 10 5", "J1 10 5 1")
    document, _ = read_inp(decode(SourceFile("m.inp", text.encode())), "m.inp", EPANET_INP)
    names = {one: "很长的中文名称之" + one + "号" for one in ("J1", "J2", "R1", "T1", "P1", "P2", "P3", "C1")}
    chinese = write_inp(IdMap(names).renamed(document))
    ours, theirs = water.pressure(load(water, chinese)), water.pressure(load(water, text))
    np.testing.assert_array_equal(ours.frame().head_m, theirs.frame().head_m)
    assert set(ours.frame().node) == {names[one] for one in theirs.frame().node}
    assert {one.element for one in ours.findings} == {
        names.get(one.element, one.element) for one in theirs.findings
    }


class TestScenarios:
    def test_closing_a_pipe_cuts_off_what_hangs_on_it(self, water, small):
        text = small.replace("[TANKS]\nT1 40 2 1 4 10\n", "").replace("P3 J2 T1 300 150 100\n", "")
        report = water.pressure(load(water, text), hours=0, scenario=Scenario.close("P2"))
        nodes = report.frame().set_index("node")
        assert report.demand_model.value == "PDD"
        assert np.isnan(nodes.pressure_m["J2"])
        assert np.isnan(nodes.head_m["J2"])
        assert nodes.required_m3_per_h["J2"] == pytest.approx(10.8, rel=1e-4)
        assert nodes.delivered_m3_per_h["J2"] == 0.0
        assert report.unsupplied_node_count == 1
        assert "NODES_UNSUPPLIED" in codes(report)
        assert report.verdict is Verdict.VALID

    def test_demand_driven_the_same_is_suspect(self, water, small):
        text = small.replace("[TANKS]\nT1 40 2 1 4 10\n", "").replace("P3 J2 T1 300 150 100\n", "")
        report = water.pressure(load(water, text), hours=0, scenario=Scenario.close("P2"), demand_model="DDA")
        assert report.verdict is Verdict.SUSPECT
        assert "UNSUPPLIED_DEMAND_DRAWN" in codes(report)
        assert np.isnan(report.frame().set_index("node").pressure_m["J2"])

    def test_closing_for_a_time(self, water, small):
        report = water.pressure(load(water, small), scenario=Scenario.close("P1", start_s=3600, end_s=7200))
        flow = report.table("pipes").query("link == 'P1'").set_index("time_s")
        assert list(flow.status) == ["OPEN", "CLOSED", "OPEN", "OPEN", "OPEN"]
        assert abs(flow.flow_m3_per_h[3600.0]) < 1e-3

    def test_closed_for_good_the_models_controls_cannot_open(self, water, small):
        text = small.replace(
            "[TIMES]",
            "[CONTROLS]\nLINK P2 OPEN AT TIME 1\n[RULES]\nRULE 1\nIF SYSTEM TIME >= 2\nTHEN PIPE P2 STATUS IS OPEN\nPRIORITY 5\n[TIMES]",
        )
        report = water.pressure(load(water, text), scenario=Scenario.close("P2"))
        assert set(report.table("pipes").query("link == 'P2'").status) == {"CLOSED"}

    def test_what_the_model_governs_is_closed_for_a_time_and_then_governed_again(self, water, small):
        text = small.replace(
            "[TIMES]", "[CONTROLS]\nLINK P2 OPEN AT TIME 1\nLINK P2 CLOSED AT TIME 4\n[TIMES]"
        )
        flow = (
            water.pressure(load(water, text), scenario=Scenario.close("P2", start_s=0, end_s=7200))
            .table("pipes")
            .query("link == 'P2'")
        )
        assert list(flow.status) == ["CLOSED", "CLOSED", "OPEN", "OPEN", "CLOSED"]
        assert flow.flow_m3_per_h.abs().iloc[[0, 1]].max() < 1e-3

    def test_losing_a_source_closes_all_around_it(self, water, small):
        report = water.pressure(load(water, small), hours=0, scenario=Scenario.lose(sources=["R1"]))
        assert set(report.table("pipes").query("status == 'CLOSED'").link) == {"P1"}

    def test_losing_a_pump(self, water):
        report = water.pressure("Net1", hours=0, scenario=Scenario.lose(pumps=["9"]))
        assert set(report.table("pipes").query("status == 'CLOSED'").link) == {"9"}

    def test_scaling_demand(self, water, small):
        net = load(water, small)
        everywhere = (
            water.pressure(net, hours=0, scenario=Scenario.scale_demand(1.2)).frame().set_index("node")
        )
        assert everywhere.required_m3_per_h["J1"] == pytest.approx(21.6, rel=1e-4)
        one = (
            water.pressure(net, hours=0, scenario=Scenario.scale_demand(1.2, ["J1"]))
            .frame()
            .set_index("node")
        )
        assert one.required_m3_per_h["J1"] == pytest.approx(21.6, rel=1e-4)
        assert one.required_m3_per_h["J2"] == pytest.approx(10.8, rel=1e-4)

    @pytest.mark.parametrize(
        "scenario",
        [
            Scenario.close("PX"),
            Scenario.lose(pumps=["P1"]),
            Scenario.lose(sources=["J1"]),
            Scenario.lose(plants=["R1"]),
            Scenario.scale_demand(2, ["JX"]),
            Scenario.burst("PX", 50),
            Scenario.storm("x", 2, 3600),
        ],
    )
    def test_what_does_not_fit_is_refused(self, water, small, scenario):
        with pytest.raises(InputError, match="SCENARIO_"):
            water.pressure(load(water, small), scenario=scenario)


def test_delivery_follows_the_root_of_the_pressure(water, small):
    report = water.pressure(
        load(water, small), hours=0, demand_model="PDD", minimum_pressure_m=5, required_pressure_m=60
    )
    node = report.frame().set_index("node").loc["J1"]
    expected = node.required_m3_per_h * ((node.pressure_m - 5) / 55) ** 0.5
    assert node.delivered_m3_per_h == pytest.approx(expected, rel=1e-3)
    assert report.delivered_m3 < report.required_m3
    with pytest.raises(InputError, match="required_pressure_m"):
        water.pressure(load(water, small), demand_model="PDD", minimum_pressure_m=20, required_pressure_m=10)


def test_a_part_without_source_does_not_disturb_the_rest(water, small):
    cut = small.replace("J2 12 3", "J2 12 3\nJ8 1 1\nJ9 1 1").replace("P2 J1", "P9 J8 J9 5 100 100\nP2 J1")
    whole, report = water.pressure(load(water, small)).frame(), water.pressure(load(water, cut)).frame()
    pivot = report.pivot(index="time_s", columns="node", values="head_m")
    assert pivot[["J8", "J9"]].isna().all().all()
    np.testing.assert_array_equal(
        pivot[["J1", "J2"]], whole.pivot(index="time_s", columns="node", values="head_m")[["J1", "J2"]]
    )


def test_a_tank_that_runs_empty_gives_no_more_water(water, small):
    text = small.replace("T1 40 2 1 4 10", "T1 40 1.05 1 4 2").replace("DURATION 4", "DURATION 12")
    report = water.pressure(load(water, text), scenario=Scenario.lose(sources=["R1"]))
    found = next(one for one in report.findings if one.code == "TANK_EMPTY")
    assert found.element == "T1"
    assert report.frame().query("node == 'J1'").pressure_m.isna().iloc[-1]


def test_low_service_pressure_is_a_note_with_its_article(water):
    report = water.pressure("Net6", hours=24)
    low = [one for one in report.findings if one.code == "SERVICE_PRESSURE_LOW"]
    assert low
    assert {one.severity for one in low} == {Severity.NOTE}
    assert all(one.value < one.limit == 14.0 and "CJ/T 316-2009" in one.article for one in low)
    assert report.verdict is Verdict.VALID
    assert report.provenance.rule_packs


def test_a_run_that_epanet_stops_says_so(water, small):
    text = small.replace("UNITS LPS", "UNITS LPS\nTRIALS 1\nACCURACY 0.00001\nUNBALANCED STOP")
    with pytest.raises(NotConvergedError):
        water.pressure(load(water, text))


def test_unbalanced_steps_are_suspect(water, small):
    text = small.replace("UNITS LPS", "UNITS LPS\nTRIALS 1\nACCURACY 0.00001\nUNBALANCED CONTINUE 1")
    report = water.pressure(load(water, text))
    assert report.verdict is Verdict.SUSPECT
    assert "HYDRAULICS_UNBALANCED" in codes(report)


def test_eight_threads_five_runs_nothing_mixed(water):
    networks = ["Net1", "Net2", "Net3", "ky4"]
    alone = {name: water.pressure(name, hours=24).to_json() for name in networks}
    jobs = [networks[(thread + run) % 4] for thread in range(8) for run in range(5)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda name: water.pressure(name, hours=24).to_json(), jobs))
    assert [name for name, answer in zip(jobs, answers, strict=True) if answer != alone[name]] == []


def test_no_solver_in_the_asking_process(tmp_path):
    program = """
import sys, citymains
citymains.open("demo").water.pressure("Net1", hours=0)
print(sorted({"wntr", "epanet", "numba", "grpc"} & set(sys.modules)))
with open("/proc/self/maps") as maps:
    print("epanet" in maps.read())
"""
    environment = {**os.environ, "CITYMAINS_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.split("\n")[:2] == ["[]", "False"]
