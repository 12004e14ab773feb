"""A followed plan in tables: settings, levels, instructions in both languages, and which limit bound when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from citymains.model.table import Table
from numpy.typing import NDArray

from citymains_drainage.control.model import ControlSpec
from citymains_drainage.schedule.report import (
    CONSTRAINTS,
    INSTRUCTIONS,
    LEVELS,
    RAIN,
    SCHEDULE,
    STATIONS,
)

Floats = NDArray[np.float64]


class Explained:
    """Tables of a trace.

    Parameters
    ----------
    spec : ControlSpec
        With the model's ids; the trace's columns are in its order.
    trace : mapping
    originals : mapping of str to str
        Id of the model by the engine's alias.
    start : datetime
        The model's start.
    step_s : float
        Control step.
    """

    def __init__(
        self,
        spec: ControlSpec,
        trace: Mapping[str, Any],
        originals: Mapping[str, str],
        start: datetime,
        step_s: float,
    ) -> None:
        self.spec = spec
        self.trace = trace
        self.originals = originals
        self.start = start
        self.step_s = step_s
        self.time_s: Floats = trace["time_s"]
        self.settings: Floats = trace["settings"]
        self._owner = [
            *(station.name for station in spec.stations.stations for _ in station.pumps),
            *(gate.node for gate in spec.gates),
        ]
        # Looks drift by part of a routing step; the control grid is what they belong to.
        self._on_step = np.unique(
            np.searchsorted(self.time_s, np.arange(0.0, float(self.time_s[-1]) + step_s, step_s) - 1e-3)
        )
        self._on_step = self._on_step[self._on_step < len(self.time_s)]

    def schedule(self) -> Table:
        """Settings at each control step, and every change in between."""
        changed = np.zeros_like(self.settings, dtype=bool)
        changed[1:] = np.abs(np.diff(self.settings, axis=0)) > 1e-9
        changed[self._on_step] = True
        rows, columns = np.nonzero(changed)
        links = self.spec.links
        return SCHEDULE.build(
            time_s=np.round(self.time_s[rows], 3),
            pump=[links[column] for column in columns.tolist()],
            setting=self.settings[rows, columns],
            station=[self._owner[column] for column in columns.tolist()],
        )

    def levels(self) -> Table:
        """Levels of wells and roads at each control step."""
        places, times, depths, classes = [], [], [], []
        wells = [one.name for one in self.spec.stations.stations] + [one.node for one in self.spec.gates]
        at = self._on_step
        for column, name in enumerate(wells):
            places += [name] * len(at)
            times.append(self.time_s[at])
            depths.append(self.trace["depths_m"][at, column])
            classes.append(np.zeros(len(at)))
        for column, road in enumerate(self.spec.underpasses):
            level, found = 0, []
            for depth in self.trace["underpass_m"][:, column].tolist():
                level = road.level(depth, level)
                found.append(level)
            places += [road.name] * len(at)
            times.append(self.time_s[at])
            depths.append(self.trace["underpass_m"][at, column])
            classes.append(np.array(found)[at])
        return LEVELS.build(
            place=places,
            time_s=np.round(np.concatenate(times), 3) if times else [],
            depth_m=np.concatenate(depths) if depths else [],
            level=np.concatenate(classes) if classes else [],
        )

    def rain(self) -> Table:
        """Rain at each control step, mean over its looks."""
        edges = np.append(self._on_step, len(self.time_s))
        means = [float(np.mean(self.trace["rain_mm_per_h"][a:b])) for a, b in pairwise(edges)]
        return RAIN.build(time_s=np.round(self.time_s[self._on_step], 3), intensity_mm_per_h=means)

    def stations(self) -> Table:
        """Stations and gates, their limits and what they did."""
        rows: list[dict[str, Any]] = []
        column = 0
        look_s = np.diff(self.time_s, append=self.time_s[-1] + self.spec.guard_step_s)
        for at, station in enumerate(self.spec.stations.stations):
            own = range(column, column + len(station.pumps))
            column += len(station.pumps)
            starts = [self._starts_s(one) for one in own]
            flows = np.maximum(self.trace["flows_m3_per_s"][:, list(own)], 0.0).sum(axis=1)
            rows.append(
                {
                    "station": station.name,
                    "node": station.wet_well,
                    "dry_run_depth_m": station.dry_run_depth_m,
                    "emergency_depth_m": station.emergency_depth_m,
                    "min_run_s": station.min_run_s,
                    "min_stop_s": station.min_stop_s,
                    "starts_per_h": station.starts_per_h,
                    "starts": sum(len(one) for one in starts),
                    "most_starts_in_an_hour": max((_most_in_an_hour(one) for one in starts), default=0),
                    "max_depth_m": float(np.max(self.trace["depths_m"][:, at])),
                    "pumped_m3": float(flows @ look_s),
                }
            )
        for number, gate in enumerate(self.spec.gates):
            depth = self.trace["depths_m"][:, len(self.spec.stations.stations) + number]
            flow = np.maximum(self.trace["flows_m3_per_s"][:, column + number], 0.0)
            rows.append(
                {
                    "station": gate.name,
                    "node": gate.node,
                    **dict.fromkeys(
                        ("dry_run_depth_m", "emergency_depth_m", "min_run_s", "min_stop_s"), np.nan
                    ),
                    **dict.fromkeys(("starts_per_h", "starts", "most_starts_in_an_hour"), 0),
                    "max_depth_m": float(np.max(depth)),
                    "pumped_m3": float(flow @ look_s),
                }
            )
        return STATIONS.build(**{one.name: [row[one.name] for row in rows] for one in STATIONS.columns})

    def _starts_s(self, column: int) -> Floats:
        on = self.settings[:, column] > 0
        return np.asarray(self.time_s[1:][on[1:] & ~on[:-1]], dtype=np.float64)

    def constraints(self) -> Table:
        """Interventions of the guard, those of following looks joined."""
        open_rows: dict[tuple[str, str, str], list[float]] = {}
        rows: list[tuple[float, float, str, str, str]] = []
        look_s = self.spec.guard_step_s
        for one in self.trace["interventions"]:
            key = (
                str(one["station"]),
                self.originals.get(str(one["pump"]), str(one["pump"])),
                str(one["reason"]),
            )
            at = float(one["time_s"])
            held = open_rows.get(key)
            if held is not None and at - held[1] < 0.6 * look_s:
                held[1] = at + look_s
                continue
            if held is not None:
                rows.append((held[0], held[1], *key))
            open_rows[key] = [at, at + look_s]
        rows += [(held[0], held[1], *key) for key, held in open_rows.items()]
        rows.sort()
        return CONSTRAINTS.build(
            start_s=np.round([row[0] for row in rows], 3),
            end_s=np.round([row[1] for row in rows], 3),
            station=[row[2] for row in rows],
            pump=[row[3] for row in rows],
            reason=[row[4] for row in rows],
        )

    def instructions(self) -> Table:
        """What each station does when, in both languages."""
        rows = sorted(self._instructions(), key=lambda row: row[0])
        return INSTRUCTIONS.build(
            time_s=np.round([row[0] for row in rows], 3),
            clock=[(self.start + timedelta(seconds=round(row[0]))).strftime("%m-%d %H:%M") for row in rows],
            station=[row[1] for row in rows],
            text_zh=[row[2] for row in rows],
            text_en=[row[3] for row in rows],
        )

    def _instructions(self) -> Iterator[tuple[float, str, str, str]]:
        column = 0
        for at, station in enumerate(self.spec.stations.stations):
            own = list(range(column, column + len(station.pumps)))
            column += len(own)
            before = np.zeros(len(own))
            for look in range(len(self.time_s)):
                now = self.settings[look, own]
                if look == 0 or (now != before).any():
                    depth = float(self.trace["depths_m"][look, at])
                    yield self._told(look, station.name, station.pumps, before, now, depth)
                before = now
        for number, gate in enumerate(self.spec.gates):
            opening = -1.0
            for look in range(len(self.time_s)):
                now_open = float(self.settings[look, column + number])
                if abs(now_open - opening) > 0.005:
                    text = f"{100 * now_open:.0f} %"
                    yield (
                        float(self.time_s[look]),
                        gate.name,
                        f"闸门 {gate.name} 开度调至 {text}",
                        (f"Set gate {gate.name} to {text}"),
                    )
                    opening = now_open

    def _told(
        self, look: int, station: str, pumps: Sequence[str], before: Floats, now: Floats, depth_m: float
    ) -> tuple[float, str, str, str]:
        running = int((now > 0).sum())
        on = [name for name, a, b in zip(pumps, before, now, strict=True) if b > 0 and not a > 0]
        off = [name for name, a, b in zip(pumps, before, now, strict=True) if a > 0 and not b > 0]
        zh = [f"运行 {running}/{len(pumps)} 台"]
        en = [f"run {running} of {len(pumps)} pumps"]
        for names, verb_zh, verb_en in ((on, "开", "start"), (off, "停", "stop")):
            if names:
                zh.append(f"{verb_zh} {'、'.join(names)}")
                en.append(f"{verb_en} {', '.join(names)}")
        zh.append(f"前池水深约 {depth_m:.2f} m")
        en.append(f"well about {depth_m:.2f} m deep")
        return float(self.time_s[look]), station, ",".join(zh), "; ".join(en)


def _most_in_an_hour(starts_s: Floats) -> int:
    return max(
        (int(((starts_s >= at) & (starts_s < at + 3600.0 - 1e-3)).sum()) for at in starts_s), default=0
    )
