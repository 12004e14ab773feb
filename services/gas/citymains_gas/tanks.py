"""Ledger of gas stores: tanks, LNG stations, pipe storage that can feed when the gate station is lost."""

from __future__ import annotations

from citymains.intake.ledger import YES_NO, LedgerField, LedgerKind
from citymains.intake.ledger_kinds import register_ledger_kind
from citymains.model.table import ColumnSpec, Kind

OWNERS = {
    **dict.fromkeys(("燃气企业", "城镇燃气企业", "company", "city gas company"), "company"),
    **dict.fromkeys(("政府", "地方政府", "government"), "government"),
    **dict.fromkeys(("供气企业", "上游", "supplier"), "supplier"),
}

GAS_STORES = LedgerKind(
    "gas_stores",
    "Gas stores: what they hold, and how fast they can send it out.",
    (
        LedgerField(
            ColumnSpec("store", Kind.TEXT, "Id of the store."),
            ("储气设施", "储罐编号", "编号", "id", "tank"),
            required=True,
            unique=True,
        ),
        LedgerField(
            ColumnSpec("volume_m3", Kind.FLOAT, "Working volume of gas, at 101.325 kPa and 0 °C."),
            ("有效储气量", "储气量", "volume"),
            required=True,
            minimum=0,
        ),
        LedgerField(
            ColumnSpec("send_out_m3_per_h", Kind.FLOAT, "Greatest send-out, at the same conditions."),
            ("最大外输能力", "气化能力", "send out"),
            minimum=0,
        ),
        LedgerField(
            ColumnSpec("fill_percent", Kind.FLOAT, "How full it is."),
            ("液位", "充装率", "fill"),
            minimum=0,
            maximum=100,
            default=100.0,
        ),
        LedgerField(
            ColumnSpec("owner", Kind.TEXT, "Who owns it: company, government or supplier."),
            ("权属", "归属"),
            choices=OWNERS,
            default="company",
        ),
        LedgerField(
            ColumnSpec("available", Kind.BOOLEAN, "Whether it can feed the network now."),
            ("可用", "in service"),
            choices=YES_NO,
            default=True,
        ),
        LedgerField(ColumnSpec("name", Kind.TEXT, "Name."), ("名称",)),
    ),
)

register_ledger_kind(GAS_STORES)
