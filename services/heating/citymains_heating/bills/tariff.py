"""What heat costs: from a rule pack's classes, or from a dataset of tariffs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from citymains_heating.bills.kind import NOT_STATED


@dataclass(frozen=True, kw_only=True)
class HeatPrice:
    """Prices of one class; None where none is stated."""

    category: str
    per_day: Fraction | None = None
    """Yuan per m2 and day."""
    per_season: Fraction | None = None
    basic: Fraction | None = None
    """Yuan per m2 and season."""
    heat: Fraction | None = None
    """Yuan per kWh."""
    rule: str = ""
    article: str = ""

    def whole_season(self, length_days: Fraction) -> Fraction | None:
        """Area price of a whole season, yuan per m2."""
        if self.per_season is not None:
            return self.per_season
        return None if self.per_day is None else self.per_day * length_days


@dataclass(frozen=True, kw_only=True)
class HeatTariff:
    """What a place's packs say of the price of heat."""

    classes: Mapping[str, HeatPrice] = field(default_factory=dict)
    basic_share_max: Fraction | None = None
    metered_cap: bool = False
    by_days_supplied: bool = False
    pause_share: Fraction | None = None
    meter_fault_share: Fraction | None = None
    meter_damage_share: Fraction | None = None
    season_start: str = ""
    season_end: str = ""
    name: str = ""
    """Pack that states the prices; empty: none does."""
    packs: tuple[str, ...] = ()
    articles: Mapping[str, str] = field(default_factory=dict)
    """Document and article of each field."""


def tariff_of(
    values: Mapping[str, Any], cite: Callable[[str], str], *, name: str = "", packs: tuple[str, ...] = ()
) -> HeatTariff:
    """A tariff from the values of the kind's fields; `cite` names each field's document and article."""

    def share(field_name: str) -> Fraction | None:
        value = values.get(field_name)
        return None if value is None else Fraction(value)

    return HeatTariff(
        classes={
            row["category"]: HeatPrice(
                category=row["category"],
                per_day=_stated(row["price_yuan_per_m2_day"]),
                per_season=_stated(row["price_yuan_per_m2_season"]),
                basic=_stated(row["basic_yuan_per_m2_season"]),
                heat=_stated(row["heat_yuan_per_kwh"]),
                rule=f"{name}: {row['category']}",
                article=cite("classes"),
            )
            for row in values.get("classes", ())
        },
        basic_share_max=share("basic_share_max"),
        metered_cap=values.get("metered_cap", False),
        by_days_supplied=values.get("by_days_supplied", False),
        pause_share=share("pause_share"),
        meter_fault_share=share("meter_fault_share"),
        meter_damage_share=share("meter_damage_share"),
        season_start=values.get("season_start", ""),
        season_end=values.get("season_end", ""),
        name=name,
        packs=packs,
        articles={field_name: cite(field_name) for field_name in values},
    )


def _stated(value: Any) -> Fraction | None:
    return None if value == NOT_STATED else Fraction(value)
