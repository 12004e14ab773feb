"""Rows of a GIS file on their way into a ledger: properties as columns, geometry as coordinates."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.ledger import meaning
from citymains.intake.source import SourceFile

from citymains_gas.intake.columns import GAS_PIPES

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
        """The features as a CSV under our own names, row n + 1 for the n-th; layers may have other headings each."""
        heard = {name for record in self.records for name in record}
        name_of = {one: meaning(one, GAS_PIPES, file.columns) or one for one in heard}
        self.issues += [
            issue(
                "LEDGER_COLUMN_UNKNOWN",
                file=file.name,
                line=1,
                field=name,
                value=one,
                limit=", ".join(sorted(heard)),
            )
            for name, one in file.columns.items()
            if one not in heard
        ]
        rows = [self._renamed(record, name_of) for record in self.records]
        names = list(dict.fromkeys(name for row in rows for name in row))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            cells = ["" if row.get(name) is None else str(row[name]) for name in names]
            # A row of empty cells would be taken for none, and the numbers would slip.
            writer.writerow(cells if any(cells) else ["-", *cells[1:]])
        return SourceFile(file.name, text.getvalue().encode())

    @staticmethod
    def _renamed(record: dict[str, Any], name_of: dict[str, str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in record.items():
            ours = name_of[name]
            if found.get(ours) is None or found[ours] == "":
                found[ours] = value
        return found
