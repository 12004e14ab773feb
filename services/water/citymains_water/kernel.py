"""Steady states by the thousand: a batched solver that vouches for each of its answers, or passes it on.

One symbolic factorisation serves all scenarios of a topology; eight run side by side, each from
the undisturbed solution. What the certificate does not pass, what does not settle, and models
with parts the solver does not know are EPANET's (see `citymains_water.kernel_certificate`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from citymains.kernels.gradient import Step
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_water import kernel_reasons as reasons
from citymains_water.batch_chunk import (
    BY_KERNEL,
    REFERENCE_ACCURACY,
    STEADY_S,
    Chunk,
    Judge,
    Metrics,
)
from citymains_water.batch_project import Project
from citymains_water.batch_supply import Trees
from citymains_water.kernel_certificate import RuleTable
from citymains_water.kernel_model import CLOSED, KernelModel, NotModelledError, read_model
from citymains_water.kernel_screen import closure_drops
from citymains_water.kernel_stream import Answers, Queue, Room, Undisturbed, stream
from citymains_water.kernel_system import Layout, system_of, undisturbed

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.intp]

#: Sum of the changes of flow, relative to the sum of flows, at which a scenario is balanced.
ACCURACY = 1e-7
#: Iterations a scenario may take; beyond, EPANET is asked.
MOST_ITERATIONS = 30
#: Numbers of heads held at once [bytes]; more scenarios go in several queues.
_ROOM_BYTES = 2 << 20
#: EPANET's warnings about the undisturbed state that leave nothing to start from: unbalanced,
#: unstable, a valve that cannot do its duty.
_NO_BASE = (1 << 1) | (1 << 2) | (1 << 5)


#: How far its heads of the undisturbed state may be from EPANET's: a centimetre [ft].
_BASE_TOLERANCE_FT = 0.01 / 0.3048


class Kernel:
    """The batched solver of one model.

    Parameters
    ----------
    project : Project
        The model; its undisturbed state is solved here.
    trees : Trees
        Ways to sources by open links.
    pressure_dependent : bool
        How demands meet pressure.

    Attributes
    ----------
    refusal : str
        Why it answers nothing of this model; empty where it does.

    Raises
    ------
    EngineFault
        The undisturbed model has no answer.
    """

    def __init__(self, project: Project, trees: Trees, pressure_dependent: bool) -> None:
        project.set_accuracy(0.0)
        self.refusal = "the undisturbed state is not balanced" if project.steady() & _NO_BASE else ""
        if self.refusal:
            return
        project.set_accuracy(REFERENCE_ACCURACY)
        project.steady()
        try:
            self._model = read_model(project, pressure_dependent)
            self._layout = Layout.of(self._model, pressure_dependent)
        except NotModelledError as problem:
            self.refusal = str(problem)
            return
        model, layout = self._model, self._layout
        self._system = system_of(model, layout)
        self._base = _base(model, layout)
        self._rules = RuleTable(model, layout.place_of_link, layout.place_of_node).rules()
        self._room = Room(
            Step.of(self._system.pattern, len(model.head)),
            undisturbed(model, layout),
            np.zeros((len(layout.links), LANES), dtype=bool),
            np.ones((len(model.head), LANES), dtype=bool),
        )
        self._held = trees.of(model.status > CLOSED)
        self.refusal = self._check_undisturbed()

    def answer(self, chunk: Chunk, judge: Judge, metrics: Metrics) -> Indices:
        """Answer the scenarios of a chunk.

        Parameters
        ----------
        chunk : Chunk
        judge : Judge
        metrics : Metrics
            Gets the answers, and the reasons why there is none.

        Returns
        -------
        ndarray of int
            Scenarios that are EPANET's.
        """
        if self.refusal:
            metrics.reason[:] = reasons.NOT_MODELLED
            return np.arange(len(chunk))
        at_once = max(LANES, _ROOM_BYTES // (8 * len(self._model.head)))
        for begin in range(0, len(chunk), at_once):
            self._answer(chunk, np.arange(begin, min(begin + at_once, len(chunk))), judge, metrics)
        return np.flatnonzero(metrics.reason != reasons.ANSWERED)

    def screen(self, links: Ints) -> Floats:
        """The worst head drop the closure of each link may cause, in the file's unit of length.

        See :func:`citymains_water.kernel_screen.closure_drops`. Zeros where the model is not known.
        """
        if self.refusal:
            return np.zeros(len(links))
        wanted = np.zeros(len(self._model.head), dtype=bool)
        wanted[self._layout.place_of_node[: self._model.junctions]] = self._model.demand > 0.0
        places = self._layout.place_of_link[links]
        return closure_drops(self._system, self._base, self._room, places, wanted) * self._model.length

    def _check_undisturbed(self) -> str:
        """Why its own solution of the undisturbed state is not EPANET's; empty where it is."""
        answers = self._stream(Chunk.undisturbed(), np.arange(1))
        if answers.reason[0] != reasons.ANSWERED:
            return f"the undisturbed state: {reasons.REASONS[answers.reason[0]]}"
        off = np.abs(answers.head[0, self._layout.place_of_node] - self._model.head)
        off[self._dry(())] = 0.0
        return "" if off.max(initial=0.0) <= _BASE_TOLERANCE_FT else "the undisturbed state differs"

    def _stream(self, chunk: Chunk, some: Indices) -> Answers:
        answers = Answers(
            np.empty((len(some), len(self._model.head))),
            np.empty((len(some), len(self._layout.drawing))),
            np.empty(len(some), dtype=np.int32),
        )
        stream(
            self._system,
            self._base,
            self._rules,
            self._queue(chunk, some),
            self._room,
            answers,
            ACCURACY,
            MOST_ITERATIONS,
        )
        return answers

    def _answer(self, chunk: Chunk, some: Indices, judge: Judge, metrics: Metrics) -> None:
        model, layout = self._model, self._layout
        answers = self._stream(chunk, some)
        metrics.reason[some] = answers.reason
        good = np.flatnonzero(answers.reason == reasons.ANSWERED)
        if not len(good):
            return
        head = answers.head[good][:, layout.place_of_node] * model.length
        deficit = np.zeros((len(good), model.junctions))
        deficit[:, layout.drawing] = answers.lacking[good] * (model.volume * STEADY_S)
        dried = np.zeros((len(good), model.junctions), dtype=bool)
        for row, at in enumerate(some[good].tolist()):
            dried[row, self._dry(chunk.closed[at].tolist())] = True
        head[:, : model.junctions][dried] = np.inf
        judge.judge(metrics, some[good], chunk, head, dried, deficit)
        metrics.engine[some[good]] = BY_KERNEL

    def _dry(self, closed: Sequence[int]) -> NDArray[np.int64]:
        """Junctions without an open way to a source. Statuses are held, so one tree answers all."""
        return self._held.of(closed)

    def _queue(self, chunk: Chunk, some: Indices) -> Queue:
        place = self._layout.place_of_node
        first, last = int(some[0]), int(some[-1]) + 1
        lists = (chunk.closed, chunk.cut, chunk.scaled, chunk.drawn)
        closed, cut, scaled, drawn = (one.part(first, last) for one in lists)
        begin, draws = chunk.scaled.start[first], chunk.drawn.start[first]
        return Queue(
            factor=chunk.factor[first:last],
            closed_start=closed.start,
            closed=self._layout.place_of_link[closed.values],
            cut_start=cut.start,
            cut=place[cut.values],
            scaled_start=scaled.start,
            scaled=place[scaled.values],
            factors=chunk.factors[begin : begin + len(scaled.values)],
            drawn_start=drawn.start,
            drawn=place[drawn.values],
            flows=chunk.flows[draws : draws + len(drawn.values)] / self._model.volume,
        )


def _base(model: KernelModel, layout: Layout) -> Undisturbed:
    system, start = system_of(model, layout), undisturbed(model, layout)
    draw_of = np.full(model.junctions, -1, dtype=np.int32)
    draw_of[layout.place_of_node[layout.drawing]] = np.arange(len(layout.drawing), dtype=np.int32)
    fixed = np.zeros(model.junctions)
    fixed[layout.place_of_node[: model.junctions]] = model.demand
    fixed[draw_of >= 0] = 0.0
    head = np.empty(len(model.head))
    head[layout.place_of_node] = model.head
    return Undisturbed(
        iterate=start,
        resistance=system.links.resistance[:, 0].copy(),
        minor=system.links.minor[:, 0].copy(),
        valve_shut=system.valves.shut[:, 0].copy(),
        pump_shut=system.pumps.shut[:, 0].copy(),
        fixed=fixed,
        full=model.demand[layout.drawing],
        draw_of=draw_of,
        ends=np.array(layout.ends, dtype=np.int32),
        head=head,
        usual=np.array([model.head.min(), model.head.max()]),
        total=float(np.abs(model.flow).sum() + model.delivered[layout.drawing].sum()),
    )
