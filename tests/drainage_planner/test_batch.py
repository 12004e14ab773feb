"""Thousands of storms in one session: memory stays flat, no handle leaks, and the last answer is the first."""

from __future__ import annotations

from pathlib import Path

import pytest
from citymains.engine_host.client import engine_host
from citymains_drainage.engine_input import engine_input
from citymains_drainage.network import parse_document, read_network
from citymains_drainage.options import read_options
from citymains_drainage.rain import with_rain
from citymains_drainage.solver import RUNS_IN_PLACE

from tests.drainage.conftest import SMALL


def storm_texts(count: int) -> list[str]:
    """The small network under storms of growing intensity, half an hour each."""
    import numpy as np
    from citymains.intake.source import SourceFile
    from citymains.model.scenario import Scenario

    document = parse_document(read_network(SourceFile("small.inp", SMALL.encode())).document)
    options, _ = read_options(document)
    texts = []
    for one in range(count):
        rain = np.array([30.0 + one, 90.0 + one, 20.0])
        texts.append(
            engine_input(
                with_rain(document, options, rain, 600.0), options, scenario=Scenario(), hours=0.5
            ).text
        )
    return texts


def resident_kib(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def run_many(runs: int) -> None:
    texts = storm_texts(20)
    with engine_host().session("swmm", {"inp": texts[0]}) as session:
        first = [session.run({"inp": text})["totals"] for text in texts]
        for at in range(RUNS_IN_PLACE):
            session.run({"inp": texts[at % 20]})
        handles, memory = len(list(Path(f"/proc/{session.pid}/fd").iterdir())), resident_kib(session.pid)
        for at in range(runs):
            totals = session.run({"inp": texts[at % 20]})["totals"]
            assert totals == first[at % 20]
        assert len(list(Path(f"/proc/{session.pid}/fd").iterdir())) == handles
        assert resident_kib(session.pid) < memory + 2048  # KiB over all the runs
        assert len(list(session.directory.rglob("*"))) < 10
    assert first[0]["wet_weather_inflow"] < first[-1]["wet_weather_inflow"]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_hundreds_of_storms_in_one_session() -> None:
    run_many(300)


def test_a_crash_in_a_branch_is_told_as_a_crash() -> None:
    """What takes a simulation down is named, as in a session that runs in place."""
    import subprocess
    import sys

    code = (
        "import os\nfrom citymains_drainage import solver\n"
        "solver._simulate = lambda files: os.kill(os.getpid(), 11)\n"
        "solver._in_a_branch({})"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -6


@pytest.mark.campaign
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_ten_thousand_storms_in_one_session() -> None:
    run_many(10_000)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs /proc")
def test_thousands_of_branches_leave_nothing_behind(live) -> None:
    from citymains_drainage.control.commands import Commands

    with live(SMALL, hours=1) as (session, setup):
        plan = Commands.follow("rule", len(setup.spec.actuators)).tree()
        task = {"do": "try", "plans": [plan], "rains": [None], "jobs": [[0, 0, 1.0]] * 50, "until_s": 300.0}
        session.run(task)
        handles, memory = len(list(Path(f"/proc/{session.pid}/fd").iterdir())), resident_kib(session.pid)
        for _ in range(10):
            session.run(task)
        assert len(list(Path(f"/proc/{session.pid}/fd").iterdir())) == handles
        assert resident_kib(session.pid) < memory + 4096
        children = Path(f"/proc/{session.pid}/task/{session.pid}/children").read_text().split()
        assert children == []
