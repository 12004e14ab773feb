"""Who is owed what: users, rooms and substations, checked against one another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from citymains.errors import Issue, issue
from numpy.typing import NDArray

from citymains_heating.refunds.policy import NOT_OWED_C, FeeBase, HeatRefundPolicy
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.tabular import MAX_ISSUES, MISSING, Columns, span, to_datetime


@dataclass
class Accounts:
    """Users in order of first appearance, and their rows: one for each span of days something holds."""

    users: list[str]
    stations: list[str]
    row_station: NDArray[np.int32]
    """Substation of each row."""
    row_user: NDArray[np.int32]
    """User of each row."""
    rows: Columns
    first: NDArray[np.int64]
    """Row of each user that holds at first."""
    last: NDArray[np.int64]
    """Row of each user that holds at last: who lives there when it is settled."""
    later: list[tuple[int, int, int, int]] = field(default_factory=list)
    """Further rows: user, row, first and last day they hold, within the season."""

    @property
    def index(self) -> dict[str, int]:
        """Position by account number."""
        return {user: at for at, user in enumerate(self.users)}

    def at_first(self, column: str) -> NDArray[Any]:
        """A column of the users' first rows."""
        return self.rows[column][self.first]

    def at_last(self, column: str) -> NDArray[Any]:
        """A column of the users' last rows."""
        return self.rows[column][self.last]

    def by_day(self, of_row: NDArray[Any], days: int) -> NDArray[Any]:
        """What holds for each user on each day, from what each row says; shape (users, days), not to be written to."""
        base = of_row[self.first]
        if not self.later:
            return np.broadcast_to(base[:, None], (len(base), days))
        spread = np.repeat(base[:, None], days, axis=1)
        for user, row, start, end in self.later:
            spread[user, start : end + 1] = of_row[row]
        return spread


@dataclass
class Units:
    """What is measured and priced: every user, then (where the rule refunds by room) every room."""

    user: NDArray[np.int32]
    room: list[str]
    """Empty for a user as a whole."""
    sensor: list[str | None]
    """Sensor of a room; of a user what its first row says."""
    area_micro: NDArray[np.int64]
    """Area of a room; of a user only the first row's."""
    guarantee_c: list[Decimal]
    """Temperature owed to each unit; `NOT_OWED_C` where none is."""
    by_room: bool
    position: Mapping[tuple[int, str], int]

    def __len__(self) -> int:
        return len(self.user)


def read_accounts(users: Columns, season: Season) -> Accounts:
    """Users from their rows; issues are added to the dataset's own."""
    codes: dict[str, int] = {}
    row_user = np.array([codes.setdefault(str(user), len(codes)) for user in users["user"]], dtype=np.int32)
    order = np.argsort(users["valid_from"], kind="stable")
    first, last = (np.full(len(codes), -1, dtype=np.int64) for _ in range(2))
    first[row_user[order[::-1]]] = order[::-1]
    last[row_user[order]] = order
    stations: dict[str, int] = {}
    row_station = np.array(
        [stations.setdefault(str(name), len(stations)) for name in users["substation"]], dtype=np.int32
    )
    later = _versions(users, row_user, first, season)
    return Accounts(list(codes), list(stations), row_station, row_user, users, first, last, later)


def _versions(
    users: Columns, row_user: NDArray[np.int32], first: NDArray[np.int64], season: Season
) -> list[tuple[int, int, int, int]]:
    """Further rows of users; two rows of one user may not hold on the same day."""
    counts = np.bincount(row_user, minlength=1)
    several = np.flatnonzero(counts[row_user] > 1) if len(row_user) else np.zeros(0, dtype=np.int64)
    spans: dict[int, list[tuple[int, int, int]]] = {}
    for row in several.tolist():
        start, end = span(users, row, season)
        spans.setdefault(int(row_user[row]), []).append((start, end, row))
    later = []
    for user, held in spans.items():
        held.sort()
        for (_, end, _), (start, _, row) in pairwise(held):
            if start <= end:
                users.complain("REFUND_USER_TWICE", row, "valid_from", element=users["user"][row],
                               value=season.day(max(start, 0)).isoformat())  # fmt: skip
        later += [
            (user, row, max(start, 0), min(end, season.days - 1))
            for start, end, row in held
            if row != first[user] and end >= 0 and start < season.days
        ]
    return later


def make_units(accounts: Accounts, rooms: Columns, policy: HeatRefundPolicy) -> Units:
    """The users, and the rooms where the rule refunds by room."""
    count = len(accounts.users)
    sensors: list[str | None] = list(accounts.at_first("sensor")) if count else []
    user = list(range(count))
    names = [""] * count
    areas = accounts.at_first("area_m2").tolist() if count else []
    by_room = policy.base is FeeBase.ROOM_AREA_DAY
    # Where rooms are refunded the flat as a whole is owed no temperature.
    guarantees = [NOT_OWED_C if by_room else policy.guarantee_c] * count
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
            guarantees.append(policy.owed_c(rooms["kind"][row] or ""))
    position = {(owner, name): at for at, (owner, name) in enumerate(zip(user, names, strict=True))}
    return Units(
        np.array(user, np.int32), names, sensors, np.array(areas, np.int64), guarantees, by_room, position
    )


def _rooms_needed(policy: HeatRefundPolicy) -> Issue:
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
