"""All isolations at once against one trace each, and dominators against networkx."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.topology.cuts import Cuts
from citymains.topology.dominators import dominator_tree
from citymains.topology.graph import Graph
from citymains.topology.isolation import trace_isolation
from citymains.topology.segments import ValveLayer
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

networkx = pytest.importorskip("networkx")


@st.composite
def networks(draw: st.DrawFn) -> tuple[Graph, ValveLayer, np.ndarray]:
    """A graph with one-way links, valves of every state, and one source or two."""
    n = draw(st.integers(1, 9))
    m = draw(st.integers(0, 14))
    node = st.integers(0, n - 1)
    start, end = (np.array(draw(st.lists(node, min_size=m, max_size=m)), dtype=np.int64) for _ in range(2))
    flags = st.lists(st.booleans(), min_size=m, max_size=m)
    graph = Graph(
        [f"n{i}" for i in range(n)],
        [f"l{i}" for i in range(m)],
        start,
        end,
        np.array(draw(flags), dtype=bool),
    )
    link = np.array(draw(st.lists(st.integers(0, m - 1), max_size=10) if m else st.just([])), dtype=np.int64)
    of_valve = st.lists(st.booleans(), min_size=len(link), max_size=len(link))
    at_end, usable, closed = (np.array(draw(of_valve), dtype=bool) for _ in range(3))
    layer = ValveLayer([f"v{i}" for i in range(len(link))], link, at_end, usable, closed)
    return graph, layer, np.array(sorted(draw(st.sets(node, min_size=1, max_size=2))), dtype=np.int64)


def traced(graph: Graph, layer: ValveLayer, sources: np.ndarray, nodes, links):
    """What a trace of its own calls out of supply."""
    answer = trace_isolation(
        graph,
        layer,
        sources,
        nodes=np.asarray(nodes, dtype=np.int64),
        links=np.asarray(links, dtype=np.int64),
    )
    open_now = np.ones(2 * graph.link_count, dtype=bool)
    open_now[layer.incidence_in(graph)[layer.closed]] = False
    before, _ = graph.supplied(sources, open_now)
    return answer, np.flatnonzero((answer.isolated_nodes & before) | answer.unintended_nodes)


@settings(max_examples=300, deadline=None)
@given(networks())
def test_every_segment_equals_a_trace_of_its_own(case: tuple[Graph, ValveLayer, np.ndarray]) -> None:
    graph, layer, sources = case
    cuts = Cuts(graph, layer, sources)
    for segment in range(cuts.segments.count):
        nodes = np.flatnonzero(cuts.segments.of_node == segment)
        links = np.flatnonzero(cuts.segments.of_link == segment)
        answer, lost = traced(graph, layer, sources, nodes, links)
        cut = cuts.segment(segment)
        assert cut.lost_nodes.tolist() == lost.tolist()
        assert sorted(answer.shut.tolist()) == cut.shut.tolist()
        assert cut.isolated_links.tolist() == links.tolist()


@settings(max_examples=200, deadline=None)
@given(networks())
def test_a_failing_valve_takes_both_its_segments_out(case: tuple[Graph, ValveLayer, np.ndarray]) -> None:
    graph, layer, sources = case
    cuts = Cuts(graph, layer, sources)
    for valve, cut in cuts.failing_valves():
        both = [cuts.segments.valve_node_side[valve], cuts.segments.valve_link_side[valve]]
        nodes = np.flatnonzero(np.isin(cuts.segments.of_node, both))
        links = np.flatnonzero(np.isin(cuts.segments.of_link, both))
        _, lost = traced(graph, layer, sources, nodes, links)
        assert cut.lost_nodes.tolist() == lost.tolist()


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 25).flatmap(
        lambda n: st.tuples(
            st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=60)
        )
    )
)
def test_dominators_against_networkx(case: tuple[int, list[tuple[int, int]]]) -> None:
    n, edges = case
    rows, columns = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    tree = dominator_tree(sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(n, n)), 0)
    graph = networkx.DiGraph(edges)
    graph.add_nodes_from(range(n))
    above = networkx.immediate_dominators(graph, 0)
    reached = {0} | networkx.descendants(graph, 0)
    for vertex in range(n):
        expected = {one for one in reached if vertex in _chain(above, one)} if vertex in reached else set()
        assert set(tree.dominated(vertex).tolist()) == expected


def _chain(above: dict[int, int], vertex: int) -> set[int]:
    chain = {vertex}
    while above.get(vertex) is not None and above[vertex] != vertex:
        vertex = above[vertex]
        chain.add(vertex)
    return chain
