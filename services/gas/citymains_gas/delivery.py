"""Pressure-dependent delivery: what an appliance draws at the pressure it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

#: Differences between the share drawn and the share the pressure allows that end the search.
TOLERANCE: Final = 1e-4

_MOST_PASSES: Final = 200
#: Shares without a solution, in all, after which the search is given up.
_MOST_UNSOLVED: Final = 12
_SHRINK: Final = 0.5
_GROW: Final = 1.3


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """What appliances need.

    Attributes
    ----------
    nominal_kpa : float
        Nominal pressure Pn of the appliances, gauge, from which they draw in full. [kPa] > 0
    least_ratio : float
        Share of Pn below which they fail. (0, 1)
    """

    nominal_kpa: float
    least_ratio: float

    @property
    def least_kpa(self) -> float:
        """Gauge pressure below which appliances fail. [kPa]"""
        return self.nominal_kpa * self.least_ratio

    def share(self, pressure_kpa: Any) -> Array:
        """:func:`delivered_share` at this level."""
        return delivered_share(pressure_kpa, **self.parameters())

    def parameters(self) -> dict[str, float]:
        """Arguments of :func:`delivered_share`."""
        return {"nominal_kpa": self.nominal_kpa, "least_ratio": self.least_ratio}


def delivered_share(pressure_kpa: Any, *, nominal_kpa: float, least_ratio: float) -> Array:
    """Share of the demand an appliance draws at a gauge pressure.

    Parameters
    ----------
    pressure_kpa : array-like, shape (n,)
        Gauge pressure; NaN: no supply. [kPa]
    nominal_kpa : float
        Nominal pressure Pn of the appliances. [kPa]
    least_ratio : float
        Share of Pn below which they fail (0.75 in GB 50028 practice). (0, 1)

    Returns
    -------
    ndarray, shape (n,)
        0 up to the least pressure, 1 from Pn on, and ``sqrt((p - p_least) / (Pn - p_least))`` between.

    Examples
    --------
    >>> delivered_share([1.4, 1.625, 2.0, 3.0], nominal_kpa=2.0, least_ratio=0.75)
    array([0. , 0.5, 1. , 1. ])
    """
    least = nominal_kpa * least_ratio
    ratio = (np.nan_to_num(np.asarray(pressure_kpa, dtype=np.float64), nan=-np.inf) - least) / (
        nominal_kpa - least
    )
    return np.asarray(np.sqrt(np.clip(ratio, 0.0, 1.0)), dtype=np.float64)


class Delivery:
    """Finds the shares that agree with the pressures they lead to.

    A fixed point by steps of a size of its own for each demand: a step that turns back is
    halved, one that goes on grows. Pressures fall with every share, so shares settle.

    Parameters
    ----------
    count : int
        Number of demands.
    nominal_kpa, least_ratio : float
        As in :func:`delivered_share`.
    fixed : sequence of int
        Demands that do not yield.
    first : ndarray, shape (count,), optional
        Shares to begin with; the default is all of everything.
    """

    def __init__(
        self,
        count: int,
        *,
        nominal_kpa: float,
        least_ratio: float,
        fixed: Sequence[int] = (),
        first: Array | None = None,
    ) -> None:
        self._nominal_kpa = nominal_kpa
        self._least_ratio = least_ratio
        self._size: Array = np.ones(count)
        self._way: Array = np.zeros(count)
        self._yields = np.ones(count, dtype=np.bool_)
        self._yields[list(fixed)] = False
        self._passes = self._unsolved = 0
        self.share: Array = np.ones(count) if first is None else np.where(self._yields, first, 1.0)
        """Share of each demand that is drawn in the next solution."""
        self.error = float("inf")
        """Largest difference between the share drawn and the one its pressure allows."""

    def delivered(self, pressure_kpa: Array) -> Array:
        """The share of each demand that is delivered: drawn, and 0 without supply."""
        return np.where(np.isnan(pressure_kpa), 0.0, self.share)

    def step(self, pressure_kpa: Array, *, solved: bool) -> bool:
        """Move the shares towards what the pressures allow.

        Returns
        -------
        bool
            Whether another solution is needed.
        """
        self._passes += 1
        if not solved:
            # No pressures to go by: everything asked for is too much.
            self.share = np.where(self._yields, self.share * _SHRINK, 1.0)
            self._unsolved += 1
            return self._unsolved < _MOST_UNSOLVED
        supplied = ~np.isnan(pressure_kpa) & self._yields
        allowed = delivered_share(pressure_kpa, nominal_kpa=self._nominal_kpa, least_ratio=self._least_ratio)
        off = np.where(supplied, allowed - self.share, 0.0)
        self.error = float(np.abs(off).max(initial=0.0))
        if self.error <= TOLERANCE or self._passes >= _MOST_PASSES:
            return False
        turned = off * self._way < 0.0
        self._size = np.where(turned, self._size * _SHRINK, np.minimum(1.0, self._size * _GROW))
        self._way = np.sign(off)
        self.share = np.clip(self.share + self._size * off, 0.0, 1.0)
        return True
