"""The question as callers ask it: a folder of files, the city's place, the rule found by date."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from citymains.errors import InputError, NotFoundError
from citymains.rules.book import RuleBook
from citymains_heating.refunds.packs import shipped_book
from citymains_heating.refunds.request import RefundRequest, settle_season

from tests.heating_refunds.conftest import user


def settled(bench: Any, season: str, folder: Path, **more: Any) -> Any:
    """The question with the datasets of a folder."""
    return settle_season(bench, RefundRequest(season=season, datasets={}, folder=str(folder), **more))


class Bench:
    """What the question needs of a workbench."""

    holders = ()

    def __init__(self, jurisdiction: str, *, reads_paths: bool = True) -> None:
        self.jurisdiction = jurisdiction
        self.reads_paths = reads_paths
        self.rules: RuleBook = shipped_book()
        self.plugins = self

    def select(self, kind: Any, name: str) -> Any:
        """No plugin rules."""
        raise NotFoundError(field="refund_rules", value=name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pd.DataFrame([user(), user("U2", tenant=True)]).to_parquet(tmp_path / "users.parquet")
    (tmp_path / "tariffs.csv").write_text("价格类别,日单价\nT,0.19\n", encoding="utf-8")
    with pd.ExcelWriter(tmp_path / "refunds.xlsx") as book:
        pd.DataFrame([{"substation": "S1", "start": "2022-12-05 00:00", "end": "2022-12-05 24:00"}]).to_excel(
            book, sheet_name="outages", index=False
        )
    return tmp_path


def test_a_folder_of_parquet_csv_and_excel_settles_the_season(folder: Path) -> None:
    report = settled(Bench("河南省/平顶山市"), "2022-2023", folder)
    assert str(report.total_yuan) == "38.00"
    assert (report.season_start, report.season_end, report.season_days) == (
        "2022-11-15T00:00",
        "2023-03-15T00:00",
        "120",
    )
    assert report.provenance.rule_packs == ("province/heat-refund-henan@1",)
    assert report.verdict.value == "VALID"


def test_the_report_is_canonical_and_writes_excel(folder: Path, tmp_path: Path) -> None:
    bench = Bench("河南省/平顶山市")
    one, other = (settled(bench, "2022-2023", folder) for _ in range(2))
    assert one == other
    one.to_excel(tmp_path / "report.xlsx")
    sheets = pd.read_excel(tmp_path / "report.xlsx", sheet_name=None)
    assert any("U2" in frame.to_string() for frame in sheets.values())


def test_a_rule_that_changes_within_the_season_is_told(folder: Path) -> None:
    report = settled(Bench("山东省/潍坊市"), "2020-2021", folder)
    (told,) = [one for one in report.findings if one.code == "REFUND_RULE_CHANGES"]
    assert "heat-refund-weifang-2021" in told.message_en


def test_a_server_takes_no_paths(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        settled(Bench("河南省/平顶山市", reads_paths=False), "2022-2023", folder)
    assert caught.value.issues[0].code == "PATH_ON_SERVER"


def test_years_alone_need_a_rule_with_dates_and_unknown_rules_are_told(folder: Path) -> None:
    with pytest.raises(InputError) as caught:
        settled(Bench("山东省/泰安市"), "2022-2023", folder)
    assert caught.value.issues[0].code == "REFUND_SEASON_DATES_UNKNOWN"
    with pytest.raises(NotFoundError):
        settled(Bench("河南省/平顶山市"), "2022-2023", folder, rule="nobody")
