"""Reading EPANET files: every issue of a bad file at once, real files as they come, odd spellings mended."""

from __future__ import annotations

import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains_water.network import read_network


def read(text: str | bytes, name: str = "m.inp"):
    return read_network(SourceFile(name, text if isinstance(text, bytes) else text.encode()))


def found(text: str | bytes) -> list[tuple[str, str, int | None]]:
    return [(one.code, one.severity, one.line) for one in read(text).issues]


def errors(text: str | bytes) -> set[str]:
    return {one.code for one in read(text).errors}


def line_of(text: str, start: str) -> int:
    return next(at for at, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_the_small_model_has_no_issue(small):
    intake = read(small)
    assert intake.issues == ()
    assert {table.name: table.row_count for table in intake.tables if table.row_count} == {
        "junctions": 2,
        "reservoirs": 1,
        "tanks": 1,
        "pipes": 3,
        "patterns": 2,
        "curves": 1,
    }


def test_units_become_si(small):
    us = {table.name: table for table in read(small.replace("LPS", "GPM")).tables}
    assert us["pipes"].array("length_m")[0] == pytest.approx(500 * 0.3048)
    assert us["pipes"].array("diameter_mm")[0] == pytest.approx(200 * 25.4)
    assert us["junctions"].array("base_demand_m3_per_h")[0] == pytest.approx(5 * 0.227124707)
    si = {table.name: table for table in read(small).tables}
    assert si["junctions"].array("base_demand_m3_per_h")[0] == pytest.approx(18.0)
    assert si["tanks"].array("diameter_m")[0] == 10.0


BAD = [
    ("J1 10 5", "J1 10 5\nJ1 11 5", "ELEMENT_DUPLICATE"),
    ("P2 J1 J2", "P2 J1 JX", "REFERENCE_UNKNOWN"),
    ("P2 J1 J2", "P2 J1 J1", "ELEMENT_SELF_LOOP"),
    ("J1 10 5", "J1 inf 5", "NUMBER_NOT_FINITE"),
    ("J1 10 5", "J1 10 nan", "NUMBER_NOT_FINITE"),
    ("J1 10 5", "J1 10 abc", "NUMBER_INVALID"),
    ("J1 10 5", "J1 5，280 5", "NUMBER_COMMA"),
    ("P1 R1 J1 500 200 100", "P1 R1 J1 500 200 -100", "NUMBER_OUT_OF_RANGE"),
    ("P1 R1 J1 500 200 100", "P1 R1 J1 0 200 100", "NUMBER_OUT_OF_RANGE"),
    ("P1 R1 J1 500 200 100", "P1 R1 J1 500", "FIELD_MISSING"),
    ("P1 R1 J1 500 200 100", "P1 R1 J1 500 200 100 0 SHUT", "CHOICE_UNKNOWN"),
    ("J1 10 5", "J1 10 5 PX", "REFERENCE_UNKNOWN"),
    ("1 1.0 1.5", "1", "FIELD_MISSING"),
    ("C1 20 30", "C1 20", "FIELD_MISSING"),
    ("[PATTERNS]", "[PUMPS]\nU1 J1 J2\n[PATTERNS]", "PUMP_WITHOUT_CURVE"),
    ("[PATTERNS]", "[PUMPS]\nU1 J1 J2 HEAD CX\n[PATTERNS]", "REFERENCE_UNKNOWN"),
    ("[PATTERNS]", "[PUMPS]\nU1 J1 J2 POWER -3\n[PATTERNS]", "NUMBER_OUT_OF_RANGE"),
    (
        "[PATTERNS]\n1 1.0 1.5\n[CURVES]\nC1 20 30",
        "[PUMPS]\nU1 J1 J2 HEAD C1\n[CURVES]\nC1 0 20\nC1 10 30\nC1 20 40",
        "CURVE_NOT_FALLING",
    ),
    (
        "[PATTERNS]\n1 1.0 1.5\n[CURVES]\nC1 20 30",
        "[PUMPS]\nU1 J1 J2 HEAD C1\n[CURVES]\nC1 0 40\nC1 0 30\nC1 20 20",
        "CURVE_NOT_RISING",
    ),
    ("[PATTERNS]", "[VALVES]\nV1 J1 J2 200 XXX 1\n[PATTERNS]", "CHOICE_UNKNOWN"),
    ("[PATTERNS]", "[VALVES]\nV1 R1 J2 200 PRV 1\n[PATTERNS]", "VALVE_AT_SOURCE"),
    ("[PATTERNS]", "[VALVES]\nV1 J1 J2 200 GPV CX\n[PATTERNS]", "REFERENCE_UNKNOWN"),
    ("T1 40 2 1 4 10", "T1 40 5 1 4 10", "TANK_LEVELS"),
    ("T1 40 2 1 4 10", "T1 40 2 1 4 0", "TANK_WITHOUT_SECTION"),
    ("T1 40 2 1 4 10", "T1 40 2 1 4 10 0 CX", "REFERENCE_UNKNOWN"),
    ("J2 12 3", "J2 12 3\nJ3 1 1", "NODE_UNCONNECTED"),
    ("UNITS LPS", "UNITS FURLONGS", "CHOICE_UNKNOWN"),
    ("UNITS LPS", "UNITS LPS\nUNITS GPM", "UNITS_TWICE"),
    ("UNITS LPS", "UNITS LPS\nNONSENSE 3", "OPTION_UNKNOWN"),
    ("UNITS LPS", "UNITS LPS\nHYDRAULICS SAVE ../../evil.hyd", "INP_EXTERNAL_FILE"),
    ("UNITS LPS", "UNITS LPS\nHYDRAULICS USE other.hyd", "INP_EXTERNAL_FILE"),
    ("[OPTIONS]", "[REPORT]\nFILE /tmp/evil.txt\n[OPTIONS]", "INP_EXTERNAL_FILE"),
    ("DURATION 4", "DURATION soon", "TIME_INVALID"),
    ("DURATION 4", "DURATION 0:00:00:00", "TIME_INVALID"),
    ("[TIMES]", "[CONTROLS]\nLINK PX CLOSED AT TIME 3\n[TIMES]", "REFERENCE_UNKNOWN"),
    ("[TIMES]", "[CONTROLS]\nLINK P1 CLOSED IF NODE TX BELOW 3\n[TIMES]", "REFERENCE_UNKNOWN"),
    ("[TIMES]", "[CONTROLS]\nLINK P1 CLOSED\n[TIMES]", "CONTROL_INVALID"),
    (
        "[TIMES]",
        "[RULES]\nRULE 1\nIF TANK TX LEVEL > 2\nTHEN PIPE P1 STATUS IS CLOSED\n[TIMES]",
        "REFERENCE_UNKNOWN",
    ),
    ("[TIMES]", "[STATUS]\nPX CLOSED\n[TIMES]", "REFERENCE_UNKNOWN"),
    ("500 200 100\n", "500 200 100 0 CV\n[STATUS]\nP1 OPEN\n[PIPES]\n", "CHECK_VALVE_CONTROLLED"),
    (
        "[TIMES]",
        "[RULES]\nRULE 1\nIF TANK T1 LEVEL > 2\nTHEN PIPE P1 STATUS IS CLOSED\nPRIORITY\n[TIMES]",
        "RULE_CLAUSE_INVALID",
    ),
    ("[TIMES]", "[DEMANDS]\nJX 3\n[TIMES]", "REFERENCE_UNKNOWN"),
    ("[TIMES]", "[NONSENSE]\nx\n[TIMES]", "INP_SECTION_UNKNOWN"),
    (
        "[RESERVOIRS]\nR1 50\n[TANKS]\nT1 40 2 1 4 10\n[PIPES]\nP1 R1 J1 500 200 100\nP2 J1 J2 400 150 100\nP3 J2 T1 300 150 100",
        "[PIPES]\nP2 J1 J2 400 150 100",
        "NETWORK_NO_SOURCE",
    ),
    (
        "500 200 100\nP2 J1 J2 400 150 100\nP3 J2 T1 300 150 100",
        "500 .2 100\nP2 J1 J2 400 .15 100\nP3 J2 T1 300 .15 100",
        "UNITS_IMPOSSIBLE_DIAMETER",
    ),
]


@pytest.mark.parametrize(
    ("old", "new", "code"), BAD, ids=[f"{code}-{at}" for at, (_, _, code) in enumerate(BAD)]
)
def test_bad_input_is_refused_located_and_in_two_languages(small, old, new, code):
    assert old in small
    intake = read(small.replace(old, new, 1))
    assert {one.code for one in intake.errors} == {code}
    for one in intake.errors:
        assert one.file == "m.inp"
        assert one.section or one.line
        assert one.message_en
        assert one.message_zh
        assert one.fix_en
        assert one.fix_zh
        assert "?" not in one.message_en


@pytest.mark.parametrize(
    ("name", "old", "new", "code"),
    [
        ("Net3", "GPM", "LPS", "UNITS_IMPOSSIBLE_VELOCITY"),
        ("ky4", "GPM", "LPS", "UNITS_IMPOSSIBLE_VELOCITY"),
        ("Net6", "GPM", "CMH", "UNITS_IMPOSSIBLE_VELOCITY"),
    ],
)
def test_inches_under_metric_units_are_refused(bundled_folder, name, old, new, code):
    text = (bundled_folder / f"{name}.inp").read_text()
    assert old in text
    assert code in errors(text.replace(old, new, 1))


def test_millimetres_under_us_units_are_refused(small):
    assert errors(small.replace("LPS", "GPM").replace(" 200 ", " 400 ").replace(" 150 ", " 300 ")) == {
        "UNITS_IMPOSSIBLE_DIAMETER_LARGE"
    }


def test_all_issues_of_a_file_come_at_once(small):
    text = small
    for old, new, _ in (BAD[1], BAD[6], BAD[29], BAD[32]):
        text = text.replace(old, new, 1)
    assert errors(text) == {"REFERENCE_UNKNOWN", "NUMBER_COMMA", "INP_EXTERNAL_FILE", "TIME_INVALID"}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b"\x7fELF\x02\x01\x01\x00" * 50, "FILE_BINARY"),
        (b'{"junction": [1, 2]}', "FILE_WRONG_FORMAT"),
        (
            b"[RAINGAGES]\nG1 INTENSITY 1:00 1 TIMESERIES T\n[SUBCATCHMENTS]\nS G1 J 1 1 1 1\n[JUNCTIONS]\nJ 1 1\n",
            "FILE_WRONG_FORMAT",
        ),
    ],
)
def test_what_is_no_epanet_file(content, code):
    assert errors(content) == {code}


def test_a_file_cut_anywhere_inside_a_line_is_refused(small):
    content = small.encode()
    for cut in range(10, len(content) - len("[END]\n")):
        if not content[:cut].endswith(b"\n"):
            assert errors(content[:cut]), content[:cut][-40:]


def test_a_part_without_source_is_a_warning_that_counts_and_names(small):
    text = (
        small.replace("J2 12 3", "J2 12 3\nJ8 1 1\nJ9 1 1")
        .replace("[PATTERNS]", "[PATTERNS]")
        .replace("P2 J1", "P9 J8 J9 5 100 100\nP2 J1")
    )
    (one,) = read(text).issues
    assert (one.code, one.severity, one.value, one.limit) == (
        "NETWORK_PART_WITHOUT_SOURCE",
        "warning",
        "2",
        "J8, J9",
    )


@pytest.mark.parametrize(
    ("old", "new", "code", "severity"),
    [
        ("UNITS LPS\n", "UNITS SI\n", "UNITS_SI", "repair"),
        ("UNITS LPS\n", "", "UNITS_MISSING", "repair"),
        ("UNITS LPS", "UNITS LPS\nMAP net.map", "INP_LINE_DROPPED", "repair"),
        ("DURATION 4", "DURATION 4\nSTATISTIC TYPICAL", "STATISTIC_UNKNOWN", "repair"),
        ("[PIPES]", "[pipe]", "INP_SECTION_ABBREVIATED", "repair"),
        ("J1 10 5", "J1 １０ 5", "NUMBER_FULL_WIDTH", "repair"),
        ("J1 0 0\n", "J1 0 0\nJ7 3 4\n", "PLACE_UNKNOWN", "repair"),
        ("T1 40 2 1 4 10", "T1 40", "TANK_READ_AS_RESERVOIR", "repair"),
        ("[PATTERNS]", "[PUMPS]\nU1 J1 J2 45 39  330 23 550 550\n[PATTERNS]", "PUMP_OLD_FORMAT", "repair"),
        ("[TIMES]", "[DEMANDS]\nMULTIPLY .75\n[TIMES]", "DEMAND_MULTIPLY_MOVED", "repair"),
        ("[END]\n", "", "INP_NO_END", "warning"),
        ("[END]\n", "[END]\nleft over\n", "INP_AFTER_END", "warning"),
        ("J1 10 5", "J1", "FIELD_DEFAULTED", "warning"),
        ("UNITS LPS", "UNITS LPS\nPATTERN nope", "REFERENCE_UNKNOWN", "warning"),
        (
            "200 100\nP2 J1 J2 400 150 100\nP3 J2 T1 300 150 100",
            "30 100\nP2 J1 J2 400 25 100\nP3 J2 T1 300 20 100",
            "UNITS_DOUBTFUL_DIAMETER",
            "warning",
        ),
        ("[END]", "[TIMES]\nPATTERN TIMESTEP １：00\n[END]", "NUMBER_FULL_WIDTH", "repair"),
        ("200 100\nP2", "0.2 100\nP2", "UNITS_DOUBTFUL_DIAMETER_ONE", "warning"),
        ("HEADLOSS H-W", "HEADLOSS D-W", "UNITS_DOUBTFUL_ROUGHNESS", "warning"),
        (
            "[TIMES]",
            "[CONTROLS]\nLINK P1 OPEN IF NODE T1 BELOW 3\nLINK P1 CLOSED IF NODE T1 ABOVE 3\n[TIMES]",
            "CONTROLS_CHATTER",
            "warning",
        ),
        ("J2 12 3", "J2 12 3\n[RESERVOIRS]\nR9 4\n[JUNCTIONS]", "NODE_UNCONNECTED", "warning"),
        ("J1 0 0\n", "J1 a b\n", "PLACE_INVALID", "repair"),
        (
            "[PATTERNS]",
            "[PUMPS]\nU1 J1 J2 HEAD C1 SPEED\n[PATTERNS]",
            "PUMP_WORD_DROPPED",
            "repair",
        ),
        ("UNITS LPS", "UNITS GPM", "UNITS_DOUBTFUL_DIAMETER_LARGE", "warning"),
    ],
)
def test_what_epanet_tolerates_is_mended_and_told(small, old, new, code, severity):
    assert old in small
    intake = read(small.replace(old, new, 1))
    assert not intake.errors
    assert (code, severity) in {(one.code, one.severity) for one in intake.issues}
    again = read(intake.document)
    assert again.document == intake.document
    assert not [one for one in again.issues if one.severity == "repair"]


@pytest.mark.parametrize("time", ["6", "6 AM", "6:30", "0:30:00", "90 MIN", "1 DAY", "6:00 PM"])
def test_times_of_controls(small, time):
    assert not read(small.replace("[TIMES]", f"[CONTROLS]\nLINK P1 CLOSED AT TIME {time}\n[TIMES]")).issues


def test_real_files_load_or_say_where_they_are_wrong(shared_data):
    refused = {}
    for path in sorted((shared_data / "water").iterdir()):
        intake = read_network(SourceFile.read(path))
        again = read_network(SourceFile(path.name, intake.document))
        assert again.document == intake.document, path.name
        if intake.errors:
            refused[path.name] = [(one.code, one.line) for one in intake.errors]
        else:
            assert all(one.severity == "warning" for one in again.issues), path.name
    assert refused == {"bad_times.inp": [("TIME_INVALID", 324)]}


def test_bundled_networks_have_no_issue(water, bundled_folder):
    assert set(water.bundled()) == {"Net1", "Net2", "Net3", "Net6", "ky4", "ky10"}
    for name, path in water.bundled().items():
        assert read_network(SourceFile.read(path)).issues == (), name


def test_a_refused_model_stores_nothing(water, small, tmp_path):
    path = tmp_path / "bad.inp"
    path.write_text(small.replace("J1 10 5", "J1 10 5\nJ1 1 1"))
    with pytest.raises(InputError) as caught:
        water.load(path)
    assert [one.code for one in caught.value.issues] == ["ELEMENT_DUPLICATE"]
    report = water.validate(path)
    assert report.error_count == 1
    assert report.verdict.value == "REJECTED"
    assert list(report.frame().line) == [line_of(path.read_text(), "J1 1 1")]
