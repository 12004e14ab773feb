"""Supply and return: which pipe lies beside which in the trench.

A heating network is laid in pairs, and what is wrong with one pipe shuts both. Which return pipe
belongs to a supply pipe follows from the network's shape: consumers and plants tie a supply node
to a return node, and from such a pair of nodes the pipes leading on are matched by length,
diameter and place, step by step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Indices = NDArray[np.int64]
Floats = NDArray[np.float64]

SUPPLY: Final = 1
RETURN: Final = -1

#: Pipes of a pair differ by no more than this share of their length, in sum with other differences.
_TOO_DIFFERENT: Final = 0.35


@dataclass(frozen=True, eq=False)
class Shape:
    """The passive links of a network and what ties supply to return.

    Parameters
    ----------
    start, end : ndarray of int, shape (m,)
        Nodes of the passive links: pipes, valves, pumps.
    kinds : sequence of str, shape (m,)
        Only links of one kind are pairs.
    length_m, diameter_mm : ndarray, shape (m,)
    ties : sequence of (int, int)
        Supply and return node of every consumer and plant.
    x, y : ndarray, shape (n,)
        Coordinates; NaN where unknown.
    supply_roots, return_roots : sequence of int
        Nodes that are certainly supply or return: the plants'.
    """

    start: Indices
    end: Indices
    kinds: Sequence[str]
    length_m: Floats
    diameter_mm: Floats
    ties: Sequence[tuple[int, int]]
    x: Floats
    y: Floats
    supply_roots: Sequence[int] = ()
    return_roots: Sequence[int] = ()


@dataclass(frozen=True, eq=False)
class Pairs:
    """What belongs together; -1 where nothing was found.

    Attributes
    ----------
    link : ndarray of int, shape (m,)
        The other pipe of each link's pair.
    node : ndarray of int, shape (n,)
        The other node of each node's pair.
    side : ndarray of int, shape (n,)
        `SUPPLY`, `RETURN`, or 0 where neither reaches.
    """

    link: Indices
    node: Indices
    side: NDArray[np.int8]


@dataclass
class _Search:
    shape: Shape
    node: Indices
    link: Indices
    waiting: deque[tuple[int, int]] = field(default_factory=deque)
    ways: list[list[tuple[int, int]]] = field(default_factory=list)

    def pair_nodes(self, first: int, second: int) -> None:
        """Pair two nodes that have no partner yet."""
        if self.node[first] < 0 and self.node[second] < 0 and first != second:
            self.node[first], self.node[second] = second, first
            self.waiting.append((first, second))

    def pair_links(self, first: int, second: int) -> None:
        self.link[first], self.link[second] = second, first


def find_pairs(shape: Shape) -> Pairs:
    """Pair the pipes and nodes of a network.

    Parameters
    ----------
    shape : Shape

    Returns
    -------
    Pairs
        What cannot be paired (a single pipe, a bypass) has no partner.
    """
    nodes = len(shape.x)
    side = _sides(shape, nodes)
    search = _Search(shape, np.full(nodes, -1, np.int64), np.full(len(shape.start), -1, np.int64))
    search.ways = [[] for _ in range(nodes)]
    for link, (a, b) in enumerate(zip(shape.start.tolist(), shape.end.tolist(), strict=True)):
        search.ways[a].append((link, b))
        search.ways[b].append((link, a))
    for supply, back in shape.ties:
        search.pair_nodes(supply, back)
    while search.waiting:
        _go_on(search, *search.waiting.popleft(), side)
    return Pairs(search.link, search.node, side)


def _sides(shape: Shape, nodes: int) -> NDArray[np.int8]:
    """Which nodes the plants' outlets and inlets reach through pipes; a node that both reach is neither."""
    neighbours: list[list[int]] = [[] for _ in range(nodes)]
    for a, b in zip(shape.start.tolist(), shape.end.tolist(), strict=True):
        neighbours[a].append(b)
        neighbours[b].append(a)

    def reached(roots: Sequence[int]) -> NDArray[np.bool_]:
        seen = np.zeros(nodes, np.bool_)
        waiting = deque(roots)
        while waiting:
            node = waiting.popleft()
            if not seen[node]:
                seen[node] = True
                waiting.extend(neighbours[node])
        return seen

    supply, back = reached(shape.supply_roots), reached(shape.return_roots)
    side = np.zeros(nodes, np.int8)
    side[supply & ~back] = SUPPLY
    side[back & ~supply] = RETURN
    return side


def _go_on(search: _Search, supply: int, back: int, side: NDArray[np.int8]) -> None:
    """Match the links that lead on from a pair of nodes, those with known far ends first."""
    here = [one for one in search.ways[supply] if search.link[one[0]] < 0]
    there = [one for one in search.ways[back] if search.link[one[0]] < 0]
    for link, far in here:
        partner = int(search.node[far])
        if partner >= 0:
            options = [one for one, end in there if end == partner and search.link[one] < 0]
            if options:
                best = min(options, key=lambda one: _difference(search.shape, link, one))
                if _difference(search.shape, link, best) < _TOO_DIFFERENT:
                    search.pair_links(link, best)
    here = [(link, far) for link, far in here if search.link[link] < 0 and search.node[far] < 0]
    there = [(link, far) for link, far in there if search.link[link] < 0 and search.node[far] < 0]
    for (link, far), (other, other_far) in _matched(search.shape, here, there, side):
        search.pair_links(link, other)
        search.pair_nodes(far, other_far)


def _matched(
    shape: Shape, here: list[tuple[int, int]], there: list[tuple[int, int]], side: NDArray[np.int8]
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """The assignment with the least differences; pairs that differ too much are left alone."""
    if not here or not there:
        return
    cost = np.array([[_difference(shape, a, b) + _apart(shape, fa, fb) for b, fb in there] for a, fa in here])
    same_side = np.array([[side[fa] == side[fb] != 0 for _, fb in there] for _, fa in here])
    cost[same_side] = 10.0
    for row, column in zip(*linear_sum_assignment(cost), strict=True):
        if cost[row, column] < _TOO_DIFFERENT:
            yield here[row], there[column]


def _difference(shape: Shape, first: int, second: int) -> float:
    """How unlike two links are, 0 for equal ones."""
    if shape.kinds[first] != shape.kinds[second]:
        return 10.0
    total = 0.0
    for values in (shape.length_m, shape.diameter_mm):
        a, b = float(values[first]), float(values[second])
        largest = max(abs(a), abs(b))
        total += abs(a - b) / largest if largest > 0.0 else 0.0
    return total


def _apart(shape: Shape, first: int, second: int) -> float:
    """A little for every 100 m between two far ends, so that of equal pipes the nearer are pairs."""
    distance = float(np.hypot(shape.x[first] - shape.x[second], shape.y[first] - shape.y[second]))
    return 0.0 if np.isnan(distance) else min(distance / 100.0 * 0.05, 0.3)
