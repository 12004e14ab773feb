"""The planner's question and answer: how many pumps of each group run in each step.

`plan_pumps(problem)` in `citymains_drainage.planner_solve` answers. One plan holds for all members
of the rain ensemble; what they lack is a slack of each. The objective is lexicographic:
underpasses, flooding, overflow, end storage, starts, energy cost, each solved to its gap and then held.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from citymains_drainage.planning.reduced import ReducedModel


class Rung(StrEnum):
    """How far down the ladder the answer stands."""

    OPTIMAL = "optimal"
    """Every tier solved to its gap."""
    INCUMBENT = "incumbent"
    """A feasible plan at the time limit; the gap is told."""
    ROUNDED = "rounded"
    """The linear relaxation rounded and passed through the guard."""
    NONE = "none"
    """No plan: use a search or the rule."""


class Tier(StrEnum):
    """The parts of the objective, the most important first."""

    UNDERPASS = "underpass"
    """Classes reached by underpasses, red ten times yellow, and the volume above red."""
    FLOODING = "flooding"
    """Volume lost by flooding [m3]."""
    OVERFLOW = "overflow"
    """Volume overflown or pumped as overflow, and a share of what is left in storage at the end [m3]."""
    STARTS = "starts"
    """Starts of pumps."""
    ENERGY = "energy"
    """Cost of electricity [yuan]."""


@dataclass(frozen=True, kw_only=True)
class PlanProblem:
    """What is asked.

    Shapes: M members, S tanks of the model, G groups in `StationSet.groups` order, T steps.

    Attributes
    ----------
    model : ReducedModel
    step_s : float
        Length of a step [s], > 0.
    inflow_m3_per_s : ndarray, shape (M, S, T)
        Inflow of each tank without what pumps and tanks give each other [m3/s], >= 0.
    initial_volume_m3 : ndarray, shape (S,) or (M, S)
        Water in each tank now [m3].
    member_weight : ndarray, shape (M,), optional
        Weights of the members, >= 0; equal by default.
    initial_count : ndarray of int, shape (G,), optional
        Running pumps now; none by default.
    past_starts, past_stops : ndarray of int, shape (G, H), optional
        Starts and stops in the H steps before now, the last one just before; none by default.
    available : ndarray of int, shape (G, T), optional
        Pumps that are not under maintenance; all by default.
    receiving_max_m3_per_s : mapping of str to ndarray (T,), optional
        Limits by receiving water where they change with time.
    wet : ndarray of bool, shape (T,), optional
        Steps in which rain or its runoff is about; all by default. In the others nothing is pumped
        into rivers, except as the next says.
    pre_lowering_s : float
        How long before the first wet step rivers may be pumped into [s]; 0: not at all.
    price_yuan_per_kwh : ndarray, shape (T,), optional
        0.7 by default.
    worst_weight : float
        Share of the worst member in flooding and overflow, in 0..1; the rest is the weighted mean.
    end_storage_weight : float
        What a cubic metre left above the initial volume counts in the overflow tier, >= 0.
    """

    model: ReducedModel
    step_s: float
    inflow_m3_per_s: NDArray[np.float64]
    initial_volume_m3: NDArray[np.float64]
    member_weight: NDArray[np.float64] | None = None
    initial_count: NDArray[np.int64] | None = None
    past_starts: NDArray[np.int64] | None = None
    past_stops: NDArray[np.int64] | None = None
    available: NDArray[np.int64] | None = None
    receiving_max_m3_per_s: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    wet: NDArray[np.bool_] | None = None
    pre_lowering_s: float = 0.0
    price_yuan_per_kwh: NDArray[np.float64] | None = None
    worst_weight: float = 0.0
    end_storage_weight: float = 0.3


@dataclass(frozen=True, kw_only=True)
class TierResult:
    """One solved part of the objective.

    Attributes
    ----------
    tier : Tier
    value, bound : float
        Value reached and proven lower bound, in the tier's unit, given the tiers before it.
    gap : float
        (value - bound) / max(value, 1), >= 0.
    status : str
        The solver's word.
    run_s : float
    """

    tier: Tier
    value: float
    bound: float
    gap: float
    status: str
    run_s: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """The answer.

    Attributes
    ----------
    rung : Rung
    reason : str
        Why it is this rung and no higher one.
    counts : ndarray of int, shape (G, T)
        Running pumps; without rows where the rung is NONE.
    groups : tuple of str
        Names of the groups, in the order of the rows.
    tiers : tuple of TierResult
    gap : float
        Largest gap of a solved tier; NaN for ROUNDED and NONE.
    reduced_model_bound_flooding_m3 : float
        Least flooding any commands could reach in the reduced model, weighted mean of the members,
        each with perfect foresight [m3]. A bound on the engine's flooding only up to the model's error.
    flooding_m3, overflow_m3 : ndarray, shape (M,)
        What the plan itself gives in the reduced model [m3], simulated, not the solver's slacks.
    volume_m3 : ndarray, shape (M, S, T + 1)
        Water in the tanks when the plan is simulated [m3].
    energy_kwh, energy_yuan : float
        Weighted mean of the members.
    starts : int
    run_s : float
    """

    rung: Rung
    reason: str
    counts: NDArray[np.int64]
    groups: tuple[str, ...]
    tiers: tuple[TierResult, ...] = ()
    gap: float = float("nan")
    reduced_model_bound_flooding_m3: float = float("nan")
    flooding_m3: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    overflow_m3: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    volume_m3: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0, 0)))
    energy_kwh: float = float("nan")
    energy_yuan: float = float("nan")
    starts: int = 0
    run_s: float = 0.0
