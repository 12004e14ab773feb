"""Isolation: what to shut to take a pipe or node out of service, and who loses supply with it.

By topology alone. A valve that cannot be shut joins the segments on its two sides, so the
trace moves on to the next ring of valves by itself. What is cut off beyond the isolated
segments, because every way from a source leads through them, is *unintended* isolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citymains.topology.graph import Graph, Indices, Mask
from citymains.topology.segments import Segments, ValveLayer, valve_segments


@dataclass(frozen=True, eq=False)
class Isolation:
    """The answer of :func:`trace_isolation`, by index."""

    segments: Segments
    isolated_segments: Indices
    shut: Indices
    """Valves to shut, upstream first (nearest to a source; in sewers, whose sources are outfalls, furthest)."""
    already_closed: Indices
    """Valves on the boundary that are shut already: to be checked, not turned."""
    failed: Indices
    """Unusable valves inside the isolated part: why it is larger than one segment."""
    isolated_nodes: Mask
    isolated_links: Mask
    unintended_nodes: Mask
    """Supplied before, not in the isolated part, and without supply once it is shut."""
    unintended_links: Mask
    tight: bool
    """Whether the boundary can be shut completely. False if the isolated part holds a source."""


def trace_isolation(
    graph: Graph,
    valves: ValveLayer,
    sources: Indices,
    *,
    nodes: Indices,
    links: Indices,
    length_m: NDArray[np.float64] | None = None,
    far_first: bool = False,
) -> Isolation:
    """Find what to shut to isolate nodes and links, and what loses supply.

    Parameters
    ----------
    graph : Graph
    valves : ValveLayer
    sources : ndarray of int
        Indices of the nodes that feed the network.
    nodes, links : ndarray of int
        What is to be isolated.
    length_m : ndarray, shape (m,), optional
        Lengths that order the valves by distance from the sources; the default counts links.
    far_first : bool
        Whether the valve furthest from the sources is shut first.

    Returns
    -------
    Isolation
    """
    segments = valve_segments(graph, valves)
    chosen = np.unique(np.concatenate([segments.of_node[nodes], segments.of_link[links]])).astype(np.int64)
    inside = np.zeros(segments.count, dtype=bool)
    inside[chosen] = True
    boundary = inside[segments.valve_node_side] != inside[segments.valve_link_side]
    isolated_nodes, isolated_links = inside[segments.of_node], inside[segments.of_link]

    incidence = valves.incidence_in(graph)
    open_now = np.ones(2 * graph.link_count, dtype=bool)
    open_now[incidence[valves.closed]] = False
    before_nodes, before_links = graph.supplied(sources, open_now)
    open_then = open_now.copy()
    open_then[incidence[boundary]] = False
    after_nodes, after_links = graph.supplied(sources[~isolated_nodes[sources]], open_then)

    weights = np.ones(graph.link_count) if length_m is None else length_m
    distance = graph.distance_m(sources, weights)
    to_shut = np.flatnonzero(boundary & ~valves.closed)
    order = _order(graph, valves, to_shut, distance, far_first=far_first)
    return Isolation(
        segments=segments,
        isolated_segments=chosen,
        shut=to_shut[order],
        already_closed=np.flatnonzero(boundary & valves.closed),
        failed=np.flatnonzero(~valves.usable & ~valves.closed & inside[segments.valve_link_side]),
        isolated_nodes=isolated_nodes,
        isolated_links=isolated_links,
        unintended_nodes=before_nodes & ~after_nodes & ~isolated_nodes,
        unintended_links=before_links & ~after_links & ~isolated_links,
        tight=not bool(isolated_nodes[sources].any()),
    )


def _order(
    graph: Graph, valves: ValveLayer, shut: Indices, distance_m: NDArray[np.float64], *, far_first: bool
) -> NDArray[np.intp]:
    """Order of valves by the nearer end of their links, or from the furthest end on down the link."""
    start, end = distance_m[graph.start[valves.link[shut]]], distance_m[graph.end[valves.link[shut]]]
    if not far_first:
        return np.argsort(np.minimum(start, end), kind="stable")
    own = np.where(valves.at_end[shut], end, start)
    return np.lexsort((-own, -np.maximum(start, end)))
