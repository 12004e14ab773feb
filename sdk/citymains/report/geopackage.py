"""The map of a record as a GeoPackage, for GIS programs."""

from __future__ import annotations

import warnings
from os import PathLike
from pathlib import Path
from typing import Any

from citymains.errors import MissingExtraError, StateError
from citymains.model.network import NetworkRef
from citymains.model.record import Record
from citymains.report.geometry import Place
from citymains.report.map import Drawing


def write_geopackage(record: Record, path: str | PathLike[str], network: NetworkRef | None = None) -> Path:
    """Write every map layer of a record as a layer of one GeoPackage.

    Parameters
    ----------
    record : Record
    path : path
        File to write (.gpkg); an existing one is replaced.
    network : Network, id or path, optional
        See :func:`citymains.report.map.network_of`.

    Returns
    -------
    Path
        The file written. Points and lines of one table are two layers, ``name`` and ``name_points``.

    Raises
    ------
    MissingExtraError
        The extra ``gis`` is not installed.
    NotFoundError, StateError
        The network is not at hand, or there is nothing to draw.
    """
    try:
        import geopandas
        import pyogrio  # noqa: F401 -- what geopandas writes with
        import shapely  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError(field="GeoPackage", value=error.name, limit="gis") from error
    drawing = Drawing.of(record, network)
    target = Path(path)
    target.unlink(missing_ok=True)
    written = 0
    for layer in drawing.layers:
        frame = layer.rows.frame()
        of_lines = [len(place.vertices) > 1 for place in layer.places]
        for lines in (True, False):
            rows = [row for row, is_line in enumerate(of_lines) if is_line is lines]
            if not rows:
                continue
            shapes = [_shape(shapely, layer.places[row]) for row in rows]
            part = geopandas.GeoDataFrame(
                _plain(frame.iloc[rows]), geometry=shapes, crs=drawing.network.crs or None
            )
            name = layer.name if lines or all(not one for one in of_lines) else f"{layer.name}_points"
            with warnings.catch_warnings():
                # A model without a reference system has none in GIS either; that is no news.
                warnings.filterwarnings("ignore", message="'crs' was not provided")
                part.to_file(target, layer=name, driver="GPKG", engine="pyogrio")
            written += 1
    if not written:
        raise StateError("NO_MAP", value=record.provenance.question)
    return target


def _shape(shapely: Any, place: Place) -> Any:
    return (
        shapely.Point(place.vertices[0]) if len(place.vertices) == 1 else shapely.LineString(place.vertices)
    )


def _plain(frame: Any) -> Any:
    """Decimals become text: GeoPackage has no exact numbers."""
    from decimal import Decimal

    out = frame.copy()
    for name in out.columns:
        if out[name].dtype == object and out[name].map(lambda value: isinstance(value, Decimal)).any():
            out[name] = out[name].map(lambda value: None if value is None else str(value))
    return out
