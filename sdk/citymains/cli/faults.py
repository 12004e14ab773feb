"""What an error is on the command line: an exit code, and two languages on stderr without a traceback."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Iterator

from citymains.cli.language import chinese
from citymains.errors import (
    BatchError,
    CitymainsError,
    InternalError,
    Issue,
    NotBuiltError,
    NotFoundError,
    SolverError,
    TransportError,
)

DONE, NOT_WITHIN_LIMITS, BAD_INPUT, SOLVER_FAILURE, NOT_FOUND, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 4, 5, 130

#: Issues of one file that are printed; `validate --out issues.xlsx` has all of them.
SHOWN_ISSUES = 50

# The first class that fits decides; whatever else citymains raises on purpose is bad input.
_CODES: tuple[tuple[type[CitymainsError], int], ...] = (
    (SolverError, SOLVER_FAILURE),
    (BatchError, SOLVER_FAILURE),
    (NotFoundError, NOT_FOUND),
    (NotBuiltError, NOT_FOUND),
    (InternalError, INTERNAL),
)


def exit_code(error: CitymainsError) -> int:
    """The exit code an error stands for.

    A server that cannot be reached is not found; one that refuses the token was asked badly.
    """
    if isinstance(error, TransportError):
        return NOT_FOUND if error.code == "UNAVAILABLE" else BAD_INPUT
    return next((code for kind, code in _CODES if isinstance(error, kind)), BAD_INPUT)


def report_fault(error: BaseException) -> int:
    """Say an error on stderr and give its exit code. CITYMAINS_DEBUG=1 adds the traceback."""
    if os.environ.get("CITYMAINS_DEBUG") == "1":
        traceback.print_exception(error, file=sys.stderr)
    known = (
        error
        if isinstance(error, CitymainsError)
        else InternalError(value=f"{type(error).__name__}: {error}")
    )
    for line in _lines(known):
        print(line, file=sys.stderr)
    return exit_code(known)


def _lines(error: CitymainsError) -> Iterator[str]:
    issues: tuple[Issue, ...] = getattr(error, "issues", ())
    wrong = [one for one in issues if one.severity == "error"]
    if not wrong:
        yield from _said(f"{error.code}: ", error.message_zh, error.message_en, error.fix_zh, error.fix_en)
        return
    for one in wrong[:SHOWN_ISSUES]:
        place = _place(one)
        yield from _said(f"{place}{one.code}: ", one.message_zh, one.message_en, one.fix_zh, one.fix_en)
    if len(wrong) > SHOWN_ISSUES:
        yield f"... 另有 {len(wrong) - SHOWN_ISSUES} 条 / and {len(wrong) - SHOWN_ISSUES} more"


def _place(one: Issue) -> str:
    where = one.file + (f":{one.line}" if one.line is not None else "")
    section = f"[{one.section}]" if one.section and not one.section.startswith("[") else one.section
    what = " ".join(part for part in (section, one.element, one.field) if part)
    return "".join(f"{part}: " for part in (where, what) if part)


def _said(head: str, zh: str, en: str, fix_zh: str, fix_en: str) -> Iterator[str]:
    first, second = ((zh, fix_zh), (en, fix_en)) if chinese() else ((en, fix_en), (zh, fix_zh))
    yield head + " ".join(part for part in first if part)
    if any(second) and second != first:
        yield "    " + " ".join(part for part in second if part)
