"""The shape of a heating network for isolation: what feeds it, which links lie in pairs, what shuts itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from citymains.isolation.layout import Layout, link_valves
from citymains.model.network import Network
from citymains.model.table import Table
from citymains.topology.graph import Graph
from numpy.typing import NDArray

from citymains_heating.pairs import Pairs, Shape, find_pairs

#: Link tables in the order of the graph's links: passive ones first.
PASSIVE = ("pipes", "valves", "pumps", "regulators", "flow_controls")
STATIONS = ("consumers", "heat_exchangers")
PLANTS = ("plants", "flow_plants")

_KINDS = {
    "pipes": "pipe",
    "valves": "valve",
    "pumps": "pump",
    "regulators": "regulator",
    "flow_controls": "flow_control",
    "consumers": "consumer",
    "heat_exchangers": "heat_exchanger",
    "plants": "plant",
    "flow_plants": "plant",
}


@dataclass(frozen=True, eq=False)
class HeatLayout:
    """A layout, and what is particular to heat.

    Attributes
    ----------
    layout : Layout
    pairs : Pairs
        Of the graph's nodes and its passive links, which come first among its links.
    passive : int
        Number of passive links.
    """

    layout: Layout
    pairs: Pairs
    passive: int


def heat_layout(network: Network) -> HeatLayout:
    """The layout of a network.

    Plants are sources at their outlet. Water passes consumers and plants one way. Consumers and
    plants have shut-off valves of their own on both sides, as substations do; the isolation of a
    pipe takes the other pipe of its pair with it.
    """
    tables = {name: network.data(name) for name in _KINDS if name in {one.name for one in network.tables}}
    junctions = network.data("junctions")
    node_ids = [one or "" for one in junctions.texts("id")]
    index = {name: at for at, name in enumerate(node_ids)}
    names = [name for name in (*PASSIVE, *STATIONS, *PLANTS) if name in tables and len(tables[name])]

    def ends(column: str) -> NDArray[np.int64]:
        found = [index[one or ""] for name in names for one in tables[name].texts(column)]
        return np.array(found, dtype=np.int64)

    start, end = ends("from_node"), ends("to_node")
    kinds = [_KINDS[name] for name in names for _ in range(len(tables[name]))]
    counts = [len(tables[name]) for name in names]
    passive = sum(count for name, count in zip(names, counts, strict=True) if name in PASSIVE)
    one_way = np.array(
        [kind in ("consumer", "heat_exchanger", "plant", "pump", "regulator") for kind in kinds]
    )
    graph = Graph(
        node_ids, [one or "" for name in names for one in tables[name].texts("id")], start, end, one_way
    )
    length, diameter = (
        np.concatenate([_numbers(tables[name], column) for name in names] or [np.zeros(0)])
        for column in ("length_m", "inner_diameter_mm")
    )
    shut = np.concatenate([_shut(name, tables[name]) for name in names] or [np.zeros(0, np.bool_)])
    x, y = junctions.array("x"), junctions.array("y")
    plants = np.array([kind == "plant" for kind in kinds], dtype=np.bool_)
    sources = np.unique(np.concatenate([end[plants & ~shut], _fed(network, index)])).astype(np.int64)
    pairs = _pairs(start, end, kinds, length, diameter, passive, plants, sources, (x, y))
    twin = np.full(len(kinds), -1, dtype=np.int64)
    twin[:passive] = pairs.link
    valves = np.array([at for at, kind in enumerate(kinds) if kind == "valve"], dtype=np.int64)
    layout = Layout(
        graph=graph,
        link_kinds=kinds,
        length_m=length,
        diameter_mm=diameter,
        sources=sources,
        demand_m3_per_h=np.full(len(node_ids), np.nan),
        x=x,
        y=y,
        closed_links=shut,
        own_valves=link_valves(graph, valves, shut[valves]),
        twin_links=twin,
        twin_nodes=pairs.node,
        shut_themselves=np.arange(len(kinds)) >= passive,
    )
    return HeatLayout(layout, pairs, passive)


def _numbers(table: Table, column: str) -> NDArray[np.float64]:
    return np.nan_to_num(table.array(column)) if column in table else np.zeros(len(table))


def _shut(name: str, table: Table) -> NDArray[np.bool_]:
    return ~np.asarray(table.array("open" if name == "valves" else "in_service"), dtype=np.bool_)


def _fed(network: Network, index: dict[str, int]) -> NDArray[np.int64]:
    """Junctions that sources and infeeds feed."""
    there = {one.name for one in network.tables}
    return np.array(
        [
            index[node or ""]
            for name in ("sources", "infeeds")
            if name in there
            for node, serves in zip(
                network.data(name).texts("node"), network.data(name).array("in_service"), strict=True
            )
            if serves
        ],
        dtype=np.int64,
    )


def _pairs(
    start: NDArray[np.int64],
    end: NDArray[np.int64],
    kinds: list[str],
    length: NDArray[np.float64],
    diameter: NDArray[np.float64],
    passive: int,
    plants: NDArray[np.bool_],
    sources: NDArray[np.int64],
    place: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> Pairs:
    stations = [(int(start[at]), int(end[at])) for at in range(passive, len(kinds)) if not plants[at]]
    outlets = [(int(end[at]), int(start[at])) for at in np.flatnonzero(plants)]
    return find_pairs(
        Shape(
            start=start[:passive],
            end=end[:passive],
            kinds=kinds[:passive],
            length_m=length[:passive],
            diameter_mm=diameter[:passive],
            ties=outlets + stations,
            x=place[0],
            y=place[1],
            supply_roots=sources.tolist(),
            return_roots=[back for _, back in outlets],
        )
    )
