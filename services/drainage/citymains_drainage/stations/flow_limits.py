"""Flow limits an operator states: at which link or node how much may pass, and which gates answer for it."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping

from citymains.errors import Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument

from citymains_drainage.control.model import FlowLimit, Gate
from citymains_drainage.sections import NODE_SECTIONS
from citymains_drainage.stations.graph import FlowGraph


def flow_limits_of(
    document: InpDocument, gates: Iterable[Gate], stated_m3_per_h: Mapping[str, float]
) -> tuple[tuple[FlowLimit, ...], list[Issue]]:
    """Limits by place, and what is wrong with those that are stated.

    Parameters
    ----------
    document : InpDocument
    gates : iterable of Gate
        What is commanded.
    stated_m3_per_h : mapping of str to float
        Largest flow by id of a link or node; where a link and a node have one id, the link is meant.
    """
    graph = FlowGraph.of(document)
    links = {link.name for link in graph.links}
    nodes = {fold_ascii(row.tokens[0]) for section in NODE_SECTIONS for row in document[section]}
    commanded = {fold_ascii(gate.name): gate.name for gate in gates}
    limits, issues = [], []
    for name, most in sorted(stated_m3_per_h.items()):
        place = fold_ascii(name)
        if place not in links and place not in nodes:
            issues.append(issue("SCENARIO_UNKNOWN_ELEMENT", field="flow_limits", value=name))
        elif not 0 < most < math.inf:
            issues.append(
                issue("ARGUMENT_INVALID", field="flow_limits", element=name, value=most, limit="> 0")
            )
        else:
            answering = _answering(graph, place, place not in links, frozenset(commanded))
            limits.append(
                FlowLimit(
                    place=_as_written(document, graph, place, place not in links),
                    at_node=place not in links,
                    most_m3_per_s=most / 3600.0,
                    gates=tuple(commanded[one] for one in answering),
                )
            )
    return tuple(limits), issues


def _as_written(document: InpDocument, graph: FlowGraph, place: str, at_node: bool) -> str:
    """The id as it stands in the file: names of the graph are a node's first."""
    if at_node:
        return graph.names[place]
    rows = (row for link in graph.links if link.name == place for row in document[link.section])
    return next(row.tokens[0] for row in rows if fold_ascii(row.tokens[0]) == place)


def _answering(graph: FlowGraph, place: str, at_node: bool, gates: frozenset[str]) -> list[str]:
    """The gate itself, or the first gates on every way up from the place."""
    if not at_node and place in gates:
        return [place]
    starts = [place] if at_node else [link.start for link in graph.links if link.name == place]
    seen, queue, found = set(starts), deque(starts), []
    while queue:
        at = queue.popleft()
        for link in graph.links:
            if link.end != at or link.name in found:
                continue
            if link.name in gates:
                found.append(link.name)
            elif link.start not in seen:
                seen.add(link.start)
                queue.append(link.start)
    return found
