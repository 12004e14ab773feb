"""GeoPackages read back by GDAL."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
from citymains.errors import MissingExtraError, StateError
from citymains.report.geopackage import write_geopackage


def test_layers_with_values_and_reference_system(tmp_path, network, report):
    geopandas = pytest.importorskip("geopandas", reason="extra gis is not installed")
    path = write_geopackage(report, tmp_path / "r.gpkg", replace(network, crs="EPSG:4547"))
    nodes = geopandas.read_file(path, layer="nodes").set_index("node")
    pipes = geopandas.read_file(path, layer="pipes")
    assert (len(nodes), len(pipes)) == (36, 60)
    assert nodes.crs.to_epsg() == 4547
    assert nodes.loc["节点1-2"].geometry.coords[0] == (200.0, 320.0)
    assert nodes.loc["节点1-2"].pressure_m == pytest.approx(36.4)
    assert set(pipes.geom_type) == {"LineString"}


def test_writing_again_replaces_the_file(tmp_path, network, report):
    geopandas = pytest.importorskip("geopandas", reason="extra gis is not installed")
    path = tmp_path / "r.gpkg"
    path.write_bytes(b"not a database")
    write_geopackage(report, path, network)
    assert len(geopandas.read_file(path, layer="nodes")) == 36


def test_without_the_extra_the_error_says_what_to_install(tmp_path, network, report, monkeypatch):
    monkeypatch.setitem(sys.modules, "geopandas", None)
    with pytest.raises(MissingExtraError, match="gis") as missing:
        write_geopackage(report, tmp_path / "r.gpkg", network)
    assert "citymains[gis]" in missing.value.fix_zh


def test_nothing_to_draw(tmp_path, network, report):
    pytest.importorskip("geopandas", reason="extra gis is not installed")
    with pytest.raises(StateError):
        write_geopackage(replace(report, tables=()), tmp_path / "r.gpkg", network)
