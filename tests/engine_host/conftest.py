"""Hosts with test engines."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from citymains.engine_host.client import EngineHost
from citymains.engine_host.template import FORKS

ENGINES = Path(__file__).parent / "engines"
FAKE = "fake_engine:FakeEngine"

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="session", autouse=True)
def _engines_on_path() -> Iterator[None]:
    sys.path.append(str(ENGINES))
    yield
    sys.path.remove(str(ENGINES))


@pytest.fixture
def host() -> Iterator[EngineHost]:
    """A host of its own, ended after the test."""
    made = EngineHost()
    yield made
    made.close()


@pytest.fixture(params=["forked", "fresh"])
def any_host(request: pytest.FixtureRequest, host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> EngineHost:
    """A host that forks its children, and one that starts each as a process of its own."""
    if request.param == "forked" and not FORKS:
        pytest.skip("this platform cannot fork templates")
    if request.param == "fresh":
        monkeypatch.setenv("CITYMAINS_ENGINE_START", "fresh")
    return host


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def eventually(condition: Callable[[], bool], within_s: float) -> bool:
    """Wait for a condition."""
    until = time.monotonic() + within_s
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.01)
    return condition()


def open_fds() -> int:
    """File descriptors this process has open."""
    return len(os.listdir("/proc/self/fd"))
