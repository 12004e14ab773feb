"""Who is owed what: users, rooms, substations and prices, checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.policy import FeeBase, HeatRefundPolicy
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MAX_ISSUES, MICRO, MISSING, Columns, epoch_day, to_datetime


@dataclass
class Accounts:
    """Users in order of first appearance, and their rows (one per area or tariff in the season)."""

    users: list[str]
    stations: list[str]
    station: NDArray[np.int32]
    """Substation of each user."""
    row_user: NDArray[np.int32]
    """User of each row."""
    rows: Columns
    first: NDArray[np.int64]
    """Row of each user that holds at first; its flags are the user's."""

    @property
    def index(self) -> dict[str, int]:
        """Position by account number."""
        return {user: at for at, user in enumerate(self.users)}

    def flag(self, column: str) -> NDArray[Any]:
        """A column of the users' first rows."""
        return self.rows[column][self.first]


@dataclass
class Units:
    """What is measured and priced: every user, then (where the rule refunds by room) every room."""

    user: NDArray[np.int32]
    room: list[str]
    """Empty for a user as a whole."""
    sensor: list[str | None]
    area_micro: NDArray[np.int64]
    """Area of a room; of a user only the first row's."""
    by_room: bool
    position: Mapping[tuple[int, str], int]

    def __len__(self) -> int:
        return len(self.user)


def read_accounts(users: Columns, season: Season) -> Accounts:
    """Users from their rows; issues are added to the dataset's own."""
    codes: dict[str, int] = {}
    row_user = np.array([codes.setdefault(str(user), len(codes)) for user in users["user"]], dtype=np.int32)
    first = np.full(len(codes), -1, dtype=np.int64)
    order = np.argsort(users["valid_from"], kind="stable")[::-1]
    first[row_user[order]] = order
    _check_versions(users, row_user, season)
    stations: dict[str, int] = {}
    station = np.array(
        [stations.setdefault(str(name), len(stations)) for name in users["substation"]], dtype=np.int32
    )
    return Accounts(
        list(codes), list(stations), station[first] if len(first) else station, row_user, users, first
    )


def _check_versions(users: Columns, row_user: NDArray[np.int32], season: Season) -> None:
    """Two rows of one user may not hold on the same day."""
    counts = np.bincount(row_user, minlength=1)
    several = np.flatnonzero(counts[row_user] > 1) if len(row_user) else np.zeros(0, dtype=np.int64)
    spans: dict[int, list[tuple[int, int, int]]] = {}
    for row in several.tolist():
        start, end = span(users, row, season)
        spans.setdefault(int(row_user[row]), []).append((start, end, row))
    for held in spans.values():
        held.sort()
        for (_, end, _), (start, _, row) in pairwise(held):
            if start <= end:
                users.complain("REFUND_USER_TWICE", row, "valid_from", element=users["user"][row],
                               value=season.day(max(start, 0)).isoformat())  # fmt: skip


def span(dataset: Columns, row: int, season: Season) -> tuple[int, int]:
    """First and last day a row holds, as positions in the season (may lie outside it)."""
    base = epoch_day(season.first_day)
    start, end = int(dataset["valid_from"][row]), int(dataset["valid_to"][row])
    return (0 if start == MISSING else start - base), (season.days - 1 if end == MISSING else end - base)


def make_units(accounts: Accounts, rooms: Columns, policy: HeatRefundPolicy) -> Units:
    """The users, and the rooms where the rule refunds by room."""
    count = len(accounts.users)
    sensors: list[str | None] = list(accounts.flag("sensor")) if count else []
    user = list(range(count))
    names = [""] * count
    areas = accounts.flag("area_m2").tolist() if count else []
    by_room = policy.base is FeeBase.ROOM_AREA_DAY
    if by_room:
        index = accounts.index
        if not rooms.rows:
            rooms.issues.append(_rooms_needed(policy))
        for row in range(rooms.rows):
            owner = index.get(str(rooms["user"][row]))
            if owner is None:
                continue
            user.append(owner)
            names.append(str(rooms["room"][row]))
            sensors.append(rooms["sensor"][row])
            areas.append(int(rooms["area_m2"][row]))
    position = {(owner, name): at for at, (owner, name) in enumerate(zip(user, names, strict=True))}
    return Units(np.array(user, np.int32), names, sensors, np.array(areas, np.int64), by_room, position)


def _rooms_needed(policy: HeatRefundPolicy) -> Any:
    from citymains.errors import issue

    return issue("REFUND_ROOMS_NEEDED", section="rooms", field="room", value=policy.name)


def check_references(accounts: Accounts, datasets: Mapping[str, Columns], units: Units) -> None:
    """Users, rooms and substations that other datasets name have to exist."""
    known = set(accounts.users)
    for name in ("rooms", "requests", "measurements", "meters"):
        data = datasets[name]
        unknown = [row for row, user in enumerate(data["user"]) if user is not None and user not in known]
        for row in unknown[:MAX_ISSUES]:
            data.complain("REFUND_USER_UNKNOWN", row, "user", value=data["user"][row])
        if units.by_room and name in ("requests", "measurements"):
            _check_rooms(data, accounts, units)
    stations = set(accounts.stations)
    outages = datasets["outages"]
    for row, name in enumerate(outages["substation"]):
        if name is not None and name not in stations:
            outages.complain("REFUND_SUBSTATION_UNKNOWN", row, "substation", value=name)


def _check_rooms(data: Columns, accounts: Accounts, units: Units) -> None:
    index = accounts.index
    for row in range(data.rows):
        room, owner = data["room"][row], index.get(str(data["user"][row]))
        if room is not None and owner is not None and (owner, room) not in units.position:
            data.complain("REFUND_ROOM_UNKNOWN", row, "room", element=data["user"][row], value=room)


def check_outages(outages: Columns) -> None:
    """Intervals run forward and no two of one substation overlap."""
    start, end = outages["start"], outages["end"]
    by_station: dict[str, list[int]] = {}
    for row in range(outages.rows):
        if MISSING in (start[row], end[row]):
            continue
        if end[row] <= start[row]:
            outages.complain("REFUND_OUTAGE_REVERSED", row, "end", element=outages["substation"][row],
                             value=to_datetime(end[row]), limit=to_datetime(start[row]))  # fmt: skip
        by_station.setdefault(str(outages["substation"][row]), []).append(row)
    for station, rows in by_station.items():
        rows.sort(key=lambda row: int(start[row]))
        for before, after in pairwise(rows):
            if start[after] < end[before]:
                outages.complain("REFUND_OUTAGE_OVERLAP", after, "start", element=station,
                                 value=to_datetime(start[after]), limit=to_datetime(end[before]))  # fmt: skip


@dataclass(frozen=True)
class Price:
    """One tariff over some days of the season, every price per m² and day as an exact fraction of a yuan."""

    first: int
    last: int
    day: Fraction | None
    basic: Fraction | None
    heat: Fraction | None
    """Per kWh."""
    text: str
    text_zh: str


def read_prices(tariffs: Columns, season: Season) -> dict[str, list[Price]]:
    """Prices by tariff, in order of time; gaps and overlaps within the season are issues."""
    found: dict[str, list[Price]] = {}
    for row in range(tariffs.rows):
        first, last = span(tariffs, row, season)
        if last < 0 or first >= season.days:
            continue
        found.setdefault(str(tariffs["tariff"][row]), []).append(
            _price(tariffs, row, season, max(first, 0), min(last, season.days - 1))
        )
    for name, prices in found.items():
        prices.sort(key=lambda price: price.first)
        _check_prices(tariffs, name, prices, season)
    return found


def _price(tariffs: Columns, row: int, season: Season, first: int, last: int) -> Price:
    def yuan(column: str) -> Fraction | None:
        value = int(tariffs[column][row])
        return None if value == MISSING else Fraction(value, MICRO)

    per_day, per_season, basic = (
        yuan(name)
        for name in ("price_yuan_per_m2_day", "price_yuan_per_m2_season", "basic_yuan_per_m2_season")
    )
    length = season.length_days
    if per_day is not None:
        day, text, text_zh = per_day, f"{_plain(per_day)} yuan/(m²·d)", f"{_plain(per_day)} 元/(m²·d)"
    elif per_season is not None:
        day = per_season / length
        text = f"{_plain(per_season)} yuan/m² / {length} d"
        text_zh = f"{_plain(per_season)} 元/m² ÷ {length} 天"
    else:
        day, text, text_zh = None, "", ""
    return Price(
        first, last, day, None if basic is None else basic / length, yuan("heat_yuan_per_kwh"), text, text_zh
    )


def _plain(value: Fraction) -> str:
    """A fraction with a power of ten below, as a decimal."""
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
