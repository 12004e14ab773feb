"""The coloured map of a record: as GeoJSON, in a notebook, or as one offline HTML file."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

from citymains.errors import StateError
from citymains.messages import Text, register_messages
from citymains.model.known import known_network
from citymains.model.network import Network, NetworkRef
from citymains.model.record import Record
from citymains.report.geometry import Geometry, Place
from citymains.report.layers import Layer, layers_of

register_messages(
    {
        "NO_MAP": Text(
            "This record has nothing to draw: {value}.",
            "该结果没有可绘制的内容:{value}。",
            "Give the network it was calculated for: .map(network=net).",
            "请给出计算所用的管网:.map(network=net)。",
        ),
    }
)


def network_of(record: Record, network: NetworkRef | None = None) -> Network:
    """The network a record is drawn on.

    Parameters
    ----------
    record : Record
        An answer, or a Network, which is its own map.
    network : Network, id or path, optional
        The default is ``record.provenance.network``: where this process had it from, else the local store.

    Raises
    ------
    NotFoundError
        NETWORK_NOT_FOUND: this process has not seen it, and the store does not have it.
    StateError
        NO_MAP: the record belongs to no network.
    """
    if isinstance(network, Network):
        return network
    if network is None and isinstance(record, Network):
        return record
    reference = network if network is not None else record.provenance.network
    utility = record.provenance.question.partition(".")[0]
    if not reference or not utility:
        raise StateError("NO_MAP", value=record.provenance.question or type(record).__name__)
    known = known_network(reference) if isinstance(reference, str) else None
    if known is not None:
        return known
    from citymains.cities import City
    from citymains.workbench import Workbench

    return City("", Workbench()).utility(utility).network(reference)


@dataclass(frozen=True)
class Drawing:
    """A record's layers on their geometry: what every writer of maps starts from."""

    network: Network
    geometry: Geometry
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, record: Record, network: NetworkRef | None = None) -> Drawing:
        """Lay a record on its network; raises what :func:`network_of` does."""
        found = network_of(record, network)
        geometry = Geometry.of(found)
        return cls(found, geometry, tuple(layers_of(record, geometry)))


def geojson(record: Record, network: NetworkRef | None = None) -> dict[str, Any]:
    """The map of a record as a GeoJSON FeatureCollection (RFC 7946).

    Parameters
    ----------
    record : Record
    network : Network, id or path, optional
        See :func:`network_of`.

    Returns
    -------
    dict
        One feature per element and table: ``id`` is the element, ``properties`` hold ``table``
        and the table's row at the worst value. Coordinates are the model's own, unchanged;
        where the model names its reference system it stands in the member ``crs``, which RFC
        7946 readers take as a hint that they are not WGS 84.

    Raises
    ------
    NotFoundError, StateError
        See :func:`network_of`.
    """
    drawing = Drawing.of(record, network)
    features = [feature for layer in drawing.layers for feature in _features(layer)]
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if drawing.network.crs:
        collection["crs"] = {"type": "name", "properties": {"name": drawing.network.crs}}
    return collection


def _features(layer: Layer) -> Iterable[dict[str, Any]]:
    columns = {column.name: column.to_list() for column in layer.rows.columns}
    for row, place in enumerate(layer.places):
        properties = {"table": layer.name} | {name: _finite(values[row]) for name, values in columns.items()}
        yield {"type": "Feature", "id": place.id, "geometry": _shape(place), "properties": properties}


def _shape(place: Place) -> dict[str, Any]:
    if len(place.vertices) == 1:
        return {"type": "Point", "coordinates": list(place.vertices[0])}
    return {"type": "LineString", "coordinates": [list(vertex) for vertex in place.vertices]}


def _finite(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


@dataclass(frozen=True)
class Map:
    """The map of one record: draggable, zoomable, with tooltips; needs no network connection.

    Examples
    --------
    >>> report.map().save("pressure.html")  # doctest: +SKIP
    """

    record: Record
    network: Network

    @classmethod
    def of(cls, record: Record, network: NetworkRef | None = None) -> Map:
        """The map of a record; raises what :func:`network_of` does."""
        return cls(record, network_of(record, network))

    def html(self) -> str:
        """The map as one HTML page, everything inlined."""
        from citymains.report.html import map_page

        return map_page(self.record, self.network)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the map as one HTML file that opens offline; returns its path."""
        target = Path(path)
        target.write_text(self.html(), encoding="utf-8")
        return target

    def _repr_html_(self) -> str:
        import html

        page = html.escape(self.html(), quote=True)
        return f'<iframe srcdoc="{page}" style="width:100%;height:560px;border:0" sandbox="allow-scripts"></iframe>'
