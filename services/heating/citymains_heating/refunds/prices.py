"""What heat costs: tariffs over the days of a season, every price per m² and day as an exact fraction."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MAX_ISSUES, MICRO, MISSING, Columns, span

#: Price columns a user's own row may carry.
_OWN = ("price_yuan_per_m2_day", "price_yuan_per_m2_season")


@dataclass(frozen=True)
class Price:
    """One tariff over some days of the season."""

    first: int
    last: int
    day: Fraction | None
    """Yuan per m² and day."""
    basic: Fraction | None
    """Basic part of it."""
    heat: Fraction | None
    """Yuan per kWh."""
    text: str
    text_zh: str


def assign_tariffs(users: Columns, tariffs: Columns) -> None:
    """Give every row of the users a tariff: its own price, or the only tariff there is; issues where neither.

    Prices that stand with the users become tariffs of their own, named after the price.
    """
    names = users["tariff"]
    own = np.zeros(users.rows, np.bool_)
    for column in _OWN:
        own |= users[column] != MISSING
    if own.any():
        names = names.copy()
        _add_own(users, tariffs, names, np.flatnonzero(own))
    bare = np.array([name is None for name in names], dtype=np.bool_)
    if bare.any():
        there = {str(name) for name in tariffs["tariff"] if name is not None}
        if len(there) == 1 and not own.any():
            names = np.where(bare, there.pop(), names)
        else:
            for row in np.flatnonzero(bare)[:MAX_ISSUES]:
                users.complain("REFUND_VALUE_MISSING", int(row), "tariff", element=users.element(int(row)))
    users.values["tariff"] = names


def _add_own(users: Columns, tariffs: Columns, names: NDArray[Any], rows: NDArray[np.intp]) -> None:
    made: dict[tuple[int, int], str] = {}
    for row in rows.tolist():
        key = (int(users[_OWN[0]][row]), int(users[_OWN[1]][row]))
        names[row] = made.setdefault(key, f"own price {len(made) + 1}")
    for column, values in tariffs.values.items():
        if column == "tariff":
            more: NDArray[Any] = np.array(list(made.values()), dtype=object)
        elif column in _OWN:
            more = np.array([key[_OWN.index(column)] for key in made], dtype=np.int64)
        else:
            more = np.full(len(made), MISSING, dtype=np.int64)
        tariffs.values[column] = np.concatenate([values, more.astype(values.dtype)])
    tariffs.rows += len(made)


def read_prices(tariffs: Columns, season: Season) -> dict[str, list[Price]]:
    """Prices by tariff, in order of time; gaps and overlaps within the season are issues."""
    found: dict[str, list[Price]] = {}
    for row in range(tariffs.rows):
        first, last = span(tariffs, row, season)
        if last < 0 or first >= season.days:
            continue
        prices = _prices(tariffs, row, season, max(first, 0), min(last, season.days - 1))
        found.setdefault(str(tariffs["tariff"][row]), []).extend(prices)
    for name, listed in found.items():
        listed.sort(key=lambda price: price.first)
        _check_prices(tariffs, name, listed, season)
    return found


def _prices(tariffs: Columns, row: int, season: Season, first: int, last: int) -> Iterator[Price]:
    """The price of a row; one for each month where it is priced by the month."""

    def yuan(column: str) -> Fraction | None:
        value = int(tariffs[column][row])
        return None if value == MISSING else Fraction(value, MICRO)

    per_day, per_season, per_month, basic = (
        yuan(f"{name}_per_m2_{unit}")
        for name, unit in (
            ("price_yuan", "day"),
            ("price_yuan", "season"),
            ("price_yuan", "month"),
            ("basic_yuan", "season"),
        )
    )
    length = season.length_days
    whole = Price(
        first, last, None, None if basic is None else basic / length, yuan("heat_yuan_per_kwh"), "", ""
    )
    if per_day is not None:
        text = plain(per_day)
        yield replace(whole, day=per_day, text=f"{text} yuan/(m²·d)", text_zh=f"{text} 元/(m²·d)")
    elif per_season is not None:
        yield replace(
            whole,
            day=per_season / length,
            text=f"{plain(per_season)} yuan/m² / {length} d",
            text_zh=f"{plain(per_season)} 元/m² ÷ {length} 天",
        )
    elif per_month is not None:
        text = plain(per_month)
        for start, end, days in _months(season, first, last):
            yield replace(
                whole,
                first=start,
                last=end,
                day=per_month / days,
                text=f"{text} yuan/m² / {days} d",
                text_zh=f"{text} 元/m² ÷ {days} 天",
            )
    else:
        yield whole


def _months(season: Season, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Pieces of a span by calendar month: first and last position, and the month's number of days."""
    while first <= last:
        day = season.day(first)
        days = monthrange(day.year, day.month)[1]
        end = min(last, season.index(date(day.year, day.month, days)))
        yield first, end, days
        first = end + 1


def plain(value: Fraction) -> str:
    """A fraction with a power of ten below, as a decimal.

    >>> plain(Fraction(19, 100))
    '0.19'
    """
    return f"{value.numerator / value.denominator:.6f}".rstrip("0").rstrip(".")


def _check_prices(tariffs: Columns, name: str, prices: list[Price], season: Season) -> None:
    row = next(row for row, one in enumerate(tariffs["tariff"]) if one == name)
    expected = 0
    for price in prices:
        if price.first > expected:
            tariffs.complain("REFUND_TARIFF_GAP", row, "valid_from", element=name, value=season.day(expected))
        if price.first < expected:
            tariffs.complain(
                "REFUND_TARIFF_OVERLAP", row, "valid_from", element=name, value=season.day(price.first)
            )
        expected = price.last + 1
    if expected < season.days:
        tariffs.complain("REFUND_TARIFF_GAP", row, "valid_to", element=name, value=season.day(expected))


def check_tariffs(users: Columns, prices: Mapping[str, list[Price]]) -> None:
    """Every user's tariff exists."""
    unknown = [row for row, name in enumerate(users["tariff"]) if name is not None and name not in prices]
    for row in unknown[:MAX_ISSUES]:
        users.complain(
            "REFUND_TARIFF_UNKNOWN", row, "tariff", element=users["user"][row], value=users["tariff"][row]
        )
