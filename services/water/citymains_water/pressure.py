"""Pressure at every node, steady or over time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from citymains.intake.dataset import DatasetRef
from citymains.model.finding import verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import Coded, ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.utility import Utility

from citymains_water.asked import DemandModel, asked_of
from citymains_water.hydraulics import Block, Hydraulics, model_settings, solve
from citymains_water.judgement import judge
from citymains_water.loggers import LOGGERS, READINGS, SENSORS, Comparison, compare
from citymains_water.service_pressure import HOURS, SERVICE, ZONES, Service, ServiceLimits, places_of
from citymains_water.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PressureReport(Record):
    """Pressure, head and delivery at every node and time; flow in every link."""

    TABLES = (
        TableSpec(
            "nodes",
            "Nodes over time; times in order, nodes in model order within each.",
            (
                ColumnSpec("node", Kind.TEXT, "Id of the junction, reservoir or tank."),
                ColumnSpec("time_s", Kind.FLOAT, "Time from the start of the simulation."),
                ColumnSpec(
                    "pressure_m",
                    Kind.FLOAT,
                    "Pressure as water head above the node's elevation; of a tank its level, of a reservoir 0. Missing where no open path leads from a source.",
                ),
                ColumnSpec(
                    "head_m", Kind.FLOAT, "Head above datum. Missing where no open path leads from a source."
                ),
                ColumnSpec(
                    "required_m3_per_h",
                    Kind.FLOAT,
                    "Demand of the customers at the node at that time; 0 at sources.",
                ),
                ColumnSpec("delivered_m3_per_h", Kind.FLOAT, "What they get; 0 without supply."),
            ),
            MapLayer("node", "nodes", "pressure_m", worst="min"),
        ),
        TableSpec(
            "pipes",
            "Links over time: pipes, pumps and valves.",
            (
                ColumnSpec("link", Kind.TEXT, "Id of the pipe, pump or valve."),
                ColumnSpec("time_s", Kind.FLOAT, "Time from the start of the simulation."),
                ColumnSpec("flow_m3_per_h", Kind.FLOAT, "Flow, positive from the start to the end node."),
                ColumnSpec("velocity_m_per_s", Kind.FLOAT, "Mean velocity; 0 in pumps."),
                ColumnSpec("status", Kind.TEXT, "OPEN or CLOSED."),
            ),
            MapLayer("link", "links", "velocity_m_per_s"),
        ),
        SERVICE,
        ZONES,
        HOURS,
        SENSORS,
        READINGS,
    )

    demand_model: DemandModel = DemandModel.DDA
    duration_s: float = 0.0
    """Simulated time; 0 is steady."""
    minimum_pressure_m: float = float("nan")
    """Lowest pressure at a junction with demand."""
    minimum_pressure_node: str = ""
    unsupplied_node_count: int = 0
    """Junctions without an open path to a source at some time."""
    required_m3: float = 0.0
    """Demand over the simulated time; of a steady state over one hour."""
    delivered_m3: float = 0.0
    pass_rate_percent: float = float("nan")
    """Share of nodes with demand and report times at which the pressure owed is met; NaN: none is owed."""
    worst_time_s: float = float("nan")
    """When most nodes are below what they are owed; NaN where none ever is."""
    rmse_m: float = float("nan")
    """Root mean square of calculated minus measured pressures; NaN without readings."""
    bias_m: float = float("nan")
    """Mean of calculated minus measured pressures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureRequest:
    """Arguments of the question."""

    hours: float | None = None
    scenario: Scenario
    demand_model: DemandModel | None = None
    minimum_pressure_m: float | None = None
    required_pressure_m: float | None = None
    places: DatasetRef | None = None
    measurements: DatasetRef | None = None
    measured_from: datetime | None = None


def analyze_pressure(face: Utility, network: Network, asked: PressureRequest) -> PressureReport:
    """Answer the question ``pressure`` (see `citymains_water.utility.Water.pressure`)."""
    started = time.monotonic()
    _, settings = model_settings(face, network)
    places = places_of(face, network, asked.places)
    options = asked_of(
        settings,
        hours=asked.hours,
        demand_model=asked.demand_model,
        minimum_pressure_m=asked.minimum_pressure_m,
        required_pressure_m=asked.required_pressure_m,
        scenario=asked.scenario,
    )
    found = solve(
        face,
        network,
        question="pressure",
        scenario=asked.scenario,
        demands=options.demands,
        duration_s=options.duration_s,
    )
    service = Service(found, ServiceLimits.of(face, network, places))
    measured = _measured(face, found, asked)
    findings = (*judge(found, options.demand_model.value), *service.findings(), *measured.findings)
    return PressureReport(
        verdict=verdict_of(findings),
        findings=findings,
        provenance=face.provenance(
            "pressure",
            network=network,
            scenario=asked.scenario,
            engine="epanet",
            engine_version=found.engine_version,
            options={**options.options(), "report_step_s": f"{settings.report_step_s:g}"},
            rule_packs=service.limits.packs,
            run_s=time.monotonic() - started,
        ),
        tables=(*_tables(found), *service.tables(), measured.sensors, measured.readings),
        demand_model=options.demand_model,
        duration_s=options.duration_s,
        rmse_m=measured.rmse_m,
        bias_m=measured.bias_m,
        **_summary(found, settings),
        **_service(service),
    )


def _measured(face: Utility, found: Hydraulics, asked: PressureRequest) -> Comparison:
    ledger = face.ledger(asked.measurements, LOGGERS)
    if ledger is None:
        return Comparison.nothing()
    start = None if asked.measured_from is None else face.workbench.civil(asked.measured_from)
    return compare(found, ledger, start)


def _service(service: Service) -> dict[str, Any]:
    below = service.below.sum(axis=1)
    worst = float(service.found.times_s[int(below.argmax())]) if below.any() else float("nan")
    return {"pass_rate_percent": service.pass_rate_percent(), "worst_time_s": worst}


def _tables(found: Hydraulics) -> tuple[Table, ...]:
    nodes, links = PressureReport.TABLES[:2]
    count = len(found.times_s)
    return (
        nodes.build(
            node=Coded(tuple(found.node_ids), np.tile(np.arange(len(found.node_ids), dtype=np.int32), count)),
            time_s=np.repeat(found.times_s, len(found.node_ids)),
            pressure_m=found.pressure_m.ravel(),
            head_m=found.head_m.ravel(),
            required_m3_per_h=found.required_m3_per_h.ravel(),
            delivered_m3_per_h=found.delivered_m3_per_h.ravel(),
        ),
        links.build(
            link=Coded(tuple(found.link_ids), np.tile(np.arange(len(found.link_ids), dtype=np.int32), count)),
            time_s=np.repeat(found.times_s, len(found.link_ids)),
            flow_m3_per_h=found.flow_m3_per_h.ravel(),
            velocity_m_per_s=found.velocity_m_per_s.ravel(),
            status=Coded(("CLOSED", "OPEN"), found.open.ravel().astype(np.int32)),
        ),
    )


def _summary(found: Hydraulics, settings: Settings) -> dict[str, Any]:
    junctions = slice(0, found.junction_count)
    pressure = np.where(found.required_m3_per_h > 0, found.pressure_m, np.nan)[:, junctions]
    lowest, node = float("nan"), ""
    if np.isfinite(pressure).any():
        at = int(np.nanargmin(pressure))
        lowest, node = float(pressure.flat[at]), found.node_ids[at % found.junction_count]
    return {
        "minimum_pressure_m": lowest,
        "minimum_pressure_node": node,
        "unsupplied_node_count": int((~found.supplied[:, junctions]).any(axis=0).sum()),
        "required_m3": _volume_m3(found.required_m3_per_h, found, settings),
        "delivered_m3": _volume_m3(found.delivered_m3_per_h, found, settings),
    }


def _volume_m3(rate: Block, found: Hydraulics, settings: Settings) -> float:
    """Volume of report steps that each hold to the next one; negative demands are inflows and left out."""
    total = np.clip(rate, 0.0, None).sum(axis=1)
    if len(found.times_s) == 1:
        return float(total[0])
    return float(total[:-1] @ np.diff(found.times_s) / 3600.0)
