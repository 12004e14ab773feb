"""Outdoor temperatures: a series, else daily means, else one number."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import numpy as np
from citymains.errors import InputError
from numpy.typing import NDArray

from citymains_heating.refunds.tabular import MICRO, MISSING, Columns, to_datetime

Floats = NDArray[np.float64]

_DAY_S: Final = 86_400
#: Longest pause between two outdoor temperatures [s].
PAUSE_S: Final = 6 * 3600


class Outdoor:
    """Outdoor temperatures: a series, else daily means, else one number."""

    def __init__(self, weather: Columns, daily: Columns) -> None:
        series = weather if weather.rows else daily
        valid = series["temperature_c"] != MISSING
        moments = series["time"][valid] if weather.rows else series["day"][valid] * _DAY_S + _DAY_S // 2
        order = np.argsort(moments, kind="stable")
        self.times_s = moments[order].astype(np.float64)
        self.temperature_c = series["temperature_c"][valid][order] / MICRO
        self.pause_s = PAUSE_S if weather.rows else _DAY_S

    def series(self, moments_s: Floats) -> Floats:
        """At times of the series' own clock.

        Raises
        ------
        InputError
            HEAT_WEATHER_GAP.
        """
        if not len(self.times_s):
            raise InputError("ARGUMENT_MISSING", field="weather")
        after = np.searchsorted(self.times_s, moments_s)
        last = len(self.times_s) - 1
        before_s = self.times_s[np.clip(after - 1, 0, last)]
        after_s = self.times_s[np.clip(after, 0, last)]
        apart = np.where(
            (after > 0) & (after <= last), after_s - before_s, 2.0 * np.minimum(abs(moments_s - before_s), abs(moments_s - after_s))
        )  # fmt: skip
        gap = np.flatnonzero(apart > self.pause_s)
        if len(gap):
            moment = to_datetime(int(moments_s[gap[0]])).isoformat(sep=" ", timespec="minutes")
            raise InputError("HEAT_WEATHER_GAP", field="weather", value=moment)
        return np.asarray(np.interp(moments_s, self.times_s, self.temperature_c))

    def at(self, grid: Floats, needed: int, starts: datetime | None, given: float | None) -> Floats:
        """On the grid; what lies after the time asked for takes the last value known."""
        if given is not None:
            return np.full(len(grid), given)
        if starts is None or not len(self.times_s):
            raise InputError("ARGUMENT_MISSING", field="start_time" if len(self.times_s) else "outdoor_c")
        base = (starts - to_datetime(0)).total_seconds()
        found = self.series(base + grid[:needed])
        return np.concatenate([found, np.full(len(grid) - needed, found[-1])])
