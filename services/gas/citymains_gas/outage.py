"""Who goes short when something fails, from when on, and who has to be relit afterwards."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from citymains.errors import InputError
from citymains.isolation.duties import DUTIES, Work, duties_table
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.outage.shortfall import CUSTOMERS, AffectedCustomers, affected_customers

from citymains_gas.friction import FrictionModel
from citymains_gas.judgement import judge
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.outage_course import Course, follow
from citymains_gas.places import places_of
from citymains_gas.pressure import service_level
from citymains_gas.steady import SteadyOptions, positive
from citymains_gas.sweep import ENGINE

if TYPE_CHECKING:
    from citymains.utility import Utility

MOST_HOURS = 24.0 * 14.0

NODES = TableSpec(
    "served",
    "What every junction with demand gets over time; each row holds until the junction's next one.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("time_s", Kind.FLOAT, "From when on, in seconds from the start."),
        ColumnSpec(
            "pressure_kpa", Kind.FLOAT, "Gauge pressure; of a part that lives on its linepack, its mean."
        ),
        ColumnSpec("required_m3_per_h", Kind.FLOAT, "Demand, at 101.325 kPa and 0 °C."),
        ColumnSpec("delivered_m3_per_h", Kind.FLOAT, "What it gets, at the same conditions."),
        ColumnSpec("served_percent", Kind.FLOAT, "Share of the demand it gets."),
    ),
    MapLayer("node", "junctions", "served_percent", worst="min"),
)

PARTS = TableSpec(
    "parts",
    "Parts of the network that no source reaches, and how long their linepack lasts.",
    (
        ColumnSpec("part", Kind.TEXT, "A junction in it."),
        ColumnSpec("since_s", Kind.FLOAT, "When it is cut off."),
        ColumnSpec("node_count", Kind.INTEGER, "Junctions in it."),
        ColumnSpec("length_m", Kind.FLOAT, "Length of pipe in it."),
        ColumnSpec("demand_m3_per_h", Kind.FLOAT, "Demand in it."),
        ColumnSpec("usable_m3", Kind.FLOAT, "Linepack its customers can draw, at 101.325 kPa and 0 °C."),
        ColumnSpec("survival_s", Kind.FLOAT, "How long it is served from that; missing: nothing is drawn."),
    ),
)

RELIGHT = TableSpec(
    "relight",
    "Customers whose flames have gone out: to be shut at the meter, then visited and relit one by one.",
    (
        ColumnSpec(
            "order", Kind.INTEGER, "Order of the visits: critical ones first, then element by element."
        ),
        ColumnSpec("customer", Kind.TEXT, "Id of the customer."),
        ColumnSpec("element", Kind.TEXT, "Element that supplies it."),
        ColumnSpec("category", Kind.TEXT, "Category."),
        ColumnSpec("critical", Kind.BOOLEAN, "Whether an outage endangers people."),
        ColumnSpec("households", Kind.INTEGER, "Households to be visited."),
        ColumnSpec("since_s", Kind.FLOAT, "When its flames go out."),
        ColumnSpec("name", Kind.TEXT, "Name."),
        ColumnSpec("address", Kind.TEXT, "Address."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class OutageReport(Record):
    """What a failure does to customers over time."""

    TABLES = (NODES, PARTS, CUSTOMERS, RELIGHT, DUTIES)

    unserved_m3: float = 0.0
    """Demand that is not met, at 101.325 kPa and 0 °C."""
    required_m3: float = 0.0
    """Demand in all."""
    short_node_count: int = 0
    """Junctions with demand that go short at some time."""
    cut_off_node_count: int = 0
    """Those of them that lose all supply."""
    first_short_s: float | None = None
    """When the first of them goes short; None: nobody does."""
    customer_count: int = 0
    household_count: int = 0
    critical_customers: tuple[str, ...] = ()
    relight_count: int = 0
    """Households to be relit."""
    duration_s: float = 0.0
    """Time followed."""


@dataclass(frozen=True, kw_only=True)
class OutageRequest:
    """Arguments of the question besides the network."""

    scenario: Scenario
    hours: float
    customers: LedgerRef | None
    nominal_pressure_kpa: float
    friction_model: FrictionModel


def analyze_outage(utility: Utility, network: Network, request: OutageRequest) -> OutageReport:
    """Follow an outage (see :meth:`citymains_gas.utility.Gas.outage`)."""
    began = time.perf_counter()
    duration_s = 3600.0 * positive("hours", request.hours)
    if request.hours > MOST_HOURS:
        raise InputError("ARGUMENT_INVALID", field="hours", value=request.hours, limit=f"<= {MOST_HOURS:g}")
    level = service_level(utility, request.nominal_pressure_kpa)
    ledger = customer_ledger(utility, request.customers)
    options = SteadyOptions(request.friction_model, level)
    course = follow(utility, network, request.scenario, options, duration_s)
    shortfall = course.shortfall()
    people = affected_customers(
        None if ledger is None else ledger.require(),
        shortfall,
        course.places_by_element(places_of(course.model)),
    )
    relight = _relight(people.table)
    workbench = utility.workbench
    work = Work(
        utility=utility.name,
        duration_s=float(people.longest_s) if ledger is not None else None,
        start_time=None,
        households=people.household_count,
        on=workbench.today(),
    )
    duties, packs = duties_table(workbench, work)
    findings = tuple(_findings(course, people))
    since = shortfall.since_s()
    first = since[~(since != since)]
    return OutageReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(course.table(NODES), course.parts_table(PARTS), people.table, relight, duties),
        unserved_m3=course.unserved_m3(),
        required_m3=course.required_m3(),
        short_node_count=int(shortfall.short.any(axis=0).sum()),
        cut_off_node_count=int(shortfall.cut.any(axis=0).sum()),
        first_short_s=float(first.min()) if len(first) else None,
        relight_count=int(relight.array("households").sum()),
        duration_s=duration_s,
        **people.summary(),
        provenance=utility.provenance(
            "outage",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=course.engine_version,
            options={
                **course.options(),
                "hours": request.hours,
                "rules_on": work.on.isoformat(),
                "jurisdiction": workbench.jurisdiction,
                "customers_sha256": "" if ledger is None else ledger.sha256,
            },
            rule_packs=packs,
            run_s=time.perf_counter() - began,
        ),
    )


def _relight(customers: Table) -> Table:
    """Everybody who went short has lost the flames: with too little pressure they go out as without any."""
    rows = sorted(
        zip(
            customers.array("critical").tolist(),
            customers.texts("element"),
            customers.array("since_s").tolist(),
            range(len(customers)),
            strict=True,
        ),
        key=lambda row: (not row[0], row[1] or "", row[2]),
    )
    order = [row[3] for row in rows]
    names = ("customer", "element", "category", "name", "address")
    texts = {name: customers.texts(name) for name in names}
    return RELIGHT.build(
        order=list(range(1, len(order) + 1)),
        **{name: [values[at] for at in order] for name, values in texts.items()},
        **{name: customers.array(name)[order] for name in ("critical", "households", "since_s")},
    )


def _findings(course: Course, people: AffectedCustomers) -> list[Finding]:
    found = list(judge(course.worst_state))
    if course.short_before:
        found.append(finding("GAS_OUTAGE_SHORT_BEFORE", Severity.NOTE, value=float(course.short_before)))
    if people.unlocated_count:
        found.append(
            finding("OUTAGE_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(people.unlocated_count))
        )
    for customer, since_s, longest_s in zip(
        people.critical_customers,
        people.table.array("since_s").tolist(),
        people.table.array("longest_s").tolist(),
        strict=False,
    ):
        found.append(
            finding(
                "OUTAGE_CRITICAL",
                Severity.NOTE,
                element=customer,
                since=f"{since_s / 3600.0:.1f} h",
                since_zh=f"第 {since_s / 3600.0:.1f} 小时",
                hours=f"{longest_s / 3600.0:.1f}",
            )
        )
    return found
