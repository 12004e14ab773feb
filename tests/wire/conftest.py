"""The echo service: its messages are generated at the start of the run, its server runs in a thread."""

from __future__ import annotations

import asyncio
import atexit
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
sys.path.insert(0, str(HERE / "support"))


def load_generator() -> ModuleType:
    """proto/generate.py, which is no package."""
    spec = importlib.util.spec_from_file_location("citymains_generate", REPOSITORY / "proto" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _generate_echo() -> None:
    import grpc_tools

    generator = load_generator()
    target = tempfile.mkdtemp(prefix="citymains-echo-")
    atexit.register(shutil.rmtree, target, ignore_errors=True)
    with tempfile.TemporaryDirectory() as google:
        generator.copy_google(Path(google))
        includes = [
            HERE / "proto",
            REPOSITORY / "proto",
            Path(grpc_tools.__file__).parent / "_proto",
            Path(google),
        ]
        command = [
            sys.executable,
            "-m",
            "grpc_tools.protoc",
            *(f"-I{one}" for one in includes),
            f"--python_out={target}",
        ]
        subprocess.run([*command, "citymains_echo/v1/echo.proto"], check=True)
    sys.path.insert(0, target)


if importlib.util.find_spec("grpc_tools") is None:
    collect_ignore_glob = ["test_*.py"]

    def pytest_report_header() -> str:
        """Say what is left out."""
        return "tests/wire: skipped, grpcio-tools is not installed"
elif importlib.util.find_spec("citymains_echo") is None:
    _generate_echo()


class Running:
    """A server in a thread of its own."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.wait(server.start())

    @property
    def target(self) -> str:
        """Where it listens."""
        return f"localhost:{self.server.port}"

    def wait(self, work: Any) -> Any:
        """Run a coroutine in the server's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def stop(self) -> None:
        """End it."""
        self.wait(self.server.stop(0))
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@pytest.fixture
def run_server() -> Iterator[Callable[..., Running]]:
    """Start servers of faces; they are ended with the test."""
    from citymains.wire.server import Server, ServerSettings

    running: list[Running] = []

    def start(*faces: Any, workbench: Any = None, **settings: Any) -> Running:
        settings = {"listen": "localhost:0", "grace_s": 0.0, **settings}
        running.append(Running(Server(faces, workbench, ServerSettings(**settings))))
        return running[-1]

    yield start
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def echo() -> Any:
    """The echo face behind `echo_server`."""
    import wire_echo

    return wire_echo.Echo()


@pytest.fixture(scope="session")
def echo_server(echo: Any) -> Iterator[Running]:
    """One server of the echo face for all tests that leave it as it is."""
    from citymains.wire.server import Server, ServerSettings

    running = Running(Server([echo], None, ServerSettings(listen="localhost:0", grace_s=0.0)))
    yield running
    running.stop()


@pytest.fixture
def connect_echo() -> Iterator[Callable[..., Any]]:
    """Connect to a server of the echo face: gives its remote face."""
    import wire_echo
    from citymains.wire.client import connect
    from citymains.wire.faces import remote_class

    cities: list[Any] = []

    def join(target: str, **settings: Any) -> Any:
        city = connect(target, **settings)
        cities.append(city)
        face = city._faces["echo"] = remote_class(wire_echo.Echo)(wire_echo.Echo, city._line)
        face.city = city
        return face

    yield join
    for city in cities:
        city.close()


@pytest.fixture
def remote(echo_server: Running, connect_echo: Callable[..., Any]) -> Any:
    """The remote echo face."""
    return connect_echo(echo_server.target)
