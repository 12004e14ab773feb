"""What EPANET finds, kept as it is read after each solution and looked at in bulk.

Between two solutions nothing is calculated. Vector instructions that are met now and then have many
processors wake their wide units each time, and EPANET runs up to a fifth slower after each of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains_water.batch_project import (
    CLOSED,
    LINK_STATUS,
    NODE_DEFICIT,
    NODE_FULL_DEMAND,
    NODE_HEAD,
    Project,
)
from citymains_water.batch_supply import Supply

Floats = NDArray[np.float64]

#: Solutions held at once [bytes]: about what a core's own cache holds beside EPANET's matrix.
_ROOM_BYTES = 1 << 20


class Record:
    """Solutions of a few scenarios in turn, of one project.

    Parameters
    ----------
    project : Project
    trees : Trees
    pressure_dependent : bool
        How demands meet pressure.
    scenarios : int
        How many there may be.

    Attributes
    ----------
    low : ndarray, shape (scenarios, nodes)
        Lowest head over the times with an open way to a source; infinite where there is none ever.
    lacking : ndarray, shape (scenarios, junctions)
        Volume not delivered.
    dried : ndarray of bool, shape (scenarios, junctions)
        Junctions without an open way to a source at some time.
    """

    def __init__(self, project: Project, trees: Any, pressure_dependent: bool, scenarios: int) -> None:
        nodes, links, self._junctions = project.node_count, project.link_count, project.junction_count
        self._supply = Supply(trees)
        self.low = np.empty((scenarios, nodes))
        self.lacking = np.empty((scenarios, self._junctions))
        self.dried = np.empty((scenarios, self._junctions), dtype=bool)
        self._size = max(1, _ROOM_BYTES // (8 * (3 * nodes + links)))
        self._head, self._wanted, self._deficit = (np.empty((self._size, nodes)) for _ in range(3))
        self._status = np.empty((self._size, links))
        read = [("node", NODE_HEAD, self._head), ("node", NODE_FULL_DEMAND, self._wanted)]
        read += [("link", LINK_STATUS, self._status)]
        read += [("node", NODE_DEFICIT, self._deficit)] * pressure_dependent
        self._readers = [
            [project.reader(f"EN_get{what}values", code, block[at]) for what, code, block in read]
            for at in range(self._size)
        ]
        self._pressure_dependent = pressure_dependent
        self._of: list[int] = []
        self._weight_s: list[float] = []
        self._closed: dict[int, Sequence[int]] = {}

    def clear(self) -> None:
        """Begin with other scenarios."""
        self._of, self._weight_s, self._closed = [], [], {}
        self.low[:], self.lacking[:], self.dried[:] = np.inf, 0.0, False

    def begin(self, scenario: int, closed: Sequence[int]) -> None:
        """Begin with a scenario that closes some links, or begin with it again."""
        if scenario in self._closed:
            kept = self._of.index(scenario) if scenario in self._of else len(self._of)
            del self._of[kept:], self._weight_s[kept:]
            self.low[scenario], self.lacking[scenario], self.dried[scenario] = np.inf, 0.0, False
        self._closed[scenario] = closed

    def read(self) -> None:
        """Read a solution."""
        for reader in self._readers[len(self._of)]:
            reader()

    def keep(self, scenario: int, weight_s: float) -> None:
        """Keep the solution that was read last; it stands for so many seconds."""
        self._of.append(scenario)
        self._weight_s.append(weight_s)
        if len(self._of) == self._size:
            self.finish()

    def finish(self) -> None:
        """Look at all solutions that are kept."""
        count = len(self._of)
        if not count:
            return
        of = np.array(self._of)
        first = np.flatnonzero(np.concatenate([[True], of[1:] != of[:-1]]))
        self._dry(self._status[:count] != CLOSED)
        one_each = len(first) == count
        lowest = self._head[:count] if one_each else np.minimum.reduceat(self._head[:count], first, axis=0)
        self.low[of[first]] = np.minimum(self.low[of[first]], lowest)
        if self._pressure_dependent:
            lacking = np.maximum(self._deficit[:count, : self._junctions], 0.0)
            lacking *= np.array(self._weight_s)[:, None]
            self.lacking[of[first]] += lacking if one_each else np.add.reduceat(lacking, first, axis=0)
        self._of, self._weight_s = [], []

    def _dry(self, is_open: NDArray[np.bool_]) -> None:
        """A junction without an open way to a source has no head, and gets nothing."""
        for at, (scenario, weight_s) in enumerate(zip(self._of, self._weight_s, strict=True)):
            dry = self._supply.dry(is_open[at], self._closed[scenario])
            if not len(dry):
                continue
            self._head[at, dry] = np.inf
            self.dried[scenario, dry] = True
            if self._pressure_dependent:
                self._deficit[at, dry] = self._wanted[at, dry]
            else:
                self.lacking[scenario, dry] += np.maximum(self._wanted[at, dry], 0.0) * weight_s
