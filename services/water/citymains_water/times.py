"""How EPANET writes times: hours, ``h:mm:ss``, numbers with a unit, and the clock."""

from __future__ import annotations

from collections.abc import Sequence

from citymains.intake.numbers import read_number

_UNIT_S = (("SEC", 1.0), ("MIN", 60.0), ("HOU", 3600.0), ("DAY", 86400.0))


def seconds(tokens: Sequence[str]) -> float | None:
    """Seconds that one or two words stand for, or None.

    >>> seconds(["1:30"]), seconds(["90", "MIN"]), seconds(["6", "AM"]), seconds(["12:15", "pm"])
    (5400.0, 5400.0, 21600.0, 44100.0)
    """
    if not tokens:
        return None
    hours = _hours(tokens[0])
    if hours is None:
        return None
    if len(tokens) == 1:
        return hours * 3600.0
    unit = tokens[1].upper()
    if unit in ("AM", "PM"):
        return _clock(hours, unit)
    for name, factor in _UNIT_S:
        if unit.startswith(name):
            return None if ":" in tokens[0] else hours * factor
    return None


def _hours(word: str) -> float | None:
    # EPANET passes over empty parts: "12:" is twelve hours.
    parts = [part for part in word.split(":") if part]
    if not 1 <= len(parts) <= 3:
        return None
    values = [read_number(part).value for part in parts]
    if any(value is None or value < 0 for value in values):
        return None
    return sum(value / 60.0**power for power, value in enumerate(values) if value is not None)


def _clock(hours: float, half: str) -> float | None:
    if hours >= 13.0:
        return None
    if hours >= 12.0:
        hours -= 12.0
    return (hours + (12.0 if half == "PM" else 0.0)) * 3600.0
