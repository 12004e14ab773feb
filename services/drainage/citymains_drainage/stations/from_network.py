"""Stations, gates and underpasses of a model, with what ledgers say of them.

Where the model is silent the defaults are those of `StationDefaults`, and each is told.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from citymains.errors import Issue, issue
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from citymains.model.table import Table

from citymains_drainage.control.model import FlowLimit, Gate
from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.curves import PumpCurve, VolumeCurve
from citymains_drainage.stations.gates import GATE_SECTIONS, gates_of
from citymains_drainage.stations.graph import FlowGraph
from citymains_drainage.stations.levels import StationDefaults, StationLevels, station_levels
from citymains_drainage.stations.model import (
    PumpGroup,
    Receiving,
    ReceivingKind,
    Station,
    StationSet,
    Underpass,
)
from citymains_drainage.stations.shapes import curve_points, pump_curve, storage_curve

#: Area of a manhole that pumps draw from [m2], and its depth where the model gives none [m].
MANHOLE_M2, DEEP_MANHOLE_M = 2.0, 3.0
_RIVER_STAGES = frozenset({"FIXED", "TIDAL", "TIMESERIES"})


@dataclass(frozen=True)
class Commanded:
    """What a model gives to command. Ids are those of the model.

    Attributes
    ----------
    stations : StationSet
    gates : tuple of Gate
    underpasses : tuple of Underpass
    overflow_outfalls : tuple of str
    flow_limits : tuple of FlowLimit
    assumed : tuple of (str, str)
        Station or outfall, and what was assumed of it (a message code).
    """

    stations: StationSet
    gates: tuple[Gate, ...] = ()
    underpasses: tuple[Underpass, ...] = ()
    overflow_outfalls: tuple[str, ...] = ()
    flow_limits: tuple[FlowLimit, ...] = ()
    assumed: tuple[tuple[str, str], ...] = ()


@dataclass(eq=False)
class _Pump:
    """One pump of the model."""

    name: str
    row: InpRow
    well: str
    to_node: str
    curve_name: str
    curve: PumpCurve
    start_m: float
    stop_m: float
    on: bool
    station: str
    receiving: str
    overflow: bool = False


@dataclass(eq=False)
class StationReader:
    """Reads what can be commanded.

    Parameters
    ----------
    document : InpDocument
    options : ModelOptions
    links : tuple of str
        Pumps and gates to command; empty: all pumps, and the gates the model's rules set (of a model
        without either, the orifices that draw from storages, or else all orifices, or else weirs).
    overflow_outfalls : tuple of str
        Outfalls whose flow counts as overflow; empty: tagged ones, or what the links tell.
    defaults : StationDefaults
    pump_rows, underpass_rows : Table, optional
        Ledgers of the kinds ``pump_stations`` and ``underpasses``.
    """

    document: InpDocument
    options: ModelOptions
    links: tuple[str, ...] = ()
    overflow_outfalls: tuple[str, ...] = ()
    defaults: StationDefaults = field(default_factory=StationDefaults)
    pump_rows: Table | None = None
    underpass_rows: Table | None = None
    file: str = ""

    def __post_init__(self) -> None:
        self.issues: list[Issue] = []
        self.assumed: list[tuple[str, str]] = []
        self.graph = FlowGraph.of(self.document)
        self.curves = curve_points(self.document)
        self.storages = {fold_ascii(row.tokens[0]): row for row in self.document["STORAGE"]}
        self.manholes = {fold_ascii(row.tokens[0]): row for row in self.document["JUNCTIONS"]}
        self.tags = {
            (row.tokens[0].upper(), fold_ascii(row.tokens[1])): " ".join(row.tokens[2:]).casefold()
            for row in self.document["TAGS"]
            if len(row.tokens) > 2
        }
        self.levels = StationLevels.of(self.pump_rows)

    def commanded(self) -> Commanded:
        """Everything; `issues` has what forbids to command it."""
        self._check_links()
        pumps = self._pumps()
        overflow = self._overflow(pumps)
        stations = self._stations(pumps)
        return Commanded(
            stations=StationSet(stations=stations, receiving=self._receiving(pumps)),
            gates=gates_of(
                self.document,
                self.options,
                self.graph,
                frozenset(self.storages),
                self.links,
                pumps=bool(pumps),
            ),
            underpasses=self.watched_underpasses(),
            overflow_outfalls=overflow,
            assumed=tuple(dict.fromkeys(self.assumed)),
        )

    def tell(self, code: str, row: InpRow | None = None, **context: Any) -> None:
        place: dict[str, Any] = (
            {} if row is None else {"line": row.line, "section": row.section, "element": row.tokens[0]}
        )
        self.issues.append(issue(code, file=self.file, **{**place, **context}))

    # -- pumps --------------------------------------------------------------------------------------

    def _check_links(self) -> None:
        known = {
            fold_ascii(row.tokens[0])
            for section in ("PUMPS", *GATE_SECTIONS)
            for row in self.document[section]
        }
        for name in self.links:
            if fold_ascii(name) not in known:
                self.tell("SCENARIO_UNKNOWN_ELEMENT", field="links", value=name)
        folded = [fold_ascii(name) for name in self.links]
        for at, name in enumerate(self.links):
            if folded[at] in folded[:at]:
                self.tell("SCHEDULE_PLAN_TWICE", field="links", element=name)
        outfalls = self.graph.outfalls
        for name in self.overflow_outfalls:
            if fold_ascii(name) not in outfalls:
                self.tell("SCENARIO_UNKNOWN_ELEMENT", field="overflow_outfalls", value=name)
        pumps = {fold_ascii(row.tokens[0]) for row in self.document["PUMPS"]}
        self.issues += self.levels.issues(pumps, self.pump_rows)

    def _wanted(self, name: str) -> bool:
        return not self.links or fold_ascii(name) in {fold_ascii(one) for one in self.links}

    def _pumps(self) -> list[_Pump]:
        found = []
        for row in self.document["PUMPS"]:
            if self._wanted(row.tokens[0]):
                one = self._pump(row)
                if one is not None:
                    found.append(one)
        return found

    def _pump(self, row: InpRow) -> _Pump | None:
        words = row.tokens
        name, well, to_node = words[0], fold_ascii(words[1]), fold_ascii(words[2])
        curve_name = words[3] if len(words) > 3 else "*"
        kind, points = self.curves.get(fold_ascii(curve_name), ("", []))
        curve = pump_curve(kind, points, self.options.units)
        if curve is None:
            self.tell("SCHEDULE_PUMP_WITHOUT_CURVE", row, field="curve", value=curve_name)
        if not self._is_well(well):
            self.tell("SCHEDULE_PUMP_WITHOUT_WELL", row, field="from_node", value=words[1])
        if curve is None or not self._is_well(well):
            return None
        length = self.options.units.length_m
        start, stop = (_number(words, at) * length for at in (5, 6))
        level = self.levels.of_pump(name)
        if level.start_depth_m == level.start_depth_m:
            start = level.start_depth_m
        if level.stop_depth_m == level.stop_depth_m:
            stop = level.stop_depth_m
        to = self.graph.downstream(to_node, frozenset(self.storages))
        return _Pump(
            name=name,
            row=row,
            well=well,
            to_node=to_node,
            curve_name=fold_ascii(curve_name),
            curve=curve,
            start_m=start,
            stop_m=stop,
            on=len(words) < 5 or words[4].upper() != "OFF",
            station=level.station or self.graph.names.get(well, words[1]),
            receiving=level.receiving or self.graph.names.get(to, to) or words[2],
        )

    def _is_well(self, node: str) -> bool:
        """Whether pumps can draw from a node: a storage, or where the caller names its pumps a manhole."""
        return node in self.storages or (bool(self.links) and node in self.manholes)

    def _stations(self, pumps: Iterable[_Pump]) -> tuple[Station, ...]:
        by_well: dict[str, list[_Pump]] = {}
        for one in pumps:
            by_well.setdefault(one.well, []).append(one)
        stations = []
        for well, members in by_well.items():
            names = dict.fromkeys(one.station for one in members)
            if len(names) > 1:
                self.tell("SCHEDULE_STATIONS_OVERLAP", members[0].row, value=", ".join(names), limit=well)
                continue
            station = self._station(well, next(iter(names)), members)
            if station is not None:
                stations.append(station)
        twice = [name for name in (one.name for one in stations) if sum(o.name == name for o in stations) > 1]
        for name in dict.fromkeys(twice):
            self.tell("SCHEDULE_STATION_TWO_WELLS", value=name)
        return tuple(stations)

    def _station(self, well: str, name: str, members: list[_Pump]) -> Station | None:
        row = self.storages.get(well) or self.manholes[well]
        curve = self._well_curve(well, row)
        if curve is None or not curve.capacity_m3 > 0:
            self.tell("SCHEDULE_WELL_WITHOUT_CURVE", row)
            return None
        groups = self._groups(name, members)
        levels = station_levels(
            curve.max_depth_m,
            [one.start_m for one in members if one.start_m > 0],
            [one.stop_m for one in members if one.stop_m > 0],
            self.levels.of_station(name),
            self.defaults,
        )
        if levels.assumed:
            self.assumed.append((name, "SCHEDULE_LEVELS_ASSUMED"))
        return Station(
            name=name,
            wet_well=self.graph.names.get(well, row.tokens[0]),
            invert_m=_number(row.tokens, 1) * self.options.units.length_m,
            curve=curve,
            groups=groups,
            dry_run_depth_m=levels.dry_run_m,
            restart_depth_m=levels.restart_m,
            emergency_depth_m=levels.emergency_m,
            emergency_release_m=levels.release_m,
            min_run_s=levels.min_run_s,
            min_stop_s=levels.min_stop_s,
            starts_per_h=levels.starts_per_h,
        )

    def _well_curve(self, well: str, row: InpRow) -> VolumeCurve | None:
        if well in self.storages:
            return storage_curve(row, self.curves, self.options.units)
        depth = _number(row.tokens, 2) * self.options.units.length_m
        self.assumed.append((row.tokens[0], "SCHEDULE_MANHOLE_AS_WELL"))
        return VolumeCurve.prismatic(MANHOLE_M2, depth or DEEP_MANHOLE_M)

    def _groups(self, station: str, members: list[_Pump]) -> tuple[PumpGroup, ...]:
        """Pumps that cannot be told apart: curve, lift, and what becomes of their water."""
        kinds: dict[tuple[object, ...], list[_Pump]] = {}
        for one in members:
            limit = self.levels.of_pump(one.name).receiving_max_m3_per_s
            own = (
                one.receiving
                if math.isfinite(limit)
                else ("overflow" if one.overflow else self._kind(one.receiving))
            )
            kinds.setdefault((one.curve_name, self._discharge_m(one), own), []).append(one)
        groups = []
        for number, ((_, discharge, _), pumps) in enumerate(kinds.items(), 1):
            pumps.sort(key=lambda one: one.start_m)
            ruled = all(one.start_m > 0 for one in pumps)
            efficiency = self.levels.of_pump(pumps[0].name).efficiency
            groups.append(
                PumpGroup(
                    name=f"{station}/{number}",
                    pumps=tuple(one.name for one in pumps),
                    curve=pumps[0].curve,
                    receiving=pumps[0].receiving,
                    discharge_level_m=float(discharge),  # type: ignore[arg-type]
                    efficiency=efficiency or self.defaults.efficiency,
                    start_depth_m=tuple(one.start_m for one in pumps) if ruled else (),
                    stop_depth_m=tuple(one.stop_m for one in pumps) if ruled else (),
                    initial_count=sum(one.on for one in pumps),
                )
            )
        return tuple(groups)

    def _discharge_m(self, pump: _Pump) -> float:
        """Level the pump lifts to: its chamber's invert, or the receiving water's stage where that is higher."""
        units = self.options.units
        level = -math.inf
        for section in ("JUNCTIONS", "STORAGE", "OUTFALLS", "DIVIDERS"):
            for row in self.document[section]:
                if fold_ascii(row.tokens[0]) == pump.to_node:
                    level = _number(row.tokens, 1)
        for row in self.document["OUTFALLS"]:
            reached = fold_ascii(row.tokens[0]) in (fold_ascii(pump.receiving), pump.to_node)
            if reached and len(row.tokens) > 3 and row.tokens[2].upper() == "FIXED":
                level = max(level, _number(row.tokens, 3))
        return level * units.length_m if math.isfinite(level) else 0.0

    # -- what becomes of the water ------------------------------------------------------------------

    def _kind(self, receiving: str) -> ReceivingKind:
        tag = self.tags.get(("NODE", fold_ascii(receiving)), "")
        if any(word in tag for word in ("river", "河", "江", "湖")):
            return ReceivingKind.RIVER
        for row in self.document["OUTFALLS"]:
            if fold_ascii(row.tokens[0]) == fold_ascii(receiving) and row.tokens[2].upper() in _RIVER_STAGES:
                return ReceivingKind.RIVER
        return ReceivingKind.SEWER

    def _overflow(self, pumps: list[_Pump]) -> tuple[str, ...]:
        """Outfalls whose flow is overflow; pumps that lift into one are marked."""
        if self.overflow_outfalls:
            chosen = {fold_ascii(one) for one in self.overflow_outfalls}
        else:
            chosen = {
                one
                for one in self.graph.outfalls
                if any(word in self.tags.get(("NODE", one), "") for word in ("overflow", "cso", "溢流"))
            }
            if not chosen:
                chosen = set(self.graph.weir_outfalls()) | self._alternatives(pumps)
                self.assumed += [
                    (self.graph.names.get(one, one), "SCHEDULE_OVERFLOW_ASSUMED") for one in sorted(chosen)
                ]
        for one in pumps:
            one.overflow = fold_ascii(one.receiving) in chosen
        return tuple(self.graph.names.get(one, one) for one in sorted(chosen))

    def _alternatives(self, pumps: list[_Pump]) -> set[str]:
        """Outfalls a well with several ways out uses only when the pumps of its first way no longer suffice."""
        found: set[str] = set()
        for well in {one.well for one in pumps}:
            members = sorted((one for one in pumps if one.well == well), key=lambda one: one.start_m)
            ways = dict.fromkeys(fold_ascii(one.receiving) for one in members)
            mixed = bool(self.graph.upstream(well) & self._dry_weather())
            if len(ways) > 1 and members[0].start_m > 0 and mixed:
                found |= {one for one in list(ways)[1:] if one in self.graph.outfalls}
        return found

    def _dry_weather(self) -> frozenset[str]:
        return frozenset(
            fold_ascii(row.tokens[0]) for section in ("DWF", "INFLOWS") for row in self.document[section]
        )

    def _receiving(self, pumps: Iterable[_Pump]) -> Mapping[str, Receiving]:
        found: dict[str, Receiving] = {}
        for one in pumps:
            level = self.levels.of_pump(one.name)
            kind = ReceivingKind(level.receiving_kind) if level.receiving_kind else self._kind(one.receiving)
            found[one.receiving] = Receiving(
                name=one.receiving,
                kind=kind,
                max_flow_m3_per_s=level.receiving_max_m3_per_s,
                counts_as_overflow=one.overflow,
            )
        return found

    # -- underpasses ----------------------------------------------------------------------------------

    def watched_underpasses(self) -> tuple[Underpass, ...]:
        """Underpasses of the model's tags and of the ledger; `issues` has those without a level."""
        found: dict[str, Underpass] = {}
        nodes = {
            fold_ascii(row.tokens[0]): row.tokens[0]
            for section in ("STORAGE", "JUNCTIONS")
            for row in self.document[section]
        }
        for (kind, node), tag in self.tags.items():
            if (
                kind == "NODE"
                and any(word in tag for word in ("underpass", "下穿", "下立交"))
                and node in nodes
            ):
                found[node] = replace(self.defaults.underpass, name=nodes[node], node=nodes[node])
        table = self.underpass_rows
        if table is not None:
            names, places = table.texts("underpass"), table.texts("node")
            yellow, red = table.array("yellow_m").tolist(), table.array("red_m").tolist()
            rows = table.array("row").tolist()
            for at, (name, place) in enumerate(zip(names, places, strict=True)):
                node = fold_ascii(place or "")
                if node not in nodes:
                    self.issues.append(
                        issue(
                            "SCHEDULE_UNDERPASS_WITHOUT_LEVEL",
                            line=rows[at],
                            section="underpasses",
                            element=name or "",
                            field="node",
                            value=place or "",
                        )
                    )
                    continue
                base = self.defaults.underpass
                found[node] = replace(
                    base,
                    name=name or nodes[node],
                    node=nodes[node],
                    yellow_m=base.yellow_m if math.isnan(yellow[at]) else yellow[at],
                    red_m=base.red_m if math.isnan(red[at]) else red[at],
                )
        for one in found.values():
            if not 0 < one.yellow_m <= one.red_m:
                self.tell("SCHEDULE_UNDERPASS_LEVELS", element=one.name, value=one.yellow_m, limit=one.red_m)
        return tuple(found.values())


def _number(words: tuple[str, ...], at: int) -> float:
    value = read_number(words[at]).value if len(words) > at else None
    return 0.0 if value is None else float(value)
