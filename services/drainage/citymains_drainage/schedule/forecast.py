"""What is expected to fall, and what else may come: the rain of branches."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
        """Rain of each member from now on; None where it is the true one."""
        return [self._rain(member, now_s, until_s) for member in range(self.member_count)]

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
        return _merged(windows)


def _merged(windows: list[tuple[float, float]]) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for begin, end in sorted(windows):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged
