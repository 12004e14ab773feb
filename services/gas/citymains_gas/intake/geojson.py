"""GeoJSON as rows."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from citymains.errors import issue
from citymains.intake.pandapipes_json import parse_file
from citymains.intake.source import SourceFile

from citymains_gas.intake.rows import Point, Rows

_MARK = re.compile(rb'"type"\s*:\s*"FeatureCollection"')


def is_geojson(file: SourceFile) -> bool:
    """Whether a file is a FeatureCollection."""
    return file.content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and bool(_MARK.search(file.content))


def geojson_rows(file: SourceFile) -> Rows:
    """The features of a FeatureCollection.

    Lines may be LineString or a MultiLineString of one line; a feature without geometry keeps its
    properties.
    """
    rows = Rows()
    value = parse_file(file, rows.issues.append)
    features = value.get("features") if isinstance(value, Mapping) else None
    if not isinstance(features, list):
        if value is not None:
            rows.issues.append(
                issue("FILE_WRONG_FORMAT", file=file.name, value="no features", limit="GeoJSON")
            )
        return rows
    rows.crs = _crs(value)
    for number, feature in enumerate(features, 2):
        content = feature if isinstance(feature, Mapping) else {}
        properties = content.get("properties")
        record = {str(key): one for key, one in properties.items()} if isinstance(properties, Mapping) else {}
        if "id" not in record and isinstance(content.get("id"), str | int):
            record["id"] = content["id"]
        line = _line(content.get("geometry"))
        if line is None:
            rows.issues.append(
                issue(
                    "GAS_LEDGER_GEOMETRY", file=file.name, line=number, value=str(content.get("geometry"))[:60],
                    limit="Point, LineString",
                )
            )  # fmt: skip
        rows.add(record, line or [])
    return rows


def _crs(value: Mapping[str, Any]) -> str:
    """The old member ``crs``, as ``EPSG:4547``; without it GeoJSON is longitude and latitude."""
    named = value.get("crs")
    name = named.get("properties", {}).get("name", "") if isinstance(named, Mapping) else ""
    found = re.search(r"EPSG:+(\d+)$", str(name))
    return f"EPSG:{found[1]}" if found else "" if named else "EPSG:4326"


def _line(geometry: Any) -> list[Point] | None:
    """Points of a geometry; none where there is no geometry; None where it cannot be taken."""
    if geometry is None:
        return []
    if not isinstance(geometry, Mapping):
        return None
    kind, places = geometry.get("type"), geometry.get("coordinates")
    if kind == "Point":
        places = [places]
    elif kind == "MultiLineString" and isinstance(places, list) and len(places) == 1:
        places = places[0]
    elif kind != "LineString":
        return None
    if not isinstance(places, list) or not places:
        return None
    points = []
    for place in places:
        numbers = place[:2] if isinstance(place, list) else []
        if len(numbers) < 2 or not all(
            isinstance(one, int | float) and not isinstance(one, bool) for one in numbers
        ):
            return None
        points.append((float(numbers[0]), float(numbers[1])))
    return points
