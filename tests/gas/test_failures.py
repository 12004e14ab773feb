"""What fails: regulators, mains and sources lost, leaks; on a town small enough to be calculated by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains_gas.release import Orifice
from citymains_gas.utility import Gas

Build = Callable[..., SourceFile]

#: Both customers of the town, and one [m3/h at 0 °C]; the density of the gas [kg/m3].
ALL_KG_PER_S, EAST_KG_PER_S, DENSITY = 0.015, 0.01, 0.79949


def test_a_regulator_fails_open_and_shut(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.regulators(build(town)).result()
    rows = report.frame().set_index("failure")
    assert rows["rank"].to_dict() == {"open": 1, "shut": 2}
    inlet = gas.pressure(build(town)).table("nodes").set_index("node")["pressure_kpa"]["入口"]
    assert rows["highest_pressure_kpa"]["open"] == pytest.approx(inlet, abs=0.5)
    assert rows["over_length_m"]["open"] == 400.0
    assert set(report.table("over_pressure")["node"]) >= {"出口", "东街", "西街"}
    assert rows["cut_off_nodes"]["shut"] == 2
    assert rows["unserved_m3_per_h"]["shut"] == pytest.approx(ALL_KG_PER_S * 3600.0 / DENSITY, rel=1e-4)


def test_a_safety_valve_ends_the_over_pressure_unless_it_fails_too(
    gas: Gas, build: Build, town: dict[str, Any]
) -> None:
    town["regulators"][0]["slam_shut_kpa"] = 10.0
    safe = gas.regulators(build(town), failures=["open"]).result().frame().iloc[0]
    assert (safe["over_pressure_kpa"], safe["tripped"]) == (0.0, "调压箱")
    failed = gas.regulators(build(town), failures=["open"], slam_shut_fails=True).result().frame().iloc[0]
    assert failed["over_pressure_kpa"] > 100.0


def test_an_outage_begins_when_the_pipes_are_empty(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.outage(build(town), scenario=Scenario.close(pipes=["干管"]), hours=1.0)
    asked = ALL_KG_PER_S * 3600.0 / DENSITY
    part = report.table("parts").iloc[0]
    assert report.first_short_s == pytest.approx(part["usable_m3"] / asked * 3600.0, rel=1e-4)
    assert 1.0 < report.first_short_s < 5.0
    assert report.required_m3 == pytest.approx(asked, rel=1e-4)
    assert report.unserved_m3 == pytest.approx(asked * (1.0 - report.first_short_s / 3600.0), rel=1e-4)


def test_losses_are_ranked_by_what_they_leave_unserved(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    frame = gas.criticality(build(town), rank_by="unserved").result().frame()
    assert frame["element"].tolist() == ["干管", "东管", "西管"]
    assert frame["unserved_m3"].tolist() == pytest.approx(
        [share * 3600.0 / DENSITY for share in (0.015, 0.010, 0.005)], rel=1e-4
    )
    assert set(frame["by"]) == {"topology"}


def test_survival_on_linepack_and_the_duties(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.reserve(build(town), annual_m3=1e6, contract_m3_per_a=2e6)
    levels = report.table("levels")
    fall = levels["mean_pressure_kpa"] - levels["last_pressure_kpa"]
    ideal = levels["volume_m3"] * fall / 101.325 * 273.15 / 288.15
    np.testing.assert_allclose(levels["usable_m3"], ideal, rtol=0.01)
    assert report.survival_s == pytest.approx(levels["usable_m3"].sum() / report.demand_m3_per_h * 3600.0)
    duties = report.table("duties").set_index("who")
    assert duties["owed_m3"].to_dict() == pytest.approx(
        {"supplier": 2e5, "company": 5e4, "government": 3e6 / 365.0}
    )
    assert not duties["met"].any()


def test_a_hole_in_the_main(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.leak(build(town), pipe="干管", hole_mm=10.0)
    opening = report.table("openings").iloc[0]
    hole = Orifice(np.pi * 0.01**2 / 4.0, 0.85, 1.3, 101_325.0 / (DENSITY * 273.15), 288.15, 1.0, 101.325)
    assert report.choked
    assert report.release_kg_per_s == pytest.approx(hole.flow_kg_per_s(opening["pressure_kpa"]), rel=0.01)
    assert opening["pressure_kpa"] < opening["pressure_before_kpa"]


def test_a_torn_service_main_leaves_those_behind_without_gas(
    gas: Gas, build: Build, town: dict[str, Any]
) -> None:
    report = gas.leak(build(town), pipe="东管")
    assert not report.choked
    assert report.short_node_count == 1
    assert report.unserved_m3_per_h == pytest.approx(EAST_KG_PER_S * 3600.0 / DENSITY, rel=1e-4)


def test_isolation_names_the_duty_and_who_decided(gas: Gas, build: Build, town: dict[str, Any]) -> None:
    report = gas.isolate(build(town), pipes=["东管"])
    assert report.frame()["valve"].tolist() == ["东管@出口", "东管@东街"]
    duty = report.table("duties").set_index("duty").iloc[0]
    assert (duty["value"], duty["layer"]) == (48.0, "national")


@pytest.mark.parametrize(
    ("question", "arguments"),
    [
        ("leak", {"pipe": "没有"}),
        ("leak", {"pipe": "干管", "hole_mm": -1.0}),
        ("outage", {"hours": 0.0}),
        ("regulators", {"failures": ["sideways"]}),
        ("criticality", {"kinds": ["tree"]}),
        ("reserve", {"lost": ["没有"]}),
    ],
)
def test_bad_arguments_are_refused(
    gas: Gas, build: Build, town: dict[str, Any], question: str, arguments: dict[str, Any]
) -> None:
    def ask() -> None:
        answer = getattr(gas, question)(build(town), **arguments)
        if hasattr(answer, "result"):
            answer.result()

    with pytest.raises(InputError) as refused:
        ask()
    assert refused.value.issues
    assert all(one.message_zh for one in refused.value.issues)
