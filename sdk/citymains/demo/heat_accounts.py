"""The town's heat users of one season: accounts, prices, room sensors, requests and stops, all made up.

Each substation heats two houses, an old one and an insulated one. Every seventh flat or so is a tenant's. Two leaks stop substations, as in Nanyang in the winter of
2022: one early in December for 31 h, one early in February for 14 h; a pump trip of 9 h is too
short for a refund. Rooms cool while their substation stands still. Some rooms stay cold, and some of their users ask for a test.
"""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from citymains.demo.heating import districts_of
from citymains.demo.streets import Town

_USERS_PER_STATION: Final = 12
_STEPS: Final = 144
#: Version of what is made here: another one is written beside it.
_VERSION: Final = "2"

Row = Sequence[Any]


def season_year(season: str) -> int | None:
    """Year in which a season begins; None where the text does not begin with one."""
    head = season.strip()[:4]
    return int(head) if head.isdecimal() and len(head) == 4 else None


def heat_datasets(base: Path, wanted: Mapping[str, str], *, scale: int = 1) -> dict[str, Path]:
    """Paths of the datasets of a season by name; made when they are first asked for.

    Parameters
    ----------
    base : Path
        Folder they are kept in.
    wanted : mapping of str to str
        ``season``: ``2022-2023`` or explicit dates; without a year there is nothing.
    scale : int
        As of the town.
    """
    year = season_year(wanted.get("season", ""))
    if year is None:
        return {}
    folder = base / f"heat-{_VERSION}-{scale}-{year}"
    if not folder.is_dir():
        _make(folder, Town(scale), year)
    return {path.stem: path for path in sorted(folder.iterdir())}


def _make(folder: Path, town: Town, year: int) -> None:
    """Write all files, then put the folder in its place: another process may be doing the same."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".heat-"))
    first = date(year, 11, 15)
    days = (date(year + 1, 3, 15) - first).days
    stations = [f"换热站{one.name}" for district in districts_of(town) for one in district.stations()]
    random = np.random.default_rng(year)
    _write(
        work,
        "tariffs",
        ["tariff", "price_yuan_per_m2_day", "basic_yuan_per_m2_season"],
        [["居民", "0.19", "6.84"]],
    )
    users = _users(stations, random)
    _write(work, "users", _USER_COLUMNS, users)
    _write(
        work,
        "buildings",
        ["building", "substation", "area_m2", "building_type", "emission"],
        _buildings(users),
    )
    outdoor = _outdoor(days, random)
    _write(work, "weather", ["time", "temperature_c"], _weather(first, outdoor))
    stops = _outages(stations, year)
    cold = _write_readings(work / "readings.parquet", stations, first, outdoor, stops, random)
    _write(work, "outages", ["substation", "start", "end", "fault"], stops)
    _write(work, "requests", _REQUEST_COLUMNS, _requests(stations, cold, first))
    try:
        os.rename(work, folder)
    except OSError:  # it is there already
        shutil.rmtree(work)


def _write(folder: Path, name: str, columns: Row, rows: Sequence[Row]) -> None:
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)


_USER_COLUMNS = [
    "user",
    "substation",
    "area_m2",
    "tariff",
    "kind",
    "sensor",
    "tenant",
    "pauses_next_season",
    "metered",
    "building",
]


def _users(stations: list[str], random: np.random.Generator) -> list[Row]:
    count = len(stations) * _USERS_PER_STATION
    areas = random.integers(5500, 14500, count)
    draws = random.random((count, 3))
    return [
        [
            f"H{at + 1:05d}", stations[at // _USERS_PER_STATION], f"{area / 100:.2f}", "居民",
            "other" if draws[at, 0] < 0.03 else "resident", f"T{at // _USERS_PER_STATION + 1:03d}",
            "yes" if draws[at, 1] < 0.14 else "no", "yes" if draws[at, 2] < 0.04 else "no", "no", _house(stations, at),
        ]
        for at, area in enumerate(areas.tolist())
    ]  # fmt: skip


def _house(stations: list[str], at: int) -> str:
    """House of a user: the first half of a substation's live in the old one."""
    station, place = divmod(at, _USERS_PER_STATION)
    return f"{stations[station].removeprefix('换热站')} {1 if place < _USERS_PER_STATION // 2 else 2}号楼"


def _buildings(users: Sequence[Row]) -> list[Row]:
    areas: dict[tuple[str, str], int] = {}
    for user in users:
        key = (str(user[-1]), str(user[1]))
        areas[key] = areas.get(key, 0) + round(float(user[2]) * 100)
    return [
        [
            house,
            station,
            f"{hundredths / 100:.2f}",
            "old-medium" if house.endswith("1号楼") else "insulated-medium",
            "radiator" if house.endswith("1号楼") else "floor",
        ]
        for (house, station), hundredths in areas.items()
    ]


def _outdoor(days: int, random: np.random.Generator) -> NDArray[np.float64]:
    """Outdoor temperature every ten minutes: coldest in the middle of the season and before sunrise."""
    steps = np.arange(days * _STEPS)
    season = 4.0 - 8.0 * np.sin(np.pi * steps / len(steps))
    spells = np.interp(steps, np.arange(days + 1) * _STEPS, random.normal(0.0, 2.0, days + 1))
    return season + spells - 4.0 * np.cos(2.0 * np.pi * (steps / _STEPS - 15.0 / 24.0) + np.pi)


def _weather(first: date, outdoor_c: NDArray[np.float64]) -> list[Row]:
    start = datetime.combine(first, datetime.min.time())
    hourly = outdoor_c[:: _STEPS // 24].tolist()
    return [
        [(start + timedelta(hours=at)).isoformat(" ", "minutes"), f"{value:.1f}"]
        for at, value in enumerate(hourly)
    ]


def _cool(room_c: NDArray[np.float64], outdoor_c: NDArray[np.float64], first: int, last: int) -> None:
    """Take the heat away from a room between two steps; it is warm again within a day or so."""
    usual = room_c.copy()
    lost = 0.0
    for step in range(first, min(last + 2 * _STEPS, len(room_c))):
        balance = outdoor_c[step] + 3.0 if step < last else usual[step]
        hours = 45.0 if step < last else 8.0
        now = usual[step] - lost
        lost += (now - balance) / (6.0 * hours)
        room_c[step] = usual[step] - lost


def _write_readings(
    path: Path,
    stations: list[str],
    first: date,
    outdoor_c: NDArray[np.float64],
    stops: Sequence[Row],
    random: np.random.Generator,
) -> list[int]:
    """Ten-minute series of one room behind every substation. Gives the positions of those that stay cold."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    days = len(outdoor_c) // _STEPS
    cold = list(range(4, len(stations), 9))
    level = np.where(np.isin(np.arange(len(stations)), cold), 16.9, 20.4)
    spells = random.normal(0.0, 0.5, (len(stations), days))
    swing = 0.6 * np.sin(np.arange(_STEPS) * 2.0 * np.pi / _STEPS)
    rooms = (level[:, None, None] + spells[:, :, None] + swing[None, None, :]).reshape(len(stations), -1)
    midnight = datetime.combine(first, datetime.min.time())
    for station, begins, ends, _ in stops:
        steps = [
            int((datetime.fromisoformat(str(one)) - midnight).total_seconds() // 600)
            for one in (begins, ends)
        ]
        _cool(rooms[stations.index(str(station))], outdoor_c, *steps)
    values = np.round(rooms, 1).ravel()
    values[random.random(len(values)) < 0.0005] = 85.0
    start = np.datetime64(first, "s").astype(np.int64)
    seconds = np.tile(start + 600 * np.arange(days * _STEPS), len(stations))
    codes = np.repeat(np.arange(len(stations), dtype=np.int32), days * _STEPS)
    names = pa.array([f"T{at + 1:03d}" for at in range(len(stations))])
    table = pa.table({
        "sensor": pa.DictionaryArray.from_arrays(pa.array(codes), names),
        "time": pa.array(seconds).cast(pa.timestamp("s")), "temperature_c": pa.array(values.astype(np.float32)),
    })  # fmt: skip
    pq.write_table(table, path)
    return cold


def _outages(stations: list[str], year: int) -> list[Row]:
    leak, second = stations[: len(stations) // 4], stations[len(stations) // 2 : len(stations) // 2 + 3]
    stops = [
        (leak, datetime(year, 12, 3, 6, 20), 31.0, "supplier"),
        (second, datetime(year + 1, 2, 5, 21, 0), 14.0, "supplier"),
        (stations[-2:], datetime(year + 1, 1, 18, 4, 0), 9.0, "supplier"),
    ]
    return [
        [
            station,
            start.isoformat(" ", "minutes"),
            (start + timedelta(hours=hours)).isoformat(" ", "minutes"),
            fault,
        ]
        for group, start, hours, fault in stops
        for station in group
    ]


_REQUEST_COLUMNS = [
    "request",
    "user",
    "time",
    "test_time",
    "temperature_c",
    "outcome",
    "retest_time",
    "retest_c",
]


def _requests(stations: list[str], cold: list[int], first: date) -> list[Row]:
    """Of each cold room three neighbours ask: tested and mended, tested and not mended, never visited."""
    found: list[Row] = []
    for turn, at in enumerate(cold):
        asked = datetime.combine(first, datetime.min.time()) + timedelta(days=12 + 5 * turn, hours=9)
        for neighbour in range(3):
            user = f"H{at * _USERS_PER_STATION + neighbour + 1:05d}"
            row: list[Any] = [f"Q{len(found) + 1:04d}", user, asked.isoformat(" ", "minutes")]
            if neighbour == 2:
                row += ["", "", "", "", ""]
            else:
                mended = asked + timedelta(days=4 + neighbour * 20)
                row += [
                    (asked + timedelta(hours=8)).isoformat(" ", "minutes"), f"{16.4 - 1.3 * neighbour:.1f}", "measured",
                    mended.isoformat(" ", "minutes"), "19.2",
                ]  # fmt: skip
            found.append(row)
    return found
