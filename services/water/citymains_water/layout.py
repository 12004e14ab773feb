"""The shape of a water network for isolation: what feeds it, what passes one way, which valves it draws."""

from __future__ import annotations

import numpy as np
from citymains.isolation.layout import Layout, link_valves
from citymains.model.network import Network
from citymains.topology.graph import Graph

NODE_TABLES = ("junctions", "reservoirs", "tanks")
LINK_TABLES = ("pipes", "pumps", "valves")

#: Valves that let water pass from start to end only.
_ONE_WAY_VALVES = ("PRV", "PSV", "PBV")


def water_layout(network: Network) -> Layout:
    """The layout of a network.

    Reservoirs and tanks are sources. Check valves, pumps and pressure-reducing or -sustaining
    valves pass water one way. Throttle valves (TCV) are taken for isolation valves, as models
    of valved networks draw them; a closed pipe, pump or valve is a boundary already.
    """
    nodes = [network.data(name) for name in NODE_TABLES]
    links = [network.data(name) for name in LINK_TABLES]
    node_ids = [one or "" for table in nodes for one in table.texts("id")]
    link_ids = [one or "" for table in links for one in table.texts("id")]
    index = {name: i for i, name in enumerate(node_ids)}
    ends = [
        np.array([index[one or ""] for table in links for one in table.texts(column)], dtype=np.int64)
        for column in ("from_node", "to_node")
    ]
    pipes, pumps, valves = links
    statuses = pipes.texts("status") + ["OPEN"] * len(pumps) + valves.texts("status")
    types = ["pipe"] * len(pipes) + ["pump"] * len(pumps) + [one or "" for one in valves.texts("type")]
    one_way = np.array(
        [
            status == "CV" or kind == "pump" or kind in _ONE_WAY_VALVES
            for status, kind in zip(statuses, types, strict=True)
        ],
        dtype=bool,
    )
    closed = np.array([(status or "").upper() == "CLOSED" for status in statuses], dtype=bool)
    graph = Graph(node_ids, link_ids, ends[0], ends[1], one_way)
    throttles = np.array([i for i, kind in enumerate(types) if kind == "TCV"], dtype=np.int64)
    junctions = len(nodes[0])
    demand = np.zeros(len(node_ids))
    demand[:junctions] = _mean_demand_m3_per_h(network)
    return Layout(
        graph=graph,
        link_kinds=["pipe"] * len(pipes) + ["pump"] * len(pumps) + ["valve"] * len(valves),
        length_m=np.concatenate([pipes.array("length_m"), np.zeros(len(pumps) + len(valves))]),
        diameter_mm=np.concatenate(
            [pipes.array("diameter_mm"), np.zeros(len(pumps)), valves.array("diameter_mm")]
        ),
        sources=np.arange(junctions, len(node_ids), dtype=np.int64),
        demand_m3_per_h=demand,
        x=np.concatenate([table.array("x") for table in nodes]),
        y=np.concatenate([table.array("y") for table in nodes]),
        closed_links=closed,
        own_valves=link_valves(graph, throttles, closed[throttles]),
    )


def _mean_demand_m3_per_h(network: Network) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Base demand times the mean of its pattern and the multiplier; rows of [DEMANDS] replace a junction's own."""
    patterns = network.data("patterns")
    factors: dict[str, list[float]] = {}
    for name, factor in zip(patterns.texts("id"), patterns.array("factor").tolist(), strict=True):
        factors.setdefault(name or "", []).append(factor)
    mean = {name: float(np.mean(values)) for name, values in factors.items()}
    options = network.provenance.options
    default = mean.get(options.get("default_pattern", "1"), 1.0)
    junctions, demands = network.data("junctions"), network.data("demands")
    own = {
        name: base * (mean.get(pattern, 1.0) if pattern else default)
        for name, base, pattern in zip(
            junctions.texts("id"),
            junctions.array("base_demand_m3_per_h").tolist(),
            junctions.texts("pattern"),
            strict=True,
        )
    }
    listed: dict[str | None, float] = {}
    for name, base, pattern in zip(
        demands.texts("node"),
        demands.array("base_demand_m3_per_h").tolist(),
        demands.texts("pattern"),
        strict=True,
    ):
        listed[name] = listed.get(name, 0.0) + base * (mean.get(pattern, 1.0) if pattern else default)
    multiplier = float(options.get("demand_multiplier", 1.0))
    return multiplier * np.array([listed.get(name, own[name]) for name in junctions.texts("id")])
