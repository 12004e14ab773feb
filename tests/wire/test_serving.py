"""A server as a process: it ends as it is told to, and answers what it has taken on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import wire_echo
from citymains.errors import StateError
from citymains.wire.server import city_server
from citymains.workbench import Workbench

SCRIPT = """
import asyncio, sys
sys.path[:0] = {paths!r}
import wire_echo
from citymains.wire.server import Server, ServerSettings

async def main():
    server = Server([wire_echo.Echo()], None, ServerSettings(listen="localhost:0", grace_s={grace}))
    task = asyncio.create_task(server.run())
    while not server.port:
        await asyncio.sleep(0.01)
    print(server.port, flush=True)
    await task

asyncio.run(main())
print("ended", flush=True)
"""


@pytest.fixture
def start_process() -> Iterator[Any]:
    """Start a server in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(grace_s: float) -> tuple[subprocess.Popen[str], str]:
        import citymains_echo

        paths = [str(Path(wire_echo.__file__).parent), str(Path(next(iter(citymains_echo.__path__))).parent)]
        script = SCRIPT.format(paths=paths, grace=grace_s)
        process = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=dict(os.environ)
        )
        started.append(process)
        assert process.stdout is not None
        return process, f"localhost:{int(process.stdout.readline())}"

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_sigterm_lets_what_is_at_work_finish(start_process: Any, connect_echo: Any) -> None:
    process, target = start_process(10.0)
    remote = connect_echo(target)
    answers: list[Any] = []
    thread = threading.Thread(target=lambda: answers.append(remote.sleep(0.6)))
    remote.build()
    thread.start()
    time.sleep(0.2)
    process.send_signal(signal.SIGTERM)
    thread.join(5)
    assert [one.text for one in answers] == ["awake"]
    assert process.wait(5) == 0
    assert process.stdout.read() == "ended\n"


def test_after_its_grace_a_server_ends_whatever_is_at_work(start_process: Any, connect_echo: Any) -> None:
    process, target = start_process(0.2)
    remote = connect_echo(target)
    operation = remote.toil(steps=100_000)
    assert not operation.done()
    start = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 0
    assert time.monotonic() - start < 3.0


def test_a_server_that_would_read_paths_is_not_started() -> None:
    with pytest.raises(StateError):
        city_server(workbench=Workbench(reads_paths=True))


def test_unknown_methods_are_unimplemented(echo_server: Any) -> None:
    with grpc.insecure_channel(echo_server.target) as channel:
        for method in ("/citymains_echo.v1.EchoService/Nothing", "/nowhere.Service/Nothing"):
            with pytest.raises(grpc.RpcError) as caught:
                channel.unary_unary(method)(b"")
            assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_eight_threads_get_their_own_answers(remote: Any) -> None:
    wrong: list[int] = []

    def ask(count: int) -> None:
        expected = wire_echo.rows(count).to_json()
        wrong.extend(count for _ in range(5) if remote.build(row_count=count).to_json() != expected)

    threads = [threading.Thread(target=ask, args=(count,)) for count in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
