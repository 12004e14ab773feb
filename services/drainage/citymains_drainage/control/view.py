"""What a policy sees when it decides."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from citymains_drainage.control.model import ControlSpec, FlowLimit, Simulation
from citymains_drainage.control.rules import Quantity


def limited_flows(simulation: Simulation, limits: Sequence[FlowLimit]) -> list[float]:
    """The flow each limit is about, whichever way it runs [m3/s]."""
    links = iter(simulation.flows_m3_per_s([one.place for one in limits if not one.at_node]))
    nodes = iter(simulation.node_inflows_m3_per_s([one.place for one in limits if one.at_node]))
    return [abs(next(nodes if one.at_node else links)) for one in limits]


@dataclass(eq=False)
class ControlView:
    """The simulation at one time, read when it is asked for.

    Attributes
    ----------
    spec : ControlSpec
    simulation : Simulation
    time_s : float
    counts : mapping of str to int
        Running pumps by group, as the guard last commanded.
    openings : mapping of str to float
        Openings of gates as last commanded.
    depths : dict of str to float
        Depth by station.
    running : mapping of str to float
        Settings of commanded links as last commanded.
    """

    spec: ControlSpec
    simulation: Simulation
    time_s: float
    counts: Mapping[str, int]
    openings: Mapping[str, float]
    running: Mapping[str, float]
    depths: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stations = self.spec.stations.stations
        read = self.simulation.depths_m([one.wet_well for one in stations])
        self.depths = {one.name: depth for one, depth in zip(stations, read, strict=True)}

    @property
    def hour(self) -> float:
        """Hour of the day."""
        return (self.spec.start_hour + self.time_s / 3600.0) % 24.0

    def fillings(self) -> dict[str, float]:
        """Filling of what each actuator draws from, by group or gate."""
        found = {}
        for station in self.spec.stations.stations:
            share = self.depths[station.name] / station.curve.max_depth_m
            found.update({group.name: share for group in station.groups})
        return found | self.gate_fillings()

    def gate_fillings(self) -> dict[str, float]:
        """Filling of the node each gate draws from."""
        gates = self.spec.gates
        depths = self.simulation.depths_m([gate.node for gate in gates])
        return {gate.name: depth / gate.full_depth_m for gate, depth in zip(gates, depths, strict=True)}

    def look(self, quantity: Quantity) -> float:
        """A rule's quantity, in the model's units."""
        if quantity.object == "SIMULATION":
            if quantity.attribute == "TIME":
                return self.time_s
            return (self.hour * 3600.0) % 86_400.0
        if quantity.object == "NODE":
            return self._node(quantity)
        if quantity.attribute in ("SETTING", "STATUS"):
            setting = self.running.get(quantity.name, math.nan)
            if math.isnan(setting):
                (setting,) = self.simulation.settings([quantity.name])
            return setting if quantity.attribute == "SETTING" else float(setting > 0)
        (flow,) = self.simulation.flows_m3_per_s([quantity.name])
        return flow / self.spec.flow_scale

    def _node(self, quantity: Quantity) -> float:
        if quantity.attribute == "INFLOW":
            (flow,) = self.simulation.node_inflows_m3_per_s([quantity.name])
            return flow / self.spec.flow_scale
        (depth,) = self.simulation.depths_m([quantity.name])
        if quantity.attribute == "HEAD":
            depth += self.spec.inverts_m.get(quantity.name, 0.0)
        return depth / self.spec.length_scale
