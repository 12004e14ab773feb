"""Bytes to text: encodings are told, and what is no text is refused."""

from __future__ import annotations

import pytest
from citymains.intake.source import SourceFile
from citymains.intake.text import decode

LINE = "[JUNCTIONS]\n梅溪路泵站 10 5 ;水厂\n"


@pytest.mark.parametrize(
    ("content", "encoding", "severities"),
    [
        (LINE.encode(), "utf-8", []),
        (LINE.encode("utf-8-sig"), "utf-8", ["repair"]),
        (LINE.encode("gb18030"), "gb18030", ["repair"]),
        (LINE.encode("gbk"), "gb18030", ["repair"]),
        (LINE.encode("utf-16"), "utf-16-le", ["repair"]),
        ("J1 10 ; estación número\n".encode("latin-1"), "cp1252", ["warning"]),
        (LINE.encode()[:-3], "utf-8", ["warning"]),
    ],
)
def test_encodings(content, encoding, severities):
    read = decode(SourceFile("m.inp", content))
    assert read.encoding == encoding
    assert [one.severity for one in read.issues] == severities
    assert read.readable
    if encoding != "cp1252" and "warning" not in severities:
        assert read.text == LINE


@pytest.mark.parametrize("content", [b"", b"\x00\x00\x00", b" \r\n\r\n", b"\x1a"])
def test_empty(content):
    read = decode(SourceFile("m.inp", content))
    assert [one.code for one in read.issues] == ["FILE_EMPTY"]
    assert not read.readable


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\x00", b"[JUNCTIONS]\nJ1\x00 10\n", bytes(range(256)) * 8]
)
def test_binary_names_the_byte(content):
    (*_, found) = decode(SourceFile("m.inp", content)).issues
    assert found.code == "FILE_BINARY"
    assert found.value.startswith("0x")


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_line_ends_become_one(end):
    read = decode(SourceFile("m.inp", f"a{end}b{end}\x1a".encode()))
    assert read.text == "a\nb\n"
