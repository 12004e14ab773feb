"""Isolation on networks small enough to check by eye, and its invariants on random ones."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.topology.graph import Graph
from citymains.topology.isolation import trace_isolation
from citymains.topology.segments import ValveLayer
from hypothesis import given, settings
from hypothesis import strategies as st


def line(*, one_way: bool = False, **state: tuple[str, ...]):
    """S -p1- A -p2- B -p3- C, valves v1 (p2 at A), v2 (p3 at B): from the source outwards."""
    graph = Graph(
        ["S", "A", "B", "C"],
        ["p1", "p2", "p3"],
        np.array([0, 1, 2]),
        np.array([1, 2, 3]),
        np.array([False, one_way, False]),
    )
    return graph, ValveLayer.of(graph, ["v1", "v2"], ["p2", "p3"], ["A", "B"], **state)


def isolate(graph, valves, link: str):
    return trace_isolation(
        graph,
        valves,
        np.array([0]),
        nodes=np.array([], dtype=np.int64),
        links=np.array([graph.link_index[link]]),
    )


def names(ids, mask_or_indices) -> list[str]:
    picked = np.asarray(mask_or_indices)
    return [ids[i] for i in (np.flatnonzero(picked) if picked.dtype == bool else picked)]


def test_the_pipe_between_two_valves_and_what_it_feeds() -> None:
    graph, valves = line()
    answer = isolate(graph, valves, "p2")
    assert names(valves.ids, answer.shut) == ["v1", "v2"], "upstream first"
    assert names(graph.node_ids, answer.isolated_nodes) == ["B"]
    assert names(graph.node_ids, answer.unintended_nodes) == ["C"]
    assert names(graph.link_ids, answer.unintended_links) == ["p3"]
    assert answer.tight


def test_a_valve_that_cannot_be_shut_moves_on_to_the_next_ring() -> None:
    graph, valves = line(unusable=("v2",))
    answer = isolate(graph, valves, "p2")
    assert names(valves.ids, answer.shut) == ["v1"]
    assert names(valves.ids, answer.failed) == ["v2"]
    assert names(graph.node_ids, answer.isolated_nodes) == ["B", "C"]
    assert not answer.unintended_nodes.any()


def test_a_valve_that_is_shut_already_is_to_be_checked_and_not_turned() -> None:
    graph, valves = line(closed=("v2",))
    answer = isolate(graph, valves, "p2")
    assert names(valves.ids, answer.shut) == ["v1"]
    assert names(valves.ids, answer.already_closed) == ["v2"]
    assert not answer.unintended_nodes.any(), "C had no supply before"


def test_without_a_valve_towards_the_source_the_isolation_is_not_tight() -> None:
    graph, valves = line(unusable=("v1",))
    assert not isolate(graph, valves, "p2").tight


def test_a_check_valve_feeds_one_way_only() -> None:
    """S -p1- A -p2(one way)- B: B is fed from A; A is never fed from B."""
    graph = Graph(
        ["S", "A", "B", "T"],
        ["p1", "p2", "p3"],
        np.array([0, 1, 3]),
        np.array([1, 2, 2]),
        np.array([False, True, False]),
    )
    none = np.array([], dtype=np.int64)
    valves = ValveLayer.of(graph, ["v"], ["p1"], ["A"])
    answer = trace_isolation(graph, valves, np.array([0, 3]), nodes=none, links=np.array([0]))
    assert names(graph.node_ids, answer.unintended_nodes) == ["A"], (
        "T feeds B, but not A through the check valve"
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_shutting_the_valves_isolates_and_nothing_else_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, m, v = 12, 16, 14
    graph = Graph(
        [f"n{i}" for i in range(n)], [f"l{i}" for i in range(m)], rng.integers(0, n, m), rng.integers(0, n, m)
    )
    incidence = rng.choice(2 * m, v, replace=False)
    valves = ValveLayer(
        [f"v{i}" for i in range(v)], incidence % m, incidence >= m, rng.random(v) > 0.3, rng.random(v) > 0.8
    )
    target = int(rng.integers(0, m))
    sources = np.array([0])
    answer = trace_isolation(
        graph, valves, sources, nodes=np.array([], dtype=np.int64), links=np.array([target])
    )
    assert answer.isolated_links[target]
    assert valves.usable[answer.shut].all(), "only valves that can be shut are to be shut"
    if not answer.tight:
        return
    joined = np.ones(2 * m, dtype=bool)
    shut = np.concatenate([answer.shut, np.flatnonzero(valves.closed)])
    joined[valves.incidence_in(graph)[shut]] = False
    nodes, links = graph.supplied(sources, joined)
    assert not links[answer.isolated_links].any(), "nothing isolated is reached any more"
    assert not nodes[answer.isolated_nodes].any()
    assert not nodes[answer.unintended_nodes].any()


def test_a_valve_off_its_link_is_refused() -> None:
    graph, _ = line()
    with pytest.raises(KeyError, match="v9"):
        ValveLayer.of(graph, ["v9"], ["p1"], ["C"])
