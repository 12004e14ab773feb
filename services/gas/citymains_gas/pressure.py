"""Steady pressures and flows of a gas network, what they are worth, and which limits they keep."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.model.finding import verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec

from citymains_gas.compliance import CUSTOMERS, LEVELS, Compliance, Limits
from citymains_gas.delivery import ServiceLevel
from citymains_gas.friction import FrictionModel
from citymains_gas.households import household_demand
from citymains_gas.judgement import judge
from citymains_gas.ledgers import LedgerRef, customer_ledger
from citymains_gas.regulators_states import STATE_TEXTS
from citymains_gas.steady import SteadyOptions, SteadyState, ask_steady, pipe_model, positive
from citymains_gas.sweep import ENGINE

if TYPE_CHECKING:
    from citymains.utility import Utility

#: Nominal pressure of appliances for natural gas [kPa], gauge, where nothing else is given.
NOMINAL_PRESSURE_KPA: Final = 2.0
#: Least pressure of appliances over the nominal one, where no rule says.
LEAST_RATIO: Final = 0.75

NODES = TableSpec(
    "nodes",
    "Pressure at every junction.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure; missing where there is no supply."),
        ColumnSpec(
            "pressure_class", Kind.TEXT, "Pressure class: the network's, else by the set point that feeds it."
        ),
        ColumnSpec(
            "upper_kpa", Kind.FLOAT, "Upper limit of the class, gauge; missing where no rule has one."
        ),
    ),
    MapLayer("node", "junctions", "pressure_kpa", worst="min"),
)

PIPES = TableSpec(
    "pipes",
    "Flow in every pipe.",
    (
        ColumnSpec("pipe", Kind.TEXT, "Id of the pipe."),
        ColumnSpec(
            "flow_kg_per_s",
            Kind.FLOAT,
            "Mass flow, positive from from_node to to_node; missing where there is no supply.",
        ),
        ColumnSpec(
            "velocity_m_per_s", Kind.FLOAT, "Mean velocity at the pressure in the pipe, with the flow's sign."
        ),
        ColumnSpec("reynolds", Kind.FLOAT, "Reynolds number (1)."),
        ColumnSpec("friction_factor", Kind.FLOAT, "Darcy friction factor (1)."),
    ),
    MapLayer("pipe", "pipes", "velocity_m_per_s"),
)

REGULATORS = TableSpec(
    "regulators",
    "State, pressures and flow of every regulator.",
    (
        ColumnSpec("regulator", Kind.TEXT, "Id of the regulator."),
        ColumnSpec("state", Kind.TEXT, "regulating, open, shut, slam_shut or out."),
        ColumnSpec("inlet_pressure_kpa", Kind.FLOAT, "Gauge pressure at the inlet."),
        ColumnSpec("outlet_pressure_kpa", Kind.FLOAT, "Gauge pressure at the outlet."),
        ColumnSpec("set_pressure_kpa", Kind.FLOAT, "Gauge set point."),
        ColumnSpec("flow_kg_per_s", Kind.FLOAT, "Mass flow; 0 through one that is shut."),
        ColumnSpec("capacity_kg_per_s", Kind.FLOAT, "Greatest mass flow it passes; missing: unlimited."),
    ),
)

SOURCES = TableSpec(
    "sources",
    "What every source feeds.",
    (
        ColumnSpec("source", Kind.TEXT, "Id of the source."),
        ColumnSpec(
            "flow_kg_per_s", Kind.FLOAT, "Mass flow into the network; missing where it is out of service."
        ),
    ),
)

SINKS = TableSpec(
    "sinks",
    "What every demand asks for and gets.",
    (
        ColumnSpec("sink", Kind.TEXT, "Id of the demand."),
        ColumnSpec("node", Kind.TEXT, "Id of its junction."),
        ColumnSpec("required_kg_per_s", Kind.FLOAT, "Mass flow it asks for in this scenario."),
        ColumnSpec(
            "delivered_kg_per_s",
            Kind.FLOAT,
            "Mass flow it gets; 0 without supply, missing without a solution.",
        ),
    ),
)


class DemandModel(StrEnum):
    """How demand meets pressure."""

    DDA = "DDA"
    """Every demand is drawn in full, whatever the pressure."""
    PDD = "PDD"
    """Appliances draw less below their nominal pressure, and nothing below the least."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PressureReport(Record):
    """Steady pressures and flows of a gas network."""

    TABLES = (NODES, PIPES, REGULATORS, SOURCES, SINKS, LEVELS, CUSTOMERS)

    converged: bool = False
    """Whether a solution was found."""
    iterations: int = 0
    """Newton iterations the engine took."""
    minimum_pressure_kpa: float | None = None
    """Lowest gauge pressure; None if nothing is supplied."""
    minimum_pressure_node: str = ""
    """Junction where it is."""
    required_kg_per_s: float = 0.0
    """Sum of what the demands in service ask for."""
    delivered_kg_per_s: float | None = None
    """Sum of what they get; None without a solution."""
    unsupplied_node_count: int = 0
    """Junctions in service without supply."""
    maximum_velocity_m_per_s: float | None = None
    """Highest velocity; None if nothing flows."""
    maximum_velocity_pipe: str = ""
    """Pipe where it is."""
    household_count: int = 0
    """Households whose peak was drawn by simultaneity; 0 where it was not asked for."""


@dataclass(frozen=True, kw_only=True)
class PressureRequest:
    """Arguments of the question besides the network."""

    scenario: Scenario
    friction_model: FrictionModel
    demand_model: DemandModel
    nominal_pressure_kpa: float
    velocity_limit_m_per_s: float
    customers: LedgerRef | None
    simultaneity: str


def service_level(utility: Utility, nominal_kpa: float) -> ServiceLevel:
    """What appliances of a nominal pressure need at the workbench's place today."""
    workbench = utility.workbench
    limits = Limits.of(
        workbench,
        nominal_kpa=positive("nominal_pressure_kpa", nominal_kpa),
        velocity_m_per_s=np.inf,
        on=workbench.today(),
    )
    return ServiceLevel(nominal_kpa, float(limits.resolved.value("appliance_least_ratio", LEAST_RATIO)))


def analyze_pressure(utility: Utility, network: Network, request: PressureRequest) -> PressureReport:
    """Ask the engine for one steady state and judge it (see :meth:`citymains_gas.utility.Gas.pressure`)."""
    began = time.perf_counter()
    workbench = utility.workbench
    limits = Limits.of(
        workbench,
        nominal_kpa=positive("nominal_pressure_kpa", request.nominal_pressure_kpa),
        velocity_m_per_s=positive("velocity_limit_m_per_s", request.velocity_limit_m_per_s),
        on=workbench.today(),
    )
    people = customer_ledger(utility, request.customers)
    model, households, packs = pipe_model(utility, network), 0, limits.resolved.applied
    if request.simultaneity:
        peak = household_demand(
            workbench,
            model,
            None if people is None else people.require(),
            request.simultaneity,
            workbench.today(),
        )
        model, households, packs = peak.model, peak.households, (*packs, *peak.rule_packs)
    delivery = None
    if request.demand_model is DemandModel.PDD:
        delivery = service_level(utility, request.nominal_pressure_kpa)
    options = SteadyOptions(request.friction_model, delivery)
    state = ask_steady(utility, network, request.scenario, options, question="gas.pressure", model=model)
    held = Compliance(state, limits, None if people is None else people.require())
    findings = (*judge(state), *(held.findings() if state.converged else ()))
    return PressureReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=(*steady_tables(state, held), held.level_table(), held.customer_table()),
        household_count=households,
        **steady_summary(state),
        provenance=utility.provenance(
            "pressure",
            network=network,
            scenario=request.scenario,
            engine=ENGINE,
            engine_version=state.engine_version,
            options={
                **limits.options(),
                **state.provenance_options(),
                "simultaneity": request.simultaneity,
                "customers_sha256": "" if people is None else people.sha256,
            },
            rule_packs=packs,
            run_s=time.perf_counter() - began,
        ),
    )


def steady_tables(state: SteadyState, held: Compliance) -> tuple[Table, ...]:
    """Tables of the elements in a steady state."""
    ids, output = state.ids, state.output
    regulators = len(ids("regulators"))
    states = state.answer.get("states", np.zeros(regulators, dtype=np.int64))
    return (
        NODES.build(
            node=ids("junctions"),
            pressure_kpa=state.pressure_kpa,
            pressure_class=held.levels.pressure_class,
            upper_kpa=held.of_class("upper_kpa"),
        ),
        PIPES.build(
            pipe=ids("pipes"),
            **{
                name: output("pipes", name)
                for name in ("flow_kg_per_s", "velocity_m_per_s", "reynolds", "friction_factor")
            },
        ),
        REGULATORS.build(
            regulator=ids("regulators"),
            state=[STATE_TEXTS[int(one)] for one in states],
            set_pressure_kpa=state.input("regulators", "pressure_kpa"),
            capacity_kg_per_s=state.model.column("regulators", "capacity_kg_per_s"),
            **{
                name: output("regulators", name)
                for name in ("inlet_pressure_kpa", "outlet_pressure_kpa", "flow_kg_per_s")
            },
        ),
        SOURCES.build(source=ids("sources"), flow_kg_per_s=output("sources", "flow_kg_per_s")),
        SINKS.build(
            sink=ids("sinks"),
            node=list(state.model.column("sinks", "node")),
            required_kg_per_s=state.required_kg_per_s,
            delivered_kg_per_s=state.delivered_kg_per_s,
        ),
    )


def steady_summary(state: SteadyState) -> dict[str, Any]:
    """Summary fields of a steady state."""
    pressure, converged = state.pressure_kpa, state.converged
    speed = np.abs(state.output("pipes", "velocity_m_per_s"))
    lowest, fastest = _extreme(-pressure), _extreme(speed)
    return {
        "converged": converged,
        "iterations": int(state.answer["iterations"]),
        "minimum_pressure_kpa": None if lowest is None else float(pressure[lowest]),
        "minimum_pressure_node": "" if lowest is None else state.ids("junctions")[lowest],
        "required_kg_per_s": float(state.required_kg_per_s.sum()),
        "delivered_kg_per_s": float(state.delivered_kg_per_s.sum()) if converged else None,
        "unsupplied_node_count": int(state.unsupplied.sum()) if converged else 0,
        "maximum_velocity_m_per_s": None if fastest is None else float(speed[fastest]),
        "maximum_velocity_pipe": "" if fastest is None else state.ids("pipes")[fastest],
    }


def _extreme(values: Any) -> int | None:
    """Row of the largest number; None where there is none."""
    return int(np.nanargmax(values)) if np.isfinite(values).any() else None
