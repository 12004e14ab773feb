"""The parent's two ways to a child: ask a template to fork one, or start a fresh process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from typing import Any

from citymains.engine_host import failures, frames
from citymains.engine_host.engine import EngineSpec
from citymains.engine_host.launch import make_scratch, start_failed, start_process
from citymains.engine_host.limits import start_limit_s
from citymains.engine_host.links import Expired, ForkLink, FreshLink, LinkLost, fate_text
from citymains.engine_host.patience import SLICE_S, Patience
from citymains.errors import CitymainsError, SolverError

#: A process that has nothing to say yet but its name says no more than this.
_MAX_GREETING_BYTES = 1 << 20
_LOG_TAIL_BYTES = 500
_LEAVE_S = 2.0
_TOO_SLOW = "ENGINE_START_FAILED"


class TemplateGone(Exception):  # noqa: N818  (an event the host answers with a new template)
    """The template died before it forked a child."""


class TemplateProcess:
    """The parent's handle of one engine's template process."""

    def __init__(self, spec: EngineSpec) -> None:
        self.spec = spec
        self.version = ""
        self.scratch = make_scratch(spec.name)
        self._start_limit_s = start_limit_s()
        self._ready = threading.Event()
        self._error: CitymainsError | None = None
        self._ask_lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        try:
            with theirs, (self.scratch / "template-output").open("wb") as log:
                arguments = ["--control", str(theirs.fileno())]
                self._process = start_process(
                    spec.name, arguments, scratch=self.scratch, log=log,
                    stdin=subprocess.DEVNULL, stdout=log, pass_fds=(theirs.fileno(),),
                )  # fmt: skip
        except BaseException:
            self._control.close()
            shutil.rmtree(self.scratch, ignore_errors=True)
            raise
        threading.Thread(target=self._await_greeting, name=f"start of {spec.name}", daemon=True).start()

    @property
    def gone(self) -> bool:
        """Whether it has failed to start, or has died."""
        return self._error is not None or self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Process id of the template."""
        return self._process.pid

    def wait(self, patience: Patience) -> None:
        """Wait until the engine is loaded.

        Raises
        ------
        MissingExtraError, SolverError
            It could not be loaded.
        CancelledError, EngineTimeoutError
            The patience was over first; the template goes on loading for the next caller.
        """
        while not self._ready.wait(min(SLICE_S, patience.left_s())):
            patience.check()
        if self._error is not None:
            raise self._error

    def fork(self) -> ForkLink:
        """Ask for a child.

        Raises
        ------
        TemplateGone
        """
        session, their_session = socket.socketpair()
        leash, their_leash = socket.socketpair()
        with their_session, their_leash:
            try:
                with self._ask_lock:
                    socket.send_fds(self._control, [b"f"], [their_session.fileno(), their_leash.fileno()])
            except OSError as problem:
                session.close()
                leash.close()
                raise TemplateGone from problem
        return ForkLink(session, leash)

    def close(self) -> None:
        """End the template and all its children."""
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)  # closing alone does not wake a thread that waits for it
        self._control.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LEAVE_S)
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_LEAVE_S)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def forget(self) -> None:
        """Let go in a forked copy of the parent: the template belongs to the original."""
        self._control.close()
        self._process.returncode = 0  # it is not this process's child; nobody here may wait for it

    def _await_greeting(self) -> None:
        try:
            self._control.settimeout(self._start_limit_s)
            said = frames.read(self._read_into, _MAX_GREETING_BYTES)
            self._control.settimeout(_LEAVE_S)
            if said.get("said") == "ready":
                self.version = str(said["version"])
            else:
                self._error = failures.from_start(self.spec, said)
        except TimeoutError:
            self._error = _too_slow(self.spec, self._start_limit_s)
        except (OSError, EOFError, frames.FrameError, AttributeError, KeyError):
            self._error = start_failed(self.spec.name, self._last_words())
        if self._error is not None:
            self.close()
        self._ready.set()

    def _read_into(self, view: memoryview) -> None:
        while view:
            count = self._control.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]

    def _last_words(self) -> str:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_LEAVE_S)
        code = self._process.returncode
        fate = "garbage" if code is None else fate_text(code)
        try:
            log = (
                (self.scratch / "template-output").read_bytes()[-_LOG_TAIL_BYTES:].decode("utf-8", "replace")
            )
        except OSError:
            log = ""
        return f"{fate} while it was imported. {log.replace(str(self.scratch), '.').strip()}".strip()


def start_fresh(spec: EngineSpec, element: str) -> tuple[FreshLink, str]:
    """Start a process for one session alone; give its link and the engine's version.

    Raises
    ------
    MissingExtraError, SolverError, CancelledError, EngineTimeoutError
    """
    limit_s = start_limit_s()
    patience = Patience(limit_s, engine=spec.name, element=element, code=_TOO_SLOW)
    patience.check()
    scratch = make_scratch(spec.name)
    try:
        with (scratch / "process-output").open("wb") as log:
            process = start_process(
                spec.name, [], scratch=scratch, log=log, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise
    link = FreshLink(process, scratch)
    try:
        with patience.call.on_cancel(link.kill):
            said = link.read(patience, _MAX_GREETING_BYTES)
            _check_ready(spec, said)
            link.read(patience, _MAX_GREETING_BYTES)
    except (LinkLost, Expired, frames.FrameError):
        link.close()
        error = patience.over()
        if error is None:
            error = start_failed(spec.name, f"{link.fate(0.0) or 'garbage'} while it was imported")
        elif error.code == _TOO_SLOW:
            error = _too_slow(spec, limit_s)
        raise error from None
    except BaseException:
        link.close()
        raise
    return link, str(said["version"])


def _too_slow(spec: EngineSpec, limit_s: float) -> SolverError:
    return start_failed(spec.name, f"it was not imported within {limit_s:g} s")


def _check_ready(spec: EngineSpec, said: Any) -> None:
    if not isinstance(said, Mapping) or said.get("said") != "ready":
        raise failures.from_start(spec, said if isinstance(said, Mapping) else {})
