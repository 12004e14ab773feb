"""How much time, memory and disk an engine may use."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass, field

from citymains.errors import InputError


def _from_environment(variable: str, default: float) -> float:
    text = os.environ.get(variable, "").strip()
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0.0 < value < math.inf:
        raise InputError("ARGUMENT_INVALID", field=variable, value=text, limit="> 0")
    return value


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of one engine session.

    Parameters
    ----------
    wall_s : float
        Time for opening the model, and for each task after that [s], > 0. Default 600, or
        ``CITYMAINS_ENGINE_WALL_S``.
    memory_mib : float
        Memory a session may take on top of its loaded engine, and the largest answer [MiB], > 0.
        Default 4096, or ``CITYMAINS_ENGINE_MEMORY_MIB``.
    file_mib : float
        Largest file a session may write [MiB], > 0. Default 1024, or ``CITYMAINS_ENGINE_FILE_MIB``.
    """

    wall_s: float = field(default_factory=lambda: _from_environment("CITYMAINS_ENGINE_WALL_S", 600.0))
    memory_mib: float = field(
        default_factory=lambda: _from_environment("CITYMAINS_ENGINE_MEMORY_MIB", 4096.0)
    )
    file_mib: float = field(default_factory=lambda: _from_environment("CITYMAINS_ENGINE_FILE_MIB", 1024.0))

    def __post_init__(self) -> None:
        for name in ("wall_s", "memory_mib", "file_mib"):
            value = getattr(self, name)
            if not 0.0 < value < math.inf:
                raise InputError("ARGUMENT_INVALID", field=name, value=value, limit="> 0")


def start_limit_s() -> float:
    """Time an engine may take to be imported [s]: 180, or ``CITYMAINS_ENGINE_START_S``."""
    return _from_environment("CITYMAINS_ENGINE_START_S", 180.0)


def process_limit() -> int:
    """Engine processes at work at once: 4 per core and at least 16, or ``CITYMAINS_ENGINE_PROCESSES``.

    More than cores, because a question may hold two sessions open and many wait for files.
    """
    return int(_from_environment("CITYMAINS_ENGINE_PROCESSES", max(16, 4 * (os.cpu_count() or 1)))) or 1
