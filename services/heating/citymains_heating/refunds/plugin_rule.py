"""Rules that a pack cannot say: a plugin's function looks at a user's days and names what is refunded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
from citymains.errors import PluginError
from citymains.plugins.records import RefundRule, load_reference
from numpy.typing import NDArray

from citymains_heating.refunds.accounts import Accounts, Units
from citymains_heating.refunds.classify import Days, SensorClasses, StopDays
from citymains_heating.refunds.policy import MILLI, Band, HeatRefundPolicy
from citymains_heating.refunds.season import Season
from citymains_heating.refunds.status import Status
from citymains_heating.refunds.stops import Stops


def apply_rule(
    rule: RefundRule,
    days: Days,
    stop_days: StopDays,
    classes: SensorClasses,
    stops: Stops,
    accounts: Accounts,
    units: Units,
    policy: HeatRefundPolicy,
    season: Season,
) -> tuple[HeatRefundPolicy, StopDays]:
    """Replace the classification by the plugin's.

    ``rule.refund(user, days)`` is called for every user with ``user`` (``user``, ``substation``,
    ``area_m2``) and the season's ``days`` (``day``, ``temperature_c`` or None, ``outage_h``,
    ``status``), and gives mappings with ``day``, ``rule``, ``article`` and ``ratio``.

    Raises
    ------
    PluginError
        Whatever goes wrong in the plugin, with its name.
    """
    texts: dict[tuple[str, str, Decimal], int] = {}
    status = np.where(days.status == Status.REFUND_TEMPERATURE, Status.COMPLIANT, days.status).astype(np.int8)
    band = np.zeros_like(days.band)
    station = accounts.by_day(accounts.row_station, season.days)
    stopped = stops.minutes[station, np.arange(season.days)]
    try:
        refund = load_reference(rule.refund)
        for at, user in enumerate(accounts.users):
            told = _told(at, days, classes, stopped[at], season)
            for one in refund({"user": user, "substation": accounts.stations[accounts.row_station[accounts.first[at]]],
                               "area_m2": Decimal(int(units.area_micro[at])) / 1_000_000}, told):  # fmt: skip
                day, key = _read(one, season)
                status[at, day] = Status.REFUND_TEMPERATURE
                band[at, day] = texts.setdefault(key, len(texts)) + 1
    except Exception as error:
        raise PluginError(
            value=rule.name, field="refund", limit=f"{type(error).__name__}: {error}"
        ) from error
    days.status, days.band = status, band
    bands = tuple(Band(None, False, None, False, ratio) for _, _, ratio in texts)
    changed = replace(
        policy, name=rule.name, bands=bands, band_texts=tuple((name, article) for name, article, _ in texts)
    )
    return changed, StopDays(np.zeros_like(stop_days.minutes), np.zeros_like(stop_days.rule))


def _told(
    at: int, days: Days, classes: SensorClasses, stopped: NDArray[np.int64], season: Season
) -> list[Mapping[str, Any]]:
    milli = days.milli(classes, np.full(season.days, at), np.arange(season.days))
    return [
        {
            "day": season.day(day), "temperature_c": None if np.isnan(milli[day]) else float(milli[day]) / MILLI,
            "outage_h": float(stopped[day]) / 60, "status": Status(int(days.status[at, day])).name.lower(),
        }
        for day in range(season.days)
    ]  # fmt: skip


def _read(one: Mapping[str, Any], season: Season) -> tuple[int, tuple[str, str, Decimal]]:
    """Day and text of one answer; refuses what cannot be cited or paid."""
    day, ratio = one["day"], Decimal(str(one["ratio"]))
    if not isinstance(day, date) or not 0 <= season.index(day) < season.days:
        raise ValueError(f"{day} is no day of the season")
    if not str(one["article"]).strip():
        raise ValueError("a refund without an article")
    if not 0 <= ratio <= 10:
        raise ValueError(f"ratio {ratio} is not within 0 and 10")
    return season.index(day), (str(one["rule"]), str(one["article"]), ratio)
