"""What the loss of a source does: who takes over and through which links, how long limits hold, how to share the rest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.call import current_call
from citymains.errors import InputError, issue
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.model.finding import Finding, Severity, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.outage.shortfall import AffectedCustomers, affected_customers
from citymains.utility import Utility

from citymains_water.asked import Asked, DemandModel, asked_of
from citymains_water.hydraulics import Hydraulics, element_ids, model_settings, solve
from citymains_water.judgement import judge
from citymains_water.outage import HOURS, Effect, places_by_element
from citymains_water.service_pressure import ServiceLimits, places_of
from citymains_water.supply_areas import LINKS, Areas, interconnections_table

#: Velocity taken for the capacity of an interconnection where the caller gives none [m/s].
VELOCITY_M_PER_S = 1.5
#: How near the search for the share comes.
_SHARE_TOLERANCE = 0.01

LOSSES = TableSpec(
    "losses",
    "Sources, each lost alone; the gravest loss first.",
    (
        ColumnSpec("source", Kind.TEXT, "Id of the reservoir or tank."),
        ColumnSpec("kind", Kind.TEXT, "reservoir or tank."),
        ColumnSpec("given_m3_per_h", Kind.FLOAT, "What it gives on average without the loss."),
        ColumnSpec("share_percent", Kind.FLOAT, "Of what all reservoirs give; of tanks missing."),
        ColumnSpec("hours_until_short", Kind.FLOAT, "Until the first place goes short; missing: none does."),
        ColumnSpec("first_node", Kind.TEXT, "That place."),
        ColumnSpec("short_count", Kind.INTEGER, "Junctions with demand that go short."),
        ColumnSpec("cut_off_count", Kind.INTEGER, "Those of them without any supply for some time."),
        ColumnSpec("customers", Kind.INTEGER, "Customers who go short."),
        ColumnSpec("households", Kind.INTEGER, "Households behind them."),
        ColumnSpec("unserved_m3", Kind.FLOAT, "Demand that is not met, beyond that without the loss."),
        ColumnSpec("lowest_pressure_m", Kind.FLOAT, "Lowest pressure at a supplied junction with demand."),
        ColumnSpec(
            "equal_share_percent",
            Kind.FLOAT,
            "Share of every demand that can be met everywhere within limits to the end; 100: all of it.",
        ),
        ColumnSpec("verdict", Kind.TEXT, "What the calculation of this loss is worth."),
    ),
)
TAKEOVER = TableSpec(
    "takeover",
    "What the remaining sources give in each loss.",
    (
        ColumnSpec("lost", Kind.TEXT, "Source that is lost."),
        ColumnSpec("source", Kind.TEXT, "Source that remains."),
        ColumnSpec("before_m3_per_h", Kind.FLOAT, "Mean flow it gives without the loss; negative: it takes."),
        ColumnSpec("after_m3_per_h", Kind.FLOAT, "Mean flow in the loss."),
        ColumnSpec("largest_m3_per_h", Kind.FLOAT, "Largest flow in the loss."),
        ColumnSpec(
            "empty_after_h", Kind.FLOAT, "Hours until a tank is empty; missing: never, or a reservoir."
        ),
    ),
)
PLACES = TableSpec(
    "places",
    "Junctions with demand that go short, by loss, the earliest first.",
    (
        ColumnSpec("lost", Kind.TEXT, "Source that is lost."),
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("state", Kind.TEXT, "none: without any supply for some time; low: only below the limit."),
        ColumnSpec("since_s", Kind.FLOAT, "When it first goes short."),
        ColumnSpec("duration_s", Kind.FLOAT, "How long altogether; missing in a steady state."),
    ),
    MapLayer("node", "nodes", "duration_s"),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SourceReport(Record):
    """The loss of each source: hours until limits are broken, interconnections, what can be shared."""

    TABLES = (LOSSES, TAKEOVER, LINKS, PLACES)

    demand_model: DemandModel = DemandModel.PDD
    duration_s: float = 0.0
    """Simulated time; 0 is steady."""
    velocity_m_per_s: float = VELOCITY_M_PER_S
    """Velocity at which the capacity of an interconnection is taken."""
    source_count: int = 0
    """Losses considered."""
    worst_source: str = ""
    """Source whose loss leaves most demand unmet; empty: every loss is harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """Arguments of the question."""

    sources: Sequence[str] = ()
    scenario: Scenario
    start_s: float = 0.0
    hours: float | None = None
    demand_model: DemandModel | None = None
    minimum_pressure_m: float | None = None
    required_pressure_m: float | None = None
    service_pressure_m: float | None = None
    velocity_m_per_s: float = VELOCITY_M_PER_S
    share: bool = True
    customers: DatasetRef | None = None
    places: DatasetRef | None = None


def analyze_sources(face: Utility, network: Network, request: SourceRequest) -> SourceReport:
    """Answer the question ``sources`` (see `citymains_water.utility.Water.sources`)."""
    return _Sources(face, network, request).report()


@dataclass(frozen=True, eq=False)
class _Loss:
    source: str
    effect: Effect
    people: AffectedCustomers
    share_percent: float
    findings: tuple[Finding, ...]

    @property
    def unserved_m3(self) -> float:
        effect = self.effect
        more = effect.unserved_m3_per_h(effect.found) - effect.unserved_m3_per_h(effect.without)
        return float(effect.volume_m3(np.clip(more, 0.0, None)).sum())


class _Sources:
    def __init__(self, face: Utility, network: Network, request: SourceRequest) -> None:
        self.started = time.monotonic()
        self.face, self.network, self.request = face, network, request
        _, settings = model_settings(face, network)
        self.reservoirs = element_ids(network, ("reservoirs",))
        self.lost = _asked_sources(network, request.sources)
        if not 0.0 < request.velocity_m_per_s <= 20.0:
            raise InputError(
                "ARGUMENT_INVALID", field="velocity_m_per_s", value=request.velocity_m_per_s, limit="0 .. 20"
            )
        ledger = face.ledger(request.customers, CUSTOMERS)
        self.customers = None if ledger is None else ledger.table
        self.customers_sha256 = "" if ledger is None else ledger.sha256
        self.limits = ServiceLimits.of(
            face, network, places_of(face, network, request.places), limit_m=request.service_pressure_m
        )
        self.asked: Asked = asked_of(
            settings,
            hours=request.hours,
            demand_model=request.demand_model,
            minimum_pressure_m=request.minimum_pressure_m,
            required_pressure_m=request.required_pressure_m,
            least_hours=HOURS,
            default=DemandModel.PDD,
        )
        self.without = self._solve(request.scenario)

    def report(self) -> SourceReport:
        losses = []
        for at, source in enumerate(self.lost):
            current_call().progress(at / len(self.lost), f"{source} {at}/{len(self.lost)}")
            losses.append(self._loss(source))
        losses.sort(key=lambda loss: -loss.unserved_m3)
        findings = (
            *judge(self.without, self.asked.demand_model.value),
            *(one for loss in losses for one in loss.findings),
        )
        return SourceReport(
            verdict=verdict_of(findings),
            findings=findings,
            provenance=self.face.provenance(
                "sources",
                network=self.network,
                scenario=self.request.scenario,
                engine="epanet",
                engine_version=self.without.engine_version,
                options={
                    **self.asked.options(),
                    "sources": ",".join(self.lost),
                    "start_s": f"{self.request.start_s:g}",
                    "velocity_m_per_s": f"{self.request.velocity_m_per_s:g}",
                    "service_pressure_m": "rules"
                    if self.request.service_pressure_m is None
                    else f"{self.request.service_pressure_m:g}",
                    "customers_sha256": self.customers_sha256,
                },
                rule_packs=self.limits.packs,
                run_s=time.monotonic() - self.started,
            ),
            tables=(
                self._losses_table(losses),
                self._takeover_table(losses),
                interconnections_table(
                    Areas.of(self.without),
                    [(loss.source, loss.effect.found) for loss in losses],
                    self.request.velocity_m_per_s,
                ),
                _places_table(losses),
            ),
            demand_model=self.asked.demand_model,
            duration_s=self.asked.duration_s,
            velocity_m_per_s=self.request.velocity_m_per_s,
            source_count=len(losses),
            worst_source=losses[0].source if losses and losses[0].unserved_m3 > 0 else "",
        )

    def _solve(self, scenario: Scenario) -> Hydraulics:
        return solve(
            self.face,
            self.network,
            question="sources",
            scenario=scenario,
            demands=self.asked.demands,
            duration_s=self.asked.duration_s,
        )

    def _scenario(self, source: str) -> Scenario:
        return self.request.scenario + Scenario.lose(sources=[source], start_s=self.request.start_s or None)

    def _loss(self, source: str) -> _Loss:
        found = self._solve(self._scenario(source))
        effect = Effect(found, self.without, self.limits)
        people = affected_customers(self.customers, effect.shortfall, places_by_element(found))
        return _Loss(
            source,
            effect,
            people,
            self._share_percent(source, effect),
            tuple(
                one
                for one in judge(found, self.asked.demand_model.value)
                if one.severity is not Severity.NOTE
            ),
        )

    def _share_percent(self, source: str, effect: Effect) -> float:
        """Share of every demand that can be met within limits everywhere to the end, by bisection."""
        if not effect.shortfall.short.any():
            return 100.0
        if not self.request.share:
            return float("nan")
        at_once = int((effect.found.times_s >= self.request.start_s).argmax())
        if effect.shortfall.cut[at_once].any():
            return 0.0  # cut off by topology: nobody's saving brings water there
        low, high = 0.0, 1.0
        while high - low > _SHARE_TOLERANCE:
            middle = (low + high) / 2.0
            found = self._solve(self._scenario(source) + Scenario.scale_demand(middle))
            holds = not Effect(found, self.without, self.limits).shortfall.short.any()
            low, high = (middle, high) if holds else (low, middle)
        return 100.0 * low

    def _losses_table(self, losses: Sequence[_Loss]) -> Table:
        given = {
            source: -float(np.mean(self.without.inflow_m3_per_h[:, self.without.node_ids.index(source)]))
            for source in (*self.reservoirs, *self.lost)
        }
        whole = sum(max(given[one], 0.0) for one in self.reservoirs)
        rows: list[dict[str, Any]] = []
        for loss in losses:
            shortfall = loss.effect.shortfall
            since = shortfall.since_s() - self.request.start_s
            first = int(np.nanargmin(since)) if np.isfinite(since).any() else -1
            is_reservoir = loss.source in self.reservoirs
            rows.append(
                {
                    "source": loss.source,
                    "kind": "reservoir" if is_reservoir else "tank",
                    "given_m3_per_h": given[loss.source],
                    "share_percent": 100.0 * given[loss.source] / whole
                    if is_reservoir and whole > 0
                    else float("nan"),
                    "hours_until_short": float(since[first]) / 3600.0 if first >= 0 else float("nan"),
                    "first_node": loss.effect.found.node_ids[first] if first >= 0 else None,
                    "short_count": int(shortfall.short.any(axis=0).sum()),
                    "cut_off_count": int(shortfall.cut.any(axis=0).sum()),
                    "customers": loss.people.customer_count,
                    "households": loss.people.household_count,
                    "unserved_m3": loss.unserved_m3,
                    "lowest_pressure_m": _lowest_m(loss.effect),
                    "equal_share_percent": loss.share_percent,
                    "verdict": verdict_of(loss.findings).value,
                }
            )
        return LOSSES.build(**{c.name: [row[c.name] for row in rows] for c in LOSSES.columns})

    def _takeover_table(self, losses: Sequence[_Loss]) -> Table:
        rows: list[tuple[str, str, float, float, float, float]] = []
        for loss in losses:
            found = loss.effect.found
            for at in range(found.junction_count, len(found.node_ids)):
                name = found.node_ids[at]
                if name == loss.source:
                    continue
                after = -found.inflow_m3_per_h[:, at]
                before = -self.without.inflow_m3_per_h[:, at]
                rows.append(
                    (
                        loss.source,
                        name,
                        float(before.mean()),
                        float(after.mean()),
                        float(after.max()),
                        _empty_after_h(found, at, self.request.start_s),
                    )
                )
        names = [column.name for column in TAKEOVER.columns]
        return TAKEOVER.build(
            **{name: [row[position] for row in rows] for position, name in enumerate(names)}
        )


def _asked_sources(network: Network, sources: Sequence[str]) -> list[str]:
    known = [*element_ids(network, ("reservoirs",)), *element_ids(network, ("tanks",))]
    unknown = [one for one in sources if one not in known]
    if unknown:
        raise InputError([issue("ELEMENT_UNKNOWN", field="source", value=one) for one in unknown])
    return list(dict.fromkeys(sources)) or element_ids(network, ("reservoirs",)) or known


def _lowest_m(effect: Effect) -> float:
    pressure = effect.found.pressure_m[:, : effect.found.junction_count][:, effect.customers_there]
    return float(np.nanmin(pressure)) if np.isfinite(pressure).any() else float("nan")


def _empty_after_h(found: Hydraulics, node: int, start_s: float) -> float:
    tanks = found.network.data("tanks")
    at = node - (len(found.node_ids) - tanks.row_count)
    if at < 0:
        return float("nan")
    low = tanks.array("minimum_level_m")[at] + 1e-3
    empty = (found.pressure_m[:, node] <= low) & (found.times_s >= start_s)
    return float(found.times_s[int(empty.argmax())] - start_s) / 3600.0 if empty.any() else float("nan")


def _places_table(losses: Sequence[_Loss]) -> Table:
    columns: dict[str, list[Any]] = {column.name: [] for column in PLACES.columns}
    for loss in losses:
        shortfall = loss.effect.shortfall
        since, lasting = shortfall.since_s(), shortfall.duration_s()
        short = np.flatnonzero(np.isfinite(since))
        cut = set(np.flatnonzero(shortfall.cut.any(axis=0)).tolist())
        for at in short[np.argsort(since[short], kind="stable")].tolist():
            columns["lost"].append(loss.source)
            columns["node"].append(loss.effect.found.node_ids[at])
            columns["state"].append("none" if at in cut else "low")
            columns["since_s"].append(float(since[at]))
            columns["duration_s"].append(float(lasting[at]))
    return PLACES.build(**columns)
