"""Commands from levels alone, without any engine: the operator's rule, and the guard every command passes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from citymains_drainage.control.guard import Decision, GuardState, Observation, PumpMemory
from citymains_drainage.control.guard_step import guard_step
from citymains_drainage.control.loop import closed_rivers
from citymains_drainage.control.model import ControlSpec
from citymains_drainage.control.policies import count_by_levels


@dataclass(eq=False)
class Keeper:
    """Turns what is wanted into what is advised. Ids are the model's.

    Parameters
    ----------
    spec : ControlSpec
        With the model's ids.
    """

    spec: ControlSpec
    state: GuardState = field(default_factory=GuardState)
    openings: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        pumps = {
            pump: PumpMemory(running=at < group.initial_count)
            for _, group in self.spec.stations.groups
            for at, pump in enumerate(group.pumps)
        }
        self.state = GuardState(pumps=pumps)
        self.openings = {gate.name: gate.initial for gate in self.spec.gates}

    def hear(self, running: Mapping[str, float], now_s: float) -> None:
        """Take over which pumps run in truth: starts and stops that nobody advised count too."""
        pumps = dict(self.state.pumps)
        for name, before in pumps.items():
            on = running.get(name, float(before.running)) > 0
            if on != before.running:
                starts = (*before.starts_s, now_s) if on else before.starts_s
                pumps[name] = PumpMemory(on, now_s, starts)
        self.state = replace(self.state, pumps=pumps)
        self.openings |= {name: running[name] for name in self.openings if name in running}

    @property
    def running(self) -> dict[str, float]:
        """Pumps by what is known of them, and gates."""
        pumps = {name: float(memory.running) for name, memory in self.state.pumps.items()}
        return pumps | self.openings

    def rule(self, depth_m: Mapping[str, float]) -> dict[str, float]:
        """The operator's rule on these levels: start and stop levels; gates stay as they are."""
        counts = self.spec.stations.counts(self.running)
        wanted: dict[str, float] = dict(self.openings)
        for station, group in self.spec.stations.groups:
            depth, count = depth_m.get(station.name, math.nan), counts[group.name]
            known = not math.isnan(depth)
            wanted[group.name] = count_by_levels(group, depth, count) if known else float(count)
        return wanted

    def advise(
        self,
        wanted: Mapping[str, float],
        depth_m: Mapping[str, float],
        now_s: float,
        step_s: float,
        *,
        wet: bool,
        locked_out: Sequence[str],
    ) -> Decision:
        """What is advised of what is wanted; the guard then holds it for given until it hears otherwise."""
        closed = {} if wet else closed_rivers(self.spec.stations, depth_m)
        seen = Observation(now_s, depth_m, {}, frozenset(locked_out), closed)
        counts = {group.name: round(wanted[group.name]) for _, group in self.spec.stations.groups}
        decision = guard_step(self.spec.stations, self.state, counts, seen, step_s=step_s)
        self.state = decision.state
        self.openings = {name: min(1.0, max(0.0, wanted[name])) for name in self.openings}
        return decision
