"""How long a city lives without its gate station, and whether it stores what it has to (应急调峰储备)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.errors import InputError
from citymains.intake.ledger import read_ledger
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Lose, Scenario
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

from citymains_gas.friction import FrictionModel
from citymains_gas.judgement import judge
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.levels import levels_of
from citymains_gas.linepack import Linepack, Store, floor_kpa, to_m3_per_h
from citymains_gas.places import places_of
from citymains_gas.pressure import service_level
from citymains_gas.rules.reserve import KIND
from citymains_gas.steady import SteadyOptions, SteadyState, ask_steady
from citymains_gas.survival import Course, StoreRow, survive
from citymains_gas.sweep import ENGINE
from citymains_gas.tanks import GAS_STORES

if TYPE_CHECKING:
    from citymains.utility import Utility

#: Categories whose customers can be shut off, in the order in which they are.
SHED_ORDER = ("industrial", "commercial")

TIMELINE = TableSpec(
    "timeline",
    "What is drawn from what, from the loss of the sources until the end of supply.",
    (
        ColumnSpec("time_s", Kind.FLOAT, "From when on."),
        ColumnSpec("event", Kind.TEXT, "sources lost, <category> shed, <store> empty, linepack spent."),
        ColumnSpec("demand_m3_per_h", Kind.FLOAT, "Demand that is left."),
        ColumnSpec("from_stores_m3_per_h", Kind.FLOAT, "What stores send out."),
        ColumnSpec("from_linepack_m3_per_h", Kind.FLOAT, "What comes from the pipes."),
        ColumnSpec("linepack_m3", Kind.FLOAT, "Usable linepack left, at 101.325 kPa and 0 °C."),
        ColumnSpec("stores_m3", Kind.FLOAT, "Left in the stores, at the same conditions."),
    ),
)

PLANS = TableSpec(
    "plans",
    "How long supply lasts with nobody shed, and with one category after the other.",
    (
        ColumnSpec("shed", Kind.TEXT, "Categories that are shut off at once; empty: nobody."),
        ColumnSpec("demand_m3_per_h", Kind.FLOAT, "Demand that is left."),
        ColumnSpec(
            "survival_s", Kind.FLOAT, "Until the first customer left goes short; missing: without end."
        ),
        ColumnSpec("by_linepack_s", Kind.FLOAT, "The same with no store at all."),
    ),
)

LEVELS = TableSpec(
    "levels",
    "Linepack by pressure level.",
    (
        ColumnSpec("level", Kind.TEXT, "What feeds it."),
        ColumnSpec("volume_m3", Kind.FLOAT, "Volume inside its pipes."),
        ColumnSpec("mean_pressure_kpa", Kind.FLOAT, "Mean gauge pressure when the sources are lost."),
        ColumnSpec(
            "last_pressure_kpa",
            Kind.FLOAT,
            "Mean gauge pressure when its lowest point reaches what is needed.",
        ),
        ColumnSpec("needed_kpa", Kind.FLOAT, "Gauge pressure that appliances or regulators on it need."),
        ColumnSpec("held_m3", Kind.FLOAT, "Gas in it, at 101.325 kPa and 0 °C."),
        ColumnSpec("usable_m3", Kind.FLOAT, "What of it can be drawn."),
    ),
)

DUTIES = TableSpec(
    "duties",
    "Reserve duties and what is stored.",
    (
        ColumnSpec("who", Kind.TEXT, "supplier, company or government."),
        ColumnSpec("base_m3", Kind.FLOAT, "Volume the duty is measured by."),
        ColumnSpec("owed_m3", Kind.FLOAT, "What has to be in store."),
        ColumnSpec("stored_m3", Kind.FLOAT, "Working volume of the stores it owns."),
        ColumnSpec("met_percent", Kind.FLOAT, "Stored over owed."),
        ColumnSpec("met", Kind.BOOLEAN, "Whether the duty is met."),
        ColumnSpec("article", Kind.TEXT, "Document, and the layer that decided."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ReserveReport(Record):
    """Survival after the loss of sources, and reserve duties."""

    TABLES = (TIMELINE, PLANS, LEVELS, DUTIES)

    survival_s: float | None = None
    """Until the first customer that is not shed goes short; None: without end (sources are left that carry all)."""
    unshed_survival_s: float | None = None
    """The same with nobody shed."""
    linepack_m3: float = 0.0
    """Gas in the pipes, at 101.325 kPa and 0 °C."""
    usable_linepack_m3: float = 0.0
    """What of it can be drawn."""
    stores_m3: float = 0.0
    """Gas in the stores that are available."""
    demand_m3_per_h: float = 0.0
    """Demand when the sources are lost."""
    shed_m3_per_h: float = 0.0
    """Demand of those who are shed."""
    shed_customer_count: int = 0
    """Customers who are shed."""


@dataclass(frozen=True, kw_only=True)
class ReserveRequest:
    """Arguments of the question besides the network."""

    lost: Sequence[str]
    scenario: Scenario
    stores: LedgerRef | None
    customers: LedgerRef | None
    shed: Sequence[str]
    annual_m3: float | None
    contract_m3_per_a: float | None
    mean_day_m3: float | None
    nominal_pressure_kpa: float
    friction_model: FrictionModel


def analyze_reserve(utility: Utility, network: Network, request: ReserveRequest) -> ReserveReport:
    """Answer the question (see :meth:`citymains_gas.utility.Gas.reserve`)."""
    began = time.perf_counter()
    level = service_level(utility, request.nominal_pressure_kpa)
    steady = SteadyOptions(request.friction_model, level)
    before = ask_steady(utility, network, request.scenario, steady, question="gas.reserve")
    lost = tuple(request.lost) or tuple(before.ids("sources"))
    after = Scenario((*request.scenario.edits, Lose(sources=lost)))
    state = ask_steady(utility, network, after, steady, question="gas.reserve")
    people = customer_ledger(utility, request.customers)
    tanks = (
        None if request.stores is None else read_ledger(utility.workbench.file(request.stores), GAS_STORES)
    )
    rows = _store_rows(None if tanks is None else tanks.require())
    district = _District(before, state, level.least_kpa)
    shed, by_category, count = _shed(district, None if people is None else people.require(), request.shed)
    plans = _plans(district, rows, shed)
    chosen = plans[-1][1] if plans else Course(np.inf, ())
    duties, packs = _duties(utility, request, rows)
    findings = (*judge(before), *_findings(district, people is not None, request, duties))
    first, last = plans[0][1], chosen
    return ReserveReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(_timeline(last), _plan_table(plans), district.table(), duties),
        survival_s=_finite(last.survival_s),
        unshed_survival_s=_finite(first.survival_s),
        linepack_m3=float(district.store.held_m3[district.levels_in].sum()),
        usable_linepack_m3=district.usable_m3,
        stores_m3=float(sum(one.volume_m3 for one in rows if one.available)),
        demand_m3_per_h=district.demand_m3_per_h,
        shed_m3_per_h=sum(by_category.values()),
        shed_customer_count=count,
        provenance=utility.provenance(
            "reserve",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=before.engine_version,
            options={
                **before.provenance_options(),
                "lost": ",".join(lost),
                "shed": ",".join(request.shed),
                "annual_m3": _text(request.annual_m3),
                "contract_m3_per_a": _text(request.contract_m3_per_a),
                "mean_day_m3": _text(request.mean_day_m3),
                "jurisdiction": utility.workbench.jurisdiction,
                "rules_on": utility.workbench.today().isoformat(),
                "stores_sha256": "" if tanks is None else tanks.sha256,
                "customers_sha256": "" if people is None else people.sha256,
            },
            rule_packs=packs,
            run_s=time.perf_counter() - began,
        ),
    )


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _text(value: float | None) -> str:
    return "" if value is None else repr(float(value))


class _District:
    """What no source reaches any more, as one vessel per level."""

    def __init__(self, before: SteadyState, after: SteadyState, least_kpa: float) -> None:
        self.before, self.after = before, after
        self.levels = levels_of(after, {})
        self.pack = Linepack.of(after)
        self.floor = floor_kpa(after, self.levels, least_kpa)
        # What a source still reaches keeps its pressure and has no need of the linepack.
        kept = np.where(after.unsupplied, before.pressure_kpa, np.nan)
        self.store = Store.of(self.pack, self.levels, kept, self.floor)
        self.levels_in = np.unique(self.levels.of_junction[after.unsupplied])
        self.usable_m3 = float(self.store.usable_m3[self.levels_in].sum())
        asked = np.asarray(to_m3_per_h(after.model, after.required_kg_per_s), dtype=np.float64)
        dark = after.unsupplied[after.rows("sinks", "node")]
        self.by_sink = np.where(dark, asked, 0.0)
        self.demand_m3_per_h = float(self.by_sink.sum())

    def by_junction(self) -> dict[int, float]:
        """Demand of the junctions in it. [m3/h]"""
        found: dict[int, float] = {}
        for row, value in zip(self.after.rows("sinks", "node").tolist(), self.by_sink.tolist(), strict=True):
            found[row] = found.get(row, 0.0) + value
        return found

    def table(self) -> Table:
        """Linepack by level."""
        at, volume = self.levels_in, np.zeros(self.levels.count)
        np.add.at(volume, self.levels.of_junction[self.pack.start], self.pack.volume_m3)
        return LEVELS.build(
            level=[self.levels.names[one] for one in at.tolist()],
            volume_m3=volume[at],
            mean_pressure_kpa=self.store.mean_kpa[at],
            last_pressure_kpa=self.store.last_kpa[at],
            needed_kpa=self.floor[at],
            held_m3=self.store.held_m3[at],
            usable_m3=self.store.usable_m3[at],
        )


def _store_rows(table: Table | None) -> list[StoreRow]:
    if table is None:
        return []
    fill = table.array("fill_percent") / 100.0
    return [
        StoreRow(name or "", volume, working, np.inf if np.isnan(rate) else rate, owner or "", available)
        for name, volume, working, rate, owner, available in zip(
            table.texts("store"),
            (table.array("volume_m3") * fill).tolist(),
            table.array("volume_m3").tolist(),
            table.array("send_out_m3_per_h").tolist(),
            table.texts("owner"),
            table.array("available").tolist(),
            strict=True,
        )
    ]


def _shed(
    district: _District, customers: Table | None, order: Sequence[str]
) -> tuple[list[tuple[str, float]], dict[str, float], int]:
    """Demand of each category that is shed, in order, and how many customers that are.

    A customer's demand is its own where the ledger states it, but no more than its junction's.
    """
    if customers is None:
        return [], {}, 0
    places, left = places_of(district.after.model), district.by_junction()
    found, count = dict.fromkeys(order, 0.0), 0
    rows = zip(
        customers.texts("element"),
        customers.texts("category"),
        customers.array("demand_m3_per_h").tolist(),
        strict=True,
    )
    for element, category, demand in rows:
        at = places.get(element or "", ())
        row = next((one for one in at if left.get(one, 0.0) > 0.0), None)
        if category not in found or row is None:
            continue
        taken = left[row] if np.isnan(demand) else min(demand, left[row])
        left[row] -= taken
        found[category or ""] += taken
        count += 1
    return list(found.items()), found, count


def _plans(
    district: _District, stores: list[StoreRow], shed: list[tuple[str, float]]
) -> list[tuple[tuple[str, ...], Course, Course]]:
    """Courses with nobody shed, then with one category more at a time; with the stores and without."""
    plans = []
    for count in range(len(shed) + 1):
        names = tuple(name for name, _ in shed[:count])
        demand = district.demand_m3_per_h - sum(value for _, value in shed[:count])
        demand = max(demand, 0.0)
        with_stores = survive(district.usable_m3, demand, stores, [f"{name} shed" for name in names])
        plans.append((names, with_stores, survive(district.usable_m3, demand, [], [])))
    return plans


def _timeline(course: Course) -> Table:
    columns: dict[str, list[Any]] = {
        one.name: [getattr(step, one.name) for step in course.steps] for one in TIMELINE.columns
    }
    return TIMELINE.build(**columns)


def _plan_table(plans: list[tuple[tuple[str, ...], Course, Course]]) -> Table:
    def seconds(course: Course) -> float:
        return course.survival_s if np.isfinite(course.survival_s) else np.nan

    return PLANS.build(
        shed=[", ".join(names) for names, _, _ in plans],
        demand_m3_per_h=[course.steps[0].demand_m3_per_h if course.steps else 0.0 for _, course, _ in plans],
        survival_s=[seconds(course) for _, course, _ in plans],
        by_linepack_s=[seconds(alone) for _, _, alone in plans],
    )


def _duties(
    utility: Utility, request: ReserveRequest, stores: list[StoreRow]
) -> tuple[Table, tuple[str, ...]]:
    for name in ("annual_m3", "contract_m3_per_a", "mean_day_m3"):
        value = getattr(request, name)
        if value is not None and not 0.0 < value < np.inf:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit="> 0")
    workbench = utility.workbench
    resolved = workbench.rules.resolve(KIND.name, jurisdiction=workbench.jurisdiction, on=workbench.today())
    judged = resolved.evaluate(
        contract_m3_per_a=request.contract_m3_per_a,
        annual_m3=request.annual_m3,
        mean_day_m3=request.mean_day_m3,
    )
    day = request.mean_day_m3
    if day is None and request.annual_m3 is not None:
        day = request.annual_m3 / 365.0
    base = {"supplier": request.contract_m3_per_a, "company": request.annual_m3, "government": day}
    owing = [who for who in base if judged[f"{who}_m3"].value is not None]
    owed = np.array([judged[f"{who}_m3"].value for who in owing], dtype=np.float64)
    stored = np.array(
        [sum(one.working_m3 for one in stores if one.owner == who) for who in owing], dtype=np.float64
    )
    return DUTIES.build(
        who=owing,
        base_m3=[base[who] for who in owing],
        owed_m3=owed,
        stored_m3=stored,
        met_percent=100.0 * stored / owed if len(owed) else owed,
        met=stored >= owed,
        article=[judged[f"{who}_m3"].article for who in owing],
    ), resolved.applied


def _findings(district: _District, counted: bool, request: ReserveRequest, duties: Table) -> list[Finding]:
    found = []
    if not district.after.unsupplied.any():
        found.append(finding("GAS_RESERVE_STILL_FED", Severity.NOTE))
    if request.shed and not counted:
        found.append(finding("GAS_RESERVE_NO_CUSTOMERS", Severity.NOTE))
    if not len(duties):
        found.append(finding("GAS_RESERVE_NO_VOLUMES", Severity.NOTE))
    rows = zip(
        duties.texts("who"), duties.array("stored_m3").tolist(), duties.array("owed_m3").tolist(),
        duties.array("met").tolist(), duties.texts("article"), strict=True,
    )  # fmt: skip
    found += [
        finding(
            "GAS_RESERVE_SHORT",
            Severity.NOTE,
            element=who or "",
            value=stored,
            limit=owed,
            unit="m3",
            article=article or "",
        )
        for who, stored, owed, met, article in rows
        if not met
    ]
    return found
