"""Readings to days: one pass over the sensors' clean series, in columns.

A day whose clock jumped back is no evidence. What is left gives count, sum, least and greatest
of each sensor and day, in whole thousandths of a degree, so that a mean is compared with an edge
exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.policy import SensorEvidence
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.series import FLAGS, Series, Window, each_series
from citymains_heating.refunds.tabular import epoch_day

DAY_S = 86_400


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
    window = season_window(season, sample_s)
    sensors, parts = each_series(source, lambda _: window, lambda series: _reduce(series, season.days))
    days = SensorDays.empty(sensors, season.days)
    for part in parts:
        part.into(days)
    return days


def season_window(season: Season, sample_s: int) -> Window:
    """The window of a season."""
    midnight = datetime.combine(season.first_day, datetime.min.time())
    second = timedelta(seconds=1)
    return Window(
        epoch_day(season.first_day) * DAY_S,
        (season.start - midnight) // second,
        (season.end - midnight) // second,
        sample_s,
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


def _reduce(series: Series, days: int) -> _Part:
    """Whole series of some sensors to their days."""
    day = series.seconds // np.int32(DAY_S)
    codes, jumped = series.jumps[0], series.jumps[1] // DAY_S
    inside = (jumped >= 0) & (jumped < days)
    return _runs(
        series.codes,
        day,
        series.milli,
        days,
        (codes[inside], jumped[inside]),
        series.flagged,
        series.readings,
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
