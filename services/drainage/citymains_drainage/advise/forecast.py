"""What has fallen and what is expected, as a stream of observations tells it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from citymains_drainage.advise.report import PumpObservation
from citymains_drainage.schedule.courses import Rain
from citymains_drainage.schedule.forecast import (
    DRAINING_S,
    JUDGED_S,
    JUST_NOW_S,
    Floats,
    doubted,
    merged,
    nowcast,
)


@dataclass(eq=False)
class LiveForecast:
    """The rain of a stream; stands where a schedule has its `Forecast`.

    Parameters
    ----------
    gages : sequence of str
        Of the engine.
    """

    gages: Sequence[str]
    _start_s: float = 0.0
    _step_s: float = 300.0
    _recent_mm_per_h: float = 0.0
    _expected: tuple[float, ...] = ()
    _wet: list[tuple[float, float]] = field(default_factory=list)
    """Times in which rain was reported."""
    _record: list[tuple[float, float, float]] = field(default_factory=list)
    """End, depth expected and depth fallen of each interval between observations."""
    _informed: bool = False
    """Whether anything was ever said of rain."""

    def hear(self, seen: PumpObservation, before_s: float, fell_mm_per_h: float, *, reported: bool) -> None:
        """Take note of an observation, and of the rain since the last one."""
        self._informed = self._informed or reported or bool(seen.forecast_mm_per_h)
        if reported:
            share_h = (seen.time_s - before_s) / 3600.0
            self._record.append(
                (seen.time_s, self._expected_mm(before_s, seen.time_s), fell_mm_per_h * share_h)
            )
            self._record = [one for one in self._record if one[0] > seen.time_s - JUDGED_S]
            self._recent_mm_per_h = fell_mm_per_h
        if fell_mm_per_h > 0:
            self._wet = merged([*self._wet, (before_s, seen.time_s)])
        if seen.forecast_mm_per_h:
            given = seen.forecast_step_s
            self._start_s, self._step_s = seen.time_s, given if given and given > 0 else 300.0
            self._expected = tuple(one if one >= 0 else 0.0 for one in seen.forecast_mm_per_h)

    @property
    def known(self) -> bool:
        """Whether there has been a forecast."""
        return bool(self._expected)

    def at(self, time_s: float) -> float:
        """What is expected at a time [mm/h]."""
        step = math.floor((time_s - self._start_s + 1e-6) / self._step_s)
        return self._expected[step] if 0 <= step < len(self._expected) else 0.0

    def rains(self, now_s: float, until_s: float) -> list[Rain]:
        """The expected rain from now on, as branches take it; before it a nowcast where it is doubted."""
        step_s = min(60.0, self._step_s)
        steps = max(1, math.ceil((until_s - now_s) / step_s))
        ahead: Floats = np.arange(steps, dtype=np.float64) * step_s
        values = [np.array([self.at(now_s + one) for one in ahead.tolist()])]
        if self.doubted(now_s):
            expected, fell = self._lately()
            corrected = nowcast(
                values[0], ahead, expected_mm=expected, fell_mm=fell, recent_mm_per_h=self._recent_mm_per_h
            )
            values.insert(0, corrected)
        return [
            {"start_s": now_s, "step_s": step_s, "intensity_mm_per_h": dict.fromkeys(self.gages, one)}
            for one in values
        ]

    def doubted(self, now_s: float) -> bool:
        """Whether the forecast was wrong of late."""
        return doubted(*self._lately())

    def _lately(self) -> tuple[float, float]:
        """Depth expected and depth fallen within the last hour [mm]."""
        return sum(one[1] for one in self._record), sum(one[2] for one in self._record)

    def _expected_mm(self, begin_s: float, end_s: float) -> float:
        """What was expected to fall [mm]; 0 without a forecast."""
        steps = max(1, math.ceil((end_s - begin_s) / 60.0))
        step_s = (end_s - begin_s) / steps
        return sum(self.at(begin_s + step * step_s) for step in range(steps)) * step_s / 3600.0

    def near(self, now_s: float, until_s: float) -> bool:
        """Whether it has rained just now, or is expected to rain until then."""
        return (
            any(end > now_s - JUST_NOW_S for _, end in self._wet)
            or self._next_wet(now_s, until_s) is not None
        )

    def wet(self, now_s: float, until_s: float, before_s: float) -> list[tuple[float, float]] | None:
        """Times in which rivers may be pumped into, by what has fallen and is expected; None: nobody knows."""
        if not self._informed:
            return None
        windows = [(begin - before_s, end + DRAINING_S) for begin, end in self._wet]
        for step, intensity in enumerate(self._expected):
            begin = self._start_s + step * self._step_s
            if intensity > 0 and begin <= until_s:
                windows.append((begin - before_s, begin + self._step_s + DRAINING_S))
        return merged(windows)

    def _next_wet(self, now_s: float, until_s: float) -> float | None:
        for step, intensity in enumerate(self._expected):
            begin = self._start_s + step * self._step_s
            if intensity > 0 and begin + self._step_s > now_s and begin < until_s:
                return begin
        return None
