"""Arrays of the batched solver: a network's constants, where they stand in its system, and eight scenarios of it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]


class Edges(NamedTuple):
    """Constants of the edges; see :class:`citymains_gas.kernel_network.KernelNetwork`."""

    start: Ints
    end: Ints
    values: Floats
    """Rows resistance, ratio, loss, reynolds_per_flow, roughness, rough, known."""
    height: Floats
    """Rows height, start_k, end_k."""


class Pattern(NamedTuple):
    """Where edges and nodes stand in the system.

    The first `plain` edges have ends that no ideal link can join to another node; the others
    look up, lane by lane, which node stands for their ends.
    """

    position: Ints
    """Elimination position of each node."""
    plain: int
    entry: Ints
    """Entry of each plain edge; a spare one past the last for those without."""
    table_start: Ints
    table_width: Ints
    table: Ints
    """Entries of the other edges: ``table[start + i width + j]`` for the i-th and j-th node of both ends' clusters."""
    member: Ints
    """Place of each node in its cluster."""
    column_start: Ints
    row: Ints
    target: Ints


class Lanes(NamedTuple):
    """Eight scenarios and their iterates; arrays [edge or node, lane]."""

    active: Floats
    """1 where an edge conducts, else 0."""
    coupled: Floats
    """1 where both ends of an edge are unknown, else 0."""
    free: Floats
    """1 where a node's pressure is unknown; 0: held, not supplied, or another node stands for it."""
    stands_for: Ints
    """Node that has this node's pressure and balance: itself, but for those joined by ideal links."""
    demand: Floats
    """What the sinks at each standing node ask for [kg/s]."""
    feed: Floats
    """What infeeds bring there [kg/s]."""
    gets: Floats
    """What the sinks there get [kg/s]."""
    flow: Floats
    square: Floats
    pressure: Floats
    root: Floats
    working: Bytes
    """1 where a regulator holds its set point, [regulator, lane]."""
    passed: Floats
    """Flow of each working regulator [kg/s]."""


class Delivery(NamedTuple):
    """How demand meets pressure; gauge pressures in bar."""

    yields: bool
    """Whether sinks draw less where the pressure is low."""
    least: float
    nominal: float
    atmosphere: Floats


class Work(NamedTuple):
    """Room for one iteration."""

    conductance: Floats
    linear: Floats
    diagonal: Floats
    right_side: Floats
    lower: Floats
    inverse: Floats
    drawn: Floats
    """What regulators take at their inlets [kg/s]."""
    delivered: Floats
    """What sinks would get if no pressure moved, less what infeeds bring [kg/s]."""
    yielding: Floats
    """How that changes with the squared pressure."""
    moved: Floats
    """Largest change of pressure of each lane [bar]."""
    going: Floats
    """1 for a lane that has not settled, else 0: what has settled stays, whatever its neighbours do."""

    @classmethod
    def of(cls, edges: int, nodes: int, entries: int) -> Work:
        """Arrays for a topology."""

        def room(rows: int) -> Floats:
            return np.zeros((rows, LANES))

        return cls(
            conductance=room(edges),
            linear=room(edges),
            diagonal=room(nodes),
            right_side=room(nodes),
            lower=room(entries + 1),
            inverse=room(nodes),
            drawn=room(nodes),
            delivered=room(nodes),
            yielding=room(nodes),
            moved=np.zeros(LANES),
            going=np.ones(LANES),
        )
