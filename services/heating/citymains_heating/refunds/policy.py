"""A heat refund rule as data: what a rule pack of kind ``heat_refund`` says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

#: Temperatures are compared as whole thousandths of a degree, so that an edge is an edge.
MILLI = 1000
#: Guarantee of a room that is owed no temperature.
NOT_OWED_C = Decimal(-273)


class BandAxis(StrEnum):
    """What the edges of the bands are measured on."""

    TEMPERATURE = "temperature"
    SHORTFALL = "shortfall"
    """Guarantee minus temperature."""


class FeeBase(StrEnum):
    """The fee a ratio is taken of."""

    DAY_FEE = "day_fee"
    MONTH_FEE = "month_fee"
    ROOM_AREA_DAY = "room_area_day"
    FEE_MINUS_BASIC = "fee_minus_basic"


class ClockStart(StrEnum):
    """What opens a failing period."""

    REQUEST = "request"
    MEASURED = "measured"
    SENSOR = "sensor"


class ClockEnd(StrEnum):
    """What closes it."""

    RETEST_OK = "retest_ok"
    MEASURED_OK = "measured_ok"
    AGREED = "agreed"


class DayRule(StrEnum):
    """How a period becomes days."""

    CALENDAR_TOUCH = "calendar_touch"
    WHOLE_24H = "whole_24h"
    PRO_RATA_HOURS = "pro_rata_hours"


class Reducer(StrEnum):
    """How several measurements become one temperature."""

    SINGLE = "single"
    LOWEST = "lowest"
    MEAN_ALL = "mean_all"
    MEAN_OF_3_MONTH = "mean_of_3_month"
    PER_ROOM = "per_room"


class Overlap(StrEnum):
    """Which refund stands on a day that has an outage and a low temperature; never both."""

    OUTAGE_FIRST = "outage_first"
    LARGER_OF = "larger_of"


@dataclass(frozen=True, slots=True)
class Band:
    """One range of temperature [°C] or shortfall [K] and the share of the fee it refunds."""

    lo: Decimal | None
    lo_incl: bool
    hi: Decimal | None
    hi_incl: bool
    ratio: Decimal

    def holds(self, milli: Fraction | int) -> bool:
        """Whether a value in thousandths lies in the band."""
        above = self.lo is None or milli > self.lo * MILLI or (self.lo_incl and milli == self.lo * MILLI)
        below = self.hi is None or milli < self.hi * MILLI or (self.hi_incl and milli == self.hi * MILLI)
        return above and below

    @property
    def label(self) -> str:
        """The band as an inequality: ``14 <= t < 18``."""
        low = "" if self.lo is None else f"{self.lo} {'<=' if self.lo_incl else '<'} "
        high = "" if self.hi is None else f" {'<=' if self.hi_incl else '<'} {self.hi}"
        return f"{low}t{high}"

    @property
    def words(self) -> tuple[str, str]:
        """The band in English and Chinese, as statements say it."""
        text = self.label.replace("<=", "≤")
        return f"room {text} °C", f"室温 {text} ℃"

    def on_temperature(self, guarantee_c: Decimal) -> Band:
        """A band on the shortfall, turned into one on temperature."""
        lo = None if self.hi is None else guarantee_c - self.hi
        hi = None if self.lo is None else guarantee_c - self.lo
        return Band(lo, self.hi_incl, hi, self.lo_incl, self.ratio)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """When a failing period starts and ends, and what it needs to count."""

    start: ClockStart = ClockStart.REQUEST
    end: ClockEnd = ClockEnd.RETEST_OK
    min_hours: Decimal = Decimal(0)
    min_incl: bool = True
    retroactive: bool = True
    """Whether the hours before the minimum is reached are refunded too."""
    exclude_first_days: int = 0
    exclude_last_days: int = 0
    count_first_day: bool = True
    article: str = ""

    def long_enough(self, minutes: int) -> bool:
        """Whether a period of `minutes` [min] reaches the minimum."""
        least = self.min_hours * 60
        return minutes > least or (self.min_incl and minutes == least)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRule:
    """What a stop of supply refunds, from which duration on."""

    min_hours: Decimal
    inclusive: bool = True
    cumulative_days: Decimal | None = None
    """Also refunded once the stops of the season add up to more than this many days."""
    pro_rata: bool = True
    """By time; otherwise by days under ``day_rule``."""
    day_rule: DayRule = DayRule.WHOLE_24H
    multiplier: Decimal = Decimal(1)
    faults: tuple[str, ...] = ()
    """Causes it holds for; empty: every cause but the user's own."""
    kinds: tuple[str, ...] = ("outage",)
    metered: str = ""
    """``basic_fee``: metered users get the basic fee of the stop."""
    article: str = ""

    def triggers(self, minutes: int) -> bool:
        """Whether one continuous stop of `minutes` [min] is long enough."""
        least = self.min_hours * 60
        return minutes > least or (self.inclusive and minutes == least)

    @property
    def label(self) -> str:
        """The threshold as an inequality: ``outage >= 12 h``."""
        what = "outage" if "outage" in self.kinds else "/".join(self.kinds)
        more = f" or > {self.cumulative_days} d in all" if self.cumulative_days is not None else ""
        return f"{what} {'>=' if self.inclusive else '>'} {self.min_hours} h{more}"

    @property
    def words(self) -> tuple[str, str]:
        """What stopped and for how long, in English and Chinese, as statements say it."""
        late = "outage" not in self.kinds
        what, what_zh = ("late start or early stop", "推迟供热或提前停热") if late else ("stop", "停热")
        times = f", {self.multiplier} times the fee" if self.multiplier != 1 else ""
        times_zh = f",按 {self.multiplier} 倍退" if self.multiplier != 1 else ""
        if not self.min_hours:
            return f"{what}{times}", f"{what_zh}{times_zh}"
        least, least_zh = ("of at least", "满") if self.inclusive else ("of more than", "超过")
        days, days_zh = "", ""
        if self.cumulative_days is not None:
            days = f" or of more than {self.cumulative_days} d in all"
            days_zh = f"或累计超过 {self.cumulative_days} 天"
        return (
            f"{what} {least} {self.min_hours} h{days}{times}",
            f"{what_zh}{least_zh} {self.min_hours} 小时{days_zh}{times_zh}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Presumption:
    """What counts where nobody could measure."""

    user_refusal_compliant: bool = False
    supplier_absence_ratio: Decimal | None = None
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TestProtocol:
    """How a visit has to measure to be evidence."""

    from_minute: int | None = None
    """Visits count from this minute of the day on; None: at any time."""
    to_minute: int | None = None
    """Until this minute, itself included."""
    avoid_from_minute: int | None = None
    """Visits between these two, both included, do not count."""
    avoid_to_minute: int | None = None
    closed_h: Decimal | None = None
    """Doors and windows closed for at least this long."""
    tests: int = 1
    """Measurements one campaign consists of."""
    article: str = ""

    def allows(self, minute: int, closed_h: Decimal | None) -> bool:
        """Whether a visit at a minute of the day counts; what is not recorded is not held against it."""
        if self.from_minute is not None and minute < self.from_minute:
            return False
        if self.to_minute is not None and minute > self.to_minute:
            return False
        avoided = self.avoid_from_minute, self.avoid_to_minute
        if avoided[0] is not None and avoided[1] is not None and avoided[0] <= minute <= avoided[1]:
            return False
        return self.closed_h is None or closed_h is None or closed_h >= self.closed_h


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Until when and how the refund is paid."""

    months_after_season: int | None = None
    month: int | None = None
    day: int | None = None
    late_as_unpaid_fee: bool = False
    """A late refund carries the late rate of unpaid heat fees."""
    article: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorEvidence:
    """When a day of sensor readings is evidence, and of which temperature."""

    statistic: str = "mean"
    """``mean``, ``min`` or ``max`` of the day's valid readings."""
    min_coverage: Decimal = Decimal("0.75")
    """Share of the readings the sampling interval promises."""
    sample_s: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatRefundPolicy:
    """One heat refund rule, merged from its layers."""

    name: str
    jurisdiction: str
    document: str
    article: str
    confidence: str
    guarantee_c: Decimal
    bands: tuple[Band, ...]
    """On temperature, the highest first; a shortfall was turned on reading."""
    tie_break: str = ""
    """``user_favour`` where the text's bands overlap: the higher ratio counts."""
    base: FeeBase = FeeBase.DAY_FEE
    metered: str = ""
    """``reading``: metered users get the ratio of the meter's charge. Empty: not covered."""
    clock: Clock = field(default_factory=Clock)
    day_rule: DayRule = DayRule.CALENDAR_TOUCH
    reducer: Reducer = Reducer.SINGLE
    presumption: Presumption = field(default_factory=Presumption)
    protocol: TestProtocol = field(default_factory=TestProtocol)
    room_guarantees: Mapping[str, Decimal] = field(default_factory=dict)
    """Temperature owed to rooms of a kind [°C]; `NOT_OWED_C`: none. Other rooms are owed ``guarantee_c``."""
    test_fee: str = ""
    """Article by which the supplier bears the fee of a test that failed; empty: none."""
    outages: tuple[OutageRule, ...] = ()
    settle: Settle = field(default_factory=Settle)
    sensor: SensorEvidence = field(default_factory=SensorEvidence)
    overlap: Overlap = Overlap.LARGER_OF
    exclusions: Mapping[str, str] = field(default_factory=dict)
    """Article by exclusion code."""
    outdoor_below_design: str = ""
    """Article that owes nothing on days colder than the design outdoor temperature; empty: none."""
    season_start: str = ""
    """``11-15T00:00``; empty: not stated."""
    season_end: str = ""
    rounding: str = "half_up"
    band_texts: tuple[tuple[str, str], ...] = ()
    """Rule and article of each band, where a plugin decided instead of the bands' text."""
    packs: tuple[str, ...] = ()
    """``layer/name`` of every pack that took part, the deciding one of each field in ``deciders``."""
    deciders: Mapping[str, str] = field(default_factory=dict)

    def owed_c(self, room_kind: str) -> Decimal:
        """Temperature owed to a kind of room [°C]."""
        return self.room_guarantees.get(room_kind, self.guarantee_c)

    def band_of(self, milli: Fraction | int) -> Band | None:
        """The band of a temperature in thousandths of a degree; None at or above the guarantee."""
        if milli >= self.guarantee_c * MILLI:
            return None
        found = [band for band in self.bands if band.holds(milli)]
        return max(found, key=lambda band: band.ratio) if found else None

    def cite(self, article: str) -> str:
        """Document and article, as statements name them."""
        return f"{self.document} {article or self.article}"
