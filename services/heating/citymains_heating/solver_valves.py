"""Control valves of heat consumers that run out of authority: found by an active set over the engine.

The engine's consumers hold their flow whatever the pressure, and would rather pump than yield.
A consumer whose differential pressure falls below its minimum is therefore replaced by a wide
open valve, a resistance that takes the minimum at the required flow:

    dp = dp_min * (m / m_req)**2        for m < m_req
    dp >= dp_min                        for m = m_req

and goes back to holding its flow once that would exceed what it requires. Where the return's
pressure is above the supply's it is shut: its valve does not let water flow back. What it gets
is the flow's share of its heat: the temperature it returns at stays its set point's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Diameter of the stand-in whose loss coefficient is the valve [mm].
STAND_IN_MM: Final = 100.0
#: A valve wide open still takes this much at the required flow: a resistance of nothing cannot be solved.
LEAST_KPA: Final = 1.0
#: Passes of the active set; more than a consumer of each chain of a city network needs.
MAX_PASSES: Final = 60
#: A consumer that changed sides this often stays throttled.
MAX_CHANGES: Final = 4

_AREA_M2: Final = np.pi * (STAND_IN_MM / 1000.0) ** 2 / 4.0
_TOLERANCE: Final = 1e-4


@dataclass
class Demand:
    """What consumers ask for, by consumer; temperatures in K, heat in W, flows in kg/s."""

    heat_w: Array
    flow_kg_per_s: Array
    drop_k: Array
    return_k: Array

    def outlet_k(self, inlet_k: Array, capacity: Array) -> Array:
        """Temperature each returns at, throttled or not."""
        by_heat = inlet_k - self.heat_w / (capacity * self.flow_kg_per_s)
        outlet = np.where(np.isnan(self.return_k), inlet_k - self.drop_k, self.return_k)
        return np.where(np.isnan(outlet), by_heat, outlet)

    def required_flow(self, inlet_k: Array, capacity: Array) -> Array:
        """Flow that meets each demand from the water that reaches it; NaN where that is too cold."""
        drop = np.where(np.isnan(self.return_k), self.drop_k, inlet_k - self.return_k)
        by_heat = np.where(drop > 0.0, self.heat_w / (capacity * drop), np.nan)
        return np.where(np.isnan(self.flow_kg_per_s), by_heat, self.flow_kg_per_s)


@dataclass
class ValveState:
    """Which consumers are throttled, and how their stand-ins are set."""

    minimum_kpa: Array
    throttled: Mask = field(init=False)
    shut: Mask = field(init=False)
    """Those of the throttled through which nothing flows."""
    required_kg_per_s: Array = field(init=False)
    heat_w: Array = field(init=False)
    mean_k: Array = field(init=False)
    """Mean temperature of the water in each consumer."""
    changes: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.minimum_kpa)
        self.minimum_kpa = np.maximum(self.minimum_kpa, LEAST_KPA)
        self.throttled = np.zeros(count, dtype=np.bool_)
        self.shut = np.zeros(count, dtype=np.bool_)
        self.required_kg_per_s = np.full(count, np.nan)
        self.heat_w = np.zeros(count)
        self.mean_k = np.full(count, np.nan)
        self.changes = np.zeros(count, dtype=np.int64)

    def loss_coefficient(self, density: Array) -> Array:
        """Loss coefficient of each stand-in, from dp = zeta * m**2 / (2 rho A**2)."""
        required = np.where(self.required_kg_per_s > 0.0, self.required_kg_per_s, 1.0)
        return np.asarray(self.minimum_kpa * 1000.0 * 2.0 * density * _AREA_M2**2 / required**2)

    def step(self, pressure_kpa: Array, flow: Array, inlet_k: Array, capacity: Array, demand: Demand) -> bool:
        """Move consumers between holding and throttled after one solution; False when all stays.

        Parameters
        ----------
        pressure_kpa : ndarray, shape (n,)
            Differential pressure of each consumer; NaN without supply.
        flow : ndarray, shape (n,)
            Its flow [kg/s].
        inlet_k, capacity : ndarray, shape (n,)
            Temperature that reaches it [K], heat capacity [J/(kg K)].
        demand : Demand
        """
        required = demand.required_flow(inlet_k, capacity)
        known = np.isfinite(required)
        may_change = self.changes < MAX_CHANGES
        moved = known & self.throttled & (np.abs(required / self.required_kg_per_s - 1.0) > _TOLERANCE)
        self.required_kg_per_s = np.where(known, required, self.required_kg_per_s)
        with np.errstate(invalid="ignore"):
            short = ~self.throttled & (pressure_kpa < self.minimum_kpa * (1.0 - 1e-6)) & known
            free = self.throttled & (flow > self.required_kg_per_s * (1.0 + 1e-6)) & may_change
            backwards = self.throttled & ~self.shut & (flow < 0.0)
            reopened = self.shut & (pressure_kpa > 1e-3 * self.minimum_kpa) & may_change
            outlet = demand.outlet_k(inlet_k, capacity)
            self.mean_k = np.where(known, (inlet_k + outlet) / 2.0, self.mean_k)
            heat = np.where(
                self.throttled & np.isfinite(flow), np.maximum(flow, 0.0) * capacity * (inlet_k - outlet), 0.0
            )
        settled = np.abs(heat - self.heat_w) <= _TOLERANCE * np.maximum(np.abs(heat), 1.0)
        self.heat_w = np.where(self.throttled, heat, 0.0)
        self.heat_w[free] = 0.0
        self.throttled = (self.throttled | short) & ~free
        self.shut = (self.shut | backwards) & ~reopened
        self.heat_w[self.shut] = 0.0
        changed = free | short | backwards | reopened
        self.changes += changed
        return bool((changed | moved | (self.throttled & ~self.shut & ~settled)).any())


def pressure_holders(
    edges: tuple[NDArray[np.int64], NDArray[np.int64], int], holders: list[tuple[int, int]]
) -> tuple[NDArray[np.int32], dict[int, int]]:
    """Which of several plants hold the pressure: the first of each connected part.

    Parameters
    ----------
    edges : (ndarray, ndarray, int)
        Start and end node of every link that is open, and the number of nodes.
    holders : list of (int, int)
        Plant and its node, in order of preference.

    Returns
    -------
    part : ndarray of int, shape (nodes,)
        Connected part of each node.
    held : dict of int to int
        The plant that holds the pressure of each part; the others lift it only.
    """
    from scipy import sparse
    from scipy.sparse import csgraph

    start, end, count = edges
    matrix = sparse.coo_matrix((np.ones(len(start)), (start, end)), shape=(count, count))
    _, part = csgraph.connected_components(matrix, directed=False)
    held: dict[int, int] = {}
    for plant, node in holders:
        held.setdefault(int(part[node]), plant)
    return part, held
