"""Valve segments: the smallest parts of a network that valves can cut off.

A valve stands at one end of a link: "on link A, protecting node B". Cutting every incidence
with a valve and taking connected components of nodes and links gives the segments in
time linear in the size of the network.

References
----------
T. M. Walski, "Water distribution valve topology for reliability analysis", Reliability
Engineering & System Safety 42(1), 1993, 21-27.
H. Jun and G. V. Loganathan, "Valve-controlled segments in water distribution systems",
J. Water Resour. Plann. Manage. 133(2), 2007, 145-155.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from citymains.topology.graph import Graph, Indices, Mask


@dataclass(frozen=True, eq=False)
class ValveLayer:
    """Isolation valves by index of link and of the node they stand next to.

    Parameters
    ----------
    ids : sequence of str, shape (v,)
    link : ndarray of int, shape (v,)
    at_end : ndarray of bool, shape (v,)
        False: at the link's start node; True: at its end node.
    usable : ndarray of bool, shape (v,)
        False: cannot be shut (stuck, buried, not found).
    closed : ndarray of bool, shape (v,)
        True: shut already.
    """

    ids: Sequence[str]
    link: Indices
    at_end: Mask
    usable: Mask
    closed: Mask

    @classmethod
    def of(
        cls,
        graph: Graph,
        ids: Sequence[str],
        links: Sequence[str],
        nodes: Sequence[str],
        *,
        unusable: Sequence[str] = (),
        closed: Sequence[str] = (),
    ) -> ValveLayer:
        """A layer from ids: valve ``ids[i]`` stands on ``links[i]`` next to ``nodes[i]``.

        Raises
        ------
        KeyError
            A link is not in the network, or does not touch its node; callers check first and
            report located issues.
        """
        link = np.array([graph.link_index[name] for name in links], dtype=np.int64)
        node = np.array([graph.node_index[name] for name in nodes], dtype=np.int64)
        at_end = graph.end[link] == node if len(link) else np.zeros(0, dtype=bool)
        touches = at_end | (graph.start[link] == node) if len(link) else at_end
        if not touches.all():
            raise KeyError(ids[int(np.flatnonzero(~touches)[0])])
        out_of_order, shut = set(unusable), set(closed)
        return cls(
            ids=tuple(ids),
            link=link,
            at_end=at_end,
            usable=np.array([name not in out_of_order for name in ids], dtype=bool),
            closed=np.array([name in shut for name in ids], dtype=bool),
        )

    def incidence_in(self, graph: Graph) -> Indices:
        """Incidence of `graph` each valve stands in, shape (v,)."""
        return self.link + graph.link_count * self.at_end


@dataclass(frozen=True, eq=False)
class Segments:
    """The segment of every node and link, and the two segments each valve parts."""

    count: int
    of_node: Indices
    of_link: Indices
    valve_node_side: Indices
    """Segment of the node a valve stands next to, shape (v,)."""
    valve_link_side: Indices
    """Segment of the link it stands on, shape (v,)."""


def valve_segments(graph: Graph, valves: ValveLayer, cutting: Mask | None = None) -> Segments:
    """Segments of a network under a valve layer.

    Parameters
    ----------
    graph : Graph
    valves : ValveLayer
    cutting : ndarray of bool, shape (v,), optional
        Valves that can part the network; the default is those that are usable or closed already.

    Returns
    -------
    Segments
        Numbered from 0. A link with valves at both ends is a segment of its own, and so is a
        node with a valve on each of its links.
    """
    if cutting is None:
        cutting = valves.usable | valves.closed
    incidence = valves.incidence_in(graph)
    joined = np.ones(2 * graph.link_count, dtype=bool)
    joined[incidence[cutting]] = False
    count, of_node, of_link = graph.components(joined)
    return Segments(
        count=count,
        of_node=of_node,
        of_link=of_link,
        valve_node_side=of_node[graph.incidence_node[incidence]],
        valve_link_side=of_link[valves.link],
    )
