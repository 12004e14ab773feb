"""Pricing and settlement: to the cent, explained, never twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from citymains.errors import NotFoundError, PluginError
from citymains.plugins.records import RefundRule
from citymains_heating.refunds.policy import Overlap
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.heating_refunds.conftest import claim, series, user

Settle = Callable[..., Any]


def test_a_statement_explains_every_amount(settle: Settle) -> None:
    report = settle(**claim("U1", "2022-12-05 00:00", "15.99", "2022-12-08 00:00"))
    statement = report.statement("U1")
    frame = statement.frame()
    assert frame["day"].tolist() == ["2022-12-05", "2022-12-06", "2022-12-07"]
    assert frame["amount_yuan"].tolist() == [Decimal("9.50")] * 3
    assert set(frame["rule"]) == {"heat-refund-henan: 14 <= t < 18"}
    assert set(frame["article"]) == {"河南省集中供热管理试行办法(省政府令第183号) 第25-28条"}
    assert frame["temperature_c"].tolist() == [15.99] * 3
    assert frame["arithmetic_en"][0] == "100 m² x 0.19 yuan/(m²·d) x 0.5 = 9.5 yuan"
    assert frame["arithmetic_zh"][0] == "100 m² × 0.19 元/(m²·d) × 0.5 = 9.5 元"
    assert (statement.total_yuan, statement.form, statement.deadline) == (
        Decimal("28.50"),
        "credit",
        date(2023, 5, 15),
    )
    with pytest.raises(NotFoundError):
        report.statement("nobody")


def test_sensors_alone_refund_nothing_in_henan_and_the_statement_says_why(settle: Settle) -> None:
    report = settle(readings=series([17.0] * 120))
    assert report.total_yuan == 0
    considered = report.statement("U1").table("considered")
    assert considered["status"].tolist() == ["clock_not_started"]
    assert considered["days"].tolist() == [120]
    assert "第25-28条" in considered["article"][0]
    assert any(
        one.code == "REFUND_CLOCK_NOT_STARTED" and "request" in one.message_en for one in report.findings
    )


def test_a_company_that_starts_at_the_sensor_refunds_all_but_ten_days(settle: Settle) -> None:
    assert settle(readings=series([17.0] * 120), company=True).total_yuan == Decimal("9.50") * 110


def test_a_totals_days_add_up_to_it_and_it_is_rounded_once(settle: Settle) -> None:
    tariffs = [{"tariff": "T", "price_yuan_per_m2_season": "22.37"}]
    report = settle(
        users=[user(area_m2="87.63")], tariffs=tariffs, readings=series([17.0] * 120), company=True
    )
    exact = Fraction("87.63") * Fraction("22.37") / 120 / 2 * 110
    assert report.total_yuan == round(Decimal(exact.numerator) / Decimal(exact.denominator), 2)
    assert report.frame()["amount_yuan"].sum() == report.total_yuan


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    areas=st.lists(st.decimals(min_value="0.01", max_value=400, places=2), min_size=1, max_size=8),
    days=st.lists(st.sampled_from([13.0, 15.5, 17.99, 18.0, 20.0, None]), min_size=12, max_size=40),
    price=st.decimals(min_value="0.01", max_value=1, places=4),
)
def test_statements_add_up_to_the_batch(
    settle: Settle, areas: list[Decimal], days: list[float | None], price: Decimal
) -> None:
    users = [user(f"U{at}", area_m2=area) for at, area in enumerate(areas)]
    tariffs = [{"tariff": "T", "price_yuan_per_m2_day": price}]
    report = settle(users=users, tariffs=tariffs, readings=series(days), company=True)
    frame, statements = report.frame(), report.table("statements")
    assert sum(statements["amount_yuan"], Decimal(0)) == report.total_yuan
    assert sum(frame["amount_yuan"], Decimal(0)) == report.total_yuan
    assert report.temperature_yuan + report.outage_yuan == report.total_yuan
    for _, row in statements.iterrows():
        ratios = frame.loc[frame["user"] == row["user"], "ratio"]
        exact = Fraction(areas[int(row["user"][1:])]) * Fraction(price) * sum(Fraction(one) for one in ratios)
        cents = (exact * 100 * 2 + 1) // 2
        assert row["amount_yuan"] == Decimal(int(cents)) / 100


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(centi=st.integers(1000, 2100), warmer=st.integers(1, 400))
def test_a_warmer_room_is_never_refunded_more(settle: Settle, centi: int, warmer: int) -> None:
    totals = [
        settle(
            **claim("U1", "2022-12-05 00:00", str(Decimal(value) / 100), "2022-12-08 00:00"),
            jurisdiction=place,
        ).total_yuan
        for place in ("河南省/平顶山市", "山东省/滨州市")
        for value in (centi, centi + warmer)
    ]
    assert totals[0] >= totals[1]
    assert totals[2] >= totals[3]


def test_settling_twice_pays_once(settle: Settle) -> None:
    given = claim("U1", "2022-12-05 00:00", "17", "2022-12-08 00:00")
    first = settle(**given)
    ledger = (
        first.table("settlement")[["key", "due_yuan"]]
        .rename(columns={"due_yuan": "amount_yuan"})
        .to_dict("records")
    )
    second = settle(**given, ledger=ledger)
    assert (first.due_yuan, second.due_yuan, second.total_yuan) == (
        Decimal("28.50"),
        Decimal("0.00"),
        Decimal("28.50"),
    )
    assert second.table("settlement")["form"].tolist() == ["none"]
    longer = settle(**claim("U1", "2022-12-05 00:00", "17", "2022-12-10 00:00"), ledger=ledger)
    assert longer.due_yuan == Decimal("19.00")
    shorter = settle(**claim("U1", "2022-12-05 00:00", "17", "2022-12-07 00:00"), ledger=ledger)
    assert shorter.due_yuan == 0
    assert any(one.code == "REFUND_PAID_MORE_BEFORE" for one in shorter.findings)


def test_the_audit_workbooks_of_earlier_settlements_are_the_ledger(settle: Settle, tmp_path: Path) -> None:
    """28.50 in May, 19 more in June; in July nothing: the second workbook says the total paid so far."""
    may = settle(**claim("U1", "2022-12-05 00:00", "17", "2022-12-08 00:00"))
    may.to_excel(tmp_path / "may.xlsx")
    longer = claim("U1", "2022-12-05 00:00", "17", "2022-12-10 00:00")
    june = settle(**longer, ledger=tmp_path / "may.xlsx")
    assert june.due_yuan == Decimal("19.00")
    june.to_excel(tmp_path / "june.xlsx")
    july = settle(**longer, ledger=tmp_path / "june.xlsx")
    assert july.due_yuan == 0
    both = [*may.table("settlement").to_dict("records"), *june.table("settlement").to_dict("records")]
    kept = [{name: row[name] for name in ("key", "amount_yuan", "earlier_yuan")} for row in both]
    assert settle(**longer, ledger=kept).due_yuan == 0
    still = settle(**claim("U1", "2022-12-05 00:00", "17", "2022-12-11 00:00"), ledger=kept)
    assert still.due_yuan == Decimal("9.50")


def test_tenants_and_users_who_pause_are_paid_in_cash(settle: Settle) -> None:
    users = [user("U1"), user("U2", tenant=True), user("U3", pauses_next_season="是")]
    report = settle(
        users=users, outages=[{"substation": "S1", "start": "2022-12-05 00:00", "end": "2022-12-06 00:00"}]
    )
    assert report.table("settlement").set_index("user")["form"].to_dict() == {
        "U1": "credit",
        "U2": "cash",
        "U3": "cash",
    }
    assert (report.credit_yuan, report.cash_yuan) == (Decimal("19.00"), Decimal("38.00"))


def test_price_and_area_may_change_within_the_season(settle: Settle) -> None:
    tariffs = [
        {"tariff": "T", "price_yuan_per_m2_day": "0.19", "valid_to": "2022-12-05"},
        {"tariff": "T", "price_yuan_per_m2_day": "0.21", "valid_from": "2022-12-06"},
    ]
    users = [user(valid_to="2022-12-06"), user(area_m2="120", valid_from="2022-12-07")]
    report = settle(users=users, tariffs=tariffs, **claim("U1", "2022-12-05 00:00", "17", "2022-12-08 00:00"))
    assert report.frame()["amount_yuan"].tolist() == [Decimal("9.50"), Decimal("10.50"), Decimal("12.60")]


def test_never_more_than_was_paid(settle: Settle) -> None:
    report = settle(
        users=[user(fee_paid_yuan="15.00")], **claim("U1", "2022-12-05 00:00", "17", "2022-12-08 00:00")
    )
    assert report.frame()["amount_yuan"].tolist() == [Decimal("9.50"), Decimal("5.50"), Decimal("0.00")]
    assert report.table("statements")["uncapped_yuan"].tolist() == [Decimal("28.50")]


def test_an_outage_and_a_low_temperature_are_never_both_refunded(
    settle: Settle, policies: Callable[..., Any]
) -> None:
    given = claim("U1", "2022-12-05 00:00", "17", "2022-12-08 00:00")
    stop = [{"substation": "S1", "start": "2022-12-06 00:00", "end": "2022-12-06 12:00"}]
    larger = settle(**given, outages=[{**stop[0], "end": "2022-12-06 18:00"}]).frame()
    assert larger["amount_yuan"].tolist() == [Decimal("9.50"), Decimal("14.25"), Decimal("9.50")]
    assert larger["reason"].tolist() == ["temperature", "outage", "temperature"]
    short = [{**stop[0], "start": "2022-12-06 18:00", "end": "2022-12-07 06:00"}]
    assert settle(**given, outages=short).frame()["reason"].tolist() == ["temperature"] * 3
    first = replace(policies(), overlap=Overlap.OUTAGE_FIRST)
    assert settle(**given, outages=short, policy=first).frame()["reason"].tolist() == [
        "temperature",
        "outage",
        "outage",
    ]


def test_rooms_are_refunded_on_their_own_area(settle: Settle) -> None:
    rooms = [
        {"user": "U1", "room": "bedroom", "area_m2": "14.5"},
        {"user": "U1", "room": "study", "area_m2": "9"},
    ]
    visits = [
        {"user": "U1", "room": "bedroom", "time": "2022-12-05 00:00", "temperature_c": "15"},
        {"user": "U1", "room": "study", "time": "2022-12-05 00:00", "temperature_c": "17"},
        {"user": "U1", "room": "bedroom", "time": "2022-12-07 00:00", "temperature_c": "18"},
        {"user": "U1", "room": "study", "time": "2022-12-06 00:00", "temperature_c": "18"},
    ]
    tianjin = settle(rooms=rooms, measurements=visits, jurisdiction="天津市")
    # 48 h for the bedroom; the study was solved in exactly 24 h, which is not more than 24 h
    assert tianjin.frame()["room"].tolist() == ["bedroom", "bedroom"]
    assert tianjin.total_yuan == Decimal("2.76")  # 2 x 14.5 x 0.19 x 0.5 = 2.755
    qingdao = settle(rooms=rooms, measurements=visits, jurisdiction="山东省/青岛市")
    assert qingdao.total_yuan == Decimal("3.10")  # 2 x 14.5 x 0.19 x 0.5 + 9 x 0.19 x 0.2 = 3.097
    stop = [{"substation": "S1", "start": "2022-12-05 00:00", "end": "2022-12-06 00:00"}]
    both = settle(rooms=rooms, measurements=visits, outages=stop, jurisdiction="山东省/青岛市")
    assert both.total_yuan == Decimal("19.00") + Decimal(
        "1.38"
    )  # the flat's day, then 14.5 x 0.19 x 0.5 = 1.3775


def test_excluded_paused_and_non_residential_users_get_nothing_for_temperature(settle: Settle) -> None:
    users = [
        user("U1"),
        user("U2", exclusions="pump_added"),
        user("U3", paused=True),
        user("U4", kind="other"),
    ]
    given = {"requests": [], "measurements": []}
    for one in users:
        for name, rows in claim(one["user"], "2022-12-05 00:00", "17", "2022-12-08 00:00").items():
            given[name] += rows
    stop = [{"substation": "S1", "start": "2023-01-05 00:00", "end": "2023-01-06 00:00"}]
    report = settle(users=users, **given, outages=stop, jurisdiction="河南省/洛阳市")
    assert report.table("statements").set_index("user")["amount_yuan"].to_dict() == {
        "U1": Decimal("47.50"),
        "U2": Decimal("19.00"),
    }
    assert "第36条" in report.statement("U2").table("considered")["article"][0]


def test_late_refunds_carry_the_late_rate_in_heze(settle: Settle) -> None:
    stop = [{"substation": "S1", "start": "2022-12-05 00:00", "end": "2022-12-07 00:00"}]
    options = {"settle_on": date(2023, 6, 10), "late_rate_per_day": Decimal("0.001")}
    report = settle(outages=stop, jurisdiction="山东省/菏泽市", options=options)
    assert report.table("settlement")["interest_yuan"].tolist() == [Decimal("0.38")]  # 38.00 x 0.001 x 10 d
    unknown = settle(outages=stop, jurisdiction="山东省/菏泽市", options={"settle_on": date(2023, 6, 10)})
    assert any(one.code == "REFUND_LATE_RATE_UNKNOWN" for one in unknown.findings)


def test_an_open_claim_is_counted_to_the_last_evidence(settle: Settle) -> None:
    visits = [{"user": "U1", "time": f"2022-12-{day:02d} 09:00", "temperature_c": "17"} for day in (5, 8)]
    report = settle(
        requests=[{"request": "Q", "user": "U1", "time": "2022-12-05 08:00"}], measurements=visits
    )
    assert report.frame()["day"].tolist() == [f"2022-12-{day:02d}" for day in (5, 6, 7, 8)]
    assert any(one.code == "REFUND_CLAIM_OPEN" for one in report.findings)


def test_half_days_at_the_ends_of_the_season_are_half_days(settle: Settle) -> None:
    given = claim("U1", "2022-11-14 12:00", "17", "2022-11-16 00:00")
    report = settle(season="2022-11-14T12:00/2023-03-15T12:00", jurisdiction="山东省/潍坊市", **given)
    assert report.frame()["amount_yuan"].tolist() == [Decimal("4.75"), Decimal("9.50")]


def _thirds(user: dict[str, Any], days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"day": one["day"], "rule": "thirds", "article": "县办法 第7条", "ratio": "0.3"}
        for one in days
        if one["temperature_c"] is not None and one["temperature_c"] < 17
    ]


def test_a_plugins_rule_decides_where_it_is_chosen(settle: Settle) -> None:
    rule = RefundRule(name="county-thirds", jurisdiction="河南省", refund=_thirds)
    report = settle(readings=series([16.0, 17.5, 16.5]), options={"rule": rule})
    frame = report.frame()
    assert frame["day"].tolist() == ["2022-11-15", "2022-11-17"]
    assert set(frame["article"]) == {"县办法 第7条"}
    assert report.total_yuan == Decimal("11.40")


def test_a_failing_plugin_stops_the_settlement_with_its_name(settle: Settle) -> None:
    def broken(user: Any, days: Any) -> Any:
        raise RuntimeError("no table for this county")

    with pytest.raises(PluginError) as caught:
        settle(
            readings=series([16.0]),
            options={"rule": RefundRule(name="county-broken", jurisdiction="河南省", refund=broken)},
        )
    assert "county-broken" in str(caught.value)
    assert "no table for this county" in str(caught.value)
