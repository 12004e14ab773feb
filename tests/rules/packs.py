"""Rule packs for tests, written as their authors would."""

from __future__ import annotations

from citymains.plugins.records import RulePackRecord
from citymains.rules.book import RuleBook

HEAD = """\
name = "{name}"
kind = "water_service_pressure"
version = "1"
layer = "{layer}"
jurisdiction = "{jurisdiction}"
document = "Document of {name}"
article = "art. 1"
confidence = "P"
"""
CASE = """
[[case]]
title = "any"
inputs = {}
expected = { required_pressure_m = 1.0 }
"""


def pack(
    name: str,
    layer: str = "national",
    jurisdiction: str = "",
    *,
    more: str = "",
    fields: str = "",
    tail: str = CASE,
) -> RulePackRecord:
    text = (
        HEAD.format(name=name, layer=layer, jurisdiction=jurisdiction)
        + more
        + "\n[fields]\n"
        + fields
        + "\n"
        + tail
    )
    return RulePackRecord(name=name, text=text)


def book(*packs: RulePackRecord) -> RuleBook:
    made = RuleBook(packs)
    assert made.issues == (), made.issues
    return made
