"""Rain ensembles: members around one series, scaled, shifted in time and with correlated noise.

A radar nowcast's members come from a plugin (`StormFormula.members`); this generator is what is
there without one. It is deterministic: equal arguments give equal members.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def perturbed_members(
    intensity_mm_per_h: Floats,
    *,
    step_s: float,
    count: int,
    spread: float = 0.3,
    shift_s: float = 600.0,
    correlation_s: float = 1800.0,
    seed: int = 0,
) -> Floats:
    """Members around a forecast; the first is the forecast itself.

    Each other member is the forecast times one lognormal factor, moved by one normal shift, times
    lognormal first-order autoregressive noise. Factor and noise have mean 1, so that the mean
    over many members is the forecast, smeared by the shifts.

    Parameters
    ----------
    intensity_mm_per_h : ndarray, shape (steps,)
        The forecast.
    step_s : float
        Step [s], > 0.
    count : int
        Members, >= 1.
    spread : float
        Standard deviation of the logarithm of the factor, and of the noise, >= 0.
    shift_s : float
        Standard deviation of the shift [s], >= 0.
    correlation_s : float
        Time over which the noise's correlation falls to 1/e [s], > 0.
    seed : int
        Of the random numbers.

    Returns
    -------
    ndarray, shape (count, steps)
        Intensities, >= 0 [mm/h].
    """
    forecast = np.asarray(intensity_mm_per_h, dtype=np.float64)
    steps = len(forecast)
    random = np.random.Generator(np.random.PCG64(seed))
    times = np.arange(steps) * step_s
    memory = np.exp(-step_s / correlation_s)
    members = np.empty((count, steps))
    members[0] = forecast
    for member in range(1, count):
        factor = np.exp(spread * random.standard_normal() - spread**2 / 2)
        moved = times - shift_s * random.standard_normal()
        shifted = np.interp(moved, times, forecast, left=0.0, right=0.0)
        shocks = random.standard_normal(steps)
        noise = np.empty(steps)
        level = shocks[0] if steps else 0.0
        for at in range(steps):
            level = shocks[0] if at == 0 else memory * level + np.sqrt(1.0 - memory**2) * shocks[at]
            noise[at] = level
        members[member] = factor * shifted * np.exp(spread * noise - spread**2 / 2)
    return members
