"""What a map shows: the worst value of each element, in its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

import numpy as np
import pytest
from citymains import Network, Record
from citymains.errors import NotFoundError, StateError
from citymains.model.provenance import Provenance
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec
from citymains.report.geometry import Geometry
from citymains.report.layers import layers_of, worst_rows
from citymains.report.map import Map, geojson
from citymains.report.scene import scene, value_groups

TIMED = TableSpec(
    "t",
    "",
    (
        ColumnSpec("node", Kind.TEXT, ""),
        ColumnSpec("pressure_m", Kind.FLOAT, ""),
        ColumnSpec("velocity_m_per_s", Kind.FLOAT, ""),
    ),
)


def test_worst_value_of_each_element_and_missing_ones_lose():
    nan = float("nan")
    table = TIMED.build(
        node=["b", "a", "b", "a", "c"], pressure_m=[3.0, nan, 2.0, 7.0, nan], velocity_m_per_s=[0.0] * 5
    )
    low = worst_rows(table, MapLayer("node", "nodes", "pressure_m", "min"))
    high = worst_rows(table, MapLayer("node", "nodes", "pressure_m", "max"))
    assert low.tolist() == [2, 3, 4]
    assert high.tolist() == [0, 3, 4]


def test_a_velocity_against_the_link_is_as_bad_as_along_it():
    table = TIMED.build(node=["a", "a"], pressure_m=[0.0, 0.0], velocity_m_per_s=[0.5, -2.0])
    assert worst_rows(table, MapLayer("node", "nodes", "velocity_m_per_s")).tolist() == [1]


def test_geojson_has_one_feature_per_element_at_its_worst_row(network, report):
    collection = geojson(report, network)
    json.dumps(collection, allow_nan=False)
    nodes = [one for one in collection["features"] if one["properties"]["table"] == "nodes"]
    pipes = [one for one in collection["features"] if one["properties"]["table"] == "pipes"]
    assert len(nodes) == 36
    assert len(pipes) == 60
    (one,) = [feature for feature in nodes if feature["id"] == "节点1-2"]
    assert one["geometry"] == {"type": "Point", "coordinates": [200.0, 320.0]}
    assert one["properties"]["pressure_m"] == pytest.approx(40.0 - 2.0 - 1.6)
    assert one["properties"]["time_s"] == 3600.0
    (last,) = [feature for feature in nodes if feature["id"] == "节点5-5"]
    assert last["properties"]["pressure_m"] is None
    assert pipes[0]["geometry"]["type"] == "LineString"


def test_geojson_names_the_reference_system(network, report):
    assert "crs" not in geojson(report, network)
    named = replace(network, crs="EPSG:4547")
    assert geojson(report, named)["crs"]["properties"]["name"] == "EPSG:4547"


def test_vertices_bend_links(network):
    assert Geometry.of(network).find("泵1", "pumps").vertices == ((-300.0, 0.0), (-150.0, 60.0), (0.0, 0.0))


def test_a_layer_may_name_the_union_of_tables(network):
    geometry = Geometry.of(network)
    assert geometry.find("水厂", "nodes").table == "reservoirs"
    assert geometry.find("P0-0H", "links").table == "pipes"
    assert geometry.find("P0-0H", "nodes") is None
    assert geometry.find("nobody", "nodes") is None


def _without_coordinates(network: Network, keep: int) -> Network:
    junctions = network.data("junctions")
    gone = np.where(np.arange(len(junctions)) < keep, junctions.array("x"), np.nan)
    spec = TableSpec(
        "junctions",
        "",
        (ColumnSpec("id", Kind.TEXT, ""), ColumnSpec("x", Kind.FLOAT, ""), ColumnSpec("y", Kind.FLOAT, "")),
    )
    others = tuple(table for table in network.tables if table.name not in ("junctions", "reservoirs"))
    return replace(
        network, tables=(spec.build(id=junctions.texts("id"), x=gone, y=junctions.array("y")), *others)
    )


@pytest.mark.parametrize("keep", [0, 1, 30])
def test_nodes_without_coordinates_are_placed_and_the_map_says_so(network, keep):
    geometry = Geometry.of(_without_coordinates(network, keep))
    assert geometry.schematic
    points = [place.vertices[0] for place in geometry.tables["junctions"].values()]
    assert len(points) == 36
    assert np.isfinite(points).all()
    if keep == 0:
        assert len(set(points)) == 36


def test_an_empty_network_has_no_places():
    geometry = Geometry.of(Network(id="networks/0", utility="water"))
    assert geometry.tables == {}
    assert not geometry.schematic


def test_degrees_are_recognised():
    spec = TableSpec(
        "junctions",
        "",
        (ColumnSpec("id", Kind.TEXT, ""), ColumnSpec("x", Kind.FLOAT, ""), ColumnSpec("y", Kind.FLOAT, "")),
    )
    degrees = spec.build(id=["a", "b"], x=[113.30, 113.31], y=[33.70, 33.71])
    metres = spec.build(id=["a", "b"], x=[0.0, 1.5], y=[0.0, 1.0])
    assert Geometry.of(Network(tables=(degrees,))).geographic
    assert not Geometry.of(Network(tables=(metres,))).geographic
    assert not Geometry.of(Network(tables=(degrees,), crs="EPSG:4547")).geographic


def test_an_element_that_the_network_does_not_have_is_named_not_drawn(network, report):
    smaller = replace(network, tables=tuple(table for table in network.tables if table.name != "pipes"))
    layer = next(one for one in layers_of(report, Geometry.of(smaller)) if one.name == "pipes")
    assert layer.places == ()
    assert len(layer.lost) == 60


def test_two_pressure_classes_get_a_scale_each():
    low, high = value_groups(np.array([2.8, 300.0, 2.2, 290.0, float("nan"), 2.5, 295.0]))
    assert low.tolist() == [0, 2, 4, 5]
    assert high.tolist() == [1, 3, 6]
    low, high = value_groups(np.array([2.1, 2.8, 2.5, 2.6, 100.0, 180.0, 250.0, 300.0]))
    assert (len(low), len(high)) == (4, 4)
    assert len(value_groups(np.linspace(0.0, 1.0, 50))) == 1
    flooding_m3 = np.array([0.0] * 30 + [0.1, 0.5, 1.9, 19.0, 29.0, 31.0, 36.0])
    assert len(value_groups(flooding_m3)) == 1
    assert len(value_groups(np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 100.0]))) == 1
    assert len(value_groups(np.full(9, np.nan))) == 1
    assert len(value_groups(np.full(9, 5.0))) == 1


def test_the_scene_is_json_and_marks_the_findings(network, report):
    drawn = scene(report, network)
    json.dumps(drawn, allow_nan=False)
    assert {mark["id"]: mark["severity"] for mark in drawn["marks"]} == {
        "节点5-4": "SUSPECT",
        "节点0-1": "NOTE",
    }
    assert {group["name"] for group in drawn["symbols"]} == {"reservoirs", "pumps"}
    assert all(layer["shown"] for layer in drawn["layers"])


def test_a_network_is_its_own_map(network):
    assert Map.of(network).network is network
    assert len(geojson(network)["features"]) == 36 + 1 + 60 + 1


def test_without_its_network_a_record_has_no_map(report):
    with pytest.raises(StateError) as nowhere:
        geojson(replace(report, provenance=Provenance()))
    assert nowhere.value.code == "NO_MAP"
    with pytest.raises(NotFoundError):
        geojson(
            replace(report, provenance=Provenance(question="gas.pressure", network="networks/" + "0" * 64))
        )


def test_a_curve_has_x_and_y_and_no_place(network):
    spec = TableSpec(
        "curves",
        "",
        (ColumnSpec("id", Kind.TEXT, ""), ColumnSpec("x", Kind.FLOAT, ""), ColumnSpec("y", Kind.FLOAT, "")),
    )
    curves = spec.build(id=["泵曲线"], x=[1e6], y=[44.0])
    assert "curves" not in Geometry.of(replace(network, tables=(*network.tables, curves))).tables


def test_reservoirs_and_tanks_do_not_set_the_scale(network, report):
    from citymains.report.layers import worst_first

    spec = type(report).TABLES[0]
    table = report.data("nodes")
    longer = spec.build(
        node=[*table.texts("node"), "水厂"],
        time_s=[*table["time_s"].to_list(), 0.0],
        pressure_m=[*table.array("pressure_m"), 0.0],
    )
    drawn = replace(report, tables=(longer, *report.tables[1:]))
    (nodes,) = [layer for layer in scene(drawn, network)["layers"] if layer["name"] == "nodes"]
    assert nodes["range"][0] == pytest.approx(26.8)
    assert nodes["values"][nodes["ids"].index("水厂")] == 0.0
    layer = next(one for one in layers_of(drawn, Geometry.of(network)) if one.name == "nodes")
    assert worst_first(layer).texts("node")[0] == "节点5-4"


def test_short_pipes_are_lines_and_short_equipment_is_points(network, report):
    from citymains.report.layers import Layer
    from citymains.report.scene import _short

    geometry = Geometry.of(network)
    pipes = next(one for one in layers_of(report, geometry) if one.name == "pipes")
    far = replace(
        geometry, _any=dict.fromkeys(("a", "b"), replace(pipes.places[0], vertices=((0.0, 0.0), (1e6, 0.0))))
    )
    assert not _short(pipes, far)
    equipment = Layer(
        "pumps", "x", "max", (geometry.tables["pumps"]["泵1"],), np.array([1.0]), network.data("pumps")
    )
    assert _short(equipment, far)
    assert not _short(equipment, geometry)


def test_a_node_and_a_pipe_of_one_id_are_told_apart_by_their_kind(network):
    from citymains import Record

    spec = TableSpec(
        "elements",
        "",
        (
            ColumnSpec("element", Kind.TEXT, ""),
            ColumnSpec("kind", Kind.TEXT, ""),
            ColumnSpec("state_code", Kind.FLOAT, ""),
        ),
        map=MapLayer("element", "", "state_code"),
    )

    class Cut(Record):
        TABLES = (spec,)

    twin = TableSpec(
        "junctions",
        "",
        (ColumnSpec("id", Kind.TEXT, ""), ColumnSpec("x", Kind.FLOAT, ""), ColumnSpec("y", Kind.FLOAT, "")),
    )
    junctions = network.data("junctions")
    named = twin.build(
        id=[*junctions.texts("id"), "P0-0H"], x=[*junctions.array("x"), 5.0], y=[*junctions.array("y"), 5.0]
    )
    same = replace(network, tables=(named, *network.tables[1:]))
    record = Cut(tables=(spec.build(element=["P0-0H"], kind=["pipe"], state_code=[2.0]),))
    (layer,) = layers_of(record, Geometry.of(same))
    assert [place.table for place in layer.places] == ["pipes"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Outage(Record):
    """An answer by codes, about nodes and links alike."""

    TABLES = (
        TableSpec(
            "elements",
            "",
            (
                ColumnSpec("element", Kind.TEXT, ""),
                ColumnSpec("kind", Kind.TEXT, ""),
                ColumnSpec("state_code", Kind.INTEGER, ""),
            ),
            MapLayer(
                "element", "", "state_code", labels=((2.0, "隔离", "isolated"), (1.0, "连带", "with it"))
            ),
        ),
    )


def outage(network: Network) -> Outage:
    rows = [("节点1-1", "node", 2), ("P0-0H", "pipe", 2), ("P0-1H", "pipe", 1), ("P0-2H", "pipe", 1)]
    columns = zip(("element", "kind", "state_code"), map(list, zip(*rows, strict=True)), strict=True)
    return Outage(
        tables=(Outage.TABLES[0].build(**dict(columns)),),
        provenance=Provenance(question="water.isolate", network=network.id),
    )


def test_codes_have_names_instead_of_a_scale(network):
    (layer,) = scene(outage(network), network)["layers"]
    assert layer["links"]
    assert layer["labels"] == [
        {"value": 2.0, "text": "隔离 isolated"},
        {"value": 1.0, "text": "连带 with it"},
    ]


def test_a_change_is_drawn_about_zero(network, report):
    from citymains.comparison.compare import compare_records

    values = [0.0, -1.0, 3.0, -2.0] * 9
    before, after = (
        replace(
            report,
            tables=tuple(
                table
                if table.name != "nodes"
                else type(report)
                .TABLES[0]
                .build(
                    node=[f"节点{i}-{j}" for i in range(6) for j in range(6)],
                    time_s=[0.0] * 36,
                    pressure_m=[20.0 + shift * value for value in values],
                )
                for table in report.tables
            ),
        )
        for shift in (0.0, 1.0)
    )
    compared = replace(compare_records(before, after, ""), provenance=report.provenance)
    (layer,) = scene(compared, network)["layers"]
    # Pressure that rises by 3 m is better by as much as the scale reaches; what is unchanged lies in its middle.
    assert layer["range"] == [-3.0, 3.0]
    assert layer["centred"]
    assert layer["value"]["unit"] == "m"
    assert sorted(set(layer["values"])) == [-3.0, 0.0, 1.0, 2.0]
    assert {one.unit for one in compared.data("changes").columns if one.name in ("before", "after")} == {"m"}


@pytest.mark.parametrize(("crs", "metric"), [("", False), ("EPSG:4547", True), ("EPSG:4490", False)])
def test_a_length_is_only_called_metres_where_it_is_one(network, report, crs, metric):
    assert scene(report, replace(network, crs=crs))["metric"] is metric
