"""INP syntax: sections, words, places; and one canonical text for one content."""

from __future__ import annotations

import pytest
from citymains.intake.inp import InpFormat, InpSection, read_inp, tokenize, write_inp
from citymains.intake.source import SourceFile
from citymains.intake.text import decode
from hypothesis import given, settings
from hypothesis import strategies as st

FORM = InpFormat(
    "TEST",
    (
        InpSection("TITLE", free_text=True),
        InpSection("NODES"),
        InpSection("PATTERNS", continues=True),
        InpSection("OPTIONS"),
        InpSection("END", shortest=3),
    ),
    foreign={"CONDUITS": "SWMM"},
    ends=True,
)


def read(text: str):
    return read_inp(decode(SourceFile("m.inp", text.encode())), "m.inp", FORM)


def codes(text: str) -> list[tuple[str, int | None]]:
    return [(one.code, one.line) for one in read(text)[1]]


def test_rows_know_their_line_and_words():
    document, issues = read('[NODES]\n\n;comment\n a  "b c"\t3 ; note\n[OPTIONS]\nX 1\n[END]\n')
    (row,) = document["NODES"]
    assert (row.line, row.tokens) == (4, ("a", "b c", "3"))
    assert not issues


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("stray\n[NODES]\na\n[END]\n", [("INP_OUTSIDE_SECTION", 1)]),
        ("[NODES]\na\n[NONSENSE]\nx\n[END]\n", [("INP_SECTION_UNKNOWN", 3)]),
        ("[node]\na\n[END]\n", [("INP_SECTION_ABBREVIATED", 1)]),
        ("[NODES]\na\n[END]\nb\nc\n", [("INP_AFTER_END", 4)]),
        ("[NODES]\na\n[OPTIONS]\nX 1\n", [("INP_NO_END", 5)]),
        ("[NODES]\na\n[OPTIONS]\nX 1", [("FILE_TRUNCATED", 4)]),
        ("[NODES]\na\n", [("FILE_TRUNCATED", 3)]),
        ("[NODES]\n" + "a" * 600 + "\n[END]\n", [("INP_TOKEN_TOO_LONG", 2)]),
        ("[NODES]\n" + "abcdefgh " * 39 + "x" * 499 + "\n[END]\n", []),
        ("[NODES]\n" + "abcdefghij0123456789abcdefghij " * 40 + "\n[END]\n", [("INP_LINE_TOO_LONG", 2)]),
        ("[NODES]\n" + "a " * 41 + "\n[END]\n", [("INP_TOKENS_IGNORED", 2)]),
        ("[PATTERNS]\np " + "1 " * 50 + "\n[END]\n", [("INP_ROW_BROKEN", 2)]),
        ('[NODES]\na "b\n[END]\n', [("INP_QUOTE_OPEN", 2)]),
        ('{"nodes": []}\n', [("FILE_WRONG_FORMAT", None)]),
        ("[CONDUITS]\nC1 a b\n[NODES]\n[END]\n", [("FILE_WRONG_FORMAT", None)]),
        ("no heading at all\n", [("FILE_WRONG_FORMAT", None)]),
    ],
)
def test_issues_stand_at_their_line(text, expected):
    assert codes(text) == expected


def test_a_long_pattern_keeps_all_its_values():
    document, _ = read("[PATTERNS]\np " + " ".join(str(n) for n in range(169)) + "\n[END]\n")
    assert [word for row in document["PATTERNS"] for word in row.tokens[1:]] == [str(n) for n in range(169)]


def test_a_comment_of_any_length_is_no_issue():
    assert codes("[NODES]\na 1 ;" + "x" * 5000 + "\n[END]\n") == []


def test_words_keep_quotes_only_where_needed():
    assert tokenize('a "b" "" "c d"') == (("a", "b", "", "c d"), True)
    document, _ = read('[NODES]\n"a" "" "c d"\n[END]\n')
    assert write_inp(document) == '[NODES]\na "" "c d"\n\n[END]\n'


words = st.text(
    st.characters(
        blacklist_categories=("Cc", "Cs", "Zl", "Zp"), blacklist_characters=';"[\u00a0\u3000\ufeff'
    ),
    min_size=1,
    max_size=12,
)
lines = st.lists(
    st.sampled_from(["[NODES]", "[Patt]", "[TITLE]", "[OPTIONS]", "", "; c"])
    | st.lists(words, min_size=1, max_size=6).map(" ".join)
    | st.lists(words, min_size=1, max_size=3).map(lambda some: '"' + " ".join(some) + '" x'),
    max_size=30,
)


@settings(max_examples=300, deadline=None)
@given(lines)
def test_reading_the_canonical_text_gives_it_again(some):
    document, _ = read("[NODES]\n" + "\n".join(some) + "\n[END]\n")
    text = write_inp(document)
    again, issues = read(text)
    assert write_inp(again) == text
    assert not [one for one in issues if one.severity == "repair"]


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_make_the_reader_raise(content):
    read_inp(decode(SourceFile("m.inp", b"[NODES]\n" + content)), "m.inp", FORM)
