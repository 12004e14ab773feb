"""Runs the cases of a tariff pack, each as a season of one user."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from typing import Any

from citymains.billing.items import yuan

from citymains_heating.bills.account import BillAccount, Span, items_of
from citymains_heating.bills.kind import RESIDENT
from citymains_heating.bills.tariff import HeatPrice, tariff_of
from citymains_heating.refunds.season import parse_season

#: A pack that states shares without prices is tried on 0.2 yuan a day, and on a two-part price.
_PLAIN = HeatPrice(
    category=RESIDENT, per_day=Fraction(1, 5), basic=Fraction(36, 5), heat=Fraction(4, 25), rule="case"
)


def run_case(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What follows for one user: ``amount_yuan``, ``items``, ``warned``."""
    tariff = tariff_of(fields, lambda name: name, name="case")
    season = parse_season(
        inputs.get("season", "2022-2023"),
        tariff.season_start or "11-15T00:00",
        tariff.season_end or "03-15T00:00",
    )
    price = tariff.classes.get(inputs.get("category", RESIDENT), _PLAIN)
    area = Fraction(inputs.get("area_m2", Decimal(100)))
    kwh = inputs.get("heat_kwh")
    account = BillAccount(
        account="U1",
        spans=[
            Span(
                area_m2=area,
                days=season.length_days,
                price=price,
                metered=kwh is not None,
                paused=inputs.get("paused", False),
                meter_state=inputs.get("meter_state", "ok"),
            )
        ],
        heat_kwh=[] if kwh is None or inputs.get("meter_state", "ok") != "ok" else [(Fraction(kwh), price)],
        undelivered_days=Fraction(inputs.get("late_days", Decimal(0))),
    )
    items = list(items_of(account, tariff, season.length_days))
    whole = price.whole_season(season.length_days)
    limit = tariff.basic_share_max
    return {
        "amount_yuan": Decimal(yuan(sum(one.cents for one in items))),
        "items": ", ".join(one.item for one in items),
        "warned": bool(
            limit is not None
            and whole is not None
            and price.basic is not None
            and price.basic > limit * whole
        ),
    }
