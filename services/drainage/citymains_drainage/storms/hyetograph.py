"""Hyetographs: how a storm's depth is spread over its duration.

Each is the difference of one cumulative curve at the edges of the steps, so that the steps sum
to the depth exactly, whatever the step, the duration and the position of the peak.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Depth = Callable[[float], float]
"""Depth [mm] of a storm of a duration [s], not falling with it."""


class HyetographShape(StrEnum):
    """How the rain is spread."""

    CHICAGO = "CHICAGO"
    """Keifer and Chu: every stretch around the peak holds the rain of a storm of its length."""
    ALTERNATING_BLOCK = "ALTERNATING_BLOCK"
    """Blocks of one step, the largest at the peak, the next ones after and before it in turn."""
    SCS_II = "SCS_II"
    """The 24-hour distribution type II of the US Soil Conservation Service, stretched to the duration."""
    SCS_III = "SCS_III"
    """The 24-hour distribution type III."""
    UNIFORM = "UNIFORM"
    """The same in every step."""


def hyetograph_mm_per_h(
    shape: HyetographShape, depth_mm: Depth, *, duration_s: float, step_s: float, peak_ratio: float
) -> Floats:
    """Mean intensity of each step of a design storm.

    Parameters
    ----------
    shape : HyetographShape
    depth_mm : callable
        Depth in mm of a storm of a duration in s, not falling with it.
    duration_s : float
        Duration of the rain [s], > 0.
    step_s : float
        Step [s], > 0; the last one may be longer than the rain that is left.
    peak_ratio : float
        Share of the duration before the peak, in 0..1 (CHICAGO and ALTERNATING_BLOCK).

    Returns
    -------
    ndarray, shape (ceil(duration_s / step_s),)
        Mean intensity of each step [mm/h]; times the step they sum to ``depth_mm(duration_s)``.
    """
    edges = np.minimum(np.arange(math.ceil(duration_s / step_s) + 1) * step_s, duration_s)
    if shape is HyetographShape.ALTERNATING_BLOCK:
        fallen = _alternating(depth_mm, edges, peak_ratio)
    elif shape is HyetographShape.CHICAGO:
        fallen = np.array([_chicago_mm(depth_mm, duration_s, peak_ratio, float(one)) for one in edges])
    else:
        share = edges / duration_s
        table = _SCS.get(shape)
        curve = share if table is None else np.interp(share * 24.0, table[0], table[1])
        fallen = depth_mm(duration_s) * curve
    return np.diff(fallen) * 3600.0 / step_s


def chicago_intensity_mm_per_h(
    depth_mm: Depth, *, duration_s: float, step_s: float, peak_ratio: float
) -> Floats:
    """Chicago hyetograph; see :func:`hyetograph_mm_per_h`.

    References
    ----------
    Keifer, C. J., Chu, H. H. (1957). Synthetic storm pattern for drainage design. Journal of the
    Hydraulics Division 83(4).

    Examples
    --------
    >>> from citymains_drainage.storms.formula import IntensityFormula
    >>> formula = IntensityFormula(10.9, 0.85, 12.0, 0.77)
    >>> rain = chicago_intensity_mm_per_h(
    ...     lambda s: formula.depth_mm(2.0, s), duration_s=7200.0, step_s=300.0, peak_ratio=0.4)
    >>> round(float(rain.sum()) * 300.0 / 3600.0, 6) == round(formula.depth_mm(2.0, 7200.0), 6)
    True
    """
    return hyetograph_mm_per_h(
        HyetographShape.CHICAGO, depth_mm, duration_s=duration_s, step_s=step_s, peak_ratio=peak_ratio
    )


def _chicago_mm(depth_mm: Depth, duration_s: float, peak_ratio: float, time_s: float) -> float:
    """What has fallen by a time [mm]."""
    peak_s = peak_ratio * duration_s
    if time_s >= duration_s:
        return depth_mm(duration_s)
    if time_s <= peak_s and peak_ratio > 0:
        return peak_ratio * (depth_mm(duration_s) - depth_mm((peak_s - time_s) / peak_ratio))
    gone_s = (time_s - peak_s) / (1.0 - peak_ratio)
    return peak_ratio * depth_mm(duration_s) + (1.0 - peak_ratio) * depth_mm(gone_s)


def _alternating(depth_mm: Depth, edges: Floats, peak_ratio: float) -> Floats:
    blocks = np.sort(np.diff([depth_mm(float(one)) for one in edges]))[::-1]
    count = len(blocks)
    peak = min(int(peak_ratio * count), count - 1)
    places = sorted(range(count), key=lambda at: (abs(at - peak), -at))
    placed = np.zeros(count)
    placed[places] = blocks
    return np.concatenate([[0.0], np.cumsum(placed)])


def _table(half_hours: str, *more: tuple[float, float]) -> tuple[Floats, Floats]:
    points = dict(enumerate(float(one) / 1000.0 for one in half_hours.split()))
    merged = sorted([(at / 2.0, share) for at, share in points.items()] + list(more))
    return np.array([at for at, _ in merged]), np.array([share for _, share in merged])


# Cumulative shares in thousandths, every half hour of 24 (Soil Conservation Service, TR-55).
_SCS = {
    HyetographShape.SCS_II: _table(
        "0 5 11 17 23 29 35 41 48 56 63 72 80 90 100 111 122 135 148 163 181 204 235 283 663 735 772 799 820"
        " 838 854 868 880 892 903 913 922 930 938 946 953 959 965 971 977 983 989 995 1000",
        (11.75, 0.357),
    ),
    HyetographShape.SCS_III: _table(
        "0 5 10 15 20 26 32 37 43 50 57 65 72 81 89 100 111 125 140 160 185 217 260 298 500 702 751 785 811"
        " 830 848 867 886 895 904 913 922 930 938 946 953 959 965 971 977 983 989 995 1000"
    ),
}
