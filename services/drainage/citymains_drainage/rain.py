"""Rain in a model: what its gages give over time, and other rain put in their place."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from numpy.typing import NDArray

from citymains_drainage.options import ModelOptions, clock_s, read_date

Floats = NDArray[np.float64]

#: Name of the series that takes the place of the gages' own.
SERIES = "STORMRAIN"


@dataclass(frozen=True)
class GageRain:
    """Rain of one gage as steps.

    Attributes
    ----------
    gage : str
    time_s : ndarray, shape (steps,)
        Start of each step from the start of the simulation, ascending.
    intensity_mm_per_h : ndarray, shape (steps,)
    interval_s : float
        How long a value holds; after it there is none until the next.
    """

    gage: str
    time_s: Floats
    intensity_mm_per_h: Floats
    interval_s: float

    def at(self, time_s: float) -> float:
        """Intensity at a time [mm/h]."""
        step = int(np.searchsorted(self.time_s, time_s + 1e-6, side="right")) - 1
        if step < 0 or time_s - self.time_s[step] >= self.interval_s - 1e-6:
            return 0.0
        return float(self.intensity_mm_per_h[step])

    def on_grid(self, step_s: float, steps: int) -> Floats:
        """Mean intensity of each step of an even grid from the start of the simulation [mm/h]."""
        edges = np.arange(steps + 1, dtype=np.float64) * float(step_s)
        return np.diff(self.fallen_mm(edges)) * 3600.0 / step_s

    def fallen_mm(self, time_s: Floats) -> Floats:
        """Depth fallen by given times [mm]; what fell before the start is left out."""
        ends = np.minimum(self.time_s + self.interval_s, np.append(self.time_s[1:], math.inf))
        depths = self.intensity_mm_per_h * (ends - self.time_s) / 3600.0
        knots = np.column_stack([self.time_s, ends]).reshape(-1)
        fallen = np.column_stack([np.zeros_like(depths), depths]).reshape(-1).cumsum()
        total = np.interp(time_s, knots, fallen, left=0.0)
        return np.asarray(total - np.interp(0.0, knots, fallen, left=0.0), dtype=np.float64)


def with_rain(
    document: InpDocument, options: ModelOptions, intensity_mm_per_h: Floats, step_s: float
) -> InpDocument:
    """The document with one series of rain at every gage, from the start of the simulation.

    Parameters
    ----------
    document : InpDocument
    options : ModelOptions
    intensity_mm_per_h : ndarray, shape (steps,)
    step_s : float
        Step [s].
    """
    name = SERIES
    while any(fold_ascii(row.tokens[0]) == fold_ascii(name) for row in document["TIMESERIES"]):
        name += "X"

    def gage(row: InpRow) -> InpRow:
        if row.section != "RAINGAGES":
            return row
        factor = row.tokens[3] if len(row.tokens) > 3 else "1.0"
        return replace(row, tokens=(row.tokens[0], "INTENSITY", _clock(step_s), factor, "TIMESERIES", name))

    values = intensity_mm_per_h / options.units.rain_mm
    rows = [(name, _clock(at * step_s), repr(float(one))) for at, one in enumerate([*values, 0.0])]
    return document.map_rows(gage).with_rows("TIMESERIES", rows)


def model_rain(document: InpDocument, options: ModelOptions) -> list[GageRain]:
    """What the gages of a model give; gages whose series cannot be read are left out."""
    series = series_points(document, options)
    found = []
    for row in document["RAINGAGES"]:
        words = row.tokens
        if len(words) < 6 or words[4].upper() != "TIMESERIES":
            continue
        interval_s = clock_s(words[2])
        points = series.get(fold_ascii(words[5]))
        if interval_s is None or interval_s <= 0 or not points:
            continue
        times = np.array([at for at, _ in points])
        values = np.array([value for _, value in points]) * options.units.rain_mm
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
        form = words[1].upper()
        if form.startswith("VOL"):
            values = values * 3600.0 / interval_s
        elif form.startswith("CUM"):
            values = np.maximum(np.diff(values, prepend=0.0), 0.0) * 3600.0 / interval_s
        found.append(GageRain(words[0], times, values, interval_s))
    return found


def series_points(document: InpDocument, options: ModelOptions) -> dict[str, list[tuple[float, float]]]:
    """Points of every series, by folded id: seconds from the start of the simulation, and value."""
    found: dict[str, list[tuple[float, float]]] = {}
    dates: dict[str, float] = {}
    for row in document["TIMESERIES"]:
        name = fold_ascii(row.tokens[0])
        words = list(row.tokens[1:])
        while words:
            day = read_date(words[0])
            if day is not None:
                dates[name] = (day - options.start).total_seconds()
                words = words[1:]
            if len(words) < 2:
                break
            at, value = clock_s(words[0]), read_number(words[1]).value
            words = words[2:]
            if at is None or value is None:
                break
            found.setdefault(name, []).append((at + dates.get(name, 0.0), value))
    return found


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
