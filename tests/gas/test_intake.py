"""Reading gas networks: every issue located, nothing executed, one network one document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from citymains.errors import InputError
from citymains.intake.pandapipes import read_pipes
from citymains.intake.source import Intake, SourceFile

Build = Callable[..., SourceFile]
Change = Callable[[dict[str, Any]], Any]


def read(file: SourceFile) -> Intake:
    return read_pipes(file, utility="gas")


def errors(intake: Intake) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.section, one.element, one.field) for one in intake.errors]


# -- one network, one document ------------------------------------------------------------------------------


def test_chinese_ids_of_any_length_are_kept(build: Build, town: dict[str, Any]) -> None:
    long = "平顶山市新华区" * 40
    town["junctions"][4]["id"] = town["pipes"][2]["to_node"] = town["sinks"][1]["node"] = long
    intake = read(build(town))
    assert not intake.issues
    assert long in json.loads(intake.document)["tables"]["junctions"]["id"]


def test_document_reads_back_as_itself_and_forgets_order(build: Build, town: dict[str, Any]) -> None:
    document = read(build(town)).document
    again = read(SourceFile("again", document))
    assert again.document == document
    assert not again.issues
    shuffled = {name: list(reversed(rows)) for name, rows in reversed(town.items())}
    assert read(build(shuffled)).document == document


def test_columns_and_rows_are_the_same(build: Build, town: dict[str, Any]) -> None:
    columns = {name: {key: [row[key] for row in rows] for key in rows[0]} for name, rows in town.items()}
    assert read(build(columns)).document == read(build(town)).document


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(build: Build, town: dict[str, Any], encoding: str) -> None:
    text = build(town).content.decode()
    intake = read(SourceFile("town.json", text.encode(encoding)))
    assert not intake.errors
    assert intake.document == read(build(town)).document


# -- bad input ----------------------------------------------------------------------------------------------

NAN, INFINITY = float("nan"), float("inf")


def set_value(table: str, row: int, column: str, value: Any) -> Change:
    return lambda town: town[table][row].__setitem__(column, value)


def add(table: str, **row: Any) -> Change:
    return lambda town: town.setdefault(table, []).append(row)


BAD: list[tuple[str, Change, tuple[str, str, str, str]]] = [
    ("duplicate id", set_value("pipes", 1, "id", "干管"), ("PIPES_ID_DUPLICATE", "pipes", "干管", "id")),
    ("empty id", set_value("pipes", 1, "id", ""), ("PIPES_ID_EMPTY", "pipes", "", "id")),
    (
        "control characters",
        set_value("pipes", 1, "id", "a\x07b"),
        ("PIPES_ID_UNPRINTABLE", "pipes", r"'a\x07b'", "id"),
    ),
    ("broken unicode", set_value("pipes", 1, "id", "\ud800"), ("PIPES_ID_UNPRINTABLE", "", "", "")),
    (
        "missing end junction",
        set_value("pipes", 0, "to_node", "无"),
        ("PIPES_REFERENCE", "pipes", "干管", "to_node"),
    ),
    (
        "no end at all",
        set_value("pipes", 0, "to_node", None),
        ("PIPES_FIELD_MISSING", "pipes", "干管", "to_node"),
    ),
    ("self-loop", set_value("pipes", 0, "to_node", "门站"), ("PIPES_SELF_LOOP", "pipes", "干管", "to_node")),
    (
        "diameter in metres",
        set_value("pipes", 0, "inner_diameter_mm", 0.1),
        ("PIPES_DIAMETER_IN_METRES", "pipes", "干管", "inner_diameter_mm"),
    ),
    (
        "zero diameter",
        set_value("pipes", 0, "inner_diameter_mm", 0),
        ("PIPES_OUT_OF_RANGE", "pipes", "干管", "inner_diameter_mm"),
    ),
    (
        "zero length",
        set_value("pipes", 0, "length_m", 0.0),
        ("PIPES_OUT_OF_RANGE", "pipes", "干管", "length_m"),
    ),
    (
        "not a number",
        set_value("pipes", 0, "length_m", "long"),
        ("PIPES_NOT_A_NUMBER", "pipes", "干管", "length_m"),
    ),
    ("NaN", set_value("pipes", 0, "length_m", NAN), ("PIPES_NOT_FINITE", "pipes", "干管", "length_m")),
    (
        "infinity",
        set_value("sinks", 0, "flow_kg_per_s", INFINITY),
        ("PIPES_NOT_FINITE", "sinks", "东户", "flow_kg_per_s"),
    ),
    (
        "negative sink",
        set_value("sinks", 0, "flow_kg_per_s", -0.1),
        ("PIPES_OUT_OF_RANGE", "sinks", "东户", "flow_kg_per_s"),
    ),
    (
        "pascal for kilopascal",
        set_value("sources", 0, "pressure_kpa", 200_000.0),
        ("PIPES_OUT_OF_RANGE", "sources", "城市门站", "pressure_kpa"),
    ),
    (
        "kelvin for celsius",
        set_value("junctions", 0, "temperature_c", 283.15),
        ("PIPES_OUT_OF_RANGE", "junctions", "门站", "temperature_c"),
    ),
    (
        "unknown pressure class",
        set_value("junctions", 0, "pressure_class", "中压C"),
        ("PIPES_PRESSURE_CLASS", "junctions", "门站", "pressure_class"),
    ),
    (
        "unknown column",
        set_value("pipes", 0, "diameter", 100),
        ("PIPES_COLUMN_UNKNOWN", "pipes", "", "diameter"),
    ),
    ("unknown table", add("pipez", id="x"), ("PIPES_TABLE_UNKNOWN", "pipez", "", "")),
    (
        "table of the other utility",
        add("consumers", id="x"),
        ("PIPES_TABLE_UNSUPPORTED", "consumers", "", ""),
    ),
    ("no source", set_value("sources", 0, "in_service", False), ("PIPES_NO_SOURCE", "", "", "")),
    (
        "regulator without upstream",
        set_value("pipes", 0, "in_service", False),
        ("PIPES_REGULATOR_NO_UPSTREAM", "regulators", "调压箱", "from_node"),
    ),
    (
        "two set points",
        add("sources", id="second", node="出口", pressure_kpa=2.0),
        ("PIPES_TWO_SET_POINTS", "regulators", "出口", "pressure_kpa"),
    ),
    (
        "curve that does not exist",
        add("pumps", id="p", from_node="东街", to_node="西街", curve="Q"),
        ("PIPES_REFERENCE", "pumps", "p", "curve"),
    ),
    (
        "valve off its pipe",
        add("valves", id="v", from_node="西街", to_node="入口", pipe="干管", inner_diameter_mm=100),
        ("PIPES_VALVE_OFF_PIPE", "valves", "v", "pipe"),
    ),
    (
        "outer less than inner diameter",
        set_value("pipes", 0, "outer_diameter_mm", 90.0),
        ("PIPES_OUTER_DIAMETER", "pipes", "干管", "outer_diameter_mm"),
    ),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_networks_are_refused_where_they_are_bad(
    build: Build, town: dict[str, Any], change: Change, expected: tuple[str, str, str, str]
) -> None:
    change(town)
    content = json.dumps({**json.loads(build({}).content), "tables": town}).encode()
    intake = read(SourceFile("town.json", content))
    assert expected in errors(intake)
    assert intake.document == b""
    for one in intake.errors:
        assert one.file == "town.json"
        assert one.message_en
        assert one.message_zh
        assert one.fix_en
        assert one.fix_zh
        assert "?" not in one.message_en


def test_every_issue_at_once(build: Build, town: dict[str, Any]) -> None:
    for change in (BAD[4][1], BAD[7][1], BAD[13][1]):
        change(town)
    codes = {one.code for one in read(build(town)).errors}
    assert {"PIPES_REFERENCE", "PIPES_DIAMETER_IN_METRES", "PIPES_OUT_OF_RANGE"} <= codes


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (set_value("sources", 0, "pressure_kpa", 104.3), "PIPES_PRESSURE_ABSOLUTE"),
        (set_value("pipes", 0, "inner_diameter_mm", 4.0), "PIPES_UNUSUAL"),
        (add("junctions", id="孤点"), "PIPES_DISCONNECTED"),
    ],
)
def test_doubtful_networks_are_read_with_a_warning(
    build: Build, town: dict[str, Any], change: Change, code: str
) -> None:
    change(town)
    intake = read(build(town))
    assert not intake.errors
    assert [one.code for one in intake.issues if one.severity == "warning"] == [code]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "FILE_EMPTY"),
        (b" \n\t", "FILE_EMPTY"),
        (b'{"a": "\x00\x01"}', "FILE_BINARY"),
        (bytes(range(256)) * 40, "FILE_BINARY"),
        (b"[JUNCTIONS]\n;ID Elev\n J1 10\n[END]\n", "FILE_WRONG_FORMAT"),
        (b'{"format": "geojson"}', "FILE_WRONG_FORMAT"),
        (b'{"format": "citymains-pipes"', "FILE_TRUNCATED"),
        (b'{"format": "citymains-pipes",, }', "PIPES_JSON_MALFORMED"),
        (b'{"a":' * 200_000, "PIPES_JSON_TOO_DEEP"),
        (b'{"format": "citymains-pipes", "version": ' + b"9" * 5000 + b"}", "PIPES_JSON_MALFORMED"),
    ],
)
def test_files_that_are_no_network(content: bytes, code: str) -> None:
    intake = read(SourceFile("x.json", content))
    assert code in {one.code for one in intake.errors}
    assert intake.document == b""


def test_damage_is_located() -> None:
    intake = read(SourceFile("x.json", b'{\n "format": "citymains-pipes",\n "version": x\n}'))
    (issue,) = intake.errors
    assert (issue.line, issue.field) == (3, "13")


def test_every_truncation_is_refused(build: Build, town: dict[str, Any]) -> None:
    content = build(town).content
    for end in range(0, len(content) - 1, 7):
        assert read(SourceFile("cut.json", content[:end])).errors, f"cut at byte {end}"


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"version": 2}, "PIPES_VERSION"),
        ({"utility": "heating"}, "PIPES_WRONG_UTILITY"),
        ({"fluid": "gold"}, "PIPES_FLUID_UNKNOWN"),
        ({"fluid": "water"}, "PIPES_FLUID_PHASE"),
        ({"ambient_temperature_c": "warm"}, "PIPES_HEADER"),
        ({"crs": 4547}, "PIPES_HEADER"),
        (
            {
                "fluid": {
                    "name": "mine",
                    "phase": "gas",
                    "properties": {"density": {"kind": "constant", "value": NAN}},
                }
            },
            "PIPES_FLUID_PROPERTY",
        ),
        (
            {
                "fluid": {
                    "name": "mine",
                    "phase": "gas",
                    "properties": {"density": {"kind": "os.system", "value": 1}},
                }
            },
            "PIPES_FLUID_PROPERTY",
        ),
        ({"author": "me"}, "PIPES_COLUMN_UNKNOWN"),
    ],
)
def test_bad_headers(build: Build, town: dict[str, Any], header: dict[str, Any], code: str) -> None:
    content = {**json.loads(build(town).content), **header}
    assert code in {one.code for one in read(SourceFile("x", json.dumps(content).encode())).errors}


# -- pandapipes files are data ------------------------------------------------------------------------------


def pandapipes_file(**members: Any) -> SourceFile:
    """A small network as pandapipes 0.16 writes it."""

    def frame(columns: list[str], *rows: list[Any]) -> dict[str, Any]:
        split = {"columns": columns, "index": list(range(len(rows))), "data": list(rows)}
        return {
            "_module": "pandas.core.frame",
            "_class": "DataFrame",
            "_object": json.dumps(split),
            "orient": "split",
        }

    content = {
        "fluid": {
            "_module": "pandapipes.properties.fluids",
            "_class": "Fluid",
            "_object": json.dumps({"name": "lgas", "is_gas": True, "all_properties": {}}),
        },
        "junction": frame(
            ["name", "pn_bar", "tfluid_k"], ["a", 1.0, 283.15], ["a", 1.0, 283.15], [None, 1.0, 283.15]
        ),
        "pipe": frame(
            ["name", "from_junction", "to_junction", "length_km", "inner_diameter_mm", "k_mm", "note"],
            ["p", 0, 1, 0.5, 100.0, 0.1, "x"],
            ["q", 1, 2, 0.5, 100.0, 0.1, "x"],
        ),
        "valve": frame(
            ["name", "junction", "element", "et", "inner_diameter_mm", "opened"],
            ["v", 1, 0, "pi", 100.0, True],
        ),
        "ext_grid": frame(["name", "junction", "p_bar", "t_k", "type"], [None, 0, 1.0, 283.15, "pt"]),
        "sink": frame(["name", "junction", "mdot_kg_per_s"], ["s", 2, 0.01]),
        **members,
    }
    whole = {"_module": "pandapipes.pandapipes_net", "_class": "pandapipesNet", "_object": content}
    return SourceFile("net.json", json.dumps(whole).encode())


def test_pandapipes_names_become_ids_where_they_are_unique() -> None:
    intake = read(pandapipes_file())
    assert not intake.errors
    tables = json.loads(intake.document)["tables"]
    assert tables["junctions"]["id"] == ["junction-0", "junction-1", "junction-2"]
    assert tables["pipes"]["id"] == ["p", "q"]
    assert tables["sources"]["id"] == ["source-0"]
    (valve,) = zip(
        tables["valves"]["from_node"], tables["valves"]["to_node"], tables["valves"]["pipe"], strict=True
    )
    assert valve == ("junction-1", "junction-0", "p")
    assert {"PIPES_ID_MADE", "PIPES_COLUMNS_IGNORED"} == {one.code for one in intake.issues}


def test_objects_in_a_file_are_never_imported() -> None:
    """A module named in the file would leave a trace in sys.modules, or its own marks."""
    evil = {"_module": "antigravity", "_class": "os.system", "_object": "touch /nowhere"}
    fluid = {
        "_module": "pandapipes.properties.fluids",
        "_class": "Fluid",
        "_object": json.dumps({"name": "lgas", "is_gas": True, "all_properties": {"density": evil}}),
    }
    file = pandapipes_file(thing=evil, component_list=[evil], fluid=fluid)
    before = set(sys.modules)
    intake = read(file)
    ignored = [one for one in intake.issues if one.code == "PIPES_OBJECT_IGNORED"]
    assert [one.section for one in ignored] == ["thing", "component_list", "fluid.density"]
    assert all("antigravity" in one.value for one in ignored)
    assert "antigravity" not in set(sys.modules) - before


@pytest.mark.parametrize(
    ("member", "code"),
    [
        (
            {"junction": {"_module": "pandas.core.frame", "_class": "DataFrame", "_object": "{"}},
            "PIPES_JSON_MALFORMED",
        ),
        (
            {
                "pipe": {
                    "_module": "pandas.core.frame",
                    "_class": "DataFrame",
                    "_object": '{"columns": ["a"], "index": [0], "data": [[1, 2]]}',
                }
            },
            "PIPES_TABLE_SHAPE",
        ),
        (
            {
                "sink": {
                    "_module": "pandas.core.frame",
                    "_class": "DataFrame",
                    "_object": '{"columns": ["junction", "mdot_kg_per_s"], "index": [0], "data": [[9, 0.1]]}',
                }
            },
            "PIPES_REFERENCE",
        ),
        (
            {
                "sink": {
                    "_module": "pandas.core.frame",
                    "_class": "DataFrame",
                    "_object": '{"columns": ["junction", "mdot_kg_per_s"], "index": [0, 0], "data": [[1, 0.1], [1, 0.1]]}',
                }
            },
            "PIPES_ID_DUPLICATE",
        ),
        ({"fluid": None}, "PIPES_FLUID_UNKNOWN"),
    ],
)
def test_damaged_pandapipes_files(member: dict[str, Any], code: str) -> None:
    assert code in {one.code for one in read(pandapipes_file(**member)).errors}


def test_reading_imports_no_solver() -> None:
    code = "import sys, citymains.intake.pandapipes; print([m for m in ('pandapipes', 'pandas', 'networkx') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_load_refuses_with_every_issue(gas: Any, build: Build, town: dict[str, Any]) -> None:
    town["pipes"][0]["inner_diameter_mm"] = 0.1
    town["sinks"][0]["flow_kg_per_s"] = -1
    with pytest.raises(InputError) as caught:
        gas.load(build(town))
    assert len(caught.value.issues) == 2
    report = gas.validate(build(town))
    assert report.error_count == 2
    assert report.verdict == "REJECTED"


def test_what_a_refused_row_would_have_fed_is_not_called_unfed(build: Build, town: dict[str, Any]) -> None:
    set_value("pipes", 0, "length_m", "abc")(town)
    codes = {code for code, *_ in errors(read(build(town)))}
    assert "PIPES_NOT_A_NUMBER" in codes
    assert not codes & {"PIPES_REGULATOR_NO_UPSTREAM", "PIPES_DISCONNECTED"}


def test_integers_beyond_all_numbers_are_refused(build: Build, town: dict[str, Any]) -> None:
    set_value("pipes", 0, "length_m", 10**400)(town)
    assert {code for code, *_ in errors(read(build(town)))} == {"PIPES_NOT_FINITE"}
    number = {"_module": "numpy", "_object": [10**400]}
    intake = read(pandapipes_file(user_pf_options={"ambient_temperature": 10**400}, fluid=number))
    assert intake.errors
