"""What a map shows of a record: one layer per table with a map, the worst value of every element."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.table import Coded, Column, Kind, MapLayer, Table
from citymains.report.geometry import Geometry, Place


@dataclass(frozen=True)
class Layer:
    """One table on the map.

    Attributes
    ----------
    name : str
        Name of the table.
    value_column : str
        Column that colours it; empty where nothing does.
    worst : {"min", "max"}
    centre : float or None
    labels : tuple of (float, str, str)
        As of `citymains.model.table.MapLayer`.
    places : tuple of Place
        One per drawn element.
    values : ndarray of float, shape (len(places),)
        The worst value of each; NaN is missing.
    rows : Table
        The table at the worst row of each element, in the order of ``places``.
    lost : tuple of str
        Elements that have a result but no place.
    """

    name: str
    value_column: str
    worst: str
    places: tuple[Place, ...]
    values: NDArray[np.float64]
    rows: Table
    lost: tuple[str, ...] = ()
    centre: float | None = None
    labels: tuple[tuple[float, str, str], ...] = ()
    mixed: bool = False
    """Whether its elements are of several tables by design, as those of a ranking are."""

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.rows[self.value_column].unit

    @property
    def of_links(self) -> bool:
        """Whether most of it is drawn as lines."""
        return sum(len(place.vertices) > 1 for place in self.places) * 2 > len(self.places)

    @property
    def usual(self) -> NDArray[np.bool_]:
        """Which places are of the table most of them are of.

        Where a network is served is what a map is about; its reservoirs, tanks and forebays
        have values of another kind, which must not set the scale.
        """
        tables = [place.table for place in self.places]
        if self.mixed:
            return np.ones(len(tables), dtype=bool)
        common = max(set(tables), key=tables.count, default="")
        return np.array([table == common for table in tables], dtype=bool)


def layers_of(record: Record, geometry: Geometry) -> list[Layer]:
    """Every table of a record that a map shows.

    Of a Network every element table is a layer without a colour.
    """
    if isinstance(record, Network):
        return [
            _plain_layer(record.data(name), geometry) for name in geometry.tables if len(record.data(name))
        ]
    by_name = {table.name: table for table in record.tables}
    return [
        _layer(by_name[spec.name], spec.map, geometry)
        for spec in type(record).TABLES
        if spec.map is not None and spec.name in by_name
    ]


def worst_rows(table: Table, layer: MapLayer) -> NDArray[np.int64]:
    """Row of the worst value of each element, in order of the elements' first appearance.

    Missing values lose against every number; of equal ones the first row wins. A flow or a
    velocity is as bad against the link's direction as along it: its magnitude counts.
    """
    codes = _codes(table[layer.element_column])
    values = drawn_values(table, layer)
    key = np.where(np.isnan(values), np.inf, values if layer.worst == "min" else -values)
    order = np.lexsort((np.arange(len(key)), key, codes))
    sorted_codes = codes[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = sorted_codes[1:] != sorted_codes[:-1]
    rows = order[first & (sorted_codes >= 0)]
    return rows.astype(np.int64)


def worst_first(layer: Layer) -> Table:
    """The rows of a layer from worst to best, without what has no value and what is not :attr:`Layer.usual`."""
    rows = np.flatnonzero(layer.usual & np.isfinite(layer.values))
    values = layer.values[rows] if layer.worst == "min" else -layer.values[rows]
    return layer.rows.take(rows[np.argsort(values, kind="stable")])


def drawn_values(table: Table, layer: MapLayer) -> NDArray[np.float64]:
    """The values a layer is coloured by: those of its column, of flows and velocities the magnitude."""
    values = _values(table[layer.value_column])
    directed = layer.worst == "max" and any(word in layer.value_column for word in ("flow", "velocity"))
    return np.abs(values) if directed else values


def _layer(table: Table, layer: MapLayer, geometry: Geometry) -> Layer:
    rows = worst_rows(table, layer)
    worst = table.take(rows)
    ids = [str(one) for one in worst[layer.element_column].to_list()]
    places = [geometry.find(one, name) for one, name in zip(ids, _tables(worst, layer), strict=True)]
    kept = np.array([place is not None for place in places], dtype=bool)
    shown = worst.take(kept)
    return Layer(
        name=table.name,
        value_column=layer.value_column,
        worst=layer.worst,
        places=tuple(place for place in places if place is not None),
        values=drawn_values(shown, layer),
        rows=shown,
        lost=tuple(one for one, place in zip(ids, places, strict=True) if place is None),
        centre=layer.centre,
        labels=layer.labels,
        mixed=not layer.geometry,
    )


def _tables(rows: Table, layer: MapLayer) -> list[str]:
    """The element table of each row: the layer's, or what a column ``kind`` says in the singular.

    A node and a pipe may have the same id.
    """
    if layer.geometry or "kind" not in rows:
        return [layer.geometry] * len(rows)
    return [f"{kind}s" if kind else "" for kind in rows["kind"].to_list()]


def _plain_layer(table: Table, geometry: Geometry) -> Layer:
    ids = [one or "" for one in table.texts("id")]
    places = [geometry.tables[table.name].get(one) for one in ids]
    kept = np.array([place is not None for place in places], dtype=bool)
    shown = tuple(place for place in places if place is not None)
    return Layer(
        name=table.name,
        value_column="",
        worst="max",
        places=shown,
        values=np.full(len(shown), np.nan),
        rows=table.take(kept),
        lost=tuple(one for one, place in zip(ids, places, strict=True) if place is None),
    )


def _codes(column: Column) -> NDArray[Any]:
    if isinstance(column.values, Coded):
        return column.values.compact().indices
    return np.unique(column.values, return_inverse=True)[1]


def _values(column: Column) -> NDArray[np.float64]:
    if isinstance(column.values, Coded):
        if column.kind is Kind.DECIMAL:
            return np.array(
                [np.nan if one is None else float(one) for one in column.to_list()], dtype=np.float64
            )
        return np.full(len(column), np.nan)
    return column.values.astype(np.float64)
