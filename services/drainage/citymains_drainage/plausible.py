"""Cross-sections that are probably in another unit: the engine calculates a sewer of 800 m as readily as one of 800 mm."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from citymains.errors import Issue, issue
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

import citymains_drainage.messages  # noqa: F401

#: Shapes whose third word is no depth.
_BY_NAME = frozenset({"IRREGULAR", "STREET", "DUMMY"})
#: Open to the sky, so that a depth says nothing about the size of a pipe.
_OPEN = frozenset({"RECT_OPEN", "TRAPEZOIDAL", "TRIANGULAR", "PARABOLIC", "POWER"})
#: Full depth of closed sections: the largest storage tunnels have 13 m, the thinnest drains 0.05 m. [m]
_CLOSED_M = (0.02, 30.0)


def section_units(document: InpDocument, length_m: float) -> Iterator[Issue]:
    """Depths of closed cross-sections that no sewer has.

    Parameters
    ----------
    document : InpDocument
    length_m : float
        One unit of length of the model [m].

    Yields
    ------
    Issue
        One error where half of the depths are so, else a warning for each.
    """
    depths = list(_depths(document))
    if not depths:
        return
    low, high = _CLOSED_M
    unit = "m" if length_m == 1.0 else "ft"
    middle = median(depth for _, depth in depths)
    if not low <= middle * length_m <= high:
        yield issue(
            "DRAINAGE_SECTIONS_UNIT", file=document.file, section="XSECTIONS", field="depth",
            value=f"{middle:g}", limit=unit,
        )  # fmt: skip
        return
    for row, depth in depths:
        if not low <= depth * length_m <= high:
            yield issue(
                "DRAINAGE_SECTION_UNIT", severity="warning", file=document.file, line=row.line,
                section="XSECTIONS", element=row.tokens[0], field="depth", value=f"{depth:g}", limit=unit,
            )  # fmt: skip


def _depths(document: InpDocument) -> Iterator[tuple[InpRow, float]]:
    for row in document["XSECTIONS"]:
        words = row.tokens
        if len(words) < 3 or words[1].upper() in _BY_NAME | _OPEN:
            continue
        depth = read_number(words[2]).value
        if depth is not None and depth > 0.0:  # zero is refused where cross-sections are read
            yield row, depth
