"""The questions ``criticality`` and ``fire_flow``."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import CancelledError, InputError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario

PEOPLE = b"customer,element,category,critical,households\nH1,J2,hospital,yes,1\nC1,J1,residential,no,300\n"


def load(water, text: str):
    return water.load(SourceFile("m.inp", text.encode()))


def test_every_pipe_of_ky4_against_the_question_outage(water):
    report = water.criticality("ky4", hours=0).result()
    frame = report.frame().set_index("element")
    assert report.candidate_count == 1156
    assert report.failed_count == 0
    assert report.by_kernel_count > 0.95 * 1156
    for pipe in (*frame.index[:3], *frame.index[500:503]):
        single = water.outage("ky4", Scenario.close(pipe), hours=0)
        assert frame.unserved_m3[pipe] == pytest.approx(
            single.unserved_m3 - single.unserved_without_m3, rel=0.02, abs=0.02
        )
        assert frame.places[pipe] == single.short_count
        assert frame.cut_off[pipe] == single.cut_off_count


def test_ranked_by_customers_then_critical_ones(water, small):
    text = small.replace("[TANKS]\nT1 40 2 1 4 10\n", "").replace("P3 J2 T1 300 150 100\n", "")
    people = SourceFile("people.csv", PEOPLE)
    report = water.criticality(load(water, text), customers=people).result()
    frame = report.frame()
    assert list(frame.element) == ["P1", "P2"]
    assert list(frame.customers) == [2, 1]
    assert list(frame.households) == [301, 1]
    assert list(frame.critical_customers) == [1, 1]
    assert list(frame["rank"]) == [1, 2]
    by_critical = water.criticality(load(water, text), customers=people, rank_by="critical").result()
    assert set(by_critical.frame().element) == {"P1", "P2"}


def test_segments_and_valves_that_fail(water, small):
    """A valve in the middle: isolating either side takes it, and its failing takes both."""
    text = small.replace("[TANKS]\nT1 40 2 1 4 10\n", "").replace("P3 J2 T1 300 150 100\n", "")
    valves = SourceFile("valves.csv", b"valve,link,node\nV1,P1,R1\nV2,P2,J1\n")
    report = water.criticality(load(water, text), kinds=["segment", "valve"], valves=valves).result()
    frame = report.frame().set_index(["kind", "element"])
    assert frame.shut["segment", "P2"] == "V2"
    assert frame.shut["segment", "P1"] == "V1, V2"
    assert frame.cut_off["segment", "P1"] == frame.cut_off["valve", "V2"] == 2
    assert frame.cut_off["segment", "P2"] == 1


def test_pumps_tanks_and_sources_over_time(water):
    report = water.criticality("Net3", kinds=["pump", "tank", "source"], hours=24).result()
    frame = report.frame()
    assert set(frame.kind) == {"pump", "tank", "source"}
    assert set(frame.by) == {"epanet"}
    assert frame.element.iloc[0] == "River"
    with pytest.raises(InputError, match="ELEMENT_UNKNOWN"):
        water.criticality("Net3", elements=["nowhere"]).result()
    with pytest.raises(InputError, match="kinds"):
        water.criticality("Net3", kinds=["street"]).result()
    with pytest.raises(InputError, match="rank_by"):
        water.criticality("Net1", rank_by="colour").result()


def test_it_can_be_cancelled(water):
    handle = water.criticality("ky4", hours=24)
    while handle.progress()[0] == 0.0 and not handle.done():
        handle.cancel()
    with pytest.raises(CancelledError):
        handle.result(timeout_s=60)


class TestFireFlow:
    def test_drawing_what_is_available_leaves_the_residual_pressure(self, water):
        report = water.fire_flow("Net1", residual_pressure_m=14.0).result()
        frame = report.frame()
        assert report.node_count == 9
        for row in frame[~frame["at_least"]].itertuples():
            drawn = water.pressure(
                "Net1", hours=0, scenario=Scenario.draw(row.node, row.available_m3_per_h), demand_model="DDA"
            )
            pressure = drawn.frame().set_index("node").pressure_m[row.node]
            assert pressure == pytest.approx(row.residual_m, abs=0.02)
            assert 13.99 <= pressure <= 14.1
        assert report.least_flow_node == frame.node.iloc[0]

    def test_one_pipe_by_hand(self, water, small):
        """Without demand: h = 10.667 L Q^1.852 / (C^1.852 d^4.871) from the reservoir to the node."""
        text = small.replace("[TANKS]\nT1 40 2 1 4 10\n", "").replace("P3 J2 T1 300 150 100\n", "")
        text = text.replace("J1 10 5", "J1 10 0").replace("J2 12 3", "J2 12 0")
        frame = water.fire_flow(load(water, text), nodes=["J1"], residual_pressure_m=20).result().frame()
        flow = ((50 - 10 - 20) * 100**1.852 * 0.2**4.871 / (10.667 * 500)) ** (1 / 1.852) * 3600
        assert frame.available_m3_per_h[0] == pytest.approx(flow, rel=2e-3)

    def test_pressure_elsewhere_limits_too(self, water, small):
        net = load(water, small)
        alone = water.fire_flow(net, nodes=["J1"], residual_pressure_m=5).result().frame()
        both = (
            water.fire_flow(net, nodes=["J1"], residual_pressure_m=5, elsewhere_pressure_m=27)
            .result()
            .frame()
        )
        assert both.available_m3_per_h[0] < alone.available_m3_per_h[0]
        assert both.limited_by[0] == "J2"

    def test_a_flow_that_is_wanted_and_hydrants_of_the_ledger(self, water, small):
        places = SourceFile("places.csv", "节点,分区,消火栓\nJ2,A,是\nJ1,A,否\n".encode())
        report = water.fire_flow(load(water, small), places=places, required_flow_m3_per_h=1500).result()
        assert list(report.frame().node) == ["J2"]
        assert list(report.frame().zone) == ["A"]
        assert report.insufficient_count == 1
        assert [one.code for one in report.findings] == ["FIRE_FLOW_LOW"]
        assert not np.isnan(report.least_flow_m3_per_h)
