"""Where the water of each unit goes in the reduced model, and how long it is under way."""

from __future__ import annotations

from collections import deque

from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument

from citymains_drainage.control.model import ControlSpec
from citymains_drainage.planning.backing import SewerGeometry
from citymains_drainage.stations.graph import FlowGraph

#: Speed at which water is taken to travel in pipes that run partly full [m/s].
TRAVEL_M_PER_S = 1.0


def unit_ways(
    document: InpDocument, spec: ControlSpec, geometry: SewerGeometry, step_s: float
) -> tuple[list[int], list[int]]:
    """Tank each unit's water reaches next (-1: it leaves), and the steps it takes.

    Parameters
    ----------
    document : InpDocument
    spec : ControlSpec
        With the model's ids. Tanks are its stations' wells, then the nodes its gates draw from.
    geometry : SewerGeometry
    step_s : float
        Step of the reduced model [s].
    """
    graph = FlowGraph.of(document)
    ends = {link.name: link.end for link in graph.links}
    wells = [fold_ascii(one.wet_well) for one in spec.stations.stations]
    tanks = {node: at for at, node in enumerate([*wells, *(fold_ascii(one.node) for one in spec.gates)])}
    lengths = {(pipe.start, pipe.end): pipe.length_m for pipe in geometry.pipes}
    onward: dict[str, list[str]] = {}
    for link in graph.links:
        if link.section != "PUMPS":
            onward.setdefault(link.start, []).append(link.end)
    links = [group.pumps[0] for _, group in spec.stations.groups] + [one.name for one in spec.gates]
    to_tank, delays = [], []
    for name in links:
        tank, length = _next(ends.get(fold_ascii(name), ""), tanks, onward, lengths)
        to_tank.append(tank)
        delays.append(round(length / TRAVEL_M_PER_S / step_s))
    return to_tank, delays


def _next(
    node: str, tanks: dict[str, int], onward: dict[str, list[str]], lengths: dict[tuple[str, str], float]
) -> tuple[int, float]:
    seen, queue = {node}, deque([(node, 0.0)])
    while queue:
        at, length = queue.popleft()
        if at in tanks:
            return tanks[at], length
        for following in onward.get(at, ()):
            if following not in seen:
                seen.add(following)
                queue.append((following, length + lengths.get((at, following), 0.0)))
    return -1, 0.0
