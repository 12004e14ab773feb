"""Thousands of scenarios of one network: batched where that is vouched for, and some of the answers computed again.

A sweep's cases go to the engine's process in chunks. There the batched solver answers what it
models, the reference engine the rest. Afterwards some of the batched answers, drawn at random,
are computed again by the reference engine; if one of them is off, all of them are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.call import current_call
from citymains.engine_host.batch import run_chunk
from citymains.engine_host.session import Session
from citymains.intake.pandapipes_model import PipeModel
from numpy.typing import NDArray

from citymains_gas.cases import Case, packed
from citymains_gas.delivery import ServiceLevel
from citymains_gas.friction import FrictionModel
from citymains_gas.kernel_batch import BY_ENGINE, BY_KERNEL, UNANSWERED

if TYPE_CHECKING:
    from citymains.workbench import Workbench

Floats = NDArray[np.float64]

#: Name of the engine.
ENGINE: Final = "pandapipes-gas"

#: How far a spot-checked pressure may be from the reference engine's [kPa].
SPOT_CHECK_TOLERANCE_KPA: Final = 1e-6
#: The same where demand yields to pressure: there the reference's own shares are found to 1e-4.
SPOT_CHECK_YIELDING_KPA: Final = 1e-3

#: Numbers of pressure a chunk brings back at most.
_CHUNK_VALUES: Final = 4_000_000
_MOST_CASES: Final = 512


def engine_model(model: PipeModel) -> dict[str, Any]:
    """What the engine opens."""
    return {**model.engine_model(), "document": model.document()}


@dataclass(frozen=True)
class SweepOptions:
    """How a sweep is calculated."""

    friction_model: FrictionModel = FrictionModel.COLEBROOK
    delivery: ServiceLevel | None = None
    """How demand yields to pressure; None: it does not."""
    kernel: bool = True
    """Whether the batched solver may answer."""
    spot_checks: int = 8
    """Batched answers that the reference engine computes again."""
    seed: int = 0

    def task(self, cases: Sequence[Case], *, kernel: bool) -> dict[str, Any]:
        """What the engine is asked."""
        return {
            "cases": packed(cases),
            "kernel": kernel,
            "friction_model": self.friction_model.value,
            "delivery": None if self.delivery is None else self.delivery.parameters(),
        }

    def state_task(self, case: Case) -> dict[str, Any]:
        """The same for one state of the reference engine."""
        task = self.task([case], kernel=False)
        return {**{name: task[name] for name in ("friction_model", "delivery")}, "state": task["cases"]}


@dataclass(frozen=True, eq=False)
class SweepPart:
    """Answers of some cases, a row each.

    Attributes
    ----------
    pressure_kpa : ndarray, shape (cases, junctions)
        Gauge; NaN without supply, and everywhere in a case nobody answered.
    states, flow_kg_per_s : ndarray, shape (cases, regulators)
    by : ndarray of int
        One of the numbers of `citymains_gas.kernel_batch`.
    reason, message : list of str
        Why the batched solver did not answer, and why nobody did.
    """

    pressure_kpa: Floats
    states: NDArray[np.int8]
    flow_kg_per_s: Floats
    by: NDArray[np.int8]
    reason: list[str]
    message: list[str]

    @classmethod
    def empty(cls, cases: int, junctions: int, regulators: int) -> SweepPart:
        """Nobody has answered yet."""
        return cls(
            np.full((cases, junctions), np.nan),
            np.full((cases, regulators), -1, dtype=np.int8),
            np.full((cases, regulators), np.nan),
            np.full(cases, UNANSWERED, dtype=np.int8),
            [""] * cases,
            [""] * cases,
        )

    def put(self, rows: Sequence[int], answer: Mapping[str, Any]) -> None:
        """Take the answers of some rows."""
        self.pressure_kpa[rows] = answer["pressure_kpa"]
        self.states[rows] = answer["states"]
        self.flow_kg_per_s[rows] = answer["flow_kg_per_s"]
        self.by[rows] = answer["by"]
        for row, reason, message in zip(rows, answer["reason"], answer["message"], strict=True):
            self.reason[row], self.message[row] = reason, message


@dataclass
class SweepTold:
    """What a sweep says about itself, for the provenance."""

    engine_version: str = ""
    by_kernel: int = 0
    by_engine: int = 0
    unanswered: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Why the batched solver did not answer, and how often."""
    spot_checks: int = 0
    spot_check_difference_kpa: float = 0.0
    spot_checks_failed: bool = False

    def options(self) -> dict[str, Any]:
        """Options of the provenance."""
        told: dict[str, Any] = {
            "cases_by_kernel": self.by_kernel,
            "cases_by_engine": self.by_engine,
            "spot_checks": self.spot_checks,
        }
        if self.spot_checks:
            told["spot_check_difference_kpa"] = f"{self.spot_check_difference_kpa:.1e}"
        if self.spot_checks_failed:
            told["spot_check"] = "failed; all computed by the reference engine"
        if self.reasons:
            told["not_by_kernel"] = "; ".join(
                f"{text} ({count})" for text, count in sorted(self.reasons.items())
            )
        return told


def _label_from(label: Callable[[int], str], first: int, at: int) -> str:
    return label(first + at)


class Sweep:
    """A network's cases, answered.

    Parameters
    ----------
    workbench : Workbench
    model : PipeModel
        The network as all cases have it.
    options : SweepOptions
    name : str
        What the network is called, for errors.
    """

    def __init__(self, workbench: Workbench, model: PipeModel, options: SweepOptions, name: str) -> None:
        self.workbench, self.model, self.options, self.name = workbench, model, options, name
        self.told = SweepTold()

    def run(
        self,
        cases: Sequence[Case],
        take: Callable[[slice, SweepPart], None],
        *,
        text: str,
        label: Callable[[int], str] = str,
    ) -> None:
        """Answer every case on its own, and hand the answers over chunk by chunk.

        Parameters
        ----------
        cases : sequence of Case
        take : callable
            Called with the cases of each chunk and their answers.
        text : str
            What is told as progress.
        label : callable
            What a case is called, for the error of one that ends the engine.

        Raises
        ------
        CancelledError, EngineTimeoutError
        """
        junctions, regulators = len(self.model.ids("junctions")), len(self.model.ids("regulators"))
        size = max(1, min(_MOST_CASES, _CHUNK_VALUES // max(1, junctions)))
        draw = self._draw(len(cases))
        for first in range(0, len(cases), size):
            rows = slice(first, min(first + size, len(cases)))
            current_call().progress(first / len(cases), f"{text} {first}/{len(cases)}")
            part = SweepPart.empty(rows.stop - first, junctions, regulators)
            some = cases[rows]
            self._answer(
                some,
                range(len(some)),
                part,
                kernel=self.options.kernel,
                label=partial(_label_from, label, first),
            )
            self._check(some, [at - first for at in draw if first <= at < rows.stop], part)
            self._count(part)
            take(rows, part)
        current_call().progress(1.0, f"{text} {len(cases)}/{len(cases)}")

    def _draw(self, count: int) -> list[int]:
        """Cases that are computed twice."""
        if not self.options.kernel or not count:
            return []
        random = np.random.default_rng(self.options.seed)
        return sorted(random.choice(count, min(self.options.spot_checks, count), replace=False).tolist())

    def _open(self) -> Session:
        session = self.workbench.engines.session(ENGINE, engine_model(self.model), element=self.name)
        self.told.engine_version = session.engine_version
        return session

    def _answer(
        self,
        cases: Sequence[Case],
        rows: Sequence[int],
        part: SweepPart,
        *,
        kernel: bool,
        label: Callable[[int], str],
    ) -> None:
        found = run_chunk(
            self._open,
            rows,
            lambda some: self.options.task([cases[at] for at in some], kernel=kernel),
            name=label,
        )
        for piece, answer in found.pieces:
            part.put([rows[at] for at in piece], answer)
        for at, error in found.failed.items():
            part.message[rows[at]] = error.code

    def _check(self, cases: Sequence[Case], drawn: Sequence[int], part: SweepPart) -> None:
        """Compute some of the batched answers again; if one is off, all of them."""
        rows = [at for at in drawn if part.by[at] == BY_KERNEL]
        if not rows:
            return
        again = SweepPart.empty(len(cases), part.pressure_kpa.shape[1], part.states.shape[1])
        self._answer(cases, rows, again, kernel=False, label=str)
        rows = [at for at in rows if again.by[at] == BY_ENGINE]
        ours, theirs = part.pressure_kpa[rows], again.pressure_kpa[rows]
        off = float(np.nanmax(np.abs(ours - theirs), initial=0.0))
        self.told.spot_checks += len(rows)
        self.told.spot_check_difference_kpa = max(self.told.spot_check_difference_kpa, off)
        allowed = SPOT_CHECK_TOLERANCE_KPA if self.options.delivery is None else SPOT_CHECK_YIELDING_KPA
        if off > allowed or not np.array_equal(np.isnan(ours), np.isnan(theirs)):
            self.told.spot_checks_failed = True
            everything = np.flatnonzero(part.by == BY_KERNEL).tolist()
            self._answer(cases, everything, part, kernel=False, label=str)

    def _count(self, part: SweepPart) -> None:
        self.told.by_kernel += int((part.by == BY_KERNEL).sum())
        self.told.by_engine += int((part.by == BY_ENGINE).sum())
        self.told.unanswered += int((part.by == UNANSWERED).sum())
        for reason in part.reason:
            if reason and self.options.kernel:
                self.told.reasons[reason] = self.told.reasons.get(reason, 0) + 1
