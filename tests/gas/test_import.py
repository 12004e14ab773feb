"""Networks from ledgers, GIS files and STANET: what is read, what is told, what is refused."""

from __future__ import annotations

import importlib.util
import json
import sqlite3
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains_gas.utility import Gas

LEDGER = """编号,类型,起点,终点,节点,管长,外径,壁厚,材质,压力级制,压力(MPa),用气量,所在管段
GD-1,管段,门站,甲,,1000,219.1,6,钢,中压A,,,
GD-2,管段,乙,丙,,200,110,10,PE,低压,,,
TY-1,调压箱,甲,乙,,,,,,,0.0028,,
QY-1,门站,,,门站,,,,,,0.3,,
YH-1,用户,,,丙,,,,,,,20,
FM-1,阀门,,,乙,,,,,,,,GD-2
"""

STANET_FILES = (
    Path(str(importlib.util.find_spec("pandapipes").origin)).parent
    / "test"
    / "converter"
    / "converter_test_files"  # type: ignore[union-attr]
)


def codes(issues: Any) -> list[str]:
    return [one.code for one in issues]


def test_a_ledger_of_an_office(gas: Gas, tmp_path: Path) -> None:
    """Chinese headings in GBK, pressures in MPa, outer diameters and walls, roughness by material."""
    path = tmp_path / "管网 台账.csv"
    path.write_bytes(LEDGER.encode("gb18030"))
    net = gas.load(path)
    pipes = net.table("pipes").set_index("id")
    assert pipes.loc["GD-1", "inner_diameter_mm"] == pytest.approx(207.1)
    assert pipes.loc["GD-2", "inner_diameter_mm"] == pytest.approx(90.0)
    assert pipes.loc["GD-2", "roughness_mm"] == 0.01
    assert net.table("regulators").pressure_kpa[0] == pytest.approx(2.8)
    assert (
        dict(zip(net.table("junctions").id, net.table("junctions").pressure_class, strict=True))["丙"]
        == "low"
    )
    assert {"GAS_LEDGER_FLUID", "GAS_LEDGER_ROUGHNESS"} <= set(codes(net.repairs))
    report = gas.pressure(net)
    assert report.verdict == "VALID"
    assert report.frame().set_index("node").pressure_kpa["乙"] == pytest.approx(2.8, abs=1e-6)
    assert report.required_kg_per_s == pytest.approx(20 * 0.7332 / 3600, rel=0.05)


def test_the_offices_own_headings(gas: Gas, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text(LEDGER.replace("外径", "D外").replace("起点", "FNODE"), encoding="utf-8")
    assert {one.field for one in gas_issues(gas, path) if one.code == "GAS_LEDGER_NO_END"} == {"from_node"}
    columns = {"outer_diameter_mm": "D外", "from_node": "FNODE"}
    assert gas.load(path, columns=columns).counts["pipes"] == 2
    assert gas.validate(path, columns=columns).error_count == 0
    with pytest.raises(InputError) as caught:
        gas.load(path, columns={"from_node": "没有这列"})
    assert caught.value.code == "LEDGER_COLUMN_UNKNOWN"


def gas_issues(gas: Gas, path: Path) -> Any:
    with pytest.raises(InputError) as caught:
        gas.load(path)
    return caught.value.issues


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (("FM-1,阀门,,,乙,,,,,,,,GD-2", "FM-1,阀门,,,乙,,,,,,,,GD-9"), "GAS_LEDGER_VALVE_NOWHERE"),
        (("FM-1,阀门,,,乙", "FM-1,阀门,,,门站"), "PIPES_VALVE_OFF_PIPE"),
        (("QY-1,门站,,,门站,,,,,,0.3", "QY-1,门站,,,门站,,,,,,"), "GAS_LEDGER_NO_PRESSURE"),
        (("YH-1,用户,,,丙,,,,,,,20", "YH-1,用户,,,丙,,,,,,,"), "GAS_LEDGER_NO_FLOW"),
        (("YH-1,用户,,,丙,,,,,,,20", "YH-1,用户,,,丙,,,,,,,-20"), "LEDGER_OUT_OF_RANGE"),
        (("219.1,6", ","), "GAS_LEDGER_NO_DIAMETER"),
        (("GD-1,管段,门站,甲,,1000", "GD-1,管段,门站,甲,,"), "GAS_LEDGER_NO_LENGTH"),
        (("中压A", "中压Z"), "PIPES_PRESSURE_CLASS"),
        (("GD-2,管段", "GD-1,管段"), "PIPES_ID_DUPLICATE"),
        (("TY-1,调压箱,甲,乙", "TY-1,调压箱,丁,乙"), "PIPES_REGULATOR_NO_UPSTREAM"),
    ],
)
def test_what_is_wrong_is_named_by_row(gas: Gas, tmp_path: Path, change: tuple[str, str], code: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(LEDGER.replace(*change), encoding="utf-8")
    found = [one for one in gas_issues(gas, path) if one.code == code]
    assert found, codes(gas_issues(gas, path))
    assert found[0].message_zh
    assert found[0].message_en


def features(*items: tuple[dict[str, Any], Any]) -> bytes:
    made = [
        {"type": "Feature", "properties": properties, "geometry": geometry} for properties, geometry in items
    ]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4547"}}
    return json.dumps(
        {"type": "FeatureCollection", "crs": crs, "features": made}, ensure_ascii=False
    ).encode()


def line(*points: tuple[float, float]) -> dict[str, Any]:
    return {"type": "LineString", "coordinates": [list(point) for point in points]}


def point(x: float, y: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [x, y]}


TOWN = [
    ({"id": "A", "nominal_diameter_mm": 150, "material": "steel"}, line((0, 0), (300, 400), (600, 400))),
    ({"id": "B", "nominal_diameter_mm": 100, "material": "PE100"}, line((600.02, 400), (600, 900))),
    ({"id": "S", "kind": "source", "pressure_kpa": 200}, point(0, 0.01)),
    ({"id": "C", "kind": "customer", "flow_m3_per_h": 50}, point(600, 900)),
]


def test_geojson_meets_at_its_ends(gas: Gas, tmp_path: Path) -> None:
    path = tmp_path / "town.geojson"
    path.write_bytes(features(*TOWN))
    net = gas.load(path)
    assert net.crs == "EPSG:4547"
    assert net.counts["junctions"] == 3
    assert net.table("pipes").set_index("id").length_m["A"] == pytest.approx(800.0)
    assert len(net.table("vertices")) == 1
    report = gas.pressure(net)
    assert report.verdict == "VALID"
    assert report.unsupplied_node_count == 0


def test_a_geometry_that_cannot_be_taken(gas: Gas, tmp_path: Path) -> None:
    path = tmp_path / "town.geojson"
    path.write_bytes(features(*TOWN, ({"id": "D"}, {"type": "Polygon", "coordinates": []})))
    (found,) = [one for one in gas_issues(gas, path) if one.code == "GAS_LEDGER_GEOMETRY"]
    assert found.line == 6


def blob(geometry: dict[str, Any]) -> bytes:
    head = b"GP\x00\x01" + struct.pack("<i", 4547)
    if geometry["type"] == "Point":
        return head + struct.pack("<BI2d", 1, 1, *geometry["coordinates"])
    places = geometry["coordinates"]
    return head + struct.pack(
        f"<BII{2 * len(places)}d", 1, 2, len(places), *(v for place in places for v in place)
    )


def test_geopackage_layer_by_layer(gas: Gas, tmp_path: Path) -> None:
    path = tmp_path / "管网.gpkg"
    base = sqlite3.connect(path)
    base.executescript(
        "CREATE TABLE gpkg_contents(table_name TEXT, data_type TEXT, identifier TEXT, srs_id INTEGER);"
        "CREATE TABLE gpkg_geometry_columns(table_name TEXT, column_name TEXT, geometry_type_name TEXT, srs_id INTEGER);"
        "CREATE TABLE gpkg_spatial_ref_sys(srs_name TEXT, srs_id INTEGER, organization TEXT, organization_coordsys_id INTEGER);"
        "INSERT INTO gpkg_spatial_ref_sys VALUES('CGCS2000', 4547, 'EPSG', 4547);"
        "CREATE TABLE 管段(fid INTEGER PRIMARY KEY, geom BLOB, 编号 TEXT, 公称直径 REAL, 材质 TEXT);"
        "CREATE TABLE sources(fid INTEGER PRIMARY KEY, geom BLOB, id TEXT, pressure_kpa REAL);"
        "CREATE TABLE customers(fid INTEGER PRIMARY KEY, geom BLOB, id TEXT, flow_m3_per_h REAL);"
    )
    for layer in ("管段", "sources", "customers"):
        base.execute("INSERT INTO gpkg_contents VALUES(?, 'features', ?, 4547)", (layer, layer))
        base.execute("INSERT INTO gpkg_geometry_columns VALUES(?, 'geom', 'GEOMETRY', 4547)", (layer,))
    for properties, geometry in TOWN[:2]:
        base.execute(
            "INSERT INTO 管段(geom, 编号, 公称直径, 材质) VALUES(?, ?, ?, ?)",
            (blob(geometry), properties["id"], properties["nominal_diameter_mm"], properties["material"]),
        )
    base.execute("INSERT INTO sources(geom, id, pressure_kpa) VALUES(?, 'S', 200)", (blob(TOWN[2][1]),))
    base.execute("INSERT INTO customers(geom, id, flow_m3_per_h) VALUES(?, 'C', 50)", (blob(TOWN[3][1]),))
    base.commit()
    base.close()
    net = gas.load(path)
    assert net.crs == "EPSG:4547"
    json_path = tmp_path / "town.geojson"
    json_path.write_bytes(features(*TOWN))
    # The same features as GeoJSON are the same network but for the names of nodes without one.
    other = gas.load(json_path)
    assert other.counts == net.counts
    for column in ("id", "length_m", "inner_diameter_mm", "roughness_mm"):
        assert list(other.table("pipes")[column]) == list(net.table("pipes")[column])
    assert gas.pressure(other).minimum_pressure_kpa == pytest.approx(
        gas.pressure(net).minimum_pressure_kpa, abs=1e-6
    )


def test_a_database_that_is_no_geopackage(gas: Gas, tmp_path: Path) -> None:
    path = tmp_path / "x.gpkg"
    base = sqlite3.connect(path)
    base.execute("CREATE TABLE a(b)")
    base.commit()
    base.close()
    assert codes(gas_issues(gas, path)) == ["FILE_WRONG_FORMAT"]
    path.write_bytes(path.read_bytes()[:600])
    assert codes(gas_issues(gas, path)) == ["FILE_WRONG_FORMAT"]


# -- STANET ---------------------------------------------------------------------------------------------------

#: pandapipes converts and solves the same exports itself, in a process of its own.
THEIRS = """
import json, logging, sys, warnings
warnings.simplefilter("ignore"); logging.disable(logging.CRITICAL)
import pandapipes
from pandapipes.converter.stanet import stanet_to_pandapipes
answers = {}
for path in json.load(sys.stdin):
    net = stanet_to_pandapipes(path, valve_mode="separate_pipe", add_layers=False, guess_slider_valve_types=True)
    pandapipes.pipeflow(net, mode="hydraulics", friction_model="nikuradse", use_numba=False, max_iter_hyd=100,
                        tol_p=1e-9, tol_m=1e-9, calc_compression_power=False)
    p = net.res_junction.p_bar
    answers[path] = [float(p.min()), float(p.sum()), int(p.isna().sum()), len(net.pipe)]
print(json.dumps(answers))
"""


def test_stanet_exports_against_pandapipes(gas: Gas) -> None:
    paths = sorted(STANET_FILES.glob("*.csv"))
    assert len(paths) == 4
    out = subprocess.run(
        [sys.executable, "-c", THEIRS],
        input=json.dumps([str(path) for path in paths]),
        capture_output=True,
        text=True,
        check=True,
    )
    theirs = json.loads(out.stdout.splitlines()[-1])
    for path in paths:
        net = gas.load(path)
        assert net.provenance.importer == "stanet-csv/1"
        report = gas.pressure(net, friction_model="nikuradse")  # type: ignore[arg-type]
        pressure = report.frame().pressure_kpa / 100.0
        least, total, missing, pipes = theirs[str(path)]
        assert pressure.min() == pytest.approx(least, abs=1e-8)
        assert np.nansum(pressure) == pytest.approx(total, abs=1e-6)
        assert (int(pressure.isna().sum()), net.counts["pipes"]) == (missing, pipes)


def test_an_older_export_is_completed_and_a_broken_one_refused(gas: Gas, tmp_path: Path) -> None:
    text = (STANET_FILES / "Exampelonia_mini_with_valve_2sliders_open.csv").read_bytes().decode("cp1252")
    lines = text.splitlines()
    head = next(at for at, one in enumerate(lines) if one.startswith("REM Netzparameterdaten")) + 3
    names = lines[head].split(";")
    column = [name.lstrip("!") for name in names].index("HCALCDIRTY")
    for at in (head, head + 1):
        lines[at] = ";".join(cell for i, cell in enumerate(lines[at].split(";")) if i != column)
    path = tmp_path / "alt.csv"
    path.write_text("\n".join(lines), encoding="cp1252")
    assert "GAS_STANET_COLUMN_ADDED" in codes(gas.load(path).repairs)
    path.write_text("\n".join(lines[:head]), encoding="cp1252")
    found = gas_issues(gas, path)
    assert {one.code for one in found if one.severity == "error"} == {"GAS_STANET_TABLE"}
    assert {one.section for one in found if one.code == "GAS_STANET_TABLE"} >= {"Netzparameterdaten"}


def test_files_by_the_wire_are_the_same(gas: Gas) -> None:
    file = SourceFile("x.csv", LEDGER.encode("gb18030"))
    assert gas.validate(file).counts == gas.validate(SourceFile("y.csv", LEDGER.encode("utf-8-sig"))).counts
