"""Where an engine's compiled kernels are kept.

numba throws a compiled function away when the file it stands in changes, not when one it calls
does: after an update an old caller would go on with the old callee inside it, and give wrong
numbers. So each state of the sources has a folder of its own.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import sys
from functools import cache
from pathlib import Path

from citymains.engine_host.engine import find_engine

#: The variable that names the folder, to numba and to users who want it elsewhere.
VARIABLE = "NUMBA_CACHE_DIR"


def cache_folder(engine: str) -> Path:
    """The folder for an engine's compiled code, by what its package and the shared kernels hold now."""
    given = os.environ.get(VARIABLE)
    return (Path(given) if given else _user_cache() / "citymains" / "numba") / _state(engine)


@cache
def _state(engine: str) -> str:
    module = find_engine(engine).module
    digest = hashlib.sha256()
    for package in ("citymains.kernels", module.partition(".")[0]):
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
            for file in sorted(Path(folder).glob("*.py")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _user_cache() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local"))
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
