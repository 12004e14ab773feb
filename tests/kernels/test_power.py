"""The vector power against the library's."""

from __future__ import annotations

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from citymains.kernels.power import logarithm, power  # noqa: E402


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def powers(base: np.ndarray, exponent: float, out: np.ndarray) -> None:
    for i in range(base.shape[0]):
        out[i] = power(base[i], exponent)


@pytest.mark.parametrize("exponent", [0.852, 0.5, 1.0, 1.852, 2.0, -0.3, -1.0, 3.0])
def test_power_is_the_power(exponent: float) -> None:
    base = np.concatenate(
        [
            10.0 ** np.random.default_rng(3).uniform(-60, 60, 20_000),
            [1.0, 0.5, 2.0, np.sqrt(0.5), np.sqrt(2.0)],
        ]
    )
    found = np.empty_like(base)
    powers(base, exponent, found)
    np.testing.assert_allclose(found, base**exponent, rtol=8e-15)


def test_power_of_nothing_is_next_to_nothing() -> None:
    found = np.empty(1)
    powers(np.zeros(1), 0.852, found)
    assert 0.0 <= found[0] < 1e-200


def test_the_loop_becomes_vector_instructions() -> None:
    """Without them it is five times slower than this test can see by time on a busy machine."""
    powers(np.ones(64), 0.852, np.empty(64))
    assembly = next(iter(powers.inspect_asm().values()))
    if "vdivsd" not in assembly and "vdivpd" not in assembly:
        pytest.skip("needs a processor with AVX")
    assert "vdivpd" in assembly


@numba.njit(error_model="numpy")  # type: ignore[untyped-decorator]
def logarithms(number: np.ndarray, out: np.ndarray) -> None:
    for i in range(number.shape[0]):
        out[i] = logarithm(number[i])


def test_logarithm_is_the_logarithm() -> None:
    number = 10.0 ** np.random.default_rng(4).uniform(-300, 300, 20_000)
    found = np.empty_like(number)
    logarithms(number, found)
    np.testing.assert_allclose(found, np.log(number), rtol=1e-15, atol=4e-16)
    near = np.linspace(0.5, 2.0, 10_001)
    found = np.empty_like(near)
    logarithms(near, found)
    np.testing.assert_allclose(found, np.log(near), rtol=1e-15, atol=4e-16)
    assembly = next(iter(logarithms.inspect_asm().values()))
    assert "vdivpd" in assembly or "vdivsd" not in assembly
