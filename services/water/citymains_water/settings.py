"""What [OPTIONS] and [TIMES] say, with EPANET's defaults, and the repairs they need."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_water.times import seconds
from citymains_water.units import FLOW_M3_PER_H, Units

HEADLOSSES = ("H-W", "D-W", "C-M")
STATISTICS = ("NONE", "AVERAGE", "MINIMUM", "MAXIMUM", "RANGE")

#: Options that hold a number: as much of each word as EPANET reads (of some second words nothing),
#: and whether the number must be above zero.
_NUMBERS: Mapping[tuple[str, ...], tuple[tuple[str, ...], bool]] = {
    ("DEMAND", "MULTIPLIER"): (("DEMA", ""), True),
    ("EMITTER", "EXPONENT"): (("EMIT", ""), True),
    ("MINIMUM", "PRESSURE"): (("MINI", "PRES"), False),
    ("REQUIRED", "PRESSURE"): (("REQ", "PRES"), False),
    ("PRESSURE", "EXPONENT"): (("PRES", "EXP"), True),
    ("SPECIFIC", "GRAVITY"): (("SPEC", ""), True),
    ("VISCOSITY",): (("VISC",), True),
    ("DIFFUSIVITY",): (("DIFF",), False),
    ("TRIALS",): (("TRIAL",), True),
    ("ACCURACY",): (("ACCU",), True),
    ("CHECKFREQ",): (("CHECKFREQ",), True),
    ("MAXCHECK",): (("MAXCHECK",), False),
    ("DAMPLIMIT",): (("DAMPLIMIT",), False),
    ("HEADERROR",): (("HEADERROR",), False),
    ("FLOWCHANGE",): (("FLOWCHANGE",), False),
    ("HTOL",): (("HTOL",), True),
    ("QTOL",): (("QTOL",), True),
    ("RQTOL",): (("RQTOL",), True),
    ("TOLERANCE",): (("TOLER",), False),
    ("SEGMENTS",): (("SEGM",), False),
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
#: Options that hold a word: as much of the first as EPANET reads, and where the choice stands.
_CHOICES: Mapping[str, tuple[str, int, tuple[str, ...]]] = {
    "HEADL": ("HEADLOSS", 1, HEADLOSSES),
    "DEMA": ("DEMAND MODEL", 2, ("DDA", "PDA")),
    "UNBA": ("UNBALANCED", 1, ("STOP", "CONT")),
    "PRES": ("PRESSURE", 1, tuple(_PRESSURE_PER_M)),
}
#: Options that hold a word this reader does not need.
_OTHERS = ("PATT", "QUAL", "VERI", "BACKFLOW")
#: Times: as much of each word as EPANET reads.
_TIMES: Mapping[tuple[str, ...], tuple[str, ...]] = {
    ("DURATION",): ("DURA",),
    ("HYDRAULIC", "TIME"): ("HYDR",),
    ("QUALITY", "TIME"): ("QUAL",),
    ("RULE", "TIME"): ("RULE",),
    ("MINIMUM",): ("MINI",),
    ("PATTERN", "TIME"): ("PATT", "TIME"),
    ("PATTERN", "START"): ("PATT", "STAR"),
    ("REPORT", "TIME"): ("REPO", "TIME"),
    ("REPORT", "START"): ("REPO", "STAR"),
    ("START",): ("STAR",),
}
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
    pattern_step_s: float = 3600.0
    pattern_start_s: float = 0.0
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
        pattern_step_s=reader.times.get("PATTERN TIME") or 3600.0,
        pattern_start_s=reader.times.get("PATTERN START", 0.0),
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

    def dropped(self, row: InpRow) -> None:
        self.tell("INP_LINE_DROPPED", row, "repair", field=row.tokens[0].upper(), value=" ".join(row.tokens))

    def option(self, row: InpRow) -> InpRow | None:
        words = tuple(token.upper() for token in row.tokens)
        if words[0].startswith("HYDR"):
            self.external(row)
            return None
        if words[0] == "MAP" or len(words) == 1:
            # EPANET keeps the name of a map and never opens it, and passes over options without a value.
            self.dropped(row)
            return None
        if words[0].startswith("UNIT"):
            return self.units(row, words)
        model = words[0].startswith("DEMA") and words[1].startswith("MODEL")
        for key, (starts, positive) in _NUMBERS.items():
            if not model and _starts(words, starts):
                return self.number(row, key, positive)
        for start, (name, at, choices) in _CHOICES.items():
            if words[0].startswith(start):
                self.choice(row, name, words[at] if len(words) > at else "", choices)
                return row
        if not words[0].startswith(_OTHERS):
            self.tell("OPTION_UNKNOWN", row, field=row.tokens[0], value=" ".join(row.tokens))
        elif words[0].startswith("PATT"):
            self.settings = replace(self.settings, default_pattern=row.tokens[1])
        return row

    def number(self, row: InpRow, key: tuple[str, ...], positive: bool) -> InpRow | None:
        name = " ".join(key)
        if len(row.tokens) <= len(key):
            self.dropped(row)
            return None
        word = row.tokens[len(key)]
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

    def choice(self, row: InpRow, name: str, word: str, choices: Sequence[str]) -> None:
        found = next((one for one in choices if word.startswith(one)), None)
        if found is None:
            self.tell(
                "CHOICE_UNKNOWN", row, element="OPTIONS", field=name, value=word, limit=" ".join(choices)
            )
        elif name == "HEADLOSS":
            self.settings = replace(self.settings, headloss=found)
        elif name == "DEMAND MODEL":
            self.settings = replace(self.settings, demand_model=found)
        elif name == "PRESSURE":
            self.settings = replace(self.settings, pressure_unit=found)

    def units(self, row: InpRow, words: Sequence[str]) -> InpRow:
        given = words[1]
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
        if words[0].startswith("STAT"):
            if len(words) < 2 or not any(one.startswith(words[1][:3]) for one in STATISTICS):
                self.tell(
                    "STATISTIC_UNKNOWN", row, "repair", field="STATISTIC", value=" ".join(row.tokens[1:])
                )
                return None
            return row
        key = next((key for key, starts in _TIMES.items() if _starts(words, starts)), None)
        if key is None:
            self.tell("OPTION_UNKNOWN", row, field=row.tokens[0], value=" ".join(row.tokens))
            return row
        name = " ".join(key)
        row = self.plain_time(row, name)
        value = seconds(row.tokens[-1:]) if len(words) > 1 else None
        if value is None and len(words) > 2:
            value = seconds(row.tokens[-2:])
        if value is None:
            self.tell("TIME_INVALID", row, element="TIMES", field=name, value=" ".join(row.tokens[1:]))
            return row
        if value == 0 and key in _STEPS:
            self.tell("TIME_STEP_ZERO", row, "warning", element="TIMES", field=name, value=row.tokens[-1])
        self.times[name] = value
        return row

    def plain_time(self, row: InpRow, name: str) -> InpRow:
        """A row whose full-width digits and colons are ASCII, which is all that the engine reads."""
        given = row.tokens[1:]
        plain = tuple(unicodedata.normalize("NFKC", word) for word in given)
        if plain == given:
            return row
        self.tell(
            "NUMBER_FULL_WIDTH", row, "repair", element="TIMES", field=name, value=" ".join(given),
            limit=" ".join(plain),
        )  # fmt: skip
        return replace(row, tokens=(row.tokens[0], *plain))


def _starts(words: Sequence[str], starts: Sequence[str]) -> bool:
    """Whether every word begins as it should; where nothing is asked of a word it may be missing."""
    return all(
        word.startswith(start) for word, start in zip_longest(words[: len(starts)], starts, fillvalue="")
    )
