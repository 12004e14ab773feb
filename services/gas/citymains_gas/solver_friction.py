"""The friction laws pandapipes lacks, hung into it: three flow regimes, a known friction factor, and Colebrook to the end.

Only the engine's process imports this module. pandapipes asks two functions of its module
`derivative_calculation` for friction factors and their derivatives; both are replaced by ones that
answer for our laws and pass everything else on. Colebrook's law is among ours because
pandapipes 0.16 loses the option ``tolerance_colebrook`` on the way and stops at 1e-4, which moves
the end of a 100 bar pipe by 1.5e-4 bar (docs/decisions/0020-gas-kernel.md).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from pandapipes.pf import derivative_calculation as laws

from citymains_gas.friction import FrictionModel, colebrook, colebrook_slope, three_regime, three_regime_slope

_THEIR_FACTOR = laws.calc_lambda
_THEIR_SLOPE = laws.calc_der_lambda
_blend = 0.0

#: Below this Reynolds number pandapipes takes flow for none, and the pipe for fully rough.
_NO_FLOW = 1e-8

#: Steepest fall of the friction factor with the flow that the Jacobian is told, in logarithms (-2 leaves no slope).
_MOST_FALL = 1.5


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
    elif friction_model == FrictionModel.COLEBROOK:
        re = np.abs(m) * d / (eta * area)
        still = (2.0 * np.log10(d / rough) + 1.14) ** -2.0
        factor = np.where(re > _NO_FLOW, colebrook(np.maximum(re, _NO_FLOW), rough / d), still)
    else:
        factor, re = _THEIR_FACTOR(m, eta, d, rough, gas_mode, friction_model, lengths, options, area)
    return np.where(k < 0.0, rough, factor), re


def _slope(
    m: Any, eta: Any, d: Any, k: Any, friction_model: str, lambda_pipe: Any, area: Any, re: Any, lengths: Any
) -> Any:
    rough = np.abs(k)
    if friction_model == FrictionModel.THREE_REGIME:
        slope = np.sign(m) * three_regime_slope(re, rough / d, blend=_blend) * d / (eta * area)
    elif friction_model == FrictionModel.COLEBROOK:
        slope = np.sign(m) * colebrook_slope(np.maximum(re, _NO_FLOW), rough / d) * d / (eta * area)
        # At vanishing flow the law's pressure drop no longer depends on the flow, and Newton's step has no end.
        steepest = _MOST_FALL * lambda_pipe / np.maximum(np.abs(m), 1e-300)
        slope = np.where(re > _NO_FLOW, np.clip(slope, -steepest, steepest), 0.0)
    else:
        slope = _THEIR_SLOPE(m, eta, d, rough, friction_model, lambda_pipe, area, re, lengths)
    return np.where(k < 0.0, 0.0, slope)
