"""The record of a billing run."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

import numpy as np

from citymains.errors import NotFoundError
from citymains.model.record import Record
from citymains.model.table import Coded, ColumnSpec, Kind, Table, TableSpec

ITEMS = TableSpec(
    "bill",
    "One row per item; the items of an account add up to its amount.",
    (
        ColumnSpec("account", Kind.TEXT, "Account number."),
        ColumnSpec("item", Kind.TEXT, "What is charged (or, negative, taken off)."),
        ColumnSpec("quantity", Kind.DECIMAL, "How much of it, in `unit`."),
        ColumnSpec("unit", Kind.TEXT, "Unit of the quantity: m2, kWh, m3, ..."),
        ColumnSpec("unit_price_yuan", Kind.DECIMAL, "Price of one unit as it is published."),
        ColumnSpec("amount_yuan", Kind.DECIMAL, "Quantity x price x share, rounded half-up to the cent."),
        ColumnSpec("rule", Kind.TEXT, "Tariff or rule pack."),
        ColumnSpec("article", Kind.TEXT, "Document and article; empty for a tariff from a dataset."),
        ColumnSpec("arithmetic_en", Kind.TEXT, "How the amount comes about."),
        ColumnSpec("arithmetic_zh", Kind.TEXT, "The same in Chinese."),
    ),
)

ACCOUNTS = TableSpec(
    "accounts",
    "One row per account.",
    (
        ColumnSpec("account", Kind.TEXT, "Account number."),
        ColumnSpec("items", Kind.INTEGER, "Items on the bill."),
        ColumnSpec("amount_yuan", Kind.DECIMAL, "What the account owes."),
    ),
)

BY_ITEM = TableSpec(
    "by_item",
    "Totals by item.",
    (
        ColumnSpec("item", Kind.TEXT, "What is charged."),
        ColumnSpec("accounts", Kind.INTEGER, "Accounts it stands on."),
        ColumnSpec("amount_yuan", Kind.DECIMAL, "Total."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class BillReport(Record):
    """Bills of one period: every item of every account, and totals that add up."""

    TABLES: ClassVar[tuple[TableSpec, ...]] = (ITEMS, ACCOUNTS, BY_ITEM)

    total_yuan: Decimal = Decimal("0.00")
    account_count: int = 0
    period: str = ""
    """What is billed: a season, a month."""
    tariff: str = ""
    """Rule pack or plugin the prices come from; empty: the dataset of tariffs."""

    def bill(self, account: str) -> Table:
        """The items of one account.

        Raises
        ------
        NotFoundError
            The account has no bill.
        """
        items = self.data("bill")
        values = items["account"].values
        if not isinstance(values, Coded) or account not in values.dictionary:
            raise NotFoundError(field="account", value=account)
        return items.take(np.flatnonzero(values.indices == values.dictionary.index(account)))
