"""One step of the guard: from what is wanted and seen to what is commanded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from citymains_drainage.control.guard import (
    WINDOW_S,
    Decision,
    GuardReason,
    GuardState,
    Intervention,
    Observation,
    PumpMemory,
    StationMemory,
)
from citymains_drainage.stations.model import PumpGroup, Station, StationSet

#: Clocks of controllers jitter; a time this little short counts as reached [s].
TOLERANCE_S = 1e-6


def guard_step(
    stations: StationSet, state: GuardState, wanted: Mapping[str, int], seen: Observation, *, step_s: float
) -> Decision:
    """Turn a plan's counts into commands that keep every limit.

    Parameters
    ----------
    stations : StationSet
    state : GuardState
        Of the step before; ``GuardState()`` at first.
    wanted : mapping of str to int
        Running pumps by group name; missing: as many as run now; clipped to the group's pumps.
    seen : Observation
        Levels and locks now.
    step_s : float
        Time until the next command [s], > 0; the commands hold that long.

    Returns
    -------
    Decision
        Equal pumps take turns: of those that may, the one starts that has stopped longest, and the
        one stops that has run longest.

    Raises
    ------
    ValueError
        Time does not go forward, or the step is not positive.

    Examples
    --------
    >>> decision = guard_step(StationSet(stations=()), GuardState(), {}, Observation(0.0), step_s=300.0)
    >>> decision.settings
    {}
    """
    if not step_s > 0 or seen.time_s <= state.time_s:
        raise ValueError(f"time goes from {state.time_s} to {seen.time_s} by a step of {step_s}")
    works = [_StationStep(station, state, wanted, seen, step_s) for station in stations.stations]
    for work in works:
        work.choose()
    _keep_receiving(stations, works, seen)
    for work in works:
        work.keep_available()
    pumps = {name: memory for work in works for name, memory in work.memories().items()}
    return Decision(
        state=GuardState(seen.time_s, pumps, {work.station.name: work.memory() for work in works}),
        settings={name: 1.0 if memory.running else 0.0 for name, memory in pumps.items()},
        counts={group.name: work.count(group) for work in works for group in work.station.groups},
        interventions=tuple(one for work in works for one in work.interventions),
    )


@dataclass(frozen=True)
class _Candidate:
    pump: str
    group: PumpGroup
    before: PumpMemory
    may_start: bool
    must_run: bool
    """Shorter than the minimum run."""
    held: GuardReason | None
    """Why a stopped one may not start."""


class _StationStep:
    """One station in one step."""

    def __init__(
        self, station: Station, state: GuardState, wanted: Mapping[str, int], seen: Observation, step_s: float
    ) -> None:
        self.station = station
        self.now_s = seen.time_s
        self.step_s = step_s
        self.before = state.stations.get(station.name, StationMemory())
        self.wanted = wanted
        self.interventions: list[Intervention] = []
        self.running: set[str] = set()
        depth = seen.depth_m.get(station.name, math.nan)
        self.depth_m = depth if math.isfinite(depth) else math.nan
        self._watch_levels()
        self._budget_m3 = self._water(state, seen)
        self.candidates = [
            self._candidate(pump, group, state.pumps.get(pump, PumpMemory()), seen.locked_out)
            for group in station.groups
            for pump in group.pumps
        ]

    def _watch_levels(self) -> None:
        station, locked, emergency = self.station, self.before.locked, self.before.emergency
        if not math.isnan(self.depth_m):
            locked = self.depth_m <= station.dry_run_depth_m or (
                locked and self.depth_m < station.restart_depth_m
            )
            emergency = self.depth_m >= station.emergency_depth_m or (
                emergency and self.depth_m >= station.emergency_release_m
            )
        self.locked, self.emergency = locked, emergency and not locked

    def _water(self, state: GuardState, seen: Observation) -> float:
        """Volume the pumps may take until the next command."""
        curve, before = self.station.curve, self.before
        elapsed_s = seen.time_s - state.time_s
        told = seen.inflow_m3_per_s.get(self.station.name, math.nan)
        if math.isnan(self.depth_m):
            reckoned = before.volume_m3 + (before.inflow_m3_per_s - before.pumped_m3_per_s) * elapsed_s
            self.volume_m3 = min(max(reckoned, 0.0), curve.capacity_m3) if math.isfinite(reckoned) else 0.0
            inflow = before.inflow_m3_per_s if math.isnan(told) else told
        else:
            self.volume_m3 = curve.volume_at(self.depth_m)
            gained = (self.volume_m3 - before.volume_m3) / elapsed_s + before.pumped_m3_per_s
            inflow = (gained if math.isfinite(gained) else 0.0) if math.isnan(told) else told
        self.inflow_m3_per_s = max(0.0, inflow)
        dead = curve.volume_at(self.station.dry_run_depth_m)
        return max(0.0, self.volume_m3 - dead + self.inflow_m3_per_s * self.step_s)

    def _candidate(
        self, pump: str, group: PumpGroup, before: PumpMemory, locked_out: frozenset[str]
    ) -> _Candidate:
        since = self.now_s - before.changed_s + TOLERANCE_S
        recent = sum(self.now_s - one < WINDOW_S - TOLERANCE_S for one in before.starts_s)
        held = None
        if pump in locked_out:
            held = GuardReason.MAINTENANCE
        elif self.locked:
            held = GuardReason.DRY_RUN
        elif not before.running and since < self.station.min_stop_s:
            held = GuardReason.MIN_STOP
        elif not before.running and recent >= self.station.starts_per_h:
            held = GuardReason.STARTS
        return _Candidate(
            pump,
            group,
            before,
            may_start=held is None,
            must_run=before.running and held is None and since < self.station.min_run_s,
            held=held,
        )

    def choose(self) -> None:
        """Which pumps run, before the limits that stations share."""
        for group in self.station.groups:
            members = [one for one in self.candidates if one.group is group]
            fallback = sum(one.before.running for one in members)
            asked = min(max(int(self.wanted.get(group.name, fallback)), 0), len(members))
            target = len(members) if self.emergency else asked
            able = [one for one in members if one.may_start]
            # Those that must go on first, then what runs already (the youngest first), then the longest stopped.
            able.sort(key=lambda one: (not one.must_run, not one.before.running, self._rank(one)))
            least = sum(one.must_run for one in able)
            chosen = able[: max(target, least)]
            self.running.update(one.pump for one in chosen)
            self._explain(members, asked, target, chosen)

    @staticmethod
    def _rank(one: _Candidate) -> float:
        return -one.before.changed_s if one.before.running else one.before.changed_s

    def _explain(self, members: list[_Candidate], asked: int, target: int, chosen: list[_Candidate]) -> None:
        for position, one in enumerate(chosen):
            if position >= asked:
                reason = GuardReason.EMERGENCY if position < target else GuardReason.MIN_RUN
                self.tell(one.pump, reason)
        missing = target - len(chosen)
        for one in members:
            if one.held is not None and missing > 0:
                self.tell(one.pump, one.held)
                missing -= 1

    def tell(self, pump: str, reason: GuardReason) -> None:
        """Note an intervention."""
        self.interventions.append(Intervention(self.station.name, pump, reason))

    def stop(self, candidate: _Candidate, reason: GuardReason) -> None:
        """Take a pump out for a hard limit."""
        self.running.discard(candidate.pump)
        self.tell(candidate.pump, reason)

    def last_first(self, groups: Iterable[PumpGroup]) -> list[_Candidate]:
        """Running pumps in the order in which a hard limit stops them: fresh starts, then the longest running."""
        names = {group.name for group in groups}
        on = [one for one in self.candidates if one.pump in self.running and one.group.name in names]
        return sorted(on, key=lambda one: (one.before.running, one.must_run, one.before.changed_s))

    def rate_m3_per_s(self, group: PumpGroup) -> float:
        """Flow of one pump at the depth seen; the highest where none is."""
        if math.isnan(self.depth_m):
            return self.station.highest_rate_m3_per_s(group)
        return self.station.rate_m3_per_s(group, self.depth_m)

    def pumped_m3(self) -> float:
        """Volume the running pumps take until the next command."""
        return self.step_s * sum(
            self.rate_m3_per_s(one.group) for one in self.candidates if one.pump in self.running
        )

    def keep_available(self) -> None:
        """Stop pumps until what is left takes no more water than there is."""
        for one in self.last_first(self.station.groups):
            if self.pumped_m3() <= self._budget_m3 + 1e-9:
                break
            self.stop(one, GuardReason.AVAILABILITY)

    def count(self, group: PumpGroup) -> int:
        """Running pumps of a group."""
        return sum(one in self.running for one in group.pumps)

    def memories(self) -> dict[str, PumpMemory]:
        """What is remembered of every pump."""
        return {one.pump: self._memory_of(one) for one in self.candidates}

    def _memory_of(self, one: _Candidate) -> PumpMemory:
        on = one.pump in self.running
        recent = tuple(at for at in one.before.starts_s if self.now_s - at < WINDOW_S - TOLERANCE_S)
        if on == one.before.running:
            return PumpMemory(on, one.before.changed_s, recent)
        return PumpMemory(on, self.now_s, (*recent, self.now_s) if on else recent)

    def memory(self) -> StationMemory:
        """What is remembered of the station."""
        return StationMemory(
            self.locked, self.emergency, self.volume_m3, self.inflow_m3_per_s, self.pumped_m3() / self.step_s
        )


def _keep_receiving(stations: StationSet, works: list[_StationStep], seen: Observation) -> None:
    """Stop pumps until no receiving water gets more than it may take."""
    groups: dict[str, list[tuple[_StationStep, PumpGroup]]] = {}
    for work in works:
        for group in work.station.groups:
            groups.setdefault(group.receiving, []).append((work, group))
    for name, members in groups.items():
        limit = seen.receiving_max_m3_per_s.get(name, stations.receiving_of(members[0][1]).max_flow_m3_per_s)
        if limit == math.inf:
            continue
        flow = sum(work.count(group) * work.station.highest_rate_m3_per_s(group) for work, group in members)
        on = [(work, one) for work, group in members for one in work.last_first([group])]
        on.sort(key=lambda pair: (pair[0].emergency, pair[1].before.running, pair[1].must_run))
        for work, one in on:
            if flow <= limit + 1e-9:
                break
            work.stop(one, GuardReason.RECEIVING)
            flow -= work.station.highest_rate_m3_per_s(one.group)
