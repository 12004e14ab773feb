"""What every single loss would do to those who are heated, ranked: by topology what only hangs on, the rest by the engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.criticality import report as ranked
from citymains.criticality.customers import Affected, CustomersByPlace
from citymains.criticality.ranking import Losses as Ranking
from citymains.criticality.ranking import chunks
from citymains.intake.ledger import Ledger, read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS as CUSTOMER_LEDGER
from citymains.intake.ledger_kinds import VALVES as VALVE_LEDGER
from citymains.intake.source import SourceFile
from citymains.isolation.answer import valve_layer
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind
from numpy.typing import NDArray

from citymains_heating.arguments import make_floats, refuse, refuse_times
from citymains_heating.losses import Loss, Losses
from citymains_heating.outage import SHORT_BELOW, places_of
from citymains_heating.result import SupplyResult
from citymains_heating.supply import ENGINE, FrictionModel, SupplyRequest, pipe_model

if TYPE_CHECKING:
    from citymains_heating.utility import Heating

Floats = NDArray[np.float64]

_HOUR_S = 3600.0
_QUESTION = "heating.criticality"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CriticalityReport(ranked.CriticalityReport):
    """Every single loss of a heating network, ranked."""

    TABLES = (
        ranked.ranking_table(
            ColumnSpec("unserved_kwh", Kind.FLOAT, "Heat of one hour that is not delivered."),
            (
                ColumnSpec(
                    "lowest_differential_pressure_kpa",
                    Kind.FLOAT,
                    "Lowest differential pressure at a consumer with supply; missing: by topology.",
                ),
                ColumnSpec("lowest_consumer", Kind.TEXT, "Where it is."),
                ColumnSpec("pipes", Kind.TEXT, "Pipes out of service with it, the first ten."),
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CriticalityRequest:
    """What :meth:`citymains_heating.utility.Heating.criticality` is asked."""

    kinds: Sequence[str]
    scenario: Scenario
    valves: SourceFile | str | PathLike[str] | None
    customers: SourceFile | str | PathLike[str] | None
    rank_by: str
    minimum_differential_pressure_kpa: float | None
    friction_model: FrictionModel

    def __post_init__(self) -> None:
        make_floats(self, ("minimum_differential_pressure_kpa",))
        refuse([("rank_by", self.rank_by, self.rank_by in ranked.RANK_BY, ", ".join(ranked.RANK_BY))])


def rank_losses(utility: Heating, network: Network, request: CriticalityRequest) -> CriticalityReport:
    """Rank losses (see :meth:`citymains_heating.utility.Heating.criticality`)."""
    began = time.perf_counter()
    refuse_times(request.scenario, _QUESTION)
    model = pipe_model(utility, network)
    shape = utility.heat_layout(network)
    valves, people = (
        None if one is None else read_ledger(utility.workbench.file(one), kind)
        for one, kind in ((request.valves, VALVE_LEDGER), (request.customers, CUSTOMER_LEDGER))
    )
    layer, origin = valve_layer(
        shape.layout, None if valves is None else valves.require(), file="" if valves is None else valves.file
    )
    losses = Losses(shape, layer).of(request.kinds)
    places = places_of(model)
    stations = model.ids("consumers") + model.ids("heat_exchangers")
    customers = CustomersByPlace(None if people is None else people.require(), places, len(stations))
    found = _Found(len(losses), customers, stations)
    with utility.workbench.engines.session(ENGINE, model.engine_model(), element=network.name) as session:
        _answer(_Engine(session, model, request), losses, found)
        version = session.engine_version
    ranking = found.ranking(losses)
    findings = (*_findings(request, origin, customers), *ranking.findings())
    return CriticalityReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(ranking.ranked(CriticalityReport.TABLES[0], "unserved_kwh", request.rank_by),),
        rank_by=request.rank_by,
        candidate_count=len(losses),
        failed_count=sum(bool(one) for one in found.failures),
        customer_count=customers.total[0],
        duration_s=_HOUR_S,
        provenance=utility.provenance(
            "criticality",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=version,
            options={
                "kinds": ",".join(request.kinds),
                "valve_layer": origin,
                "friction_model": request.friction_model,
                "minimum_differential_pressure_kpa": ""
                if request.minimum_differential_pressure_kpa is None
                else request.minimum_differential_pressure_kpa,
                "by_topology": sum(one == "topology" for one in found.by),
                "valves_sha256": _sha256(valves),
                "customers_sha256": _sha256(people),
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _sha256(ledger: Ledger | None) -> str:
    return "" if ledger is None else ledger.sha256


class _Engine:
    """Steady states with something lost."""

    def __init__(self, session: Any, model: Any, request: CriticalityRequest) -> None:
        self.session, self.model, self.request = session, model, request

    def __call__(self, loss: Scenario) -> SupplyResult:
        """The state of the network with one loss."""
        edits = self.request.scenario + loss
        asked = SupplyRequest(
            scenario=edits,
            friction_model=self.request.friction_model,
            minimum_differential_pressure_kpa=self.request.minimum_differential_pressure_kpa,
        )
        answer = self.session.run(asked.task(self.model, _QUESTION))
        return SupplyResult(self.model, edits, self.model.edited(edits, _QUESTION), answer)


class _Found:
    """Answers by loss."""

    def __init__(self, count: int, customers: CustomersByPlace, stations: Sequence[str]) -> None:
        self.customers, self.stations = customers, stations
        self.affected = Affected.nobody(count)
        self.unserved_kw = np.full(count, np.nan)
        self.places, self.cut_off = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        self.lowest_kpa = np.full(count, np.nan)
        self.lowest_at = np.full(count, -1, dtype=np.int64)
        self.by = ["failed"] * count
        self.failures = ["no answer"] * count

    def put(self, at: int, required_kw: Floats, delivered_kw: Floats, by: str) -> None:
        """Take what consumers get in one loss."""
        asks = required_kw > 0.0
        short = asks & (delivered_kw < SHORT_BELOW * required_kw)
        affected = self.customers.affected(short[None, :])
        for name in ("customers", "households", "critical"):
            getattr(self.affected, name)[at] = getattr(affected, name)[0]
        self.unserved_kw[at] = float(np.maximum(required_kw - delivered_kw, 0.0)[short].sum())
        self.places[at] = int(short.sum())
        self.cut_off[at] = int((asks & (delivered_kw <= 0.0)).sum())
        self.by[at], self.failures[at] = by, ""

    def lowest(self, at: int, differential_kpa: Floats) -> None:
        """Where the lowest differential pressure is."""
        if np.isfinite(differential_kpa).any():
            self.lowest_at[at] = int(np.nanargmin(differential_kpa))
            self.lowest_kpa[at] = differential_kpa[self.lowest_at[at]]

    def ranking(self, losses: Sequence[Loss]) -> Ranking:
        """For the frame's table."""
        return Ranking(
            elements=[one.element for one in losses],
            kinds=[one.kind for one in losses],
            by=self.by,
            affected=self.affected,
            unserved=self.unserved_kw,
            places=self.places,
            cut_off=self.cut_off,
            failures=self.failures,
            more={
                "lowest_differential_pressure_kpa": self.lowest_kpa,
                "lowest_consumer": [
                    self.stations[row] if row >= 0 else "" for row in self.lowest_at.tolist()
                ],
                "pipes": [", ".join(one.pipes[:10]) for one in losses],
            },
        )


def _answer(engine: _Engine, losses: Sequence[Loss], found: _Found) -> None:
    """The undisturbed state first; if nobody is short in it, topology answers what only hangs on."""
    base = engine(Scenario())
    required = np.nan_to_num(base.required_kw)
    sound = base.converged and not (base.delivered_kw < SHORT_BELOW * required).any()
    by_engine = []
    for at, loss in enumerate(losses):
        if loss.lost is None or not sound:
            by_engine.append(at)
            continue
        delivered = required.copy()
        delivered[loss.lost] = 0.0
        found.put(at, required, delivered, "topology")
    for part in chunks(len(by_engine), 1, "losses"):
        for at in by_engine[part]:
            result = engine(losses[at].edits)
            if result.converged:
                found.put(at, np.nan_to_num(result.required_kw), result.delivered_kw, "pandapipes")
                found.lowest(at, result.differential_pressure_kpa)
            else:
                found.failures[at] = str(result.answer["message"]) or "no solution"


def _findings(request: CriticalityRequest, origin: str, customers: CustomersByPlace) -> list[Finding]:
    made = []
    if origin == "pipe_ends" and {"segment", "valve"} & set(request.kinds):
        made.append(finding("ISOLATION_ASSUMED_VALVES", Severity.SUSPECT))
    if request.customers is None:
        made.append(finding("CRITICALITY_NO_CUSTOMERS", Severity.NOTE))
    if customers.unlocated_count:
        made.append(
            finding(
                "CRITICALITY_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(customers.unlocated_count)
            )
        )
    return made
