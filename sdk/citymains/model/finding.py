"""Verdicts and findings: what a result is worth, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from citymains.messages import render


class Verdict(StrEnum):
    """What a result is worth. No number leaves citymains without one."""

    VALID = "VALID"
    """Every check passed."""
    SUSPECT = "SUSPECT"
    """Usable with care: the findings name where and why."""
    REJECTED = "REJECTED"
    """Not usable; the numbers are given for diagnosis only."""


class Severity(StrEnum):
    """How much a finding matters to the verdict."""

    NOTE = "NOTE"
    """Worth knowing; the verdict stays VALID. A service limit that is not met is a NOTE: the
    calculation is sound, the network is not."""
    SUSPECT = "SUSPECT"
    """Makes the result SUSPECT."""
    REJECTED = "REJECTED"
    """Makes the result REJECTED."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing found in a result."""

    code: str
    severity: Severity
    element: str = ""
    """Id of the element, empty for the whole result."""
    value: float | None = None
    """The value found, in ``unit``."""
    limit: float | None = None
    """The limit it was held against, in ``unit``."""
    unit: str = ""
    time_s: float | None = None
    """When it was worst, in seconds from the start; None for a steady state."""
    article: str = ""
    """The rule that set the limit: document and article, and the layer that decided."""
    message_en: str = ""
    message_zh: str = ""


def finding(
    code: str,
    severity: Severity,
    *,
    element: str = "",
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
    time_s: float | None = None,
    article: str = "",
    **context: object,
) -> Finding:
    """Make a :class:`Finding`, its texts rendered from the catalogue by `code`."""
    known = {
        "element": element,
        "value": _short(value),
        "limit": _short(limit),
        "unit": unit,
        "time_s": time_s,
        "article": article,
    }
    text = render(code, {**known, **context})
    return Finding(
        code=code,
        severity=severity,
        element=element,
        value=value,
        limit=limit,
        unit=unit,
        time_s=time_s,
        article=article,
        message_en=text.message_en,
        message_zh=text.message_zh,
    )


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """The verdict that follows from the findings: the worst of them decides."""
    severities = {one.severity for one in findings}
    if Severity.REJECTED in severities:
        return Verdict.REJECTED
    return Verdict.SUSPECT if Severity.SUSPECT in severities else Verdict.VALID


def _short(value: float | None) -> str | None:
    return None if value is None else f"{value:.6g}"
