"""What a day costs: lines of units, days and prices, one set for temperatures and one for stops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from citymains.errors import Issue, issue
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.policy import FeeBase, HeatRefundPolicy
from citymains_heating.refunds.prices import Price
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MICRO, MISSING, Columns, epoch_day, span

TEMPERATURE, STOP = 0, 1


@dataclass
class Fees:
    """What a day costs, by line: a unit over some days at one price."""

    unit: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    area_micro: NDArray[np.int64]
    price: NDArray[np.int64]
    """Position among `prices`."""
    prices: list[tuple[Fraction, str, str]]
    """Yuan per m² (or per unit) and day, and its text in both languages."""

    def line_of(self, unit: NDArray[Any], day: NDArray[Any], days: int) -> NDArray[np.int64]:
        """The line each row is priced by; -1 where none holds on the day."""
        key = self.unit * (days + 1) + self.first
        at = np.searchsorted(key, unit.astype(np.int64) * (days + 1) + day, side="right") - 1
        held = (at >= 0) & (self.unit[np.maximum(at, 0)] == unit) & (self.last[np.maximum(at, 0)] >= day)
        return np.where(held, at, -1)


def fee_lines(
    accounts: Accounts,
    units: Units,
    prices: Mapping[str, list[Price]],
    policy: HeatRefundPolicy,
    season: Season,
    reason: int,
    meters: Columns,
) -> tuple[Fees, list[Issue]]:
    """Lines of all units for one reason, sorted by unit and first day."""
    made = _Lines(policy, reason)
    versions = [_version(accounts.rows, season, prices, name) for name in prices]
    for tariff_rows, first, last, tariff_prices in versions:
        for price in tariff_prices:
            start, end = np.maximum(first, price.first), np.minimum(last, price.last)
            held = start <= end
            rows = tariff_rows[held]
            users = accounts.row_user[rows].astype(np.int64)
            metered = accounts.rows["metered"][rows]
            for flag in (False, True):
                chosen = metered == flag
                if chosen.any() and not (flag and reason == TEMPERATURE):
                    made.add(
                        users[chosen],
                        start[held][chosen],
                        end[held][chosen],
                        accounts.rows["area_m2"][rows][chosen],
                        price,
                        flag,
                    )
    made.rooms(units, len(accounts.users))
    if reason == TEMPERATURE and policy.metered == "reading":
        made.meters(accounts, meters, prices, season)
    return made.build(), made.issues


def _version(
    users: Columns, season: Season, prices: Mapping[str, list[Price]], name: str
) -> tuple[Any, Any, Any, list[Price]]:
    rows = np.flatnonzero(users["tariff"] == name)
    base = epoch_day(season.first_day)
    first, last = users["valid_from"][rows], users["valid_to"][rows]
    first = np.where(first == MISSING, 0, first - base)
    last = np.where(last == MISSING, season.days - 1, last - base)
    return rows, np.maximum(first, 0), np.minimum(last, season.days - 1), prices[name]


class _Lines:
    """Collects lines, then sorts them."""

    def __init__(self, policy: HeatRefundPolicy, reason: int) -> None:
        self.policy = policy
        self.reason = reason
        self.parts: list[tuple[NDArray[Any], ...]] = []
        self.prices: list[tuple[Fraction, str, str]] = []
        self.issues: list[Issue] = []

    def add(
        self,
        unit: NDArray[Any],
        first: NDArray[Any],
        last: NDArray[Any],
        area: NDArray[Any],
        price: Price,
        metered: bool,
    ) -> None:
        """Lines at one price."""
        value = self._unit_price(price, metered)
        if value is None:
            return
        self.parts.append((unit, first, last, area, np.full(len(unit), len(self.prices))))
        self.prices.append(value)

    def _unit_price(self, price: Price, metered: bool) -> tuple[Fraction, str, str] | None:
        """Price per m² and day, by what the ratio is taken of."""
        basic_of_stop = metered and any(rule.metered == "basic_fee" for rule in self.policy.outages)
        if self.reason == STOP and basic_of_stop:
            return self._need(
                price.basic,
                "basic_yuan_per_m2_season",
                f"basic fee {price.text}",
                f"基本热费 {price.text_zh}",
            )
        if self.reason == TEMPERATURE and self.policy.base is FeeBase.FEE_MINUS_BASIC:
            basic = self._need(price.basic, "basic_yuan_per_m2_season", "", "")
            if basic is None or price.day is None:
                return None
            text, text_zh = f"({price.text} - basic fee)", f"({price.text_zh} - 基本热费)"
            return price.day - basic[0], text, text_zh
        return self._need(price.day, "price_yuan_per_m2_day", price.text, price.text_zh)

    def _need(
        self, value: Fraction | None, field: str, text: str, text_zh: str
    ) -> tuple[Fraction, str, str] | None:
        if value is None:
            self.issues.append(
                issue(
                    "REFUND_PRICE_MISSING", section="tariffs", field=field, element="", limit=self.policy.name
                )
            )
            return None
        return value, text, text_zh

    def rooms(self, units: Units, users: int) -> None:
        """Rooms are priced like their flat, on their own area."""
        if self.reason == STOP or not units.by_room or len(units) == users:
            return
        flats = self.parts
        self.parts = []
        rooms = np.arange(users, len(units))
        for unit, first, last, _, price in flats:
            place = np.full(users, -1)
            place[unit] = np.arange(len(unit))
            at = place[units.user[rooms]]
            held = at >= 0
            chosen = rooms[held]
            self.parts.append(
                (chosen, first[at[held]], last[at[held]], units.area_micro[chosen], price[at[held]])
            )

    def meters(
        self, accounts: Accounts, meters: Columns, prices: Mapping[str, list[Price]], season: Season
    ) -> None:
        """Metered users: the period's charge, spread evenly over its days."""
        index = accounts.index
        held = _metered_spans(accounts, season)
        for row in range(meters.rows):
            user = index[str(meters["user"][row])]
            first, last = span(meters, row, season)
            length = last - first + 1
            heat = Fraction(int(meters["heat_kwh"][row]), MICRO)
            for tariff, *days in held.get(user, ()):
                for price in prices[tariff]:
                    start, end = max(first, price.first, days[0]), min(last, price.last, days[1])
                    value = self._need(price.heat, "heat_yuan_per_kwh", "", "")
                    if start > end or value is None:
                        continue
                    text = f"{float(heat):g} kWh x {float(value[0]):g} yuan/kWh / {length} d"
                    text_zh = f"{float(heat):g} kWh × {float(value[0]):g} 元/kWh ÷ {length} 天"
                    one = np.ones(1, np.int64)
                    self.parts.append(
                        (one * user, one * start, one * end, one * MICRO, one * len(self.prices))
                    )
                    self.prices.append((value[0] * heat / length, text, text_zh))

    def build(self) -> Fees:
        """The lines, sorted."""
        if not self.parts:
            none = np.zeros(0, np.int64)
            return Fees(none, none, none, none, none, self.prices or [(Fraction(0), "", "")])
        unit, first, last, area, price = (
            np.concatenate([part[at] for part in self.parts]).astype(np.int64) for at in range(5)
        )
        order = np.lexsort((first, unit))
        return Fees(unit[order], first[order], last[order], area[order], price[order], self.prices)


def _metered_spans(accounts: Accounts, season: Season) -> dict[int, list[tuple[str, int, int]]]:
    """Tariff, first and last day of every row that is metered, by user."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for row in np.flatnonzero(accounts.rows["metered"]).tolist():
        first, last = span(accounts.rows, row, season)
        days = (max(first, 0), min(last, season.days - 1))
        found.setdefault(int(accounts.row_user[row]), []).append((str(accounts.rows["tariff"][row]), *days))
    return found
