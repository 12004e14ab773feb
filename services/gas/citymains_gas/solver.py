"""Gas networks in pandapipes. The only module of this service that imports the solver.

It runs in an engine process of its own and is handed creation calls and column edits; which
columns there are is declared in `citymains.intake.pandapipes_components`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandapipes
from citymains.engine_host.engine import EngineFault
from numpy.typing import NDArray
from pandapipes.pf.pipeflow_setup import PipeflowNotConverged
from pandapipes.properties import fluids

#: pandapipes' result columns by ours: (table, column, factor).
RESULTS: Final[Mapping[str, Mapping[str, tuple[str, str, float]]]] = {
    "junctions": {"pressure_kpa": ("res_junction", "p_bar", 100.0)},
    "pipes": {
        "flow_kg_per_s": ("res_pipe", "mdot_from_kg_per_s", 1.0),
        "velocity_m_per_s": ("res_pipe", "v_mean_m_per_s", 1.0),
        "reynolds": ("res_pipe", "reynolds", 1.0),
    },
    "regulators": {
        "inlet_pressure_kpa": ("res_press_control", "p_from_bar", 100.0),
        "outlet_pressure_kpa": ("res_press_control", "p_to_bar", 100.0),
        "flow_kg_per_s": ("res_press_control", "mdot_from_kg_per_s", 1.0),
    },
    "sources": {"flow_kg_per_s": ("res_ext_grid", "mdot_kg_per_s", -1.0)},
    "sinks": {"flow_kg_per_s": ("res_sink", "mdot_kg_per_s", 1.0)},
}

#: Tolerances in bar, kg/s and of the residual; pandapipes' defaults are 1e-5, 1e-5 and 1e-3.
TOLERANCES: Final = {"tol_p": 1e-8, "tol_m": 1e-8, "tol_res": 1e-5}

MAX_ITERATIONS: Final = 100
MAX_COLEBROOK_ITERATIONS: Final = 100

_PROPERTIES: Final = {
    "constant": lambda one: fluids.FluidPropertyConstant(one["value"]),
    "linear": lambda one: fluids.FluidPropertyLinear(one["slope"], one["offset"]),
    "interpolated": lambda one: fluids.FluidPropertyInterExtra(one["x"], one["y"]),
    "sutherland": lambda one: fluids.FluidPropertySutherland(one["eta0"], one["t0"], one["t_sutherland"]),
}


class GasEngine:
    """pandapipes for gas: steady, isothermal, one fluid."""

    name = "pandapipes-gas"
    extra = "gas"

    def version(self) -> str:
        """Name and version of the solver."""
        return f"pandapipes {pandapipes.__version__}"

    def open(self, model: Mapping[str, Any], directory: Path) -> GasSession:
        """Build the network of :meth:`citymains.intake.pandapipes_model.PipeModel.engine_model`."""
        logging.getLogger("pandapipes").setLevel(logging.ERROR)
        return GasSession(model)


class GasSession:
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

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Calculate one steady state.

        Parameters
        ----------
        task : mapping
            ``friction_model`` and ``edits``: columns by pandapipes' table and column.

        Returns
        -------
        dict
            ``converged``, ``iterations``, ``message`` and the columns of :data:`RESULTS`; NaN where an
            element is without supply, and everywhere if nothing converged or nothing supplies.
        """
        before = {(table, column): self._net[table][column].to_numpy(copy=True)
                  for table, columns in task["edits"].items() for column in columns}
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

    def _solve(self, friction_model: str) -> dict[str, Any]:
        if not self._has_source():
            return self._answer(converged=True, iterations=0, message="no source in service", filled=False)
        try:
            pandapipes.pipeflow(
                self._net, mode="hydraulics", friction_model=friction_model, use_numba=False,
                max_iter_hyd=MAX_ITERATIONS, max_iter_colebrook=MAX_COLEBROOK_ITERATIONS, tolerance_colebrook=1e-8,
                ambient_temperature=self._ambient_k, calc_compression_power=False, **TOLERANCES)
        except PipeflowNotConverged as error:
            return self._answer(converged=False, iterations=self._iterations(), message=str(error), filled=False)
        except (FloatingPointError, ValueError, IndexError, RuntimeError, np.linalg.LinAlgError) as error:
            return self._answer(converged=False, iterations=0, message=f"{type(error).__name__}: {error}", filled=False)
        return self._answer(converged=bool(self._net.converged), iterations=self._iterations(), message="", filled=True)

    def _has_source(self) -> bool:
        grids = self._net.get("ext_grid")
        if grids is None or not len(grids):
            return False
        junctions = self._net.junction.in_service.to_numpy()[grids.junction.to_numpy()]
        return bool((grids.in_service.to_numpy() & junctions & grids.p_bar.notna().to_numpy()).any())

    def _iterations(self) -> int:
        return int(self._net["_internal_results"].get("iterations_hydraulics", 0))

    def _answer(self, *, converged: bool, iterations: int, message: str, filled: bool) -> dict[str, Any]:
        columns = {
            component: {name: self._column(component, *place, filled=filled) for name, place in places.items()}
            for component, places in RESULTS.items() if component in self._counts
        }
        options = {**TOLERANCES, "max_iterations": MAX_ITERATIONS}
        return {"converged": converged, "iterations": iterations, "message": message, "columns": columns, "options": options}

    def _column(self, component: str, table: str, column: str, factor: float, *, filled: bool) -> NDArray[np.float64]:
        if not filled:
            return np.full(self._counts[component], np.nan)
        return np.asarray(self._net[table][column], dtype=np.float64) * factor


def _fluid(fluid: Mapping[str, Any]) -> Any:
    properties = fluid.get("properties")
    if not properties:
        return fluids.call_lib(fluid["name"])
    made = {name: _PROPERTIES[one["kind"]](one) for name, one in properties.items()}
    return fluids.Fluid(fluid["name"], fluid["phase"], **made)
