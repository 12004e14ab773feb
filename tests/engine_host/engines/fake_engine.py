"""An engine that does on demand whatever solvers have been seen doing, good and bad."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault


class FakeEngine:
    name = "fake"

    def version(self) -> str:
        return "fake 1.0"

    def open(self, model: Mapping[str, Any], directory: Path) -> Session:
        session = Session(model, directory)
        if "on_open" in model:
            session.run(model["on_open"])
        return session


class Session:
    def __init__(self, model: Mapping[str, Any], directory: Path) -> None:
        self.model = model
        self.directory = directory

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        return getattr(self, "do_" + task["do"])(task)

    def close(self) -> None:
        if self.model.get("hang_on_close"):
            time.sleep(60)

    # -- good ------------------------------------------------------------------------------------

    def do_echo(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"task": dict(task), "model": dict(self.model)}

    def do_solve(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """A 'network': its ids back, and heads that only this seed gives."""
        time.sleep(task.get("seconds", 0.0))
        (self.directory / "temp.inp").write_text(str(self.model["seed"]))
        heads = np.random.default_rng(self.model["seed"] + task["run"]).random((24, len(self.model["ids"])))
        seed = int(Path("temp.inp").read_text())
        return {"ids": list(self.model["ids"]), "heads": heads, "seed": seed}

    def do_look(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the child sees of the world around it."""
        import resource
        import tempfile

        fds = {}
        for fd in os.listdir("/proc/self/fd"):
            try:
                fds[fd] = os.readlink(f"/proc/self/fd/{fd}")
            except OSError:
                continue
        return {
            "cwd": os.getcwd(), "directory": str(self.directory), "tmp": tempfile.gettempdir(),
            "environment": dict(os.environ), "modules": sorted(sys.modules), "fds": fds,
            "pid": os.getpid(), "ppid": os.getppid(), "pgid": os.getpgrp(), "sid": os.getsid(0),
            "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
            "fsize": resource.getrlimit(resource.RLIMIT_FSIZE)[0],
            "cpu": resource.getrlimit(resource.RLIMIT_CPU)[0],
            "stdin": sys.stdin.read() if sys.stdin else "",
        }  # fmt: skip

    # -- refusals --------------------------------------------------------------------------------

    def do_fault(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        raise EngineFault(task["code"], task.get("message", ""), **task.get("details", {}))

    def do_raise(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        raise ValueError("truth value of an empty array")

    def do_import(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        __import__(task["module"])
        return {}

    # -- deaths and hangs ------------------------------------------------------------------------

    def do_sleep(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        time.sleep(task["seconds"])
        return {"slept": task["seconds"]}

    def do_hang_in_c(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Sleep in C without letting go of the interpreter lock, as SWIG modules do."""
        ctypes.PyDLL(None).sleep(ctypes.c_uint(60))
        return {}

    def do_ignore_signals(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(one, signal.SIG_IGN)
        time.sleep(60)
        return {}

    def do_signal(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        os.kill(os.getpid(), getattr(signal, task["signal"]))
        time.sleep(5)
        return {}

    def do_segfault(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        print("about to read address 0", flush=True)
        ctypes.string_at(0)
        return {}

    def do_exit(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        os._exit(task["status"])

    def do_sys_exit(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        sys.exit(task["status"])

    def do_die_in_half_an_answer(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        _write_to_parent(b"CMF1" + (1000).to_bytes(4, "little") + bytes(8) + b'{"tree"')
        os._exit(0)

    # -- greed -----------------------------------------------------------------------------------

    def do_allocate(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        block = np.ones(task["mib"] << 17)
        return {"bytes": int(block.nbytes)}

    def do_allocate_small(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        kept = []
        while True:
            kept.append([0.0] * 1000)

    def do_malloc(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """A C library that asks for memory and checks the answer."""
        libc = ctypes.CDLL(None)
        libc.malloc.restype = ctypes.c_void_p
        return {"got": bool(libc.malloc(ctypes.c_size_t(task["mib"] << 20)))}

    def do_write(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        with open("big.out", "wb") as file:
            for _ in range(task["mib"]):
                file.write(bytes(1 << 20))
        return {"written": os.path.getsize("big.out")}

    def do_flood(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        line = b"x" * 65536
        for _ in range(task["mib"] * 16):
            os.write(1, line)
        return {}

    def do_print(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        print("... hour 1 of 24")
        os.write(1, b"from C\n")
        os.write(2, b"from C, too\n")
        return {}

    def do_fork(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Leave grandchildren behind: one in the group, one that has left it."""
        code = "import os, sys, time\nif sys.argv[1] == 'leave': os.setsid()\nprint(os.getpid(), flush=True)\ntime.sleep(300)"
        pids = []
        for how in ("stay", "leave"):
            grandchild = subprocess.Popen(
                [sys.executable, "-c", code, how], stdout=subprocess.PIPE, text=True
            )
            pids.append(int(grandchild.stdout.readline()))
        if os.fork() == 0:  # this one keeps the socket to the parent open
            time.sleep(300)
            os._exit(0)
        if task.get("crash"):
            os.kill(os.getpid(), signal.SIGSEGV)
        return {"pids": pids}

    def do_many(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """A chunk of scenarios, some of which are bad."""
        for scenario in task["scenarios"]:
            bad = self.model["bad"].get(str(scenario))
            if bad:
                self.run(bad)
        return {"squares": [scenario**2 for scenario in task["scenarios"]]}

    # -- garbage ---------------------------------------------------------------------------------

    def do_answer(self, task: Mapping[str, Any]) -> Any:
        return {"set": {1, 2}} if task.get("what") == "set" else 42

    def do_garbage(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        _write_to_parent(task["bytes"])
        time.sleep(60)
        return {}

    def do_huge(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.do_garbage(
            {"bytes": b"CMF1" + (10).to_bytes(4, "little") + (1 << 60).to_bytes(8, "little")}
        )


class WarmEngine(FakeEngine):
    """Takes a while to load, as wntr and pandapipes do."""

    def preload(self) -> None:
        time.sleep(1.5)


class SlowEngine(FakeEngine):
    """Is still loading when its parent dies."""

    def preload(self) -> None:
        time.sleep(30)


class CrashingEngine(FakeEngine):
    """Dies while it is loaded."""

    def preload(self) -> None:
        ctypes.string_at(0)


class FailingEngine(FakeEngine):
    """Raises while it is loaded."""

    def version(self) -> str:
        raise OSError("libepanet.so: wrong ELF class")


class NoEngine:
    """Not an engine."""


class ExtraEngine(FakeEngine):
    extra = "water"


def _write_to_parent(data: bytes) -> None:
    """Write past the protocol, as a model that has taken over the process would."""
    import socket
    import stat

    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode):
                socket.socket(fileno=os.dup(fd)).sendall(data)
        except OSError:
            continue
