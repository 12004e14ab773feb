"""Gas that stands in the pipes: how much there is, and how much of it customers can still draw (管存).

A level is taken as one vessel. Its mean pressure may fall until its lowest point reaches the
least pressure, while the difference of the squares between the two stays what it was: with the
source gone gas comes from all sides, so the true drop is smaller and the estimate is on the safe
side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from citymains.units import ZERO_CELSIUS_K
from numpy.typing import NDArray

from citymains_gas.kernel_fluid import NORMAL_PRESSURE_BAR, NORMAL_TEMPERATURE_K, compressibility_of
from citymains_gas.levels import Levels
from citymains_gas.steady import SteadyState, normal_density

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ATMOSPHERE_KPA = 100.0 * NORMAL_PRESSURE_BAR


def mean_pressure(one: Any, other: Any) -> Any:
    """Mean absolute pressure of a pipe between the pressures at its ends: ``2/3 (p + q - p q / (p + q))``."""
    total = one + other
    return 2.0 / 3.0 * (total - one * other / total)


@dataclass(frozen=True, eq=False)
class Linepack:
    """The pipes of a network as vessels.

    Attributes
    ----------
    start, end : ndarray of int, shape (pipes,)
        Junctions at their ends.
    volume_m3, temperature_k : ndarray, shape (pipes,)
    compressibility : callable
        Z of absolute pressures [bar].
    """

    start: Ints
    end: Ints
    volume_m3: Floats
    temperature_k: Floats
    compressibility: Callable[[Any], Any]

    @classmethod
    def of(cls, state: SteadyState) -> Linepack:
        """The pipes in service."""
        model = state.model
        start, end = state.rows("pipes", "from_node"), state.rows("pipes", "to_node")
        kelvin = model.column("junctions", "temperature_c") + ZERO_CELSIUS_K
        return cls(
            start=start,
            end=end,
            volume_m3=pipe_volume_m3(model) * state.input("pipes", "in_service"),
            temperature_k=0.5 * (kelvin[start] + kelvin[end]),
            compressibility=compressibility_of(model.fluid),
        )

    def standard_m3(self, pressure_kpa: Floats) -> Floats:
        """Gas in every pipe at the gauge pressures of the junctions, as volume at 101.325 kPa and 0 °C. [m3]

        ``V p_m T_n / (p_n T Z)``; a pipe with an end without pressure holds what the other end says, or
        air.

        Parameters
        ----------
        pressure_kpa : ndarray, shape (junctions,)
            Gauge; NaN: none.
        """
        ends = pressure_kpa[self.start], pressure_kpa[self.end]
        one = np.where(np.isnan(ends[0]), ends[1], ends[0])
        other = np.where(np.isnan(ends[1]), ends[0], ends[1])
        absolute = [0.01 * (np.nan_to_num(side) + ATMOSPHERE_KPA) for side in (one, other)]
        mean = mean_pressure(*absolute)
        factor = NORMAL_TEMPERATURE_K / (
            NORMAL_PRESSURE_BAR * self.temperature_k * self.compressibility(mean)
        )
        return np.asarray(self.volume_m3 * mean * factor, dtype=np.float64)


def pipe_volume_m3(model: PipeModel) -> Floats:
    """Volume inside every pipe. [m3]"""
    bore = model.column("pipes", "inner_diameter_mm") / 1000.0
    return np.asarray(np.pi / 4.0 * bore**2 * model.column("pipes", "length_m"), dtype=np.float64)


def to_m3_per_h(model: PipeModel, flow_kg_per_s: Any) -> Any:
    """Mass flow as volume flow at 101.325 kPa and 0 °C. [m3/h]"""
    return flow_kg_per_s * 3600.0 / normal_density(model)


def floor_kpa(state: SteadyState, levels: Levels, least_kpa: float) -> Floats:
    """Gauge pressure of every level below which those it feeds go short, shape (levels,).

    The least pressure of appliances where sinks hang on the level; at least the highest set point of
    the regulators in service that draw from it.
    """
    found = np.zeros(levels.count)
    serving = state.input("sinks", "in_service") if state.ids("sinks") else np.zeros(0, dtype=np.bool_)
    found[levels.of_junction[state.rows("sinks", "node")[serving]]] = least_kpa
    on = state.input("regulators", "in_service")
    inlet = levels.of_junction[state.rows("regulators", "from_node")]
    outlet = levels.of_junction[state.rows("regulators", "controlled_node")]
    needed = np.where((inlet != outlet) & on, state.input("regulators", "pressure_kpa"), 0.0)
    np.maximum.at(found, inlet, needed)
    return found


@dataclass(frozen=True, eq=False)
class Store:
    """What each level holds, as volume at standard conditions [m3], and the pressures it rests on; shape (levels,)."""

    held_m3: Floats
    usable_m3: Floats
    mean_kpa: Floats
    """Mean gauge pressure, by volume; NaN where there is none."""
    last_kpa: Floats
    """Mean gauge pressure when the lowest point has reached the floor."""

    @classmethod
    def of(cls, pack: Linepack, levels: Levels, pressure_kpa: Floats, floor: Floats) -> Store:
        """What stands in the levels at the gauge pressures of the junctions.

        Parameters
        ----------
        pack : Linepack
        levels : Levels
        pressure_kpa : ndarray, shape (junctions,)
        floor : ndarray, shape (levels,)
            From :func:`floor_kpa`.
        """
        count, of_pipe = levels.count, levels.of_junction[pack.start]
        full = np.where(np.isnan(pressure_kpa), np.nan, pressure_kpa + ATMOSPHERE_KPA)
        lowest = np.full(count, np.inf)
        np.minimum.at(lowest, levels.of_junction, np.where(np.isnan(full), np.inf, full))
        ends = np.stack([full[pack.start], full[pack.end]])
        inside = ~np.isnan(ends).any(axis=0)
        mean = np.where(inside, mean_pressure(*np.nan_to_num(ends, nan=1.0)), 0.0)
        weight = np.bincount(of_pipe, weights=pack.volume_m3 * inside, minlength=count)
        with np.errstate(invalid="ignore", divide="ignore"):
            average = np.bincount(of_pipe, weights=pack.volume_m3 * mean, minlength=count) / weight
            last = np.sqrt((floor + ATMOSPHERE_KPA) ** 2 + np.maximum(average**2 - lowest**2, 0.0))
        last = np.minimum(last, average)
        held = pack.standard_m3(pressure_kpa) * inside
        left = pack.standard_m3((last - ATMOSPHERE_KPA)[levels.of_junction]) * inside
        usable = np.maximum(held - left, 0.0)
        return cls(
            held_m3=np.bincount(of_pipe, weights=held, minlength=count).astype(np.float64),
            usable_m3=np.bincount(of_pipe, weights=usable, minlength=count).astype(np.float64),
            mean_kpa=average - ATMOSPHERE_KPA,
            last_kpa=last - ATMOSPHERE_KPA,
        )
