"""Readings to days: one pass over the sensors' series, in columns, with everything doubtful flagged.

A reading is set aside, never mended: outside the possible range, without a value, a duplicate,
two different values at one time. A day whose clock jumped back is no evidence. What is left
gives count, sum, least and greatest of each sensor and day, in whole thousandths of a degree,
so that a mean is compared with an edge exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from citymains.call import current_call
from numpy.typing import NDArray

from citymains_heating.refunds.decoding import (
    CHUNK_ROWS,
    NO_VALUE,
    Chunk,
    RawReadings,
    SensorDirectory,
    chunks_of,
    decode,
)
from citymains_heating.refunds.policy import MILLI, SensorEvidence
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import epoch_day

#: Room temperatures outside these are a broken sensor [°C].
POSSIBLE_C = (-20, 60)
DAY_S = 86_400
FLAGS = (
    "missing_value",
    "impossible",
    "duplicate",
    "conflicting",
    "clock_jump",
    "gap",
    "time_24",
    "outside_season",
    "time_unreadable",
)


@dataclass
class SensorDays:
    """What the readings say about each sensor and day; arrays have the shape (sensors, days)."""

    sensors: list[str]
    count: NDArray[np.int32]
    total_milli: NDArray[np.int64]
    min_milli: NDArray[np.int32]
    max_milli: NDArray[np.int32]
    jumped: NDArray[np.bool_]
    flags: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    """Flagged readings per sensor, by flag."""
    readings: int = 0

    @classmethod
    def empty(cls, sensors: list[str], days: int) -> SensorDays:
        """No reading at all."""
        shape = (len(sensors), days)
        top = np.iinfo(np.int32).max
        return cls(
            sensors,
            np.zeros(shape, np.int32),
            np.zeros(shape, np.int64),
            np.full(shape, top, np.int32),
            np.full(shape, -top, np.int32),
            np.zeros(shape, np.bool_),
            {flag: np.zeros(len(sensors), np.int64) for flag in FLAGS},
        )

    def offline(self) -> int:
        """Sensors without a single valid reading in the season."""
        return int(np.count_nonzero(self.count.sum(axis=1) == 0))

    def evident(self, rule: SensorEvidence, season: Season) -> NDArray[np.bool_]:
        """Sensor-days with enough valid readings and no clock jump; the others are no evidence."""
        expected = season.minutes * 60 / rule.sample_s
        enough = self.count >= np.ceil(expected * float(rule.min_coverage))[None, :]
        return enough & (self.count > 0) & ~self.jumped

    def value(self, rule: SensorEvidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The day's temperature in thousandths as a fraction (numerator, denominator >= 1)."""
        if rule.statistic == "mean":
            return self.total_milli, np.maximum(self.count, 1).astype(np.int64)
        chosen = self.min_milli if rule.statistic == "min" else self.max_milli
        return chosen.astype(np.int64), np.ones(chosen.shape, np.int64)


def read_sensor_days(source: Any, season: Season, *, sample_s: int = 600) -> SensorDays:
    """Read sensor series and reduce them to days.

    Parameters
    ----------
    source : path, sequence of paths, DataFrame, pyarrow Table, sequence of mappings or None
        Columns ``sensor``, ``time``, ``temperature_c``. Parquet is read row group by row group.
    season : Season
    sample_s : int
        Sampling interval the sensors promise [s]; a longer pause is a gap.

    Raises
    ------
    InputError
        REFUND_READING_UNIT_MISSING, REFUND_READING_UNIT_UNKNOWN, REFUND_COLUMN_MISSING.
    """
    if source is None:
        return SensorDays.empty([], season.days)
    return reduce_chunks(chunks_of(source), season, sample_s)


def reduce_chunks(chunks: list[Chunk], season: Season, sample_s: int) -> SensorDays:
    """Reduce chunks two at a time; where a sensor's series runs over a chunk's edge it is joined first."""
    directory = SensorDirectory()
    call = current_call()
    with ThreadPoolExecutor(max_workers=2) as pool:
        pending: list[RawReadings] = []
        for done, (names, raw) in enumerate(pool.map(decode, chunks)):
            call.progress(0.5 * done / max(1, len(chunks)), "readings")
            pending.append(directory.place(names, raw))
    if not _in_sensor_order(pending):
        pending = _partition(pending, len(directory.names))
    with ThreadPoolExecutor(max_workers=2) as pool:
        parts = list(pool.map(lambda raw: _reduce(raw, season, sample_s), _joined(pending)))
    days = SensorDays.empty(directory.names, season.days)
    for part in parts:
        part.into(days)
    return days


# -- arranging by sensor ---------------------------------------------------------------------------


def _in_sensor_order(raws: list[RawReadings]) -> bool:
    """Whether each sensor's readings stand together, over all chunks."""
    seen: set[int] = set()
    last = -1
    for raw in raws:
        starts = (
            np.concatenate(([True], raw.codes[1:] != raw.codes[:-1])) if len(raw.codes) else np.zeros(0, bool)
        )
        for code in raw.codes[starts].tolist():
            if code != last and code in seen:
                return False
            seen.add(code)
            last = code
    return True


def _partition(raws: list[RawReadings], sensors: int) -> list[RawReadings]:
    """The same readings with each sensor's together, in the order of the file."""
    whole = _concat(raws)
    # Sixteen-bit keys take numpy's linear radix sort.
    keys = whole.codes.astype(np.uint16) if sensors <= 65_536 else whole.codes
    order = np.argsort(keys, kind="stable")
    ordered = RawReadings(
        whole.codes[order], whole.seconds[order], whole.milli[order], whole.unreadable, whole.time_24
    )
    return [ordered]


def _joined(raws: list[RawReadings]) -> Iterator[RawReadings]:
    """Chunks cut where one sensor ends and the next begins."""
    carry: list[RawReadings] = []
    for raw in raws:
        held = _concat([*carry, raw]) if carry else raw
        if not len(held.codes):
            carry = [held]
            continue
        cut = _last_run(held.codes)
        if cut == 0:
            carry = [held]
            continue
        yield from _pieces(_slice(held, 0, cut, flags=True))
        carry = [_slice(held, cut, len(held.codes), flags=False)]
    if carry:
        yield from _pieces(_concat(carry))


def _last_run(codes: NDArray[np.int32]) -> int:
    """Where the last sensor's run begins."""
    changes = np.flatnonzero(codes[1:] != codes[:-1])
    return int(changes[-1]) + 1 if len(changes) else 0


def _pieces(raw: RawReadings) -> Iterator[RawReadings]:
    """Pieces of about `CHUNK_ROWS`, cut between sensors."""
    if len(raw.codes) <= CHUNK_ROWS * 3 // 2:
        yield raw
        return
    edges = np.concatenate(([0], np.flatnonzero(raw.codes[1:] != raw.codes[:-1]) + 1, [len(raw.codes)]))
    start, flags = 0, True
    while start < len(raw.codes):
        at = np.searchsorted(edges, min(start + CHUNK_ROWS, len(raw.codes)))
        stop = int(edges[at])
        yield _slice(raw, start, stop, flags=flags)
        start, flags = stop, False


def _slice(raw: RawReadings, start: int, stop: int, *, flags: bool) -> RawReadings:
    none = raw.unreadable[:0]
    return RawReadings(
        raw.codes[start:stop],
        raw.seconds[start:stop],
        raw.milli[start:stop],
        raw.unreadable if flags else none,
        raw.time_24 if flags else none,
    )


def _concat(raws: list[RawReadings]) -> RawReadings:
    if len(raws) == 1:
        return raws[0]
    return RawReadings(
        *(
            np.concatenate([getattr(raw, name) for raw in raws])
            for name in ("codes", "seconds", "milli", "unreadable", "time_24")
        )
    )


# -- reducing ------------------------------------------------------------------------------------------


@dataclass
class _Part:
    sensor: NDArray[np.int64]
    day: NDArray[np.int64]
    count: NDArray[np.int64]
    total: NDArray[np.int64]
    low: NDArray[np.int32]
    high: NDArray[np.int32]
    jumps: tuple[NDArray[np.int64], NDArray[np.int64]]
    flagged: dict[str, NDArray[np.int32]]
    readings: int

    def into(self, days: SensorDays) -> None:
        """Add the part; no two parts share a sensor's day."""
        at = (self.sensor, self.day)
        days.count[at] = self.count
        days.total_milli[at] = self.total
        days.min_milli[at] = self.low
        days.max_milli[at] = self.high
        days.jumped[self.jumps] = True
        for flag, sensors in self.flagged.items():
            days.flags[flag] += np.bincount(sensors, minlength=len(days.sensors)) if len(sensors) else 0
        days.readings += self.readings


def _reduce(raw: RawReadings, season: Season, sample_s: int) -> _Part:
    """One piece: whole series of some sensors, in the order of the file."""
    base = epoch_day(season.first_day) * DAY_S
    # Within 34 years of the season's first day, which is all that matters: half the memory to go through.
    seconds: NDArray[Any] = np.clip(raw.seconds - base, -(2**30), 2**30).astype(np.int32)
    codes, milli = raw.codes, raw.milli
    same = codes[1:] == codes[:-1]
    step = np.diff(seconds)
    back = np.flatnonzero(same & (step < 0)) + 1
    jumps = (codes[back].astype(np.int64), seconds[back].astype(np.int64) // DAY_S)
    if len(back):
        codes, seconds, milli = _by_time(codes, seconds, milli, np.unique(codes[back]))
        step = np.diff(seconds)
    flagged = {"clock_jump": raw.codes[back], "time_24": raw.time_24, "time_unreadable": raw.unreadable}
    flagged["gap"] = codes[1:][same & (step > sample_s + sample_s // 2)]
    keep = np.ones(len(codes), dtype=np.bool_)
    twice = np.flatnonzero(same & (step == 0))
    if len(twice):
        _mark_duplicates(codes, seconds, milli, twice, keep, flagged)
    low, high = (edge * MILLI for edge in POSSIBLE_C)
    _set_aside(milli == NO_VALUE, "missing_value", codes, keep, flagged)
    _set_aside((milli < low) | (milli > high), "impossible", codes, keep, flagged)
    first, last = _season_seconds(season)
    _set_aside((seconds < first) | (seconds >= last), "outside_season", codes, keep, flagged)
    if not keep.all():
        codes, seconds, milli = codes[keep], seconds[keep], milli[keep]
    day = seconds // np.int32(DAY_S)
    inside = (jumps[1] >= 0) & (jumps[1] < season.days)
    return _runs(
        codes, day, milli, season.days, (jumps[0][inside], jumps[1][inside]), flagged, len(raw.codes)
    )


def _runs(codes: Any, day: Any, milli: Any, days: int, jumps: Any, flagged: Any, readings: int) -> _Part:
    key = (
        codes.astype(np.int64) * days + day
        if len(codes) and int(codes.max()) * days >= 2**31 - days
        else codes * np.int32(days) + day
    )
    if not len(key):
        none = np.zeros(0, np.int64)
        return _Part(
            none, none, none, none, none.astype(np.int32), none.astype(np.int32), jumps, flagged, readings
        )
    starts = np.concatenate(([0], np.flatnonzero(key[1:] != key[:-1]) + 1))
    count = np.diff(np.append(starts, len(key)))
    return _Part(
        key[starts].astype(np.int64) // days,
        key[starts].astype(np.int64) % days,
        count,
        np.add.reduceat(milli, starts, dtype=np.int64),
        np.minimum.reduceat(milli, starts),
        np.maximum.reduceat(milli, starts),
        jumps,
        flagged,
        readings,
    )


def _season_seconds(season: Season) -> tuple[int, int]:
    from datetime import datetime, timedelta

    midnight = datetime.combine(season.first_day, datetime.min.time())
    return (season.start - midnight) // timedelta(seconds=1), (season.end - midnight) // timedelta(seconds=1)


def _by_time(codes: Any, seconds: Any, milli: Any, jumped: NDArray[np.int32]) -> tuple[Any, Any, Any]:
    """The series with those of the `jumped` sensors put in order of time."""
    seconds, milli = seconds.copy(), milli.copy()
    edges = np.concatenate(([0], np.flatnonzero(codes[1:] != codes[:-1]) + 1, [len(codes)]))
    wanted = set(jumped.tolist())
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if int(codes[start]) in wanted:
            order = start + np.argsort(seconds[start:stop], kind="stable")
            seconds[start:stop], milli[start:stop] = seconds[order], milli[order]
    return codes, seconds, milli


def _mark_duplicates(
    codes: Any,
    seconds: Any,
    milli: Any,
    twice: NDArray[np.intp],
    keep: NDArray[np.bool_],
    flagged: dict[str, Any],
) -> None:
    """Of equal readings at one time one stays; of different ones none."""
    near = np.unique(np.concatenate((twice, twice + 1)))
    codes_near, seconds_near, milli_near = codes[near], seconds[near], milli[near]
    new = (codes_near[1:] != codes_near[:-1]) | (seconds_near[1:] != seconds_near[:-1])
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    group = np.concatenate(([0], np.cumsum(new)))
    differ = np.minimum.reduceat(milli_near, starts) != np.maximum.reduceat(milli_near, starts)
    conflicting = differ[group]
    repeated = np.concatenate(([False], ~new)) & ~conflicting
    keep[near[conflicting | repeated]] = False
    flagged["duplicate"] = codes_near[repeated]
    flagged["conflicting"] = codes_near[conflicting]


def _set_aside(
    wrong: NDArray[np.bool_], flag: str, codes: Any, keep: NDArray[np.bool_], flagged: dict[str, Any]
) -> None:
    wrong = wrong & keep
    if wrong.any():
        keep[wrong] = False
        flagged[flag] = codes[wrong]
