"""What a hydraulic answer is worth: findings with their cause, and from them the verdict.

EPANET reports success for pressures of minus hundreds of metres and for demand drawn where
no water arrives. Each of these becomes a finding that names the element.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.model.finding import Finding, Severity, finding
from numpy.typing import NDArray

from citymains_water.hydraulics import Block, Hydraulics, Mask
from citymains_water.ways import steepest_link

#: Findings of one code that name an element each; the rest is counted in one more.
MOST_NAMED = 50
#: Gauge pressure of a perfect vacuum, in metres of water: standard atmosphere at 10 °C.
VACUUM_M = -10.33
#: A tank this close to its lowest level counts as empty, in m: EPANET's own tolerance is 0.0005 ft.
_LEVEL_TOLERANCE_M = 1e-3
#: Outflow above this is not rounding, in m3/h.
_FLOW_TOLERANCE_M3_PER_H = 0.01
_PRESSURE_TOLERANCE_M = 1e-3

_PUMP = re.compile(r"WARNING: Pump (\S+) (.+) at (\d+):(\d\d):(\d\d) hrs")
_VALVE = re.compile(r"WARNING: (?:PRV|PSV|PBV|FCV|TCV|GPV|PCV) (\S+) (.+) at (\d+):(\d\d):(\d\d) hrs")
_CONDITIONS_ZH = {
    "closed because cannot deliver head": "因扬程不足而关闭",
    "open but exceeds maximum flow": "超出最大流量",
    "open but cannot deliver flow": "流量",
    "open but cannot deliver pressure": "压力",
}


def judge(found: Hydraulics, demand_model: str) -> tuple[Finding, ...]:
    """All findings of an answer.

    Parameters
    ----------
    found : Hydraulics
    demand_model : str
        ``DDA`` or ``PDD``.
    """
    return (
        *_balance(found),
        *_pressures(found, demand_model),
        *_pump_lift(found, demand_model),
        *_devices(found),
        *_unsupplied(found, demand_model),
        *_tanks(found),
    )


def _balance(found: Hydraulics) -> Iterator[Finding]:
    for number, code in ((1, "HYDRAULICS_UNBALANCED"), (2, "HYDRAULICS_UNSTABLE")):
        times = [time for time, warning in found.warnings if warning == number]
        if times:
            yield finding(code, Severity.SUSPECT, time_s=float(times[0]), count=len(times))


def _pressures(found: Hydraulics, demand_model: str) -> Iterator[Finding]:
    """Junctions under negative pressure.

    Where no water is drawn that is only worth a note, short of a vacuum; where none flows
    either, the pipe has simply run dry.
    """
    pressure = _lowest(found.pressure_m[:, : found.junction_count])
    drawing = np.any(found.required_m3_per_h[:, : found.junction_count] > 0, axis=0)
    vacuum = (pressure.value < VACUUM_M) & (drawing | _passed(found, pressure.at))
    impossible = np.flatnonzero(vacuum)
    negative = np.flatnonzero((pressure.value < -_PRESSURE_TOLERANCE_M) & ~vacuum)
    yield from _named(
        found,
        impossible,
        pressure,
        "PRESSURE_IMPOSSIBLE",
        Severity.SUSPECT,
        VACUUM_M,
        cause_under=demand_model,
    )
    yield from _named(
        found, negative[drawing[negative]], pressure, "PRESSURE_NEGATIVE", Severity.SUSPECT, 0.0
    )
    yield from _named(
        found, negative[~drawing[negative]], pressure, "PRESSURE_NEGATIVE_IDLE", Severity.NOTE, 0.0
    )


@dataclass(frozen=True)
class _Lowest:
    """Lowest value of every element (NaN where there is none) and the time index it is at."""

    value: Block
    at: NDArray[np.intp]


def _lowest(block: Block) -> _Lowest:
    filled = np.where(np.isnan(block), np.inf, block)
    at = filled.argmin(axis=0)
    value = filled[at, np.arange(block.shape[1])]
    return _Lowest(np.where(np.isinf(value), np.nan, value), at)


def _passed(found: Hydraulics, at: NDArray[np.intp]) -> Mask:
    """Whether water flows through each junction at its own time index."""
    graph = found.graph
    passed = np.zeros(found.junction_count, dtype=bool)
    for ends in (graph.start, graph.end):
        links = np.flatnonzero(ends < found.junction_count)
        flow = np.abs(found.flow_m3_per_h[at[ends[links]], links])
        np.logical_or.at(passed, ends[links], flow > _FLOW_TOLERANCE_M3_PER_H)
    return passed


def _named(
    found: Hydraulics,
    which: NDArray[np.intp],
    lowest: _Lowest,
    code: str,
    severity: Severity,
    limit: float,
    *,
    cause_under: str = "",
) -> Iterator[Finding]:
    """One finding for each of the worst elements, and one that counts the rest."""
    worst = which[np.argsort(lowest.value[which], kind="stable")]
    for node in worst[:MOST_NAMED]:
        at = int(lowest.at[node])
        cause = steepest_link(found, int(node), at).texts(cause_under) if cause_under else {}
        yield finding(
            code,
            severity,
            element=found.node_ids[node],
            value=float(lowest.value[node]),
            limit=limit,
            unit="m",
            time_s=_time(found, at),
            **cause,
        )
    yield from _more(len(worst), code, severity)


def _more(count: int, code: str, severity: Severity) -> Iterator[Finding]:
    if count > MOST_NAMED:
        yield finding("FINDINGS_MORE", severity, count=count - MOST_NAMED, what=code)


def _time(found: Hydraulics, at: int) -> float | None:
    return float(found.times_s[at]) if len(found.times_s) > 1 else None


def _unsupplied(found: Hydraulics, demand_model: str) -> Iterator[Finding]:
    cut = ~found.supplied[:, : found.junction_count]
    nodes = np.flatnonzero(cut.any(axis=0))
    for node in nodes[:MOST_NAMED]:
        at = int(cut[:, node].argmax())
        yield finding(
            "NODES_UNSUPPLIED",
            Severity.NOTE,
            element=found.node_ids[node],
            time_s=_time(found, at),
            **_when(_time(found, at)),
        )
    yield from _more(len(nodes), "NODES_UNSUPPLIED", Severity.NOTE)
    drawn = (cut & (found.required_m3_per_h[:, : found.junction_count] > 0)).any(axis=0)
    if demand_model == "DDA" and drawn.any():
        yield finding(
            "UNSUPPLIED_DEMAND_DRAWN",
            Severity.SUSPECT,
            element=found.node_ids[int(drawn.argmax())],
            count=int(drawn.sum()),
        )


def _when(time_s: float | None) -> dict[str, Any]:
    if time_s is None:
        return {"when": "", "when_zh": ""}
    return {"when": f" from {time_s:g} s on", "when_zh": f"(自 {time_s:g} s 起)"}


def _tanks(found: Hydraulics) -> Iterator[Finding]:
    tanks = found.network.data("tanks")
    if not tanks.row_count:
        return
    first = len(found.node_ids) - tanks.row_count
    level = found.pressure_m[:, first:]
    empty = level <= tanks.array("minimum_level_m") + _LEVEL_TOLERANCE_M
    outflow = -found.inflow_m3_per_h[:, first:]
    for tank in np.flatnonzero((empty & (outflow > -_FLOW_TOLERANCE_M3_PER_H)).any(axis=0)):
        name = found.node_ids[first + tank]
        dry = empty[:, tank] & (outflow[:, tank] > -_FLOW_TOLERANCE_M3_PER_H)
        feeding = np.flatnonzero(dry & (outflow[:, tank] > _FLOW_TOLERANCE_M3_PER_H))
        if len(feeding):
            yield finding(
                "TANK_FEEDS_EMPTY",
                Severity.SUSPECT,
                element=name,
                value=float(outflow[feeding, tank].max()),
                limit=0.0,
                unit="m3/h",
                time_s=float(found.times_s[feeding[0]]),
            )
        else:
            yield finding(
                "TANK_EMPTY",
                Severity.NOTE,
                element=name,
                value=float(level[dry.argmax(), tank]),
                limit=float(tanks.array("minimum_level_m")[tank]),
                unit="m",
                time_s=float(found.times_s[dry.argmax()]),
            )


def _pump_lift(found: Hydraulics, demand_model: str) -> Iterator[Finding]:
    """Heads above what the highest source and all pumps in series could lift."""
    bound = _highest_head_m(found)
    if bound is None:
        return
    highest = _lowest(-found.head_m[:, : found.junction_count])
    above = np.flatnonzero(-highest.value > bound + 1.0)
    for node in above[np.argsort(highest.value[above], kind="stable")][:MOST_NAMED]:
        at = int(highest.at[node])
        yield finding(
            "HEAD_IMPOSSIBLE",
            Severity.SUSPECT,
            element=found.node_ids[node],
            value=float(-highest.value[node]),
            limit=bound,
            unit="m",
            time_s=_time(found, at),
            **steepest_link(found, int(node), at).texts(demand_model),
        )
    yield from _more(len(above), "HEAD_IMPOSSIBLE", Severity.SUSPECT)


def _highest_head_m(found: Hydraulics) -> float | None:
    """None where there is no bound: pumps of constant power, and inflows of given size."""
    pumps = found.network.data("pumps")
    curves = found.network.data("curves")
    if np.isfinite(pumps.array("power_kw")).any() or (found.required_m3_per_h < 0).any():
        return None
    heads: dict[str, float] = {}
    counts: dict[str, int] = {}
    for name, head in zip(curves.texts("id"), curves.array("y").tolist(), strict=True):
        heads[str(name)] = max(head, heads.get(str(name), head))
        counts[str(name)] = counts.get(str(name), 0) + 1
    length = found.length_m
    # EPANET gives a curve of one point a shut-off head of 4/3 of it; speeds above 1.5 are not built.
    lift = sum(
        heads.get(str(one), 0.0) * (4 / 3 if counts.get(str(one)) == 1 else 1.0) * 2.25
        for one in pumps.texts("curve")
    )
    sources = found.head_m[:, found.junction_count :]
    return float(np.nanmax(sources)) + lift * length if sources.size else None


@dataclass
class _Device:
    first_s: float
    count: int = 0


def _devices(found: Hydraulics) -> Iterator[Finding]:
    """Pumps and valves EPANET itself calls out of their range."""
    for code, pattern in (("PUMP_OUT_OF_RANGE", _PUMP), ("VALVE_OUT_OF_RANGE", _VALVE)):
        devices: dict[tuple[str, str], _Device] = {}
        for line in found.messages:
            match = pattern.match(line)
            if match is None:
                continue
            hours, minutes, seconds = (int(match[at]) for at in (3, 4, 5))
            device = devices.setdefault(
                (match[1], match[2]), _Device(first_s=hours * 3600.0 + minutes * 60.0 + seconds)
            )
            device.count += 1
        for (element, condition), device in devices.items():
            short = (
                condition.removeprefix("open but cannot deliver ")
                if code == "VALVE_OUT_OF_RANGE"
                else condition
            )
            yield finding(
                code,
                Severity.SUSPECT,
                element=element,
                time_s=device.first_s,
                count=device.count,
                condition=short,
                condition_zh=_CONDITIONS_ZH.get(condition, condition),
            )
