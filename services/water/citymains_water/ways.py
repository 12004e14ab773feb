"""The way water comes to a node, and where on it the head is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from citymains.topology.graph import Graph

from citymains_water.hydraulics import Hydraulics

#: Flow below this does not count as water coming, in m3/h.
_NO_FLOW_M3_PER_H = 1e-6
_PDD_EN = ' Use demand_model="PDD".'
_PDD_ZH = '请使用 demand_model="PDD"。'


@dataclass(frozen=True)
class Steepest:
    """The link that loses most head on the way from a source to a node."""

    link: str = ""
    loss_m: float = 0.0
    flow_m3_per_h: float = 0.0
    source: str = ""
    """Reservoir or tank the walk ended at; empty where no water flows to the node."""
    highest_head_m: float = 0.0
    """Highest head on the way, pumps included."""
    height_m: float = 0.0
    """Elevation of the node."""

    def texts(self, demand_model: str) -> dict[str, Any]:
        """Placeholders ``cause`` and ``cause_zh`` of a message."""
        if self.source and self.highest_head_m < self.height_m:
            return {
                "cause": f"it lies at {self.height_m:.4g} m, above the highest head on its way from {self.source}, {self.highest_head_m:.4g} m.",
                "cause_zh": f"其高程 {self.height_m:.4g} m 高于自 {self.source} 沿途的最高水头 {self.highest_head_m:.4g} m。",
            }
        if not self.link:
            return {
                "cause": "no water flows to it, its level is arbitrary.",
                "cause_zh": "没有水流向该节点,其水位没有意义。",
            }
        numbers = f"{self.flow_m3_per_h:.4g} m3/h", f"{self.loss_m:.4g} m"
        return {
            "cause": f"the calculation puts {numbers[0]} through {self.link}, which costs {numbers[1]} of head; "
            f"in reality that water does not arrive.{_PDD_EN if demand_model == 'DDA' else ''}",
            "cause_zh": f"计算使 {self.link} 通过 {numbers[0]},损失水头 {numbers[1]},实际无法供到。{_PDD_ZH if demand_model == 'DDA' else ''}",
        }


def steepest_link(found: Hydraulics, node: int, at: int) -> Steepest:
    """Walk upstream from `node` at time index `at`, and name the link where most head is lost.

    Parameters
    ----------
    found : Hydraulics
    node : int
        Index of the node.
    at : int
        Index of the time.
    """
    graph = found.graph
    flow, head = found.flow_m3_per_h[at], found.head_m[at]
    upstream, worst, seen, highest = node, Steepest(), {node}, float(head[node])
    while upstream < found.junction_count:
        links = _links_of(graph, upstream)
        incoming = np.where(graph.end[links] == upstream, flow[links], -flow[links])
        others = np.where(graph.end[links] == upstream, graph.start[links], graph.end[links])
        if not len(links) or incoming.max() <= _NO_FLOW_M3_PER_H:
            break
        best = int(incoming.argmax())
        link, other = int(links[best]), int(others[best])
        loss = float(head[other] - head[upstream])
        if loss > worst.loss_m:
            worst = Steepest(found.link_ids[link], loss, float(incoming[best]))
        if other in seen:
            break
        seen.add(other)
        upstream = other
        highest = max(highest, float(head[other]))
    height = float(head[node] - found.pressure_m[at, node])
    if upstream < found.junction_count:
        return replace(worst, height_m=height)
    return replace(worst, source=found.node_ids[upstream], highest_head_m=highest, height_m=height)


def _links_of(graph: Graph, node: int) -> np.ndarray:
    return np.flatnonzero((graph.start == node) | (graph.end == node))
