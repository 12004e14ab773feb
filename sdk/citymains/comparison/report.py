"""The record of a comparison."""

from __future__ import annotations

from dataclasses import dataclass

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

TEXT, FLOAT, INTEGER = Kind.TEXT, Kind.FLOAT, Kind.INTEGER


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ComparisonReport(Record):
    """Before and after of two answers to one question, element by element."""

    TABLES = (
        TableSpec(
            "changes",
            "The compared quantity of every element, where it changed most; the greatest change first.",
            (
                ColumnSpec("element", TEXT, "Id of the element."),
                ColumnSpec("time_s", FLOAT, "When the change was greatest. Missing in a steady state."),
                ColumnSpec("before", FLOAT, "Value before, in the quantity's unit."),
                ColumnSpec("after", FLOAT, "Value after."),
                ColumnSpec("change", FLOAT, "After less before."),
                ColumnSpec(
                    "worse_by",
                    FLOAT,
                    "By how much it is worse, negative: better; of quantities without a bad end, the size of the change.",
                ),
                ColumnSpec("state", TEXT, "both, only before, or only after: where there is a value."),
            ),
            MapLayer("element", "", "worse_by", "max", centre=0.0),
        ),
        TableSpec(
            "quantities",
            "Every quantity that both answers have.",
            (
                ColumnSpec("table", TEXT, "Table it stands in."),
                ColumnSpec("quantity", TEXT, "Column."),
                ColumnSpec("unit", TEXT, "Its unit."),
                ColumnSpec("rows", INTEGER, "Rows that both answers have."),
                ColumnSpec("changed_rows", INTEGER, "Rows among them whose values differ."),
                ColumnSpec("greatest_rise", FLOAT, "Greatest increase. Missing where nothing rose."),
                ColumnSpec("rise_element", TEXT, "Where."),
                ColumnSpec(
                    "greatest_fall", FLOAT, "Greatest decrease, negative. Missing where nothing fell."
                ),
                ColumnSpec("fall_element", TEXT, "Where."),
                ColumnSpec("only_before", INTEGER, "Values that only the first answer has."),
                ColumnSpec("only_after", INTEGER, "Values that only the second has."),
            ),
        ),
        TableSpec(
            "summary",
            "The answers' own figures.",
            (
                ColumnSpec("field", TEXT, "Name of the figure."),
                ColumnSpec("before", TEXT, "Before."),
                ColumnSpec("after", TEXT, "After."),
                ColumnSpec("change", FLOAT, "After less before; missing where it is no number."),
            ),
        ),
        TableSpec(
            "findings",
            "Findings that came or went.",
            (
                ColumnSpec("change", TEXT, "new or gone."),
                ColumnSpec("code", TEXT, "Code."),
                ColumnSpec("severity", TEXT, "Severity."),
                ColumnSpec("element", TEXT, "Element."),
                ColumnSpec("message_en", TEXT, "Text."),
                ColumnSpec("message_zh", TEXT, "Text in Chinese."),
            ),
        ),
        TableSpec(
            "causes",
            "What the two answers do not share: why they differ.",
            (
                ColumnSpec("field", TEXT, "What differs: network, scenario, engine, option, rule pack, ..."),
                ColumnSpec("before", TEXT, "Before."),
                ColumnSpec("after", TEXT, "After."),
            ),
        ),
    )

    compared_question: str = ""
    """The question both answers are to: ``water.pressure``."""
    quantity: str = ""
    """What the main table and the map compare: ``nodes.pressure_m``."""
    unit: str = ""
    """Its unit."""
    changed_element_count: int = 0
    """Elements whose compared quantity differs."""
    greatest_rise: float | None = None
    """Greatest increase of the compared quantity; None where it nowhere rose."""
    greatest_fall: float | None = None
    """Greatest decrease, negative; None where it nowhere fell."""
