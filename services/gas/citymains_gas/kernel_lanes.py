"""From scenarios to lanes and back, compiled: supply by reachability, nodes joined by ideal links, flows through those."""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_gas.kernel_arrays import Edges, Lanes
from citymains_gas.kernel_topology import Arcs

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]

#: States of a regulator as `citymains_gas.regulators_states.State` numbers them.
REGULATING, OPEN = 0, 1


class Cases(NamedTuple):
    """Eight scenarios: what is open and what holds a pressure."""

    is_open: Bytes
    """1 where a link may pass gas, [link, lane]."""
    feeds: Bytes
    """1 where a source is in service, [source, lane]."""
    state: Bytes
    """State of each regulator, [regulator, lane]."""
    own_demand: Floats
    """Demand of the sinks at each node [node, lane], kg/s."""
    own_feed: Floats
    """What infeeds bring there, less what is drawn whatever the pressure [node, lane], kg/s."""


class Fixed(NamedTuple):
    """What of a network the lanes are made with."""

    link: Ints
    gate: Ints
    tie_start: Ints
    tie_end: Ints
    tie_link: Ints
    inlet: Ints
    outlet: Ints
    first_regulator: int
    node_on: Bytes
    source_node: Ints
    source_square: Floats
    set_square: Floats
    """Squares of absolute pressures [bar2]."""


@numba.njit(cache=True)
def _reach(arcs: Arcs, fixed: Fixed, cases: Cases, lane: int, supplied: Bytes, queue: Ints) -> None:
    """Mark the nodes that gas from a source reaches."""
    supplied[:, lane] = 0
    last = 0
    for s in range(fixed.source_node.shape[0]):
        n = fixed.source_node[s]
        if cases.feeds[s, lane] and fixed.node_on[n] and not supplied[n, lane]:
            supplied[n, lane] = 1
            queue[last] = n
            last += 1
    at = 0
    while at < last:
        n = queue[at]
        at += 1
        for arc in range(arcs.start[n], arcs.start[n + 1]):
            link, gate, other = arcs.link[arc], arcs.gate[arc], arcs.node[arc]
            if supplied[other, lane] or not cases.is_open[link, lane] or not fixed.node_on[other]:
                continue
            if gate >= 0 and not cases.is_open[gate, lane]:
                continue
            if link >= fixed.first_regulator and cases.state[link - fixed.first_regulator, lane] > OPEN:
                continue
            supplied[other, lane] = 1
            queue[last] = other
            last += 1


@numba.njit(cache=True)
def _join(fixed: Fixed, cases: Cases, lane: int, supplied: Bytes, lanes: Lanes, pinned: Bytes) -> bool:
    """Let one node stand for those that open ideal links join; False where two of them hold different pressures."""
    stands = lanes.stands_for
    for n in range(stands.shape[0]):
        stands[n, lane] = n
    sound = True
    for t in range(fixed.tie_link.shape[0]):
        if not tie_is_open(fixed, cases, t, lane):
            continue
        a, b = fixed.tie_start[t], fixed.tie_end[t]
        if not (supplied[a, lane] and supplied[b, lane]):
            continue
        while stands[a, lane] != a:
            a = stands[a, lane]
        while stands[b, lane] != b:
            b = stands[b, lane]
        if a == b:
            continue
        if pinned[a] and pinned[b] and lanes.square[a, lane] != lanes.square[b, lane]:
            sound = False
        if pinned[b] and not pinned[a]:
            a, b = b, a
        stands[b, lane] = a
    for n in range(stands.shape[0]):
        one = stands[n, lane]
        while stands[one, lane] != one:
            one = stands[one, lane]
        stands[n, lane] = one
    return sound


@numba.njit(cache=True, inline="always")
def tie_is_open(fixed: Fixed, cases: Cases, t: int, lane: int) -> bool:
    """Whether an ideal link joins its ends: an open valve, or a regulator that is wide open."""
    link = fixed.tie_link[t]
    if not cases.is_open[link, lane]:
        return False
    return bool(link < fixed.first_regulator or cases.state[link - fixed.first_regulator, lane] == OPEN)


@numba.njit(cache=True)
def prepare(
    arcs: Arcs, edges: Edges, fixed: Fixed, cases: Cases, supplied: Bytes, lanes: Lanes, sound: Bytes
) -> None:
    """Lanes of eight scenarios; their iterates `flow`, `square`, `root` are left where they are and made to fit.

    `supplied` [node, lane] gets what gas reaches, `sound` [lane] 0 where two held pressures meet.
    """
    nodes, count = supplied.shape[0], edges.start.shape[0]
    queue, pinned = np.empty(nodes, dtype=np.int32), np.empty(nodes, dtype=np.int8)
    held = np.zeros((nodes, LANES), dtype=np.int8)
    for lane in range(LANES):
        _reach(arcs, fixed, cases, lane, supplied, queue)
        pinned[:] = 0
        for s in range(fixed.source_node.shape[0]):
            if cases.feeds[s, lane] and supplied[fixed.source_node[s], lane]:
                pinned[fixed.source_node[s]] = 1
                lanes.square[fixed.source_node[s], lane] = fixed.source_square[s]
        for r in range(fixed.outlet.shape[0]):
            open_link = cases.is_open[fixed.first_regulator + r, lane]
            holds = open_link and cases.state[r, lane] == REGULATING and supplied[fixed.outlet[r], lane]
            lanes.working[r, lane] = 1 if holds and not pinned[fixed.outlet[r]] else 0
            if lanes.working[r, lane]:
                pinned[fixed.outlet[r]] = 1
                lanes.square[fixed.outlet[r], lane] = fixed.set_square[r]
        sound[lane] = _join(fixed, cases, lane, supplied, lanes, pinned)
        for n in range(nodes):
            held[n, lane] = pinned[n]
    lanes.demand[:, :] = 0.0
    lanes.feed[:, :] = 0.0
    for n in range(nodes):
        for lane in range(LANES):
            standing = lanes.stands_for[n, lane]
            unknown = supplied[n, lane] and standing == n and not held[n, lane]
            lanes.free[n, lane] = 1.0 if unknown else 0.0
            if supplied[n, lane]:
                lanes.demand[standing, lane] += cases.own_demand[n, lane]
                lanes.feed[standing, lane] += cases.own_feed[n, lane]
            lanes.pressure[n, lane] = np.sqrt(lanes.square[n, lane])
    lanes.gets[:, :] = lanes.demand
    for e in range(count):
        link, gate = fixed.link[e], fixed.gate[e]
        i, j = edges.start[e], edges.end[e]
        for lane in range(LANES):
            conducts = cases.is_open[link, lane] and (gate < 0 or cases.is_open[gate, lane])
            if link >= fixed.first_regulator:
                conducts = conducts and cases.state[link - fixed.first_regulator, lane] == OPEN
            conducts = conducts and supplied[i, lane] and supplied[j, lane]
            lanes.active[e, lane] = 1.0 if conducts else 0.0
            lanes.flow[e, lane] *= lanes.active[e, lane]
            one, other = lanes.stands_for[i, lane], lanes.stands_for[j, lane]
            lanes.coupled[e, lane] = lanes.free[one, lane] * lanes.free[other, lane]


@numba.njit(cache=True)
def tie_flows(
    edges: Edges, fixed: Fixed, cases: Cases, supplied: Bytes, lanes: Lanes, share: Floats, found: Floats
) -> None:
    """Flow through each ideal link, from start to end, [tie, lane]; 0 through one that closes a ring of them.

    Without loss the flow follows from the balance of the nodes, leaf by leaf; `share` [node, lane]
    is the part of the demand that is drawn.
    """
    ties, nodes = fixed.tie_link.shape[0], supplied.shape[0]
    found[:, :] = 0.0
    balance, degree, done = np.empty(nodes), np.empty(nodes, dtype=np.int32), np.empty(ties, dtype=np.int8)
    for lane in range(LANES):
        for n in range(nodes):
            balance[n] = cases.own_demand[n, lane] * share[n, lane] - cases.own_feed[n, lane]
            degree[n] = 0
        for e in range(edges.start.shape[0]):
            balance[edges.start[e]] += lanes.flow[e, lane]
            balance[edges.end[e]] -= lanes.flow[e, lane]
        for r in range(fixed.inlet.shape[0]):
            balance[fixed.inlet[r]] += lanes.passed[r, lane] * lanes.working[r, lane]
            balance[fixed.outlet[r]] -= lanes.passed[r, lane] * lanes.working[r, lane]
        left = 0
        for t in range(ties):
            a, b = fixed.tie_start[t], fixed.tie_end[t]
            used = tie_is_open(fixed, cases, t, lane) and supplied[a, lane] and supplied[b, lane]
            # Two links side by side share one flow; the first of them carries it.
            for other in range(t):
                if done[other] == 0 and {fixed.tie_start[other], fixed.tie_end[other]} == {a, b}:
                    used = False
            done[t] = 0 if used else 1
            if used:
                degree[a] += 1
                degree[b] += 1
                left += 1
        moved = True
        while left and moved:
            moved = False
            for t in range(ties):
                if done[t]:
                    continue
                for side in range(2):
                    leaf = fixed.tie_end[t] if side == 0 else fixed.tie_start[t]
                    other = fixed.tie_start[t] if side == 0 else fixed.tie_end[t]
                    if done[t] == 0 and degree[leaf] == 1 and lanes.stands_for[leaf, lane] != leaf:
                        flow = balance[leaf] if side == 0 else -balance[leaf]
                        found[t, lane] = flow
                        balance[other] += balance[leaf]
                        degree[leaf] -= 1
                        degree[other] -= 1
                        done[t] = 1
                        left -= 1
                        moved = True
