"""What is refused, with every issue located and in both languages, and nothing stored."""

from __future__ import annotations

import re

import pytest
from citymains.errors import InputError, LimitError
from citymains_drainage.network import read_network


def swap(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new)

    return change


EPANET = "[TITLE]\nwater\n[JUNCTIONS]\n1 10 5\n[RESERVOIRS]\n2 50\n[PIPES]\n1 2 1 100 100 100 0\n[END]\n"

# name: change, code, line's text or None, element
CASES = {
    "empty": (lambda _: "", "FILE_EMPTY", None),
    "binary": (lambda _: "\x00\x01\x02" * 50, "FILE_BINARY", None),
    "EPANET model": (lambda _: EPANET, "FILE_WRONG_FORMAT", None),
    "JSON": (lambda _: '{"nodes": []}', "FILE_WRONG_FORMAT", None),
    "cut off": (lambda text: text[: text.index("[XSECTIONS]")], "DRAINAGE_NO_CROSS_SECTION", "C1 J1 J2 100"),
    "unknown section": (swap("[DWF]", "[SEWAGE]\nx 1\n[DWF]"), "INP_SECTION_UNKNOWN", "[SEWAGE]"),
    "duplicate node": (swap("J2 2.5", "J1 2.0 3 0 0 0\nJ2 2.5"), "ELEMENT_DUPLICATE", "J1 2.0 3"),
    "duplicate node of another kind": (
        swap("O1 1.0 FREE NO", "O1 1.0 FREE NO\nJ1 1.0 FREE NO"),
        "ELEMENT_DUPLICATE",
        "J1 1.0 FREE",
    ),
    "duplicate by case": (swap("J2 2.5", "j1 2.0 3 0 0 0\nJ2 2.5"), "ELEMENT_DUPLICATE", "j1 2.0 3"),
    "missing end node": (swap("C2 J2 W1", "C2 J2 W9"), "REFERENCE_UNKNOWN", "C2 J2 W9"),
    "self-loop": (swap("C2 J2 W1", "C2 J2 J2"), "ELEMENT_SELF_LOOP", "C2 J2 J2"),
    "not a number": (swap("J2 2.5 2.5", "J2 abc 2.5"), "NUMBER_INVALID", "J2 abc"),
    "not finite": (swap("J2 2.5 2.5", "J2 nan 2.5"), "NUMBER_NOT_FINITE", "J2 nan"),
    "not finite in a curve": (swap("LIFT 8 0", "LIFT inf 0"), "NUMBER_NOT_FINITE", "LIFT inf"),
    "too large for a number": (swap("RAIN 0:10 90", "RAIN 0:10 1e400"), "NUMBER_NOT_FINITE", "RAIN 0:10"),
    "negative length": (swap("C1 J1 J2 100", "C1 J1 J2 -100"), "NUMBER_OUT_OF_RANGE", "C1 J1 J2 -100"),
    "no outfall": (
        lambda text: re.sub(r"O1 1.0 FREE NO\n", "", text).replace("C3 J3 O1", "C3 J3 J1"),
        "DRAINAGE_NO_OUTFALL",
        None,
    ),
    "disconnected part": (
        swap("J2 2.5", "K1 1 2 0 0 0\nK2 1 2 0 0 0\nJ2 2.5"),
        "DRAINAGE_DISCONNECTED",
        "K1 1 2",
    ),
    "no node": (
        lambda _: "[OPTIONS]\nEND_DATE 01/02/2026\nSTART_DATE 01/01/2026\n[TITLE]\nx\n",
        "DRAINAGE_NO_NODES",
        None,
    ),
    "saves a file": (
        swap("[DWF]", "[FILES]\nSAVE HOTSTART /x.hsf\n[DWF]"),
        "INP_EXTERNAL_FILE",
        "SAVE HOTSTART",
    ),
    "uses a file": (
        swap("[DWF]", "[FILES]\nUSE INFLOWS ../in.txt\n[DWF]"),
        "INP_EXTERNAL_FILE",
        "USE INFLOWS",
    ),
    "series from a file": (swap("RAIN 0:00 60", 'RAIN FILE "rain.dat"'), "INP_EXTERNAL_FILE", "RAIN FILE"),
    "gage from a file": (
        swap("TIMESERIES RAIN\n", "FILE rain.dat S1 MM\n"),
        "INP_EXTERNAL_FILE",
        "G1 INTENSITY",
    ),
    "climate from a file": (
        swap("[DWF]", "[TEMPERATURE]\nFILE climate.dat\n[DWF]"),
        "INP_EXTERNAL_FILE",
        "FILE climate.dat",
    ),
    "LID report to a file": (
        swap("[DWF]", "[LID_CONTROLS]\nL BC\n[LID_USAGE]\nS1 L 1 10 1 0 0 0 out.txt\n[DWF]"),
        "INP_EXTERNAL_FILE",
        "S1 L 1",
    ),
    "missing curve": (swap("P1 W1 J3 LIFT", "P1 W1 J3 HOIST"), "REFERENCE_UNKNOWN", "P1 W1 J3 HOIST"),
    "curve without type": (swap("LIFT PUMP3 0 0.2", "LIFT 0 0.2"), "CHOICE_UNKNOWN", "LIFT 0 0.2"),
    "curve of a name alone": (swap("[CURVES]", "[CURVES]\n42"), "CHOICE_UNKNOWN", "42"),
    "half a point": (swap("LIFT 8 0", "LIFT 8"), "FIELD_MISSING", "LIFT 8"),
    "missing storage curve": (swap("TABULAR AREA", "TABULAR AERA"), "REFERENCE_UNKNOWN", "W1 0.0 5.0"),
    "missing pattern": (swap("J1 FLOW 0.02 DAY", "J1 FLOW 0.02 NIGHT"), "REFERENCE_UNKNOWN", "J1 FLOW"),
    "missing series": (swap("TIMESERIES RAIN\n", "TIMESERIES SNOW\n"), "REFERENCE_UNKNOWN", "G1 INTENSITY"),
    "missing gage": (swap("S1 G1 J1", "S1 G9 J1"), "REFERENCE_UNKNOWN", "S1 G9"),
    "no end date": (swap("END_DATE 07/15/2026\n", ""), "DRAINAGE_END_DATE_MISSING", None),
    "no start date": (swap("START_DATE 07/15/2026\n", ""), "DRAINAGE_START_DATE_MISSING", None),
    "ends in another millennium": (
        swap("END_DATE 07/15/2026", "END_DATE 07/15/7026"),
        "DRAINAGE_PERIOD_LONG",
        "END_DATE 07/15/7026",
    ),
    "routing off": (
        swap("FLOW_ROUTING DYNWAVE", "FLOW_ROUTING NONE"),
        "DRAINAGE_ROUTING_OFF",
        "FLOW_ROUTING NONE",
    ),
    "routing ignored": (swap("THREADS 4", "IGNORE_ROUTING YES"), "DRAINAGE_ROUTING_OFF", "IGNORE_ROUTING"),
    "no link": (
        lambda text: (
            text[: text.index("[SUBCATCH")] + "[OUTFALLS]\nO1 1.0 FREE NO\n[TIMESERIES]\nRAIN 0:00 1\n"
        ),
        "DRAINAGE_NO_LINKS",
        None,
    ),
    "impossible date": (
        swap("END_DATE 07/15/2026", "END_DATE 15/07/2026"),
        "DRAINAGE_DATE_INVALID",
        "END_DATE 15/07/2026",
    ),
    "ends before it starts": (
        swap("END_DATE 07/15/2026", "END_DATE 07/14/2026"),
        "DRAINAGE_DATES_REVERSED",
        "END_DATE 07/14/2026",
    ),
    "unit mix-up": (swap("FLOW_UNITS CMS", "FLOW_UNITS CMH"), "CHOICE_UNKNOWN", "FLOW_UNITS CMH"),
    "over-long word": (swap("S1 0.013", "S1 " + "9" * 300), "INP_TOKEN_TOO_LONG", "S1 999"),
    "over-long word of 900": (swap("OUTLET\n", "X" * 900 + "\n"), "INP_TOKEN_TOO_LONG", "S1 0.013"),
    "over-long line": (
        swap(
            "RAIN 0:00 60",
            "RAIN " + "0:00 60.00000000000000000000000000000000000000000000000000000000000 " * 18,
        ),
        "INP_LINE_TOO_LONG",
        "RAIN 0:00",
    ),
    "wrong type of pump curve": (
        swap("P1 W1 J3 LIFT", "P1 W1 J3 AREA"),
        "DRAINAGE_PUMP_CURVE_TYPE",
        "P1 W1 J3 AREA",
    ),
    "start below stop": (swap("OFF 1.0 0.4", "OFF 0.4 1.0"), "DRAINAGE_PUMP_LEVELS", "P1 W1 J3"),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_refused_with_its_place_and_remedy(drainage, small, source, name):
    change, code, line_text = CASES[name]
    text = change(small)
    with pytest.raises(InputError) as caught:
        drainage.load(source(text))
    found = [one for one in caught.value.issues if one.code == code]
    assert found, f"{name}: {[str(one) for one in caught.value.issues]}"
    one = found[0]
    assert one.severity == "error"
    assert one.file == "model.inp"
    assert one.message_en
    assert re.search(r"[\u4e00-\u9fff]", one.message_zh)
    assert one.fix_en
    assert re.search(r"[\u4e00-\u9fff]", one.fix_zh)
    if line_text is not None:
        assert one.line is not None
        assert text.split("\n")[one.line - 1].startswith(line_text)


def test_nothing_refused_is_stored(drainage, small, source, tmp_path):
    from citymains.workbench import Workbench
    from citymains_drainage.utility import Drainage

    files = tmp_path / "files"
    own = Drainage(Workbench(database=f"sqlite:///{tmp_path / 'store.db'}", files=files))
    for change, _, _ in CASES.values():
        with pytest.raises(InputError):
            own.load(source(change(small)))
    assert not [path for path in files.rglob("*") if path.is_file()]


def test_all_issues_come_at_once(small, source):
    text = small
    for change in (
        swap("C2 J2 W1", "C2 J2 W9"),
        swap("P1 W1 J3 LIFT", "P1 W1 J3 HOIST"),
        swap("J2 2.5 2.5", "J2 nan 2.5"),
    ):
        text = change(text)
    codes = {one.code for one in read_network(source(text)).errors}
    assert codes >= {"REFERENCE_UNKNOWN", "NUMBER_NOT_FINITE"}
    assert len([one for one in read_network(source(text)).errors if one.code == "REFERENCE_UNKNOWN"]) == 2


def test_issues_stand_in_file_order_in_the_validation_report(drainage, small, source):
    text = swap("C2 J2 W1", "C2 J2 W9")(swap("J2 2.5 2.5", "J2 nan 2.5")(small))
    frame = drainage.validate(source(text)).frame()
    lines = frame["line"].dropna().tolist()
    assert lines == sorted(lines)
    assert frame["message_zh"].str.len().min() > 0


def test_a_file_over_the_limit(drainage, small, source, tmp_path, monkeypatch):
    path = tmp_path / "large.inp"
    path.write_text(small)
    monkeypatch.setattr(drainage.workbench, "max_model_bytes", 100)
    with pytest.raises(LimitError) as caught:
        drainage.load(path)
    assert caught.value.code == "FILE_TOO_LARGE"


def test_every_message_says_both_languages_and_every_error_how_to_mend_it():
    from citymains.messages import catalogue

    ours = {code: text for code, text in catalogue().items() if code.startswith("DRAINAGE_")}
    assert len(ours) > 15
    for code, text in ours.items():
        assert text.en, code
        assert re.search(r"[\u4e00-\u9fff]", text.zh), code
        assert bool(text.fix_en) == bool(text.fix_zh), code
        assert set(re.findall(r"{(\w+)}", text.en)) == set(re.findall(r"{(\w+)}", text.zh)), code


@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_cross_sections_in_another_unit_are_refused(small, source, factor):
    text = re.sub(r"CIRCULAR (\S+)", lambda found: f"CIRCULAR {float(found[1]) * factor:g}", small)
    (told,) = [one for one in read_network(source(text)).errors if one.code == "DRAINAGE_SECTIONS_UNIT"]
    assert (told.section, told.field, float(told.value)) == ("XSECTIONS", "depth", 0.6 * factor)


def test_one_cross_section_in_another_unit_is_told(small, source):
    intake = read_network(source(swap("C3 CIRCULAR 0.8", "C3 CIRCULAR 800")(small)))
    (told,) = [one for one in intake.issues if one.code == "DRAINAGE_SECTION_UNIT"]
    assert not intake.errors
    assert (told.severity, told.element, told.line, told.value) == (
        "warning",
        "C3",
        small[: small.index("C3 CIRCULAR")].count("\n") + 1,
        "800",
    )


def told(intake, code):
    return [(one.severity, one.section, one.line) for one in intake.issues if one.code == code]


def test_a_file_cut_at_any_line_is_refused_or_told(small, source):
    lines = small.splitlines(keepends=True)
    whole = read_network(source(small))
    assert not whole.issues
    for count in range(1, len(lines)):
        cut = read_network(source("".join(lines[:count])))
        # What is lost after the last coordinate is nothing.
        assert cut.issues or cut.document == whole.document, f"cut after line {count}"


def test_a_file_that_ends_in_its_time_series_is_told(small, source):
    cut = small[: small.index("RAIN 0:20 30\n")]
    text = cut + "[PATTERNS]\nDAY HOURLY 0.5\n"
    assert told(read_network(source(text)), "INP_END_UNKNOWN") == [("warning", "PATTERNS", text.count("\n"))]


def test_a_last_line_that_is_not_ended_is_told(small, source):
    assert told(read_network(source(small.rstrip("\n"))), "INP_LAST_LINE_OPEN") == [
        ("warning", "COORDINATES", small.count("\n"))
    ]


def test_nodes_without_coordinates_among_others_are_told(small, source):
    intake = read_network(source(swap("J3 160 0\n", "")(small)))
    assert told(intake, "DRAINAGE_COORDINATES_MISSING") == [("warning", "COORDINATES", None)]


@pytest.mark.parametrize(
    ("old", "new", "code", "field"),
    [
        ("RAIN 0:10 90", "RAIN 0:10", "FIELD_MISSING", "value"),
        ("RAIN 0:10 90", "RAIN 0:10 90 0:12", "FIELD_MISSING", "value"),
        ("RAIN 0:10 90", "RAIN 0:10 9O", "NUMBER_INVALID", "value"),
        ("RAIN 0:10 90", "RAIN 0;10 90", "FIELD_MISSING", "value"),
        ("RAIN 0:10 90", "RAIN 0:75 90", "DRAINAGE_DATE_INVALID", "time"),
        ("RAIN 0:20 30", "RAIN 0:10 30", "DRAINAGE_SERIES_ORDER", "time"),
        ("RAIN 0:20 30", "RAIN 0:05 30", "DRAINAGE_SERIES_ORDER", "time"),
        ("DAY HOURLY 0.5", "DAY 0.5", "CHOICE_UNKNOWN", "type"),
        ("DAY 1 1 1", "DAY 1 x 1", "NUMBER_INVALID", "factor"),
        ("FLOW_UNITS CMS", "FLOW_UNIT CMS", "DRAINAGE_OPTION_UNKNOWN", "FLOW_UNIT"),
        ("FLOW_UNITS CMS", "FLOW_UNITS CMS\nALLOW_PONDING", "FIELD_MISSING", "ALLOW_PONDING"),
    ],
)
def test_series_patterns_and_options_are_read_before_the_engine_is_asked(
    small, source, old, new, code, field
):
    text = swap(old, new)(small)
    line = text[: text.index(new)].count("\n") + 1 + new.count("\n")
    assert (code, field, line) in {
        (one.code, one.field, one.line) for one in read_network(source(text)).errors
    }


@pytest.mark.parametrize(
    "rows",
    [
        "RAIN 07/01/2026 0:00 60 0:10 90 0.5 30\nRAIN 07/02/2026 0:00 1 12:00 2",
        "RAIN JUL-01-2026 0 60\nRAIN 1 90\nRAIN JUL-02-2026 0 60",
        "RAIN 0:00 60 0:10 90 0:20 30",
    ],
)
def test_series_in_every_form_the_engine_takes(small, source, rows):
    start = small.index("RAIN 0:00 60")
    text = small[:start] + rows + small[small.index("\n\n[PATTERNS]") :]
    assert not read_network(source(text)).errors


def test_a_wet_well_pump_on_a_manhole_is_told_and_read_as_the_engine_reads_it(drainage, small, source):
    """The engine takes the manhole's own volume; a published network (pystorms beta) is made so."""
    text = swap("LIFT PUMP3", "LIFT PUMP1")(swap("P1 W1 J3", "P1 J2 J3")(small))
    told = [one for one in drainage.load(source(text)).repairs if one.code == "DRAINAGE_PUMP_WET_WELL"]
    assert [one.severity for one in told] == ["warning"]
