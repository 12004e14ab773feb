"""What an engine is: the face a solver shows inside its own process.

An engine's module is the only one that imports its solver. It is found by the entry point
group ``citymains.engines`` (``name = "module:Class"``), or named directly as ``module:Class``.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from citymains.errors import NotFoundError

#: Entry point group of the engines.
GROUP = "citymains.engines"


class EngineFault(Exception):  # noqa: N818  (the contract's name)
    """Raised by an engine that refuses a model or a task, or whose solver says it failed.

    Parameters
    ----------
    code : str
        ``NOT_CONVERGED`` and ``RESULT_REJECTED`` become the errors of these names; any other code
        of the message catalogue is kept; the rest becomes ``ENGINE_FAILED``.
    message : str
        The solver's own words.
    **details
        Values for the message's placeholders; ``element=`` names the culprit.
    """

    def __init__(self, code: str, message: str = "", **details: Any) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.details = details

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class EngineSession(Protocol):
    """One model, open in a child process: handles, kernels and all."""

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one task. Task and answer are trees of None, bool, int, float, str, bytes, list, dict and arrays."""
        ...

    def close(self) -> None:
        """Let the model go. Not called if the process is killed."""
        ...


@runtime_checkable
class Engine(Protocol):
    """A solver, as the engine host starts it.

    A class may also have ``extra``, the extra of citymains that installs its solver, and a
    method ``preload()``, called once in the template before children are forked from it: the
    place to load libraries. What it leaves behind is shared by all children, so it must hold
    no model, start no thread and open no file.
    """

    name: str

    def version(self) -> str:
        """The solver's name and version, for the provenance: ``EPANET 2.3.5``."""
        ...

    def open(self, model: Mapping[str, Any], directory: Path) -> EngineSession:
        """Open a model. `directory` is private to the session, is the working directory, and is removed with it."""
        ...


@dataclass(frozen=True, slots=True)
class EngineSpec:
    """Where an engine is found."""

    name: str
    module: str
    attribute: str

    @property
    def extra(self) -> str:
        """The extra that installs the solver if the engine's class cannot be asked: a service is named after its extra."""
        return self.module.partition(".")[0].removeprefix("citymains_")

    def load(self) -> Engine:
        """Import the engine's module, and with it the solver, and make the engine."""
        engine = getattr(importlib.import_module(self.module), self.attribute)()
        if not isinstance(engine, Engine):
            raise TypeError(
                f"{self.module}:{self.attribute} is not an engine: it needs name, version() and open()"
            )
        return engine


def find_engine(name: str) -> EngineSpec:
    """Find an engine by its entry point's name, or take ``module:Class`` at its word; imports nothing of it.

    Raises
    ------
    NotFoundError
    """
    module, colon, attribute = name.partition(":")
    if not colon:
        module, _, attribute = _entry_points().get(name, "").partition(":")
    if not (module and attribute):
        raise NotFoundError(field="engine", value=name)
    return EngineSpec(name, module, attribute)


@functools.cache
def _entry_points() -> Mapping[str, str]:
    from importlib.metadata import entry_points

    return {point.name: point.value for point in entry_points(group=GROUP)}
