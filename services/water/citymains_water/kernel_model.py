"""A model as the batched solver sees it: read from the engine itself, in EPANET's own feet and cubic feet.

Nothing is read from the file a second time: lengths, roughness, curves, demands, statuses and
settings are what EPANET has after its own solution of the undisturbed state.
"""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from citymains_water import batch_project as en
from citymains_water.batch_project import Project

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]

#: EPANET's flow units in one cubic foot a second, by the codes of EN_getflowunits.
_FLOW_PER_CFS = (1.0, 448.831, 0.64632, 0.5382, 1.9837, 28.317, 1699.0, 2.4466, 101.94, 2446.6, 0.028317)
_METRES_PER_FOOT, _KW_PER_HP, _VISCOSITY = 0.3048, 0.7457, 1.1e-5
_FIRST_METRIC = 5
_HAZEN_WILLIAMS, _DARCY_WEISBACH, _CHEZY_MANNING = 0, 1, 2

# Statuses of EPANET that the certificate tells apart.
XHEAD, TEMPORARILY_CLOSED, CLOSED, OPEN, ACTIVE = 0, 1, 2, 3, 4
POWER_CONSTANT, POWER_FUNCTION, CUSTOM_CURVE, NO_CURVE = range(4)


class NotModelledError(Exception):
    """The model holds something the batched solver does not know."""


@dataclass(frozen=True)
class Pump:
    """A pump that runs in the undisturbed state."""

    link: int
    kind: int
    speed: float
    shutoff: float
    """Head at no flow, at speed 1 [ft]."""
    resistance: float
    exponent: float
    highest: float
    """Highest head it can add, at speed 1 [ft]."""
    flows: Floats
    heads: Floats


@dataclass(frozen=True)
class KernelModel:
    """Arrays of a model at its undisturbed state, links and nodes in the engine's order, in feet and cfs."""

    start: Ints
    end: Ints
    kind: Ints
    junctions: int
    resistance: Floats
    """Of pipes: R of ``h = R q**n`` (Darcy-Weisbach: without the friction factor)."""
    minor: Floats
    """``h = minor q**2``."""
    diameter: Floats
    roughness: Floats
    formula: int
    exponent: float
    viscosity: float
    setting: Floats
    """Of valves: pressure or flow set, in feet or cfs."""
    status: Ints
    regulated: NDArray[np.bool_]
    """Control valves that are not fixed open or closed."""
    may_open: NDArray[np.bool_]
    """Links that are open, or that EPANET itself holds closed for the moment."""
    head: Floats
    flow: Floats
    elevation: Floats
    demand: Floats
    delivered: Floats
    emitter: Floats
    """Coefficient K of ``h = K q**n`` per junction; 0: none."""
    emitter_exponent: float
    emitter_flow: Floats
    emitter_backflow: bool
    lowest: Floats
    highest: Floats
    """Heads at which a tank is empty and full; of reservoirs minus and plus infinity, and where it may overflow."""
    is_tank: NDArray[np.bool_]
    pressure_dependent: bool
    pressure_range: tuple[float, float, float]
    """Minimum and required pressure [ft] and the exponent of pressure-dependent demand."""
    pumps: tuple[Pump, ...]
    controls: tuple[tuple[int, int, int, float], ...]
    """Kind, link, junction and head [ft] of controls by a junction's pressure that would change something."""
    length: float
    """File's units of length in one foot."""
    volume: float
    """File's units of flow in one cfs."""


def read_model(project: Project, pressure_dependent: bool) -> KernelModel:
    """Read the model after EPANET has solved its undisturbed state.

    Raises
    ------
    NotModelledError
    """
    units = _integer(project, "EN_getflowunits")
    metric = units >= _FIRST_METRIC
    length, flow = (_METRES_PER_FOOT if metric else 1.0), _FLOW_PER_CFS[units]
    nodes, links = _Nodes(project, length, flow), _Links(project, length, flow, metric)
    if np.any(project.links(en.LINK_LEAK_AREA) > 0.0):
        raise NotModelledError("leakage")
    return KernelModel(
        start=links.start,
        end=links.end,
        kind=project.link_type,
        junctions=project.junction_count,
        resistance=links.resistance(),
        minor=links.losses(),
        diameter=links.diameter,
        roughness=links.roughness,
        formula=links.formula,
        exponent=1.852 if links.formula == _HAZEN_WILLIAMS else 2.0,
        viscosity=links.viscosity,
        setting=links.settings(nodes.pressure),
        status=links.statuses(),
        regulated=links.regulated(),
        may_open=project.may_open(),
        head=nodes.head,
        flow=links.flow,
        elevation=nodes.elevation,
        demand=nodes.demand,
        delivered=nodes.delivered,
        emitter=nodes.emitter,
        emitter_exponent=nodes.emitter_exponent,
        emitter_flow=nodes.emitter_flow,
        emitter_backflow=bool(project.option(en.OPTION_EMITTER_BACKFLOW)),
        lowest=nodes.lowest,
        highest=nodes.highest,
        is_tank=nodes.is_tank,
        pressure_dependent=pressure_dependent,
        pressure_range=nodes.pressure_range() if pressure_dependent else (0.0, 0.0, 0.0),
        pumps=tuple(links.pumps()),
        controls=tuple(nodes.controls(links)),
        length=length,
        volume=flow,
    )


def _integer(project: Project, function: str) -> int:
    value = ctypes.c_int()
    project.call(function, ctypes.byref(value))
    return value.value


class _Nodes:
    def __init__(self, project: Project, length: float, flow: float) -> None:
        self.project, count = project, project.junction_count
        self.head = project.nodes(en.NODE_HEAD) / length
        self.elevation = project.nodes(en.NODE_ELEVATION) / length
        self.demand = project.nodes(en.NODE_FULL_DEMAND)[:count] / flow
        self.delivered = project.nodes(en.NODE_DEMAND_FLOW)[:count] / flow
        self.pressure = self._pressure_per_foot()
        power = 1.0 / project.option(en.OPTION_EMITTER_EXPONENT)
        given = project.nodes(en.NODE_EMITTER)[:count]
        self.emitter = np.zeros(count)
        self.emitter[given > 0] = (flow / given[given > 0]) ** power / self.pressure
        self.emitter_exponent = power
        self.emitter_flow = project.nodes(en.NODE_EMITTER_FLOW)[:count] / flow
        self.is_tank = np.zeros(project.node_count, dtype=bool)
        for node in range(count, project.node_count):
            self.is_tank[node] = _kind(project, node + 1) == en.NODE_IS_TANK
        levels = {code: project.nodes(code) / length for code in (en.NODE_MIN_LEVEL, en.NODE_MAX_LEVEL)}
        overflows = project.nodes(en.NODE_OVERFLOWS) > 0
        self.lowest = np.where(self.is_tank, self.elevation + levels[en.NODE_MIN_LEVEL], -np.inf)
        self.highest = np.where(self.is_tank & ~overflows, self.elevation + levels[en.NODE_MAX_LEVEL], np.inf)

    def _pressure_per_foot(self) -> float:
        """The file's unit of pressure, whichever it is and whatever the liquid weighs."""
        above = self.head - self.elevation
        at = int(np.abs(above).argmax())
        return float(self.project.nodes(en.NODE_PRESSURE)[at] / above[at]) if abs(above[at]) > 0 else 1.0

    def pressure_range(self) -> tuple[float, float, float]:
        model, values = ctypes.c_int(), [ctypes.c_double() for _ in range(3)]
        self.project.call(
            "EN_getdemandmodel", ctypes.byref(model), *(ctypes.byref(value) for value in values)
        )
        low, full, exponent = (value.value for value in values)
        return low / self.pressure, full / self.pressure, exponent

    def controls(self, links: _Links) -> list[tuple[int, int, int, float]]:
        """Controls by a junction's pressure that would change their link."""
        found = []
        for kind, link, setting, node, level in self.project.controls():
            if link and kind <= en.CONTROL_ABOVE and 0 < node <= self.project.junction_count:
                if not links.has(link - 1, setting):
                    head = float(self.elevation[node - 1] + level / self.pressure)
                    found.append((kind, link - 1, node - 1, head))
                elif not links.had(link - 1, setting):
                    raise NotModelledError("a control by a junction's pressure has acted")
        return found


class _Links:
    def __init__(self, project: Project, length: float, flow: float, metric: bool) -> None:
        self.project, self.length_unit, self.flow_unit, self.metric = project, length, flow, metric
        ends = (
            np.array([project.ends(link + 1) for link in range(project.link_count)], dtype=np.int32).reshape(
                -1, 2
            )
            - 1
        )
        self.start, self.end = ends[:, 0].copy(), ends[:, 1].copy()
        if np.any(self.start == self.end):
            raise NotModelledError("a link from a node to itself")
        self.formula = int(project.option(en.OPTION_HEADLOSS))
        self.diameter = project.links(en.LINK_DIAMETER) / (1000.0 * _METRES_PER_FOOT if metric else 12.0)
        rough = project.links(en.LINK_ROUGHNESS)
        self.roughness = rough / (1000.0 * length) if self.formula == _DARCY_WEISBACH else rough
        self.minor = np.zeros(project.link_count)
        wide = self.diameter > 0
        self.minor[wide] = 0.02517 * project.links(en.LINK_MINOR_LOSS)[wide] / self.diameter[wide] ** 4
        self.viscosity = project.option(en.OPTION_VISCOSITY) * _VISCOSITY
        self.flow = project.links(en.LINK_FLOW) / flow
        self._acting, self._setting = project.links(en.LINK_STATUS), project.links(en.LINK_SETTING)
        self._initially = project.links(en.LINK_INITIAL_STATUS)
        self._initial_setting = project.links(en.LINK_INITIAL_SETTING)
        self._state = project.links(en.PUMP_STATE)

    def resistance(self) -> Floats:
        """Resistance of pipes by EPANET's formulas."""
        pipes = self.project.link_type <= en.PIPE
        e, d = self.roughness[pipes], self.diameter[pipes]
        run = (self.project.links(en.LINK_LENGTH) / self.length_unit)[pipes]
        found = np.zeros(len(pipes))
        if self.formula == _HAZEN_WILLIAMS:
            found[pipes] = 4.727 * run / e**1.852 / d**4.871
        elif self.formula == _DARCY_WEISBACH:
            found[pipes] = run / 2.0 / 32.2 / d / (np.pi * d**2 / 4.0) ** 2
        else:
            found[pipes] = (4.0 * e / (1.49 * np.pi * d**2)) ** 2 * (d / 4.0) ** -1.333 * run
        return found

    def losses(self) -> Floats:
        """Coefficients of ``h = m q**2``; of throttles by their setting."""
        throttle = (self.project.link_type == en.TCV) & ((self._setting > 0) | (self._acting == en.ACTIVE))
        found = self.minor.copy()
        found[throttle] = 0.02517 * self._setting[throttle] / self.diameter[throttle] ** 4
        return found

    def settings(self, pressure: float) -> Floats:
        """Settings of control valves in feet and cfs."""
        found, kind = self._setting.copy(), self.project.link_type
        found[np.isin(kind, (en.PRV, en.PSV))] /= pressure
        found[kind == en.FCV] /= self.flow_unit
        return found

    def regulated(self) -> NDArray[np.bool_]:
        """Control valves that are not fixed open or closed."""
        control = np.isin(self.project.link_type, (en.PRV, en.PSV, en.FCV))
        return np.asarray(control & ((self._setting != 0.0) | (self._initially == en.ACTIVE)))

    def has(self, link: int, setting: float) -> bool:
        """Whether a control to `setting` would leave a link as it is."""
        return self._is(link, setting, self._acting, self._setting)

    def had(self, link: int, setting: float) -> bool:
        """Whether it would have left it as the model starts it."""
        return self._is(link, setting, self._initially, self._initial_setting)

    def _is(self, link: int, setting: float, status: Floats, settings: Floats) -> bool:
        if self.project.link_type[link] <= en.PIPE:
            return bool((status[link] != en.CLOSED) == (setting != 0.0))
        return bool(settings[link] == setting)

    def statuses(self) -> Ints:
        """Status of every link, closed pumps with their reason."""
        found = np.where(
            self._acting == en.CLOSED, CLOSED, np.where(self._acting == en.ACTIVE, ACTIVE, OPEN)
        ).astype(np.int32)
        kind = self.project.link_type
        pump = (kind == en.PUMP) & (found == CLOSED) & (self._state == XHEAD)
        found[pump] = XHEAD
        unknown = np.isin(kind, (en.PCV, en.GPV, en.PBV))
        # A set point of nothing is not told from a valve fixed open.
        control = np.isin(kind, (en.PRV, en.PSV, en.FCV))
        unknown |= (
            control & (self._setting == 0.0) & (self._initial_setting == 0.0) & (self._initially != en.OPEN)
        )
        unknown |= (
            (kind == en.TCV)
            & (found == OPEN)
            & (self._setting == 0.0)
            & (self._initially != en.OPEN)
            & (self.minor > 0.0)
        )
        if np.any(unknown & (found != CLOSED)):
            raise NotModelledError("a valve by a curve or without a set point")
        return found

    def pumps(self) -> list[Pump]:
        """Pumps that turn."""
        return [
            self._pump(link)
            for link in np.flatnonzero((self.project.link_type == en.PUMP) & (self._setting > 0)).tolist()
        ]

    def _pump(self, link: int) -> Pump:
        project, none = self.project, np.zeros(0)
        kind = ctypes.c_int()
        project.call("EN_getpumptype", link + 1, ctypes.byref(kind))
        speed = float(self._setting[link])
        if kind.value == NO_CURVE:
            raise NotModelledError("a pump without a curve")
        if kind.value == POWER_CONSTANT:
            horsepower = project.link_value(link + 1, en.PUMP_POWER) / (_KW_PER_HP if self.metric else 1.0)
            return Pump(link, kind.value, speed, 0.0, -8.814 * horsepower, -1.0, np.inf, none, none)
        flows, heads = self._curve(round(project.link_value(link + 1, en.PUMP_CURVE)))
        if kind.value == CUSTOM_CURVE:
            return Pump(link, kind.value, speed, heads[0], 0.0, 1.0, heads[0], flows, heads)
        shutoff, resistance, exponent = _power_function(flows, heads)
        return Pump(link, kind.value, speed, shutoff, resistance, exponent, shutoff, none, none)

    def _curve(self, index: int) -> tuple[Floats, Floats]:
        length = ctypes.c_int()
        self.project.call("EN_getcurvelen", index, ctypes.byref(length))
        x, y = ctypes.c_double(), ctypes.c_double()
        points = []
        for at in range(1, length.value + 1):
            self.project.call("EN_getcurvevalue", index, at, ctypes.byref(x), ctypes.byref(y))
            points.append((x.value / self.flow_unit, y.value / self.length_unit))
        array = np.array(points)
        return array[:, 0].copy(), array[:, 1].copy()


def _power_function(flows: Floats, heads: Floats) -> tuple[float, float, float]:
    """``h = h0 - r q**n`` through one point or three, as EPANET draws it."""
    if len(flows) == 1:
        h0, (h1,), h2, (q1,) = 1.33334 * heads[0], heads, 0.0, flows
        q2 = 2.0 * q1
    else:
        (h0, h1, h2), (_, q1, q2) = heads[:3], flows[:3]
    exponent = np.log((h0 - h2) / (h0 - h1)) / np.log(q2 / q1)
    return float(h0), float((h0 - h1) / q1**exponent), float(exponent)


def _kind(project: Project, node: int) -> int:
    kind = ctypes.c_int()
    project.call("EN_getnodetype", node, ctypes.byref(kind))
    return kind.value
