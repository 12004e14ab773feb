"""Underpasses: which node stands for the water on the road, how deep it may be, and when it was closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.inp import InpDocument
from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import Coded, ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.rules.book import Resolved
from numpy.typing import NDArray

from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.from_network import StationReader
from citymains_drainage.stations.ledger import UNDERPASSES as LEDGER
from citymains_drainage.stations.levels import StationDefaults
from citymains_drainage.stations.model import Underpass

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]
GREEN, YELLOW, RED = range(3)
STATES: Final = ("green", "yellow", "red")

UNDERPASSES: Final = TableSpec(
    "underpasses",
    "Underpasses: how deep the water on the road was, and how long it was slow or closed.",
    (
        ColumnSpec("underpass", Kind.TEXT, "Name of the underpass."),
        ColumnSpec("node", Kind.TEXT, "Node whose depth is the water on the road."),
        ColumnSpec("state", Kind.TEXT, "The worst it came to: green, yellow (slow) or red (closed)."),
        ColumnSpec("max_depth_m", Kind.FLOAT, "Largest depth at any routing step."),
        ColumnSpec("yellow_m", Kind.FLOAT, "Depth from which traffic slows."),
        ColumnSpec("red_m", Kind.FLOAT, "Depth from which it is closed."),
        ColumnSpec("yellow_since_s", Kind.FLOAT, "When it first slowed, at a reported time; missing: never."),
        ColumnSpec("red_since_s", Kind.FLOAT, "When it was first closed; missing: never."),
        ColumnSpec("yellow_s", Kind.FLOAT, "How long it was slow."),
        ColumnSpec("red_s", Kind.FLOAT, "How long it was closed, until the water was a hysteresis below."),
    ),
    MapLayer("node", "nodes", "max_depth_m"),
)
COURSE: Final = TableSpec(
    "underpass_levels",
    "Water on every underpass's road at every reported time.",
    (
        ColumnSpec("underpass", Kind.TEXT, "Name of the underpass."),
        ColumnSpec("time_s", Kind.FLOAT, "Time from the start."),
        ColumnSpec("depth_m", Kind.FLOAT, "Depth of the water on the road."),
        ColumnSpec("state", Kind.TEXT, "green, yellow or red; a state is left a hysteresis below its depth."),
    ),
)


@dataclass(frozen=True)
class Watched:
    """The underpasses of a model.

    Attributes
    ----------
    places : tuple of Underpass
    sha256 : str
        Hash of the ledger; empty: there was none.
    rule_packs : tuple of str
    """

    places: tuple[Underpass, ...]
    sha256: str = ""
    rule_packs: tuple[str, ...] = ()


def watched_underpasses(
    face: Utility,
    document: InpDocument,
    options: ModelOptions,
    reference: DatasetRef | None,
) -> Watched:
    """Underpasses by the model's tags and a ledger, with depths by the ledger, else the rules in force, else 25 cm.

    Raises
    ------
    InputError
        SCHEDULE_UNDERPASS_WITHOUT_LEVEL, SCHEDULE_UNDERPASS_LEVELS, or the issues of the ledger.
    """
    ledger = face.ledger(reference, LEDGER)
    defaults, resolved = closing_defaults(face)
    reader = StationReader(
        document,
        options,
        defaults=defaults,
        underpass_rows=None if ledger is None else ledger.table,
        file="" if ledger is None else ledger.file,
    )
    places = reader.watched_underpasses()
    if reader.issues:
        raise InputError(reader.issues)
    return Watched(places, "" if ledger is None else ledger.sha256, resolved.applied)


def closing_defaults(face: Utility) -> tuple[StationDefaults, Resolved]:
    """What holds of an underpass where its ledger is silent, and the rules that say so."""
    resolved = face.workbench.rules.resolve(
        "underpass_closure", jurisdiction=face.workbench.jurisdiction, on=face.workbench.today()
    )
    usual = StationDefaults().underpass
    return StationDefaults(underpass=replace(usual, **resolved.values)), resolved


@dataclass(frozen=True, eq=False)
class Course:
    """Depths and states of underpasses over time.

    Attributes
    ----------
    places : tuple of Underpass
    times_s : ndarray, shape (times,)
    depth_m : ndarray, shape (times, places)
    state : ndarray of int, shape (times, places)
        0 green, 1 yellow, 2 red, with hysteresis.
    max_depth_m : ndarray, shape (places,)
        At any routing step.
    """

    places: tuple[Underpass, ...]
    times_s: Floats
    depth_m: Floats
    state: NDArray[np.int64]
    max_depth_m: Floats

    @classmethod
    def of(
        cls,
        places: Sequence[Underpass],
        nodes: Sequence[str],
        times_s: Floats,
        depth_m: Floats,
        max_depth_m: Floats,
    ) -> Course:
        """Of every node's depths, shape (times, nodes), and largest depths, shape (nodes,)."""
        at = {name: row for row, name in enumerate(nodes)}
        rows = [at[one.node] for one in places]
        depth = np.asarray(depth_m, dtype=np.float64)[:, rows]
        state = np.zeros(depth.shape, dtype=np.int64)
        for column, place in enumerate(places):
            before = GREEN
            for step, value in enumerate(depth[:, column].tolist()):
                before = place.level(value, before)
                state[step, column] = before
        return cls(tuple(places), times_s, depth, state, np.asarray(max_depth_m, dtype=np.float64)[rows])

    @property
    def worst(self) -> list[int]:
        """The worst state of each place; a peak between two reported times counts."""
        peaks = [one.level(depth) for one, depth in zip(self.places, self.max_depth_m.tolist(), strict=True)]
        return [max(peak, int(self.state[:, at].max(initial=0))) for at, peak in enumerate(peaks)]

    def held_s(self, state: int) -> list[float]:
        """How long each place was in a state; a state holds until the next reported time."""
        steps = np.append(np.diff(self.times_s), 0.0)
        return [float(one) for one in steps @ (self.state == state)]

    def since_s(self, state: int) -> list[float]:
        """When each place was first in a state or a worse one; NaN: never at a reported time."""
        reached = self.state >= state
        first = self.times_s[reached.argmax(axis=0)] if len(self.times_s) else np.zeros(len(self.places))
        return [float(one) for one in np.where(reached.any(axis=0), first, np.nan)]

    def table(self) -> Table:
        """One row per underpass."""
        return UNDERPASSES.build(
            underpass=[one.name for one in self.places],
            node=[one.node for one in self.places],
            state=[STATES[one] for one in self.worst],
            max_depth_m=self.max_depth_m,
            yellow_m=[one.yellow_m for one in self.places],
            red_m=[one.red_m for one in self.places],
            yellow_since_s=self.since_s(YELLOW),
            red_since_s=self.since_s(RED),
            yellow_s=self.held_s(YELLOW),
            red_s=self.held_s(RED),
        )

    def course_table(self) -> Table:
        """One row per underpass and reported time."""
        count, places = self.depth_m.shape
        return COURSE.build(
            underpass=Coded(
                tuple(one.name for one in self.places), np.tile(np.arange(places, dtype=np.int32), count)
            ),
            time_s=np.repeat(self.times_s, places),
            depth_m=self.depth_m.reshape(-1),
            state=Coded(STATES, self.state.reshape(-1).astype(np.int32)),
        )

    def findings(self) -> list[Finding]:
        """Underpasses that slow or have to be closed."""
        codes = {YELLOW: "DRAINAGE_UNDERPASS_SLOW", RED: "DRAINAGE_UNDERPASS_CLOSED"}
        found = []
        rows: Any = zip(self.places, self.worst, self.max_depth_m.tolist(), strict=True)
        for place, state, depth in rows:
            if state in codes:
                limit = place.red_m if state == RED else place.yellow_m
                found.append(
                    finding(
                        codes[state], Severity.NOTE, element=place.name, value=depth, limit=limit, unit="m"
                    )
                )
        return found
