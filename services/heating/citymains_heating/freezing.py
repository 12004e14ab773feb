"""Standing water: how long until it is cold, until it freezes, and how long a segment takes to drain.

References
----------
Standing water in a long pipe: lumped capacity, :math:`\\tau = \\rho c_p d / 4U` for a bare pipe of
inner diameter d with U on the inner surface. Draining: Torricelli's law for a vessel whose area is
the same at every height.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from citymains_heating.thermal import PipeHeat

Floats = NDArray[np.float64]

_ICE_J_PER_KG: Final = 333_700.0
_GRAVITY: Final = 9.81
#: Discharge coefficient of a sharp-edged drain.
DISCHARGE: Final = 0.61


def time_until_s(pipes: PipeHeat, from_c: Floats, to_c: float) -> Floats:
    """Time in which standing water cools from one temperature to another [s].

    Parameters
    ----------
    pipes : PipeHeat
    from_c : ndarray, shape (m,)
    to_c : float

    Returns
    -------
    ndarray, shape (m,)
        inf where the surroundings are not colder than `to_c`; 0 where the water is there already.
    """
    around = pipes.surroundings_c
    with np.errstate(divide="ignore", invalid="ignore"):
        waits = pipes.time_constant_s * np.log((from_c - around) / (to_c - around))
    waits = np.where(around < to_c, waits, np.inf)
    return np.where(from_c <= to_c, 0.0, waits)


def freezing_s(pipes: PipeHeat, from_c: Floats, water_kg: Floats) -> Floats:
    """Time until standing water is ice throughout [s]: cooling to 0 C, then the heat of fusion; inf: never.

    The ice's own resistance is left out, so the time is on the safe side.
    """
    cooled = time_until_s(pipes, from_c, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        fused = water_kg * _ICE_J_PER_KG / (pipes.loss_w_per_k * -pipes.surroundings_c)
    cold = (pipes.surroundings_c < 0.0) & (pipes.loss_w_per_k > 0.0)
    return np.where(cold, cooled + np.where(cold, fused, 0.0), np.inf)


def drain_s(volume_m3: float, drop_m: float, drain_mm: float) -> float:
    """Time a segment takes to drain through one open drain at its lowest point [s].

    Parameters
    ----------
    volume_m3 : float
        Water in the segment, >= 0.
    drop_m : float
        Height of its highest point above the drain; nothing flows out of a level segment by itself.
    drain_mm : float
        Diameter of the drain, > 0.

    Returns
    -------
    float
        2 V / (C A sqrt(2 g h)), which holds for a volume spread evenly over the height; inf for h = 0.

    Examples
    --------
    >>> round(drain_s(40.0, 5.0, 100.0) / 60.0, 1)
    28.1
    """
    if volume_m3 <= 0.0:
        return 0.0
    if drop_m <= 0.0:
        return float("inf")
    area = np.pi * (drain_mm / 1000.0) ** 2 / 4.0
    return float(2.0 * volume_m3 / (DISCHARGE * area * np.sqrt(2.0 * _GRAVITY * drop_m)))
