"""Rainstorm signals of a rain: the most that falls in any 3, 6 and 12 hours, and what the rules in force call it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec
from numpy.typing import NDArray

from citymains_drainage.rain import GageRain
from citymains_drainage.rules.storm_warning import SIGNALS, WINDOWS_H, depth_input

if TYPE_CHECKING:
    from citymains.workbench import Workbench

Floats = NDArray[np.float64]
#: Step on which windows begin [s]; within it rain is taken as even.
_STEP_S: Final = 300.0

WARNINGS: Final = TableSpec(
    "warnings",
    "Rainstorm signals whose depth the rain reaches, the mildest first.",
    (
        ColumnSpec("colour", Kind.TEXT, "blue, yellow, orange or red."),
        ColumnSpec("response", Kind.TEXT, "Response that goes with it; empty: no rule says which."),
        ColumnSpec("gage", Kind.TEXT, "Rain gage where most falls."),
        ColumnSpec("window_h", Kind.FLOAT, "Time the depth falls in."),
        ColumnSpec("limit_mm", Kind.FLOAT, "Depth from which the signal holds."),
        ColumnSpec("depth_mm", Kind.FLOAT, "Most that falls in any such time."),
        ColumnSpec("since_s", Kind.FLOAT, "When it has fallen, from the start."),
        ColumnSpec("article", Kind.TEXT, "Document and layer the depth stands in."),
    ),
)


@dataclass(frozen=True)
class StormWarnings:
    """Signals of a rain.

    Attributes
    ----------
    colour, response : str
        The gravest; empty: none.
    table : Table
    rule_packs : tuple of str
    """

    colour: str
    response: str
    table: Table
    rule_packs: tuple[str, ...]


def storm_warnings(workbench: Workbench, rain: Sequence[GageRain], duration_s: float) -> StormWarnings:
    """The signals that the rain of a simulation reaches, gage by gage.

    Parameters
    ----------
    workbench : Workbench
    rain : sequence of GageRain
    duration_s : float
        Time from the start of the simulation [s].
    """
    resolved = workbench.rules.resolve(
        "storm_warning", jurisdiction=workbench.jurisdiction, on=workbench.today()
    )
    edges: Floats = np.arange(int(np.ceil(duration_s / _STEP_S)) + 1, dtype=np.float64) * _STEP_S
    fallen = {one.gage: one.fallen_mm(edges) for one in rain}
    rows = []
    for signal in SIGNALS:
        decision = resolved.fields.get(signal.field)
        if decision is None or not fallen:
            continue
        inside = {name: within(depths, signal.window_h * 3600.0) for name, depths in fallen.items()}
        gage = max(inside, key=lambda name: float(inside[name].max()))
        reached = inside[gage] >= decision.value
        if reached.any():
            response = resolved.evaluate(colour=signal.colour)["response"].value
            rows.append(
                {
                    "colour": signal.colour,
                    "response": response or "",
                    "gage": gage,
                    "window_h": float(signal.window_h),
                    "limit_mm": float(decision.value),
                    "depth_mm": float(inside[gage].max()),
                    "since_s": float(edges[reached.argmax()]),
                    "article": decision.text,
                }
            )
    judged = resolved.evaluate(
        **{
            depth_input(hours): max(
                (float(within(one, hours * 3600.0).max()) for one in fallen.values()), default=0.0
            )
            for hours in WINDOWS_H
        }
    )
    return StormWarnings(
        colour=judged["colour"].value or "",
        response=judged["response"].value or "",
        table=WARNINGS.build(**{one.name: [row[one.name] for row in rows] for one in WARNINGS.columns}),
        rule_packs=resolved.applied,
    )


def within(fallen_mm: Floats, window_s: float) -> Floats:
    """Depth fallen in the time before each edge of an even grid of five minutes, shape as the depths [mm]."""
    steps = round(window_s / _STEP_S)
    before = np.concatenate([np.zeros(min(steps, len(fallen_mm))), fallen_mm])[: len(fallen_mm)]
    # Sums of steps are off by rounding, and a depth that is reached exactly counts as reached.
    return np.asarray(np.round(fallen_mm - before, 6), dtype=np.float64)
