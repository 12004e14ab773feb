"""Leakage: night flow and balance of zones, leaks that follow the pressure, the loss rate of the network."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from citymains.errors import InputError, issue
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.asked import DemandModel, asked_of
from citymains_water.favad import Favad
from citymains_water.hydraulics import Block, Hydraulics, model_settings, solve
from citymains_water.judgement import judge
from citymains_water.layout import water_layout
from citymains_water.leakage_inputs import INFLOWS, Inflow, read_inflows
from citymains_water.leakage_rates import RATES, RateInputs, loss_rates
from citymains_water.service_pressure import places_of

#: Hours between which night flow is looked for.
NIGHT_FROM_H, NIGHT_TO_H = 2.0, 4.0
#: Half of the night discharge is due to leaks that grow with pressure: the exponent N1 is then 1.
LEAKAGE_NUMBER = 1.0
#: Reductions of pressure whose saving is calculated [m].
REDUCTIONS_M = (5.0, 10.0)
_HOURS = 24.0
_ALL = "network"

ZONES = TableSpec(
    "zones",
    "Zones (DMA), the one that loses most per length first.",
    (
        ColumnSpec("zone", Kind.TEXT, "Zone."),
        ColumnSpec("length_km", Kind.FLOAT, "Length of its pipes."),
        ColumnSpec("inflow_m3_per_d", Kind.FLOAT, "Net metered inflow, mean of the days covered."),
        ColumnSpec("consumption_m3_per_d", Kind.FLOAT, "What its customers take."),
        ColumnSpec("balance_m3_per_d", Kind.FLOAT, "Inflow less consumption: not accounted for."),
        ColumnSpec("night_flow_m3_per_h", Kind.FLOAT, "Minimum night flow."),
        ColumnSpec("night_use_m3_per_h", Kind.FLOAT, "What customers rightly take of it."),
        ColumnSpec("night_leakage_m3_per_h", Kind.FLOAT, "The rest."),
        ColumnSpec("night_pressure_m", Kind.FLOAT, "Mean pressure at night."),
        ColumnSpec(
            "day_factor_h", Kind.FLOAT, "Hours of night leakage that make a day's, since pressure varies."
        ),
        ColumnSpec("leakage_m3_per_d", Kind.FLOAT, "Leakage in a day."),
        ColumnSpec("leakage_percent", Kind.FLOAT, "Of the inflow."),
        ColumnSpec("leakage_m3_per_km_h", Kind.FLOAT, "Mean leakage per length.", "m3/(km h)"),
        ColumnSpec("leak_area_mm2", Kind.FLOAT, "Leak area without pressure.", "mm2"),
        ColumnSpec("expansion_mm2_per_m", Kind.FLOAT, "Growth of the area with head.", "mm2/m"),
        ColumnSpec("exponent", Kind.FLOAT, "Exponent N1 of leakage against pressure, at the night pressure."),
    ),
)
NODES = TableSpec(
    "nodes",
    "Where the leakage of a zone would be if its leaks were spread evenly over its pipes.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("zone", Kind.TEXT, "Zone."),
        ColumnSpec("mean_pressure_m", Kind.FLOAT, "Mean pressure over the day."),
        ColumnSpec("leakage_m3_per_d", Kind.FLOAT, "Leakage of half of each pipe that ends there."),
    ),
    MapLayer("node", "nodes", "leakage_m3_per_d"),
)
SAVINGS = TableSpec(
    "savings",
    "What lower pressure would save.",
    (
        ColumnSpec("zone", Kind.TEXT, "Zone."),
        ColumnSpec("reduction_m", Kind.FLOAT, "Reduction of pressure at all hours."),
        ColumnSpec("leakage_m3_per_d", Kind.FLOAT, "Leakage that is left."),
        ColumnSpec("saved_m3_per_d", Kind.FLOAT, "Less than now."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure that is left where water is drawn."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class LeakageReport(Record):
    """What the zones lose, and the loss rate of the network."""

    TABLES = (ZONES, NODES, SAVINGS, RATES)

    zone_count: int = 0
    inflow_m3_per_d: float = float("nan")
    """Net metered inflow of all zones; NaN: none is metered."""
    leakage_m3_per_d: float = float("nan")
    """Leakage by night flow, of all zones."""
    gross_rate_percent: float = float("nan")
    """(Supplied - registered) / supplied."""
    loss_rate_percent: float = float("nan")
    """The gross rate less corrections, where these were asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeakageRequest:
    """Arguments of the question."""

    inflows: DatasetRef | None = None
    places: DatasetRef | None = None
    customers: DatasetRef | None = None
    night_use_l_per_household_h: float | None = None
    night_from_h: float = NIGHT_FROM_H
    night_to_h: float = NIGHT_TO_H
    leakage_number: float = LEAKAGE_NUMBER
    reductions_m: Sequence[float] = REDUCTIONS_M
    supplied_m3: float | None = None
    registered_m3: float | None = None
    days: float = 365.0
    corrected: bool = False
    household_metered_percent: float | None = None
    outlet_pressure_mpa: float | None = None
    frost_depth_m: float | None = None


def estimate_leakage(face: Utility, network: Network, request: LeakageRequest) -> LeakageReport:
    """Answer the question ``leakage`` (see `citymains_water.utility.Water.leakage`)."""
    return _Leakage(face, network, request).report()


@dataclass(frozen=True, eq=False)
class _Zone:
    """One zone: its junctions, how much pipe ends at each, its inflow and its customers."""

    name: str
    members: NDArray[np.intp]
    length_m: Block
    inflow: Inflow | None
    consumption_m3_per_h: float
    night_use_m3_per_h: float

    def leaks(self, flow_m3_per_h: float, pressure_m: float, leakage_number: float) -> Favad:
        """Its leaks together."""
        if not (flow_m3_per_h > 0.0 and pressure_m > 0.0):
            return Favad(0.0)
        return Favad.from_flow(flow_m3_per_h, pressure_m, leakage_number)

    def mean_pressure_m(self, pressure: Block) -> Block:
        """Mean pressure by length of pipe, shape (times,); what has no supply does not count."""
        part = pressure[:, self.members]
        weight = np.where(np.isnan(part), 0.0, self.length_m[self.members])
        total = weight.sum(axis=1)
        mean = (np.nan_to_num(part) * weight).sum(axis=1) / np.where(total > 0, total, 1.0)
        return np.where(total > 0, mean, np.nan)


class _Leakage:
    def __init__(self, face: Utility, network: Network, request: LeakageRequest) -> None:
        self.started = time.monotonic()
        self.face, self.network, self.request = face, network, request
        _check(request)
        _, settings = model_settings(face, network)
        self.layout = water_layout(network)
        self.junctions = network.data("junctions").row_count
        ledger = face.ledger(request.inflows, INFLOWS)
        self.inflows: Mapping[str, Inflow] = {} if ledger is None else read_inflows(ledger)
        self.zone_of = self._zone_of(places_of(face, network, request.places))
        people = face.ledger(request.customers, CUSTOMERS)
        self.customers = None if people is None else people.table
        asked = asked_of(
            settings,
            hours=_HOURS,
            demand_model=DemandModel.DDA,
            minimum_pressure_m=None,
            required_pressure_m=None,
        )
        self.found: Hydraulics = solve(
            face,
            network,
            question="leakage",
            scenario=Scenario(),
            demands=asked.demands,
            duration_s=asked.duration_s,
        )
        self.pressure = self.found.pressure_m[:, : self.junctions]
        hour = self.found.times_s[:-1] % 86400 / 3600.0
        night = (hour >= request.night_from_h) & (hour < request.night_to_h)
        self.night = np.append(night, False) if night.any() else self.found.times_s == 0.0
        self.findings: list[Finding] = list(judge(self.found, "DDA"))

    def report(self) -> LeakageReport:
        zones = self._zones()
        rows, nodes, savings = [], [], []
        for zone in zones:
            row, leaks = self._zone_row(zone)
            rows.append(row)
            if leaks.area_mm2 > 0.0:
                nodes += self._node_rows(zone, leaks)
                savings += self._saving_rows(zone, leaks, row["leakage_m3_per_d"])
        rows.sort(key=lambda row: -np.nan_to_num(row["leakage_m3_per_km_h"], nan=-1.0))
        rates = loss_rates(self.face, self._rate_inputs(rows), corrected=self.request.corrected)
        findings = (*self.findings, *self._zone_findings(), *rates.findings)
        metered = [row for row in rows if not np.isnan(row["inflow_m3_per_d"])]
        return LeakageReport(
            verdict=verdict_of(findings),
            findings=findings,
            provenance=self.face.provenance(
                "leakage",
                network=self.network,
                engine="epanet",
                engine_version=self.found.engine_version,
                options={
                    name: "" if getattr(self.request, name) is None else str(getattr(self.request, name))
                    for name in _OPTIONS
                },
                rule_packs=rates.packs,
                run_s=time.monotonic() - self.started,
            ),
            tables=(
                ZONES.build(**{c.name: [row[c.name] for row in rows] for c in ZONES.columns}),
                NODES.build(**{c.name: [row[at] for row in nodes] for at, c in enumerate(NODES.columns)}),
                SAVINGS.build(
                    **{c.name: [row[at] for row in savings] for at, c in enumerate(SAVINGS.columns)}
                ),
                rates.table,
            ),
            zone_count=len(rows),
            inflow_m3_per_d=sum(row["inflow_m3_per_d"] for row in metered) if metered else float("nan"),
            leakage_m3_per_d=float(np.nansum([row["leakage_m3_per_d"] for row in metered]))
            if metered
            else float("nan"),
            gross_rate_percent=rates.gross_percent,
            loss_rate_percent=rates.loss_percent,
        )

    def _zone_of(self, places: Table | None) -> list[str]:
        """Zone of every junction; one zone where no ledger gives any."""
        ids = self.layout.graph.node_ids[: self.junctions]
        if places is None or not any(places.texts("zone")):
            names = list(self.inflows)
            return [names[0] if len(names) == 1 else _ALL] * len(ids)
        known = dict(zip(map(str, places.texts("node")), places.texts("zone"), strict=True))
        missing = [one for one in self.inflows if one not in set(known.values())]
        if missing:
            raise InputError(
                [issue("LEDGER_REFERENCE", section=INFLOWS.name, field="zone", value=one) for one in missing]
            )
        return [known.get(one) or "" for one in ids]

    def _zones(self) -> list[_Zone]:
        graph, junctions = self.layout.graph, self.junctions
        length = np.zeros(graph.node_count)
        for ends in (graph.start, graph.end):
            np.add.at(length, ends, self.layout.length_m / 2.0)
        demand = np.clip(self.layout.demand_m3_per_h[:junctions], 0.0, None)
        consumption, households = self._customers(demand)
        use = self.request.night_use_l_per_household_h or 0.0
        zones = []
        for name in dict.fromkeys(self.zone_of):
            members = np.flatnonzero(np.array([one == name for one in self.zone_of], dtype=bool))
            if not name and not len(members):
                continue
            zones.append(
                _Zone(
                    name,
                    members,
                    length[:junctions],
                    self.inflows.get(name),
                    float(consumption[members].sum()),
                    float(households[members].sum()) * use / 1000.0,
                )
            )
        return zones

    def _customers(self, demand: Block) -> tuple[Block, Block]:
        """Consumption [m3/h] and households by junction: of the ledger, or the model's demand."""
        consumption, households = demand.copy(), np.zeros(self.junctions)
        if self.customers is None:
            return consumption, households
        index = {one: at for at, one in enumerate(self.layout.graph.node_ids[: self.junctions])}
        metered = self.customers.array("demand_m3_per_h")
        if np.isfinite(metered).any():
            consumption = np.zeros(self.junctions)
        rows = zip(
            self.customers.texts("element"),
            np.nan_to_num(metered).tolist(),
            self.customers.array("households").tolist(),
            strict=True,
        )
        for element, taken, count in rows:
            at = index.get(element or "")
            if at is None:
                continue
            households[at] += count
            if np.isfinite(metered).any():
                consumption[at] += taken
        return consumption, households

    def _zone_row(self, zone: _Zone) -> tuple[dict[str, Any], Favad]:
        request, nan = self.request, float("nan")
        pressure = zone.mean_pressure_m(self.pressure)
        night_pressure = float(np.nanmean(pressure[self.night])) if self.night.any() else nan
        length_km = float(zone.length_m[zone.members].sum()) / 1000.0
        night_flow = (
            nan
            if zone.inflow is None
            else zone.inflow.night_flow_m3_per_h(request.night_from_h, request.night_to_h)
        )
        night_leakage = max(night_flow - zone.night_use_m3_per_h, 0.0) if night_flow == night_flow else nan
        leaks = zone.leaks(night_leakage, night_pressure, request.leakage_number)
        daily = self._daily_m3(leaks, pressure) if night_leakage == night_leakage else nan
        inflow = nan if zone.inflow is None else zone.inflow.volume_m3_per_d()
        consumption = 24.0 * zone.consumption_m3_per_h
        return {
            "zone": zone.name or None,
            "length_km": length_km,
            "inflow_m3_per_d": inflow,
            "consumption_m3_per_d": consumption,
            "balance_m3_per_d": inflow - consumption,
            "night_flow_m3_per_h": night_flow,
            "night_use_m3_per_h": zone.night_use_m3_per_h,
            "night_leakage_m3_per_h": night_leakage,
            "night_pressure_m": night_pressure,
            "day_factor_h": daily / night_leakage if night_leakage > 0.0 else nan,
            "leakage_m3_per_d": daily,
            "leakage_percent": 100.0 * daily / inflow if inflow > 0.0 else nan,
            "leakage_m3_per_km_h": daily / 24.0 / length_km if length_km > 0.0 else nan,
            "leak_area_mm2": leaks.area_mm2,
            "expansion_mm2_per_m": leaks.expansion_mm2_per_m,
            "exponent": leaks.exponent(night_pressure),
        }, leaks

    def _daily_m3(self, leaks: Favad, pressure_m: Block) -> float:
        """Leakage of a day: each report time holds until the next."""
        steps_h = np.diff(self.found.times_s) / 3600.0
        flow = leaks.flow_m3_per_h(np.nan_to_num(pressure_m))
        return float(flow[:-1] @ steps_h) if len(steps_h) else float(flow[0] * 24.0)

    def _node_rows(self, zone: _Zone, leaks: Favad) -> list[tuple[Any, ...]]:
        length = zone.length_m[zone.members]
        rows = []
        for node, share in zip(zone.members.tolist(), length / max(length.sum(), 1e-9), strict=True):
            pressure = self.pressure[:, node]
            own = replace(
                leaks,
                area_mm2=leaks.area_mm2 * float(share),
                expansion_mm2_per_m=leaks.expansion_mm2_per_m * float(share),
            )
            mean = float(np.nanmean(pressure)) if np.isfinite(pressure).any() else float("nan")
            rows.append(
                (self.layout.graph.node_ids[node], zone.name or None, mean, self._daily_m3(own, pressure))
            )
        return sorted(rows, key=lambda row: -row[3])

    def _saving_rows(self, zone: _Zone, leaks: Favad, now_m3_per_d: float) -> list[tuple[Any, ...]]:
        pressure = zone.mean_pressure_m(self.pressure)
        drawing = self.layout.demand_m3_per_h[zone.members] > 0.0
        part = self.pressure[:, zone.members[drawing]]
        lowest = float(np.nanmin(part)) if np.isfinite(part).any() else float("nan")
        rows = []
        for reduction in self.request.reductions_m:
            left = self._daily_m3(leaks, pressure - reduction)
            rows.append((zone.name or None, reduction, left, now_m3_per_d - left, lowest - reduction))
        return rows

    def _rate_inputs(self, rows: Sequence[Mapping[str, Any]]) -> RateInputs:
        """Volumes of the network: as given, else those of its zones."""
        request = self.request
        supplied, registered = request.supplied_m3, request.registered_m3
        metered = [row for row in rows if not np.isnan(row["inflow_m3_per_d"])]
        if supplied is None and registered is None and metered:
            supplied = sum(row["inflow_m3_per_d"] for row in metered) * request.days
            registered = sum(row["consumption_m3_per_d"] for row in metered) * request.days
        return RateInputs(
            supplied_m3=supplied,
            registered_m3=registered,
            length_km=float(self.layout.length_m.sum()) / 1000.0,
            household_metered_percent=request.household_metered_percent,
            outlet_pressure_mpa=request.outlet_pressure_mpa,
            frost_depth_m=request.frost_depth_m,
            days=request.days,
        )

    def _zone_findings(self) -> list[Finding]:
        found = []
        for zone, inflow in self.inflows.items():
            if not inflow.days():
                found.append(finding("LEAKAGE_DAYS_SHORT", Severity.SUSPECT, element=zone))
        if self.inflows and self.request.night_use_l_per_household_h is None:
            found.append(finding("LEAKAGE_NIGHT_USE_UNKNOWN", Severity.SUSPECT))
        if not self.inflows and self.request.supplied_m3 is None:
            found.append(finding("LEAKAGE_NOTHING_METERED", Severity.SUSPECT))
        return found


_OPTIONS = (
    "night_use_l_per_household_h",
    "night_from_h",
    "night_to_h",
    "leakage_number",
    "reductions_m",
    "supplied_m3",
    "registered_m3",
    "days",
    "corrected",
    "household_metered_percent",
    "outlet_pressure_mpa",
    "frost_depth_m",
)


def _check(request: LeakageRequest) -> None:
    bounds = (
        ("night_use_l_per_household_h", 0.0, 1000.0),
        ("night_from_h", 0.0, 24.0),
        ("night_to_h", request.night_from_h + 1.0, 24.0),
        ("leakage_number", 0.0, 1e6),
        ("supplied_m3", 0.0, 1e12),
        ("registered_m3", 0.0, 1e12),
        ("days", 1.0, 3660.0),
        ("household_metered_percent", 0.0, 100.0),
        ("outlet_pressure_mpa", 0.0, 10.0),
        ("frost_depth_m", 0.0, 20.0),
    )
    for name, low, high in bounds:
        value = getattr(request, name)
        if value is not None and not low <= value <= high:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=f"{low:g} .. {high:g}")
    if (request.supplied_m3 is None) != (request.registered_m3 is None):
        missing = "supplied_m3" if request.supplied_m3 is None else "registered_m3"
        raise InputError("ARGUMENT_MISSING", field=missing)
