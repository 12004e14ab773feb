"""Curves of a pump station: volume over depth of a wet well, flow over lift of a pump."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

#: Energy that lifts 1 m3 of water by 1 m at an efficiency of 1 [kWh]: 1000 kg/m3 · 9.81 m/s2 / 3.6e6.
KWH_PER_M3_AND_M = 1000.0 * 9.81 / 3.6e6


class PumpCurveKind(StrEnum):
    """What the flow of a pump follows (SWMM 5.2 user's manual, pump curves)."""

    VOLUME = "PUMP1"
    """In steps over the wet well's volume."""
    DEPTH_STEPS = "PUMP2"
    """In steps over the inlet node's depth."""
    LIFT = "PUMP3"
    """Over the difference of heads; PUMP5 at full speed is read as this."""
    DEPTH = "PUMP4"
    """Over the inlet node's depth."""


@dataclass(frozen=True)
class PumpCurve:
    """Flow of one pump, in SI units.

    Attributes
    ----------
    kind : PumpCurveKind
    x : tuple of float
        Ascending; volume [m3], depth [m] or lift [m] as the kind says.
    flow_m3_per_s : tuple of float
        Flow at each x [m3/s], >= 0.
    """

    kind: PumpCurveKind
    x: tuple[float, ...]
    flow_m3_per_s: tuple[float, ...]

    def flow(self, *, depth_m: float, lift_m: float, volume_m3: float) -> float:
        """Flow of one running pump [m3/s], not limited by the water there is.

        Parameters
        ----------
        depth_m : float
            Depth of the wet well [m].
        lift_m : float
            Head after the pump less head before it [m].
        volume_m3 : float
            Water in the wet well [m3].
        """
        if self.kind in (PumpCurveKind.VOLUME, PumpCurveKind.DEPTH_STEPS):
            at = volume_m3 if self.kind is PumpCurveKind.VOLUME else depth_m
            step = bisect_left(self.x, at)
            return self.flow_m3_per_s[min(step, len(self.x) - 1)]
        at = lift_m if self.kind is PumpCurveKind.LIFT else depth_m
        return _between(at, self.x, self.flow_m3_per_s)

    @property
    def max_flow_m3_per_s(self) -> float:
        """Largest flow of the curve [m3/s]."""
        return max(self.flow_m3_per_s)


@dataclass(frozen=True)
class VolumeCurve:
    """Water in a tank over its depth.

    Attributes
    ----------
    depth_m : tuple of float
        Ascending from 0 [m].
    volume_m3 : tuple of float
        Ascending from 0 [m3].
    """

    depth_m: tuple[float, ...]
    volume_m3: tuple[float, ...]

    @classmethod
    def of_areas(
        cls, depth_m: Sequence[float], area_m2: Sequence[float], *, max_depth_m: float
    ) -> VolumeCurve:
        """The curve of a tank whose area is known at some depths, linear between them and level beyond.

        Parameters
        ----------
        depth_m, area_m2 : sequence of float
            Ascending depths [m], and areas there [m2], > 0 somewhere.
        max_depth_m : float
            Depth at which the tank is full [m], > 0.
        """
        inside = [one for one in depth_m if 0.0 < one < max_depth_m]
        knots = np.unique(np.concatenate(([0.0], inside, np.linspace(0.0, max_depth_m, 17))))
        areas = np.interp(knots, depth_m, area_m2)
        steps = 0.5 * (areas[1:] + areas[:-1]) * np.diff(knots)
        volumes = np.concatenate(([0.0], np.cumsum(steps)))
        return cls(tuple(knots.tolist()), tuple(volumes.tolist()))

    @classmethod
    def prismatic(cls, area_m2: float, max_depth_m: float) -> VolumeCurve:
        """The curve of a tank with vertical walls: area [m2] and depth when full [m]."""
        return cls((0.0, max_depth_m), (0.0, area_m2 * max_depth_m))

    @property
    def max_depth_m(self) -> float:
        """Depth when full [m]."""
        return self.depth_m[-1]

    @property
    def capacity_m3(self) -> float:
        """Volume when full [m3]."""
        return self.volume_m3[-1]

    def volume(self, depth_m: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Volume [m3] at depths [m], clipped to the tank."""
        return np.asarray(np.interp(depth_m, self.depth_m, self.volume_m3), dtype=np.float64)

    def volume_at(self, depth_m: float) -> float:
        """Volume [m3] at one depth [m]; what the guard asks thousands of times."""
        return _between(depth_m, self.depth_m, self.volume_m3)

    def depth(self, volume_m3: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """Depth [m] at volumes [m3], clipped to the tank."""
        return np.asarray(np.interp(volume_m3, self.volume_m3, self.depth_m), dtype=np.float64)


def _between(at: float, x: Sequence[float], y: Sequence[float]) -> float:
    """Linear interpolation, level beyond the ends; numpy's costs ten times as much for one number."""
    right = bisect_right(x, at)
    if right == 0:
        return y[0]
    if right == len(x):
        return y[-1]
    share = (at - x[right - 1]) / (x[right] - x[right - 1])
    return y[right - 1] + share * (y[right] - y[right - 1])
