"""What a well and the sewers behind it hold at a level: the reduced model's tank.

Taken level: the water in every pipe upstream stands as high as in the well. That holds where it
matters, when a station falls behind and backs its sewers up; before that the inflow series has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument
from citymains.intake.numbers import read_number

from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.curves import VolumeCurve
from citymains_drainage.stations.model import Underpass
from citymains_drainage.stations.shapes import curve_points, storage_curve

#: Levels at which the curve is tabulated.
_LEVELS = 41


@dataclass(frozen=True)
class Backing:
    """A tank of the reduced model.

    Attributes
    ----------
    curve : VolumeCurve
        Volume in well and sewers over the well's depth.
    flood_depth_m : float
        Depth of the well at which the lowest manhole upstream, or the well itself, is full.
    yellow_depth_m, red_depth_m : float
        Depths of the well at which the lowest underpass upstream is yellow and red; infinite: there is none.
    """

    curve: VolumeCurve
    flood_depth_m: float
    yellow_depth_m: float = math.inf
    red_depth_m: float = math.inf

    @property
    def road_area_m2(self) -> float:
        """Volume by depth at the underpass's yellow level, by which volume above it is depth [m2]."""
        at = min(self.yellow_depth_m, self.curve.max_depth_m - 0.1)
        return max(1.0, (self.curve.volume_at(at + 0.1) - self.curve.volume_at(at)) / 0.1)


@dataclass(frozen=True)
class _Pipe:
    start: str
    end: str
    length_m: float
    low_m: float
    high_m: float
    height_m: float
    area_m2: float


class SewerGeometry:
    """Pipes and manholes of a model, in SI units."""

    def __init__(self, document: InpDocument, options: ModelOptions) -> None:
        length = options.units.length_m
        self.invert_m: dict[str, float] = {}
        self.ground_m: dict[str, float] = {}
        for section in ("JUNCTIONS", "STORAGE", "OUTFALLS", "DIVIDERS"):
            for row in document[section]:
                name, invert = fold_ascii(row.tokens[0]), _number(row.tokens, 1) * length
                self.invert_m[name] = invert
                depth = _number(row.tokens, 2) * length if section in ("JUNCTIONS", "STORAGE") else 0.0
                sealed = _number(row.tokens, 4) * length if section == "JUNCTIONS" else 0.0
                if depth > 0:
                    self.ground_m[name] = invert + depth + sealed
        curves = curve_points(document)
        self.storages = {
            fold_ascii(row.tokens[0]): curve
            for row in document["STORAGE"]
            if (curve := storage_curve(row, curves, options.units)) is not None
        }
        shapes = _shapes(document, length)
        absolute = options.values.get("LINK_OFFSETS", "DEPTH").upper() == "ELEVATION"
        self.pipes = list(self._pipes(document, shapes, length, absolute=absolute))

    def _pipes(
        self,
        document: InpDocument,
        shapes: Mapping[str, tuple[float, float]],
        length: float,
        *,
        absolute: bool,
    ) -> Iterable[_Pipe]:
        for row in document["CONDUITS"]:
            words = row.tokens
            name, start, end = (fold_ascii(word) for word in words[:3])
            height, area = shapes.get(name, (0.0, 0.0))
            if not height > 0 or start not in self.invert_m or end not in self.invert_m:
                continue
            ends = []
            for node, at in ((start, 5), (end, 6)):
                offset = _number(words, at) * length
                ends.append(offset if absolute and offset else self.invert_m[node] + offset)
            yield _Pipe(start, end, _number(words, 3) * length, min(ends), max(ends), height, area)

    @property
    def volume_m3(self) -> float:
        """What pipes and storages hold when they are full [m3]."""
        pipes = sum(pipe.area_m2 * pipe.length_m for pipe in self.pipes)
        return pipes + sum(curve.capacity_m3 for curve in self.storages.values())

    def curve(self, node: str, full_depth_m: float) -> VolumeCurve:
        """Volume over depth of a node: its storage's, or that of a manhole of 2 m2."""
        return self.storages.get(fold_ascii(node)) or VolumeCurve.prismatic(2.0, full_depth_m)

    def backing(
        self, well: str, curve: VolumeCurve, region: Iterable[str], roads: Iterable[Underpass] = ()
    ) -> Backing:
        """The tank of a well with its region behind it, and the underpasses among those of `roads` that lie there."""
        inside = {fold_ascii(one) for one in region}
        invert = self.invert_m.get(fold_ascii(well), 0.0)
        grounds = [self.ground_m[one] for one in inside if one in self.ground_m]
        flood = min(grounds, default=invert + curve.max_depth_m) - invert
        flood = max(0.05, min(flood, curve.max_depth_m))
        depths = np.linspace(0.0, curve.max_depth_m, _LEVELS)
        volumes = np.array(curve.volume(depths), dtype=np.float64)
        for pipe in self.pipes:
            if pipe.start in inside or pipe.end in inside:
                share = _filled(pipe, depths + invert)
                volumes = volumes + share * pipe.area_m2 * pipe.length_m
        for node in inside - {fold_ascii(well)}:
            if node in self.storages:
                volumes = volumes + self.storages[node].volume(depths + invert - self.invert_m[node])
        levels = [
            (self.invert_m[node] + road.yellow_m - invert, self.invert_m[node] + road.red_m - invert)
            for road in roads
            if (node := fold_ascii(road.node)) in inside
        ]
        yellow, red = min(levels, default=(math.inf, math.inf))
        full = VolumeCurve(tuple(depths.tolist()), tuple(np.maximum.accumulate(volumes).tolist()))
        return Backing(full, flood, yellow, red)


def _filled(pipe: _Pipe, level_m: np.ndarray) -> np.ndarray:
    """Share of a pipe below a level, its slope taken into account at five places."""
    places = np.linspace(pipe.low_m, pipe.high_m, 5)
    filled = np.clip((level_m[:, np.newaxis] - places) / pipe.height_m, 0.0, 1.0)
    return np.asarray(filled.mean(axis=1))


def _shapes(document: InpDocument, length: float) -> dict[str, tuple[float, float]]:
    """Height and full area of each cross-section; what is neither round nor boxed is taken for an ellipse."""
    found: dict[str, tuple[float, float]] = {}
    for row in document["XSECTIONS"]:
        shape = row.tokens[1].upper() if len(row.tokens) > 1 else ""
        height, width = _number(row.tokens, 2) * length, _number(row.tokens, 3) * length
        barrels = max(1.0, _number(row.tokens, 6))
        if shape in ("CIRCULAR", "FORCE_MAIN", "FILLED_CIRCULAR"):
            area = math.pi * height**2 / 4.0
        elif shape.startswith("RECT"):
            area = height * (width or height)
        else:
            area = math.pi * height * (width or height) / 4.0
        found.setdefault(fold_ascii(row.tokens[0]), (height, area * barrels))
    return found


def _number(words: tuple[str, ...], at: int) -> float:
    value = read_number(words[at]).value if len(words) > at else None
    return 0.0 if value is None else float(value)
