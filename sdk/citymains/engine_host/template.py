"""The template: a process that has imported one engine and forks a child for each session.

The parent holds the other end of the control socket. One byte on it carries two sockets: the
session, handed to the child, and the leash, kept here. The template writes the child's fate on
the leash; closing the leash at the other end kills the child's group. A dead child is kept as
a zombie until then, so the parent never signals a process id that has been given away.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from citymains.engine_host import child, confine, frames
from citymains.engine_host.engine import Engine

#: Whether this platform can run templates; elsewhere every session is a fresh process.
FORKS = all((hasattr(os, "fork"), hasattr(os, "waitid"), hasattr(socket, "send_fds")))


#: How long a template looks after killed descendants before it leaves.
_LEAVE_S = 1.0


@dataclass(slots=True)
class _Member:
    pid: int
    leash: socket.socket
    told: bool = False
    dropped: bool = False


class Template:
    """Forks children of one loaded engine on demand, watches them and cleans up after them."""

    def __init__(self, engine: Engine, control: socket.socket) -> None:
        self._engine = engine
        self._control = control
        self._members: dict[int, _Member] = {}
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        self._helpers = _children() or set()

    def serve(self) -> None:
        """Work until the parent closes the control socket, then kill all children."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        confine.adopt_orphans()
        gc.collect()
        gc.freeze()  # children touch fewer shared pages
        try:
            while self._step():
                pass
        finally:
            self._kill_all()

    def _step(self) -> bool:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        for member in self._members.values():
            if not member.dropped:
                poll.register(member.leash, select.POLLIN)
        ready = {fd for fd, _ in poll.poll()}
        if self._wake_read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, 4096)
            self._look_after_the_dead()
        for member in list(self._members.values()):
            if not member.dropped and member.leash.fileno() in ready:
                self._drop(member)
        return self._control.fileno() not in ready or self._fork_on_request()

    def _fork_on_request(self) -> bool:
        try:
            data, received, _, _ = socket.recv_fds(self._control, 1, 2)
        except ConnectionError:
            return False
        if not data:
            return False
        if len(received) != 2:
            for fd in received:
                os.close(fd)
            return True
        for fd in received:
            os.set_inheritable(fd, False)
        session, leash = (socket.socket(fileno=fd) for fd in received)
        try:
            self._fork(session, leash)
        except OSError as problem:  # no process to be had: closing both ends tells the parent
            print(f"fork failed: {problem}", file=sys.stderr)
            leash.close()
        session.close()
        return True

    def _fork(self, session: socket.socket, leash: socket.socket) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        template_pid = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._become_child(leash)
            child.run_forked(self._engine, session, template_pid)
        self._members[pid] = _Member(pid, leash)

    def _become_child(self, leash: socket.socket) -> None:
        """Let go of everything that belongs to the template or to other sessions."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for connection in (leash, self._control, *(member.leash for member in self._members.values())):
            connection.close()
        os.close(self._wake_read)
        os.close(self._wake_write)
        self._members.clear()

    def _look_after_the_dead(self) -> None:
        for member in list(self._members.values()):
            if not member.told:
                self._tell(member)
            if member.told and member.dropped:
                self._reap(member)
        self._kill_orphans()

    def _tell(self, member: _Member) -> None:
        fate = os.waitid(os.P_PID, member.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if fate is None:
            return
        _kill(member.pid)  # what it left behind in its group
        code = fate.si_status if fate.si_code == os.CLD_EXITED else -fate.si_status
        member.told = True
        with contextlib.suppress(OSError):
            member.leash.send(b"%d\n" % code)

    def _drop(self, member: _Member) -> None:
        """The parent has let go of the leash: the child's time is over."""
        member.dropped = True
        member.leash.close()
        _kill(member.pid)
        if member.told:
            self._reap(member)

    def _reap(self, member: _Member) -> None:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(member.pid, 0)
        self._members.pop(member.pid, None)

    def _kill_all(self) -> None:
        """Kill all children, and what comes to us when they have died."""
        for member in self._members.values():
            _kill(member.pid)
        self._helpers, self._members = set(), {}
        until = time.monotonic() + _LEAVE_S
        while _children() and time.monotonic() < until:
            self._kill_orphans()
            time.sleep(0.002)

    def _kill_orphans(self) -> None:
        """Kill what left its child's group and came to us when the child died."""
        for pid in (_children() or set()) - self._helpers - set(self._members):
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, os.WNOHANG)


def run(load: Callable[[], Engine], control: socket.socket, scratch: Path) -> None:
    """The life of a template: load the engine, say so, serve, and leave nothing behind."""
    try:
        with _leaving_with_parent(control, scratch):
            engine, said = child.start(load)
        for part in frames.encode(said):
            control.sendall(part)
        if engine is not None:
            Template(engine, control).serve()
    except (BrokenPipeError, ConnectionResetError):
        pass
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
        sys.stderr.flush()
        os._exit(0)


@contextlib.contextmanager
def _leaving_with_parent(control: socket.socket, scratch: Path) -> Iterator[None]:
    """Leave if the parent dies during the block: imports take seconds, and nobody reads the control socket then."""
    stop_read, stop_write = os.pipe()

    def watch() -> None:
        poll = select.poll()
        poll.register(stop_read, select.POLLIN | select.POLLHUP)
        poll.register(control, select.POLLIN)
        if stop_read not in {fd for fd, _ in poll.poll()}:
            shutil.rmtree(scratch, ignore_errors=True)
            os._exit(1)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield
    finally:
        os.close(stop_write)
        watcher.join()  # no thread may be alive when children are forked
        os.close(stop_read)


def _kill(pid: int) -> None:
    """Kill a child's whole group; the child itself if it has not made its group yet."""
    for kill in (os.killpg, os.kill):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)


def _children() -> set[int] | None:
    """Process ids of this process's children, zombies included; None where the kernel does not tell."""
    try:
        tasks = list(Path("/proc/self/task").iterdir())
        return {int(pid) for task in tasks for pid in (task / "children").read_text().split()}
    except OSError:
        return None
