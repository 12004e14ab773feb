"""Rainstorm signals: the most in any window, inclusive limits, responses where a rule gives them."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.workbench import Workbench
from citymains_drainage.rain import GageRain
from citymains_drainage.storm_warnings import storm_warnings, within


def _rain(*steps_mm_per_h, step_s=3600.0, gage="G"):
    return GageRain(
        gage, np.arange(len(steps_mm_per_h)) * step_s, np.array(steps_mm_per_h, dtype=float), step_s
    )


@pytest.fixture
def bench(tmp_path):
    def make(jurisdiction=""):
        return Workbench(
            database=f"sqlite:///{tmp_path / 'store.db'}", files=tmp_path / "files", jurisdiction=jurisdiction
        )

    return make


@pytest.mark.parametrize(
    ("rain", "colour"),
    [
        (_rain(*[4.0] * 12), ""),
        (_rain(*[50 / 12] * 12), "blue"),
        (_rain(*[50 / 6] * 6), "yellow"),
        (_rain(*[50 / 3] * 3), "orange"),
        (_rain(*[100 / 3] * 3), "red"),
        (_rain(0, 0, 0, 99.9, 0, 0), "orange"),
    ],
)
def test_the_gravest_signal_that_is_reached(bench, rain, colour):
    assert storm_warnings(bench(), [rain], 12 * 3600.0).colour == colour


def test_since_is_when_the_depth_has_fallen(bench):
    found = storm_warnings(bench(), [_rain(0, 60, 60, 0, 0)], 5 * 3600.0).table.frame().set_index("colour")
    assert found.loc["orange", "since_s"] == pytest.approx(3600 + 50 * 60, abs=300)
    assert found.loc["red", "since_s"] == pytest.approx(3600 + 100 * 60, abs=300)
    assert found.loc["red", "depth_mm"] == pytest.approx(120.0)


def test_the_gage_with_the_most_decides(bench):
    rain = [_rain(*[1.0] * 6, gage="A"), _rain(*[20.0] * 6, gage="B")]
    found = storm_warnings(bench(), rain, 6 * 3600.0)
    assert set(found.table.frame().gage) == {"B"}


def test_responses_follow_where_a_rule_says_so(bench):
    rain = [_rain(*[50 / 3] * 3)]
    nation, shanghai = (storm_warnings(bench(one), rain, 3 * 3600.0) for one in ("", "上海市"))
    assert (nation.colour, nation.response) == ("orange", "")
    assert (shanghai.colour, shanghai.response) == ("orange", "II")
    assert [*shanghai.table.frame().response] == ["IV", "III", "II"]


def test_no_gage_no_signal(bench):
    found = storm_warnings(bench(), [], 3600.0)
    assert (found.colour, len(found.table)) == ("", 0)


def test_windows_are_differences_of_the_depth_fallen():
    fallen = np.array([0.0, 1.0, 3.0, 6.0, 10.0])
    assert within(fallen, 600.0).tolist() == [0.0, 1.0, 3.0, 5.0, 7.0]
    assert within(fallen, 86_400.0).tolist() == fallen.tolist()
