"""How a ratio is measured: CPU time of both sides, in turns, medians, answers compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of the table: ``ratio`` is how many times the peer's time is ours."""

    name: str
    peer: str
    peer_s: float
    ours_s: float
    agreement: str
    """How the answers of both sides were found to agree, in this run."""
    goal: str = ""

    @property
    def ratio(self) -> float:
        """Peer's time over ours."""
        return self.peer_s / self.ours_s


def in_turns(
    ours: Callable[[], object],
    peer: Callable[[], object],
    *,
    repeats: int = 7,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float]:
    """Median time of each side, measured in turns so that a drift of the machine meets both.

    Returns
    -------
    ours_s, peer_s : float
    """
    ours(), peer()
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for side, work in zip(times, (ours, peer), strict=True):
            start = clock()
            work()
            side.append(clock() - start)
    return statistics.median(times[0]), statistics.median(times[1])
