"""What flows into every node without rain: dry-weather flow with its patterns, and inflow given to nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument
from citymains.intake.numbers import read_number
from numpy.typing import NDArray

from citymains_drainage.options import ModelOptions
from citymains_drainage.rain import series_points

#: Hours of a weekday, then of a weekend day.
HOURS = 48


@dataclass(frozen=True, eq=False)
class DryWeather:
    """Inflow by node and hour without rain.

    Attributes
    ----------
    m3_per_h : mapping of str to ndarray, shape (48,)
        By folded id of the node: 24 hours of a weekday, then of a weekend day, in the month and on the
        day with the most. Negative where water is taken away.
    """

    m3_per_h: Mapping[str, NDArray[np.float64]]

    @classmethod
    def of(cls, document: InpDocument, options: ModelOptions) -> DryWeather:
        """Of a model: ``[DWF]`` with patterns, and of ``[INFLOWS]`` baselines with theirs and the mean of series.

        A series stands for its own mean: when its water comes is not tied to the hour of the day.
        """
        factor = options.units.flow_m3_per_s * 3600.0
        patterns = _patterns(document)
        series = series_points(document, options)
        found: dict[str, NDArray[np.float64]] = {}

        def add(node: str, flow: NDArray[np.float64]) -> None:
            folded = fold_ascii(node)
            found[folded] = found.get(folded, np.zeros(HOURS)) + flow * factor

        for row in document["DWF"]:
            words = row.tokens
            if len(words) > 2 and words[1].upper() == "FLOW":
                add(words[0], _number(words, 2, 0.0) * _profile(words[3:7], patterns))
        for row in document["INFLOWS"]:
            words = row.tokens
            if len(words) > 1 and words[1].upper() == "FLOW":
                points = series.get(fold_ascii(words[2])) if len(words) > 2 else None
                mean = _time_mean(points) if points else 0.0
                add(
                    words[0],
                    mean * _number(words, 5, 1.0) + _number(words, 6, 0.0) * _profile(words[7:8], patterns),
                )
        return cls(found)

    def profile(self, nodes: Sequence[str]) -> NDArray[np.float64]:
        """What flows into some nodes together, shape (48,) [m3/h]."""
        return np.asarray(
            sum((self.m3_per_h.get(fold_ascii(one), np.zeros(HOURS)) for one in nodes), np.zeros(HOURS))
        )

    def mean(self, nodes: Sequence[str]) -> float:
        """Mean over the week [m3/h]."""
        profile = self.profile(nodes)
        return float((5.0 * profile[:24].mean() + 2.0 * profile[24:].mean()) / 7.0)

    def peak(self, nodes: Sequence[str]) -> float:
        """The hour with the most [m3/h]."""
        return float(self.profile(nodes).max())


def _patterns(document: InpDocument) -> Mapping[str, tuple[str, list[float]]]:
    """Kind and factors by folded id."""
    found: dict[str, tuple[str, list[float]]] = {}
    for row in document["PATTERNS"]:
        name, words = fold_ascii(row.tokens[0]), list(row.tokens[1:])
        kind, factors = found.get(name, ("MONTHLY", []))
        if words and words[0].upper() in ("MONTHLY", "DAILY", "HOURLY", "WEEKEND"):
            kind = words.pop(0).upper()
        found[name] = (kind, factors + [_number((word,), 0, 1.0) for word in words])
    return found


def _profile(names: Sequence[str], patterns: Mapping[str, tuple[str, list[float]]]) -> NDArray[np.float64]:
    """Factor of each hour: the largest month and day, and on weekends their own hours where there are any."""
    by_kind = {
        kind: factors for name in names for kind, factors in [patterns.get(fold_ascii(name), ("", []))]
    }
    scale = max(by_kind.get("MONTHLY") or [1.0]) * max(by_kind.get("DAILY") or [1.0])
    hourly = _day(by_kind.get("HOURLY"))
    weekend = _day(by_kind.get("WEEKEND")) if by_kind.get("WEEKEND") else hourly
    return scale * np.concatenate([hourly, weekend])


def _day(factors: list[float] | None) -> NDArray[np.float64]:
    """24 hours; hours a pattern does not state have 1, as the engine takes them."""
    known = (factors or [])[:24]
    return np.array(known + [1.0] * (24 - len(known)))


def _time_mean(points: Sequence[tuple[float, float]]) -> float:
    """Mean over time of a series that is interpolated."""
    if len(points) < 2:
        return points[0][1]
    times, values = (np.array([point[at] for point in points]) for at in (0, 1))
    span = times[-1] - times[0]
    return float(np.trapezoid(values, times) / span) if span > 0 else float(values.mean())


def _number(words: Sequence[str], at: int, default: float) -> float:
    value = read_number(words[at]).value if len(words) > at else None
    return default if value is None else float(value)
