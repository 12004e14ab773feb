"""What a course of the simulation came to, and what that costs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from citymains_drainage.control.model import CostWeights


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Sums over a course.

    Attributes
    ----------
    flooding_m3, overflow_m3, outflow_m3, inflow_m3 : float
        Volumes within the course; overflow is part of the outflow.
    flow_excess_m3 : float
        What passed above flow limits, summed over them.
    lost_m3 : float
        Water the engine's balance has lost; negative: it made some.
    storage_m3 : float
        Water in the system at the end.
    underpass_m_min : float
        Depth above yellow over time, above red ten times, over all underpasses.
    underpass_depth_m : mapping of str to float
        Largest depth by underpass.
    red_s : mapping of str to float
        Time in red by underpass.
    starts : int
    energy_kwh, energy_yuan : float
    pumped_m3 : float
    continuity_error_percent : float
        The engine's, since the start of the simulation.
    end_s : float
    """

    flooding_m3: float = 0.0
    overflow_m3: float = 0.0
    outflow_m3: float = 0.0
    inflow_m3: float = 0.0
    flow_excess_m3: float = 0.0
    lost_m3: float = 0.0
    storage_m3: float = 0.0
    underpass_m_min: float = 0.0
    underpass_depth_m: Mapping[str, float] = field(default_factory=dict)
    red_s: Mapping[str, float] = field(default_factory=dict)
    starts: int = 0
    energy_kwh: float = 0.0
    energy_yuan: float = 0.0
    pumped_m3: float = 0.0
    continuity_error_percent: float = 0.0
    end_s: float = 0.0

    def cost_m3(self, weights: CostWeights) -> float:
        """The stated cost in cubic metres of flooding; see `CostWeights`.

        Water the balance lacks counts as still in the system, so that no plan gains by an error: engines
        lose sight of water in surcharged pipes and find it again when they drain.
        """
        return (
            weights.underpass_m3_per_m_min * self.underpass_m_min
            + self.flooding_m3
            + weights.overflow * self.overflow_m3
            + weights.flow_excess * self.flow_excess_m3
            + weights.storage * (self.storage_m3 + max(0.0, self.lost_m3))
            + weights.start_m3 * self.starts
            + weights.energy_m3_per_yuan * self.energy_yuan
        )


#: Two values of one tier count as equal within this share of the larger, or the tier's own grain.
TIE_SHARE = 0.002
_GRAIN = {"underpass_m_min": 0.05, "flooding_m3": 0.5}


def worse(one: Outcome, other: Outcome) -> str:
    """The first of the upper tiers (underpass, flooding) in which `one` is worse than `other`; empty: none."""
    for tier, grain in _GRAIN.items():
        a, b = getattr(one, tier), getattr(other, tier)
        if a > b + max(grain, TIE_SHARE * abs(b)):
            return tier
    return ""


def not_worse(one: Outcome, other: Outcome, weights: CostWeights) -> bool:
    """Whether `one` may stand in for `other`: no upper tier is worse, and the cost is not higher."""
    if not math.isfinite(one.cost_m3(weights)):
        return False
    return not worse(one, other) and one.cost_m3(weights) <= other.cost_m3(weights) + 1e-9


def outcome_of(tree: Mapping[str, Any]) -> Outcome:
    """An outcome that came out of the engine's process."""
    return Outcome(**{**tree, "starts": int(tree["starts"])})
