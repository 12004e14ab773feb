"""The vector power against the library's."""

from __future__ import annotations

import numpy as np
import pytest

numba = pytest.importorskip("numba")

from citymains.kernels.power import power  # noqa: E402


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
