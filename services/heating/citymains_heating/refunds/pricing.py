"""Step 3: what each refundable day is worth, exactly, and what of it reaches the user's rounded total."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from citymains.errors import Issue, issue
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.classify import Days, StopDays
from citymains_heating.refunds.exact import (
    over_one_denominator,
    product,
    reduced,
    rounded_cents,
    running_within,
)
from citymains_heating.refunds.policy import FeeBase, HeatRefundPolicy
from citymains_heating.refunds.prices import Price
from citymains_heating.refunds.season import DAY_MINUTES, Season
from citymains_heating.refunds.status import Status
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


@dataclass
class Rows:
    """One row per refunded day, sorted by user and day."""

    user: NDArray[np.int32]
    unit: NDArray[np.int32]
    day: NDArray[np.int32]
    reason: NDArray[np.int8]
    code: NDArray[np.int8]
    """Band code (temperature) or outage rule (stop)."""
    minutes: NDArray[np.int32]
    line: NDArray[np.int64]
    """Line of the temperature's fees; of the stop's fees after them."""
    cents: NDArray[np.int64]
    """What the day adds to the user's rounded total."""
    amount: NDArray[Any]
    """Exact numerators of the days' amounts over `denominator` yuan, before cap."""
    denominator: int
    starts: NDArray[np.int64]
    """First row of each user with rows."""


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


@dataclass
class _Raw:
    unit: NDArray[np.int32]
    day: NDArray[np.int32]
    reason: NDArray[np.int8]
    code: NDArray[np.int8]
    minutes: NDArray[np.int32]


def price_days(
    days: Days,
    stop_days: StopDays,
    units: Units,
    accounts: Accounts,
    fees: tuple[Fees, Fees],
    policy: HeatRefundPolicy,
    season: Season,
) -> Rows:
    """Rows of every refundable day, each with its exact amount and its share of the user's rounded total."""
    raw = _collect(days, stop_days, season)
    user = units.user[raw.unit]
    order = (
        np.lexsort((raw.unit, raw.day, user))
        if units.by_room or len(stop_days.minutes)
        else np.arange(len(user))
    )
    raw = _Raw(*(getattr(raw, name)[order] for name in ("unit", "day", "reason", "code", "minutes")))
    user = user[order]
    line, price, area = _lines(raw, fees, season)
    held = line >= 0
    if not held.all():
        raw = _Raw(*(getattr(raw, name)[held] for name in ("unit", "day", "reason", "code", "minutes")))
        user, line, price, area = user[held], line[held], price[held], area[held]
    amount, denominator = _amounts(raw, price, area, fees, policy, season)
    starts = (
        np.flatnonzero(np.concatenate(([True], user[1:] != user[:-1])))
        if len(user)
        else np.zeros(0, np.int64)
    )
    cents = _shares(amount, denominator, starts, _caps(user, starts, accounts), policy.rounding)
    return Rows(
        user, raw.unit, raw.day, raw.reason, raw.code, raw.minutes, line, cents, amount, denominator, starts
    )


def _collect(days: Days, stop_days: StopDays, season: Season) -> _Raw:
    unit, day = np.nonzero(days.status == Status.REFUND_TEMPERATURE)
    minutes = season.minutes[day].astype(np.int32)
    stop_user, stop_day = np.nonzero(stop_days.minutes > 0)
    parts = [
        _Raw(
            unit.astype(np.int32),
            day.astype(np.int32),
            np.full(len(unit), TEMPERATURE, np.int8),
            days.band[unit, day],
            minutes,
        ),
        _Raw(
            stop_user.astype(np.int32),
            stop_day.astype(np.int32),
            np.full(len(stop_user), STOP, np.int8),
            stop_days.rule[stop_user, stop_day],
            stop_days.minutes[stop_user, stop_day].astype(np.int32),
        ),
    ]
    if days.special:
        _special_minutes(parts[0], days)
    if not len(stop_user):
        return parts[0]
    return _Raw(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("unit", "day", "reason", "code", "minutes")
        )
    )


def _special_minutes(rows: _Raw, days: Days) -> None:
    """Minutes that a claim decided, where it counts by hours."""
    keys = np.array(sorted(unit * days.status.shape[1] + day for unit, day in days.special), dtype=np.int64)
    mine = rows.unit.astype(np.int64) * days.status.shape[1] + rows.day
    at = np.searchsorted(keys, mine)
    for row in np.flatnonzero((at < len(keys)) & (keys[np.minimum(at, len(keys) - 1)] == mine)).tolist():
        rows.minutes[row] = days.special[int(rows.unit[row]), int(rows.day[row])][1]


def _lines(
    raw: _Raw, fees: tuple[Fees, Fees], season: Season
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Line, price and area of every row; prices of stops stand after those of temperatures."""
    line = np.full(len(raw.unit), -1, np.int64)
    price = np.zeros(len(raw.unit), np.int64)
    area = np.zeros(len(raw.unit), np.int64)
    for reason in (TEMPERATURE, STOP):
        rows = np.flatnonzero(raw.reason == reason)
        if not len(rows) or not len(fees[reason].unit):
            continue
        found = fees[reason].line_of(raw.unit[rows], raw.day[rows], season.days)
        at = np.maximum(found, 0)
        price[rows] = fees[reason].price[at] + (len(fees[0].prices) if reason == STOP else 0)
        area[rows] = fees[reason].area_micro[at]
        line[rows] = np.where(found >= 0, found + (len(fees[0].unit) if reason == STOP else 0), -1)
    return line, price, area


def code_ratios(policy: HeatRefundPolicy) -> tuple[list[Decimal], list[Decimal]]:
    """Ratio by band code, and multiplier by outage rule code."""
    presumed = policy.presumption.supplier_absence_ratio or Decimal(0)
    return (
        [Decimal(0), *(band.ratio for band in policy.bands), presumed],
        [Decimal(0), *(rule.multiplier for rule in policy.outages)],
    )


def _amounts(
    raw: _Raw,
    price: NDArray[np.int64],
    area: NDArray[np.int64],
    fees: tuple[Fees, Fees],
    policy: HeatRefundPolicy,
    season: Season,
) -> tuple[NDArray[Any], int]:
    """Exact amounts: area x price x ratio x minutes, over one denominator."""
    bands, stops = code_ratios(policy)
    per_day, price_below = over_one_denominator([one[0] for one in (*fees[0].prices, *fees[1].prices)])
    ratios, ratio_below = over_one_denominator([Fraction(one) for one in (*bands, *stops)])
    code = raw.code.astype(np.int64) + (raw.reason == STOP) * len(bands)
    areas, area_below = reduced(area, MICRO)
    minutes, minutes_below = reduced(raw.minutes.astype(np.int64), DAY_MINUTES)
    if max(per_day, default=0) >= 2**62:
        factors: list[NDArray[Any]] = [
            areas.astype(object),
            np.array(per_day, dtype=object)[price],
            np.array(ratios)[code],
            minutes,
        ]
    else:
        factors = [areas, np.array(per_day, np.int64)[price], np.array(ratios, np.int64)[code], minutes]
    denominator = price_below * ratio_below * area_below * minutes_below
    terms = season.days * (1 + int(np.bincount(raw.unit).max(initial=1)))
    amount = product(factors, terms)
    common = math.gcd(denominator, int(np.gcd.reduce(amount)) if len(amount) else denominator)
    return amount // common, denominator // common


def _caps(user: NDArray[np.int32], starts: NDArray[np.int64], accounts: Accounts) -> NDArray[np.int64]:
    """Most each user can be refunded, in cents; -1 where the whole fee was paid."""
    paid = accounts.at_last("fee_paid_yuan")[user[starts]] if len(starts) else np.zeros(0, np.int64)
    return np.where(paid == MISSING, -1, paid // (MICRO // 100))


def _shares(
    amount: NDArray[Any], denominator: int, starts: NDArray[np.int64], caps: NDArray[np.int64], rounding: str
) -> NDArray[np.int64]:
    """What each day adds to the user's total: the total is rounded once, and its days add up to it."""
    if not len(amount):
        return np.zeros(0, np.int64)
    cents = rounded_cents(running_within(amount, starts), denominator, rounding).astype(np.int64)
    sizes = np.diff(np.append(starts, len(amount)))
    most = np.repeat(caps, sizes)
    cents = np.where((most >= 0) & (cents > most), most, cents)
    before = np.concatenate(([0], cents[:-1]))
    before[starts] = 0
    return cents - before
