"""A session's answers, refusals and surroundings, in forked and in fresh children."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from citymains.engine_host.client import EngineHost
from citymains.engine_host.engine import Engine, find_engine
from citymains.engine_host.limits import Limits
from citymains.errors import (
    InputError,
    MissingExtraError,
    NotConvergedError,
    NotFoundError,
    ResultRejectedError,
    SolverError,
)

FAKE = "fake_engine:FakeEngine"
needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


def test_model_task_and_answer_travel(any_host: EngineHost) -> None:
    model = {"ids": np.array(["J1", "水厂"]), "raw": b"\x00\xff", "nothing": None, "text": "管网" * 3000}
    with any_host.session(FAKE, model) as session:
        assert session.engine_version == "fake 1.0"
        assert session.pid > 0
        first = session.run({"do": "echo", "x": np.arange(6.0).reshape(2, 3), "n": [1, 2.5, {"k": True}]})
        second = session.run({"do": "echo"})
    np.testing.assert_array_equal(first["task"]["x"], np.arange(6.0).reshape(2, 3))
    assert first["task"]["n"] == [1, 2.5, {"k": True}]
    assert first["model"]["ids"].tolist() == ["J1", "水厂"]
    assert {**first["model"], "ids": 0} == {**model, "ids": 0}
    assert second["task"] == {"do": "echo"}


def test_large_models_and_answers_travel(any_host: EngineHost) -> None:
    block = np.random.default_rng(1).random(3_000_000)
    with any_host.session(FAKE, {"block": block}) as session:
        back = session.run({"do": "echo", "other": block[::-1]})
    np.testing.assert_array_equal(back["model"]["block"], block)
    np.testing.assert_array_equal(back["task"]["other"], block[::-1])


@needs_linux
def test_the_child_lives_in_a_place_of_its_own(any_host: EngineHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYMAINS_TOKEN", "secret")
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@host/db")
    with any_host.session(FAKE, {}, limits=Limits(file_mib=7)) as session:
        directory = session.directory
        seen = session.run({"do": "look"})
        assert (directory / ".engine-output").exists()
        assert directory.stat().st_mode & 0o077 == 0
    assert not directory.exists()
    assert seen["cwd"] == seen["directory"] == seen["tmp"] == str(directory)
    assert str(directory).isascii()
    assert seen["pid"] == seen["pgid"] == seen["sid"] == session.pid
    assert seen["stdin"] == ""
    assert seen["core"] == 0
    assert seen["fsize"] == 7 << 20
    assert seen["environment"]["OMP_NUM_THREADS"] == "1"
    assert not [name for name in seen["environment"] if "TOKEN" in name or "DATABASE" in name]
    assert not [
        name
        for name in seen["modules"]
        if name.split(".")[0] in ("grpc", "sqlalchemy", "pandas", "wntr", "pytest")
    ]
    links = {fd: target for fd, target in seen["fds"].items() if int(fd) > 2}
    assert sum(target.startswith("socket:") for target in links.values()) <= 1, links
    assert len([target for target in links.values() if not target.startswith("/proc")]) <= 2, links


@needs_linux
def test_a_child_holds_no_other_sessions_sockets(host: EngineHost) -> None:
    with host.session(FAKE, {}), host.session(FAKE, {}), host.session(FAKE, {}) as last:
        fds = last.run({"do": "look"})["fds"]
    assert sum(target.startswith("socket:") for target in fds.values()) == 1


def test_what_the_engine_prints_stays_in_its_directory(
    any_host: EngineHost, capfd: pytest.CaptureFixture[str]
) -> None:
    with any_host.session(FAKE, {}) as session:
        session.run({"do": "print"})
        assert "from C, too" in (session.directory / ".engine-output").read_text()
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("task", "kind", "code"),
    [
        ({"code": "NOT_CONVERGED", "message": "no balance"}, NotConvergedError, "NOT_CONVERGED"),
        ({"code": "RESULT_REJECTED", "message": "-417,525 m"}, ResultRejectedError, "RESULT_REJECTED"),
        ({"code": "ENGINE_OUT_OF_MEMORY", "message": "101"}, SolverError, "ENGINE_OUT_OF_MEMORY"),
        ({"code": "EN200", "message": "one or more errors in input file"}, SolverError, "ENGINE_FAILED"),
        ({"code": "", "message": ""}, SolverError, "ENGINE_FAILED"),
    ],
)
def test_faults_become_typed_errors(
    host: EngineHost, task: dict[str, str], kind: type[SolverError], code: str
) -> None:
    with host.session(FAKE, {}, element="town") as session:
        with pytest.raises(SolverError) as caught:
            session.run({"do": "fault", **task, "details": {"element": "P-7", "line": 3, "engine": "forged"}})
        assert type(caught.value) is kind
        assert caught.value.code == code
        assert caught.value.engine == FAKE
        assert caught.value.context["value"] == task["message"]
        assert caught.value.context["element"] == "P-7"
        assert session.run({"do": "echo"}), "a fault does not end the session"


def test_an_unexpected_exception_is_told_without_a_traceback(any_host: EngineHost) -> None:
    with any_host.session(FAKE, {}) as session:
        with pytest.raises(SolverError, match="ValueError: truth value of an empty array") as caught:
            session.run({"do": "raise"})
        assert caught.value.code == "ENGINE_FAILED"
        assert "Traceback" not in str(caught.value)
        assert "fake_engine.do_raise" in caught.value.context["trace"]
        assert not [text for text in caught.value.context.values() if "/" in text]
        assert session.run({"do": "echo"})


def test_a_fault_on_opening_ends_the_session(any_host: EngineHost) -> None:
    with pytest.raises(NotConvergedError):
        any_host.session(FAKE, {"on_open": {"do": "fault", "code": "NOT_CONVERGED"}})


def test_what_the_answer_may_not_be(host: EngineHost) -> None:
    with host.session(FAKE, {}) as session:
        with pytest.raises(SolverError, match="not a mapping"):
            session.run({"do": "answer"})
        with pytest.raises(SolverError, match="is a set, which does not travel"):
            session.run({"do": "answer", "what": "set"})
        with pytest.raises(TypeError, match="does not travel"):
            session.run({"do": "echo", "x": {1}})
        assert session.run({"do": "echo"})


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 200 OK\r\n" * 10, bytes(64), b"CMF1\x02\x00\x00\x00" + bytes(8) + b"42"]
)
def test_garbage_from_the_child_is_rejected(host: EngineHost, garbage: bytes) -> None:
    with host.session(FAKE, {}) as session:
        with pytest.raises(ResultRejectedError):
            session.run({"do": "garbage", "bytes": garbage})
        with pytest.raises(SolverError) as caught:
            session.run({"do": "echo"})
        assert caught.value.code == "ENGINE_SESSION_OVER"


def test_a_frame_that_says_it_is_enormous_is_rejected(host: EngineHost) -> None:
    with host.session(FAKE, {}) as session, pytest.raises(ResultRejectedError, match="accepted"):
        session.run({"do": "huge"})


def test_a_missing_solver_names_its_extra(any_host: EngineHost) -> None:
    with pytest.raises(MissingExtraError, match="a_solver_nobody_has") as caught:
        any_host.session("missing_solver:Engine", {})
    assert caught.value.context["limit"] == "missing_solver"
    with (
        any_host.session("fake_engine:ExtraEngine", {}) as session,
        pytest.raises(MissingExtraError) as caught,
    ):
        session.run({"do": "import", "module": "a_solver_nobody_has"})
    with pytest.raises(MissingExtraError) as caught:
        any_host.session(
            "fake_engine:ExtraEngine", {"on_open": {"do": "import", "module": "a_solver_nobody_has"}}
        )
    assert caught.value.context["limit"] == "water"
    assert "citymains[water]" in str(caught.value)


@pytest.mark.parametrize(
    ("engine", "words"),
    [
        ("fake_engine:FailingEngine", "wrong ELF class"),
        ("fake_engine:NoEngine", "is not an engine"),
        ("fake_engine:Nothing", "Nothing"),
        ("no_such_module:Engine", "no_such_module"),
        ("fake_engine:CrashingEngine", "SIGSEGV while it was imported"),
    ],
)
def test_an_engine_that_cannot_start_says_why(any_host: EngineHost, engine: str, words: str) -> None:
    for _ in range(2):
        with pytest.raises(SolverError, match=words) as caught:
            any_host.session(engine, {})
        assert caught.value.code == "ENGINE_START_FAILED"


def test_an_unknown_engine_is_not_found(host: EngineHost) -> None:
    for name in ("no-such-engine", "", ":", "module:"):
        with pytest.raises(NotFoundError):
            host.session(name, {})


def test_the_engines_of_this_installation_are_found_without_importing_them() -> None:
    before = set(sys.modules)
    spec = find_engine("epanet")
    assert (spec.module, spec.attribute, spec.extra) == ("citymains_water.solver", "EpanetEngine", "water")
    assert "citymains_water.solver" not in set(sys.modules) - before
    assert isinstance(find_engine(FAKE).load(), Engine)


def test_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Limits() == Limits(wall_s=600, memory_mib=4096, file_mib=1024)
    monkeypatch.setenv("CITYMAINS_ENGINE_WALL_S", "1.5")
    monkeypatch.setenv("CITYMAINS_ENGINE_MEMORY_MIB", "100")
    monkeypatch.setenv("CITYMAINS_ENGINE_FILE_MIB", "7")
    assert Limits() == Limits(wall_s=1.5, memory_mib=100, file_mib=7)
    assert Limits(wall_s=3).wall_s == 3
    for bad in ("soon", "0", "-1", "inf", "nan"):
        monkeypatch.setenv("CITYMAINS_ENGINE_WALL_S", bad)
        with pytest.raises(InputError, match="CITYMAINS_ENGINE_WALL_S"):
            Limits()
    with pytest.raises(InputError):
        Limits(wall_s=1, memory_mib=0)


def test_a_closed_session_answers_no_more(any_host: EngineHost) -> None:
    session = any_host.session(FAKE, {})
    session.close()
    session.close()
    with pytest.raises(SolverError) as caught:
        session.run({"do": "echo"})
    assert caught.value.code == "ENGINE_SESSION_OVER"
    assert not Path(session.directory).exists()
