"""One answer of the heat engine, read beside the network and scenario it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from citymains.intake.pandapipes_model import PipeModel
from citymains.model.scenario import Scenario
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True)
class SupplyResult:
    """One answer of the engine beside the network and scenario it belongs to."""

    model: PipeModel
    scenario: Scenario
    edited: Mapping[str, Mapping[str, NDArray[Any]]]
    answer: Mapping[str, Any]

    @property
    def converged(self) -> bool:
        """Whether a solution was found."""
        return bool(self.answer["converged"])

    def input(self, component: str, name: str) -> NDArray[Any]:
        """A column of the network as the scenario left it."""
        return self.edited.get(component, {}).get(name, self.model.column(component, name))

    def output(self, component: str, name: str) -> Array:
        """A column of the answer; no rows where the network has no such component."""
        columns = self.answer["columns"].get(component)
        return np.asarray(columns[name], dtype=np.float64) if columns else np.zeros(0)

    def both(self, first: str, second: str, name: str) -> Array:
        """The same column of two components, one after the other."""
        return np.concatenate([self.output(first, name), self.output(second, name)])

    @property
    def consumer_ids(self) -> list[str]:
        """Consumers and heat exchangers, in the order of all consumer columns."""
        return self.model.ids("consumers") + self.model.ids("heat_exchangers")

    def consumer(self, name: str) -> Array:
        """An output column of consumers and heat exchangers."""
        return self.both("consumers", "heat_exchangers", name)

    @property
    def differential_pressure_kpa(self) -> Array:
        """Supply minus return pressure at every consumer."""
        return self.consumer("from_pressure_kpa") - self.consumer("to_pressure_kpa")

    @property
    def required_kw(self) -> Array:
        """Heat every consumer asks for."""
        exchangers = self.input("heat_exchangers", "heat_kw") * self.input("heat_exchangers", "in_service")
        return np.concatenate([self.output("consumers", "required_w") / 1000.0, exchangers])

    @property
    def delivered_kw(self) -> Array:
        """Heat every consumer gets. The engine reports the full heat for a consumer cut off; here it is 0."""
        if not self.converged:
            return np.full(len(self.consumer_ids), np.nan)
        heat = self.consumer("heat_w") / 1000.0
        return np.where(np.isnan(self.consumer("flow_kg_per_s")) | np.isnan(heat), 0.0, heat)

    @property
    def throttled(self) -> NDArray[np.bool_]:
        """Consumers whose control valve is wide open and that still get less than they ask for."""
        exchangers = np.zeros(len(self.model.ids("heat_exchangers")))
        consumers = self.output("consumers", "throttled")
        return np.concatenate([consumers, exchangers]).astype(np.bool_)

    def colder_than(self, temperature_c: float) -> NDArray[np.bool_]:
        """Consumers that are supplied with water colder than a temperature."""
        return np.asarray(self.consumer("inlet_temperature_c") < temperature_c, dtype=np.bool_)

    @property
    def unsupplied(self) -> NDArray[np.bool_]:
        """Consumers that ask for heat and get none."""
        return np.asarray((self.required_kw > 0.0) & (self.delivered_kw == 0.0), dtype=np.bool_)


def source_heat_kw(result: SupplyResult) -> float | None:
    """Heat all plants give; None where sources, infeeds or sinks carry heat in or out as well."""
    open_ends = any(result.model.ids(name) for name in ("sources", "infeeds", "sinks"))
    if open_ends or not result.converged:
        return None
    return float(-np.nansum(result.both("plants", "flow_plants", "heat_w")) / 1000.0)


def heat_loss_kw(result: SupplyResult) -> float | None:
    """Heat all pipes lose."""
    return float(np.nansum(result.output("pipes", "heat_w")) / 1000.0) if result.converged else None
