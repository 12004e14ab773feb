"""The heating season: a half-open interval of local time, and its civil days."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, timezone
from fractions import Fraction
from functools import cached_property

import numpy as np
from citymains.errors import InputError
from numpy.typing import NDArray

from citymains_heating.refunds.policy import HeatRefundPolicy

#: China has one time zone without daylight saving; the civil days of all evidence are in it.
LOCAL = timezone(timedelta(hours=8))
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Season:
    """One heating season.

    Parameters
    ----------
    start, end : datetime
        Local time without zone; the end is not part of it.
    ends_24 : bool
        Whether an end at midnight is named by the day before: 24:00, not 00:00.

    Raises
    ------
    InputError
        REFUND_SEASON_REVERSED.
    """

    start: datetime
    end: datetime
    name: str = ""
    ends_24: bool = False

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputError(
                "REFUND_SEASON_REVERSED",
                element=self.name,
                field="season",
                value=self.end.isoformat(),
                limit=self.start.isoformat(),
            )

    @property
    def first_day(self) -> date:
        """First civil day touched."""
        return self.start.date()

    @property
    def named_end(self) -> date:
        """Day the end is named by, from which time limits run."""
        midnight = self.end.time() == datetime.min.time()
        return (self.end - timedelta(days=midnight and self.ends_24)).date()

    @cached_property
    def days(self) -> int:
        """Number of civil days touched."""
        last = self.end - timedelta(microseconds=1)
        return (last.date() - self.first_day).days + 1

    @property
    def length_days(self) -> Fraction:
        """Length in days of 24 h; what a season's price is divided by."""
        return Fraction((self.end - self.start) // timedelta(minutes=1), DAY_MINUTES)

    @cached_property
    def minutes(self) -> NDArray[np.int64]:
        """Minutes of each civil day that lie in the season."""
        return self.overlap_minutes(self.start, self.end)

    def overlap_minutes(self, start: datetime, end: datetime) -> NDArray[np.int64]:
        """Minutes of each civil day of the season that lie in ``[start, end)`` and in the season."""
        low, high = max(start, self.start), min(end, self.end)
        midnight = datetime.combine(self.first_day, datetime.min.time())
        first = (low - midnight) // timedelta(minutes=1)
        last = (high - midnight) // timedelta(minutes=1)
        begins = np.arange(self.days, dtype=np.int64) * DAY_MINUTES
        within: NDArray[np.int64] = np.clip(
            np.minimum(begins + DAY_MINUTES, last) - np.maximum(begins, first), 0, None
        )
        return within

    def index(self, day: date) -> int:
        """Position of a civil day; may lie outside ``0 .. days-1``."""
        return (day - self.first_day).days

    def day(self, index: int) -> date:
        """Civil day at a position."""
        return self.first_day + timedelta(days=int(index))

    def months(self) -> NDArray[np.int64]:
        """Year times 12 plus month of each civil day."""
        days = [self.day(i) for i in range(self.days)]
        return np.array([one.year * 12 + one.month - 1 for one in days], dtype=np.int64)


_YEARS = re.compile(r"(\d{4})-(\d{4})")


def parse_season(text: str, start: str = "", end: str = "", rule: str = "") -> Season:
    """A season from ``2022-2023`` (the rule's dates) or ``2022-11-15/2023-03-15``.

    A date without a time is its 00:00; ``24:00`` is the end of that day.

    Raises
    ------
    InputError
        REFUND_SEASON_INVALID, REFUND_SEASON_DATES_UNKNOWN, REFUND_SEASON_REVERSED.
    """
    years = _YEARS.fullmatch(text.strip())
    if years is None:
        first, slash, last = text.partition("/")
        if not slash:
            raise InputError("REFUND_SEASON_INVALID", field="season", value=text)
        return Season(_moment(first, text), _moment(last, text), text, last.endswith("24:00"))
    if not (start and end):
        raise InputError("REFUND_SEASON_DATES_UNKNOWN", field="season", element=rule, value=text)
    moments = _moment(f"{years[1]}-{start}", text), _moment(f"{years[2]}-{end}", text)
    return Season(*moments, text, end.endswith("24:00"))


def season_of(text: str, policy: HeatRefundPolicy) -> Season:
    """A season by its text, with the dates the rule states where the text names years alone."""
    season = parse_season(text, policy.season_start, policy.season_end, policy.name)
    named_24 = policy.season_end.endswith("24:00") and season.end == _moment(
        f"{season.end.year}-{policy.season_end}", text
    )
    return replace(season, ends_24=season.ends_24 or named_24)


def local_naive(moment: datetime) -> datetime:
    """Local wall-clock time; a time without zone is local already."""
    return moment if moment.tzinfo is None else moment.astimezone(LOCAL).replace(tzinfo=None)


def _moment(text: str, season: str) -> datetime:
    text = text.strip().replace(" ", "T")
    next_day = text.endswith("T24:00")
    try:
        moment = datetime.fromisoformat(text.removesuffix("T24:00"))
    except ValueError as error:
        raise InputError("REFUND_SEASON_INVALID", field="season", value=season) from error
    return local_naive(moment) + timedelta(days=1) * next_day
