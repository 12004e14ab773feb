"""A company's own database as a source of datasets: in columns, nothing written, no password told."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from citymains.errors import InputError
from citymains.store import query
from citymains.store.query import read_query

USERS = "SELECT no AS user, station AS substation, area AS area_m2, '0.19' AS price_yuan_per_m2_day, probe AS sensor FROM account"
READINGS = "SELECT probe AS sensor, at AS time, celsius AS temperature_c FROM reading WHERE at < :until ORDER BY probe, at"


@pytest.fixture
def plant(tmp_path: Path) -> str:
    """A heat company's database: two accounts, two probes, a week of readings every ten minutes."""
    file = tmp_path / "plant.db"
    first = datetime(2022, 12, 5)
    rows = [
        (probe, str(first + timedelta(minutes=10 * step)), celsius)
        for probe, celsius in (("R1", 16.5), ("R2", 19.0))
        for step in range(7 * 144)
    ]
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE account (no TEXT, station TEXT, area TEXT, probe TEXT)")
        database.execute("CREATE TABLE reading (probe TEXT, at TEXT, celsius REAL)")
        database.executemany(
            "INSERT INTO account VALUES (?, ?, ?, ?)", [("U1", "S1", "100", "R1"), ("U2", "S1", "80", "R2")]
        )
        database.executemany("INSERT INTO reading VALUES (?, ?, ?)", rows)
    return f"sqlite:///{file}"


def test_blocks_are_one_table_in_columns(plant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query, "BLOCK_ROWS", 500)
    table = read_query(plant, READINGS, {"until": "2022-12-12"})
    assert table.num_rows == 2 * 7 * 144
    assert pa.types.is_dictionary(table.schema.field("sensor").type)
    assert table.column("sensor").unique().to_pylist() == ["R1", "R2"]


def test_an_empty_answer_keeps_its_columns(plant: str) -> None:
    assert read_query(plant, READINGS, {"until": "2000-01-01"}).column_names == [
        "sensor",
        "time",
        "temperature_c",
    ]


def test_a_season_is_settled_from_a_database(plant: str, tmp_path: Path) -> None:
    """U1 asks on 5 December; the probe reads 16.5 °C for seven days: 7 x 9.50 yuan."""
    pytest.importorskip("citymains_heating")
    from citymains.cities import City
    from citymains.workbench import Workbench

    bench = Workbench(
        database=f"sqlite:///{tmp_path / 'own.db'}", files=tmp_path / "own", jurisdiction="河南省/南阳市"
    )
    report = City("here", bench).utility("heating").refunds(
        season="2022-2023",
        users=read_query(plant, USERS),
        readings=read_query(plant, READINGS, {"until": "2022-12-12"}),
        requests=[{"request": "Q1", "user": "U1", "time": "2022-12-05 00:00"}],
    )  # fmt: skip
    settled = report.result()
    assert str(settled.total_yuan) == "66.50"
    assert set(settled.frame()["user"]) == {"U1"}


@pytest.mark.parametrize(
    ("url", "sql", "code"),
    [
        ("sqlite:///nowhere/plant.db", "SELECT 1 AS one", "FILE_NOT_FOUND"),
        ("sqlite://", "SELECT no FROM nothing", "QUERY_FAILED"),
        ("nonsense", "SELECT 1 AS one", "QUERY_FAILED"),
        ("postgresql+psycopg://me:secret@127.0.0.1:1/plant", "SELECT 1 AS one", "QUERY_FAILED"),
    ],
)
def test_what_cannot_be_read_is_told_without_the_password(url: str, sql: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_query(url, sql)
    assert caught.value.issues[0].code == code
    assert "secret" not in str(caught.value)
