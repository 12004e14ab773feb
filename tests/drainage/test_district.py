"""The shipped district is what its generator makes, and behaves like a district worth scheduling."""

from __future__ import annotations

import numpy as np
import pytest
from citymains_drainage import district
from citymains_drainage.storms.formula import IntensityFormula
from citymains_drainage.storms.hyetograph import chicago_intensity_mm_per_h


@pytest.fixture(scope="module")
def report(drainage):
    return drainage.simulate("district")


def test_the_committed_file_is_what_the_generator_writes(district_file):
    assert district_file.read_text("utf-8") == district.district_inp()


def test_it_loads_without_a_word(drainage):
    network = drainage.load("district")
    assert network.repairs == ()
    assert network.counts["pumps"] == 8
    assert sum(network.counts[kind] for kind in ("junctions", "outfalls", "storages")) == 42


def test_it_floods_somewhat_under_its_own_levels(report):
    assert report.verdict == "VALID"
    assert abs(report.continuity_error_percent) < 1.0
    assert abs(report.runoff_continuity_error_percent) < 1.0
    assert 0.001 < report.flooding_m3 / report.wet_weather_inflow_m3 < 0.05


def test_the_underpass_closes_and_the_sewage_overflows(report):
    depth = report.frame().set_index("node")["max_depth_m"]
    assert depth["铁路桥下穿"] > 0.25
    outfalls = report.table("outfalls").set_index("outfall")["volume_m3"]
    assert outfalls["截流溢流口"] > 0
    assert outfalls["污水处理厂"] > 1000


def test_every_pump_works_within_six_starts_an_hour(report):
    pumps = report.table("pumps")
    assert (pumps["starts"] >= 1).all()
    assert (pumps["starts"] <= 6 * report.duration_s / 3600).all()


def test_the_storm_has_the_depth_of_its_formula(report):
    depth = district.TEST_FORMULA.depth_mm(district.RETURN_PERIOD_A, district.DURATION_S)
    assert report.rainfall_mm == pytest.approx(depth, rel=1e-4)


# By hand: ln 132 = 4.882802, 132^0.77 = 42.9380, 10.9 x 120 / 42.9380 = 30.4625; x (1 + 0.85 lg P).
@pytest.mark.parametrize(("years", "depth_mm"), [(1.0, 30.4625), (2.0, 38.2571), (10.0, 56.3556)])
def test_formula_depths(years, depth_mm):
    assert district.TEST_FORMULA.depth_mm(years, 7200.0) == pytest.approx(depth_mm, abs=2e-4)


@pytest.mark.parametrize("ratio", [0.0, 0.3, 0.4, 0.5, 1.0])
@pytest.mark.parametrize("step_s", [60.0, 300.0, 420.0])
def test_chicago_keeps_the_depth_whatever_the_step(ratio, step_s):
    formula = IntensityFormula(9.0, 0.7, 10.0, 0.75)
    rain = chicago_intensity_mm_per_h(
        lambda s: formula.depth_mm(3.0, s), duration_s=7200.0, step_s=step_s, peak_ratio=ratio
    )
    assert rain.sum() * step_s / 3600.0 == pytest.approx(formula.depth_mm(3.0, 7200.0), rel=1e-12)
    assert (rain >= 0).all()


def test_chicago_holds_the_storm_of_every_length_around_its_peak():
    formula = IntensityFormula(9.0, 0.7, 10.0, 0.75)
    rain = chicago_intensity_mm_per_h(
        lambda s: formula.depth_mm(3.0, s), duration_s=7200.0, step_s=60.0, peak_ratio=0.4
    )
    curve = np.concatenate([[0.0], np.cumsum(rain) / 60.0])
    for minutes in (5, 30, 60, 100):
        first, last = 48 - 0.4 * minutes, 48 + 0.6 * minutes
        assert curve[round(last)] - curve[round(first)] == pytest.approx(
            formula.depth_mm(3.0, minutes * 60.0), rel=1e-9
        )
    assert rain.argmax() in (47, 48)
