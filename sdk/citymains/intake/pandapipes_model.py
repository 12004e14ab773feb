"""A network as the pandapipes engines are fed with it, and scenarios as edits of its columns.

Everything here is numpy; the engine's module only loops over what :meth:`PipeModel.calls` and
:meth:`PipeModel.edits` hand it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from citymains.errors import InputError, Issue, issue
from citymains.intake.pandapipes_components import BY_NAME, Component, Field, Range, components_of
from citymains.model.scenario import Close, Lose, ScaleDemand, Scenario, SetControl
from citymains.model.table import Kind
from citymains.units import ZERO_CELSIUS_K

Columns = Mapping[str, list[Any]]

#: Scenario edits the engines take.
SUPPORTED_EDITS: Final = (Close, Lose, ScaleDemand, SetControl)

#: Components each kind of lost equipment may name.
_LOST: Final[Mapping[str, tuple[str, ...]]] = {
    "pumps": ("pumps", "compressors", "plants", "flow_plants"),
    "sources": ("sources", "infeeds"),
    "plants": ("plants", "flow_plants"),
    "regulators": ("regulators",),
}

#: Columns that are a demand, by component.
_DEMANDS: Final[Mapping[str, str]] = {
    "sinks": "scaling",
    "consumers": "heat_kw",
    "heat_exchangers": "heat_kw",
}


@dataclass(frozen=True)
class PipeModel:
    """A canonical document, opened."""

    utility: str
    fluid: Mapping[str, Any]
    ambient_temperature_c: float
    tables: Mapping[str, Columns] = field(repr=False)

    @classmethod
    def of(cls, document: bytes) -> PipeModel:
        """The model of a canonical document (see :func:`citymains.intake.pandapipes.read_pipes`)."""
        content = json.loads(document)
        return cls(content["utility"], content["fluid"], content["ambient_temperature_c"], content["tables"])

    @cached_property
    def components(self) -> tuple[Component, ...]:
        """The components the network has, in the order in which they are created."""
        return tuple(one for one in components_of(self.utility) if one.theirs and self.ids(one.name))

    def ids(self, component: str) -> list[str]:
        """Ids of a component's elements, in the engine's order."""
        return list(self.tables.get(component, {}).get("id", []))

    def column(self, component: str, name: str) -> NDArray[Any]:
        """A column: float64 with NaN for missing, bool, or the texts as objects."""
        spec = BY_NAME[component].field(name)
        values = self.tables.get(component, {}).get(name, [])
        dtype: Any = {Kind.FLOAT: np.float64, Kind.INTEGER: np.int64, Kind.BOOLEAN: np.bool_}.get(
            spec.kind, object
        )
        return np.array(values, dtype=dtype)

    def changed(self, columns: Mapping[str, Mapping[str, NDArray[Any]]]) -> PipeModel:
        """The model with other columns, by component and name; see :meth:`edited`."""
        tables = {
            name: {**table, **{key: _cells(values) for key, values in columns.get(name, {}).items()}}
            for name, table in self.tables.items()
        }
        return replace(self, tables=tables)

    def with_table(self, component: str, columns: Columns) -> PipeModel:
        """The model with another table of one component."""
        return replace(self, tables={**self.tables, component: columns})

    def document(self) -> bytes:
        """What :meth:`of` reads."""
        content = {
            "utility": self.utility,
            "fluid": self.fluid,
            "ambient_temperature_c": self.ambient_temperature_c,
            "tables": self.tables,
        }
        return json.dumps(content, ensure_ascii=False, allow_nan=False).encode()

    # -- the engine's input ------------------------------------------------------------------------------

    def engine_model(self) -> dict[str, Any]:
        """What an engine's ``open`` takes: fluid, ambient temperature and creation calls."""
        return {
            "fluid": dict(self.fluid),
            "ambient_temperature_k": self.ambient_temperature_c + ZERO_CELSIUS_K,
            "counts": {one.name: len(self.ids(one.name)) for one in self.components},
            "calls": [call for one in self.components for call in self._calls(one)],
        }

    def _calls(self, component: Component) -> list[dict[str, Any]]:
        columns: dict[str, Any] = {
            self._argument(component, one): self._theirs(component, one)
            for one in component.fields
            if one.theirs and one.name not in ("x", "y")
        }
        size = len(self.ids(component.name))
        if component.name == "junctions":
            columns["nr_junctions"] = size
        if component.name == "valves":
            self._point_at_pipes(columns)
        if component.name == "pipes" and self.utility == "gas":
            # pandapipes has no column for a known friction factor; the gas engine reads -factor m as one.
            factor = self.column("pipes", "friction_factor")
            columns["k_mm"] = np.where(np.isnan(factor), columns["k_mm"], -1000.0 * factor)
        if component.bulk:
            columns["index"] = np.arange(size)
            return [
                {"function": component.creator, "table": component.theirs, "rows": size, "arguments": columns}
            ]
        if component.name == "pumps":
            # A type per pump: pandapipes refuses to create a type twice.
            del columns["std_type"]
            columns["new_std_type_name"] = [f"curve of pump {row}" for row in range(size)]
            columns["poly_coefficents"] = [self._curve(name) for name in self.column("pumps", "curve")]
        return [
            {
                "function": component.creator,
                "table": component.theirs,
                "rows": row + 1,
                "arguments": {name: _plain(values[row]) for name, values in columns.items()},
            }
            for row in range(size)
        ]

    @staticmethod
    def _argument(component: Component, one: Field) -> str:
        """Name of a creator's argument: bulk creators take references in the plural."""
        return one.theirs + "s" if component.bulk and one.refers else one.theirs

    def _theirs(self, component: Component, one: Field) -> Any:
        """A column in the engine's unit; references become row numbers."""
        values = self.column(component.name, one.name)
        if (component.name, one.name) == ("sources", "temperature_c"):
            values = self.source_temperature_c()
        if (component.name, one.name) == ("compressors", "pressure_ratio"):
            # Where an outlet pressure is held the ratio follows from it.
            values = np.where(np.isnan(values), 1.0, values)
        if one.refers == "junctions":
            return self._rows_of("junctions", values)
        if one.kind is Kind.FLOAT:
            return values * one.factor + one.offset
        return list(values) if one.kind is Kind.TEXT else values

    def source_temperature_c(self) -> NDArray[np.float64]:
        """Temperature of what each source supplies [°C]: its own, or else that of its junction."""
        own = self.column("sources", "temperature_c")
        at = self._rows_of("junctions", self.column("sources", "node"))
        return np.where(np.isnan(own), self.column("junctions", "temperature_c")[at], own)

    def _point_at_pipes(self, columns: dict[str, Any]) -> None:
        pipes = self.column("valves", "pipe")
        at_pipe = np.array([bool(name) for name in pipes], dtype=bool)
        elements = columns["elements"].copy()
        elements[at_pipe] = self._rows_of("pipes", pipes[at_pipe])
        columns["elements"] = elements
        columns["et"] = ["pi" if pipe else "ju" for pipe in at_pipe]

    def _curve(self, name: str) -> list[float]:
        """Coefficients of a curve, highest power first."""
        curves = self.tables["pump_curves"]
        powers = {
            power: coefficient
            for curve, power, coefficient in zip(
                curves["id"], curves["power"], curves["coefficient"], strict=True
            )
            if curve == name
        }
        return [powers.get(power, 0.0) for power in range(max(powers), -1, -1)]

    @cached_property
    def _row_of(self) -> Mapping[str, Mapping[str, int]]:
        return {name: {key: row for row, key in enumerate(self.ids(name))} for name in self.tables}

    def _rows_of(self, component: str, names: Iterable[str]) -> NDArray[np.int64]:
        rows = self._row_of.get(component, {})
        return np.array([rows[name] for name in names], dtype=np.int64)

    # -- scenarios ---------------------------------------------------------------------------------------

    def edited(self, scenario: Scenario, question: str) -> dict[str, dict[str, NDArray[Any]]]:
        """Columns a scenario changes, by component and column, in our units.

        Parameters
        ----------
        scenario : Scenario
            Of closed links, lost equipment, scaled demands and set controls.
        question : str
            Name of the question, for the message.

        Raises
        ------
        InputError
            SCENARIO_UNSUPPORTED, SCENARIO_UNKNOWN_ELEMENT, with every unknown element at once.
        """
        scenario.require(question, SUPPORTED_EDITS)
        return _Edits(self, question).of(scenario)

    def edits(self, scenario: Scenario, question: str) -> dict[str, Any]:
        """The same in pandapipes' tables, columns and units, as an engine's task takes it."""
        return {
            BY_NAME[component].theirs: {
                (spec := BY_NAME[component].field(name)).theirs: values * spec.factor + spec.offset
                if spec.kind is Kind.FLOAT
                else values
                for name, values in columns.items()
            }
            for component, columns in self.edited(scenario, question).items()
        }


class _Edits:
    """Applies scenario edits to copies of columns."""

    def __init__(self, model: PipeModel, question: str) -> None:
        self.model = model
        self.question = question
        self.changed: dict[str, dict[str, NDArray[Any]]] = defaultdict(dict)
        self.unknown: list[tuple[str, str]] = []
        self.refused: list[Issue] = []

    def of(self, scenario: Scenario) -> dict[str, dict[str, NDArray[Any]]]:
        for edit in scenario.edits:
            if isinstance(edit, Close):
                links = tuple(one.name for one in self.model.components if one.shape == "link")
                self._switch_off("link", edit.pipes, links)
            elif isinstance(edit, Lose):
                for kind, components in _LOST.items():
                    self._switch_off(kind.removesuffix("s"), getattr(edit, kind), components)
            elif isinstance(edit, ScaleDemand):
                self._scale(edit)
            elif isinstance(edit, SetControl):
                self._set(edit)
        issues = [
            issue("SCENARIO_UNKNOWN_ELEMENT", field=kind, value=name, element=name)
            for kind, name in self.unknown
        ]
        if issues or self.refused:
            raise InputError([*issues, *self.refused])
        return dict(self.changed)

    def _column(self, component: str, name: str) -> NDArray[Any]:
        columns = self.changed[component]
        return columns.setdefault(name, self.model.column(component, name))

    def _switch_off(self, kind: str, names: Iterable[str], components: Iterable[str]) -> None:
        for name in names:
            homes = [one for one in components if name in self.model._row_of.get(one, {})]
            if not homes:
                self.unknown.append((kind, name))
            for component in homes:
                self._column(component, BY_NAME[component].switch)[self.model._row_of[component][name]] = (
                    False
                )

    def _set(self, edit: SetControl) -> None:
        """Set a number or a switch the engine knows of one element, within what the column allows."""
        homes = [one for one in self.model.components if edit.element in self.model._row_of[one.name]]
        if not homes:
            self.unknown.append(("element", edit.element))
            return
        for component in homes:
            known = {
                one.name: Range(0.0, 1.0) if one.kind is Kind.BOOLEAN else one.allowed
                for one in component.fields
                if one.theirs and one.kind in (Kind.FLOAT, Kind.BOOLEAN)
            }
            spec = known.get(edit.field)
            if spec is None or not spec.holds(edit.value):
                limit = ", ".join(known) if spec is None else str(spec)
                value = edit.field if spec is None else edit.value
                self.refused.append(
                    issue(
                        "ARGUMENT_INVALID",
                        element=edit.element,
                        field=f"set_control.{edit.field}",
                        value=value,
                        limit=limit,
                    )
                )
                continue
            self._column(component.name, edit.field)[self.model._row_of[component.name][edit.element]] = (
                edit.value
            )

    def _scale(self, edit: ScaleDemand) -> None:
        if not 0.0 <= edit.factor < 1e6:
            self.refused.append(
                issue("ARGUMENT_INVALID", field="factor", value=edit.factor, limit="0 .. 1e6")
            )
            return
        junctions = self.model._row_of.get("junctions", {})
        named = set(edit.nodes)
        met = {name for name in named if name in junctions}
        for component, name in _DEMANDS.items():
            if not self.model.ids(component):
                continue
            ids = self.model.ids(component)
            nodes = self.model.column(component, "node" if component == "sinks" else "from_node")
            rows = np.array(
                [not named or key in named or node in named for key, node in zip(ids, nodes, strict=True)]
            )
            met |= named.intersection(ids)
            values = self._column(component, name)
            values[rows] *= edit.factor
        self.unknown += [("node", name) for name in edit.nodes if name not in met]


def _cells(values: NDArray[Any]) -> list[Any]:
    """A column as the document has it; missing is null."""
    return [None if value != value else value for value in values.tolist()]


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
