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
from citymains.model.finding import Finding
from citymains.model.network import Network, NetworkRef
from citymains.model.record import Record
from citymains.report.geometry import Geometry, Place
from citymains.report.layers import Layer, layers_of

register_messages({
    "NO_MAP": Text(
        "This record has nothing to draw: {value}.", "该结果没有可绘制的内容:{value}。",
        "Give the network it was calculated for: .map(network=net).", "请给出计算所用的管网:.map(network=net)。"),
})


def network_of(record: Record, network: NetworkRef | None = None) -> Network:
    """The network a record is drawn on.

    Parameters
    ----------
    record : Record
        An answer, or a Network, which is its own map.
    network : Network, id or path, optional
        The default is looked up in the local store by ``record.provenance.network``.

    Raises
    ------
    NotFoundError
        NETWORK_NOT_FOUND: the store does not have it (a remote answer, say).
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


def scene(record: Record, network: Network) -> dict[str, Any]:
    """What the page's script draws: plain lists, ready for JSON.

    Coordinates are rounded to a thousandth of a metre (or a ten-millionth of a degree).
    """
    from citymains.report.titles import column_title, table_title
    from citymains.units import unit_of

    drawing = Drawing.of(record, network)
    geometry = drawing.geometry
    digits = 7 if geometry.geographic else 3
    coloured = {place.id for layer in drawing.layers if layer.value_column for place in layer.places}
    layers = []
    for layer in drawing.layers:
        if not layer.value_column:
            continue
        title, value = table_title(layer.name), column_title(layer.value_column)
        layers.append({
            "name": layer.name, "zh": title.zh, "en": title.en, "links": layer.of_links, "worst": layer.worst,
            "value": {"zh": value.zh, "en": value.en, "unit": unit_of(layer.value_column)},
            "ids": [place.id for place in layer.places],
            "xy": [_flat(place, digits) for place in layer.places],
            "width": [_finite(round(place.width_mm, 1)) for place in layer.places] if layer.of_links else [],
            "values": [_short(number) for number in layer.values.tolist()],
            "columns": _tooltip_columns(layer),
        })
    return {
        "schematic": geometry.schematic, "geographic": geometry.geographic,
        "layers": layers, "base": _base(geometry, coloured, digits), "symbols": _symbols(geometry, digits),
        "marks": _marks(record.findings, geometry, digits),
    }


def _flat(place: Place, digits: int) -> list[float]:
    return [round(number, digits) for vertex in place.vertices for number in vertex]


def _short(value: Any) -> Any:
    """A number as a tooltip shows it; the exact one stands in the tables."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _tooltip_columns(layer: Layer) -> list[dict[str, Any]]:
    from citymains.report.titles import column_title

    shown = []
    for column in layer.rows.columns:
        title = column_title(column.name)
        values = [_short(value) for value in column.to_list()]
        shown.append({"zh": title.zh, "en": title.en, "unit": column.unit, "name": column.name, "values": values})
    return shown


def _base(geometry: Geometry, coloured: set[str], digits: int) -> list[dict[str, Any]]:
    """Links that no layer colours, in one grey list."""
    return [
        {"id": place.id, "table": name, "xy": _flat(place, digits)}
        for name in geometry.link_tables
        for place in geometry.tables[name].values()
        if place.id not in coloured and len(place.vertices) > 1
    ]


def _symbols(geometry: Geometry, digits: int) -> list[dict[str, Any]]:
    """Equipment: every node and link table but the largest of each, as symbols."""
    from citymains.report.titles import table_title

    shown = []
    for names in (geometry.node_tables, geometry.link_tables):
        common = max(names, key=lambda name: len(geometry.tables[name]), default="")
        for name in names:
            places = geometry.tables[name]
            if name == common or not places or len(places) * 2 > len(geometry.tables[common]):
                continue
            title = table_title(name)
            points = [[*(round(number, digits) for number in place.middle), place.id] for place in places.values()]
            shown.append({"name": name, "zh": title.zh, "en": title.en, "points": points})
    return shown


def _marks(findings: Iterable[Finding], geometry: Geometry, digits: int) -> list[dict[str, Any]]:
    """Where the findings are; several on one element share a mark."""
    marks: dict[str, dict[str, Any]] = {}
    for one in findings:
        place = geometry.anywhere(one.element)
        if place is None:
            continue
        mark = marks.setdefault(one.element, {
            "id": one.element, "xy": [round(number, digits) for number in place.middle], "severity": "NOTE",
            "zh": [], "en": [],
        })
        if one.severity.value != "NOTE" and mark["severity"] != "REJECTED":
            mark["severity"] = one.severity.value
        mark["zh"].append(one.message_zh)
        mark["en"].append(one.message_en)
    return list(marks.values())
