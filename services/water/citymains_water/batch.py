"""Many scenarios in one engine child: one project per thread, scenario in, metrics out.

Every scenario starts cold on an open model, so its answer does not depend on what ran
before it. ctypes lets go of the interpreter's lock while EPANET solves, so threads with a
project each share one child.
"""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault
from numpy.typing import NDArray

from citymains_water.batch_chunk import BY_EPANET, STEADY_S, STOPPED_EARLY, Chunk, Judge, Metrics
from citymains_water.batch_project import (
    NODE_DEFICIT,
    NODE_ELEVATION,
    NODE_FULL_DEMAND,
    NODE_HEAD,
    OPTION_ACCURACY,
    OPTION_TRIALS,
    RESET_FLOWS,
    Project,
    edit,
)
from citymains_water.solver import FIRST_ERROR

Floats = NDArray[np.float64]

#: Trials where an accuracy is asked for: Newton's last steps towards it may be slow.
_TRIALS_WHEN_ACCURATE = 500.0
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
        self._worker(0)

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Answer a chunk of scenarios.

        Parameters
        ----------
        task : mapping
            The arrays of a :class:`Chunk`; ``pressure_dependent``; ``duration_s``; ``limit``
            (service pressure as head in the file's unit of length); ``blocks`` (names of
            :attr:`Metrics.blocks`); ``threads``; ``accuracy`` (absent: the model's own);
            ``kernel``: let the batched solver answer what it can; ``ids``: answer with the ids alone.

        Returns
        -------
        dict
            :meth:`Metrics.answer`.

        Raises
        ------
        EngineFault
            NOT_CONVERGED, ENGINE_FAILED: the undisturbed model has no answer.
        """
        if task.get("ids"):
            return self._ids()
        chunk = Chunk.read(task)
        threads = max(1, int(task.get("threads", 1)))
        workers = [self._worker(at) for at in range(threads)]
        for project in workers:
            _prepare(project, task)
        judge = Judge(
            self._elevation(), required_volume(workers[0], float(task["duration_s"])), float(task["limit"])
        )
        project = workers[0]
        sizes = {
            name: project.node_count if name == "head" else project.junction_count
            for name in task.get("blocks", ())
        }
        metrics = Metrics.empty(len(chunk), sizes)
        left = np.arange(len(chunk))
        if task.get("kernel") and not float(task["duration_s"]):
            left = self._kernel(bool(task["pressure_dependent"])).answer(chunk, left, judge, metrics)
        _in_threads(workers, chunk, judge, metrics, left, task)
        return metrics.answer()

    def close(self) -> None:
        """Let the projects go."""
        for project in self._projects:
            project.close()

    def _worker(self, at: int) -> Project:
        while len(self._projects) <= at:
            report = self._directory / f"model-{len(self._projects)}.rpt"
            self._projects.append(Project(self._source, report))
        return self._projects[at]

    def _kernel(self, pressure_dependent: bool) -> Any:
        """The batched solver; imported here, since it costs a second and most sessions do not need it."""
        if pressure_dependent not in self._kernels:
            from citymains_water.kernel import Kernel

            self._kernels[pressure_dependent] = Kernel(self._projects[0], pressure_dependent)
        return self._kernels[pressure_dependent]

    def _elevation(self) -> Floats:
        project = self._projects[0]
        return project.nodes(NODE_ELEVATION)[: project.junction_count]

    def _ids(self) -> Mapping[str, Any]:
        project = self._projects[0]
        return {
            what: [project.id_of(what, at) for at in range(1, size + 1)]
            for what, size in (("node", project.node_count), ("link", project.link_count))
        }


def _prepare(project: Project, task: Mapping[str, Any]) -> None:
    project.set_duration(float(task["duration_s"]))
    if task.get("accuracy"):
        project.set_option(OPTION_ACCURACY, float(task["accuracy"]))
        project.set_option(OPTION_TRIALS, _TRIALS_WHEN_ACCURATE)
    else:
        project.restore_options()


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
    workers: list[Project],
    chunk: Chunk,
    judge: Judge,
    metrics: Metrics,
    which: NDArray[np.intp],
    task: Mapping[str, Any],
) -> None:
    """Each worker takes the next few scenarios until none is left."""
    queue = itertools.count()

    def work(project: Project) -> None:
        run = _Run(project, task)
        while (begin := next(queue) * _JUDGED) < len(which):
            run.scenarios(chunk, which[begin : begin + _JUDGED], judge, metrics)

    if len(workers) == 1 or len(which) <= _JUDGED:
        work(workers[0])
        return
    with ThreadPoolExecutor(len(workers)) as pool:
        for done in [pool.submit(work, project) for project in workers]:
            done.result()


class _Run:
    """Runs scenarios on one project; holds what they share."""

    def __init__(self, project: Project, task: Mapping[str, Any]) -> None:
        self.project = project
        self.duration_s = float(task["duration_s"])
        self.pressure_dependent = bool(task["pressure_dependent"])
        self.low = np.empty((_JUDGED, project.node_count))
        self.lacking = np.empty((_JUDGED, project.junction_count))
        self.head, self.deficit = (np.empty(project.node_count) for _ in range(2))
        self.head_at, self.deficit_at = (
            one.ctypes.data_as(ctypes.POINTER(ctypes.c_double)) for one in (self.head, self.deficit)
        )

    def scenarios(self, chunk: Chunk, some: NDArray[np.intp], judge: Judge, metrics: Metrics) -> None:
        """Run a few scenarios, each cold, and judge them together."""
        for row, at in enumerate(some.tolist()):
            self._run(chunk, at, row, metrics)
        good = np.flatnonzero(metrics.error[some] == 0)
        if len(good):
            lacking = self.lacking[good] if self.pressure_dependent else None
            judge.judge(metrics, some[good], chunk, self.low[good], lacking)

    def _run(self, chunk: Chunk, at: int, row: int, metrics: Metrics) -> None:
        """Edit, run cold, undo."""
        factors = chunk.node_factors(at)
        if not self.pressure_dependent:  # EPANET would go on feeding what is cut off
            factors += [(node, 0.0) for node in chunk.cut[at].tolist()]
        try:
            edit(self.project, closed=chunk.closed[at].tolist(), factors=factors, factor=float(chunk.factor[at]))
            metrics.error[at], metrics.warnings[at] = self._simulate(self.low[row], self.lacking[row])
        finally:
            self.project.undo()
        metrics.engine[at] = BY_EPANET

    def _simulate(self, low: Floats, lacking: Floats) -> tuple[int, int]:
        """Error and warnings; writes the lowest head over time and the volume not delivered."""
        library, handle, junctions = self.project.library, self.project.handle, self.project.junction_count
        head, deficit = self.head, self.deficit[:junctions]
        low[:], lacking[:] = np.inf, 0.0
        time, step = ctypes.c_long(), ctypes.c_long(1)
        time_at, step_at = ctypes.byref(time), ctypes.byref(step)
        warnings = 0
        self.project.call("EN_initH", RESET_FLOWS)
        while step.value > 0:
            code = library.EN_runH(handle, time_at)
            if code:
                if code >= FIRST_ERROR:
                    return code, warnings
                warnings |= 1 << code
            library.EN_getnodevalues(handle, NODE_HEAD, self.head_at)
            np.minimum(low, head, out=low)
            if self.pressure_dependent:
                library.EN_getnodevalues(handle, NODE_DEFICIT, self.deficit_at)
            code = library.EN_nextH(handle, step_at)
            if code >= FIRST_ERROR:
                return code, warnings
            if self.pressure_dependent:
                lacking += np.maximum(deficit, 0.0) * (step.value if self.duration_s else STEADY_S)
        return (STOPPED_EARLY if time.value < self.duration_s else 0), warnings
