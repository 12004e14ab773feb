"""One thread that works while somebody waits, but not for ever."""

from __future__ import annotations

import concurrent.futures
import time
from collections.abc import Callable
from typing import Any, TypeVar

from citymains.call import Call

T = TypeVar("T")


class LateError(Exception):
    """The work was not done in time; it goes on, and what comes of it is dropped."""


class Worker:
    """Works in a thread and a call of its own: nobody who waits can be held up by an engine."""

    def __init__(self) -> None:
        self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1, thread_name_prefix="advise")
        self._call = Call()
        self._last: concurrent.futures.Future[Any] | None = None
        self.late_in_a_row = 0

    def run(self, work: Callable[[], T], until_s: float) -> T:
        """The work's result, if it is there by `until_s` of `time.monotonic`.

        Raises
        ------
        LateError
            It is not; or an earlier work, which comes first, is not done.
        """
        try:
            if self._last is not None:
                concurrent.futures.wait([self._last], max(0.0, until_s - time.monotonic()))
                if not self._last.done():
                    raise LateError
            self._last = self._executor.submit(self._within_call, work)
            result: T = self._last.result(max(0.0, until_s - time.monotonic()))
        except (TimeoutError, LateError):
            self.late_in_a_row += 1
            raise LateError from None
        self.late_in_a_row = 0
        return result

    def _within_call(self, work: Callable[[], T]) -> T:
        with self._call.active():
            return work()

    def interrupt(self) -> None:
        """Kill the engines at work; the thread is free for other work then."""
        self._call.cancel()
        self._call = Call()
        self.late_in_a_row = 0

    def close(self) -> None:
        """End what is at work."""
        self._call.cancel()
        self._executor.shutdown(wait=True, cancel_futures=True)
