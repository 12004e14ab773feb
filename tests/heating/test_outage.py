"""Outages over time: stops and restarts, unserved heat, bursts, customers, and what cannot be asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.model.scenario import Scenario
from citymains_heating.outage_timeline import stretches
from citymains_heating.utility import Heating

Build = Callable[..., SourceFile]
HOUR = 3600.0


def stops(report: Any) -> dict[str, tuple[float, float]]:
    table = report.table("substations")
    return {row["substation"]: (row["stop_s"], row["restart_s"]) for _, row in table.iterrows()}


def test_nothing_happens_and_everything_is_served(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    report = heating.outage(build(estate), hours=6.0)
    assert report.verdict is Verdict.VALID
    frame = report.frame()
    assert list(frame.columns[:5]) == ["node", "time_s", "heat_kw", "required_kw", "supply_temperature_c"]
    assert frame["served"].to_numpy() == pytest.approx(1.0, abs=1e-3)
    assert report.unserved_kwh == pytest.approx(0.0, abs=0.2)
    assert report.required_kwh == pytest.approx(80.0 * 6.0)
    steady = heating.supply(build(estate)).frame().set_index("consumer")["supply_temperature_c"]
    last = frame[frame["time_s"] == 6.0 * HOUR].set_index("node")["supply_temperature_c"]
    for name, celsius in last.items():
        assert celsius == pytest.approx(steady[name], abs=0.05)


def test_a_closed_valve_stops_what_lies_behind_it_at_once(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    scenario = Scenario.close(pipes=["一号供-二号供"], start_s=HOUR, end_s=5.0 * HOUR)
    report = heating.outage(build(estate), scenario=scenario, hours=8.0)
    (stopped,) = stops(report).items()
    assert stopped[0] == "二号站"
    assert stopped[1][0] == HOUR
    assert 5.0 * HOUR <= stopped[1][1] < 5.3 * HOUR
    assert 4.0 * 40.0 <= report.unserved_kwh < 4.6 * 40.0
    pipe = report.table("pipes").set_index("pipe").loc["一号供-二号供"]
    assert (pipe["standing_s"], pipe["stood_h"]) == (HOUR, 4.0)


def test_a_lost_pump_stops_all_at_once_and_a_lost_fire_when_the_hot_water_is_used_up(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    network = heating.load(build(estate))
    pump = heating.outage(network, scenario=Scenario.lose(pumps=["锅炉房"], start_s=HOUR), hours=6.0)
    assert {one[0] for one in stops(pump).values()} == {HOUR}
    fire = heating.outage(network, scenario=Scenario.lose(sources=["锅炉房"], start_s=HOUR), hours=6.0)
    begun = stops(fire)
    assert set(begun) == {"一号站", "二号站"}
    assert HOUR < begun["一号站"][0] < begun["二号站"][0]
    assert fire.unserved_kwh < pump.unserved_kwh
    assert any(one.code == "HEAT_NOT_RESTARTED" for one in fire.findings)
    served = fire.frame().loc[lambda one: one["node"] == "二号站", "served"].to_numpy()
    assert (np.diff(served) < 1e-9).all()


def test_what_is_left_in_the_pipes_is_what_is_served_after_the_fire_is_out(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    """Served at most what the water above the cold side holds, in pipes that carry it to a consumer."""
    network = heating.load(build(estate))
    report = heating.outage(
        network, scenario=Scenario.lose(sources=["锅炉房"]), hours=24.0, secondary_return_c=35.0
    )
    served = report.required_kwh - report.unserved_kwh
    volume = 4 * 200.0 * math.pi / 4.0 * 0.05**2
    held = volume * 980.0 * 4185.0 * (80.0 - 35.0) / 3.6e6
    assert 0.0 < served < held * 1.15


def test_a_burst_leaks_then_is_isolated_on_both_pipes(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    scenario = Scenario.burst("一号供-二号供", 5.0, start_s=HOUR, end_s=20.0 * HOUR)
    report = heating.outage(build(estate), scenario=scenario, hours=24.0, isolate_after_s=2.0 * HOUR)
    assert report.verdict is Verdict.SUSPECT  # no valve layer was given
    (stopped,) = stops(report).items()
    assert stopped[0] == "二号站"
    assert stopped[1][0] == 3.0 * HOUR
    assert 20.0 * HOUR < stopped[1][1] < 20.5 * HOUR
    pressure = heating.supply(build(estate)).table("nodes").set_index("node").loc["一号供", "pressure_kpa"]
    leak = 0.6 * math.pi / 4.0 * 0.005**2 * math.sqrt(2.0 * 960.0 * pressure * 1000.0)
    assert report.leak_m3 == pytest.approx(leak * 2.0 * HOUR / 1000.0, rel=0.05)
    isolated = report.table("pipes").loc[lambda one: one["isolated"], "pipe"].tolist()
    assert set(isolated) == {"一号供-二号供", "二号回-一号回"}
    assert report.isolated_volume_m3 == pytest.approx(2 * 200.0 * math.pi / 4.0 * 0.05**2)
    assert report.drain_s is None  # level: it has to be pumped out
    assert set(report.table("valves")["action"]) == {"shut"}
    estate["junctions"][4]["height_m"] = 6.0
    sloped = heating.outage(build(estate), scenario=scenario, hours=24.0)
    assert sloped.drain_s is not None
    assert sloped.drain_s > 0.0


def test_pipes_above_ground_freeze_in_time(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    scenario = Scenario.lose(pumps=["锅炉房"])
    below = heating.outage(build(estate), scenario=scenario, hours=6.0).table("pipes")
    assert below["zero_after_h"].isna().all()  # the ground is at 8 C
    above = heating.outage(build(estate), scenario=scenario, hours=6.0, surroundings_c=-15.0).table("pipes")
    assert (above["zero_after_h"] > 0.0).all()
    assert (above["frozen_after_h"] > above["zero_after_h"]).all()
    walled = heating.outage(build(estate), scenario=scenario, hours=6.0, wall_thickness_mm=10.0).table(
        "pipes"
    )
    assert (walled["time_constant_h"] > below["time_constant_h"]).all()


def test_customers_behind_a_stopped_substation(
    heating: Heating, build: Build, estate: dict[str, Any], tmp_path: Any
) -> None:
    ledger = tmp_path / "用户.csv"
    ledger.write_text(
        "用户编号,接入节点,户数,重点用户\nA,一号站,40,否\nB,二号站,60,是\nC,无处,5,否\n", encoding="gb18030"
    )
    scenario = Scenario.close(pipes=["一号供-二号供"], start_s=HOUR)
    report = heating.outage(build(estate), scenario=scenario, hours=4.0, customers=ledger)
    assert report.table("customers")["customer"].tolist() == ["B"]
    assert (report.customer_count, report.household_count, report.critical_customers) == (1, 60, ("B",))
    assert report.table("substations")["households"].tolist() == [60]
    assert any(one.code == "OUTAGE_CUSTOMERS_UNLOCATED" for one in report.findings)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"hours": 0.0}, "hours"),
        ({"hours": 400.0}, "hours"),
        ({"hours": float("nan")}, "hours"),
        ({"step_s": 0.0}, "step_s"),
        ({"stopped_below": 0.0}, "stopped_below"),
        ({"isolate_after_s": -1.0}, "isolate_after_s"),
        ({"drain_mm": 0.0}, "drain_mm"),
        ({"wall_thickness_mm": -1.0}, "wall_thickness_mm"),
        ({"scenario": Scenario.close("一号供-二号供", start_s=5.0, end_s=5.0)}, "end_s"),
        ({"scenario": Scenario.close("一号供-二号供", start_s=-5.0)}, "start_s"),
    ],
)
def test_arguments_out_of_range(
    heating: Heating, build: Build, estate: dict[str, Any], arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(InputError) as caught:
        heating.outage(build(estate), **arguments)
    assert (caught.value.code, caught.value.issues[0].field) == ("ARGUMENT_INVALID", field)


@pytest.mark.parametrize("scenario", [Scenario.close("没有"), Scenario.burst("没有", 50.0)])
def test_unknown_elements(heating: Heating, build: Build, estate: dict[str, Any], scenario: Scenario) -> None:
    with pytest.raises(InputError) as caught:
        heating.outage(build(estate), scenario=scenario)
    assert caught.value.issues[0].code == "SCENARIO_UNKNOWN_ELEMENT"


def test_time_is_cut_where_something_changes() -> None:
    scenario = Scenario.burst("P", 50.0, start_s=HOUR, end_s=10.0 * HOUR) + Scenario.close(
        "Q", start_s=2.0 * HOUR, end_s=4.0 * HOUR
    )
    cut = stretches(scenario, 12.0 * HOUR, {"P": ("P", "P2")}, HOUR, frozenset())
    assert [one.start_s / HOUR for one in cut] == [0.0, 1.0, 2.0, 4.0, 10.0]
    assert [sorted(one.leaks) for one in cut] == [[], ["P"], [], [], []]
    assert [sorted(one.isolated) for one in cut] == [[], [], ["P", "P2"], ["P", "P2"], []]
    assert [len(one.edits.edits) for one in cut] == [0, 0, 2, 1, 0]
