"""Pressure at every node, steady or over time."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from citymains.errors import InputError
from citymains.model.finding import verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Burst, Close, Lose, Scenario
from citymains.model.table import Coded, ColumnSpec, Kind, MapLayer, Table, TableSpec
from citymains.utility import Utility

from citymains_water.engine_input import Demands
from citymains_water.hydraulics import Block, Hydraulics, model_settings, solve
from citymains_water.judgement import judge
from citymains_water.service_pressure import service_findings
from citymains_water.settings import Settings

#: Pressure at which demand is met in full where neither the caller nor the file says, in m.
#: 14 m (0.14 MPa) is the usual minimum at the ends of Chinese networks (CJJ 58).
REQUIRED_PRESSURE_M = 14.0
#: EPANET wants at least this between no and full delivery, in the file's unit of pressure.
_LEAST_SPAN = 0.1


class DemandModel(StrEnum):
    """How demands meet pressure."""

    DDA = "DDA"
    """Demand-driven: every demand is drawn in full, whatever the pressure."""
    PDD = "PDD"
    """Pressure-dependent: between the minimum and the required pressure delivery follows its root."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureRequest:
    """Arguments of the question."""

    hours: float | None = None
    scenario: Scenario
    demand_model: DemandModel | None = None
    minimum_pressure_m: float | None = None
    required_pressure_m: float | None = None


def analyze_pressure(face: Utility, network: Network, asked: PressureRequest) -> PressureReport:
    """Answer the question ``pressure`` (see `citymains_water.utility.Water.pressure`)."""
    started = time.monotonic()
    _, settings = model_settings(face, network)
    duration_s = asked_duration_s(asked.hours, settings)
    model = _demand_model(asked, settings)
    low_m, full_m = asked_pressures_m(asked.minimum_pressure_m, asked.required_pressure_m, settings)
    per_m = settings.pressure_per_m()
    demands = Demands(
        "DDA" if model is DemandModel.DDA else "PDA",
        low_m * per_m,
        full_m * per_m,
        settings.numbers.get("PRESSURE EXPONENT", 0.5),
    )
    found = solve(
        face, network, question="pressure", scenario=asked.scenario, demands=demands, duration_s=duration_s
    )
    service, packs = service_findings(face, found)
    findings = (*judge(found, model.value), *service)
    options = {
        "demand_model": model,
        "duration_s": f"{duration_s:g}",
        "report_step_s": f"{settings.report_step_s:g}",
        "minimum_pressure_m": f"{low_m:g}",
        "required_pressure_m": f"{full_m:g}",
        "pressure_exponent": f"{demands.exponent:g}",
    }
    return PressureReport(
        verdict=verdict_of(findings),
        findings=findings,
        provenance=face.provenance(
            "pressure",
            network=network,
            scenario=asked.scenario,
            engine="epanet",
            engine_version=found.engine_version,
            options=options,
            rule_packs=packs,
            run_s=time.monotonic() - started,
        ),
        tables=_tables(found),
        demand_model=model,
        duration_s=duration_s,
        **_summary(found, settings),
    )


def asked_duration_s(hours: float | None, settings: Settings) -> float:
    """Seconds to simulate: as asked, else as the model says. Raises InputError."""
    if hours is None:
        return settings.duration_s
    if not 0.0 <= hours < 1e6:
        raise InputError("ARGUMENT_INVALID", field="hours", value=hours, limit="0 .. 1e6")
    return float(round(hours * 3600.0))


def _demand_model(asked: PressureRequest, settings: Settings) -> DemandModel:
    if asked.demand_model is not None:
        if asked.demand_model not in tuple(DemandModel):
            raise InputError(
                "ARGUMENT_INVALID",
                field="demand_model",
                value=asked.demand_model,
                limit=" ".join(DemandModel),
            )
        return DemandModel(asked.demand_model)
    cut = any(isinstance(edit, Close | Lose | Burst) for edit in asked.scenario.edits)
    return DemandModel.PDD if cut or settings.demand_model == "PDA" else DemandModel.DDA


def asked_pressures_m(
    minimum_m: float | None, required_m: float | None, settings: Settings
) -> tuple[float, float]:
    """Pressures without and with full delivery: as asked, else as the model says. Raises InputError."""
    per_m = settings.pressure_per_m()
    in_file = {
        name: settings.numbers.get(f"{name} PRESSURE", 0.0) / per_m for name in ("MINIMUM", "REQUIRED")
    }
    low = minimum_m if minimum_m is not None else in_file["MINIMUM"]
    full = required_m
    if full is None:
        full = (
            in_file["REQUIRED"]
            if in_file["REQUIRED"] > low + _LEAST_SPAN / per_m
            else max(REQUIRED_PRESSURE_M, low + 1.0)
        )
    if not 0.0 <= low < 1e4:
        raise InputError("ARGUMENT_INVALID", field="minimum_pressure_m", value=low, limit="0 .. 1e4")
    if not low + _LEAST_SPAN / per_m <= full < 1e4:
        raise InputError(
            "ARGUMENT_INVALID",
            field="required_pressure_m",
            value=full,
            limit=f"> minimum_pressure_m ({low:g})",
        )
    return low, full


def _tables(found: Hydraulics) -> tuple[Table, ...]:
    nodes, links = PressureReport.TABLES
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
