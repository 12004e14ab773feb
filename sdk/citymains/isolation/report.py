"""The record of an isolation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

TEXT, FLOAT, INTEGER, BOOLEAN = Kind.TEXT, Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class IsolationReport(Record):
    """What to shut, in order, what is cut off, who is affected and whom to tell.

    By topology alone: whether the rest keeps its pressure is the question ``outage``.
    """

    TABLES: ClassVar[tuple[TableSpec, ...]] = (
        TableSpec(
            "valves",
            "Valves of the isolation: to shut, to check, or found unusable.",
            (
                ColumnSpec("valve", TEXT, "Id of the valve."),
                ColumnSpec("order", INTEGER, "Order of shutting from 1, upstream first; 0: nothing to turn."),
                ColumnSpec("usable", BOOLEAN, "Whether it can be shut."),
                ColumnSpec("action", TEXT, "shut, check (shut already) or failed (why the ring is larger)."),
                ColumnSpec("link", TEXT, "Link it stands on."),
                ColumnSpec("node", TEXT, "Node it stands next to."),
            ),
        ),
        TableSpec(
            "segments",
            "Segments the isolation consists of.",
            (
                ColumnSpec("segment", INTEGER, "Number of the segment."),
                ColumnSpec("node_count", INTEGER, "Nodes in it."),
                ColumnSpec("link_count", INTEGER, "Links in it."),
                ColumnSpec("length_m", FLOAT, "Length of pipe in it."),
                ColumnSpec("volume_m3", FLOAT, "Volume of its pipes, to be drained."),
            ),
        ),
        TableSpec(
            "elements",
            "Every node and link that loses supply.",
            (
                ColumnSpec("element", TEXT, "Id of the node or link."),
                ColumnSpec("kind", TEXT, "node, pipe, pump, ..."),
                ColumnSpec(
                    "state", TEXT, "isolated, or unintended: cut off because every way to it leads through."
                ),
                ColumnSpec("state_code", INTEGER, "2 isolated, 1 unintended."),
                ColumnSpec("length_m", FLOAT, "Length of a link."),
                ColumnSpec("demand_m3_per_h", FLOAT, "Mean demand of a node."),
                ColumnSpec("hydrant", BOOLEAN, "Whether it is a hydrant: fire service to be told."),
            ),
            MapLayer(
                "element",
                "",
                "state_code",
                labels=((2.0, "隔离", "isolated"), (1.0, "连带停供", "cut off with it")),
            ),
        ),
        TableSpec(
            "customers",
            "Customers without supply, critical ones first.",
            (
                ColumnSpec("customer", TEXT, "Id of the customer."),
                ColumnSpec("element", TEXT, "Element that supplies it."),
                ColumnSpec("category", TEXT, "Category."),
                ColumnSpec("critical", BOOLEAN, "Whether an outage endangers people."),
                ColumnSpec("households", INTEGER, "Households behind it."),
                ColumnSpec("state", TEXT, "isolated or unintended."),
                ColumnSpec("name", TEXT, "Name."),
                ColumnSpec("address", TEXT, "Address."),
            ),
        ),
        TableSpec(
            "duties",
            "Duties that follow from the rules in force.",
            (
                ColumnSpec("duty", TEXT, "What has to be done."),
                ColumnSpec("value", FLOAT, "Hours, or the number the duty names."),
                ColumnSpec("unit", TEXT, "Unit of the value."),
                ColumnSpec("layer", TEXT, "Layer that decided: national, province, city, ..."),
                ColumnSpec("article", TEXT, "Document and article."),
            ),
        ),
    )

    valve_layer: str = ""
    """Where the valves come from: ``dataset``, ``model``, or ``pipe_ends`` (assumed at every pipe end)."""
    tight: bool = True
    """False: a source lies inside; it has to be shut down too."""
    unintended: tuple[str, ...] = ()
    """Nodes cut off though nobody wants to work there."""
    isolated_length_m: float = 0.0
    isolated_volume_m3: float = 0.0
    affected_demand_m3_per_h: float | None = None
    """Mean demand without supply; None where the network carries no demands in m3/h."""
    unserved_m3: float | None = None
    """Demand over the duration of the work; None without a duration."""
    customer_count: int = 0
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()
    hydrants: tuple[str, ...] = ()
    notice_en: str = ""
    """Text of the public notice, in English."""
    notice_zh: str = ""
    """停水(停气、停热)公告正文。"""
