"""Underpasses: thresholds by ledger and rules, hysteresis, and what a storm's report says of them."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench
from citymains_drainage.stations.model import Underpass
from citymains_drainage.underpasses import RED, YELLOW, Course
from citymains_drainage.utility import Drainage


def _course(depths, **limits):
    place = Underpass(name="U", node="N", **{"yellow_m": 0.1, "red_m": 0.25, "hysteresis_m": 0.05, **limits})
    depth = np.array(depths, dtype=np.float64)[:, None]
    times = np.arange(len(depths)) * 300.0
    return Course.of([place], ["N"], times, depth, depth.max(axis=0))


def test_a_state_is_left_a_hysteresis_below_its_depth():
    course = _course([0.0, 0.12, 0.26, 0.22, 0.19, 0.08, 0.04, 0.0])
    assert course.state[:, 0].tolist() == [0, 1, 2, 2, 1, 1, 0, 0]
    assert course.held_s(RED) == [600.0]
    assert course.held_s(YELLOW) == [900.0]
    assert course.since_s(RED) == [600.0]


def test_exactly_the_depth_closes_where_it_is_set_so():
    assert _course([0.25]).worst == [2]
    assert _course([0.25], close_at_ge=False).worst == [1]


def test_a_peak_between_two_reported_times_counts():
    place = Underpass(name="U", node="N", yellow_m=0.1, red_m=0.25)
    course = Course.of([place], ["N"], np.array([0.0, 300.0]), np.array([[0.0], [0.2]]), np.array([0.3]))
    assert course.worst == [RED]
    assert np.isnan(course.since_s(RED)[0])


def test_the_district_says_when_its_underpass_has_to_be_closed(drainage):
    report = drainage.simulate("district")
    row = report.table("underpasses").iloc[0]
    course = report.table("underpass_levels")
    red = course[course.state == "red"]
    assert row.state == "red"
    assert row.max_depth_m == pytest.approx(report.underpass_depth_m)
    assert row.red_since_s == red.time_s.min()
    assert row.red_s == pytest.approx(300.0 * len(red))
    assert (course[course.time_s < row.red_since_s].depth_m < row.red_m).all()
    assert report.closed_underpass_count == 1
    risk = report.table("risk").set_index("node")
    assert risk.loc["铁路桥下穿", "risk_class"] == 4
    flooded = report.frame().set_index("node")["flooding_m3"] > 0
    assert (risk.risk_class[flooded] >= 2).all()
    assert (risk.risk_class[~flooded & (risk.reason != "underpass_closed")] <= 1).all()


@pytest.mark.parametrize(
    ("jurisdiction", "red_m"),
    [("", 0.25), ("上海市", 0.25), ("河北省/邯郸市", 0.30), ("辽宁省/沈阳市", 0.25)],
)
def test_rules_of_the_place_say_when_it_is_closed(tmp_path, jurisdiction, red_m):
    bench = Workbench(
        database=f"sqlite:///{tmp_path / 'store.db'}", files=tmp_path / "files", jurisdiction=jurisdiction
    )
    report = Drainage(bench).simulate("district")
    assert report.table("underpasses").red_m[0] == red_m
    assert any("underpass-closure" in one for one in report.provenance.rule_packs) == bool(jurisdiction)


def test_a_ledger_rules_over_the_rules(drainage):
    ledger = SourceFile("u.csv", "名称,水位节点,预警水深,封闭水深\n铁路桥,铁路桥下穿,0.10,0.60\n".encode())
    report = drainage.simulate("district", underpasses=ledger)
    row = report.table("underpasses").iloc[0]
    assert (row.underpass, row.yellow_m, row.red_m, row.state) == ("铁路桥", 0.10, 0.60, "yellow")
    assert report.closed_underpass_count == 0


def test_an_underpass_without_a_level_node_is_refused_where_it_stands(drainage):
    ledger = SourceFile("u.csv", "名称,水位节点\n铁路桥,铁路桥下穿\n东桥,没有\n西桥,河东排口\n".encode())
    for ask in (
        drainage.simulate,
        lambda net, **more: drainage.site_plans(net, formula="i=10", **more).result(),
    ):
        with pytest.raises(InputError) as caught:
            ask("district", underpasses=ledger)
        assert [(one.code, one.line, one.element) for one in caught.value.issues] == [
            ("SCHEDULE_UNDERPASS_WITHOUT_LEVEL", 3, "东桥"),
            ("SCHEDULE_UNDERPASS_WITHOUT_LEVEL", 4, "西桥"),
        ]
