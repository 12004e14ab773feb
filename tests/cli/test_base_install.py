"""The base install: no solver, no server, no GIS. What works there works, and what does not names the extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

#: What the extras bring, hidden from a process as if it were not installed.
HIDDEN = """
import importlib.machinery

_find = importlib.machinery.PathFinder.find_spec
_gone = {"wntr", "epanet", "pandapipes", "pandapower", "pyswmm", "swmm", "geopandas", "pyogrio", "grpc_health",
         "grpc_reflection", "psycopg", "numba", "highspy", "polars"}


def find_spec(fullname, path=None, target=None):
    return None if fullname.partition(".")[0] in _gone else _find(fullname, path, target)


importlib.machinery.PathFinder.find_spec = staticmethod(find_spec)
"""

MODEL = """[JUNCTIONS]
J1 10 5
[RESERVOIRS]
R1 60
[PIPES]
P1 R1 J1 100 200 130 0 Open
[COORDINATES]
J1 100 0
R1 0 0
[OPTIONS]
Units CMH
Headloss H-W
[END]
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Runs the command line of a base install in a folder that holds ``model.inp``."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HIDDEN, encoding="utf-8")
    (tmp_path / "model.inp").write_text(MODEL, encoding="utf-8")
    environment = os.environ | {
        "PYTHONPATH": str(tmp_path / "site"),
        "CITYMAINS_HOME": str(tmp_path / "home"),
        "LANG": "C",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "citymains.cli.main", *arguments]
        return subprocess.run(
            command,
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
        )

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        ("water", "validate", "model.inp"),
        ("water", "load", "model.inp", "--out", "net.html", "--out", "net.xlsx"),
        ("water", "isolate", "model.inp", "--pipes", "P1"),
        ("drainage", "load", "district"),
        ("plugins", "check"),
        ("rules", "check"),
    ],
)
def test_what_needs_no_solver_works(base, arguments: tuple[str, ...]) -> None:
    done = base(*arguments)
    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if not line.startswith("reports/")]


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (("water", "pressure", "model.inp"), "water"),
        (("water", "pressure", "Net3"), "water"),
        (("gas", "pressure", "schutterwald"), "gas"),
        (("heating", "supply", "schutterwald_heat"), "heating"),
        (("drainage", "simulate", "district"), "drainage"),
        (("water", "load", "model.inp", "--out", "net.gpkg"), "gis"),
        (("serve", "water", "--port", "0"), "server"),
    ],
)
def test_what_does_not_work_names_its_extra(base, arguments: tuple[str, ...], extra: str) -> None:
    done = base(*arguments)
    assert done.returncode == 2, done.stderr
    assert f"pip install 'citymains[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_demonstration_says_what_to_install(base) -> None:
    done = base("demo", "--out", "there")
    assert done.returncode == 2
    for extra in ("water", "gas", "heating", "drainage"):
        assert f"pip install 'citymains[{extra}]'" in done.stdout + done.stderr


def test_a_file_that_is_not_there_is_still_a_file_that_is_not_there(base) -> None:
    done = base("water", "pressure", "no/such/model.inp")
    assert done.returncode == 2
    assert "FILE_NOT_FOUND" in done.stderr
