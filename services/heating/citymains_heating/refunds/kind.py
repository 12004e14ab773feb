"""The kind ``heat_refund`` of rule packs: its fields, their checks, and how a pack's cases are run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from citymains.rules.kinds import FieldSpec, Outcome, RuleKind, ValueType

from citymains_heating.refunds.policy import (
    MILLI,
    Band,
    BandAxis,
    ClockEnd,
    ClockStart,
    DayRule,
    FeeBase,
    Overlap,
    Reducer,
)

#: Edges at or beyond these stand for "no edge".
NO_LOWER, NO_UPPER = Decimal(-273), Decimal(999)


@dataclass(frozen=True, kw_only=True)
class ChoiceSpec(FieldSpec):
    """A text that is one of some words."""

    choices: tuple[str, ...] = ()

    def read(self, value: Any) -> Any:
        """The word; ValueError lists the allowed ones."""
        if value not in self.choices:
            raise ValueError(", ".join(self.choices))
        return value


@dataclass(frozen=True, kw_only=True)
class BandsSpec(FieldSpec):
    """The bands: without gap, and without overlap unless every row declares the tie-break."""

    def read(self, value: Any) -> Any:
        """The rows; ValueError says where two bands hold, or none."""
        rows = super().read(value)
        if not rows:
            raise ValueError("at least one band")
        bands = [band_of_row(row) for row in rows]
        edges = sorted({edge for band in bands for edge in (band.lo, band.hi) if edge is not None})
        favoured = all(row["tie_break"] == "user_favour" for row in rows)
        for edge in edges:
            for milli in (int(edge * MILLI) + step for step in (-1, 0, 1)):
                held = sum(band.holds(milli) for band in bands)
                inside = edges[0] * MILLI < milli < edges[-1] * MILLI
                if held > 1 and not favoured:
                    raise ValueError(
                        f'one band at {Decimal(milli) / MILLI}, or tie_break = "user_favour" where the text overlaps'
                    )
                if held == 0 and inside:
                    raise ValueError(f"a band at {Decimal(milli) / MILLI}")
        return rows


def band_of_row(row: Mapping[str, Any]) -> Band:
    """A band from its row."""
    lo = None if row["lo"] <= NO_LOWER else row["lo"]
    hi = None if row["hi"] >= NO_UPPER else row["hi"]
    return Band(lo, row["lo_incl"], hi, row["hi_incl"], row["ratio"])


def _choice(name: str, description: str, words: Any) -> ChoiceSpec:
    return ChoiceSpec(
        name=name, type=ValueType.TEXT, description=description, choices=tuple(str(word) for word in words)
    )


def _decimal(
    name: str, description: str, minimum: float | None = 0.0, maximum: float | None = None
) -> FieldSpec:
    return FieldSpec(
        name=name, type=ValueType.DECIMAL, description=description, minimum=minimum, maximum=maximum
    )


def _integer(name: str, description: str, minimum: float = 0, maximum: float = 366) -> FieldSpec:
    return FieldSpec(
        name=name, type=ValueType.INTEGER, description=description, minimum=minimum, maximum=maximum
    )


def _truth(name: str, description: str) -> FieldSpec:
    return FieldSpec(name=name, type=ValueType.BOOLEAN, description=description)


def _text(name: str, description: str) -> FieldSpec:
    return FieldSpec(name=name, type=ValueType.TEXT, description=description)


_BANDS = BandsSpec(
    name="bands", type=ValueType.TABLE, description="Share of the fee refunded by temperature [°C] or shortfall [K].",
    columns=(
        _decimal("lo", "Lower edge; -273: none.", None), _truth("lo_incl", "Whether the lower edge belongs to the band."),
        _decimal("hi", "Upper edge; 999: none.", None), _truth("hi_incl", "Whether the upper edge belongs to the band."),
        _decimal("ratio", "Share of the fee.", 0.0, 1.0),
        _choice("tie_break", "user_favour: the text's bands overlap and the higher ratio counts.", ("", "user_favour")),
    ),
)  # fmt: skip

_OUTAGES = FieldSpec(
    name="outages", type=ValueType.TABLE, description="What a stop of supply refunds.",
    columns=(
        _decimal("min_hours", "Least duration of one continuous stop [h]."), _truth("inclusive", "Whether exactly that is enough."),
        _decimal("cumulative_days", "Also once the season's stops pass this many days; 0: no such rule."),
        _choice("mode", "By time, or by days.", ("time", "day")),
        _decimal("multiplier", "Times the fee of the stop.", 0.0, 10.0), _truth("own_fault_only", "Only for the supplier's own faults."),
        _choice("kinds", "Every stop, or late starts and early stops alone.", ("any", "late_early")),
    ),
)  # fmt: skip

#: Rooms a rule may treat apart.
ROOM_KINDS = ("bedroom", "living_room", "kitchen", "bathroom", "other")

_ROOMS = FieldSpec(
    name="room_guarantees", type=ValueType.TABLE, description="Rooms that are owed another temperature, or none.",
    columns=(
        _choice("kind", "Kind of room.", ROOM_KINDS),
        _decimal("guarantee_c", "Temperature owed [°C]; -273: none.", -273.0, 30.0),
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class CitedSpec(FieldSpec):
    """An article, which may not be empty."""

    def read(self, value: Any) -> Any:
        """The article; ValueError where it is empty."""
        text = super().read(value)
        if not text.strip():
            raise ValueError("the article it rests on")
        return text


@dataclass(frozen=True, kw_only=True)
class ClockSpec(FieldSpec):
    """A time of the day as ``06:00``."""

    def read(self, value: Any) -> Any:
        """Minute of the day."""
        text = value if isinstance(value, str) else ""
        hour, _, minute = text.partition(":")
        if not (len(text) == 5 and (hour + minute).isdecimal() and int(hour) <= 24 and int(minute) < 60):
            raise ValueError("06:00")
        return int(hour) * 60 + int(minute)


def _clock(name: str, description: str) -> ClockSpec:
    return ClockSpec(name=name, type=ValueType.TEXT, description=description)


_EXCLUSIONS = FieldSpec(
    name="exclusions",
    type=ValueType.TABLE,
    description="Who gets no refund for low temperatures.",
    columns=(
        _text("code", "Code of the users' column `exclusions`."),
        CitedSpec(name="article", type=ValueType.TEXT, description="Article that says so."),
    ),
)

FIELDS: tuple[FieldSpec, ...] = (
    _decimal("guarantee_c", "Room temperature owed [°C].", 5.0, 30.0),
    _BANDS,
    _choice("bands_on", "What the bands' edges are measured on.", BandAxis),
    _text("tie_break_text", "The text that overlaps."),
    _choice("base", "The fee a ratio is taken of.", FeeBase),
    _truth("metered_reading", "Metered users are refunded the ratio of the meter's charge."),
    _choice("clock_start", "What opens a failing period.", ClockStart),
    _choice("clock_end", "What closes it.", ClockEnd),
    _decimal("clock_min_hours", "Least duration of a failing period [h]."),
    _truth("clock_min_inclusive", "Whether exactly that is enough."),
    _truth("clock_retroactive", "Whether the hours before the least duration count too."),
    _truth("count_first_day", "Whether the day of the request counts."),
    _integer("exclude_first_days", "First days of the season without refund for low temperatures."),
    _integer("exclude_last_days", "Last days of the season without refund for low temperatures."),
    _choice("day_rule", "How a failing period becomes days.", DayRule),
    _choice("reducer", "How several measurements become one temperature.", Reducer),
    _ROOMS,
    _clock("test_from", "Visits count from this time of the day on: 06:00."),
    _clock("test_to", "Visits count until this time of the day, itself included."),
    _clock("test_avoid_from", "Visits from this time of the day on do not count, itself included,"),
    _clock("test_avoid_to", "until this one, itself included."),
    _decimal("test_closed_h", "How long doors and windows have to be closed before a visit [h].", 0.0, 24.0),
    _integer("test_count", "Measurements one campaign consists of, where their mean counts.", 1, 100),
    _truth("test_fee_by_supplier", "The supplier bears the fee of a test that failed."),
    _choice("overlap", "Which refund stands on a day with both reasons.", Overlap),
    _truth("user_refusal_compliant", "A user who refuses the test counts as supplied."),
    _decimal(
        "supplier_absence_ratio",
        "Ratio of a day the supplier came late, not at all or without record.",
        0.0,
        1.0,
    ),
    _OUTAGES,
    _choice("outage_day_rule", "How a stop refunded by days becomes days.", DayRule),
    _truth("outage_metered_basic_fee", "Metered users get the basic fee of a stop."),
    _EXCLUSIONS,
    _truth("outdoor_below_design", "Nothing is owed on days colder than the design outdoor temperature."),
    _text("season_start", "11-15T00:00."),
    _text("season_end", "03-15T00:00, or 03-15T24:00."),
    _choice("rounding", "How a user's total is rounded to 0.01 yuan.", ("half_up", "half_even", "down")),
    _integer("settle_months", "Months after the season by which the refund is settled.", 1, 24),
    _integer("settle_month", "Month by whose settle_day it is settled.", 1, 12),
    _integer("settle_day", "Day of that month.", 1, 31),
    _truth("late_as_unpaid_fee", "A late refund carries the late rate of unpaid fees."),
    _choice("sensor_statistic", "Temperature of a day of readings.", ("mean", "min", "max")),
    _decimal("sensor_min_coverage", "Share of the promised readings a day needs to be evidence.", 0.0, 1.0),
    _integer("sensor_sample_s", "Sampling interval the sensors promise [s].", 1, 86_400),
)

INPUTS: tuple[FieldSpec, ...] = (
    _text("season", "2022-11-15/2023-03-15."),
    _text("request", "When the test was requested."),
    _text(
        "tests_c",
        "Temperatures measured [°C], the first at the request, each further one a day later; separated by spaces.",
    ),
    _text("retest_ok", "When a re-test met the guarantee."),
    _text("outcome", "user_refused or supplier_absent, at the request."),
    _text("agreed_from", "First of the agreed days."),
    _text("agreed_to", "Last of the agreed days."),
    _text("room_kind", "Kind of the measured room."),
    _decimal("closed_h", "How long doors and windows had been closed at the first visit [h]."),
    _decimal("test_fee_yuan", "Fee of the test that the user advanced."),
    _text("stops", "Stops of supply as start/end, separated by spaces."),
    _choice("stop_kind", "What the stops are.", ("outage", "late_start", "early_stop")),
    _text("fault", "Cause of the stops."),
    _text(
        "sensor_c",
        "Daily temperatures of the user's sensor from the season's first day, separated by spaces.",
    ),
    _decimal("area_m2", "Area of the flat; 100."),
    _decimal("room_m2", "Area of the measured room; 20."),
    _decimal("price_yuan_per_m2_day", "Price; 0.19 unless a season's price is given."),
    _decimal("price_yuan_per_m2_season", "Price of the season."),
    _decimal("price_yuan_per_m2_month", "Price of a calendar month."),
    _decimal("basic_yuan_per_m2_season", "Basic part of it."),
    _decimal("heat_yuan_per_kwh", "Metered price."),
    _decimal("heat_kwh", "Heat metered in the season; makes the user a metered one."),
    _decimal("fee_paid_yuan", "Fee paid."),
    _text("exclusion", "Exclusion code of the user."),
    _decimal("outdoor_c", "Outdoor temperature of every day [°C].", None),
    _decimal("design_outdoor_c", "Design outdoor temperature [°C].", None),
)

OUTPUTS = {
    "amount_yuan": "The user's refund.",
    "days": "Refunded days.",
    "ratio": "Ratio of the first refunded day; 0 without one.",
    "deadline": "Last day to settle, as 2023-05-15.",
    "test_fee_yuan": "Fee of the test paid back.",
}


def _evaluate(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> Mapping[str, Outcome]:
    # The engine is imported only when a case is run, so that reading packs stays cheap.
    from citymains_heating.refunds.casework import run_case

    return {name: Outcome(value=value, field="bands") for name, value in run_case(fields, inputs).items()}


KIND = RuleKind(
    name="heat_refund",
    title_en="Heat refund",
    title_zh="供热退费",
    fields=FIELDS,
    inputs=INPUTS,
    outputs=OUTPUTS,
    evaluate=_evaluate,
    cited=True,
)
