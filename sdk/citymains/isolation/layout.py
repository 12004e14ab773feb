"""A network as isolation sees it: a graph with sources, lengths and the valves the model itself has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citymains.topology.graph import Graph, Indices, Mask, pick
from citymains.topology.segments import ValveLayer


@dataclass(frozen=True, eq=False)
class Layout:
    """What a utility says of a network's shape.

    Parameters
    ----------
    graph : Graph
        With one-way links marked: check valves, pumps, regulators.
    link_kinds : sequence of str, shape (m,)
        ``pipe``, ``pump``, ``valve`` ...; only pipes take valves at their ends by default.
    length_m, diameter_mm : ndarray, shape (m,)
        0 where a link has none.
    sources : ndarray of int
        Indices of nodes that feed the network.
    demand_m3_per_h : ndarray, shape (n,)
        Mean demand of each node, for the volume at stake; NaN where the utility has none.
    closed_links : ndarray of bool, shape (m,)
        Links shut in the model as it is: boundaries already, to be checked.
    own_valves : ValveLayer, optional
        Valves the model itself has; None where it has none.
    hydrants : sequence of str
        Node ids known as hydrants.
    x, y : ndarray, shape (n,)
        Coordinates; NaN where unknown.
    twin_links, twin_nodes : ndarray of int, shape (m,) and (n,), optional
        What lies in one trench and is shut together, as supply and return of heat; -1: nothing.
    shut_themselves : ndarray of bool, shape (m,), optional
        Links with shut-off valves of their own at both ends, as substations have.
    far_first : bool
        Whether what is furthest from the sources is shut first: upstream in sewers, whose sources are outfalls.
    """

    graph: Graph
    link_kinds: Sequence[str]
    length_m: NDArray[np.float64]
    diameter_mm: NDArray[np.float64]
    sources: Indices
    demand_m3_per_h: NDArray[np.float64]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    closed_links: Mask
    own_valves: ValveLayer | None = None
    hydrants: Sequence[str] = ()
    twin_links: Indices | None = None
    twin_nodes: Indices | None = None
    shut_themselves: Mask | None = None
    far_first: bool = False

    def with_twins(self, nodes: Indices, links: Indices) -> tuple[Indices, Indices]:
        """Nodes and links with those that are shut together with them."""
        if self.twin_nodes is not None:
            others = self.twin_nodes[nodes]
            nodes = np.union1d(nodes, others[others >= 0])
        if self.twin_links is not None:
            others = self.twin_links[links]
            links = np.union1d(links, others[others >= 0])
        return nodes, links

    def with_own_shut_offs(self, layer: ValveLayer) -> ValveLayer:
        """`layer` with the valves that links have of their own, where it does not list one there."""
        if self.shut_themselves is None:
            return layer
        links = np.flatnonzero(self.shut_themselves)
        listed = set(zip(layer.link.tolist(), layer.at_end.tolist(), strict=True))
        added = [
            (int(link), end) for link in links for end in (False, True) if (int(link), end) not in listed
        ]
        at = np.array([link for link, _ in added], dtype=np.int64)
        ends = np.array([end for _, end in added], dtype=bool)
        nodes = np.where(ends, self.graph.end[at], self.graph.start[at])
        names = zip(pick(self.graph.link_ids, at), pick(self.graph.node_ids, nodes), strict=True)
        count = len(added)
        return ValveLayer(
            ids=[*layer.ids, *(f"{link}@{node}" for link, node in names)],
            link=np.concatenate([layer.link, at]),
            at_end=np.concatenate([layer.at_end, ends]),
            usable=np.concatenate([layer.usable, np.ones(count, dtype=bool)]),
            closed=np.concatenate([layer.closed, np.zeros(count, dtype=bool)]),
        )

    def pipe_end_valves(self) -> ValveLayer:
        """A valve at both ends of every pipe: what an isolation is at best, where no layer is known."""
        pipes = np.flatnonzero(np.array([kind == "pipe" for kind in self.link_kinds], dtype=bool))
        ids = [
            f"{link}@{node}"
            for ends in (self.graph.start, self.graph.end)
            for link, node in zip(
                pick(self.graph.link_ids, pipes), pick(self.graph.node_ids, ends[pipes]), strict=True
            )
        ]
        count = 2 * len(pipes)
        return ValveLayer(
            ids=ids,
            link=np.tile(pipes, 2),
            at_end=np.arange(count) >= len(pipes),
            usable=np.ones(count, dtype=bool),
            closed=np.zeros(count, dtype=bool),
        )

    def with_closed_links(self, layer: ValveLayer) -> ValveLayer:
        """`layer` with a shut valve more for every closed link that has none."""
        closed = np.flatnonzero(self.closed_links)
        added = closed[~np.isin(closed, layer.link[layer.closed])]
        count = len(added)
        return ValveLayer(
            ids=[*layer.ids, *pick(self.graph.link_ids, added)],
            link=np.concatenate([layer.link, added]),
            at_end=np.concatenate([layer.at_end, np.zeros(count, dtype=bool)]),
            usable=np.concatenate([layer.usable, np.ones(count, dtype=bool)]),
            closed=np.concatenate([layer.closed, np.ones(count, dtype=bool)]),
        )

    def inside(self, polygon: Sequence[float]) -> tuple[Indices, Indices]:
        """Nodes inside a closed polygon, and links with an end inside or crossing its edge.

        Parameters
        ----------
        polygon : sequence of float
            ``x1, y1, x2, y2, ...`` in the network's coordinates.

        Returns
        -------
        nodes, links : ndarray of int
        """
        corners = np.asarray(polygon, dtype=np.float64).reshape(-1, 2)
        within = _points_inside(self.x, self.y, corners)
        start, end = self.graph.start, self.graph.end
        touched = within[start] | within[end]
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            touched |= _crosses(self.x[start], self.y[start], self.x[end], self.y[end], ax, ay, bx, by)
        return np.flatnonzero(within), np.flatnonzero(touched)


def link_valves(graph: Graph, links: Indices, closed: Mask) -> ValveLayer | None:
    """A layer of valves drawn as links of their own; None where there is none.

    Parameters
    ----------
    graph : Graph
    links : ndarray of int, shape (v,)
        Indices of the valve links.
    closed : ndarray of bool, shape (v,)
    """
    if not len(links):
        return None
    count = len(links)
    return ValveLayer(
        ids=pick(graph.link_ids, links),
        link=links,
        at_end=np.zeros(count, dtype=bool),
        usable=np.ones(count, dtype=bool),
        closed=closed,
    )


def _points_inside(x: NDArray[np.float64], y: NDArray[np.float64], corners: NDArray[np.float64]) -> Mask:
    """Even-odd rule; a point without coordinates is outside."""
    inside = np.zeros(len(x), dtype=bool)
    with np.errstate(invalid="ignore", divide="ignore"):
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            crossing = (ay > y) != (by > y)
            inside ^= crossing & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def _crosses(
    px: NDArray[np.float64],
    py: NDArray[np.float64],
    qx: NDArray[np.float64],
    qy: NDArray[np.float64],
    ax: float,
    ay: float,
    bx: float,
    by: float,
) -> Mask:
    """Whether each line p-q properly crosses the line a-b."""
    side_a = (qx - px) * (ay - py) - (qy - py) * (ax - px)
    side_b = (qx - px) * (by - py) - (qy - py) * (bx - px)
    side_p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    side_q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    with np.errstate(invalid="ignore"):
        return np.asarray((side_a * side_b < 0) & (side_p * side_q < 0))
