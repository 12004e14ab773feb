"""What the tests of the water service share."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from citymains.workbench import Workbench
from citymains_water.utility import Water

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture(scope="session")
def water() -> Water:
    """The face, with a workbench of its own."""
    return Water(Workbench())


@pytest.fixture(scope="session")
def run_program() -> Callable[..., None]:
    """Run one of the reference programs in a process of its own: two EPANET libraries never share one."""

    def run(name: str, *arguments: object, cwd: Path) -> None:
        command = [sys.executable, str(PROGRAMS / name), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr[-2000:]

    return run


@pytest.fixture(scope="session")
def bundled_folder() -> Path:
    """Where wntr keeps its networks."""
    spec = importlib.util.find_spec("wntr")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("wntr is not installed")
    return Path(next(iter(spec.submodule_search_locations))) / "library" / "networks"


SMALL = """\
[JUNCTIONS]
J1 10 5
J2 12 3
[RESERVOIRS]
R1 50
[TANKS]
T1 40 2 1 4 10
[PIPES]
P1 R1 J1 500 200 100
P2 J1 J2 400 150 100
P3 J2 T1 300 150 100
[PATTERNS]
1 1.0 1.5
[CURVES]
C1 20 30
[TIMES]
DURATION 4
HYDRAULIC TIMESTEP 1:00
PATTERN TIMESTEP 1:00
REPORT TIMESTEP 1:00
[OPTIONS]
UNITS LPS
HEADLOSS H-W
[COORDINATES]
J1 0 0
J2 100 0
[END]
"""


@pytest.fixture
def small() -> str:
    """A model of three pipes, a reservoir and a tank, without an issue."""
    return SMALL
