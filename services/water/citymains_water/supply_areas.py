"""Which source a node's water comes from, and the links that join the areas of different sources.

The share of a source is carried with the water and mixed where flows meet:

.. math:: c_j = \\sum_i q_{ij} c_i / \\sum_i q_{ij}

with the flows :math:`q_{ij}` into node j. For flows that are given this is one sparse system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import splu

from citymains_water.hydraulics import Block, Hydraulics

#: Flow below this brings nothing [m3/h].
_NO_FLOW_M3_PER_H = 1e-3

LINKS = TableSpec(
    "interconnections",
    "Links that join the supply areas of two sources, by loss; those that carry most first.",
    (
        ColumnSpec("lost", Kind.TEXT, "Source that is lost."),
        ColumnSpec("link", Kind.TEXT, "Id of the link."),
        ColumnSpec("from_source", Kind.TEXT, "Source that feeds the start of the link without the loss."),
        ColumnSpec("to_source", Kind.TEXT, "Source that feeds its end."),
        ColumnSpec("before_m3_per_h", Kind.FLOAT, "Mean flow without the loss, from start to end."),
        ColumnSpec("after_m3_per_h", Kind.FLOAT, "Mean flow in the loss."),
        ColumnSpec("largest_m3_per_h", Kind.FLOAT, "Largest flow in the loss, either way."),
        ColumnSpec("largest_velocity_m_per_s", Kind.FLOAT, "Largest velocity in the loss; missing in pumps."),
        ColumnSpec("capacity_m3_per_h", Kind.FLOAT, "Flow at the velocity asked for; missing in pumps."),
        ColumnSpec("used_percent", Kind.FLOAT, "Largest flow of the capacity."),
    ),
    MapLayer("link", "links", "used_percent"),
)


@dataclass(frozen=True, eq=False)
class Areas:
    """The source most of each node's water comes from, at the first time of a calculation."""

    found: Hydraulics
    source_of: NDArray[np.int64]
    """Index of the node that is the source; -1 where no water comes. Shape (nodes,)."""

    @classmethod
    def of(cls, found: Hydraulics) -> Areas:
        """Areas by mean flow over time."""
        share = source_shares(found, found.flow_m3_per_h.mean(axis=0))
        most = share.argmax(axis=1) + found.junction_count
        return cls(found, np.where(share.sum(axis=1) > 0.0, most, -1))


def source_shares(found: Hydraulics, flow_m3_per_h: Block) -> Block:
    """Share of each reservoir and tank in the water of each node.

    Parameters
    ----------
    found : Hydraulics
    flow_m3_per_h : ndarray, shape (links,)

    Returns
    -------
    ndarray, shape (nodes, sources)
        Rows sum to 1; to 0 where no water comes.
    """
    graph, junctions = found.graph, found.junction_count
    moving = np.abs(flow_m3_per_h) > _NO_FLOW_M3_PER_H
    forward = flow_m3_per_h > 0
    start = np.where(forward, graph.start, graph.end)[moving]
    end = np.where(forward, graph.end, graph.start)[moving]
    flow = np.abs(flow_m3_per_h)[moving]
    nodes = graph.node_count
    into = np.bincount(end, weights=flow, minlength=nodes)
    fed = (end < junctions) & (into[end] > 0)
    mixing = sparse.csr_matrix((flow[fed] / into[end[fed]], (end[fed], start[fed])), shape=(nodes, nodes))
    own = np.zeros((nodes, nodes - junctions))
    own[np.arange(junctions, nodes), np.arange(nodes - junctions)] = 1.0
    # A hair's breadth from singular keeps a loop of rounding flows solvable; it is cut off below.
    system = sparse.identity(nodes, format="csc") * (1.0 + 1e-12) - mixing.tocsc()
    share = np.asarray(splu(system).solve(own))
    share[np.abs(share) < 1e-6] = 0.0
    return share


def interconnections_table(
    areas: Areas, losses: Sequence[tuple[str, Hydraulics]], velocity_m_per_s: float
) -> Table:
    """:data:`LINKS`: links between areas, and those that come to join them in the loss by turning round."""
    found = areas.found
    graph, diameter_mm = found.graph, _diameters_mm(found)
    start, end = areas.source_of[graph.start], areas.source_of[graph.end]
    capacity = velocity_m_per_s * 3600.0 * np.pi / 4.0 * (diameter_mm / 1000.0) ** 2
    joins = np.flatnonzero((start != end) & (start >= 0) & (end >= 0))
    ids = found.node_ids
    columns: dict[str, list[object]] = {column.name: [] for column in LINKS.columns}
    for lost, after in losses:
        flows = after.flow_m3_per_h
        largest = np.abs(flows).max(axis=0)
        for link in joins[np.argsort(-largest[joins], kind="stable")].tolist():
            if lost not in (ids[start[link]], ids[end[link]]):
                continue
            columns["lost"].append(lost)
            columns["link"].append(found.link_ids[link])
            columns["from_source"].append(ids[start[link]])
            columns["to_source"].append(ids[end[link]])
            columns["before_m3_per_h"].append(float(found.flow_m3_per_h[:, link].mean()))
            columns["after_m3_per_h"].append(float(flows[:, link].mean()))
            columns["largest_m3_per_h"].append(float(largest[link]))
            is_pipe = capacity[link] > 0
            velocity = float(after.velocity_m_per_s[:, link].max()) if is_pipe else float("nan")
            columns["largest_velocity_m_per_s"].append(velocity)
            columns["capacity_m3_per_h"].append(float(capacity[link]) if is_pipe else float("nan"))
            used = 100.0 * float(largest[link] / capacity[link]) if is_pipe else float("nan")
            columns["used_percent"].append(used)
    return LINKS.build(**columns)


def _diameters_mm(found: Hydraulics) -> Block:
    """Diameters of pipes and valves; 0 of pumps."""
    network = found.network
    return np.concatenate(
        [
            network.data("pipes").array("diameter_mm"),
            np.zeros(network.data("pumps").row_count),
            network.data("valves").array("diameter_mm"),
        ]
    )
