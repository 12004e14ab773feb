"""What the planner's tests share: a face with a store of its own, control sessions, and the published networks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from citymains.engine_host.client import engine_host
from citymains.intake.inp import InpDocument
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains.workbench import Workbench
from citymains_drainage.control.model import CostWeights
from citymains_drainage.control_setup import ControlSetup, control_setup
from citymains_drainage.network import parse_document, read_network
from citymains_drainage.options import read_options
from citymains_drainage.stations.from_network import StationReader
from citymains_drainage.utility import Drainage

#: Test coefficients, no city's: the district's own storm.
FORMULA = "i=10.9(1+0.85lgP)/(t+12)^0.77"


@pytest.fixture(scope="session")
def drainage(tmp_path_factory: pytest.TempPathFactory) -> Drainage:
    """A face with an own store."""
    folder = tmp_path_factory.mktemp("planner")
    return Drainage(Workbench(database=f"sqlite:///{folder / 'store.db'}", files=folder / "files"))


@pytest.fixture(scope="session")
def district() -> str:
    """Text of the shipped district."""
    import citymains_drainage

    path = Path(str(citymains_drainage.__file__)).parent / "data" / "district.inp"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def pystorms() -> Callable[[str], str]:
    """Text of a network that the package pystorms publishes; it is read without being imported."""
    spec = find_spec("pystorms")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("the package pystorms is not installed")
    folder = Path(next(iter(spec.submodule_search_locations))) / "networks"
    return lambda name: (folder / f"{name}.inp").read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="session")
def setup_of() -> Callable[..., ControlSetup]:
    """A model made ready to be commanded."""

    def make(
        text: str | InpDocument,
        *,
        hours: float = 4.0,
        guard_step_s: float = 60.0,
        links: tuple[str, ...] = (),
    ) -> Any:
        document = text
        if isinstance(text, str):
            intake = read_network(SourceFile("model.inp", text.encode()))
            assert not intake.errors, intake.errors[:3]
            document = parse_document(intake.document)
        options, _ = read_options(document)
        reader = StationReader(document, options, links)
        commanded = reader.commanded()
        assert not reader.issues, reader.issues
        return control_setup(
            document,
            options,
            commanded,
            scenario=Scenario(),
            hours=hours,
            guard_step_s=guard_step_s,
            weights=CostWeights(),
            price_yuan_per_kwh=(0.7,) * 24,
            policies={},
        )

    return make


@pytest.fixture(scope="session")
def live(setup_of: Callable[..., ControlSetup]) -> Callable[..., Any]:
    """A control session of a model, as a context: ``with live(text) as (session, setup)``."""

    @contextlib.contextmanager
    def session_of(text: str | InpDocument, **how: Any) -> Iterator[tuple[Any, ControlSetup]]:
        setup = setup_of(text, **how)
        with engine_host().session("swmm", setup.model()) as session:
            yield session, setup

    return session_of
