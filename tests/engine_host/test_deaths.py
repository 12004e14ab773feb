"""Crashes, hangs and greed: a typed error within a second, the host alive, nothing left behind."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from citymains.call import Call
from citymains.engine_host.client import EngineHost
from citymains.engine_host.limits import Limits
from citymains.engine_host.starts import TemplateProcess
from citymains.errors import (
    CancelledError,
    EngineCrashedError,
    EngineTimeoutError,
    SolverError,
)

FAKE = "fake_engine:FakeEngine"
#: "within 1 s of the event or the limit"
PROMISE_S = 1.0


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def gone_within(pid: int, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < until:
        time.sleep(0.01)
    return not alive(pid)


def assert_host_works(host: EngineHost) -> None:
    with host.session(FAKE, {"n": 1}) as session:
        assert session.run({"do": "echo"})["model"] == {"n": 1}


@pytest.mark.parametrize(
    ("task", "value"),
    [
        ({"do": "segfault"}, "SIGSEGV"),
        ({"do": "signal", "signal": "SIGABRT"}, "SIGABRT"),
        ({"do": "signal", "signal": "SIGKILL"}, "SIGKILL"),
        ({"do": "signal", "signal": "SIGFPE"}, "SIGFPE"),
        ({"do": "exit", "status": 3}, "exit 3"),
        ({"do": "exit", "status": 0}, "exit 0"),
        ({"do": "sys_exit", "status": 5}, "exit 5"),
    ],
)
def test_a_crash_is_an_error_that_names_engine_signal_and_element(
    any_host: EngineHost, task: dict[str, Any], value: str
) -> None:
    with any_host.session(FAKE, {}, element="town.inp") as session:
        session.run({"do": "echo"})
        started = time.monotonic()
        with pytest.raises(EngineCrashedError) as caught:
            session.run(task, element="P-114")
        assert time.monotonic() - started < PROMISE_S
        assert caught.value.engine == FAKE
        assert caught.value.context["value"] == value
        assert caught.value.context["element"] == "P-114"
        assert not session.directory.exists()
    if value == "SIGSEGV":
        assert "about to read address 0" in caught.value.context["log"]
    assert_host_works(any_host)


def test_a_crash_in_half_an_answer(host: EngineHost) -> None:
    with host.session(FAKE, {}) as session, pytest.raises(EngineCrashedError, match="exit 0"):
        session.run({"do": "die_in_half_an_answer"})


def test_a_crash_on_opening_names_the_model(any_host: EngineHost) -> None:
    with pytest.raises(EngineCrashedError, match=r"SIGSEGV.*bad\.inp"):
        any_host.session(FAKE, {"on_open": {"do": "segfault"}}, element="bad.inp")
    assert_host_works(any_host)


def test_a_child_killed_in_mid_question(any_host: EngineHost) -> None:
    with any_host.session(FAKE, {}) as session:
        killed_at: list[float] = []

        def kill() -> None:
            killed_at.append(time.monotonic())
            os.kill(session.pid, signal.SIGKILL)

        threading.Timer(0.3, kill).start()
        with pytest.raises(EngineCrashedError) as caught:
            session.run({"do": "sleep", "seconds": 30})
        assert time.monotonic() - killed_at[0] < PROMISE_S
        assert caught.value.context["value"] == "SIGKILL"
    assert_host_works(any_host)


def test_a_child_killed_between_questions(any_host: EngineHost) -> None:
    with any_host.session(FAKE, {}) as session:
        os.kill(session.pid, signal.SIGKILL)
        time.sleep(0.1)
        with pytest.raises(EngineCrashedError):
            session.run({"do": "echo"})


@pytest.mark.parametrize(
    "task",
    [{"do": "sleep", "seconds": 60}, {"do": "hang_in_c"}, {"do": "ignore_signals"}],
    ids=lambda t: t["do"],
)
def test_over_the_time_limit(any_host: EngineHost, task: dict[str, Any]) -> None:
    with any_host.session(FAKE, {}, limits=Limits(wall_s=0.5), element="town") as session:
        started = time.monotonic()
        with pytest.raises(EngineTimeoutError, match=r"within 0\.5 s") as caught:
            session.run(task)
        assert 0.5 <= time.monotonic() - started < 0.5 + PROMISE_S
        assert caught.value.code == "ENGINE_TIMEOUT"
        assert gone_within(session.pid, PROMISE_S)
    assert_host_works(any_host)


def test_over_the_time_limit_while_it_does_not_even_read(host: EngineHost) -> None:
    with host.session(FAKE, {}, limits=Limits(wall_s=0.5)) as session:
        os.kill(session.pid, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(EngineTimeoutError):
            session.run({"do": "echo", "large": b"x" * (20 << 20)})
        assert time.monotonic() - started < 0.5 + PROMISE_S


def test_over_the_callers_deadline(any_host: EngineHost) -> None:
    with any_host.session(FAKE, {}) as session, Call(timeout_s=0.5).active():
        started = time.monotonic()
        with pytest.raises(EngineTimeoutError) as caught:
            session.run({"do": "hang_in_c"})
        assert time.monotonic() - started < 0.5 + PROMISE_S
        assert caught.value.code == "DEADLINE_EXCEEDED"
    with Call(timeout_s=0.0).active(), pytest.raises(EngineTimeoutError):
        any_host.session(FAKE, {})
    with Call(timeout_s=1.5).active(), pytest.raises(EngineTimeoutError):
        any_host.session(FAKE, {"on_open": {"do": "sleep", "seconds": 60}})
    assert_host_works(any_host)


def test_cancelled_by_the_caller(any_host: EngineHost) -> None:
    call = Call()
    cancelled_at: list[float] = []

    def cancel() -> None:
        cancelled_at.append(time.monotonic())
        call.cancel()

    with any_host.session(FAKE, {}) as session, call.active():
        threading.Timer(0.3, cancel).start()
        with pytest.raises(CancelledError):
            session.run({"do": "hang_in_c"})
        assert time.monotonic() - cancelled_at[0] < PROMISE_S
        assert gone_within(session.pid, PROMISE_S)
        with pytest.raises(CancelledError):
            any_host.session(FAKE, {})
    assert_host_works(any_host)


def test_a_deadline_while_the_engine_is_still_loading(new_host: EngineHost) -> None:
    started = time.monotonic()
    with Call(timeout_s=0.2).active(), pytest.raises(EngineTimeoutError):
        new_host.session("fake_engine:WarmEngine", {})
    assert time.monotonic() - started < 0.2 + PROMISE_S
    pid = new_host.template_pid("fake_engine:WarmEngine")
    with new_host.session("fake_engine:WarmEngine", {}):
        assert new_host.template_pid("fake_engine:WarmEngine") == pid, "loading went on for the next caller"


def test_an_engine_that_never_loads(any_host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> None:
    any_host.close()
    monkeypatch.setenv("CITYMAINS_ENGINE_START_S", "0.5")
    started = time.monotonic()
    with pytest.raises(SolverError):
        any_host.session("fake_engine:WarmEngine", {})
    assert time.monotonic() - started < 0.5 + PROMISE_S
    monkeypatch.setenv("CITYMAINS_ENGINE_START_S", "60")
    any_host.session("fake_engine:WarmEngine", {}).close()


@pytest.mark.parametrize(
    "task", [{"do": "allocate", "mib": 500}, {"do": "allocate_small"}], ids=lambda t: t["do"]
)
def test_over_the_memory_limit(any_host: EngineHost, task: dict[str, Any]) -> None:
    with any_host.session(FAKE, {}, limits=Limits(memory_mib=200), element="town") as session:
        with pytest.raises(SolverError, match="200 MiB") as caught:
            session.run(task)
        assert caught.value.code == "ENGINE_OUT_OF_MEMORY"
        assert gone_within(session.pid, PROMISE_S)
    assert_host_works(any_host)


def test_within_the_memory_limit(any_host: EngineHost) -> None:
    with any_host.session(FAKE, {}, limits=Limits(memory_mib=200)) as session:
        assert session.run({"do": "allocate", "mib": 100}) == {"bytes": 100 << 20}
        assert session.run({"do": "malloc", "mib": 100}) == {"got": True}
        assert session.run({"do": "malloc", "mib": 300}) == {"got": False}


@pytest.mark.parametrize(
    "task", [{"do": "write", "mib": 20}, {"do": "flood", "mib": 20}], ids=lambda t: t["do"]
)
def test_over_the_file_limit(any_host: EngineHost, task: dict[str, Any]) -> None:
    with any_host.session(FAKE, {}, limits=Limits(file_mib=5), element="town") as session:
        with pytest.raises(EngineCrashedError, match="more than 5 MiB") as caught:
            session.run(task)
        assert caught.value.code == "ENGINE_FILE_LIMIT"
        assert not session.directory.exists()
    with any_host.session(FAKE, {}, limits=Limits(file_mib=25)) as session:
        session.run(task)


@pytest.mark.parametrize("crash", [False, True])
def test_grandchildren_go_too(host: EngineHost, crash: bool) -> None:
    with host.session(FAKE, {}) as session:
        if crash:
            started = time.monotonic()
            with pytest.raises(EngineCrashedError, match="SIGSEGV"):
                session.run({"do": "fork", "crash": True})
            assert time.monotonic() - started < PROMISE_S + 0.5  # it starts two interpreters first
        else:
            pids = session.run({"do": "fork"})["pids"]
            assert all(alive(pid) for pid in pids)
    if not crash:
        assert all(gone_within(pid, PROMISE_S) for pid in pids)
    template = host.template_pid(FAKE)
    children = Path(f"/proc/{template}/task/{template}/children")
    until = time.monotonic() + PROMISE_S
    while children.read_text().split() and time.monotonic() < until:
        time.sleep(0.01)
    assert children.read_text().split() == []


def test_a_model_that_does_not_close(any_host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citymains.engine_host.session._CLOSE_S", 0.3)
    session = any_host.session(FAKE, {"hang_on_close": True})
    started = time.monotonic()
    session.close()
    assert time.monotonic() - started < 0.3 + PROMISE_S
    assert gone_within(session.pid, PROMISE_S)


def test_an_error_of_the_caller_ends_the_child_at_once(any_host: EngineHost) -> None:
    with pytest.raises(ZeroDivisionError), any_host.session(FAKE, {"hang_on_close": True}) as session:
        raise ZeroDivisionError
    assert gone_within(session.pid, PROMISE_S)
    assert not session.directory.exists()


@pytest.fixture
def heeding_interrupts() -> Iterator[None]:
    """Ctrl-C raises, even in a suite that a shell has started in the background and told to ignore it."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.mark.usefixtures("heeding_interrupts")
def test_an_interrupt_ends_the_session(host: EngineHost) -> None:
    session = host.session(FAKE, {})
    threading.Timer(0.3, signal.pthread_kill, [threading.main_thread().ident, signal.SIGINT]).start()
    with pytest.raises(KeyboardInterrupt):
        session.run({"do": "hang_in_c"})
    assert gone_within(session.pid, PROMISE_S)
    assert_host_works(host)


def test_thirty_kills_at_random_times(host: EngineHost) -> None:
    kill_at_random(host, count=30, seed=5)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_a_thousand_kills_at_random_times(host: EngineHost) -> None:
    kill_at_random(host, count=1000, seed=7, template_too=True)


def kill_at_random(host: EngineHost, *, count: int, seed: int, template_too: bool = False) -> None:
    """Kill children (and templates) at random moments: each question has its right answer or a typed error."""
    import random

    dice = random.Random(seed)
    answered = crashed = 0
    worst_s = 0.0
    for number in range(count):
        model = {"ids": [f"n{number}-{i}" for i in range(50)], "seed": number}
        delay_s = dice.random() * 0.08
        victim = "template" if template_too and dice.random() < 0.2 else "child"
        killed_at: list[float] = []
        session = None
        try:
            session = host.session(FAKE, model)
            pid = (host.template_pid(FAKE) if victim == "template" else None) or session.pid

            def kill(pid: int = pid, killed_at: list[float] = killed_at) -> None:
                killed_at.append(time.monotonic())
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    return

            timer = threading.Timer(delay_s, kill)
            timer.start()
            for run in range(4):
                answer = session.run({"do": "solve", "run": run, "seconds": 0.01})
                assert (answer["ids"], answer["seed"]) == (model["ids"], number)
            answered += 1
        except EngineCrashedError:
            worst_s = max(worst_s, time.monotonic() - killed_at[0])
            crashed += 1
        finally:
            if session is not None:
                timer.join()
                session.close()
                assert not session.directory.exists()
    print(
        f"\n{count} kills: {crashed} typed errors, {answered} answered first, slowest error {worst_s * 1000:.1f} ms"
    )
    assert crashed > count / 3
    assert worst_s < PROMISE_S
    assert_host_works(host)


def test_a_dead_template_is_started_again(host: EngineHost) -> None:
    assert_host_works(host)
    first = host.template_pid(FAKE)
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert_host_works(host)
    second = host.template_pid(FAKE)
    assert second not in (None, first)


def test_a_template_that_dies_takes_its_children_along(host: EngineHost) -> None:
    with host.session(FAKE, {}) as session:
        template = host.template_pid(FAKE)
        assert template is not None
        threading.Timer(0.2, os.kill, [template, signal.SIGKILL]).start()
        with pytest.raises(EngineCrashedError):
            session.run({"do": "hang_in_c"})
        assert gone_within(session.pid, PROMISE_S)
    assert_host_works(host)


def test_a_template_that_hangs_is_replaced(host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("citymains.engine_host.client._FORK_S", 0.5)
    monkeypatch.setattr("citymains.engine_host.starts._LEAVE_S", 0.3)
    assert_host_works(host)
    template = host.template_pid(FAKE)
    assert template is not None
    os.kill(template, signal.SIGSTOP)
    with pytest.raises(EngineTimeoutError):
        host.session(FAKE, {})
    assert gone_within(template, PROMISE_S)
    assert_host_works(host)


def test_a_template_that_is_gone_before_it_forks_is_not_the_callers_business(
    host: EngineHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_host_works(host)
    fork = TemplateProcess.fork
    killed: list[int] = []

    def kill_then_fork(self: TemplateProcess) -> Any:
        if not killed:
            killed.append(self.pid)
            os.kill(self.pid, signal.SIGSTOP)  # the request is sent, and never served
            threading.Timer(0.1, os.kill, [self.pid, signal.SIGKILL]).start()
        return fork(self)

    monkeypatch.setattr(TemplateProcess, "fork", kill_then_fork)
    assert_host_works(host)
    assert killed
