"""Requests and visits to failing days: one claim after the other, as the articles walk through them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from citymains_heating.refunds.policy import MILLI, ClockEnd, ClockStart, DayRule, HeatRefundPolicy, Reducer
from citymains_heating.refunds.season import DAY_MINUTES, Season
from citymains_heating.refunds.status import Status
from citymains_heating.refunds.visits import DAY_S, Request, Visit, campaigns


@dataclass(frozen=True, slots=True)
class ClaimDay:
    """What a claim says about one day of one unit."""

    unit: int
    day: int
    status: Status
    band: int
    """1 + position among the rule's bands; 1 + their number for a presumed ratio; 0: none."""
    temperature_c: float
    minutes: int


@dataclass(frozen=True, slots=True)
class _Failing:
    at: int
    milli: Fraction | None
    band: int


class SensorRow:
    """A unit's own sensor, day by day: bands (-1 no evidence, 0 compliant) and temperatures."""

    def __init__(self, band: NDArray[np.int8], milli: NDArray[np.float64]) -> None:
        self.band = band
        self.milli = milli

    def failing_until(self, day: int) -> int:
        """First day from `day` on that does not fail by the sensor."""
        while day < len(self.band) and day >= 0 and self.band[day] > 0:
            day += 1
        return day


class ClaimWalker:
    """Walks through the claims of one unit.

    Parameters
    ----------
    policy : HeatRefundPolicy
        With the guarantee of the unit.
    season : Season

    Attributes
    ----------
    open_claims : int
        Claims that no re-test closed.
    short_campaigns : int
        Failing campaigns of fewer measurements than the rule prescribes.
    fees_micro : dict of int to int
        Fees of failed tests by unit.
    """

    def __init__(self, policy: HeatRefundPolicy, season: Season) -> None:
        self.policy = policy
        self.season = season
        self.open_claims = 0
        self.short_campaigns = 0
        self.fees_micro: dict[int, int] = {}

    def walk(
        self, unit: int, requests: Sequence[Request], visits: Sequence[Visit], sensor: SensorRow
    ) -> Iterator[ClaimDay]:
        """Days of all claims of one unit, what a claim decides after what is only set aside."""
        policy = self.policy
        valid = [visit for visit in visits if self._counts(visit)]
        for visit in visits:
            if not self._counts(visit):
                yield self._single(unit, visit.at, Status.TEST_SET_ASIDE)
        self._fees(unit, requests, valid)
        if policy.reducer is Reducer.MEAN_OF_3_MONTH:
            yield from self._months(unit, valid)
            return
        if policy.reducer is Reducer.MEAN_ALL:
            valid = self._campaigns(valid)
        if policy.clock.end is ClockEnd.AGREED:
            yield from self._agreed(unit, requests, valid)
            return
        until = -1
        for start in self._starts(requests, valid):
            if start < until:
                continue
            days, until = self._claim(unit, start, valid, sensor)
            yield from days

    def _counts(self, visit: Visit) -> bool:
        minute = visit.at % DAY_S // 60
        return visit.milli is None or self.policy.protocol.allows(minute, visit.closed_h)

    def _starts(self, requests: Sequence[Request], visits: Sequence[Visit]) -> list[int]:
        """When failing periods may begin: at requests, or at what was measured (or presumed) failing."""
        if self.policy.clock.start is not ClockStart.MEASURED:
            return [request.at for request in requests]
        return [
            visit.at
            for visit in visits
            if self._presumed(visit) or (visit.milli is not None and self._band(visit.milli))
        ]

    def _presumed(self, visit: Visit) -> bool:
        """Whether the rule takes a visit that was not made for a failing one."""
        return (
            visit.outcome == "supplier_absent" and self.policy.presumption.supplier_absence_ratio is not None
        )

    def _campaigns(self, visits: Sequence[Visit]) -> list[Visit]:
        merged = campaigns(visits)
        self.short_campaigns += sum(
            one.milli is not None and one.tests < self.policy.protocol.tests and self._band(one.milli) > 0
            for one in merged
        )
        return merged

    def _fees(self, unit: int, requests: Sequence[Request], visits: Sequence[Visit]) -> None:
        """Fees of tests that failed, which the supplier bears."""
        if not self.policy.test_fee:
            return
        for request in requests:
            test = next((one for one in visits if one.at >= request.at and one.milli is not None), None)
            if request.fee_micro and test is not None and test.milli is not None and self._band(test.milli):
                self.fees_micro[unit] = self.fees_micro.get(unit, 0) + request.fee_micro

    def _claim(
        self, unit: int, start: int, visits: Sequence[Visit], sensor: SensorRow
    ) -> tuple[list[ClaimDay], int]:
        failing, end, refused = self._follow(start, visits)
        if refused:
            return [self._single(unit, end or start, Status.PRESUMED_COMPLIANT)], (end or start) + 1
        if not failing:
            return self._by_sensor(unit, start, end, sensor)
        if end is None:
            # No re-test: the sensor carries on where there is one, otherwise the last visit is the last evidence.
            self.open_claims += 1
            end = max(failing[-1].at // DAY_S + 1, sensor.failing_until(failing[-1].at // DAY_S + 1)) * DAY_S
        return self._period(unit, start, end, failing), end

    def _follow(self, start: int, visits: Sequence[Visit]) -> tuple[list[_Failing], int | None, bool]:
        """Failing visits from `start` on, the end of the period if a visit closes it, and whether the user refused."""
        presumption = self.policy.presumption
        failing: list[_Failing] = []
        for visit in visits:
            if visit.at < start:
                continue
            if visit.outcome == "user_refused":
                if presumption.user_refusal_compliant:
                    return failing, visit.at, not failing
            elif visit.outcome == "supplier_absent":
                if self._presumed(visit):
                    failing.append(_Failing(visit.at, None, len(self.policy.bands) + 1))
            elif visit.milli is not None:
                band = self._band(visit.milli)
                if not band:
                    return failing, visit.at, False
                failing.append(_Failing(visit.at, visit.milli, band))
        return failing, None, False

    def _by_sensor(
        self, unit: int, start: int, end: int | None, sensor: SensorRow
    ) -> tuple[list[ClaimDay], int]:
        """A request nobody answered with a failing visit: the user's own sensor is the evidence."""
        if end is not None:
            return [self._single(unit, end, Status.COMPLIANT)], end + 1
        first = max(start // DAY_S, 0)
        last = sensor.failing_until(first)
        if last == first:
            return [], start + 1
        failing = [
            _Failing(day * DAY_S, Fraction(float(sensor.milli[day])), int(sensor.band[day]))
            for day in range(first, last)
        ]
        if last == self.season.days:
            self.open_claims += 1
        return self._period(unit, start, last * DAY_S, failing), last * DAY_S

    def _period(self, unit: int, start: int, end: int, failing: Sequence[_Failing]) -> list[ClaimDay]:
        clock = self.policy.clock
        minutes = (end - start) // 60
        status = Status.REFUND_TEMPERATURE if clock.long_enough(minutes) else Status.TOO_SHORT
        if not clock.retroactive:
            start += int(clock.min_hours * 3600)
        days = []
        for day, share in self._days(start, end):
            found = self._governing(failing, day)
            if 0 <= day < self.season.days:
                celsius = float("nan") if found.milli is None else float(found.milli) / MILLI
                days.append(ClaimDay(unit, day, status, found.band, celsius, share))
        return days

    def _days(self, start: int, end: int) -> Iterator[tuple[int, int]]:
        """Days of a period and the minutes of each that count."""
        first, last = start // DAY_S, -(-end // DAY_S)
        rule = self.policy.day_rule
        if rule is DayRule.WHOLE_24H:
            last = first + (end - start) // DAY_S
        elif rule is DayRule.CALENDAR_TOUCH:
            first += not self.policy.clock.count_first_day
            # The day a re-test meets the standard is the day it meets the standard.
            last = max(end // DAY_S, first + 1) if end > start else first
        for day in range(first, last):
            full = int(self.season.minutes[day]) if 0 <= day < self.season.days else 0
            if rule is DayRule.PRO_RATA_HOURS:
                full = min(full, (min(end, (day + 1) * DAY_S) - max(start, day * DAY_S)) // 60)
            yield day, full

    def _governing(self, failing: Sequence[_Failing], day: int) -> _Failing:
        """The measurement that counts on a day: the last one made by then, or the lowest of all.

        A visit the supplier did not make decides until the next one is made, whatever the reducer.
        """
        before = [one for one in failing if one.at < (day + 1) * DAY_S]
        last = before[-1] if before else failing[0]
        measured = [one for one in failing if one.milli is not None]
        if self.policy.reducer is Reducer.LOWEST and last.milli is not None:
            return min(measured, key=lambda one: one.milli or Fraction(0))
        return last

    def _agreed(self, unit: int, requests: Sequence[Request], visits: Sequence[Visit]) -> Iterator[ClaimDay]:
        for request in requests:
            failing, _, refused = self._follow(request.at, visits)
            if refused or not failing or request.agreed is None:
                self.open_claims += bool(failing)
                continue
            first, last = request.agreed
            yield from self._period(unit, first * DAY_S, (last + 1) * DAY_S, failing)

    def _months(self, unit: int, visits: Sequence[Visit]) -> Iterator[ClaimDay]:
        """Every day of a month whose measurements, three at least, have a mean below the guarantee."""
        months = self.season.months()
        by_month: dict[int, list[Fraction]] = {}
        for visit in visits:
            day = visit.at // DAY_S
            if visit.milli is not None and 0 <= day < self.season.days:
                by_month.setdefault(int(months[day]), []).append(visit.milli)
        for month, measured in by_month.items():
            mean = sum(measured, Fraction(0)) / len(measured)
            band = self._band(mean)
            enough = len(measured) >= 3
            status = (
                Status.REFUND_TEMPERATURE
                if band and enough
                else Status.COMPLIANT
                if enough
                else Status.TOO_SHORT
            )
            for day in np.flatnonzero(months == month).tolist():
                yield ClaimDay(unit, day, status, band, float(mean) / MILLI, int(self.season.minutes[day]))

    def _band(self, milli: Fraction) -> int:
        band = self.policy.band_of(milli)
        return 0 if band is None else 1 + self.policy.bands.index(band)

    def _single(self, unit: int, at: int, status: Status) -> ClaimDay:
        day = min(max(at // DAY_S, 0), self.season.days - 1)
        return ClaimDay(unit, day, status, 0, float("nan"), DAY_MINUTES)
