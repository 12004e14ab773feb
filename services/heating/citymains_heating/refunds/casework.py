"""Runs the cases of a rule pack through the whole engine, each as a season of one user."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from citymains_heating.refunds.engine import compute_refunds
from citymains_heating.refunds.kind import NO_LOWER
from citymains_heating.refunds.packs import policy_of
from citymains_heating.refunds.policy import ClockStart
from citymains_heating.refunds.season import Season, parse_season

_DEFAULT_SEASON = "2022-11-15/2023-03-15"
#: A pack that overrides single fields, as a company's does, is tried on a rule that refunds every day below 18 °C.
_PLAIN_RULE: Mapping[str, Any] = {
    "guarantee_c": Decimal(18),
    "bands": (
        {
            "lo": NO_LOWER,
            "lo_incl": True,
            "hi": Decimal(18),
            "hi_incl": False,
            "ratio": Decimal(1),
            "tie_break": "",
        },
    ),
}


def run_case(fields: Mapping[str, Any], inputs: Mapping[str, Any]) -> dict[str, Any]:
    """What follows for one user: ``amount_yuan``, ``days``, ``ratio``, ``deadline``."""
    policy = policy_of(
        {**_PLAIN_RULE, **fields},
        lambda field, article="": article or field,
        name="case",
        jurisdiction="",
        document="case",
        confidence="W",
    )
    season = parse_season(inputs.get("season", _DEFAULT_SEASON), policy.season_start, policy.season_end)
    datasets = _datasets(inputs, season)
    if policy.clock.start is not ClockStart.SENSOR and "sensor_c" in inputs and "request" not in inputs:
        datasets["requests"] = None
    report = compute_refunds(policy, season, datasets, design_outdoor_c=inputs.get("design_outdoor_c"))
    frame = report.frame()
    return {
        "test_fee_yuan": report.test_fee_yuan, "amount_yuan": report.total_yuan, "days": len(frame), "deadline": report.deadline.isoformat() if report.deadline else "",
        "ratio": Decimal(str(round(float(frame["ratio"].iloc[0]), 9))) if len(frame) else Decimal(0),
    }  # fmt: skip


def _datasets(inputs: Mapping[str, Any], season: Season) -> dict[str, Any]:
    user = {
        "user": "U1", "substation": "S1", "area_m2": inputs.get("area_m2", Decimal(100)), "tariff": "T", "sensor": "R1",
        "fee_paid_yuan": inputs.get("fee_paid_yuan"), "exclusions": inputs.get("exclusion"), "metered": "heat_kwh" in inputs,
    }  # fmt: skip
    prices = {
        name: inputs.get(name)
        for name in (
            "price_yuan_per_m2_day",
            "price_yuan_per_m2_season",
            "price_yuan_per_m2_month",
            "basic_yuan_per_m2_season",
            "heat_yuan_per_kwh",
        )
    }
    if all(value is None for name, value in prices.items() if name.startswith("price_")):
        prices["price_yuan_per_m2_day"] = Decimal("0.19")
    start = datetime.combine(season.first_day, datetime.min.time())
    return {
        "users": [user], "tariffs": [{"tariff": "T", **prices}],
        "rooms": [{"user": "U1", "room": "bedroom", "area_m2": inputs.get("room_m2", Decimal(20)), "sensor": "R1",
                   "kind": inputs.get("room_kind", "bedroom")}],
        "requests": [{"request": "Q1", "user": "U1", "time": inputs["request"], "agreed_from": inputs.get("agreed_from"),
                      "agreed_to": inputs.get("agreed_to"), "test_fee_yuan": inputs.get("test_fee_yuan")}] if "request" in inputs else None,
        "measurements": _visits(inputs) or None,
        "outages": [
            {"substation": "S1", "start": text.partition("/")[0], "end": text.partition("/")[2],
             "fault": inputs.get("fault", "supplier"), "kind": inputs.get("stop_kind", "outage")}
            for text in inputs["stops"].split()
        ] if inputs.get("stops") else None,
        "meters": [{"user": "U1", "valid_from": season.first_day, "valid_to": season.day(season.days - 1), "heat_kwh": inputs["heat_kwh"]}]
        if "heat_kwh" in inputs else None,
        "outdoor": [{"day": season.day(at), "temperature_c": inputs["outdoor_c"]} for at in range(season.days)]
        if "outdoor_c" in inputs else None,
        "readings": [
            {"sensor": "R1", "time": start + timedelta(days=day, minutes=10 * step), "temperature_c": float(text)}
            for day, text in enumerate(inputs["sensor_c"].split()) for step in range(144)
        ] if "sensor_c" in inputs else None,
    }  # fmt: skip


def _visits(inputs: Mapping[str, Any]) -> list[dict[str, Any]]:
    visits: list[dict[str, Any]] = []
    if "request" in inputs:
        asked = datetime.fromisoformat(inputs["request"])
        for day, text in enumerate(inputs.get("tests_c", "").split()):
            visits.append(
                {
                    "user": "U1",
                    "room": "bedroom",
                    "time": asked + timedelta(days=day),
                    "temperature_c": Decimal(text),
                    "closed_h": inputs.get("closed_h"),
                }
            )
        if "outcome" in inputs:
            visits.append({"user": "U1", "room": "bedroom", "time": asked, "outcome": inputs["outcome"]})
    if "retest_ok" in inputs:
        visits.append(
            {
                "user": "U1",
                "room": "bedroom",
                "time": datetime.fromisoformat(inputs["retest_ok"]),
                "temperature_c": Decimal(25),
                "retest": True,
            }
        )
    return visits
