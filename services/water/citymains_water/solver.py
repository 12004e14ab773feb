"""EPANET 2.3 as an engine: the only module of this service that loads a solver.

The library of the package owa-epanet is loaded by its full path with ctypes: its SWIG
module holds the interpreter's lock while it solves, and wntr's library of the same name must
never be in the same process. Every session has a project handle of its own.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault, EngineSession
from numpy.typing import NDArray

#: Codes below this one are warnings, from it on errors.
FIRST_ERROR = 100
_UNSOLVED = 110
#: Report lines kept of one run: enough to name every element of a model that goes wrong.
_MESSAGE_LINES = 20_000
_ID_BYTES = 64

# Codes of epanet2_enums.h.
_NODE_COUNT, _LINK_COUNT = 0, 2
_DURATION, _REPORT_STEP, _REPORT_START = 0, 5, 6
_RESET_FLOWS = 10
_NODE_COLUMNS = {"head": 10, "demand": 9, "delivered": 31, "required": 32}
_LINK_COLUMNS = {"flow": 8, "velocity": 9, "status": 11, "setting": 12}

_ReportLine = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p)
Block = NDArray[np.float64]


def library_path() -> Path:
    """Where EPANET's shared library is; found without importing its package.

    Raises
    ------
    ModuleNotFoundError
        owa-epanet is not installed.
    ImportError
        It has no library for this machine.
    """
    spec = importlib.util.find_spec("epanet")
    if spec is None:
        raise ModuleNotFoundError("owa-epanet is not installed", name="epanet")
    for folder in spec.submodule_search_locations or ():
        for name in ("libepanet2.so", "epanet2.dll", "libepanet2.dylib"):
            path = Path(folder) / name
            if path.is_file():
                return path
    raise ImportError("owa-epanet has no library for this machine", name="epanet")


@cache
def library() -> ctypes.CDLL:
    """EPANET's library, loaded once per process."""
    return ctypes.CDLL(str(library_path()))


class EpanetEngine:
    """The entry point ``epanet`` of the group ``citymains.engines``."""

    name = "epanet"
    extra = "water"

    def version(self) -> str:
        """Name and version of the library, ``EPANET 2.3.5``."""
        number = ctypes.c_int()
        library().EN_getversion(ctypes.byref(number))
        return f"EPANET {number.value // 10_000}.{number.value // 100 % 100}.{number.value % 100}"

    def preload(self) -> None:
        """Load the library before children are forked."""
        library()

    def open(self, model: Mapping[str, Any], directory: Path) -> EngineSession:
        """Open a model.

        Parameters
        ----------
        model : mapping
            ``inp``: text of the model with ids the engine takes (see `citymains_water.engine_input`),
            or the bytes of a file as it was written;
            ``batch``: true for a session that answers many scenarios at once (see `citymains_water.batch`).
        directory : Path
            Private directory of this session.

        Raises
        ------
        EngineFault
            ENGINE_FAILED with EPANET's own words.
        """
        if model.get("batch"):
            from citymains_water.batch import BatchSession

            return BatchSession(str(model["inp"]), directory)
        return EpanetSession(model["inp"], directory, library())


class EpanetSession:
    """One model in one project. Every :meth:`run` starts cold: answers do not depend on their order.

    Parameters
    ----------
    inp : str or bytes
        Text of the model; bytes are a file as it was written.
    directory : Path
        Private directory of the session.
    epanet : CDLL
        EPANET's library.
    """

    def __init__(self, inp: str | bytes, directory: Path, epanet: ctypes.CDLL) -> None:
        self._epanet = epanet
        self._messages: list[str] = []
        self._report = directory / "model.rpt"
        self._project = ctypes.c_void_p()
        self._callback = _ReportLine(self._take_line)
        source = directory / "model.inp"
        # Ids are ASCII by now; other words that are not, EPANET does not look at.
        source.write_bytes(inp.encode("ascii", "replace") if isinstance(inp, str) else inp)
        self._call("EN_createproject", ctypes.byref(self._project), project=False)
        self._listen()
        self._call("EN_open", os.fsencode(source), os.fsencode(self._report), b"")
        self._listen()  # opening a model forgets who does
        self._call("EN_openH")
        self._nodes = self._ids("node", _NODE_COUNT)
        self._links = self._ids("link", _LINK_COUNT)

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Solve steady or over time.

        Parameters
        ----------
        task : mapping
            ``duration_s``: simulated time; 0: steady; absent: as the model says.

        Returns
        -------
        dict
            ``nodes``, ``links`` (ids in engine order), ``times_s``, a block (times, elements)
            of every quantity in the model's own units, ``warnings`` (``[time_s, code]``) and
            the lines of EPANET's report.

        Raises
        ------
        EngineFault
            NOT_CONVERGED where EPANET stopped early, ENGINE_FAILED for its other errors.
        """
        self._messages.clear()
        if task.get("duration_s") is not None:
            self._call("EN_settimeparam", _DURATION, ctypes.c_long(round(task["duration_s"])))
        start, step, duration = (self._time(code) for code in (_REPORT_START, _REPORT_STEP, _DURATION))
        self._call("EN_initH", _RESET_FLOWS)
        times: list[int] = []
        blocks: dict[str, list[Block]] = {name: [] for name in (*_NODE_COLUMNS, *_LINK_COLUMNS)}
        warnings: list[list[int]] = []
        time, left = ctypes.c_long(), ctypes.c_long(1)
        while left.value > 0:
            code = self._call("EN_runH", ctypes.byref(time))
            if code:
                warnings.append([time.value, code])
            if time.value >= start and (time.value - start) % step == 0:
                times.append(time.value)
                self._read(blocks)
            code = self._call("EN_nextH", ctypes.byref(left))
        if time.value < duration:
            raise EngineFault(
                "NOT_CONVERGED",
                f"it stopped at {time.value} s of {duration} s: {self._words()}",
                time_s=time.value,
            )
        return {
            "nodes": self._nodes,
            "links": self._links,
            "times_s": np.asarray(times, dtype=np.float64),
            **{name: np.array(rows) for name, rows in blocks.items()},
            "warnings": warnings,
            "messages": list(self._messages),
        }

    def close(self) -> None:
        """Let the project go."""
        for function in ("EN_closeH", "EN_close", "EN_deleteproject"):
            getattr(self._epanet, function)(self._project)

    def _listen(self) -> None:
        """Have the lines of EPANET's report come here."""
        self._call("EN_setreportcallback", self._callback)

    def _read(self, blocks: dict[str, list[Block]]) -> None:
        for getter, columns, size in (
            ("EN_getnodevalues", _NODE_COLUMNS, len(self._nodes)),
            ("EN_getlinkvalues", _LINK_COLUMNS, len(self._links)),
        ):
            for name, code in columns.items():
                values = np.empty(size)
                self._call(getter, code, values.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
                blocks[name].append(values)

    def _time(self, code: int) -> int:
        value = ctypes.c_long()
        self._call("EN_gettimeparam", code, ctypes.byref(value))
        return value.value

    def _ids(self, what: str, counter: int) -> list[str]:
        count = ctypes.c_int()
        self._call("EN_getcount", counter, ctypes.byref(count))
        name = ctypes.create_string_buffer(_ID_BYTES)
        ids = []
        for index in range(1, count.value + 1):
            self._call(f"EN_get{what}id", index, name)
            ids.append(name.value.decode("utf-8", "replace"))
        return ids

    def _call(self, function: str, *arguments: Any, project: bool = True) -> int:
        handle = (self._project,) if project else ()
        code = int(getattr(self._epanet, function)(*handle, *arguments))
        if code >= FIRST_ERROR:
            words = self._words() or f"{function} gives error {code}"
            # 110 without a reason among the network's own errors (2xx): no solution was found.
            unsolved = code == _UNSOLVED and "rror 2" not in words
            raise EngineFault("NOT_CONVERGED" if unsolved else "ENGINE_FAILED", words, engine_code=code)
        return code

    def _take_line(self, _data: Any, _project: Any, line: bytes | None) -> None:
        if line and len(self._messages) < _MESSAGE_LINES:
            text = line.decode("ascii", "replace").strip()
            if text:
                self._messages.append(text)

    def _words(self) -> str:
        """EPANET's own words about what is wrong."""
        lines = self._messages
        if not lines and self._report.is_file():  # what is wrong on opening goes to the file alone
            self._epanet.EN_close(self._project)
            lines = [line.strip() for line in self._report.read_text("ascii", "replace").splitlines()]
        told = [
            line
            for at, line in enumerate(lines)
            if "rror" in line or "WARNING" in line or (at and "rror 2" in lines[at - 1])
        ]
        return " ".join(told[-6:])
