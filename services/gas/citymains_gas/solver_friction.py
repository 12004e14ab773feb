"""The friction laws pandapipes lacks, hung into it: three flow regimes, and a known friction factor.

Only the engine's process imports this module. pandapipes asks two functions of its module
`derivative_calculation` for friction factors and their derivatives; both are replaced by ones that
answer for our laws and pass everything else on.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pandapipes.pf import derivative_calculation as laws

from citymains_gas.friction import FrictionModel, three_regime, three_regime_slope

_THEIR_FACTOR = laws.calc_lambda
_THEIR_SLOPE = laws.calc_der_lambda
_blend = 0.0


def install() -> None:
    """Hang our laws into pandapipes; a second call changes nothing."""
    laws.calc_lambda = _factor
    laws.calc_der_lambda = _slope


def set_blend(blend: float) -> None:
    """Half-width over which the regimes are joined (see :func:`citymains_gas.friction.three_regime`)."""
    global _blend
    _blend = blend


def _factor(
    m: Any,
    eta: Any,
    d: Any,
    k: Any,
    gas_mode: Any,
    friction_model: str,
    lengths: Any,
    options: Any,
    area: Any,
) -> tuple[Any, Any]:
    # A negative roughness is a known friction factor (see PipeModel).
    rough = np.abs(k)
    if friction_model == FrictionModel.THREE_REGIME:
        re = np.abs(m) * d / (eta * area)
        factor = three_regime(re, rough / d, blend=_blend)
    else:
        factor, re = _THEIR_FACTOR(m, eta, d, rough, gas_mode, friction_model, lengths, options, area)
    return np.where(k < 0.0, rough, factor), re


def _slope(
    m: Any, eta: Any, d: Any, k: Any, friction_model: str, lambda_pipe: Any, area: Any, re: Any, lengths: Any
) -> Any:
    rough = np.abs(k)
    if friction_model == FrictionModel.THREE_REGIME:
        slope = np.sign(m) * three_regime_slope(re, rough / d, blend=_blend) * d / (eta * area)
    else:
        slope = _THEIR_SLOPE(m, eta, d, rough, friction_model, lambda_pipe, area, re, lengths)
    return np.where(k < 0.0, 0.0, slope)
