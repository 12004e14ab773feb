"""The topology of a gas network, prepared once: elimination order, clusters of ideal links, ways of supply."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from citymains.kernels.symbolic import analyze
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from citymains_gas.kernel_arrays import Edges, Pattern
from citymains_gas.kernel_network import KernelNetwork, NotModelled

Ints = NDArray[np.int32]

#: Nodes ideal links may join into one at most.
MOST_JOINED: Final = 16


class Arcs(NamedTuple):
    """Ways gas can take, by the node they leave."""

    start: Ints
    """First arc of each node, shape (n + 1,)."""
    node: Ints
    link: Ints
    gate: Ints


@dataclass(frozen=True, eq=False)
class Topology:
    """What :class:`citymains_gas.kernel.GasKernel` needs to know of a network's shape.

    Attributes
    ----------
    edges : Edges
        Plain ones first.
    order : ndarray of int, shape (m,)
        Edge of the network each edge here is.
    pattern : Pattern
    arcs : Arcs
    tied : ndarray of int
        Nodes in a cluster of two or more.
    """

    edges: Edges
    order: Ints
    pattern: Pattern
    arcs: Arcs
    tied: Ints

    @classmethod
    def of(cls, network: KernelNetwork) -> Topology:
        """Prepare a network.

        Raises
        ------
        NotModelled
            Too many ideal links meet.
        """
        n = network.node_count
        ones = np.ones(len(network.tie_start), dtype=np.int8)
        joined = sparse.csr_matrix((ones, (network.tie_start, network.tie_end)), shape=(n, n))
        _, cluster = csgraph.connected_components(joined, directed=False)
        sizes = np.bincount(cluster)
        if sizes.max(initial=0) > MOST_JOINED:
            raise NotModelled(f"{sizes.max()} nodes joined by valves without loss")
        member = _place_in_group(cluster)
        alone = sizes[cluster] == 1
        plain = alone[network.start] & alone[network.end]
        order = np.concatenate([np.flatnonzero(plain), np.flatnonzero(~plain)]).astype(np.int32)
        start, end = network.start[order], network.end[order]
        names = ("resistance", "ratio", "loss", "reynolds_per_flow", "roughness", "rough", "known")
        edges = Edges(
            start,
            end,
            np.stack([getattr(network, name)[order] for name in names]),
            np.stack([network.height[order], network.start_k[order], network.end_k[order]]),
        )
        return cls(
            edges=edges,
            order=order,
            pattern=_pattern(n, int(plain.sum()), start, end, cluster, member),
            arcs=_arcs(network),
            tied=np.flatnonzero(~alone).astype(np.int32),
        )


def _place_in_group(group: NDArray[np.int32]) -> Ints:
    """How many before each one are in its group."""
    order = np.argsort(group, kind="stable")
    first = np.searchsorted(group[order], np.arange(group.max(initial=-1) + 1))
    place = np.empty(len(group), dtype=np.int32)
    place[order] = np.arange(len(group)) - first[group[order]]
    return place


def _pattern(n: int, plain: int, start: Ints, end: Ints, cluster: NDArray[np.int32], member: Ints) -> Pattern:
    groups = [
        np.flatnonzero(cluster == one)
        for one in np.unique(cluster[np.concatenate([start[plain:], end[plain:]])])
    ]
    members = {int(cluster[group[0]]): group for group in groups}
    pairs, firsts, widths = [], [], []
    count = 0
    for i, j in zip(start[plain:].tolist(), end[plain:].tolist(), strict=True):
        one, other = members[int(cluster[i])], members[int(cluster[j])]
        grid = np.stack([np.repeat(one, len(other)), np.tile(other, len(one))])
        firsts.append(count)
        widths.append(len(other))
        count += grid.shape[1]
        pairs.append(grid)
    more = np.concatenate([np.zeros((2, 0), dtype=np.int64), *pairs], axis=1)
    symbolic = analyze(n, np.concatenate([start[:plain], more[0]]), np.concatenate([end[:plain], more[1]]))
    entry = np.where(symbolic.edge_entry < 0, symbolic.entries, symbolic.edge_entry).astype(np.int32)
    return Pattern(
        symbolic.position,
        plain,
        entry[:plain],
        np.array(firsts, dtype=np.int32),
        np.array(widths, dtype=np.int32),
        entry[plain:],
        member,
        symbolic.column_start,
        symbolic.row,
        symbolic.target,
    )


def _arcs(network: KernelNetwork) -> Arcs:
    """Edges and ideal links both ways, regulators from inlet to outlet."""
    first = network.first_regulator
    edge = network.link < first
    tie = network.tie_link < first
    one_way = np.arange(first, first + len(network.regulator_inlet), dtype=np.int32)
    starts = (
        network.start[edge],
        network.end[edge],
        network.tie_start[tie],
        network.tie_end[tie],
        network.regulator_inlet,
    )
    ends = (
        network.end[edge],
        network.start[edge],
        network.tie_end[tie],
        network.tie_start[tie],
        network.regulator_outlet,
    )
    links = (network.link[edge], network.link[edge], network.tie_link[tie], network.tie_link[tie], one_way)
    none = np.full(2 * int(tie.sum()) + len(one_way), -1, dtype=np.int32)
    leaves = np.concatenate(starts)
    order = np.argsort(leaves, kind="stable")
    return Arcs(
        np.searchsorted(leaves[order], np.arange(network.node_count + 1)).astype(np.int32),
        np.concatenate(ends)[order].astype(np.int32),
        np.concatenate(links)[order].astype(np.int32),
        np.concatenate([network.gate[edge], network.gate[edge], none])[order].astype(np.int32),
    )
