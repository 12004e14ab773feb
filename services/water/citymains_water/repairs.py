"""How long a broken or closed pipe takes to repair, by its diameter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from citymains.errors import InputError
from citymains.model.network import Network
from citymains.model.scenario import Burst, Close, Edit, Scenario
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

#: Mean time to repair by diameter, as (up to this diameter [mm], hours); the last holds above.
#: Those of the reliability tool of the CARE-W project: 8 h below 300 mm, 16 h to 400 mm, 24 h above.
REPAIR_H = ((300.0, 8.0), (400.0, 16.0), (float("inf"), 24.0))

REPAIRS = TableSpec(
    "repairs",
    "Pipes whose repair ends their closure or break.",
    (
        ColumnSpec("pipe", Kind.TEXT, "Id of the pipe."),
        ColumnSpec("diameter_mm", Kind.FLOAT, "Its diameter; of several closed together the widest decides."),
        ColumnSpec("start_s", Kind.FLOAT, "When it is closed or breaks."),
        ColumnSpec("end_s", Kind.FLOAT, "When it works again."),
    ),
)


def repair_hours(diameter_mm: float) -> float:
    """Mean time to repair a pipe [h].

    >>> repair_hours(150.0), repair_hours(300.0), repair_hours(400.0), repair_hours(600.0)
    (8.0, 16.0, 16.0, 24.0)
    """
    if diameter_mm < REPAIR_H[0][0]:
        return REPAIR_H[0][1]
    return REPAIR_H[1][1] if diameter_mm <= REPAIR_H[1][0] else REPAIR_H[2][1]


def repaired(network: Network, scenario: Scenario) -> tuple[Scenario, Table]:
    """End every closure and burst that has no end when the pipe is repaired.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT.
    """
    pipes = network.data("pipes")
    diameters = dict(zip(map(str, pipes.texts("id")), pipes.array("diameter_mm").tolist(), strict=True))
    others = {str(one) for name in ("pumps", "valves") for one in network.data(name).texts("id")}
    edits: list[Edit] = []
    rows: list[tuple[str, float, float, float]] = []
    for edit in scenario.edits:
        if not isinstance(edit, Close | Burst) or edit.end_s is not None:
            edits.append(edit)
            continue
        ids = edit.pipes if isinstance(edit, Close) else (edit.pipe,)
        unknown = [one for one in ids if one not in diameters and one not in others]
        if unknown:
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="pipes", value=unknown[0])
        widest = max((diameters.get(one, 0.0) for one in ids), default=0.0)
        start = edit.start_s or 0.0
        end = start + repair_hours(widest) * 3600.0
        edits.append(replace(edit, end_s=end))
        rows += [(one, diameters[one], start, end) for one in ids if one in diameters]
    return Scenario(tuple(edits)), repairs_table(rows)


def repairs_table(rows: Sequence[tuple[str, float, float, float]]) -> Table:
    """:data:`REPAIRS` from rows."""
    return REPAIRS.build(
        pipe=[row[0] for row in rows],
        diameter_mm=[row[1] for row in rows],
        start_s=[row[2] for row in rows],
        end_s=[row[3] for row in rows],
    )
