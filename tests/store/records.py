"""Records the store's tests keep: one of every kind of column and value."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

import numpy as np
from citymains.errors import issue
from citymains.model.finding import Severity, finding
from citymains.model.network import Network
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec
from numpy.typing import NDArray


class Colour(StrEnum):
    RED = "RED"
    BLUE = "BLUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    name: str
    amount_yuan: Decimal
    ratio: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    height_m: float


@dataclass(frozen=True, kw_only=True, eq=False)
class EveryKind(Record):
    TABLES = (
        TableSpec(
            "everything",
            "A column of each kind.",
            (
                ColumnSpec("node", Kind.TEXT, "Id."),
                ColumnSpec("pressure_m", Kind.FLOAT, "Number."),
                ColumnSpec("order", Kind.INTEGER, "Integer."),
                ColumnSpec("usable", Kind.BOOLEAN, "Boolean."),
                ColumnSpec("amount_yuan", Kind.DECIMAL, "Money."),
                ColumnSpec("day", Kind.DATE, "Day."),
                ColumnSpec("time", Kind.TIME, "Instant."),
            ),
        ),
    )

    colour: Colour = Colour.RED
    total_yuan: Decimal = Decimal("0")
    day: date = date(2026, 1, 1)
    at: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    digest: bytes = b""
    depth_mm: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    unserved_m3: float = float("nan")
    limit_m: float | None = None
    steps: tuple[Step, ...] = ()
    move: Step | Jump = Jump(height_m=1.0)
    counts: Mapping[str, int] = field(default_factory=dict)
    corner: tuple[float, float] = (0.0, 0.0)


def everything(rows: int = 3) -> Table:
    (spec,) = EveryKind.TABLES
    numbers = np.arange(rows) / 3.0
    numbers[::2] = np.nan
    return spec.build(
        node=[None if i % 5 == 4 else f"节点-{i % 97}" for i in range(rows)],
        pressure_m=numbers,
        order=np.arange(rows) + 2**53,
        usable=np.arange(rows) % 2 == 0,
        amount_yuan=[f"{i}.10" for i in range(rows)],
        day=["2026-02-28"] * rows,
        time=["2026-02-28T08:00:00+08:00"] * rows,
    )


def every_kind(rows: int = 3, question: str = "test.everything") -> EveryKind:
    scenario = (
        Scenario.close(pipes=["P-1"], start_s=60.0)
        + Scenario.lose(pumps="泵1")
        + Scenario.scale_demand(1.1, ["N1"])
        + Scenario.set_control("V1", "set_point_m", 30)
        + Scenario.burst("P-2", 50)
        + Scenario.storm("f", 5, 3600)
    )
    return EveryKind(
        findings=(finding("ANY_CODE", Severity.SUSPECT, element="N1", value=0.1 + 0.2, unit="m"),),
        provenance=Provenance(
            question=question,
            network="networks/" + "0" * 64,
            scenario=scenario,
            engine="epanet",
            options={"hours": "24"},
            rule_packs=("national/a@1",),
            create_time="2026-11-22T10:00:00+00:00",
            run_s=1.5,
            host="here",
        ),
        tables=(everything(rows),),
        colour=Colour.BLUE,
        total_yuan=Decimal("12345678901234567890.10"),
        day=date(2024, 2, 29),
        at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        digest=b"\x00\xff",
        depth_mm=np.array([1.0, np.nan, 0.1]),
        limit_m=14.0,
        steps=(
            Step(name="一", amount_yuan=Decimal("0.30"), ratio=None),
            Step(name="二", amount_yuan=Decimal("1"), ratio=0.5),
        ),
        move=Step(name="x", amount_yuan=Decimal("2")),
        counts={"junctions": 9},
        corner=(1.0, -2.5),
    )


def network(
    document: bytes = b"[JUNCTIONS]\n", *, name: str = "net", utility: str = "water", crs: str = ""
) -> Network:
    return Network(
        id="networks/" + hashlib.sha256(document).hexdigest(),
        utility=utility,
        name=name,
        crs=crs,
        counts={"junctions": 3},
        repairs=(issue("FILE_ENCODING", severity="repair", file="a.inp", value="gb18030", line=None),),
        tables=(everything(),),
        provenance=Provenance(question=f"{utility}.load", source_file="a.inp"),
    )
