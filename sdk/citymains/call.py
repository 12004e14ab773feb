"""The call a question is answered in: its deadline, its cancellation and its progress.

Local, remote and CLI callers make a :class:`Call`; engines and long questions look at the
current one. It travels by context variable, so a question's signature stays about the
question.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Iterator

from citymains.errors import CancelledError, EngineTimeoutError

ProgressListener = Callable[[float, str], None]
"""Called with the done share in 0..1 and a short text."""


class Call:
    """One question in the making.

    Parameters
    ----------
    timeout_s : float, optional
        The caller's deadline from now; None: none.
    on_progress : callable, optional
        Called with the share done and a text, from the thread that works.
    """

    def __init__(self, timeout_s: float | None = None, on_progress: ProgressListener | None = None) -> None:
        self.timeout_s = timeout_s
        self._deadline = None if timeout_s is None else time.monotonic() + timeout_s
        self._on_progress = on_progress
        self._cancelled = threading.Event()
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether the caller has gone or has cancelled."""
        return self._cancelled.is_set()

    def remaining_s(self) -> float | None:
        """Seconds until the deadline (never negative), or None."""
        return None if self._deadline is None else max(0.0, self._deadline - time.monotonic())

    def cancel(self) -> None:
        """Cancel: engines at work for this call are killed at once."""
        with self._lock:
            self._cancelled.set()
            listeners = list(self._listeners)
        for listener in listeners:
            listener()

    @contextlib.contextmanager
    def on_cancel(self, listener: Callable[[], None]) -> Iterator[None]:
        """Have `listener` called on :meth:`cancel` while the block runs (at once if it came before)."""
        with self._lock:
            self._listeners.append(listener)
            already = self._cancelled.is_set()
        if already:
            listener()
        try:
            yield
        finally:
            with self._lock:
                self._listeners.remove(listener)

    def progress(self, done: float, text: str = "") -> None:
        """Report progress; raises if the call was cancelled or its deadline has passed.

        Raises
        ------
        CancelledError, EngineTimeoutError
        """
        self.check()
        if self._on_progress is not None:
            self._on_progress(min(1.0, max(0.0, done)), text)

    def check(self) -> None:
        """Raise if the call was cancelled or its deadline has passed."""
        if self.cancelled:
            raise CancelledError()
        if self.remaining_s() == 0.0:
            raise EngineTimeoutError("DEADLINE_EXCEEDED", limit=f"{self.timeout_s:.3g}")

    @contextlib.contextmanager
    def active(self) -> Iterator[Call]:
        """Make this the current call of the block."""
        token = _CURRENT.set(self)
        try:
            yield self
        finally:
            _CURRENT.reset(token)


_CURRENT: contextvars.ContextVar[Call | None] = contextvars.ContextVar("citymains_call", default=None)


def current_call() -> Call:
    """The call being answered; one without deadline where nobody made one."""
    return _CURRENT.get() or Call()
