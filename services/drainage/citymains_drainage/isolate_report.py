"""What `isolate` answers for drainage: the frame's record with plugs and bypass pumping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from citymains.isolation.report import IsolationReport
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

TEXT, FLOAT, INTEGER = Kind.TEXT, Kind.FLOAT, Kind.INTEGER

PLUGS: Final = TableSpec(
    "plugs",
    "What is set, shut or stopped, in the order of the main table; taken out in the reverse order.",
    (
        ColumnSpec(
            "valve", TEXT, "Id of the closure: link@node for a plug, else of the gate, pump or ledger."
        ),
        ColumnSpec("order", INTEGER, "Order from 1, upstream first; 0: nothing to do."),
        ColumnSpec(
            "kind", TEXT, "plug (round pipe), bulkhead (other shapes: stop logs or a wall), gate or pump."
        ),
        ColumnSpec(
            "side", TEXT, "upstream: holds back what comes; downstream: holds back what would return."
        ),
        ColumnSpec("link", TEXT, "Link it closes."),
        ColumnSpec("node", TEXT, "Manhole it is worked from."),
        ColumnSpec("diameter_mm", FLOAT, "Diameter; missing: not round."),
        ColumnSpec(
            "head_m", FLOAT, "Largest head of water on it, up to the ground; missing: no ground level."
        ),
    ),
)
BYPASS: Final = TableSpec(
    "bypass",
    "Manholes where water has to be pumped round, the most first.",
    (
        ColumnSpec("node", TEXT, "Manhole pumped from."),
        ColumnSpec("to_node", TEXT, "Manhole pumped to, below the isolated part; empty: there is none."),
        ColumnSpec("inflow_m3_per_h", FLOAT, "Mean dry-weather flow that arrives there."),
        ColumnSpec("peak_m3_per_h", FLOAT, "Flow of the hour with the most."),
        ColumnSpec(
            "lift_m", FLOAT, "Static lift from the invert over the higher ground; missing: no ground level."
        ),
        ColumnSpec("distance_m", FLOAT, "Straight line between the two; missing: no coordinates."),
        ColumnSpec("node_count", INTEGER, "Manholes whose water arrives there, itself among them."),
        ColumnSpec("hectares", FLOAT, "Area whose rain arrives there: not to be held in a storm.", "ha"),
    ),
    MapLayer("node", "nodes", "inflow_m3_per_h"),
)
DISCHARGERS: Final = TableSpec(
    "dischargers",
    "Nodes with dry-weather flow inside the isolated part or with no way out: to be told, or pumped from.",
    (
        ColumnSpec("node", TEXT, "Id of the node."),
        ColumnSpec("state", TEXT, "isolated, or unintended: its water has no other way out."),
        ColumnSpec("inflow_m3_per_h", FLOAT, "Mean dry-weather flow of its own."),
        ColumnSpec("peak_m3_per_h", FLOAT, "Flow of the hour with the most."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SewerIsolationReport(IsolationReport):
    """What to plug, shut and stop, in order; what is dry, what has to be pumped round, whom to tell.

    By topology and dry-weather flow, the water running as links are drawn; what a storm does meanwhile is
    the question ``outage``.
    """

    TABLES = (*IsolationReport.TABLES, PLUGS, BYPASS, DISCHARGERS)

    bypass_m3_per_h: float = 0.0
    """Mean flow to pump round."""
    bypass_peak_m3_per_h: float = 0.0
    """Flow of the hour with the most: what the pumps have to take."""
    bypass_m3: float | None = None
    """Volume over the duration of the work; None without a duration."""
    own_inflow_m3_per_h: float = 0.0
    """Mean dry-weather flow into the isolated part itself."""
    pumps_stopped: tuple[str, ...] = ()
    """Pumps to stop."""
