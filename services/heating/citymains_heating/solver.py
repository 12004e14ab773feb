"""Heating networks in pandapipes. With its neighbours `solver_...` the only module that imports the solver.

It runs in an engine process of its own and is handed creation calls and column edits; which
columns there are is declared in `citymains.intake.pandapipes_components`. Flow and temperature
are solved together (`bidirectional`), because a consumer that is set by its heat needs both.
"""

from __future__ import annotations

import functools
import logging
import re
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

from citymains_heating.solver_results import LINKS, Results
from citymains_heating.solver_valves import (
    MAX_PASSES,
    STAND_IN_MM,
    Demand,
    ValveState,
    pressure_holders,
)

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


class _PushedBackError(Exception):
    """Water flows backwards through some plants; ``rows`` are theirs among ``circ_pump_pressure``."""

    def __init__(self, rows: list[int]) -> None:
        super().__init__(rows)
        self.rows = rows


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
            self._add_stand_ins()
        except (UserWarning, KeyError, ValueError, TypeError, AttributeError) as error:
            raise EngineFault("ENGINE_FAILED", str(error)) from error
        # From cold water a consumer with a return set point cannot start; from hot water it can.
        self._net.junction["tfluid_k"] = self._hottest_k()

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Calculate one steady state.

        Parameters
        ----------
        task : mapping
            ``friction_model``; ``edits``: columns by pandapipes' table and column;
            ``minimum_differential_pressure_kpa``: of each consumer, None where none yields to
            pressure; ``leaks_kg_per_s``: water lost by row of its junction.

        Returns
        -------
        dict
            ``converged``, ``iterations``, ``rung`` (index in :data:`LADDER`), ``message`` and columns;
            NaN where an element is without supply, and everywhere if nothing converged.
        """
        tables = {
            *task["edits"],
            "circ_pump_pressure",
            "circ_pump_mass",
            "heat_consumer",
            "heat_exchanger",
            "sink",
            "source",
        }
        before = {name: self._net[name].copy() for name in tables if name in self._net}
        for table, columns in task["edits"].items():
            for column, values in columns.items():
                rows = self._net[table].index[: len(values)]  # stand-ins come after
                self._net[table].loc[rows, column] = values
        try:
            self._hold_pressure()
            for junction, flow in task.get("leaks_kg_per_s", {}).items():
                self._leak(int(junction), float(flow))
            return self._with_pumps_that_give(
                str(task["friction_model"]), task.get("minimum_differential_pressure_kpa")
            )
        finally:
            for table in tables:
                if table in before:
                    self._net[table] = before[table]
                elif table in self._net:
                    self._net[table] = self._net[table].iloc[:0]

    def close(self) -> None:
        """Nothing is held outside this process."""

    # -- what the network is made ready with -----------------------------------------------------------------

    def _add_stand_ins(self) -> None:
        """A heat exchanger beside every consumer, out of service, for when its valve is wide open."""
        if "consumers" not in self._counts:
            return
        table = self._net.heat_consumer
        pandapipes.create_heat_exchangers(
            self._net, table.from_junction.to_numpy(), table.to_junction.to_numpy(), qext_w=0.0,
            inner_diameter_mm=STAND_IN_MM, loss_coefficient=1.0, in_service=False,
        )  # fmt: skip

    def _hold_pressure(self) -> None:
        """One plant of each connected part holds the pressure; the pumps of the others lift only.

        Two that held it would pass water to each other through nothing.
        """
        net, holders = self._net, []
        for table in ("circ_pump_pressure", "circ_pump_mass"):
            if table in net and len(net[table]):
                net[table]["type"] = "t"
                rows = np.flatnonzero(net[table].in_service.to_numpy())
                holders += [(table, int(row), int(net[table].flow_junction.iloc[row])) for row in rows]
        grids = [
            int(one)
            for table in self._tables("ext_grid")
            for one in table.junction[table.in_service & table.p_bar.notna()]
        ]
        nodes = [(-1, node) for node in grids] + [(at, node) for at, (_, _, node) in enumerate(holders)]
        self._part, held = pressure_holders(self._open_links(), nodes)
        self._makes_up: dict[int, int] = {}
        for part, at in held.items():
            if at >= 0:
                table, row, _ = holders[at]
                net[table].iloc[row, net[table].columns.get_loc("type")] = "pt"
                self._makes_up[part] = int(net[table].return_junction.iloc[row])

    def _leak(self, junction: int, flow_kg_per_s: float) -> None:
        """Water lost at a junction, made up at the return of the plant that holds the pressure of its part.

        A source of the network that holds it makes up by itself.
        """
        pandapipes.create_sink(self._net, junction, flow_kg_per_s)
        makes_up = self._makes_up.get(int(self._part[junction]))
        if makes_up is not None:
            pandapipes.create_source(self._net, makes_up, flow_kg_per_s)

    def _open_links(self) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
        """Start and end junction of every link that is open."""
        net, starts, ends = self._net, [], []
        shut_pipes = [
            int(pipe)
            for table in self._tables("valve")
            for pipe in table.element[(table.et == "pi") & ~table.opened]
        ]
        for _, name, start, end in LINKS:
            for table in self._tables(name):
                serves = table.in_service.to_numpy(dtype=bool).copy()
                if name == "pipe":
                    serves[shut_pipes] = False
                starts.append(table[start].to_numpy(dtype=np.int64)[serves])
                ends.append(table[end].to_numpy(dtype=np.int64)[serves])
        for table in self._tables("valve"):
            joins = ((table.et == "ju") & table.opened).to_numpy()
            starts.append(table.junction.to_numpy(dtype=np.int64)[joins])
            ends.append(table.element.to_numpy(dtype=np.int64)[joins])
        return np.concatenate(starts), np.concatenate(ends), len(net.junction)

    # -- solving -----------------------------------------------------------------------------------------

    def _with_pumps_that_give(self, friction_model: str, minimum_kpa: Array | None) -> dict[str, Any]:
        """Solve; plants through which water would flow backwards are shut by their non-return valve."""
        pushed_back: list[int] = []
        while True:
            try:
                answer = self._throttle(friction_model, minimum_kpa)
            except _PushedBackError as back:
                pushed_back += back.rows
                self._net.circ_pump_pressure.loc[back.rows, "in_service"] = False
                self._hold_pressure()
                continue
            return {**answer, "pushed_back": np.array(pushed_back, dtype=np.int64)}

    def _throttle(self, friction_model: str, minimum_kpa: Array | None) -> dict[str, Any]:
        """Solve until every consumer either holds its flow or has its valve wide open."""
        solved = self._solve(friction_model)
        consumers = self._counts.get("consumers", 0)
        if minimum_kpa is None or not consumers or not solved["converged"] or not solved["filled"]:
            return self._answer(solved, None, 1)
        state = ValveState(np.asarray(minimum_kpa, dtype=np.float64))
        serves = self._net.heat_consumer.in_service.to_numpy(dtype=bool).copy()
        for passes in range(1, MAX_PASSES + 1):
            if not self._step(state, serves):
                return self._answer(solved, state.throttled, passes)
            self._set_valves(state, serves)
            solved = self._solve(friction_model)
            if not solved["converged"]:
                break
        solved["converged"], solved["filled"] = False, False
        solved["message"] = solved["message"] or "the control valves of consumers found no state"
        return self._answer(solved, None, passes)

    def _step(self, state: ValveState, serves: NDArray[np.bool_]) -> bool:
        results = Results(self._net, self._counts, filled=True, throttled=state.throttled)
        columns = results.link("consumers", "heat_consumer")
        inlet_k, outlet_k = (
            columns[f"{side}_temperature_c"] + ZERO_CELSIUS_K for side in ("inlet", "outlet")
        )
        names = ("qext_w", "controlled_mdot_kg_per_s", "deltat_k", "treturn_k")
        demand = Demand(*(np.where(serves, results.set_point(name), np.nan) for name in names))
        return state.step(
            columns["from_pressure_kpa"] - columns["to_pressure_kpa"],
            columns["flow_kg_per_s"],
            inlet_k,
            results.heat_capacity(inlet_k, outlet_k),
            demand,
        )

    def _set_valves(self, state: ValveState, serves: NDArray[np.bool_]) -> None:
        """Consumers that hold their flow in service, stand-ins where they cannot."""
        net = self._net
        net.heat_consumer["in_service"] = serves & ~state.throttled
        stand_ins = net.heat_exchanger.index[-len(serves) :]
        mean_k = np.where(np.isnan(state.mean_k), self._hottest_k(), state.mean_k)
        density = np.asarray(net.fluid.get_density(mean_k), dtype=np.float64)
        net.heat_exchanger.loc[stand_ins, "in_service"] = serves & state.throttled & ~state.shut
        net.heat_exchanger.loc[stand_ins, "loss_coefficient"] = state.loss_coefficient(density)
        net.heat_exchanger.loc[stand_ins, "qext_w"] = state.heat_w

    def _solve(self, friction_model: str) -> dict[str, Any]:
        """One solution with the network as it stands: damped, and at last by flow and temperature in turn."""
        if not self._has_source():
            return {
                "converged": True,
                "iterations": 0,
                "rung": 0,
                "message": "no plant in service",
                "filled": False,
            }
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
            except (
                PipeflowNotConverged,
                FloatingPointError,
                ValueError,
                IndexError,
                RuntimeError,
            ) as error:
                message = f"{type(error).__name__}: {error}"
                continue
            except UserWarning as error:
                rows = [int(row) for row in re.findall(r"\d+", str(error))]
                if "circulation pump" in str(error) and rows:
                    raise _PushedBackError(rows) from error
                message = str(error)
                continue
            return {
                "converged": bool(self._net.converged),
                "iterations": self._iterations(),
                "rung": rung,
                "message": "",
                "filled": True,
            }
        return {
            "converged": False,
            "iterations": self._iterations(),
            "rung": len(LADDER) - 1,
            "message": message,
            "filled": False,
        }

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

    def _answer(
        self, solved: Mapping[str, Any], throttled: NDArray[np.bool_] | None, passes: int
    ) -> dict[str, Any]:
        results = Results(self._net, self._counts, filled=solved["filled"], throttled=throttled)
        options = {**TOLERANCES, "max_iterations": MAX_ITERATIONS, **LADDER[solved["rung"]], "passes": passes}
        return {
            **{name: solved[name] for name in ("converged", "iterations", "rung", "message")},
            "columns": results.columns(self._hottest_k()),
            "options": options,
            "water": self._water,
        }

    @functools.cached_property
    def _water(self) -> dict[str, Array]:
        """Density and heat capacity of the water by temperature."""
        at_k = np.arange(273.15, 425.0, 2.5)
        density, capacity = (
            np.asarray(one(at_k), dtype=np.float64) * np.ones(len(at_k))
            for one in (self._net.fluid.get_density, self._net.fluid.get_heat_capacity)
        )
        return {
            "temperature_c": at_k - ZERO_CELSIUS_K,
            "density_kg_per_m3": density,
            "heat_capacity_j_per_kgk": capacity,
        }


def _fluid(fluid: Mapping[str, Any]) -> Any:
    properties = fluid.get("properties")
    if not properties:
        return fluids.call_lib(fluid["name"])
    made = {name: _PROPERTIES[one["kind"]](one) for name, one in properties.items()}
    return fluids.Fluid(fluid["name"], fluid["phase"], **made)
