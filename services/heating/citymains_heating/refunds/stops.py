"""Outages to days: which stops of a substation refund, by which rule, and how many minutes of each day."""

from __future__ import annotations

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


def classify_stops(outages: Columns, accounts: Accounts, policy: HeatRefundPolicy, season: Season) -> Stops:
    """Hold every stop against the rule's thresholds, single and cumulative."""
    shape = (len(accounts.stations), season.days)
    stops = Stops(np.zeros(shape, np.int64), np.zeros(shape, np.int8), np.zeros(shape, np.bool_), [])
    index = {name: at for at, name in enumerate(accounts.stations)}
    found = [
        (index[str(outages["substation"][row])], row, _minutes(outages, row, season))
        for row in range(outages.rows)
    ]
    for station, row, minutes in found:
        if not minutes.any():
            continue
        total = int(minutes.sum())
        at = _rule_for(outages, row, total, _season_totals(found, station, outages, policy), policy)
        stops.intervals.append((station, row, total, at))
        if not at:
            stops.short[station] |= minutes > 0
            continue
        counted = _counted(policy.outages[at - 1], outages, row, minutes, season)
        stops.minutes[station] = np.minimum(stops.minutes[station] + counted, season.minutes)
        better = (counted > 0) & _outranks(stops.rule[station], at, policy)
        stops.rule[station][better] = at
    return stops


def _minutes(outages: Columns, row: int, season: Season) -> NDArray[np.int64]:
    start, end = int(outages["start"][row]), int(outages["end"][row])
    if MISSING in (start, end):
        return np.zeros(season.days, np.int64)
    return season.overlap_minutes(to_datetime(start), to_datetime(end))


def _season_totals(
    found: list[tuple[int, int, NDArray[np.int64]]], station: int, outages: Columns, policy: HeatRefundPolicy
) -> list[int]:
    """Minutes a substation stopped in the whole season, by rule it may count under."""
    return [
        sum(
            int(minutes.sum())
            for at, row, minutes in found
            if at == station and _concerns(rule, outages, row)
        )
        for rule in policy.outages
    ]


def _concerns(rule: OutageRule, outages: Columns, row: int) -> bool:
    fault = outages["fault"][row] or "supplier"
    kind = outages["kind"][row] or "outage"
    return kind in rule.kinds and (fault in rule.faults if rule.faults else fault != "user")


def _rule_for(outages: Columns, row: int, minutes: int, totals: list[int], policy: HeatRefundPolicy) -> int:
    """1 + position of the rule that refunds a stop, the most favourable first; 0: none."""
    best = 0
    for at, rule in enumerate(policy.outages, 1):
        if not _concerns(rule, outages, row):
            continue
        cumulative = rule.cumulative_days is not None and totals[at - 1] > rule.cumulative_days * DAY_MINUTES
        if (rule.triggers(minutes) or cumulative) and (
            not best or rule.multiplier > policy.outages[best - 1].multiplier
        ):
            best = at
    return best


def _outranks(held: NDArray[np.int8], at: int, policy: HeatRefundPolicy) -> NDArray[np.bool_]:
    multipliers = [-1.0, *(float(rule.multiplier) for rule in policy.outages)]
    return np.take(multipliers, held) < multipliers[at]


def _counted(
    rule: OutageRule, outages: Columns, row: int, minutes: NDArray[np.int64], season: Season
) -> NDArray[np.int64]:
    """Minutes of each day that are refunded."""
    if rule.pro_rata or rule.day_rule is DayRule.PRO_RATA_HOURS:
        return minutes
    touched = np.flatnonzero(minutes)
    counted = np.zeros_like(minutes)
    if rule.day_rule is DayRule.CALENDAR_TOUCH:
        counted[touched] = season.minutes[touched]
        return counted
    # Whole days of 24 h since the stop, each put on the civil day it began on.
    whole = max(int(minutes.sum()) // DAY_MINUTES, 0)
    days = touched[:whole]
    counted[days] = season.minutes[days]
    return counted
