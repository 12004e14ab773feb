"""The ledgers every utility understands: isolation valves and customers; and the kinds that services add."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from os import PathLike
from typing import Protocol

from citymains.errors import NotFoundError
from citymains.intake.ledger import YES_NO, LedgerField, LedgerKind
from citymains.intake.source import SourceFile
from citymains.model.table import ColumnSpec, Kind
from citymains.plugins.records import UtilityRecord, load_reference

VALVES = LedgerKind(
    "valves",
    "Isolation valves: each stands on a link, next to one of the link's two nodes.",
    (
        LedgerField(
            ColumnSpec("valve", Kind.TEXT, "Id of the valve."),
            ("阀门编号", "阀门", "编号", "id", "valve id"),
            required=True,
            unique=True,
        ),
        LedgerField(
            ColumnSpec("link", Kind.TEXT, "Id of the pipe or other link it stands on."),
            ("所在管段", "管段编号", "管段", "pipe", "pipe id"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("node", Kind.TEXT, "Id of the end node it stands next to; empty: the link's start."),
            ("相邻节点", "节点编号", "节点", "near node"),
        ),
        LedgerField(
            ColumnSpec("usable", Kind.BOOLEAN, "Whether it can be shut."),
            ("可用", "可操作", "operable"),
            choices=YES_NO,
            default=True,
        ),
        LedgerField(
            ColumnSpec("closed", Kind.BOOLEAN, "Whether it is shut now."),
            ("已关闭", "常闭", "shut"),
            choices=YES_NO,
            default=False,
        ),
        LedgerField(
            ColumnSpec("diameter_mm", Kind.FLOAT, "Nominal diameter."),
            ("口径", "公称直径", "dn"),
            minimum=1,
            maximum=5000,
        ),
        LedgerField(
            ColumnSpec("address", Kind.TEXT, "Where the crew finds it."), ("地址", "位置", "location")
        ),
    ),
)

#: How offices call the categories of customers.
CATEGORIES = {
    **dict.fromkeys(("居民", "居民用户", "residential", "household"), "residential"),
    **dict.fromkeys(("商业", "非居民", "commercial"), "commercial"),
    **dict.fromkeys(("工业", "industrial"), "industrial"),
    **dict.fromkeys(("公共", "公建", "公共服务", "public"), "public"),
    **dict.fromkeys(("医院", "hospital"), "hospital"),
    **dict.fromkeys(("学校", "school"), "school"),
    **dict.fromkeys(("消防", "消火栓", "hydrant", "fire"), "hydrant"),
}

CUSTOMERS = LedgerKind(
    "customers",
    "Customers and the element of the network that supplies each.",
    (
        LedgerField(
            ColumnSpec("customer", Kind.TEXT, "Id of the customer."),
            ("用户编号", "户号", "用户", "id", "customer id"),
            required=True,
            unique=True,
        ),
        LedgerField(
            ColumnSpec("element", Kind.TEXT, "Id of the node (or link) that supplies it."),
            ("供水节点", "接入节点", "节点编号", "节点", "node", "supply node"),
            required=True,
        ),
        LedgerField(
            ColumnSpec("category", Kind.TEXT, "Category."),
            ("用户类别", "类别", "性质"),
            choices=CATEGORIES,
            default="residential",
        ),
        LedgerField(
            ColumnSpec(
                "critical", Kind.BOOLEAN, "Whether an outage endangers people: hospitals, dialysis, ..."
            ),
            ("重点用户", "重要用户", "关键用户"),
            choices=YES_NO,
            default=False,
        ),
        LedgerField(
            ColumnSpec("households", Kind.INTEGER, "Households behind it."),
            ("户数",),
            minimum=0,
            maximum=1e7,
            default=1,
        ),
        LedgerField(
            ColumnSpec("demand_m3_per_h", Kind.FLOAT, "Mean demand."),
            ("平均用量", "用水量", "用气量"),
            minimum=0,
        ),
        LedgerField(ColumnSpec("name", Kind.TEXT, "Name for the outage list."), ("名称", "用户名称")),
        LedgerField(ColumnSpec("address", Kind.TEXT, "Address."), ("地址", "用水地址")),
    ),
)


class DatasetKind(Protocol):
    """A kind of dataset that can be stored: a :class:`~citymains.intake.ledger.LedgerKind`, or a service's own."""

    @property
    def name(self) -> str:
        """Lower-case name: ``customers``."""

    @property
    def description(self) -> str:
        """What it is."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns."""

    def parquet(self, file: SourceFile, columns: Mapping[str, str] | None = None) -> bytes:
        """A file of this kind, checked, as the Parquet file that is stored; raises InputError with every issue."""

    def write_template(self, path: str | PathLike[str]) -> None:
        """Write an empty .xlsx to be filled in."""


_KINDS: dict[str, DatasetKind] = {kind.name: kind for kind in (VALVES, CUSTOMERS)}


def register_ledger_kind(kind: DatasetKind) -> None:
    """Add a kind, which can then be stored and used by id.

    Raises
    ------
    ValueError
        The name is taken by another kind.
    """
    if _KINDS.setdefault(kind.name, kind) != kind:
        raise ValueError(f"ledger kind {kind.name} is registered twice")


def register_kinds_of(utilities: Iterable[UtilityRecord]) -> None:
    """Make the kinds known that utilities declare."""
    for record in utilities:
        for kind in load_reference(record.datasets)() if record.datasets else ():
            register_ledger_kind(kind)


def ledger_kinds() -> Mapping[str, DatasetKind]:
    """Every kind that is known, by name."""
    return dict(_KINDS)


def ledger_kind(name: str) -> DatasetKind:
    """The kind of that name. Raises NotFoundError, naming those there are."""
    if name not in _KINDS:
        raise NotFoundError(field="kind of dataset", value=f"{name} ({', '.join(sorted(_KINDS))})")
    return _KINDS[name]
