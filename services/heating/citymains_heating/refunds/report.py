"""What settling a season answers: every refunded day, the statements, and the tables of each step."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

import numpy as np
from citymains.errors import NotFoundError
from citymains.model.record import Record
from citymains.model.table import Coded, ColumnSpec, Kind, Table, TableSpec

from citymains_heating.outage_report import SUBSTATIONS, VALVES


def _t(name: str, description: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.TEXT, description)


def _n(name: str, description: str, unit: str = "") -> ColumnSpec:
    return ColumnSpec(name, Kind.INTEGER, description, unit)


def _f(name: str, description: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.FLOAT, description)


def _m(name: str, description: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.DECIMAL, description)


def _d(name: str, description: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.DATE, description)


REFUNDS = TableSpec(
    "refunds",
    "Pricing: one row per refunded day. A user's days add up to the user's total, which is rounded once.",
    (
        _t("user", "Account number."),
        _d("day", "Day refunded."),
        _t("rule", "Rule pack and band or threshold."),
        _t("article", "Document and article."),
        _f("temperature_c", "Temperature the band was found by; NaN for outages and presumptions."),
        _f("ratio", "Share of the day's fee; of an outage the multiplier times the share of the day."),
        _m("amount_yuan", "What the day adds to the user's rounded total, after the cap."),
        _t("room", "Room, where the rule refunds by room."),
        _t("reason", "temperature (不达标) or outage (停热)."),
        _t("cause_en", "Band or threshold in words."),
        _t("cause_zh", "The same in Chinese."),
        _t("arithmetic_en", "Area x price x ratio, with the exact product before rounding and cap."),
        _t("arithmetic_zh", "The same in Chinese."),
    ),
)

STATEMENTS = TableSpec(
    "statements",
    "One row per user with a refund.",
    (
        _t("user", "Account number."),
        _n("days", "Refunded days (room-days, where the rule refunds by room)."),
        _m("temperature_yuan", "For low temperatures (不达标)."),
        _m("outage_yuan", "For stops of supply (停热)."),
        _m("amount_yuan", "Total, rounded once."),
        _m("uncapped_yuan", "What it would be without the cap at the fee paid."),
    ),
)

CONSIDERED = TableSpec(
    "considered",
    "Articles considered and not applied, by user.",
    (
        _t("user", "Account number."),
        _t("article", "Document and article."),
        _t("status", "Class of the days."),
        _n("days", "Number of days."),
        _t("reason_en", "Why nothing is refunded by it."),
        _t("reason_zh", "The same in Chinese."),
    ),
)

DAYS = TableSpec(
    "days",
    "Classification: every day that is neither compliant nor without evidence.",
    (
        _t("user", "Account number."),
        _t("room", "Room, where the rule refunds by room."),
        _d("day", "Day."),
        _t("status", "Class of the day."),
        _f("temperature_c", "Temperature the class rests on."),
        _t("article", "Document and article."),
        _t("reason_en", "The class in words."),
        _t("reason_zh", "The same in Chinese."),
    ),
)

EVIDENCE = TableSpec(
    "evidence",
    "Evidence: every sensor-day with a reading.",
    (
        _t("sensor", "Sensor."),
        _d("day", "Day."),
        _n("readings", "Valid readings."),
        ColumnSpec(
            "evident",
            Kind.BOOLEAN,
            "Whether the day is evidence; if not it is neither failing nor compliant.",
        ),
        _f("temperature_c", "Temperature of the day by the rule's statistic; NaN without evidence."),
        _f("min_c", "Lowest valid reading."),
        _f("max_c", "Highest valid reading."),
    ),
)

FLAGS = TableSpec(
    "evidence_flags",
    "Evidence: what was set aside or flagged, never mended.",
    (_t("flag", "What was found."), _n("readings", "How many."), _n("sensors", "Of how many sensors.")),
)

STOPS = TableSpec(
    "stops",
    "Evidence: stops of substations, held against the thresholds.",
    (
        _t("substation", "Substation."),
        ColumnSpec("start", Kind.TIME, "Start."),
        ColumnSpec("end", Kind.TIME, "End."),
        _f("season_h", "Hours within the season."),
        _t("rule", "Threshold that refunds it; empty: none."),
        _t("article", "Document and article."),
        _n("users", "Users of the substation."),
    ),
)

SETTLEMENT = TableSpec(
    "settlement",
    "Settlement: what is paid, how, and what was paid before under the same key.",
    (
        _t("user", "Account number."),
        _m("amount_yuan", "Total of the statement."),
        _m("earlier_yuan", "Paid before under the key."),
        _m("due_yuan", "Still due."),
        _m("interest_yuan", "Late interest on what is due."),
        _m("test_fee_yuan", "Fees of failed tests that the user advanced, paid back beside it."),
        _t("form", "credit (next season), cash (tenants and users who pause), none."),
        _t("payment_en", "The form in words."),
        _t("payment_zh", "The same in Chinese."),
        _d("deadline", "Last day to settle."),
        _t("key", "Settlement key: user, season and rule. What is paid under it counts once."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RefundStatement(Record):
    """One user's statement."""

    TABLES: ClassVar[tuple[TableSpec, ...]] = (REFUNDS, CONSIDERED, SETTLEMENT)

    user: str = ""
    total_yuan: Decimal = Decimal("0.00")
    due_yuan: Decimal = Decimal("0.00")
    form: str = "none"
    deadline: date | None = None
    rule: str = ""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RefundReport(Record):
    """Refunds of one season: totals, and a table per step."""

    TABLES: ClassVar[tuple[TableSpec, ...]] = (
        REFUNDS,
        STATEMENTS,
        CONSIDERED,
        DAYS,
        EVIDENCE,
        FLAGS,
        STOPS,
        SETTLEMENT,
        SUBSTATIONS,
        VALVES,
    )

    total_yuan: Decimal = Decimal("0.00")
    temperature_yuan: Decimal = Decimal("0.00")
    """Refunded for low temperatures (不达标)."""
    outage_yuan: Decimal = Decimal("0.00")
    """Refunded for stops of supply (停热)."""
    test_fee_yuan: Decimal = Decimal("0.00")
    """Fees of failed tests, paid back beside the refunds."""
    due_yuan: Decimal = Decimal("0.00")
    """Still to be paid after earlier settlements."""
    credit_yuan: Decimal = Decimal("0.00")
    cash_yuan: Decimal = Decimal("0.00")
    user_count: int = 0
    """Users with a refund."""
    user_days: int = 0
    """Refunded user-days."""
    season_start: str = ""
    season_end: str = ""
    season_days: str = ""
    """Length of the season in days of 24 h."""
    rule: str = ""
    """Rule pack that stated the bands."""
    deadline: date | None = None
    """Last day to settle; None: the rule does not say."""

    def statement(self, user: str) -> RefundStatement:
        """The statement of one user: refunded days, articles considered and not applied, settlement.

        Parameters
        ----------
        user : str
            Account number.

        Raises
        ------
        NotFoundError
            The user has neither a refund nor a day that was considered.
        """
        tables = tuple(_of_user(self.data(spec.name), user) for spec in RefundStatement.TABLES)
        if not any(table.row_count for table in tables):
            raise NotFoundError(field="user", value=user)
        settled = tables[2].loaded_columns
        row = {column.name: column.to_list()[0] for column in settled} if tables[2].row_count else {}
        return RefundStatement(
            verdict=self.verdict,
            provenance=self.provenance,
            tables=tables,
            user=user,
            rule=self.rule,
            total_yuan=Decimal(row.get("amount_yuan", "0.00")),
            due_yuan=Decimal(row.get("due_yuan", "0.00")),
            form=row.get("form", "none"),
            deadline=date.fromisoformat(row["deadline"]) if row.get("deadline") else None,
        )


def _of_user(table: Table, user: str) -> Table:
    values = table["user"].values
    if not isinstance(values, Coded) or user not in values.dictionary:
        return table.take(np.zeros(0, dtype=np.int64))
    return table.take(np.flatnonzero(values.indices == values.dictionary.index(user)))
