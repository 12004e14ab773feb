"""Items of bills: exact, rounded once each, and put into tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

from citymains.billing.report import ACCOUNTS, BY_ITEM, ITEMS
from citymains.errors import PluginError
from citymains.model.table import Table
from citymains.plugins.records import Tariff, load_reference


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a bill.

    Parameters
    ----------
    account, item : str
    quantity : Fraction
    unit : str
    unit_price : Fraction
        Yuan per unit.
    share : Fraction
        Part of it that is charged: of a season, of a price.
    rule, article : str
    share_text : str
        The share as it is written in the arithmetic, empty for the whole.
    """

    account: str
    item: str
    quantity: Fraction
    unit: str
    unit_price: Fraction
    rule: str
    article: str = ""
    share: Fraction = Fraction(1)
    share_text: str = ""

    @property
    def cents(self) -> int:
        """Amount in whole cents, rounded half away from zero."""
        return rounded_cents(self.quantity * self.unit_price * self.share)

    @property
    def arithmetic(self) -> str:
        """``100 m2 x 0.19 x 30 d``"""
        share = f" x {self.share_text}" if self.share_text else ""
        return f"{plain(self.quantity)} {self.unit} x {plain(self.unit_price)} yuan{share} = {yuan(self.cents)} yuan"


def rounded_cents(amount_yuan: Fraction) -> int:
    """Whole cents of an exact amount, half away from zero.

    >>> rounded_cents(Fraction(1, 8)), rounded_cents(Fraction(-1, 8)), rounded_cents(Fraction(1, 3))
    (13, -13, 33)
    """
    scaled = abs(amount_yuan) * 100
    cents = int((2 * scaled + 1) // 2)
    return cents if amount_yuan >= 0 else -cents


def yuan(cents: int) -> str:
    """Whole cents as text with two places.

    >>> yuan(950), yuan(-5)
    ('9.50', '-0.05')
    """
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100}.{abs(cents) % 100:02d}"


def plain(value: Fraction) -> str:
    """A fraction as a decimal of at most six places.

    >>> plain(Fraction(19, 100)), plain(Fraction(120))
    ('0.19', '120')
    """
    text = f"{Decimal(value.numerator) / Decimal(value.denominator):.6f}"
    return text.rstrip("0").rstrip(".")


def bill_tables(items: Iterable[Item]) -> tuple[tuple[Table, ...], int, int]:
    """The tables of a report, the total in cents and the number of accounts; accounts in order of their first item."""
    listed = list(items)
    accounts: dict[str, list[int]] = {}
    kinds: dict[str, tuple[set[str], list[int]]] = {}
    cents = [one.cents for one in listed]
    for one, amount in zip(listed, cents, strict=True):
        accounts.setdefault(one.account, []).append(amount)
        owners, amounts = kinds.setdefault(one.item, (set(), []))
        owners.add(one.account)
        amounts.append(amount)
    arithmetic = [one.arithmetic for one in listed]
    table = ITEMS.build(
        account=[one.account for one in listed],
        item=[one.item for one in listed],
        quantity=[plain(one.quantity) for one in listed],
        unit=[one.unit for one in listed],
        unit_price_yuan=[plain(one.unit_price) for one in listed],
        amount_yuan=[yuan(one) for one in cents],
        rule=[one.rule for one in listed],
        article=[one.article for one in listed],
        arithmetic_en=arithmetic,
        arithmetic_zh=[one.replace(" x ", " × ").replace("yuan", "元") for one in arithmetic],
    )
    by_account = ACCOUNTS.build(
        account=list(accounts),
        items=np.array([len(one) for one in accounts.values()], dtype=np.int64),
        amount_yuan=[yuan(sum(one)) for one in accounts.values()],
    )
    by_item = BY_ITEM.build(
        item=list(kinds),
        accounts=np.array([len(owners) for owners, _ in kinds.values()], dtype=np.int64),
        amount_yuan=[yuan(sum(amounts)) for _, amounts in kinds.values()],
    )
    return (table, by_account, by_item), sum(cents), len(accounts)


def plugin_items(
    tariff: Tariff, account: Mapping[str, Any], consumption: Mapping[str, Any], period: str
) -> list[Item]:
    """The items a plugin's tariff charges an account.

    ``tariff.compute(account, consumption, period)`` gives mappings with ``item``, ``quantity``,
    ``unit``, ``unit_price_yuan``, ``rule`` and optionally ``article`` and ``share``.

    Raises
    ------
    PluginError
        Whatever goes wrong in the plugin, with its name; no other tariff stands in.
    """
    try:
        return [
            _plugin_item(str(account["account"]), one)
            for one in load_reference(tariff.compute)(account, consumption, period)
        ]
    except Exception as error:
        raise PluginError(
            value=tariff.name, field="compute", limit=f"{type(error).__name__}: {error}"
        ) from error


def _plugin_item(account: str, one: Mapping[str, Any]) -> Item:
    if not str(one["rule"]).strip():
        raise ValueError("an item without a rule")
    share = Fraction(str(one.get("share", 1)))
    return Item(
        account=account,
        item=str(one["item"]),
        quantity=Fraction(str(one["quantity"])),
        unit=str(one["unit"]),
        unit_price=Fraction(str(one["unit_price_yuan"])),
        rule=str(one["rule"]),
        article=str(one.get("article", "")),
        share=share,
        share_text="" if share == 1 else plain(share),
    )
