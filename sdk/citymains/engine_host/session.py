"""One model, open in a child process, as the parent sees it."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from citymains.engine_host import failures
from citymains.engine_host.engine import EngineSpec
from citymains.engine_host.frames import Buffer, FrameError, encode
from citymains.engine_host.limits import Limits
from citymains.engine_host.links import Expired, Link, LinkLost
from citymains.engine_host.patience import Patience
from citymains.errors import CitymainsError, SolverError

#: How long a child may take to close its model, before it is killed.
_CLOSE_S = 5.0
#: How long a killed child's end is waited for. A process that the kernel cannot kill is left behind.
_DEATH_S = 1.0
_MIB = 1 << 20


class Session:
    """A model open in an engine's child process. Made by :meth:`EngineHost.session`; a context manager.

    Attributes
    ----------
    engine_version : str
        The solver's name and version.
    pid : int
        Process id of the child, which is its process group too.
    directory : Path
        The child's private directory; removed with the session.
    """

    def __init__(
        self,
        spec: EngineSpec,
        link: Link,
        directory: Path,
        *,
        version: str,
        limits: Limits,
        element: str,
        on_end: Callable[[Session], None],
    ) -> None:
        self.engine_version = version
        self.limits = limits
        self.directory = directory
        self._spec = spec
        self._link = link
        self._element = element
        self._on_end = on_end
        self._over = ""
        self._lock = threading.Lock()
        self._end_lock = threading.Lock()
        self._owner_pid = os.getpid()

    @property
    def pid(self) -> int:
        """Process id of the child."""
        return self._link.pid

    @property
    def over(self) -> bool:
        """Whether it has ended, and a new one is needed."""
        return bool(self._over)

    def open(self, model: Mapping[str, Any]) -> None:
        """Hand the child its place, its limits and the model. Called once, by the host."""
        limits = {
            "wall_s": self.limits.wall_s,
            "memory_mib": self.limits.memory_mib,
            "file_mib": self.limits.file_mib,
        }
        start = {"do": "start", "directory": str(self.directory), "limits": limits}
        said = self._exchange([start, {"do": "open", "model": model}], self._element)
        if said.get("said") != "opened":
            raise self._unexpected(said, self._element)

    def run(self, task: Mapping[str, Any], *, element: str = "") -> dict[str, Any]:
        """Have the engine answer one task.

        Parameters
        ----------
        task : mapping
            A tree of None, bool, int, float, str, bytes, list, dict and numpy arrays.
        element : str
            What is being worked on, for the error if the engine dies; default: the session's.

        Returns
        -------
        dict
            The engine's answer, a tree of the same types. Its arrays are writable and belong to the caller.

        Raises
        ------
        EngineCrashedError
            The child died; the session is over.
        EngineTimeoutError, CancelledError
            The limit, the call's deadline or its cancellation came first; the session is over.
        NotConvergedError, ResultRejectedError, SolverError
            The engine refused; the session goes on, unless memory ran out or the answer was garbage.
        """
        element = element or self._element
        said = self._exchange([{"do": "run", "task": task}], element)
        answer = said.get("answer")
        if said.get("said") != "answer" or not isinstance(answer, dict):
            raise self._unexpected(said, element)
        return answer

    def close(self) -> None:
        """Close the model and end the child; at once if it does not close within five seconds."""
        if not self._over and os.getpid() == self._owner_pid:
            with self._lock:
                patience = Patience(_CLOSE_S, engine=self._spec.name)
                try:
                    self._link.write(encode({"do": "close"}), patience)
                    self._link.fate(patience.left_s())
                except (LinkLost, Expired):
                    pass  # it is ended below
        self.end("it was closed")

    def end(self, why: str) -> None:
        """Kill the child if it lives, and remove its directory."""
        with self._end_lock:
            if self._over:
                return
            self._over = why
        if os.getpid() != self._owner_pid:
            return
        self._link.kill()
        self._link.fate(_DEATH_S)
        _remove(self.directory)
        self._link.close()
        self._on_end(self)

    def forget(self) -> None:
        """Let go in a forked copy of the parent: the child belongs to the original."""
        self._over = "it belongs to the process this one was forked from"
        self._link.forget()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.end("it was left by an error")

    def _exchange(self, messages: Sequence[Mapping[str, Any]], element: str) -> dict[str, Any]:
        patience = Patience(self.limits.wall_s, engine=self._spec.name, element=element)
        parts = [part for message in messages for part in _encoded(message)]
        with self._lock:
            if self._over:
                raise self._session_over()
            patience.check()
            try:
                with patience.call.on_cancel(self._link.kill):
                    self._link.write(parts, patience)
                    said = self._link.read(patience, int(self.limits.memory_mib * _MIB))
            except (Expired, LinkLost, FrameError) as problem:
                error = self._failure(problem, patience, element)
                self.end(str(error))
                raise error from None
            except BaseException:  # a KeyboardInterrupt leaves half a frame behind
                self.end("it was interrupted")
                raise
        if not isinstance(said, dict):
            raise self._unexpected({}, element)
        return said

    def _failure(self, problem: Exception, patience: Patience, element: str) -> SolverError:
        if self._over:
            return self._session_over()
        if isinstance(problem, FrameError):
            return failures.rejected(self._spec, str(problem), element)
        if isinstance(problem, Expired) or patience.call.cancelled:
            return patience.over() or patience.expired()
        return failures.from_death(
            self._spec, self._link.fate(_DEATH_S), element, self.limits, self.directory
        )

    def _session_over(self) -> SolverError:
        return SolverError("ENGINE_SESSION_OVER", engine=self._spec.name, value=self._over)

    def _unexpected(self, said: Mapping[str, Any], element: str) -> CitymainsError:
        """The error for anything but the answer, which ends the session unless it can go on."""
        if said.get("said") == "fault":
            error = failures.from_fault(self._spec, said, element, self.limits)
            if said.get("kind") == "memory":
                self.end(str(error))
            return error
        self.end("it answered garbage")
        return failures.rejected(self._spec, "the process does not keep to the protocol", element)


def _remove(directory: Path) -> None:
    """Remove a directory that a process which has not quite died yet may still be writing to."""
    until = time.monotonic() + _DEATH_S
    shutil.rmtree(directory, ignore_errors=True)
    while directory.exists() and time.monotonic() < until:
        time.sleep(0.005)
        shutil.rmtree(directory, ignore_errors=True)


def _encoded(message: Mapping[str, Any]) -> list[Buffer]:
    try:
        return encode(message)
    except FrameError as problem:
        raise TypeError(str(problem)) from problem
