"""Room temperatures: the two models, building types, calibration, users and refunds to expect, a plugin's model."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError, PluginError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains.plugins.records import RoomModel
from citymains.workbench import Workbench
from citymains_heating.rooms.buildings import building_types, emissions
from citymains_heating.rooms.models import BUILT_IN, Room, five_resistances, one_capacity
from citymains_heating.utility import Heating
from hypothesis import given, settings
from hypothesis import strategies as st

Build = Callable[..., SourceFile]

MINUTE = 60.0


def room(name: str = "old-medium", emission: str = "air", start_c: float = 18.0) -> Room:
    return Room(start_c=start_c, emission=emissions()[emission], **building_types()[name].values)


def hours_to(model: str, one: Room, outdoor_c: float, limit_c: float) -> float:
    steps = 200 * 60
    found = BUILT_IN[model](one, np.zeros(steps), np.full(steps, outdoor_c), MINUTE)
    return float(np.argmax(found < limit_c)) / 60.0


#: Hours from 18 °C without heat to 16, 12 and 5 °C at -10 °C outside, gains 3.8 W/m2.
ONE_CAPACITY = {
    "old-medium": (2.8, 9.1, 24.0),
    "old-heavy": (4.4, 14.3, 38.0),
    "insulated-medium": (5.3, 17.6, 48.0),
    "insulated-heavy": (8.4, 27.8, 77.0),
}
#: The same by ISO 13790 with all heat put into the air: at -10 °C, then at -20 °C.
FIVE = {
    "old-medium": (0.0, 4.3, 20.0, 0.0, 1.4, 11.0),
    "old-heavy": (0.0, 6.8, 31.0, 0.0, 2.2, 17.0),
    "insulated-medium": (0.5, 13.2, 45.0, 0.0, 7.1, 25.0),
    "insulated-heavy": (0.7, 20.8, 71.0, 0.0, 11.2, 40.0),
}


@pytest.mark.parametrize("name", ONE_CAPACITY)
def test_one_capacity_against_hours_calculated_elsewhere(name: str) -> None:
    found = [hours_to("1r1c", room(name), -10.0, limit) for limit in (16.0, 12.0, 5.0)]
    assert found == pytest.approx(ONE_CAPACITY[name], rel=0.02)


@pytest.mark.parametrize("name", FIVE)
def test_five_resistances_against_hours_calculated_elsewhere(name: str) -> None:
    found = [
        hours_to("5r1c", room(name), out, limit) for out in (-10.0, -20.0) for limit in (16.0, 12.0, 5.0)
    ]
    assert found == pytest.approx(FIVE[name], rel=0.05, abs=0.6)


def test_air_drops_at_once_where_radiators_stop_and_slowly_over_a_warm_floor() -> None:
    def first_drop(emission: str) -> float:
        one = room("old-medium", emission)
        return 18.0 - float(five_resistances(one, np.zeros(2), np.full(2, -10.0), MINUTE)[0])

    assert first_drop("air") == pytest.approx(3.4, abs=0.2)
    assert first_drop("air") > first_drop("radiator") > 1.0
    assert first_drop("floor") < 0.5


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(sorted(BUILT_IN)),
    st.sampled_from(sorted(building_types())),
    st.sampled_from(sorted(emissions())),
    st.floats(-35.0, 12.0),
)
def test_full_supply_holds_the_temperature(model: str, name: str, emission: str, outdoor_c: float) -> None:
    one = room(name, emission, start_c=20.0)
    outdoor = np.full(500, outdoor_c)
    found = BUILT_IN[model](one, one.heat_need_kw(outdoor), outdoor, 600.0)
    assert found == pytest.approx(20.0, abs=1e-6)


def test_the_step_does_not_matter_where_inputs_are_constant() -> None:
    coarse = one_capacity(room(), np.zeros(25), np.full(25, -10.0), 3600.0)
    fine = one_capacity(room(), np.zeros(1441), np.full(1441, -10.0), 60.0)
    assert coarse == pytest.approx(fine[::60], abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(BUILT_IN)), st.floats(0.0, 1.0), st.floats(-30.0, 5.0))
def test_more_heat_is_never_colder(model: str, share: float, outdoor_c: float) -> None:
    one, outdoor = room(start_c=20.0), np.full(300, outdoor_c)
    need = one.heat_need_kw(outdoor)
    less, more = (BUILT_IN[model](one, part * need, outdoor, 600.0) for part in (0.9 * share, share))
    assert (more >= less - 1e-9).all()


# -- the question ------------------------------------------------------------------------------------


def city(place: str = "河南省/平顶山市") -> Heating:
    return Heating(Workbench(jurisdiction=place))


def building(name: str = "B1", **more: Any) -> dict[str, Any]:
    return {"building": name, "substation": "S1", "area_m2": 5000, **more}


def test_without_a_network_heat_stops_everywhere() -> None:
    rows = [
        building("old"),
        building("new", building_type="insulated-heavy"),
        building("own", time_constant_h=60),
    ]
    report = city().rooms(buildings=rows, outdoor_c=-10.0, room_c=18.0, guarantee_c=16.0, hours=24)
    frame = report.frame().set_index("building")
    assert frame.loc["old", "below_after_h"] == pytest.approx(2.8, abs=0.05)
    assert frame.loc["new", "below_after_h"] == pytest.approx(8.4, abs=0.05)
    assert frame.loc["own", "time_constant_h"] == pytest.approx(60.0)
    assert frame.loc["old", "below_h"] == pytest.approx(24 - 2.8, abs=0.2)
    assert (report.building_count, report.below_count) == (3, 3)
    assert report.first_below_h == pytest.approx(2.8, abs=0.05)
    assert (report.article, report.exposure_yuan) == ("", None)
    assert report.table("temperatures")["time_s"].max() == 24 * 3600.0


def test_the_guarantee_is_the_rule_s() -> None:
    report = city().rooms(buildings=[building()], outdoor_c=-5.0)
    assert report.guarantee_c == 18.0
    assert "河南省" in report.article
    assert [one.article for one in report.findings if one.code == "HEAT_ROOM_BELOW"] == [report.article]


def test_users_and_refunds_to_expect() -> None:
    users = [
        {"user": f"U{at}", "substation": "S1", "building": "B1" if at < 3 else "", "area_m2": 100, "price_yuan_per_m2_day": "0.19"}
        for at in range(5)
    ]  # fmt: skip
    rows = [building(), building("B2", area_m2=6000, building_type="insulated-heavy")]
    report = city().rooms(
        buildings=rows,
        users=users,
        outdoor_c=-10.0,
        hours=48,
        start_time=datetime.fromisoformat("2023-01-10T08:00+08:00"),
    )
    frame = report.frame().set_index("building")
    assert frame["users"].to_dict() == {"B1": 3, "B2": 2}
    assert report.affected_users == 5
    assert {one.code for one in report.findings} >= {"HEAT_USERS_BY_LARGEST"}
    # 64 h of the stop lie in the days calculated: 5 x 100 m2 x 0.19 yuan x 64/24, each user rounded once.
    assert report.exposure_outage_yuan == 5 * Decimal("50.67")
    assert report.exposure_yuan == report.exposure_outage_yuan + report.exposure_temperature_yuan
    total = sum(report.table("exposure")["amount_yuan"], Decimal(0))
    assert total == report.exposure_yuan
    assert frame["exposure_yuan"].sum() == report.exposure_yuan


def test_the_weather_is_followed_and_its_gaps_are_refused() -> None:
    start = datetime.fromisoformat("2023-01-10T08:00+08:00")
    weather = [
        {"time": (start + timedelta(hours=at)).replace(tzinfo=None), "temperature_c": -10.0 + at}
        for at in range(-1, 26)
    ]
    report = city().rooms(buildings=[building()], weather=weather, start_time=start, hours=24)
    table = report.table("temperatures")
    assert table["outdoor_c"].iloc[[0, -1]].tolist() == pytest.approx([-10.0, 14.0])
    with pytest.raises(InputError) as caught:
        city().rooms(buildings=[building()], weather=weather, start_time=start, hours=40)
    assert caught.value.issues[0].code == "HEAT_WEATHER_GAP"
    with pytest.raises(InputError) as caught:
        city().rooms(buildings=[building()], hours=24)
    assert (caught.value.issues[0].code, caught.value.issues[0].field) == ("ARGUMENT_MISSING", "outdoor_c")


@pytest.mark.parametrize("model", sorted(BUILT_IN))
def test_a_time_constant_is_found_again_from_a_decay(model: str) -> None:
    start = datetime(2023, 1, 5, 6, 0)
    true = Room(
        start_c=20.5, emission=emissions()["radiator"], **building_types()["old-medium"].values
    ).slower(1.7)
    found = BUILT_IN[model](true, np.zeros(73), np.full(73, -6.0), 600.0)
    readings = [
        {"sensor": "T1", "time": start + timedelta(minutes=10 * at), "temperature_c": round(float(value), 1)}
        for at, value in enumerate([20.5, *found[1:]])
    ]
    readings += [
        {"sensor": "T1", "time": start - timedelta(minutes=10 * at), "temperature_c": 20.5}
        for at in range(1, 7)
    ]
    readings += [
        {"sensor": "T2", "time": start + timedelta(minutes=10 * at), "temperature_c": 20.5}
        for at in range(70)
    ]
    weather = [{"time": start + timedelta(hours=at), "temperature_c": -6.0} for at in range(-2, 20)]
    report = city().rooms(
        buildings=[
            building(sensor="T1"),
            building("B2", sensor="T2"),
            building("B3", building_type="insulated-heavy"),
        ],
        readings=readings,
        outages=[{"substation": "S1", "start": start, "end": start + timedelta(hours=12)}],
        weather=weather,
        outdoor_c=-10.0,
        model=model,
    )
    frame = report.frame().set_index("building")
    assert frame["calibrated"].to_dict() == {"B1": "own", "B2": "type", "B3": "data"}
    assert frame.loc["B1", "time_constant_h"] == pytest.approx(true.time_constant_h, rel=0.02)
    assert frame.loc["B2", "time_constant_h"] == pytest.approx(true.time_constant_h, rel=0.02)
    (fit,) = report.table("calibration").itertuples()
    assert fit.rmse_k < 0.05
    assert [one.value for one in report.findings if one.code == "HEAT_DECAY_SET_ASIDE"] == [1.0]


def test_a_network_s_outage_reaches_the_rooms(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    network = heating.load(build(estate))
    asked: dict[str, Any] = {
        "scenario": Scenario.close(pipes=["一号供-二号供"], start_s=3600.0, end_s=16 * 3600.0),
        "hours": 48,
        "outdoor_c": -8.0,
        "guarantee_c": 18.0,
    }
    rows = [building("甲", substation="一号站"), building("乙", substation="二号供")]
    report = heating.rooms(network, buildings=rows, **asked)
    lowest = report.frame().set_index("building")["lowest_c"]
    assert lowest["甲"] == pytest.approx(20.0, abs=0.3)
    assert lowest["乙"] < 14.0
    cold = report.table("temperatures").set_index("building").loc["乙"]
    assert cold["served"].min() == 0.0
    assert cold["temperature_c"].iloc[-1] > lowest["乙"] + 3.0
    without = heating.rooms(network, **asked).frame()
    assert without["substation"].tolist() == ["一号站", "二号站"]
    assert without["area_m2"].tolist() == pytest.approx([40_000.0 / 35.07] * 2, rel=0.001)
    with pytest.raises(InputError) as caught:
        heating.rooms(network, buildings=[building()], **asked)
    (one,) = caught.value.issues
    assert (one.code, one.line, one.value) == ("HEAT_BUILDING_UNLOCATED", 1, "S1")


def _warm(one: Any, heat_kw: Any, outdoor_c: Any, step_s: float) -> Any:
    return np.full(len(outdoor_c), 17.0 if heat_kw.sum() == 0 else 20.0)


def _short(one: Any, heat_kw: Any, outdoor_c: Any, step_s: float) -> Any:
    return np.zeros(3)


def test_a_plugin_s_model(monkeypatch: pytest.MonkeyPatch) -> None:
    face = city()
    records = {
        "acme": RoomModel(name="acme", temperature_c=_warm),
        "short": RoomModel(name="short", temperature_c=_short),
    }
    monkeypatch.setattr(type(face.workbench.plugins), "select", lambda self, kind, name: records[name])
    report = face.rooms(buildings=[building()], outdoor_c=-10.0, model="acme")
    assert (report.model, report.frame()["lowest_c"].tolist()) == ("acme", [17.0])
    with pytest.raises(PluginError) as caught:
        face.rooms(buildings=[building()], outdoor_c=-10.0, model="short")
    assert "short" in str(caught.value)


def test_what_is_wrong_is_located() -> None:
    rows = [building(area_m2=0), building(building_type="tent"), building("B2", emission="stove")]
    with pytest.raises(InputError) as caught:
        city().rooms(buildings=rows, outdoor_c=-10.0)
    assert {(one.code, one.line) for one in caught.value.issues} == {
        ("REFUND_AREA_NOT_POSITIVE", 1), ("REFUND_VALUE_INVALID", 3),
    }  # fmt: skip
    with pytest.raises(InputError) as caught:
        city().rooms(buildings=[building(), building(building_type="tent")], outdoor_c=-10.0)
    assert {(one.code, one.line) for one in caught.value.issues} == {
        ("HEAT_BUILDING_TWICE", 2), ("HEAT_BUILDING_TYPE_UNKNOWN", 2),
    }  # fmt: skip
    with pytest.raises(InputError) as caught:
        city().rooms(outdoor_c=-10.0)
    assert caught.value.issues[0].field == "buildings"
    for field, value in (
        ("hours", 0),
        ("step_s", 60),
        ("room_c", 50),
        ("outdoor_c", -100),
        ("guarantee_c", 40),
    ):
        with pytest.raises(InputError) as caught:
            city().rooms(buildings=[building()], **{"outdoor_c": -10.0, field: value})
        assert caught.value.issues[0].field == field
