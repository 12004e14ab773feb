"""Friction factors and their slopes, one pipe of one scenario at a time, compiled.

The laws and their conventions are the reference engine's (pandapipes), so that both give the
same numbers; the three-regime law is GB 50028's and no engine's.

References
----------
C. F. Colebrook, "Turbulent flow in pipes", J. ICE 11 (1939) 133.
P. K. Swamee and A. K. Jain, J. Hydraulics Div. ASCE 102 (1976) 657.
GB 50028-2006, 6.2.5 and 6.2.6: laminar to Re 2100, critical to 3500, turbulent above.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NIKURADSE, COLEBROOK, SWAMEE_JAIN, THREE_REGIME, KNOWN = 0, 1, 2, 3, 4

#: Number of each law, by the name it has everywhere else.
LAWS: Final = {
    "nikuradse": NIKURADSE,
    "colebrook": COLEBROOK,
    "swamee-jain": SWAMEE_JAIN,
    "three-regime": THREE_REGIME,
}

LAMINAR_REYNOLDS: Final = 2100.0
TURBULENT_REYNOLDS: Final = 3500.0

#: Below it the engine takes flow for none.
_NO_FLOW: Final = 1e-8
_LOG10: Final = 1.0 / math.log(10.0)
_COLEBROOK_STEPS: Final = 40


@numba.njit(cache=True, inline="always")
def colebrook_root(reynolds: float, roughness: float, start: float) -> float:
    """``x = 1 / sqrt(lambda)`` of ``x = -2 log10(2.51 x / Re + k / (3.71 d))``.

    Parameters
    ----------
    reynolds : float
        > 0.
    roughness : float
        ``k / (3.71 d)``, > 0.
    start : float
        First guess, > 0.

    Notes
    -----
    Halley's method; ``x + 2 log10(a x + b)`` is concave and rising, so every step from below
    stays below. A step of 1e-4 leaves an error near 1e-14.
    """
    a = 2.51 / reynolds
    x = start
    for _ in range(_COLEBROOK_STEPS):
        u = a * x + roughness
        ratio = 2.0 * _LOG10 * a / u
        f = x + 2.0 * _LOG10 * math.log(u)
        slope = 1.0 + ratio
        step = f / (slope + 0.5 * f * ratio * a / (u * slope))
        following = x - step
        if not following > 0.01 * x:
            following = 0.01 * x
        change = abs(following - x)
        x = following
        if change <= 1e-4 * x:
            break
    return x


@numba.njit(cache=True, inline="always")
def friction(
    law: int, reynolds: float, roughness: float, rough: float, root: float
) -> tuple[float, float, float]:
    """Friction factor, its logarithmic slope times itself, and the Colebrook root to start from next time.

    Parameters
    ----------
    law : int
        One of :data:`LAWS`, or :data:`KNOWN` for the factor `rough` itself.
    reynolds : float
        >= 0.
    roughness : float
        ``k / (3.71 d)`` (1).
    rough : float
        Factor of fully rough flow (1).
    root : float
        Colebrook root of the last call for this pipe.

    Returns
    -------
    factor : float
    slope : float
        ``d factor / d ln(Re)``.
    root : float
    """
    if law == KNOWN:
        return rough, 0.0, root
    if law == NIKURADSE:
        laminar = 64.0 / reynolds if reynolds > _NO_FLOW else 0.0
        return rough + laminar, -laminar, root
    if law == SWAMEE_JAIN:
        if reynolds <= 0.0:
            return 0.0, 0.0, root
        viscous = 5.74 * reynolds**-0.9
        total = roughness * (3.71 / 3.7) + viscous
        logarithm = math.log(total) * _LOG10
        factor = 0.25 / (logarithm * logarithm)
        return factor, 1.8 * factor / logarithm * _LOG10 * viscous / total, root
    if reynolds <= _NO_FLOW:
        return rough, 0.0, root
    if law == THREE_REGIME and reynolds <= TURBULENT_REYNOLDS:
        if reynolds <= LAMINAR_REYNOLDS:
            return 64.0 / reynolds, -64.0 / reynolds, root
        below = 65.0 * reynolds - 1e5
        critical = 0.03 + (reynolds - LAMINAR_REYNOLDS) / below
        return critical, reynolds * (below - 65.0 * (reynolds - LAMINAR_REYNOLDS)) / (below * below), root
    root = colebrook_root(reynolds, roughness, root)
    u = 2.51 / reynolds * root + roughness
    ratio = 2.0 * _LOG10 * (2.51 / reynolds) / u
    factor = 1.0 / (root * root)
    return factor, -2.0 * factor * ratio / (1.0 + ratio), root


@numba.njit(cache=True)
def friction_factors(law: NDArray[np.int8], reynolds: Floats, roughness: Floats, rough: Floats) -> Floats:
    """Friction factors of many pipes; see :func:`friction`."""
    found = np.empty(reynolds.shape[0])
    for e in range(reynolds.shape[0]):
        found[e] = friction(law[e], reynolds[e], roughness[e], rough[e], 1.0 / math.sqrt(rough[e]))[0]
    return found
