"""Branches: what-if runs from the simulation's present, each in a fork of its process.

A forked child goes on with the simulation exactly as its parent would, bit by bit; a fork costs
about a millisecond. A child answers over a pipe and leaves by `_exit`: files its parent has open
are not flushed or closed twice. Children belong to the engine's process group and die with it.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from citymains.engine_host import frames
from citymains.engine_host.engine import EngineFault

Work = Callable[[], Mapping[str, Any]]

#: Whether this platform can fork; elsewhere branches are fresh processes from a hot start.
FORKS = hasattr(os, "fork")
_MOST_BYTES = 1 << 30


def run_branches(
    works: Sequence[Work], *, workers: int, deadline_s: float | None = None
) -> list[dict[str, Any] | None]:
    """Run each work in a fork of this process, a few at a time.

    Parameters
    ----------
    works : sequence of callable
        Each returns a tree of plain values; it may spoil the simulation as it likes.
    workers : int
        Forks at once, >= 1.
    deadline_s : float, optional
        `time.monotonic` after which no more are waited for; those not finished give None.

    Raises
    ------
    EngineFault
        What a work raised; DRAINAGE_BRANCH_DIED where its process died.
    """
    answers: list[dict[str, Any] | None] = [None] * len(works)
    waiting = list(enumerate(works))[::-1]
    running: dict[int, tuple[int, int, bytearray]] = {}
    gc.collect(0)
    try:
        while waiting or running:
            while waiting and len(running) < workers:
                at, work = waiting.pop()
                fd, pid = _fork(work, list(running))
                running[fd] = (at, pid, bytearray())
            left = None if deadline_s is None else deadline_s - time.monotonic()
            if left is not None and left <= 0:
                break
            ready, _, _ = select.select(list(running), [], [], left)
            for fd in ready:
                chunk = os.read(fd, 1 << 20)
                at, pid, held = running[fd]
                if chunk:
                    held += chunk
                    continue
                os.close(fd)
                del running[fd]
                os.waitpid(pid, 0)
                answers[at] = _read(bytes(held))
    finally:
        for fd, (_, pid, _) in running.items():
            os.close(fd)
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    return answers


def _fork(work: Work, others: Sequence[int]) -> tuple[int, int]:
    reading, writing = os.pipe()
    pid = os.fork()
    if pid:
        os.close(writing)
        return reading, pid
    status = 1
    try:
        os.close(reading)
        for fd in others:
            os.close(fd)
        _write(writing, _answered(work))
        status = 0
    finally:
        os._exit(status)


def _answered(work: Work) -> dict[str, Any]:
    try:
        return {"answer": dict(work())}
    except EngineFault as fault:
        return {
            "fault": fault.code,
            "message": fault.message,
            "details": {k: str(v) for k, v in fault.details.items()},
        }
    except Exception as error:
        return {"fault": "ENGINE_FAILED", "message": f"{type(error).__name__}: {error}", "details": {}}


def _write(fd: int, tree: Mapping[str, Any]) -> None:
    for part in frames.encode(tree):
        view = memoryview(part).cast("B")
        while view:
            view = view[os.write(fd, view) :]


def _read(content: bytes) -> dict[str, Any]:
    place = 0

    def read_into(view: memoryview) -> None:
        nonlocal place
        if place + len(view) > len(content):
            raise EOFError
        view[:] = content[place : place + len(view)]
        place += len(view)

    try:
        tree = frames.read(read_into, _MOST_BYTES)
    except (EOFError, frames.FrameError) as error:
        raise EngineFault("DRAINAGE_BRANCH_DIED", "a branch of the simulation died") from error
    if "fault" in tree:
        raise EngineFault(str(tree["fault"]), str(tree["message"]), **tree["details"])
    answer = tree["answer"]
    assert isinstance(answer, dict)
    return answer
