"""What `schedule` answers: its record and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Final

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec


def _float(name: str, text: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.FLOAT, text)


def _text(name: str, text: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.TEXT, text)


SCHEDULE: Final = TableSpec(
    "schedule",
    "Settings of every pump and gate: at each control step, and where the guard changes one in between.",
    (
        _float("time_s", "From when the setting holds, from the start of the simulation."),
        _text("pump", "Id of the pump or gate."),
        _float("setting", "1: runs, 0: stands; of a gate its opening in 0..1."),
        _text("station", "Its station; of a gate the node it draws from."),
    ),
)
BASELINES: Final = TableSpec(
    "baselines",
    "The plan beside what it is held against, all under the true rain.",
    (
        _text(
            "policy",
            "plan; native: the model's own levels and rules in the engine; rule: the same by command, within the "
            "guard's limits; equal-filling; all-off, all-on: with lockout and emergency; policies of plugins.",
        ),
        _float("flooding_m3", "Volume lost by flooding."),
        _float("overflow_m3", "Volume that left by overflow outfalls."),
        _float("flow_excess_m3", "Volume that passed above the flow limits, summed over them."),
        _float("storage_m3", "Water in the system at the end."),
        _float("underpass_m_min", "Depth above yellow over time, above red ten times, all underpasses."),
        _float("underpass_depth_m", "Largest depth on any underpass."),
        ColumnSpec("starts", Kind.INTEGER, "Starts of pumps."),
        _float("energy_kwh", "Electricity, by static lift and efficiency."),
        _float("continuity_error_percent", "Error of the flow routing balance."),
        _float("cost_m3", "The stated cost in cubic metres of flooding."),
    ),
)
LEVELS: Final = TableSpec(
    "levels",
    "Water levels under the plan at each control step.",
    (
        _text("place", "Station or underpass."),
        _float("time_s", "From the start of the simulation."),
        _float("depth_m", "Depth of the wet well, or on the road."),
        ColumnSpec("level", Kind.INTEGER, "Of an underpass 0 green, 1 yellow, 2 red; of a station 0."),
    ),
)
DECISIONS: Final = TableSpec(
    "decisions",
    "Every decision: what was expected, and where its plan came from.",
    (
        _float("time_s", "When."),
        _text("source", "Where the plan came from; +search: improved in the engine."),
        _text("rung", "Rung of the ladder: optimal, incumbent, rounded, search or rule."),
        _text("reason", "Why it is this rung; empty: nothing was amiss."),
        _float("cost_m3", "Expected cost of the plan over the look ahead."),
        _float("rule_cost_m3", "Expected cost of the rule from the same state."),
        ColumnSpec("evaluations", Kind.INTEGER, "Courses that were tried in the engine."),
    ),
)
VERIFICATION: Final = TableSpec(
    "verification",
    "The whole plan and the rule under each member of the rain and each pump capacity.",
    (
        _text("member", "Member of the ensemble; 1: the storm itself."),
        _float("capacity", "Share of their curves that pumps deliver."),
        _float("flooding_m3", "Flooding of the plan."),
        _float("overflow_m3", "Overflow of the plan."),
        _float("rule_flooding_m3", "Flooding of the rule."),
        _float("rule_overflow_m3", "Overflow of the rule."),
        _float("cost_m3", "Cost of the plan."),
        _float("rule_cost_m3", "Cost of the rule."),
    ),
)
CONSTRAINTS: Final = TableSpec(
    "constraints",
    "Which limit bound when: where the guard commanded something else than the plan wanted.",
    (
        _float("start_s", "From."),
        _float("end_s", "Until."),
        _text("station", "Station."),
        _text("pump", "Pump."),
        _text(
            "reason", "MAINTENANCE, DRY_RUN, MIN_STOP, STARTS, RECEIVING, AVAILABILITY, EMERGENCY or MIN_RUN."
        ),
    ),
)
INSTRUCTIONS: Final = TableSpec(
    "instructions",
    "What each station does when.",
    (
        _float("time_s", "When, from the start of the simulation."),
        _text("clock", "The same on the model's clock."),
        _text("station", "Station."),
        _text("text_zh", "Instruction."),
        _text("text_en", "Instruction in English."),
    ),
)
STATIONS: Final = TableSpec(
    "stations",
    "Stations and gates with the limits that held, and what they did.",
    (
        _text("station", "Station, or gate."),
        _text("node", "Wet well, or the node the gate draws from."),
        _float("dry_run_depth_m", "At and below it the pumps are locked out."),
        _float("emergency_depth_m", "At and above it every pump runs."),
        _float("min_run_s", "Shortest run of a pump."),
        _float("min_stop_s", "Shortest stop of a pump."),
        ColumnSpec("starts_per_h", Kind.INTEGER, "Most starts of a pump in an hour."),
        ColumnSpec("starts", Kind.INTEGER, "Starts of its pumps under the plan."),
        ColumnSpec(
            "most_starts_in_an_hour", Kind.INTEGER, "Most starts of one pump in any hour under the plan."
        ),
        _float("max_depth_m", "Largest depth under the plan."),
        _float("pumped_m3", "Pumped volume."),
    ),
    map=MapLayer("node", "nodes", "max_depth_m"),
)
RAIN: Final = TableSpec(
    "rain",
    "The true rain at each control step, mean of the gages.",
    (_float("time_s", "Start of the step."), _float("intensity_mm_per_h", "Mean intensity.")),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ScheduleReport(Record):
    """A plan for pumps and gates through a storm, verified in the engine, beside the rule and other baselines.

    The figures are those of the engine under the true rain: the plan as it would have been carried out,
    decided anew in every interval with the forecast.
    """

    TABLES = (
        SCHEDULE,
        BASELINES,
        LEVELS,
        DECISIONS,
        VERIFICATION,
        CONSTRAINTS,
        INSTRUCTIONS,
        STATIONS,
        RAIN,
    )

    policy: str = ""
    """``optimiser``, or the policy that was followed."""
    rung: str = ""
    """How far down the ladder the answer stands: optimal, incumbent, rounded, search or rule."""
    rung_reason_en: str = ""
    rung_reason_zh: str = ""
    flooding_m3: float = math.nan
    overflow_m3: float = math.nan
    """Volume that left by overflow outfalls."""
    flow_excess_m3: float = 0.0
    """Volume that passed above the stated flow limits, summed over them."""
    storage_m3: float = math.nan
    """Water in the system at the end."""
    underpass_depth_m: float = math.nan
    """Largest depth on any underpass; NaN: there is none."""
    underpass_red_s: float = math.nan
    """Time in which an underpass is closed, summed over them."""
    starts: int = 0
    energy_kwh: float = math.nan
    energy_yuan: float = math.nan
    cost_m3: float = math.nan
    """The stated cost in cubic metres of flooding."""
    continuity_error_percent: float = math.nan
    rule_flooding_m3: float = math.nan
    """Flooding under the model's own levels and rules in the engine."""
    rule_overflow_m3: float = math.nan
    rule_flow_excess_m3: float = 0.0
    rule_storage_m3: float = math.nan
    rule_underpass_depth_m: float = math.nan
    rule_starts: int = 0
    rule_energy_kwh: float = math.nan
    rule_cost_m3: float = math.nan
    rule_continuity_error_percent: float = math.nan
    reduced_model_bound_flooding_m3: float = math.nan
    """Least flooding any commands could reach in the reduced model with perfect foresight; a bound on the
    engine's flooding up to the model's error only. NaN: there was no programme."""
    reduced_model_gap_percent: float = math.nan
    """Largest gap at which an integer programme was left."""
    double_baseline_score_percent: float = math.nan
    """Where the plan's cost lies between the worse (0) and the better (100) of all-off and all-on."""
    computing_load_percent: float = field(default=math.nan, metadata={"volatile": True})
    """95th percentile of the time of a decision over the control step."""
    forecast_scale: float = 1.0
    capacity_scale: float = 1.0
    horizon_s: float = math.nan
    step_s: float = math.nan
    decision_count: int = 0
    evaluation_count: int = 0
    """Courses tried in the engine."""

    def gantt(self) -> str:
        """The plan as an SVG picture: rain, levels with their limits, and when each pump runs."""
        from citymains_drainage.schedule.gantt import gantt

        return gantt(self)

    def save_gantt(self, path: str | PathLike[str]) -> Path:
        """Write the picture to an .svg file."""
        target = Path(path)
        target.write_text(self.gantt(), encoding="utf-8")
        return target
