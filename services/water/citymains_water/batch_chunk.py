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
#: Accuracy of EPANET where it stands in for the batched solver, or is compared with it.
REFERENCE_ACCURACY = 1e-8
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

    def part(self, first: int, last: int) -> Ragged:
        """Lists `first` to `last` (not included)."""
        begin, stop = self.start[first], self.start[last]
        return Ragged(self.start[first : last + 1] - begin, self.values[begin:stop])


_LISTS = ("closed", "cut", "scaled", "drawn")


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
    drawn: Ragged
    """Junctions where a scenario draws water beside the customers, ..."""
    flows: Floats
    """... and how much, in the file's unit of flow; it is drawn whatever the pressure."""

    @classmethod
    def read(cls, task: Mapping[str, Any]) -> Chunk:
        """From a task's arrays."""
        lists = {name: Ragged(task[f"{name}_start"], task[name]) for name in _LISTS}
        return cls(
            **lists,
            factors=np.asarray(task["factors"], dtype=float),
            factor=np.asarray(task["factor"], dtype=float),
            flows=np.asarray(task["flows"], dtype=float),
        )

    def task(self) -> dict[str, Any]:
        """As a task's arrays."""
        arrays: dict[str, Any] = {"factors": self.factors, "factor": self.factor, "flows": self.flows}
        for name in _LISTS:
            one: Ragged = getattr(self, name)
            arrays |= {f"{name}_start": one.start, name: one.values}
        return arrays

    def __len__(self) -> int:
        return len(self.factor)

    def plain(self, at: int) -> bool:
        """Whether a scenario leaves the demand of every single junction as it is."""
        return bool(self.scaled.start[at] == self.scaled.start[at + 1])

    def cut_of(self, at: NDArray[np.intp]) -> tuple[NDArray[np.intp], Ints]:
        """What some scenarios cut off: row among them, and junction."""
        parts = [self.cut[one] for one in at.tolist()]
        rows = np.repeat(np.arange(len(at)), [len(one) for one in parts])
        return rows, np.concatenate([np.zeros(0, dtype=np.int32), *parts])

    def node_factors(self, at: int) -> list[tuple[int, float]]:
        """Junctions and the factor of their demand in one scenario."""
        if self.plain(at):
            return []
        part = slice(self.scaled.start[at], self.scaled.start[at + 1])
        return list(zip(self.scaled.values[part].tolist(), self.factors[part].tolist(), strict=True))

    @classmethod
    def undisturbed(cls) -> Chunk:
        """One scenario that changes nothing."""
        nothing = Ragged.of([()])
        none = np.zeros(0)
        return cls(nothing, nothing, nothing, none, np.ones(1), nothing, none)

    def draws(self, at: int) -> list[tuple[int, float]]:
        """Junctions and flows drawn there in one scenario."""
        if self.drawn.start[at] == self.drawn.start[at + 1]:
            return []
        part = slice(self.drawn.start[at], self.drawn.start[at + 1])
        return list(zip(self.drawn.values[part].tolist(), self.flows[part].tolist(), strict=True))

    def demand_factors(self, at: int, junctions: int) -> Floats:
        """Factor of every junction's demand in one scenario, cut-off ones included; shape (junctions,)."""
        factors = np.full(junctions, self.factor[at])
        if self.plain(at):
            return factors
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
    """What was asked for by name: ``minimum_head``, ``unserved`` and ``dried`` (1: without a way to a source at
    some time), shape (scenarios, junctions); ``head``, of all nodes."""

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
        return cls(**{name: answer[name] for name in cls.__dataclass_fields__})

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
        self,
        into: Metrics,
        at: NDArray[np.intp],
        chunk: Chunk,
        lowest_head: Floats,
        dried: NDArray[np.bool_],
        deficit: Floats,
    ) -> None:
        """Write the metrics of some scenarios.

        Parameters
        ----------
        into : Metrics
        at : ndarray of int, shape (n,)
            Which scenarios of the chunk.
        chunk : Chunk
        lowest_head : ndarray, shape (n, nodes)
            Lowest head over the times with an open way to a source; infinite where there is none ever.
        dried : ndarray of bool, shape (n, junctions)
            Junctions without such a way at some time. Overwritten where a scenario cuts off.
        deficit : ndarray, shape (n, junctions)
            Volume not delivered. Overwritten where a scenario cuts off.
        """
        junctions = len(self.elevation)
        required = self._required(at, chunk)
        rows, cut = chunk.cut_of(at)
        dried[rows, cut] = True
        deficit[rows, cut] = required[rows, cut]
        pressure = np.where(required > 0.0, lowest_head[:, :junctions] - self.elevation, np.inf)
        pressure[rows, cut] = np.inf
        if junctions:
            worst = pressure.argmin(axis=1)
            low = pressure[np.arange(len(at)), worst]
            known = low < np.inf
            into.worst_node[at] = np.where(known, worst, -1)
            into.worst_pressure[at] = np.where(known, low, np.nan)
        into.below[at] = ((pressure < self.limit) | (dried & (required > 0.0))).sum(axis=1)
        into.required[at] = required.sum(axis=1)
        into.unserved[at] = deficit.sum(axis=1)
        for name, block in into.blocks.items():
            if name == "unserved":
                block[at] = deficit
            elif name == "dried":
                block[at] = dried
            else:
                block[at] = np.where(np.isinf(lowest_head), np.nan, lowest_head)[:, : block.shape[1]]
                block[at[rows], cut] = np.nan

    def _required(self, at: NDArray[np.intp], chunk: Chunk) -> Floats:
        """Volume wanted in each scenario, shape (n, junctions)."""
        required = chunk.factor[at, None] * self.required
        for row, scenario in enumerate(at.tolist()):
            if not chunk.plain(scenario):
                required[row] = self.required * chunk.demand_factors(scenario, len(self.required))
        return required
