"""The question `outage`: a storm with something lost, beside the same storm without."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS as CUSTOMER_LEDGER
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Close, Lose, Scenario
from citymains.model.table import Coded, Table
from citymains.outage.shortfall import AffectedCustomers, Shortfall, affected_customers
from numpy.typing import NDArray

from citymains_drainage.engine_input import EngineInput
from citymains_drainage.outage_report import NODES, OUTFALLS, PLACES, UNDERPASSES, OutageReport
from citymains_drainage.simulate import balance_findings, course_of
from citymains_drainage.storm_run import ENGINE, StormCase, StormRuns, storm_case
from citymains_drainage.storms.report import Storm
from citymains_drainage.underpasses import RED, STATES, Course, Watched, watched_underpasses
from citymains_drainage.units import ModelUnits

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]

#: Flooding below this is rounding of single-precision results [m3/h].
ROUNDING_M3_PER_H: Final = 0.1
#: A level this much higher counts as higher [m].
_HIGHER_M: Final = 0.01
#: Added flooding of a node that counts [m3].
_MORE_M3: Final = 0.1


def analyze_outage(
    face: Utility,
    network: Network,
    storm: Storm | None,
    *,
    scenario: Scenario,
    hours: float | None,
    underpasses: DatasetRef | None,
    customers: DatasetRef | None,
) -> OutageReport:
    """Answer `outage`; see `Drainage.outage`."""
    if not any(isinstance(one, Close | Lose) for one in scenario.edits):
        raise InputError("DRAINAGE_NOTHING_LOST", field="scenario")
    case = storm_case(face, network, storm, scenario=scenario, hours=hours, question="drainage.outage")
    watched = watched_underpasses(face, case.document, case.options, underpasses)
    people = face.ledger(customers, CUSTOMER_LEDGER)
    table = None if people is None else people.table
    fed, base_fed = case.fed(scenario), case.fed(without_losses(scenario))
    begun = time.monotonic()
    with StormRuns(face, case) as runs:
        base = Seen.of(runs.run(base_fed), base_fed, case, watched)
        lost = Seen.of(runs.run(fed), fed, case, watched)
    run_s = time.monotonic() - begun
    pair = Pair(base, lost)
    affected = affected_customers(table, pair.shortfall(), places_of(network, lost.ids))
    findings = (
        *balance_findings(lost.answer),
        *_base_balance(base),
        *lost.course.findings(),
        *_customer_findings(affected),
    )
    return OutageReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            pair.nodes(),
            pair.places(),
            _underpasses(base.course, lost.course),
            OUTFALLS.build(
                outfall=[fed.original(one) for one in lost.answer["outfalls"]["id"]],
                volume_m3=lost.outfall_m3,
                base_volume_m3=base.outfall_m3,
            ),
            affected.table,
        ),
        provenance=face.provenance(
            "outage",
            network=network,
            scenario=scenario,
            engine=ENGINE,
            engine_version=runs.version,
            run_s=run_s,
            rule_packs=watched.rule_packs,
            options={
                **case.provenance_options(),
                "jurisdiction": face.workbench.jurisdiction,
                "underpasses_sha256": watched.sha256,
                "customers_sha256": "" if people is None else people.sha256,
            },
        ),
        duration_s=case.duration_s,
        flooding_m3=lost.flooding_m3,
        base_flooding_m3=base.flooding_m3,
        continuity_error_percent=lost.continuity_error_percent,
        base_continuity_error_percent=base.continuity_error_percent,
        closed_underpass_count=sum(
            now == RED > before for now, before in zip(lost.course.worst, base.course.worst, strict=True)
        ),
        underpass_depth_m=lost.underpass_depth_m,
        base_underpass_depth_m=base.underpass_depth_m,
        **pair.summary(),
        **affected.summary(),
    )


def without_losses(scenario: Scenario) -> Scenario:
    """The scenario without what it loses and closes."""
    return Scenario(tuple(one for one in scenario.edits if not isinstance(one, Close | Lose)))


def places_of(network: Network, nodes: tuple[str, ...]) -> Mapping[str, list[int]]:
    """Where elements stand among nodes: a node is one, a link its two ends, a subcatchment its outlet."""
    at = {name: row for row, name in enumerate(nodes)}
    places = {name: [row] for name, row in at.items()}
    for table in network.tables:
        if "from_node" in table and "to_node" in table:
            ends = zip(table.texts("id"), table.texts("from_node"), table.texts("to_node"), strict=True)
            for link, start, end in ends:
                places.setdefault(link or "", [at[one] for one in (start, end) if one in at])
        elif "outlet" in table:
            for area, outlet in zip(table.texts("id"), table.texts("outlet"), strict=True):
                places.setdefault(area or "", [at[outlet]] if outlet in at else [])
    return places


@dataclass(frozen=True, eq=False)
class Seen:
    """An answer of the engine in SI units.

    Attributes
    ----------
    answer : mapping
    ids : tuple of str, shape (nodes,)
    times_s : ndarray, shape (times,)
    depth_m, flooding_m3_per_h : ndarray, shape (times, nodes)
    max_depth_m, node_flooding_m3 : ndarray, shape (nodes,)
    outfall_m3 : ndarray, shape (outfalls,)
    course : Course
    """

    answer: Mapping[str, Any]
    ids: tuple[str, ...]
    times_s: Floats
    depth_m: Floats
    flooding_m3_per_h: Floats
    max_depth_m: Floats
    node_flooding_m3: Floats
    outfall_m3: Floats
    flooding_m3: float
    course: Course

    @classmethod
    def of(cls, answer: Mapping[str, Any], fed: EngineInput, case: StormCase, watched: Watched) -> Seen:
        """Of an answer to a text."""
        units: ModelUnits = case.options.units
        levels = answer["levels"]
        return cls(
            answer,
            tuple(fed.original(one) for one in answer["nodes"]["id"]),
            np.asarray(levels["time_s"], dtype=np.float64),
            np.asarray(levels["depth"], dtype=np.float64) * units.length_m,
            np.asarray(levels["flooding"], dtype=np.float64) * units.flow_m3_per_s * 3600.0,
            np.asarray(answer["nodes"]["max_depth"], dtype=np.float64) * units.length_m,
            np.asarray(answer["nodes"]["flooding"], dtype=np.float64) * units.volume_m3,
            np.asarray(answer["outfalls"]["volume"], dtype=np.float64) * units.volume_m3,
            float(answer["totals"]["flooding"]) * units.volume_m3,
            course_of(answer, fed, units, watched.places),
        )

    @property
    def continuity_error_percent(self) -> float:
        """Error of the flow routing balance [%]."""
        return float(self.answer["totals"]["continuity_error_percent"])

    @property
    def underpass_depth_m(self) -> float:
        """Largest depth on any underpass [m]; NaN: there is none."""
        return float(self.course.max_depth_m.max()) if self.course.places else math.nan


@dataclass(frozen=True, eq=False)
class Pair:
    """The same storm without and with a loss."""

    base: Seen
    lost: Seen

    def new(self) -> NDArray[np.bool_]:
        """Where and when a node floods that would not, shape (times, nodes)."""
        here, there = self.lost.flooding_m3_per_h, self.base.flooding_m3_per_h
        return np.asarray((here > ROUNDING_M3_PER_H) & (there <= ROUNDING_M3_PER_H))

    def shortfall(self) -> Shortfall:
        """Nodes that flood because of the loss, as places that go short."""
        new = self.new()
        return Shortfall(self.lost.times_s, new, new)

    @property
    def unserved_m3(self) -> float:
        """Flooding added, by the engine's totals [m3]; a loss that lets less flood leaves nothing unserved."""
        return max(0.0, self.lost.flooding_m3 - self.base.flooding_m3)

    @property
    def added_m3(self) -> Floats:
        """Flooding added at each node [m3]; negative where less floods."""
        return self.lost.node_flooding_m3 - self.base.node_flooding_m3

    def summary(self) -> dict[str, Any]:
        """Fields of the report."""
        new, added = self.new(), self.added_m3
        since = self.shortfall().since_s()
        worst = int(added.argmax()) if len(added) and added.max() > _MORE_M3 else -1
        more = (self.lost.flooding_m3_per_h - self.base.flooding_m3_per_h).sum(axis=1)
        return {
            "unserved_m3": self.unserved_m3,
            "peak_unserved_m3_per_h": max(0.0, float(more.max(initial=0.0))),
            "first_flooded_s": float(np.nanmin(since)) if np.isfinite(since).any() else math.nan,
            "flooded_node_count": int(new.any(axis=0).sum()),
            "worst_node": self.lost.ids[worst] if worst >= 0 else "",
        }

    def nodes(self) -> Table:
        """Every node at every reported time."""
        times, nodes = self.lost.depth_m.shape
        flooding = np.where(self.lost.flooding_m3_per_h > ROUNDING_M3_PER_H, 2, 0) - self.new()
        return NODES.build(
            node=Coded(self.lost.ids, np.tile(np.arange(nodes, dtype=np.int32), times)),
            time_s=np.repeat(self.lost.times_s, nodes),
            depth_m=self.lost.depth_m.reshape(-1),
            base_depth_m=self.base.depth_m.reshape(-1),
            flooding_m3_per_h=self.lost.flooding_m3_per_h.reshape(-1),
            base_flooding_m3_per_h=self.base.flooding_m3_per_h.reshape(-1),
            state=Coded(("ok", "flooding", "flooding_anyway"), flooding.reshape(-1).astype(np.int32)),
        )

    def places(self) -> Table:
        """Nodes where the loss makes a difference."""
        shortfall, added = self.shortfall(), self.added_m3
        higher = self.lost.max_depth_m - self.base.max_depth_m
        rows = np.flatnonzero((np.abs(added) > _MORE_M3) | (higher > _HIGHER_M))
        rows = rows[np.lexsort((-higher[rows], -added[rows]))]
        return PLACES.build(
            node=[self.lost.ids[row] for row in rows.tolist()],
            added_flooding_m3=added[rows],
            flooding_m3=self.lost.node_flooding_m3[rows],
            base_flooding_m3=self.base.node_flooding_m3[rows],
            added_depth_m=higher[rows],
            max_depth_m=self.lost.max_depth_m[rows],
            base_max_depth_m=self.base.max_depth_m[rows],
            since_s=shortfall.since_s()[rows],
            duration_s=shortfall.duration_s()[rows],
        )


def _underpasses(base: Course, lost: Course) -> Table:
    return UNDERPASSES.build(
        underpass=[one.name for one in lost.places],
        node=[one.node for one in lost.places],
        state=[STATES[one] for one in lost.worst],
        base_state=[STATES[one] for one in base.worst],
        max_depth_m=lost.max_depth_m,
        base_max_depth_m=base.max_depth_m,
        red_m=[one.red_m for one in lost.places],
        red_since_s=lost.since_s(RED),
        red_s=lost.held_s(RED),
        base_red_s=base.held_s(RED),
    )


def _base_balance(base: Seen) -> list[Finding]:
    """A base whose balance is off makes the difference doubtful."""
    return [
        finding("DRAINAGE_BASE_UNBALANCED", one.severity, value=one.value, limit=one.limit, unit="percent")
        for one in balance_findings(base.answer)
        if one.code == "DRAINAGE_CONTINUITY"
    ]


def _customer_findings(affected: AffectedCustomers) -> list[Finding]:
    found = []
    if affected.unlocated_count:
        found.append(
            finding("OUTAGE_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(affected.unlocated_count))
        )
    table = affected.table
    rows = zip(
        table.texts("customer"),
        table.array("critical"),
        table.array("since_s"),
        table.array("duration_s"),
        strict=True,
    )
    for customer, critical, since_s, duration_s in rows:
        if critical:
            found.append(
                finding(
                    "DRAINAGE_CRITICAL_FLOODED",
                    Severity.NOTE,
                    element=customer or "",
                    time_s=float(since_s),
                    value=float(duration_s) / 3600.0,
                    unit="h",
                )
            )
    return found
