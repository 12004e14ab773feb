"""What closures cut off, against a search of the directed graph."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
from citymains.topology.graph import Graph
from citymains_water.batch_supply import Trees
from citymains_water.sweep_cuts import Cuts


def test_cuts_equal_a_search_on_random_graphs():
    random = np.random.default_rng(0)
    for _ in range(150):
        nodes, links = int(random.integers(3, 25)), int(random.integers(2, 40))
        junctions = nodes - int(random.integers(1, 3))
        start, end = random.integers(0, nodes, links), random.integers(0, nodes, links)
        usable = random.random(links) < 0.9
        graph = Graph(
            [str(i) for i in range(nodes)],
            [str(i) for i in range(links)],
            start,
            end,
            random.random(links) < 0.25,
        )
        cuts = Cuts(graph, junctions, usable)
        for closed in [(), *((at,) for at in range(links)), (0, links - 1)]:
            joined = usable.copy()
            joined[list(closed)] = False
            supplied, _ = graph.supplied(np.arange(junctions, nodes), np.tile(joined, 2))
            np.testing.assert_array_equal(
                np.sort(np.unique(cuts.of(closed))), np.flatnonzero(~supplied[:junctions])
            )


def test_a_rare_pattern_of_statuses_is_searched_as_the_graph_does():
    rng = np.random.default_rng(1)
    for _ in range(50):
        nodes, links, sources = (int(one) for one in rng.integers((3, 1, 1), (30, 50, 3)))
        start, end = rng.integers(0, nodes, (2, links))
        project = SimpleNamespace(
            node_count=nodes,
            link_count=links,
            junction_count=nodes - sources,
            ends=lambda link, start=start, end=end: (int(start[link - 1]) + 1, int(end[link - 1]) + 1),
        )
        is_open = rng.random(links) < 0.6
        graph = Graph([""] * nodes, [""] * links, start, end)
        supplied, _ = graph.supplied(np.arange(nodes - sources, nodes), np.tile(is_open, 2))
        np.testing.assert_array_equal(
            Trees(project).dry(is_open, ()), np.flatnonzero(~supplied[: nodes - sources])
        )
