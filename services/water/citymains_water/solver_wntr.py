"""wntr as editor: what its reader and writer make of a file. The only module that imports it."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import wntr
from citymains.engine_host.engine import EngineFault, EngineSession


class WntrEngine:
    """The entry point ``wntr`` of the group ``citymains.engines``."""

    name = "wntr"
    extra = "water"

    def version(self) -> str:
        """Name and version."""
        return f"wntr {wntr.__version__}"

    def open(self, model: Mapping[str, Any], directory: Path) -> EngineSession:
        """Take a model: ``inp``, the bytes of a file."""
        return _Session(model["inp"], directory)


class _Session:
    def __init__(self, inp: bytes, directory: Path) -> None:
        self._directory = directory
        self._source = directory / "model.inp"
        self._source.write_bytes(inp)

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Read the file and write it again: ``inp``, the bytes of what is written.

        Raises
        ------
        EngineFault
            ENGINE_FAILED: wntr does not take the file.
        """
        written = self._directory / "written.inp"
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                network = wntr.network.WaterNetworkModel(str(self._source))
                wntr.network.write_inpfile(network, str(written))
        except Exception as problem:  # whatever a foreign parser raises is its refusal
            raise EngineFault("ENGINE_FAILED", f"{type(problem).__name__}: {problem}"[:500]) from problem
        return {"inp": written.read_bytes()}

    def close(self) -> None:
        """Nothing is held."""
