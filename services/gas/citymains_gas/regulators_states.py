"""What regulators do: regulate, stand wide open, or shut; found by an active-set loop.

An engine that holds a set point as an equation lets a regulator raise the pressure or pass gas
backwards. Here each regulator has a state, the engine solves for given states, and the
states are changed until every one of them agrees with the pressures it leads to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Final

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
States = NDArray[np.int64]

#: Differences of pressure that change no state. [kPa]
PRESSURE_TOLERANCE_KPA: Final = 1e-4

#: Flows that change no state. [kg/s]
FLOW_TOLERANCE_KG_PER_S: Final = 1e-8


class State(IntEnum):
    """What a regulator does."""

    OUT = -1
    """Out of service."""
    REGULATING = 0
    """Holds its set point."""
    OPEN = 1
    """Wide open: the inlet is too low for the set point, or it is stuck."""
    SHUT = 2
    """Shut by its own control: the pressure behind it is above its set point (also a standby)."""
    SLAM_SHUT = 3
    """Shut by its safety valve, until a crew opens it."""


STATE_TEXTS: Final[Mapping[int, str]] = {
    State.OUT: "out",
    State.REGULATING: "regulating",
    State.OPEN: "open",
    State.SHUT: "shut",
    State.SLAM_SHUT: "slam_shut",
}


def slam_kpa_without(model: PipeModel, rows: Sequence[int]) -> Array:
    """Trip pressures where the safety valves of some regulators have failed, too. [kPa]"""
    slam: Array = model.column("regulators", "slam_shut_kpa")
    slam[list(rows)] = np.nan
    return slam


class ActiveSet:
    """States of the regulators of one network in one scenario.

    Parameters
    ----------
    controlled : ndarray of int, shape (n,)
        Junction each regulator controls.
    set_kpa, slam_kpa : ndarray, shape (n,)
        Set point and trip pressure of the safety valve, NaN: none. Gauge. [kPa]
    non_return : ndarray of bool, shape (n,)
        Whether an open regulator keeps gas from flowing back.
    in_service, active : ndarray of bool, shape (n,)
        Not active: stuck wide open, only its safety valve can shut it.
    """

    def __init__(
        self,
        *,
        controlled: NDArray[np.int64],
        set_kpa: Array,
        slam_kpa: Array,
        non_return: Mask,
        in_service: Mask,
        active: Mask,
    ) -> None:
        self._controlled = controlled
        self._set_kpa = set_kpa
        self._slam_kpa = slam_kpa
        self._non_return = non_return
        self._stuck = ~active
        self.states: States = np.where(
            in_service, np.where(active, State.REGULATING, State.OPEN), State.OUT
        ).astype(np.int64)
        self._one_duty(self.states)
        # Beside one that is stuck open nothing is left to hold; it is asked again once pressures are known.
        stuck_at = set(controlled[self.states == State.OPEN].tolist())
        beside = np.array([one in stuck_at for one in controlled.tolist()], dtype=np.bool_)
        self.states[beside & (self.states == State.REGULATING)] = State.SHUT
        self._seen = {self.states.tobytes()}
        self._one_at_a_time = False
        self.settled = False
        """Whether the states agree with the pressures they lead to."""
        self.cycled = False
        """Whether the search came back to states it had left, also with one change at a time."""

    @classmethod
    def of(cls, model: PipeModel, *, in_service: Mask, active: Mask, slam_kpa: Array) -> ActiveSet:
        """The regulators of a network; `slam_kpa` from :func:`slam_kpa_without`."""
        row = {name: at for at, name in enumerate(model.ids("junctions"))}
        held = [row[name] for name in model.column("regulators", "controlled_node")]
        return cls(
            controlled=np.array(held, dtype=np.int64),
            set_kpa=model.column("regulators", "pressure_kpa"),
            slam_kpa=slam_kpa,
            non_return=model.column("regulators", "non_return"),
            in_service=np.asarray(in_service, dtype=np.bool_),
            active=np.asarray(active, dtype=np.bool_),
        )

    @property
    def most_passes(self) -> int:
        """Passes after which the search is given up."""
        return 20 + 4 * len(self.states)

    def step(
        self, *, inlet_kpa: Array, outlet_kpa: Array, controlled_kpa: Array, flow_kg_per_s: Array
    ) -> bool:
        """Change the states that do not agree with the pressures solved for them.

        Parameters
        ----------
        inlet_kpa, outlet_kpa, controlled_kpa, flow_kg_per_s : ndarray, shape (n,)
            What the present states lead to; NaN without supply.

        Returns
        -------
        bool
            Whether another solution is needed.
        """
        wanted = self._wanted(inlet_kpa, outlet_kpa, controlled_kpa, flow_kg_per_s)
        changed = np.flatnonzero(wanted != self.states)
        if not len(changed):
            # Safety valves stay shut, so they are asked only when the pressures are those of settled states.
            return self._trip(outlet_kpa)
        if self._one_at_a_time:
            one = self.states.copy()
            one[changed[0]] = wanted[changed[0]]
            wanted = one
        key = wanted.tobytes()
        if key in self._seen:
            if self._one_at_a_time:
                self.cycled = True
                return False
            # Changing all at once went round in a circle; changing the first alone breaks most circles.
            self._one_at_a_time = True
            self._seen = {self.states.tobytes()}
            return self.step(
                inlet_kpa=inlet_kpa,
                outlet_kpa=outlet_kpa,
                controlled_kpa=controlled_kpa,
                flow_kg_per_s=flow_kg_per_s,
            )
        self._seen.add(key)
        self.states = wanted
        return True

    def _wanted(self, inlet: Array, outlet: Array, controlled: Array, flow: Array) -> States:
        now, wanted = self.states, self.states.copy()
        free = ~self._stuck
        with np.errstate(invalid="ignore"):
            regulating, opened, shut = now == State.REGULATING, now == State.OPEN, now == State.SHUT
            back = flow < -FLOW_TOLERANCE_KG_PER_S
            above = controlled > self._set_kpa + PRESSURE_TOLERANCE_KPA
            below = np.isnan(controlled) | (controlled < self._set_kpa - PRESSURE_TOLERANCE_KPA)
            pushes = ~np.isnan(inlet) & (np.isnan(outlet) | (inlet > outlet + PRESSURE_TOLERANCE_KPA))
            wanted[regulating & (outlet > inlet + PRESSURE_TOLERANCE_KPA)] = State.OPEN
            wanted[regulating & back] = State.SHUT
            wanted[opened & free & above] = State.REGULATING
            wanted[opened & back & (self._non_return | free & above)] = State.SHUT
            wanted[shut & free & below & pushes] = State.REGULATING
            wanted[shut & ~free & pushes] = State.OPEN
        self._one_duty(wanted)
        return wanted

    def _trip(self, outlet: Array) -> bool:
        with np.errstate(invalid="ignore"):
            passing = (self.states == State.REGULATING) | (self.states == State.OPEN)
            tripped = passing & (outlet > self._slam_kpa + PRESSURE_TOLERANCE_KPA)
        self.settled = not tripped.any()
        self.states = np.where(tripped, State.SLAM_SHUT, self.states).astype(np.int64)
        self._seen = {self.states.tobytes()}
        return not self.settled

    def _one_duty(self, states: States) -> None:
        """Of several that would regulate one junction, the highest set point is on duty; the first of equals."""
        rows = np.flatnonzero(states == State.REGULATING)
        order = rows[np.lexsort((rows, -self._set_kpa[rows]))]
        taken: set[int] = set()
        for row in order.tolist():
            junction = int(self._controlled[row])
            if junction in taken:
                states[row] = State.SHUT
            taken.add(junction)
