"""The control session in the engine's process: one live simulation, and branches of it.

The process that asks sends small tasks and gets small answers back; search and judgement are
its business. Tasks are listed at :meth:`ControlSession.run`.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from citymains.engine_host.engine import EngineFault
from citymains.model.decode import from_plain

from citymains_drainage.control.branches import FORKS, run_branches
from citymains_drainage.control.commands import commands_of
from citymains_drainage.control.guard import GuardState, PumpMemory
from citymains_drainage.control.loop import ControlLoop, LoopState, RainOverride, Trace, trace_tree
from citymains_drainage.control.model import ControlSpec, Simulation


class Live(Simulation, Protocol):
    """The simulation as the session owns it."""

    def fingerprint(self) -> Any:
        """Every depth and flow."""
        ...

    def hotstart(self) -> bytes:
        """The state now."""
        ...

    def close(self) -> None:
        """End it."""
        ...


class ControlSession:
    """One live simulation under control.

    Parameters
    ----------
    simulation : Live
    spec : ControlSpec
    """

    def __init__(self, simulation: Live, spec: ControlSpec) -> None:
        self.simulation = simulation
        self.spec = spec
        self.state = LoopState(guard=_initial_guard(spec))
        self.workers = max(1, min(os.cpu_count() or 1, 8))

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer one task, by its word ``do``.

        ==============  =====================================================================
        ``try``         run plans in branches: ``plans``, ``rains``, ``jobs`` (plan, rain,
                        capacity), ``until_s``; optional ``trace`` and ``timeout_s``
        ``go``          follow ``plan`` until ``until_s`` in the live simulation, and trace it
        ``set``         ``locked_out``, ``capacity``: what has become of the pumps; ``wet``: when it rains
        ``correct``     add ``inflows`` (m3/s) at nodes until ``until_s``, to meet levels that were measured
        ``running``     pumps that run in truth, by id and setting
        ``look``        time, depths, totals
        ``fingerprint`` every depth and flow
        ``hotstart``    the state as bytes
        ==============  =====================================================================
        """
        word = str(task["do"])
        answer = getattr(self, f"do_{word}", None)
        if answer is None:
            raise EngineFault("ENGINE_FAILED", f"no such task: {word}")
        return answer(task)  # type: ignore[no-any-return]

    def do_try(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Outcomes of jobs, in their order; None where time ran out."""
        plans = [commands_of(one) for one in task["plans"]]
        rains = [rain_of(one) for one in task["rains"]]
        until_s, traced = float(task["until_s"]), bool(task.get("trace", False))

        def work(plan: int, rain: int, capacity: float) -> Callable[[], Mapping[str, Any]]:
            def course() -> Mapping[str, Any]:
                self.state.capacity = capacity
                trace = Trace() if traced else None
                loop = ControlLoop(self.simulation, self.spec, self.state)
                outcome = loop.run(plans[plan], until_s, rain=rains[rain], trace=trace)
                tree: dict[str, Any] = {"outcome": dataclasses.asdict(outcome)}
                if trace is not None:
                    tree["trace"] = trace_tree(trace, self.spec)
                return tree

            return course

        if not FORKS:
            raise EngineFault("ENGINE_FAILED", "this platform cannot fork")
        timeout = task.get("timeout_s")
        works = [work(int(plan), int(rain), float(capacity)) for plan, rain, capacity in task["jobs"]]
        deadline = None if timeout is None else time.monotonic() + float(timeout)
        return {"courses": run_branches(works, workers=self.workers, deadline_s=deadline)}

    def do_go(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Go on in the live simulation."""
        trace = Trace()
        loop = ControlLoop(self.simulation, self.spec, self.state)
        rain = rain_of(task.get("rain"))
        outcome = loop.run(commands_of(task["plan"]), float(task["until_s"]), rain=rain, trace=trace)
        return {"outcome": dataclasses.asdict(outcome), "trace": trace_tree(trace, self.spec), **self._now()}

    def do_set(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take note of locked-out pumps and of the pumps' true capacity."""
        if "locked_out" in task:
            self.state.locked_out = frozenset(str(one) for one in task["locked_out"])
        if "capacity" in task:
            self.state.capacity = float(task["capacity"])
        if "wet" in task:
            windows = task["wet"]
            self.state.wet = None if windows is None else tuple((float(a), float(b)) for a, b in windows)
        return {}

    def do_correct(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set the inflows by which the simulation is led to measured levels, for a while."""
        inflows = {str(node): float(flow) for node, flow in task["inflows"].items()}
        for node in set(self.state.corrections_m3_per_s) | set(inflows):
            self.simulation.inflow(node, inflows.get(node, 0.0))
        self.state.corrections_m3_per_s = inflows
        self.state.corrections_end_s = float(task["until_s"])
        return {}

    def do_running(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take over which pumps run in truth."""
        now = self.simulation.time_s
        memories = dict(self.state.guard.pumps)
        for name, setting in task["running"].items():
            before = memories.get(str(name), PumpMemory())
            on = float(setting) > 0
            if on != before.running:
                starts = (*before.starts_s, now) if on else before.starts_s
                memories[str(name)] = PumpMemory(on, now, starts)
        self.state.guard = dataclasses.replace(self.state.guard, pumps=memories)
        return {}

    def do_look(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """What there is to see."""
        return self._now()

    def do_fingerprint(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Every depth and flow: of the simulation gone on to ``until_s`` in a branch, or as it is."""
        until_s = task.get("until_s")
        if until_s is None:
            return {"values": self.simulation.fingerprint()}

        def course() -> Mapping[str, Any]:
            ControlLoop(self.simulation, self.spec, self.state).run(commands_of(task["plan"]), float(until_s))
            return {"values": self.simulation.fingerprint()}

        (answer,) = run_branches([course], workers=1)
        assert answer is not None
        return answer

    def do_hotstart(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """The state, for a fresh process."""
        return {"state": self.simulation.hotstart(), "time_s": self.simulation.time_s}

    def _now(self) -> dict[str, Any]:
        wells = [one.wet_well for one in self.spec.stations.stations]
        roads = [one.node for one in self.spec.underpasses]
        totals = self.simulation.totals()
        memories = self.state.guard.pumps
        return {
            "time_s": self.simulation.time_s,
            "depths_m": np.array(self.simulation.depths_m(wells)),
            "underpass_m": np.array(self.simulation.depths_m(roads)),
            "running": {name: float(memory.running) for name, memory in memories.items()},
            "openings": dict(self.state.openings),
            "totals": dataclasses.asdict(totals),
            "storage_m3": self.simulation.storage_m3(),
        }

    def close(self) -> None:
        """End the simulation."""
        self.simulation.close()


def _initial_guard(spec: ControlSpec) -> GuardState:
    """Pumps that run at the start have done so for long."""
    running = {
        pump: PumpMemory(running=at < group.initial_count)
        for _, group in spec.stations.groups
        for at, pump in enumerate(group.pumps)
    }
    return GuardState(pumps=running)


def rain_of(tree: Mapping[str, Any] | None) -> RainOverride | None:
    """Rain that came into the engine's process."""
    if not tree:
        return None
    return RainOverride(
        float(tree["start_s"]),
        float(tree["step_s"]),
        {
            str(gage): np.asarray(values, dtype=np.float64)
            for gage, values in tree["intensity_mm_per_h"].items()
        },
    )


def spec_of(tree: Mapping[str, Any]) -> ControlSpec:
    """A spec that came into the engine's process."""
    return from_plain(tree, ControlSpec)


def plain(value: Any) -> Any:
    """A frozen dataclass as a tree of plain values, for the way into the engine's process."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(item) for item in value]
    return str(value) if isinstance(value, str) else value
