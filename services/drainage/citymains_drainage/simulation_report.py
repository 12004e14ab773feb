"""What `simulate` answers: its record and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

from citymains_drainage.flood_risk import RISK
from citymains_drainage.storm_warnings import WARNINGS
from citymains_drainage.underpasses import COURSE, UNDERPASSES


def _float(name: str, text: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.FLOAT, text)


NODES: Final = TableSpec(
    "nodes",
    "Every node, in the model's order.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the node."),
        _float("max_depth_m", "Largest depth above the invert at any routing step."),
        _float("flooding_m3", "Volume lost by flooding, or ponded, as the engine sums it for the node."),
        _float("surcharge_s", "Time with the water above the highest link's crown."),
        _float("average_depth_m", "Mean depth."),
        _float("max_depth_time_s", "When the depth was largest, from the start."),
        _float("flooded_s", "Time with flooding."),
        _float("max_inflow_m3_per_s", "Largest total inflow."),
    ),
    map=MapLayer("node", "nodes", "flooding_m3"),
)
LINKS: Final = TableSpec(
    "links",
    "Every link, in the model's order.",
    (
        ColumnSpec("link", Kind.TEXT, "Id of the link."),
        _float("max_flow_m3_per_s", "Largest flow, without its sign."),
        _float("max_velocity_m_per_s", "Largest velocity; missing for what is no conduit."),
        _float("max_depth_m", "Largest depth in a conduit; missing for what is none."),
        _float("surcharge_s", "Time a conduit was full at both ends or one; missing for what is none."),
    ),
    map=MapLayer("link", "links", "max_flow_m3_per_s"),
)
PUMPS: Final = TableSpec(
    "pumps",
    "Every pump. The engine's energy is left out: it takes an efficiency of 100 %.",
    (
        ColumnSpec("pump", Kind.TEXT, "Id of the pump."),
        _float("volume_m3", "Pumped volume."),
        _float("starts", "Number of starts."),
        _float("running_s", "Time at work."),
    ),
)
OUTFALLS: Final = TableSpec(
    "outfalls",
    "Every outfall.",
    (
        ColumnSpec("outfall", Kind.TEXT, "Id of the outfall."),
        _float("volume_m3", "Volume that left through it."),
        _float("max_flow_m3_per_s", "Largest flow."),
        _float("average_flow_m3_per_s", "Mean of the flow while there was any."),
    ),
    map=MapLayer("outfall", "nodes", "volume_m3"),
)
LEVELS: Final = TableSpec(
    "levels",
    "Depth of every node at every reported period, period by period.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the node."),
        _float("time_s", "Seconds from the start."),
        _float("depth_m", "Depth above the invert."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SimulationReport(Record):
    """What a storm does to a drainage network.

    Totals are the engine's own for the whole system, not sums over nodes: those differ where
    ponded water flows back. Volumes balance up to ``continuity_error_percent``.
    """

    TABLES = (NODES, LINKS, PUMPS, OUTFALLS, LEVELS, UNDERPASSES, COURSE, WARNINGS, RISK)

    outfall_m3: float = math.nan
    """Volume that left the system: the engine's external outflow."""
    flooding_m3: float = math.nan
    """Volume lost by flooding: the engine's flooding loss."""
    continuity_error_percent: float = math.nan
    """Error of the flow routing balance, relative to inflow."""
    runoff_continuity_error_percent: float = math.nan
    """Error of the runoff balance; NaN for a model without subcatchments."""
    dry_weather_inflow_m3: float = math.nan
    wet_weather_inflow_m3: float = math.nan
    external_inflow_m3: float = math.nan
    """Inflow given by time series and baselines."""
    rainfall_mm: float = math.nan
    """Rain depth over all subcatchments; NaN without any."""
    runoff_mm: float = math.nan
    """Runoff depth over all subcatchments; NaN without any."""
    duration_s: float = math.nan
    """Simulated time."""
    step_count: int = 0
    """Routing steps the engine took."""
    flooded_node_count: int = 0
    """Nodes with flooding."""
    underpass_depth_m: float = math.nan
    """Largest depth on any underpass's road; NaN: the model has none."""
    closed_underpass_count: int = 0
    """Underpasses that have to be closed."""
    warning_colour: str = ""
    """The gravest rainstorm signal the rain reaches: blue, yellow, orange, red; empty: none."""
    response_level: str = ""
    """Response that goes with it, IV to I, where the rules in force say so; empty: none."""
