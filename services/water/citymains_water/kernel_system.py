"""The solver's arrays of a model: links sorted by law, nodes in elimination order, eight lanes each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.kernels.gradient import Pattern
from citymains.kernels.rows import LANES
from citymains.kernels.symbolic import Symbolic, analyze
from numpy.typing import NDArray

from citymains_water.batch_project import FCV, PIPE, PRV, PSV, PUMP
from citymains_water.kernel_laws import SHUT, Draws, Links, Pumps
from citymains_water.kernel_model import ACTIVE, CLOSED, KernelModel, NotModelledError
from citymains_water.kernel_newton import FLOW_CONTROL, REDUCING, SUSTAINING, Iterate, System, Valves

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.intp]


@dataclass(frozen=True)
class Layout:
    """Where a model's links and nodes stand in the solver's arrays."""

    links: Ints
    """The model's link at each place: pipes, valves as losses, working control valves, pumps that turn."""
    place_of_link: Ints
    place_of_node: Ints
    """Unknown nodes in elimination order, then those of fixed head."""
    ends: tuple[int, int, int]
    """Where pipes, losses and control valves end among the links."""
    drawing: Indices
    """Junctions with a demand that follows the pressure."""
    emitting: Indices
    """Junctions with an emitter."""
    symbolic: Symbolic

    @classmethod
    def of(cls, model: KernelModel, pressure_dependent: bool) -> Layout:
        """Lay out a model.

        Raises
        ------
        NotModelledError
        """
        _check_control_valves(model)
        working = model.regulated & (model.status == ACTIVE)
        turning = np.isin(np.arange(len(model.kind)), [one.link for one in model.pumps])
        # A pump that does not turn is a closed link, like a closed valve.
        still = (model.kind >= PUMP) & ~working & ~turning
        groups = [np.flatnonzero(one) for one in (model.kind <= PIPE, still, working, turning)]
        links = np.concatenate(groups).astype(np.int32)
        place_of_link = np.empty(len(links), dtype=np.int32)
        place_of_link[links] = np.arange(len(links), dtype=np.int32)
        symbolic = analyze(model.junctions, model.start[links], model.end[links])
        place_of_node = np.arange(len(model.head), dtype=np.int32)
        place_of_node[: model.junctions] = symbolic.position
        pipes, losses, valves = np.cumsum([len(one) for one in groups[:3]]).tolist()
        drawing = model.demand > 0.0 if pressure_dependent else np.zeros(model.junctions, dtype=bool)
        return cls(
            links,
            place_of_link,
            place_of_node,
            (pipes, losses, valves),
            np.flatnonzero(drawing),
            np.flatnonzero(model.emitter > 0.0),
            symbolic,
        )


def _check_control_valves(model: KernelModel) -> None:
    """Control valves that meet at a node act on each other in ways that are EPANET's own."""
    valves = np.flatnonzero(model.regulated)
    ends = np.concatenate([model.start[valves], model.end[valves]])
    if len(np.unique(ends)) < len(ends) or np.any(ends >= model.junctions):
        raise NotModelledError("control valves that meet at a node or a source")


def system_of(model: KernelModel, layout: Layout) -> System:
    """The arrays of the undisturbed model, all lanes alike."""
    place, links = layout.place_of_node, layout.links
    start, end = place[model.start[links]], place[model.end[links]]
    low, full, exponent = model.pressure_range
    none = np.zeros((0, LANES))
    return System(
        pattern=Pattern.of(layout.symbolic, start, end),
        links=_links(model, layout),
        valves=_valves(model, layout),
        pumps=_pumps(model),
        demands=Draws(
            node=place[layout.drawing],
            full=lanes(model.demand[layout.drawing]),
            coefficient=np.zeros(0),
            base=model.elevation[layout.drawing] + low - model.head[layout.drawing],
            rise=full - low,
            exponent=1.0 / exponent if exponent > 0.0 else 1.0,
            backflow=False,
        ),
        emitters=Draws(
            node=place[layout.emitting],
            full=none,
            coefficient=model.emitter[layout.emitting],
            base=model.elevation[layout.emitting] - model.head[layout.emitting],
            rise=0.0,
            exponent=model.emitter_exponent,
            backflow=model.emitter_backflow,
        ),
        fixed=np.zeros((model.junctions, LANES)),
        drop=model.head[model.start[links]] - model.head[model.end[links]],
    )


def undisturbed(model: KernelModel, layout: Layout) -> Iterate:
    """Where every iteration starts: the model's own heads are the reference."""
    return Iterate(
        lanes(model.flow[layout.links]),
        np.zeros((len(model.head), LANES)),
        lanes(model.delivered[layout.drawing]),
        lanes(model.emitter_flow[layout.emitting]),
    )


def lanes(values: NDArray[Any]) -> NDArray[Any]:
    """A column for every lane."""
    return np.repeat(np.asarray(values)[:, None], LANES, axis=1).copy()


def _links(model: KernelModel, layout: Layout) -> Links:
    pipes, losses = layout.links[: layout.ends[0]], layout.links[: layout.ends[1]]
    shut = model.status[losses] <= CLOSED
    resistance = np.where(shut[: len(pipes)], SHUT, model.resistance[pipes])
    minor = model.minor[losses].copy()
    minor[len(pipes) :][shut[len(pipes) :]] = SHUT
    diameter = model.diameter[pipes]
    return Links(
        formula=model.formula,
        exponent=model.exponent,
        resistance=lanes(resistance),
        minor=lanes(minor),
        roughness=model.roughness[pipes] / diameter,
        viscous=model.viscosity * diameter,
    )


def _valves(model: KernelModel, layout: Layout) -> Valves:
    links = layout.links[layout.ends[1] : layout.ends[2]].tolist()
    kinds, settings, pinned, around, signs, starts = [], [], [], [], [], [0]
    for link in links:
        kind = int(model.kind[link])
        node = {PRV: int(model.end[link]), PSV: int(model.start[link]), FCV: -1}[kind]
        kinds.append({PRV: REDUCING, PSV: SUSTAINING, FCV: FLOW_CONTROL}[kind])
        above = float(model.elevation[node] - model.head[node]) if node >= 0 else 0.0
        settings.append(float(model.setting[link]) + above)
        pinned.append(int(layout.place_of_node[node]) if node >= 0 else -1)
        touching = np.flatnonzero(((model.start == node) | (model.end == node)) & (node >= 0))
        touching = touching[touching != link]
        around += layout.place_of_link[touching].tolist()
        signs += np.where(model.end[touching] == node, 1.0, -1.0).tolist()
        starts.append(len(around))
    return Valves(
        kind=np.array(kinds, dtype=np.int32),
        setting=np.array(settings, dtype=float),
        pinned=np.array(pinned, dtype=np.int32),
        around_start=np.array(starts, dtype=np.int32),
        around=np.array(around, dtype=np.int32),
        sign=np.array(signs, dtype=float),
        shut=np.zeros((len(links), LANES), dtype=bool),
    )


def _pumps(model: KernelModel) -> Pumps:
    pumps = model.pumps
    shut = np.array([model.status[one.link] <= CLOSED for one in pumps], dtype=bool)
    sizes = [len(one.flows) for one in pumps]
    none = np.zeros(0)
    return Pumps(
        kind=np.array([one.kind for one in pumps], dtype=np.int32),
        speed=np.array([one.speed for one in pumps], dtype=float),
        shutoff=np.array([one.shutoff for one in pumps], dtype=float),
        resistance=np.array([one.resistance for one in pumps], dtype=float),
        exponent=np.array([one.exponent for one in pumps], dtype=float),
        curve_start=np.cumsum([0, *sizes]).astype(np.int32),
        flows=np.concatenate([none, *(one.flows for one in pumps)]),
        heads=np.concatenate([none, *(one.heads for one in pumps)]),
        shut=lanes(shut),
    )
