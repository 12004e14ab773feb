"""The shipped packs prove themselves; a pack that does not is told."""

from __future__ import annotations

import pytest
from citymains.model.finding import Verdict
from citymains.plugins.manager import plugin_manager
from citymains.plugins.records import RulePackRecord
from citymains.rules.book import RuleBook
from citymains.rules.check import check_rules

from tests.rules.packs import pack


def test_every_shipped_pack_is_valid_and_every_case_passes() -> None:
    book = RuleBook(plugin_manager().rule_packs())
    report = check_rules(book)
    assert book.issues == ()
    assert report.failed_count == 0
    assert report.verdict is Verdict.VALID
    assert report.case_count >= 5
    assert report.frame()["passed"].all()
    assert {one.source_of(name).confidence for one in book.packs for name in one.values} <= {"P", "W"}


def test_failing_cases_and_invalid_packs_reject() -> None:
    case = '[[case]]\ntitle = "{}"\ninputs = {{ pressure_m = {} }}\nexpected = {{ required_pressure_m = {}, met = {} }}\n'
    cases = (
        case.format("passes", 14.0, 14.0, "true")
        + case.format("fails", 13.9, 14.0, "true")
        + case.format("wrong number", 15.0, 14.1, "true")
    )
    report = check_rules(RuleBook([
        pack("nation", fields="end_pressure_m = 14.0", tail=cases),
        RulePackRecord(name="broken", text='name = "broken"\nkind = "nonsense"'),
    ]))  # fmt: skip
    frame = report.frame().set_index("case")
    assert report.verdict is Verdict.REJECTED
    assert frame.loc[["passes", "fails", "wrong number"], "passed"].tolist() == [True, False, False]
    assert frame.loc["fails", "reason"] == "differs in met"
    assert frame.loc["wrong number", "found"] == "met = True, required_pressure_m = 14.0"
    assert "broken.toml:2" in frame.loc["kind", "reason"]
    assert report.pack_count == 2
    assert report.case_count == 3
    assert {one.code for one in report.findings} == {"RULE_CASE_FAILED", "RULE_PACK_REFUSED"}
    assert all(one.message_en and one.message_zh for one in report.findings)


@pytest.mark.parametrize(
    ("floors", "head_m", "field"),
    [
        (None, 14.0, "end"),
        (1, 14.0, "end"),
        (2, 14.0, "end"),
        (3, 16.0, "floors"),
        (6, 28.0, "floors"),
        (7, 32.0, "floors"),
    ],
)
def test_service_head_by_floors(floors: int | None, head_m: float, field: str) -> None:
    from datetime import date

    rules = RuleBook(plugin_manager().rule_packs()).resolve(
        "water_service_pressure", jurisdiction="河南省/平顶山市", on=date(2026, 1, 1)
    )
    required = rules.evaluate(floors=floors)["required_pressure_m"]
    assert required.value == head_m
    assert ("CJ/T 316" in required.article) == (field == "end")
    assert required.article.endswith("(national)")
