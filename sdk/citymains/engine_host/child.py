"""The child: one model, open in one engine, answering one task after the other."""

from __future__ import annotations

import os
import queue
import shutil
import signal
import socket
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from citymains.engine_host import confine, frames
from citymains.engine_host.engine import Engine, EngineFault, EngineSession

#: What the parent sends is its own model; its size was checked when it was read.
MAX_INCOMING_BYTES = 16 << 30
_MAX_TEXT = 2000

Said = dict[str, Any]


class Channel(Protocol):
    """Whole frames to and from the parent."""

    def read(self) -> Any:
        """The next frame; None at the end."""
        ...

    def write(self, tree: Mapping[str, Any]) -> None:
        """Send a frame."""
        ...


class SocketChannel:
    """Frames over a unix socket."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def read(self) -> Any:
        """See :class:`Channel`."""
        try:
            return frames.read(self._read_into, MAX_INCOMING_BYTES)
        except EOFError:
            return None

    def write(self, tree: Mapping[str, Any]) -> None:
        """See :class:`Channel`."""
        for part in frames.encode(tree):
            self._connection.sendall(part)

    def _read_into(self, view: memoryview) -> None:
        while view:
            count = self._connection.recv_into(view)
            if not count:
                raise EOFError
            view = view[count:]


class PipeChannel:
    """Frames over two pipes, for a child that was not forked from a template.

    A thread of its own reads, so that the child notices at once when the parent has died.
    """

    def __init__(self, incoming: int, outgoing: int, scratch: Path) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._scratch = scratch
        self._frames: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._pump, daemon=True).start()

    def read(self) -> Any:
        """See :class:`Channel`."""
        return self._frames.get()

    def write(self, tree: Mapping[str, Any]) -> None:
        """See :class:`Channel`."""
        for part in frames.encode(tree):
            view = memoryview(part)
            while view:
                view = view[os.write(self._outgoing, view) :]

    def _pump(self) -> None:
        try:
            while True:
                self._frames.put(frames.read(self._read_into, MAX_INCOMING_BYTES))
        except BaseException:
            shutil.rmtree(self._scratch, ignore_errors=True)
            _die_with_group()

    def _read_into(self, view: memoryview) -> None:
        while view:
            data = os.read(self._incoming, min(len(view), 1 << 20))
            if not data:
                raise EOFError
            view[: len(data)] = data
            view = view[len(data) :]


def run_forked(engine: Engine, connection: socket.socket, parent_pid: int) -> None:
    """The life of a child forked from a template; never returns."""
    try:
        confine.leave_group(parent_pid)
        channel = SocketChannel(connection)
        channel.write({"said": "hello", "pid": os.getpid()})
        serve(engine, channel)
        status = 0
    except SystemExit as leave:
        status = leave.code if isinstance(leave.code, int) else 1
    except BaseException:
        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


def run_fresh(load: Callable[[], Engine], scratch: Path) -> None:
    """The life of a child that is a process of its own, on standard input and output; never returns."""
    channel = PipeChannel(os.dup(0), os.dup(1), scratch)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    os.close(null)
    engine, said = start(load)
    channel.write(said)
    if engine is not None:
        channel.write({"said": "hello", "pid": os.getpid()})
        serve(engine, channel)
    sys.stderr.flush()
    os._exit(0)


def start(load: Callable[[], Engine]) -> tuple[Engine | None, Said]:
    """Load and preload an engine; tell its version, or why it cannot work."""
    try:
        engine = load()
        preload = getattr(engine, "preload", None)
        if preload is not None:
            preload()
        return engine, {"said": "ready", "version": clean(engine.version())}
    except Exception as problem:
        return None, fault(problem)


def serve(engine: Engine, channel: Channel) -> None:
    """Enter the private directory, open the model, and answer until the parent says close or hangs up."""
    start = channel.read()
    if start is None:
        return
    directory = Path(start["directory"])
    wall_s = float(start["limits"]["wall_s"])
    confine.enter(directory, start["limits"])
    session: EngineSession | None = None
    while (message := channel.read()) is not None:
        confine.allow_cpu(wall_s)
        match message["do"]:
            case "open":
                model = message.pop("model")
                session, said = _open(engine, model, directory)
            case "run" if session is not None:
                said = _run(session, message.pop("task"))
            case _:
                if session is not None:
                    session.close()
                return
        _answer(channel, said)


def _open(engine: Engine, model: Any, directory: Path) -> tuple[EngineSession | None, Said]:
    try:
        return engine.open(model, directory), {"said": "opened"}
    except Exception as problem:
        return None, fault(problem, getattr(engine, "extra", ""))


def _run(session: EngineSession, task: Any) -> Said:
    try:
        answer = session.run(task)
        if not isinstance(answer, Mapping):
            raise TypeError(f"the answer is a {type(answer).__name__}, not a mapping")
        return {"said": "answer", "answer": answer}
    except Exception as problem:
        return fault(problem)


def _answer(channel: Channel, said: Said) -> None:
    try:
        channel.write(said)  # nothing is sent unless all of it can be encoded
    except (frames.FrameError, MemoryError) as problem:
        channel.write(fault(problem))


def fault(problem: BaseException, extra: str = "") -> Said:
    """Tell an exception in plain values: what kind, which code, the words, and where."""
    if isinstance(problem, MemoryError):
        problem.__traceback__ = None  # its frames hold the memory that ran out
        confine.release_spare_memory()
    said: Said = {
        "said": "fault",
        "kind": "error",
        "code": "",
        "details": {},
        "trace": _trace(problem),
        "extra": extra,
    }
    if isinstance(problem, EngineFault):
        details = {clean(key): clean(value) for key, value in problem.details.items() if value is not None}
        return {
            **said,
            "kind": "fault",
            "code": clean(problem.code),
            "message": clean(problem.message),
            "details": details,
        }
    if isinstance(problem, MemoryError):
        return {**said, "kind": "memory", "message": "out of memory"}
    if isinstance(problem, ModuleNotFoundError) and problem.name:
        return {**said, "kind": "missing", "message": clean(problem), "module": clean(problem.name)}
    return {**said, "message": clean(f"{type(problem).__name__}: {problem}")}


def _trace(problem: BaseException) -> str:
    """Where it happened, without the paths of this machine."""
    calls = list(traceback.walk_tb(problem.__traceback__))[-4:]
    return clean(
        " > ".join(
            f"{frame.f_globals.get('__name__')}.{frame.f_code.co_name}:{line}" for frame, line in calls
        )
    )


def clean(value: Any) -> str:
    """A text that travels: valid Unicode of a bounded length."""
    text = str(value)
    if len(text) > _MAX_TEXT:
        text = text[:_MAX_TEXT] + "..."
    return text.encode("utf-8", "replace").decode()


def _die_with_group() -> None:
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
