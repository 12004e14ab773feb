"""Heating networks in pandapipes. The only module of this service that imports the solver.

It runs in an engine process of its own and is handed creation calls and column edits; which
columns there are is declared in `citymains.intake.pandapipes_components`. Flow and temperature
are solved together (`bidirectional`), because a consumer that is set by its heat needs both.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandapipes
from citymains.engine_host.engine import EngineFault
from citymains.units import ZERO_CELSIUS_K
from numpy.typing import NDArray
from pandapipes.pf.pipeflow_setup import PipeflowNotConverged
from pandapipes.properties import fluids

Array = NDArray[np.float64]

TOLERANCES: Final = {"tol_p": 1e-7, "tol_m": 1e-7, "tol_T": 1e-6, "tol_res": 1e-3}

MAX_ITERATIONS: Final = 100

#: Tried in this order until one converges. All solve the same equations; the last one follows
#: the flow with fluid properties at the start temperatures only.
LADDER: Final[tuple[Mapping[str, Any], ...]] = (
    {"mode": "bidirectional", "alpha": 1.0},
    {"mode": "bidirectional", "alpha": 0.6},
    {"mode": "bidirectional", "alpha": 0.3},
    {"mode": "sequential", "alpha": 1.0},
)

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

_PROPERTIES: Final = {
    "constant": lambda one: fluids.FluidPropertyConstant(one["value"]),
    "linear": lambda one: fluids.FluidPropertyLinear(one["slope"], one["offset"]),
    "interpolated": lambda one: fluids.FluidPropertyInterExtra(one["x"], one["y"]),
    "sutherland": lambda one: fluids.FluidPropertySutherland(one["eta0"], one["t0"], one["t_sutherland"]),
}


class HeatEngine:
    """pandapipes for heat: steady, supply and return, flow and temperature together."""

    name = "pandapipes-heat"
    extra = "heating"

    def version(self) -> str:
        """Name and version of the solver."""
        return f"pandapipes {pandapipes.__version__}"

    def open(self, model: Mapping[str, Any], directory: Path) -> HeatSession:
        """Build the network of :meth:`citymains.intake.pandapipes_model.PipeModel.engine_model`."""
        logging.getLogger("pandapipes").setLevel(logging.CRITICAL)
        return HeatSession(model)


class HeatSession:
    """One network, kept built for one scenario after another."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._counts = model["counts"]
        self._ambient_k = float(model["ambient_temperature_k"])
        self._net = pandapipes.create_empty_network(fluid=None, add_stdtypes=False)
        self._net.fluid = _fluid(model["fluid"])
        try:
            for call in model["calls"]:
                getattr(pandapipes, call["function"])(self._net, **call["arguments"])
                # pandapipes logs some refusals and goes on without the element.
                if len(self._net[call["table"]]) != call["rows"]:
                    raise UserWarning(f"{call['function']} left out elements of {call['table']}")
        except (UserWarning, KeyError, ValueError, TypeError, AttributeError) as error:
            raise EngineFault("ENGINE_FAILED", str(error)) from error
        # From cold water a consumer with a return set point cannot start; from hot water it can.
        self._net.junction["tfluid_k"] = self._hottest_k()

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Calculate one steady state.

        Parameters
        ----------
        task : mapping
            ``friction_model`` and ``edits``: columns by pandapipes' table and column.

        Returns
        -------
        dict
            ``converged``, ``iterations``, ``rung`` (index in :data:`LADDER`), ``message`` and columns;
            NaN where an element is without supply, and everywhere if nothing converged.
        """
        before = {
            (table, column): self._net[table][column].to_numpy(copy=True)
            for table, columns in task["edits"].items()
            for column in columns
        }
        for table, columns in task["edits"].items():
            for column, values in columns.items():
                self._net[table][column] = values
        try:
            return self._solve(str(task["friction_model"]))
        finally:
            for (table, column), values in before.items():
                self._net[table][column] = values

    def close(self) -> None:
        """Nothing is held outside this process."""

    # -- solving -----------------------------------------------------------------------------------------

    def _solve(self, friction_model: str) -> dict[str, Any]:
        if not self._has_source():
            return self._answer(True, 0, 0, "no plant in service", filled=False)
        message = ""
        for rung, options in enumerate(LADDER):
            try:
                pandapipes.pipeflow(
                    self._net,
                    friction_model=friction_model,
                    use_numba=False,
                    max_iter_hyd=MAX_ITERATIONS,
                    max_iter_therm=MAX_ITERATIONS,
                    max_iter_bidirect=MAX_ITERATIONS,
                    max_iter_colebrook=MAX_ITERATIONS,
                    tolerance_colebrook=1e-8,
                    ambient_temperature=self._ambient_k,
                    calc_compression_power=False,
                    **TOLERANCES,
                    **options,
                )
            except (PipeflowNotConverged, FloatingPointError, ValueError, IndexError, RuntimeError) as error:
                message = f"{type(error).__name__}: {error}"
                continue
            return self._answer(bool(self._net.converged), self._iterations(), rung, "", filled=True)
        return self._answer(False, self._iterations(), len(LADDER) - 1, message, filled=False)

    def _tables(self, *names: str) -> Iterator[Any]:
        for name in names:
            table = self._net.get(name)
            if table is not None and len(table):
                yield table

    def _has_source(self) -> bool:
        pumps = any(table.in_service.any() for table in self._tables("circ_pump_pressure", "circ_pump_mass"))
        grids = any((table.in_service & table.p_bar.notna()).any() for table in self._tables("ext_grid"))
        return bool(pumps or grids)

    def _hottest_k(self) -> float:
        supplied = [table.t_flow_k.max() for table in self._tables("circ_pump_pressure", "circ_pump_mass")]
        supplied += [table.t_k.max() for table in self._tables("ext_grid")]
        return float(max(supplied, default=self._ambient_k))

    def _iterations(self) -> int:
        counts = self._net.get("_internal_results", {})
        return int(sum(value for key, value in counts.items() if key.startswith("iterations_")))

    # -- results -----------------------------------------------------------------------------------------

    def _answer(
        self, converged: bool, iterations: int, rung: int, message: str, *, filled: bool
    ) -> dict[str, Any]:
        columns: dict[str, dict[str, Array]] = {}
        for component, table, _, _ in LINKS:
            if component in self._counts:
                columns[component] = self._link(component, table, filled)
        columns["junctions"] = self._junctions(filled)
        options = {**TOLERANCES, "max_iterations": MAX_ITERATIONS, **LADDER[rung]}
        return {
            "converged": converged,
            "iterations": iterations,
            "rung": rung,
            "message": message,
            "columns": columns,
            "options": options,
        }

    def _column(self, component: str, table: str, column: str, *, filled: bool) -> Array:
        results = self._net.get(f"res_{table}")
        if not filled or results is None or column not in results:
            return np.full(self._counts[component], np.nan)
        return np.asarray(results[column], dtype=np.float64)

    def _link(self, component: str, table: str, filled: bool) -> dict[str, Array]:
        """Flow, pressures, inlet and outlet temperature and heat given off, of one kind of link."""
        column = functools.partial(self._column, component, table, filled=filled)
        flow = column("mdot_from_kg_per_s")
        stagnant = np.abs(flow) < STAGNANT_KG_PER_S
        start, end, outlet = column("t_from_k"), column("t_to_k"), column("t_outlet_k")
        inlet = np.where(flow >= 0.0, start, end)
        inlet, outlet = (np.where(stagnant | np.isnan(flow), np.nan, one) for one in (inlet, outlet))
        heat_w = np.abs(flow) * self._heat_capacity(inlet, outlet) * (inlet - outlet)
        columns = {
            "flow_kg_per_s": flow,
            "from_pressure_kpa": column("p_from_bar") * 100.0,
            "to_pressure_kpa": column("p_to_bar") * 100.0,
            "inlet_temperature_c": inlet - ZERO_CELSIUS_K,
            "outlet_temperature_c": outlet - ZERO_CELSIUS_K,
            "heat_w": np.where(stagnant, 0.0, heat_w),
        }
        if component == "pipes":
            columns["velocity_m_per_s"] = column("v_mean_m_per_s")
        if component == "consumers":
            columns["required_w"] = self._required_w(inlet)
        return columns

    def _junctions(self, filled: bool) -> dict[str, Array]:
        """Pressure and temperature; the temperature is missing where no water moves."""
        count = self._counts["junctions"]
        moving = np.zeros(count, dtype=bool)
        for component, table, start, end in LINKS:
            if component in self._counts and filled:
                flows = (
                    np.abs(self._column(component, table, "mdot_from_kg_per_s", filled=filled))
                    >= STAGNANT_KG_PER_S
                )
                for column in (start, end):
                    moving[self._net[table][column].to_numpy(dtype=np.int64)[flows]] = True
        for table in self._tables("valve") if filled else ():
            # A valve at a pipe moves what the pipe moves; one between junctions counts itself.
            between = (table.et == "ju").to_numpy()
            flows = (
                np.abs(self._column("valves", "valve", "mdot_from_kg_per_s", filled=filled))
                >= STAGNANT_KG_PER_S
            )
            for column in ("junction", "element"):
                moving[table[column].to_numpy(dtype=np.int64)[between & flows]] = True
        temperature = self._column("junctions", "junction", "t_k", filled=filled) - ZERO_CELSIUS_K
        return {
            "pressure_kpa": self._column("junctions", "junction", "p_bar", filled=filled) * 100.0,
            "temperature_c": np.where(moving, temperature, np.nan),
        }

    def _required_w(self, inlet_k: Array) -> Array:
        """Heat each consumer asks for; without supply as if the hottest plant's water reached it."""
        table = self._net["heat_consumer"]
        heat, flow, drop, back = (
            table[name].to_numpy(dtype=np.float64)
            for name in ("qext_w", "controlled_mdot_kg_per_s", "deltat_k", "treturn_k")
        )
        supply = np.where(np.isnan(inlet_k), self._hottest_k(), inlet_k)
        outlet = np.where(np.isnan(drop), back, supply - drop)
        asked = flow * self._heat_capacity(supply, outlet) * (supply - outlet)
        serves = np.asarray(table["in_service"], dtype=np.float64)
        required: Array = np.where(np.isnan(heat), asked, heat) * serves
        return required

    def _heat_capacity(self, first_k: Array, second_k: Array) -> Array:
        """Heat capacity between two temperatures as the engine takes it: the mean of both ends [J/(kg·K)]."""
        known = np.isfinite(first_k) & np.isfinite(second_k)
        capacity = np.full(first_k.shape, np.nan)
        at = self._net.fluid.get_heat_capacity
        capacity[known] = (at(first_k[known]) + at(second_k[known])) / 2.0
        return capacity


def _fluid(fluid: Mapping[str, Any]) -> Any:
    properties = fluid.get("properties")
    if not properties:
        return fluids.call_lib(fluid["name"])
    made = {name: _PROPERTIES[one["kind"]](one) for name, one in properties.items()}
    return fluids.Fluid(fluid["name"], fluid["phase"], **made)
