"""Thousands of scenarios of one network: graph first, then the engine, then checked against it.

What a closure cuts off is found by topology and is never fed. Steady states may be answered
by the batched solver (`citymains_water.kernel`), whose certificate hands to EPANET whatever
it cannot vouch for; some of its answers, drawn at random, are computed again by EPANET.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from citymains.call import current_call
from citymains.engine_host.batch import run_chunk
from citymains.engine_host.checks import check_ids
from citymains.engine_host.session import Session
from citymains.errors import SolverError
from citymains.intake.inp import InpDocument
from citymains.model.network import Network
from citymains.model.scenario import Scenario
from citymains.topology.graph import Graph
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.batch_chunk import BY_KERNEL, REFERENCE_ACCURACY, STEADY_S, STOPPED_EARLY, Metrics
from citymains_water.engine_input import Demands, anchored, engine_ids, engine_text
from citymains_water.hydraulics import (
    LINK_TABLES,
    NODE_TABLES,
    element_ids,
    model_settings,
    network_graph,
    parts_without_source,
)
from citymains_water.kernel_reasons import REASONS
from citymains_water.settings import Settings
from citymains_water.sweep_cuts import Cuts
from citymains_water.sweep_edits import Compiler, Edits, chunk_of

Floats = NDArray[np.float64]

#: How far a spot-checked head may be from EPANET's.
SPOT_CHECK_TOLERANCE_M = 1e-3
#: Scenarios in one task: few enough to show progress and to find a culprit soon, many enough to fill the lanes.
_CHUNK = 2_000


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is calculated."""

    question: str
    """Whose scenarios they are, for messages."""
    demands: Demands
    """How demands meet pressure."""
    duration_s: float = 0.0
    """0: steady."""
    limit_m: float = 14.0
    """Service pressure [m]: below it a junction counts as affected."""
    blocks: tuple[str, ...] = ()
    """Node columns to return beside the metrics: ``minimum_head``, ``unserved``, ``dried``."""
    threads: int = 1
    """Projects side by side in the engine's process."""
    kernel: bool = True
    """Whether the batched solver may answer steady states."""
    accuracy: float | None = None
    """EPANET's accuracy; None: the model's own, or :data:`REFERENCE_ACCURACY` where the batched solver takes part."""
    spot_checks: int = 8
    """Scenarios answered by the batched solver that EPANET computes again."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class SweepResult:
    """A row per scenario. Volumes of a steady state are those of one hour."""

    worst_pressure_m: Floats
    """Lowest pressure at a supplied junction with demand [m]; NaN where there is none."""
    worst_node: list[str]
    """Where; empty where no junction with demand is supplied."""
    below_count: NDArray[np.int32]
    """Junctions with demand below the limit or cut off."""
    cut: list[NDArray[np.int64]]
    """Indices of the junctions each scenario leaves without any way to a source."""
    unserved_m3: Floats
    """Demand that is not met: of cut-off junctions, and with pressure-dependent demand of all others too."""
    required_m3: Floats
    engine: list[str]
    """``kernel`` or ``epanet``."""
    reason: list[str]
    """Why the batched solver passed a scenario on; empty where it did not, or was not asked."""
    warnings: NDArray[np.int32]
    """Bit ``c`` is set where EPANET warned with code ``c``."""
    errors: Mapping[int, SolverError]
    """Scenarios without an answer, whose numbers are NaN."""
    minimum_head_m: Floats | None
    """Lowest head of each junction, shape (scenarios, junctions); NaN where cut off."""
    node_unserved_m3: Floats | None
    """Unmet demand of each junction, shape (scenarios, junctions)."""
    dried: NDArray[np.bool_] | None
    """Junctions without an open way to a source at some time, shape (scenarios, junctions)."""
    engine_version: str
    options: Mapping[str, Any] = field(default_factory=dict)
    """For the provenance: who computed how many, and how the spot checks came out."""


class Sweep:
    """Answers scenarios of one network, each on its own, in one warm session; a context manager.

    Parameters
    ----------
    face : Utility
    network : Network
    options : SweepOptions

    Raises
    ------
    SolverError
        From the methods: the undisturbed model has no answer.
    """

    def __init__(self, face: Utility, network: Network, options: SweepOptions) -> None:
        self.network, self.options, self.face = network, options, face
        self.document, self.settings = model_settings(face, network)
        self.junctions = network.data("junctions").row_count
        self.steady = options.duration_s == 0.0
        self.kernel = options.kernel and self.steady and not _own_tolerances(self.settings)
        self.version = ""
        self.refusal = ""
        """Why the batched solver does not know the model; empty where it does, or was not asked."""
        self._session: _Lent | None = None
        self._known_cuts: Cuts | None = None

    def __enter__(self) -> Sweep:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        if self._session is not None:
            self._session.session.close()
            self._session = None

    @property
    def cuts(self) -> Cuts:
        """What closures cut off."""
        if self._known_cuts is None:
            self._open()
        assert self._known_cuts is not None
        return self._known_cuts

    def run(self, scenarios: Sequence[Scenario]) -> SweepResult:
        """Answer scenarios.

        Raises
        ------
        InputError
            A scenario does not fit the network, or has an edit at a time.
        """
        compiler = Compiler(self.network, self.options.question, self.settings.units.flow_m3_per_h)
        return self.run_edits([compiler.edits(one) for one in scenarios], current_call().progress)

    def run_edits(
        self, edits: Sequence[Edits], progress: Callable[[float], None] | None = None
    ) -> SweepResult:
        """Answer scenarios given by index; `progress` is called with the share that is done."""
        metrics, errors = self.answers(edits, kernel=self.kernel, progress=progress)
        checks = self._spot_check(edits, metrics, errors) if self.kernel else {}
        return self._result(edits, metrics, errors, checks)

    def screen(self, links: Sequence[int]) -> Floats:
        """How grave the closure of each link may be, by a rank-one estimate [m of the worst head drop].

        Orders work; nothing is left out because of it. Infinite where the closure cuts off; zeros
        where the batched solver does not know the model.
        """
        if not self.kernel:
            return np.zeros(len(links))
        session = self._open()
        task = {"screen": np.asarray(links, dtype=np.int32), **self._demands()}
        return np.asarray(session.run(task)["drop"]) * self.settings.units.length_m

    def answers(
        self,
        edits: Sequence[Edits],
        *,
        kernel: bool,
        blocks: tuple[str, ...] | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> tuple[Metrics, dict[int, SolverError]]:
        """Metrics of scenarios and the errors of those without."""
        names = self.options.blocks if blocks is None else blocks
        metrics = Metrics.empty(len(edits), dict.fromkeys(names, self.junctions))
        found = run_chunk(
            self._open,  # type: ignore[arg-type]  # lent, so that it stays open between chunks
            range(len(edits)),
            lambda some: self._task([edits[at] for at in some], kernel, names),
            name=lambda at: f"scenario {at + 1}",
            size=_CHUNK,
            progress=progress,
        )
        for piece, answer in found.pieces:
            _put(metrics, Metrics.read(answer), slice(piece.start, piece.stop))
            self.refusal = answer["refusal"] or self.refusal
        errors = dict(found.failed)
        errors.update({at: self._stopped(metrics, at) for at in np.flatnonzero(metrics.error).tolist()})
        return metrics, errors

    def _task(self, edits: Sequence[Edits], kernel: bool, blocks: tuple[str, ...]) -> dict[str, Any]:
        accuracy = self.options.accuracy or (REFERENCE_ACCURACY if self.kernel else 0.0)
        return {
            **chunk_of(edits, self.cuts).task(),
            **self._demands(),
            "duration_s": self.options.duration_s,
            "limit": self.options.limit_m / self.settings.units.length_m,
            "blocks": list(blocks),
            "threads": self.options.threads,
            "accuracy": accuracy,
            "kernel": kernel,
        }

    def _demands(self) -> dict[str, Any]:
        return {"pressure_dependent": self.options.demands.model != "DDA"}

    def _open(self) -> _Lent:
        if self._session is not None and not self._session.over:
            return self._session
        ids = engine_ids(self.network, self.document)
        known = {*element_ids(self.network, NODE_TABLES), *element_ids(self.network, LINK_TABLES)}
        document, anchors = anchored(self.document, parts_without_source(self.network), known)
        text = engine_text(document, ids, self.options.demands)
        session = self.face.workbench.engines.session(
            "epanet", {"inp": text, "batch": True}, element=self.network.name
        )
        self._session = _Lent(session)
        self.version = session.engine_version
        given = session.run({"about": True})
        for what, tables in (("node", NODE_TABLES), ("link", LINK_TABLES)):
            check_ids(
                "epanet",
                f"{what}s",
                [*map(ids.engine_id, element_ids(self.network, tables)), *anchors],
                given[what],
            )
        if self._known_cuts is None:
            graph = one_way_graph(self.network)
            usable = given["may_open"][: graph.link_count] if self.steady else _usable(self.document, graph)
            self._known_cuts = Cuts(graph, self.junctions, np.asarray(usable, dtype=bool))
        return self._session

    def _spot_check(
        self, edits: Sequence[Edits], metrics: Metrics, errors: dict[int, SolverError]
    ) -> dict[str, Any]:
        """Compute some of the kernel's answers again; if one is off, EPANET computes them all."""
        by_kernel = np.flatnonzero(metrics.engine == BY_KERNEL)
        if not len(by_kernel) or not self.options.spot_checks:
            return {"spot_checks": 0}
        drawn = np.random.default_rng(self.options.seed).choice(
            by_kernel, min(self.options.spot_checks, len(by_kernel)), replace=False
        )
        some = [edits[at] for at in drawn.tolist()]
        heads = [
            self.answers(some, kernel=kernel, blocks=("minimum_head",))[0].blocks["minimum_head"]
            for kernel in (True, False)
        ]
        off_m = float(np.nanmax(np.abs(heads[0] - heads[1]), initial=0.0)) * self.settings.units.length_m
        told = {"spot_checks": len(drawn), "spot_check_difference_m": f"{off_m:.2g}"}
        if off_m <= SPOT_CHECK_TOLERANCE_M:
            return told
        better, failed = self.answers([edits[at] for at in by_kernel.tolist()], kernel=False)
        _put(metrics, better, by_kernel)
        errors.update({int(by_kernel[at]): error for at, error in failed.items()})
        return {**told, "spot_check": "failed, all computed by EPANET"}

    def _stopped(self, metrics: Metrics, at: int) -> SolverError:
        code = int(metrics.error[at])
        words = "it stopped early" if code == STOPPED_EARLY else f"EPANET error {code}"
        return SolverError("ENGINE_FAILED", engine="epanet", element=f"scenario {at + 1}", value=words)

    def _result(
        self,
        edits: Sequence[Edits],
        metrics: Metrics,
        errors: dict[int, SolverError],
        checks: Mapping[str, Any],
    ) -> SweepResult:
        length, volume = self.settings.units.length_m, self.settings.units.flow_m3_per_h / STEADY_S
        nodes = element_ids(self.network, NODE_TABLES[:1])
        by_kernel = metrics.engine == BY_KERNEL
        blocks = metrics.blocks
        return SweepResult(
            worst_pressure_m=metrics.worst_pressure * length,
            worst_node=[
                nodes[at] if at >= 0 and not np.isnan(low) else ""
                for at, low in zip(metrics.worst_node.tolist(), metrics.worst_pressure, strict=True)
            ],
            below_count=metrics.below,
            cut=[self.cuts.of(one.closed) for one in edits],
            unserved_m3=metrics.unserved * volume,
            required_m3=metrics.required * volume,
            engine=np.where(by_kernel, "kernel", "epanet").tolist(),
            reason=[REASONS[code] for code in metrics.reason.tolist()],
            warnings=metrics.warnings,
            errors=errors,
            minimum_head_m=blocks["minimum_head"] * length if "minimum_head" in blocks else None,
            node_unserved_m3=blocks["unserved"] * volume if "unserved" in blocks else None,
            dried=blocks["dried"] > 0.0 if "dried" in blocks else None,
            engine_version=self.version,
            options={
                "scenarios": len(by_kernel),
                "by_kernel": int(by_kernel.sum()),
                "by_epanet": int((~by_kernel).sum()),
                **({"kernel_refusal": self.refusal} if self.refusal else {}),
                **checks,
            },
        )


class _Lent:
    """A session that its borrower cannot close."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.run = session.run

    @property
    def over(self) -> bool:
        """Whether it has ended by itself."""
        return self.session.over

    def close(self) -> None:
        """Give it back."""


def _own_tolerances(settings: Settings) -> bool:
    """Whether the model sets EPANET's tolerances itself; the batched solver knows their defaults alone."""
    return any(name in settings.numbers for name in ("HTOL", "QTOL", "RQTOL"))


def _put(into: Metrics, some: Metrics, where: Any) -> None:
    for one in fields(Metrics):
        if one.name == "blocks":
            for name, block in some.blocks.items():
                into.blocks[name][where] = block
        else:
            getattr(into, one.name)[where] = getattr(some, one.name)


def one_way_graph(network: Network) -> Graph:
    """Nodes and links of a network; check valves, pumps, pressure-reducing and -sustaining valves pass one way."""
    pipes, pumps, valves = (network.data(name) for name in LINK_TABLES)
    one_way = [
        *(status == "CV" for status in pipes.texts("status")),
        *([True] * pumps.row_count),
        *(kind in ("PRV", "PSV") for kind in valves.texts("type")),
    ]
    return replace(network_graph(network), one_way=np.array(one_way, dtype=bool))


def _usable(document: InpDocument, graph: Graph) -> NDArray[np.bool_]:
    """Links that are open at the start, or that a control or rule may open."""
    governed = {row.tokens[1] for row in document["CONTROLS"] if len(row.tokens) > 1}
    governed |= {row.tokens[2] for row in document["RULES"] if len(row.tokens) > 2}
    rows = [*document["PIPES"], *(row for row in document["STATUS"] if len(row.tokens) == 2)]
    last = {row.tokens[0]: row.tokens[-1].upper() for row in rows}
    shut = {one for one, status in last.items() if status.startswith("CLOSED")} - governed
    return np.array([one not in shut for one in graph.link_ids], dtype=bool)
