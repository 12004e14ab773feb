"""Bad input is refused where it is wrong, and nothing is settled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from citymains.errors import InputError
from citymains_heating.refunds.datasets import DATASETS
from citymains_heating.refunds.stored import write_templates
from citymains_heating.refunds.tabular import read_dataset

from tests.heating_refunds.conftest import user

Settle = Callable[..., Any]


def refused(settle: Settle, **datasets: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        settle(**datasets)
    return caught.value


@pytest.mark.parametrize("field", ["temperature", "temp", "value", "温度"])
def test_readings_without_a_unit(settle: Settle, field: str) -> None:
    (one,) = refused(settle, readings=[{"sensor": "R1", "time": "2022-12-01 00:00", field: 17.0}]).issues
    assert (one.code, one.field, one.section) == ("REFUND_READING_UNIT_MISSING", field, "readings")


def test_a_reading_with_an_empty_unit(settle: Settle) -> None:
    rows = [
        {"sensor": "R1", "time": "2022-12-01 00:00", "temperature_c": 17.0, "unit": unit}
        for unit in ("C", "")
    ]
    (one,) = refused(settle, readings=rows).issues
    assert (one.code, one.line, one.element) == ("REFUND_READING_UNIT_UNKNOWN", 2, "R1")


@pytest.mark.parametrize("area", ["0", "-3.5"])
def test_an_area_that_is_not_positive(settle: Settle, area: str) -> None:
    (one,) = refused(settle, users=[user("U1"), user("U2", area_m2=area)]).issues
    assert (one.code, one.line, one.element, one.field) == ("REFUND_AREA_NOT_POSITIVE", 2, "U2", "area_m2")


def test_a_user_without_a_substation(settle: Settle) -> None:
    (one,) = refused(settle, users=[user("U1"), {**user("U2"), "substation": None}]).issues
    assert (one.code, one.line, one.element) == ("REFUND_USER_WITHOUT_SUBSTATION", 2, "U2")


def test_overlapping_outages(settle: Settle) -> None:
    stops = [("2022-12-01 00:00", "2022-12-02 00:00"), ("2022-12-01 23:59", "2022-12-03 00:00")]
    (one,) = refused(settle, outages=[{"substation": "S1", "start": a, "end": b} for a, b in stops]).issues
    assert (one.code, one.line, one.element) == ("REFUND_OUTAGE_OVERLAP", 2, "S1")


def test_outages_that_touch_do_not_overlap(settle: Settle) -> None:
    stops = [("2022-12-01 00:00", "2022-12-02 00:00"), ("2022-12-02 00:00", "2022-12-03 00:00")]
    assert (
        str(settle(outages=[{"substation": "S1", "start": a, "end": b} for a, b in stops]).total_yuan)
        == "38.00"
    )


def test_an_outage_that_ends_before_it_begins(settle: Settle) -> None:
    (one,) = refused(
        settle, outages=[{"substation": "S1", "start": "2022-12-02 00:00", "end": "2022-12-01 00:00"}]
    ).issues
    assert one.code == "REFUND_OUTAGE_REVERSED"


@pytest.mark.parametrize(("season", "code"), [
    ("2023-03-15/2022-11-15", "REFUND_SEASON_REVERSED"), ("2022-11-15/2022-11-15", "REFUND_SEASON_REVERSED"),
    ("2022-13-15/2023-03-15", "REFUND_SEASON_INVALID"),
])  # fmt: skip
def test_season_dates(settle: Settle, policies: Callable[..., Any], season: str, code: str) -> None:
    (one,) = refused(settle, season=season, policy=policies()).issues
    assert one.code == code


def test_everything_wrong_is_told_at_once(settle: Settle) -> None:
    error = refused(
        settle,
        users=[user("U1", tariff="X"), user("U1")],
        outages=[{"substation": "S9", "start": "2022-12-01 00:00", "end": "2022-12-01 24:00"}],
        requests=[{"request": "Q", "user": "U9", "time": "2022-12-01 00:00"}],
    )
    codes = {one.code for one in error.issues}
    assert codes == {
        "REFUND_USER_TWICE",
        "REFUND_TARIFF_UNKNOWN",
        "REFUND_SUBSTATION_UNKNOWN",
        "REFUND_USER_UNKNOWN",
    }
    assert all(one.message_zh and one.fix_zh for one in error.issues)


def test_prices_with_a_gap_and_an_overlap(settle: Settle) -> None:
    tariffs = [{"tariff": "T", "price_yuan_per_m2_day": "0.19", "valid_to": "2022-12-01"},
               {"tariff": "T", "price_yuan_per_m2_day": "0.2", "valid_from": "2022-12-03"}]  # fmt: skip
    assert [one.code for one in refused(settle, tariffs=tariffs).issues] == ["REFUND_TARIFF_GAP"]
    tariffs[1]["valid_from"] = "2022-12-01"
    assert [one.code for one in refused(settle, tariffs=tariffs).issues] == ["REFUND_TARIFF_OVERLAP"]


def test_a_csv_is_located_by_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "users.csv"
    path.write_text(
        "户号,换热站,面积,价格类别\nU1,S1,100,T\nU2,S1,八十,T\nU3,S1,90.12,T\n", encoding="gb18030"
    )
    users = read_dataset("users", path)
    (one,) = users.issues
    assert (one.file, one.line, one.field, one.value) == ("users.csv", 3, "area_m2", "八十")
    assert users["user"].tolist() == ["U1", "U2", "U3"]


def test_a_missing_file_and_a_missing_column(settle: Settle, tmp_path: Path) -> None:
    (one,) = refused(settle, users=tmp_path / "none.csv").issues
    assert one.code == "FILE_NOT_FOUND"
    (one,) = refused(settle, users=[{"user": "U1", "tariff": "T", "area_m2": 1}]).issues
    assert (one.code, one.field) == ("REFUND_COLUMN_MISSING", "substation")


def test_templates_read_back_as_empty_datasets(tmp_path: Path) -> None:
    written = write_templates(tmp_path)
    assert {path.name for path in written} == {*(f"{name}.csv" for name in DATASETS), "refunds.xlsx"}
    for name in DATASETS:
        for source in (tmp_path / f"{name}.csv", tmp_path / "refunds.xlsx"):
            dataset = read_dataset(name, source)
            assert (dataset.rows, dataset.issues) == (0, []), (name, source)
