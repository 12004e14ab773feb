"""Design storms: the Chinese storm intensity formula and the Chicago hyetograph."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class IntensityFormula:
    """Mean intensity of a storm, i = A (1 + C lg P) / (t + b)^n in mm/min, t in min.

    GB 50014-2021, 4.1.9; the coefficients are a city's own and published with a range of
    return periods and durations.

    Attributes
    ----------
    a_mm_per_min : float
        A, > 0.
    c : float
        C, >= 0.
    b_min : float
        b, >= 0.
    n : float
        n, in 0..1.
    """

    a_mm_per_min: float
    c: float
    b_min: float
    n: float

    def depth_mm(self, return_period_a: float, duration_s: float) -> float:
        """Rain depth of a storm of this duration, in mm.

        Parameters
        ----------
        return_period_a : float
            Return period P in years, > 0.
        duration_s : float
            Duration in seconds, >= 0.
        """
        minutes = duration_s / 60.0
        peak = self.a_mm_per_min * (1.0 + self.c * math.log10(return_period_a))
        return peak * minutes * math.pow(minutes + self.b_min, -self.n)


def chicago_intensity_mm_per_h(
    depth_mm: Callable[[float], float], *, duration_s: float, step_s: float, peak_ratio: float
) -> NDArray[np.float64]:
    """Chicago hyetograph: the mean intensity in each step.

    Around the peak at ``peak_ratio`` of the duration, every stretch with that share of it before
    the peak holds exactly the rain of a storm of its length. The steps are differences of the
    cumulative curve, so that they sum to the formula's depth whatever the step.

    Parameters
    ----------
    depth_mm : callable
        Depth in mm of a storm of a duration in s, rising with it.
    duration_s : float
        Duration of the rain [s], > 0.
    step_s : float
        Step [s], > 0; the last one may be shorter than the rain needs.
    peak_ratio : float
        Share of the duration before the peak, in 0..1.

    Returns
    -------
    ndarray, shape (ceil(duration_s / step_s),)
        Mean intensity of each step [mm/h].

    References
    ----------
    Keifer, C. J., Chu, H. H. (1957). Synthetic storm pattern for drainage design. Journal of the
    Hydraulics Division 83(4).

    Examples
    --------
    >>> formula = IntensityFormula(10.9, 0.85, 12.0, 0.77)
    >>> rain = chicago_intensity_mm_per_h(
    ...     lambda s: formula.depth_mm(2.0, s), duration_s=7200.0, step_s=300.0, peak_ratio=0.4)
    >>> round(float(rain.sum()) * 300.0 / 3600.0, 6) == round(formula.depth_mm(2.0, 7200.0), 6)
    True
    """
    peak_s = peak_ratio * duration_s

    def fallen_mm(time_s: float) -> float:
        if time_s >= duration_s:
            return depth_mm(duration_s)
        if time_s <= peak_s:
            rest_s = (peak_s - time_s) / peak_ratio if peak_ratio > 0 else 0.0
            return peak_ratio * (depth_mm(duration_s) - depth_mm(rest_s))
        gone_s = (time_s - peak_s) / (1.0 - peak_ratio)
        return peak_ratio * depth_mm(duration_s) + (1.0 - peak_ratio) * depth_mm(gone_s)

    steps = math.ceil(duration_s / step_s)
    curve = np.array([fallen_mm(step * step_s) for step in range(steps + 1)])
    return np.diff(curve) * 3600.0 / step_s
