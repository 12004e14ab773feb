"""What an office knows of a network's nodes and the model does not: zones, floors, ground, hydrants."""

from __future__ import annotations

from collections.abc import Iterable

from citymains.intake.ledger import YES_NO, LedgerField, LedgerKind
from citymains.model.table import ColumnSpec, Kind

PLACES = LedgerKind(
    "water_places",
    "Nodes of a water network: pressure zone or DMA, floors to be reached, ground level, hydrants.",
    (
        LedgerField(
            ColumnSpec("node", Kind.TEXT, "Id of the node."),
            ("节点编号", "节点", "id"),
            required=True,
            unique=True,
        ),
        LedgerField(
            ColumnSpec("zone", Kind.TEXT, "Pressure zone or district metered area (DMA) it belongs to."),
            ("分区", "压力分区", "计量分区", "dma"),
        ),
        LedgerField(
            ColumnSpec("floors", Kind.INTEGER, "Floors the network has to reach there; 0: not known."),
            ("楼层数", "层数", "楼层"),
            minimum=0,
            maximum=200,
        ),
        LedgerField(
            ColumnSpec("elevation_m", Kind.FLOAT, "Ground elevation above sea level."),
            ("地面高程", "高程", "ground"),
            minimum=-500,
            maximum=9000,
        ),
        LedgerField(
            ColumnSpec("hydrant", Kind.BOOLEAN, "Whether a hydrant stands there."),
            ("消火栓", "消防栓"),
            choices=YES_NO,
            default=False,
        ),
        LedgerField(
            ColumnSpec("fire_zone", Kind.TEXT, "Fire service district the hydrant belongs to."),
            ("消防分区", "消防责任区"),
        ),
    ),
)


def dataset_kinds() -> Iterable[LedgerKind]:
    """Kinds of datasets that water brings."""
    from citymains_water.leakage_inputs import INFLOWS
    from citymains_water.loggers import LOGGERS

    return (PLACES, LOGGERS, INFLOWS)
