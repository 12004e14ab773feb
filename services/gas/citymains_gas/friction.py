"""Friction factors of gas pipes: the three flow regimes of Chinese practice, in closed form.

GB 50028 and the textbooks that explain it calculate laminar, critical and turbulent flow with
a law each. No engine we know offers that; the engine process is given the law from here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Largest Reynolds number of laminar flow.
LAMINAR_REYNOLDS: Final = 2100.0

#: Reynolds number from which on flow is turbulent.
TURBULENT_REYNOLDS: Final = 3500.0

#: Below this Reynolds number a pipe counts as standing still: 64/Re has no finite value at rest.
STILL_REYNOLDS: Final = 1e-6

_LN10: Final = float(np.log(10.0))
_COLEBROOK_STEPS: Final = 40


class FrictionModel(StrEnum):
    """How the friction factor is calculated."""

    COLEBROOK = "colebrook"
    """Prandtl-Colebrook; the law of GB 50028 for turbulent flow."""
    NIKURADSE = "nikuradse"
    """64/Re plus the fully rough law; under-predicts drops in plastic pipes by up to 40 %."""
    SWAMEE_JAIN = "swamee-jain"
    """Explicit approximation of Colebrook."""
    THREE_REGIME = "three-regime"
    """Laminar, critical and turbulent flow with a law each, as Chinese practice has it."""


def three_regime(reynolds: Array, relative_roughness: Array, *, blend: float = 0.0) -> Array:
    """Darcy friction factor by flow regime (层流、临界、紊流).

    Parameters
    ----------
    reynolds : ndarray, shape (n,)
        Reynolds number (1), >= 0.
    relative_roughness : ndarray, shape (n,)
        Roughness over inner diameter k/d (1), >= 0.
    blend : float
        Half-width, as a share of Re = 3500, over which critical and turbulent flow are joined
        by a straight line; 0: the law as written, which jumps there.

    Returns
    -------
    ndarray, shape (n,)
        Friction factor (1); that of Re = 1e-6 at rest.

    Notes
    -----
    Re <= 2100: ``64/Re``. 2100 < Re <= 3500: ``0.03 + (Re - 2100) / (65 Re - 1e5)``.
    Re > 3500: ``1/sqrt(f) = -2 log10(k/(3.71 d) + 2.51/(Re sqrt(f)))``.
    The law jumps by -1.6 % at 2100 and by a few per cent, up or down, at 3500.

    References
    ----------
    GB 50028-2006, hydraulics of city gas pipes (regimes as city gas textbooks print them);
    C. F. Colebrook, J. ICE 11 (1939) 133.

    Examples
    --------
    >>> three_regime(np.array([1000.0, 2800.0, 1e5]), np.array([1e-4] * 3)).round(5)
    array([0.064  , 0.03854, 0.01851])
    """
    re = np.maximum(np.asarray(reynolds, dtype=np.float64), STILL_REYNOLDS)
    rough = np.broadcast_to(np.asarray(relative_roughness, dtype=np.float64), re.shape)
    low, high = TURBULENT_REYNOLDS * (1.0 - blend), TURBULENT_REYNOLDS * (1.0 + blend)
    factor = np.where(re <= LAMINAR_REYNOLDS, 64.0 / re, critical(np.maximum(re, LAMINAR_REYNOLDS)))
    turbulent = re > high if blend else re > TURBULENT_REYNOLDS
    factor[turbulent] = colebrook(re[turbulent], rough[turbulent])
    if blend:
        between = (re > low) & ~turbulent
        share = (re[between] - low) / (high - low)
        start, end = (
            critical(np.full(share.shape, low)),
            colebrook(np.full(share.shape, high), rough[between]),
        )
        factor[between] = start + share * (end - start)
    return factor


def three_regime_slope(reynolds: Array, relative_roughness: Array, *, blend: float = 0.0) -> Array:
    """Derivative of :func:`three_regime` to the Reynolds number within each regime, shape (n,)."""
    re = np.maximum(np.asarray(reynolds, dtype=np.float64), STILL_REYNOLDS)
    rough = np.broadcast_to(np.asarray(relative_roughness, dtype=np.float64), re.shape)
    low, high = TURBULENT_REYNOLDS * (1.0 - blend), TURBULENT_REYNOLDS * (1.0 + blend)
    safe = np.maximum(re, LAMINAR_REYNOLDS)
    # d/dRe of (Re - 2100) / (65 Re - 1e5)
    slope = np.where(
        re <= LAMINAR_REYNOLDS, -64.0 / re**2, (65.0 * LAMINAR_REYNOLDS - 1e5) / (65.0 * safe - 1e5) ** 2
    )
    turbulent = re > high if blend else re > TURBULENT_REYNOLDS
    slope[turbulent] = colebrook_slope(re[turbulent], rough[turbulent])
    if blend:
        between = (re > low) & ~turbulent
        start, end = (
            critical(np.full(int(between.sum()), low)),
            colebrook(np.full(int(between.sum()), high), rough[between]),
        )
        slope[between] = (end - start) / (high - low)
    return slope


def critical(reynolds: Array) -> Array:
    """Friction factor of critical flow, 2100 < Re <= 3500, shape (n,)."""
    return np.asarray(0.03 + (reynolds - LAMINAR_REYNOLDS) / (65.0 * reynolds - 1e5), dtype=np.float64)


def colebrook(reynolds: Array, relative_roughness: Array) -> Array:
    """Friction factor by Prandtl-Colebrook, to the last digits, shape (n,).

    Parameters
    ----------
    reynolds : ndarray, shape (n,)
        > 0; the law is meant for turbulent flow and goes on without bound below.
    relative_roughness : ndarray, shape (n,)
        k/d (1), >= 0.
    """
    # Halley's method in x = 1/sqrt(f), where the law is nearly a straight line.
    rough, smooth = np.asarray(relative_roughness) / 3.71, 2.51 / np.asarray(reynolds)
    x = np.full(smooth.shape, 8.0)
    for _ in range(_COLEBROOK_STEPS):
        inner = rough + smooth * x
        off = x + 2.0 * np.log10(inner)
        ratio = 2.0 / _LN10 * smooth / inner
        whole = 1.0 + ratio
        bend = 0.5 * off * ratio * smooth / (inner * whole)
        following = np.maximum(x - off / np.maximum(whole + bend, 0.5 * whole), 0.01 * x)
        settled = np.abs(following - x) <= 1e-15 * x
        x = following
        if settled.all():
            break
    return np.asarray(x**-2.0, dtype=np.float64)


def colebrook_slope(reynolds: Array, relative_roughness: Array) -> Array:
    """Derivative of :func:`colebrook` to the Reynolds number, shape (n,)."""
    x = colebrook(reynolds, relative_roughness) ** -0.5
    smooth = 2.51 / reynolds
    weight = 2.0 / (_LN10 * (relative_roughness / 3.71 + smooth * x))
    # Implicit differentiation of x + 2 log10(k/(3.71 d) + 2.51 x / Re) = 0.
    dx = weight * smooth * x / reynolds / (1.0 + weight * smooth)
    return np.asarray(-2.0 * x**-3.0 * dx, dtype=np.float64)
