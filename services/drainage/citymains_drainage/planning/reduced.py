"""The reduced storage model the planner plans on: tanks, what they spill, and pumps between them.

Volumes balance step by step: V' = V + (inflow + pumped in + drained in + spilled in - pumped out - drained out) dt,
and what does not fit is spilled: over the weir as overflow, over the top as flooding, or onto the
road as the content of an underpass. Hydraulics in the pipes are in the inflow series, taken from a
run of the engine.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from citymains_drainage.stations.model import StationSet, Underpass
from citymains_drainage.stations.curves import VolumeCurve


@dataclass(frozen=True, kw_only=True)
class Tank:
    """One storage: a station's wet well with what backs up behind it, or an underpass.

    Attributes
    ----------
    name : str
        Of a wet well: the id of its node; of an underpass too.
    curve : VolumeCurve
        Volume over depth; capacity is where it floods.
    dead_m3 : float
        Volume that pumps cannot take (at the dry-run depth) [m3], >= 0.
    overflow_m3 : float
        Volume above which it overflows over a weir [m3]; infinite: no weir.
    overflow_max_m3_per_s : float
        What the weir takes at most [m3/s].
    spill_to : str
        Tank that gets what does not fit; empty: it is lost as flooding.
    drain_to : str
        Tank it drains into by gravity; empty: none.
    drain_max_m3_per_s : float
        Largest drain [m3/s].
    drain_delay_s : float
        Time from here to there [s].
    underpass : Underpass, optional
        The road whose depth is this tank's.
    """

    name: str
    curve: VolumeCurve
    dead_m3: float = 0.0
    overflow_m3: float = math.inf
    overflow_max_m3_per_s: float = math.inf
    spill_to: str = ""
    drain_to: str = ""
    drain_max_m3_per_s: float = math.inf
    drain_delay_s: float = 0.0
    underpass: Underpass | None = None


@dataclass(frozen=True, kw_only=True)
class ReducedModel:
    """Tanks and stations.

    Attributes
    ----------
    stations : StationSet
        Each station's wet well is the tank of that name.
    tanks : tuple of Tank
        In the order of the volumes.
    transfer : mapping of str to (str, float)
        Group name to the tank it pumps into and the travel time [s]; others leave the model.
    """

    stations: StationSet
    tanks: tuple[Tank, ...]
    transfer: dict[str, tuple[str, float]] = field(default_factory=dict)

    def index(self, name: str) -> int:
        """Position of a tank; KeyError where there is none."""
        for at, one in enumerate(self.tanks):
            if one.name == name:
                return at
        raise KeyError(name)
