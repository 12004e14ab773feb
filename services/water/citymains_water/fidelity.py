"""Fidelity: the file as it is written, against what readers, writers and engine versions make of it.

Four calculations of the model as it stands: EPANET 2.3 of the file's own bytes, EPANET 2.3 of the
text this package feeds it, EPANET 2.2 of the file's bytes, and EPANET 2.3 of what wntr writes
after reading the file. Whatever differs is named with both numbers; what cannot be calculated
is named with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from citymains.engine_host.limits import Limits
from citymains.errors import CancelledError, CitymainsError, Issue, MissingExtraError, issue
from citymains.intake.source import Intake, SourceFile
from citymains.utility import Utility
from numpy.typing import NDArray

from citymains_water.engine_input import Demands, engine_ids_of, engine_text, stored_document
from citymains_water.settings import read_settings

Floats = NDArray[np.float64]

#: Heads that differ by more are named [m]: EPANET's own accuracy is of this order.
TOLERANCE_M = 1e-3
#: Elements named for each comparison.
_NAMED = 5
#: Time for one calculation, and what it may write: files from outside may never end.
_LIMITS = {"wall_s": 120.0, "file_mib": 512.0}


@dataclass(frozen=True, eq=False)
class _Run:
    """Heads of one calculation [m], shape (times, nodes)."""

    what: str
    times_s: Floats
    head_m: Floats


def fidelity_issues(face: Utility, file: SourceFile, intake: Intake) -> Iterator[Issue]:
    """What differs between the file as written, as fed here, in EPANET 2.2, and as wntr writes it again.

    Parameters
    ----------
    face : Utility
    file : SourceFile
    intake : Intake
        The file as it was read, without errors.
    """
    yield from _Fidelity(face, file, intake).issues()


class _Fidelity:
    def __init__(self, face: Utility, file: SourceFile, intake: Intake) -> None:
        self.face, self.file = face, file
        self.document = stored_document(intake.document, file.name)
        self.settings, _, _ = read_settings(self.document)
        tables = {table.name: table for table in intake.tables}
        self.nodes = [
            str(one) for name in ("junctions", "reservoirs", "tanks") for one in tables[name].texts("id")
        ]
        self.ids = engine_ids_of(tables, self.document)
        self.refusals: list[Issue] = []

    def issues(self) -> Iterator[Issue]:
        written = self._heads("EPANET 2.3, file as written", "epanet", self.file.content)
        fed = self._heads("EPANET 2.3, as fed by citymains", "epanet", self._fed())
        older = self._heads("EPANET 2.2, file as written", "epanet22", self.file.content)
        rewritten = self._rewritten()
        again = (
            None
            if rewritten is None
            else self._heads("EPANET 2.3, as written again by wntr", "epanet", rewritten)
        )
        yield from self.refusals
        first = written or fed
        if first is None:
            return
        compared = []
        for code, other in (
            ("FIDELITY_FED", fed),
            ("FIDELITY_VERSION", older),
            ("FIDELITY_REWRITTEN", again),
        ):
            if other is not None and other is not first:
                compared.append(other.what)
                yield from self._differences(code, first, other)
        if compared:
            yield issue(
                "FIDELITY_COMPARED",
                severity="repair",
                file=self.file.name,
                value=first.what,
                limit="; ".join(compared),
            )

    def _fed(self) -> bytes:
        numbers = self.settings.numbers
        demands = Demands(
            self.settings.demand_model,
            numbers.get("MINIMUM PRESSURE", 0.0),
            numbers.get("REQUIRED PRESSURE", 0.1),
            numbers.get("PRESSURE EXPONENT", 0.5),
        )
        return engine_text(self.document, self.ids, demands).encode("ascii", "replace")

    def _rewritten(self) -> bytes | None:
        what = "wntr, reading and writing"
        try:
            with self.face.workbench.engines.session(
                "wntr", {"inp": self.file.content}, limits=Limits(**_LIMITS), element=self.file.name
            ) as session:
                return bytes(session.run({})["inp"])
        except (CancelledError, MissingExtraError):
            raise
        except CitymainsError as problem:
            self._refused(what, problem)
            return None

    def _heads(self, what: str, engine: str, inp: bytes) -> _Run | None:
        """Heads of one calculation over the model's own duration; None, told, where there is none."""
        try:
            with self.face.workbench.engines.session(
                engine, {"inp": inp}, limits=Limits(**_LIMITS), element=self.file.name
            ) as session:
                answer: Mapping[str, Any] = session.run({})
        except (CancelledError, MissingExtraError):
            raise
        except CitymainsError as problem:
            self._refused(what, problem)
            return None
        head = np.asarray(answer["head"]) * self.settings.units.length_m
        if head.shape[1] != len(self.nodes):
            self._refuse(what, f"{head.shape[1]} nodes where the file has {len(self.nodes)}")
            return None
        return _Run(what, np.asarray(answer["times_s"]), head)

    def _refused(self, what: str, problem: CitymainsError) -> None:
        self._refuse(what, f"{problem.code}: {problem.context.get('value') or problem.message_en}")

    def _refuse(self, what: str, why: str) -> None:
        self.refusals.append(
            issue("FIDELITY_NOT_COMPARED", severity="warning", file=self.file.name, value=what, limit=why)
        )

    def _differences(self, code: str, first: _Run, other: _Run) -> Iterator[Issue]:
        """The nodes whose heads differ most, and how many do; or that the report times differ."""
        common, mine, theirs = np.intersect1d(first.times_s, other.times_s, return_indices=True)
        if len(common) < len(first.times_s):
            yield issue(
                "FIDELITY_TIMES",
                severity="warning",
                file=self.file.name,
                value=f"{len(other.times_s)} ({other.what})",
                limit=f"{len(first.times_s)} ({first.what})",
            )
        if not len(common):
            return
        off = np.abs(first.head_m[mine] - other.head_m[theirs])
        off = np.where(np.isnan(off), np.inf, off)
        largest = off.max(axis=0)
        differing = np.flatnonzero(largest > TOLERANCE_M)
        order: Sequence[int] = differing[np.argsort(-largest[differing], kind="stable")].tolist()
        for node in order[:_NAMED]:
            at = int(off[:, node].argmax())
            yield issue(
                code,
                severity="warning",
                file=self.file.name,
                element=self.nodes[node],
                field="head_m",
                value=f"{other.head_m[theirs[at], node]:.6g}",
                limit=f"{first.head_m[mine[at], node]:.6g}",
                first=first.what,
                other=other.what,
                time_s=f"{common[at]:g}",
                difference=f"{off[at, node]:.4g}",
                count=len(differing),
                nodes=len(self.nodes),
            )
