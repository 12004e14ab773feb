"""Friction factors and their slopes for a run of pipes, compiled to vector instructions.

The laws and their conventions are the reference engine's (pandapipes), so that both give the
same numbers; the three-regime law is the one of `citymains_gas.friction`. A run is a few
hundred pipe and scenario pairs, laid out flat, that stay in the processor's first cache.

References
----------
C. F. Colebrook, "Turbulent flow in pipes", J. ICE 11 (1939) 133.
P. K. Swamee and A. K. Jain, J. Hydraulics Div. ASCE 102 (1976) 657.
"""

from __future__ import annotations

import math
from typing import Final

import numba
import numpy as np
from citymains.kernels.power import logarithm, power
from numpy.typing import NDArray

from citymains_gas.friction import LAMINAR_REYNOLDS, TURBULENT_REYNOLDS, FrictionModel

Floats = NDArray[np.float64]

NIKURADSE, COLEBROOK, SWAMEE_JAIN, THREE_REGIME = 0, 1, 2, 3

#: Number of each law.
LAWS: Final = {
    FrictionModel.NIKURADSE: NIKURADSE,
    FrictionModel.COLEBROOK: COLEBROOK,
    FrictionModel.SWAMEE_JAIN: SWAMEE_JAIN,
    FrictionModel.THREE_REGIME: THREE_REGIME,
}

#: Below this Reynolds number the engine takes flow for none.
_NO_FLOW: Final = 1e-8
_PER_LN10: Final = 1.0 / math.log(10.0)
#: Halley's steps of Colebrook's law in each iteration of the network: with one, small flows lag behind.
_STEPS: Final = 2
#: Colebrook's constant of smooth pipes, and what it makes of the law's slope.
_VISCOUS: Final = 2.51
_RATIO: Final = 2.0 * _PER_LN10 * _VISCOUS


@numba.njit(cache=True, error_model="numpy")
def friction(
    law: int,
    count: int,
    reynolds: Floats,
    roughness: Floats,
    rough: Floats,
    root: Floats,
    factor: Floats,
    slope: Floats,
) -> None:
    """Friction factor of each pipe, and its slope.

    Parameters
    ----------
    law : int
        One of :data:`LAWS`.
    count : int
        How many of the entries.
    reynolds : ndarray
        >= 0.
    roughness : ndarray
        ``k / (3.71 d)`` (1).
    rough : ndarray
        Factor of fully rough flow (1).
    root : ndarray
        ``1 / sqrt(factor)`` by Colebrook's law: the last call's, from where this one goes on.
    factor, slope : ndarray
        Output: the factor, and ``d factor / d ln(Re)``.
    """
    if law == NIKURADSE:
        for i in range(count):
            flows = reynolds[i] > _NO_FLOW
            laminar = 64.0 / reynolds[i] if flows else 0.0
            factor[i] = rough[i] + laminar
            slope[i] = -laminar
    elif law == SWAMEE_JAIN:
        for i in range(count):
            flows = reynolds[i] > _NO_FLOW
            viscous = 5.74 * power(reynolds[i] if flows else 1.0, -0.9)
            total = roughness[i] * (3.71 / 3.7) + viscous
            decades = logarithm(total) * _PER_LN10
            one = 0.25 / (decades * decades)
            factor[i] = one if flows else 0.0
            slope[i] = 1.8 * one / decades * _PER_LN10 * viscous / total if flows else 0.0
    else:
        _colebrook(count, reynolds, roughness, rough, root, factor, slope)
        if law == THREE_REGIME:
            _slow_flow(count, reynolds, factor, slope)


@numba.njit(cache=True, error_model="numpy", fastmath={"contract"})
def _colebrook(
    count: int,
    reynolds: Floats,
    roughness: Floats,
    rough: Floats,
    root: Floats,
    factor: Floats,
    slope: Floats,
) -> None:
    """``x = -2 log10(2.51 x / Re + k / (3.71 d))`` for ``x = 1 / sqrt(factor)``, a few of Halley's steps further.

    The law is concave and rising in x, and the step is of third order: from the last iterate
    of a flow that has nearly settled, they leave nothing but rounding.
    """
    # With v = 2.51 x + Re k / (3.71 d) the logarithm's argument is v / Re, and the law's slope and bend hold
    # nothing but v. Divisions and the logarithm have long latencies: short loops let the processor overlap them.
    for _ in range(_STEPS):
        for i in range(count):
            re = reynolds[i] if reynolds[i] > _NO_FLOW else _NO_FLOW
            v = _VISCOUS * root[i] + roughness[i] * re
            over = 1.0 / (v * re)
            factor[i] = v * v * over
            slope[i] = _RATIO * re * over
        for i in range(count):
            factor[i] = logarithm(factor[i])
        for i in range(count):
            x = root[i]
            f = x + 2.0 * _PER_LN10 * factor[i]
            ratio = slope[i]
            whole = 1.0 + ratio
            newton = 2.0 * _PER_LN10 * whole * whole
            halley = newton + 0.5 * f * ratio * ratio
            # Far from the root Halley's step has no sense; at most twice Newton's is taken.
            bend = halley if halley > 0.5 * newton else 0.5 * newton
            following = x - f * 2.0 * _PER_LN10 * whole / bend
            root[i] = following if following > 0.01 * x else 0.01 * x
    for i in range(count):
        flows = reynolds[i] > _NO_FLOW
        w = _VISCOUS * root[i] + roughness[i] * reynolds[i] + _RATIO
        over = 1.0 / (root[i] * root[i] * w)
        factor[i] = w * over if flows else rough[i]
        slope[i] = -2.0 * _RATIO * over if flows else 0.0


@numba.njit(cache=True, error_model="numpy")
def _slow_flow(count: int, reynolds: Floats, factor: Floats, slope: Floats) -> None:
    """Laminar and critical flow in place of what the turbulent law gave."""
    for i in range(count):
        re = reynolds[i]
        safe = re if re > _NO_FLOW else _NO_FLOW
        laminar = 64.0 / safe
        critical_re = re if re > LAMINAR_REYNOLDS else LAMINAR_REYNOLDS
        below = 65.0 * critical_re - 1e5
        critical = 0.03 + (critical_re - LAMINAR_REYNOLDS) / below
        rise = critical_re * (below - 65.0 * (critical_re - LAMINAR_REYNOLDS)) / (below * below)
        slow = re <= LAMINAR_REYNOLDS
        turbulent = re > TURBULENT_REYNOLDS
        factor[i] = factor[i] if turbulent else laminar if slow else critical
        slope[i] = slope[i] if turbulent else -laminar if slow else rise
