"""Calibration: how fast rooms really cool, from what their sensors read in earlier stops.

For each stop of a building's substation the model is run without heat from the temperature
measured before it; the heat capacity for which it comes closest to the readings is kept. Losses
and gains stay as they are: they are known from what the building is designed for, its capacity is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.policy import MILLI
from citymains_heating.refunds.series import Series, Window, each_series
from citymains_heating.refunds.tabular import Columns
from citymains_heating.rooms.buildings import Building
from citymains_heating.rooms.models import Room

Floats = NDArray[np.float64]
Model = Callable[[Room, Floats, Floats, float], Floats]

#: Time before a stop whose readings give the temperature at its start [s].
BEFORE_S: Final = 3600
#: A decay is used from this many readings and this fall on.
LEAST_READINGS: Final = 6
LEAST_FALL_K: Final = 1.0
#: Step of the model while it is fitted [s].
STEP_S: Final = 600.0
#: The capacity is sought within this factor of the type's, both ways.
_FACTOR: Final = 12.0


@dataclass(frozen=True)
class Decay:
    """What one sensor read in one stop; times in s of local time since 1970."""

    building: str
    sensor: str
    start_s: int
    end_s: int
    start_c: float
    times_s: Floats
    temperature_c: Floats

    @property
    def fall_k(self) -> float:
        """How far the room cooled."""
        return self.start_c - float(self.temperature_c[-1])


@dataclass(frozen=True)
class Fit:
    """A capacity found."""

    decay: Decay
    time_constant_h: float
    fitted_h: float
    rmse_k: float


@dataclass
class Calibrated:
    """Buildings with the capacities found, and what they rest on."""

    buildings: list[Building]
    fits: list[Fit]
    how: dict[str, str]
    """``own`` or ``type`` by building."""
    set_aside: int
    """Decays too short or too shallow to say anything."""


def decays_of(buildings: Sequence[Building], stops: Columns, readings: Any) -> tuple[list[Decay], int]:
    """The decays that the sensors of buildings read in stops of their substations, and how many were set aside."""
    wanted: dict[str, list[tuple[str, int, int]]] = {}
    for one in buildings:
        for row in np.flatnonzero(stops["substation"] == one.substation).tolist():
            for sensor in one.sensors:
                span = (one.name, int(stops["start"][row]), int(stops["end"][row]))
                wanted.setdefault(sensor, []).append(span)
    if not wanted:
        return [], 0
    ends = [end for spans in wanted.values() for _, _, end in spans]
    starts = [start for spans in wanted.values() for _, start, _ in spans]
    base = (min(starts) - BEFORE_S) // 86_400 * 86_400
    window = Window(base, min(starts) - BEFORE_S - base, max(ends) + 1 - base, int(STEP_S))
    parts: list[list[tuple[int, Floats, Floats]]]
    sensors, parts = each_series(readings, lambda _: window, _each)
    found: list[Decay] = []
    set_aside = 0
    for code, seconds, milli in (one for part in parts for one in part):
        for building, start, end in wanted.get(sensors[code], ()):
            decay = _cut(building, sensors[code], start, end, seconds + base, milli)
            if decay is None or decay.fall_k < LEAST_FALL_K:
                set_aside += 1
            else:
                found.append(decay)
    return found, set_aside


def _each(series: Series) -> list[tuple[int, Floats, Floats]]:
    if not len(series.codes):
        return []
    cuts = np.flatnonzero(np.diff(series.codes)) + 1
    return [
        (int(codes[0]), seconds.astype(np.float64), milli / MILLI)
        for codes, seconds, milli in zip(
            np.split(series.codes, cuts),
            np.split(series.seconds, cuts),
            np.split(series.milli, cuts),
            strict=True,
        )
    ]


def _cut(
    building: str, sensor: str, start: int, end: int, seconds: Floats, temperature_c: Floats
) -> Decay | None:
    before = (seconds >= start - BEFORE_S) & (seconds <= start)
    inside = (seconds > start) & (seconds <= end)
    if np.count_nonzero(inside) < LEAST_READINGS:
        return None
    chosen = temperature_c[inside]
    first = float(temperature_c[before].mean()) if before.any() else float(chosen[0])
    return Decay(building, sensor, start, end, first, seconds[inside] - start, chosen)


def calibrate(
    buildings: Sequence[Building],
    decays: Iterable[Decay],
    set_aside: int,
    model: Model,
    outdoor: Callable[[Floats], Floats],
) -> Calibrated:
    """Fit capacities; buildings without a decay of their own take the median factor of their type.

    Parameters
    ----------
    buildings : sequence of Building
    decays : iterable of Decay
    set_aside : int
    model : callable
        The model that is calibrated.
    outdoor : callable
        Outdoor temperatures at times [s of local time since 1970].
    """
    of: dict[str, list[Decay]] = {}
    for decay in decays:
        of.setdefault(decay.building, []).append(decay)
    factors: dict[str, float] = {}
    fits: list[Fit] = []
    for one in buildings:
        if one.name in of:
            factors[one.name] = _fit(one.room, of[one.name], model, outdoor)
            room = one.room.slower(factors[one.name])
            fits += [
                Fit(
                    decay,
                    one.room.time_constant_h,
                    room.time_constant_h,
                    _misfit(room, decay, model, outdoor),
                )
                for decay in of[one.name]
            ]
    by_type: dict[str, list[float]] = {}
    for one in buildings:
        if one.name in factors:
            by_type.setdefault(one.building_type, []).append(factors[one.name])
    result = Calibrated([], fits, {}, set_aside)
    for one in buildings:
        factor = factors.get(one.name)
        result.how[one.name] = "own" if factor is not None else "type" if one.building_type in by_type else ""
        if factor is None and one.building_type in by_type:
            factor = median(by_type[one.building_type])
        result.buildings.append(one if factor is None else replace(one, room=one.room.slower(factor)))
    return result


def _fit(room: Room, decays: Sequence[Decay], model: Model, outdoor: Callable[[Floats], Floats]) -> float:
    """Factor on the capacity that comes closest to all decays."""
    from scipy.optimize import minimize_scalar

    def square(log_factor: float) -> float:
        slower = room.slower(float(np.exp(log_factor)))
        return sum(_misfit(slower, decay, model, outdoor) ** 2 * len(decay.times_s) for decay in decays)

    width = float(np.log(_FACTOR))
    found = minimize_scalar(square, bounds=(-width, width), method="bounded", options={"xatol": 1e-4})
    return float(np.exp(found.x))


def _misfit(room: Room, decay: Decay, model: Model, outdoor: Callable[[Floats], Floats]) -> float:
    """Root mean square of model minus readings [K]."""
    steps = int(np.ceil(decay.times_s[-1] / STEP_S)) + 2
    grid = np.arange(steps, dtype=np.float64) * STEP_S
    at = outdoor(decay.start_s + grid)
    found = model(replace(room, start_c=decay.start_c), np.zeros(steps), at, STEP_S)
    apart = np.interp(decay.times_s, grid, found) - decay.temperature_c
    return float(np.sqrt(np.mean(apart**2)))
