"""Valved networks: how many segments, and every isolation checked by shutting its valves and walking from the sources."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from citymains.isolation.answer import valve_layer
from citymains.topology.segments import valve_segments
from citymains_water.layout import water_layout

networkx = pytest.importorskip("networkx")

CASES = tomllib.loads(Path(__file__).with_name("case.toml").read_text(encoding="utf-8"))
#: How many pipes of each are isolated.
COUNT = 24
LINKS = ("pipes", "pumps", "valves")
ONE_WAY = ("PRV", "PSV", "PBV")


@pytest.fixture(scope="module", params=CASES)
def network(request, water, shared_data):
    return request.param, water.load(shared_data / "water" / f"{request.param}.inp")


def test_segments(network):
    name, net = network
    layout = water_layout(net)
    layer, origin = valve_layer(layout, None)
    segments = valve_segments(layout.graph, layer)
    assert origin == "model"
    assert segments.count == CASES[name]["segments"]
    assert np.bincount(segments.of_node).max() == CASES[name]["largest_nodes"]


def ways(net, shut=frozenset()):
    """The network as a directed graph of nodes and ("link", id), without closed links and those shut."""
    graph = networkx.DiGraph()
    for table in ("junctions", "reservoirs", "tanks"):
        graph.add_nodes_from(net.data(table).texts("id"))
    for table in LINKS:
        data = net.data(table)
        kinds = data.texts("type") if table == "valves" else ["" if table == "pipes" else "pump"] * len(data)
        statuses = data.texts("status") if table != "pumps" else [None] * len(data)
        ends = (data.texts(column) for column in ("id", "from_node", "to_node"))
        for link, first, second, kind, status in zip(*ends, kinds, statuses, strict=True):
            graph.add_node(("link", link))
            if link in shut or (status or "").upper() == "CLOSED":
                continue
            graph.add_edges_from([(first, ("link", link)), (("link", link), second)])
            if status != "CV" and kind != "pump" and kind not in ONE_WAY:
                graph.add_edges_from([(second, ("link", link)), (("link", link), first)])
    return graph


def reached(net, graph):
    sources = [one for table in ("reservoirs", "tanks") for one in net.data(table).texts("id")]
    return set(sources).union(*(networkx.descendants(graph, one) for one in sources))


def test_every_isolation_holds_and_cuts_off_what_it_says(water, network):
    _, net = network
    before = reached(net, ways(net))
    junctions = set(net.data("junctions").texts("id"))
    checked = 0
    pipes = net.data("pipes").texts("id")
    for pipe in pipes[:: len(pipes) // COUNT]:
        if ("link", pipe) not in before:
            continue
        report = water.isolate(net, pipes=[pipe])
        valves, elements = report.table("valves"), report.table("elements")
        shut = set(valves[valves.usable & (valves.action == "shut")].link)
        after = ways(net, shut)
        supplied = reached(net, after)
        around = networkx.node_connected_component(after.to_undirected(), ("link", pipe))
        if report.tight:
            assert ("link", pipe) not in supplied, pipe
        else:
            assert any(
                one in around for table in ("reservoirs", "tanks") for one in net.data(table).texts("id")
            )
        dry = junctions & before - supplied
        isolated = set(elements[elements.state == "isolated"].element)
        if report.tight:
            assert dry == junctions & (isolated | set(report.unintended)) & before, pipe
        checked += 1
    assert checked >= 20
