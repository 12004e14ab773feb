"""Layers, dates, places, merging: which pack decides which field, and why the others do not."""

from __future__ import annotations

from datetime import date

import pytest
from citymains.errors import InputError, NotFoundError
from citymains.plugins.records import RulePackRecord
from citymains.rules.book import RuleBook
from hypothesis import given
from hypothesis import strategies as st

from tests.rules.packs import book, pack

ON = date(2026, 11, 22)
KIND = "water_service_pressure"


def test_duties_merge_to_the_strictest_and_definitions_to_the_nearest() -> None:
    zones = "elevation_zones = [{{ zone = 'a', elevation_m = 50, pressure_m = {} }}]"
    rules = book(
        pack("nation", fields="end_pressure_m = 14\npass_rate_percent = 97\n" + zones.format(20)),
        pack("city", "city", "山东省/青岛市", fields="end_pressure_m = 10\npass_rate_percent = 98\n" + zones.format(15)),
    )  # fmt: skip
    resolved = rules.resolve(KIND, jurisdiction="山东省/青岛市/市南区", on=ON)
    end = resolved.fields["end_pressure_m"]
    assert (end.value, end.layer, end.pack) == (14.0, "national", "national/nation@1")
    assert end.overruled == (("city/city@1", 10.0),)
    assert (resolved.fields["pass_rate_percent"].value, resolved.fields["pass_rate_percent"].layer) == (
        98.0,
        "city",
    )
    assert resolved.value("elevation_zones")[0]["pressure_m"] == 15.0
    assert resolved.fields["elevation_zones"].layer == "city"
    assert resolved.applied == ("national/nation@1", "city/city@1")
    assert resolved.fields["end_pressure_m"].text == "Document of nation art. 1 (national)"


def test_of_equal_values_the_nearest_layer_decides() -> None:
    rules = book(
        pack("nation", fields="end_pressure_m = 14"),
        pack("province", "province", "河南省", fields="end_pressure_m = 14"),
    )
    decision = rules.resolve(KIND, jurisdiction="河南省/平顶山市", on=ON).fields["end_pressure_m"]
    assert (decision.layer, decision.overruled) == ("province", ())


def test_every_layer_is_weighed() -> None:
    layers = [
        ("province", "a"), ("city", "a/b"), ("county", "a/b/c"), ("company", ""), ("contract", ""),
    ]  # fmt: skip
    packs = [pack("national", fields="end_pressure_m = 1")]
    for i, (layer, place) in enumerate(layers, 2):
        more = 'holder = "us"\n' if layer in ("company", "contract") else ""
        packs.append(pack(layer, layer, place, more=more, fields=f"end_pressure_m = {i}"))
    rules = book(*packs)
    resolved = rules.resolve(KIND, jurisdiction="a/b/c", on=ON, holders=["us"])
    assert [one.partition("/")[0] for one in resolved.applied] == [
        "national",
        *(layer for layer, _ in layers),
    ]
    assert resolved.value("end_pressure_m") == 6.0
    without = rules.resolve(KIND, jurisdiction="a/b/c", on=ON)
    assert without.value("end_pressure_m") == 4.0
    assert {one.code for one in without.not_applied} == {"RULE_OTHER_HOLDER"}


@pytest.mark.parametrize(
    ("on", "value"),
    [
        (date(2018, 3, 31), 16.0), (date(2018, 4, 1), 18.0), (date(2020, 12, 31), 18.0), (date(2021, 1, 1), None),
    ],
)  # fmt: skip
def test_first_and_last_day_are_in_force(on: date, value: float | None) -> None:
    rules = book(
        pack("old", "city", "a/b", more="effective_to = 2018-03-31\n", fields="end_pressure_m = 16"),
        pack("new", "city", "a/b", more="effective_from = 2018-04-01\neffective_to = 2020-12-31\n", fields="end_pressure_m = 18"),
    )  # fmt: skip
    resolved = rules.resolve(KIND, jurisdiction="a/b", on=on)
    assert resolved.value("end_pressure_m") == value
    codes = {one.pack: one.code for one in resolved.not_applied}
    if value != 16.0:
        assert codes["city/old@1"] == "RULE_NO_LONGER"
    if value == 16.0:
        assert codes["city/new@1"] == "RULE_NOT_YET"
        (other,) = resolved.not_applied
        assert "2018-04-01" in other.reason_en
        assert "2018-04-01" in other.reason_zh


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("山东省/青岛市", None), ("山东省/青岛市/市南区", None), ("山东省", "RULE_NARROWER"), ("", "RULE_ELSEWHERE"),
        ("山东省/青岛市南", "RULE_ELSEWHERE"), ("河南省/青岛市", "RULE_ELSEWHERE"),
    ],
)  # fmt: skip
def test_a_pack_holds_in_its_place_and_all_that_lies_in_it(asked: str, code: str | None) -> None:
    resolved = book(pack("city", "city", "山东省/青岛市", fields="end_pressure_m = 10")).resolve(
        KIND, jurisdiction=asked, on=ON
    )
    assert [one.code for one in resolved.not_applied] == ([code] if code else [])


def test_two_packs_of_one_layer_conflict_only_where_and_when_both_hold() -> None:
    rules = book(
        pack("one", "city", "a/b", fields="end_pressure_m = 10"),
        pack("two", "city", "a/b", more="effective_from = 2026-01-01\n", fields="pass_rate_percent = 97"),
        pack("elsewhere", "city", "a/c", fields="end_pressure_m = 10"),
    )
    with pytest.raises(InputError) as caught:
        rules.resolve(KIND, jurisdiction="a/b", on=ON)
    assert caught.value.code == "RULE_CONFLICT"
    assert "city/one@1, city/two@1" in caught.value.message_en
    assert "city/one@1, city/two@1" in caught.value.message_zh
    assert rules.resolve(KIND, jurisdiction="a/b", on=date(2025, 12, 31)).value("end_pressure_m") == 10.0
    assert rules.resolve(KIND, jurisdiction="a/c", on=ON).value("end_pressure_m") == 10.0


def test_an_invalid_pack_stops_what_it_would_have_decided_and_nothing_else() -> None:
    rules = RuleBook([
        pack("nation", fields="end_pressure_m = 14"),
        pack("broken", "city", "a/b", fields="end_pressure_m = -1"),
        RulePackRecord(name="unreadable", text="name = "),
    ])  # fmt: skip
    with pytest.raises(InputError) as caught:
        rules.resolve(KIND, jurisdiction="a/b", on=ON)
    assert caught.value.code == "RULE_PACK_INVALID"
    assert [one.code for one in caught.value.issues] == ["RULE_PACK_INVALID", "RULE_PACK_VALUE"]
    assert rules.resolve(KIND, jurisdiction="a/c", on=ON).value("end_pressure_m") == 14.0
    assert {one.code for one in rules.issues} == {"RULE_PACK_VALUE", "RULE_PACK_SYNTAX"}


def test_nothing_stated_is_nothing_decided() -> None:
    resolved = RuleBook([]).resolve(KIND, jurisdiction="a", on=ON)
    assert resolved.fields == {}
    required = resolved.evaluate(floors=3, pressure_m=1.0)
    assert set(required) == {"required_pressure_m"}
    assert (required["required_pressure_m"].value, required["required_pressure_m"].article) == (None, "")


def test_wrong_questions_are_refused() -> None:
    rules = RuleBook([])
    with pytest.raises(NotFoundError, match="rule kind"):
        rules.resolve("nonsense", jurisdiction="", on=ON)
    resolved = rules.resolve(KIND, jurisdiction="", on=ON)
    for inputs, code in [
        ({"storeys": 1}, "ARGUMENT_UNKNOWN"),
        ({"floors": 0}, "ARGUMENT_INVALID"),
        ({"pressure_m": float("nan")}, "ARGUMENT_INVALID"),
    ]:
        with pytest.raises(InputError) as caught:
            resolved.evaluate(**inputs)
        assert caught.value.code == code


@given(st.lists(st.floats(0, 200), min_size=2, max_size=3, unique=True), st.permutations(range(3)))
def test_the_order_of_packs_changes_nothing(values: list[float], order: list[int]) -> None:
    layers = [("national", ""), ("province", "a"), ("city", "a/b")]
    packs = [
        pack(layer, layer, place, fields=f"end_pressure_m = {value!r}")
        for (layer, place), value in zip(layers, values, strict=False)
    ]
    shuffled = [packs[i] for i in order if i < len(packs)]
    one, two = (book(*some).resolve(KIND, jurisdiction="a/b", on=ON) for some in (packs, shuffled))
    assert one == two
    assert one.value("end_pressure_m") == max(values)
