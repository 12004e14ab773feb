"""Policies: from what is seen to how many pumps of each group run and how far each gate is open.

The built-in ones are the baselines every plan is held against, and the material the search
works with. A plugin's policy (`citymains_pump_policies`) stands beside them.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Mapping
from typing import Any

from citymains.engine_host.engine import EngineFault
from citymains.plugins.records import PumpState, PumpStationState

from citymains_drainage.control.rules import wanted_settings
from citymains_drainage.control.view import ControlView, limited_flows
from citymains_drainage.stations.model import PumpGroup, Station

Wanted = dict[str, float]
"""Running pumps by group and openings by gate."""
Policy = Callable[[ControlView], Wanted]

RULE, EQUAL_FILLING, ALL_OFF, ALL_ON = "rule", "equal-filling", "all-off", "all-on"
EARLY, LATE = "early", "late"
#: Gates let out what flow limits allow, shared by filling.
LIMITED_FLOW = "limited-flow"
#: No policy: the model's own levels and rules set its links, and nobody commands.
NATIVE = "native"
#: Start levels of EARLY stand at this share of the way from stop to start, those of LATE beyond the start.
_EARLY_SHARE, _LATE_SHARE = 0.35, 1.6
#: How much a gate closes for each share by which its tank is emptier than the mean.
_GATE_GAIN = 2.0
_LEAST_OPENING = 0.05
#: Above this filling a gate opens whatever the limit: flooding is worse.
_RELIEF_FILLING = 0.85
#: A gate opens by this much at most where it lets out less than it may.
_WIDEN = 0.1


def rule(view: ControlView, share: float = 1.0) -> Wanted:
    """The operator's rule: the levels of the pumps, and the model's control rules over them."""
    wanted: Wanted = {}
    for station in view.spec.stations.stations:
        for group in station.groups:
            wanted[group.name] = _by_levels(view, station, group, share)
    wanted.update(view.openings)
    if view.spec.rules:
        _apply_rules(view, wanted)
    return wanted


def _by_levels(view: ControlView, station: Station, group: PumpGroup, share: float) -> float:
    """Running pumps by start and stop levels, with their hysteresis, from as many as run now."""
    return count_by_levels(group, view.depths[station.name], view.counts.get(group.name, 0), share)


def count_by_levels(group: PumpGroup, depth_m: float, count: int, share: float = 1.0) -> float:
    """Running pumps of a group by its start and stop levels, from as many as run now.

    Parameters
    ----------
    group : PumpGroup
    depth_m : float
        Depth of the wet well [m].
    count : int
        Pumps that run now.
    share : float
        Where the start levels stand on the way from stop to start level; 1: where the rule has them.
    """
    if not group.start_depth_m:
        return float(group.initial_count)
    levels = [
        (stop + share * (start - stop), stop)
        for start, stop in zip(group.start_depth_m, group.stop_depth_m, strict=True)
    ]
    while count < len(levels) and depth_m > levels[count][0]:
        count += 1
    while count > 0 and depth_m < levels[count - 1][1]:
        count -= 1
    return float(count)


def _apply_rules(view: ControlView, wanted: Wanted) -> None:
    settings = wanted_settings(view.spec.rules, view.look, view.time_s)
    if not settings:
        return
    for _, group in view.spec.stations.groups:
        if any(pump in settings for pump in group.pumps):
            wanted[group.name] = float(
                sum(settings.get(pump, view.running.get(pump, 0.0)) > 0 for pump in group.pumps)
            )
    for gate in view.spec.gates:
        if gate.name in settings:
            wanted[gate.name] = min(1.0, max(0.0, settings[gate.name]))


def equal_filling(view: ControlView) -> Wanted:
    """Keep tanks equally full: pumps by their well's filling against the mean, gates closed where it is below."""
    fillings = view.fillings()
    if not fillings:
        return {}
    mean = sum(fillings.values()) / len(fillings)
    effort = min(1.0, mean / 0.5)
    wanted: Wanted = {}
    for _, group in view.spec.stations.groups:
        share = effort * fillings[group.name] / mean if mean > 0 else 0.0
        wanted[group.name] = float(round(len(group.pumps) * min(1.0, share)))
    for gate in view.spec.gates:
        opening = 1.0 + _GATE_GAIN * (fillings[gate.name] - mean)
        wanted[gate.name] = min(1.0, max(_LEAST_OPENING, opening))
    return wanted


def limited_flow(view: ControlView) -> Wanted:
    """Gates by flow limits: what a limit leaves is shared by filling; pumps and other gates by the rule.

    Of a limit q and the flows q_i of its gates the water that is not theirs is u = max(0, Q - sum q_i); gate i
    may let out (q - u) f_i / sum f, with its tank's filling f_i. Nearly full tanks open whatever the limit.
    """
    wanted = rule(view)
    filling, limits = view.gate_fillings(), view.spec.flow_limits
    share: dict[str, float] = {}
    flows = dict(zip(filling, view.simulation.flows_m3_per_s(list(filling)), strict=True))
    for limit, passing in zip(limits, limited_flows(view.simulation, limits), strict=True):
        others = max(0.0, passing - sum(flows[one] for one in limit.gates))
        left = max(0.0, limit.most_m3_per_s - others)
        whole = sum(filling[one] for one in limit.gates)
        for gate in limit.gates:
            part = filling[gate] / whole if whole > 0 else 1.0 / len(limit.gates)
            share[gate] = min(share.get(gate, math.inf), left * part)
    for gate, most in share.items():
        opening, flow = view.openings.get(gate, 1.0), flows[gate]
        opening = min(opening + _WIDEN, opening * most / flow) if flow > 0 else opening + _WIDEN
        relief = (filling[gate] - _RELIEF_FILLING) / (1.0 - _RELIEF_FILLING)
        wanted[gate] = min(1.0, max(_LEAST_OPENING, opening, relief))
    return wanted


def _every(view: ControlView, pumps_on: bool) -> Wanted:
    wanted: Wanted = {
        group.name: float(len(group.pumps) if pumps_on else 0) for _, group in view.spec.stations.groups
    }
    return wanted | {gate.name: float(pumps_on) for gate in view.spec.gates}


BUILT_IN: Mapping[str, Policy] = {
    RULE: rule,
    EARLY: lambda view: rule(view, _EARLY_SHARE),
    LATE: lambda view: rule(view, _LATE_SHARE),
    EQUAL_FILLING: equal_filling,
    LIMITED_FLOW: limited_flow,
    ALL_OFF: lambda view: _every(view, pumps_on=False),
    ALL_ON: lambda view: _every(view, pumps_on=True),
}


def policy_named(name: str, places: Mapping[str, str]) -> Policy:
    """A policy by name: built in, or a plugin's, imported here in the engine's process.

    Raises
    ------
    EngineFault
        PLUGIN_FAILED.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    module, _, path = places.get(name, "").partition(":")
    try:
        decide: Any = importlib.import_module(module)
        for part in path.split("."):
            decide = getattr(decide, part)
    except Exception as error:
        raise _failed(name, error) from error
    return lambda view: _decided(name, decide, view)


def _failed(name: str, error: Exception) -> EngineFault:
    text = f"{type(error).__name__}: {error}"
    return EngineFault("PLUGIN_FAILED", text, value=name, field="citymains_pump_policies", limit=text)


def _decided(name: str, decide: Callable[[PumpState], Mapping[str, float]], view: ControlView) -> Wanted:
    """A plugin's settings by link, as running pumps and openings; what it leaves out stays."""
    try:
        settings = {str(link): float(value) for link, value in decide(pump_state(view)).items()}
    except Exception as error:
        raise _failed(name, error) from error
    unknown = sorted(set(settings) - {view.spec.original(link) for link in view.spec.links})
    if unknown or not all(0.0 <= one <= 1.0 for one in settings.values()):
        raise _failed(
            name, ValueError(f"settings in 0..1 of commanded links only; given: {unknown or settings}")
        )
    wanted: Wanted = {}
    for _, group in view.spec.stations.groups:
        wanted[group.name] = float(
            sum(
                settings.get(view.spec.original(pump), view.running.get(pump, 0.0)) >= 0.5
                for pump in group.pumps
            )
        )
    for gate in view.spec.gates:
        wanted[gate.name] = settings.get(view.spec.original(gate.name), view.openings.get(gate.name, 1.0))
    return wanted


def pump_state(view: ControlView) -> PumpState:
    """What a plugin's policy is shown; ids are the model's."""
    original = view.spec.original
    rain = view.simulation.rain_mm_per_h()
    return PumpState(
        time_s=view.time_s,
        step_s=view.spec.guard_step_s,
        rain_mm_per_h=sum(rain) / len(rain) if rain else 0.0,
        settings={original(link): setting for link, setting in view.running.items()},
        stations=tuple(
            PumpStationState(
                name=station.name,
                depth_m=view.depths[station.name],
                full_depth_m=station.curve.max_depth_m,
                pumps=tuple(original(pump) for pump in station.pumps),
                start_depth_m=tuple(one for group in station.groups for one in group.start_depth_m),
                stop_depth_m=tuple(one for group in station.groups for one in group.stop_depth_m),
                overflow_pumps=tuple(
                    original(pump)
                    for group in station.groups
                    if view.spec.stations.receiving_of(group).counts_as_overflow
                    for pump in group.pumps
                ),
            )
            for station in view.spec.stations.stations
        ),
        gates={original(gate): filling for gate, filling in view.gate_fillings().items()},
    )
