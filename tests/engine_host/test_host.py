"""The host among threads, forks and servers: no mixed answers, nothing leaked."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from citymains.call import Call
from citymains.engine_host.client import EngineHost, engine_host
from citymains.engine_host.limits import Limits
from citymains.errors import CancelledError, EngineTimeoutError

FAKE = "fake_engine:FakeEngine"
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def test_eight_threads_five_runs_of_different_networks_at_once(any_host: EngineHost) -> None:
    """Every answer is that of its own network, although all write a file of the same name."""

    def work(number: int) -> int:
        model = {"ids": [f"net{number}-node{i}" for i in range(40 + number)], "seed": 1000 + 10 * number}
        right = 0
        with any_host.session(FAKE, model) as session:
            for run in range(5):
                answer = session.run({"do": "solve", "run": run, "seconds": 0.002})
                heads = np.random.default_rng(model["seed"] + run).random((24, len(model["ids"])))
                right += (
                    answer["ids"] == model["ids"]
                    and answer["seed"] == model["seed"]
                    and bool((answer["heads"] == heads).all())
                )
        return right

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [5] * 8


def test_many_threads_start_one_template(new_host: EngineHost) -> None:
    def template(_: int) -> int | None:
        with new_host.session("fake_engine:WarmEngine", {}):
            return new_host.template_pid("fake_engine:WarmEngine")

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(template, range(8)))) == 1


def test_one_session_shared_by_threads_keeps_its_answers_apart(host: EngineHost) -> None:
    with host.session(FAKE, {}) as session, ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda n: session.run({"do": "echo", "n": n})["task"]["n"], range(50)))
    assert answers == list(range(50))


@linux_only
@pytest.mark.timeout(120)
def test_two_hundred_sessions_leave_nothing_behind(host: EngineHost) -> None:
    def use(number: int) -> None:
        with host.session(FAKE, {"number": number}) as session:
            session.run({"do": "echo"})
            if number % 10 == 0:
                session.end("the test says so")

    for number in range(10):
        use(number)
    template = host.template_pid(FAKE)
    assert template is not None

    def state() -> tuple[int, int, int, int, list[str]]:
        scratch = host._templates[FAKE].scratch
        return (
            len(os.listdir("/proc/self/fd")), len(os.listdir(f"/proc/{template}/fd")),
            len(children_of(template)), threading.active_count(), sorted(p.name for p in scratch.iterdir()),
        )  # fmt: skip

    before = settled(state)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(use, range(200)))
    assert settled(state) == before
    assert before[2] == 0
    host.close()
    assert not Path(f"/proc/{template}").exists()


def settled(state: object) -> object:
    """What a state is once it stands still for a while: a template reaps its dead when it gets to it."""
    last, same = None, 0
    while same < 5:
        now = state()  # type: ignore[operator]
        same = same + 1 if now == last else 0
        last = now
        time.sleep(0.05)
    return last


def test_opening_a_session_is_quick(new_host: EngineHost) -> None:
    """Against the time a new interpreter takes in the same minute, for the machine may be busy."""
    started = time.perf_counter()
    new_host.session(FAKE, {}).close()
    first = 1000 * (time.perf_counter() - started)
    opened, ran = [], []
    for _ in range(50):
        started = time.perf_counter()
        with new_host.session(FAKE, {}) as session:
            opened.append(1000 * (time.perf_counter() - started))
            started = time.perf_counter()
            session.run({"do": "echo"})
            ran.append(1000 * (time.perf_counter() - started))
    print(
        f"\nfirst session {first:.0f} ms; then open: median {statistics.median(opened):.1f} ms, worst {max(opened):.1f} ms; "
        f"run: median {statistics.median(ran):.2f} ms"
    )
    assert statistics.median(opened) < first / 2


def test_no_more_children_than_allowed_work_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYMAINS_ENGINE_PROCESSES", "2")
    host = EngineHost()
    try:
        with host.session(FAKE, {}), host.session(FAKE, {}):
            with pytest.raises(EngineTimeoutError, match="2 engine processes") as caught:
                host.session(FAKE, {}, limits=Limits(wall_s=0.2))
            assert caught.value.code == "ENGINE_BUSY"
            with Call(timeout_s=0.2).active(), pytest.raises(EngineTimeoutError) as caught:
                host.session(FAKE, {})
            assert caught.value.code == "DEADLINE_EXCEEDED"
            call = Call()
            threading.Timer(0.2, call.cancel).start()
            with call.active(), pytest.raises(CancelledError):
                host.session(FAKE, {})
        for number in range(5):  # every way out gives its place back
            with pytest.raises(ZeroDivisionError), host.session(FAKE, {}):
                raise ZeroDivisionError
            with pytest.raises(Exception, match="SIGSEGV"):
                host.session(FAKE, {"on_open": {"do": "segfault"}})
            host.session(FAKE, {"n": number}).close()
    finally:
        host.close()


def test_closing_the_host_ends_sessions_at_work_and_it_can_be_used_again(any_host: EngineHost) -> None:
    session = any_host.session(FAKE, {})
    threading.Timer(0.2, any_host.close).start()
    started = time.monotonic()
    with pytest.raises(Exception, match="engine host was closed"):
        session.run({"do": "hang_in_c"})
    assert time.monotonic() - started < 1.2
    with any_host.session(FAKE, {}) as again:
        assert again.run({"do": "echo"})


def test_one_host_per_process() -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len({id(one) for one in pool.map(lambda _: engine_host(), range(16))}) == 1


def test_a_place_with_an_unusual_name_is_not_used(
    new_host: EngineHost, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    odd = tmp_path / "临时 目录"
    odd.mkdir()
    monkeypatch.setenv("TMPDIR", str(odd))
    monkeypatch.setattr(tempfile, "tempdir", None)
    with new_host.session(FAKE, {}) as session:
        assert str(session.directory).isascii()
    monkeypatch.setenv("CITYMAINS_ENGINE_TMP", str(tmp_path))
    new_host.close()
    with new_host.session(FAKE, {}) as session:
        assert session.directory.is_relative_to(tmp_path)


@linux_only
def test_a_forked_copy_of_the_parent_has_engines_of_its_own() -> None:
    """In a process of its own: pytest's threads make forking it a warning."""
    script = f"""
import os, sys, time
from citymains.engine_host.client import engine_host
host = engine_host()
session = host.session({FAKE!r}, {{"who": "parent"}})
template = host.template_pid({FAKE!r})
child = os.fork()
if child == 0:
    assert host is engine_host() and host.template_pid({FAKE!r}) is None
    try:
        session.run({{"do": "echo"}})
    except Exception as error:
        assert error.code == "ENGINE_SESSION_OVER", error
    else:
        raise AssertionError("the copy used the parent's session")
    session.close()
    with host.session({FAKE!r}, {{"who": "child"}}) as own:
        assert own.run({{"do": "echo"}})["model"] == {{"who": "child"}}
        assert host.template_pid({FAKE!r}) != template
    host.close()
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
assert session.run({{"do": "echo"}})["model"] == {{"who": "parent"}}
assert host.template_pid({FAKE!r}) == template
session.close()
print("fine")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=with_engines(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("fine\n", 0), done.stderr


def with_engines() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent / "engines")}
