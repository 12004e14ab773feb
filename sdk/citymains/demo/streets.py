"""The street grid of the demonstration town: what all four networks lie under.

A made-up town north of a river: 经 (north-south) and 纬 (east-west) streets, numbered from the
south-west, as in Jinan. The ground rises towards the north-west. Nothing is random, so the
town is the same everywhere.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

#: Coordinate reference system of the town: CGCS2000 / 3-degree zone, 114 E.
CRS = "EPSG:4547"

_EAST_M, _NORTH_M = 435_000.0, 3_735_000.0
_COLUMN_M, _ROW_M = 320.0, 260.0
_BASE_COLUMNS, _BASE_ROWS = 10, 7
#: Every so many streets one is an arterial road, with the mains under it.
ARTERIAL = 3


@dataclass(frozen=True)
class Crossing:
    """Where two streets meet."""

    column: int
    row: int

    @property
    def name(self) -> str:
        """Name people use: 经3纬5."""
        return f"经{self.column + 1}纬{self.row + 1}"

    @property
    def arterial(self) -> bool:
        """Whether an arterial road passes."""
        return self.column % ARTERIAL == 0 or self.row % ARTERIAL == 0


@dataclass(frozen=True)
class Street:
    """A piece of street between two crossings."""

    start: Crossing
    end: Crossing

    @property
    def along(self) -> bool:
        """Whether it runs east-west."""
        return self.start.row == self.end.row

    @property
    def arterial(self) -> bool:
        """Whether it is part of an arterial road."""
        return (self.start.row if self.along else self.start.column) % ARTERIAL == 0

    @property
    def name(self) -> str:
        """Street and where on it: 纬5路(经3-经4)."""
        a, b = self.start, self.end
        if self.along:
            return f"纬{a.row + 1}路(经{a.column + 1}-经{b.column + 1})"
        return f"经{a.column + 1}路(纬{a.row + 1}-纬{b.row + 1})"


@dataclass(frozen=True)
class Town:
    """The grid of a town with `scale` times the blocks of the smallest one."""

    scale: int = 1

    @property
    def columns(self) -> int:
        """Number of 经 streets."""
        return max(2, round(_BASE_COLUMNS * math.sqrt(self.scale)))

    @property
    def rows(self) -> int:
        """Number of 纬 streets."""
        return max(2, round(_BASE_ROWS * math.sqrt(self.scale)))

    def crossings(self) -> Iterator[Crossing]:
        """All crossings, row by row from the south-west."""
        for row in range(self.rows):
            for column in range(self.columns):
                yield Crossing(column, row)

    def streets(self) -> Iterator[Street]:
        """All pieces of street."""
        for one in self.crossings():
            if one.column + 1 < self.columns:
                yield Street(one, Crossing(one.column + 1, one.row))
            if one.row + 1 < self.rows:
                yield Street(one, Crossing(one.column, one.row + 1))

    def point(self, column: float, row: float, *, offset_m: float = 0.0) -> tuple[float, float]:
        """Easting and northing of a place on the grid [m]; `offset_m` shifts it to the north-east.

        The grid bends gently, as towns do along a river.
        """
        x, y = column * _COLUMN_M, row * _ROW_M
        width, height = self.columns * _COLUMN_M, self.rows * _ROW_M
        bend_x = 0.035 * width * math.sin(math.pi * y / height)
        bend_y = 0.06 * height * math.sin(math.pi * x / width) + 45.0 * math.sin(2.2 * math.pi * x / width)
        return round(_EAST_M + x + bend_x + offset_m, 2), round(_NORTH_M + y + bend_y + offset_m, 2)

    def at(self, one: Crossing, *, offset_m: float = 0.0) -> tuple[float, float]:
        """Easting and northing of a crossing [m]."""
        return self.point(one.column, one.row, offset_m=offset_m)

    def ground_m(self, column: float, row: float) -> float:
        """Height of the ground above sea level [m]: 78 at the river, 92 in the north-west, 106 on the hill there."""
        east, north = column / max(self.columns - 1, 1), row / max(self.rows - 1, 1)
        hill = 15.0 * math.exp(-((east - 0.17) ** 2 + (1.0 - north) ** 2) / 0.012)
        return round(
            78.0 + 9.0 * north + 5.0 * north * (1.0 - east) + 1.2 * math.sin(3.0 * math.pi * east) + hill, 2
        )

    def residents(self, one: Crossing) -> int:
        """People around a crossing: dense in the middle."""
        east = (one.column + 0.5) / self.columns - 0.5
        north = (one.row + 0.5) / self.rows - 0.5
        return round(
            700
            + 1900 * math.exp(-6.0 * (east * east + north * north))
            + 60 * ((one.column * 7 + one.row * 3) % 5)
        )

    def length_m(self, street: Street) -> float:
        """Length of a piece of street [m]."""
        return round(math.dist(self.at(street.start), self.at(street.end)), 1)


def next_size(wanted: float, sizes: tuple[float, ...]) -> float:
    """The smallest of ascending `sizes` that is at least `wanted`, else the largest."""
    return next((size for size in sizes if size >= wanted), sizes[-1])
