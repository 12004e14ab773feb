"""What is expected to fall, and what else may come: the rain of branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citymains_drainage.rain import GageRain
from citymains_drainage.schedule.courses import Rain

Floats = NDArray[np.float64]

#: How long after rain a river may still be pumped into [s]: the runoff has to leave.
DRAINING_S = 4 * 3600.0
#: Rain this long ago still counts as a storm that goes on [s].
JUST_NOW_S = 1800.0
#: Step of the rain in branches [s].
RAIN_STEP_S = 60.0


#: Forecasts are held against what fell within this time [s], where at least so much fell [mm].
JUDGED_S, LEAST_MM = 3600.0, 0.5
#: A forecast that was off by more than this share of what fell is doubted.
DOUBT_SHARE = 0.25
#: Without any forecast to correct, the rain of the last while dies away within this time [s].
DIES_WITHIN_S, RECENT_S = 2400.0, 600.0
#: Forecasts are corrected by a factor within these.
_LEAST_FACTOR, _MOST_FACTOR = 0.2, 5.0


def doubted(expected_mm: float, fell_mm: float) -> bool:
    """Whether a forecast was wrong of late."""
    return max(fell_mm, expected_mm) >= LEAST_MM and abs(expected_mm - fell_mm) > DOUBT_SHARE * fell_mm


def nowcast(
    expected_mm_per_h: Floats, ahead_s: Floats, *, expected_mm: float, fell_mm: float, recent_mm_per_h: float
) -> Floats:
    """What to reckon with after a forecast that was wrong: it corrected by its error, or the rain now dying away.

    Parameters
    ----------
    expected_mm_per_h, ahead_s : ndarray, shape (steps,)
        The forecast, and how far ahead each step is.
    expected_mm, fell_mm : float
        What was expected of late, and what fell.
    recent_mm_per_h : float
        Intensity of the last minutes.
    """
    if expected_mm >= 0.1 * fell_mm and expected_mm > 0:
        factor = min(_MOST_FACTOR, max(_LEAST_FACTOR, fell_mm / expected_mm))
        return np.asarray(expected_mm_per_h * factor, dtype=np.float64)
    dying = recent_mm_per_h * np.maximum(0.0, 1.0 - ahead_s / DIES_WITHIN_S)
    return np.asarray(np.maximum(expected_mm_per_h, dying), dtype=np.float64)


class Expectation(Protocol):
    """What a planner asks of a forecast; `Forecast` is that of an evaluation, a stream of observations has its own."""

    def rains(self, now_s: float, until_s: float) -> list[Rain]:
        """Rain of each member from now on, what is expected first; None where it is the model's own."""
        ...

    def doubted(self, now_s: float) -> bool:
        """Whether the forecast was wrong of late; the first of the rains is then a nowcast."""
        ...

    def near(self, now_s: float, until_s: float) -> bool:
        """Whether it has rained just now, or is expected to rain until then."""
        ...

    def wet(self, now_s: float, until_s: float, before_s: float) -> list[tuple[float, float]] | None:
        """Times in which rivers may be pumped into; None: nobody knows."""
        ...


@dataclass(frozen=True, eq=False)
class Forecast:
    """The forecast of a closed-loop evaluation.

    Attributes
    ----------
    gages : sequence of GageRain
        The true rain, which the live simulation gets.
    scale : float
        What is forecast, as a share of what will come, >= 0; rain until now is known.
    members_mm_per_h : ndarray, shape (members, steps), optional
        An ensemble on an even grid from the start, over the whole network; the first is the true rain.
    member_step_s : float
    """

    gages: Sequence[GageRain]
    scale: float = 1.0
    members_mm_per_h: Floats | None = None
    member_step_s: float = RAIN_STEP_S

    @property
    def member_count(self) -> int:
        """Members, 1 without an ensemble."""
        return 1 if self.members_mm_per_h is None else len(self.members_mm_per_h)

    def rains(self, now_s: float, until_s: float) -> list[Rain]:
        """Rain of each member from now on, before them a nowcast where they are doubted; None: the true rain."""
        members = [self._rain(member, now_s, until_s) for member in range(self.member_count)]
        return [self._nowcast(now_s, until_s), *members] if self.doubted(now_s) else members

    def doubted(self, now_s: float) -> bool:
        """See `Expectation.doubted`."""
        fell = [self._fell_mm(one, now_s - JUDGED_S, now_s) for one in self.gages]
        return any(doubted(self.scale * one, one) for one in fell)

    def _fell_mm(self, gage: GageRain, begin_s: float, end_s: float) -> float:
        before, after = gage.fallen_mm(np.array([max(0.0, begin_s), max(0.0, end_s)])).tolist()
        return float(after - before)

    def _nowcast(self, now_s: float, until_s: float) -> Rain:
        steps = max(1, math.ceil((until_s - now_s) / RAIN_STEP_S))
        ahead: Floats = np.arange(steps, dtype=np.float64) * RAIN_STEP_S
        intensity = {}
        for one in self.gages:
            expected = np.array([one.at(now_s + float(ahead_s)) for ahead_s in ahead]) * self.scale
            fell = self._fell_mm(one, now_s - JUDGED_S, now_s)
            recent = self._fell_mm(one, now_s - RECENT_S, now_s) * 3600.0 / RECENT_S
            intensity[one.gage] = nowcast(
                expected, ahead, expected_mm=self.scale * fell, fell_mm=fell, recent_mm_per_h=recent
            )
        return {"start_s": now_s, "step_s": RAIN_STEP_S, "intensity_mm_per_h": intensity}

    def _rain(self, member: int, now_s: float, until_s: float) -> Rain:
        members = self.members_mm_per_h if member else None
        if self.scale == 1.0 and members is None:
            return None
        steps = max(1, math.ceil((until_s - now_s) / RAIN_STEP_S))
        times = now_s + np.arange(steps) * RAIN_STEP_S
        intensity = {}
        for one in self.gages:
            if members is None:
                expected = np.array([one.at(float(time)) for time in times])
            else:
                at = (times / self.member_step_s).astype(np.int64)
                padded = np.append(members[member], 0.0)
                expected = padded[np.minimum(at, len(padded) - 1)]
            intensity[one.gage] = expected * self.scale
        return {"start_s": now_s, "step_s": RAIN_STEP_S, "intensity_mm_per_h": intensity}

    def near(self, now_s: float, until_s: float) -> bool:
        """Whether it has rained just now, or is expected to rain until then."""
        for gage in self.gages:
            rainy = gage.time_s[gage.intensity_mm_per_h > 0]
            fell = bool(((rainy <= now_s) & (rainy + gage.interval_s > now_s - JUST_NOW_S)).any())
            if fell or (self.scale > 0 and bool(((rainy > now_s) & (rainy < until_s)).any())):
                return True
        return not self.gages

    def wet(self, now_s: float, until_s: float, before_s: float) -> list[tuple[float, float]] | None:
        """Times in which rivers may be pumped into, by what has fallen and what is expected; None: nobody knows."""
        if not self.gages:
            return None
        windows: list[tuple[float, float]] = []
        for gage in self.gages:
            for time, intensity in zip(gage.time_s.tolist(), gage.intensity_mm_per_h.tolist(), strict=True):
                known = time <= now_s or (self.scale > 0 and time <= until_s)
                if intensity > 0 and known:
                    windows.append((time - before_s, time + gage.interval_s + DRAINING_S))
        return merged(windows)


def merged(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Windows of time in order, those that meet as one."""
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(windows):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
