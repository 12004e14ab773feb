"""The engine host: where the rest of citymains gets its solvers from.

One host per process is enough: :func:`engine_host`. It starts a template process for each engine
when it is first needed, keeps it, starts it again when it has died, and ends all with itself.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from citymains.engine_host.engine import EngineSpec, find_engine
from citymains.engine_host.frames import FrameError
from citymains.engine_host.launch import start_failed
from citymains.engine_host.limits import Limits, process_limit, start_limit_s
from citymains.engine_host.links import Expired, ForkLink, Link, LinkLost
from citymains.engine_host.patience import SLICE_S, Patience
from citymains.engine_host.session import Session
from citymains.engine_host.starts import TemplateGone, TemplateProcess, start_fresh
from citymains.engine_host.template import FORKS

#: A template that needs longer than this to fork is taken for dead: forking takes milliseconds.
_FORK_S = 20.0
_GREETING_BYTES = 1 << 16


class EngineHost:
    """Starts, feeds, limits and ends engine processes. Safe to use from many threads and after a fork."""

    def __init__(self) -> None:
        self._reset()
        _HOSTS.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._templates: dict[str, TemplateProcess] = {}
        self._sessions: set[Session] = set()
        self._process_limit = process_limit()
        self._places = threading.BoundedSemaphore(self._process_limit)

    def session(
        self, engine: str, model: Mapping[str, Any], *, limits: Limits | None = None, element: str = ""
    ) -> Session:
        """Open a model in a child process of an engine.

        Parameters
        ----------
        engine : str
            An entry point of the group ``citymains.engines``, or ``module:Class``.
        model : mapping
            What the engine's ``open`` takes: a tree of None, bool, int, float, str, bytes, list, dict and arrays.
        limits : Limits, optional
            Default: :class:`Limits`, which looks at the environment.
        element : str
            What the model is called, for the errors.

        Returns
        -------
        Session
            A context manager: leaving it ends the child and removes its directory.

        Raises
        ------
        NotFoundError
            There is no such engine.
        MissingExtraError
            Its solver is not installed.
        EngineCrashedError, EngineTimeoutError, CancelledError, SolverError
            It could not be started, or did not take the model.

        Examples
        --------
        >>> with engine_host().session("epanet", {"inp": text}) as session:    # doctest: +SKIP
        ...     answer = session.run({"duration_s": 86_400})
        """
        spec = find_engine(engine)
        limits = limits or Limits()
        element = element or "model"
        self._take_place(spec, limits, element)
        try:
            session = self._start(spec, limits, element)
        except BaseException:
            self._places.release()
            raise
        try:
            session.open(model)
        except BaseException:
            session.end("its model was refused")
            raise
        return session

    def close(self) -> None:
        """End all sessions and templates. The host can be used again afterwards."""
        with self._lock:
            sessions, templates = list(self._sessions), list(self._templates.values())
            self._templates = {}
        for session in sessions:
            session.end("the engine host was closed")
        for template in templates:
            template.close()

    def template_pid(self, engine: str) -> int | None:
        """Process id of an engine's template, or None if it has none now."""
        with self._lock:
            template = self._templates.get(engine)
            return None if template is None or template.gone else template.pid

    def _take_place(self, spec: EngineSpec, limits: Limits, element: str) -> None:
        patience = Patience(
            limits.wall_s, engine=spec.name, element=element, code="ENGINE_BUSY", limit=self._process_limit
        )
        patience.check()
        while not self._places.acquire(timeout=min(SLICE_S, patience.left_s())):
            patience.check()

    def _start(self, spec: EngineSpec, limits: Limits, element: str) -> Session:
        places = self._places

        def on_end(session: Session) -> None:
            with self._lock:
                self._sessions.discard(session)
            places.release()

        link, version, scratch = self._link(spec, element)
        try:
            directory = Path(tempfile.mkdtemp(prefix="session-", dir=scratch))
        except OSError as problem:
            link.close()
            raise start_failed(spec.name, str(problem)) from problem
        session = Session(
            spec, link, directory, version=version, limits=limits, element=element, on_end=on_end
        )
        with self._lock:
            self._sessions.add(session)
        return session

    def _link(self, spec: EngineSpec, element: str) -> tuple[Link, str, Path]:
        if not FORKS or os.environ.get("CITYMAINS_ENGINE_START") == "fresh":
            link, version = start_fresh(spec, element)
            return link, version, link.scratch
        # A template gives up by itself at its limit; waiting a little longer gets its own words.
        patience = Patience(start_limit_s() + 5.0, engine=spec.name, element=element)
        for _ in range(
            3
        ):  # a template may have died since it was last asked; a new one may be killed by whoever killed it
            template = self._template(spec)
            template.wait(patience)
            with contextlib.suppress(TemplateGone):
                return self._forked(template, element), template.version, template.scratch
            self._discard(template)
        raise start_failed(spec.name, "its process dies before it can fork")

    def _template(self, spec: EngineSpec) -> TemplateProcess:
        with self._lock:
            template = self._templates.get(spec.name)
            if template is not None and not template.gone:
                return template
            if template is not None:
                template.close()
            self._templates[spec.name] = template = TemplateProcess(spec)
            return template

    def _discard(self, template: TemplateProcess) -> None:
        with self._lock:
            if self._templates.get(template.spec.name) is template:
                del self._templates[template.spec.name]
        template.close()

    def _forked(self, template: TemplateProcess, element: str) -> ForkLink:
        patience = Patience(_FORK_S, engine=template.spec.name, element=element)
        started = time.monotonic()
        link = template.fork()
        try:
            with patience.call.on_cancel(link.kill):
                hello = link.read(patience, _GREETING_BYTES)
        except (LinkLost, Expired, FrameError):
            link.close()
            error = patience.over()
            if time.monotonic() - started >= _FORK_S:
                self._discard(template)
            if error is not None:
                raise error from None
            raise TemplateGone from None
        except BaseException:
            link.close()
            raise
        link.pid = int(hello["pid"])
        return link

    def _forget(self) -> None:
        """In a forked copy of the parent: let go of what belongs to the original, and start anew."""
        templates, sessions = list(self._templates.values()), list(self._sessions)
        self._reset()
        for template in templates:
            template.forget()
        for session in sessions:
            session.forget()


_HOSTS: weakref.WeakSet[EngineHost] = weakref.WeakSet()
_host: EngineHost | None = None
_host_lock = threading.Lock()


def engine_host() -> EngineHost:
    """The engine host of this process; it is closed when the process exits."""
    global _host
    with _host_lock:
        if _host is None:
            _host = EngineHost()
            atexit.register(_host.close)
        return _host


def _forget_all() -> None:
    global _host_lock
    _host_lock = threading.Lock()
    for host in list(_HOSTS):
        host._forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
