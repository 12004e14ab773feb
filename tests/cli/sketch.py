"""A utility for tests: questions of every kind of argument and every way to fail, without a solver."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from citymains.call import current_call
from citymains.errors import EngineCrashedError, NotFoundError, issue
from citymains.intake.source import Intake, SourceFile
from citymains.model.finding import Severity, finding, verdict_of
from citymains.model.network import NetworkRef
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec
from citymains.question import Shape, question
from citymains.utility import Utility

NODES = TableSpec(
    "nodes",
    "",
    (ColumnSpec("id", Kind.TEXT, ""), ColumnSpec("x", Kind.FLOAT, ""), ColumnSpec("y", Kind.FLOAT, "")),
)


class Weather(StrEnum):
    """A choice."""

    SUNNY = "SUNNY"
    WET = "WET"


@dataclass(frozen=True, kw_only=True, eq=False)
class Echo(Record):
    """What was asked, as it arrived."""

    TABLES = (
        TableSpec(
            "nodes",
            "",
            (ColumnSpec("node", Kind.TEXT, ""), ColumnSpec("pressure_m", Kind.FLOAT, "")),
            map=MapLayer("node", "nodes", "pressure_m", "min"),
        ),
    )

    asked: str = ""


class Sketch(Utility):
    """One node per line: id, x, y."""

    name = "sketch"
    title_en, title_zh, formats = "Sketch", "草图", ("lines",)

    def read(self, file: SourceFile) -> Intake:
        """Lines of ``id x y``; every other line is an issue."""
        rows: list[tuple[str, float, float]] = []
        issues = []
        for number, line in enumerate(file.content.decode("utf-8").splitlines(), 1):
            try:
                name, x, y = line.split()
                rows.append((name, float(x), float(y)))
            except ValueError:
                issues.append(
                    issue(
                        "ARGUMENT_INVALID",
                        file=file.name,
                        line=number,
                        section="NODES",
                        field="line",
                        value=line,
                        limit="id x y",
                    )
                )
        table = NODES.build(id=[r[0] for r in rows], x=[r[1] for r in rows], y=[r[2] for r in rows])
        return Intake(document=file.content, tables=(table,), issues=tuple(issues), importer="sketch/1")

    @question(rpc="EchoQuestion")
    def echo(
        self,
        net: NetworkRef,
        *,
        hours: float = 24.0,
        count: int | None = None,
        weather: Weather = Weather.SUNNY,
        day: date | None = None,
        amount: Decimal = Decimal("0.5"),
        nodes: tuple[str, ...] = (),
        polygon: tuple[float, ...] = (),
        ledger: SourceFile | str | None = None,
        deep: bool = False,
        scenario: Scenario | None = None,
    ) -> Echo:
        """Say what was asked.

        Parameters
        ----------
        net : Network, id or path
        hours : float
            Simulated time [h], >= 0.
        count, weather, day, amount, nodes, polygon, ledger, deep
            Anything.
        scenario : Scenario
        """
        network = self.network(net)
        asked: dict[str, Any] = {
            "hours": hours,
            "count": count,
            "weather": weather,
            "day": day,
            "amount": amount,
            "nodes": nodes,
            "polygon": polygon,
            "ledger": ledger,
            "deep": deep,
            "scenario": scenario,
        }
        ids = network.data("nodes").texts("id")
        findings = (
            (finding("LOW", Severity.NOTE, element=ids[-1] or "", value=1.0, limit=2.0, unit="m"),)
            if deep
            else ()
        )
        current_call().progress(0.5, "half")
        return Echo(
            asked=repr(asked),
            findings=findings,
            verdict=verdict_of(findings),
            provenance=self.provenance("echo", network=network),
            tables=(
                Echo.TABLES[0].build(node=ids, pressure_m=[float(len(ids) - k) for k in range(len(ids))]),
            ),
        )

    @question(rpc="Slow", shape=Shape.LONG)
    def slow(self, net: NetworkRef) -> Echo:
        """A long question."""
        current_call().progress(0.5, "half")
        return Echo(asked="slowly", provenance=self.provenance("slow", network=self.network(net)))

    @question(rpc="Watch", shape=Shape.WATCH)
    def watch(self, net: NetworkRef, *, times: int = 2) -> Iterator[Echo]:
        """Several records."""
        for k in range(times):
            yield Echo(asked=str(k), provenance=self.provenance("watch", network=self.network(net)))

    @question(rpc="Fail")
    def fail(self, how: str) -> Echo:
        """Fail in a given way."""
        if how == "crash":
            raise EngineCrashedError(engine="sketch", value="SIGSEGV", element="net")
        if how == "gone":
            raise NotFoundError(field="thing", value=how)
        if how == "interrupt":
            raise KeyboardInterrupt
        raise RuntimeError("secret detail")
