"""What the page's script draws of a record: layers, context and findings as plain lists."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains.model.finding import Finding
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.report.geometry import Geometry
from citymains.report.layers import Layer
from citymains.report.map import Drawing
from citymains.report.titles import column_title, table_title

# Links shorter than this share of the map (a substation between supply and return) are drawn as points.
_SHORT = 0.02
# One scale cannot show two groups of values further apart than twice the wider of them, or tenfold.
_APART, _TENFOLD = 2.0, 10.0


def scene(record: Record, network: Network) -> dict[str, Any]:
    """Everything on the map of a record, ready for JSON.

    Coordinates are rounded to a thousandth of a metre (or a ten-millionth of a degree).
    """
    drawing = Drawing.of(record, network)
    geometry = drawing.geometry
    digits = 7 if geometry.geographic else 3
    coloured = [layer for layer in drawing.layers if layer.value_column]
    layers = [one for layer in coloured for one in _layers(layer, geometry, digits)]
    _show_first(layers)
    return {
        "schematic": geometry.schematic,
        "geographic": geometry.geographic,
        # Without a reference system nobody knows what one unit of the coordinates is.
        "metric": bool(network.crs) and not geometry.geographic,
        "layers": layers,
        "base": _base(geometry, digits),
        "symbols": _symbols(geometry, coloured, digits),
        "marks": _marks(record.findings, geometry, digits),
    }


def _show_first(layers: list[dict[str, Any]]) -> None:
    """Show the first table drawn as points and the first drawn as lines; the others wait for a click."""
    seen: dict[bool, str] = {}
    for layer in layers:
        layer["shown"] = seen.setdefault(layer["links"], layer["name"]) == layer["name"]


def _layers(layer: Layer, geometry: Geometry, digits: int) -> Iterable[dict[str, Any]]:
    """A layer, or the two groups its values fall into, each with a scale of its own."""
    links = layer.of_links and not _short(layer, geometry)
    usual = np.where(layer.usual, layer.values, np.nan)
    whole = layer.centre is not None or layer.labels
    groups = [np.arange(len(usual))] if whole else value_groups(usual)
    for group, rows in enumerate(groups):
        title, value = table_title(layer.name), column_title(layer.value_column)
        zh, en = (("·低", " (low)"), ("·高", " (high)"))[group] if len(groups) > 1 else ("", "")
        places = [layer.places[row] for row in rows]
        yield {
            "name": layer.name,
            "zh": title.zh,
            "en": title.en,
            "links": links,
            "worst": layer.worst,
            "value": {"zh": value.zh + zh, "en": value.en + en, "unit": layer.unit},
            "centred": layer.centre is not None,
            "labels": [{"value": code, "text": f"{zh} {en}"} for code, zh, en in layer.labels],
            "ids": [place.id for place in places],
            "xy": [_flat(place.vertices if links else (place.middle,), digits) for place in places],
            "width": [None if math.isnan(place.width_mm) else round(place.width_mm, 1) for place in places]
            if links
            else [],
            "range": scale_range(usual[rows], layer.centre),
            "values": [_rounded(number) for number in layer.values[rows].tolist()],
            "columns": _tooltip_columns(layer, rows),
        }


def value_groups(values: NDArray[np.float64]) -> list[NDArray[np.int64]]:
    """Rows of the values, in two groups where a wide gap parts them.

    Medium and low gas pressure, supply and return temperature: on one scale each group would
    be a single colour. Both groups need at least a twentieth of the values, and three.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        NaN is missing, and goes with the lower group.

    Returns
    -------
    list of ndarray of int
        One array of rows, or two: low, high.
    """
    ranked = np.sort(values[np.isfinite(values)])
    everything = np.arange(len(values))
    fewest = max(3, len(ranked) // 20)
    for last in _candidates(ranked, fewest):
        low, high = ranked[: last + 1], ranked[last + 1 :]
        gap, widest = high[0] - low[-1], max(np.ptp(low), np.ptp(high))
        if gap > _APART * widest or (low[0] > 0 and high[0] > _TENFOLD * low[-1]):
            above = values > low[-1]
            return [everything[~above], everything[above]]
    return [everything]


def _candidates(ranked: NDArray[np.float64], fewest: int) -> list[int]:
    """Last value of the lower group where the widest gap is, and where the largest ratio is."""
    if len(ranked) < 2 * fewest:
        return []
    below, above = ranked[fewest - 1 : -fewest], ranked[fewest : len(ranked) - fewest + 1]
    found = [int(np.argmax(above - below))]
    if below[0] > 0:
        found.append(int(np.argmax(above / below)))
    return [fewest - 1 + at for at in found]


def scale_range(values: NDArray[np.float64], centre: float | None = None) -> list[float]:
    """Ends of the colour scale: the 1st and 99th percentile, because outliers would flatten it.

    About a centre the 95th percentile of the distances is the end on both sides, so that equal
    colours are equally far from it.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return [0.0, 1.0]
    if centre is not None:
        far = float(np.percentile(np.abs(known - centre), 95, method="closest_observation"))
        far = float(f"{far or float(np.abs(known - centre).max()) or 1.0:.4g}")
        return [centre - far, centre + far]
    low, high = (float(end) for end in np.percentile(known, (1, 99), method="closest_observation"))
    if high - low <= abs(high) * 1e-6:
        low, high = float(known.min()), float(known.max())
    if high - low <= abs(high) * 1e-6:
        pad = max(abs(high) * 0.01, 1e-6)
        low, high = low - pad, high + pad
    return [float(f"{low:.4g}"), float(f"{high:.4g}")]


def _short(layer: Layer, geometry: Geometry) -> bool:
    """Whether a layer of links is drawn as points; the pipes themselves never are."""
    pipes = max(geometry.link_tables, key=lambda name: len(geometry.tables[name]), default="")
    lengths = [
        math.dist(place.vertices[0], place.vertices[-1]) for place in layer.places if place.table != pipes
    ]
    equipment = len(lengths) * 2 > len(layer.places)
    return equipment and float(np.median(lengths)) < _SHORT * geometry.extent


def _flat(vertices: Iterable[tuple[float, float]], digits: int) -> list[float]:
    return [round(number, digits) for vertex in vertices for number in vertex]


def _rounded(value: Any) -> Any:
    """A number as a tooltip shows it; the exact one stands in the tables."""
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _tooltip_columns(layer: Layer, rows: NDArray[np.int64]) -> list[dict[str, Any]]:
    shown = []
    for column in layer.rows.take(rows).columns:
        title = column_title(column.name)
        values = [_rounded(value) for value in column.to_list()]
        shown.append(
            {"zh": title.zh, "en": title.en, "unit": column.unit, "name": column.name, "values": values}
        )
    return shown


def _base(geometry: Geometry, digits: int) -> list[dict[str, Any]]:
    """Every link, in grey under whatever colours it."""
    return [
        {"id": place.id, "xy": _flat(place.vertices, digits)}
        for name in geometry.link_tables
        for place in geometry.tables[name].values()
        if len(place.vertices) > 1
    ]


def _symbols(geometry: Geometry, coloured: list[Layer], digits: int) -> list[dict[str, Any]]:
    """Equipment as symbols: what is neither coloured nor most of the nodes or links."""
    drawn = {place.id for layer in coloured for place in layer.places if place.table == layer.name}
    node_tables = [name for name in geometry.tables if name not in geometry.link_tables]
    shown = []
    for names in (node_tables, list(geometry.link_tables)):
        common = max(names, key=lambda name: len(geometry.tables[name]), default="")
        for name in names:
            places = [
                place
                for one, place in geometry.tables[name].items()
                if one not in drawn or name in node_tables
            ]
            if name == common or not places or len(places) * 2 > len(geometry.tables[common]):
                continue
            title = table_title(name)
            points = [[*_flat((place.middle,), digits), place.id] for place in places]
            shown.append({"name": name, "zh": title.zh, "en": title.en, "points": points})
    return shown


def _marks(findings: Iterable[Finding], geometry: Geometry, digits: int) -> list[dict[str, Any]]:
    """Where the findings are; several on one element share a mark."""
    marks: dict[str, dict[str, Any]] = {}
    for one in findings:
        place = geometry.anywhere(one.element)
        if place is None:
            continue
        mark = marks.setdefault(
            one.element,
            {
                "id": one.element,
                "xy": _flat((place.middle,), digits),
                "severity": "NOTE",
                "zh": [],
                "en": [],
            },
        )
        if one.severity.value != "NOTE" and mark["severity"] != "REJECTED":
            mark["severity"] = one.severity.value
        mark["zh"].append(one.message_zh)
        mark["en"].append(one.message_en)
    return list(marks.values())
