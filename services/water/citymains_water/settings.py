"""What [OPTIONS] and [TIMES] say, with EPANET's defaults, and the repairs they need."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_water.times import seconds
from citymains_water.units import FLOW_M3_PER_H, Units

HEADLOSSES = ("H-W", "D-W", "C-M")
STATISTICS = ("NONE", "AVERAGE", "MINIMUM", "MAXIMUM", "RANGE")

#: Options that hold a number, and whether it must be above zero.
_NUMBERS = {
    ("DEMAND", "MULTIPLIER"): True,
    ("EMITTER", "EXPONENT"): True,
    ("MINIMUM", "PRESSURE"): False,
    ("REQUIRED", "PRESSURE"): False,
    ("PRESSURE", "EXPONENT"): True,
    ("SPECIFIC", "GRAVITY"): True,
    ("VISCOSITY",): True,
    ("DIFFUSIVITY",): False,
    ("TRIALS",): True,
    ("ACCURACY",): True,
    ("CHECKFREQ",): True,
    ("MAXCHECK",): False,
    ("DAMPLIMIT",): False,
    ("HEADERROR",): False,
    ("FLOWCHANGE",): False,
    ("HTOL",): True,
    ("QTOL",): True,
    ("RQTOL",): True,
    ("TOLERANCE",): False,
    ("SEGMENTS",): False,
}
#: EPANET's own factors, so that a pressure goes in and comes out the same.
_PSI_PER_M = 0.4333 / 0.3048
_PRESSURE_PER_M = {
    "METERS": 1.0,
    "PSI": _PSI_PER_M,
    "KPA": _PSI_PER_M * 6.895,
    "BAR": _PSI_PER_M * 0.06895,
    "FEET": 1.0 / 0.3048,
}
_WORDS = (
    "UNITS",
    "PRESSURE",
    "HEADLOSS",
    "QUALITY",
    "VERIFY",
    "UNBALANCED",
    "PATTERN",
    "DEMAND",
    "EMITTER",
    "BACKFLOW",
)
_TIMES = (
    ("DURATION",),
    ("HYDRAULIC", "TIME"),
    ("QUALITY", "TIME"),
    ("RULE", "TIME"),
    ("MINIMUM",),
    ("PATTERN", "TIME"),
    ("PATTERN", "START"),
    ("REPORT", "TIME"),
    ("REPORT", "START"),
    ("START",),
)
_STEPS = (("HYDRAULIC", "TIME"), ("PATTERN", "TIME"), ("REPORT", "TIME"))


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Options of a model that its readers need to know; the engine reads its own copy."""

    units: Units = field(default_factory=lambda: Units("GPM"))
    headloss: str = "H-W"
    demand_model: str = "DDA"
    default_pattern: str = "1"
    duration_s: float = 0.0
    report_step_s: float = 3600.0
    pressure_unit: str = ""
    numbers: dict[str, float] = field(default_factory=dict)

    def pressure_per_m(self) -> float:
        """The file's units of pressure in one metre of liquid, as EPANET converts them."""
        unit = self.pressure_unit or ("PSI" if self.units.us else "METERS")
        return _PRESSURE_PER_M[unit] * self.numbers.get("SPECIFIC GRAVITY", 1.0)


def read_settings(document: InpDocument) -> tuple[Settings, InpDocument, tuple[Issue, ...]]:
    """Read and repair the options.

    Returns
    -------
    settings : Settings
    document : InpDocument
        With UNITS always given, ``SI`` spelled LPS, and lines without effect left out.
    issues : tuple of Issue
    """
    reader = _Reader(document)
    kept = document.map_rows(reader.take)
    if not reader.units_given:
        reader.tell(
            "UNITS_MISSING", InpRow("OPTIONS", 0, ("UNITS",)), "repair", field="UNITS", value="GPM", line=None
        )
        kept = kept.with_rows("OPTIONS", [("UNITS", "GPM")])
    settings = replace(
        reader.settings,
        units=Units(reader.flow, reader.settings.headloss == "D-W"),
        report_step_s=reader.times.get("REPORT TIME") or reader.times.get("PATTERN TIME") or 3600.0,
        duration_s=reader.times.get("DURATION", 0.0),
        numbers=reader.numbers,
    )
    return settings, kept, tuple(reader.issues)


class _Reader:
    def __init__(self, document: InpDocument) -> None:
        self.file = document.file
        self.issues: list[Issue] = []
        self.settings = Settings()
        self.flow = "GPM"
        self.units_given = False
        self.numbers: dict[str, float] = {}
        self.times: dict[str, float] = {}

    def tell(self, code: str, row: InpRow, severity: str = "error", **context: Any) -> None:
        place = {"file": self.file, "line": row.line, "section": row.section, "element": ""}
        self.issues.append(issue(code, severity=severity, **{**place, **context}))

    def take(self, row: InpRow) -> InpRow | None:
        if row.section == "OPTIONS":
            return self.option(row)
        if row.section == "TIMES":
            return self.time(row)
        if row.section == "BACKDROP":
            return self.backdrop(row)
        if row.section == "REPORT" and row.tokens[0].upper() == "FILE":
            self.external(row)
            return None
        return row

    def external(self, row: InpRow) -> None:
        self.tell(
            "INP_EXTERNAL_FILE", row, field=row.tokens[0].upper(), value=" ".join(row.tokens[1:]) or "?"
        )

    def backdrop(self, row: InpRow) -> InpRow | None:
        if row.tokens[0].upper() != "FILE":
            return row
        if any(row.tokens[1:]):
            self.tell("INP_LINE_DROPPED", row, "repair", field="FILE", value=" ".join(row.tokens))
        return None

    def option(self, row: InpRow) -> InpRow | None:
        words = tuple(token.upper() for token in row.tokens)
        if words[0] == "MAP":
            # EPANET keeps the name and never opens the file; old models carry it around.
            self.tell("INP_LINE_DROPPED", row, "repair", field="MAP", value=" ".join(row.tokens))
            return None
        if words[0].startswith("HYDRAULIC"):
            self.external(row)
            return None
        for key, positive in _NUMBERS.items():
            if _starts(words, key):
                return self.number(row, key, positive)
        if not words[0].startswith(_WORDS):
            self.tell("OPTION_UNKNOWN", row, field=row.tokens[0], value=" ".join(row.tokens))
            return row
        return self.word(row, words)

    def number(self, row: InpRow, key: tuple[str, ...], positive: bool) -> InpRow:
        name = " ".join(key)
        word = row.tokens[len(key)] if len(row.tokens) > len(key) else None
        if word is None:
            self.tell("FIELD_MISSING", row, element="OPTIONS", field=name)
            return row
        read = read_number(word)
        if read.value is None:
            self.tell(read.code, row, element="OPTIONS", field=name, value=word)
            return row
        if read.plain:
            self.tell(read.code, row, "repair", element="OPTIONS", field=name, value=word, limit=read.plain)
            row = replace(row, tokens=(*row.tokens[: len(key)], read.plain))
        if read.value < 0 or (positive and read.value == 0):
            self.tell(
                "NUMBER_OUT_OF_RANGE",
                row,
                element="OPTIONS",
                field=name,
                value=word,
                limit="> 0" if positive else ">= 0",
            )
        self.numbers[name] = read.value
        return row

    def word(self, row: InpRow, words: Sequence[str]) -> InpRow | None:
        if words[0].startswith("UNITS"):
            return self.units(row, words)
        if words[0].startswith("HEADLOSS"):
            found = next((one for one in HEADLOSSES if len(words) > 1 and words[1].startswith(one)), None)
            if found is None:
                self.tell(
                    "CHOICE_UNKNOWN",
                    row,
                    element="OPTIONS",
                    field="HEADLOSS",
                    value=" ".join(row.tokens[1:]),
                    limit=" ".join(HEADLOSSES),
                )
            self.settings = replace(self.settings, headloss=found or "H-W")
        elif words[0].startswith("DEMAND") and len(words) > 1 and words[1].startswith("MODEL"):
            found = next((one for one in ("DDA", "PDA") if len(words) > 2 and words[2].startswith(one)), None)
            if found is None:
                self.tell(
                    "CHOICE_UNKNOWN",
                    row,
                    element="OPTIONS",
                    field="DEMAND MODEL",
                    value=" ".join(row.tokens[2:]),
                    limit="DDA PDA",
                )
            self.settings = replace(self.settings, demand_model=found or "DDA")
        elif words[0].startswith("UNBALANCED"):
            if len(words) < 2 or not words[1].startswith(("STOP", "CONT")):
                self.tell(
                    "CHOICE_UNKNOWN",
                    row,
                    element="OPTIONS",
                    field="UNBALANCED",
                    value=" ".join(row.tokens[1:]),
                    limit="STOP CONTINUE",
                )
        elif words[0].startswith("PRESSURE"):
            found = next(
                (one for one in _PRESSURE_PER_M if len(words) > 1 and words[1].startswith(one)), None
            )
            if found is None:
                self.tell(
                    "CHOICE_UNKNOWN",
                    row,
                    element="OPTIONS",
                    field="PRESSURE",
                    value=" ".join(row.tokens[1:]),
                    limit=" ".join(_PRESSURE_PER_M),
                )
            self.settings = replace(self.settings, pressure_unit=found or "")
        elif words[0].startswith("PATTERN") and len(words) > 1:
            self.settings = replace(self.settings, default_pattern=row.tokens[1])
        return row

    def units(self, row: InpRow, words: Sequence[str]) -> InpRow:
        given = words[1] if len(words) > 1 else ""
        found = (
            "LPS" if given == "SI" else next((one for one in FLOW_M3_PER_H if given.startswith(one)), None)
        )
        if found is None:
            self.tell(
                "CHOICE_UNKNOWN",
                row,
                element="OPTIONS",
                field="UNITS",
                value=given,
                limit=" ".join(FLOW_M3_PER_H),
            )
        elif given == "SI":
            self.tell("UNITS_SI", row, "repair", field="UNITS", value="SI", limit="LPS")
        if self.units_given and found not in (None, self.flow):
            self.tell("UNITS_TWICE", row, field="UNITS", value=given, limit=self.flow)
        self.units_given = True
        self.flow = found or "GPM"
        return replace(row, tokens=("UNITS", self.flow))

    def time(self, row: InpRow) -> InpRow | None:
        words = tuple(token.upper() for token in row.tokens)
        if words[0].startswith("STATISTIC"):
            if len(words) < 2 or not any(one.startswith(words[1][:3]) for one in STATISTICS):
                self.tell(
                    "STATISTIC_UNKNOWN", row, "repair", field="STATISTIC", value=" ".join(row.tokens[1:])
                )
                return None
            return row
        key = next((one for one in _TIMES if _starts(words, one)), None)
        if key is None:
            self.tell("OPTION_UNKNOWN", row, field=row.tokens[0], value=" ".join(row.tokens))
            return row
        name = " ".join(key)
        row = self.plain_time(row, key, name)
        value = seconds(row.tokens[-1:]) if len(words) > len(key) else None
        if value is None and len(words) > len(key) + 1:
            value = seconds(row.tokens[-2:])
        if value is None:
            self.tell(
                "TIME_INVALID", row, element="TIMES", field=name, value=" ".join(row.tokens[len(key) :])
            )
            return row
        if value == 0 and key in _STEPS:
            self.tell("TIME_STEP_ZERO", row, "warning", element="TIMES", field=name, value=row.tokens[-1])
        self.times[name] = value
        return row

    def plain_time(self, row: InpRow, key: Sequence[str], name: str) -> InpRow:
        """A row whose full-width digits and colons are ASCII, which is all that the engine reads."""
        given = row.tokens[len(key) :]
        plain = tuple(unicodedata.normalize("NFKC", word) for word in given)
        if plain == given:
            return row
        self.tell(
            "NUMBER_FULL_WIDTH", row, "repair", element="TIMES", field=name, value=" ".join(given),
            limit=" ".join(plain),
        )  # fmt: skip
        return replace(row, tokens=(*row.tokens[: len(key)], *plain))


def _starts(words: Sequence[str], key: Sequence[str]) -> bool:
    return len(words) >= len(key) and all(
        word.startswith(part) for word, part in zip(words, key, strict=False)
    )
