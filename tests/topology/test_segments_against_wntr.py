"""Segments and bridges against WNTR and networkx, on networks every reader can open."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from citymains.topology.graph import Graph, bridges
from citymains.topology.segments import ValveLayer, valve_segments

wntr = pytest.importorskip("wntr")
networkx = pytest.importorskip("networkx")


def graph_of(model) -> Graph:
    nodes = list(model.node_name_list)
    index = {name: i for i, name in enumerate(nodes)}
    links = [model.get_link(name) for name in model.link_name_list]
    return Graph(
        nodes,
        list(model.link_name_list),
        np.array([index[link.start_node_name] for link in links]),
        np.array([index[link.end_node_name] for link in links]),
    )


def same_partition(a: list[int], b: list[int]) -> bool:
    return len(set(zip(a, b, strict=True))) == len(set(a)) == len(set(b))


@pytest.fixture(scope="module")
def net3():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return wntr.network.WaterNetworkModel("Net3")


@pytest.mark.parametrize(
    ("placement", "n", "count", "largest"),
    [("random", 40, 23, 125), ("strategic", 1, 119, 3), ("strategic", 2, None, None)],
)
def test_net3_layers_give_the_published_segments(net3, placement, n, count, largest) -> None:
    np.random.seed(123)
    layer = wntr.network.generate_valve_layer(net3, placement, n, seed=123)
    node_labels, link_labels, _sizes = wntr.metrics.valve_segments(net3.to_graph(), layer.copy())
    graph = graph_of(net3)
    valves = ValveLayer.of(graph, [str(i) for i in layer.index], list(layer["link"]), list(layer["node"]))
    ours = valve_segments(graph, valves)
    theirs = [
        node_labels["N_" + name] if "N_" + name in node_labels else node_labels[name]
        for name in graph.node_ids
    ]
    theirs += [
        link_labels["L_" + name] if "L_" + name in link_labels else link_labels[name]
        for name in graph.link_ids
    ]
    assert same_partition(list(ours.of_node) + list(ours.of_link), theirs)
    if count is not None:
        size = np.bincount(np.concatenate([ours.of_node, ours.of_link]))
        assert (ours.count, size.max()) == (count, largest)


def test_bridges_are_those_of_networkx(net3) -> None:
    graph = graph_of(net3)
    multi = networkx.MultiGraph()
    multi.add_edges_from(zip(graph.start.tolist(), graph.end.tolist(), strict=True))
    simple = networkx.Graph(multi)
    expected = {frozenset(pair) for pair in networkx.bridges(simple) if multi.number_of_edges(*pair) == 1}
    found = bridges(graph)
    assert {frozenset((graph.start[i], graph.end[i])) for i in np.flatnonzero(found)} == expected
    assert 0.2 < found.mean() < 0.6


@pytest.mark.parametrize("seed", range(5))
def test_bridges_of_random_multigraphs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m = 40, 48
    graph = Graph(
        [str(i) for i in range(n)], [str(i) for i in range(m)], rng.integers(0, n, m), rng.integers(0, n, m)
    )
    expected = []
    whole, *_ = graph.components()
    for link in range(m):
        joined = np.ones(2 * m, dtype=bool)
        joined[[link, link + m]] = False
        count, *_ = graph.components(joined)
        expected.append(count - 1 > whole)  # the cut link itself is one component more
    assert bridges(graph).tolist() == expected
