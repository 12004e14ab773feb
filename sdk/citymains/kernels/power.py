"""Powers without branches or calls, so that a loop over lanes compiles to vector instructions."""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

__all__ = ["logarithm", "power"]


def _cast(context: Any, value: Any, to: Any, like: Any) -> Any:
    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.bitcast(arguments[0], like)

    return to(value), generate


def _to_bits(context: Any, number: Any) -> Any:
    return _cast(context, types.float64, types.int64, ir.IntType(64))


def _to_double(context: Any, bits: Any) -> Any:
    return _cast(context, types.int64, types.float64, ir.DoubleType())


#: The bits of a double as an integer, and back.
_bits: Any = intrinsic(_to_bits)
_double: Any = intrinsic(_to_double)


@numba.njit(inline="always")
def _binary_logarithm(number: float) -> tuple[float, float]:
    """``log2(number)`` as a whole number and a fraction in [-0.5, 0.5].

    The logarithm of the mantissa m in [sqrt(1/2), sqrt(2)) is ``2 artanh((m - 1) / (m + 1)) / ln 2``.
    """
    bits = _bits(number)
    # Shifting by the bits of sqrt(1/2) moves the mantissa's range around 1.
    # A bias of 1024 keeps the shifted exponent positive; no vector unit shifts signed or converts 64-bit integers.
    biased = ((bits + 0x0019_5F61_9980_C433) >> 52) & 0x7FF
    mantissa = _double(bits - (biased << 52) + 0x4000_0000_0000_0000)
    shift = _double(biased | 0x4330_0000_0000_0000) - 4503599627371520.0
    s = (mantissa - 1.0) / (mantissa + 1.0)
    z = s * s
    series = 1.0 / 21.0
    series = series * z + 1.0 / 19.0
    series = series * z + 1.0 / 17.0
    series = series * z + 1.0 / 15.0
    series = series * z + 1.0 / 13.0
    series = series * z + 1.0 / 11.0
    series = series * z + 1.0 / 9.0
    series = series * z + 1.0 / 7.0
    series = series * z + 1.0 / 5.0
    series = series * z + 1.0 / 3.0
    return shift, 2.8853900817779268 * (s + s * z * series)


@numba.njit(inline="always")
def logarithm(number: float) -> float:
    """``ln(number)`` for a normal number > 0, within 4e-16 of the exact one where it is not near 0."""
    shift, fraction = _binary_logarithm(number)
    # ln 2 in two parts, the first of 32 bits: its product with a whole number is exact.
    return shift * 0.6931471803691238 + (shift * 1.9082149292705877e-10 + fraction * 0.6931471805599453)


@numba.njit(inline="always")
def power(base: float, exponent: float) -> float:
    """``base ** exponent`` for ``base >= 0``.

    Parameters
    ----------
    base : float
        From 0 to 1e300; 0 and subnormal numbers give what 2e-308 gives, not exactly 0.
    exponent : float
        From -3 to 3.

    Returns
    -------
    float
        Within 4e-15 of the exact power, relative.

    Notes
    -----
    ``2 ** (exponent * log2(base))``; the power of two of what is left of the whole part is its Taylor series.
    """
    shift, fraction = _binary_logarithm(base)
    # The exponent's first 38 bits times the shift is exact; no digits are lost where the power is large or small.
    short = (exponent + 24576.0) - 24576.0
    high = short * shift
    low = exponent * fraction + (exponent - short) * shift
    # Adding 1.5 * 2**52 rounds to an integer, which then stands in the low bits.
    rounder = 6755399441055744.0
    whole = (high + low) + rounder
    whole_bits = _bits(whole)
    rest = ((high - (whole - rounder)) + low) * 0.6931471805599453
    value = 1.0 / 6227020800.0
    value = value * rest + 1.0 / 479001600.0
    value = value * rest + 1.0 / 39916800.0
    value = value * rest + 1.0 / 3628800.0
    value = value * rest + 1.0 / 362880.0
    value = value * rest + 1.0 / 40320.0
    value = value * rest + 1.0 / 5040.0
    value = value * rest + 1.0 / 720.0
    value = value * rest + 1.0 / 120.0
    value = value * rest + 1.0 / 24.0
    value = value * rest + 1.0 / 6.0
    value = value * rest + 0.5
    value = value * rest + 1.0
    value = value * rest + 1.0
    # 1.5 * 2**52 has the bits 0x4338...0; the low ones hold the integer, which becomes the exponent field.
    scaled: float = value * _double((whole_bits - 0x4338000000000000 + 1023) << 52)
    return scaled
