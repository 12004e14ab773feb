"""Many scenarios in one session: when one of them kills the engine, it is found and named, and the rest is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from citymains.engine_host.session import Session
from citymains.errors import CancelledError, SolverError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ChunkAnswer:
    """What came of a chunk.

    Attributes
    ----------
    pieces : tuple of (range, dict)
        Answers with the positions of the scenarios they are about, in order; one piece if nothing failed.
    failed : mapping of int to SolverError
        Position of each scenario that failed alone, and how.
    """

    pieces: tuple[tuple[range, dict[str, Any]], ...]
    failed: Mapping[int, SolverError]


def run_chunk(
    open_session: Callable[[], Session],
    scenarios: Sequence[T],
    task: Callable[[Sequence[T]], Mapping[str, Any]],
    *,
    name: Callable[[T], str] = str,
    size: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> ChunkAnswer:
    """Have an engine answer a chunk of scenarios in one task, or a few at a time; halve what fails until it is one.

    With one culprit among n scenarios this costs about log2(n) more sessions, each of which may run to its limit.

    Parameters
    ----------
    open_session : callable
        Opens the model; called again whenever a scenario has ended a session.
    scenarios : sequence
    task : callable
        Makes the engine's task for some of the scenarios.
    name : callable
        What a scenario is called, for the error of the culprit.
    size : int, optional
        Most scenarios in one task, all of them in the same session; None: all.
    progress : callable, optional
        Called after every task with the share of the scenarios that is done.

    Raises
    ------
    CancelledError, EngineTimeoutError
        The call was cancelled, or its deadline has passed.
    CitymainsError
        The model itself cannot be opened.
    """
    answers: list[tuple[range, dict[str, Any]]] = []
    failed: dict[int, SolverError] = {}
    count, most = len(scenarios), size or len(scenarios)
    waiting = [range(at, min(at + most, count)) for at in range(0, count, most or 1)][::-1]
    session: Session | None = None
    try:
        while waiting:
            part = waiting.pop()
            if session is None or session.over:
                session = open_session()
            some = [scenarios[position] for position in part]
            try:
                answers.append(
                    (part, session.run(task(some), element=name(some[0]) if len(some) == 1 else ""))
                )
                if progress is not None:
                    progress(1.0 - sum(map(len, waiting)) / count)
            except SolverError as error:
                if isinstance(error, CancelledError) or error.code == "DEADLINE_EXCEEDED":
                    raise
                if len(part) == 1:
                    failed[part[0]] = error
                else:
                    middle = len(part) // 2
                    waiting += [part[middle:], part[:middle]]
    finally:
        if session is not None:
            session.close()
    return ChunkAnswer(tuple(sorted(answers, key=lambda piece: piece[0].start)), failed)
