"""Sensor watch: cases open and close with hysteresis, gaps are no evidence, nothing needs a complaint."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.workbench import Workbench
from citymains_heating.utility import Heating
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.heating_refunds.conftest import user

START = datetime(2022, 12, 1)


@pytest.fixture(scope="module")
def heating() -> Heating:
    return Heating(Workbench(jurisdiction="河南省/平顶山市"))


def readings(values: list[float | None], sensor: str = "R1", step_min: int = 10) -> list[dict[str, Any]]:
    """One reading a step; None is a step without one."""
    return [
        {"sensor": sensor, "time": START + timedelta(minutes=step_min * at), "temperature_c": value}
        for at, value in enumerate(values)
        if value is not None
    ]


def hours(count: float, value: float | None) -> list[float | None]:
    return [value] * round(count * 6)


def cases(heating: Heating, values: list[float | None], **more: Any) -> Any:
    return heating.cases(readings=readings(values), guarantee_c=18.0, **more).frame()


def at(hour: float) -> str:
    return (START + timedelta(hours=hour)).isoformat() + "+08:00"


def test_a_case_opens_after_two_hours_and_closes_after_two_warm_ones(heating: Heating) -> None:
    frame = cases(heating, hours(3, 19.0) + hours(5, 17.5) + hours(5, 18.6))
    (one,) = frame.to_dict("records")
    assert (one["state"], one["since"]) == ("closed", at(3))
    assert one["open_time"] == at(5)
    assert one["close_time"] == at(10)
    assert one["below_h"] == pytest.approx(5.0, abs=0.2)
    assert one["lowest_c"] == 17.5


def test_just_below_two_hours_opens_nothing(heating: Heating) -> None:
    # 12 readings span 110 min, 13 span 120
    assert cases(heating, hours(1, 19.0) + [17.9] * 12 + hours(1, 19.0)).empty
    assert len(cases(heating, hours(1, 19.0) + [17.9] * 13 + hours(1, 19.0))) == 1


def test_exactly_the_guarantee_is_not_below(heating: Heating) -> None:
    assert cases(heating, hours(9, 18.0)).empty
    assert len(cases(heating, hours(9, 17.99))) == 1


def test_between_guarantee_and_margin_nothing_changes(heating: Heating) -> None:
    wobble = [17.9, 18.2] * 30
    frame = cases(heating, hours(3, 17.5) + wobble + hours(4, 18.49))
    assert frame["state"].tolist() == ["open"]
    assert cases(heating, hours(2, 19.0) + wobble + hours(2, 19.0)).empty
    closed = cases(heating, hours(3, 17.5) + wobble + hours(4, 18.5))
    assert closed["state"].tolist() == ["closed"]


def test_a_gap_is_neither_cold_nor_warm(heating: Heating) -> None:
    assert cases(heating, hours(1.5, 17.5) + hours(6, None) + hours(1.5, 17.5)).empty
    (one,) = cases(heating, hours(3, 17.5) + hours(6, None) + hours(3, 17.5)).to_dict("records")
    assert one["state"] == "open"
    assert one["below_h"] == pytest.approx(6.0, abs=0.4)


def test_an_impossible_reading_does_not_close_a_case(heating: Heating) -> None:
    values = hours(3, 17.5) + [85.0] * 15 + hours(3, 17.5)
    report = heating.cases(readings=readings(values), guarantee_c=18.0)
    assert report.frame()["state"].tolist() == ["open"]
    flagged = report.table("evidence_flags").set_index("flag")["readings"]
    assert flagged["impossible"] == 15


def test_a_room_that_gets_cold_again_has_a_second_case(heating: Heating) -> None:
    frame = cases(heating, (hours(3, 17.0) + hours(3, 19.0)) * 2)
    assert frame["state"].tolist() == ["closed", "closed"]
    assert frame["case"].nunique() == 2


def test_users_behind_the_sensor_and_the_rules_guarantee(heating: Heating) -> None:
    rows = readings(hours(5, 17.0)) + readings(hours(5, 19.0), "R2")
    people = [user("U1"), user("U2"), user("U3", sensor="R2")]
    report = heating.cases(readings=rows, users=people, season="2022-2023")
    assert (report.guarantee_c, report.open_count, report.affected_users) == (18.0, 1, 2)
    assert "第25-28条" in report.article
    assert report.frame()[["substation", "users"]].values.tolist() == [["S1", 2]]
    assert [one.element for one in report.findings] == ["R1"]


def test_until_a_moment(heating: Heating) -> None:
    values = hours(3, 17.0) + hours(9, 19.0)
    moment = (START + timedelta(hours=3, minutes=50)).replace(tzinfo=UTC) - timedelta(hours=8)
    assert cases(heating, values)["state"].tolist() == ["closed"]
    assert cases(heating, values, until=moment)["state"].tolist() == ["open"]


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"margin_k": -1.0}, "margin_k"),
        ({"open_after_h": float("nan")}, "open_after_h"),
        ({"guarantee_c": 100.0}, "guarantee_c"),
        ({"sample_s": 0}, "sample_s"),
    ],
)
def test_arguments(heating: Heating, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        heating.cases(readings=readings([17.0]), **arguments)
    assert caught.value.issues[0].field == field


def test_readings_are_needed_and_need_a_unit(heating: Heating) -> None:
    with pytest.raises(InputError) as caught:
        heating.cases()
    assert caught.value.code == "ARGUMENT_MISSING"
    with pytest.raises(InputError) as caught:
        heating.cases(readings=[{"sensor": "R", "time": START, "temperature": 17.0}], guarantee_c=18.0)
    assert caught.value.issues[0].code == "REFUND_READING_UNIT_MISSING"


@settings(max_examples=40, deadline=None)
@given(
    values=st.lists(st.sampled_from([16.0, 17.9, 18.0, 18.3, 18.5, 20.0, None]), min_size=1, max_size=120),
    least=st.integers(0, 6),
)
def test_equals_a_plain_state_machine(values: list[float | None], least: int) -> None:
    """The vectorised runs against one reading after the other."""
    heating = Heating(Workbench(jurisdiction="河南省/平顶山市"))
    if all(value is None for value in values):
        return
    after = least / 6.0
    frame = heating.cases(
        readings=readings(values), guarantee_c=18.0, open_after_h=after, close_after_h=after
    ).frame()
    found: list[tuple[int, int | None]] = []
    state, cold, warm, last = None, None, None, None
    for place, value in enumerate(values):
        if value is None:
            continue
        if last is not None and (place - last) * 600 > 1800:
            cold = warm = None
        last = place
        cold = (place if cold is None else cold) if value < 18.0 else None
        warm = (place if warm is None else warm) if value >= 18.5 else None
        if state is None and cold is not None and place - cold >= least:
            state = cold
        elif state is not None and warm is not None and place - warm >= least:
            found.append((state, place))
            state = cold = None
    if state is not None:
        found.append((state, None))
    theirs = sorted((START + timedelta(minutes=10 * since)).isoformat() + "+08:00" for since, _ in found)
    assert sorted(frame["since"]) == theirs
    assert int((frame["state"] == "open").sum()) == sum(end is None for _, end in found)
    assert np.all(frame["lowest_c"] < 18.0)
