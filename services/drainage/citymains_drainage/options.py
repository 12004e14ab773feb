"""The [OPTIONS] of a model: units and dates, with the traps the engine leaves open."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow

from citymains_drainage.units import FLOW_UNITS, ModelUnits

#: Longest period that is calculated [days]: a century.
MOST_DAYS = 36_525
#: What the engine starts at where START_DATE is missing.
ENGINE_START = datetime(2004, 1, 1)

_DATE = re.compile(r"(\d{1,2}|[A-Za-z]{3})[/-](\d{1,2})[/-](\d{4})\Z", re.ASCII)
_CLOCK = re.compile(r"(\d{1,4}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?\Z", re.ASCII)
_HOURS = re.compile(r"\d+(\.\d*)?\Z", re.ASCII)
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


@dataclass(frozen=True)
class ModelOptions:
    """Units and period of a model.

    Attributes
    ----------
    units : ModelUnits
    start, end : datetime
        Model time has no zone.
    report_step_s : float
        Time between reported periods [s].
    values : dict
        Every option as it stands in the file, by upper-case name.
    """

    units: ModelUnits
    start: datetime
    end: datetime
    report_step_s: float
    values: dict[str, str] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """Simulated time in seconds."""
        return (self.end - self.start).total_seconds()


def read_options(document: InpDocument) -> tuple[ModelOptions, list[Issue]]:
    """Read units and period; every issue is located, and what is missing gets a stand-in."""
    reader = _OptionReader(document)
    return reader.options(), reader.issues


class _OptionReader:
    def __init__(self, document: InpDocument) -> None:
        self.file = document.file
        self.issues: list[Issue] = []
        self.rows: dict[str, InpRow] = {}
        for row in document["OPTIONS"]:
            self.rows[row.tokens[0].upper()] = row

    def tell(self, code: str, name: str, **context: Any) -> None:
        row = self.rows.get(name)
        self.issues.append(
            issue(
                code, file=self.file, line=row.line if row else None, section="OPTIONS", field=name, **context
            )
        )

    def word(self, name: str) -> str:
        row = self.rows.get(name)
        return row.tokens[1] if row and len(row.tokens) > 1 else ""

    def options(self) -> ModelOptions:
        start = self.moment("START")
        end = self.moment("END")
        if not self.issues:
            self.check_period(start, end)
        self.check_routing()
        return ModelOptions(
            units=self.units(),
            start=start,
            end=end,
            report_step_s=self.report_step_s(),
            values={name: " ".join(row.tokens[1:]) for name, row in self.rows.items()},
        )

    def check_period(self, start: datetime, end: datetime) -> None:
        days = (end - start).days
        if end <= start:
            self.tell("DRAINAGE_DATES_REVERSED", "END_DATE", value=end, limit=start)
        elif days > MOST_DAYS:
            self.tell("DRAINAGE_PERIOD_LONG", "END_DATE", value=days, limit=MOST_DAYS)

    def check_routing(self) -> None:
        for name, off in (("FLOW_ROUTING", "NONE"), ("IGNORE_ROUTING", "YES")):
            if self.word(name).upper() == off:
                self.tell("DRAINAGE_ROUTING_OFF", name, value=off)

    def units(self) -> ModelUnits:
        word = self.word("FLOW_UNITS").upper() or "CFS"
        if word not in FLOW_UNITS:
            self.tell(
                "CHOICE_UNKNOWN", "FLOW_UNITS", element="FLOW_UNITS", value=word, limit=" ".join(FLOW_UNITS)
            )
            word = "CFS"
        return ModelUnits(word)

    def moment(self, which: str) -> datetime:
        return self.date(f"{which}_DATE") + self.clock(f"{which}_TIME")

    def date(self, name: str) -> datetime:
        word = self.word(name)
        if not word:
            which = "END" if name == "END_DATE" else "START"
            self.tell(f"DRAINAGE_{which}_DATE_MISSING", name, value=ENGINE_START.year)
            return ENGINE_START
        read = read_date(word)
        if read is None:
            self.tell("DRAINAGE_DATE_INVALID", name, value=word, limit="MM/DD/YYYY")
            return ENGINE_START
        return read

    def clock(self, name: str) -> timedelta:
        word = self.word(name)
        if not word:
            return timedelta()
        seconds = clock_s(word)
        if seconds is None:
            self.tell("DRAINAGE_DATE_INVALID", name, value=word, limit="HH:MM:SS")
            return timedelta()
        return timedelta(seconds=seconds)

    def report_step_s(self) -> float:
        word = self.word("REPORT_STEP")
        seconds = clock_s(word) if word else 900.0
        if seconds is None or seconds <= 0:
            self.tell("DRAINAGE_DATE_INVALID", "REPORT_STEP", value=word, limit="HH:MM:SS > 0")
            return 900.0
        return seconds


def read_date(word: str) -> datetime | None:
    """A date as the engine writes it, ``MM/DD/YYYY`` or ``JAN-01-2026``; None where it is none."""
    match = _DATE.match(word)
    if match is None:
        return None
    month = match[1].upper()
    try:
        number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
        return datetime(int(match[3]), number, int(match[2]))
    except ValueError:
        return None


def clock_s(word: str) -> float | None:
    """Seconds of ``HH:MM``, ``HH:MM:SS`` or decimal hours; None where it is neither."""
    match = _CLOCK.match(word)
    if match is not None:
        minutes, seconds = int(match[2]), float(match[3] or 0)
        return int(match[1]) * 3600.0 + minutes * 60.0 + seconds if minutes < 60 and seconds < 60 else None
    return float(word) * 3600.0 if _HOURS.match(word) and len(word) < 12 else None
