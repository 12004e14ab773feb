"""What every single loss would do to those who draw gas, ranked: bridges by topology, the rest by hydraulics."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.criticality import report as ranked
from citymains.criticality.customers import Affected, CustomersByPlace
from citymains.criticality.ranking import Losses as Ranking
from citymains.intake.ledger import read_ledger
from citymains.intake.ledger_kinds import VALVES
from citymains.isolation.answer import valve_layer
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind
from numpy.typing import NDArray

from citymains_gas.cases import Case
from citymains_gas.friction import FrictionModel
from citymains_gas.impact import Demands
from citymains_gas.kernel_batch import BY_ENGINE, BY_KERNEL
from citymains_gas.layout import gas_layout
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.losses import Loss, Losses
from citymains_gas.places import places_of
from citymains_gas.pressure import service_level
from citymains_gas.steady import pipe_model, refuse_times
from citymains_gas.sweep import ENGINE, Sweep, SweepOptions, SweepPart

if TYPE_CHECKING:
    from citymains.utility import Utility

_HOUR_S = 3600.0


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CriticalityReport(ranked.CriticalityReport):
    """Every single loss of a gas network, ranked."""

    TABLES = (
        ranked.ranking_table(
            ColumnSpec(
                "unserved_m3", Kind.FLOAT, "Demand of one hour that is not met, at 101.325 kPa and 0 °C."
            ),
            (
                ColumnSpec(
                    "lowest_pressure_kpa",
                    Kind.FLOAT,
                    "Lowest gauge pressure where there is demand left; missing: by topology.",
                ),
                ColumnSpec("lowest_node", Kind.TEXT, "Where it is."),
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class CriticalityRequest:
    """Arguments of the question besides the network."""

    kinds: Sequence[str]
    scenario: Scenario
    valves: LedgerRef | None
    customers: LedgerRef | None
    rank_by: str
    nominal_pressure_kpa: float
    friction_model: FrictionModel
    spot_checks: int


def rank_losses(utility: Utility, network: Network, request: CriticalityRequest) -> CriticalityReport:
    """Rank losses (see :meth:`citymains_gas.utility.Gas.criticality`)."""
    began = time.perf_counter()
    refuse_times(request.scenario, "gas.criticality")
    whole = pipe_model(utility, network)
    model = whole.changed(whole.edited(request.scenario, "gas.criticality"))
    layout = gas_layout(model)
    ledger = None if request.valves is None else read_ledger(utility.workbench.file(request.valves), VALVES)
    valves, origin = valve_layer(
        layout, None if ledger is None else ledger.require(), file="" if ledger is None else ledger.file
    )
    people = customer_ledger(utility, request.customers)
    level = service_level(utility, request.nominal_pressure_kpa)
    demands = Demands(model, level)
    customers = CustomersByPlace(
        None if people is None else people.require(),
        demands.places(dict(places_of(model))),
        len(demands.rows),
    )
    losses = Losses(model, layout, valves).of(request.kinds)
    sweep = Sweep(
        utility.workbench,
        model,
        SweepOptions(request.friction_model, level, spot_checks=request.spot_checks),
        network.name,
    )
    found = _Found(len(losses), customers, demands)
    _answer(sweep, losses, found)
    ranking = found.ranking(model, losses)
    findings = (
        *_findings(request, origin, customers, found),
        *ranking.findings(),
    )
    return CriticalityReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(ranking.ranked(CriticalityReport.TABLES[0], "unserved_m3", request.rank_by),),
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
            engine_version=sweep.told.engine_version,
            options={
                "kinds": ",".join(request.kinds),
                "valve_layer": origin,
                "friction_model": request.friction_model,
                "demand_model": "PDD",
                "nominal_pressure_kpa": level.nominal_kpa,
                "least_ratio": level.least_ratio,
                "by_topology": sum(one == "topology" for one in found.by),
                **sweep.told.options(),
                "valves_sha256": "" if ledger is None else ledger.sha256,
                "customers_sha256": "" if people is None else people.sha256,
            },
            run_s=time.perf_counter() - began,
        ),
    )


class _Found:
    """Answers by loss."""

    def __init__(self, count: int, customers: CustomersByPlace, demands: Demands) -> None:
        self.customers, self.demands = customers, demands
        self.affected = Affected.nobody(count)
        self.unserved_m3_per_h = np.full(count, np.nan)
        self.places, self.cut_off = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        self.lowest_kpa = np.full(count, np.nan)
        self.lowest_row = np.full(count, -1, dtype=np.int64)
        self.by = ["failed"] * count
        self.failures = ["no answer"] * count

    def put(
        self,
        rows: Sequence[int],
        pressure_kpa: NDArray[np.float64],
        by: Sequence[str],
        failures: Sequence[str],
    ) -> None:
        """Take the pressures of some losses."""
        impact = self.demands.impact(pressure_kpa)
        affected = self.customers.affected(impact.short)
        at = list(rows)
        for name in ("customers", "households", "critical"):
            getattr(self.affected, name)[at] = getattr(affected, name)
        self.unserved_m3_per_h[at] = impact.unserved_m3_per_h
        self.places[at], self.cut_off[at] = impact.short.sum(axis=1), impact.cut.sum(axis=1)
        self.lowest_kpa[at], self.lowest_row[at] = impact.lowest_kpa, impact.lowest_row
        for row, one, failure in zip(at, by, failures, strict=True):
            self.by[row], self.failures[row] = one, failure
            if failure:
                self.unserved_m3_per_h[row] = self.lowest_kpa[row] = np.nan
                for name in ("customers", "households", "critical"):
                    getattr(self.affected, name)[row] = 0
                self.places[row] = self.cut_off[row] = 0

    def ranking(self, model: Any, losses: Sequence[Loss]) -> Ranking:
        """For the frame's table."""
        ids = model.ids("junctions")
        return Ranking(
            elements=[one.element for one in losses],
            kinds=[one.kind for one in losses],
            by=self.by,
            affected=self.affected,
            unserved=self.unserved_m3_per_h,
            places=self.places,
            cut_off=self.cut_off,
            failures=self.failures,
            more={
                "lowest_pressure_kpa": np.array(
                    [
                        np.nan if by == "topology" else kpa
                        for by, kpa in zip(self.by, self.lowest_kpa, strict=True)
                    ]
                ),
                "lowest_node": [
                    ids[row] if row >= 0 and by != "topology" else ""
                    for by, row in zip(self.by, self.lowest_row.tolist(), strict=True)
                ],
            },
        )


def _answer(sweep: Sweep, losses: Sequence[Loss], found: _Found) -> None:
    """The undisturbed state first; if nobody is short in it, topology answers what only hangs on."""
    base: list[NDArray[np.float64]] = []
    sweep.run([Case()], lambda rows, part: base.append(part.pressure_kpa[0]), text="base")
    whole = base[0]
    sound = not np.isnan(whole).all() and not found.demands.impact(whole[None, :]).short.any()
    by_topology = [at for at, one in enumerate(losses) if sound and one.lost is not None]
    for first in range(0, len(by_topology), 256):
        some = by_topology[first : first + 256]
        pressure = np.repeat(whole[None, :], len(some), axis=0)
        for row, at in enumerate(some):
            pressure[row, losses[at].lost] = np.nan
        found.put(some, pressure, ["topology"] * len(some), [""] * len(some))
    left = sorted(set(range(len(losses))) - set(by_topology))
    names = {BY_KERNEL: "kernel", BY_ENGINE: "pandapipes"}

    def take(rows: slice, part: SweepPart) -> None:
        by = [names.get(int(one), "failed") for one in part.by]
        failures = [
            message or "no answer" if one == "failed" else ""
            for one, message in zip(by, part.message, strict=True)
        ]
        found.put(left[rows], part.pressure_kpa, by, failures)

    sweep.run(
        [losses[at].case for at in left], take, text="losses", label=lambda at: losses[left[at]].element
    )


def _findings(
    request: CriticalityRequest, origin: str, customers: CustomersByPlace, found: _Found
) -> list[Finding]:
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
