"""What a sweep's pressures mean for those who draw gas: who goes short, by how much, and where pressure is lowest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray

from citymains_gas.delivery import ServiceLevel
from citymains_gas.layout import demand_m3_per_h

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

#: Share of a demand below which it counts as short.
_FULL = 1.0 - 1e-3


@dataclass(frozen=True, eq=False)
class Impact:
    """Answers of many cases, at the junctions with demand.

    Attributes
    ----------
    short, cut : ndarray of bool, shape (cases, places)
        Which places get less than they ask for, and which of them nothing at all.
    unserved_m3_per_h : ndarray, shape (cases,)
    lowest_kpa : ndarray, shape (cases,)
        Lowest gauge pressure where there is demand; NaN where nothing is supplied.
    lowest_row : ndarray of int, shape (cases,)
        Junction where it is; -1: nowhere.
    """

    short: Mask
    cut: Mask
    unserved_m3_per_h: Floats
    lowest_kpa: Floats
    lowest_row: Ints


class Demands:
    """Junctions with demand, and what they need.

    Parameters
    ----------
    model : PipeModel
    level : ServiceLevel
    """

    def __init__(self, model: PipeModel, level: ServiceLevel) -> None:
        demand = demand_m3_per_h(model)
        self.level = level
        self.rows: Ints = np.flatnonzero(demand > 0.0)
        """Rows of the junctions."""
        self.m3_per_h: Floats = demand[self.rows]
        self.place = {row: at for at, row in enumerate(self.rows.tolist())}

    def impact(self, pressure_kpa: Floats, demand_factor: float = 1.0) -> Impact:
        """What pressures mean.

        Parameters
        ----------
        pressure_kpa : ndarray, shape (cases, junctions)
            Gauge; NaN without supply.
        """
        here = pressure_kpa[:, self.rows]
        share = self.level.share(here)
        demand = self.m3_per_h * demand_factor
        known = np.where(np.isnan(here), np.inf, here)
        lowest = known.argmin(axis=1) if len(self.rows) else np.zeros(len(here), dtype=np.int64)
        value = known[np.arange(len(here)), lowest] if len(self.rows) else np.full(len(here), np.inf)
        return Impact(
            short=share < _FULL,
            cut=np.isnan(here),
            unserved_m3_per_h=((1.0 - share) * demand).sum(axis=1),
            lowest_kpa=np.where(np.isfinite(value), value, np.nan),
            lowest_row=np.where(np.isfinite(value), self.rows[lowest] if len(self.rows) else -1, -1),
        )

    def places(self, by_element: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
        """Places of elements, from the rows of their junctions; those without demand stay located, at no place."""
        return {
            name: tuple(self.place[row] for row in rows if row in self.place)
            for name, rows in by_element.items()
        }
