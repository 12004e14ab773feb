"""Curves of a model in SI units: volume over depth of storages, flow of pumps."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_drainage.stations.curves import PumpCurve, PumpCurveKind, VolumeCurve
from citymains_drainage.units import ModelUnits

Points = Sequence[tuple[float, float]]
_KINDS = {
    "PUMP1": PumpCurveKind.VOLUME,
    "PUMP2": PumpCurveKind.DEPTH_STEPS,
    "PUMP3": PumpCurveKind.LIFT,
    "PUMP4": PumpCurveKind.DEPTH,
    "PUMP5": PumpCurveKind.LIFT,
}


def curve_points(document: InpDocument) -> dict[str, tuple[str, list[tuple[float, float]]]]:
    """Type and points of every curve, by folded id."""
    found: dict[str, tuple[str, list[tuple[float, float]]]] = {}
    for row in document["CURVES"]:
        words = list(row.tokens[1:])
        name = fold_ascii(row.tokens[0])
        kind, points = found.get(name, ("", []))
        if words and read_number(words[0]).value is None:
            kind = words.pop(0).upper()
        numbers = [read_number(word).value for word in words]
        values = [float(one) for one in numbers if one is not None]
        points = points + list(zip(values[::2], values[1::2], strict=False))
        found[name] = (kind, points)
    return found


def pump_curve(kind: str, points: Points, units: ModelUnits) -> PumpCurve | None:
    """A pump's curve; None where its type has none that can be read."""
    if kind not in _KINDS or not points:
        return None
    factor = {"PUMP1": units.volume_m3}.get(kind, units.length_m)
    ordered = sorted(points)
    x = tuple(float(at) * factor for at, _ in ordered)
    y = tuple(max(0.0, float(flow)) * units.flow_m3_per_s for _, flow in ordered)
    return PumpCurve(_KINDS[kind], x, y)


def storage_curve(
    row: InpRow, curves: Mapping[str, tuple[str, Points]], units: ModelUnits
) -> VolumeCurve | None:
    """Volume over depth of a [STORAGE] row; None where its shape cannot be read."""
    words = row.tokens
    full_m = _value(words, 2) * units.length_m
    if len(words) < 6 or not full_m > 0:
        return None
    shape = words[4].upper()
    if shape == "TABULAR":
        _, points = curves.get(fold_ascii(words[5]), ("", ()))
        if not points:
            return None
        depths = [at * units.length_m for at, _ in sorted(points)]
        areas = [area * units.area_m2 for _, area in sorted(points)]
        return VolumeCurve.of_areas(depths, areas, max_depth_m=full_m)
    area = _area(shape, words, units)
    if area is None:
        return None
    depths = np.linspace(0.0, full_m, 33).tolist()
    return VolumeCurve.of_areas(depths, [area(one) for one in depths], max_depth_m=full_m)


def _area(shape: str, words: Sequence[str], units: ModelUnits) -> Callable[[float], float] | None:
    """Area [m2] over depth [m] of the storage shapes of SWMM 5.2."""
    a, b, c = (_value(words, at) for at in (5, 6, 7))
    length = units.length_m
    if shape == "FUNCTIONAL":  # A = a d^b + c, in the model's units
        return lambda depth: (
            (a * math.pow(depth / length, b) + c) * units.area_m2 if depth > 0 or b >= 0 else 0.0
        )
    a, b = a * length, b * length
    if shape == "CYLINDRICAL":
        return lambda depth: math.pi * a * b / 4.0
    if shape == "CONICAL":
        return lambda depth: math.pi * (a / 2 + c * depth) * (b / a * (a / 2 + c * depth)) if a else 0.0
    if shape == "PARABOLOID":
        full = c * length
        return lambda depth: math.pi * a * b / 4.0 * depth / full if full else 0.0
    if shape == "PYRAMIDAL":
        return lambda depth: (a + 2 * c * depth) * (b + 2 * c * depth)
    return None


def _value(words: Sequence[str], at: int) -> float:
    value = read_number(words[at]).value if len(words) > at else None
    return 0.0 if value is None else float(value)
