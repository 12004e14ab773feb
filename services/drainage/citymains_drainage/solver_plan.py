"""HiGHS as an engine: the planner's integer programme, solved in a process that may be killed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault
from citymains.model.decode import from_plain

from citymains_drainage.planning.formulation import Layout, Programme, flooding_cost, formulate
from citymains_drainage.planning.problem import Floats, Plan, PlanProblem, Rung

#: What is left of a time limit for the relaxation, so that there is always something to round.
_RELAXED_SHARE = 0.3


class PlanEngine:
    """The entry point ``pump-plan`` of the group ``citymains.engines``."""

    name = "pump-plan"
    extra = "drainage"

    def version(self) -> str:
        """Name and version of the solver, ``HiGHS 1.15.1``."""
        import highspy

        return f"HiGHS {highspy.Highs().version()}"  # type: ignore[no-untyped-call]

    def preload(self) -> None:
        """Load the libraries before children are forked."""
        import highspy  # noqa: F401
        import scipy.sparse  # noqa: F401

    def open(self, model: Mapping[str, Any], directory: Path) -> PlanSession:
        """Take a problem, as the tree of a `PlanProblem`."""
        return PlanSession(from_plain(model["problem"], PlanProblem))


class PlanSession:
    """One problem."""

    def __init__(self, problem: PlanProblem) -> None:
        self._problem = problem

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Solve it.

        Parameters
        ----------
        task : mapping
            ``time_limit_s``, ``gap``.
        """
        plan = solve_plan(self._problem, time_limit_s=float(task["time_limit_s"]), gap=float(task["gap"]))
        return {**asdict(plan), "rung": plan.rung.value}

    def close(self) -> None:
        """Nothing stays open."""


def solve_plan(problem: PlanProblem, *, time_limit_s: float, gap: float = 0.01) -> Plan:
    """Solve a problem as far as the time allows.

    Parameters
    ----------
    problem : PlanProblem
    time_limit_s : float
        For everything [s], > 0.
    gap : float
        Relative gap at which the integer programme is solved, > 0.

    Returns
    -------
    Plan
        OPTIMAL within the gap; INCUMBENT at the time limit; ROUNDED where no integer plan was found.

    Raises
    ------
    EngineFault
        NOT_CONVERGED: not even the relaxation could be solved.
    """
    begun = time.monotonic()
    programme = formulate(problem)
    relaxed, relaxed_value = _solve(programme, programme.cost, integer=False, time_limit_s=time_limit_s)
    least, bound_flooding = _solve(
        programme,
        flooding_cost(problem, programme.layout),
        integer=False,
        time_limit_s=max(0.1, time_limit_s * _RELAXED_SHARE),
    )
    if relaxed is None:
        raise EngineFault("NOT_CONVERGED", "the relaxation has no solution in time")
    left_s = time_limit_s - (time.monotonic() - begun)
    if not programme.integer.any():  # gates alone: the relaxation is the programme
        values = (relaxed_value, relaxed_value, bound_flooding if least is not None else np.nan)
        return _plan(problem, programme, relaxed, Rung.OPTIMAL, "Optimal", values, begun)
    answer = _integer(programme, left_s, gap) if left_s > 0 else None
    if answer is None:
        return _plan(
            problem,
            programme,
            _rounded(programme, relaxed),
            Rung.ROUNDED,
            "rounded",
            (np.nan, relaxed_value, bound_flooding if least is not None else np.nan),
            begun,
        )
    x, value, bound, status = answer
    size = max(abs(value), 1.0)
    rung = Rung.OPTIMAL if (value - bound) / size <= gap + 1e-9 else Rung.INCUMBENT
    return _plan(
        problem,
        programme,
        x,
        rung,
        status,
        (value, bound, bound_flooding if least is not None else np.nan),
        begun,
    )


def _highs(programme: Programme, cost: Floats, *, integer: bool) -> Any:
    import highspy

    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = programme.layout.size, len(programme.row_lower)
    lp.col_cost_ = cost
    lp.col_lower_, lp.col_upper_ = programme.lower, programme.upper
    lp.row_lower_, lp.row_upper_ = programme.row_lower, programme.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = programme.matrix.indptr
    lp.a_matrix_.index_ = programme.matrix.indices
    lp.a_matrix_.value_ = programme.matrix.data
    if integer:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(one)] for one in programme.integer]
    highs = highspy.Highs()  # type: ignore[no-untyped-call]
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("threads", 1)
    highs.setOptionValue("random_seed", 0)
    highs.passModel(lp)
    return highs


def _solve(
    programme: Programme, cost: Floats, *, integer: bool, time_limit_s: float
) -> tuple[Floats | None, float]:
    """The relaxation's solution and value."""
    import highspy

    highs = _highs(programme, cost, integer=integer)
    highs.setOptionValue("time_limit", max(0.05, time_limit_s))
    highs.run()
    if highs.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None, np.nan
    return np.array(highs.getSolution().col_value), float(highs.getInfo().objective_function_value)


def _integer(
    programme: Programme, time_limit_s: float, gap: float
) -> tuple[Floats, float, float, str] | None:
    """An integer solution with value, bound and the solver's word; None: none was found."""
    highs = _highs(programme, programme.cost, integer=True)
    highs.setOptionValue("time_limit", max(0.05, time_limit_s))
    highs.setOptionValue("mip_rel_gap", gap)
    highs.run()
    info = highs.getInfo()
    status = str(highs.modelStatusToString(highs.getModelStatus()))
    x = np.array(highs.getSolution().col_value)
    if len(x) != programme.layout.size or not np.isfinite(info.objective_function_value):
        return None
    if info.primal_solution_status != 2:  # feasible
        return None
    return x, float(info.objective_function_value), float(info.mip_dual_bound), status


def _rounded(programme: Programme, x: Floats) -> Floats:
    """Counts of the relaxation as whole pumps; what follows from them is left as it is, and only told."""
    rounded = x.copy()
    rounded[programme.integer] = np.minimum(
        np.round(x[programme.integer]), programme.upper[programme.integer]
    )
    return rounded


def _plan(
    problem: PlanProblem,
    programme: Programme,
    x: Floats,
    rung: Rung,
    status: str,
    values: tuple[float, float, float],
    begun: float,
) -> Plan:
    layout: Layout = programme.layout
    objective, bound, bound_flooding = values
    dt = problem.step_s
    lost = np.array([one.spill_to < 0 for one in problem.tanks], dtype=bool)
    as_overflow = np.array([one.overflow for one in problem.units], dtype=bool)
    volumes = layout.block(x, "v")
    first = np.broadcast_to(problem.initial_m3[np.newaxis, :, np.newaxis], (*volumes.shape[:2], 1))
    counts = layout.block(x, "n").copy()
    whole = np.array([one.integer for one in problem.units], dtype=bool)
    counts[whole] = np.round(counts[whole])
    unavoidable = np.zeros(layout.members) if problem.unavoidable_m3 is None else problem.unavoidable_m3
    overflow = layout.block(x, "over").sum(axis=(1, 2)) + layout.block(x, "q")[:, as_overflow].sum(
        axis=(1, 2)
    )
    return Plan(
        rung=rung,
        status=status,
        counts=counts,
        objective=objective,
        bound=bound,
        gap=(objective - bound) / max(abs(objective), 1.0),
        bound_flooding_m3=max(0.0, bound_flooding) + float(problem.member_weight() @ unavoidable),
        flooding_m3=layout.block(x, "flood")[:, lost].sum(axis=(1, 2)) * dt + unavoidable,
        overflow_m3=overflow * dt,
        volume_m3=np.concatenate([first, volumes], axis=2),
        run_s=time.monotonic() - begun,
    )
