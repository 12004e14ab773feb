"""Reading SWMM INP files: encodings, ids, units, the canonical document."""

from __future__ import annotations

import math

import pytest
from citymains_drainage.network import parse_document, read_network
from citymains_drainage.simulation_report import SimulationReport

FOOT_M = 0.3048


def test_tables_hold_every_element_in_si_units(small, source):
    intake = read_network(source(small))
    assert intake.errors == ()
    tables = {table.name: table for table in intake.tables}
    assert {name: len(table) for name, table in tables.items()} == {
        "junctions": 3,
        "outfalls": 1,
        "storages": 1,
        "conduits": 3,
        "pumps": 1,
        "subcatchments": 1,
        "raingages": 1,
    }
    assert tables["junctions"].texts("id") == ["J1", "J2", "J3"]
    assert tables["junctions"].array("elevation_m").tolist() == [3.0, 2.5, 1.5]
    assert tables["junctions"].array("x").tolist() == [0.0, 100.0, 160.0]
    assert tables["conduits"].array("diameter_mm").tolist() == [600.0, 600.0, 800.0]
    assert tables["pumps"].texts("curve") == ["LIFT"]
    assert tables["pumps"].array("start_depth_m").tolist() == [1.0]
    assert tables["subcatchments"].array("area_ha").tolist() == [2.5]


def test_us_units_become_si(small, source):
    intake = read_network(source(small.replace("FLOW_UNITS CMS", "FLOW_UNITS CFS")))
    tables = {table.name: table for table in intake.tables}
    assert tables["junctions"].array("elevation_m").tolist() == [3.0 * FOOT_M, 2.5 * FOOT_M, 1.5 * FOOT_M]
    assert tables["junctions"].array("x").tolist() == [0.0, 100.0, 160.0]  # coordinates have the map's units
    assert tables["subcatchments"].array("area_ha")[0] == pytest.approx(2.5 * 0.40468564224)


def test_missing_coordinates_are_missing(small, source):
    intake = read_network(source(small.replace("J2 100 0\n", "")))
    junctions = next(table for table in intake.tables if table.name == "junctions")
    assert math.isnan(junctions.array("x")[1])


@pytest.mark.parametrize(
    ("encoding", "change"),
    [
        ("utf-8-sig", lambda text: text),
        ("gb18030", lambda text: text),
        ("utf-8", lambda text: text.replace("\n", "\r\n")),
        ("utf-8", lambda text: text.replace("\n", "   ; 说明\n")),
        ("utf-8", lambda text: text.replace(" ", "\t")),
        ("utf-8", lambda text: text.replace("J1 3.0 2.5 0 0 0\n", "J1 3.0 2.5 0 0 0 ;" + "长" * 2000 + "\n")),
    ],
)
def test_the_document_does_not_depend_on_encoding_or_layout(small, source, encoding, change):
    chinese = small.replace("J2", "解放路2号井")
    plain = read_network(source(chinese))
    other = read_network(source(change(chinese), encoding=encoding))
    assert other.errors == ()
    assert other.document == plain.document


def test_the_document_reads_back_to_itself(small, source, district_file):
    for content in (small.encode(), district_file.read_bytes()):
        first = read_network(source(content))
        second = read_network(source(first.document))
        assert second.document == first.document
        assert [one for one in second.issues if one.severity != "warning"] == []


LONG = "解放路与建设大道交叉口东北角雨污合流检查井(二〇二六年改造)第一座" * 5


def test_ids_of_any_length_and_script_come_back_as_they_were(drainage, small, source):
    renamed = (
        small.replace("J2", LONG)
        .replace("P1", "提升泵 一号".replace(" ", "·"))
        .replace("LIFT", "提升泵曲线" * 20)
        .replace("RAIN\n", "设计暴雨" * 30 + "\n")
        .replace("RAIN ", "设计暴雨" * 30 + " ")
        .replace("W1", "集水池;一".replace(";", "之"))
    )
    plain, chinese = (drainage.simulate(drainage.load(source(text))) for text in (small, renamed))
    assert chinese.frame()["node"].tolist() == ["J1", LONG, "J3", "O1", "集水池之一"]
    assert chinese.table("pumps")["pump"].tolist() == ["提升泵·一号"]
    assert chinese.outfall_m3 == plain.outfall_m3
    assert chinese.frame()["max_depth_m"].tolist() == plain.frame()["max_depth_m"].tolist()


def test_quoted_ids_with_blanks(drainage, small, source):
    text = small.replace("J2", '"manhole 2"')
    report = drainage.simulate(drainage.load(source(text)))
    assert "manhole 2" in report.frame()["node"].tolist()


def test_rules_follow_renamed_pumps(drainage, small, source):
    rule = "[CONTROLS]\nRULE 停泵\nIF NODE W1 DEPTH > 0\nTHEN PUMP P1 STATUS = OFF\n\n[DWF]"
    text = small.replace("[DWF]", rule).replace("P1", "一号提升泵")
    report: SimulationReport = drainage.simulate(drainage.load(source(text)))
    assert report.table("pumps")["volume_m3"].tolist() == [0.0]


def test_references_may_differ_in_case(drainage, small, source):
    text = small.replace("C1 J1 J2", "C1 j1 j2").replace("P1 W1 J3 LIFT", "P1 w1 j3 lift")
    intake = read_network(source(text))
    assert intake.errors == ()
    conduits = next(table for table in intake.tables if table.name == "conduits")
    assert conduits.texts("from_node")[0] == "J1"
    assert drainage.simulate(drainage.load(source(text))).outfall_m3 > 0


def test_harmless_lines_are_dropped_and_told(small, source):
    text = small + "\n[BACKDROP]\nFILE plan.jpg\n"
    intake = read_network(source(text.replace("THREADS 4", "THREADS 4\nTEMPDIR /somewhere")))
    assert [(one.code, one.severity, one.section) for one in intake.issues] == [
        ("INP_LINE_DROPPED", "repair", "OPTIONS"),
        ("INP_LINE_DROPPED", "repair", "BACKDROP"),
    ]
    rows = parse_document(intake.document)
    assert rows["BACKDROP"] == ()
    assert b"TEMPDIR" not in intake.document
