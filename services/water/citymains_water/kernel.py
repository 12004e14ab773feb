"""Steady states by the thousand: a batched solver that vouches for each of its answers, or passes it on.

One symbolic factorisation serves all scenarios of a topology; eight run side by side, each from
the undisturbed solution. What the certificate does not pass, what does not settle, and models
with parts the solver does not know are EPANET's (see `citymains_water.kernel_certificate`).
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from citymains.kernels.gradient import Step
from citymains.kernels.rows import LANES
from numpy.typing import NDArray

from citymains_water import kernel_reasons as reasons
from citymains_water.batch_chunk import BY_KERNEL, STEADY_S, Chunk, Judge, Metrics
from citymains_water.batch_project import RESET_FLOWS, Project
from citymains_water.kernel_certificate import RuleTable, certify
from citymains_water.kernel_laws import SHUT
from citymains_water.kernel_model import KernelModel, NotModelledError, read_model
from citymains_water.kernel_newton import Iterate, balance
from citymains_water.kernel_system import Layout, system_of, undisturbed

Floats = NDArray[np.float64]
Ints = NDArray[np.int32]
Indices = NDArray[np.intp]

#: Sum of the changes of flow, relative to the sum of flows, that ends the iteration of a lane.
ACCURACY = 1e-7
#: Iterations a lane may take; beyond, EPANET is asked.
MOST_ITERATIONS = 30
#: EPANET's warnings about the undisturbed state that leave nothing to start from: unbalanced,
#: unstable, a valve that cannot do its duty.
_NO_BASE = (1 << 1) | (1 << 2) | (1 << 5)


class Kernel:
    """The batched solver of one model.

    Parameters
    ----------
    project : Project
        The model; its undisturbed state is solved here.
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

    def __init__(self, project: Project, pressure_dependent: bool) -> None:
        self.refusal = "the undisturbed state is not balanced" if _solve(project) & _NO_BASE else ""
        if self.refusal:
            return
        try:
            self._model = read_model(project, pressure_dependent)
            self._layout = Layout.of(self._model, pressure_dependent)
        except NotModelledError as problem:
            self.refusal = str(problem)
            return
        self._block = _Block(self._model, self._layout)
        self._pressure_dependent = pressure_dependent

    def answer(self, chunk: Chunk, which: Indices, judge: Judge, metrics: Metrics) -> Indices:
        """Answer scenarios of a chunk.

        Parameters
        ----------
        chunk : Chunk
        which : ndarray of int
            Scenarios to answer.
        judge : Judge
        metrics : Metrics
            Gets the answers, and the reasons why there is none.

        Returns
        -------
        ndarray of int
            Scenarios that are EPANET's.
        """
        if self.refusal:
            metrics.reason[which] = reasons.NOT_MODELLED
            return which
        for begin in range(0, len(which), LANES):
            some = which[begin : begin + LANES]
            reason = self._block.solve(chunk, some)[: len(some)]
            metrics.reason[some] = reason
            lanes = np.flatnonzero(reason == reasons.ANSWERED)
            if len(lanes):
                self._write(chunk, some[lanes], lanes, judge, metrics)
        return which[metrics.reason[which] != reasons.ANSWERED]

    def _write(self, chunk: Chunk, at: Indices, lanes: Indices, judge: Judge, metrics: Metrics) -> None:
        model, answer = self._model, self._block.answer
        head = answer.potential[self._layout.place_of_node][:, lanes].T * model.length
        deficit = None
        if self._pressure_dependent:
            lacking = np.maximum(self._block.system.demands.full - answer.drawn, 0.0)[:, lanes].T
            deficit = np.zeros((len(lanes), model.junctions))
            deficit[:, self._layout.drawing] = lacking * (model.volume * STEADY_S)
        judge.judge(metrics, at, chunk, head, deficit)
        metrics.engine[at] = BY_KERNEL


def _solve(project: Project) -> int:
    """Solve the undisturbed state; its warnings, bit ``c`` set for code ``c``."""
    time, step = ctypes.c_long(), ctypes.c_long(1)
    project.call("EN_initH", RESET_FLOWS)
    code = project.call("EN_runH", ctypes.byref(time))
    project.call("EN_nextH", ctypes.byref(step))
    return 1 << code if code else 0


class _Block:
    """Eight scenarios, filled in and solved again and again."""

    def __init__(self, model: KernelModel, layout: Layout) -> None:
        self.model, self.layout = model, layout
        self.system = system_of(model, layout)
        self.rules = RuleTable(model, layout.place_of_link, layout.place_of_node).rules()
        self.step = Step.of(self.system.pattern, len(model.head))
        self.base, self.now, self.answer = (undisturbed(model, layout) for _ in range(3))
        self.total = float(np.abs(model.flow).sum() + model.delivered[layout.drawing].sum())
        self.closed = np.zeros((len(layout.links), LANES), dtype=bool)
        self.supplied = np.ones((len(model.head), LANES), dtype=bool)
        self.usual = np.array([model.head.min(), model.head.max()])
        self.iterations = np.zeros(LANES, dtype=np.int32)
        self.reason = np.zeros(LANES, dtype=np.int32)

    def solve(self, chunk: Chunk, some: Indices) -> Ints:
        """Solve up to eight scenarios; why each has no answer, 0 where it has one."""
        self._load(chunk, some)
        undo = [
            change
            for lane, at in enumerate(some.tolist())
            for link in chunk.closed[at].tolist()
            for change in self._close(lane, link)
        ]
        _copy(self.base, self.now)
        balance(
            self.system,
            self.step,
            self.now,
            self.answer,
            self.total,
            ACCURACY,
            MOST_ITERATIONS,
            self.iterations,
        )
        self.reason[:] = np.where(self.iterations > 0, reasons.ANSWERED, reasons.NOT_CONVERGED)
        certify(
            self.rules,
            self.closed,
            self.answer.flow,
            self.answer.potential,
            self.usual,
            self.supplied,
            self.reason,
        )
        for array, row, lane, value in reversed(undo):
            array[row, lane] = value
        return self.reason

    def _load(self, chunk: Chunk, some: Indices) -> None:
        """Demands of the scenarios; what they cut off draws nothing."""
        fixed, full, place = self.system.fixed, self.system.demands.full, self.layout.place_of_node
        junctions, drawing = self.model.junctions, self.layout.drawing
        self.supplied[:] = True
        for lane, at in enumerate(some.tolist()):
            demand, cut = self.model.demand * chunk.demand_factors(at, junctions), chunk.cut[at]
            demand[cut] = 0.0
            self.supplied[place[cut], lane] = False
            full[:, lane] = demand[drawing]
            demand[drawing] = 0.0
            fixed[place[:junctions], lane] = demand

    def _close(self, lane: int, link: int) -> list[tuple[NDArray[Any], int, int, Any]]:
        """Close a link in one lane; what to write where to undo it."""
        place, (pipes, losses, valves) = int(self.layout.place_of_link[link]), self.layout.ends
        if place < pipes:
            shut = (self.system.links.resistance, place, SHUT)
        elif place < losses:
            shut = (self.system.links.minor, place, SHUT)
        elif place < valves:
            shut = (self.system.valves.shut, place - losses, True)
        else:
            shut = (self.system.pumps.shut, place - valves, True)
        undo = []
        for array, row, value in (shut, (self.closed, place, True)):
            undo.append((array, row, lane, array[row, lane]))
            array[row, lane] = value
        return undo


def _copy(source: Iterate, target: Iterate) -> None:
    for theirs, ours in zip(source, target, strict=True):
        ours[:] = theirs
