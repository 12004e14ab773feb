"""Refunds to expect: the calculated temperatures and stops, settled by the city's own rule.

The rule is taken as though every user asked for a test the moment the room was too cold, and the
test found what is calculated: an upper bound that nobody has to wait for the season's end for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
from citymains.billing.items import yuan
from numpy.typing import NDArray

from citymains_heating.refunds.engine import compute_refunds
from citymains_heating.refunds.policy import ClockEnd, ClockStart, HeatRefundPolicy
from citymains_heating.refunds.season import season_of
from citymains_heating.refunds.tabular import Columns
from citymains_heating.rooms.buildings import Housing

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Exposure:
    """What the users of each building may get back, in cents."""

    users: dict[str, int]
    days: dict[str, int]
    temperature_cents: dict[str, int]
    outage_cents: dict[str, int]
    temperature_yuan: Decimal
    outage_yuan: Decimal

    def cents(self, building: str) -> int:
        """Both, of one building."""
        return self.temperature_cents.get(building, 0) + self.outage_cents.get(building, 0)


def season_text(day: date) -> str:
    """The season a day belongs to: ``2022-2023``."""
    year = day.year if day.month >= 7 else day.year - 1
    return f"{year}-{year + 1}"


def expected_refunds(
    policy: HeatRefundPolicy,
    season: str,
    data: Mapping[str, Any],
    housing: Housing,
    begins: datetime,
    step_s: float,
    temperature_c: Mapping[str, Floats],
    stops: Sequence[Mapping[str, Any]],
) -> Exposure:
    """Settle what is calculated.

    Parameters
    ----------
    policy : HeatRefundPolicy
    season : str
    data : mapping of str to Columns or source
        ``users``, and ``rooms``, ``tariffs`` where there are any.
    housing : Housing
    begins : datetime
        Local time of the first temperature, at midnight.
    step_s : float
    temperature_c : mapping of str to ndarray
        By building, for whole days.
    stops : sequence of mappings
        Rows of the dataset ``outages``.
    """
    asked = replace(
        policy,
        clock=replace(policy.clock, start=ClockStart.SENSOR, end=ClockEnd.RETEST_OK),
        sensor=replace(policy.sensor, sample_s=int(step_s)),
    )
    datasets = {name: data[name] for name in ("tariffs",) if data.get(name) is not None}
    datasets["users"] = _with_sensors(data["users"], housing)
    rooms = data.get("rooms")
    if isinstance(rooms, Columns) and rooms.rows:
        datasets["rooms"] = _with_sensors(rooms, housing)
    datasets["readings"] = _readings(begins, step_s, temperature_c)
    report = compute_refunds(asked, season_of(season, policy), datasets, more_outages=list(stops))
    return _by_building(report, housing)


def _with_sensors(rows: Columns, housing: Housing) -> Columns:
    """Users or rooms whose sensor is their building."""
    sensor = np.array([housing.building_of.get(str(user)) for user in rows["user"]], dtype=object)
    return replace(rows, values={**rows.values, "sensor": sensor}, issues=[])


def _readings(begins: datetime, step_s: float, temperature_c: Mapping[str, Floats]) -> Any:
    import pyarrow as pa

    names = list(temperature_c)
    steps = len(next(iter(temperature_c.values()), ()))
    first = np.datetime64(begins.replace(tzinfo=None), "s")
    times = np.tile(first + (np.arange(steps) * int(step_s)).astype("timedelta64[s]"), len(names))
    codes = np.repeat(np.arange(len(names), dtype=np.int32), steps)
    values = np.concatenate([temperature_c[name] for name in names]) if names else np.zeros(0)
    return pa.table({
        "sensor": pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names, pa.string())),
        "time": pa.array(times), "temperature_c": pa.array(values),
    })  # fmt: skip


def _by_building(report: Any, housing: Housing) -> Exposure:
    statements = report.data("statements")
    users: dict[str, int] = {}
    days: dict[str, int] = {}
    cents: dict[str, dict[str, int]] = {"temperature_yuan": {}, "outage_yuan": {}}
    columns = (statements.texts("user"), statements.array("days").tolist())
    money = {name: statements.texts(name) for name in cents}
    for row, (user, count) in enumerate(zip(*columns, strict=True)):
        building = housing.building_of.get(user or "")
        if building is None:
            continue
        users[building] = users.get(building, 0) + 1
        days[building] = days.get(building, 0) + count
        for name, amounts in cents.items():
            amounts[building] = amounts.get(building, 0) + int(Decimal(money[name][row] or "0") * 100)
    temperature, outage = cents["temperature_yuan"], cents["outage_yuan"]
    return Exposure(
        users,
        days,
        temperature,
        outage,
        Decimal(yuan(sum(temperature.values()))),
        Decimal(yuan(sum(outage.values()))),
    )
