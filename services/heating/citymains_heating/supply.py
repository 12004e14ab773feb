"""What every heat consumer gets, and what it is worth."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.finding import verdict_of
from citymains.model.network import Network
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, Table, TableSpec

from citymains_heating.arguments import make_floats, refuse_times
from citymains_heating.judgement import findings_of
from citymains_heating.result import Array, SupplyResult, heat_loss_kw, source_heat_kw

if TYPE_CHECKING:
    from citymains.utility import Utility

ENGINE: Final = "pandapipes-heat"

_CONSUMERS = TableSpec(
    "consumers",
    "What every consumer gets.",
    (
        ColumnSpec("consumer", Kind.TEXT, "Id of the consumer or heat exchanger."),
        ColumnSpec(
            "supply_temperature_c",
            Kind.FLOAT,
            "Temperature of the water that reaches it; missing without flow.",
        ),
        ColumnSpec(
            "return_temperature_c",
            Kind.FLOAT,
            "Temperature of the water that leaves it; missing without flow.",
        ),
        ColumnSpec(
            "differential_pressure_kpa", Kind.FLOAT, "Supply minus return pressure; missing without supply."
        ),
        ColumnSpec("heat_kw", Kind.FLOAT, "Heat it gets; 0 without supply, missing without a solution."),
        ColumnSpec("required_kw", Kind.FLOAT, "Heat it asks for in this scenario."),
        ColumnSpec("flow_kg_per_s", Kind.FLOAT, "Mass flow through it; missing without supply."),
        ColumnSpec(
            "throttled",
            Kind.BOOLEAN,
            "Whether its valve is wide open because the pressure does not do for more.",
        ),
    ),
    MapLayer("consumer", "consumers", "differential_pressure_kpa", worst="min"),
)

_PIPES = TableSpec(
    "pipes",
    "Flow, temperatures and heat loss of every pipe.",
    (
        ColumnSpec("pipe", Kind.TEXT, "Id of the pipe."),
        ColumnSpec(
            "flow_kg_per_s",
            Kind.FLOAT,
            "Mass flow, positive from from_node to to_node; missing without supply.",
        ),
        ColumnSpec("velocity_m_per_s", Kind.FLOAT, "Mean velocity, with the flow's sign."),
        ColumnSpec(
            "inlet_temperature_c",
            Kind.FLOAT,
            "Temperature where the water enters; missing where it stands still.",
        ),
        ColumnSpec(
            "outlet_temperature_c",
            Kind.FLOAT,
            "Temperature where the water leaves; missing where it stands still.",
        ),
        ColumnSpec(
            "pressure_drop_kpa",
            Kind.FLOAT,
            "Pressure at from_node minus pressure at to_node, height included.",
        ),
        ColumnSpec(
            "heat_loss_w",
            Kind.FLOAT,
            "Heat lost to the surroundings; 0 where the water stands still.",
            unit="W",
        ),
    ),
    MapLayer("pipe", "pipes", "outlet_temperature_c", worst="min"),
)

_NODES = TableSpec(
    "nodes",
    "Pressure and temperature at every junction.",
    (
        ColumnSpec("node", Kind.TEXT, "Id of the junction."),
        ColumnSpec("pressure_kpa", Kind.FLOAT, "Gauge pressure; missing without supply."),
        ColumnSpec("temperature_c", Kind.FLOAT, "Temperature of the mixed water; missing where none moves."),
    ),
    MapLayer("node", "junctions", "temperature_c", worst="min"),
)

_PLANTS = TableSpec(
    "plants",
    "What every plant gives.",
    (
        ColumnSpec("plant", Kind.TEXT, "Id of the plant."),
        ColumnSpec("supply_temperature_c", Kind.FLOAT, "Temperature it supplies."),
        ColumnSpec("return_temperature_c", Kind.FLOAT, "Temperature that comes back."),
        ColumnSpec("supply_pressure_kpa", Kind.FLOAT, "Gauge pressure at its outlet."),
        ColumnSpec("return_pressure_kpa", Kind.FLOAT, "Gauge pressure at its inlet."),
        ColumnSpec("flow_kg_per_s", Kind.FLOAT, "Mass flow it supplies; missing where it is out of service."),
        ColumnSpec("heat_kw", Kind.FLOAT, "Heat it gives to the water."),
    ),
)


class FrictionModel(StrEnum):
    """How the friction factor is calculated."""

    COLEBROOK = "colebrook"
    """Prandtl-Colebrook."""
    NIKURADSE = "nikuradse"
    """64/Re plus the fully rough law; under-predicts drops in small smooth pipes by up to 30 %."""
    SWAMEE_JAIN = "swamee-jain"
    """Explicit approximation of Colebrook."""


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SupplyReport(Record):
    """What a heating network delivers to its consumers in a steady state."""

    TABLES = (_CONSUMERS, _PIPES, _NODES, _PLANTS)

    converged: bool = False
    """Whether a solution was found."""
    iterations: int = 0
    """Iterations of the engine's last attempt."""
    source_heat_kw: float | None = None
    """Heat the plants give; None without a solution or where water enters and leaves otherwise."""
    delivered_heat_kw: float | None = None
    """Heat the consumers get; None without a solution."""
    required_heat_kw: float = 0.0
    """Heat the consumers ask for."""
    heat_loss_kw: float | None = None
    """Heat the pipes lose; None without a solution."""
    minimum_differential_pressure_kpa: float | None = None
    """Lowest differential pressure at a consumer; None if none is supplied."""
    minimum_differential_pressure_consumer: str = ""
    """Consumer where it is."""
    unsupplied_consumer_count: int = 0
    """Consumers in service that get no heat."""
    throttled_consumer_count: int = 0
    """Consumers that get less than they ask for because the pressure does not do for more."""
    cold_consumer_count: int | None = None
    """Consumers whose supply is colder than the design supply temperature; None where none was given."""


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


@dataclass(frozen=True, kw_only=True)
class SupplyRequest:
    """What :meth:`citymains_heating.utility.Heating.supply` is asked."""

    scenario: Scenario
    friction_model: FrictionModel
    minimum_differential_pressure_kpa: float | None = None
    design_supply_temperature_c: float | None = None

    def __post_init__(self) -> None:
        make_floats(self, ("minimum_differential_pressure_kpa", "design_supply_temperature_c"))
        least = self.minimum_differential_pressure_kpa
        if least is not None and not 0.0 <= least < 1e5:
            raise InputError(
                "ARGUMENT_INVALID", field="minimum_differential_pressure_kpa", value=least, limit=">= 0"
            )

    def task(self, model: PipeModel, question: str) -> dict[str, Any]:
        """The engine's task."""
        own = model.column("consumers", "minimum_differential_pressure_kpa")
        asked = (
            0.0 if self.minimum_differential_pressure_kpa is None else self.minimum_differential_pressure_kpa
        )
        return {
            "friction_model": self.friction_model.value,
            "edits": model.edits(self.scenario, question),
            "minimum_differential_pressure_kpa": np.where(np.isnan(own), asked, own),
        }


def pipe_model(utility: Utility, network: Network) -> PipeModel:
    """The model of a network, opened once."""
    return utility.workbench.cached(
        ("pipe model", network.id), lambda: PipeModel.of(utility.document(network))
    )


def analyze_supply(utility: Utility, network: Network, request: SupplyRequest) -> SupplyReport:
    """Ask the engine for one steady state and judge it (see :meth:`citymains_heating.utility.Heating.supply`)."""
    began = time.perf_counter()
    scenario = request.scenario
    refuse_times(scenario, "heating.supply")
    model = pipe_model(utility, network)
    edited = model.edited(scenario, "heating.supply")
    task = request.task(model, "heating.supply")
    with utility.workbench.engines.session(ENGINE, model.engine_model(), element=network.name) as session:
        answer = session.run(task)
        version = session.engine_version
    result = SupplyResult(model, scenario, edited, answer)
    findings = tuple(findings_of(result, request.design_supply_temperature_c))
    return SupplyReport(
        verdict=verdict_of(findings),
        findings=findings,
        tables=_tables(result),
        **_summary(result),
        cold_consumer_count=None
        if request.design_supply_temperature_c is None
        else int(result.colder_than(request.design_supply_temperature_c).sum()),
        provenance=utility.provenance(
            "supply",
            network=network,
            scenario=scenario,
            engine=ENGINE,
            engine_version=version,
            options={
                "friction_model": request.friction_model,
                "minimum_differential_pressure_kpa": request.minimum_differential_pressure_kpa
                if request.minimum_differential_pressure_kpa is not None
                else "",
                "design_supply_temperature_c": request.design_supply_temperature_c
                if request.design_supply_temperature_c is not None
                else "",
                "fluid": model.fluid["name"],
                "ambient_temperature_c": model.ambient_temperature_c,
                **answer["options"],
            },
            run_s=time.perf_counter() - began,
        ),
    )


def _tables(result: SupplyResult) -> tuple[Table, ...]:
    ids = result.model.ids
    pipe = {
        name: result.output("pipes", name)
        for name in ("flow_kg_per_s", "velocity_m_per_s", "inlet_temperature_c", "outlet_temperature_c")
    }
    return (
        _CONSUMERS.build(
            consumer=result.consumer_ids,
            supply_temperature_c=result.consumer("inlet_temperature_c"),
            return_temperature_c=result.consumer("outlet_temperature_c"),
            differential_pressure_kpa=result.differential_pressure_kpa,
            heat_kw=result.delivered_kw,
            required_kw=result.required_kw,
            flow_kg_per_s=result.consumer("flow_kg_per_s"),
            throttled=result.throttled,
        ),
        _PIPES.build(
            pipe=ids("pipes"),
            **pipe,
            heat_loss_w=result.output("pipes", "heat_w"),
            pressure_drop_kpa=result.output("pipes", "from_pressure_kpa")
            - result.output("pipes", "to_pressure_kpa"),
        ),
        _NODES.build(
            node=ids("junctions"),
            pressure_kpa=result.output("junctions", "pressure_kpa"),
            temperature_c=result.output("junctions", "temperature_c"),
        ),
        _plants(result),
    )


def _plants(result: SupplyResult) -> Table:
    def column(name: str) -> Array:
        return result.both("plants", "flow_plants", name)

    return _PLANTS.build(
        plant=result.model.ids("plants") + result.model.ids("flow_plants"),
        supply_temperature_c=column("outlet_temperature_c"),
        return_temperature_c=column("inlet_temperature_c"),
        supply_pressure_kpa=column("to_pressure_kpa"),
        return_pressure_kpa=column("from_pressure_kpa"),
        flow_kg_per_s=column("flow_kg_per_s"),
        heat_kw=-column("heat_w") / 1000.0,
    )


def _summary(result: SupplyResult) -> dict[str, Any]:
    pressure = result.differential_pressure_kpa
    supplied = bool(np.isfinite(pressure).any())
    lowest = int(np.nanargmin(pressure)) if supplied else -1
    return {
        "converged": result.converged,
        "iterations": int(result.answer["iterations"]),
        "source_heat_kw": source_heat_kw(result),
        "delivered_heat_kw": float(result.delivered_kw.sum()) if result.converged else None,
        "required_heat_kw": float(np.nansum(result.required_kw)),
        "heat_loss_kw": heat_loss_kw(result),
        "minimum_differential_pressure_kpa": float(pressure[lowest]) if supplied else None,
        "minimum_differential_pressure_consumer": result.consumer_ids[lowest] if supplied else "",
        "unsupplied_consumer_count": int(result.unsupplied.sum()) if result.converged else 0,
        "throttled_consumer_count": int(result.throttled.sum()),
    }
