"""What a batch session is asked and what it answers: flat arrays, a row per scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: Who computed a scenario, in the column ``engine``.
BY_EPANET, BY_KERNEL = 0, 1
#: Where a scenario has no answer, in the column ``error``.
STOPPED_EARLY = 1
#: A steady state stands for one hour.
STEADY_S = 3600.0


@dataclass(frozen=True)
class Ragged:
    """Lists of different lengths, end to end: list ``i`` is ``values[start[i]:start[i + 1]]``."""

    start: Ints
    values: Ints

    @classmethod
    def of(cls, lists: Sequence[Sequence[int]]) -> Ragged:
        """Join the lists."""
        start = np.zeros(len(lists) + 1, dtype=np.int32)
        np.cumsum([len(one) for one in lists], out=start[1:])
        return cls(
            start,
            np.fromiter((value for one in lists for value in one), dtype=np.int32, count=int(start[-1])),
        )

    def __getitem__(self, at: int) -> Ints:
        return self.values[self.start[at] : self.start[at + 1]]


@dataclass(frozen=True)
class Chunk:
    """Scenarios of one task. Links and nodes are counted from 0 in the engine's order."""

    closed: Ragged
    """Links each scenario closes."""
    cut: Ragged
    """Junctions a scenario leaves without any way to a source."""
    scaled: Ragged
    """Junctions whose demand a scenario multiplies, by `factors` of the same place."""
    factors: Floats
    factor: Floats
    """Multiplier of all demands, shape (scenarios,)."""

    @classmethod
    def read(cls, task: Mapping[str, Any]) -> Chunk:
        """From a task's arrays."""
        lists = {name: Ragged(task[f"{name}_start"], task[name]) for name in ("closed", "cut", "scaled")}
        return cls(
            **lists,
            factors=np.asarray(task["factors"], dtype=float),
            factor=np.asarray(task["factor"], dtype=float),
        )

    def task(self) -> dict[str, Any]:
        """As a task's arrays."""
        arrays: dict[str, Any] = {"factors": self.factors, "factor": self.factor}
        for name in ("closed", "cut", "scaled"):
            one: Ragged = getattr(self, name)
            arrays |= {f"{name}_start": one.start, name: one.values}
        return arrays

    def __len__(self) -> int:
        return len(self.factor)

    def node_factors(self, at: int) -> list[tuple[int, float]]:
        """Junctions and the factor of their demand in one scenario."""
        part = slice(self.scaled.start[at], self.scaled.start[at + 1])
        return list(zip(self.scaled.values[part].tolist(), self.factors[part].tolist(), strict=True))

    def demand_factors(self, at: int, junctions: int) -> Floats:
        """Factor of every junction's demand in one scenario, cut-off ones included; shape (junctions,)."""
        factors = np.full(junctions, self.factor[at])
        part = slice(self.scaled.start[at], self.scaled.start[at + 1])
        np.multiply.at(factors, self.scaled.values[part], self.factors[part])
        return factors


@dataclass(frozen=True)
class Metrics:
    """Answers, a row per scenario, in the file's units of length and flow (volumes: flow times seconds)."""

    worst_pressure: Floats
    """Lowest pressure at a supplied junction with demand, as head above its elevation."""
    worst_node: Ints
    """Where; -1 where no junction with demand is supplied."""
    below: Ints
    """Junctions with demand that fall below the limit or are cut off."""
    unserved: Floats
    required: Floats
    warnings: Ints
    """Bit ``c`` is set where EPANET warned with code ``c``."""
    error: Ints
    """EPANET's error, or STOPPED_EARLY; 0 for an answer."""
    engine: Ints
    reason: Ints
    """Why the kernel passed a scenario on (see `citymains_water.kernel_reasons`); 0 where it did not."""
    blocks: Mapping[str, Floats]
    """What was asked for by name, shape (scenarios, junctions): ``minimum_head``, ``unserved``; ``head`` has all nodes."""

    @classmethod
    def empty(cls, count: int, sizes: Mapping[str, int]) -> Metrics:
        """Nothing answered yet."""
        columns: dict[str, Any] = {
            name: np.full(count, np.nan) for name in ("worst_pressure", "unserved", "required")
        }
        columns |= {
            name: np.zeros(count, dtype=np.int32)
            for name in ("worst_node", "below", "warnings", "error", "engine", "reason")
        }
        return cls(**columns, blocks={name: np.full((count, size), np.nan) for name, size in sizes.items()})

    @classmethod
    def read(cls, answer: Mapping[str, Any]) -> Metrics:
        """From an answer's tree."""
        return cls(**answer)

    def answer(self) -> dict[str, Any]:
        """As an answer's tree."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Judge:
    """Turns what one scenario did to the nodes into its metrics.

    Parameters
    ----------
    elevation : ndarray, shape (junctions,)
    required : ndarray, shape (junctions,)
        Volume the customers of each junction want over the simulated time, before a scenario's factors.
    limit : float
        Service pressure, as head in the file's unit of length.
    """

    def __init__(self, elevation: Floats, required: Floats, limit: float) -> None:
        self.elevation, self.required, self.limit = elevation, required, limit

    def judge(
        self, into: Metrics, at: int, chunk: Chunk, minimum_head: Floats, deficit: Floats | None
    ) -> None:
        """Write the metrics of scenario `at`.

        Parameters
        ----------
        minimum_head : ndarray, shape (junctions,)
            Lowest head over time.
        deficit : ndarray, shape (junctions,), optional
            Volume not delivered; None where demands are drawn whatever the pressure.
        """
        junctions = len(self.elevation)
        plain = chunk.scaled.start[at] == chunk.scaled.start[at + 1]
        required = (
            self.required * chunk.factor[at] if plain else self.required * chunk.demand_factors(at, junctions)
        )
        cut = chunk.cut[at]
        pressure = minimum_head - self.elevation
        pressure[required <= 0.0] = np.inf
        pressure[cut] = np.inf
        worst = int(pressure.argmin()) if junctions else -1
        known = worst >= 0 and bool(pressure[worst] < np.inf)
        into.worst_node[at] = worst if known else -1
        into.worst_pressure[at] = pressure[worst] if known else np.nan
        lost = required[cut]
        into.below[at] = int((pressure < self.limit).sum()) + int((lost > 0.0).sum())
        into.required[at] = required.sum()
        if deficit is not None:
            deficit[cut] = lost
        into.unserved[at] = lost.sum() if deficit is None else deficit.sum()
        self._blocks(into, at, cut, minimum_head, deficit, lost)

    def _blocks(
        self, into: Metrics, at: int, cut: Ints, minimum_head: Floats, deficit: Floats | None, lost: Floats
    ) -> None:
        if "minimum_head" in into.blocks:
            row = into.blocks["minimum_head"][at]
            row[:] = minimum_head
            row[cut] = np.nan
        if "unserved" in into.blocks:
            row = into.blocks["unserved"][at]
            row[:] = 0.0 if deficit is None else deficit
            row[cut] = lost
