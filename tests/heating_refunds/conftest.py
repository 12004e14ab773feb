"""A small town to settle: users, a tariff, and the rules as they ship."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from citymains.plugins.records import RulePackRecord
from citymains_heating.refunds.engine import compute_refunds
from citymains_heating.refunds.packs import resolve_policy, shipped_book
from citymains_heating.refunds.report import RefundReport
from citymains_heating.refunds.season import season_of

SENSOR_STARTS = """
name = "company-sensor"
kind = "heat_refund"
version = "1"
layer = "company"
holder = "heat-co"
jurisdiction = "河南省/平顶山市"
document = "示范热力公司退费办法"
article = "3"
confidence = "W"
[fields]
clock_start = "sensor"
[[case]]
title = "[3] three cold days by the sensor alone"
inputs = { sensor_c = "17 17 17 19" }
expected = { days = 3 }
"""


def pack(text: str, name: str = "company-sensor") -> RulePackRecord:
    """A rule pack from text."""
    return RulePackRecord(name=name, text=text)


@pytest.fixture(scope="session")
def policies() -> Callable[..., Any]:
    """``policies(jurisdiction, on, company=False)``: the shipped rule of a place, with the sensor-starting company on demand."""
    plain, with_company = shipped_book(), shipped_book(pack(SENSOR_STARTS))

    def policy(
        jurisdiction: str = "河南省/平顶山市", on: str = "2022-11-15", *, company: bool = False
    ) -> Any:
        book = with_company if company else plain
        return resolve_policy(
            book, jurisdiction, datetime.fromisoformat(on).date(), ["heat-co"] if company else []
        )

    return policy


@pytest.fixture(scope="session")
def settle(policies: Callable[..., Any]) -> Callable[..., RefundReport]:
    """``settle(users=[...], ..., company=, season=, jurisdiction=)``: a settlement with defaults for what is not given."""

    def run(
        *,
        season: str = "2022-11-15/2023-03-15",
        jurisdiction: str = "河南省/平顶山市",
        company: bool = False,
        policy: Any = None,
        options: dict[str, Any] | None = None,
        **datasets: Any,
    ) -> RefundReport:
        found = policy or policies(jurisdiction, season[:10], company=company)
        datasets.setdefault("users", [user()])
        datasets.setdefault("tariffs", [{"tariff": "T", "price_yuan_per_m2_day": "0.19"}])
        return compute_refunds(found, season_of(season, found), datasets, **(options or {}))

    return run


def user(number: str = "U1", **more: Any) -> dict[str, Any]:
    """A user of 100 m² at substation S1 with the sensor R1."""
    return {"user": number, "substation": "S1", "area_m2": "100", "tariff": "T", "sensor": "R1", **more}


def series(
    temperatures: list[float | None],
    sensor: str = "R1",
    start: datetime = datetime(2022, 11, 15),
    step_min: int = 10,
) -> list[dict[str, Any]]:
    """Readings of constant days; None is a day without readings."""
    return [
        {
            "sensor": sensor,
            "time": start + timedelta(days=day, minutes=step_min * at),
            "temperature_c": celsius,
        }
        for day, celsius in enumerate(temperatures)
        if celsius is not None
        for at in range(1440 // step_min)
    ]


def claim(number: str, asked: str, celsius: str, met: str | None) -> dict[str, list[dict[str, Any]]]:
    """A request, a failing visit at once, and the re-test that met the guarantee."""
    visits = [{"user": number, "time": asked, "temperature_c": celsius}]
    if met is not None:
        visits.append({"user": number, "time": met, "temperature_c": "19"})
    return {"requests": [{"request": "Q-" + number, "user": number, "time": asked}], "measurements": visits}
