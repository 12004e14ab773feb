"""The pipes' law about the last iterate, compiled to vector instructions.

Pairs of a pipe and a scenario are laid out flat, a tile at a time, so that a tile's arrays stay in
the first cache. Each step writes one or two arrays and reads few: of a loop over more of them the
compiler does not prove that they are different ones, and falls back to one number at a time.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numba
import numpy as np
from citymains.kernels.rows import LANES, copy_row, fill_row, store_difference
from numpy.typing import NDArray

from citymains_gas.kernel_arrays import Edges, Lanes, Work
from citymains_gas.kernel_friction import friction

Floats = NDArray[np.float64]

#: Reynolds number below which a pipe's loss is taken as linear in the flow. Colebrook's law there has a loss
#: of some 1e-9 bar2 whatever the flow is, of either sign; between them no step would find rest.
_CREEPING: Final = 0.1
#: The slope is at least this share of twice loss over flow: Colebrook's law has none at vanishing flow.
_LEAST_SLOPE: Final = 0.25

#: Edges that are worked on at a time.
_TILE: Final = 32
_SIZE: Final = _TILE * LANES


class Tile(NamedTuple):
    """Pairs of an edge and a scenario; arrays [edge, lane], and the same flat where a step takes them so."""

    constant: Floats
    """Rows of :class:`~citymains_gas.kernel_arrays.Edges`' values and heights, [row, edge, lane]."""
    start: Floats
    """Absolute pressures at both ends [bar]."""
    end: Floats
    drop: Floats
    """Difference of the squares, the height's share included [bar2]."""
    active: Floats
    flow: Floats
    root: Floats


@numba.njit(cache=True, error_model="numpy")
def linearize(
    edges: Edges, z: Floats, law: int, has_height: bool, lanes: Lanes, work: Work, alike: bool
) -> None:
    """Conductance of every edge, and the flow it would have if no pressure moved; `alike` lanes are computed once."""
    tile = Tile(
        np.empty((10, _TILE, LANES)), np.empty((_TILE, LANES)), np.empty((_TILE, LANES)), np.empty((_TILE, LANES)),
        np.empty((_TILE, LANES)), np.empty((_TILE, LANES)), np.empty((_TILE, LANES)),
    )  # fmt: skip
    constant, drop, root = tile.constant.reshape(10, -1), tile.drop.reshape(-1), tile.root.reshape(-1)
    start, end = tile.start.reshape(-1), tile.end.reshape(-1)
    flow, active = tile.flow.reshape(-1), tile.active.reshape(-1)
    reynolds, factor, slope, mean = np.empty(_SIZE), np.empty(_SIZE), np.empty(_SIZE), np.empty(_SIZE)
    loss, rising, conductance, linear = np.empty(_SIZE), np.empty(_SIZE), np.empty(_SIZE), np.empty(_SIZE)
    step = _SIZE if alike else _TILE
    for first in range(0, edges.start.shape[0], step):
        some = min(step, edges.start.shape[0] - first)
        if alike:
            _gather_one(edges, first, some, has_height, lanes, tile)
        else:
            _gather(edges, first, some, has_height, lanes, tile)
        many = some if alike else some * LANES
        _compressibility(z, many, start, end, mean)
        if has_height:
            _heights(z, many, start, end, constant[7], constant[8], constant[9], drop)
        _reynolds(many, flow, constant[3], reynolds)
        friction(law, many, reynolds, constant[4], constant[5], root, factor, slope)
        _where_known(many, constant[6], factor, slope)
        _losses(many, constant[1], constant[2], factor)
        _slopes(many, reynolds, constant[3], constant[1], factor, slope, rising)
        _scales(many, constant[0], mean)
        _loss(many, mean, reynolds, constant[3], factor, loss)
        _conductance(many, active, mean, rising, conductance)
        _without_movement(many, active, flow, drop, loss, conductance, linear)
        if alike:
            _scatter_one(first, some, root, conductance, linear, lanes, work)
        else:
            _scatter(first, many, root, conductance, linear, lanes, work)


@numba.njit(cache=True)
def _gather(edges: Edges, first: int, some: int, has_height: bool, lanes: Lanes, tile: Tile) -> None:
    """Fill a tile with edges in eight scenarios."""
    for e in range(some):
        i, j = edges.start[first + e], edges.end[first + e]
        copy_row(tile.start, e, lanes.pressure, i)
        copy_row(tile.end, e, lanes.pressure, j)
        store_difference(tile.drop, e, lanes.square, i, lanes.square, j)
        copy_row(tile.active, e, lanes.active, first + e)
        copy_row(tile.flow, e, lanes.flow, first + e)
        copy_row(tile.root, e, lanes.root, first + e)
    for one in range(7):
        for e in range(some):
            fill_row(tile.constant[one], e, edges.values[one, first + e])
    if has_height:
        for one in range(3):
            for e in range(some):
                fill_row(tile.constant[7 + one], e, edges.height[one, first + e])


@numba.njit(cache=True)
def _gather_one(edges: Edges, first: int, some: int, has_height: bool, lanes: Lanes, tile: Tile) -> None:
    """Fill a tile with eight times as many edges of the first scenario."""
    start, end, drop = tile.start.reshape(-1), tile.end.reshape(-1), tile.drop.reshape(-1)
    active, flow, root = tile.active.reshape(-1), tile.flow.reshape(-1), tile.root.reshape(-1)
    constant = tile.constant.reshape(10, -1)
    for e in range(some):
        i, j = edges.start[first + e], edges.end[first + e]
        start[e], end[e] = lanes.pressure[i, 0], lanes.pressure[j, 0]
        drop[e] = lanes.square[i, 0] - lanes.square[j, 0]
        active[e], flow[e], root[e] = (
            lanes.active[first + e, 0],
            lanes.flow[first + e, 0],
            lanes.root[first + e, 0],
        )
    for one in range(7):
        constant[one, :some] = edges.values[one, first : first + some]
    if has_height:
        for one in range(3):
            constant[7 + one, :some] = edges.height[one, first : first + some]


@numba.njit(cache=True)
def _scatter(
    first: int, many: int, root: Floats, conductance: Floats, linear: Floats, lanes: Lanes, work: Work
) -> None:
    base = first * LANES
    lanes.root.reshape(-1)[base : base + many] = root[:many]
    work.conductance.reshape(-1)[base : base + many] = conductance[:many]
    work.linear.reshape(-1)[base : base + many] = linear[:many]


@numba.njit(cache=True)
def _scatter_one(
    first: int, some: int, root: Floats, conductance: Floats, linear: Floats, lanes: Lanes, work: Work
) -> None:
    for e in range(some):
        fill_row(lanes.root, first + e, root[e])
        fill_row(work.conductance, first + e, conductance[e])
        fill_row(work.linear, first + e, linear[e])


@numba.njit(cache=True, error_model="numpy")
def _compressibility(z: Floats, count: int, p: Floats, q: Floats, mean: Floats) -> None:
    """Z at the mean pressure of each edge."""
    offset, slope = z[0], z[1]
    if z[2] > 0.5:
        for at in range(count):
            total = p[at] + q[at]
            mean[at] = 1.0 / (offset + slope * (2.0 / 3.0) * (total - p[at] * q[at] / total))
    else:
        for at in range(count):
            total = p[at] + q[at]
            mean[at] = offset + slope * (2.0 / 3.0) * (total - p[at] * q[at] / total)


@numba.njit(cache=True, error_model="numpy")
def _heights(
    z: Floats, count: int, p: Floats, q: Floats, height: Floats, start_k: Floats, end_k: Floats, drop: Floats
) -> None:
    """Add the weight of the gas column to the difference of the squares."""
    offset, slope = z[0], z[1]
    if z[2] > 0.5:
        for at in range(count):
            density = (
                p[at] * (offset + slope * p[at]) / start_k[at] + q[at] * (offset + slope * q[at]) / end_k[at]
            )
            drop[at] += height[at] * density * (p[at] + q[at])
    else:
        for at in range(count):
            density = p[at] / ((offset + slope * p[at]) * start_k[at]) + q[at] / (
                (offset + slope * q[at]) * end_k[at]
            )
            drop[at] += height[at] * density * (p[at] + q[at])


@numba.njit(cache=True, error_model="numpy")
def _reynolds(count: int, flow: Floats, per_flow: Floats, reynolds: Floats) -> None:
    for at in range(count):
        one = abs(flow[at]) * per_flow[at]
        reynolds[at] = one if one > _CREEPING else _CREEPING


@numba.njit(cache=True, error_model="numpy")
def _where_known(count: int, known: Floats, factor: Floats, slope: Floats) -> None:
    """Factors that are given take the places of those of the law."""
    for at in range(count):
        factor[at] = known[at] if known[at] > 0.0 else factor[at]
        slope[at] = 0.0 if known[at] > 0.0 else slope[at]


@numba.njit(cache=True, error_model="numpy")
def _losses(count: int, ratio: Floats, local: Floats, factor: Floats) -> None:
    """From the factor to ``f L / d + zeta``, in place."""
    for at in range(count):
        factor[at] = ratio[at] * factor[at] + local[at]


@numba.njit(cache=True, error_model="numpy")
def _slopes(
    count: int,
    reynolds: Floats,
    per_flow: Floats,
    ratio: Floats,
    whole: Floats,
    slope: Floats,
    rising: Floats,
) -> None:
    """How the loss changes with the flow, before it is scaled."""
    for at in range(count):
        amount = reynolds[at] / per_flow[at]
        steep = amount * (2.0 * whole[at] + ratio[at] * slope[at])
        least = _LEAST_SLOPE * 2.0 * amount * whole[at]
        steep = steep if steep > least else least
        creeping = amount * whole[at]
        rising[at] = steep if reynolds[at] > _CREEPING else creeping


@numba.njit(cache=True, error_model="numpy")
def _scales(count: int, resistance: Floats, mean: Floats) -> None:
    """From the compressibility to the scale of the loss, in place."""
    for at in range(count):
        mean[at] *= resistance[at]


@numba.njit(cache=True, error_model="numpy")
def _loss(count: int, scale: Floats, reynolds: Floats, per_flow: Floats, whole: Floats, loss: Floats) -> None:
    """The loss of a flow of 1 kg/s at the size the flow has."""
    for at in range(count):
        loss[at] = scale[at] * (reynolds[at] / per_flow[at]) * whole[at]


@numba.njit(cache=True, error_model="numpy")
def _conductance(count: int, active: Floats, scale: Floats, rising: Floats, conductance: Floats) -> None:
    for at in range(count):
        conductance[at] = active[at] / (scale[at] * rising[at])


@numba.njit(cache=True, error_model="numpy")
def _without_movement(
    count: int, active: Floats, flow: Floats, drop: Floats, loss: Floats, conductance: Floats, linear: Floats
) -> None:
    """Flow that the pressures of now ask for."""
    for at in range(count):
        linear[at] = active[at] * flow[at] + (drop[at] - loss[at] * flow[at]) * conductance[at]
