"""The parent's end of a child: send and receive with patience, kill, and learn how it died."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from citymains.engine_host import frames
from citymains.engine_host.patience import Patience


class LinkLost(Exception):  # noqa: N818  (an event, turned into an error by those who know the engine)
    """The child is gone, or has hung up."""


class Expired(Exception):  # noqa: N818
    """The patience is over."""


class Link(Protocol):
    """What a session needs of a process, however it was started."""

    pid: int

    def write(self, parts: Sequence[frames.Buffer], patience: Patience) -> None:
        """Send an encoded frame; raises LinkLost or Expired."""
        ...

    def read(self, patience: Patience, max_bytes: int) -> Any:
        """Receive a frame; raises LinkLost, Expired or FrameError."""
        ...

    def kill(self) -> None:
        """Kill the child's whole group at once; from any thread, as often as wanted."""
        ...

    def fate(self, wait_s: float) -> str:
        """How the child died (``SIGSEGV``, ``exit 3``); empty if it is not known within `wait_s`."""
        ...

    def close(self) -> None:
        """Let go; kills what is left."""
        ...

    def forget(self) -> None:
        """Let go in a forked copy of the parent, without touching the child."""
        ...


def fate_text(code: int) -> str:
    """A process's return code in words."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


class ForkLink:
    """A child forked from a template: a socket to it, and a leash to the template."""

    def __init__(self, session: socket.socket, leash: socket.socket) -> None:
        self.pid = 0
        self._session = session
        self._leash = leash
        self._fate: str | None = None
        self._lock = threading.Lock()
        session.setblocking(False)
        leash.setblocking(False)

    def write(self, parts: Sequence[frames.Buffer], patience: Patience) -> None:
        """See :class:`Link`."""
        for part in parts:
            view = memoryview(part)
            while view:
                try:
                    view = view[self._session.send(view) :]
                except BlockingIOError:
                    self._wait(select.POLLOUT, patience)
                except OSError as problem:
                    raise LinkLost from problem

    def read(self, patience: Patience, max_bytes: int) -> Any:
        """See :class:`Link`."""

        def read_into(view: memoryview) -> None:
            while view:
                try:
                    count = self._session.recv_into(view)
                except BlockingIOError:
                    self._wait(select.POLLIN, patience)
                    continue
                except OSError as problem:
                    raise LinkLost from problem
                if not count:
                    raise LinkLost
                view = view[count:]

        return frames.read(read_into, max_bytes)

    def _wait(self, event: int, patience: Patience) -> None:
        poll = select.poll()
        poll.register(self._session, event)
        poll.register(self._leash, select.POLLIN)
        left_s = patience.left_s()
        ready = {fd for fd, _ in poll.poll(int(left_s * 1000) + 1)} if left_s > 0.0 else set()
        if not ready:
            raise Expired
        # What the child said before it died is still read; grandchildren may hold its socket open after that.
        if self._session.fileno() not in ready:
            raise LinkLost

    def kill(self) -> None:
        """See :class:`Link`."""
        with self._lock:
            if self._leash.fileno() < 0:
                return
            if self.pid and self._fate is None:  # a zombie keeps the id ours until the leash is closed
                _kill_group(self.pid)
            with contextlib.suppress(OSError):
                self._session.shutdown(socket.SHUT_RDWR)

    def fate(self, wait_s: float) -> str:
        """See :class:`Link`."""
        if self._fate is None and self._leash.fileno() >= 0:
            poll = select.poll()
            poll.register(self._leash, select.POLLIN)
            if poll.poll(int(wait_s * 1000)):
                self._fate = self._read_fate()
        return self._fate or ""

    def _read_fate(self) -> str:
        try:
            told = self._leash.recv(16)
        except OSError:
            told = b""
        if told:
            return fate_text(int(told))
        if self.pid:  # the child dies with its template; this is for what it has started itself
            _kill_group(self.pid)
        return "the end of its template"

    def close(self) -> None:
        """See :class:`Link`."""
        self.kill()
        with self._lock:
            self.forget()

    def forget(self) -> None:
        """See :class:`Link`."""
        self._session.close()
        self._leash.close()


class FreshLink:
    """A child that is a process of its own, with pipes for input and output.

    Pipes cannot be waited for everywhere, so a timer kills the child, which ends the wait.
    """

    def __init__(self, process: subprocess.Popen[bytes], scratch: Path) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.pid = process.pid
        self.scratch = scratch
        self._process = process
        self._incoming = process.stdout
        self._outgoing = process.stdin

    def write(self, parts: Sequence[frames.Buffer], patience: Patience) -> None:
        """See :class:`Link`."""
        with self._killed_when_over(patience):
            for part in parts:
                self._outgoing.write(part)
            self._outgoing.flush()

    def read(self, patience: Patience, max_bytes: int) -> Any:
        """See :class:`Link`."""

        def read_into(view: memoryview) -> None:
            while view:
                count = self._incoming.readinto(view)  # type: ignore[attr-defined]
                if not count:
                    raise LinkLost
                view = view[count:]

        with self._killed_when_over(patience):
            return frames.read(read_into, max_bytes)

    @contextlib.contextmanager
    def _killed_when_over(self, patience: Patience) -> Iterator[None]:
        timer = threading.Timer(patience.left_s(), self.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        except (OSError, ValueError, LinkLost) as problem:
            if patience.left_s() <= 0.0:
                raise Expired from problem
            raise LinkLost from problem
        finally:
            timer.cancel()

    def kill(self) -> None:
        """See :class:`Link`."""
        if self._process.returncode is not None:
            return
        if hasattr(os, "killpg"):
            _kill_group(self.pid)
        else:
            self._process.kill()

    def fate(self, wait_s: float) -> str:
        """See :class:`Link`."""
        try:
            code = self._process.wait(wait_s)
        except subprocess.TimeoutExpired:
            return ""
        _kill_group(self.pid)  # what it left behind
        return fate_text(code)

    def close(self) -> None:
        """See :class:`Link`."""
        self.kill()
        for pipe in (self._outgoing, self._incoming):
            with contextlib.suppress(OSError, ValueError):
                pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(2.0)
        shutil.rmtree(self.scratch, ignore_errors=True)

    def forget(self) -> None:
        """See :class:`Link`."""
        null = os.open(os.devnull, os.O_RDWR)
        for pipe in (self._outgoing, self._incoming):
            os.dup2(
                null, pipe.fileno(), inheritable=False
            )  # closing could wait for a lock that a lost thread holds
        os.close(null)


def _kill_group(pid: int) -> None:
    with contextlib.suppress(AttributeError, ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
