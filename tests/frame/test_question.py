"""Questions are methods; what the wire and the command line need is read from them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from citymains.call import Call, current_call
from citymains.errors import CancelledError, EngineTimeoutError, InputError
from citymains.model.scenario import Close, ScaleDemand, Scenario
from citymains.question import Face, Shape, question, questions


@dataclass(frozen=True)
class Tick:
    number: int


class Clock(Face):
    name = "clock"

    @question(rpc="Tick")
    def tick(self, number: int, *, step: float = 1.0) -> Tick:
        """Give a tick.

        Parameters
        ----------
        number : int
            Which one,
            counted from 0.
        step : float
            Width. [s]

        Returns
        -------
        Tick
        """
        return Tick(number)

    @question(rpc="RunClock", shape=Shape.LONG)
    def run(self, *, ticks: int = 3) -> Tick:
        """Tick for a while."""
        for number in range(ticks):
            current_call().progress(number / ticks, f"tick {number}")
            time.sleep(0.005)
        return Tick(ticks)

    @question(rpc="WatchClock", shape=Shape.WATCH)
    def watch(self) -> Iterator[Tick]:
        """Give ticks."""
        yield Tick(0)


def test_parameters_come_from_signature_and_docstring() -> None:
    number, step = questions(Clock)["tick"].parameters
    assert (number.name, number.type, number.required, number.description) == (
        "number",
        int,
        True,
        "Which one, counted from 0.",
    )
    assert (step.default, step.required) == (1.0, False)
    assert questions(Clock)["tick"].summary == "Give a tick."
    assert questions(Clock)["watch"].returns is Tick


def test_a_long_question_is_a_handle_with_progress() -> None:
    handle = Clock().run(ticks=4)
    seen = list(handle.watch(interval_s=0.001))
    assert handle.result(5) == Tick(4)
    assert seen[-1][1] == "tick 3"


def test_what_a_handle_lacks_its_record_has() -> None:
    handle = Clock().run(ticks=4)
    assert handle.number == 4
    with pytest.raises(AttributeError):
        _ = handle.nothing_of_the_kind
    assert not hasattr(handle, "_repr_html_"), "a notebook that looks for it must not wait"


def test_a_cancelled_question_raises_for_whoever_waits() -> None:
    handle = Clock().run(ticks=10_000)
    handle.cancel()
    with pytest.raises(CancelledError):
        handle.result(5)


def test_a_call_past_its_deadline_says_so() -> None:
    with Call(timeout_s=0.0).active() as call, pytest.raises(EngineTimeoutError, match="DEADLINE_EXCEEDED"):
        call.progress(0.5)


def test_a_listener_that_comes_late_is_told_at_once() -> None:
    call, told = Call(), []
    call.cancel()
    with call.on_cancel(lambda: told.append(1)):
        assert told == [1]


def test_scenarios_add_up_and_refuse_what_a_question_does_not_take() -> None:
    assert Scenario.close("P-1", start_s=60).edits[0].start_s.hex() == (60.0).hex(), (
        "one form of a number: 60.0"
    )
    scenario = Scenario.close(pipes="P-1", start_s=60) + Scenario.scale_demand(1.2)
    assert [type(edit) for edit in scenario.edits] == [Close, ScaleDemand]
    scenario.require("water.pressure", (Close, ScaleDemand))
    with pytest.raises(InputError, match="SCENARIO_UNSUPPORTED"):
        scenario.require("gas.pressure", (Close,))
    with pytest.raises(InputError):
        Scenario.scale_demand(float("nan"))
