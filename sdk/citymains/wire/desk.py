"""The desk questions are answered at: a bounded number of threads, and a bounded queue before them.

The event loop answers no question itself; it only carries bytes. What does not fit in the
queue is refused at once, since a caller who waits for its deadline learns nothing.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from citymains.call import Call
from citymains.errors import TransportError

T = TypeVar("T")


class Desk:
    """Threads that answer questions.

    Parameters
    ----------
    workers : int
        Questions answered at the same time.
    queue : int
        Questions that may wait.
    """

    def __init__(self, workers: int, queue: int) -> None:
        self.limit = workers + queue
        self._threads = concurrent.futures.ThreadPoolExecutor(workers, thread_name_prefix="citymains-desk")
        self._lock = threading.Lock()
        self._seats = 0
        self._calls: set[Call] = set()

    def sit(self, call: Call) -> Seat:
        """Take a seat for a question, from its first byte to its last.

        Raises
        ------
        TransportError
            OVERLOADED.
        """
        with self._lock:
            if self._seats >= self.limit:
                raise TransportError("OVERLOADED", limit=self.limit)
            self._seats += 1
            self._calls.add(call)
        return Seat(self, call, self._threads)

    def leave(self, call: Call) -> None:
        """Give the seat back."""
        with self._lock:
            self._seats -= 1
            self._calls.discard(call)

    @property
    def seats_taken(self) -> int:
        """Questions at work or waiting."""
        return self._seats

    def close(self) -> None:
        """Cancel whatever is still at work and let the threads end."""
        with self._lock:
            calls = list(self._calls)
        for call in calls:
            call.cancel()
        self._threads.shutdown(wait=True, cancel_futures=True)


class Seat:
    """One question at the desk. Its steps run in threads, one after the other, in one context."""

    def __init__(self, desk: Desk, call: Call, threads: concurrent.futures.ThreadPoolExecutor) -> None:
        self._desk = desk
        self._call = call
        self._threads = threads
        self._context = contextvars.copy_context()
        self._running: concurrent.futures.Future[Any] | None = None
        self._left = False

    def submit(self, work: Callable[..., T], *arguments: Any) -> concurrent.futures.Future[T]:
        """Have a thread do the next step."""

        def step() -> T:
            with self._call.active():
                self._call.check()  # it may have waited past its deadline
                return work(*arguments)

        self._running = self._threads.submit(self._context.run, step)
        return self._running

    async def run(self, work: Callable[..., T], *arguments: Any) -> T:
        """Do the next step in a thread; where the RPC ends first, the call is cancelled."""
        future = self.submit(work, *arguments)
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            self._call.cancel()
            raise

    def leave(self) -> None:
        """Give the seat back as soon as the thread is done with it."""
        if self._left:
            return
        self._left = True
        running = self._running
        if running is None:
            self._desk.leave(self._call)
        else:
            # A cancelled question is off the desk when its thread is, not before.
            running.add_done_callback(lambda _: self._desk.leave(self._call))
