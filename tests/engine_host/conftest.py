"""Hosts with test engines, and a look at what processes are there."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from citymains.engine_host.client import EngineHost
from citymains.engine_host.template import FORKS

ENGINES = Path(__file__).parent / "engines"


@pytest.fixture(scope="session", autouse=True)
def _engines_on_path() -> Iterator[None]:
    sys.path.append(str(ENGINES))
    yield
    sys.path.remove(str(ENGINES))


@pytest.fixture(scope="package")
def host() -> Iterator[EngineHost]:
    """A host whose templates all tests share; they may kill them, and close it."""
    made = EngineHost()
    yield made
    made.close()


@pytest.fixture
def new_host() -> Iterator[EngineHost]:
    """A host of its own, without templates yet."""
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
