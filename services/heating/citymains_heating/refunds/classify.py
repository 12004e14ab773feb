"""Step 2: every day of every user gets one class, and the rule and article that gave it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.claims import ClaimWalker, SensorRow
from citymains_heating.refunds.policy import MILLI, NOT_OWED_C, ClockStart, HeatRefundPolicy, Overlap
from citymains_heating.refunds.readings import SensorDays
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.status import Status
from citymains_heating.refunds.stops import Stops
from citymains_heating.refunds.tabular import Columns
from citymains_heating.refunds.visits import gather


@dataclass
class SensorClasses:
    """Sensor-days against the bands; arrays have the shape (sensors + 1, days), the last row for "no sensor"."""

    band: NDArray[np.int8]
    """-1 no evidence, 0 compliant, k the k-th band."""
    milli: NDArray[np.float64]
    """The day's temperature in thousandths of a degree; NaN without evidence."""
    status: NDArray[np.int8]


@dataclass
class Days:
    """Classified days of units; arrays have the shape (units, days)."""

    status: NDArray[np.int8]
    band: NDArray[np.int8]
    sensor: NDArray[np.int32]
    """Sensor of each unit on each day; the number of sensors where it has none."""
    special: dict[tuple[int, int], tuple[float, int]] = field(default_factory=dict)
    """Temperature [°C] and minutes of days a claim decided, by unit and day."""
    open_claims: int = 0
    short_campaigns: int = 0
    fees_micro: dict[int, int] = field(default_factory=dict)
    """Fees of failed tests by unit."""

    def milli(self, classes: SensorClasses, unit: NDArray[Any], day: NDArray[Any]) -> NDArray[np.float64]:
        """The sensors' temperatures of units' days, in thousandths of a degree."""
        found: NDArray[np.float64] = classes.milli[self.sensor[unit, day], day]
        return found


def classify_sensors(days: SensorDays, policy: HeatRefundPolicy, season: Season) -> SensorClasses:
    """Band of every sensor-day, compared exactly, and its class were the sensor all the evidence there is."""
    evident = days.evident(policy.sensor, season)
    numerator, denominator = days.value(policy.sensor)
    band = np.where(evident, 0, -1).astype(np.int8)
    below = evident & (numerator < int(policy.guarantee_c * MILLI) * denominator)
    # The lowest ratio first: where the text's bands overlap the user gets the higher one.
    for at in sorted(range(len(policy.bands)), key=lambda one: policy.bands[one].ratio):
        band[below & _holds(policy, at, numerator, denominator)] = at + 1
    with np.errstate(invalid="ignore"):
        milli = np.where(evident, numerator / denominator, np.nan)
    status = np.select(
        [band < 0, band == 0], [Status.NO_EVIDENCE, Status.COMPLIANT], Status.CLOCK_NOT_STARTED
    ).astype(np.int8)
    if policy.clock.start is ClockStart.SENSOR:
        _start_by_sensor(status, band, policy, season)
    none = np.full((1, season.days), -1, np.int8)
    return SensorClasses(
        np.vstack([band, none]),
        np.vstack([milli, np.full((1, season.days), np.nan)]),
        np.vstack([status, np.full((1, season.days), Status.NO_EVIDENCE, np.int8)]),
    )


def _holds(
    policy: HeatRefundPolicy, at: int, numerator: NDArray[np.int64], denominator: NDArray[np.int64]
) -> NDArray[np.bool_]:
    band = policy.bands[at]
    inside = np.ones(numerator.shape, np.bool_)
    if band.lo is not None:
        edge = int(band.lo * MILLI) * denominator
        inside &= (numerator >= edge) if band.lo_incl else (numerator > edge)
    if band.hi is not None:
        edge = int(band.hi * MILLI) * denominator
        inside &= (numerator <= edge) if band.hi_incl else (numerator < edge)
    return inside


def _start_by_sensor(
    status: NDArray[np.int8], band: NDArray[np.int8], policy: HeatRefundPolicy, season: Season
) -> None:
    """Runs of failing days that last long enough are refunded; a day without evidence ends a run."""
    clock = policy.clock
    failing = band > 0
    lengths = np.where(failing, season.minutes[None, :], 0)
    reached = np.zeros(lengths.shape, np.int64)
    running = np.zeros(len(lengths), np.int64)
    for day in range(season.days):
        running = np.where(failing[:, day], running + lengths[:, day], 0)
        reached[:, day] = running
    total = reached.copy()
    for day in range(season.days - 2, -1, -1):
        total[:, day] = np.where(failing[:, day] & failing[:, day + 1], total[:, day + 1], total[:, day])
    least = int(clock.min_hours * 60)
    enough = failing & ((total >= least) if clock.min_incl else (total > least))
    if not clock.retroactive:
        enough &= reached > least
    status[failing] = Status.TOO_SHORT
    status[enough] = Status.REFUND_TEMPERATURE


def classify_units(
    readings: SensorDays,
    classes: SensorClasses,
    units: Units,
    accounts: Accounts,
    datasets: dict[str, Columns],
    policy: HeatRefundPolicy,
    season: Season,
) -> Days:
    """Every unit's days: by its sensor, then by its claims, then what the rule excludes."""
    sensor = _sensors(readings.sensors, units, accounts, season)
    days = Days(_gather(classes.status, sensor), np.maximum(_gather(classes.band, sensor), 0), sensor)
    special = {owed for owed in units.guarantee_c if owed not in (policy.guarantee_c, NOT_OWED_C)}
    for owed in special:
        members = np.flatnonzero([one == owed for one in units.guarantee_c])
        theirs = classify_sensors(readings, replace(policy, guarantee_c=owed), season)
        days.status[members] = _gather(theirs.status, sensor[members])
        days.band[members] = np.maximum(_gather(theirs.band, sensor[members]), 0)
    _apply_claims(days, classes, units, accounts, datasets, policy, season)
    refund = days.status == Status.REFUND_TEMPERATURE
    excluded = np.zeros(season.days, np.bool_)
    excluded[: policy.clock.exclude_first_days] = True
    excluded[max(season.days - policy.clock.exclude_last_days, 0) :] = True
    days.status[refund & excluded[None, :]] = Status.EXCLUDED_DAY
    return days


def _sensors(names: list[str], units: Units, accounts: Accounts, season: Season) -> NDArray[np.int32]:
    """Sensor of each unit on each day; units that are owed nothing have none."""
    position = {name: at for at, name in enumerate(names)}
    none = len(names)

    def codes(wanted: Iterable[str | None]) -> NDArray[np.int32]:
        return np.array([position.get(name, none) if name else none for name in wanted], dtype=np.int32)

    users = len(accounts.users)
    if not units.by_room:
        return accounts.by_day(codes(accounts.rows["sensor"]), season.days)
    own = codes(units.sensor)
    own[:users] = none
    own[np.array([owed == NOT_OWED_C for owed in units.guarantee_c], dtype=np.bool_)] = none
    return np.broadcast_to(own[:, None], (len(own), season.days))


def _gather(table: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Values of a table (rows, days) by the row that holds on each day."""
    if rows.strides[1] == 0 or not rows.size:  # the same row on every day
        return np.asarray(table[rows[:, 0] if rows.size else np.zeros(0, np.int64)])
    return np.asarray(table[rows, np.arange(table.shape[1])])


def _apply_claims(
    days: Days,
    classes: SensorClasses,
    units: Units,
    accounts: Accounts,
    datasets: dict[str, Columns],
    policy: HeatRefundPolicy,
    season: Season,
) -> None:
    walkers: dict[Decimal, ClaimWalker] = {}
    every = np.arange(season.days)
    for unit, (requests, visits) in gather(
        datasets["requests"], datasets["measurements"], accounts, units, season
    ).items():
        owed = units.guarantee_c[unit]
        if owed == NOT_OWED_C:
            continue
        walker = walkers.setdefault(owed, ClaimWalker(replace(policy, guarantee_c=owed), season))
        band = np.where(classes.band[days.sensor[unit], every] < 0, -1, days.band[unit])
        row = SensorRow(band, classes.milli[days.sensor[unit], every])
        for one in walker.walk(unit, requests, visits, row):
            held = days.status[unit, one.day]
            if held == Status.REFUND_TEMPERATURE and one.status != Status.REFUND_TEMPERATURE:
                continue
            days.status[unit, one.day] = one.status
            days.band[unit, one.day] = one.band
            days.special[unit, one.day] = (one.temperature_c, one.minutes)
    for walker in walkers.values():
        days.open_claims += walker.open_claims
        days.short_campaigns += walker.short_campaigns
        days.fees_micro.update(walker.fees_micro)


def exclude_users(days: Days, blocked: NDArray[np.bool_], user: NDArray[np.int32]) -> None:
    """Users who get nothing for low temperatures, by day."""
    days.status[blocked[user] & (days.status == Status.REFUND_TEMPERATURE)] = Status.EXCLUDED_USER


def exclude_cold(days: Days, cold: NDArray[np.bool_]) -> None:
    """Days outdoors colder than the design temperature."""
    days.status[(days.status == Status.REFUND_TEMPERATURE) & cold[None, :]] = Status.OUTDOOR_BELOW_DESIGN


@dataclass
class StopDays:
    """Refunded stops of users; arrays have the shape (users, days)."""

    minutes: NDArray[np.int64]
    rule: NDArray[np.int8]


def settle_overlap(
    days: Days,
    stops: Stops,
    accounts: Accounts,
    units: Units,
    policy: HeatRefundPolicy,
    season: Season,
    blocked: NDArray[np.bool_],
) -> StopDays:
    """One refund a day: the outage's or the temperature's, never both."""
    station = accounts.by_day(accounts.row_station, season.days)
    minutes = _gather(stops.minutes, station)
    minutes[blocked] = 0
    rule = np.where(minutes > 0, _gather(stops.rule, station), 0).astype(np.int8)
    both_users = np.flatnonzero((minutes > 0).any(axis=1))
    if len(both_users):
        worth = _temperature_worth(days, units, policy, season, len(accounts.users), both_users)
        multipliers = np.array([0.0, *(float(one.multiplier) for one in policy.outages)])
        area = units.area_micro[both_users][:, None] if units.by_room else 1
        stop_worth = minutes[both_users] * multipliers[rule[both_users]] * area
        wins = (stop_worth > 0) & ((worth <= stop_worth) | (policy.overlap is Overlap.OUTAGE_FIRST))
        _supersede(days, units, both_users, wins)
        lost = (worth > 0) & ~wins
        minutes[both_users] = np.where(lost, 0, minutes[both_users])
        rule[both_users] = np.where(lost, 0, rule[both_users])
    _mark_stops(days, _gather(stops.short, station), minutes)
    return StopDays(minutes, rule)


def _temperature_worth(
    days: Days, units: Units, policy: HeatRefundPolicy, season: Season, users: int, chosen: NDArray[np.intp]
) -> NDArray[np.float64]:
    """What the temperature would refund a user on each day, in minutes (times area, by room)."""
    ratios = ratio_table(policy)
    place = np.full(users, -1)
    place[chosen] = np.arange(len(chosen))
    worth = np.zeros((len(chosen), season.days))
    members = np.flatnonzero(place[units.user] >= 0)
    share = (
        np.where(days.status[members] == Status.REFUND_TEMPERATURE, ratios[days.band[members]], 0.0)
        * season.minutes[None, :]
    )
    weight = units.area_micro[members][:, None] if units.by_room else 1
    np.add.at(worth, place[units.user[members]], share * weight)
    return worth


def _supersede(days: Days, units: Units, chosen: NDArray[np.intp], wins: NDArray[np.bool_]) -> None:
    place = np.full(int(units.user.max(initial=0)) + 1, -1)
    place[chosen] = np.arange(len(chosen))
    members = np.flatnonzero(place[units.user] >= 0)
    lost = wins[place[units.user[members]]] & (days.status[members] == Status.REFUND_TEMPERATURE)
    rows, columns = np.nonzero(lost)
    days.status[members[rows], columns] = Status.SUPERSEDED


def _mark_stops(days: Days, stopped_short: NDArray[np.bool_], minutes: NDArray[np.int64]) -> None:
    """The users' own rows show the stop where no temperature is refunded."""
    head = days.status[: len(minutes)]
    free = head != Status.REFUND_TEMPERATURE
    head[(minutes > 0) & free] = Status.REFUND_OUTAGE
    short = stopped_short & (minutes == 0) & free & (head != Status.TOO_SHORT)
    head[short] = Status.OUTAGE_TOO_SHORT


def ratio_table(policy: HeatRefundPolicy) -> NDArray[np.float64]:
    """Ratio by band code: 0 none, then the bands, then the presumed one."""
    presumed = policy.presumption.supplier_absence_ratio
    return np.array([0.0, *(float(band.ratio) for band in policy.bands), float(presumed or 0)])
