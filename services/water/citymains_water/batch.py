"""Many scenarios in one engine child: one project per thread, scenario in, metrics out.

Every scenario starts cold on an open model, so its answer does not depend on what ran
before it. ctypes lets go of the interpreter's lock while EPANET solves, so threads with a
project each share one child.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault
from numpy.typing import NDArray

from citymains_water.batch_chunk import BY_EPANET, STEADY_S, STOPPED_EARLY, Chunk, Judge, Metrics
from citymains_water.batch_project import (
    NODE_ELEVATION,
    NODE_FULL_DEMAND,
    RESET_FLOWS,
    Project,
    edit,
)
from citymains_water.solver import FIRST_ERROR

Floats = NDArray[np.float64]

#: EPANET's warnings 1 and 2: not balanced.
_UNBALANCED = 0b110
#: Accuracies that are tried where the one asked for is out of reach; 0: the model's own.
_FALL_BACK = (1e-6, 0.0)
#: Scenarios judged at once: numpy's cost of a call is shared by them.
_JUDGED = 32


class BatchSession:
    """One model, opened for scenarios.

    Parameters
    ----------
    inp : str
        Text of the model.
    directory : Path
        Private directory of the session.
    """

    def __init__(self, inp: str, directory: Path) -> None:
        self._directory = directory
        self._source = directory / "model.inp"
        self._source.write_text(inp, encoding="ascii")
        self._projects: list[Project] = []
        self._kernels: dict[bool, Any] = {}
        self._known_trees: Any = None
        self._worker(0)

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a chunk of scenarios.

        Parameters
        ----------
        task : mapping
            The arrays of a :class:`Chunk`; ``pressure_dependent``; ``duration_s``; ``limit``
            (service pressure as head in the file's unit of length); ``blocks`` (names of
            :attr:`Metrics.blocks`); ``threads``; ``accuracy`` (absent: the model's own);
            ``kernel``: let the batched solver answer what it can; ``about``: answer with ids and what may open alone; ``screen``: with the worst head drop that
            the closure of each of these links may cause, by a rank-one estimate.

        Returns
        -------
        dict
            :meth:`Metrics.answer`, and as ``refusal`` why the batched solver does not know the model.

        Raises
        ------
        EngineFault
            NOT_CONVERGED, ENGINE_FAILED: the undisturbed model has no answer.
        """
        if task.get("about"):
            return self._about()
        if "screen" in task:
            return {"drop": self._kernel(bool(task["pressure_dependent"])).screen(task["screen"])}
        chunk = Chunk.read(task)
        steady = not float(task["duration_s"])
        kernel = self._kernel(bool(task["pressure_dependent"])) if task.get("kernel") and steady else None
        # Where the batched solver knows nothing of the model, EPANET need not stand in for it.
        accuracy = 0.0 if kernel is not None and kernel.refusal else float(task.get("accuracy") or 0.0)
        threads = max(1, int(task.get("threads", 1)))
        workers = [self._worker(at) for at in range(threads)]
        for project in workers:
            project.set_duration(float(task["duration_s"]))
            project.set_accuracy(accuracy)
        judge = Judge(
            self._elevation(), required_volume(workers[0], float(task["duration_s"])), float(task["limit"])
        )
        project = workers[0]
        sizes = {
            name: project.node_count if name == "head" else project.junction_count
            for name in task.get("blocks", ())
        }
        metrics = Metrics.empty(len(chunk), sizes)
        left = np.arange(len(chunk)) if kernel is None else kernel.answer(chunk, judge, metrics)
        runs = [_Run(one, self._trees(), task, accuracy) for one in workers] if len(left) else []
        _in_threads(runs, chunk, judge, metrics, left)
        return {**metrics.answer(), "refusal": kernel.refusal if kernel is not None else ""}

    def close(self) -> None:
        """Let the projects go."""
        for project in self._projects:
            project.close()

    def _worker(self, at: int) -> Project:
        while len(self._projects) <= at:
            report = self._directory / f"model-{len(self._projects)}.rpt"
            self._projects.append(Project(self._source, report))
        return self._projects[at]

    def _trees(self) -> Any:
        """Ways to sources; imported here, since a session that only opens a model needs no scipy."""
        if self._known_trees is None:
            from citymains_water.batch_supply import Trees

            self._known_trees = Trees(self._projects[0])
        return self._known_trees

    def _kernel(self, pressure_dependent: bool) -> Any:
        """The batched solver; imported here, since it costs a second and most sessions do not need it."""
        if pressure_dependent not in self._kernels:
            self._projects[0].set_duration(0.0)
            from citymains_water.kernel import Kernel

            self._kernels[pressure_dependent] = Kernel(self._projects[0], self._trees(), pressure_dependent)
        return self._kernels[pressure_dependent]

    def _elevation(self) -> Floats:
        project = self._projects[0]
        return project.nodes(NODE_ELEVATION)[: project.junction_count]

    def _about(self) -> Mapping[str, Any]:
        project = self._projects[0]
        project.set_duration(0.0)
        project.steady()
        ids = {
            what: [project.id_of(what, at) for at in range(1, size + 1)]
            for what, size in (("node", project.node_count), ("link", project.link_count))
        }
        return {**ids, "may_open": project.may_open()}


def required_volume(project: Project, duration_s: float) -> Floats:
    """Volume the customers of each junction want, shape (junctions,), from a run of the undisturbed model."""
    total = np.zeros(project.junction_count)
    time, step = ctypes.c_long(), ctypes.c_long(1)
    project.call("EN_initH", RESET_FLOWS)
    while step.value > 0:
        project.call("EN_runH", ctypes.byref(time))
        demand = project.nodes(NODE_FULL_DEMAND)[: project.junction_count]
        project.call("EN_nextH", ctypes.byref(step))
        total += np.maximum(demand, 0.0) * (step.value if duration_s else STEADY_S)
    if time.value < duration_s:
        raise EngineFault(
            "NOT_CONVERGED",
            f"the undisturbed model stops at {time.value} s of {duration_s:g} s",
            time_s=time.value,
        )
    return total


def _in_threads(
    workers: list[_Run], chunk: Chunk, judge: Judge, metrics: Metrics, which: NDArray[np.intp]
) -> None:
    """Each worker takes the next few scenarios until none is left."""
    queue = itertools.count()

    def work(run: _Run) -> None:
        while (begin := next(queue) * _JUDGED) < len(which):
            run.scenarios(chunk, which[begin : begin + _JUDGED], judge, metrics)

    if len(workers) < 2 or len(which) <= _JUDGED:
        for run in workers[:1]:
            work(run)
        return
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, run) for run in workers]:
            done.result()


class _Run:
    """Runs scenarios on one project; holds what they share."""

    def __init__(self, project: Project, trees: Any, task: Mapping[str, Any], accuracy: float) -> None:
        from citymains_water.batch_record import Record

        self.project, self.accuracy = project, accuracy
        self.duration_s = float(task["duration_s"])
        self.pressure_dependent = bool(task["pressure_dependent"])
        self.record = Record(project, trees, self.pressure_dependent, _JUDGED)

    def scenarios(self, chunk: Chunk, some: NDArray[np.intp], judge: Judge, metrics: Metrics) -> None:
        """Run a few scenarios, each cold, and judge them together."""
        record = self.record
        record.clear()
        for row, at in enumerate(some.tolist()):
            self._run(chunk, at, row, metrics)
        record.finish()
        good = np.flatnonzero(metrics.error[some] == 0)
        if len(good):
            judge.judge(
                metrics, some[good], chunk, record.low[good], record.dried[good], record.lacking[good]
            )

    def _run(self, chunk: Chunk, at: int, row: int, metrics: Metrics) -> None:
        """Edit, run cold, undo."""
        closed, factors = chunk.closed[at].tolist(), chunk.node_factors(at)
        if not self.pressure_dependent:  # EPANET would go on feeding what is cut off
            factors += [(node, 0.0) for node in chunk.cut[at].tolist()]
        try:
            edit(
                self.project,
                closed=closed,
                factors=factors,
                factor=float(chunk.factor[at]),
                draws=chunk.draws(at),
            )
            error, warnings = self._simulate(row, closed)
            if self.accuracy and warnings & _UNBALANCED:
                error, warnings = self._less_accurate(row, closed)
            metrics.error[at], metrics.warnings[at] = error, warnings
        finally:
            self.project.undo()
        metrics.engine[at] = BY_EPANET

    def _less_accurate(self, row: int, closed: Sequence[int]) -> tuple[int, int]:
        """Rounding keeps some scenarios from the accuracy asked for: the best that can be had, down to the model's own."""
        for accuracy in _FALL_BACK:
            self.project.set_accuracy(accuracy)
            error, warnings = self._simulate(row, closed)
            if not warnings & _UNBALANCED:
                break
        self.project.set_accuracy(self.accuracy)
        return error, warnings

    def _simulate(self, row: int, closed: Sequence[int]) -> tuple[int, int]:
        """Error and warnings; the record gets what is found."""
        library, handle, record = self.project.library, self.project.handle, self.record
        time, step = ctypes.c_long(), ctypes.c_long(1)
        time_at, step_at = ctypes.byref(time), ctypes.byref(step)
        warnings = 0
        record.begin(row, closed)
        self.project.call("EN_initH", RESET_FLOWS)
        while step.value > 0:
            code = library.EN_runH(handle, time_at)
            if code:
                if code >= FIRST_ERROR:
                    return code, warnings
                warnings |= 1 << code
            record.read()
            code = library.EN_nextH(handle, step_at)
            if code >= FIRST_ERROR:
                return code, warnings
            record.keep(row, step.value if self.duration_s else STEADY_S)
        return (STOPPED_EARLY if time.value < self.duration_s else 0), warnings
