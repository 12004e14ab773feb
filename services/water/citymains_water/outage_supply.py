"""The supply side of an outage: tanks that fall, pipes that discharge, ways that could be opened."""

from __future__ import annotations

import numpy as np
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

from citymains_water.hydraulics import Block, Hydraulics

#: A tank this close to its lowest level counts as empty, in m: EPANET's own tolerance is 0.0005 ft.
LEVEL_TOLERANCE_M = 1e-3

TANKS = TableSpec(
    "tanks",
    "Tanks over the outage, the one that runs empty first on top.",
    (
        ColumnSpec("tank", Kind.TEXT, "Id of the tank."),
        ColumnSpec("first_level_m", Kind.FLOAT, "Level at the start."),
        ColumnSpec("lowest_level_m", Kind.FLOAT, "Lowest level."),
        ColumnSpec("lowest_time_s", Kind.FLOAT, "When that is."),
        ColumnSpec("minimum_level_m", Kind.FLOAT, "Level at which it gives no more water."),
        ColumnSpec("empty_since_s", Kind.FLOAT, "When it is empty for the first time; missing: never."),
        ColumnSpec("empty_s", Kind.FLOAT, "How long it is empty."),
        ColumnSpec("given_m3", Kind.FLOAT, "What it gives, more than it takes; negative: it fills."),
    ),
)
BURSTS = TableSpec(
    "bursts",
    "Broken pipes.",
    (
        ColumnSpec("pipe", Kind.TEXT, "Id of the pipe."),
        ColumnSpec("flow_m3_per_h", Kind.FLOAT, "Mean discharge while it flows."),
        ColumnSpec("largest_flow_m3_per_h", Kind.FLOAT, "Largest discharge."),
        ColumnSpec("volume_m3", Kind.FLOAT, "Volume discharged."),
    ),
)
ALTERNATIVES = TableSpec(
    "alternatives",
    "What opening each of the links asked about would bring, the best first.",
    (
        ColumnSpec("link", Kind.TEXT, "Link that is opened for the time of the outage."),
        ColumnSpec("unserved_m3", Kind.FLOAT, "Demand that is then not met."),
        ColumnSpec("saved_m3", Kind.FLOAT, "Less than without opening it."),
        ColumnSpec("short_count", Kind.INTEGER, "Junctions with demand that go short then."),
    ),
)


def tanks_table(found: Hydraulics) -> Table:
    """:data:`TANKS` of a calculation."""
    tanks = found.network.data("tanks")
    count = tanks.row_count
    first = len(found.node_ids) - count
    level, lowest_level = found.pressure_m[:, first:], tanks.array("minimum_level_m")
    empty = level <= lowest_level + LEVEL_TOLERANCE_M
    steps = _steps_s(found)
    at = level.argmin(axis=0) if count else np.zeros(0, dtype=np.intp)
    since = np.where(empty.any(axis=0), found.times_s[empty.argmax(axis=0)], np.nan)
    given = -(steps @ found.inflow_m3_per_h[:, first:]) / 3600.0
    order = np.argsort(np.where(np.isnan(since), np.inf, since), kind="stable")
    return TANKS.build(
        tank=[found.node_ids[first + one] for one in order.tolist()],
        first_level_m=level[0][order],
        lowest_level_m=level[at, np.arange(count)][order],
        lowest_time_s=found.times_s[at][order],
        minimum_level_m=lowest_level[order],
        empty_since_s=since[order],
        empty_s=(steps @ empty)[order],
        given_m3=given[order],
    )


def bursts_table(found: Hydraulics, steps_s: Block) -> Table:
    """:data:`BURSTS` of a calculation."""
    flows = {pipe: np.clip(flow, 0.0, None) for pipe, flow in found.burst_m3_per_h.items()}
    return BURSTS.build(
        pipe=list(flows),
        flow_m3_per_h=[float(flow[flow > 0].mean()) if (flow > 0).any() else 0.0 for flow in flows.values()],
        largest_flow_m3_per_h=[float(flow.max()) for flow in flows.values()],
        volume_m3=[float(steps_s @ flow) / 3600.0 for flow in flows.values()],
    )


def _steps_s(found: Hydraulics) -> Block:
    """How long each report time holds; of a steady state no time passes."""
    return np.append(np.diff(found.times_s), 0.0)
