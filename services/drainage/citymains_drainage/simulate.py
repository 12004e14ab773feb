"""The question `simulate`: depths, flooding and outflow of a storm, with the engine's own balance."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError, Issue, ResultRejectedError, SolverError, issue
from citymains.intake.inp import InpDocument
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.scenario import Lose, ScaleDemand, Scenario, StormEdit
from citymains.model.table import Coded, Table

from citymains_drainage.engine_input import EngineInput, engine_input, nodes_without_demand
from citymains_drainage.network import parse_document
from citymains_drainage.options import ModelOptions, read_options
from citymains_drainage.rain import with_rain
from citymains_drainage.simulation_report import (
    LEVELS,
    LINKS,
    NODES,
    OUTFALLS,
    PUMPS,
    SimulationReport,
)
from citymains_drainage.storms.question import Storm, storm_of_edit
from citymains_drainage.units import ModelUnits

if TYPE_CHECKING:
    from citymains.utility import Utility

ENGINE: Final = "swmm"
#: Balance error above which a result is doubtful, and above which it is not usable [%].
#: Pumps that share an empty wet well create water: a measured case reached -38 %.
CONTINUITY_SUSPECT_PERCENT: Final = 2.0
CONTINUITY_REJECTED_PERCENT: Final = 10.0
#: How long a simulation goes on after a storm that is given to it [s].
AFTER_RAIN_S: Final = 4 * 3600.0
#: Findings name at most so many flooded nodes, the worst first; the table has them all.
MOST_FLOODED_FINDINGS: Final = 100

SUPPORTED_EDITS: Final = (Lose, ScaleDemand, StormEdit)
#: Errors of the engine itself rather than of the model: memory, equation solving, files.
_ENGINE_FAILURES: Final = frozenset({0, 101, 102, 103, 104, 105, 107})


def simulate_storm(
    face: Utility, network: Network, storm: Storm | None, *, scenario: Scenario | None, hours: float | None
) -> SimulationReport:
    """Simulate a network with the rain of its model or another; see `Drainage.simulate`."""
    scenario = scenario or Scenario()
    scenario.require("drainage.simulate", SUPPORTED_EDITS)
    document = parse_document(face.document(network))
    options, _ = read_options(document)
    storm = chosen_storm(face, storm, scenario)
    if storm is not None:
        document = with_rain(document, options, storm.intensity_mm_per_h, storm.step_s)
        hours = (storm.duration_s + AFTER_RAIN_S) / 3600.0 if hours is None else hours
    _check_hours(hours, options)
    fed = engine_input(document, options, scenario=scenario, hours=hours)
    begun = time.monotonic()
    with face.workbench.engines.session(ENGINE, {"inp": fed.text}, element=network.name) as session:
        answer = session.run({})
        version = session.engine_version
    run_s = time.monotonic() - begun
    _refuse(answer, fed, network.provenance.source_file)
    duration_s = options.duration_s if hours is None else hours * 3600.0
    _check_answer(answer, fed, network, duration_s, options.report_step_s)
    findings = (*_findings(answer, fed, options.units), *_unscaled(document, scenario))
    totals, volume_m3, rain_mm = answer["totals"], options.units.volume_m3, options.units.rain_mm
    runoff = answer["runoff"]
    return SimulationReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=tuple(_tables(answer, fed, options.units)),
        provenance=face.provenance(
            "simulate",
            network=network,
            scenario=scenario,
            engine=ENGINE,
            engine_version=version,
            run_s=run_s,
            options={
                "hours": "model" if hours is None else float(hours),
                "storm_sha256": "model" if storm is None else storm.data("hyetograph").sha256,
                "threads": 1,
                "continuity_suspect_percent": CONTINUITY_SUSPECT_PERCENT,
                "continuity_rejected_percent": CONTINUITY_REJECTED_PERCENT,
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
        duration_s=duration_s,
        step_count=int(answer["steps"]),
        flooded_node_count=int(np.count_nonzero(np.asarray(answer["nodes"]["flooding"]) > 0)),
    )


def chosen_storm(face: Utility, storm: Storm | None, scenario: Scenario) -> Storm | None:
    """The storm of an argument or of a scenario's edit; None: the model's own rain.

    Raises
    ------
    InputError
        SIMULATE_TWO_STORMS.
    """
    edits = [edit for edit in scenario.edits if isinstance(edit, StormEdit)]
    if len(edits) + (storm is not None) > 1:
        raise InputError("SIMULATE_TWO_STORMS", field="storm")
    return storm_of_edit(face, edits[0]) if edits else storm


def _check_hours(hours: float | None, options: ModelOptions) -> None:
    least = options.report_step_s / 3600.0
    if hours is not None and not least <= hours <= 24 * 366 * 100:
        raise InputError(
            "ARGUMENT_INVALID", field="hours", value=hours, limit=f"{least:g} .. {24 * 366 * 100}"
        )


def _refuse(answer: Mapping[str, Any], fed: EngineInput, file: str) -> None:
    """Raise what the engine said, located in the stored model."""
    errors = [one for one in answer["messages"] if one["level"] == "error"]
    if not errors:
        if "incomplete" in answer:
            raise ResultRejectedError(engine=ENGINE, value=answer["incomplete"])
        return
    own = [one for one in errors if one["code"] in _ENGINE_FAILURES or one["code"] >= 300]
    if own:
        raise SolverError(engine=ENGINE, value=f"{own[0]['code']}: {fed.told(own[0]['text'])}")
    raise InputError([_located(one, fed, file) for one in errors])


def _located(message: Mapping[str, Any], fed: EngineInput, file: str) -> Issue:
    element = fed.original(message["element"])
    section, line = fed.place(message["line"]) if message["line"] else fed.definitions.get(element, ("", 0))
    return issue(
        "DRAINAGE_ENGINE_REFUSED",
        file=file,
        line=line or None,
        section=section or message["section"],
        element=element,
        field=f"SWMM {message['code']}",
        value=fed.told(message["text"]),
    )


def _check_answer(
    answer: Mapping[str, Any], fed: EngineInput, network: Network, duration_s: float, report_step_s: float
) -> None:
    """What a finished run must show before its numbers count."""
    for kind, tables in (("nodes", _NODE_TABLES), ("links", _LINK_TABLES)):
        have = {fed.original(one) for one in answer[kind]["id"]}
        want = {one for table in network.tables if table.name in tables for one in table.texts("id")}
        if have != want:
            raise ResultRejectedError(engine=ENGINE, value=f"{kind} of the answer are not those of the model")
    numbers = [*answer["totals"].values(), *answer["runoff"].values()]
    columns = [
        values
        for kind in ("nodes", "links", "pumps", "outfalls")
        for name, values in answer[kind].items()
        if name != "id"
    ]
    if not (np.isfinite(numbers).all() and all(np.isfinite(one).all() for one in columns)):
        raise ResultRejectedError(engine=ENGINE, value="numbers that are not finite")
    levels = answer["levels"]
    last_s = float(levels["time_s"][-1])
    if last_s + report_step_s * levels["every"] < duration_s or not np.isfinite(levels["depth"]).all():
        raise ResultRejectedError(engine=ENGINE, value=f"levels end at {last_s:g} s of {duration_s:g} s")


_NODE_TABLES: Final = frozenset({"junctions", "outfalls", "dividers", "storages"})
_LINK_TABLES: Final = frozenset({"conduits", "pumps", "orifices", "weirs", "outlets"})


def _findings(answer: Mapping[str, Any], fed: EngineInput, units: ModelUnits) -> Iterator[Finding]:
    yield from _balance("DRAINAGE_CONTINUITY", answer["totals"]["continuity_error_percent"])
    if answer["runoff"]:
        yield from _balance("DRAINAGE_RUNOFF_CONTINUITY", answer["runoff"]["continuity_error_percent"])
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
