"""One side of a comparison of water sweeps, in a process of its own: ``python -m benchmarks.water_sides SIDE NET HOURS MODEL STEP``.

EPANET 2.2 (in wntr) and EPANET 2.3 cannot share a process. A side answers every line on its input with one pass over
every STEP-th pipe, closed alone, and writes CPU seconds, how many closures, and the lowest pressure of each as JSON.
"""

from __future__ import annotations

import copy
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

LIMITS = {"minimum_pressure_m": 3.5, "required_pressure_m": 14.0}
#: EPANET's codes: heads and deficits, the initial status of a link, and initial flows afresh without a file.
_HEAD, _DEFICIT, _INITIAL_STATUS, _DURATION, _FRESH = 10, 27, 4, 0, 10

Pass = Callable[[], dict[str, Any]]


class Side:
    """A running side."""

    def __init__(self, *arguments: object) -> None:
        command = [sys.executable, "-m", "benchmarks.water_sides", *map(str, arguments)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self) -> dict[str, Any]:
        """One pass."""
        self.send()
        return self.receive()

    def send(self) -> None:
        """Begin a pass."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """Wait for the end of a pass."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def wntr_loop(net: str, hours: float, model: str, step: int, *, copied: bool) -> Pass:
    """wntr's EpanetSimulator run again and again on one model, or on a copy each."""
    import wntr

    warnings.simplefilter("ignore")
    network = wntr.network.WaterNetworkModel(net)
    network.options.time.duration = hours * 3600
    network.options.hydraulic.demand_model = model
    network.options.hydraulic.minimum_pressure = LIMITS["minimum_pressure_m"]
    network.options.hydraulic.required_pressure = LIMITS["required_pressure_m"]
    drawing = [
        name
        for name, one in network.junctions()
        if any(demand.base_value > 0 for demand in one.demand_timeseries_list)
    ]
    pipes = network.pipe_name_list[::step]
    os.chdir(tempfile.mkdtemp())  # the simulator writes its files where it stands
    closed = wntr.network.LinkStatus.Closed

    def run() -> dict[str, Any]:
        lowest = []
        begin = time.process_time()
        for name in pipes:
            one = copy.deepcopy(network) if copied else network
            pipe = one.get_link(name)
            before, pipe.initial_status = pipe.initial_status, closed
            pressure = wntr.sim.EpanetSimulator(one).run_sim().node["pressure"]
            lowest.append(float(pressure[drawing].to_numpy().min()))
            pipe.initial_status = before
        return {"cpu_s": time.process_time() - begin, "count": len(pipes), "lowest_m": lowest}

    return run


def bare_calls(net: str, hours: float, model: str, step: int) -> Pass:
    """The bare calls of EPANET 2.3's library: close, init, run, read, next, open again; nothing is made of what is read.

    Read are the heads, and with pressure-dependent demand the deficits: without them there are no metrics.
    """
    from citymains.workbench import Workbench
    from citymains_water.solver import library_path
    from citymains_water.utility import Water

    path = str(Water(Workbench()).bundled()[net])
    library = ctypes.CDLL(str(library_path()))
    project, count, at, before = ctypes.c_void_p(), ctypes.c_int(), ctypes.c_long(), ctypes.c_double()
    for name, kinds in {
        "EN_setlinkvalue": (ctypes.c_int, ctypes.c_int, ctypes.c_double),
        "EN_settimeparam": (ctypes.c_int, ctypes.c_long),
        "EN_setdemandmodel": (ctypes.c_int, ctypes.c_double, ctypes.c_double, ctypes.c_double),
    }.items():
        getattr(library, name).argtypes = [ctypes.c_void_p, *kinds]
    library.EN_createproject(ctypes.byref(project))
    report = str(Path(tempfile.mkdtemp()) / "report.txt")
    assert library.EN_open(project, path.encode(), report.encode(), b"") == 0
    library.EN_setstatusreport(project, 0)
    library.EN_setreport(project, b"MESSAGES NO")
    library.EN_settimeparam(project, _DURATION, int(hours * 3600))
    if model == "PDD":
        per_m = 1.4219  # psi
        library.EN_setdemandmodel(
            project, 1, LIMITS["minimum_pressure_m"] * per_m, LIMITS["required_pressure_m"] * per_m, 0.5
        )
    library.EN_getcount(project, 2, ctypes.byref(count))
    kind = ctypes.c_int()
    pipes = []
    for index in range(1, count.value + 1):
        library.EN_getlinktype(project, index, ctypes.byref(kind))
        if kind.value <= 1:
            pipes.append(index)
    pipes = pipes[::step]
    library.EN_openH(project)
    library.EN_getcount(project, 0, ctypes.byref(count))
    wanted = (_HEAD, _DEFICIT) if model == "PDD" else (_HEAD,)
    columns = [(code, (ctypes.c_double * count.value)()) for code in wanted]

    def run() -> dict[str, Any]:
        begin = time.process_time()
        for index in pipes:
            library.EN_getlinkvalue(project, index, _INITIAL_STATUS, ctypes.byref(before))
            library.EN_setlinkvalue(project, index, _INITIAL_STATUS, 0.0)
            library.EN_initH(project, _FRESH)
            while True:
                library.EN_runH(project, ctypes.byref(at))
                for code, column in columns:
                    library.EN_getnodevalues(project, code, column)
                library.EN_nextH(project, ctypes.byref(at))
                if at.value <= 0:
                    break
            library.EN_setlinkvalue(project, index, _INITIAL_STATUS, before.value)
        return {"cpu_s": time.process_time() - begin, "count": len(pipes), "lowest_m": []}

    return run


class _Here:
    """Engines that work in this process, so that all of their CPU time is counted."""

    engine_version = "EPANET 2.3"
    over = False

    def session(self, _: str, model: dict[str, Any], *, element: str = "") -> _Here:
        from citymains_water.batch import BatchSession

        self.batch = BatchSession(model["inp"], Path(tempfile.mkdtemp()))
        return self

    def run(self, task: dict[str, Any], *, element: str = "") -> Any:
        """Answer a task, as the child would."""
        return self.batch.run(task)

    def close(self) -> None:
        """Nothing to end."""


def sweep(net: str, hours: float, model: str, step: int, *, kernel: bool, threads: int = 1) -> Pass:
    """The sweep of this project, with what it cuts off, its metrics and its spot checks."""
    from citymains.workbench import Workbench
    from citymains_water.asked import asked_of
    from citymains_water.hydraulics import model_settings
    from citymains_water.sweep import Sweep, SweepOptions
    from citymains_water.sweep_edits import Edits
    from citymains_water.utility import Water

    water = Water(Workbench())
    network = water.load(net)
    _, settings = model_settings(water, network)
    asked = asked_of(settings, hours=hours, demand_model=model, **LIMITS)
    options = SweepOptions(
        question="criticality", demands=asked.demands, duration_s=hours * 3600, kernel=kernel, threads=threads
    )
    own = Sweep(water, network, options)
    own.face = SimpleNamespace(workbench=SimpleNamespace(engines=_Here()))  # type: ignore[assignment]
    own.cuts  # noqa: B018  # opens the model and finds what closures cut off
    edits = [Edits((at,)) for at in range(0, network.data("pipes").row_count, step)]

    def run() -> dict[str, Any]:
        begin, began = time.process_time(), time.perf_counter()
        found = own.run_edits(edits)
        return {
            "cpu_s": time.process_time() - begin,
            "wall_s": time.perf_counter() - began,
            "count": len(edits),
            "lowest_m": np.where(np.isfinite(found.worst_pressure_m), found.worst_pressure_m, -1e9).tolist(),
            "cut": [len(one) > 0 for one in found.cut],
            "options": {name: str(value) for name, value in found.options.items()},
            "reasons": {one: found.reason.count(one) for one in set(found.reason) if one},
        }

    run()  # compiles the kernel
    return run


def spin() -> Pass:
    """Work that is nothing but arithmetic: what two processes reach side by side on this machine."""

    def run() -> dict[str, Any]:
        began = time.perf_counter()
        total = 0
        for number in range(6_000_000):
            total += number & 7
        return {"cpu_s": 0.0, "wall_s": time.perf_counter() - began, "count": total}

    return run


def main(side: str, net: str, hours: float, model: str, step: int) -> None:
    """Answer every line of the input with one pass."""
    sides: dict[str, Callable[[], Pass]] = {
        "simulator": lambda: wntr_loop(net, hours, model, step, copied=False),
        "simulator-copies": lambda: wntr_loop(net, hours, model, step, copied=True),
        "bare": lambda: bare_calls(net, hours, model, step),
        "epanet": lambda: sweep(net, hours, model, step, kernel=False),
        "epanet-two": lambda: sweep(net, hours, model, step, kernel=False, threads=2),
        "batched": lambda: sweep(net, hours, model, step, kernel=True),
        "spin": spin,
    }
    run = sides[side]()
    for _ in sys.stdin:
        print(json.dumps(run()), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
