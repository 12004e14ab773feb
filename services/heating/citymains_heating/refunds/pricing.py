"""Step 3: what each refundable day is worth, exactly, and what of it reaches the user's rounded total."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
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
from citymains_heating.refunds.fees import STOP, TEMPERATURE, Fees
from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.season import DAY_MINUTES, Season
from citymains_heating.refunds.status import Status
from citymains_heating.refunds.tabular import MICRO, MISSING


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
