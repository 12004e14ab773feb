"""Pumps and their curves: the pairs of words behind a pump's ends."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.elements import Place
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from citymains.model.table import ColumnSpec, Kind

from citymains_water.units import Units

#: What drives a pump, by as much of the word as EPANET reads.
_WORDS = {"HEAD": "HEAD", "POWE": "POWER", "SPEE": "SPEED", "PATT": "PATTERN"}
_COLUMNS = {
    "curve": ColumnSpec("curve", Kind.TEXT, "Head curve; missing where the pump has a power."),
    "power_kw": ColumnSpec("power_kw", Kind.FLOAT, "Constant power; missing where the pump has a curve."),
    "speed": ColumnSpec("speed", Kind.FLOAT, "Speed relative to that of the curve."),
    "pattern": ColumnSpec("pattern", Kind.TEXT, "Pattern of the speed."),
}


class PumpReader:
    """Reads what drives each pump, and checks head curves.

    Parameters
    ----------
    document : InpDocument
    units : Units
    ids : mapping of str to mapping
        Declared ids by namespace.
    """

    def __init__(self, document: InpDocument, units: Units, ids: Mapping[str, Mapping[str, Place]]) -> None:
        self.document = document
        self.units = units
        self.ids = ids
        self.issues: list[Issue] = []
        self.rows = [self.drive(row) for row in document["PUMPS"]]
        curves = dict.fromkeys(str(one["curve"]) for one in self.rows if one["curve"] is not None)
        points = curve_points(document)
        for name in curves:
            self.check_head_curve(name, points.get(name, ()))

    def columns(self) -> dict[str, tuple[ColumnSpec, Sequence[Any]]]:
        """Columns to add to the table of pumps."""
        return {name: (spec, [one[name] for one in self.rows]) for name, spec in _COLUMNS.items()}

    def tell(self, code: str, row: InpRow, **context: Any) -> None:
        place = {
            "file": self.document.file,
            "line": row.line,
            "section": row.section,
            "element": row.tokens[0],
        }
        self.issues.append(issue(code, **{**place, **context}))

    def drive(self, row: InpRow) -> dict[str, Any]:
        drive: dict[str, Any] = {"curve": None, "power_kw": float("nan"), "speed": 1.0, "pattern": None}
        told = len(self.issues)
        for word, value in zip(row.tokens[3::2], (*row.tokens[4::2], None), strict=False):
            name = next((name for start, name in _WORDS.items() if word.upper().startswith(start)), None)
            if name is None or value is None:
                self.tell("PUMP_WORD_UNKNOWN", row, field="pump", value=word if name is None else f"{word} ?")
            elif name in ("HEAD", "PATTERN"):
                drive["curve" if name == "HEAD" else "pattern"] = self.named(row, name, value)
            else:
                self.number(row, name, value, drive)
        if drive["curve"] is None and drive["power_kw"] != drive["power_kw"] and len(self.issues) == told:
            self.tell("PUMP_WITHOUT_CURVE", row, field="HEAD")
        return drive

    def named(self, row: InpRow, name: str, value: str) -> str:
        namespace = "curves" if name == "HEAD" else "patterns"
        if value not in self.ids[namespace]:
            self.tell("REFERENCE_UNKNOWN", row, field=name, value=value, limit=namespace.removesuffix("s"))
        return value

    def number(self, row: InpRow, name: str, word: str, drive: dict[str, Any]) -> None:
        read = read_number(word)
        if read.value is None or read.plain:
            self.tell("NUMBER_INVALID" if read.plain else read.code, row, field=name, value=word)
        elif read.value < 0 or (name == "POWER" and read.value == 0):
            self.tell(
                "NUMBER_OUT_OF_RANGE", row, field=name, value=word, limit="> 0" if name == "POWER" else ">= 0"
            )
        elif name == "POWER":
            drive["power_kw"] = read.value * self.units.factors()["power"]
        else:
            drive["speed"] = read.value

    def check_head_curve(self, name: str, points: Sequence[tuple[InpRow, float, float]]) -> None:
        """Flow must rise and head must fall from point to point; EPANET refuses the pump otherwise."""
        for (_, flow, head), (row, next_flow, next_head) in pairwise(points):
            if not next_flow > flow:
                self.tell("CURVE_NOT_RISING", row, field="x", value=f"{next_flow:g}", limit=f"> {flow:g}")
            elif not next_head < head:
                self.tell("CURVE_NOT_FALLING", row, field="y", value=f"{next_flow:g}", limit=f"< {head:g}")


def curve_points(document: InpDocument) -> Mapping[str, list[tuple[InpRow, float, float]]]:
    """Points of every curve, with their rows; rows that are no points are left to the schema."""
    points: dict[str, list[tuple[InpRow, float, float]]] = {}
    for row in document["CURVES"]:
        values = [read_number(word).value for word in row.tokens[1:3]]
        if len(values) == 2 and values[0] is not None and values[1] is not None:
            points.setdefault(row.tokens[0], []).append((row, values[0], values[1]))
    return points
