"""Chunks of scenarios with culprits among them."""

from __future__ import annotations

from typing import Any

import pytest
from citymains.call import Call
from citymains.engine_host.batch import run_chunk
from citymains.engine_host.client import EngineHost
from citymains.engine_host.limits import Limits
from citymains.engine_host.session import Session
from citymains.errors import (
    CancelledError,
    EngineCrashedError,
    EngineTimeoutError,
    NotConvergedError,
    SolverError,
)

SEGFAULT = {"do": "segfault"}


class Opener:
    """Opens sessions and counts them."""

    def __init__(self, host: EngineHost, bad: dict[str, Any]) -> None:
        self.host, self.bad, self.count = host, bad, 0

    def __call__(self) -> Session:
        self.count += 1
        return self.host.session(
            "fake_engine:FakeEngine",
            {"bad": self.bad},
            limits=Limits(wall_s=0.5, memory_mib=200),
            element="town",
        )


def squares(answer: Any) -> dict[int, int]:
    return {
        position: value
        for part, got in answer.pieces
        for position, value in zip(part, got["squares"], strict=True)
    }


def task(scenarios: Any) -> dict[str, Any]:
    return {"do": "many", "scenarios": list(scenarios)}


def test_a_chunk_without_culprits_is_one_task(host: EngineHost) -> None:
    opener = Opener(host, {})
    answer = run_chunk(opener, range(100, 200), task)
    assert [part for part, _ in answer.pieces] == [range(100)]
    assert squares(answer) == {n: (100 + n) ** 2 for n in range(100)}
    assert (answer.failed, opener.count) == ({}, 1)


@pytest.mark.parametrize("culprits", [[0], [31], [63], [7, 8], [0, 20, 21, 63]])
def test_culprits_are_named_and_the_rest_is_answered(host: EngineHost, culprits: list[int]) -> None:
    opener = Opener(host, {str(one): SEGFAULT for one in culprits})
    answer = run_chunk(opener, range(64), task, name="scenario {}".format)
    assert sorted(answer.failed) == culprits
    for one in culprits:
        assert isinstance(answer.failed[one], EngineCrashedError)
        assert answer.failed[one].context["element"] == f"scenario {one}"
    assert squares(answer) == {n: n**2 for n in range(64) if n not in culprits}
    assert opener.count <= 1 + 7 * len(culprits)


def test_every_kind_of_failure_has_its_own_error(host: EngineHost) -> None:
    bad = {
        "1": {"do": "sleep", "seconds": 60}, "3": {"do": "fault", "code": "NOT_CONVERGED"},
        "4": {"do": "allocate", "mib": 500}, "6": {"do": "raise"},
    }  # fmt: skip
    answer = run_chunk(Opener(host, bad), range(8), task)
    assert {n: (type(error), error.code) for n, error in answer.failed.items()} == {
        1: (EngineTimeoutError, "ENGINE_TIMEOUT"),
        3: (NotConvergedError, "NOT_CONVERGED"),
        4: (SolverError, "ENGINE_OUT_OF_MEMORY"),
        6: (SolverError, "ENGINE_FAILED"),
    }
    assert squares(answer) == {n: n**2 for n in (0, 2, 5, 7)}


def test_the_callers_end_is_the_end(host: EngineHost) -> None:
    opener = Opener(host, {"3": {"do": "sleep", "seconds": 60}})
    with Call(timeout_s=0.3).active(), pytest.raises(EngineTimeoutError):
        run_chunk(opener, range(8), task)
    call = Call()
    call.cancel()
    with call.active(), pytest.raises(CancelledError):
        run_chunk(opener, range(8), task)
    assert run_chunk(opener, [], task).pieces == ()
