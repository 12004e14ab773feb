"""Rows of a GIS file on their way into a ledger: properties as columns, geometry as coordinates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from citymains.errors import Issue
from citymains.intake.source import SourceFile

Point = tuple[float, float]


@dataclass
class Rows:
    """What a GIS file holds.

    Attributes
    ----------
    records : list of dict
        Properties of each feature, with ``kind`` where the file says it.
    lines : list of list of points
        Geometry of each feature: two or more points of a line, one of a point, none.
    issues : list of Issue
    crs : str
    """

    records: list[dict[str, Any]] = field(default_factory=list)
    lines: list[list[Point]] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    crs: str = ""

    def add(self, record: dict[str, Any], line: Sequence[Point]) -> None:
        """Add a feature; the ends of its geometry become columns ``x1 y1 x2 y2``."""
        places: dict[str, Any] = {}
        if line:
            places = {"x1": line[0][0], "y1": line[0][1]}
            if len(line) > 1:
                places |= {"x2": line[-1][0], "y2": line[-1][1]}
        self.records.append({**record, **{name: repr(value) for name, value in places.items()}})
        self.lines.append(list(line))

    def as_csv(self, file: SourceFile) -> SourceFile:
        """The features as a CSV, row n + 1 for the n-th."""
        names = list(dict.fromkeys(name for record in self.records for name in record))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        for record in self.records:
            # A row of empty cells would be taken for none, and the numbers would slip.
            cells = ["" if record.get(name) is None else str(record[name]) for name in names]
            writer.writerow(cells if any(cells) else ["-", *cells[1:]])
        return SourceFile(file.name, text.getvalue().encode(), file.columns)
