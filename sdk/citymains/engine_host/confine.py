"""What a child does to itself before it touches a model: its own group, directory and limits."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: What solver and engine print goes to this file in the private directory.
LOG_NAME = ".engine-output"

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_MIB = 1 << 20
#: Kept above the memory limit, so that a child at its limit can still say so.
_SPARE_BYTES = 64 * _MIB
#: Enough processor time for a question that keeps all cores busy until its limit, and then some.
_CPU_SPARE_S = 30


def adopt_orphans() -> None:
    """Have descendants whose parent died become children of this process (Linux), so that none escapes."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def leave_group(parent_pid: int) -> None:
    """Start a session and process group of its own, and die with the template that forked this process."""
    os.setsid()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:  # it died before the line above
        os._exit(1)


def enter(directory: Path, limits: Mapping[str, Any]) -> None:
    """Make `directory` the place of this process and set its limits.

    Parameters
    ----------
    directory : Path
        Private to the session; holds the working directory, temporary files and what is printed.
    limits : mapping
        ``memory_mib`` on top of what is mapped now, and ``file_mib`` for the largest file.
    """
    os.chdir(directory)
    os.umask(0o077)
    for variable in ("TMPDIR", "TMP", "TEMP"):
        os.environ[variable] = str(directory)
    tempfile.tempdir = None
    _redirect(directory / LOG_NAME)
    _limit(float(limits["memory_mib"]), float(limits["file_mib"]))


def allow_cpu(wall_s: float) -> None:
    """Set the backstop for a question that outlives its parent's patience: processor time is up, the process dies."""
    with contextlib.suppress(ImportError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        until = used.ru_utime + used.ru_stime + wall_s * (os.cpu_count() or 1) + _CPU_SPARE_S
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        _set(resource.RLIMIT_CPU, int(until), hard)


def release_spare_memory() -> None:
    """Lift the memory limit by its spare, to let a child that ran into it say so."""
    with contextlib.suppress(ImportError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        _set(resource.RLIMIT_AS, hard, hard)


def _redirect(log: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        sys.stdout.flush()
        sys.stderr.flush()
    null = os.open(os.devnull, os.O_RDONLY)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(null, 0)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(null)
    os.close(out)


def _limit(memory_mib: float, file_mib: float) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits; time is still limited from outside
        return
    # Python ignores this signal. A solver that does not check its writes would then call a cut-off file a result.
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    _set(resource.RLIMIT_CORE, 0, 0)
    file_bytes = int(file_mib * _MIB)
    _set(resource.RLIMIT_FSIZE, file_bytes, file_bytes)
    mapped = _mapped_bytes()
    if mapped:
        memory_bytes = mapped + int(memory_mib * _MIB)
        _set(resource.RLIMIT_AS, memory_bytes, memory_bytes + _SPARE_BYTES)
    with contextlib.suppress(
        OSError
    ):  # if the machine runs out of memory, this process goes before its server
        Path("/proc/self/oom_score_adj").write_text("500")


def _set(which: int, soft: int, hard: int) -> None:
    import resource

    with contextlib.suppress(ValueError, OSError):  # a stricter limit set by the administrator stays
        _, ceiling = resource.getrlimit(which)
        if ceiling != resource.RLIM_INFINITY:
            hard = ceiling if hard == resource.RLIM_INFINITY else min(hard, ceiling)
        resource.setrlimit(which, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _mapped_bytes() -> int:
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


_libc: Any = None
if sys.platform == "linux":
    with contextlib.suppress(OSError):
        _libc = ctypes.CDLL(None)


def _prctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0)
