"""What an outage does over time: who goes short and when, what is not delivered, which tanks run empty."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import Coded, ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.outage.shortfall import CUSTOMERS as AFFECTED
from citymains.outage.shortfall import AffectedCustomers, Shortfall, affected_customers
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.asked import Asked, DemandModel, asked_of
from citymains_water.hydraulics import Block, Hydraulics, Mask, model_settings, solve
from citymains_water.judgement import judge
from citymains_water.outage_supply import ALTERNATIVES, BURSTS, TANKS, bursts_table, tanks_table
from citymains_water.repairs import REPAIRS, repaired, repairs_table
from citymains_water.service_pressure import ServiceLimits, places_of

#: Hours to simulate where neither the caller nor the model says any.
HOURS = 24.0
#: Delivery this far below what is wanted is rounding [m3/h].
_ROUNDING_M3_PER_H = 1e-3

NODES = TableSpec(
    "nodes",
    "Junctions over time; times in order, junctions in model order within each.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("time_s", Kind.FLOAT, "Time from the start of the simulation."),
        ColumnSpec("pressure_m", Kind.FLOAT, "Pressure; missing without an open way to a source."),
        ColumnSpec("required_m3_per_h", Kind.FLOAT, "Demand of the customers there."),
        ColumnSpec("delivered_m3_per_h", Kind.FLOAT, "What they get."),
        ColumnSpec("state", Kind.TEXT, "ok, low (below the limit) or none (no supply)."),
    ),
)
PLACES = TableSpec(
    "places",
    "Junctions with demand that go short because of the outage, the longest first.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("state", Kind.TEXT, "none: without any supply for some time; low: only below the limit."),
        ColumnSpec("since_s", Kind.FLOAT, "When it first goes short."),
        ColumnSpec("duration_s", Kind.FLOAT, "How long altogether; missing in a steady state."),
        ColumnSpec("longest_s", Kind.FLOAT, "The longest time on end."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure while supplied."),
        ColumnSpec("limit_m", Kind.FLOAT, "Pressure below which it counts as short."),
        ColumnSpec("unserved_m3", Kind.FLOAT, "Demand that is not met, beyond that without the outage."),
    ),
    MapLayer("node", "nodes", "unserved_m3"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OutageReport(Record):
    """Who goes short when something is closed, lost or broken; against the network as it is without that.

    Places that are short anyway are not charged to the outage; their number is given.
    """

    TABLES = (NODES, PLACES, AFFECTED, TANKS, BURSTS, REPAIRS, ALTERNATIVES)

    demand_model: DemandModel = DemandModel.PDD
    duration_s: float = 0.0
    """Simulated time; 0 is steady and stands for one hour."""
    required_m3: float = 0.0
    unserved_m3: float = 0.0
    """Demand that is not met in the outage, whatever the cause."""
    unserved_without_m3: float = 0.0
    """The same without the outage."""
    short_count: int = 0
    """Junctions with demand that go short because of the outage."""
    cut_off_count: int = 0
    """Those of them without any supply for some time."""
    short_anyway_count: int = 0
    """Junctions with demand that are below the limit at some time without the outage too."""
    first_short_s: float = float("nan")
    """When the first of them goes short; NaN: none does."""
    worst_node: str = ""
    """The junction that is short longest, then lacks most; empty: none."""
    burst_m3: float = 0.0
    """What broken pipes discharge."""
    customer_count: int = 0
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRequest:
    """Arguments of the question."""

    scenario: Scenario
    hours: float | None = None
    demand_model: DemandModel | None = None
    minimum_pressure_m: float | None = None
    required_pressure_m: float | None = None
    service_pressure_m: float | None = None
    customers: DatasetRef | None = None
    places: DatasetRef | None = None
    repair: bool = False
    alternatives: Sequence[str] = ()


@dataclass(frozen=True, eq=False)
class Effect:
    """A calculation with an outage against the one without."""

    found: Hydraulics
    without: Hydraulics
    limits: ServiceLimits

    @cached_property
    def _junctions(self) -> slice:
        return slice(0, self.found.junction_count)

    @cached_property
    def customers_there(self) -> Mask:
        """Junctions with demand at some time, shape (junctions,)."""
        return np.asarray((self.found.required_m3_per_h[:, self._junctions] > 0).any(axis=0))

    @cached_property
    def cut(self) -> Mask:
        """Junctions with demand and without an open way to a source, shape (times, junctions)."""
        return ~self.found.supplied[:, self._junctions] & self.customers_there

    @cached_property
    def low(self) -> Mask:
        """Those below the limit or cut off."""
        return self._low(self.found)

    @cached_property
    def low_without(self) -> Mask:
        """The same without the outage."""
        return self._low(self.without)

    @cached_property
    def shortfall(self) -> Shortfall:
        """What the outage is to blame for."""
        short = self.low & ~self.low_without
        return Shortfall(self.found.times_s, short, short & self.cut)

    def _low(self, of: Hydraulics) -> Mask:
        with np.errstate(invalid="ignore"):
            met = of.pressure_m[:, self._junctions] >= self.limits.owed_m
        # Where no rule asks for a pressure, being supplied is all there is to meet.
        met |= np.isnan(self.limits.owed_m) & of.supplied[:, self._junctions]
        return ~met & self.customers_there

    def unserved_m3_per_h(self, of: Hydraulics) -> Block:
        """Demand that is not met, shape (times, junctions)."""
        lacking = (of.required_m3_per_h - of.delivered_m3_per_h)[:, self._junctions]
        return np.where(lacking > _ROUNDING_M3_PER_H, lacking, 0.0)

    def volume_m3(self, rate: Block) -> Block:
        """Volume of a rate [m3/h] over the simulated time; a steady state stands for one hour."""
        return np.asarray(self.shortfall.steps_s @ rate / 3600.0)


def analyze_outage(face: Utility, network: Network, request: OutageRequest) -> OutageReport:
    """Answer the question ``outage`` (see `citymains_water.utility.Water.outage`)."""
    started = time.monotonic()
    _, settings = model_settings(face, network)
    ledger = face.ledger(request.customers, CUSTOMERS)
    places = places_of(face, network, request.places)
    limits = ServiceLimits.of(face, network, places, limit_m=request.service_pressure_m)
    options = asked_of(
        settings,
        hours=request.hours,
        demand_model=request.demand_model,
        minimum_pressure_m=request.minimum_pressure_m,
        required_pressure_m=request.required_pressure_m,
        least_hours=HOURS,
        default=DemandModel.PDD,
    )
    scenario, repairs = (
        repaired(network, request.scenario) if request.repair else (request.scenario, repairs_table([]))
    )
    found, without = (_solve(face, network, options, one) for one in (scenario, Scenario()))
    effect = Effect(found, without, limits)
    people = affected_customers(
        None if ledger is None else ledger.table, effect.shortfall, places_by_element(found)
    )
    alternatives = _alternatives(face, network, options, scenario, request.alternatives, effect)
    findings = (
        *judge(found, options.demand_model.value),
        *_findings(effect, people),
    )
    bursts = bursts_table(found, effect.shortfall.steps_s)
    return OutageReport(
        verdict=verdict_of(findings),
        findings=findings,
        provenance=face.provenance(
            "outage",
            network=network,
            scenario=scenario,
            engine="epanet",
            engine_version=found.engine_version,
            options={
                **options.options(),
                "service_pressure_m": "rules"
                if request.service_pressure_m is None
                else request.service_pressure_m,
                "repair": request.repair,
                "customers_sha256": "" if ledger is None else ledger.sha256,
            },
            rule_packs=limits.packs,
            run_s=time.monotonic() - started,
        ),
        tables=(
            _nodes_table(effect),
            _places_table(effect),
            people.table,
            tanks_table(found),
            bursts,
            repairs,
            alternatives,
        ),
        demand_model=options.demand_model,
        duration_s=options.duration_s,
        burst_m3=float(np.nansum(bursts.array("volume_m3"))),
        **people.summary(),
        **_summary(effect),
    )


def _solve(face: Utility, network: Network, options: Asked, scenario: Scenario) -> Hydraulics:
    return solve(
        face,
        network,
        question="outage",
        scenario=scenario,
        demands=options.demands,
        duration_s=options.duration_s,
    )


def places_by_element(found: Hydraulics) -> dict[str, Sequence[int]]:
    """Junctions by element: a node is one, a link its ends."""
    count = found.junction_count
    places: dict[str, Sequence[int]] = {one: [at] for at, one in enumerate(found.node_ids[:count])}
    for link, start, end in zip(
        found.link_ids, found.graph.start.tolist(), found.graph.end.tolist(), strict=True
    ):
        places.setdefault(link, [at for at in (start, end) if at < count])
    return places


def _summary(effect: Effect) -> dict[str, Any]:
    shortfall = effect.shortfall
    short = np.flatnonzero(shortfall.short.any(axis=0))
    junctions = slice(0, effect.found.junction_count)
    order = _gravest(effect)
    return {
        "required_m3": float(
            effect.volume_m3(np.clip(effect.found.required_m3_per_h[:, junctions], 0.0, None)).sum()
        ),
        "unserved_m3": float(effect.volume_m3(effect.unserved_m3_per_h(effect.found)).sum()),
        "unserved_without_m3": float(effect.volume_m3(effect.unserved_m3_per_h(effect.without)).sum()),
        "short_count": len(short),
        "cut_off_count": int(shortfall.cut.any(axis=0).sum()),
        "short_anyway_count": int(effect.low_without.any(axis=0).sum()),
        "first_short_s": float(np.nanmin(shortfall.since_s())) if len(short) else float("nan"),
        "worst_node": effect.found.node_ids[int(order[0])] if len(order) else "",
    }


def _gravest(effect: Effect) -> NDArray[np.intp]:
    """Junctions that go short, the longest first, then by what they lack."""
    shortfall = effect.shortfall
    short = np.flatnonzero(shortfall.short.any(axis=0))
    lacking = effect.volume_m3(effect.unserved_m3_per_h(effect.found))
    return short[np.lexsort((-lacking[short], -np.nan_to_num(shortfall.duration_s())[short]))]


def _nodes_table(effect: Effect) -> Table:
    found = effect.found
    count = found.junction_count
    junctions = slice(0, count)
    states = np.where(effect.cut, 2, np.where(effect.low, 1, 0)).astype(np.int32)
    return NODES.build(
        node=Coded(
            tuple(found.node_ids[:count]), np.tile(np.arange(count, dtype=np.int32), len(found.times_s))
        ),
        time_s=np.repeat(found.times_s, count),
        pressure_m=found.pressure_m[:, junctions].ravel(),
        required_m3_per_h=found.required_m3_per_h[:, junctions].ravel(),
        delivered_m3_per_h=found.delivered_m3_per_h[:, junctions].ravel(),
        state=Coded(("ok", "low", "none"), states.ravel()),
    )


def _places_table(effect: Effect) -> Table:
    shortfall, order = effect.shortfall, _gravest(effect)
    cut = set(np.flatnonzero(shortfall.cut.any(axis=0)).tolist())
    pressure = effect.found.pressure_m[:, : effect.found.junction_count]
    lowest = np.where(np.isnan(pressure), np.inf, pressure).min(axis=0)
    more = effect.unserved_m3_per_h(effect.found) - effect.unserved_m3_per_h(effect.without)
    return PLACES.build(
        node=[effect.found.node_ids[at] for at in order.tolist()],
        state=["none" if at in cut else "low" for at in order.tolist()],
        since_s=shortfall.since_s()[order],
        duration_s=shortfall.duration_s()[order],
        longest_s=shortfall.longest_s()[order],
        lowest_pressure_m=np.where(np.isinf(lowest), np.nan, lowest)[order],
        limit_m=effect.limits.owed_m[order],
        unserved_m3=effect.volume_m3(np.clip(more, 0.0, None))[order],
    )


def _findings(effect: Effect, people: AffectedCustomers) -> list[Finding]:
    table = people.table
    found = []
    for row in range(table.row_count):
        if not table.array("critical")[row]:
            continue
        since = float(table.array("since_s")[row])
        lasting = float(table.array("duration_s")[row])
        found.append(
            finding(
                "OUTAGE_CRITICAL",
                Severity.NOTE,
                element=str(table.texts("customer")[row]),
                time_s=since,
                since=f"{since / 3600.0:g} h",
                since_zh=f"{since / 3600.0:g} 小时",
                hours="?" if np.isnan(lasting) else f"{lasting / 3600.0:g}",
            )
        )
    if people.unlocated_count:
        found.append(
            finding("OUTAGE_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(people.unlocated_count))
        )
    return found


def _alternatives(
    face: Utility,
    network: Network,
    options: Asked,
    scenario: Scenario,
    links: Sequence[str],
    effect: Effect,
) -> Table:
    """What opening each of some closed links brings, every one alone."""
    rows: list[tuple[str, float, int]] = []
    before = float(effect.volume_m3(effect.unserved_m3_per_h(effect.found)).sum())
    start_s = min((getattr(one, "start_s", None) or 0.0 for one in scenario.edits), default=0.0)
    for link in links:
        opened = scenario + Scenario.set_control(link, "open", 1.0, start_s or None)
        other = replace(effect, found=_solve(face, network, options, opened))
        unserved = float(other.volume_m3(other.unserved_m3_per_h(other.found)).sum())
        rows.append((link, unserved, int(other.shortfall.short.any(axis=0).sum())))
    rows.sort(key=lambda row: row[1])
    return ALTERNATIVES.build(
        link=[row[0] for row in rows],
        unserved_m3=[row[1] for row in rows],
        saved_m3=[before - row[1] for row in rows],
        short_count=[row[2] for row in rows],
    )
