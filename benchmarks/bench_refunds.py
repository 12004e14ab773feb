"""Refunds at city scale: 2,000 sensors x 120 days x 10 min, 100,000 users, settled from Parquet.

Makes deterministic data in a temporary folder, then times (a) the whole settlement, reading
included, in a process of its own, with its peak memory, and (b) the readings-to-days stage against
a vectorised pandas groupby of the same classification of the same file.

    python -m benchmarks refunds
    python -m benchmarks.bench_refunds [--sensors 2000] [--users-per-sensor 50] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import Row

SENSORS, PER_SENSOR = 2000, 50
FIRST = datetime(2022, 11, 15)
DAYS, STEPS = 120, 144
SEASON = "2022-11-15/2023-03-15"
COMPANY_PACK = """
name = "bench-company"
kind = "heat_refund"
version = "1"
layer = "company"
holder = "bench"
jurisdiction = "河南省/平顶山市"
document = "基准测试企业规则"
article = "1"
confidence = "W"
[fields]
clock_start = "sensor"
[[case]]
title = "the sensor starts the clock"
inputs = { sensor_c = "17 17 17 19" }
expected = { days = 3 }
"""


def make_readings(path: Path, sensors: int, seed: int = 7) -> None:
    """Series with a daily swing, cold spells, and about one in a thousand readings spoilt."""
    random = np.random.default_rng(seed)
    start = np.datetime64(FIRST, "s").astype(np.int64)
    times = start + 600 * np.arange(DAYS * STEPS)
    swing = 0.6 * np.sin(np.arange(DAYS * STEPS) * 2 * np.pi / STEPS)
    schema = pa.schema(
        [
            ("sensor", pa.dictionary(pa.int32(), pa.string())),
            ("time", pa.timestamp("s")),
            ("temperature_c", pa.float32()),
        ]
    )
    names = pa.array([f"R{at:05d}" for at in range(sensors)])
    block = 25
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for first in range(0, sensors, block):
            count = min(block, sensors - first)
            daily = random.normal(18.7, 1.0, (count, 1)) + random.normal(0, 0.9, (count, DAYS))
            values = np.round(
                np.repeat(daily, STEPS, axis=1) + swing + random.normal(0, 0.15, (count, DAYS * STEPS)), 2
            )
            values[random.random(values.shape) < 0.0005] = 85.0
            moments = np.tile(times, (count, 1))
            again = random.random(values.shape) < 0.0005
            again[:, 0] = False
            rows, steps = np.nonzero(again)
            moments[rows, steps] = moments[rows, steps - 1]
            codes = np.repeat(np.arange(first, first + count, dtype=np.int32), DAYS * STEPS)
            table = pa.table([
                pa.DictionaryArray.from_arrays(pa.array(codes), names),
                pa.array(moments.ravel()).cast(pa.timestamp("s")), pa.array(values.ravel().astype(np.float32)),
            ], schema=schema)  # fmt: skip
            writer.write_table(table, row_group_size=count * DAYS * STEPS)


def make_users(path: Path, sensors: int, per_sensor: int, seed: int = 8) -> None:
    """Users of 40 to 180 m², a twentieth of them tenants."""
    random = np.random.default_rng(seed)
    count = sensors * per_sensor
    pq.write_table(pa.table({
        "user": [f"U{at:07d}" for at in range(count)],
        "substation": [f"S{at // 1000:03d}" for at in range(count)],
        "area_m2": np.round(random.uniform(40, 180, count), 2), "tariff": ["resident"] * count,
        "sensor": [f"R{at // per_sensor:05d}" for at in range(count)], "tenant": random.random(count) < 0.05,
    }), path)  # fmt: skip


def settle(folder: Path) -> dict[str, float]:
    """The settlement, from files to the report's tables."""
    from citymains.plugins.records import RulePackRecord
    from citymains_heating.refunds.engine import compute_refunds
    from citymains_heating.refunds.packs import resolve_policy, shipped_book
    from citymains_heating.refunds.season import season_of

    begun = time.perf_counter()
    book = shipped_book(RulePackRecord(name="bench-company", text=COMPANY_PACK))
    policy = resolve_policy(book, "河南省/平顶山市", FIRST.date(), holders=["bench"])
    report = compute_refunds(policy, season_of(SEASON, policy), {
        "users": folder / "users.parquet", "readings": folder / "readings.parquet",
        "tariffs": [{"tariff": "resident", "price_yuan_per_m2_day": Decimal("0.19")}],
        "outages": [{"substation": "S003", "start": "2022-12-03 08:00", "end": "2022-12-04 02:00"}],
    })  # fmt: skip
    return {
        "settle_s": time.perf_counter() - begun, "total_yuan": float(report.total_yuan), "refund_rows": report.user_days,
        "users": report.user_count, "peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }  # fmt: skip


def days_by_pandas(path: Path) -> dict[str, np.ndarray]:
    """The same classification with pandas: read, flag, group by sensor and day, classify."""
    import pandas as pd

    begun = time.perf_counter()
    frame = pd.read_parquet(path)
    read_s = time.perf_counter() - begun
    begun = time.perf_counter()
    frame["milli"] = np.rint(frame["temperature_c"].astype("float64") * 1000).astype("int64")
    frame["code"] = frame["sensor"].cat.codes
    step = frame["time"].astype("datetime64[s]").astype("int64").diff()
    same = frame["code"].eq(frame["code"].shift())
    jumps = int((same & (step < 0)).sum())
    gaps = int((same & (step > 900)).sum())
    values = frame.groupby(["code", "time"], sort=False)["milli"] if jumps else None
    double = same & (step == 0)
    edge = double | double.shift(-1, fill_value=False)
    doubtful = frame.loc[edge, ["code", "time", "milli"]]
    low_high = doubtful.groupby(["code", "time"])["milli"].agg(["min", "max"])
    differ = low_high.index[low_high["min"] != low_high["max"]]
    conflict = pd.Series(False, index=frame.index)
    conflict.loc[doubtful.index[pd.MultiIndex.from_frame(doubtful[["code", "time"]]).isin(differ)]] = True
    keep = frame["milli"].between(-20_000, 60_000) & ~conflict & ~(double & ~conflict)
    good = frame.loc[keep]
    day = (good["time"] - pd.Timestamp(FIRST)).dt.days.rename("day")
    grouped = good.groupby([good["code"], day], sort=False)["milli"].agg(["count", "sum", "min", "max"])
    mean_below = grouped["sum"] < 18_000 * grouped["count"]
    very = grouped["sum"] < 14_000 * grouped["count"]
    evident = grouped["count"] >= 108
    band = np.select([~evident, very, mean_below], [-1, 2, 1], 0)
    assert values is None
    return {"read_s": read_s, "stage_s": time.perf_counter() - begun, "band": band, "gaps": gaps}  # type: ignore[dict-item]


def bare_groupby_s(path: Path) -> float:
    """The least pandas can do: mean by sensor and day, nothing flagged; the frame is in memory already."""
    import pandas as pd

    frame = pd.read_parquet(path)
    begun = time.perf_counter()
    day = frame["time"].to_numpy().astype("datetime64[D]").astype("int64")
    mean = frame["temperature_c"].groupby([frame["sensor"].cat.codes.to_numpy(), day]).mean()
    np.select([mean < 14, mean < 18], [2, 1], 0)
    return time.perf_counter() - begun


def days_by_citymains(path: Path) -> dict[str, np.ndarray]:
    """Our readings-to-days stage and classification, decoding and stage timed apart."""
    from citymains.plugins.records import RulePackRecord
    from citymains_heating.refunds import readings
    from citymains_heating.refunds.classify import classify_sensors
    from citymains_heating.refunds.packs import resolve_policy, shipped_book
    from citymains_heating.refunds.season import season_of

    book = shipped_book(RulePackRecord(name="bench-company", text=COMPANY_PACK))
    policy = resolve_policy(book, "河南省/平顶山市", FIRST.date(), holders=["bench"])
    season = season_of(SEASON, policy)
    begun = time.perf_counter()
    days = readings.read_sensor_days(path, season)
    band = classify_sensors(days, policy, season).band[:-1]
    return {"both_s": time.perf_counter() - begun, "band": band, "gaps": int(days.flags["gap"].sum())}  # type: ignore[dict-item]


def stage_in_memory(path: Path) -> float:
    """Our stage on the table already in memory, as pandas has its frame."""
    from citymains_heating.refunds.readings import read_sensor_days
    from citymains_heating.refunds.season import parse_season

    table = pq.read_table(path, read_dictionary=["sensor"])
    begun = time.perf_counter()
    read_sensor_days(table, parse_season(SEASON))
    return time.perf_counter() - begun


def compare(path: Path, rounds: int) -> dict[str, float]:
    """Best of some rounds of both, in turns so that a drift of the machine meets both; the classes have to be equal."""
    ours, memory, theirs = [], [], []
    for _ in range(rounds):
        theirs.append(days_by_pandas(path))
        memory.append(stage_in_memory(path))
        ours.append(days_by_citymains(path))
    same = ours[0]["gaps"] == theirs[0]["gaps"] and np.array_equal(ours[0]["band"].ravel(), theirs[0]["band"])
    if not same:
        raise SystemExit("the two classifications differ")
    stage = min(float(one["stage_s"]) for one in theirs)
    both = min(float(one["read_s"] + one["stage_s"]) for one in theirs)
    mine = min(float(one["both_s"]) for one in ours)
    return {
        "bare_pandas_mean_s": min(bare_groupby_s(path) for _ in range(rounds)), "pandas_stage_s": stage, "our_stage_s": min(memory), "stage_ratio": stage / min(memory),
        "pandas_with_reading_s": both, "our_with_reading_s": mine, "ratio_with_reading": both / mine,
    }  # fmt: skip


def measured(sensors: int, per_sensor: int, rounds: int) -> tuple[dict[str, float], dict[str, float]]:
    """Make the data; settle it, and compare with pandas, each in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-refunds-") as name:
        folder = Path(name)
        make_readings(folder / "readings.parquet", sensors)
        make_users(folder / "users.parquet", sensors, per_sensor)
        return (
            _child("--settle", name),
            _child("--compare", str(folder / "readings.parquet"), "--rounds", str(rounds)),
        )


def _child(*flags: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.bench_refunds", *flags]
    here = Path(__file__).resolve().parents[1]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=here)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    found: dict[str, float] = json.loads(done.stdout)
    return found


def run() -> Iterator[Row]:
    """Two rows: the settlement within what is allowed, and the readings-to-days stage against pandas."""
    settled, stage = measured(SENSORS, PER_SENSOR, 3)
    readings = SENSORS * DAYS * STEPS
    yield Row(
        f"refunds: {readings / 1e6:.1f} million readings, {SENSORS * PER_SENSOR:,} users, settled from Parquet (wall clock)",
        "60 s and 4 GiB allowed",
        60.0,
        settled["settle_s"],
        f"{settled['refund_rows']:,.0f} statement rows, {settled['total_yuan']:,.2f} yuan, {settled['peak_gib']:.2f} GiB at the peak",
        ">= 1",
    )
    for what, theirs, ours in (
        ("readings to classified days, from memory", "pandas_stage_s", "our_stage_s"),
        ("the same, reading the Parquet included", "pandas_with_reading_s", "our_with_reading_s"),
    ):
        yield Row(
            f"refunds: {what}",
            "vectorised pandas groupby",
            stage[theirs],
            stage[ours],
            "classes of all sensor-days and gaps equal",
            ">= 3",
        )


def main() -> None:
    """Print what the flags ask for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--sensors", type=int, default=SENSORS)
    parser.add_argument("--users-per-sensor", type=int, default=PER_SENSOR)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--settle", type=Path)
    parser.add_argument("--compare", type=Path)
    given = parser.parse_args()
    if given.settle:
        print(json.dumps(settle(given.settle)))
    elif given.compare:
        print(json.dumps(compare(given.compare, given.rounds)))
    else:
        for one in measured(given.sensors, given.users_per_sensor, given.rounds):
            print(json.dumps(one))


if __name__ == "__main__":
    main()
