"""Levels that can be trusted: gaps, impossible values and sensors that are stuck, each told."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

#: A sensor that reports the same within this for `STUCK_AFTER` observations may be stuck [m].
SAME_M = 1e-3
STUCK_AFTER = 3
#: It is, where the model moved by more than this meanwhile [m].
MOVED_M = 0.15
#: Water may stand this much above a well's rim, as a share of its depth.
_ABOVE_RIM = 1.2


class SensorState(StrEnum):
    """What a report is worth."""

    OK = "OK"
    GAP = "GAP"
    RANGE = "RANGE"
    STUCK = "STUCK"


@dataclass(frozen=True)
class Place:
    """A station's wet well or an underpass, as sensors name it.

    Attributes
    ----------
    name : str
        Of the station or underpass.
    node : str
        Of the model.
    full_depth_m : float
    """

    name: str
    node: str
    full_depth_m: float


@dataclass(frozen=True)
class Reading:
    """One level.

    Attributes
    ----------
    depth_m, model_depth_m : float
        As reported and as the model has it; NaN: not there.
    state : SensorState
    still : bool
        Whether the report is the same as the last: the model is then not led by it.
    moved_m : float
        How far the model has moved while the reports did not.
    """

    depth_m: float
    model_depth_m: float
    state: SensorState
    still: bool = False
    moved_m: float = 0.0

    @property
    def used_m(self) -> float:
        """What advice rests on: the report where it can be trusted, else the model's."""
        return self.depth_m if self.state is SensorState.OK else self.model_depth_m


@dataclass(eq=False)
class Sensor:
    """One sensor over time."""

    place: Place
    _seen: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=256))
    """Reports and model levels since the report last moved."""

    def read(self, depth_m: float | None, model_depth_m: float) -> Reading:
        """Judge a report; None or NaN: there is none."""
        if depth_m is None or math.isnan(depth_m):
            return Reading(math.nan, model_depth_m, SensorState.GAP)
        if not -SAME_M <= depth_m <= _ABOVE_RIM * self.place.full_depth_m:
            return Reading(depth_m, model_depth_m, SensorState.RANGE)
        if self._seen and abs(depth_m - self._seen[-1][0]) > SAME_M:
            self._seen.clear()
        still = bool(self._seen)
        self._seen.append((depth_m, model_depth_m))
        levels = [model for _, model in self._seen if not math.isnan(model)]
        moved = max(levels, default=0.0) - min(levels, default=0.0)
        stuck = len(self._seen) >= STUCK_AFTER and moved > MOVED_M
        state = SensorState.STUCK if stuck else SensorState.OK
        return Reading(depth_m, model_depth_m, state, still, moved)


def reported(place: Place, depth_m: Mapping[str, float]) -> float | None:
    """The level reported for a place, by its name or its node."""
    return depth_m.get(place.name, depth_m.get(place.node))
