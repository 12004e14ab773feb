"""Gas networks in pandapipes. The only module of this service that imports the solver.

It runs in an engine process of its own and is handed creation calls and column edits; which
columns there are is declared in `citymains.intake.pandapipes_components`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandapipes
from citymains.engine_host.engine import EngineFault
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray
from pandapipes.idx_node import IdxNode
from pandapipes.pf.pipeflow_setup import PipeflowNotConverged, get_lookup
from pandapipes.properties import fluids

from citymains_gas import solver_compressors, solver_friction, solver_steps
from citymains_gas.cases import Case, unpacked
from citymains_gas.delivery import Delivery
from citymains_gas.friction import FrictionModel
from citymains_gas.kernel_batch import Batch
from citymains_gas.regulators_states import ActiveSet, State, slam_kpa_without
from citymains_gas.solver_compressors import RunningSet

#: pandapipes' result columns by ours: (table, column, factor).
RESULTS: Final[Mapping[str, Mapping[str, tuple[str, str, float]]]] = {
    "junctions": {"pressure_kpa": ("res_junction", "p_bar", 100.0)},
    "pipes": {
        "flow_kg_per_s": ("res_pipe", "mdot_from_kg_per_s", 1.0),
        "velocity_m_per_s": ("res_pipe", "v_mean_m_per_s", 1.0),
        "reynolds": ("res_pipe", "reynolds", 1.0),
        "friction_factor": ("res_pipe", "lambda", 1.0),
    },
    "regulators": {
        "inlet_pressure_kpa": ("res_press_control", "p_from_bar", 100.0),
        "outlet_pressure_kpa": ("res_press_control", "p_to_bar", 100.0),
        "flow_kg_per_s": ("res_press_control", "mdot_from_kg_per_s", 1.0),
    },
    "compressors": {
        "inlet_pressure_kpa": ("res_compressor", "p_from_bar", 100.0),
        "outlet_pressure_kpa": ("res_compressor", "p_to_bar", 100.0),
        "flow_kg_per_s": ("res_compressor", "mdot_from_kg_per_s", 1.0),
    },
    "sources": {"flow_kg_per_s": ("res_ext_grid", "mdot_kg_per_s", -1.0)},
    "sinks": {"flow_kg_per_s": ("res_sink", "mdot_kg_per_s", 1.0)},
}

#: Tolerances in bar, kg/s and of the residual; pandapipes' defaults are 1e-5, 1e-5 and 1e-3.
TOLERANCES: Final = {"tol_p": 1e-9, "tol_m": 1e-5, "tol_res": 1e-5}

MAX_ITERATIONS: Final = 100

#: Heat capacity of a gas that states none [J/(kg K)].
_ANY_HEAT_CAPACITY: Final = 2000.0
#: Ways to step that are tried in turn: whole steps, pandapipes' own shorter ones, ones that bring the residual down.
_WHOLE, _SHORTER, _DESCENDING = "whole", "automatic", "descending"
_STEPS: Final = (_WHOLE, _SHORTER, _DESCENDING)
#: First guess of all pressures, over the highest a source holds, where none of them arrives from the nominal ones.
_HIGH_START: Final = 1.6

_PROPERTIES: Final[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {
    "constant": lambda one: fluids.FluidPropertyConstant(one["value"]),
    "linear": lambda one: fluids.FluidPropertyLinear(one["slope"], one["offset"]),
    "interpolated": lambda one: fluids.FluidPropertyInterExtra(one["x"], one["y"]),
    "sutherland": lambda one: fluids.FluidPropertySutherland(one["eta0"], one["t0"], one["t_sutherland"]),
    "reciprocal": lambda one: _Reciprocal(float(one["offset"]), float(one["slope"])),
}

#: Half-width, as a share of Re = 3500, over which the three regimes are joined where the jump leaves no solution.
_BLEND: Final = 0.02


class _Reciprocal(fluids.FluidProperty):  # type: ignore[misc]
    """1 / (offset + slope x): the compressibility of the CNGA equation."""

    def __init__(self, offset: float, slope: float) -> None:
        super().__init__()
        self.offset = offset
        self.slope = slope

    def get_at_value(self, arg: Any) -> Any:
        """The property at a pressure in bar."""
        return 1.0 / (self.offset + self.slope * np.asarray(arg, dtype=np.float64))


class GasEngine:
    """pandapipes for gas: steady, isothermal, one fluid."""

    name = "pandapipes-gas"
    extra = "gas"

    def version(self) -> str:
        """Name and version of the solver."""
        return f"pandapipes {pandapipes.__version__}"

    def open(self, model: Mapping[str, Any], directory: Path) -> GasSession:
        """Build the network of :meth:`citymains.intake.pandapipes_model.PipeModel.engine_model`; ``document`` is its own."""
        logging.getLogger("pandapipes").setLevel(logging.ERROR)
        solver_friction.install()
        solver_compressors.install()
        return GasSession(model)


class GasSession:
    """One network, kept built for one scenario after another."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._model = PipeModel.of(model["document"])
        self._batch = Batch(self._model, self._state)
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
        """Answer a chunk of cases (see :meth:`citymains_gas.kernel_batch.Batch.run`), or one steady state.

        One state is that of the network as it is, or of the case that ``state`` holds packed.
        """
        if "cases" in task:
            return self._batch.run(task)
        given = unpacked(task["state"]) if "state" in task else [Case()]
        return self._state({**task, "case": given[0]})

    def _state(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Calculate one steady state.

        Parameters
        ----------
        task : mapping
            ``friction_model``; ``delivery`` (optional): parameters of
            :class:`citymains_gas.delivery.Delivery`; without it demands do not yield to pressure; ``case``
            (optional): a :class:`citymains_gas.cases.Case`, else the network as it is.

        Returns
        -------
        dict
            ``converged``, ``iterations``, ``message`` and the columns of :data:`RESULTS`; NaN where an
            element is without supply, and everywhere if nothing converged or nothing supplies. Where
            there are regulators also ``states``, ``passes``, ``cycled``; with ``delivery`` ``share`` and
            ``delivery_error``.
        """
        case = task.get("case") or Case()
        edits = self._batch.edits(case)
        before = {
            (table, column): self._net[table][column].to_numpy(copy=True)
            for table, columns in edits.items()
            for column in columns
        }
        for table, columns in edits.items():
            for column, values in columns.items():
                self._net[table][column] = values
        try:
            if task.get("delivery") is not None and self._counts.get("sinks"):
                return self._deliver(task, case)
            return self._settle(task, case)
        finally:
            for (table, column), values in before.items():
                self._net[table][column] = values

    def close(self) -> None:
        """Nothing is held outside this process."""

    def _deliver(self, task: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """The state in which every sink draws what its pressure lets it draw."""
        sinks = self._net.sink
        full = sinks.scaling.to_numpy(copy=True)
        at = sinks.junction.to_numpy()
        fixed = [row for row, _ in case.drawn]
        first = self._batch.first_share(task, case)
        delivery = Delivery(len(sinks), fixed=fixed, first=first, **task["delivery"])
        try:
            while True:
                self._net.sink["scaling"] = full * delivery.share
                answer = self._settle(task, case)
                pressure = answer["columns"]["junctions"]["pressure_kpa"][at]
                if not delivery.step(pressure, solved=answer["converged"]):
                    return {**answer, "share": delivery.delivered(pressure), "delivery_error": delivery.error}
        finally:
            self._net.sink["scaling"] = full

    def _settle(self, task: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """The state in which every regulator does what its pressures make it do."""
        friction_model = str(task["friction_model"])
        if not self._counts.get("regulators"):
            return self._solve(friction_model)
        table = self._net.press_control
        kept = {name: table[name].to_numpy(copy=True) for name in ("in_service", "control_active")}
        found = ActiveSet.of(
            self._model,
            in_service=kept["in_service"],
            active=kept["control_active"],
            slam_kpa=slam_kpa_without(self._model, case.stuck_open if case.slam_shut_fails else ()),
        )
        try:
            return self._search(found, friction_model)
        finally:
            for name, values in kept.items():
                self._net.press_control[name] = values

    def _search(self, found: ActiveSet, friction_model: str) -> dict[str, Any]:
        table = self._net.press_control
        controlled = table.controlled_junction.to_numpy()
        answer: dict[str, Any] = {}
        for passes in range(1, found.most_passes + 1):
            table["in_service"] = (found.states == State.REGULATING) | (found.states == State.OPEN)
            table["control_active"] = found.states == State.REGULATING
            answer = self._solve(friction_model)
            answer |= {"states": found.states, "passes": passes, "cycled": False}
            if not answer["converged"]:
                break
            pressure = answer["columns"]["junctions"]["pressure_kpa"]
            more = found.step(
                inlet_kpa=pressure[table.from_junction.to_numpy()],
                outlet_kpa=pressure[table.to_junction.to_numpy()],
                controlled_kpa=pressure[controlled],
                flow_kg_per_s=np.nan_to_num(answer["columns"]["regulators"]["flow_kg_per_s"]),
            )
            if not more:
                break
        if answer["converged"]:
            self._complete(answer, found)
        return {**answer, "cycled": bool(answer["converged"]) and not found.settled}

    def _complete(self, answer: dict[str, Any], found: ActiveSet) -> None:
        """What the engine leaves out of regulators that pass nothing: their pressures, and a flow of nought."""
        table, columns = self._net.press_control, answer["columns"]["regulators"]
        pressure = answer["columns"]["junctions"]["pressure_kpa"]
        columns["inlet_pressure_kpa"] = pressure[table.from_junction.to_numpy()]
        columns["outlet_pressure_kpa"] = pressure[table.to_junction.to_numpy()]
        passes = (found.states == State.REGULATING) | (found.states == State.OPEN)
        columns["flow_kg_per_s"] = np.where(passes, columns["flow_kg_per_s"], 0.0)

    def _solve(self, friction_model: str) -> dict[str, Any]:
        solver_friction.set_blend(0.0)
        answer = self._solve_once(friction_model)
        if not answer["converged"] and friction_model == FrictionModel.THREE_REGIME:
            solver_friction.set_blend(_BLEND)
            answer = self._solve_once(friction_model)
            answer["options"]["regimes_joined"] = _BLEND
        return answer

    def _solve_once(self, friction_model: str) -> dict[str, Any]:
        """The state in which every compressor runs that can."""
        if not self._has_source():
            return self._answer(converged=True, iterations=0, message="no source in service", filled=False)
        if not self._counts.get("compressors"):
            return self._solve_fixed(friction_model)
        found = RunningSet(self._model)
        while True:
            found.use()
            answer = self._solve_fixed(friction_model)
            answer["running"] = found.running
            columns = answer["columns"]["compressors"]
            if not answer["converged"] or not found.stop(
                columns["inlet_pressure_kpa"], columns["flow_kg_per_s"]
            ):
                return answer

    def _solve_fixed(self, friction_model: str) -> dict[str, Any]:
        """One state, with other steps where whole ones do not arrive, and from high pressures in the end."""
        answer: dict[str, Any] = {}
        for steps in _STEPS:
            answer = self._attempt(friction_model, steps)
            if answer["converged"] or not answer["iterations"]:
                return answer
        first = self._net.junction.pn_bar.to_numpy(copy=True)
        self._net.junction["pn_bar"] = _HIGH_START * self._net.ext_grid.p_bar.max()
        try:
            for steps in (_SHORTER, _DESCENDING):
                again = self._attempt(friction_model, steps)
                if again["converged"]:
                    return again
        finally:
            self._net.junction["pn_bar"] = first
        return answer

    def _attempt(self, friction_model: str, steps: str) -> dict[str, Any]:
        try:
            self._pipeflow(friction_model, steps)
        except PipeflowNotConverged as error:
            return self._answer(
                converged=False, iterations=self._iterations(), message=str(error), filled=False
            )
        except (
            UserWarning,
            FloatingPointError,
            ValueError,
            IndexError,
            RuntimeError,
            np.linalg.LinAlgError,
        ) as error:
            return self._answer(
                converged=False, iterations=0, message=f"{type(error).__name__}: {error}", filled=False
            )
        answer = self._answer(
            converged=bool(self._net.converged) and self._above_vacuum(),
            iterations=self._iterations(),
            message="",
            filled=True,
        )
        if steps != _WHOLE:
            answer["options"]["steps"] = steps
        return answer

    def _pipeflow(self, friction_model: str, steps: str) -> None:
        def run() -> None:
            pandapipes.pipeflow(
                self._net,
                mode="hydraulics",
                friction_model=friction_model,
                use_numba=False,
                max_iter_hyd=MAX_ITERATIONS,
                nonlinear_method="automatic" if steps == _SHORTER else "constant",
                ambient_temperature=self._ambient_k,
                calc_compression_power=False,
                **TOLERANCES,
            )

        solver_steps.descend(steps == _DESCENDING)
        try:
            run()
        except UserWarning:
            # It refuses regulators whose controlled junction nothing supplies; they stand wide open, then.
            table = self._net.get("press_control")
            if table is None or not len(table):
                raise
            active = table.control_active.to_numpy(copy=True)
            at = get_lookup(self._net, "node", "index_active_hydraulics")["junction"][
                table.controlled_junction.to_numpy()
            ]
            if not (active & (at < 0)).any():
                raise
            table["control_active"] = active & (at >= 0)
            try:
                run()
            finally:
                self._net.press_control["control_active"] = active

    def _above_vacuum(self) -> bool:
        """Whether every pressure is above nought; the squares in the law of flow have a second root below."""
        pits = self._net["_active_pit"]["node"]
        return bool((pits[:, IdxNode.PINIT] + pits[:, IdxNode.PAMB] > 0.0).all())

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
            component: {
                name: self._column(component, *place, filled=filled) for name, place in places.items()
            }
            for component, places in RESULTS.items()
            if component in self._counts
        }
        options = {**TOLERANCES, "max_iterations": MAX_ITERATIONS}
        return {
            "converged": converged,
            "iterations": iterations,
            "message": message,
            "columns": columns,
            "options": options,
        }

    def _column(
        self, component: str, table: str, column: str, factor: float, *, filled: bool
    ) -> NDArray[np.float64]:
        if not filled:
            return np.full(self._counts[component], np.nan)
        return np.asarray(self._net[table][column], dtype=np.float64) * factor


def _fluid(fluid: Mapping[str, Any]) -> Any:
    properties = fluid.get("properties")
    if not properties:
        return fluids.call_lib(fluid["name"])
    made = {name: _PROPERTIES[one["kind"]](one) for name, one in properties.items()}
    # The engine asks for it though nothing here depends on temperatures.
    made.setdefault("heat_capacity", fluids.FluidPropertyConstant(_ANY_HEAT_CAPACITY))
    if "der_compressibility" not in made:
        # Only the Jacobian holds it: a secant serves as well as the derivative.
        z: Any = made["compressibility"]
        slope = float(z.get_at_value(6.0) - z.get_at_value(1.0)) / 5.0
        made["der_compressibility"] = fluids.FluidPropertyConstant(slope)
    return fluids.Fluid(fluid["name"], fluid["phase"], **made)
