"""What a user is sent: every amount with its article, in both languages, and from the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from citymains.errors import NotFoundError
from citymains_heating.plugin import citymains_commands
from citymains_heating.refunds.command import statement
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.statement import statement_text
from typer.testing import CliRunner

from tests.heating_refunds.conftest import claim, user


@pytest.fixture
def report(settle: Callable[..., Any]) -> RefundReport:
    """U1: two cold days and a stop; U2: too short; both of one substation."""
    asked = claim("U1", "2022-12-05 09:00", "17.999", "2022-12-07 09:00")
    short = claim("U2", "2022-12-05 09:00", "13", "2022-12-05 12:00")
    return settle(
        users=[user("U1", tenant=True), user("U2")],
        requests=asked["requests"] + short["requests"],
        measurements=asked["measurements"] + short["measurements"],
        outages=[{"substation": "S1", "start": "2023-01-05 06:00", "end": "2023-01-05 18:00"}],
    )


def test_every_day_has_its_article_and_arithmetic_and_the_total_is_said(report: RefundReport) -> None:
    text = statement_text(report, "U1")
    assert "2022-12-05  17.999 ℃  室温 14 ≤ t < 18 ℃  9.50 元" in text
    assert "2023-01-05  停热满 12 小时  9.50 元" in text
    assert text.count("河南省集中供热管理试行办法(省政府令第183号) 第25-28条;100 m² × 0.19 元/(m²·d)") == 3
    assert "合计 28.50 元" in text
    assert "应退 28.50 元:退现金,2023-05-15 前" in text


def test_it_says_what_was_not_applied_and_why(report: RefundReport) -> None:
    text = statement_text(report, "U2", chinese=False)
    assert "Total 9.50 yuan" in text
    assert "below the guarantee, but not for long enough (1 days)" in text
    assert "credited to the next season's fee by 2023-05-15" in text


def test_a_user_who_is_not_in_it_is_told(report: RefundReport) -> None:
    with pytest.raises(NotFoundError):
        statement_text(report, "U9")


def test_the_command_prints_it_from_a_kept_answer(
    report: RefundReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import typer

    monkeypatch.setenv("CITYMAINS_LANG", "zh")
    kept = tmp_path / "settled.json"
    asked = replace(report, provenance=replace(report.provenance, question="heating.refunds"))
    kept.write_text(asked.to_json(), encoding="utf-8")
    app = typer.Typer()
    app.command()(statement)
    printed = CliRunner().invoke(app, [str(kept), "U1", "--out", str(tmp_path / "U1.xlsx")])
    assert printed.exit_code == 0, printed.output
    assert "合计 28.50 元" in printed.output
    assert (tmp_path / "U1.xlsx").stat().st_size > 0
    (record,) = citymains_commands()
    assert record.command == "citymains_heating.refunds.command:statement"


def test_words_stand_beside_codes_in_the_tables(report: RefundReport) -> None:
    assert set(report.table("days")["reason_zh"]) == {"不达标", "停热", "不达标时长不足"}
    paid = report.table("settlement").set_index("user")["payment_zh"]
    assert dict(paid) == {"U1": "退现金", "U2": "抵扣下一采暖季热费"}
