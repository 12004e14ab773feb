"""Readings to days: what is doubtful is flagged and counted, never mended or guessed."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from citymains_heating.refunds import decoding
from citymains_heating.refunds import series as series_module
from citymains_heating.refunds.readings import read_sensor_days
from citymains_heating.refunds.season import parse_season

from tests.heating_refunds.conftest import series, user

SEASON = parse_season("2022-11-15/2022-11-25")


def flags(days: Any) -> dict[str, int]:
    return {flag: int(counts.sum()) for flag, counts in days.flags.items() if counts.any()}


def test_days_equal_a_plain_groupby() -> None:
    random_state = np.random.default_rng(3)
    rows = [
        {
            "sensor": f"R{at % 7}",
            "time": datetime(2022, 11, 15) + timedelta(minutes=10 * (at // 7)),
            "temperature_c": round(float(random_state.normal(18, 2)), 2),
        }
        for at in range(7 * 1440)
    ]
    days = read_sensor_days(rows, SEASON)
    frame = pd.DataFrame(rows)
    frame["milli"] = (frame["temperature_c"] * 1000).round().astype("int64")
    frame["day"] = (frame["time"] - pd.Timestamp("2022-11-15")).dt.days
    for (sensor, day), group in frame.groupby(["sensor", "day"]):
        at = (days.sensors.index(sensor), day)
        found = (days.count[at], days.total_milli[at], days.min_milli[at], days.max_milli[at])
        assert found == (len(group), group["milli"].sum(), group["milli"].min(), group["milli"].max())
    assert flags(days) == {}


def test_the_order_of_the_files_rows_does_not_matter_between_sensors() -> None:
    by_sensor = [row for at in range(5) for row in series([17.0 + at, 18.0], f"R{at}")]
    by_time = sorted(by_sensor, key=lambda row: row["time"])
    one, other = read_sensor_days(by_sensor, SEASON), read_sensor_days(by_time, SEASON)
    assert one.sensors == other.sensors
    assert np.array_equal(one.total_milli, other.total_milli)
    assert flags(one) == flags(other) == {}


def test_small_chunks_give_the_same_days(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [row for at in range(6) for row in series([15.0 + at, 16.5, None, 18.25], f"R{at}")]
    whole = read_sensor_days(rows, SEASON)
    path = tmp_path / "readings.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=100)
    for module in (series_module, decoding):
        monkeypatch.setattr(module, "CHUNK_ROWS", 90)
    for source in (rows, path):
        cut = read_sensor_days(source, SEASON)
        assert cut.sensors == whole.sensors
        for name in ("count", "total_milli", "min_milli", "max_milli"):
            assert np.array_equal(getattr(cut, name), getattr(whole, name)), name
        assert flags(cut) == flags(whole)


def test_flags_are_counted_and_the_readings_set_aside() -> None:
    rows = series([17.0, 17.0])
    moment = rows[10]["time"]
    rows.insert(11, {"sensor": "R1", "time": moment, "temperature_c": 17.0})
    rows.insert(20, {"sensor": "R1", "time": rows[19]["time"], "temperature_c": 30.0})
    rows[40]["temperature_c"] = 85.0
    rows[41]["temperature_c"] = -127.0
    rows[42]["temperature_c"] = None
    del rows[60:70]
    rows.append({"sensor": "R1", "time": datetime(2023, 1, 1), "temperature_c": 17.0})
    days = read_sensor_days(rows, SEASON)
    assert flags(days) == {
        "duplicate": 1,
        "conflicting": 2,
        "impossible": 2,
        "missing_value": 1,
        "gap": 2,
        "outside_season": 1,
    }
    assert days.count[0, 0] == 144 - 1 - 2 - 1 - 10
    assert days.readings == len(rows)


def test_a_clock_that_jumps_back_makes_the_day_no_evidence(settle: Callable[..., Any]) -> None:
    rows = series([17.0] * 20)
    back = rows[144 * 10 + 30 :]
    for row in back:
        row["time"] -= timedelta(hours=2, minutes=5)
    days = read_sensor_days(rows, parse_season("2022-11-15/2023-03-15"))
    assert flags(days)["clock_jump"] == 1
    assert np.flatnonzero(days.jumped[0]).tolist() == [10]
    report = settle(readings=rows, company=True)
    assert "2022-11-25" not in report.frame()["day"].tolist()
    assert "2022-11-24" in report.frame()["day"].tolist()


def test_twenty_four_hundred_is_the_next_midnight_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    path.write_text(
        "sensor,time,temperature_c\nR1,2022-11-15 23:50,17.0\nR1,2022-11-15 24:00,17.5\nR1,2022/11/16 0:10,18\nR1,soon,17\n",
        encoding="utf-8",
    )
    days = read_sensor_days(path, SEASON)
    assert flags(days) == {"time_24": 1, "time_unreadable": 1}
    assert days.count[0, :2].tolist() == [1, 2]


def test_moments_with_a_zone_are_put_on_local_days() -> None:
    moments = pa.array(
        [datetime(2022, 11, 15, 15, 50, tzinfo=UTC), datetime(2022, 11, 15, 16, 0, tzinfo=UTC)],
        pa.timestamp("us", tz="UTC"),
    )
    days = read_sensor_days(
        pa.table({"sensor": ["R1", "R1"], "time": moments, "temperature_c": [17.0, 18.0]}), SEASON
    )
    assert days.count[0, :2].tolist() == [1, 1]


def test_a_gap_is_no_evidence_neither_failing_nor_compliant(settle: Callable[..., Any]) -> None:
    report = settle(readings=series([19.0] * 8 + [17.0, 17.0, None, 17.0, 17.0, 19.0]), company=True)
    assert report.frame()["day"].tolist() == ["2022-11-23", "2022-11-24", "2022-11-26", "2022-11-27"]
    considered = report.table("considered").set_index("status")["days"]
    assert considered["no_evidence"] == 120 - 13


def test_a_gap_that_cuts_a_run_below_48_hours_refunds_neither_part(settle: Callable[..., Any]) -> None:
    report = settle(readings=series([19.0] * 8 + [17.0, None, 17.0, 19.0]), company=True)
    assert report.total_yuan == 0
    assert report.table("days")["status"].tolist() == ["too_short", "too_short"]


def test_a_half_read_day_is_no_evidence(settle: Callable[..., Any]) -> None:
    rows = series([19.0] * 8 + [17.0] * 4 + [19.0])
    rows = [
        row
        for row in rows
        if not (row["time"].date() == datetime(2022, 11, 24).date() and row["time"].hour < 12)
    ]
    report = settle(readings=rows, company=True)
    assert report.frame()["day"].tolist() == ["2022-11-25", "2022-11-26"]
    assert report.table("evidence").set_index("day").loc["2022-11-24", "evident"] == np.False_


@pytest.mark.parametrize(("celsius", "days"), [(17.99, 3), (18.0, 0), (18.01, 0), (17.999, 3)])
def test_the_edge_is_exact_for_the_mean_of_a_day(
    settle: Callable[..., Any], celsius: float, days: int
) -> None:
    assert len(settle(readings=series([19.0] * 10 + [celsius] * 3 + [19.0]), company=True).frame()) == days


def test_one_reading_a_thousandth_lower_tips_the_mean(settle: Callable[..., Any]) -> None:
    rows = series([19.0] * 10 + [18.0] * 3 + [19.0])
    for day in (10, 11, 12):
        rows[144 * day]["temperature_c"] = 17.999
    assert len(settle(readings=rows, company=True).frame()) == 3


def test_offline_sensors_are_told(settle: Callable[..., Any]) -> None:
    flagged = (
        settle(users=[user(), user("U2", sensor="R2")], readings=series([19.0] * 3), company=True)
        .table("evidence_flags")
        .set_index("flag")
    )
    assert flagged.loc["offline", "sensors"] == 1


@pytest.mark.parametrize("newest_first", [True, False])
def test_rows_in_another_order_are_put_in_order_and_told(newest_first: bool) -> None:
    rows = series([17.0, 18.5])
    ordered = read_sensor_days(rows, SEASON)
    if newest_first:
        rows.reverse()
    else:
        random.Random(1).shuffle(rows)
    days = read_sensor_days(rows, SEASON)
    assert not days.jumped.any()
    assert days.flags["unordered"].sum() == len(rows)
    np.testing.assert_array_equal(days.count, ordered.count)
    np.testing.assert_array_equal(days.total_milli, ordered.total_milli)
    assert days.flags["gap"].sum() == 0
