"""The questions ``outage`` and ``sources``, and what scenarios can hold."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains_water.repairs import repair_hours

PEOPLE = b"customer,element,category,critical,households\nH1,253,hospital,yes,1\nC1,253,residential,no,300\nC2,141,residential,no,50\nC3,nowhere,residential,no,1\n"
BREAK = Scenario.close("173", 7200, 50400)


def load(water, text: str):
    return water.load(SourceFile("m.inp", text.encode()))


@pytest.fixture(scope="module")
def report(water):
    """A pipe of Net3 closed for twelve hours."""
    return water.outage(
        "Net3",
        BREAK,
        hours=24,
        minimum_pressure_m=3.52,
        required_pressure_m=14.06,
        service_pressure_m=3.52,
        customers=SourceFile("people.csv", PEOPLE),
    )


def test_who_goes_short_and_when(report):
    places = report.table("places").set_index("node")
    assert "253" in places.index
    row = places.loc["253"]
    assert 7200 <= row.since_s <= 50400
    assert row.longest_s <= row.duration_s <= 24 * 3600
    nodes = report.frame()
    short = nodes[(nodes.node == "253") & (nodes.state != "ok")]
    assert short.time_s.min() == row.since_s
    assert report.first_short_s == places.since_s.min()
    assert report.worst_node == places.index[0]
    assert report.short_count == len(places)


def test_the_unserved_volume_is_the_integral_of_what_is_not_delivered(report):
    nodes = report.frame()
    lacking = (nodes.required_m3_per_h - nodes.delivered_m3_per_h).clip(lower=0)
    by_hour = lacking.groupby(nodes.time_s).sum()
    assert report.unserved_m3 == pytest.approx(by_hour.iloc[:-1].sum(), rel=1e-3)
    assert report.unserved_m3 > report.unserved_without_m3 >= 0


def test_customers_critical_ones_first_and_the_unknown_told(report):
    people = report.table("customers")
    assert list(people.customer) == ["H1", "C1"]
    assert report.critical_customers == ("H1",)
    assert (report.customer_count, report.household_count) == (2, 301)
    codes = {one.code for one in report.findings}
    assert {"OUTAGE_CRITICAL", "OUTAGE_CUSTOMERS_UNLOCATED"} <= codes


def test_tanks_that_run_empty_fill_again_after_the_outage(report):
    tanks = report.table("tanks").set_index("tank")
    assert tanks.empty_since_s["1"] > 7200
    assert 0 < tanks.empty_s["1"] < 24 * 3600
    assert tanks.lowest_level_m["1"] == pytest.approx(tanks.minimum_level_m["1"], abs=2e-3)


def test_a_burst_discharges_as_an_orifice(water, small):
    report = water.outage(load(water, small), Scenario.burst("P1", 50, 3600, 7200), hours=4)
    row = report.table("bursts").iloc[0]
    assert row["pipe"] == "P1"
    assert row.volume_m3 == pytest.approx(report.burst_m3)
    head = row.largest_flow_m3_per_h / 3600 / (0.6 * np.pi / 4 * 0.05**2)
    pressure = head**2 / (2 * 9.80665)
    assert 10 < pressure < 50  # between the junction's 10 m and the reservoir's 50 m
    assert row.volume_m3 == pytest.approx(row.flow_m3_per_h, rel=1e-6)  # for one hour


def test_repairs_end_closures_by_diameter(water, small):
    assert [repair_hours(one) for one in (299, 300, 400, 401)] == [8, 16, 16, 24]
    report = water.outage(load(water, small), Scenario.close("P1", 3600), hours=12, repair=True)
    row = report.table("repairs").iloc[0]
    assert (row["pipe"], row.start_s, row.end_s) == ("P1", 3600, 3600 + 8 * 3600)
    assert report.provenance.scenario.edits[0].end_s == row.end_s


def test_a_boundary_valve_that_could_be_opened(water, small):
    text = small.replace("[PATTERNS]", "[VALVES]\nB1 R2 J9 150 TCV 0\n[STATUS]\nB1 CLOSED\n[PATTERNS]")
    text = (
        text.replace("R1 50", "R1 50\nR2 50")
        .replace("J2 12 3", "J2 12 3\nJ9 10 0")
        .replace("P3 J2", "P9 J9 J2 10 150 100\nP3 J2")
    )
    net = load(water, text)
    lost = Scenario.lose(sources=["R1", "T1"])
    report = water.outage(net, lost, hours=2, alternatives=["B1"])
    row = report.table("alternatives").iloc[0]
    assert report.unserved_m3 > 10
    assert row.link == "B1"
    assert row.saved_m3 == pytest.approx(report.unserved_m3 - row.unserved_m3)
    assert row.unserved_m3 < 0.01 * report.unserved_m3


def test_what_is_short_anyway_is_not_charged_to_the_outage(water, small):
    net = load(water, small.replace("R1 50", "R1 15"))
    report = water.outage(net, Scenario.scale_demand(1.0), hours=4)
    assert report.short_anyway_count > 0
    assert report.short_count == 0
    assert report.table("places").empty


class TestSettings:
    def test_a_pump_runs_slower(self, water):
        slow = water.pressure("Net1", hours=0, scenario=Scenario.set_control("9", "speed", 0.9))
        fast = water.pressure("Net1", hours=0)
        flow = [one.table("pipes").set_index("link").flow_m3_per_h["9"] for one in (slow, fast)]
        assert 0 < flow[0] < flow[1]

    def test_a_valve_is_set_in_metres_whatever_the_file_counts_in(self, water, shared_data):
        net = water.load(shared_data / "water" / "CTOWN.INP")
        report = water.pressure(net, hours=0, scenario=Scenario.set_control("v1", "pressure_m", 25))
        end = net.table("valves").set_index("id").to_node["v1"]
        assert report.frame().set_index("node").pressure_m[end] <= 25.01

    def test_a_source_and_a_tank(self, water, small):
        net = load(water, small)
        scenario = Scenario.set_control("R1", "head_m", 45) + Scenario.set_control("T1", "level_m", 3)
        nodes = water.pressure(net, hours=0, scenario=scenario).frame().set_index("node")
        assert nodes.head_m["R1"] == 45
        assert nodes.pressure_m["T1"] == pytest.approx(3)

    def test_a_draw_holds_for_its_time(self, water, small):
        net = load(water, small)
        with_draw = water.pressure(net, scenario=Scenario.draw("J2", 20, 3600, 7200)).frame()
        without = water.pressure(net).frame()
        more = (with_draw.required_m3_per_h - without.required_m3_per_h)[with_draw.node == "J2"]
        np.testing.assert_allclose(more, [0, 20, 0, 0, 0], atol=1e-3)

    @pytest.mark.parametrize(
        "scenario",
        [
            Scenario.set_control("T1", "level_m", 9),
            Scenario.set_control("P1", "speed", 1),
            Scenario.set_control("R1", "head_m", 40, start_s=3600),
            Scenario.set_control("P1", "colour", 1),
            Scenario.draw("J2", 5, start_s=100),
        ],
    )
    def test_what_cannot_be_is_refused(self, water, small, scenario):
        with pytest.raises(InputError, match="ARGUMENT_INVALID"):
            water.pressure(load(water, small), scenario=scenario)


class TestSources:
    @pytest.fixture(scope="class")
    def lost(self, water):
        return water.sources("Net3", hours=24)

    def test_hours_until_limits_are_broken(self, lost):
        rows = lost.frame().set_index("source")
        assert rows.share_percent.sum() == pytest.approx(100)
        assert lost.worst_source == "River"
        assert 1 < rows.hours_until_short["River"] < 24
        assert np.isnan(rows.hours_until_short["Lake"])
        assert rows.unserved_m3["Lake"] == 0

    def test_the_share_that_can_be_met_holds_and_a_little_more_does_not(self, water, lost):
        share = lost.frame().set_index("source").equal_share_percent["River"] / 100
        assert 0.1 < share < 1
        for factor, short in ((share, False), (share + 0.02, True)):
            scenario = Scenario.lose(sources=["River"]) + Scenario.scale_demand(factor)
            report = water.outage("Net3", scenario, hours=24)
            assert bool(report.short_count) is short

    def test_who_takes_over_and_through_which_links(self, lost):
        rows = lost.table("takeover").query("lost == 'River'").set_index("source")
        assert rows.after_m3_per_h["Lake"] > rows.before_m3_per_h["Lake"]
        links = lost.table("interconnections").query("lost == 'River'")
        pipes = links.dropna(subset="capacity_m3_per_h")
        expected = 100 * pipes.largest_m3_per_h / pipes.capacity_m3_per_h
        np.testing.assert_allclose(pipes.used_percent, expected)

    def test_shares_of_sources_mix_by_flow(self, water, small):
        from citymains_water.asked import asked_of
        from citymains_water.hydraulics import model_settings, solve
        from citymains_water.supply_areas import source_shares

        net = load(water, small)
        _, settings = model_settings(water, net)
        asked = asked_of(
            settings, hours=0.0, demand_model=None, minimum_pressure_m=None, required_pressure_m=None
        )
        found = solve(
            water, net, question="sources", scenario=Scenario(), demands=asked.demands, duration_s=0.0
        )
        share = source_shares(found, np.array([12.0, -6.0, -10.0]))
        # J1 gets 12 of the reservoir and 6 by way of J2, which has the tank's water alone.
        np.testing.assert_allclose(share[0], [12 / 18, 6 / 18], atol=1e-6)
        np.testing.assert_allclose(share[1], [0, 1], atol=1e-6)

    def test_an_unknown_source_is_refused(self, water):
        with pytest.raises(InputError, match="ELEMENT_UNKNOWN"):
            water.sources("Net3", sources=["nowhere"])
