"""An outage over time: who stops when, who is served again when, and what is missing in between."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.call import current_call
from citymains.intake.dataset import DatasetRef
from citymains.intake.ledger import read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS as CUSTOMER_LEDGER
from citymains.intake.ledger_kinds import VALVES as VALVE_LEDGER
from citymains.intake.pandapipes_model import PipeModel
from citymains.isolation.answer import Target, isolation_parts, valve_layer
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import Table
from citymains.outage.shortfall import AffectedCustomers, Shortfall, affected_customers
from numpy.typing import NDArray

from citymains_heating.arguments import make_floats, refuse
from citymains_heating.freezing import drain_s
from citymains_heating.judgement import findings_of
from citymains_heating.outage_report import VALVES, HeatOutageReport
from citymains_heating.outage_run import OutageRun, run_outage
from citymains_heating.outage_tables import pipes_table, served_table, substations_table
from citymains_heating.outage_timeline import SUPPORTED, Stretch, bursts, check_bursts, stretches
from citymains_heating.supply import ENGINE, FrictionModel, pipe_model

if TYPE_CHECKING:
    from citymains.utility import Utility

#: Longest time calculated: two weeks.
MAX_HOURS = 336.0
#: A place is short of heat below this share of what it asks for.
SHORT_BELOW = 0.99


@dataclass(frozen=True, kw_only=True)
class OutageRequest:
    """What :meth:`citymains_heating.utility.Heating.outage` is asked."""

    scenario: Scenario
    hours: float = 24.0
    step_s: float = 900.0
    customers: DatasetRef | None = None
    valves: DatasetRef | None = None
    isolate_after_s: float = 7200.0
    stopped_below: float = 0.1
    surroundings_c: float | None = None
    wall_thickness_mm: float | None = None
    drain_mm: float = 100.0
    secondary_return_c: float = 45.0
    minimum_differential_pressure_kpa: float | None = None
    friction_model: FrictionModel = FrictionModel.COLEBROOK

    def __post_init__(self) -> None:
        make_floats(
            self,
            (
                "hours", "step_s", "isolate_after_s", "stopped_below", "surroundings_c", "wall_thickness_mm", "drain_mm",
                "secondary_return_c", "minimum_differential_pressure_kpa",
            ),
        )  # fmt: skip
        wall, around = self.wall_thickness_mm, self.surroundings_c
        least, back = self.minimum_differential_pressure_kpa, self.secondary_return_c
        refuse(
            (
                ("hours", self.hours, 0.0 < self.hours <= MAX_HOURS, f"> 0, <= {MAX_HOURS:g}"),
                ("step_s", self.step_s, 1.0 <= self.step_s <= 86_400.0, ">= 1, <= 86400"),
                ("isolate_after_s", self.isolate_after_s, self.isolate_after_s >= 0.0, ">= 0"),
                ("stopped_below", self.stopped_below, 0.0 < self.stopped_below <= 1.0, "> 0, <= 1"),
                ("surroundings_c", around, around is None or -60.0 <= around <= 60.0, "-60 .. 60"),
                ("wall_thickness_mm", wall, wall is None or 0.0 <= wall <= 100.0, "0 .. 100"),
                ("drain_mm", self.drain_mm, 0.0 < self.drain_mm <= 2000.0, "> 0, <= 2000"),
                ("secondary_return_c", back, 0.0 <= back <= 100.0, "0 .. 100"),
                ("minimum_differential_pressure_kpa", least, least is None or 0.0 <= least < 1e5, ">= 0"),
            )
        )

    @property
    def options(self) -> dict[str, Any]:
        """The arguments as the provenance names them."""
        names = (
            "hours", "step_s", "isolate_after_s", "stopped_below", "surroundings_c", "wall_thickness_mm", "drain_mm", "secondary_return_c",
            "minimum_differential_pressure_kpa", "friction_model",
        )  # fmt: skip
        values = {name: getattr(self, name) for name in names}
        return {name: "" if value is None else value for name, value in values.items()}

    @property
    def told(self) -> dict[str, str]:
        """The same as text."""
        return {name: str(getattr(value, "value", value)) for name, value in self.options.items()}


@dataclass(frozen=True, eq=False)
class Isolation:
    """What isolating the burst pipes takes."""

    links: Mapping[str, tuple[str, ...]]
    """Links of the isolated part by burst pipe."""
    valves: Table
    volume_m3: float
    findings: tuple[Finding, ...]

    @property
    def every_link(self) -> frozenset[str]:
        """Links of all isolated parts."""
        return frozenset(link for links in self.links.values() for link in links)


def analyze_outage(utility: Utility, network: Network, request: OutageRequest) -> HeatOutageReport:
    """Answer the question ``outage`` (see :meth:`citymains_heating.utility.Heating.outage`)."""
    began = time.perf_counter()
    request.scenario.require("heating.outage", SUPPORTED)
    model = pipe_model(utility, network)
    inner = model.column("pipes", "inner_diameter_mm").tolist()
    check_bursts(request.scenario, dict(zip(model.ids("pipes"), inner, strict=True)))
    people, people_sha256 = _ledger(utility, request.customers, CUSTOMER_LEDGER)
    valves, valves_sha256 = _ledger(utility, request.valves, VALVE_LEDGER)
    isolation = _isolation(utility, network, request.scenario, valves)
    plants = frozenset((*model.ids("plants"), *model.ids("flow_plants")))
    cut = stretches(
        request.scenario, request.hours * 3600.0, isolation.links, request.isolate_after_s, plants
    )
    call = current_call()
    with utility.workbench.engines.session(ENGINE, model.engine_model(), element=network.name) as session:
        run = run_outage(session, model, cut, request, lambda done: call.progress(0.9 * done, "outage"))
        version = session.engine_version
    affected = _affected(model, people, run)
    findings = (*isolation.findings, *_findings(run, affected, request))
    return HeatOutageReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            served_table(run, request.step_s),
            substations_table(run, _households(run, people)),
            affected.table,
            pipes_table(run, isolation.every_link),
            isolation.valves,
        ),
        duration_s=request.hours * 3600.0,
        required_kwh=run.required_kwh,
        unserved_kwh=float(run.unserved_kwh.sum()),
        stopped_count=len({stop.station for stop in run.stops}),
        longest_stop_h=max((stop.seconds(run.end_s) for stop in run.stops), default=0.0) / 3600.0,
        leak_m3=run.leak_m3,
        isolated_volume_m3=isolation.volume_m3,
        drain_s=_drain_s(model, isolation, request.drain_mm),
        **affected.summary(),
        provenance=utility.provenance(
            "outage",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=version,
            options={
                **request.options,
                "customers_sha256": people_sha256,
                "valves_sha256": valves_sha256,
                "fluid": model.fluid["name"],
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _ledger(utility: Utility, reference: Any, kind: Any) -> tuple[Table | None, str]:
    if reference is None:
        return None, ""
    ledger = read_ledger(utility.workbench.file(reference), kind)
    return ledger.require(), ledger.sha256


def _isolation(utility: Utility, network: Network, scenario: Scenario, valves: Table | None) -> Isolation:
    """What has to be shut for every burst, on both pipes of its pair."""
    found: dict[str, tuple[str, ...]] = {}
    tables: list[Table] = []
    volume, findings = 0.0, []
    layout = utility.layout(network)
    for burst in bursts(scenario):
        layer, origin = valve_layer(layout, valves)
        summary, parts, told = isolation_parts(layout, layer, origin, Target(pipes=[burst.pipe]), None, None)
        elements = parts[2]
        found[burst.pipe] = tuple(
            str(element)
            for element, kind, state in zip(
                elements.texts("element"), elements.texts("kind"), elements.texts("state"), strict=True
            )
            if kind != "node" and state == "isolated"
        )
        tables.append(parts[0])
        volume += float(summary["isolated_volume_m3"])
        findings += [one for one in told if one not in findings]
    return Isolation(found, _joined(tables), volume, tuple(findings))


def _joined(tables: list[Table]) -> Table:
    if not tables:
        return VALVES.empty()
    names = [column.name for column in VALVES.columns]
    return VALVES.build(
        **{name: [one for table in tables for one in table[name].to_list()] for name in names}
    )


def _drain_s(model: PipeModel, isolation: Isolation, drain_mm: float) -> float | None:
    """Time the isolated pipes take to drain, over the height their ends span."""
    if not isolation.links:
        return None
    height = dict(zip(model.ids("junctions"), model.column("junctions", "height_m").tolist(), strict=True))
    ends = [
        height[node]
        for pipe, *nodes in zip(
            model.ids("pipes"),
            model.column("pipes", "from_node"),
            model.column("pipes", "to_node"),
            strict=True,
        )
        if pipe in isolation.every_link
        for node in nodes
    ]
    takes = drain_s(isolation.volume_m3, max(ends, default=0.0) - min(ends, default=0.0), drain_mm)
    return takes if np.isfinite(takes) else None


def places_of(model: PipeModel) -> dict[str, list[int]]:
    """Where each consumer, and each node it hangs on, stands among the consumers."""
    places: dict[str, list[int]] = {}
    at = 0
    for component in ("consumers", "heat_exchangers"):
        ids = model.ids(component)
        ends = [model.column(component, name) for name in ("from_node", "to_node")] if ids else []
        for row, name in enumerate(ids):
            for key in (name, *(str(one[row]) for one in ends)):
                places.setdefault(key, []).append(at)
            at += 1
    return places


def _affected(model: PipeModel, people: Table | None, run: OutageRun) -> AffectedCustomers:
    times, served = run.sampled(900.0)
    asks = run.required_w[None, :] > 0.0
    shortfall = Shortfall(times, (served < SHORT_BELOW) & asks, (served < run.stopped_below) & asks)
    return affected_customers(people, shortfall, places_of(model))


def _households(run: OutageRun, people: Table | None) -> NDArray[np.int64]:
    """Households behind each consumer."""
    counts = np.zeros(len(run.stations), dtype=np.int64)
    if people is None:
        return counts
    places = places_of(run.model)
    for element, households in zip(people.texts("element"), people.array("households").tolist(), strict=True):
        for at in places.get(element or "", []):
            counts[at] += households
    return counts


def _findings(run: OutageRun, affected: AffectedCustomers, request: OutageRequest) -> list[Finding]:
    found = []
    for stretch, result in zip(run.stretches, run.results, strict=True):
        found += _of_stretch(stretch, list(findings_of(result)))
    for at, stop in enumerate(run.stops):
        if at < 50:
            found.append(
                finding(
                    "HEAT_STATION_STOPPED",
                    Severity.NOTE,
                    element=run.stations[stop.station],
                    value=stop.seconds(run.end_s) / 3600.0,
                    unit="h",
                    time_s=stop.start_s,
                    since=f"{stop.start_s / 3600.0:.4g}",
                )
            )
    for leak in run.leaks:
        share = leak.flow_kg_per_s / leak.circulation_kg_per_s * 100.0
        found.append(
            finding("HEAT_LEAK", Severity.NOTE, value=leak.flow_kg_per_s, unit="kg/s", time_s=leak.start_s,
                    share=f"{share:.3g}")
        )  # fmt: skip
    open_stops = sum(stop.end_s is None for stop in run.stops)
    if open_stops:
        found.append(
            finding(
                "HEAT_NOT_RESTARTED", Severity.NOTE, value=float(open_stops), limit=request.hours, unit="h"
            )
        )
    if affected.unlocated_count:
        found.append(
            finding("OUTAGE_CUSTOMERS_UNLOCATED", Severity.SUSPECT, value=float(affected.unlocated_count))
        )
    return found


#: Findings of a steady state that an outage says in its own tables.
_TOLD_ELSEWHERE = ("HEAT_UNSUPPLIED", "HEAT_STAGNANT", "HEAT_PRESSURE_NOT_HELD", "HEAT_BALANCE")


def _of_stretch(stretch: Stretch, findings: list[Finding]) -> list[Finding]:
    from dataclasses import replace

    return [replace(one, time_s=stretch.start_s) for one in findings if one.code not in _TOLD_ELSEWHERE]
