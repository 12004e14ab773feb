"""Outages: the difference is the engine's, over time, with underpasses and customers."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.model.scenario import Scenario

LOST = Scenario.lose(plants=["河东排口"], start_s=3600, end_s=7200)


@pytest.fixture(scope="module")
def outage(drainage):
    customers = SourceFile(
        "customers.csv",
        "用户编号,接入节点,户数,重点用户\nA,东风路6,10,否\nB,东风路8汇水区外,5,否\nC,东风路6-7,3,是\nD,南环路1,7,是\nE,东风路7汇水区,1,否\n".encode(),
    )
    return drainage.outage("district", scenario=LOST, customers=customers)


def test_both_runs_are_those_of_simulate(drainage, outage):
    base, lost = drainage.simulate("district"), drainage.simulate("district", scenario=LOST)
    assert outage.base_flooding_m3 == base.flooding_m3
    assert outage.flooding_m3 == lost.flooding_m3
    assert outage.unserved_m3 == pytest.approx(lost.flooding_m3 - base.flooding_m3)
    frame = outage.frame()
    assert frame.depth_m.tolist() == lost.table("levels").depth_m.tolist()
    assert frame.base_depth_m.tolist() == base.table("levels").depth_m.tolist()
    outfalls = outage.table("outfalls").set_index("outfall")
    assert outfalls.volume_m3.tolist() == lost.table("outfalls").volume_m3.tolist()


def test_nothing_floods_before_the_loss_and_the_series_sums_to_the_total(outage):
    frame = outage.frame()
    new = frame[frame.state == "flooding"]
    assert outage.first_flooded_s == new.time_s.min() >= 3600
    assert outage.flooded_node_count == new.node.nunique()
    rates = frame.groupby("time_s").flooding_m3_per_h.sum()
    # The reported rates stand for five minutes each; the total is the engine's over every routing step.
    assert rates.sum() * 300 / 3600 == pytest.approx(outage.flooding_m3, rel=0.15)
    peak = (rates - frame.groupby("time_s").base_flooding_m3_per_h.sum()).max()
    assert outage.peak_unserved_m3_per_h == pytest.approx(peak)


def test_places_are_ordered_by_what_they_add(outage):
    places = outage.table("places")
    assert places.node[0] == outage.worst_node
    assert (np.diff(places.added_flooding_m3) <= 1e-9).all()
    assert places.added_flooding_m3.sum() == pytest.approx(outage.unserved_m3, rel=0.01)


def test_customers_behind_flooding_nodes_are_counted(outage):
    frame = outage.frame()
    flooding = set(frame[frame.state == "flooding"].node)
    assert {"东风路6", "东风路8"} <= flooding
    assert "南环路1" not in flooding
    people = outage.table("customers").set_index("customer")
    assert "A" in people.index
    assert "C" in people.index
    assert "D" not in people.index
    assert outage.customer_count == len(people)
    assert outage.critical_customers == ("C",)
    assert [one.value for one in outage.findings if one.code == "OUTAGE_CUSTOMERS_UNLOCATED"] == [1.0]
    assert outage.verdict is Verdict.SUSPECT


def test_a_lost_underpass_pump_is_told_by_its_road(drainage):
    report = drainage.outage("district", scenario=Scenario.lose(pumps=["下穿1号泵"]))
    row = report.table("underpasses").iloc[0]
    assert row.max_depth_m > row.base_max_depth_m + 0.2
    assert row.red_s > row.base_red_s
    assert report.closed_underpass_count == 0  # it is closed without the loss too
    assert report.underpass_depth_m == pytest.approx(row.max_depth_m)


def test_a_loss_that_lets_less_flood_leaves_nothing_unserved(drainage, small, source):
    network = drainage.load(source(small))
    report = drainage.outage(network, scenario=Scenario.close(["C1"], start_s=3500))
    assert report.unserved_m3 >= 0.0


def test_other_edits_hold_with_and_without_the_loss(drainage, small, source):
    network = drainage.load(source(small))
    more = Scenario.scale_demand(5.0)
    report = drainage.outage(network, scenario=more + Scenario.lose(pumps=["P1"]))
    assert report.base_flooding_m3 == drainage.simulate(network, scenario=more).flooding_m3


@pytest.mark.parametrize(
    ("scenario", "code"),
    [
        (Scenario(), "DRAINAGE_NOTHING_LOST"),
        (Scenario.scale_demand(2.0), "DRAINAGE_NOTHING_LOST"),
        (Scenario.lose(pumps=["没有"]), "SCENARIO_UNKNOWN_ELEMENT"),
        (Scenario.lose(pumps=["河东1号泵"]) + Scenario.burst("东风路1-2", 10), "SCENARIO_UNSUPPORTED"),
    ],
)
def test_what_cannot_be_asked_is_refused(drainage, scenario, code):
    with pytest.raises(InputError) as caught:
        drainage.outage("district", scenario=scenario)
    assert caught.value.code == code


def test_an_unstable_model_is_said_to_be(drainage, small, source):
    # Four strong pumps on one small wet well that may run dry make water.
    pumps = "".join(f"P{n} W1 J3 LIFT ON 0 0\n" for n in range(1, 5))
    text = small.replace("P1 W1 J3 LIFT OFF 1.0 0.4\n", pumps).replace(
        "LIFT PUMP3 0 0.2\nLIFT 8 0", "LIFT PUMP2 0 3\nLIFT 8 3"
    )
    report = drainage.outage(drainage.load(source(text)), scenario=Scenario.lose(pumps=["P1"]))
    assert abs(report.continuity_error_percent) > 2
    assert report.verdict is not Verdict.VALID
    assert {"DRAINAGE_CONTINUITY", "DRAINAGE_BASE_UNBALANCED"} <= {one.code for one in report.findings}
