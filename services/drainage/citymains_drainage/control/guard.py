"""The local guard: what every command passes before a pump gets it. It is never optimised away.

A pure state machine: no clock, no engine, no randomness. The plan that is verified in the
engine goes through the same guard as the plan that is carried out, so they are the same plan.

Limits, the strongest first; the weaker one gives way and the decision says so:

1. Maintenance: a locked-out pump never runs.
2. Dry run: at or below its depth the whole station stops until the restart depth is reached.
3. Minimum stop and starts per rolling hour: a motor that may not start does not, flood or not.
4. Receiving: the pumps on one receiving water never pump more than it may take.
5. Available water: all pumps of a well together never pump more in a step than it holds above
   the dry-run depth and receives. Simulators let every pump take the same water (a measured case
   created 38 % of its inflow), and real wells run dry.
6. Emergency: at or above its depth every pump runs that 1 to 5 let run.
7. Minimum run: a running pump goes on, though the plan would stop it, unless 1, 2, 4 or 5 stop it.
8. The plan.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

WINDOW_S = 3600.0


class GuardReason(StrEnum):
    """Why a command is not the plan's."""

    MAINTENANCE = "MAINTENANCE"
    DRY_RUN = "DRY_RUN"
    MIN_STOP = "MIN_STOP"
    STARTS = "STARTS"
    RECEIVING = "RECEIVING"
    AVAILABILITY = "AVAILABILITY"
    EMERGENCY = "EMERGENCY"
    MIN_RUN = "MIN_RUN"


@dataclass(frozen=True)
class Intervention:
    """One difference between plan and command.

    Attributes
    ----------
    station, pump : str
    reason : GuardReason
    """

    station: str
    pump: str
    reason: GuardReason


@dataclass(frozen=True)
class PumpMemory:
    """What the guard remembers of one pump.

    Attributes
    ----------
    running : bool
    changed_s : float
        Time of the last start or stop [s]; minus infinity: long ago.
    starts_s : tuple of float
        Times of the starts within the last hour [s].
    """

    running: bool = False
    changed_s: float = -math.inf
    starts_s: tuple[float, ...] = ()


@dataclass(frozen=True)
class StationMemory:
    """What the guard remembers of one station.

    Attributes
    ----------
    locked : bool
        Dry-run lockout in force.
    emergency : bool
        Emergency in force.
    volume_m3 : float
        Volume of the wet well at the last step [m3]; NaN: there was none.
    inflow_m3_per_s : float
        Inflow reckoned with at the last step [m3/s].
    pumped_m3_per_s : float
        What the commands of the last step pump [m3/s].
    """

    locked: bool = False
    emergency: bool = False
    volume_m3: float = math.nan
    inflow_m3_per_s: float = 0.0
    pumped_m3_per_s: float = 0.0


@dataclass(frozen=True)
class GuardState:
    """Everything the guard carries from step to step.

    Attributes
    ----------
    time_s : float
        Time of the last step [s].
    pumps : mapping of str to PumpMemory
        By pump id.
    stations : mapping of str to StationMemory
        By station name.
    """

    time_s: float = -math.inf
    pumps: Mapping[str, PumpMemory] = field(default_factory=dict)
    stations: Mapping[str, StationMemory] = field(default_factory=dict)


@dataclass(frozen=True)
class Observation:
    """What is known when a command is due.

    Attributes
    ----------
    time_s : float
        Time of the command [s]; ascending from call to call.
    depth_m : mapping of str to float
        Depth of the wet well by station name [m]; missing or NaN: the sensor gives nothing, and the
        station keeps its lockout and its emergency, and its water is reckoned on from the last known
        level and inflow.
    inflow_m3_per_s : mapping of str to float
        Inflow of the wet well until the next command by station name [m3/s]; missing: the guard
        takes what the well got since the last step.
    locked_out : frozenset of str
        Pumps under maintenance or failed.
    receiving_max_m3_per_s : mapping of str to float
        Limits that hold now by receiving water, where they differ from the stations' own.
    """

    time_s: float
    depth_m: Mapping[str, float] = field(default_factory=dict)
    inflow_m3_per_s: Mapping[str, float] = field(default_factory=dict)
    locked_out: frozenset[str] = frozenset()
    receiving_max_m3_per_s: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Decision:
    """What the guard commands.

    Attributes
    ----------
    state : GuardState
        For the next step.
    settings : mapping of str to float
        1 (run) or 0 (stop) by pump id, every pump of every station.
    counts : mapping of str to int
        Running pumps by group name.
    interventions : tuple of Intervention
        Where the command is not the plan's, and why.
    """

    state: GuardState
    settings: Mapping[str, float]
    counts: Mapping[str, int]
    interventions: tuple[Intervention, ...] = ()
