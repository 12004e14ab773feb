"""What pandapipes has solved, as columns in our units. NaN where an element is without supply."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from citymains.units import ZERO_CELSIUS_K
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Below this mass flow (kg/s) a pipe stands still, and pandapipes' temperature there is a placeholder.
STAGNANT_KG_PER_S: Final = 1e-6

#: Links with a mass flow: our component, pandapipes' table, its two end columns.
LINKS: Final = (
    ("pipes", "pipe", "from_junction", "to_junction"),
    ("pumps", "pump", "from_junction", "to_junction"),
    ("regulators", "press_control", "from_junction", "to_junction"),
    ("flow_controls", "flow_control", "from_junction", "to_junction"),
    ("consumers", "heat_consumer", "from_junction", "to_junction"),
    ("heat_exchangers", "heat_exchanger", "from_junction", "to_junction"),
    ("plants", "circ_pump_pressure", "return_junction", "flow_junction"),
    ("flow_plants", "circ_pump_mass", "return_junction", "flow_junction"),
)


class Results:
    """Columns of one solution.

    Parameters
    ----------
    net : pandapipesNet
    counts : mapping of str to int
        Elements of each component; rows beyond them are stand-ins of throttled consumers.
    filled : bool
        Whether there is a solution; otherwise everything is NaN.
    throttled : ndarray of bool, optional
        Consumers whose stand-in was at work.
    """

    def __init__(
        self, net: Any, counts: Mapping[str, int], *, filled: bool, throttled: Mask | None = None
    ) -> None:
        self._net = net
        self._counts = counts
        self._filled = filled
        consumers = counts.get("consumers", 0)
        self.throttled = np.zeros(consumers, dtype=np.bool_) if throttled is None else throttled

    def tables(self, *names: str) -> Iterator[Any]:
        """The network's own tables of these names that have rows."""
        for name in names:
            table = self._net.get(name)
            if table is not None and len(table):
                yield table

    def columns(self, hottest_k: float) -> dict[str, dict[str, Array]]:
        """Columns of every component the network has."""
        found = {
            component: self.link(component, table)
            for component, table, _, _ in LINKS
            if component in self._counts
        }
        if "consumers" in found:
            inlet_k = found["consumers"]["inlet_temperature_c"] + ZERO_CELSIUS_K
            found["consumers"]["required_w"] = self._required_w(inlet_k, hottest_k)
            found["consumers"]["throttled"] = self.throttled.astype(np.float64)
        if "valves" in self._counts:
            found["valves"] = {"flow_kg_per_s": self.column("valves", "valve", "mdot_from_kg_per_s")}
        found["junctions"] = self._junctions()
        return found

    def column(self, component: str, table: str, name: str) -> Array:
        """One column of a component, of the stand-in where a consumer is throttled."""
        count = self._counts[component]
        values = self._raw(table, name)[:count] if self._filled else np.full(count, np.nan)
        if component == "consumers" and self.throttled.any():
            stand_in = self._raw("heat_exchanger", name)[-count:]
            values = np.where(self.throttled, stand_in, values)
        return values

    def _raw(self, table: str, name: str) -> Array:
        results = self._net.get(f"res_{table}")
        rows = len(self._net[table])
        if results is None or name not in results:
            return np.full(rows, np.nan)
        return np.asarray(results[name], dtype=np.float64)

    def link(self, component: str, table: str) -> dict[str, Array]:
        """Flow, pressures, inlet and outlet temperature and heat given off, of one kind of link."""
        column = functools.partial(self.column, component, table)
        flow = column("mdot_from_kg_per_s")
        stagnant = np.abs(flow) < STAGNANT_KG_PER_S
        start, end, outlet = column("t_from_k"), column("t_to_k"), column("t_outlet_k")
        inlet = np.where(flow >= 0.0, start, end)
        inlet, outlet = (np.where(stagnant | np.isnan(flow), np.nan, one) for one in (inlet, outlet))
        heat_w = np.abs(flow) * self.heat_capacity(inlet, outlet) * (inlet - outlet)
        columns = {
            "flow_kg_per_s": flow,
            "from_pressure_kpa": column("p_from_bar") * 100.0,
            "to_pressure_kpa": column("p_to_bar") * 100.0,
            "inlet_temperature_c": inlet - ZERO_CELSIUS_K,
            "outlet_temperature_c": outlet - ZERO_CELSIUS_K,
            "heat_w": np.where(stagnant, 0.0, heat_w),
        }
        if component == "consumers" and self._filled:
            self._pressures_of_shut(columns)
        if component == "pipes":
            columns["velocity_m_per_s"] = column("v_mean_m_per_s")
        return columns

    def _pressures_of_shut(self, columns: dict[str, Array]) -> None:
        """Pressures at consumers without flow, where their junctions have one."""
        nodes = self.column("junctions", "junction", "p_bar") * 100.0
        for side in ("from", "to"):
            at = self._net["heat_consumer"][f"{side}_junction"].to_numpy(dtype=np.int64)
            pressure = columns[f"{side}_pressure_kpa"]
            columns[f"{side}_pressure_kpa"] = np.where(np.isnan(pressure), nodes[at], pressure)

    def _junctions(self) -> dict[str, Array]:
        """Pressure and temperature; the temperature is missing where no water moves."""
        count = self._counts["junctions"]
        moving = np.zeros(count, dtype=np.bool_)
        for component, table, start, end in LINKS:
            if component in self._counts and self._filled:
                flows = np.abs(self.column(component, table, "mdot_from_kg_per_s")) >= STAGNANT_KG_PER_S
                for name in (start, end):
                    moving[self._net[table][name].to_numpy(dtype=np.int64)[: len(flows)][flows]] = True
        for table in self.tables("valve") if self._filled else ():
            # A valve at a pipe moves what the pipe moves; one between junctions counts itself.
            between = (table.et == "ju").to_numpy()
            flows = np.abs(self.column("valves", "valve", "mdot_from_kg_per_s")) >= STAGNANT_KG_PER_S
            for name in ("junction", "element"):
                moving[table[name].to_numpy(dtype=np.int64)[between & flows]] = True
        temperature = self.column("junctions", "junction", "t_k") - ZERO_CELSIUS_K
        return {
            "pressure_kpa": self.column("junctions", "junction", "p_bar") * 100.0,
            "temperature_c": np.where(moving, temperature, np.nan),
        }

    def _required_w(self, inlet_k: Array, hottest_k: float) -> Array:
        """Heat each consumer asks for; without supply as if the hottest plant's water reached it."""
        heat, flow, drop, back = (
            self.set_point(name) for name in ("qext_w", "controlled_mdot_kg_per_s", "deltat_k", "treturn_k")
        )
        supply = np.where(np.isnan(inlet_k), hottest_k, inlet_k)
        outlet = np.where(np.isnan(drop), back, supply - drop)
        asked = flow * self.heat_capacity(supply, outlet) * (supply - outlet)
        serves = self._net["heat_consumer"]["in_service"].to_numpy(dtype=np.float64)
        serves = np.maximum(serves, self.throttled)  # its stand-in serves it
        required: Array = np.where(np.isnan(heat), asked, heat) * serves
        return required

    def set_point(self, name: str) -> Array:
        """A set point of the consumers in pandapipes' unit."""
        return np.asarray(self._net["heat_consumer"][name], dtype=np.float64)

    def heat_capacity(self, first_k: Array, second_k: Array) -> Array:
        """Heat capacity between two temperatures as the engine takes it: the mean of both ends [J/(kg·K)]."""
        known = np.isfinite(first_k) & np.isfinite(second_k)
        capacity = np.full(first_k.shape, np.nan)
        at = self._net.fluid.get_heat_capacity
        capacity[known] = (at(first_k[known]) + at(second_k[known])) / 2.0
        return capacity
