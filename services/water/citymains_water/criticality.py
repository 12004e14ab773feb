"""Which element hurts most when it is lost: pipes, segments, valves that fail to close, pumps, tanks, sources."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from citymains.call import current_call
from citymains.criticality.customers import Affected, CustomersByPlace
from citymains.criticality.ranking import Losses, chunks
from citymains.criticality.report import CriticalityReport, ranking_table
from citymains.errors import InputError
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger_kinds import CUSTOMERS, VALVES
from citymains.isolation.answer import valve_layer
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.table import ColumnSpec, Kind
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.asked import Asked, DemandModel, asked_of
from citymains_water.criticality_candidates import KINDS, Candidate, Candidates
from citymains_water.hydraulics import model_settings, network_graph
from citymains_water.layout import water_layout
from citymains_water.service_pressure import ServiceLimits, places_of
from citymains_water.sweep import Sweep, SweepOptions, SweepResult
from citymains_water.sweep_edits import Edits

Mask = NDArray[np.bool_]

#: Node columns of one chunk of losses are kept below this [bytes].
_CHUNK_BYTES = 64 << 20
#: Projects that solve over time side by side.
_THREADS = 2
#: EPANET's warnings 1 and 2: not balanced.
_UNBALANCED = 0b110


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class WaterCriticalityReport(CriticalityReport):
    """What every single loss would do to customers and pressures, ranked."""

    TABLES = (
        ranking_table(
            ColumnSpec("unserved_m3", Kind.FLOAT, "Demand that is not met, beyond that without the loss."),
            (
                ColumnSpec(
                    "lowest_pressure_m", Kind.FLOAT, "Lowest pressure at a supplied junction with demand."
                ),
                ColumnSpec("lowest_node", Kind.TEXT, "Where."),
                ColumnSpec("shut", Kind.TEXT, "Valves shut for it: of segments, and of valves that fail."),
            ),
        ),
    )

    demand_model: DemandModel = DemandModel.PDD
    by_kernel_count: int = 0
    """Losses answered by the batched solver, with its certificate."""
    by_epanet_count: int = 0
    """Losses answered by EPANET."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CriticalityRequest:
    """Arguments of the question."""

    kinds: Sequence[str] = ("pipe",)
    elements: Sequence[str] = ()
    hours: float | None = None
    demand_model: DemandModel | None = None
    demand_factor: float = 1.0
    minimum_pressure_m: float | None = None
    required_pressure_m: float | None = None
    service_pressure_m: float | None = None
    valves: DatasetRef | None = None
    unusable_valves: Sequence[str] = ()
    customers: DatasetRef | None = None
    places: DatasetRef | None = None
    rank_by: str = "customers"


def rank_criticality(face: Utility, network: Network, request: CriticalityRequest) -> WaterCriticalityReport:
    """Answer the question ``criticality`` (see `citymains_water.utility.Water.criticality`)."""
    return _Ranking(face, network, request).report()


class _Ranking:
    def __init__(self, face: Utility, network: Network, request: CriticalityRequest) -> None:
        self.started = time.monotonic()
        self.face, self.network, self.request = face, network, request
        _check(request)
        _, settings = model_settings(face, network)
        self.ledger = face.ledger(request.customers, CUSTOMERS)
        self.limits = ServiceLimits.of(
            face, network, places_of(face, network, request.places), limit_m=request.service_pressure_m
        )
        self.asked: Asked = asked_of(
            settings,
            hours=0.0 if request.hours is None else request.hours,
            demand_model=request.demand_model,
            minimum_pressure_m=request.minimum_pressure_m,
            required_pressure_m=request.required_pressure_m,
            default=DemandModel.PDD,
        )
        valve_ledger = face.ledger(request.valves, VALVES)
        layout = water_layout(network)
        layer, self.valve_origin = valve_layer(
            layout,
            None if valve_ledger is None else valve_ledger.table,
            unusable=request.unusable_valves,
            file="" if valve_ledger is None else valve_ledger.file,
        )
        self.candidates = Candidates(network, layout, layer).of(request.kinds, request.elements)
        graph = network_graph(network)
        junctions = network.data("junctions").row_count
        places: dict[str, list[int]] = {one: [at] for at, one in enumerate(graph.node_ids[:junctions])}
        for link, start, end in zip(graph.link_ids, graph.start.tolist(), graph.end.tolist(), strict=True):
            places.setdefault(link, [at for at in (start, end) if at < junctions])
        self.people = CustomersByPlace(None if self.ledger is None else self.ledger.table, places, junctions)
        self.elevation = network.data("junctions").array("elevation_m")

    def report(self) -> WaterCriticalityReport:
        options = SweepOptions(
            question="criticality",
            demands=self.asked.demands,
            duration_s=self.asked.duration_s,
            blocks=("minimum_head", "unserved", "dried"),
            threads=_THREADS if self.asked.duration_s else 1,
        )
        with Sweep(self.face, self.network, options) as sweep:
            undisturbed = sweep.run_edits([self._edits(None)])
            ordered = self._gravest_first(sweep)
            parts = [self._part(sweep, undisturbed, part) for part in self._chunks(ordered)]
        losses = _joined(parts)
        table = losses.ranked(WaterCriticalityReport.TABLES[0], "unserved_m3", self.request.rank_by)
        failed = sum(bool(why) for why in losses.failures)
        by = [one for one in losses.by if one]
        findings = (*losses.findings(), *self._findings(undisturbed))
        return WaterCriticalityReport(
            verdict=verdict_of(findings),
            findings=findings,
            provenance=self._provenance(sweep, parts),
            tables=(table,),
            rank_by=self.request.rank_by,
            candidate_count=len(by),
            failed_count=failed,
            customer_count=self.people.total[0],
            duration_s=self.asked.duration_s,
            demand_model=self.asked.demand_model,
            by_kernel_count=by.count("kernel"),
            by_epanet_count=by.count("epanet"),
        )

    def _edits(self, one: Candidate | None) -> Edits:
        return Edits(() if one is None else one.closed, factor=self.request.demand_factor)

    def _gravest_first(self, sweep: Sweep) -> list[Candidate]:
        """The most promising losses first, so that a long ranking shows early what it finds; none is left out."""
        single = [at for at, one in enumerate(self.candidates) if len(one.closed) == 1]
        if not single or not sweep.kernel:
            return list(self.candidates)
        drops = np.full(len(self.candidates), np.inf)
        drops[single] = sweep.screen([self.candidates[at].closed[0] for at in single])
        return [self.candidates[at] for at in np.argsort(-drops, kind="stable").tolist()]

    def _chunks(self, ordered: Sequence[Candidate]) -> Any:
        size = max(8, _CHUNK_BYTES // (24 * max(1, len(self.elevation))))
        for part in chunks(len(ordered), size, "criticality"):
            yield ordered[part]

    def _part(self, sweep: Sweep, undisturbed: SweepResult, some: Sequence[Candidate]) -> _Part:
        found = sweep.run_edits([self._edits(one) for one in some])
        current_call().check()
        short, cut = self._short(found), _dried(found)
        short &= ~self._short(undisturbed)
        cut &= ~_dried(undisturbed)
        lacking, before = found.node_unserved_m3, undisturbed.node_unserved_m3
        assert lacking is not None
        assert before is not None
        more = np.clip(lacking - before, 0.0, None).sum(axis=1)
        failures = ["" for _ in some]
        for at, error in found.errors.items():
            failures[at] = str(error.context.get("value", error.code))
        failed = np.array([bool(why) for why in failures], dtype=bool)
        short[failed], cut[failed] = False, False
        losses = Losses(
            elements=[one.element for one in some],
            kinds=[one.kind for one in some],
            by=["failed" if why else by for why, by in zip(failures, found.engine, strict=True)],
            affected=self.people.affected(short | cut),
            unserved=np.where(failed, np.nan, more),
            places=(short | cut).sum(axis=1),
            cut_off=cut.sum(axis=1),
            failures=failures,
            more={
                "lowest_pressure_m": np.where(failed, np.nan, found.worst_pressure_m),
                "lowest_node": found.worst_node,
                "shut": [", ".join(one.shut) for one in some],
            },
        )
        return _Part(losses, found)

    def _short(self, found: SweepResult) -> Mask:
        """Junctions with demand below the limit or without supply, shape (losses, junctions)."""
        head = found.minimum_head_m
        assert head is not None
        wanted = self._wanted()
        with np.errstate(invalid="ignore"):
            low = head - self.elevation < self.limits.owed_m
        return np.asarray((low | _dried(found)) & wanted)

    def _wanted(self) -> Mask:
        return np.asarray(water_layout(self.network).demand_m3_per_h[: len(self.elevation)] > 0.0)

    def _findings(self, undisturbed: SweepResult) -> list[Finding]:
        found = []
        if undisturbed.warnings[0] & _UNBALANCED:
            found.append(finding("HYDRAULICS_UNBALANCED", Severity.SUSPECT, time_s=0.0, count=1))
        if self.valve_origin == "pipe_ends" and {"segment", "valve"} & set(self.request.kinds):
            found.append(finding("ISOLATION_ASSUMED_VALVES", Severity.SUSPECT))
        if self.ledger is None:
            found.append(finding("CRITICALITY_NO_CUSTOMERS", Severity.NOTE))
        elif self.people.unlocated_count:
            found.append(
                finding(
                    "CRITICALITY_CUSTOMERS_UNLOCATED",
                    Severity.SUSPECT,
                    value=float(self.people.unlocated_count),
                )
            )
        return found

    def _provenance(self, sweep: Sweep, parts: Sequence[_Part]) -> Any:
        differences = [float(part.found.options.get("spot_check_difference_m", 0.0)) for part in parts]
        return self.face.provenance(
            "criticality",
            network=self.network,
            engine="epanet",
            engine_version=sweep.version,
            options={
                **self.asked.options(),
                "kinds": ",".join(self.request.kinds),
                "elements": ",".join(self.request.elements),
                "demand_factor": f"{self.request.demand_factor:g}",
                "service_pressure_m": "rules"
                if self.request.service_pressure_m is None
                else f"{self.request.service_pressure_m:g}",
                "valve_layer": self.valve_origin,
                "unusable_valves": ",".join(self.request.unusable_valves),
                "rank_by": self.request.rank_by,
                "customers_sha256": "" if self.ledger is None else self.ledger.sha256,
                "kernel_refusal": sweep.refusal,
                "spot_checks": sum(int(part.found.options.get("spot_checks", 0)) for part in parts),
                "spot_check_difference_m": f"{max(differences, default=0.0):.2g}",
            },
            rule_packs=self.limits.packs,
            run_s=time.monotonic() - self.started,
        )


@dataclass(frozen=True, eq=False)
class _Part:
    losses: Losses
    found: SweepResult


def _check(request: CriticalityRequest) -> None:
    unknown = [one for one in request.kinds if one not in KINDS]
    if unknown or not request.kinds:
        raise InputError(
            "ARGUMENT_INVALID", field="kinds", value=", ".join(unknown) or "-", limit=", ".join(KINDS)
        )
    if not 0.0 <= request.demand_factor < 1000.0:
        raise InputError(
            "ARGUMENT_INVALID", field="demand_factor", value=request.demand_factor, limit="0 .. 1000"
        )


def _dried(found: SweepResult) -> Mask:
    assert found.dried is not None
    return found.dried.copy()


def _joined(parts: Sequence[_Part]) -> Losses:
    losses = [part.losses for part in parts]
    if not losses:
        nothing = np.zeros(0, dtype=np.int64)
        more: dict[str, Any] = {"lowest_pressure_m": np.zeros(0), "lowest_node": [], "shut": []}
        return Losses([], [], [], Affected.nobody(0), np.zeros(0), nothing, nothing, [], more)
    first = losses[0]
    return replace(
        first,
        elements=[one for loss in losses for one in loss.elements],
        kinds=[one for loss in losses for one in loss.kinds],
        by=[one for loss in losses for one in loss.by],
        affected=Affected(
            *(
                np.concatenate([getattr(loss.affected, name) for loss in losses])
                for name in ("customers", "households", "critical")
            )
        ),
        unserved=np.concatenate([loss.unserved for loss in losses]),
        places=np.concatenate([loss.places for loss in losses]),
        cut_off=np.concatenate([loss.cut_off for loss in losses]),
        failures=[one for loss in losses for one in loss.failures],
        more={
            "lowest_pressure_m": np.concatenate([loss.more["lowest_pressure_m"] for loss in losses]),
            "lowest_node": [one for loss in losses for one in loss.more["lowest_node"]],
            "shut": [one for loss in losses for one in loss.more["shut"]],
        },
    )
