"""Exact sums of money in whole numbers: products of decimals as integers over one denominator.

A refund is area x price x ratio x minutes. Each factor is a whole number over a fixed
denominator, so products and sums are whole numbers too, and nothing is rounded until a
user's total is. 64-bit integers are used where the largest possible sum fits; otherwise
Python's, which have no largest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LIMIT = 2**62


def over_one_denominator(values: Sequence[Fraction]) -> tuple[list[int], int]:
    """Whole numerators of fractions over their least common denominator.

    >>> over_one_denominator([Fraction(1, 2), Fraction(1, 3)])
    ([3, 2], 6)
    """
    denominator = math.lcm(1, *(value.denominator for value in values))
    return [int(value * denominator) for value in values], denominator


def reduced(numbers: NDArray[np.int64], denominator: int) -> tuple[NDArray[np.int64], int]:
    """The same fractions with the common factor of all numbers and the denominator taken out."""
    common = math.gcd(int(np.gcd.reduce(numbers)) if len(numbers) else denominator, denominator)
    return numbers // common, denominator // common


def product(factors: Sequence[NDArray[Any]], terms: int) -> NDArray[Any]:
    """Element-wise product whose sums over `terms` elements are exact too (int64, or Python integers)."""
    largest = math.prod(
        max(1, abs(int(max(factor.max(initial=0), -factor.min(initial=0))))) for factor in factors
    )
    out = factors[0].astype(np.int64 if largest * max(1, terms) * 400 < _LIMIT else object)
    for factor in factors[1:]:
        out = out * factor
    return out


def rounded_cents(numerators: NDArray[Any], denominator: int, rounding: str = "half_up") -> NDArray[Any]:
    """Amounts in whole cents from numerators [yuan x denominator], none negative.

    Parameters
    ----------
    rounding : {"half_up", "half_even", "down"}
    """
    common = math.gcd(100, denominator)
    scaled, per = numerators * (100 // common), denominator // common
    if rounding == "down":
        return scaled // per
    up = (2 * scaled + per) // (2 * per)
    if rounding == "half_even":
        tie = (2 * scaled + per) % (2 * per) == 0
        up = up - (tie & (up % 2 == 1))
    return up


def running_within(amounts: NDArray[Any], starts: NDArray[np.int64]) -> NDArray[Any]:
    """Sums from the start of each group to each element; `starts` are the groups' first elements.

    The running total over all groups may pass 64 bits: it wraps, and the difference within a
    group, which fits, is right nevertheless.
    """
    if not len(amounts):
        return amounts
    total = np.cumsum(amounts)
    before = total[starts] - amounts[starts]
    sizes = np.diff(np.append(starts, len(amounts)))
    within: NDArray[Any] = total - np.repeat(before, sizes)
    return within
