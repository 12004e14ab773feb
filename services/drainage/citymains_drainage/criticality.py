"""The question `criticality`: lose every pump, gate, outfall or sewer once in a storm, and rank what that does."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.criticality import report as ranked
from citymains.criticality.customers import Affected, CustomersByPlace
from citymains.criticality.ranking import Losses, chunks
from citymains.errors import CancelledError, InputError, Issue, SolverError, issue
from citymains.intake.dataset import DatasetRef
from citymains.intake.inp import InpDocument
from citymains.intake.ledger_kinds import CUSTOMERS as CUSTOMER_LEDGER
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind

from citymains_drainage.outage import Pair, Seen, places_of
from citymains_drainage.scenario_losses import GATE_SECTIONS
from citymains_drainage.simulate import CONTINUITY_REJECTED_PERCENT, balance_findings
from citymains_drainage.storm_run import ENGINE, StormRuns, storm_case
from citymains_drainage.storms.report import Storm
from citymains_drainage.underpasses import RED, watched_underpasses

if TYPE_CHECKING:
    from citymains.utility import Utility

#: What can be lost, and the sections it stands in.
KINDS: Final = {"pump": ("PUMPS",), "gate": GATE_SECTIONS, "outfall": ("OUTFALLS",), "conduit": ("CONDUITS",)}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class DrainageCriticalityReport(ranked.CriticalityReport):
    """Every single loss of a drainage network in a storm, ranked."""

    TABLES = (
        ranked.ranking_table(
            ColumnSpec("unserved_m3", Kind.FLOAT, "Flooding beyond that without the loss."),
            (
                ColumnSpec(
                    "underpass_depth_m", Kind.FLOAT, "Largest depth on any underpass; missing: none there."
                ),
                ColumnSpec("added_underpass_depth_m", Kind.FLOAT, "How much deeper than without the loss."),
                ColumnSpec("closed_underpasses", Kind.INTEGER, "Underpasses closed that would not be."),
                ColumnSpec("worst_node", Kind.TEXT, "Node with the most flooding added; empty: none."),
                ColumnSpec("continuity_error_percent", Kind.FLOAT, "Error of the flow routing balance."),
            ),
        ),
    )

    base_flooding_m3: float = 0.0
    """Flooding of the storm with nothing lost."""
    base_continuity_error_percent: float = 0.0
    """Error of its flow routing balance."""


@dataclass(frozen=True, kw_only=True)
class CriticalityRequest:
    """Arguments of `Drainage.criticality`; see there."""

    kinds: Sequence[str]
    elements: Sequence[str]
    storm: Storm | None
    scenario: Scenario
    hours: float | None
    underpasses: DatasetRef | None
    customers: DatasetRef | None
    rank_by: str


@dataclass(frozen=True)
class Candidate:
    """One thing that can be lost."""

    element: str
    kind: str

    @property
    def scenario(self) -> Scenario:
        """Losing it throughout."""
        one = [self.element]
        if self.kind == "pump":
            return Scenario.lose(pumps=one)
        if self.kind == "gate":
            return Scenario.lose(regulators=one)
        return Scenario.lose(plants=one) if self.kind == "outfall" else Scenario.close(pipes=one)


def rank_losses(face: Utility, network: Network, request: CriticalityRequest) -> DrainageCriticalityReport:
    """Answer `criticality`; see `Drainage.criticality`."""
    begun = time.monotonic()
    if request.rank_by not in ranked.RANK_BY:
        raise InputError(
            "ARGUMENT_INVALID", field="rank_by", value=request.rank_by, limit=", ".join(ranked.RANK_BY)
        )
    case = storm_case(
        face,
        network,
        request.storm,
        scenario=request.scenario,
        hours=request.hours,
        question="drainage.criticality",
    )
    candidates = candidates_of(case.document, request.kinds, request.elements)
    watched = watched_underpasses(face, case.document, case.options, request.underpasses)
    people = face.ledger(request.customers, CUSTOMER_LEDGER)
    base_fed = case.fed(request.scenario)
    with StormRuns(face, case) as runs:
        base = Seen.of(runs.run(base_fed), base_fed, case, watched)
        customers = CustomersByPlace(
            None if people is None else people.table, places_of(network, base.ids), len(base.ids)
        )
        found = _Found(len(candidates), customers)
        for part in chunks(len(candidates), 1, "losses"):
            for at in range(len(candidates))[part]:
                fed = case.fed(request.scenario + candidates[at].scenario)
                try:
                    found.put(at, Pair(base, Seen.of(runs.run(fed), fed, case, watched)))
                except SolverError as error:
                    if isinstance(error, CancelledError) or error.code == "DEADLINE_EXCEEDED":
                        raise
                    found.failures[at] = str(error)
        version = runs.version
    ranking = found.ranking(candidates)
    findings = (*balance_findings(base.answer), *_findings(request, customers), *ranking.findings())
    return DrainageCriticalityReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(ranking.ranked(DrainageCriticalityReport.TABLES[0], "unserved_m3", request.rank_by),),
        provenance=face.provenance(
            "criticality",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=version,
            run_s=time.monotonic() - begun,
            rule_packs=watched.rule_packs,
            options={
                **case.provenance_options(),
                "kinds": ",".join(request.kinds or ("pump", "gate", "outfall")),
                "elements": ",".join(request.elements),
                "rank_by": request.rank_by,
                "jurisdiction": face.workbench.jurisdiction,
                "underpasses_sha256": watched.sha256,
                "customers_sha256": "" if people is None else people.sha256,
            },
        ),
        rank_by=request.rank_by,
        candidate_count=len(candidates),
        failed_count=sum(bool(one) for one in found.failures),
        customer_count=customers.total[0],
        duration_s=case.duration_s,
        base_flooding_m3=base.flooding_m3,
        base_continuity_error_percent=base.continuity_error_percent,
    )


def candidates_of(document: InpDocument, kinds: Sequence[str], elements: Sequence[str]) -> list[Candidate]:
    """What is lost, in the order of the model.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: a kind; ELEMENT_UNKNOWN: elements of none of the kinds, all of them.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise InputError("ARGUMENT_INVALID", field="kinds", value=kind, limit=", ".join(KINDS))
    wanted = kinds or (tuple(KINDS) if elements else ("pump", "gate", "outfall"))
    every = [
        Candidate(row.tokens[0], kind)
        for kind in dict.fromkeys(wanted)
        for section in KINDS[kind]
        for row in document[section]
    ]
    known = {one.element for one in every}
    unknown: list[Issue] = [
        issue("ELEMENT_UNKNOWN", field="elements", value=one) for one in elements if one not in known
    ]
    if unknown:
        raise InputError(unknown)
    return [one for one in every if not elements or one.element in set(elements)]


class _Found:
    """Answers by loss; a loss whose water balance is not usable has none."""

    def __init__(self, count: int, customers: CustomersByPlace) -> None:
        self.customers = customers
        self.affected = Affected.nobody(count)
        self.unserved, self.depth, self.added = (np.full(count, np.nan) for _ in range(3))
        self.error = np.full(count, np.nan)
        self.places, self.closed = np.zeros(count, dtype=np.int64), np.zeros(count, dtype=np.int64)
        self.worst = [""] * count
        self.failures = ["no answer"] * count

    def put(self, at: int, pair: Pair) -> None:
        """Take what a loss does."""
        error = pair.lost.continuity_error_percent
        self.error[at] = error
        if abs(error) > CONTINUITY_REJECTED_PERCENT:
            self.failures[at] = f"continuity error {error:.1f} %"
            return
        self.failures[at] = ""
        summary, flooded = pair.summary(), pair.new().any(axis=0)
        affected = self.customers.affected(np.atleast_2d(flooded))
        for name in ("customers", "households", "critical"):
            getattr(self.affected, name)[at] = getattr(affected, name)[0]
        self.unserved[at], self.worst[at] = pair.unserved_m3, summary["worst_node"]
        self.places[at] = int(flooded.sum())
        self.depth[at] = pair.lost.underpass_depth_m
        self.added[at] = pair.lost.underpass_depth_m - pair.base.underpass_depth_m
        self.closed[at] = sum(
            now == RED > before
            for now, before in zip(pair.lost.course.worst, pair.base.course.worst, strict=True)
        )

    def ranking(self, candidates: Sequence[Candidate]) -> Losses:
        """For the frame's table."""
        more: dict[str, Any] = {
            "underpass_depth_m": self.depth,
            "added_underpass_depth_m": self.added,
            "closed_underpasses": self.closed,
            "worst_node": self.worst,
            "continuity_error_percent": self.error,
        }
        return Losses(
            elements=[one.element for one in candidates],
            kinds=[one.kind for one in candidates],
            by=["failed" if why else ENGINE for why in self.failures],
            affected=self.affected,
            unserved=self.unserved,
            places=self.places,
            cut_off=np.zeros(len(candidates), dtype=np.int64),
            failures=self.failures,
            more=more,
        )


def _findings(request: CriticalityRequest, customers: CustomersByPlace) -> list[Finding]:
    if request.customers is None:
        return [finding("CRITICALITY_NO_CUSTOMERS", Severity.NOTE)]
    if customers.unlocated_count:
        return [
            finding(
                "CRITICALITY_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(customers.unlocated_count)
            )
        ]
    return []
