"""The public names, and what importing them costs."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

import citymains
import pytest

HEAVY = (
    "numpy",
    "pandas",
    "scipy",
    "pyarrow",
    "sqlalchemy",
    "grpc",
    "wntr",
    "epanet",
    "pandapipes",
    "pandapower",
    "pyswmm",
    "swmm",
)
#: A user's Python keeps what it compiles; with this switch set, every run would compile our modules anew.
WARM = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
LOADED = f"import sys; print([name for name in {HEAVY!r} if name in sys.modules])"


def test_the_public_names_are_these() -> None:
    assert len(citymains.__all__) <= 32
    for name in citymains.__all__:
        assert getattr(citymains, name) is not None
    assert set(citymains.__all__) <= set(dir(citymains))


def run(code: str) -> tuple[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60, env=WARM
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return done.stdout, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


HELP = "import sys; sys.argv = ['citymains', '--help']\nfrom citymains.cli.main import main\ntry:\n    main()\nexcept SystemExit:\n    pass\n"


@pytest.mark.parametrize("code", ["import citymains\n", HELP], ids=["import", "help"])
def test_no_solver_and_no_pandas_is_imported(code: str) -> None:
    output, _ = run(code + LOADED)
    assert output.strip().endswith("[]"), output


@pytest.mark.parametrize("code", ["import citymains\n", HELP], ids=["import", "help"])
def test_cpu_time(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(code)
    cpu_s = statistics.median(run(code)[1] for _ in range(5))
    with capsys.disabled():
        print(f" {cpu_s:.2f} s CPU", end="")
    assert cpu_s < 0.5
