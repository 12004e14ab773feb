"""The items on one account's bill."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from citymains.billing.items import Item, plain

from citymains_heating.bills.tariff import HeatPrice, HeatTariff


@dataclass(frozen=True, kw_only=True)
class Span:
    """Some days of the season in which area, price and state of an account are the same."""

    area_m2: Fraction
    days: Fraction
    """Days of 24 h."""
    price: HeatPrice
    metered: bool = False
    paused: bool = False
    meter_state: str = "ok"


@dataclass(frozen=True, kw_only=True)
class BillAccount:
    """One account as it is billed."""

    account: str
    spans: Sequence[Span]
    heat_kwh: Sequence[tuple[Fraction, HeatPrice]] = ()
    """Metered heat and the price it has, by reading period."""
    undelivered_days: Fraction = Fraction(0)
    """Days before a late start and after an early stop."""


def items_of(account: BillAccount, tariff: HeatTariff, season_days: Fraction) -> Iterator[Item]:
    """The items of one account, in the order they are printed.

    Parameters
    ----------
    account : BillAccount
    tariff : HeatTariff
    season_days : Fraction
        Length of the season in days of 24 h.
    """
    metered: list[Item] = []
    for span in account.spans:
        if span.paused:
            yield from _paused(account, span, tariff, season_days)
        elif span.metered and span.meter_state != "ok":
            yield from _without_meter(account, span, tariff, season_days)
        elif span.metered and span.price.basic is not None:
            metered.append(_basic(account, span, season_days))
        else:
            yield from _by_area(account, span, season_days)
    yield from metered
    heat = [_heat(account, kwh, price) for kwh, price in account.heat_kwh if price.heat is not None]
    yield from heat
    if tariff.metered_cap and (metered or heat):
        yield from _cap(account, tariff, [*metered, *heat], season_days)
    if tariff.by_days_supplied and account.undelivered_days:
        yield from _undelivered(account, tariff)


def _part(days: Fraction, season_days: Fraction) -> tuple[Fraction, str]:
    """Share of a season, and how it is written."""
    if days == season_days:
        return Fraction(1), ""
    return days / season_days, f"{plain(days)}/{plain(season_days)} d"


def _by_area(account: BillAccount, span: Span, season_days: Fraction) -> Iterator[Item]:
    price = span.price
    if price.per_day is not None:
        yield Item(
            account=account.account, item="area", quantity=span.area_m2, unit="m2", unit_price=price.per_day,
            share=span.days, share_text=f"{plain(span.days)} d", rule=price.rule, article=price.article,
        )  # fmt: skip
    elif price.per_season is not None:
        share, text = _part(span.days, season_days)
        yield Item(
            account=account.account, item="area", quantity=span.area_m2, unit="m2", unit_price=price.per_season,
            share=share, share_text=text, rule=price.rule, article=price.article,
        )  # fmt: skip


def _scaled(
    account: BillAccount, span: Span, season_days: Fraction, item: str, share: Fraction, article: str
) -> Iterator[Item]:
    """The area item times a share."""
    for one in _by_area(account, span, season_days):
        text = " x ".join(part for part in (one.share_text, plain(share)) if part)
        yield Item(
            account=one.account, item=item, quantity=one.quantity, unit=one.unit, unit_price=one.unit_price,
            share=one.share * share, share_text=text, rule=one.rule, article=article or one.article,
        )  # fmt: skip


def _paused(account: BillAccount, span: Span, tariff: HeatTariff, season_days: Fraction) -> Iterator[Item]:
    if tariff.pause_share is not None:
        article = tariff.articles.get("pause_share", "")
        yield from _scaled(account, span, season_days, "pause", tariff.pause_share, article)


def _without_meter(
    account: BillAccount, span: Span, tariff: HeatTariff, season_days: Fraction
) -> Iterator[Item]:
    """A meter that failed or was damaged: the area price, times what the rule says."""
    name = "meter_damage_share" if span.meter_state == "damaged" else "meter_fault_share"
    share = tariff.meter_damage_share if span.meter_state == "damaged" else tariff.meter_fault_share
    yield from _scaled(
        account, span, season_days, "meter_" + span.meter_state, Fraction(1) if share is None else share,
        "" if share is None else tariff.articles.get(name, ""),
    )  # fmt: skip


def _basic(account: BillAccount, span: Span, season_days: Fraction) -> Item:
    share, text = _part(span.days, season_days)
    assert span.price.basic is not None
    return Item(
        account=account.account, item="basic", quantity=span.area_m2, unit="m2", unit_price=span.price.basic,
        share=share, share_text=text, rule=span.price.rule, article=span.price.article,
    )  # fmt: skip


def _heat(account: BillAccount, kwh: Fraction, price: HeatPrice) -> Item:
    assert price.heat is not None
    return Item(
        account=account.account, item="heat", quantity=kwh, unit="kWh", unit_price=price.heat,
        rule=price.rule, article=price.article,
    )  # fmt: skip


def _cap(
    account: BillAccount, tariff: HeatTariff, metered: Sequence[Item], season_days: Fraction
) -> Iterator[Item]:
    """What a metered bill is above the area bill is taken off."""
    spans = [span for span in account.spans if span.metered and not span.paused and span.meter_state == "ok"]
    area = [one for span in spans for one in _by_area(account, span, season_days)]
    above = sum(one.cents for one in metered) - sum(one.cents for one in area)
    if area and above > 0:
        yield Item(
            account=account.account, item="cap", quantity=Fraction(-above, 100), unit="yuan", unit_price=Fraction(1),
            rule=area[0].rule, article=tariff.articles.get("metered_cap", ""),
        )  # fmt: skip


def _undelivered(account: BillAccount, tariff: HeatTariff) -> Iterator[Item]:
    """Days without heat before a late start and after an early stop, of users who pay by area and day."""
    for span in account.spans:
        price = span.price
        if span.paused or span.metered or price.per_day is None:
            continue
        yield Item(
            account=account.account, item="not_supplied", quantity=-span.area_m2, unit="m2", unit_price=price.per_day,
            share=account.undelivered_days, share_text=f"{plain(account.undelivered_days)} d", rule=price.rule,
            article=tariff.articles.get("by_days_supplied", ""),
        )  # fmt: skip
        return
