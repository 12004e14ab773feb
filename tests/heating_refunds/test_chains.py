"""Two cities' stories from end to end, on data of our own."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from tests.heating_refunds.conftest import series, user


def test_nanyang_a_leak_stops_two_substations_and_their_users_are_credited_or_paid(
    settle: Callable[..., Any],
) -> None:
    """Leak in early December: the shutdown stops A for 30 h, B for 12 h, C for 11 h 59 min; D stays on."""
    stops = {
        "A": ("2022-12-03 06:00", "2022-12-04 12:00"),
        "B": ("2022-12-03 08:00", "2022-12-03 20:00"),
        "C": ("2022-12-03 08:00", "2022-12-03 19:59"),
    }
    areas = {"A1": "96.50", "A2": "120.00", "B1": "88.80", "C1": "100.00", "D1": "100.00"}
    users = [
        user(name, substation=name[0], area_m2=area, tenant=name == "A2", sensor=None)
        for name, area in areas.items()
    ]
    report = settle(
        jurisdiction="河南省/南阳市", users=users,
        outages=[{"substation": name, "start": start, "end": end} for name, (start, end) in stops.items()],
    )  # fmt: skip
    statements = report.table("statements").set_index("user")["amount_yuan"].to_dict()
    assert statements == {
        "A1": Decimal("22.92"),  # 96.50 x 0.19 x 30/24 = 22.91875
        "A2": Decimal("28.50"),  # 120.00 x 0.19 x 30/24
        "B1": Decimal("8.44"),  # 88.80 x 0.19 x 12/24 = 8.436
    }
    frame = report.frame()
    assert frame.loc[frame["user"] == "A1", "day"].tolist() == ["2022-12-03", "2022-12-04"]
    assert frame.loc[frame["user"] == "A1", "ratio"].tolist() == [0.75, 0.5]
    settled = report.table("settlement").set_index("user")
    assert settled["form"].to_dict() == {"A1": "credit", "A2": "cash", "B1": "credit"}
    assert set(settled["deadline"]) == {"2023-05-15"}
    shown = report.table("stops").set_index("substation")
    assert shown["season_h"].round(4).to_dict() == {"A": 30.0, "B": 12.0, "C": round(11 + 59 / 60, 4)}
    assert shown["users"].to_dict() == {"A": 2, "B": 1, "C": 1}
    assert shown.loc["C", "rule"] == ""
    assert report.statement("C1").table("considered")["status"].tolist()[0] == "outage_too_short"
    assert report.total_yuan == sum(statements.values(), Decimal(0)) == report.outage_yuan


def test_pingdingshan_a_season_of_about_six_million_split_by_reason(settle: Callable[..., Any]) -> None:
    """6,000 flats; 30 sensors with 90 to 119 cold days at 50 %, and one substation stopped for two days."""
    random = np.random.default_rng(2021)
    count = 6000
    users = pd.DataFrame({
        "user": [f"P{at:05d}" for at in range(count)], "substation": [f"S{at % 30:02d}" for at in range(count)],
        "area_m2": np.round(random.uniform(85, 125, count), 2), "tariff": "T", "sensor": [f"R{at % 30:02d}" for at in range(count)],
    })  # fmt: skip
    readings = [
        row
        for at in range(30)
        for row in series(
            [17.2 if day < 90 + at else 18.6 for day in range(120)],
            f"R{at:02d}",
            start=pd.Timestamp("2021-11-15").to_pydatetime(),
            step_min=10,
        )
        if row["time"].minute % 10 == 0
    ]
    stops = [{"substation": "S00", "start": "2022-03-01 00:00", "end": "2022-03-03 00:00"}]
    report = settle(
        season="2021-11-15/2022-03-15", users=users, readings=readings, outages=stops, company=True
    )
    # every sensor: its cold days but the first five, and none of the last five
    cold = {at: min(90 + at, 115) - 5 for at in range(30)}
    expected_cents = 0
    for at, area in enumerate(users["area_m2"]):
        exact = Decimal(str(area)) * Decimal("0.19") / 2 * cold[at % 30]
        if at % 30 == 0:
            exact += Decimal(str(area)) * Decimal("0.19") * 2
        expected_cents += int((exact * 100).quantize(Decimal(1), rounding="ROUND_HALF_UP"))
    assert report.total_yuan == Decimal(expected_cents) / 100
    assert Decimal("5500000") < report.total_yuan < Decimal("6500000")
    assert report.temperature_yuan + report.outage_yuan == report.total_yuan
    audit = report.frame()
    assert len(audit) == report.user_days == 200 * (sum(cold.values()) + 2)
    assert audit.groupby("reason")["amount_yuan"].sum().to_dict() == {
        "temperature": report.temperature_yuan,
        "outage": report.outage_yuan,
    }
    assert audit["article"].notna().all()
    assert sum(report.table("statements")["amount_yuan"], Decimal(0)) == report.total_yuan
