"""What `advise` takes and answers, item by item."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, TableSpec

COMMANDS: Final = TableSpec(
    "commands",
    "Advised settings: of every pump and gate at once, then where one changes before the next advice. Nothing here "
    "says that anything was switched.",
    (
        ColumnSpec("time_s", Kind.FLOAT, "From when on, from the start of the model."),
        ColumnSpec("pump", Kind.TEXT, "Id of the pump or gate."),
        ColumnSpec("station", Kind.TEXT, "Its station; of a gate the node it draws from."),
        ColumnSpec("setting", Kind.FLOAT, "Advised: 1 run, 0 stand; of a gate its opening in 0..1."),
        ColumnSpec("observed_setting", Kind.FLOAT, "As last reported; missing: never reported."),
        ColumnSpec("reason", Kind.TEXT, "Which limit made it differ from the plan; empty: none did."),
    ),
)
SENSORS: Final = TableSpec(
    "sensors",
    "Levels as they were reported, as the model has them, and which was used.",
    (
        ColumnSpec("place", Kind.TEXT, "Station or underpass."),
        ColumnSpec("depth_m", Kind.FLOAT, "As reported; missing: nothing was."),
        ColumnSpec(
            "model_depth_m", Kind.FLOAT, "Of the simulation that runs along; missing: it is not there."
        ),
        ColumnSpec("used_depth_m", Kind.FLOAT, "What the advice rests on."),
        ColumnSpec(
            "state", Kind.TEXT, "OK, GAP (nothing reported), RANGE (impossible) or STUCK (does not move)."
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class PumpObservation:
    """What is known at one time. What is missing stays out: nothing is taken for zero but the rain of no forecast.

    Attributes
    ----------
    time_s : float
        From the start of the model, ascending.
    depth_m : mapping of str to float
        Levels above the invert, by station, wet well or underpass. [m]
    running : mapping of str to float
        Settings of pumps and gates in truth, in 0..1.
    rain_mm_per_h : float, optional
        Mean intensity since the last observation, over the network. [mm/h] >= 0
    forecast_mm_per_h : tuple of float
        Intensities from now on, step by step; empty: the last forecast goes on to hold. [mm/h]
    forecast_step_s : float, optional
        Step of the forecast; 300 s unless told. [s] > 0
    locked_out : tuple of str
        Pumps under maintenance or failed.
    """

    time_s: float
    depth_m: Mapping[str, float] = field(default_factory=dict)
    running: Mapping[str, float] = field(default_factory=dict)
    rain_mm_per_h: float | None = None
    forecast_mm_per_h: tuple[float, ...] = ()
    forecast_step_s: float | None = None
    locked_out: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PumpAdvice(Record):
    """Commands for the next control step. Advice only: whoever is on duty switches."""

    TABLES = (COMMANDS, SENSORS)

    time_s: float = math.nan
    """When it holds from: the observation's time."""
    until_s: float = math.nan
    """When the next advice is due; until then it holds."""
    rung: str = ""
    """How far down the ladder it stands: optimal, incumbent, rounded, search or rule."""
    rung_reason_en: str = ""
    rung_reason_zh: str = ""
    on_time: bool = True
    """Whether the planner answered in time; if not, the fallback did, on time."""
    cost_m3: float = math.nan
    """Expected cost over the look ahead; NaN: not known."""
    rule_cost_m3: float = math.nan
    """The same of the operator's rule."""
    underpass_depth_m: float = math.nan
    """Largest depth used of an underpass; NaN: there is none."""
