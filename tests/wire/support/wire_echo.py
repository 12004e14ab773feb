"""A face with every shape of question and a record with every type: what the tests of the wire talk to."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from os import PathLike
from typing import Any, ClassVar, Literal

import numpy as np
from citymains import errors
from citymains.call import current_call
from citymains.errors import CitymainsError, issue
from citymains.intake.source import SourceFile
from citymains.model.finding import Severity, Verdict, finding
from citymains.model.network import Network, NetworkRef
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, TableSpec
from citymains.question import Face, Shape, question
from numpy.typing import NDArray


class Colour(StrEnum):
    RED = "RED"
    DARK_BLUE = "DARK_BLUE"


@dataclass(frozen=True, kw_only=True)
class Plain:
    text: str = ""
    number: int = 0


@dataclass(frozen=True, kw_only=True)
class Circle:
    radius_m: float


@dataclass(frozen=True, kw_only=True)
class LongBox:
    width_m: float
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Everything:
    text: str = ""
    flag: bool = False
    whole: int = 0
    real: float = 0.0
    raw: bytes = b""
    maybe_real: float | None = None
    maybe_text: str | None = None
    maybe_whole: int | None = None
    maybe_plain: Plain | None = None
    colour: Colour = Colour.RED
    exact: Decimal = Decimal(0)
    price_yuan: Decimal = Decimal("0.00")
    day: date = date(2026, 1, 1)
    instant: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    samples: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    words: tuple[str, ...] = ()
    wholes: tuple[int, ...] = ()
    colours: tuple[Colour, ...] = ()
    exacts: tuple[Decimal, ...] = ()
    plains: tuple[Plain, ...] = ()
    by_name: Mapping[str, float] = field(default_factory=dict)
    plain_by_name: Mapping[str, Plain] = field(default_factory=dict)
    shape: Circle | LongBox = Circle(radius_m=1.0)
    shapes: tuple[Circle | LongBox, ...] = ()
    scenario: Scenario = field(default_factory=Scenario)
    mode: Literal["fast", "exact"] = "fast"
    maybe_day: date | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows(Record):
    TABLES = (
        TableSpec(
            "rows",
            "Rows.",
            (
                ColumnSpec("node", Kind.TEXT, "Id."),
                ColumnSpec("time_s", Kind.FLOAT, "Time."),
                ColumnSpec("pressure_m", Kind.FLOAT, "Pressure; NaN every seventh row."),
                ColumnSpec("count", Kind.INTEGER, "Count."),
                ColumnSpec("open", Kind.BOOLEAN, "Open."),
                ColumnSpec("amount_yuan", Kind.DECIMAL, "Amount."),
            ),
        ),
    )
    total_yuan: Decimal = Decimal("0.00")


def rows(row_count: int) -> Rows:
    """A record with a table of `row_count` rows."""
    number = np.arange(row_count)
    return Rows(
        findings=(finding("X", Severity.SUSPECT, element="N1", value=1.25),),
        verdict=Verdict.SUSPECT,
        provenance=Provenance(
            question="echo.build", options={"rows": str(row_count)}, run_s=time.time(), host="here"
        ),
        tables=(
            Rows.TABLES[0].build(
                node=[f"节点{i % 10}" if i % 11 else None for i in number],
                time_s=number // 10 * 60.0,
                pressure_m=np.where(number % 7 == 0, np.nan, number / 3),
                count=number - 5,
                open=number % 2 == 0,
                amount_yuan=[f"{i}.50" for i in number % 4],
            ),
        ),
        total_yuan=Decimal("12.50"),
    )


def made_errors() -> dict[str, CitymainsError]:
    """One error of every class of the tree, by class name."""
    located = issue(
        "ARGUMENT_INVALID",
        file="镇.inp",
        line=7,
        section="PIPES",
        element="P-1",
        field="d",
        value=-1,
        limit="> 0",
    )
    made: dict[str, CitymainsError] = {
        "InputError": errors.InputError(
            [located, issue("FILE_ENCODING", severity="warning", file="镇.inp", value="gb18030")]
        ),
        "LimitError": errors.LimitError("FILE_TOO_LARGE", file="x.inp", value=9, limit=8),
        "NotFoundError": errors.NotFoundError("NETWORK_NOT_FOUND", value="networks/1"),
        "EngineCrashedError": errors.EngineCrashedError(engine="epanet", value="SIGSEGV", element="n"),
        "BatchError": errors.BatchError(
            {3: errors.NotConvergedError(engine="e", value="v"), 5: errors.InputError([located])}
        ),
    }
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, CitymainsError) and kind.__name__ not in made:
            made[kind.__name__] = kind(value="值", limit="3", engine="swmm")
    return made


class Echo(Face):
    """Answers with what it was asked."""

    name: ClassVar[str] = "echo"
    service: ClassVar[str] = "citymains_echo.v1.EchoService"
    api: ClassVar[str] = "citymains_echo.v1.echo_pb2"

    def __init__(self, limit: int = 10**6) -> None:
        self.limit = limit
        self.seen: list[Any] = []
        self.ended: list[str] = []

    @question(rpc="Repeat")
    def repeat(self, value: Everything) -> Everything:
        """Give back the value."""
        return value

    @question(rpc="Fail")
    def fail(self, name: str) -> Plain:
        """Raise the error of that class."""
        if name == "bug":
            raise ZeroDivisionError("a secret path")
        if name == "many":
            raise errors.InputError(
                issue("ARGUMENT_INVALID", field=f"第{i}项", value=i, limit="-") for i in range(5000)
            )
        raise made_errors()[name]

    @question(rpc="Sleep")
    def sleep(self, seconds: float) -> Plain:
        """Work for a while, looking at the call."""
        self.seen.append("asleep")
        try:
            end = time.monotonic() + min(seconds, self.limit)
            while time.monotonic() < end:
                current_call().check()
                time.sleep(0.005)
        except CitymainsError as error:
            self.ended.append(error.code)
            raise
        return Plain(text="awake")

    @question(rpc="Build")
    def build(self, *, row_count: int = 3) -> Rows:
        """A record with a table."""
        return rows(max(0, min(row_count, self.limit)))

    @question(rpc="Judge")
    def judge(
        self,
        net: NetworkRef,
        *,
        hours: float = 24.0,
        required: float | None = None,
        colour: Colour | str = Colour.RED,
        pipes: Iterable[str] | str = (),
        scenario: Scenario | None = None,
        quick: bool = False,
        careful: bool = True,
    ) -> Plain:
        """Say what arrived."""
        return Plain(text=repr((net, hours, required, str(colour), pipes, scenario, quick, careful)))

    @question(rpc="ImportNetwork", shape=Shape.UPLOAD)
    def load(
        self,
        source: SourceFile | str | PathLike[str],
        *,
        crs: str = "",
        columns: Mapping[str, str] | None = None,
    ) -> Network:
        """Load a file."""
        assert isinstance(source, SourceFile)
        self.seen += [(name, heading) for name, heading in (columns or {}).items()]
        self.seen.append(source.name)
        name = "networks/" + hashlib.sha256(source.content).hexdigest()
        return Network(
            id=name, utility="echo", name=source.name, crs=crs, counts={"bytes": len(source.content)}
        )

    @question(rpc="Toil", shape=Shape.LONG)
    def toil(self, *, steps: int = 0) -> Plain:
        """Work with progress; a negative number of steps is refused."""
        if steps < 0:
            raise errors.InputError("ARGUMENT_INVALID", field="steps", value=steps, limit=">= 0")
        self.seen.append(("toil", steps))
        for step in range(min(steps, self.limit)):
            current_call().progress(step / steps, f"step {step}")
            time.sleep(0.01)
        return Plain(text="done", number=steps)

    @question(rpc="Count", shape=Shape.WATCH)
    def count(self, *, up_to: int = 0) -> Iterator[Plain]:
        """Count; 13 is refused on the way."""
        for number in range(min(up_to, self.limit)):
            current_call().check()
            if number == 13:
                raise errors.StateError("NOT_FOUND", field="number", value=13)
            yield Plain(number=number)

    @question(rpc="Converse", shape=Shape.DUPLEX)
    def converse(self, items: Iterator[Plain], *, greeting: str = "") -> Iterator[Plain]:
        """Greet every item."""
        total = 0
        for item in items:
            total += item.number
            yield Plain(text=greeting + item.text, number=total)
