"""A network with a hole in a pipe: the pipe parted there, and a demand for each opening."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from citymains.errors import InputError
from citymains.intake.pandapipes_components import BY_NAME, Absent
from citymains.intake.pandapipes_model import PipeModel

#: Share of a pipe's length that a hole keeps from its ends.
NEAREST: Final = 1e-3


@dataclass(frozen=True)
class Opening:
    """An opening to the air.

    Attributes
    ----------
    name : str
        Id of the sink that stands for it.
    node : str
        Junction it is at.
    diameter_mm : float
    """

    name: str
    node: str
    diameter_mm: float


@dataclass(frozen=True)
class LeakModel:
    """A network with openings; each is a sink without flow, to be given one.

    Attributes
    ----------
    model : PipeModel
    openings : tuple of Opening
    pipe_diameter_mm : float
        Bore of the pipe that leaks; NaN: a junction does.
    """

    model: PipeModel
    openings: tuple[Opening, ...]
    pipe_diameter_mm: float


def with_leak(model: PipeModel, *, pipe: str, node: str, hole_mm: float | None, position: float) -> LeakModel:
    """Open a pipe or a junction.

    Parameters
    ----------
    model : PipeModel
    pipe, node : str
        Where; one of them.
    hole_mm : float, optional
        Diameter of the hole; None: the pipe is torn apart and both ends are open.
    position : float
        Where along the pipe, from its start, 0 to 1.

    Raises
    ------
    InputError
        Nothing or both named, no such element, a hole larger than the pipe, a torn junction.
    """
    if bool(pipe) == bool(node):
        raise InputError("ARGUMENT_INVALID", field="pipe", value=pipe or "-", limit="pipe= or node=")
    if hole_mm is not None and not 0.0 < hole_mm < np.inf:
        raise InputError("ARGUMENT_INVALID", field="hole_mm", value=hole_mm, limit="> 0")
    if not 0.0 <= position <= 1.0:
        raise InputError("ARGUMENT_INVALID", field="position", value=position, limit="0 <= position <= 1")
    if node:
        if node not in model.ids("junctions"):
            raise InputError("ELEMENT_UNKNOWN", field="node", value=node)
        if hole_mm is None:
            raise InputError(
                "ARGUMENT_INVALID", field="hole_mm", value="-", limit="a junction needs hole_mm="
            )
        opening = Opening(f"leak at {node}", node, hole_mm)
        return LeakModel(_with_sinks(model, [opening]), (opening,), np.nan)
    if pipe not in model.ids("pipes"):
        raise InputError("ELEMENT_UNKNOWN", field="pipe", value=pipe)
    row = model.ids("pipes").index(pipe)
    bore = float(model.column("pipes", "inner_diameter_mm")[row])
    if hole_mm is not None and hole_mm > bore:
        raise InputError(
            "ARGUMENT_INVALID", field="hole_mm", value=hole_mm, limit=f"<= {bore:g} (None: torn apart)"
        )
    share = min(max(position, NEAREST), 1.0 - NEAREST)
    ends = (
        [f"leak in {pipe}"]
        if hole_mm is not None
        else [f"break in {pipe} (start side)", f"break in {pipe} (end side)"]
    )
    openings = [Opening(name, name, bore if hole_mm is None else hole_mm) for name in ends]
    parted = _parted(model, row, ends, share)
    return LeakModel(_with_sinks(parted, openings), tuple(openings), bore)


def _parted(model: PipeModel, row: int, nodes: list[str], share: float) -> PipeModel:
    """The pipe up to the first of `nodes`, and from the last of them on."""
    junctions, pipes = (dict(model.tables[name]) for name in ("junctions", "pipes"))
    start, end = pipes["from_node"][row], pipes["to_node"][row]
    ids = junctions["id"]
    one, other = ids.index(start), ids.index(end)
    for name, values in junctions.items():
        made = [_between(values[one], values[other], share)] * len(nodes) if name != "id" else list(nodes)
        junctions[name] = [*values, *made]
    name, length = pipes["id"][row], pipes["length_m"][row]
    second = {key: values[row] for key, values in pipes.items()}
    second |= {"id": f"{name} (2)", "from_node": nodes[-1], "length_m": length * (1.0 - share)}
    changed = {"to_node": nodes[0], "length_m": length * share}
    for key, values in pipes.items():
        first = [*values[:row], changed.get(key, values[row]), *values[row + 1 :]]
        pipes[key] = [*first, second[key]]
    made_model = model.with_table("junctions", junctions).with_table("pipes", pipes)
    return _move_valve(made_model, name, end, second["id"])


def _move_valve(model: PipeModel, pipe: str, end: str, second: str) -> PipeModel:
    """A valve at the pipe's end goes with the second half; the others have the leak as their far side."""
    valves = dict(model.tables.get("valves", {}))
    if pipe not in valves.get("pipe", []):
        return model
    for row, (at, near) in enumerate(zip(valves["pipe"], valves["from_node"], strict=True)):
        if at == pipe:
            half = second if near == end else pipe
            far = model.tables["pipes"]["id"].index(half)
            other = "from_node" if near == end else "to_node"
            valves["pipe"] = [*valves["pipe"][:row], half, *valves["pipe"][row + 1 :]]
            beyond: list[Any] = list(valves["to_node"])
            beyond[row] = model.tables["pipes"][other][far]
            valves["to_node"] = beyond
    return model.with_table("valves", valves)


def _between(one: Any, other: Any, share: float) -> Any:
    if isinstance(one, float) and isinstance(other, float):
        return one + share * (other - one)
    return one


def _with_sinks(model: PipeModel, openings: list[Opening]) -> PipeModel:
    table = {name: list(values) for name, values in model.tables.get("sinks", {}).items()}
    for field in BY_NAME["sinks"].fields:
        default = None if isinstance(field.absent, Absent) else field.absent
        given: dict[str, list[Any]] = {
            "id": [one.name for one in openings],
            "node": [one.node for one in openings],
            "flow_kg_per_s": [0.0] * len(openings),
        }
        table[field.name] = [*table.get(field.name, []), *given.get(field.name, [default] * len(openings))]
    return model.with_table("sinks", table)
