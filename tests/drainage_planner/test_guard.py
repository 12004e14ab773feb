"""The guard: one test for each limit, and no sequence of commands breaks any."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from citymains_drainage.control.guard import GuardReason, GuardState, Observation
from citymains_drainage.control.guard_step import guard_step
from citymains_drainage.stations.model import Receiving, Station, StationSet
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.drainage_planner.districts import station, station_set

STEP_S = 60.0
GROUP = "A/1"


class Run:
    """A guard with its memory."""

    def __init__(self, stations: StationSet, step_s: float = STEP_S) -> None:
        self.stations, self.step_s, self.state, self.time_s = stations, step_s, GuardState(), 0.0

    def __call__(self, wanted: int, depth: float, *, inflow: float = 9.0, **more: object):
        seen = Observation(self.time_s, {"A": depth}, {"A": inflow}, **more)  # type: ignore[arg-type]
        decision = guard_step(self.stations, self.state, {GROUP: wanted}, seen, step_s=self.step_s)
        self.state, self.time_s = decision.state, self.time_s + self.step_s
        return decision


def reasons(decision) -> list[GuardReason]:
    return [one.reason for one in decision.interventions]


def test_a_plan_within_limits_is_the_command() -> None:
    decision = Run(station_set())(2, 3.0)
    assert decision.counts == {GROUP: 2}
    assert decision.interventions == ()


def test_dry_run_locks_until_the_restart_depth() -> None:
    run = Run(station_set(station(min_stop_s=0.0)))
    assert run(1, 2.0).counts[GROUP] == 1
    dry = run(1, 0.6)
    assert dry.counts[GROUP] == 0
    assert reasons(dry) == [GuardReason.DRY_RUN]
    assert run(1, 0.9).counts[GROUP] == 0
    assert run(1, 1.0).counts[GROUP] == 1


def test_emergency_starts_every_pump_and_holds_until_released() -> None:
    run = Run(station_set(station(min_run_s=0.0)))
    full = run(0, 4.0)
    assert full.counts[GROUP] == 3
    assert reasons(full) == [GuardReason.EMERGENCY] * 3
    assert run(0, 3.6).counts[GROUP] == 3
    assert run(0, 3.4).counts[GROUP] == 0


def test_minimum_run_and_stop() -> None:
    run = Run(station_set(station(min_run_s=180.0, min_stop_s=120.0)))
    assert [run(wanted, 3.0).counts[GROUP] for wanted in (1, 0, 0, 0)] == [1, 1, 1, 0]
    only = station_set(station(pumps=1, min_run_s=60.0, min_stop_s=120.0))
    run = Run(only)
    assert [run(wanted, 3.0).counts[GROUP] for wanted in (1, 0, 1, 1)] == [1, 0, 0, 1]


def test_starts_in_a_rolling_hour() -> None:
    run = Run(station_set(station(pumps=1, min_run_s=0.0, min_stop_s=0.0, starts_per_h=6)))
    commands = [run(minute % 2 == 0, 3.0) for minute in range(60)]
    assert sum(one.counts[GROUP] for one in commands) == 6
    assert GuardReason.STARTS in reasons(commands[12])
    assert run(1, 3.0).counts[GROUP] == 1


def test_equal_pumps_take_turns() -> None:
    run = Run(station_set(station(min_run_s=0.0, min_stop_s=0.0)))
    first = [[pump for pump, on in run(minute % 2 == 0, 3.0).settings.items() if on] for minute in range(6)]
    assert first == [["A1"], [], ["A2"], [], ["A3"], []]


def test_receiving_water_gets_no_more_than_it_may_whatever_the_level() -> None:
    stations = station_set(river_max=1.0)
    flooded = Run(stations)(3, 5.9)
    assert flooded.counts[GROUP] == 2
    assert reasons(flooded) == [GuardReason.RECEIVING]
    run = Run(stations)
    run(2, 3.0)
    closed = run(2, 3.0, receiving_max_m3_per_s={"river": 0.0})
    assert closed.counts[GROUP] == 0


def test_one_limit_holds_for_all_stations_on_one_river() -> None:
    stations = station_set(station("A"), station("B"), river_max=1.0)
    seen = Observation(0.0, {"A": 3.0, "B": 5.0}, {"A": 9.0, "B": 9.0})
    decision = guard_step(stations, GuardState(), {"A/1": 3, "B/1": 3}, seen, step_s=60.0)
    assert decision.counts == {"A/1": 0, "B/1": 2}


def test_pumps_together_take_no_more_than_there_is() -> None:
    # 200 m2: 0.2 m above the dry-run depth are 40 m3; one pump takes about 23 m3 a minute.
    decision = Run(station_set())(3, 0.8, inflow=0.0)
    assert decision.counts[GROUP] == 1
    assert reasons(decision) == [GuardReason.AVAILABILITY] * 2


def test_maintenance_stops_a_pump_and_another_takes_over() -> None:
    run = Run(station_set())
    run(2, 3.0)
    decision = run(2, 3.0, locked_out=frozenset({"A1"}))
    assert decision.settings == {"A1": 0.0, "A2": 1.0, "A3": 1.0}


def test_a_silent_sensor_reckons_on_and_does_not_run_dry() -> None:
    run = Run(station_set(station(min_run_s=0.0)))
    assert run(1, 1.0, inflow=0.0).counts[GROUP] == 1
    counts = [run(1, math.nan, inflow=0.0).counts[GROUP] for _ in range(10)]
    assert counts[0] == 1
    assert counts[-1] == 0


def test_time_goes_forward() -> None:
    run = Run(station_set())
    run(1, 3.0)
    run.time_s = 0.0
    with pytest.raises(ValueError, match="time goes"):
        run(1, 3.0)


@dataclass
class Past:
    on: bool = False
    changed_s: float = -math.inf
    starts: tuple[float, ...] = ()


STATIONS = [
    station("A", pumps=3, min_run_s=150.0, min_stop_s=90.0, starts_per_h=4),
    station("B", pumps=2, min_run_s=600.0, min_stop_s=30.0, starts_per_h=2),
]
COMMAND = st.fixed_dictionaries(
    {
        "wanted": st.tuples(st.integers(-1, 4), st.integers(-1, 4)),
        "depth": st.tuples(
            *[st.one_of(st.floats(0.0, 6.0), st.just(math.nan), st.sampled_from([0.6, 1.0, 4.0, 3.5]))] * 2
        ),
        "inflow": st.tuples(*[st.one_of(st.floats(0.0, 3.0), st.just(math.nan))] * 2),
        "locked_out": st.frozensets(st.sampled_from(["A1", "A2", "A3", "B1", "B2"]), max_size=3),
        "river": st.one_of(st.none(), st.floats(0.0, 2.5)),
        "step_s": st.sampled_from([30.0, 60.0, 300.0, 900.0]),
    }
)


@settings(max_examples=150, deadline=None)
@given(st.lists(COMMAND, min_size=1, max_size=40))
def test_no_sequence_of_commands_breaks_a_limit(commands: list[dict]) -> None:
    stations = StationSet(
        stations=tuple(STATIONS), receiving={"river": Receiving(name="river", max_flow_m3_per_s=1.8)}
    )
    state, now, past = GuardState(), 0.0, {pump: Past() for pump in stations.pumps}
    for command in commands:
        depth = dict(zip("AB", command["depth"], strict=True))
        limits = {} if command["river"] is None else {"river": command["river"]}
        seen = Observation(
            now, depth, dict(zip("AB", command["inflow"], strict=True)), command["locked_out"], limits
        )
        wanted = dict(zip(("A/1", "B/1"), command["wanted"], strict=True))
        decision = guard_step(stations, state, wanted, seen, step_s=command["step_s"])
        _check_shared(decision, limits.get("river", 1.8))
        for one in STATIONS:
            _check_station(one, decision, seen, state, past, command["step_s"])
        state, now = decision.state, now + command["step_s"]


def _check_shared(decision, limit: float) -> None:
    flow = sum(
        decision.counts[group.name] * one.highest_rate_m3_per_s(group)
        for one in STATIONS
        for group in one.groups
    )
    assert flow <= limit + 1e-9


def _check_station(
    one: Station, decision, seen: Observation, state: GuardState, past: dict[str, Past], step_s: float
) -> None:
    depth, now = seen.depth_m[one.name], seen.time_s
    on = {pump for pump in one.pumps if decision.settings[pump] == 1.0}
    told = {each.pump: each.reason for each in decision.interventions}
    assert not on & seen.locked_out
    if depth <= one.dry_run_depth_m or (
        state.stations.get(one.name) and state.stations[one.name].locked and not depth >= one.restart_depth_m
    ):
        assert not on
    memory = decision.state.stations[one.name]
    dead = float(one.curve.volume(one.dry_run_depth_m))
    rate = (
        one.highest_rate_m3_per_s(one.groups[0])
        if math.isnan(depth)
        else one.rate_m3_per_s(one.groups[0], depth)
    )
    assert (
        len(on) * rate * step_s <= max(0.0, memory.volume_m3 - dead + memory.inflow_m3_per_s * step_s) + 1e-6
    )
    hard = {GuardReason.MAINTENANCE, GuardReason.DRY_RUN, GuardReason.RECEIVING, GuardReason.AVAILABILITY}
    for pump in one.pumps:
        before = past[pump]
        if pump in on and not before.on:
            assert now - before.changed_s >= one.min_stop_s - 1e-3
            before.starts = (*before.starts, now)
            assert sum(now - at < 3600.0 - 1e-3 for at in before.starts) <= one.starts_per_h
        if pump not in on and before.on and now - before.changed_s < one.min_run_s - 1e-3:
            assert pump in seen.locked_out or memory.locked or told.get(pump) in hard
        if (pump in on) != before.on:
            before.on, before.changed_s = pump in on, now
    if depth >= one.emergency_depth_m:
        resting = set(one.pumps) - on
        assert all(told.get(pump) is not None for pump in resting), (
            "an idle pump in an emergency has a reason"
        )
