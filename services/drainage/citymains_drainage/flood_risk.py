"""The risk map of a storm: one class per node, from what the engine found there.

The classes are ours, by what the water does, since depths on streets need a surface model that a
sewer model is not: 1 surcharged, 2 flooded, 3 flooded for more than half an hour (the time within
which traffic hubs have to be free of water again) or an underpass that slows, 4 an underpass closed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from numpy.typing import NDArray

from citymains_drainage.underpasses import GREEN, RED, Course

#: Time within which traffic hubs have to be free of water [s].
LONG_FLOODING_S: Final = 1800.0

RISK: Final = TableSpec(
    "risk",
    "Risk class of every node.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the node."),
        ColumnSpec(
            "risk_class",
            Kind.INTEGER,
            "0 free, 1 surcharged, 2 flooded, 3 flooded for more than half an hour or an underpass that slows, "
            "4 an underpass closed.",
        ),
        ColumnSpec(
            "reason",
            Kind.TEXT,
            "free, surcharged, flooded, flooded_long, underpass_slow or underpass_closed.",
        ),
    ),
    MapLayer(
        "node",
        "nodes",
        "risk_class",
        labels=(
            (0.0, "无风险", "free"),
            (1.0, "超载", "surcharged"),
            (2.0, "溢流", "flooded"),
            (3.0, "长时间溢流或缓行", "flooded long or slow"),
            (4.0, "封闭", "closed"),
        ),
    ),
)
_REASONS: Final = ("free", "surcharged", "flooded", "flooded_long")


def risk_table(
    nodes: Sequence[str],
    surcharge_s: NDArray[np.float64],
    flooding_m3: NDArray[np.float64],
    flooded_s: NDArray[np.float64],
    underpasses: Course,
) -> Table:
    """The risk of every node, shape (nodes,) each.

    On an underpass, a storage that cannot surcharge, the water on the road decides alone.
    """
    risk = np.where(surcharge_s > 0, 1, 0)
    risk[flooding_m3 > 0] = 2
    risk[(flooding_m3 > 0) & (flooded_s > LONG_FLOODING_S)] = 3
    reasons = [_REASONS[one] for one in risk.tolist()]
    at = {name: row for row, name in enumerate(nodes)}
    for place, state in zip(underpasses.places, underpasses.worst, strict=True):
        row = at[place.node]
        if state != GREEN:
            risk[row] = 4 if state == RED else max(3, int(risk[row]))
            reasons[row] = "underpass_closed" if state == RED else "underpass_slow"
    return RISK.build(node=list(nodes), risk_class=risk, reason=reasons)
