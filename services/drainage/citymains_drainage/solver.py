"""SWMM 5.2 as an engine: with `solver_live` all that imports the solver, and only in the engine's process.

The engine is one global model per process and its statistics can be asked for only between
the last step and `swmm_end`. Numbers leave here as the engine gives them, in the model's own
units; `citymains_drainage.units` turns them into SI.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault, EngineSession

from citymains_drainage.control.branches import FORKS, run_branches
from citymains_drainage.output_file import IncompleteOutputError, read_levels
from citymains_drainage.report_file import EngineMessage, read_messages

#: Simulations of one session in its own process. The library leaks about 3 KiB with each (its statistics, mostly),
#: so that later ones are run in forks: memory stays flat however many there are.
RUNS_IN_PLACE = 200
#: Depths of one answer; longer series are thinned to every so many-th reported period.
MOST_LEVELS = 2_000_000

ROUTING_TOTALS = {
    "dry_weather_inflow": "dwInflow",
    "wet_weather_inflow": "wwInflow",
    "groundwater_inflow": "gwInflow",
    "rdii_inflow": "iiInflow",
    "external_inflow": "exInflow",
    "flooding": "flooding",
    "outflow": "outflow",
    "evaporation": "evapLoss",
    "seepage": "seepLoss",
    "continuity_error_percent": "pctError",
}
NODE_STATISTICS = {
    "max_depth": "maxDepth",
    "average_depth": "avgDepth",
    "flooding": "volFlooded",
    "flooded_h": "timeFlooded",
    "surcharge_h": "timeSurcharged",
    "max_inflow": "maxInflow",
    "max_overflow": "maxOverflow",
    "max_depth_date_days": "maxDepthDate",
}
LINK_STATISTICS = {
    "max_flow": "maxFlow",
    "max_velocity": "maxVeloc",
    "max_depth": "maxDepth",
    "surcharge_h": "timeSurcharged",
}
PUMP_STATISTICS = {"volume": "volume", "energy_kwh": "energy", "starts": "startUps", "utilized": "utilized"}


class SwmmEngine:
    """The entry point ``swmm`` of the group ``citymains.engines``."""

    name = "swmm"
    extra = "drainage"

    def version(self) -> str:
        """Name and version of the library, ``SWMM 5.2.4``."""
        from swmm.toolkit import solver

        return f"SWMM {solver.swmm_version_info()}"

    def preload(self) -> None:
        """Load the library before children are forked."""
        import swmm.toolkit.shared_enum
        import swmm.toolkit.solver  # noqa: F401

    def open(self, model: Mapping[str, Any], directory: Path) -> EngineSession:
        """Take a model: to run it again and again, or, where there is something to control, one live simulation.

        Parameters
        ----------
        model : mapping
            ``inp``: text of the model with ids the engine takes (see `citymains_drainage.engine_input`);
            for control also ``flow_units``, ``control`` (a `ControlSpec` as a tree), and to begin from a
            state ``hotstart`` and ``start_s``.
        directory : Path
            Private directory of this session.
        """
        inp = str(model["inp"])
        if "control" not in model:
            return SwmmSession(inp, directory)
        from citymains_drainage.control.session import ControlSession, spec_of
        from citymains_drainage.solver_live import LiveSimulation
        from citymains_drainage.units import ModelUnits

        spec = spec_of(model["control"])
        live = LiveSimulation(
            inp, directory, hotstart=model.get("hotstart", b""), start_s=float(model.get("start_s", 0.0))
        )
        return ControlSession(live.units(ModelUnits(str(model["flow_units"]))), spec)


class SwmmSession:
    """One model; every :meth:`run` is a simulation of its own, with files of its own."""

    def __init__(self, inp: str, directory: Path) -> None:
        self._inp = inp
        self._directory = directory
        self._runs = 0

    def run(self, task: Mapping[str, Any]) -> Mapping[str, Any]:
        """Simulate once.

        Parameters
        ----------
        task : mapping
            ``inp`` (optional): text to run instead of the session's model, as a scenario needs.

        Returns
        -------
        mapping
            ``messages``, and unless one of them is an error: ``steps``, ``totals``, ``runoff``,
            ``nodes``, ``links``, ``pumps``, ``outfalls``, ``levels``; ``incomplete`` where the
            run ended without complete files.
        """
        self._runs += 1
        stem = self._directory / f"run{self._runs}"
        files = {suffix: stem.with_suffix("." + suffix) for suffix in ("inp", "rpt", "out")}
        files["inp"].write_text(str(task.get("inp") or self._inp), encoding="utf-8", newline="\n")
        try:
            return _simulate(files) if self._runs <= RUNS_IN_PLACE or not FORKS else _in_a_branch(files)
        finally:
            for path in files.values():
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing stays open between runs."""


def _in_a_branch(files: Mapping[str, Path]) -> dict[str, Any]:
    """Simulate in a fork of this process, which takes what the library leaks with it."""
    try:
        (answer,) = run_branches([lambda: _simulate(files)], workers=1)
    except EngineFault as fault:
        if fault.code == "DRAINAGE_BRANCH_DIED":
            os.abort()  # a crash is told as one, whichever process it was in
        raise
    assert answer is not None
    return answer


def _simulate(files: Mapping[str, Path]) -> dict[str, Any]:
    from swmm.toolkit import solver

    answer: dict[str, Any] = {}
    failure = ""
    try:
        solver.swmm_open(str(files["inp"]), str(files["rpt"]), str(files["out"]))
        solver.swmm_start(1)
        steps = 1
        while solver.swmm_step() != 0:
            steps += 1
        answer = {"steps": steps, **_statistics(solver)}
        solver.swmm_end()
        solver.swmm_report()
    except Exception as error:  # the library raises bare Exception for everything
        failure = str(error).strip() or type(error).__name__
        _quietly(solver.swmm_end)
    finally:
        _quietly(solver.swmm_close)
    messages = _messages(files["rpt"], failure)
    if any(one.level == "error" for one in messages):
        return {"messages": [one.as_tree() for one in messages]}
    answer["messages"] = [one.as_tree() for one in messages]
    return _with_levels(answer, files)


def _messages(report: Path, failure: str) -> list[EngineMessage]:
    text = report.read_bytes().decode("utf-8", errors="replace") if report.exists() else ""
    messages = read_messages(text)
    if failure and not any(one.level == "error" for one in messages):
        messages.append(EngineMessage("error", 0, failure))
    return messages


def _with_levels(answer: dict[str, Any], files: Mapping[str, Path]) -> dict[str, Any]:
    if not files["rpt"].exists() or files["rpt"].stat().st_size == 0:
        answer["incomplete"] = "empty report file"
        return answer
    try:
        levels = read_levels(files["out"], node_count=len(answer["nodes"]["id"]), most_values=MOST_LEVELS)
    except IncompleteOutputError as error:
        answer["incomplete"] = str(error)
        return answer
    times = np.round((levels.date_days - answer["start_date_days"]) * 86_400.0)
    answer["levels"] = {
        "time_s": times,
        "depth": levels.depths,
        "flooding": levels.flooding,
        "every": levels.every,
    }
    return answer


def _statistics(solver: Any) -> dict[str, Any]:
    from swmm.toolkit.shared_enum import LinkType, NodeType, ObjectType, TimeProperty

    nodes = _objects(solver, ObjectType.NODE)
    links = _objects(solver, ObjectType.LINK)
    outfalls = [i for i in range(len(nodes)) if solver.node_get_type(i) == NodeType.OUTFALL]
    pumps = [i for i in range(len(links)) if solver.link_get_type(i) == LinkType.PUMP]
    conduits = np.array([solver.link_get_type(i) == LinkType.CONDUIT for i in range(len(links))], dtype=bool)
    routing = solver.system_get_routing_totals()
    runoff = solver.system_get_runoff_totals()
    return {
        "start_date_days": _date_days(*solver.simulation_get_datetime(TimeProperty.START_DATE)),
        "totals": {name: float(getattr(routing, field)) for name, field in ROUTING_TOTALS.items()},
        # Without runoff the engine divides by an area of zero and answers NaN.
        "runoff": {}
        if math.isnan(runoff.rainfall)
        else {
            "rainfall": float(runoff.rainfall),
            "runoff": float(runoff.runoff),
            "infiltration": float(runoff.infil),
            "continuity_error_percent": float(runoff.pctError),
        },
        "nodes": {"id": nodes, **_columns(range(len(nodes)), solver.node_get_stats, NODE_STATISTICS)},
        "links": {
            "id": links,
            "conduit": conduits,
            **_columns(range(len(links)), solver.link_get_stats, LINK_STATISTICS),
        },
        "pumps": {"id": [links[i] for i in pumps], **_columns(pumps, solver.pump_get_stats, PUMP_STATISTICS)},
        "outfalls": {
            "id": [nodes[i] for i in outfalls],
            "volume": np.array([solver.node_get_total_inflow(i) for i in outfalls], dtype=np.float64),
            **_columns(
                outfalls, solver.outfall_get_stats, {"max_flow": "maxFlow", "average_flow": "avgFlow"}
            ),
        },
    }


def _objects(solver: Any, kind: Any) -> list[str]:
    return [str(solver.project_get_id(kind, index)) for index in range(solver.project_get_count(kind))]


def _columns(indices: Any, statistics: Callable[[int], Any], fields: Mapping[str, str]) -> dict[str, Any]:
    records = [statistics(index) for index in indices]
    return {
        name: np.array([float(getattr(record, field)) for record in records], dtype=np.float64)
        for name, field in fields.items()
    }


def _date_days(year: int, month: int, day: int, hour: int, minute: int, second: int) -> float:
    from datetime import datetime

    return (
        datetime(year, month, day, hour, minute, second) - datetime(1899, 12, 30)
    ).total_seconds() / 86_400.0


def _quietly(action: Callable[[], Any]) -> None:
    try:
        action()
    except Exception:  # closing after a failure repeats the failure, which is known already
        return
