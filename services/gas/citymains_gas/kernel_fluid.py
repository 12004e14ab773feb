"""Gas as the batched solver needs it: a handful of numbers, without importing an engine.

A fluid of the engine's library is read from the same property files the engine reads, so
both calculate with the same gas.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

NORMAL_TEMPERATURE_K: Final = 273.15
NORMAL_PRESSURE_BAR: Final = 1.01325
GAS_CONSTANT: Final = 8.314462618
"""Universal gas constant [J/(mol K)]."""


class FluidNotModelled(Exception):  # noqa: N818  (a reason, not a failure)
    """The fluid has a property the batched solver does not know."""


@dataclass(frozen=True)
class Gas:
    """One gas quality.

    Attributes
    ----------
    name : str
    normal_density : float
        At 273.15 K and 1.01325 bar [kg/m3].
    z_offset, z_slope : float
        Compressibility Z(p) = z_offset + z_slope p, with p absolute in bar.
    z_reciprocal : bool
        Whether that straight line is 1/Z instead.
    viscosity : callable
        Dynamic viscosity [Pa s] of temperatures [K].
    """

    name: str
    normal_density: float
    z_offset: float
    z_slope: float
    z_reciprocal: bool
    viscosity: Callable[[Floats], Floats]

    @classmethod
    def of(cls, fluid: Mapping[str, Any]) -> Gas:
        """The gas of a canonical document's ``fluid``.

        Raises
        ------
        FluidNotModelled
            Its compressibility is not linear in the pressure, or the library has no such fluid.
        """
        properties = fluid.get("properties") or _library(str(fluid["name"]))
        compressibility = properties["compressibility"]
        if compressibility["kind"] == "constant":
            offset, slope = compressibility["value"], 0.0
        elif compressibility["kind"] in ("linear", "reciprocal"):
            offset, slope = compressibility["offset"], compressibility["slope"]
        else:
            raise FluidNotModelled(f"compressibility of kind {compressibility['kind']}")
        return cls(
            str(fluid["name"]),
            cls.density_of(fluid),
            float(offset),
            float(slope),
            compressibility["kind"] == "reciprocal",
            _function(properties["viscosity"]),
        )

    @staticmethod
    def density_of(fluid: Mapping[str, Any]) -> float:
        """Density of a canonical document's ``fluid`` at 273.15 K and 1.01325 bar [kg/m3]."""
        properties = fluid.get("properties") or _library(str(fluid["name"]))
        return float(_function(properties["density"])(np.array([NORMAL_TEMPERATURE_K]))[0])

    @property
    def specific_gas_constant(self) -> float:
        """``p / (rho T Z)`` at normal conditions, where Z counts as 1 [J/(kg K)]."""
        return NORMAL_PRESSURE_BAR * 1e5 / (self.normal_density * NORMAL_TEMPERATURE_K)

    @property
    def molar_mass(self) -> float:
        """Of an ideal gas of the same normal density [kg/mol]."""
        return GAS_CONSTANT / self.specific_gas_constant

    def compressibility(self, pressure_bar: Floats | float) -> Any:
        """Z at absolute pressures [bar]."""
        line = self.z_offset + self.z_slope * pressure_bar
        return 1.0 / line if self.z_reciprocal else line


def compressibility_of(fluid: Mapping[str, Any]) -> Callable[[Any], Any]:
    """Z of absolute pressures [bar] of a canonical document's ``fluid``, whatever kind it is."""
    properties = fluid.get("properties") or _library(str(fluid["name"]))
    return _function(properties["compressibility"])


def _function(one: Mapping[str, Any]) -> Callable[[Floats], Floats]:
    """A property as a function of the temperature, or of the pressure."""
    kind = one["kind"]
    if kind == "constant":
        return lambda t: np.full(np.shape(t), float(one["value"]))
    if kind == "linear":
        return lambda t: np.asarray(one["offset"] + one["slope"] * np.asarray(t))
    if kind == "sutherland":
        eta0, t0, ts = one["eta0"], one["t0"], one["t_sutherland"]
        return lambda t: np.asarray(eta0 * (t0 + ts) / (ts + np.asarray(t)) * (np.asarray(t) / t0) ** 1.5)
    if kind == "reciprocal":
        return lambda t: np.asarray(1.0 / (one["offset"] + one["slope"] * np.asarray(t)))
    x, y = np.asarray(one["x"], dtype=np.float64), np.asarray(one["y"], dtype=np.float64)
    return lambda t: _interpolated(x, y, np.asarray(t, dtype=np.float64))


def _interpolated(x: Floats, y: Floats, at: Floats) -> Floats:
    """Straight lines between the points, and on beyond the last ones."""
    piece = np.clip(np.searchsorted(x, at) - 1, 0, len(x) - 2)
    return np.asarray(y[piece] + (y[piece + 1] - y[piece]) / (x[piece + 1] - x[piece]) * (at - x[piece]))


@cache
def _library(name: str) -> Mapping[str, Any]:
    """Properties of a fluid of pandapipes' library, from its text files."""
    spec = importlib.util.find_spec("pandapipes")
    folder = Path(spec.origin).parent / "properties" / name if spec is not None and spec.origin else None
    if folder is None or not folder.is_dir():
        raise FluidNotModelled(f"no property files of {name}")
    slope, offset = np.loadtxt(folder / "compressibility.txt")
    tables = {one: np.loadtxt(folder / f"{one}.txt") for one in ("density", "viscosity")}
    return {
        "compressibility": {"kind": "linear", "offset": float(offset), "slope": float(slope)},
        **{
            one: {"kind": "interpolated", "x": table[:, 0], "y": table[:, 1]} for one, table in tables.items()
        },
    }
