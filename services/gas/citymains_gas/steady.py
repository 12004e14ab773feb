"""One steady state of a gas network, asked of the engine: the network, the scenario and the answer side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.network import Network
from citymains.model.scenario import Close, Lose, Scenario, SetControl
from numpy.typing import NDArray

from citymains_gas.delivery import ServiceLevel
from citymains_gas.friction import FrictionModel
from citymains_gas.kernel_fluid import Gas
from citymains_gas.sweep import ENGINE, engine_model

if TYPE_CHECKING:
    from citymains.utility import Utility

Chosen = TypeVar("Chosen", bound=StrEnum)
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class SteadyOptions:
    """How a steady state is calculated."""

    friction_model: FrictionModel = FrictionModel.COLEBROOK
    delivery: ServiceLevel | None = None
    """How demand yields to pressure; None: it does not."""


def choice(kind: type[Chosen], given: Chosen | str, name: str) -> Chosen:
    """The member of an enumeration that an argument names.

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    try:
        return kind(given)
    except ValueError as error:
        limit = ", ".join(one.value for one in kind)
        raise InputError("ARGUMENT_INVALID", field=name, value=given, limit=limit) from error


def positive(name: str, value: float) -> float:
    """An argument that has to be a positive number.

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    if not 0.0 < value < np.inf:
        raise InputError("ARGUMENT_INVALID", field=name, value=value, limit="> 0")
    return float(value)


def refuse_times(scenario: Scenario, question: str) -> None:
    """Refuse edits with a start or an end where there is no time.

    Raises
    ------
    InputError
        GAS_STEADY_TIMES.
    """
    for edit in scenario.edits:
        for name in ("start_s", "end_s"):
            value = getattr(edit, name, None)
            if value:
                raise InputError("GAS_STEADY_TIMES", field=name, value=value, limit=question)


def untimed(scenario: Scenario) -> Scenario:
    """The edits without their start and end."""
    plain: list[Any] = []
    for edit in scenario.edits:
        times: dict[str, Any] = {
            name: None for name in ("start_s", "end_s") if getattr(edit, name, None) is not None
        }
        plain.append(replace(edit, **times) if times else edit)
    return Scenario(tuple(plain))


def pipe_model(utility: Utility, network: Network) -> PipeModel:
    """The network's model, kept for the next question."""
    return utility.workbench.cached(
        ("pipe model", network.id), lambda: PipeModel.of(utility.document(network))
    )


def normal_density(model: PipeModel) -> float:
    """Density at standard conditions, 101.325 kPa and 0 °C. [kg/m3]"""
    return Gas.density_of(model.fluid)


@dataclass(frozen=True, eq=False)
class SteadyState:
    """One answer of the engine beside the network and scenario it belongs to.

    Attributes
    ----------
    model : PipeModel
        The network as it was loaded.
    scenario : Scenario
    edited : mapping
        Columns the scenario changes.
    answer : mapping
        Of :meth:`citymains_gas.solver.GasSession.run`.
    options : SteadyOptions
    engine_version : str
    """

    model: PipeModel
    scenario: Scenario
    edited: Mapping[str, Mapping[str, NDArray[Any]]]
    answer: Mapping[str, Any]
    options: SteadyOptions
    engine_version: str = ""

    def ids(self, component: str) -> list[str]:
        """Ids of a component's elements."""
        return self.model.ids(component)

    def input(self, component: str, name: str) -> NDArray[Any]:
        """A column of the network as the scenario left it."""
        found: NDArray[Any] = self.edited.get(component, {}).get(name, self.model.column(component, name))
        return found

    def output(self, component: str, name: str) -> Floats:
        """A column of the answer."""
        columns = self.answer["columns"].get(component)
        return np.asarray(columns[name], dtype=np.float64) if columns else np.zeros(0)

    @property
    def converged(self) -> bool:
        """Whether a solution was found."""
        return bool(self.answer["converged"])

    @property
    def explained(self) -> bool:
        """Whether the scenario itself takes something out of service."""
        return any(isinstance(edit, Close | Lose | SetControl) for edit in self.scenario.edits)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Row of each junction."""
        return {name: row for row, name in enumerate(self.ids("junctions"))}

    def rows(self, component: str, column: str) -> NDArray[np.int64]:
        """Rows of the junctions a column names."""
        return np.array([self.row_of[name] for name in self.model.column(component, column)], dtype=np.int64)

    @cached_property
    def pressure_kpa(self) -> Floats:
        """Gauge pressure of every junction; NaN without supply."""
        return self.output("junctions", "pressure_kpa")

    @cached_property
    def unsupplied(self) -> Mask:
        """Junctions in service that no source reaches."""
        return np.asarray(np.isnan(self.pressure_kpa) & self.input("junctions", "in_service"), dtype=np.bool_)

    @cached_property
    def required_kg_per_s(self) -> Floats:
        """What every sink asks for."""
        flow = self.input("sinks", "flow_kg_per_s") * self.input("sinks", "scaling")
        return np.asarray(flow * self.input("sinks", "in_service"), dtype=np.float64)

    @cached_property
    def delivered_kg_per_s(self) -> Floats:
        """What every sink gets; NaN without a solution."""
        required = self.required_kg_per_s
        if not self.converged:
            return np.full(len(required), np.nan)
        if "share" in self.answer:
            return np.asarray(required * self.answer["share"], dtype=np.float64)
        without = np.isnan(self.pressure_kpa)[self.rows("sinks", "node")]
        return np.where(without, 0.0, required)

    def provenance_options(self) -> dict[str, Any]:
        """Options of the provenance that every steady state has."""
        level = self.options.delivery
        return {
            "friction_model": self.options.friction_model,
            "demand_model": "DDA" if level is None else "PDD",
            **(
                {}
                if level is None
                else {"nominal_pressure_kpa": level.nominal_kpa, "least_ratio": level.least_ratio}
            ),
            "fluid": self.model.fluid["name"],
            "ambient_temperature_c": self.model.ambient_temperature_c,
            **self.answer["options"],
        }


def ask_steady(
    utility: Utility,
    network: Network,
    scenario: Scenario,
    options: SteadyOptions,
    *,
    question: str,
    model: PipeModel | None = None,
) -> SteadyState:
    """One steady state of a scenario.

    Parameters
    ----------
    utility : Utility
    network : Network
    scenario : Scenario
    options : SteadyOptions
    question : str
        Whose scenario it is, for messages.
    model : PipeModel, optional
        Instead of the network's own.

    Raises
    ------
    InputError
        The scenario does not fit.
    SolverError
    """
    refuse_times(scenario, question)
    model = model or pipe_model(utility, network)
    edited = model.edited(scenario, question)
    task = {
        "friction_model": options.friction_model.value,
        "delivery": None if options.delivery is None else options.delivery.parameters(),
    }
    # The engine opens the network as the scenario leaves it, so that regulators see its set points.
    with utility.workbench.engines.session(
        ENGINE, engine_model(model.changed(edited)), element=network.name
    ) as session:
        answer = session.run(task)
        return SteadyState(model, scenario, edited, answer, options, session.engine_version)
