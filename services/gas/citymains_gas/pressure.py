"""Steady pressures and flows of a gas network, and what they are worth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Close, Lose, Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec
from numpy.typing import NDArray

import citymains_gas.messages  # noqa: F401  (registers the texts)

if TYPE_CHECKING:
    from citymains.utility import Utility

ENGINE: Final = "pandapipes-gas"

#: Findings of one code that are listed; the worst come first.
MAX_LISTED: Final = 50

#: Reynolds number from which on flow is turbulent (GB 50028: laminar to 2100, critical to 3500).
TURBULENT_REYNOLDS: Final = 3500.0

_BOOST_TOLERANCE_KPA: Final = 1e-3
_FLOW_TOLERANCE_KG_PER_S: Final = 1e-7

_NODES = TableSpec(
    "nodes",
    "Pressure at every junction.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure; missing where there is no supply."),
    ),
    MapLayer("node", "junctions", "pressure_kpa", worst="min"),
)

_PIPES = TableSpec(
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
    ),
    MapLayer("pipe", "pipes", "velocity_m_per_s"),
)

_REGULATORS = TableSpec(
    "regulators",
    "Pressures and flow at every regulator.",
    (
        ColumnSpec("regulator", Kind.TEXT, "Id of the regulator."),
        ColumnSpec("inlet_pressure_kpa", Kind.FLOAT, "Gauge pressure at the inlet."),
        ColumnSpec("outlet_pressure_kpa", Kind.FLOAT, "Gauge pressure at the outlet."),
        ColumnSpec("set_pressure_kpa", Kind.FLOAT, "Gauge set point."),
        ColumnSpec("flow_kg_per_s", Kind.FLOAT, "Mass flow, negative backwards."),
    ),
)

_SOURCES = TableSpec(
    "sources",
    "What every source feeds.",
    (
        ColumnSpec("source", Kind.TEXT, "Id of the source."),
        ColumnSpec(
            "flow_kg_per_s", Kind.FLOAT, "Mass flow into the network; missing where it is out of service."
        ),
    ),
)

_SINKS = TableSpec(
    "sinks",
    "What every demand asks for and gets.",
    (
        ColumnSpec("sink", Kind.TEXT, "Id of the demand."),
        ColumnSpec("node", Kind.TEXT, "Id of its junction."),
        ColumnSpec("required_kg_per_s", Kind.FLOAT, "Mass flow it asks for in this scenario."),
        ColumnSpec(
            "delivered_kg_per_s",
            Kind.FLOAT,
            "Mass flow it gets: all, or 0 without supply; missing without a solution.",
        ),
    ),
)


class FrictionModel(StrEnum):
    """How the friction factor is calculated."""

    COLEBROOK = "colebrook"
    """Prandtl-Colebrook; the law of GB 50028 for turbulent flow."""
    NIKURADSE = "nikuradse"
    """64/Re plus the fully rough law; under-predicts drops in plastic pipes by up to 40 %."""
    SWAMEE_JAIN = "swamee-jain"
    """Explicit approximation of Colebrook."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class PressureReport(Record):
    """Steady pressures and flows of a gas network."""

    TABLES = (_NODES, _PIPES, _REGULATORS, _SOURCES, _SINKS)

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


@dataclass(frozen=True)
class _Result:
    """One answer of the engine beside the network and scenario it belongs to."""

    model: PipeModel
    scenario: Scenario
    edited: Mapping[str, Mapping[str, NDArray[Any]]]
    answer: Mapping[str, Any]

    def input(self, component: str, name: str) -> NDArray[Any]:
        """A column of the network as the scenario left it."""
        return self.edited.get(component, {}).get(name, self.model.column(component, name))

    def output(self, component: str, name: str) -> NDArray[np.float64]:
        """A column of the answer."""
        columns = self.answer["columns"].get(component)
        return np.asarray(columns[name], dtype=np.float64) if columns else np.zeros(0)

    @property
    def unsupplied(self) -> NDArray[np.bool_]:
        """Junctions in service that no source reaches."""
        without = np.isnan(self.output("junctions", "pressure_kpa"))
        return np.asarray(without & self.input("junctions", "in_service"), dtype=np.bool_)


def friction_model_of(given: FrictionModel | str) -> FrictionModel:
    """The friction model of a name.

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    try:
        return FrictionModel(given)
    except ValueError as error:
        raise InputError(
            "ARGUMENT_INVALID",
            field="friction_model",
            value=given,
            limit=", ".join(one.value for one in FrictionModel),
        ) from error


def analyze_pressure(
    utility: Utility, network: Network, scenario: Scenario, friction_model: FrictionModel
) -> PressureReport:
    """Ask the engine for one steady state and judge it (see :meth:`citymains_gas.utility.Gas.pressure`)."""
    began = time.perf_counter()
    workbench = utility.workbench
    model = workbench.cached(("pipe model", network.id), lambda: PipeModel.of(utility.document(network)))
    edited = model.edited(scenario, "gas.pressure")
    task = {"friction_model": friction_model.value, "edits": model.edits(scenario, "gas.pressure")}
    with workbench.engines.session(ENGINE, model.engine_model(), element=network.name) as session:
        answer = session.run(task)
        version = session.engine_version
    result = _Result(model, scenario, edited, answer)
    findings = tuple(_findings(result, friction_model))
    return PressureReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=_tables(result),
        **_summary(result),
        provenance=utility.provenance(
            "pressure",
            network=network,
            scenario=scenario,
            engine=ENGINE,
            engine_version=version,
            options={
                "friction_model": friction_model,
                "fluid": model.fluid["name"],
                "ambient_temperature_c": model.ambient_temperature_c,
                **answer["options"],
            },
            run_s=time.perf_counter() - began,
        ),
    )


# -- tables ------------------------------------------------------------------------------------------------


def _tables(result: _Result) -> tuple[Table, ...]:
    model, ids = result.model, result.model.ids
    required, delivered = _demands(result)
    return (
        _NODES.build(node=ids("junctions"), pressure_kpa=result.output("junctions", "pressure_kpa")),
        _PIPES.build(
            pipe=ids("pipes"),
            **{
                name: result.output("pipes", name)
                for name in ("flow_kg_per_s", "velocity_m_per_s", "reynolds")
            },
        ),
        _REGULATORS.build(
            regulator=ids("regulators"),
            set_pressure_kpa=model.column("regulators", "pressure_kpa"),
            **{
                name: result.output("regulators", name)
                for name in ("inlet_pressure_kpa", "outlet_pressure_kpa", "flow_kg_per_s")
            },
        ),
        _SOURCES.build(source=ids("sources"), flow_kg_per_s=result.output("sources", "flow_kg_per_s")),
        _SINKS.build(
            sink=ids("sinks"),
            node=list(model.column("sinks", "node")),
            required_kg_per_s=required,
            delivered_kg_per_s=delivered,
        ),
    )


def _demands(result: _Result) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Required and delivered mass flow of every sink; the calculation gives all or nothing."""
    required = (
        result.input("sinks", "flow_kg_per_s")
        * result.input("sinks", "scaling")
        * result.input("sinks", "in_service")
    )
    if not result.answer["converged"]:
        return required, np.full(len(required), np.nan)
    row_of = {name: row for row, name in enumerate(result.model.ids("junctions"))}
    rows = np.array([row_of[node] for node in result.model.column("sinks", "node")], dtype=np.int64)
    without = np.isnan(result.output("junctions", "pressure_kpa"))[rows]
    return required, np.where(without, 0.0, required)


def _summary(result: _Result) -> dict[str, Any]:
    pressure = result.output("junctions", "pressure_kpa")
    required, delivered = _demands(result)
    supplied = bool(np.isfinite(pressure).any())
    lowest = int(np.nanargmin(pressure)) if supplied else -1
    converged = bool(result.answer["converged"])
    return {
        "converged": converged,
        "iterations": int(result.answer["iterations"]),
        "minimum_pressure_kpa": float(pressure[lowest]) if supplied else None,
        "minimum_pressure_node": result.model.ids("junctions")[lowest] if supplied else "",
        "required_kg_per_s": float(required.sum()),
        "delivered_kg_per_s": float(delivered.sum()) if converged else None,
        "unsupplied_node_count": int(result.unsupplied.sum()) if converged else 0,
    }


# -- findings ----------------------------------------------------------------------------------------------


def _findings(result: _Result, friction_model: FrictionModel) -> Iterator[Finding]:
    if not result.answer["converged"]:
        yield finding(
            "GAS_NOT_CONVERGED",
            Severity.REJECTED,
            limit=float(result.answer["options"]["max_iterations"]),
            value=float(result.answer["iterations"]),
            reason=result.answer["message"],
        )
        return
    yield from _regulator_findings(result)
    pressure = result.output("junctions", "pressure_kpa")
    yield from _worst(
        "GAS_NEG_GAUGE",
        Severity.REJECTED,
        result.model.ids("junctions"),
        pressure,
        pressure < 0.0,
        limit=0.0,
        unit="kPa",
    )
    explained = any(isinstance(edit, Close | Lose) for edit in result.scenario.edits)
    unsupplied = result.unsupplied
    yield from _worst(
        "GAS_UNSUPPLIED",
        Severity.NOTE if explained else Severity.SUSPECT,
        result.model.ids("junctions"),
        pressure,
        unsupplied,
    )
    reynolds = np.abs(result.output("pipes", "reynolds"))
    flowing = np.abs(result.output("pipes", "flow_kg_per_s")) > _FLOW_TOLERANCE_KG_PER_S
    laminar = int((flowing & (reynolds < TURBULENT_REYNOLDS)).sum())
    if laminar:
        yield finding(
            "GAS_LAMINAR",
            Severity.NOTE,
            value=float(laminar),
            limit=TURBULENT_REYNOLDS,
            model=friction_model.value,
        )


def _regulator_findings(result: _Result) -> Iterator[Finding]:
    ids = result.model.ids("regulators")
    if not ids:
        return
    rise = result.output("regulators", "outlet_pressure_kpa") - result.output(
        "regulators", "inlet_pressure_kpa"
    )
    active = result.input("regulators", "active") & result.input("regulators", "in_service")
    yield from _worst(
        "GAS_REG_BOOST",
        Severity.REJECTED,
        ids,
        -rise,
        active & (rise > _BOOST_TOLERANCE_KPA),
        limit=0.0,
        unit="kPa",
        shown=rise,
    )
    flow = result.output("regulators", "flow_kg_per_s")
    yield from _worst(
        "GAS_REG_REVERSE",
        Severity.REJECTED,
        ids,
        flow,
        flow < -_FLOW_TOLERANCE_KG_PER_S,
        limit=0.0,
        unit="kg/s",
    )


def _worst(
    code: str,
    severity: Severity,
    ids: list[str],
    rank: NDArray[np.float64],
    where: NDArray[np.bool_],
    *,
    limit: float | None = None,
    unit: str = "",
    shown: NDArray[np.float64] | None = None,
) -> Iterator[Finding]:
    """A finding for every marked element, those with the lowest `rank` first, at most :data:`MAX_LISTED`."""
    rows = np.flatnonzero(where)
    values = rank if shown is None else shown
    for row in rows[np.argsort(rank[rows], kind="stable")][:MAX_LISTED]:
        value = float(values[row])
        yield finding(
            code, severity, element=ids[row], value=None if np.isnan(value) else value, limit=limit, unit=unit
        )
