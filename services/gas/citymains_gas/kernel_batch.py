"""Many scenarios in the engine's process: by the batched solver where it vouches for its answer, else by the reference engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray

from citymains_gas.cases import LINK_COMPONENTS, Case, unpacked
from citymains_gas.delivery import delivered_share
from citymains_gas.friction import FrictionModel
from citymains_gas.regulators_states import State

Floats = NDArray[np.float64]

#: Who answered a case.
BY_KERNEL, BY_ENGINE, UNANSWERED = 0, 1, 2

#: What the engine calls the switches of the links, by component.
_SWITCHES: Final = {
    "pipes": ("pipe", "in_service"),
    "valves": ("valve", "opened"),
    "regulators": ("press_control", "in_service"),
    "compressors": ("compressor", "in_service"),
    "pumps": ("pump", "in_service"),
    "flow_controls": ("flow_control", "in_service"),
}

Solve = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class Batch:
    """Answers chunks of cases of one network.

    Parameters
    ----------
    model : PipeModel
    solve : callable
        The reference engine: takes a task of one steady state (see :meth:`citymains_gas.solver.GasSession.run`).
    """

    def __init__(self, model: PipeModel, solve: Solve) -> None:
        self._model = model
        self._solve = solve
        self._kernels: dict[str, Any] = {}

    def run(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a chunk.

        Parameters
        ----------
        task : mapping
            ``cases`` as :func:`citymains_gas.cases.packed` makes them; ``kernel``: whether the batched
            solver may answer; ``fallback`` (optional): whether the reference engine answers what that one
            models and does not settle; ``friction_model`` and ``delivery`` as of a single state.

        Returns
        -------
        dict
            Arrays of a row per case: ``pressure_kpa`` (gauge; NaN without supply), ``states`` and
            ``flow_kg_per_s`` of the regulators (0 through one that is shut), ``by``; ``reason``: why the batched solver did not answer,
            ``message``: why nobody did.
        """
        cases = unpacked(task["cases"])
        junctions, regulators = len(self._model.ids("junctions")), len(self._model.ids("regulators"))
        answer: dict[str, Any] = {
            "pressure_kpa": np.full((len(cases), junctions), np.nan),
            "states": np.full((len(cases), regulators), State.OUT, dtype=np.int8),
            "flow_kg_per_s": np.full((len(cases), regulators), np.nan),
            "by": np.full(len(cases), BY_ENGINE, dtype=np.int8),
            "reason": [""] * len(cases),
            "message": [""] * len(cases),
        }
        if task["kernel"]:
            self._by_kernel(task, cases, answer)
        if task["kernel"] and not task.get("fallback", True) and not isinstance(self._kernel(task), str):
            left = answer["by"] != BY_KERNEL
            answer["by"][left], answer["pressure_kpa"][left] = UNANSWERED, np.nan
            return answer
        for at in np.flatnonzero(answer["by"] != BY_KERNEL).tolist():
            self._by_engine(task, cases[at], answer, at)
        return answer

    def _by_kernel(self, task: Mapping[str, Any], cases: Sequence[Case], answer: dict[str, Any]) -> None:
        kernel = self._kernel(task)
        if isinstance(kernel, str):
            answer["reason"] = [kernel] * len(cases)
            return
        found = kernel.solve(cases, flows=bool(self._model.ids("regulators")))
        answer["pressure_kpa"] = found.pressure_bar * 100.0
        answer["states"] = found.states
        if found.flow_kg_per_s is not None:
            answer["flow_kg_per_s"] = np.nan_to_num(found.flow_kg_per_s[:, kernel.network.first_regulator :])
        answer["by"][found.settled] = BY_KERNEL
        answer["reason"] = ["" if one else "not settled" for one in found.settled.tolist()]

    def _kernel(self, task: Mapping[str, Any]) -> Any:
        """The batched solver for a friction law and a way of delivery, or why there is none."""
        from citymains_gas.kernel import GasKernel, NotModelled
        from citymains_gas.kernel_network import KernelNetwork

        delivery = task.get("delivery") or {}
        key = repr((task["friction_model"], sorted(delivery.items())))
        if key not in self._kernels:
            try:
                network = KernelNetwork.of(self._model, FrictionModel(task["friction_model"]))
                self._kernels[key] = GasKernel(network, **delivery)
            except NotModelled as reason:
                self._kernels[key] = str(reason)
        return self._kernels[key]

    def _by_engine(self, task: Mapping[str, Any], case: Case, answer: dict[str, Any], at: int) -> None:
        one = {name: task.get(name) for name in ("friction_model", "delivery")}
        found = self._solve({**one, "case": case})
        if not found["converged"] or found.get("cycled"):
            answer["by"][at] = UNANSWERED
            answer["message"][at] = str(found["message"]) or "regulators do not settle"
            answer["pressure_kpa"][at] = np.nan
            return
        answer["by"][at] = BY_ENGINE
        answer["pressure_kpa"][at] = found["columns"]["junctions"]["pressure_kpa"]
        if "regulators" in found["columns"]:
            answer["flow_kg_per_s"][at] = np.nan_to_num(found["columns"]["regulators"]["flow_kg_per_s"])
            answer["states"][at] = found.get("states", answer["states"][at])

    def first_share(self, task: Mapping[str, Any], case: Case) -> Floats | None:
        """Share of its demand that every sink gets in a case, by the batched solver; None: it does not answer.

        The reference engine begins with it and finds out whether the pressures agree.
        """
        kernel = self._kernel(task)
        if isinstance(kernel, str):
            return None
        found = kernel.solve([case])
        if not found.settled[0]:
            return None
        pressure = 100.0 * found.pressure_bar[0][kernel.sink_rows]
        return np.where(np.isnan(pressure), 1.0, delivered_share(pressure, **task["delivery"]))

    def edits(self, case: Case) -> dict[str, dict[str, NDArray[Any]]]:
        """The case as columns of the engine's tables."""
        model, made = self._model, {}
        shut = set(case.closed)
        first = 0
        for component in LINK_COMPONENTS:
            count = len(model.ids(component))
            mine = [link - first for link in shut if first <= link < first + count]
            if mine:
                table, column = _SWITCHES[component]
                values = model.column(component, "open" if component == "valves" else "in_service")
                values[mine] = False
                made[table] = {column: values}
            first += count
        if case.lost_sources:
            made["ext_grid"] = {"in_service": model.column("sources", "in_service")}
            made["ext_grid"]["in_service"][list(case.lost_sources)] = False
        if case.stuck_open:
            active = model.column("regulators", "active")
            active[list(case.stuck_open)] = False
            made.setdefault("press_control", {})["control_active"] = active
        if case.drawn or (case.demand_factor != 1.0 and model.ids("sinks")):
            scaling = model.column("sinks", "scaling") * case.demand_factor
            flow, serves = model.column("sinks", "flow_kg_per_s"), model.column("sinks", "in_service")
            for row, value in case.drawn:
                flow[row], scaling[row], serves[row] = value, 1.0, True
            made["sink"] = {"mdot_kg_per_s": flow, "scaling": scaling, "in_service": serves}
        return made
