"""Time series, patterns and option names as the engine reads them, so that what it refuses is told before it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from citymains.errors import Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

import citymains_drainage.messages  # noqa: F401
from citymains_drainage.options import clock_s, read_date

#: Options of SWMM 5.2 (user's manual, appendix D.1). The engine takes a longer word for the option it begins with.
_OPTIONS: Final = (
    "FLOW_UNITS", "INFILTRATION", "FLOW_ROUTING", "LINK_OFFSETS", "FORCE_MAIN_EQUATION", "IGNORE_RAINFALL",
    "IGNORE_SNOWMELT", "IGNORE_GROUNDWATER", "IGNORE_RDII", "IGNORE_ROUTING", "IGNORE_QUALITY", "ALLOW_PONDING",
    "SKIP_STEADY_STATE", "SYS_FLOW_TOL", "LAT_FLOW_TOL", "START_DATE", "START_TIME", "END_DATE", "END_TIME",
    "REPORT_START_DATE", "REPORT_START_TIME", "SWEEP_START", "SWEEP_END", "START_DRY_DAYS", "DRY_DAYS", "REPORT_STEP",
    "WET_STEP", "DRY_STEP", "ROUTING_STEP", "RULE_STEP", "LENGTHENING_STEP", "VARIABLE_STEP", "MINIMUM_STEP",
    "INERTIAL_DAMPING", "NORMAL_FLOW_LIMITED", "SLOPE_WEIGHTING", "SURCHARGE_METHOD", "MIN_SURFAREA", "MIN_SLOPE",
    "MAX_TRIALS", "HEAD_TOLERANCE", "THREADS", "TEMPDIR", "COMPATIBILITY",
)  # fmt: skip
_PATTERN_TYPES: Final = ("MONTHLY", "DAILY", "HOURLY", "WEEKEND")
_DAY_S: Final = 86_400.0


def option_names(document: InpDocument) -> Iterator[Issue]:
    """Options the engine does not know, and options without a value."""
    for row in document["OPTIONS"]:
        name = row.tokens[0].upper()
        if not name.startswith(_OPTIONS):
            yield _told(document, row, "DRAINAGE_OPTION_UNKNOWN", element="OPTIONS", field=row.tokens[0][:60])
        elif len(row.tokens) < 2:
            yield _told(document, row, "FIELD_MISSING", element="OPTIONS", field=name)


def time_series(document: InpDocument) -> Iterator[Issue]:
    """Time series whose rows are not ``date time value ...``, or whose times do not rise."""
    last: dict[str, tuple[float, float]] = {}
    for row in document["TIMESERIES"]:
        words = row.tokens
        if len(words) > 1 and words[1].upper() == "FILE":
            continue  # refused with every other reference to a file
        if len(words) < 3:
            yield _told(document, row, "FIELD_MISSING", field="value")
            continue
        yield from _series_row(document, row, last)


def _series_row(document: InpDocument, row: InpRow, last: dict[str, tuple[float, float]]) -> Iterator[Issue]:
    name = fold_ascii(row.tokens[0])
    day_s, time_s = last.get(name, (0.0, float("-inf")))
    words = iter(row.tokens[1:])
    for word in words:
        date = read_date(word)
        if date is not None:
            day_s = date.toordinal() * _DAY_S
            word = next(words, "")
        clock = clock_s(word)
        if clock is None:
            yield _told(
                document, row, "DRAINAGE_DATE_INVALID", field="time", value=word or "-", limit="HH:MM"
            )
            return
        value = next(words, "")
        if not value:
            yield _told(document, row, "FIELD_MISSING", field="value")
            return
        code = read_number(value).code
        if code and code != "NUMBER_NOT_FINITE":  # told for every section
            yield _told(document, row, code, field="value", value=value)
        if day_s + clock <= time_s:
            yield _told(document, row, "DRAINAGE_SERIES_ORDER", field="time", value=word)
            return
        time_s = day_s + clock
        last[name] = (day_s, time_s)


def patterns(document: InpDocument) -> Iterator[Issue]:
    """Patterns without a type, and factors that are no numbers."""
    seen: set[str] = set()
    for row in document["PATTERNS"]:
        name, words = fold_ascii(row.tokens[0]), row.tokens[1:]
        if name not in seen:  # the type stands in a pattern's first row
            seen.add(name)
            if not words or not words[0].upper().startswith(_PATTERN_TYPES):
                yield _told(
                    document, row, "CHOICE_UNKNOWN", field="type", value=words[0] if words else "-",
                    limit=" ".join(_PATTERN_TYPES),
                )  # fmt: skip
            words = words[1:]
        for word in words:
            code = read_number(word).code
            if code and code != "NUMBER_NOT_FINITE":
                yield _told(document, row, code, field="factor", value=word)


def _told(document: InpDocument, row: InpRow, code: str, **context: Any) -> Issue:
    place = {"file": document.file, "line": row.line, "section": row.section, "element": row.tokens[0]}
    return issue(code, **{**place, **context})
