"""Design storms: their depth is the formula's, their shapes are the method's, and bad rain is refused where it stands."""

from __future__ import annotations

import math

import numpy as np
import pytest
from citymains.errors import InputError, NotFoundError
from citymains.intake.source import SourceFile
from citymains_drainage.storms.ensemble import perturbed_members
from citymains_drainage.storms.formula import parse_formula
from citymains_drainage.storms.hyetograph import HyetographShape, hyetograph_mm_per_h
from hypothesis import given, settings
from hypothesis import strategies as st

BEIJING = "q=2001(1+0.811lgP)/(t+8)^0.711"


def depth_by_hand_mm(p: float, minutes: float) -> float:
    """The formula as it is printed, on its own: L/(s·ha) to mm by 1 mm/min = 500/3 L/(s·ha)."""
    return 2001 * (1 + 0.811 * math.log10(p)) / (minutes + 8) ** 0.711 * 3 / 500 * minutes


def test_the_depth_of_beijings_classic_formula(drainage) -> None:
    storm = drainage.storm("beijing-classic", return_period_a=5, duration_s=7200)
    assert storm.depth_mm == pytest.approx(71.678, abs=5e-4)
    assert storm.depth_mm == pytest.approx(depth_by_hand_mm(5, 120), rel=1e-12)
    assert (storm.jurisdiction, storm.zone) == ("北京市", "II")


@settings(max_examples=200, deadline=None)
@given(
    shape=st.sampled_from(HyetographShape),
    p=st.floats(0.5, 100),
    duration_s=st.floats(60, 86_400),
    step_s=st.floats(10, 7200),
    peak_ratio=st.floats(0, 1),
)
def test_the_steps_sum_to_the_depth_exactly(shape, p, duration_s, step_s, peak_ratio) -> None:
    formula = parse_formula(BEIJING)
    rain = hyetograph_mm_per_h(
        shape,
        lambda seconds: formula.depth_mm(p, seconds),
        duration_s=duration_s,
        step_s=step_s,
        peak_ratio=peak_ratio,
    )
    assert len(rain) == math.ceil(duration_s / step_s)
    assert (rain >= -1e-9).all()
    fallen_mm = math.fsum(rain.tolist()) * step_s / 3600.0
    assert fallen_mm == pytest.approx(depth_by_hand_mm(p, duration_s / 60), rel=1e-9)


def test_a_chicago_storm_holds_every_shorter_storm_around_its_peak(drainage) -> None:
    storm = drainage.storm(BEIJING, return_period_a=3, duration_s=7200, step_s=60, peak_ratio=0.4)
    fallen = np.concatenate([[0.0], np.cumsum(storm.intensity_mm_per_h) / 60.0])
    peak = 48  # minutes: 0.4 of 120
    for length in (10, 30, 60, 120):
        begin, end = peak - round(0.4 * length), peak + round(0.6 * length)
        assert fallen[end] - fallen[begin] == pytest.approx(depth_by_hand_mm(3, length), rel=1e-9)


def test_alternating_blocks_are_the_differences_of_the_depth_sorted_around_the_peak(drainage) -> None:
    storm = drainage.storm(
        BEIJING, return_period_a=3, duration_s=3600, step_s=600, peak_ratio=0.5, shape="ALTERNATING_BLOCK"
    )
    depths = storm.frame()["depth_mm"].to_numpy()
    blocks = np.diff([depth_by_hand_mm(3, 10 * one) for one in range(7)])
    assert sorted(depths) == pytest.approx(sorted(blocks), rel=1e-9)
    top = int(np.argmax(depths))
    assert (np.diff(depths[: top + 1]) > 0).all()
    assert (np.diff(depths[top:]) < 0).all()


def test_scs_type_ii_has_its_published_shares(drainage) -> None:
    day = drainage.storm(BEIJING, return_period_a=3, duration_s=86_400, step_s=1800, shape="SCS_II")
    share = np.cumsum(day.frame()["depth_mm"].to_numpy()) / day.depth_mm
    # USDA TR-55 and its tabulation: half the rain falls by 11:45, 0.663 of it by 12:00.
    assert share[11 * 2 + 1] == pytest.approx(0.663, abs=0.002)
    assert share[6 * 2 - 1] == pytest.approx(0.080, abs=0.002)


def test_outside_the_published_range_the_storm_is_suspect(drainage) -> None:
    storm = drainage.storm("beijing-classic", return_period_a=50, duration_s=14_400)
    assert storm.verdict.value == "SUSPECT"
    assert {one.limit for one in storm.findings if one.code == "STORM_OUT_OF_RANGE"} == {10.0, 7200.0}


def test_an_ensembles_mean_is_the_forecast_and_its_first_member_too() -> None:
    forecast = np.full(48, 12.0)
    members = perturbed_members(forecast, step_s=300, count=4000, spread=0.3, shift_s=0.0, seed=1)
    assert np.array_equal(members[0], forecast)
    assert (members >= 0).all()
    assert members.mean() == pytest.approx(12.0, rel=0.02)
    assert np.array_equal(
        members, perturbed_members(forecast, step_s=300, count=4000, spread=0.3, shift_s=0.0, seed=1)
    )
    logs = np.log(members[1:] / 12.0) - np.log(members[1:] / 12.0).mean(axis=1, keepdims=True)
    assert (logs[:, 1:] * logs[:, :-1]).mean() > 0.5 * (logs**2).mean()  # neighbours are alike
    shifted = perturbed_members(np.eye(1, 48, 24)[0], step_s=300, count=200, spread=0.0, shift_s=1800, seed=2)
    assert np.std(np.argmax(shifted[1:], axis=1)) > 3


RAIN = "time_s,intensity_mm_per_h\n0,6\n300,{second}\n600,30\n900,0\n{last},0\n"


def series(drainage, second: str = "12", last: str = "1200"):
    text = RAIN.format(second=second, last=last)
    return drainage.storm(series=SourceFile("rain.csv", text.encode()))


def test_a_measured_series_is_taken_as_it_is(drainage) -> None:
    storm = series(drainage)
    assert storm.intensity_mm_per_h.tolist() == [6.0, 12.0, 30.0, 0.0, 0.0]
    assert storm.depth_mm == pytest.approx(4.0)


@pytest.mark.parametrize(
    ("second", "last", "code", "line"),
    [
        ("-1", "1200", "RAIN_NEGATIVE", 3),
        ("12", "1500", "RAIN_GAP", 6),
        ("", "1200", "RAIN_VALUE_MISSING", 3),
    ],
)
def test_bad_rain_is_refused_at_its_row(drainage, second, last, code, line) -> None:
    with pytest.raises(InputError) as caught:
        series(drainage, second, last)
    assert [(one.code, one.line) for one in caught.value.issues] == [(code, line)]


@pytest.mark.parametrize(
    ("formula", "more", "error", "code"),
    [
        ("", {}, InputError, "STORM_FORMULA_MISSING"),
        ("q=2001(1+0.811lgP)/(t+8", {}, InputError, "STORM_FORMULA_UNREADABLE"),
        ("atlantis", {}, NotFoundError, "PLUGIN_RECORD_UNKNOWN"),
        ("beijing-classic", {"zone": "IX"}, InputError, "STORM_ZONE_UNKNOWN"),
        ("beijing-classic", {"peak_ratio": 1.5}, InputError, "ARGUMENT_INVALID"),
        ("beijing-classic", {"duration_s": math.nan}, InputError, "ARGUMENT_INVALID"),
    ],
)
def test_storms_that_cannot_be_made(drainage, formula, more, error, code) -> None:
    with pytest.raises(error) as caught:
        drainage.storm(formula, **more)
    assert code in {caught.value.code, *(one.code for one in getattr(caught.value, "issues", ()))}
