"""The shape of a sewer network for isolation: it is served where its water finds a way out.

The graph runs against the water: outfalls are its sources, and a link passes "service" from its lower
end to its upper one. What is cut off from every outfall is what backs up. Water is taken to run as links
are drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from citymains.isolation.layout import Layout
from citymains.model.network import Network
from citymains.topology.graph import Graph
from citymains.topology.segments import ValveLayer
from numpy.typing import NDArray

from citymains_drainage.dry_weather import DryWeather
from citymains_drainage.sections import LINK_SECTIONS, NODE_SECTIONS

_KINDS = {
    "conduits": "pipe",
    "pumps": "pump",
    "orifices": "orifice",
    "weirs": "weir",
    "outlets": "outlet",
}


@dataclass(frozen=True, eq=False)
class SewerLayout:
    """A layout, and what is particular to sewers.

    Attributes
    ----------
    layout : Layout
        Links run from their lower to their upper node.
    invert_m, ground_m : ndarray, shape (nodes,)
        Elevations; the ground is NaN where a node has none (outfalls).
    shape : list of str
        Shape of each link's cross-section; empty: unknown or none.
    """

    layout: Layout
    invert_m: NDArray[np.float64]
    ground_m: NDArray[np.float64]
    shape: list[str]


def sewer_layout(network: Network, dry: DryWeather) -> SewerLayout:
    """The layout of a network.

    Every conduit can be plugged at both ends; pumps can be stopped, and orifices, weirs and outlets
    shut, on their upper side.
    """
    there = {table.name: table for table in network.tables}
    node_tables = [there[name] for name in NODE_SECTIONS.values() if name in there]
    link_tables = [(name, there[name]) for name in LINK_SECTIONS.values() if name in there]
    node_ids = [one or "" for table in node_tables for one in table.texts("id")]
    index = {name: at for at, name in enumerate(node_ids)}
    link_ids = [one or "" for _, table in link_tables for one in table.texts("id")]
    kinds = [_KINDS[name] for name, table in link_tables for _ in range(len(table))]

    def ends(column: str) -> NDArray[np.int64]:
        return np.array(
            [index[one or ""] for _, table in link_tables for one in table.texts(column)], dtype=np.int64
        )

    def numbers(column: str) -> NDArray[np.float64]:
        return np.concatenate(
            [
                np.nan_to_num(table.array(column)) if column in table else np.zeros(len(table))
                for _, table in link_tables
            ]
        )

    upper, lower = ends("from_node"), ends("to_node")
    graph = Graph(node_ids, link_ids, lower, upper, np.ones(len(link_ids), dtype=bool))
    invert = np.concatenate([table.array("elevation_m") for table in node_tables])
    depth = np.concatenate(
        [
            table.array("max_depth_m") if "max_depth_m" in table else np.full(len(table), np.nan)
            for table in node_tables
        ]
    )
    outfalls = there["outfalls"].texts("id") if "outfalls" in there else []
    layout = Layout(
        graph=graph,
        link_kinds=kinds,
        length_m=numbers("length_m"),
        diameter_mm=numbers("diameter_mm"),
        sources=np.array([index[one or ""] for one in outfalls], dtype=np.int64),
        demand_m3_per_h=np.array([dry.mean([one]) for one in node_ids]),
        x=np.concatenate([table.array("x") for table in node_tables]),
        y=np.concatenate([table.array("y") for table in node_tables]),
        closed_links=np.zeros(len(link_ids), dtype=bool),
        own_valves=_closures(graph, kinds),
        far_first=True,
    )
    shape = [
        one or ""
        for _, table in link_tables
        for one in (table.texts("shape") if "shape" in table else [""] * len(table))
    ]
    return SewerLayout(layout, invert, np.where(depth > 0, invert + depth, np.nan), shape)


def _closures(graph: Graph, kinds: list[str]) -> ValveLayer:
    """A plug at both ends of every conduit, one closure on the upper side of everything else."""
    ids, links, at_upper = [], [], []
    for link, kind in enumerate(kinds):
        ends = ((True, graph.end), (False, graph.start)) if kind == "pipe" else ((True, graph.end),)
        for upper, nodes in ends:
            name = graph.link_ids[link]
            ids.append(f"{name}@{graph.node_ids[nodes[link]]}" if kind == "pipe" else name)
            links.append(link)
            at_upper.append(upper)
    count = len(ids)
    return ValveLayer(
        ids=ids,
        link=np.array(links, dtype=np.int64),
        at_end=np.array(at_upper, dtype=bool),
        usable=np.ones(count, dtype=bool),
        closed=np.zeros(count, dtype=bool),
    )
