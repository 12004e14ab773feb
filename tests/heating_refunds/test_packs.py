"""Every shipped rule pack proves itself; broken packs are refused where they are wrong."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from citymains.errors import InputError
from citymains.plugins.records import RulePackRecord
from citymains.rules.book import RuleBook
from citymains.rules.check import check_rules
from citymains_heating.refunds.packs import PACKS, resolve_policy, rule_packs, shipped_book
from citymains_heating.refunds.policy import ClockStart
from citymains_heating.refunds.season import parse_season, season_of

NAMES = sorted(path.stem for path in PACKS.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_every_case_of_the_pack_passes(name: str) -> None:
    book = RuleBook([record for record in rule_packs() if record.name == name])
    checked = check_rules(book)
    failed = checked.frame().loc[lambda frame: ~frame["passed"]]
    assert failed.empty, failed[["case", "expected", "found", "reason"]].to_string()
    assert checked.case_count >= 9


@pytest.mark.parametrize("name", NAMES)
def test_every_article_of_the_pack_has_three_cases(name: str) -> None:
    (pack,) = RuleBook([record for record in rule_packs() if record.name == name]).packs
    counted = Counter(re.match(r"\[([^\]]+)\]", case.title)[1] for case in pack.cases)  # type: ignore[index]
    articles = {pack.source.article} | {source.article for source in pack.sources.values()}
    assert {article: counted[article] for article in articles if counted[article] < 3} == {}


def test_no_pack_is_from_memory_and_every_one_names_its_document() -> None:
    for pack in shipped_book().packs:
        assert pack.source.confidence in ("P", "W")
        assert pack.source.document
        assert pack.source.article


def test_a_pack_with_a_wrong_expectation_fails_its_check() -> None:
    text = (
        (PACKS / "heat-refund-henan.toml")
        .read_text(encoding="utf-8")
        .replace("ratio = 0.5, tie_break", "ratio = 0.4, tie_break", 1)
    )
    assert check_rules(RuleBook([RulePackRecord(name="heat-refund-henan", text=text)])).failed_count > 0


@pytest.mark.parametrize(
    ("place", "on", "name", "guarantee"),
    [
        ("河南省/平顶山市", "2022-11-15", "heat-refund-henan", "18"),
        ("河南省/南阳市", "2022-11-15", "heat-refund-henan", "18"),
        ("河南省/郑州市/新密市", "2022-11-15", "heat-refund-henan", "18"),
        ("河南省/洛阳市", "2022-11-15", "heat-refund-luoyang", "18"),
        ("山东省/潍坊市", "2019-11-14", "heat-refund-weifang-former", "16"),
        ("山东省/潍坊市", "2021-11-14", "heat-refund-weifang-2021", "18"),
        ("黑龙江省/哈尔滨市", "2020-10-20", "heat-refund-heilongjiang-2012", "18"),
        ("黑龙江省/哈尔滨市", "2022-10-20", "heat-refund-heilongjiang-2021", "20"),
        ("黑龙江省/绥化市/绥棱县", "2022-10-20", "heat-refund-suileng", "20"),
    ],
)
def test_place_and_date_decide(
    policies: Callable[..., Any], place: str, on: str, name: str, guarantee: str
) -> None:
    found = policies(place, on)
    assert (found.name, found.guarantee_c) == (name, Decimal(guarantee))


def test_a_place_without_rule_is_told(policies: Callable[..., Any]) -> None:
    with pytest.raises(InputError) as caught:
        policies("山西省/太原市")
    assert caught.value.issues[0].code == "REFUND_RULE_MISSING"


def test_a_company_overrides_one_field_and_the_rest_stays(policies: Callable[..., Any]) -> None:
    plain, own = policies(), policies(company=True)
    assert plain.clock.start is ClockStart.REQUEST
    assert own.clock.start is ClockStart.SENSOR
    assert own.bands == plain.bands
    assert own.deciders["clock_start"] == "company/company-sensor@1"
    assert own.deciders["bands"] == "province/heat-refund-henan@1"
    assert "示范热力公司退费办法" in own.clock.article
    assert "省政府令第183号" in own.article


def test_the_citys_own_rule_does_not_inherit_the_provinces_excluded_days(
    policies: Callable[..., Any],
) -> None:
    assert policies("河南省/洛阳市").clock.exclude_first_days == 0


@pytest.mark.parametrize(
    ("place", "season", "days"),
    [
        ("河南省/平顶山市", "2022-2023", "120"), ("河南省/平顶山市", "2023-2024", "121"), ("河南省/洛阳市", "2022-2023", "121"),
        ("河南省/洛阳市", "2023-2024", "122"), ("山东省/青岛市", "2022-2023", "141"), ("山东省/青岛市", "2023-2024", "142"),
        ("山东省/潍坊市", "2022-2023", "121"), ("山东省/潍坊市", "2023-2024", "122"), ("天津市", "2022-2023", "136"),
        ("天津市", "2023-2024", "137"), ("辽宁省/沈阳市", "2010-2011", "151"),
    ],
)  # fmt: skip
def test_seasons_have_their_days_in_common_and_leap_years(
    policies: Callable[..., Any], place: str, season: str, days: str
) -> None:
    found = policies(place, f"{season[:4]}-11-01")
    assert str(season_of(season, found).length_days) == days


def test_half_day_ends_count_half() -> None:
    minutes = parse_season("2022-11-14T12:00/2023-03-15T12:00").minutes
    assert (minutes[0], minutes[1], minutes[-1], minutes.sum()) == (720, 1440, 720, 121 * 1440)


def test_the_pack_in_the_documentation_is_valid_and_passes_its_case() -> None:
    page = (Path(__file__).parents[2] / "docs" / "refunds.md").read_text(encoding="utf-8")
    text = re.search(r"```toml\n(.*?)```", page, re.S)[1]  # type: ignore[index]
    checked = check_rules(RuleBook([RulePackRecord(name="our-company", text=text)]))
    assert (checked.failed_count, checked.case_count) == (0, 1)
    wrong = check_rules(
        RuleBook([RulePackRecord(name="our-company", text=text.replace('"sensor"', '"request"'))])
    )
    assert wrong.failed_count == 1


GOOD = (PACKS / "heat-refund-binzhou.toml").read_text(encoding="utf-8")


def refused(text: str, name: str, place: str = "山东省/滨州市") -> InputError:
    with pytest.raises(InputError) as caught:
        resolve_policy(RuleBook([RulePackRecord(name=name, text=text)]), place, date(2022, 11, 15))
    return caught.value


def test_overlapping_bands_without_tie_break_are_refused_on_load() -> None:
    error = refused(GOOD.replace('tie_break = "user_favour"', 'tie_break = ""'), "heat-refund-binzhou")
    found = next(one for one in error.issues if one.field == "fields.bands")
    assert found.line is not None
    assert found.file == "heat-refund-binzhou.toml"
    assert "tie_break" in found.message_en


def test_a_gap_between_bands_is_refused_on_load() -> None:
    error = refused(GOOD.replace("{ lo = 14,", "{ lo = 14.5,"), "heat-refund-binzhou")
    assert "a band at 14" in next(one for one in error.issues if one.field == "fields.bands").message_en


def test_a_pack_without_article_settles_nothing() -> None:
    text = re.sub(r"^article = .*$", "", GOOD, flags=re.M)
    error = refused(text, "heat-refund-binzhou")
    missing = [one for one in error.issues if one.code == "RULE_PACK_ARTICLE"]
    assert {"fields.bands", "fields.outages", "fields.clock_start"} <= {one.field for one in missing}
    assert all(one.file == "heat-refund-binzhou.toml" and one.line for one in missing)
    checked = check_rules(RuleBook([RulePackRecord(name="heat-refund-binzhou", text=text)]))
    assert checked.failed_count >= len(missing)


def test_a_place_whose_rule_is_known_and_not_computable_is_told_what_is_missing(
    policies: Callable[..., Any],
) -> None:
    with pytest.raises(InputError) as caught:
        policies("河北省/石家庄市")
    assert [one.code for one in caught.value.issues] == ["REFUND_RULE_MISSING", "REFUND_RULE_KNOWN"]
    assert "合同" in caught.value.issues[1].message_zh


def test_a_province_that_leaves_the_ratio_to_its_cities_settles_nothing_by_itself(
    policies: Callable[..., Any],
) -> None:
    with pytest.raises(InputError) as caught:
        policies("山东省/淄博市")
    assert [one.code for one in caught.value.issues] == ["REFUND_RULE_MISSING", "REFUND_RULE_KNOWN"]


def test_a_city_whose_rule_is_silent_follows_the_province_and_cites_it(policies: Callable[..., Any]) -> None:
    jinan = policies("山东省/济南市")
    assert jinan.outages[0].article == "山东省供热条例 第20-25条"
    assert jinan.exclusions == {"envelope_below_code": "山东省供热条例 第21条"}
    assert jinan.article.startswith("济南市供热服务规定")
    assert policies("山东省/滨州市").outages[0].article == "滨州市供热条例 第40-42条"


def test_a_pack_from_memory_is_refused() -> None:
    error = refused(GOOD.replace('confidence = "P"', 'confidence = "M"'), "heat-refund-binzhou")
    assert "RULE_PACK_CONFIDENCE" in {one.code for one in error.issues}


def test_two_packs_for_one_place_and_date_are_refused() -> None:
    twin = RulePackRecord(name="twin", text=GOOD.replace("heat-refund-binzhou", "twin"))
    with pytest.raises(InputError) as caught:
        resolve_policy(shipped_book(twin), "山东省/滨州市", date(2022, 11, 15))
    assert caught.value.issues[0].code == "RULE_CONFLICT"
    assert "twin" in caught.value.issues[0].limit


@pytest.mark.parametrize(
    ("celsius", "ratio"), [("16", "0.5"), ("14", "1"), ("16.001", "0.3"), ("13.999", "1"), ("18", None)]
)
def test_overlapping_text_counts_for_the_user(
    policies: Callable[..., Any], celsius: str, ratio: str | None
) -> None:
    band = policies("山东省/菏泽市").band_of(int(Decimal(celsius) * 1000))
    assert (None if band is None else band.ratio) == (None if ratio is None else Decimal(ratio))


def test_bands_answer_for_every_hundredth_below_the_guarantee(policies: Callable[..., Any]) -> None:
    stated = [pack for pack in shipped_book().packs if "bands" in pack.values]
    assert len(stated) == len(NAMES) - 1  # Shandong leaves them to the cities
    for pack in stated:
        place, on = pack.jurisdictions[0], pack.effective_to or date(2023, 11, 15)
        found = replace(policies(place, on.isoformat()))
        ratios = [found.band_of(centi * 10) for centi in range(500, int(found.guarantee_c * 100))]
        assert None not in ratios, pack.name
        values = [band.ratio for band in ratios if band is not None]
        assert values == sorted(values, reverse=True), pack.name
