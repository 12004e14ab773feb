"""Isolation of sewers: plugs in order, the flow to pump round, what is dry and who is told."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains_drainage.dry_weather import DryWeather
from citymains_drainage.network import parse_document
from citymains_drainage.options import read_options

#: Dry-weather flow of the district above 南环路3 and there [m3/s], and its pattern's largest hour.
ABOVE = 0.012 + 0.015 + 0.010 + 0.011 + 0.009
PATTERN = [0.45, 0.40, 0.36, 0.36, 0.45, 0.70, 1.10, 1.45, 1.50, 1.35, 1.20, 1.15]
PATTERN += [1.20, 1.15, 1.05, 1.05, 1.10, 1.25, 1.45, 1.50, 1.35, 1.10, 0.80, 0.55]


def test_a_pipe_is_plugged_at_both_ends_upstream_first(drainage):
    report = drainage.isolate("district", pipes=["南环路3-4"], duration_s=28_800)
    frame = report.frame()
    assert frame.valve.tolist() == ["南环路3-4@南环路3", "南环路3-4@南环路4"]
    assert frame.order.tolist() == [1, 2]
    plugs = report.table("plugs")
    assert plugs.side.tolist() == ["upstream", "downstream"]
    assert plugs.kind.tolist() == ["plug", "plug"]
    assert plugs.diameter_mm.tolist() == [800.0, 800.0]
    # 南环路3: invert 2.5, ground 5.8.
    assert plugs.head_m[0] == pytest.approx(3.3)
    assert report.verdict is Verdict.VALID
    assert report.isolated_length_m == pytest.approx(110.0)
    assert set(report.table("elements").query("state == 'isolated'").element) == {"南环路3-4"}


def test_what_arrives_is_pumped_round_mean_and_peak(drainage):
    report = drainage.isolate("district", pipes=["南环路3-4"], duration_s=28_800)
    mean, peak = ABOVE * 3600 * np.mean(PATTERN), ABOVE * 3600 * max(PATTERN)
    assert report.bypass_m3_per_h == pytest.approx(mean)
    assert report.bypass_peak_m3_per_h == pytest.approx(peak)
    assert report.bypass_m3 == pytest.approx(mean * 8)
    row = report.table("bypass").iloc[0]
    assert (row.node, row.to_node, row.node_count) == ("南环路3", "南环路4", 6)
    assert row.hectares == pytest.approx(1.4)
    assert row.lift_m == pytest.approx(5.8 - 2.5)
    assert row.distance_m == pytest.approx(110.0)
    assert set(report.unintended) == {"南环路1", "南环路2", "南环路3", "学院路1", "学院路2", "学院路3"}


def test_a_measured_flow_stands_for_the_models(drainage):
    report = drainage.isolate("district", nodes=["南环路4"], inflow_m3_per_h=120.0)
    assert report.bypass_m3_per_h == report.bypass_peak_m3_per_h == 120.0
    assert report.bypass_m3 is None
    assert report.provenance.options["inflow_m3_per_h"] == "120.0"


def test_a_manhole_has_its_own_flow_and_its_own_dischargers(drainage):
    report = drainage.isolate("district", nodes=["南环路4"])
    assert report.own_inflow_m3_per_h == pytest.approx(0.014 * 3600 * np.mean(PATTERN))
    dischargers = report.table("dischargers").set_index("node")
    assert dischargers.loc["南环路4", "state"] == "isolated"
    assert dischargers.loc["学院路1", "state"] == "unintended"
    # The plug in the incoming pipe is worked from the manhole; water is taken one manhole up.
    assert report.table("bypass").node.tolist() == ["南环路3"]


def test_a_wet_well_is_plugged_pumped_down_and_its_pumps_stopped(drainage):
    report = drainage.isolate("district", nodes=["城南污水泵站前池"])
    plugs = report.table("plugs")
    assert plugs.kind.tolist() == ["plug", "pump", "pump"]
    assert report.pumps_stopped == ("城南1号泵", "城南2号泵")
    row = report.table("bypass").iloc[0]
    assert (row.node, row.to_node) == ("南环路7", "城南压力井")
    # What arrives could still leave over the weir, so it does not back up, but it has to be pumped all the same.
    assert report.unintended == ()
    assert report.bypass_m3_per_h > 0


def test_an_end_that_cannot_be_plugged_moves_the_ring_on(drainage):
    report = drainage.isolate("district", pipes=["南环路3-4"], unusable_valves=["南环路3-4@南环路4"])
    frame = report.frame().set_index("valve")
    assert frame.loc["南环路3-4@南环路4", "action"] == "failed"
    assert frame.loc["南环路4-5@南环路4", "action"] == "shut"
    assert "南环路4" in set(report.table("elements").query("state == 'isolated'").element)


def test_a_ledgers_gate_takes_the_place_of_a_plug(drainage):
    ledger = SourceFile("gates.csv", "阀门编号,管段编号,节点编号\nZM-1,南环路3-4,南环路3\n".encode())
    report = drainage.isolate("district", pipes=["南环路3-4"], valves=ledger)
    assert report.frame().valve.tolist() == ["ZM-1", "南环路3-4@南环路4"]
    assert report.table("plugs").kind.tolist() == ["gate", "plug"]
    assert report.valve_layer == "dataset"
    assert len(report.provenance.options["valves_sha256"]) == 64


def test_an_outfall_inside_is_told(drainage):
    report = drainage.isolate("district", nodes=["河东排口"])
    assert not report.tight
    assert "DRAINAGE_OUTFALL_INSIDE" in {one.code for one in report.findings}


def test_a_box_culvert_needs_a_bulkhead(drainage, small, source):
    text = small.replace("C2 CIRCULAR 0.6", "C2 RECT_CLOSED 0.6 0.8")
    report = drainage.isolate(drainage.load(source(text)), pipes=["C2"])
    assert report.table("plugs").kind.tolist() == ["bulkhead", "bulkhead"]
    assert report.table("plugs").diameter_mm.isna().all()


def test_notice_duties_of_the_nation_hold(drainage):
    start = datetime(2026, 7, 20, 1, 0, tzinfo=UTC)
    report = drainage.isolate("district", pipes=["南环路3-4"], start_time=start, duration_s=3600)
    duties = report.table("duties").set_index("duty")
    assert duties.loc["planned_notice_h", "value"] == 24.0
    assert "第二十五条" in duties.loc["planned_notice_h", "article"]
    assert "2026年7月19日09:00" in report.notice_zh


def test_customers_are_counted_by_what_drains_them(drainage):
    ledger = SourceFile(
        "c.csv", "用户编号,接入节点,户数,重点用户\nA,南环路1,40,否\nB,南环路4,8,是\nC,东风路1,5,否\n".encode()
    )
    report = drainage.isolate("district", nodes=["南环路4"], customers=ledger)
    people = report.table("customers").set_index("customer")["state"]
    assert people.to_dict() == {"B": "isolated", "A": "unintended"}
    assert report.household_count == 48
    assert report.critical_customers == ("B",)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({}, "ISOLATION_NO_TARGET"),
        ({"pipes": ["没有"]}, "ELEMENT_UNKNOWN"),
        ({"pipes": ["南环路3-4"], "unusable_valves": ["没有"]}, "ELEMENT_UNKNOWN"),
        ({"pipes": ["南环路3-4"], "inflow_m3_per_h": -1.0}, "ARGUMENT_INVALID"),
        ({"pipes": ["南环路3-4"], "inflow_m3_per_h": float("nan")}, "ARGUMENT_INVALID"),
        ({"pipes": ["南环路3-4"], "duration_s": 0.0}, "ARGUMENT_INVALID"),
    ],
)
def test_what_cannot_be_asked_is_refused(drainage, arguments, code):
    with pytest.raises(InputError) as caught:
        drainage.isolate("district", **arguments)
    assert caught.value.code == code


def _dry(text):
    document = parse_document(text.encode())
    options, _ = read_options(document)
    return DryWeather.of(document, options)


def test_dry_weather_flow_follows_its_patterns(small):
    dry = _dry(small)
    assert dry.peak(["J1"]) == pytest.approx(0.02 * 1.5 * 3600)
    assert dry.mean(["J1"]) == pytest.approx(0.02 * 3600 * (6 * 0.5 + 12 * 1.0 + 6 * 1.5) / 24)
    assert dry.mean(["J2"]) == 0.0


def test_weekends_months_and_inflows_count(small):
    patterns = "[PATTERNS]\nWE WEEKEND 2 2 2 2 2 2 2 2 2 2 2 2\nWE 2 2 2 2 2 2 2 2 2 2 2 2\n"
    patterns += "MO MONTHLY 1 1 1 1 1 1 1 1 1 1 1 1.5\n"
    inflow = '[INFLOWS]\nJ2 FLOW "" FLOW 1.0 1.0 0.05\nJ2 FLOW TS FLOW 1.0 2.0\n\n[DWF]'
    text = small.replace("[PATTERNS]\n", patterns).replace("J1 FLOW 0.02 DAY", "J1 FLOW 0.02 DAY WE MO")
    text = text.replace("[TIMESERIES]\n", "[TIMESERIES]\nTS 0:00 0.0\nTS 1:00 0.1\n").replace("[DWF]", inflow)
    dry = _dry(text)
    assert dry.peak(["J1"]) == pytest.approx(0.02 * 2 * 1.5 * 3600)
    assert dry.mean(["J1"]) == pytest.approx(0.02 * 1.5 * 3600 * (5 * 1.0 + 2 * 2.0) / 7)
    assert dry.mean(["J2"]) == pytest.approx((0.05 + 2 * 0.05) * 3600)
