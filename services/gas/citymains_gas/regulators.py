"""Every regulator failing open and failing shut: over-pressure, how far it reaches, who loses supply; ranked."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import citymains.criticality.ranking  # noqa: F401  (registers the texts)
import numpy as np
from citymains.criticality.customers import CustomersByPlace
from citymains.errors import InputError
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from numpy.typing import NDArray

from citymains_gas.cases import LINK_COMPONENTS, Case
from citymains_gas.compliance import TOLERANCE_KPA, Compliance, Limits
from citymains_gas.friction import FrictionModel
from citymains_gas.impact import Demands
from citymains_gas.kernel_batch import UNANSWERED
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.places import places_of
from citymains_gas.pressure import service_level
from citymains_gas.regulators_states import State
from citymains_gas.rules.pressure import LOW
from citymains_gas.steady import SteadyOptions, SteadyState, ask_steady, positive
from citymains_gas.sweep import ENGINE, Sweep, SweepOptions, SweepPart

if TYPE_CHECKING:
    from citymains.utility import Utility

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Ways a regulator can fail.
FAILURES: Final = ("open", "shut")

FAILED = TableSpec(
    "failures",
    "Every regulator failing in every way, the gravest first.",
    (
        ColumnSpec("regulator", Kind.TEXT, "Id of the regulator."),
        ColumnSpec("failure", Kind.TEXT, "open: stands wide open; shut: passes nothing."),
        ColumnSpec("rank", Kind.INTEGER, "Place in the ranking, from 1; equal failures share a place."),
        ColumnSpec("over_pressure_kpa", Kind.FLOAT, "Greatest excess over a limit anywhere; 0: none."),
        ColumnSpec("highest_pressure_kpa", Kind.FLOAT, "Gauge pressure there; missing: no limit is passed."),
        ColumnSpec("highest_limit_kpa", Kind.FLOAT, "The limit there."),
        ColumnSpec("highest_node", Kind.TEXT, "Junction where it is."),
        ColumnSpec("over_length_m", Kind.FLOAT, "Length of pipe with a pressure above its limit."),
        ColumnSpec("over_customers", Kind.INTEGER, "Customers with a pressure above their limit."),
        ColumnSpec("over_households", Kind.INTEGER, "Households behind them."),
        ColumnSpec("short_customers", Kind.INTEGER, "Customers who go short or lose supply."),
        ColumnSpec("short_households", Kind.INTEGER, "Households behind them."),
        ColumnSpec(
            "critical_customers", Kind.INTEGER, "Customers of both kinds whose outage endangers people."
        ),
        ColumnSpec("unserved_m3_per_h", Kind.FLOAT, "Demand that is not met, at 101.325 kPa and 0 °C."),
        ColumnSpec("cut_off_nodes", Kind.INTEGER, "Junctions with demand that lose all supply."),
        ColumnSpec("tripped", Kind.TEXT, "Regulators whose safety valves shut, by id."),
        ColumnSpec(
            "takes_over", Kind.TEXT, "Regulators that were shut or open before and regulate now, by id."
        ),
        ColumnSpec("by", Kind.TEXT, "kernel, pandapipes, or failed: it has no answer."),
    ),
    MapLayer("regulator", "regulators", "rank", "min"),
)

OVER = TableSpec(
    "over_pressure",
    "Junctions above their limit in each failure.",
    (
        ColumnSpec("regulator", Kind.TEXT, "Id of the regulator that fails."),
        ColumnSpec("failure", Kind.TEXT, "open or shut."),
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure."),
        ColumnSpec("limit_kpa", Kind.FLOAT, "What is allowed there."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class RegulatorsReport(Record):
    """Every regulator failing open and failing shut."""

    TABLES = (FAILED, OVER)

    failure_count: int = 0
    """Failures considered."""
    unanswered_count: int = 0
    """Failures without an answer; they are ranked last and named in the findings."""
    over_pressure_count: int = 0
    """Failures that raise the pressure above a limit anywhere."""
    short_count: int = 0
    """Failures that leave somebody short."""
    worst_over_pressure_kpa: float = 0.0
    """Greatest excess of any failure."""
    worst_regulator: str = ""
    """Regulator of the first place."""
    customer_count: int = 0
    """Customers of the ledger; 0 where none was given."""


@dataclass(frozen=True, kw_only=True)
class RegulatorsRequest:
    """Arguments of the question besides the network."""

    failures: Sequence[str]
    slam_shut_fails: bool
    scenario: Scenario
    customers: LedgerRef | None
    nominal_pressure_kpa: float
    friction_model: FrictionModel
    spot_checks: int


def analyze_regulators(utility: Utility, network: Network, request: RegulatorsRequest) -> RegulatorsReport:
    """Fail every regulator (see :meth:`citymains_gas.utility.Gas.regulators`)."""
    began = time.perf_counter()
    for one in request.failures:
        if one not in FAILURES:
            raise InputError("ARGUMENT_INVALID", field="failures", value=one, limit=", ".join(FAILURES))
    workbench = utility.workbench
    limits = Limits.of(
        workbench,
        nominal_kpa=positive("nominal_pressure_kpa", request.nominal_pressure_kpa),
        velocity_m_per_s=np.inf,
        on=workbench.today(),
    )
    people = customer_ledger(utility, request.customers)
    level = service_level(utility, request.nominal_pressure_kpa)
    options = SteadyOptions(request.friction_model, level)
    base = ask_steady(utility, network, request.scenario, options, question="gas.regulators")
    model = base.model.changed(base.edited)
    study = _Study(base, limits, None if people is None else people.require(), Demands(model, level))
    failures = study.failures(request.failures, request.slam_shut_fails)
    sweep = Sweep(
        workbench,
        model,
        SweepOptions(request.friction_model, level, spot_checks=request.spot_checks),
        network.name,
    )
    sweep.run(
        [one.case for one in failures],
        study.take,
        text="failures",
        label=lambda at: f"{failures[at].regulator} {failures[at].failure}",
    )
    table = study.table()
    findings = tuple(study.findings(request.customers is not None))
    return RegulatorsReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(table, study.over_table()),
        failure_count=len(failures),
        unanswered_count=sum(one.by == "failed" for one in study.rows),
        over_pressure_count=int((table.array("over_pressure_kpa") > 0.0).sum()),
        short_count=sum(one.unserved_m3_per_h > 1e-9 for one in study.rows),
        worst_over_pressure_kpa=float(table.array("over_pressure_kpa").max(initial=0.0)),
        worst_regulator=(table.texts("regulator") or [""])[0] or "",
        customer_count=study.customers.total[0],
        provenance=utility.provenance(
            "regulators",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=sweep.told.engine_version or base.engine_version,
            options={
                "failures": ",".join(request.failures),
                "slam_shut_fails": request.slam_shut_fails,
                **limits.options(),
                **base.provenance_options(),
                **sweep.told.options(),
                "customers_sha256": "" if people is None else people.sha256,
            },
            rule_packs=limits.resolved.applied,
            run_s=time.perf_counter() - began,
        ),
    )


@dataclass(eq=False)
class _Failure:
    """One failure, and its answer."""

    regulator: str
    failure: str
    case: Case
    by: str = "failed"
    message: str = ""
    over_kpa: float = 0.0
    highest_kpa: float = np.nan
    limit_kpa: float = np.nan
    node: str = ""
    over_length_m: float = 0.0
    unserved_m3_per_h: float = 0.0
    cut_off: int = 0
    over: tuple[int, int, int] = (0, 0, 0)
    short: tuple[int, int, int] = (0, 0, 0)
    tripped: list[str] = field(default_factory=list)
    takes_over: list[str] = field(default_factory=list)

    @property
    def gravity(self) -> tuple[float, ...]:
        """What ranks it: customers in danger, length above the limit, excess, customers short, demand missing."""
        return (
            float(self.by != "failed"),
            float(self.over[0]),
            self.over_length_m,
            self.over_kpa,
            float(self.short[0]),
            self.unserved_m3_per_h,
        )


class _Study:
    def __init__(self, base: SteadyState, limits: Limits, people: Table | None, demands: Demands) -> None:
        held = Compliance(base, limits, people)
        self.base, self.demands = base, demands
        self.limit_kpa = _limits(held)
        every = {name: tuple(rows) for name, rows in places_of(base.model).items()}
        self.customers = CustomersByPlace(people, demands.places(every), len(demands.rows))
        # Over-pressure concerns junctions without demand in this moment, too.
        self.everywhere = CustomersByPlace(people, every, len(self.limit_kpa))
        self.rows: list[_Failure] = []
        self._over: list[tuple[_Failure, NDArray[np.int64], Floats]] = []
        self._start = base.rows("pipes", "from_node")
        self._end = base.rows("pipes", "to_node")
        self._length = base.model.column("pipes", "length_m")

    def failures(self, kinds: Sequence[str], slam_shut_fails: bool) -> list[_Failure]:
        """Failures of the regulators in service."""
        model = self.base.model
        first = sum(len(model.ids(name)) for name in LINK_COMPONENTS[: LINK_COMPONENTS.index("regulators")])
        serves = self.base.input("regulators", "in_service").tolist()
        for row, (name, on) in enumerate(zip(model.ids("regulators"), serves, strict=True)):
            for kind in kinds if on else ():
                case = (
                    Case(stuck_open=(row,), slam_shut_fails=slam_shut_fails)
                    if kind == "open"
                    else Case(closed=(first + row,))
                )
                self.rows.append(_Failure(name, kind, case))
        return self.rows

    def take(self, rows: slice, part: SweepPart) -> None:
        """Judge the answers of some failures."""
        pressure = part.pressure_kpa
        with np.errstate(invalid="ignore"):
            excess = np.nan_to_num(pressure - self.limit_kpa, nan=-np.inf)
        over = excess > TOLERANCE_KPA
        impact = self.demands.impact(pressure)
        dangerous = self.everywhere.affected(over)
        short = self.customers.affected(impact.short)
        for at, one in enumerate(self.rows[rows]):
            if part.by[at] == UNANSWERED:
                one.message = part.message[at] or "no answer"
                continue
            one.by = "pandapipes" if part.by[at] else "kernel"
            worst = int(excess[at].argmax()) if over[at].any() else -1
            if worst >= 0:
                one.over_kpa, one.highest_kpa = float(excess[at, worst]), float(pressure[at, worst])
                one.limit_kpa, one.node = float(self.limit_kpa[worst]), self.base.ids("junctions")[worst]
                self._over.append((one, np.flatnonzero(over[at]), pressure[at, over[at]]))
            one.over_length_m = float(self._length[over[at, self._start] | over[at, self._end]].sum())
            one.unserved_m3_per_h = float(impact.unserved_m3_per_h[at])
            one.cut_off = int(impact.cut[at].sum())
            one.over = tuple(int(getattr(dangerous, name)[at]) for name in _COUNTS)  # type: ignore[assignment]
            one.short = tuple(int(getattr(short, name)[at]) for name in _COUNTS)  # type: ignore[assignment]
            self._states(one, part.states[at])

    def _states(self, one: _Failure, states: NDArray[np.int8]) -> None:
        ids, before = self.base.ids("regulators"), np.asarray(self.base.answer.get("states", states))
        one.tripped = [ids[row] for row in np.flatnonzero(states == State.SLAM_SHUT).tolist()]
        news = (states == State.REGULATING) & (before != State.REGULATING) & (before != State.OUT)
        one.takes_over = [ids[row] for row in np.flatnonzero(news).tolist()]

    def table(self) -> Table:
        """The main table; also puts the failures in its order."""
        self.rows.sort(key=lambda one: (*(-value for value in one.gravity), one.regulator, one.failure))
        ranks: list[int] = []
        for at, one in enumerate(self.rows):
            same = at > 0 and one.gravity == self.rows[at - 1].gravity
            ranks.append(ranks[-1] if same else at + 1)
        rows = self.rows
        return FAILED.build(
            regulator=[one.regulator for one in rows],
            failure=[one.failure for one in rows],
            rank=ranks,
            over_pressure_kpa=[one.over_kpa for one in rows],
            highest_pressure_kpa=[one.highest_kpa for one in rows],
            highest_limit_kpa=[one.limit_kpa for one in rows],
            highest_node=[one.node for one in rows],
            over_length_m=[one.over_length_m for one in rows],
            over_customers=[one.over[0] for one in rows],
            over_households=[one.over[1] for one in rows],
            short_customers=[one.short[0] for one in rows],
            short_households=[one.short[1] for one in rows],
            critical_customers=[one.over[2] + one.short[2] for one in rows],
            unserved_m3_per_h=[np.nan if one.by == "failed" else one.unserved_m3_per_h for one in rows],
            cut_off_nodes=[one.cut_off for one in rows],
            tripped=[", ".join(one.tripped) for one in rows],
            takes_over=[", ".join(one.takes_over) for one in rows],
            by=[one.by for one in rows],
        )

    def over_table(self) -> Table:
        """Junctions above their limit."""
        ids = self.base.ids("junctions")
        columns: dict[str, list[Any]] = {one.name: [] for one in OVER.columns}
        order = {id(one): at for at, one in enumerate(self.rows)}
        for one, rows, pressure in sorted(self._over, key=lambda item: order[id(item[0])]):
            columns["regulator"] += [one.regulator] * len(rows)
            columns["failure"] += [one.failure] * len(rows)
            columns["node"] += [ids[row] for row in rows.tolist()]
            columns["pressure_kpa"] += pressure.tolist()
            columns["limit_kpa"] += self.limit_kpa[rows].tolist()
        return OVER.build(**columns)

    def findings(self, counted: bool) -> list[Finding]:
        """What was found; the failures that endanger somebody are notes, those without answer make it suspect."""
        found = []
        if not self.base.converged:
            found.append(
                finding("GAS_NOT_CONVERGED", Severity.REJECTED, limit=0.0, reason=self.base.answer["message"])
            )
        over_before = np.nan_to_num(self.base.pressure_kpa - self.limit_kpa, nan=-np.inf) > TOLERANCE_KPA
        if over_before.any():
            found.append(finding("GAS_OVER_BEFORE", Severity.NOTE, value=float(over_before.sum())))
        found += [
            finding(
                "GAS_FAILS_OVER",
                Severity.NOTE,
                element=one.regulator,
                value=one.highest_kpa,
                limit=one.limit_kpa,
                unit="kPa",
                failure=one.failure,
                node=one.node,
            )
            for one in self.rows[:50]
            if one.over_kpa > 0.0
        ]
        found += [
            finding(
                "CRITICALITY_FAILED",
                Severity.SUSPECT,
                element=f"{one.regulator} {one.failure}",
                reason=one.message,
            )
            for one in self.rows
            if one.by == "failed"
        ]
        if not counted:
            found.append(finding("CRITICALITY_NO_CUSTOMERS", Severity.NOTE))
        if self.everywhere.unlocated_count:
            found.append(
                finding(
                    "CRITICALITY_CUSTOMERS_UNLOCATED",
                    Severity.SUSPECT,
                    value=float(self.everywhere.unlocated_count),
                )
            )
        return found


_COUNTS: Final = ("customers", "households", "critical")


def _limits(held: Compliance) -> Floats:
    """Highest gauge pressure of every junction: of appliances where they hang on it, else of the class; inf: none."""
    upper, most = held.of_class("upper_kpa"), held.of_class("most_kpa")
    classes = np.array(held.levels.pressure_class, dtype=object)
    serving = np.zeros(len(classes), dtype=np.bool_)
    if held.state.ids("sinks"):
        serving[held.state.rows("sinks", "node")] = True
    found = np.where((classes == LOW) & serving & ~np.isnan(most), most, upper)
    return np.where(np.isnan(found), np.inf, found)
