"""How an engine's process is started: command, environment and scratch directory."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import citymains
from citymains.engine_host.__main__ import PATH_VARIABLE
from citymains.engine_host.compiled import VARIABLE, cache_folder
from citymains.errors import SolverError

#: What a child may know of its parent's environment. Tokens and database addresses are not among it.
_INHERITED = (
    "PATH", "HOME", "USER", "USERPROFILE", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR",
    "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME",
    "MPLCONFIGDIR", "XDG_CACHE_HOME",
)  # fmt: skip
#: One question is one core; side by side is what sessions are for.
_ONE_THREAD = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS", "BLIS_NUM_THREADS",
)  # fmt: skip
#: pyarrow's and polars' allocators would start threads in the template, and it is to fork without any.
_NO_ALLOCATOR_THREADS = ("JE_ARROW_MALLOC_CONF", "_RJEM_MALLOC_CONF")
#: Where scratch directories may lie, for a user whose own temporary directory has a name that solvers cannot read.
_PLAIN_PLACES = ("/var/tmp", "C:\\ProgramData", "C:\\Temp")


def start_process(
    engine: str, arguments: Sequence[str], *, scratch: Path, log: IO[bytes], **popen: Any
) -> subprocess.Popen[bytes]:
    """Start ``python -m citymains.engine_host ENGINE`` in a session of its own, with nothing inherited but `popen` says so.

    Raises
    ------
    SolverError
        ENGINE_START_FAILED: there is no interpreter, or no process to be had.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "citymains.engine_host",
        engine,
        "--scratch",
        str(scratch),
        *arguments,
    ]
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        return subprocess.Popen(
            command,
            cwd=scratch,
            env=_environment(engine, scratch),
            stderr=log,
            close_fds=True,
            **group,
            **popen,
        )
    except (OSError, ValueError) as problem:
        raise start_failed(engine, str(problem)) from problem


def make_scratch(engine: str) -> Path:
    """Make a private directory with a plain ASCII path: solvers take paths as C strings of an unknown code page."""
    for place in (os.environ.get("CITYMAINS_ENGINE_TMP", ""), tempfile.gettempdir(), *_PLAIN_PLACES):
        if place and place.isascii() and os.access(place, os.W_OK | os.X_OK):
            return Path(tempfile.mkdtemp(prefix="citymains-engine-", dir=os.path.abspath(place)))
    raise start_failed(engine, "no writable temporary directory with an ASCII path; set CITYMAINS_ENGINE_TMP")


def start_failed(engine: str, why: str) -> SolverError:
    """The error for an engine that did not start."""
    return SolverError("ENGINE_START_FAILED", engine=engine, value=why, limit="all")


def _environment(engine: str, scratch: Path) -> dict[str, str]:
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    environment |= dict.fromkeys(_ONE_THREAD, "1")
    environment |= dict.fromkeys(_NO_ALLOCATOR_THREADS, "background_thread:false")
    environment |= dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(scratch))
    environment |= {
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        VARIABLE: str(cache_folder(engine)),
        PATH_VARIABLE: os.pathsep.join(filter(None, sys.path)),
    }
    root = Path(citymains.__file__).resolve().parents[1]
    if root.name not in (
        "site-packages",
        "dist-packages",
    ):  # there it is found anyway, and would hide the standard library
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, (str(root), environment.get("PYTHONPATH", "")))
        )
    return environment
