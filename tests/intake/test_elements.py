"""Element schemas and numbers: every mistake located, tables in SI."""

from __future__ import annotations

import math

import pytest
from citymains.intake.elements import ElementSpec, choice, identifier, number, read_elements, reference
from citymains.intake.ids import IdMap
from citymains.intake.inp import InpFormat, InpSection, read_inp, write_inp
from citymains.intake.numbers import read_number
from citymains.intake.source import SourceFile
from citymains.intake.text import decode

FORM = InpFormat("TEST", (InpSection("NODES"), InpSection("LINKS"), InpSection("CURVES")))
FOLDING = InpFormat("TEST", FORM.sections, ids_fold_case=True)
NODES = ElementSpec(
    section="NODES",
    table="nodes",
    namespace="nodes",
    description="Nodes.",
    fields=(
        identifier("id", "Id."),
        number("elevation_m", "length", "Elevation.", required=False, default=0.0, told=True),
    ),
)
LINKS = ElementSpec(
    section="LINKS",
    table="links",
    namespace="links",
    description="Links.",
    ends=("from_node", "to_node"),
    fields=(
        identifier("id", "Id."),
        reference("from_node", "nodes", "Start."),
        reference("to_node", "nodes", "End."),
        number("length_m", "length", "Length.", above=0.0),
        number("loss", "", "Loss.", required=False, default=0.0, minimum=0.0),
        choice("status", ("OPEN", "CLOSED"), "Status.", required=False, default="OPEN"),
    ),
)
CURVES = ElementSpec(
    section="CURVES",
    table="curves",
    namespace="curves",
    repeats=True,
    description="Curves.",
    fields=(identifier("id", "Id."),),
    rest=number("value", "", "Value."),
)


def read(text: str, form: InpFormat = FORM):
    document, _ = read_inp(decode(SourceFile("m.inp", text.encode())), "m.inp", form)
    return read_elements(document, (NODES, LINKS, CURVES), {"length": 0.3048})


def test_tables_are_in_si():
    found = read("[NODES]\na 100\nb\n[LINKS]\nl a b 10 CLOSED\n[CURVES]\nc 1 2\nc 3\n")
    assert found.columns["nodes"]["elevation_m"] == [pytest.approx(30.48), 0.0]
    assert found.columns["links"] == {
        "id": ["l"],
        "from_node": ["a"],
        "to_node": ["b"],
        "length_m": [pytest.approx(3.048)],
        "loss": [0.0],
        "status": ["CLOSED"],
    }
    assert found.columns["curves"] == {"id": ["c", "c", "c"], "value": [1.0, 2.0, 3.0]}
    assert [(one.code, one.severity, one.line) for one in found.issues] == [("FIELD_DEFAULTED", "warning", 3)]


@pytest.mark.parametrize(
    ("row", "code", "field", "value"),
    [
        ("l a a 10", "ELEMENT_SELF_LOOP", "to_node", "a"),
        ("l a x 10", "REFERENCE_UNKNOWN", "to_node", "x"),
        ("l a b", "FIELD_MISSING", "length_m", ""),
        ("l a b nan", "NUMBER_NOT_FINITE", "length_m", "nan"),
        ("l a b 1e999", "NUMBER_NOT_FINITE", "length_m", "1e999"),
        ("l a b ten", "NUMBER_INVALID", "length_m", "ten"),
        ("l a b 0x10", "NUMBER_INVALID", "length_m", "0x10"),
        ("l a b 1_000", "NUMBER_INVALID", "length_m", "1_000"),
        ("l a b 5,280", "NUMBER_COMMA", "length_m", "5,280"),
        ("l a b ５，２８０", "NUMBER_COMMA", "length_m", "５，２８０"),
        ("l a b 0", "NUMBER_OUT_OF_RANGE", "length_m", "0"),
        ("l a b 10 -1", "NUMBER_OUT_OF_RANGE", "loss", "-1"),
        ("l a b 10 0 SHUT", "CHOICE_UNKNOWN", "status", "SHUT"),
    ],
)
def test_every_mistake_is_located(row, code, field, value):
    (found,) = read(f"[NODES]\na 1\nb 1\n[LINKS]\n{row}\n").issues
    assert (
        found.code,
        found.severity,
        found.line,
        found.section,
        found.element,
        found.field,
        found.value,
    ) == (code, "error", 5, "LINKS", "l", field, value)
    assert found.message_en != code
    assert found.fix_zh


def test_a_duplicate_names_the_first_line():
    (found,) = read("[NODES]\na 1\nb 1\na 2\n").issues
    assert (found.code, found.line, found.limit) == ("ELEMENT_DUPLICATE", 4, "2")


def test_case_counts_unless_the_engine_folds_it():
    text = "[NODES]\na 1\nA 1\nb 1\n[LINKS]\nl A B 10\n"
    assert [one.code for one in read(text).issues] == ["REFERENCE_UNKNOWN"]
    assert [one.code for one in read(text, FOLDING).issues] == ["ELEMENT_DUPLICATE"]
    assert read(text, FOLDING).columns["links"]["from_node"] == ["a"]


def test_full_width_numbers_are_mended_and_told():
    found = read("[NODES]\na １２．５\n")
    assert [(one.code, one.severity, one.value, one.limit) for one in found.issues] == [
        ("NUMBER_FULL_WIDTH", "repair", "１２．５", "12.5")
    ]
    assert write_inp(found.document).startswith("[NODES]\na 12.5\n")


def test_a_pattern_without_a_value():
    (found,) = read("[CURVES]\nc\n").issues
    assert (found.code, found.field) == ("FIELD_MISSING", "value")


def test_numbers():
    assert read_number("-1.5E+2").value == -150.0
    assert read_number(".5").value == 0.5
    assert read_number("5.").value == 5.0
    assert read_number("１２").value == 12.0
    assert all(read_number(word).value is None for word in ("", "-", "1e", "e5", "inf", "NaN", "一"))
    assert all(
        value is None or math.isfinite(value) for value in (read_number(w).value for w in ("1e308", "1e309"))
    )


class TestIdMap:
    @staticmethod
    def legal(one: str) -> bool:
        return one.isascii() and len(one) <= 5

    def test_nothing_is_renamed_where_all_are_legal(self):
        assert not IdMap.of(["a", "b"], self.legal)

    def test_aliases_are_new_and_come_back(self):
        ids = IdMap.of(["x1", "南京路", "a-very-long-one", "南京路"], self.legal)
        assert ids.aliases == {"南京路": "x2", "a-very-long-one": "x3"}
        assert ids.originals()["x2"] == "南京路"

    def test_every_section_is_renamed(self):
        document, _ = read_inp(
            decode(SourceFile("m", "[NODES]\n南京路 1\n[LINKS]\nl 南京路 b 南京路x\n".encode())), "m", FORM
        )
        renamed = IdMap({"南京路": "x1"}).renamed(document)
        assert renamed["NODES"][0].tokens == ("x1", "1")
        assert renamed["LINKS"][0].tokens == ("l", "x1", "b", "南京路x")

    def test_case_is_folded_where_the_engine_folds_it(self):
        document, _ = read_inp(decode(SourceFile("m", "[NODES]\n泵a 1\n泵A 2\n".encode())), "m", FOLDING)
        assert [row.tokens[0] for row in IdMap({"泵a": "x1"}).renamed(document)["NODES"]] == ["x1", "x1"]
