"""Whole-number money equals fractions, whatever the numbers."""

from __future__ import annotations

from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import numpy as np
import pytest
from citymains_heating.refunds.exact import (
    over_one_denominator,
    product,
    reduced,
    rounded_cents,
    running_within,
)
from hypothesis import given
from hypothesis import strategies as st

MODES = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
FACTORS = st.lists(
    st.tuples(st.integers(1, 10**9), st.integers(0, 10**6), st.integers(0, 10**4), st.integers(0, 1440)),
    min_size=1,
    max_size=12,
)


@given(rows=FACTORS, denominator=st.sampled_from([1, 7, 120, 121, 10_000, 1_440_000_000]))
def test_running_sums_of_products_equal_fractions(rows: list[tuple[int, ...]], denominator: int) -> None:
    columns = [np.array([row[at] for row in rows], dtype=np.int64) for at in range(4)]
    got = running_within(product(columns, len(rows)), np.array([0]))
    exact, total = [], 0
    for a, b, c, d in rows:
        total += a * b * c * d
        exact.append(total)
    assert [int(one) for one in got] == exact
    for mode, rounding in MODES.items():
        cents = rounded_cents(got, denominator, mode)
        for at, value in enumerate(exact):
            whole, rest = divmod(value * 100, denominator)
            below = Fraction(rest, denominator)
            up = below > Fraction(1, 2) or (
                below == Fraction(1, 2) and (rounding == ROUND_HALF_UP or whole % 2 == 1)
            )
            assert int(cents[at]) == whole + (up and rounding != ROUND_DOWN)


@given(st.lists(st.decimals(min_value=0, max_value=10**6, places=5), min_size=1, max_size=20))
def test_rounding_equals_decimal(amounts: list[Decimal]) -> None:
    numerators = np.array([int(amount * 100_000) for amount in amounts], dtype=np.int64)
    for mode, rounding in MODES.items():
        expected = [int(amount.quantize(Decimal("0.01"), rounding=rounding) * 100) for amount in amounts]
        assert rounded_cents(numerators, 100_000, mode).tolist() == expected


def test_running_sums_start_again_with_each_group_even_when_the_whole_wraps() -> None:
    amounts = np.full(8, 2**61, dtype=np.int64)
    with np.errstate(over="ignore"):
        assert running_within(amounts, np.array([0, 3, 5])).tolist() == [
            2**61,
            2**62,
            3 * 2**61,
            2**61,
            2**62,
            2**61,
            2**62,
            3 * 2**61,
        ]


def test_products_that_do_not_fit_are_python_integers() -> None:
    big = np.array([10**12], dtype=np.int64)
    assert product([big, big], 10)[0] == 10**24
    assert product([np.array([1900]), np.array([10_000])], 120).dtype == np.int64


@pytest.mark.parametrize("numbers", [[60, 1440], [720], [7, 11]])
def test_reduced_fractions_are_equal(numbers: list[int]) -> None:
    small, below = reduced(np.array(numbers), 1440)
    assert [Fraction(int(a), below) for a in small] == [Fraction(a, 1440) for a in numbers]


def test_one_denominator_holds_all() -> None:
    values = [Fraction(19, 100), Fraction(22, 121), Fraction(1, 3)]
    numerators, below = over_one_denominator(values)
    assert [Fraction(one, below) for one in numerators] == values
