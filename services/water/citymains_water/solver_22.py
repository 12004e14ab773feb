"""EPANET 2.2 as wntr brings it: the engine many models were made with, for comparison alone.

It keeps supplying from empty tanks and switches at other instants than 2.3, so no answer comes
from it. Its library is loaded by its full path, in a process of its own.
"""

from __future__ import annotations

import ctypes
import importlib.util
import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineSession
from numpy.typing import NDArray

from citymains_water.solver import EpanetSession

_HEAD = 10


@cache
def library() -> ctypes.CDLL:
    """EPANET 2.2, loaded once per process.

    Raises
    ------
    ImportError
        wntr is not installed, or has no library for this machine.
    """
    spec = importlib.util.find_spec("wntr")
    names = {"Linux": "linux-x64/libepanet22.so", "Darwin": "darwin-x64/libepanet22.dylib"}
    name = names.get(platform.system(), "windows-x64/epanet22.dll")
    for folder in (spec.submodule_search_locations or ()) if spec is not None else ():
        path = Path(folder) / "epanet" / "libepanet" / name
        if path.is_file():
            return ctypes.CDLL(str(path))
    raise ImportError("wntr is not installed or has no library for this machine", name="wntr")


class Epanet22Engine:
    """The entry point ``epanet22`` of the group ``citymains.engines``."""

    name = "epanet22"
    extra = "water"

    def version(self) -> str:
        """Name and version of the library."""
        number = ctypes.c_int()
        library().EN_getversion(ctypes.byref(number))
        return f"EPANET {number.value // 10_000}.{number.value // 100 % 100}.{number.value % 100}"

    def preload(self) -> None:
        """Load the library before children are forked."""
        library()

    def open(self, model: Mapping[str, Any], directory: Path) -> EngineSession:
        """Open a model: ``inp``, the bytes of a file."""
        return _Session(model["inp"], directory, library())


class _Session(EpanetSession):
    """Heads alone, node by node: this version has no getter for all, and its report goes to the file."""

    def _listen(self) -> None:
        """This version tells nobody."""

    def _read(self, blocks: dict[str, list[NDArray[np.float64]]]) -> None:
        heads, value = np.empty(len(self._nodes)), ctypes.c_double()
        for at in range(len(heads)):
            self._call("EN_getnodevalue", at + 1, _HEAD, ctypes.byref(value))
            heads[at] = value.value
        blocks["head"].append(heads)
