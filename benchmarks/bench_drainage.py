"""Pump planning: the integer programme with pumps grouped, branches by fork, and the time of a decision."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from citymains.engine_host.client import engine_host
from citymains_drainage.control.session import plain
from citymains_drainage.planning.problem import Plan, PlanProblem, Tank, Unit, plan_of

from benchmarks.measure import Row

#: Time that the peer gets, which has every pump as variables of its own [s].
PEER_LIMIT_S = 60.0


def many_stations(
    stations: int = 10,
    pumps: int = 4,
    steps: int = 24,
    members: int = 10,
    *,
    grouped: bool = True,
    seed: int = 1,
) -> PlanProblem:
    """A row of storm stations under one storm: wells of an hour's mean inflow, pumps that lag behind its peak.

    Parameters
    ----------
    stations, pumps, steps, members : int
    grouped : bool
        Whether the equal pumps of a station are one integer, or each a unit of its own.
    seed : int
    """
    random = np.random.Generator(np.random.PCG64(seed))
    tanks, units = [], []
    inflow = np.zeros((members, stations, steps))
    shape = np.exp(-0.5 * ((np.arange(steps) - 0.4 * steps) / (0.15 * steps)) ** 2)
    for at in range(stations):
        peak = float(random.uniform(2.0, 5.0))
        rate = 0.8 * peak / pumps
        tanks.append(Tank(name=f"T{at}", capacity_m3=900.0 * peak, dead_m3=60.0 * peak))
        unit = Unit(
            name=f"U{at}",
            tank=at,
            count=pumps,
            rate_m3_per_s=rate,
            kwh_per_m3=0.02,
            min_run=2,
            min_stop=2,
            overflow=at % 3 == 0,
        )
        each = [dataclasses.replace(unit, name=f"U{at}.{one}", count=1) for one in range(pumps)]
        units += [unit] if grouped else each
        for member in range(members):
            factor = float(random.lognormal(0.0, 0.25))
            inflow[member, at] = factor * peak * np.roll(shape, int(random.integers(-1, 2)))
    return PlanProblem(
        step_s=300.0,
        tanks=tuple(tanks),
        units=tuple(units),
        inflow_m3_per_s=inflow,
        initial_m3=np.array([one.dead_m3 for one in tanks]),
        worst_weight=0.3,
    )


def solved(problem: PlanProblem, *, time_limit_s: float = 30.0, gap: float = 0.01) -> Plan:
    """The problem solved in a process of its own, as the planner has it solved."""
    with engine_host().session("pump-plan", {"problem": plain(problem)}) as session:
        return plan_of(session.run({"time_limit_s": time_limit_s, "gap": gap}))


def run() -> Iterator[Row]:
    """Three rows."""
    yield _programme()
    yield _branches()
    yield _decisions()


def _programme() -> Row:
    ours = solved(many_stations(), time_limit_s=30.0)
    theirs = solved(many_stations(grouped=False), time_limit_s=PEER_LIMIT_S)
    return Row(
        "10 stations x 4 pumps x 24 steps, 10 members",
        f"each pump a variable, at most {PEER_LIMIT_S:g} s",
        theirs.run_s,
        ours.run_s,
        f"ours {ours.rung.value}, gap {100 * ours.gap:.2f} %; theirs {theirs.rung.value}, gap {100 * theirs.gap:.2f} %",
        "<= 30 s, gap <= 1 %",
    )


def _district_session() -> tuple[dict[str, object], int]:
    from citymains.intake.source import SourceFile
    from citymains.model.scenario import Scenario
    from citymains_drainage.control.model import CostWeights
    from citymains_drainage.control_setup import control_setup
    from citymains_drainage.network import parse_document, read_network
    from citymains_drainage.options import read_options
    from citymains_drainage.stations.from_network import StationReader

    document = parse_document(read_network(SourceFile("district.inp", _district().read_bytes())).document)
    options, _ = read_options(document)
    setup = control_setup(
        document,
        options,
        StationReader(document, options).commanded(),
        scenario=Scenario(),
        hours=6.0,
        guard_step_s=60.0,
        weights=CostWeights(),
        price_yuan_per_kwh=(0.7,) * 24,
        policies={},
    )
    return setup.model(), len(setup.spec.actuators)


def _district() -> Path:
    import citymains_drainage

    return Path(str(citymains_drainage.__file__)).parent / "data" / "district.inp"


def _branches() -> Row:
    """An hour ahead from the second hour: a fork, against a saved state that a fresh process takes up."""
    from citymains_drainage.control.commands import Commands

    model, width = _district_session()
    plan = Commands.follow("rule", width).tree()
    later = {"do": "try", "plans": [plan], "rains": [None], "jobs": [[0, 0, 1.0]], "until_s": 10_800.0}
    with engine_host().session("swmm", model) as session:
        session.run({"do": "go", "plan": plan, "until_s": 7200.0})
        saved = session.run({"do": "hotstart"})
        session.run(later)
        begun = time.perf_counter()
        for _ in range(5):
            outcome = session.run(later)["courses"][0]["outcome"]
        ours_s = (time.perf_counter() - begun) / 5
        begun = time.perf_counter()
        state = {"hotstart": saved["state"], "start_s": saved["time_s"]}
        moved = str(model["inp"]).replace("START_TIME 08:00:00", "START_TIME 10:00:00", 1)
        with engine_host().session("swmm", {**model, "inp": moved, **state}) as fresh:
            resumed = fresh.run({"do": "go", "plan": plan, "until_s": 10_800.0})["outcome"]
        peer_s = time.perf_counter() - begun
    return Row(
        "a branch of one hour, district",
        "hot-start file and a fresh process",
        peer_s,
        ours_s,
        f"flooding {outcome['flooding_m3']:.2f} and {resumed['flooding_m3']:.2f} m3",
        "bit-identical to the parent",
    )


def _decisions() -> Row:
    """The 95th percentile of a decision against half of the control interval."""
    from tempfile import TemporaryDirectory

    from citymains.workbench import Workbench
    from citymains_drainage.utility import Drainage

    with TemporaryDirectory() as folder:
        bench = Workbench(database=f"sqlite:///{folder}/store.db", files=Path(folder) / "files")
        face = Drainage(bench)
        report = face.schedule("district", horizon_s=21_600, step_s=300).result()
    share = report.computing_load_percent
    return Row(
        "a decision, 95th percentile, district",
        "half of the control interval of 300 s",
        150.0,
        share / 100.0 * 300.0,
        f"computing-load rate {share:.1f} %; {report.decision_count} decisions, {report.evaluation_count} courses",
        "<= 50 % of the interval",
    )
