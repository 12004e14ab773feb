"""Outages to days: which stops of a substation refund, by which rule, and how many minutes of each day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts
from citymains_heating.refunds.policy import DayRule, HeatRefundPolicy, OutageRule
from citymains_heating.refunds.season import DAY_MINUTES, Season
from citymains_heating.refunds.tabular import MISSING, Columns, to_datetime


@dataclass
class Stops:
    """Stops of supply; the arrays have the shape (substations, days)."""

    minutes: NDArray[np.int64]
    """Refunded minutes."""
    rule: NDArray[np.int8]
    """1 + position of the outage rule; 0: none."""
    short: NDArray[np.bool_]
    """Stopped, but by no rule long enough."""
    intervals: list[tuple[int, int, int, int]]
    """Substation, row of the dataset, minutes within the season, 1 + rule or 0."""


@dataclass(frozen=True)
class _Stop:
    """One record of a stop."""

    row: int
    start: int
    end: int
    kind: str
    fault: str
    minutes: NDArray[np.int64]
    """Of each day of the season."""

    @property
    def total(self) -> int:
        """Minutes within the season."""
        return int(self.minutes.sum())

    def concerns(self, rule: OutageRule) -> bool:
        """Whether a rule is about such stops."""
        by_fault = self.fault in rule.faults if rule.faults else self.fault != "user"
        return self.kind in rule.kinds and by_fault


def classify_stops(outages: Columns, accounts: Accounts, policy: HeatRefundPolicy, season: Season) -> Stops:
    """Hold every stop against the rule's thresholds, single and cumulative."""
    shape = (len(accounts.stations), season.days)
    stops = Stops(np.zeros(shape, np.int64), np.zeros(shape, np.int8), np.zeros(shape, np.bool_), [])
    index = {name: at for at, name in enumerate(accounts.stations)}
    by_station: dict[int, list[_Stop]] = {}
    for row in range(outages.rows):
        one = _stop(outages, row, season)
        if one is not None:
            by_station.setdefault(index[str(outages["substation"][row])], []).append(one)
    for station, found in by_station.items():
        found.sort(key=lambda stop: stop.start)
        _classify_station(stops, station, found, policy, season)
    stops.intervals.sort(key=lambda one: one[1])
    return stops


def _stop(outages: Columns, row: int, season: Season) -> _Stop | None:
    """A record of a stop, None where none of it lies in the season."""
    start, end = int(outages["start"][row]), int(outages["end"][row])
    if MISSING in (start, end):
        return None
    minutes = season.overlap_minutes(to_datetime(start), to_datetime(end))
    kind, fault = outages["kind"][row] or "outage", outages["fault"][row] or "supplier"
    return _Stop(row, start, end, kind, fault, minutes) if minutes.any() else None


def _classify_station(
    stops: Stops, station: int, found: list[_Stop], policy: HeatRefundPolicy, season: Season
) -> None:
    decided = {stop.row: _rule_for(stop, found, policy) for stop in found}
    for stop in found:
        stops.intervals.append((station, stop.row, stop.total, decided[stop.row]))
        if not decided[stop.row]:
            stops.short[station] |= stop.minutes > 0
    for at, rule in enumerate(policy.outages, 1):
        mine = [stop for stop in found if decided[stop.row] == at]
        if not mine:
            continue
        counted = _counted(rule, mine, _passes_season(rule, found), season)
        stops.minutes[station] = np.minimum(stops.minutes[station] + counted, season.minutes)
        better = (counted > 0) & _outranks(stops.rule[station], at, policy)
        stops.rule[station][better] = at


def _runs(found: Sequence[_Stop]) -> Iterator[list[_Stop]]:
    """Records that follow one another without a gap: one continuous stop, however it was logged."""
    run: list[_Stop] = []
    for stop in found:
        if run and stop.start > run[-1].end:
            yield run
            run = []
        run.append(stop)
    if run:
        yield run


def _continuous(stop: _Stop, found: Sequence[_Stop], rule: OutageRule) -> int:
    """Minutes of the continuous stop a record is part of."""
    concerned = [one for one in found if one.concerns(rule)]
    return next(sum(one.total for one in run) for run in _runs(concerned) if stop in run)


def _passes_season(rule: OutageRule, found: Sequence[_Stop]) -> bool:
    """Whether all stops of the season together pass the rule's number of days."""
    if rule.cumulative_days is None:
        return False
    return sum(stop.total for stop in found if stop.concerns(rule)) > rule.cumulative_days * DAY_MINUTES


def _rule_for(stop: _Stop, found: Sequence[_Stop], policy: HeatRefundPolicy) -> int:
    """1 + position of the rule that refunds a stop, the most favourable first; 0: none."""
    best = 0
    for at, rule in enumerate(policy.outages, 1):
        if not stop.concerns(rule):
            continue
        reached = rule.triggers(_continuous(stop, found, rule)) or _passes_season(rule, found)
        if reached and (not best or rule.multiplier > policy.outages[best - 1].multiplier):
            best = at
    return best


def _outranks(held: NDArray[np.int8], at: int, policy: HeatRefundPolicy) -> NDArray[np.bool_]:
    multipliers = [-1.0, *(float(rule.multiplier) for rule in policy.outages)]
    return np.take(multipliers, held) < multipliers[at]


def _counted(rule: OutageRule, found: Sequence[_Stop], cumulative: bool, season: Season) -> NDArray[np.int64]:
    """Minutes of each day that are refunded."""
    minutes = np.sum([stop.minutes for stop in found], axis=0)
    if rule.pro_rata or rule.day_rule is DayRule.PRO_RATA_HOURS:
        return np.asarray(minutes, dtype=np.int64)
    if rule.day_rule is DayRule.CALENDAR_TOUCH:
        return np.where(minutes > 0, season.minutes, 0)
    if cumulative:
        return _days_of_the_season(minutes, season)
    counted = np.zeros(season.days, np.int64)
    for run in _runs(found):
        # Whole days of 24 h since the stop, each put on the civil day it began on.
        together = np.sum([stop.minutes for stop in run], axis=0)
        days = np.flatnonzero(together)[: int(together.sum()) // DAY_MINUTES]
        counted[days] = season.minutes[days]
    return counted


def _days_of_the_season(minutes: NDArray[np.int64], season: Season) -> NDArray[np.int64]:
    """Whole days the stops of a season add up to, each put on the civil day it becomes full on."""
    full = np.cumsum(minutes) // DAY_MINUTES
    days = np.diff(np.concatenate(([0], full))) > 0
    return np.where(days, season.minutes, 0)
