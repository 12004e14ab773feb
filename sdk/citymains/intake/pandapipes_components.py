"""What gas and heating networks are made of, declared once.

Each :class:`Component` names an element table of ours, its columns with unit and range, and
where pandapipes keeps the same thing. Readers, checks, tables, the engine's input and the docs
all follow from these declarations, so a column is added in one place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec
from citymains.units import ZERO_CELSIUS_K

_KPA_TO_BAR: Final = 0.01
_KW_TO_W: Final = 1000.0
_M_TO_KM: Final = 0.001
_M_TO_MM: Final = 1000.0

#: Pressure classes of city gas pipes by name, with their upper limit in kPa gauge (GB 55009-2021).
PRESSURE_CLASSES: Final[Mapping[str, float]] = {
    "low": 10.0,
    "medium_b": 200.0,
    "medium_a": 400.0,
    "sub_high_b": 800.0,
    "sub_high_a": 1600.0,
    "high_b": 2500.0,
    "high_a": 4000.0,
    "ultra_high": float("inf"),
}

#: The same classes as they are written on Chinese drawings.
PRESSURE_CLASSES_ZH: Final[Mapping[str, str]] = {
    "低压": "low",
    "中压B": "medium_b",
    "中压A": "medium_a",
    "次高压B": "sub_high_b",
    "次高压A": "sub_high_a",
    "高压B": "high_b",
    "高压A": "high_a",
    "超高压": "ultra_high",
}


class Absent(Enum):
    """What it means when a column is not given."""

    REQUIRED = "required"
    """An error."""
    MISSING = "missing"
    """The value stays missing (NaN, or empty text)."""


@dataclass(frozen=True, slots=True)
class Range:
    """Allowed interval; ``open_low`` excludes the lower bound."""

    low: float = float("-inf")
    high: float = float("inf")
    open_low: bool = False

    def holds(self, value: float) -> bool:
        """Whether `value` lies inside."""
        return (value > self.low if self.open_low else value >= self.low) and value <= self.high

    def __str__(self) -> str:
        low = "" if self.low == float("-inf") else f"{'>' if self.open_low else '>='} {self.low:g}"
        high = "" if self.high == float("inf") else f"<= {self.high:g}"
        return " and ".join(part for part in (low, high) if part)


ANY: Final = Range()
POSITIVE: Final = Range(0.0, open_low=True)
NOT_NEGATIVE: Final = Range(0.0)


@dataclass(frozen=True, slots=True)
class Field:
    """One column of a component."""

    name: str
    kind: Kind
    description: str
    theirs: str = ""
    """Column of pandapipes' table; empty where pandapipes has none."""
    factor: float = 1.0
    """Theirs = ours * factor + offset."""
    offset: float = 0.0
    older: Mapping[str, float] | None = None
    """Names the column had in older pandapipes files, with the factor to its present unit."""
    absent: Any = Absent.MISSING
    """What stands in for a missing column: a value, or an :class:`Absent`."""
    allowed: Range = ANY
    """Outside it is an error."""
    usual: Range = ANY
    """Outside it is a warning: probably another unit."""
    refers: str = ""
    """Component whose ids the column holds."""

    @property
    def spec(self) -> ColumnSpec:
        """The column as it is declared in the network's table."""
        return ColumnSpec(self.name, self.kind, self.description)


@dataclass(frozen=True, slots=True)
class Component:
    """One kind of element."""

    name: str
    """Our table, plural: ``pipes``."""
    singular: str
    """Makes ids of elements without a name: ``pipe-7``."""
    description: str
    fields: tuple[Field, ...]
    theirs: str = ""
    """pandapipes' table."""
    creator: str = ""
    """pandapipes' function that creates it."""
    bulk: bool = True
    """The creator takes columns; otherwise it is called once per element."""
    shape: str = "link"
    """``node`` (has a place), ``link`` (joins two nodes), ``terminal`` (hangs on one node) or ``detail``."""
    utilities: tuple[str, ...] = ("gas", "heating")
    switch: str = "in_service"
    """Column that takes the element out of the calculation."""

    def field(self, name: str) -> Field:
        """The column of that name."""
        return next(one for one in self.fields if one.name == name)

    @property
    def spec(self) -> TableSpec:
        """The element table as it stands in the network's record."""
        layer = MapLayer("id", self.name, self.map_column) if self.map_column else None
        return TableSpec(self.name, self.description, tuple(one.spec for one in self.fields), layer)

    @property
    def map_column(self) -> str:
        """Column that colours the element on a plain map of the network."""
        return {"junctions": "height_m", "pipes": "inner_diameter_mm"}.get(self.name, "")


def _identity(what: str) -> Field:
    return Field(
        "id",
        Kind.TEXT,
        f"Id of the {what}, unique among its kind; any length, any script.",
        absent=Absent.REQUIRED,
    )


def _end(name: str, description: str, theirs: str, **more: Any) -> Field:
    return Field(
        name, Kind.TEXT, description, theirs=theirs, absent=Absent.REQUIRED, refers="junctions", **more
    )


def _ends() -> tuple[Field, Field]:
    return (
        _end("from_node", "Junction where the element starts.", "from_junction"),
        _end("to_node", "Junction where the element ends.", "to_junction"),
    )


def _plant_ends() -> tuple[Field, Field]:
    return (
        _end("from_node", "Junction of the return.", "return_junction", older={"from_junction": 1.0}),
        _end("to_node", "Junction of the supply.", "flow_junction", older={"to_junction": 1.0}),
    )


_IN_SERVICE: Final = Field(
    "in_service", Kind.BOOLEAN, "Whether it takes part in the calculation.", "in_service", absent=True
)
_DIAMETER: Final = Field(
    "inner_diameter_mm",
    Kind.FLOAT,
    "Inner diameter.",
    "inner_diameter_mm",
    older={"diameter_m": _M_TO_MM},
    absent=Absent.REQUIRED,
    allowed=Range(1.0, 10_000.0),
    usual=Range(5.0, 2_500.0),
)
_LOSS: Final = Field(
    "loss_coefficient",
    Kind.FLOAT,
    "Local loss coefficient ζ (1).",
    "loss_coefficient",
    absent=0.0,
    allowed=NOT_NEGATIVE,
)
_SCALING: Final = Field(
    "scaling", Kind.FLOAT, "Factor on the flow (1).", "scaling", absent=1.0, allowed=NOT_NEGATIVE
)


def _flow(description: str, theirs: str, **more: Any) -> Field:
    return Field("flow_kg_per_s", Kind.FLOAT, description, theirs, **more)


def _gauge(name: str, description: str, theirs: str, **more: Any) -> Field:
    return Field(
        name,
        Kind.FLOAT,
        description,
        theirs,
        factor=_KPA_TO_BAR,
        allowed=Range(-101.325, 100_000.0, open_low=True),
        usual=Range(0.0, 15_000.0),
        **more,
    )


def _celsius(name: str, description: str, theirs: str, **more: Any) -> Field:
    return Field(
        name, Kind.FLOAT, description, theirs, offset=ZERO_CELSIUS_K, allowed=Range(-100.0, 250.0), **more
    )


# A table, one line a field, reads better than what the formatter makes of it.
# fmt: off
COMPONENTS: Final[tuple[Component, ...]] = (
    Component("junctions", "junction", "Nodes: where pipes meet and elements hang.", (
        _identity("junction"),
        Field("x", Kind.FLOAT, "Easting or longitude, in the network's coordinate reference system.", "x"),
        Field("y", Kind.FLOAT, "Northing or latitude, in the network's coordinate reference system.", "y"),
        Field("height_m", Kind.FLOAT, "Height above sea level.", "height_m", absent=0.0, allowed=Range(-500.0, 6_000.0)),
        _gauge("nominal_pressure_kpa", "Gauge pressure the solution starts from.", "pn_bar", absent=100.0),
        _celsius("temperature_c", "Temperature of the fluid (gas), or the one the solution starts from (heat).",
                 "tfluid_k", absent=15.0),
        Field("pressure_class", Kind.TEXT, "Pressure class of a gas network, one of the names in PRESSURE_CLASSES."),
        _IN_SERVICE,
    ), theirs="junction", creator="create_junctions", shape="node"),
    Component("pipes", "pipe", "Pipes.", (
        _identity("pipe"), *_ends(),
        Field("length_m", Kind.FLOAT, "Length.", "length_km", factor=_M_TO_KM, absent=Absent.REQUIRED,
              allowed=Range(0.0, 1_000_000.0, open_low=True), usual=Range(0.01, 200_000.0)),
        _DIAMETER,
        Field("outer_diameter_mm", Kind.FLOAT, "Outer diameter of pipe and insulation, the surface of heat_transfer_w_per_m2k.",
              "outer_diameter_mm", allowed=Range(1.0, 10_000.0)),
        Field("roughness_mm", Kind.FLOAT, "Roughness k of the wall.", "k_mm", absent=0.2, allowed=Range(0.0, 100.0),
              usual=Range(0.0, 10.0)),
        Field("friction_factor", Kind.FLOAT, "Darcy friction factor (1), where it is known; missing: by the friction law.",
              allowed=Range(1e-6, 10.0)),
        _LOSS,
        Field("sections", Kind.INTEGER, "Sections the pipe is divided into for the calculation.", "sections", absent=1,
              allowed=Range(1, 1000)),
        Field("heat_transfer_w_per_m2k", Kind.FLOAT, "Heat transfer coefficient to the surroundings, per outer surface.",
              "u_w_per_m2k", older={"alpha_w_per_m2k": 1.0}, absent=0.0, allowed=NOT_NEGATIVE),
        _celsius("surroundings_c", "Temperature of the ground or air around the pipe; missing: the network's.", "text_k"),
        _IN_SERVICE,
    ), theirs="pipe", creator="create_pipes_from_parameters"),
    Component("valves", "valve", "Valves: between two junctions, or at the end of a pipe.", (
        _identity("valve"),
        _end("from_node", "Junction on one side.", "junction", older={"from_junction": 1.0}),
        _end("to_node", "Junction on the other side; of a valve at a pipe the pipe's other end.", "element",
             older={"to_junction": 1.0}),
        Field("pipe", Kind.TEXT, "Pipe at whose from_node end the valve sits; empty: it joins two junctions.", refers="pipes"),
        _DIAMETER,
        Field("open", Kind.BOOLEAN, "Whether it is open.", "opened", absent=True),
        _LOSS,
    ), theirs="valve", creator="create_valves", switch="open"),
    Component("regulators", "regulator", "Pressure regulators: hold a pressure at a junction.", (
        _identity("regulator"), *_ends(),
        _end("controlled_node", "Junction whose pressure is held.", "controlled_junction"),
        _gauge("pressure_kpa", "Gauge set point.", "controlled_p_bar", absent=Absent.REQUIRED),
        Field("active", Kind.BOOLEAN, "Whether it regulates; otherwise it is wide open.", "control_active", absent=True),
        Field("non_return", Kind.BOOLEAN, "Whether it keeps gas from flowing back; otherwise it does so only while it regulates.",
              absent=True),
        _gauge("slam_shut_kpa", "Gauge pressure at to_node from which its safety valve shuts it; missing: it has none.", ""),
        Field("capacity_kg_per_s", Kind.FLOAT, "Greatest mass flow it passes; missing: unlimited.", allowed=POSITIVE),
        _LOSS, _IN_SERVICE,
    ), theirs="press_control", creator="create_pressure_controls"),
    Component("compressors", "compressor", "Compressors with a fixed ratio of absolute pressures, or with a fixed outlet pressure.", (
        _identity("compressor"), *_ends(),
        Field("pressure_ratio", Kind.FLOAT, "Outlet over inlet absolute pressure (1).", "pressure_ratio",
              allowed=Range(0.0, 100.0, open_low=True), usual=Range(1.0, 20.0)),
        _gauge("outlet_pressure_kpa", "Gauge pressure held at the outlet, instead of a ratio.", ""),
        _IN_SERVICE,
    ), theirs="compressor", creator="create_compressor", bulk=False, utilities=("gas",)),
    Component("pumps", "pump", "Pumps or blowers with a curve.", (
        _identity("pump"), *_ends(),
        Field("curve", Kind.TEXT, "Name of the curve in pump_curves.", "std_type", absent=Absent.REQUIRED, refers="pump_curves"),
        _IN_SERVICE,
    ), theirs="pump", creator="create_pump_from_parameters", bulk=False),
    Component("flow_controls", "flow_control", "Flow controllers: hold a mass flow.", (
        _identity("flow controller"), *_ends(),
        _flow("Mass flow held, from from_node to to_node.", "controlled_mdot_kg_per_s", absent=Absent.REQUIRED,
              allowed=Range(-1e6, 1e6)),
        Field("active", Kind.BOOLEAN, "Whether it controls; otherwise it is wide open.", "control_active", absent=True),
        _IN_SERVICE,
    ), theirs="flow_control", creator="create_flow_controls"),
    Component("consumers", "consumer", "Heat consumers (substations); exactly two of the four set points are given.", (
        _identity("consumer"), *_ends(),
        Field("heat_kw", Kind.FLOAT, "Heat drawn.", "qext_w", factor=_KW_TO_W, usual=Range(-1e5, 1e5)),
        _flow("Mass flow.", "controlled_mdot_kg_per_s", allowed=NOT_NEGATIVE),
        Field("temperature_drop_k", Kind.FLOAT, "Supply minus return temperature.", "deltat_k", allowed=Range(-200.0, 200.0)),
        _celsius("return_temperature_c", "Return temperature.", "treturn_k"),
        Field("minimum_differential_pressure_kpa", Kind.FLOAT,
              "Differential pressure below which its control valve is wide open and it gets less; missing: the question's.",
              allowed=NOT_NEGATIVE, usual=Range(0.0, 1_000.0)),
        _IN_SERVICE,
    ), theirs="heat_consumer", creator="create_heat_consumers", utilities=("heating",)),
    Component("heat_exchangers", "heat_exchanger", "Heat exchangers: fixed heat at whatever flow there is.", (
        _identity("heat exchanger"), *_ends(),
        Field("heat_kw", Kind.FLOAT, "Heat drawn.", "qext_w", factor=_KW_TO_W, absent=Absent.REQUIRED),
        _DIAMETER, _LOSS, _IN_SERVICE,
    ), theirs="heat_exchanger", creator="create_heat_exchangers", utilities=("heating",)),
    Component("plants", "plant", "Heat sources whose pump holds supply pressure and lift.", (
        _identity("plant"), *_plant_ends(),
        _gauge("pressure_kpa", "Gauge pressure at the outlet.", "p_flow_bar", older={"p_bar": 1.0}, absent=Absent.REQUIRED),
        Field("lift_kpa", Kind.FLOAT, "Pressure lift of the pump.", "plift_bar", factor=_KPA_TO_BAR, absent=Absent.REQUIRED,
              allowed=Range(0.0, 10_000.0)),
        _celsius("temperature_c", "Supply temperature.", "t_flow_k", older={"t_k": 1.0}, absent=Absent.REQUIRED),
        _IN_SERVICE,
    ), theirs="circ_pump_pressure", creator="create_circ_pump_const_pressure", bulk=False, utilities=("heating",)),
    Component("flow_plants", "flow_plant", "Heat sources whose pump holds supply pressure and mass flow.", (
        _identity("plant"), *_plant_ends(),
        _gauge("pressure_kpa", "Gauge pressure at the outlet.", "p_flow_bar", older={"p_bar": 1.0}, absent=Absent.REQUIRED),
        _flow("Mass flow of the pump.", "mdot_flow_kg_per_s", older={"mdot_kg_per_s": 1.0}, absent=Absent.REQUIRED,
              allowed=NOT_NEGATIVE),
        _celsius("temperature_c", "Supply temperature.", "t_flow_k", older={"t_k": 1.0}, absent=Absent.REQUIRED),
        _IN_SERVICE,
    ), theirs="circ_pump_mass", creator="create_circ_pump_const_mass_flow", bulk=False, utilities=("heating",)),
    Component("sources", "source", "Supplies that hold a pressure: city gate, feeding main.", (
        _identity("source"),
        _end("node", "Junction it feeds.", "junction"),
        _gauge("pressure_kpa", "Gauge pressure held; missing: it holds a temperature only.", "p_bar"),
        _celsius("temperature_c", "Temperature of what it supplies; missing: that of its junction.", "t_k", absent=Absent.MISSING),
        _IN_SERVICE,
    ), theirs="ext_grid", creator="create_ext_grids", shape="terminal"),
    Component("infeeds", "infeed", "Supplies that hold a mass flow: biogas plant, second source.", (
        _identity("infeed"),
        _end("node", "Junction it feeds.", "junction"),
        _flow("Mass flow into the network.", "mdot_kg_per_s", absent=Absent.REQUIRED, allowed=NOT_NEGATIVE),
        _SCALING, _IN_SERVICE,
    ), theirs="source", creator="create_sources", shape="terminal"),
    Component("sinks", "sink", "Demands: mass flow out of the network.", (
        _identity("sink"),
        _end("node", "Junction it draws from.", "junction"),
        _flow("Mass flow out of the network.", "mdot_kg_per_s", absent=Absent.REQUIRED, allowed=NOT_NEGATIVE),
        _SCALING, _IN_SERVICE,
    ), theirs="sink", creator="create_sinks", shape="terminal"),
    Component("pump_curves", "pump_curve", "Curves of pumps: lift in bar as a polynomial of the flow in m3/h.", (
        Field("id", Kind.TEXT, "Name of the curve; one row per power.", absent=Absent.REQUIRED),
        Field("power", Kind.INTEGER, "Power of the flow (1).", absent=Absent.REQUIRED, allowed=Range(0, 9)),
        Field("coefficient", Kind.FLOAT, "Coefficient of that power, in bar/(m3/h)^power.", absent=Absent.REQUIRED),
    ), shape="detail", switch=""),
    Component("vertices", "vertex", "Bends of pipes on the map, in order.", (
        Field("link", Kind.TEXT, "Pipe that is bent.", absent=Absent.REQUIRED, refers="pipes"),
        Field("x", Kind.FLOAT, "Easting or longitude.", absent=Absent.REQUIRED),
        Field("y", Kind.FLOAT, "Northing or latitude.", absent=Absent.REQUIRED),
    ), shape="detail", switch=""),
)
# fmt: on

BY_NAME: Final[Mapping[str, Component]] = {one.name: one for one in COMPONENTS}


def components_of(utility: str) -> tuple[Component, ...]:
    """The components a utility's networks may have, in the order in which an engine creates them."""
    return tuple(one for one in COMPONENTS if utility in one.utilities)
