"""Findings on answers no sound engine gives, and on EPANET's own warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from citymains.intake.source import SourceFile
from citymains.messages import catalogue
from citymains.model.finding import Severity, verdict_of
from citymains.model.scenario import Scenario
from citymains_water import messages
from citymains_water.engine_input import Demands
from citymains_water.hydraulics import solve
from citymains_water.judgement import MOST_NAMED, judge

PUMPED = """\
[JUNCTIONS]
J1 10 5
J2 10 5
[RESERVOIRS]
R1 50
[TANKS]
T1 20 1 0 3 10
[PIPES]
P1 R1 J1 100 300 100
P2 J1 T1 100 300 100
[PUMPS]
U1 R1 J2 HEAD C1
[VALVES]
V1 J1 J2 300 TCV 1
[CURVES]
C1 10 20
[OPTIONS]
UNITS LPS
[END]
"""


@pytest.fixture(scope="module")
def answer(water):
    return solve(
        water,
        water.network("Net1"),
        question="pressure",
        scenario=Scenario(),
        demands=Demands("DDA"),
        duration_s=7200.0,
    )


def codes(found) -> set[str]:
    return {one.code for one in judge(found, "DDA")}


def test_a_sound_answer_has_no_finding(answer):
    assert codes(answer) == set()


def test_a_head_no_pump_can_lift(answer):
    head = answer.head_m.copy()
    head[1, 0] = 5000.0
    (found,) = [one for one in judge(replace(answer, head_m=head), "DDA") if one.code == "HEAD_IMPOSSIBLE"]
    assert (found.element, found.time_s, found.severity) == ("10", 3600.0, Severity.SUSPECT)
    # The higher of tank and reservoir, and 250 ft at the design point of the one pump.
    assert found.limit == pytest.approx(
        answer.head_m[:, answer.junction_count :].max() + 250 * 0.3048 * 4 / 3 * 2.25
    )


def test_an_empty_tank_that_feeds(answer):
    pressure, inflow = answer.pressure_m.copy(), answer.inflow_m3_per_h.copy()
    pressure[1, -1], inflow[1, -1] = 30.48, -12.0  # Net1's tank is empty at 100 ft
    found = next(
        one
        for one in judge(replace(answer, pressure_m=pressure, inflow_m3_per_h=inflow), "DDA")
        if one.code == "TANK_FEEDS_EMPTY"
    )
    assert (found.element, found.value, found.time_s) == ("2", 12.0, 3600.0)


def test_below_a_vacuum_names_the_worst_first_and_counts_the_rest(water):
    report = water.pressure("ky10", hours=24)
    worst = [one.value for one in report.findings if one.code == "PRESSURE_IMPOSSIBLE"]
    assert len(worst) == MOST_NAMED
    assert worst == sorted(worst)
    assert any(
        one.code == "FINDINGS_MORE" and "PRESSURE_IMPOSSIBLE" in one.message_en for one in report.findings
    )


def test_epanets_warning_about_a_pump_is_kept(water):
    report = water.pressure(water.load(SourceFile("m.inp", PUMPED.encode())), hours=0)
    (found,) = [one for one in report.findings if one.code == "PUMP_OUT_OF_RANGE"]
    assert found.element == "U1"
    assert "exceeds maximum flow" in found.message_en
    assert "超出最大流量" in found.message_zh
    assert verdict_of(report.findings).value == report.verdict.value == "SUSPECT"


def test_delivery_stays_between_nothing_and_the_demand(water):
    frame = water.pressure(
        "Net3", hours=24, scenario=Scenario.close(["173"], start_s=7200, end_s=50400)
    ).frame()
    assert (frame.delivered_m3_per_h >= np.minimum(frame.required_m3_per_h, 0)).all()
    assert (frame.delivered_m3_per_h <= np.maximum(frame.required_m3_per_h, 0)).all()


def test_every_text_is_there_in_both_languages():
    assert messages
    for code in ("PRESSURE_IMPOSSIBLE", "UNITS_IMPOSSIBLE_VELOCITY", "INP_EXTERNAL_FILE"):
        text = catalogue()[code]
        assert text.en
        assert any("\u4e00" <= one <= "\u9fff" for one in text.zh)
