"""Scenarios as what a batch session edits: links closed, demands scaled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from citymains.errors import InputError
from citymains.model.network import Network
from citymains.model.scenario import Close, Draw, Lose, ScaleDemand, Scenario

from citymains_water.batch_chunk import Chunk, Ragged
from citymains_water.hydraulics import LINK_TABLES, NODE_TABLES, element_ids, network_graph
from citymains_water.scenario import SUPPORTED
from citymains_water.sweep_cuts import Cuts


@dataclass(frozen=True)
class Edits:
    """One scenario, by index."""

    closed: tuple[int, ...] = ()
    scaled: tuple[tuple[int, float], ...] = ()
    factor: float = 1.0
    drawn: tuple[tuple[int, float], ...] = ()
    """Flows drawn at junctions beside their customers, in the file's unit."""


class Compiler:
    """Turns the scenarios of a sweep into edits by index.

    Parameters
    ----------
    network : Network
    question : str
        Whose scenarios they are, for messages.
    flow_m3_per_h : float
        One unit of flow of the file.
    """

    def __init__(self, network: Network, question: str, flow_m3_per_h: float) -> None:
        self._question, self._flow_m3_per_h = question, flow_m3_per_h
        self._links = {one: at for at, one in enumerate(element_ids(network, LINK_TABLES))}
        self._nodes = {one: at for at, one in enumerate(element_ids(network, NODE_TABLES))}
        self._pumps = set(network.data("pumps").texts("id"))
        self._junctions = network.data("junctions").row_count
        graph = network_graph(network)
        self._around: dict[int, list[int]] = {}
        for ends in (graph.start, graph.end):
            for link in np.flatnonzero(ends >= self._junctions).tolist():
                self._around.setdefault(int(ends[link]), []).append(link)

    def edits(self, scenario: Scenario) -> Edits:
        """What a scenario does to the model.

        Raises
        ------
        InputError
            SCENARIO_UNSUPPORTED for edits at a time, and those no question takes; SCENARIO_UNKNOWN_ELEMENT.
        """
        scenario.require(self._question, (*SUPPORTED, Draw))
        closed: dict[int, None] = {}
        scaled: list[tuple[int, float]] = []
        drawn: list[tuple[int, float]] = []
        factor = 1.0
        for edit in scenario.edits:
            if isinstance(edit, ScaleDemand):
                if edit.nodes:
                    scaled += [(node, edit.factor) for node in self._known(edit.nodes, "nodes")]
                else:
                    factor *= edit.factor
            elif isinstance(edit, Close | Lose):
                closed.update(dict.fromkeys(self._closed(edit)))
            elif isinstance(edit, Draw):
                self._refuse_times(edit)
                (node,) = self._known((edit.node,), "node")
                drawn.append((node, edit.flow_m3_per_h / self._flow_m3_per_h))
        return Edits(tuple(closed), _merged(scaled), factor, tuple(drawn))

    def _closed(self, edit: Close | Lose) -> list[int]:
        self._refuse_times(edit)
        if isinstance(edit, Close):
            return [self._link(one, "pipes") for one in edit.pipes]
        for field in ("plants", "regulators"):
            if getattr(edit, field):
                self._refuse(f"lose {field}", "lose pumps, lose sources")
        links = [self._link(one, "pumps") for one in edit.pumps]
        for one in edit.sources:
            at = self._nodes.get(one, -1)
            if at < self._junctions:
                raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="sources", value=one)
            links += self._around.get(at, [])
        return links

    def _refuse_times(self, edit: Close | Lose | Draw) -> None:
        if edit.start_s or edit.end_s is not None:
            self._refuse(f"{Scenario.NAMES[type(edit)]} start_s, end_s", "edits from the start to the end")

    def _link(self, one: str, field: str) -> int:
        if one not in self._links or (field == "pumps" and one not in self._pumps):
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field=field, value=one)
        return self._links[one]

    def _known(self, ids: Iterable[str], field: str) -> list[int]:
        found = []
        for one in ids:
            at = self._nodes.get(one, self._junctions)
            if at >= self._junctions:
                raise InputError("SCENARIO_UNKNOWN_ELEMENT", field=field, value=one)
            found.append(at)
        return found

    def _refuse(self, field: str, limit: str) -> None:
        raise InputError("SCENARIO_UNSUPPORTED", value=self._question, field=field, limit=limit)


def _merged(scaled: list[tuple[int, float]]) -> tuple[tuple[int, float], ...]:
    factors: dict[int, float] = {}
    for node, factor in scaled:
        factors[node] = factors.get(node, 1.0) * factor
    return tuple(factors.items())


def chunk_of(edits: Sequence[Edits], cuts: Cuts) -> Chunk:
    """The scenarios as one task, with what each cuts off."""
    return Chunk(
        closed=Ragged.of([one.closed for one in edits]),
        cut=Ragged.of([cuts.of(one.closed).tolist() for one in edits]),
        scaled=Ragged.of([[node for node, _ in one.scaled] for one in edits]),
        factors=np.array([factor for one in edits for _, factor in one.scaled]),
        factor=np.array([one.factor for one in edits]),
        drawn=Ragged.of([[node for node, _ in one.drawn] for one in edits]),
        flows=np.array([flow for one in edits for _, flow in one.drawn], dtype=float),
    )
