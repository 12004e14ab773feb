"""What control knows of a running simulation, and what it is told to control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from citymains_drainage.control.rules import ControlRule
from citymains_drainage.stations.model import StationSet, Underpass

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LiveTotals:
    """Volumes of a simulation since its start [m3], and its balance error [%]; losses evaporate or seep away."""

    flooding_m3: float
    outflow_m3: float
    inflow_m3: float
    losses_m3: float
    continuity_error_percent: float


class Simulation(Protocol):
    """A running simulation; `citymains_drainage.solver_live` has the real one. All in SI units."""

    time_s: float

    @property
    def gages(self) -> Mapping[str, int]:
        """Places of gages by id."""
        ...

    def advance(self, until_s: float) -> bool:
        """Go on to a time; False when the simulation is over."""
        ...

    def command(self, settings: Mapping[str, float]) -> None:
        """Set links from the next step on."""
        ...

    def rain(self, gage: str, intensity_mm_per_h: float) -> None:
        """Override what a gage gives."""
        ...

    def inflow(self, node: str, flow_m3_per_s: float) -> None:
        """Give a node an inflow besides its own."""
        ...

    def depths_m(self, nodes: Iterable[str]) -> list[float]:
        """Depths of nodes [m]."""
        ...

    def flows_m3_per_s(self, links: Iterable[str]) -> list[float]:
        """Flows of links [m3/s]."""
        ...

    def settings(self, links: Iterable[str]) -> list[float]:
        """Settings of links in force."""
        ...

    def node_inflows_m3_per_s(self, nodes: Iterable[str]) -> list[float]:
        """Total inflows of nodes [m3/s]."""
        ...

    def flooding_m3_per_s(self, nodes: Iterable[str]) -> list[float]:
        """Rates at which nodes flood [m3/s]."""
        ...

    def rain_mm_per_h(self) -> list[float]:
        """Intensity at every gage now [mm/h]."""
        ...

    def storage_m3(self) -> float:
        """Water in all nodes and links [m3]."""
        ...

    def totals(self) -> LiveTotals:
        """Volumes since the start."""
        ...

    def outfall_volumes_m3(self, outfalls: Sequence[str]) -> Floats:
        """Volume that has left through outfalls since the start [m3]."""
        ...


@dataclass(frozen=True, kw_only=True)
class Gate:
    """An orifice, weir or outlet whose opening is commanded.

    Attributes
    ----------
    name : str
        Id of the link.
    node : str
        Node it draws from; its filling is what equal filling looks at.
    full_depth_m : float
        Depth at which that node is full [m], > 0.
    initial : float
        Opening at the start, in 0..1.
    """

    name: str
    node: str
    full_depth_m: float
    initial: float = 1.0


@dataclass(frozen=True, kw_only=True)
class FlowLimit:
    """A flow that should not be passed: what receives it erodes, backs up or overflows.

    Attributes
    ----------
    place : str
        Id of a link, or of a node whose total inflow is meant.
    at_node : bool
        Whether it is a node's.
    most_m3_per_s : float
        > 0.
    gates : tuple of str
        Gates that let the water out that comes there, with no gate in between.
    """

    place: str
    at_node: bool
    most_m3_per_s: float
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CostWeights:
    """What is worth how much, in cubic metres of flooding: the stated cost.

    The order is underpass > flooding > overflow and what stays in the system > starts > energy;
    the weights keep each class above the next for all that a station can do in a storm.

    Attributes
    ----------
    underpass_m3_per_m_min : float
        A minute of one metre of water above an underpass's yellow depth; above its red depth ten times that.
    overflow : float
        A cubic metre of overflow.
    flow_excess : float
        A cubic metre that passes a place above its flow limit: worse than to keep it, better than to flood.
    storage : float
        A cubic metre more in the system at the end.
    start_m3 : float
        A start of a pump.
    energy_m3_per_yuan : float
        Electricity for a yuan.
    """

    underpass_m3_per_m_min: float = 10.0
    overflow: float = 0.3
    flow_excess: float = 0.5
    storage: float = 0.3
    start_m3: float = 2.0
    energy_m3_per_yuan: float = 0.02


@dataclass(frozen=True, kw_only=True)
class ControlSpec:
    """What is controlled, within which limits, and what counts. Ids are the engine's.

    Attributes
    ----------
    stations : StationSet
    gates : tuple of Gate
    underpasses : tuple of Underpass
        Every road that is watched, whichever station keeps it dry.
    overflow_outfalls : tuple of str
        Outfalls whose flow counts as overflow.
    flow_limits : tuple of FlowLimit
    regions : tuple of tuple of str
        Nodes whose flooding belongs together: upstream of each station, then of each gate.
    guard_step_s : float
        Time between two looks of the guard [s].
    weights : CostWeights
    price_yuan_per_kwh : tuple of float
        Price of electricity by hour of the day, 24 values.
    start_hour : float
        Hour of the day at the simulation's start.
    rules : tuple of ControlRule
        The model's control rules on what is commanded, for the rule's policy.
    flow_scale, length_scale : float
        SI units in one flow and length unit of the model, for its rules.
    inverts_m : mapping of str to float
        Inverts of nodes whose head the rules look at [m].
    policies : mapping of str to str
        Place (``module:name``) of each policy that is not built in, by name.
    originals : mapping of str to str
        Id of the model by the engine's alias, for those that have one.
    """

    stations: StationSet
    gates: tuple[Gate, ...] = ()
    underpasses: tuple[Underpass, ...] = ()
    overflow_outfalls: tuple[str, ...] = ()
    flow_limits: tuple[FlowLimit, ...] = ()
    regions: tuple[tuple[str, ...], ...] = ()
    guard_step_s: float = 60.0
    weights: CostWeights = field(default_factory=CostWeights)
    price_yuan_per_kwh: tuple[float, ...] = (0.7,) * 24
    start_hour: float = 0.0
    rules: tuple[ControlRule, ...] = ()
    flow_scale: float = 1.0
    length_scale: float = 1.0
    inverts_m: Mapping[str, float] = field(default_factory=dict)
    policies: Mapping[str, str] = field(default_factory=dict)
    originals: Mapping[str, str] = field(default_factory=dict)

    def original(self, engine_id: str) -> str:
        """The model's id for one of the engine."""
        return self.originals.get(engine_id, engine_id)

    @property
    def actuators(self) -> tuple[str, ...]:
        """Names of what a plan commands, in the order of its columns: groups of pumps, then gates."""
        groups = tuple(group.name for _, group in self.stations.groups)
        return groups + tuple(gate.name for gate in self.gates)

    @property
    def links(self) -> tuple[str, ...]:
        """Every commanded link: pumps, then gates."""
        return self.stations.pumps + tuple(gate.name for gate in self.gates)
