"""What closures cut off, against a search of the directed graph."""

from __future__ import annotations

import numpy as np
from citymains.topology.graph import Graph
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
