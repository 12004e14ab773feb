"""The record of `storm` and its tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, TableSpec
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HYETOGRAPH: Final = TableSpec(
    "hyetograph",
    "Rain step by step.",
    (
        ColumnSpec("time_s", Kind.FLOAT, "Start of the step, from the start of the rain."),
        ColumnSpec("intensity_mm_per_h", Kind.FLOAT, "Mean intensity over the step."),
        ColumnSpec("depth_mm", Kind.FLOAT, "Depth fallen in the step."),
        ColumnSpec("cumulative_mm", Kind.FLOAT, "Depth fallen by the end of the step."),
    ),
)
MEMBERS: Final = TableSpec(
    "members",
    "Members of the ensemble, member by member; empty without one.",
    (
        ColumnSpec("member", Kind.TEXT, "Name of the member; the first is the storm itself."),
        ColumnSpec("time_s", Kind.FLOAT, "Start of the step, from the start of the rain."),
        ColumnSpec("intensity_mm_per_h", Kind.FLOAT, "Mean intensity over the step."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Storm(Record):
    """Rain over the whole network, in even steps."""

    TABLES = (HYETOGRAPH, MEMBERS)

    formula: str = ""
    """Name or text of the formula; empty for a measured series."""
    jurisdiction: str = ""
    """Where the formula is published for."""
    zone: str = ""
    """District of the formula; empty: it has none."""
    edition: str = ""
    """Which of the city's publications, and where it stands."""
    proxy_of: str = ""
    """The other city's formula that stands in for one of its own; empty: none does."""
    return_period_a: float = math.nan
    """Return period; NaN for a measured series."""
    duration_s: float = math.nan
    step_s: float = math.nan
    peak_ratio: float = math.nan
    """Share of the duration before the peak; NaN where the shape has none."""
    shape: str = ""
    """How the depth is spread; empty for a measured series."""
    depth_mm: float = math.nan
    peak_intensity_mm_per_h: float = math.nan
    member_count: int = 0
    """Members of the ensemble; 0 without one."""

    @property
    def intensity_mm_per_h(self) -> Floats:
        """Mean intensity of each step, shape (steps,)."""
        values: Floats = self.data("hyetograph").array("intensity_mm_per_h")
        return values

    def members_mm_per_h(self) -> Floats:
        """Intensities of the members, shape (members, steps); of the storm alone where it has no ensemble."""
        table = self.data("members")
        if not self.member_count:
            return self.intensity_mm_per_h[np.newaxis, :]
        values: Floats = table.array("intensity_mm_per_h")
        return values.reshape(self.member_count, -1)
