"""The schema of packs: everything wrong is told at once, with its line, in both languages."""

from __future__ import annotations

import pytest
from citymains.plugins.records import RulePackRecord
from citymains.rules.lines import line_of
from citymains.rules.pack import PackReader

from tests.rules.packs import CASE, HEAD, pack

GOOD = (
    HEAD.format(name="a", layer="city", jurisdiction="甲/乙") + "\n[fields]\nend_pressure_m = 10.0\n" + CASE
)


def read(text: str) -> PackReader:
    return PackReader(RulePackRecord(name="a", text=text))


def test_a_good_pack_is_read() -> None:
    reader = read(GOOD)
    assert reader.issues == []
    assert reader.pack is not None
    assert reader.pack.id == "city/a@1"
    assert reader.pack.values == {"end_pressure_m": 10.0}
    assert reader.pack.jurisdictions == ("甲/乙",)


def test_a_field_may_stand_in_another_document() -> None:
    reader = read(GOOD.replace("= 10.0", '= { value = 10.0, document = "Another", confidence = "W" }'))
    assert reader.pack is not None
    source = reader.pack.source_of("end_pressure_m")
    assert (source.document, source.article, source.confidence) == ("Another", "", "W")
    assert reader.pack.source_of("pass_rate_percent") == reader.pack.source


WRONG = {
    "syntax": (GOOD.replace('version = "1"', "version = "), "RULE_PACK_SYNTAX", 3),
    "unknown kind": (GOOD.replace("water_service_pressure", "water_pressure"), "RULE_PACK_VALUE", 2),
    "another name": (GOOD.replace('name = "a"', 'name = "b"'), "RULE_PACK_VALUE", 1),
    "no version": (GOOD.replace('version = "1"\n', ""), "RULE_PACK_MISSING", None),
    "empty version": (GOOD.replace('version = "1"', 'version = ""'), "RULE_PACK_VALUE", 3),
    "version that is no text": (GOOD.replace('version = "1"', "version = 1"), "RULE_PACK_VALUE", 3),
    "unknown layer": (GOOD.replace('"city"', '"town"'), "RULE_PACK_VALUE", 4),
    "city without a place": (GOOD.replace("甲/乙", ""), "RULE_PACK_MISSING", 5),
    "nation with a place": (GOOD.replace('"city"', '"national"'), "RULE_PACK_VALUE", 5),
    "place with an empty part": (GOOD.replace("甲/乙", "甲//乙"), "RULE_PACK_VALUE", 5),
    "company without a holder": (GOOD.replace('"city"', '"company"'), "RULE_PACK_MISSING", None),
    "city with a holder": (GOOD.replace("document", 'holder = "x"\ndocument', 1), "RULE_PACK_VALUE", 6),
    "from memory": (GOOD.replace('"P"', '"memory"'), "RULE_PACK_CONFIDENCE", 8),
    "M for memory": (GOOD.replace('"P"', '"M"'), "RULE_PACK_CONFIDENCE", 8),
    "unknown confidence": (GOOD.replace('"P"', '"high"'), "RULE_PACK_VALUE", 8),
    "field from memory": (GOOD.replace("= 10.0", '= { value = 10.0, confidence = "M" }'), "RULE_PACK_CONFIDENCE", 11),
    "no confidence": (GOOD.replace('confidence = "P"\n', ""), "RULE_PACK_MISSING", None),
    "unknown key": (GOOD.replace("article", "artikel"), "RULE_PACK_UNKNOWN", 7),
    "unknown field": (GOOD.replace("end_pressure_m", "end_pressure_kpa"), "RULE_PACK_UNKNOWN", 11),
    "text for a number": (GOOD.replace("= 10.0", '= "10 m"'), "RULE_PACK_VALUE", 11),
    "not finite": (GOOD.replace("= 10.0", "= inf"), "RULE_PACK_VALUE", 11),
    "out of range": (GOOD.replace("= 10.0", "= 14000.0"), "RULE_PACK_VALUE", 11),
    "field table without value": (GOOD.replace("= 10.0", '= { document = "x" }'), "RULE_PACK_MISSING", 11),
    "table with a wrong column": (GOOD.replace("end_pressure_m = 10.0", "elevation_zones = [{ zone = 'a' }]"), "RULE_PACK_VALUE", 11),
    "dates the wrong way round": (
        GOOD.replace("document", "effective_from = 2020-01-01\neffective_to = 2019-12-31\ndocument", 1), "RULE_PACK_VALUE", 7),
    "time for a date": (GOOD.replace("document", "effective_from = 2020-01-01T00:00:00Z\ndocument", 1), "RULE_PACK_VALUE", 6),
    "no case": (GOOD.replace(CASE, ""), "RULE_PACK_MISSING", None),
    "case with an unknown input": (GOOD.replace("inputs = {}", "inputs = { storeys = 2 }"), "RULE_PACK_UNKNOWN", 15),
    "case with a wrong input": (GOOD.replace("inputs = {}", "inputs = { floors = 1.5 }"), "RULE_PACK_VALUE", 15),
    "case that expects nothing": (GOOD.replace("{ required_pressure_m = 1.0 }", "{}"), "RULE_PACK_VALUE", 13),
    "case that expects what there is not": (GOOD.replace("required_pressure_m =", "required_kpa ="), "RULE_PACK_UNKNOWN", 16),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG)
def test_what_is_wrong_is_told_with_its_line(fault: str) -> None:
    text, code, line = WRONG[fault]
    reader = read(text)
    assert reader.pack is None
    told = {one.code: one for one in reader.issues}
    assert code in told, reader.issues
    one = told[code]
    assert one.line == line
    assert one.file == "a.toml"
    assert one.message_en != one.message_zh != ""
    assert one.fix_en
    assert one.fix_zh
    assert "?" not in one.message_en, one.message_en


def test_all_issues_are_told_at_once() -> None:
    text = (
        GOOD.replace('"P"', '"M"')
        .replace("= 10.0", "= -1")
        .replace("article", "artikel")
        .replace("inputs = {}", "inputs = { x = 1 }")
    )
    assert sorted(one.code for one in read(text).issues) == [
        "RULE_PACK_CONFIDENCE", "RULE_PACK_UNKNOWN", "RULE_PACK_UNKNOWN", "RULE_PACK_VALUE",
    ]  # fmt: skip


def test_a_pack_that_cannot_be_read_is_told() -> None:
    reader = PackReader(RulePackRecord(name="a", path="nowhere/a.toml"))
    assert [one.code for one in reader.issues] == ["RULE_PACK_SYNTAX"]
    assert reader.issues[0].file == "a.toml"
    assert PackReader(RulePackRecord(name="a", text="\x00")).issues[0].code == "RULE_PACK_SYNTAX"


def test_lines_of_nested_keys() -> None:
    text = 'a = 1\n[fields.x]\nvalue = 2\n[[case]]\n"t" = 1\n[[case]]\ninputs = { y = 1 }\n'
    assert line_of(text, "a") == 1
    assert line_of(text, "fields.x.value") == 3
    assert line_of(text, "case[0].t") == 5
    assert line_of(text, "case[1].inputs.y") == 7
    assert line_of(text, "case[1].expected") == 6
    assert line_of(text, "nowhere") is None


def test_the_layer_of_a_pack_orders_it() -> None:
    readers = [
        PackReader(pack(layer, layer, place, fields="end_pressure_m = 1"))
        for layer, place in (("national", ""), ("city", "a"))
    ]
    layers = [reader.pack.layer for reader in readers if reader.pack]
    assert layers == sorted(layers)
    assert [layer.text for layer in layers] == ["national", "city"]
