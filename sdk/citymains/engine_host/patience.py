"""How long to wait: until the limit, the caller's deadline, or the caller's cancellation."""

from __future__ import annotations

import time

from citymains.call import Call, current_call
from citymains.errors import CancelledError, EngineTimeoutError, SolverError

#: How often something that cannot be woken looks at the caller's cancellation.
SLICE_S = 0.05


class Patience:
    """The patience with one request to an engine.

    Parameters
    ----------
    limit_s : float
        From now [s]; the current call's deadline counts too.
    engine, element : str
        Named in the error.
    code : str
        Code of the error if the limit, not the caller's deadline, is what ends it.
    limit : object
        What the error names as limit; the default is `limit_s`.
    """

    def __init__(
        self,
        limit_s: float,
        *,
        engine: str,
        element: str = "",
        code: str = "ENGINE_TIMEOUT",
        limit: object = None,
    ) -> None:
        self.call: Call = current_call()
        self._names = {"engine": engine, "element": element or None}
        self._code = code
        self._limit = f"{limit_s:g}" if limit is None else limit
        self._until = time.monotonic() + limit_s

    def left_s(self) -> float:
        """Seconds left, never negative."""
        left = max(0.0, self._until - time.monotonic())
        remaining = self.call.remaining_s()
        return left if remaining is None else min(left, remaining)

    def over(self) -> SolverError | None:
        """The error if it is over, or None."""
        if self.call.cancelled:
            return CancelledError(**self._names)
        return self.expired() if self.left_s() <= 0.0 else None

    def check(self) -> None:
        """Raise if it is over.

        Raises
        ------
        CancelledError, EngineTimeoutError
        """
        error = self.over()
        if error is not None:
            raise error

    def expired(self) -> SolverError:
        """The error for a wait that took too long."""
        if self.call.remaining_s() == 0.0:
            return EngineTimeoutError("DEADLINE_EXCEEDED", limit=f"{self.call.timeout_s:.3g}", **self._names)
        return EngineTimeoutError(self._code, limit=self._limit, **self._names)
