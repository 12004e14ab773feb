"""Measured rain: a series of an office, from Excel, CSV or Parquet, on one even step without a gap."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from citymains.errors import InputError, Issue, issue
from citymains.intake.ledger import Ledger, LedgerField, LedgerKind, read_ledger
from citymains.intake.ledger_kinds import register_ledger_kind
from citymains.intake.source import SourceFile
from citymains.model.table import ColumnSpec, Kind
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RAIN = LedgerKind(
    "rain",
    "Rain in even steps: intensity, or depth fallen in the step; of one member or of several.",
    (
        LedgerField(
            ColumnSpec("time", Kind.TEXT, "Start of the step: seconds from the first, or a date and time."),
            ("时间", "时刻", "time_s", "日期时间", "datetime"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("intensity_mm_per_h", Kind.FLOAT, "Mean intensity of the step."),
            ("雨强", "降雨强度", "intensity"),
        ),
        LedgerField(
            ColumnSpec("depth_mm", Kind.FLOAT, "Depth fallen in the step; instead of the intensity."),
            ("雨量", "降雨量", "depth"),
        ),
        LedgerField(
            ColumnSpec("member", Kind.TEXT, "Member of an ensemble; empty: there is one."),
            ("成员", "集合成员"),
        ),
    ),
)
register_ledger_kind(RAIN)

#: Steps may differ by this much from the even one [s]: clocks and rounded dates.
_JITTER_S = 0.5


@dataclass(frozen=True)
class MeasuredRain:
    """An even series.

    Attributes
    ----------
    step_s : float
    members_mm_per_h : ndarray, shape (members, steps)
        The first is the one a calculation takes.
    start : datetime, optional
        Where the file gives dates.
    """

    step_s: float
    members_mm_per_h: Floats
    start: datetime | None = None


def read_rain(file: SourceFile) -> MeasuredRain:
    """Read a series.

    Raises
    ------
    InputError
        Every issue, located by row: RAIN_NEGATIVE, RAIN_GAP, RAIN_TIME_INVALID, RAIN_VALUE_MISSING,
        RAIN_MEMBERS_UNEVEN, and those of any ledger.
    """
    ledger = read_ledger(file, RAIN)
    if any(one.severity == "error" for one in ledger.issues):
        raise InputError(ledger.issues)
    return _Reader(ledger).rain()


class _Reader:
    def __init__(self, ledger: Ledger) -> None:
        self.file = ledger.file
        self.table = ledger.table
        self.rows = ledger.table.array("row").tolist()
        self.issues: list[Issue] = []
        self.start: datetime | None = None

    def tell(self, code: str, at: int, **context: Any) -> None:
        self.issues.append(issue(code, file=self.file, line=self.rows[at], section="rain", **context))

    def rain(self) -> MeasuredRain:
        times = self.times_s()
        values, as_depth = self.values()
        names = [one or "" for one in self.table.texts("member")]
        series: dict[str, tuple[float, Floats]] = {}
        for name in dict.fromkeys(names):
            at = [i for i, one in enumerate(names) if one == name]
            series[name] = self.even(at, times[at]), values[at]
        if self.issues:
            raise InputError(self.issues)
        steps = {(step, len(value)) for step, value in series.values()}
        if len(steps) != 1:
            raise InputError("RAIN_MEMBERS_UNEVEN", file=self.file, value=len(series))
        ((step_s, _),) = steps
        members = np.stack([value for _, value in series.values()])
        return MeasuredRain(step_s, members * 3600.0 / step_s if as_depth else members, self.start)

    def values(self) -> tuple[Floats, bool]:
        intensity, depth = self.table.array("intensity_mm_per_h"), self.table.array("depth_mm")
        as_depth = bool(np.isnan(intensity).all())
        chosen = depth if as_depth else intensity
        field = "depth_mm" if as_depth else "intensity_mm_per_h"
        for at in np.flatnonzero(np.isnan(chosen)).tolist():
            self.tell("RAIN_VALUE_MISSING", at, field=field)
        for at in np.flatnonzero(chosen < 0).tolist():
            self.tell("RAIN_NEGATIVE", at, field=field, value=float(chosen[at]))
        return chosen, as_depth

    def times_s(self) -> Floats:
        texts = [one or "" for one in self.table.texts("time")]
        numbers = [_number(one) for one in texts]
        if all(math.isfinite(one) for one in numbers):
            return np.array(numbers)
        moments = [_moment(one) for one in texts]
        for at, (text, moment) in enumerate(zip(texts, moments, strict=True)):
            if moment is None:
                self.tell("RAIN_TIME_INVALID", at, field="time", value=text)
        known = [one for one in moments if one is not None]
        if self.issues or not known:
            return np.zeros(len(texts))
        self.start = min(known)
        return np.array([(one - self.start).total_seconds() for one in known])

    def even(self, at: list[int], times: Floats) -> float:
        """The step of one member's times; gaps and repetitions are told."""
        if len(at) < 2:
            if at and not self.issues:
                self.tell("RAIN_TIME_INVALID", at[0], field="time", value="1")
            return 1.0
        steps = np.diff(times)
        step = float(np.median(steps))
        for k in np.flatnonzero(np.abs(steps - step) > _JITTER_S).tolist():
            if not self.issues or self.issues[-1].code != "RAIN_TIME_INVALID":
                self.tell("RAIN_GAP", at[k + 1], field="time", value=float(steps[k]), limit=step)
        if step <= 0 and not self.issues:
            self.tell("RAIN_GAP", at[1], field="time", value=step, limit="> 0")
        return step


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _moment(text: str) -> datetime | None:
    plain = text.replace("/", "-").replace("年", "-").replace("月", "-").replace("日", "").strip()
    for form in (None, "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"):
        try:
            moment = datetime.fromisoformat(plain) if form is None else datetime.strptime(plain, form)
        except ValueError:
            continue
        return moment.replace(tzinfo=None)
    return None
