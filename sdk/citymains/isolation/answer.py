"""From a layout and ledgers to an :class:`IsolationReport`: the same way for every utility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import citymains.isolation.messages  # noqa: F401
from citymains.errors import InputError, issue
from citymains.isolation.layout import Layout
from citymains.isolation.report import IsolationReport
from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import Table
from citymains.topology.graph import Indices, pick
from citymains.topology.isolation import Isolation, trace_isolation
from citymains.topology.segments import ValveLayer

SEGMENTS, ELEMENTS, CUSTOMERS = IsolationReport.TABLES[1:4]


@dataclass(frozen=True, kw_only=True)
class Target:
    """What is to be isolated."""

    pipes: Sequence[str] = ()
    nodes: Sequence[str] = ()
    polygon: Sequence[float] = ()

    def indices(self, layout: Layout) -> tuple[Indices, Indices]:
        """Indices of nodes and links.

        Raises
        ------
        InputError
            ISOLATION_NO_TARGET, ELEMENT_UNKNOWN (all of them), ISOLATION_POLYGON, ISOLATION_EMPTY_POLYGON.
        """
        graph = layout.graph
        unknown = [
            issue("ELEMENT_UNKNOWN", field="pipe", value=one)
            for one in self.pipes
            if one not in graph.link_index
        ]
        unknown += [
            issue("ELEMENT_UNKNOWN", field="node", value=one)
            for one in self.nodes
            if one not in graph.node_index
        ]
        if unknown:
            raise InputError(unknown)
        nodes = np.array([graph.node_index[one] for one in self.nodes], dtype=np.int64)
        links = np.array([graph.link_index[one] for one in self.pipes], dtype=np.int64)
        if len(self.polygon):
            if len(self.polygon) < 6 or len(self.polygon) % 2:
                raise InputError("ISOLATION_POLYGON", field="polygon", value=len(self.polygon))
            inside_nodes, inside_links = layout.inside(self.polygon)
            if not len(inside_nodes) and not len(inside_links):
                raise InputError("ISOLATION_EMPTY_POLYGON", field="polygon")
            nodes, links = np.union1d(nodes, inside_nodes), np.union1d(links, inside_links)
        if not len(nodes) and not len(links):
            raise InputError("ISOLATION_NO_TARGET")
        return layout.with_twins(nodes, links)


def valve_layer(
    layout: Layout,
    ledger: Table | None,
    *,
    unusable: Sequence[str] = (),
    closed: Sequence[str] = (),
    file: str = "",
) -> tuple[ValveLayer, str]:
    """The valves of an isolation and where they come from.

    A ledger comes first, then the valves drawn in the model, then a valve at every pipe end.

    Raises
    ------
    InputError
        Every valve on a link that does not exist or not at its end, two valves at one end of a
        link, and every unknown id among `unusable` and `closed`.
    """
    if ledger is not None:
        layer, origin = _ledger_layer(layout, ledger, file), "dataset"
    else:
        own = layout.own_valves
        layer, origin = (own, "model") if own is not None else (layout.pipe_end_valves(), "pipe_ends")
    layer = layout.with_closed_links(layout.with_own_shut_offs(layer))
    known = set(layer.ids)
    unknown = [
        issue("ELEMENT_UNKNOWN", field="valve", value=one) for one in (*unusable, *closed) if one not in known
    ]
    if unknown:
        raise InputError(unknown)
    broken, shut = set(unusable), set(closed)
    return ValveLayer(
        ids=layer.ids,
        link=layer.link,
        at_end=layer.at_end,
        usable=layer.usable & np.array([one not in broken for one in layer.ids], dtype=bool),
        closed=layer.closed | np.array([one in shut for one in layer.ids], dtype=bool),
    ), origin


def _ledger_layer(layout: Layout, ledger: Table, file: str) -> ValveLayer:
    graph = layout.graph
    ids = [one or "" for one in ledger.texts("valve")]
    links, nodes = ledger.texts("link"), ledger.texts("node")
    rows = ledger.array("row").tolist()
    issues = []
    places: dict[tuple[int, bool], str] = {}
    link_at, ends = [], []
    for valve, link, node, row in zip(ids, links, nodes, rows, strict=True):
        where: dict[str, Any] = {"file": file, "line": row, "section": "valves", "element": valve}
        at = graph.link_index.get(link or "")
        if at is None:
            issues.append(issue("LEDGER_REFERENCE", field="link", value=link, **where))
            continue
        end = bool(node) and graph.node_ids[graph.end[at]] == node
        if node and not end and graph.node_ids[graph.start[at]] != node:
            issues.append(issue("VALVE_NOT_ON_LINK", field="node", value=node, limit=link, **where))
            continue
        if places.setdefault((at, end), valve) != valve:
            issues.append(
                issue("VALVES_ON_ONE_END", field="link", value=places[at, end], limit=link, **where)
            )
        link_at.append(at)
        ends.append(end)
    if issues:
        raise InputError(issues)
    return ValveLayer(
        ids=ids,
        link=np.array(link_at, dtype=np.int64),
        at_end=np.array(ends, dtype=bool),
        usable=ledger.array("usable"),
        closed=ledger.array("closed"),
    )


def isolation_parts(
    layout: Layout,
    layer: ValveLayer,
    origin: str,
    target: Target,
    customers: Table | None,
    duration_s: float | None,
) -> tuple[dict[str, Any], tuple[Table, ...], list[Finding]]:
    """Trace an isolation and lay out what the report holds: summary fields, tables, findings."""
    nodes, links = target.indices(layout)
    traced = trace_isolation(
        layout.graph,
        layer,
        layout.sources,
        nodes=nodes,
        links=links,
        length_m=layout.length_m,
        far_first=layout.far_first,
    )
    affected_nodes = traced.isolated_nodes | traced.unintended_nodes
    demand = layout.demand_m3_per_h[affected_nodes]
    affected = float(np.nansum(demand)) if np.isfinite(layout.demand_m3_per_h).any() else None
    people, people_table, unlocated = _customers(layout, traced, customers)
    length = layout.length_m[traced.isolated_links]
    unintended = tuple(pick(layout.graph.node_ids, traced.unintended_nodes))
    hydrants = tuple(one for one in layout.hydrants if affected_nodes[layout.graph.node_index[one]])
    summary: dict[str, Any] = {
        "valve_layer": origin,
        "tight": traced.tight,
        "unintended": unintended,
        "isolated_length_m": float(length.sum()),
        "isolated_volume_m3": float(_volume_m3(layout)[traced.isolated_links].sum()),
        "affected_demand_m3_per_h": affected,
        "unserved_m3": None if duration_s is None or affected is None else affected * duration_s / 3600.0,
        "hydrants": hydrants,
        **people,
    }
    tables = (
        _valves(layout, layer, traced),
        _segments(layout, traced),
        _elements(layout, traced),
        people_table,
    )
    return summary, tables, _findings(layout, layer, origin, traced, unintended, people, unlocated)


def _volume_m3(layout: Layout) -> NDArray[np.float64]:
    return layout.length_m * np.pi / 4.0 * (layout.diameter_mm / 1000.0) ** 2


def _valves(layout: Layout, layer: ValveLayer, traced: Isolation) -> Table:
    picked = np.concatenate([traced.shut, traced.already_closed, traced.failed]).astype(np.int64)
    graph = layout.graph
    actions = (
        ["shut"] * len(traced.shut) + ["check"] * len(traced.already_closed) + ["failed"] * len(traced.failed)
    )
    near = np.where(layer.at_end[picked], graph.end[layer.link[picked]], graph.start[layer.link[picked]])
    return IsolationReport.TABLES[0].build(
        valve=pick(layer.ids, picked),
        order=[*range(1, len(traced.shut) + 1), *([0] * (len(picked) - len(traced.shut)))],
        usable=layer.usable[picked],
        action=actions,
        link=pick(graph.link_ids, layer.link[picked]),
        node=pick(graph.node_ids, near),
    )


def _segments(layout: Layout, traced: Isolation) -> Table:
    of_node, of_link = traced.segments.of_node, traced.segments.of_link
    count = traced.segments.count
    chosen = traced.isolated_segments
    return SEGMENTS.build(
        segment=chosen,
        node_count=np.bincount(of_node, minlength=count)[chosen],
        link_count=np.bincount(of_link, minlength=count)[chosen],
        length_m=np.bincount(of_link, weights=layout.length_m, minlength=count)[chosen],
        volume_m3=np.bincount(of_link, weights=_volume_m3(layout), minlength=count)[chosen],
    )


def _elements(layout: Layout, traced: Isolation) -> Table:
    graph = layout.graph
    nodes = np.flatnonzero(traced.isolated_nodes | traced.unintended_nodes)
    links = np.flatnonzero(traced.isolated_links | traced.unintended_links)
    isolated = np.concatenate([traced.isolated_nodes[nodes], traced.isolated_links[links]])
    hydrants = set(layout.hydrants)
    return ELEMENTS.build(
        element=pick(graph.node_ids, nodes) + pick(graph.link_ids, links),
        kind=["node"] * len(nodes) + pick(layout.link_kinds, links),
        state=["isolated" if one else "unintended" for one in isolated],
        state_code=np.where(isolated, 2, 1),
        length_m=np.concatenate([np.full(len(nodes), np.nan), layout.length_m[links]]),
        demand_m3_per_h=np.concatenate([layout.demand_m3_per_h[nodes], np.full(len(links), np.nan)]),
        hydrant=[one in hydrants for one in pick(graph.node_ids, nodes)] + [False] * len(links),
    )


def _customers(
    layout: Layout, traced: Isolation, customers: Table | None
) -> tuple[dict[str, Any], Table, int]:
    """Counts, the table, and how many customers name no element of the network."""
    if customers is None:
        return {"customer_count": 0, "household_count": 0, "critical_customers": ()}, CUSTOMERS.empty(), 0
    state: Mapping[str, str] = {
        **dict.fromkeys(pick(layout.graph.link_ids, traced.unintended_links), "unintended"),
        **dict.fromkeys(pick(layout.graph.node_ids, traced.unintended_nodes), "unintended"),
        **dict.fromkeys(pick(layout.graph.link_ids, traced.isolated_links), "isolated"),
        **dict.fromkeys(pick(layout.graph.node_ids, traced.isolated_nodes), "isolated"),
    }
    elements = customers.texts("element")
    graph = layout.graph
    unlocated = sum(one not in graph.node_index and one not in graph.link_index for one in elements)
    hit = np.array([one in state for one in elements], dtype=bool)
    critical = customers.array("critical")
    rows = np.flatnonzero(hit)
    rows = rows[np.argsort(~critical[rows], kind="stable")]
    picked = customers.take(rows)
    households = picked.array("households")
    table = CUSTOMERS.build(
        customer=picked.texts("customer"),
        element=picked.texts("element"),
        category=picked.texts("category"),
        critical=picked.array("critical"),
        households=households,
        state=[state[one or ""] for one in picked.texts("element")],
        name=picked.texts("name"),
        address=picked.texts("address"),
    )
    names = [one or "" for one in picked.texts("customer")]
    return (
        {
            "customer_count": len(rows),
            "household_count": int(households.sum()),
            "critical_customers": tuple(
                one for one, is_critical in zip(names, picked.array("critical"), strict=True) if is_critical
            ),
        },
        table,
        unlocated,
    )


def _findings(
    layout: Layout,
    layer: ValveLayer,
    origin: str,
    traced: Isolation,
    unintended: Sequence[str],
    people: Mapping[str, Any],
    unlocated: int,
) -> list[Finding]:
    found = []
    if origin == "pipe_ends":
        found.append(finding("ISOLATION_ASSUMED_VALVES", Severity.SUSPECT))
    found += [
        finding("ISOLATION_NOT_TIGHT", Severity.SUSPECT, element=one)
        for one in pick(layout.graph.node_ids, layout.sources[traced.isolated_nodes[layout.sources]])
    ]
    found += [
        finding("ISOLATION_FAILED_VALVE", Severity.NOTE, element=one)
        for one in pick(layer.ids, traced.failed)
    ]
    if unintended:
        found.append(finding("ISOLATION_UNINTENDED", Severity.NOTE, value=float(len(unintended))))
    found += [
        finding("ISOLATION_CRITICAL", Severity.NOTE, element=one) for one in people["critical_customers"]
    ]
    if unlocated:
        found.append(finding("ISOLATION_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(unlocated)))
    return found
