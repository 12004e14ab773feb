"""The planner's question and answer, on a reduced storage model: how many pumps of each group run in each step.

Tanks balance step by step, ``V' = V + (inflow + pumped in + drained in + spilled in - pumped out
- drained out - spilled) dt``. What does not fit is spilled: over the weir as overflow, onto the road, or
lost as flooding. Hydraulics in the pipes are in the inflow series, taken from a run of the engine.
One plan holds for all members of the rain ensemble; what they lack is a slack of each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_drainage.control.model import CostWeights

Floats = NDArray[np.float64]


class Rung(StrEnum):
    """How far down the ladder an answer stands."""

    OPTIMAL = "optimal"
    """The integer programme solved to its gap."""
    INCUMBENT = "incumbent"
    """A feasible plan at the time limit; the gap is told."""
    ROUNDED = "rounded"
    """The linear relaxation, rounded."""
    SEARCH = "search"
    """No programme helped: candidates searched in the engine alone."""
    RULE = "rule"
    """The operator's rule: nothing better was found, or could be verified."""


@dataclass(frozen=True, kw_only=True)
class Tank:
    """One storage: a wet well with what backs up behind it, or an underpass.

    Attributes
    ----------
    name : str
        Id of its node.
    capacity_m3 : float
        Volume above which it spills.
    dead_m3 : float
        Volume that pumps cannot take, >= 0.
    weir_m3_per_s : float
        What spills over a weir as overflow at most; 0: there is none.
    spill_to : int
        Tank that gets what else spills; -1: it is lost as flooding.
    drain_to : int
        Tank it drains into; -1: none.
    drain_m3_per_s : float
        Largest drain.
    drain_delay : int
        Steps from here to there.
    yellow_m3, red_m3 : float
        Of an underpass: volume at the yellow and the red depth; infinite: it is none.
    area_m2 : float
        Of an underpass: area by which volume above yellow is depth.
    """

    name: str
    capacity_m3: float
    dead_m3: float = 0.0
    weir_m3_per_s: float = 0.0
    spill_to: int = -1
    drain_to: int = -1
    drain_m3_per_s: float = math.inf
    drain_delay: int = 0
    yellow_m3: float = math.inf
    red_m3: float = math.inf
    area_m2: float = 1.0


@dataclass(frozen=True, kw_only=True)
class Unit:
    """A group of identical pumps, or a gate (``integer`` False, ``count`` 1).

    Attributes
    ----------
    name : str
    tank : int
        It draws from.
    count : int
        Pumps.
    rate_m3_per_s : float
        Of one.
    to_tank : int
        Tank it pumps into; -1: the water leaves.
    delay : int
        Steps from here to there.
    overflow : bool
        Whether its water counts as overflow.
    receiving : int
        Which of the limits holds for it; -1: none.
    kwh_per_m3 : float
    initial_count : int
        Running now.
    min_run, min_stop : int
        Shortest run and stop in steps.
    starts_per_h : int
        Most starts of one pump in an hour.
    integer : bool
    """

    name: str
    tank: int
    count: int
    rate_m3_per_s: float
    to_tank: int = -1
    delay: int = 0
    overflow: bool = False
    receiving: int = -1
    kwh_per_m3: float = 0.0
    initial_count: int = 0
    min_run: int = 1
    min_stop: int = 1
    starts_per_h: int = 6
    integer: bool = True


@dataclass(frozen=True, kw_only=True, eq=False)
class PlanProblem:
    """What is asked. Shapes: M members, S tanks, U units, T steps, R receiving waters.

    Attributes
    ----------
    step_s : float
    tanks : tuple of Tank
    units : tuple of Unit
    inflow_m3_per_s : ndarray, shape (M, S, T)
        Without what units and tanks give each other, >= 0.
    initial_m3 : ndarray, shape (S,)
    weight : ndarray, shape (M,), optional
        Of the members; equal by default.
    worst_weight : float
        Share of the worst member in the objective, in 0..1; the rest is the weighted mean.
    available : ndarray, shape (U, T), optional
        Pumps that may run: not under maintenance, and not into a river in dry weather.
    receiving_m3_per_s : ndarray, shape (R, T), optional
        Limits of the receiving waters.
    price_yuan_per_kwh : ndarray, shape (T,), optional
    weights : CostWeights
        The stated cost, the same by which courses of the engine are compared.
    unavoidable_m3 : ndarray, shape (M,), optional
        Flooding that no command prevents: where the pipes are too small, not the pumps.
    """

    step_s: float
    tanks: tuple[Tank, ...]
    units: tuple[Unit, ...]
    inflow_m3_per_s: Floats
    initial_m3: Floats
    weight: Floats | None = None
    worst_weight: float = 0.0
    available: Floats | None = None
    receiving_m3_per_s: Floats | None = None
    price_yuan_per_kwh: Floats | None = None
    weights: CostWeights = field(default_factory=CostWeights)
    unavoidable_m3: Floats | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """M, S, U, T."""
        members, tanks, steps = self.inflow_m3_per_s.shape
        return members, tanks, len(self.units), steps

    def member_weight(self) -> Floats:
        """Weights that sum to 1, shape (M,)."""
        given = np.ones(self.shape[0]) if self.weight is None else np.asarray(self.weight, dtype=np.float64)
        return np.asarray(given / given.sum(), dtype=np.float64)


@dataclass(frozen=True, kw_only=True, eq=False)
class Plan:
    """The answer.

    Attributes
    ----------
    rung : Rung
        OPTIMAL, INCUMBENT or ROUNDED.
    status : str
        The solver's word.
    counts : ndarray, shape (U, T)
        Running pumps; of a gate the share of its largest flow.
    objective, bound : float
        Value of the plan and proven lower bound [m3 of flooding].
    gap : float
        (objective - bound) / max(|objective|, 1); NaN for ROUNDED.
    bound_flooding_m3 : float
        Least flooding any commands could reach in the reduced model, weighted mean of the members, each
        with perfect foresight and fractional pumps. A bound on the engine's flooding up to the model's error only.
    flooding_m3, overflow_m3 : ndarray, shape (M,)
    volume_m3 : ndarray, shape (M, S, T + 1)
    run_s : float
    """

    rung: Rung
    status: str
    counts: Floats
    objective: float
    bound: float
    gap: float
    bound_flooding_m3: float
    flooding_m3: Floats
    overflow_m3: Floats
    volume_m3: Floats
    run_s: float


def plan_of(tree: Mapping[str, Any]) -> Plan:
    """A plan that came out of the engine's process."""
    return Plan(**{**tree, "rung": Rung(tree["rung"])})
