"""What `outage` answers: its record and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec
from citymains.outage.shortfall import CUSTOMERS

TEXT, FLOAT = Kind.TEXT, Kind.FLOAT

NODES: Final = TableSpec(
    "nodes",
    "Every node over time, with the outage and without; times in order, nodes in model order within each.",
    (
        ColumnSpec("node", TEXT, "Id of the node."),
        ColumnSpec("time_s", FLOAT, "Time from the start."),
        ColumnSpec("depth_m", FLOAT, "Depth above the invert."),
        ColumnSpec("base_depth_m", FLOAT, "The same without the outage."),
        ColumnSpec("flooding_m3_per_h", FLOAT, "What leaves the node by flooding."),
        ColumnSpec("base_flooding_m3_per_h", FLOAT, "The same without the outage."),
        ColumnSpec("state", TEXT, "ok, flooding (because of the outage) or flooding_anyway."),
    ),
)
PLACES: Final = TableSpec(
    "places",
    "Nodes whose water stands higher or floods more because of the outage, the most flooding first.",
    (
        ColumnSpec("node", TEXT, "Id of the node."),
        ColumnSpec(
            "added_flooding_m3", FLOAT, "Volume that floods beyond that without the outage; may be negative."
        ),
        ColumnSpec("flooding_m3", FLOAT, "Volume that floods in the outage."),
        ColumnSpec("base_flooding_m3", FLOAT, "Volume that floods without it."),
        ColumnSpec("added_depth_m", FLOAT, "How much deeper the water gets."),
        ColumnSpec("max_depth_m", FLOAT, "Largest depth in the outage."),
        ColumnSpec("base_max_depth_m", FLOAT, "Largest depth without it."),
        ColumnSpec("since_s", FLOAT, "When it first floods though it would not; missing: never."),
        ColumnSpec("duration_s", FLOAT, "How long it floods though it would not."),
    ),
    MapLayer("node", "nodes", "added_flooding_m3"),
)
UNDERPASSES: Final = TableSpec(
    "underpasses",
    "Water on underpasses with the outage and without.",
    (
        ColumnSpec("underpass", TEXT, "Name of the underpass."),
        ColumnSpec("node", TEXT, "Node whose depth is the water on the road."),
        ColumnSpec("state", TEXT, "The worst it comes to: green, yellow (slow) or red (closed)."),
        ColumnSpec("base_state", TEXT, "The same without the outage."),
        ColumnSpec("max_depth_m", FLOAT, "Largest depth."),
        ColumnSpec("base_max_depth_m", FLOAT, "The same without the outage."),
        ColumnSpec("red_m", FLOAT, "Depth from which it is closed."),
        ColumnSpec("red_since_s", FLOAT, "When it is first closed; missing: never."),
        ColumnSpec("red_s", FLOAT, "How long it is closed."),
        ColumnSpec("base_red_s", FLOAT, "The same without the outage."),
    ),
    MapLayer("node", "nodes", "max_depth_m"),
)
OUTFALLS: Final = TableSpec(
    "outfalls",
    "What leaves through outfalls with the outage and without.",
    (
        ColumnSpec("outfall", TEXT, "Id of the outfall."),
        ColumnSpec("volume_m3", FLOAT, "Volume that left through it."),
        ColumnSpec("base_volume_m3", FLOAT, "The same without the outage."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OutageReport(Record):
    """What a pump, gate, outfall or sewer that is lost does in a storm, beside the same storm without it."""

    TABLES = (NODES, PLACES, UNDERPASSES, OUTFALLS, CUSTOMERS)

    duration_s: float = 0.0
    """Simulated time."""
    unserved_m3: float = 0.0
    """Flooding beyond that without the outage: water the network no longer carries away."""
    flooding_m3: float = 0.0
    """Flooding in the outage, the engine's total."""
    base_flooding_m3: float = 0.0
    """Flooding without it."""
    peak_unserved_m3_per_h: float = 0.0
    """Most that floods at one reported time beyond what would without the outage: what pumps brought in have to take."""
    first_flooded_s: float = math.nan
    """When the first node floods that would not; NaN: none does."""
    flooded_node_count: int = 0
    """Nodes that flood because of the outage at some reported time."""
    worst_node: str = ""
    """The node with the most flooding added; empty: none."""
    underpass_depth_m: float = math.nan
    """Largest depth on any underpass; NaN: there is none."""
    base_underpass_depth_m: float = math.nan
    """The same without the outage."""
    closed_underpass_count: int = 0
    """Underpasses that are closed in the outage and are not without it."""
    continuity_error_percent: float = math.nan
    """Error of the flow routing balance in the outage."""
    base_continuity_error_percent: float = math.nan
    """The same without it."""
    customer_count: int = 0
    """Customers of the ledger whose node floods because of the outage."""
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()
