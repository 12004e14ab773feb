"""Sensor series: decoded piece by piece, put together by sensor, cleaned, with everything doubtful flagged.

A reading is set aside, never mended: outside the possible range, without a value, a duplicate,
two different values at one time. A clock that jumped back is told from rows that stand in another
order: newest first, or in no order at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
from citymains.call import current_call
from numpy.typing import NDArray

from citymains_heating.refunds.decoding import (
    CHUNK_ROWS,
    NO_VALUE,
    RawReadings,
    SensorDirectory,
    chunks_of,
    decode,
)
from citymains_heating.refunds.policy import MILLI

T = TypeVar("T")

#: Room temperatures outside these are a broken sensor [°C].
POSSIBLE_C = (-20, 60)
#: A series in which more than this share of the steps goes back is not in the order of time.
UNORDERED_SHARE = 0.1
#: What can be wrong with a reading, in English and Chinese.
FLAG_TEXTS = {
    "missing_value": ("without a value", "缺值"),
    "impossible": ("impossible (outside -20 to 60 °C)", "超出可能范围(-20~60 ℃)"),
    "duplicate": ("duplicates", "重复"),
    "conflicting": ("conflicting (two values at one time)", "同一时刻数值冲突"),
    "clock_jump": ("after a clock that jumped back", "时钟倒退"),
    "unordered": ("not in the order of time", "未按时间排序"),
    "gap": ("after a gap", "间断"),
    "time_24": ("written as 24:00", "写作 24:00"),
    "outside_season": ("outside the season", "不在采暖期内"),
    "time_unreadable": ("with an unreadable time", "时间无法识别"),
}
FLAGS = tuple(FLAG_TEXTS)


@dataclass(frozen=True)
class Window:
    """The time that is looked at; readings outside are set aside.

    Parameters
    ----------
    base_s : int
        Second of local time since 1970 that positions count from.
    first_s, last_s : int
        First second, and the one after the last, from `base_s`.
    sample_s : int
        Sampling interval the sensors promise; a longer pause is a gap.
    """

    base_s: int
    first_s: int
    last_s: int
    sample_s: int


@dataclass(frozen=True)
class Series:
    """Whole series of some sensors, clean and in order of time.

    Attributes
    ----------
    codes, seconds, milli : ndarray
        Sensor, time from the window's base [s], and thousandths of a degree of every valid reading.
    jumps : (ndarray, ndarray)
        Sensor and time of every reading before which the clock jumped back.
    flagged : dict of str to ndarray
        Sensors of the flagged readings, by flag.
    readings : int
        Readings there were.
    """

    codes: NDArray[np.int32]
    seconds: NDArray[np.int32]
    milli: NDArray[np.int32]
    jumps: tuple[NDArray[np.int64], NDArray[np.int64]]
    flagged: dict[str, NDArray[np.int32]]
    readings: int


def each_series(
    source: Any, window: Callable[[list[RawReadings]], Window], work: Callable[[Series], T]
) -> tuple[list[str], list[T]]:
    """Decode a source, and do some work on the clean series of a few sensors at a time, two at once.

    Parameters
    ----------
    source : path, SourceFile, DataFrame, Arrow table or rows
    window : callable
        Gives the time that is looked at, from all that was decoded.
    work : callable
        Takes a `Series`.

    Returns
    -------
    sensors : list of str
        In the order of the codes.
    results : list
        What `work` gave, for every piece.
    """
    directory = SensorDirectory()
    call = current_call()
    chunks = chunks_of(source)
    with ThreadPoolExecutor(max_workers=2) as pool:
        pending: list[RawReadings] = []
        for done, (names, raw) in enumerate(pool.map(decode, chunks)):
            call.progress(0.5 * done / max(1, len(chunks)), "readings")
            pending.append(directory.place(names, raw))
    if not _in_sensor_order(pending):
        pending = _partition(pending, len(directory.names))
    looked_at = window(pending)
    with ThreadPoolExecutor(max_workers=2) as pool:
        results = list(pool.map(lambda raw: work(_cleaned(raw, looked_at)), _joined(pending)))
    return directory.names, results


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


# -- cleaning ------------------------------------------------------------------------------------------


def _cleaned(raw: RawReadings, window: Window) -> Series:
    """One piece: whole series of some sensors, in the order of the file."""
    # Within 34 years of the base, which is all that matters: half the memory to go through.
    seconds: NDArray[Any] = np.clip(raw.seconds - window.base_s, -(2**30), 2**30).astype(np.int32)
    codes, milli = raw.codes, raw.milli
    same = codes[1:] == codes[:-1]
    step = np.diff(seconds)
    back = np.flatnonzero(same & (step < 0)) + 1
    flagged = {"time_24": raw.time_24, "time_unreadable": raw.unreadable}
    jumps = (np.zeros(0, np.int64), np.zeros(0, np.int64))
    if len(back):
        jumped, unordered = _told_apart(codes, back)
        flagged["clock_jump"], flagged["unordered"] = codes[jumped], unordered
        jumps = (codes[jumped].astype(np.int64), seconds[jumped].astype(np.int64))
        codes, seconds, milli = _by_time(codes, seconds, milli, np.unique(codes[back]))
        step = np.diff(seconds)
    flagged["gap"] = codes[1:][same & (step > window.sample_s + window.sample_s // 2)]
    keep = np.ones(len(codes), dtype=np.bool_)
    twice = np.flatnonzero(same & (step == 0))
    if len(twice):
        _mark_duplicates(codes, seconds, milli, twice, keep, flagged)
    low, high = (edge * MILLI for edge in POSSIBLE_C)
    _set_aside(milli == NO_VALUE, "missing_value", codes, keep, flagged)
    _set_aside((milli < low) | (milli > high), "impossible", codes, keep, flagged)
    _set_aside(
        (seconds < window.first_s) | (seconds >= window.last_s), "outside_season", codes, keep, flagged
    )
    if not keep.all():
        codes, seconds, milli = codes[keep], seconds[keep], milli[keep]
    return Series(codes, seconds, milli, jumps, flagged, len(raw.codes))


def _told_apart(codes: Any, back: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.int32]]:
    """Steps back that are jumps of a clock, and the readings of sensors whose rows are in another order."""
    size = int(codes.max()) + 1
    often = np.bincount(codes[back], minlength=size) > UNORDERED_SHARE * np.bincount(codes, minlength=size)
    return back[~often[codes[back]]], codes[often[codes]]


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
