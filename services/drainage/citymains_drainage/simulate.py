"""The question `simulate`: depths, flooding and outflow of a storm, with the engine's own balance."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.intake.dataset import DatasetRef
from citymains.intake.inp import InpDocument
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.model.table import Coded, Table

from citymains_drainage.engine_input import EngineInput, nodes_without_demand
from citymains_drainage.flood_risk import risk_table
from citymains_drainage.rain import model_rain
from citymains_drainage.simulation_report import LEVELS, LINKS, NODES, OUTFALLS, PUMPS, SimulationReport
from citymains_drainage.storm_run import AFTER_RAIN_S as AFTER_RAIN_S
from citymains_drainage.storm_run import ENGINE, StormRuns, storm_case
from citymains_drainage.storm_run import chosen_storm as chosen_storm
from citymains_drainage.storm_warnings import storm_warnings
from citymains_drainage.storms.report import Storm
from citymains_drainage.underpasses import RED, Course, watched_underpasses
from citymains_drainage.units import ModelUnits

if TYPE_CHECKING:
    from citymains.utility import Utility

#: Balance error above which a result is doubtful, and above which it is not usable [%].
#: Pumps that share an empty wet well create water: a measured case reached -38 %.
CONTINUITY_SUSPECT_PERCENT: Final = 2.0
CONTINUITY_REJECTED_PERCENT: Final = 10.0
#: Findings name at most so many flooded nodes, the worst first; the table has them all.
MOST_FLOODED_FINDINGS: Final = 100


def simulate_storm(
    face: Utility,
    network: Network,
    storm: Storm | None,
    *,
    scenario: Scenario | None,
    hours: float | None,
    underpasses: DatasetRef | None,
) -> SimulationReport:
    """Simulate a network with the rain of its model or another; see `Drainage.simulate`."""
    scenario = scenario or Scenario()
    case = storm_case(face, network, storm, scenario=scenario, hours=hours, question="drainage.simulate")
    watched = watched_underpasses(face, case.document, case.options, underpasses)
    fed = case.fed(scenario)
    begun = time.monotonic()
    with StormRuns(face, case) as runs:
        answer = runs.run(fed)
    run_s = time.monotonic() - begun
    units = case.options.units
    course = course_of(answer, fed, units, watched.places)
    warnings = storm_warnings(face.workbench, model_rain(case.document, case.options), case.duration_s)
    findings = (
        *balance_findings(answer),
        *_findings(answer, fed, units),
        *_unscaled(case.document, scenario),
        *course.findings(),
    )
    totals, volume_m3, rain_mm = answer["totals"], units.volume_m3, units.rain_mm
    runoff = answer["runoff"]
    return SimulationReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(
            *_tables(answer, fed, units),
            course.table(),
            course.course_table(),
            warnings.table,
            _risk(answer, fed, course),
        ),
        provenance=face.provenance(
            "simulate",
            network=network,
            scenario=scenario,
            engine=ENGINE,
            engine_version=runs.version,
            run_s=run_s,
            rule_packs=(*watched.rule_packs, *warnings.rule_packs),
            options={
                **case.provenance_options(),
                "continuity_suspect_percent": CONTINUITY_SUSPECT_PERCENT,
                "continuity_rejected_percent": CONTINUITY_REJECTED_PERCENT,
                "jurisdiction": face.workbench.jurisdiction,
                "underpasses_sha256": watched.sha256,
            },
        ),
        outfall_m3=totals["outflow"] * volume_m3,
        flooding_m3=totals["flooding"] * volume_m3,
        continuity_error_percent=totals["continuity_error_percent"],
        runoff_continuity_error_percent=runoff.get("continuity_error_percent", math.nan),
        dry_weather_inflow_m3=totals["dry_weather_inflow"] * volume_m3,
        wet_weather_inflow_m3=totals["wet_weather_inflow"] * volume_m3,
        external_inflow_m3=totals["external_inflow"] * volume_m3,
        rainfall_mm=runoff.get("rainfall", math.nan) * rain_mm,
        runoff_mm=runoff.get("runoff", math.nan) * rain_mm,
        duration_s=case.duration_s,
        step_count=int(answer["steps"]),
        flooded_node_count=int(np.count_nonzero(np.asarray(answer["nodes"]["flooding"]) > 0)),
        underpass_depth_m=float(course.max_depth_m.max()) if watched.places else math.nan,
        closed_underpass_count=course.worst.count(RED),
        warning_colour=warnings.colour,
        response_level=warnings.response,
    )


def course_of(answer: Mapping[str, Any], fed: EngineInput, units: ModelUnits, places: Any) -> Course:
    """The water on underpasses in an answer of the engine."""
    levels = answer["levels"]
    return Course.of(
        places,
        [fed.original(one) for one in answer["nodes"]["id"]],
        np.asarray(levels["time_s"], dtype=np.float64),
        np.asarray(levels["depth"], dtype=np.float64) * units.length_m,
        np.asarray(answer["nodes"]["max_depth"], dtype=np.float64) * units.length_m,
    )


def balance_findings(answer: Mapping[str, Any]) -> Iterator[Finding]:
    """Balances of an answer that are off."""
    yield from _balance("DRAINAGE_CONTINUITY", answer["totals"]["continuity_error_percent"])
    if answer["runoff"]:
        yield from _balance("DRAINAGE_RUNOFF_CONTINUITY", answer["runoff"]["continuity_error_percent"])


def _risk(answer: Mapping[str, Any], fed: EngineInput, course: Course) -> Table:
    nodes = answer["nodes"]
    return risk_table(
        [fed.original(one) for one in nodes["id"]],
        np.asarray(nodes["surcharge_h"]) * 3600.0,
        np.asarray(nodes["flooding"]),
        np.asarray(nodes["flooded_h"]) * 3600.0,
        course,
    )


def _findings(answer: Mapping[str, Any], fed: EngineInput, units: ModelUnits) -> Iterator[Finding]:
    if answer["levels"]["every"] > 1:
        yield finding("DRAINAGE_LEVELS_THINNED", Severity.NOTE, value=float(answer["levels"]["every"]))
    for one in answer["messages"]:
        yield finding(
            "DRAINAGE_ENGINE_WARNING",
            Severity.NOTE,
            element=fed.original(one["element"]),
            text=fed.told(one["text"]),
        )
    flooding = np.asarray(answer["nodes"]["flooding"]) * units.volume_m3
    worst = np.argsort(-flooding, kind="stable")[:MOST_FLOODED_FINDINGS]
    for node in worst[flooding[worst] > 0].tolist():
        yield finding(
            "DRAINAGE_FLOODED",
            Severity.NOTE,
            element=fed.original(answer["nodes"]["id"][node]),
            value=float(flooding[node]),
            unit="m3",
        )


def _unscaled(document: InpDocument, scenario: Scenario) -> Iterator[Finding]:
    for node in nodes_without_demand(document, scenario):
        yield finding("DRAINAGE_DEMAND_UNCHANGED", Severity.NOTE, element=node)


def _balance(code: str, error_percent: float) -> Iterator[Finding]:
    size = abs(error_percent)
    if size > CONTINUITY_REJECTED_PERCENT:
        yield finding(
            code, Severity.REJECTED, value=error_percent, limit=CONTINUITY_REJECTED_PERCENT, unit="percent"
        )
    elif size > CONTINUITY_SUSPECT_PERCENT:
        yield finding(
            code, Severity.SUSPECT, value=error_percent, limit=CONTINUITY_SUSPECT_PERCENT, unit="percent"
        )


def _tables(answer: Mapping[str, Any], fed: EngineInput, units: ModelUnits) -> Iterator[Table]:
    nodes, links, pumps, outfalls, levels = (
        answer[key] for key in ("nodes", "links", "pumps", "outfalls", "levels")
    )
    ids = [fed.original(one) for one in nodes["id"]]
    yield NODES.build(
        node=ids,
        max_depth_m=nodes["max_depth"] * units.length_m,
        flooding_m3=nodes["flooding"] * units.volume_m3,
        surcharge_s=nodes["surcharge_h"] * 3600.0,
        average_depth_m=nodes["average_depth"] * units.length_m,
        max_depth_time_s=np.round((nodes["max_depth_date_days"] - answer["start_date_days"]) * 86_400.0, 1),
        flooded_s=nodes["flooded_h"] * 3600.0,
        max_inflow_m3_per_s=nodes["max_inflow"] * units.flow_m3_per_s,
    )
    conduit = np.asarray(links["conduit"], dtype=bool)
    yield LINKS.build(
        link=[fed.original(one) for one in links["id"]],
        max_flow_m3_per_s=np.abs(links["max_flow"]) * units.flow_m3_per_s,
        max_velocity_m_per_s=np.where(conduit, links["max_velocity"] * units.length_m, np.nan),
        max_depth_m=np.where(conduit, links["max_depth"] * units.length_m, np.nan),
        surcharge_s=np.where(conduit, links["surcharge_h"] * 3600.0, np.nan),
    )
    yield PUMPS.build(
        pump=[fed.original(one) for one in pumps["id"]],
        volume_m3=pumps["volume"] * units.volume_m3,
        starts=pumps["starts"],
        running_s=pumps["utilized"],
    )
    yield OUTFALLS.build(
        outfall=[fed.original(one) for one in outfalls["id"]],
        volume_m3=outfalls["volume"] * units.volume_m3,
        max_flow_m3_per_s=outfalls["max_flow"] * units.flow_m3_per_s,
        average_flow_m3_per_s=outfalls["average_flow"] * units.flow_m3_per_s,
    )
    times = np.asarray(levels["time_s"], dtype=np.float64)
    indices = np.tile(np.arange(len(ids), dtype=np.int32), len(times))
    yield LEVELS.build(
        node=Coded(tuple(ids), indices),
        time_s=np.repeat(times, len(ids)),
        depth_m=np.asarray(levels["depth"], dtype=np.float64).reshape(-1) * units.length_m,
    )
