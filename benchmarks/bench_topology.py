"""Valve segments against WNTR's, on the 12,523-junction BWSN-2 network (reference data, beside the project)."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from citymains.topology.graph import Graph
from citymains.topology.segments import ValveLayer, valve_segments

from benchmarks.measure import Row

BWSN2 = Path(__file__).resolve().parents[2] / "shared" / "data" / "water" / "BWSN_Network_2.inp"


def run() -> Iterator[Row]:
    """One row: WNTR once (about a minute), ours with the layer's ids looked up each time."""
    import wntr

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = wntr.network.WaterNetworkModel(str(BWSN2))
    layer = wntr.network.generate_valve_layer(model, "random", 9000, seed=1)
    node_index = {name: i for i, name in enumerate(model.node_name_list)}
    links = [model.get_link(name) for name in model.link_name_list]
    start_node = np.array([node_index[link.start_node_name] for link in links])
    end_node = np.array([node_index[link.end_node_name] for link in links])

    def ours() -> list[int]:
        graph = Graph(model.node_name_list, model.link_name_list, start_node, end_node)
        unique = layer.drop_duplicates()
        valves = ValveLayer.of(
            graph, [str(i) for i in unique.index], list(unique["link"]), list(unique["node"])
        )
        found = valve_segments(graph, valves)
        return [*found.of_node.tolist(), *found.of_link.tolist()]

    begin = time.process_time()
    nodes, of_links, _ = wntr.metrics.valve_segments(model.to_graph(), layer.copy())
    peer_s = time.process_time() - begin
    theirs = [nodes[name] for name in model.node_name_list] + [
        of_links[name] for name in model.link_name_list
    ]
    mine, times = ours(), []
    for _ in range(5):
        begin = time.process_time()
        ours()
        times.append(time.process_time() - begin)
    same = len(set(zip(mine, theirs, strict=True))) == len(set(mine)) == len(set(theirs))
    yield Row(
        "valve segments, BWSN-2, 9,000 valves",
        "wntr valve_segments",
        peer_s,
        sorted(times)[2],
        f"{len(set(mine))} segments, partitions {'equal' if same else 'DIFFER'}",
        ">= 500",
    )
