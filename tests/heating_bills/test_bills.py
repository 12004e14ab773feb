"""Bills for heat: prices by area and in two parts, pauses, meters, changes within the season; all adds up."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from citymains.errors import InputError, PluginError
from citymains.plugins.manager import plugin_manager
from citymains.plugins.records import RulePackRecord, Tariff
from citymains.rules.book import RuleBook
from citymains.rules.check import check_rules
from citymains.workbench import Workbench
from citymains_heating.plugin import PACKS
from citymains_heating.utility import Heating
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = sorted(path.stem for path in (PACKS / "heat_tariff").glob("*.toml"))
SEASON = "2022-11-15/2023-03-15"


def account(number: str = "U1", **more: Any) -> dict[str, Any]:
    return {"user": number, "substation": "S1", "area_m2": "100", **more}


def bill(users: list[dict[str, Any]], place: str = "河南省/郑州市", **more: Any) -> Any:
    face = Heating(Workbench(jurisdiction=place))
    return face.bill(season=more.pop("season", SEASON), users=users, **more).result()


def amounts(report: Any) -> dict[str, Decimal]:
    return report.table("accounts").set_index("account")["amount_yuan"].to_dict()


@pytest.mark.parametrize("name", NAMES)
def test_every_case_of_the_pack_passes(name: str) -> None:
    plugin_manager()  # the plugin declares the kind
    record = RulePackRecord(name=name, path=PACKS / "heat_tariff" / f"{name}.toml")
    checked = check_rules(RuleBook([record]))
    assert (checked.failed_count, checked.case_count >= 3) == (0, True), checked.frame().to_string()


def test_the_main_table_and_its_arithmetic() -> None:
    report = bill([account()])
    frame = report.frame()
    assert list(frame.columns[:7]) == [
        "account", "item", "quantity", "unit", "unit_price_yuan", "amount_yuan", "rule",
    ]  # fmt: skip
    assert frame["amount_yuan"].tolist() == [Decimal("2280.00")] == [report.total_yuan]
    assert frame["arithmetic_en"][0] == "100 m2 x 0.19 yuan x 120 d = 2280.00 yuan"
    assert frame["arithmetic_zh"][0] == "100 m2 × 0.19 元 × 120 d = 2280.00 元"
    assert frame["rule"][0] == "heat-tariff-zhengzhou: resident"
    assert report.bill("U1").row_count == 1
    assert report.provenance.rule_packs == ("city/heat-tariff-zhengzhou@1",)


def test_classes_by_kind_and_by_tariff() -> None:
    report = bill([account("R"), account("O", kind="other")])
    assert amounts(report) == {"R": Decimal("2280.00"), "O": Decimal("3360.00")}
    beijing = bill(
        [account("A"), account("B", tariff="resident-boiler"), account("C", tariff="other-outer")], "北京市"
    )
    assert amounts(beijing) == {"A": Decimal("2400.00"), "B": Decimal("3000.00"), "C": Decimal("4300.00")}


def test_two_parts() -> None:
    meters = [
        {"user": "U1", "valid_from": "2022-11-15", "valid_to": "2023-01-14", "heat_kwh": "3500.5"},
        {"user": "U1", "valid_from": "2023-01-15", "valid_to": "2023-03-14", "heat_kwh": "2499.5"},
    ]
    report = bill([account(metered="是")], "北京市", meters=meters)
    assert report.frame()["item"].tolist() == ["basic", "heat", "heat"]
    assert report.frame()["amount_yuan"].tolist() == [
        Decimal("1200.00"), Decimal("560.08"), Decimal("399.92"),
    ]  # fmt: skip
    assert report.total_yuan == Decimal("2160.00")


def test_a_metered_account_without_reading_is_told() -> None:
    report = bill([account(metered=True)], "北京市")
    assert report.total_yuan == Decimal("1200.00")
    assert [(one.code, one.element) for one in report.findings] == [("BILL_METER_MISSING", "U1")]
    assert report.verdict.value == "SUSPECT"


def test_pauses() -> None:
    assert bill([account(paused=True)], "北京市").total_yuan == Decimal("720.00")
    free = bill([account(paused=True, price_yuan_per_m2_season="26.7")], "山东省/济南市")
    assert free.total_yuan == Decimal("0.00")
    unknown = bill([account(paused=True)])
    assert [one.code for one in unknown.findings] == ["BILL_PAUSE_UNKNOWN"]


def test_area_and_price_change_within_the_season() -> None:
    users = [account(valid_to="2022-12-31"), account(area_m2="120", valid_from="2023-01-01")]
    report = bill(users)
    assert report.frame()["amount_yuan"].tolist() == [Decimal("893.00"), Decimal("1664.40")]
    tariffs = [
        {"tariff": "T", "price_yuan_per_m2_day": "0.19", "valid_to": "2022-12-31"},
        {"tariff": "T", "price_yuan_per_m2_day": "0.21", "valid_from": "2023-01-01"},
    ]
    report = bill([account(tariff="T")], tariffs=tariffs)
    assert report.frame()["amount_yuan"].tolist() == [Decimal("893.00"), Decimal("1533.00")]
    half = bill([account(valid_to="2023-01-13", price_yuan_per_m2_season="24")])
    assert half.frame()["arithmetic_en"][0] == "100 m2 x 24 yuan x 60/120 d = 1200.00 yuan"


def test_days_supplied_in_luoyang() -> None:
    late = [
        {"substation": "S1", "start": "2022-11-15 00:00", "end": "2022-11-17 12:00", "kind": "late_start"}
    ]
    report = bill([account(price_yuan_per_m2_day="0.19")], "河南省/洛阳市", season="2022-2023", outages=late)
    assert report.frame()["item"].tolist() == ["area", "not_supplied"]
    assert report.total_yuan == Decimal("2251.50")  # 100 x 0.19 x (121 - 2.5)


def test_a_metered_bill_is_capped_where_a_company_says_so(tmp_path: Path) -> None:
    text = """
name = "cap"
kind = "heat_tariff"
version = "1"
layer = "company"
holder = "heat-co"
document = "示范"
article = "9"
confidence = "W"
[fields]
metered_cap = true
[[case]]
inputs = { heat_kwh = 100000 }
expected = { amount_yuan = 2400 }
"""
    (tmp_path / "cap.toml").write_text(text, encoding="utf-8")
    face = Heating(Workbench(jurisdiction="北京市", rule_files=[tmp_path / "cap.toml"], holders=["heat-co"]))
    meters = [{"user": "U1", "valid_from": "2022-11-15", "valid_to": "2023-03-14", "heat_kwh": "10000"}]
    report = face.bill(season=SEASON, users=[account(metered=True)], meters=meters).result()
    assert report.frame()["item"].tolist() == ["basic", "heat", "cap"]
    assert report.frame()["amount_yuan"].tolist()[-1] == Decimal("-400.00")
    assert report.total_yuan == Decimal("2400.00")


def test_a_basic_part_above_the_province_s_limit_is_told() -> None:
    tariffs = [{"tariff": "T", "price_yuan_per_m2_season": "26", "basic_yuan_per_m2_season": "7.81"}]
    report = bill([account(tariff="T")], "山东省/济南市", tariffs=tariffs)
    (told,) = report.findings
    assert (told.code, told.limit) == ("BILL_BASIC_SHARE", 30.0)
    assert "第23条" in told.article
    tariffs[0]["basic_yuan_per_m2_season"] = "7.80"
    assert bill([account(tariff="T")], "山东省/济南市", tariffs=tariffs).findings == ()


def test_a_missing_price_is_located_and_nothing_is_billed() -> None:
    with pytest.raises(InputError) as caught:
        bill([account(), account("U2")], "山西省/太原市")
    assert [(one.code, one.line, one.element) for one in caught.value.issues] == [
        ("BILL_PRICE_MISSING", 1, "U1"), ("BILL_PRICE_MISSING", 2, "U2"),
    ]  # fmt: skip
    with pytest.raises(InputError) as caught:
        bill([account(area_m2="0")])
    assert caught.value.issues[0].code == "REFUND_AREA_NOT_POSITIVE"
    with pytest.raises(InputError) as caught:
        bill([account(), account()])
    assert caught.value.issues[0].code == "REFUND_USER_TWICE"


def _double(person: Any, used: Any, period: str) -> list[dict[str, Any]]:
    return [
        {
            "item": "flat",
            "quantity": person["area_m2"],
            "unit": "m2",
            "unit_price_yuan": "0.4",
            "rule": "县规定",
        }
    ]


def _broken(person: Any, used: Any, period: str) -> list[dict[str, Any]]:
    raise RuntimeError("no table")


def test_a_plugins_tariff_charges_where_it_is_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    face = Heating(Workbench(jurisdiction="河南省/郑州市"))
    records = {"county": Tariff(name="county", utility="heating", jurisdiction="河南省", compute=_double),
               "broken": Tariff(name="broken", utility="heating", jurisdiction="河南省", compute=_broken)}  # fmt: skip
    monkeypatch.setattr(
        type(face.workbench.plugins), "select", lambda self, kind, name: records[name], raising=True
    )
    report = face.bill(season=SEASON, users=[account()], tariff="county").result()
    assert (report.total_yuan, report.tariff) == (Decimal("40.00"), "county")
    with pytest.raises(PluginError) as caught:
        face.bill(season=SEASON, users=[account()], tariff="broken").result()
    assert "broken" in str(caught.value)
    assert "no table" in str(caught.value)


@settings(max_examples=25, deadline=None)
@given(
    areas=st.lists(st.decimals(min_value="0.01", max_value=400, places=2), min_size=1, max_size=12),
    price=st.decimals(min_value="0.01", max_value=60, places=3),
)
def test_items_accounts_and_total_add_up(areas: list[Decimal], price: Decimal) -> None:
    users = [account(f"U{at}", area_m2=area, price_yuan_per_m2_season=price) for at, area in enumerate(areas)]
    report = bill(users)
    frame = report.frame()
    assert sum(frame["amount_yuan"], Decimal(0)) == report.total_yuan
    assert sum(report.table("accounts")["amount_yuan"], Decimal(0)) == report.total_yuan
    assert sum(report.table("by_item")["amount_yuan"], Decimal(0)) == report.total_yuan
    for area, amount in zip(areas, frame["amount_yuan"], strict=True):
        assert amount == (area * price).quantize(Decimal("0.01"), rounding="ROUND_HALF_UP")


def test_excel_and_equality(tmp_path: Path) -> None:
    one, other = bill([account()]), bill([account()])
    assert one == other
    one.to_excel(tmp_path / "账单.xlsx")
    sheets = pd.read_excel(tmp_path / "账单.xlsx", sheet_name=None)
    assert any("U1" in sheet.to_string() and "2280" in sheet.to_string() for sheet in sheets.values())
