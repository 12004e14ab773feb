"""A made-up network and answer: enough for every writer, without any solver."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from citymains import Network, Record
from citymains.model.finding import Severity, finding, verdict_of
from citymains.model.provenance import Provenance
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

SIDE = 6


def _text(name: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.TEXT, name)


def _number(name: str) -> ColumnSpec:
    return ColumnSpec(name, Kind.FLOAT, name)


JUNCTIONS = TableSpec("junctions", "", (_text("id"), _number("x"), _number("y")))
RESERVOIRS = TableSpec("reservoirs", "", (_text("id"), _number("x"), _number("y")))
PIPES = TableSpec("pipes", "", (_text("id"), _text("from_node"), _text("to_node"), _number("diameter_mm")))
PUMPS = TableSpec("pumps", "", (_text("id"), _text("from_node"), _text("to_node")))
VERTICES = TableSpec("vertices", "", (_text("link"), _number("x"), _number("y")))


@dataclass(frozen=True, kw_only=True, eq=False)
class SketchReport(Record):
    """An answer with a node table over time, a link table and a table without a map."""

    TABLES = (
        TableSpec(
            "nodes",
            "",
            (_text("node"), _number("time_s"), _number("pressure_m")),
            map=MapLayer("node", "nodes", "pressure_m", "min"),
        ),
        TableSpec(
            "pipes",
            "",
            (_text("pipe"), _number("velocity_m_per_s")),
            map=MapLayer("pipe", "pipes", "velocity_m_per_s"),
        ),
        TableSpec("texts", "", (_text("element"), ColumnSpec("amount_yuan", Kind.DECIMAL, ""))),
    )

    min_pressure_m: float = float("nan")
    steps: int = 0


def node(i: int, j: int) -> str:
    return f"节点{i}-{j}"


def make_network() -> Network:
    nodes = [(i, j) for i in range(SIDE) for j in range(SIDE)]
    ids = [node(i, j) for i, j in nodes]
    pipes = [(f"P{i}-{j}H", node(i, j), node(i + 1, j), 300.0) for i, j in nodes if i + 1 < SIDE]
    pipes += [(f"P{i}-{j}V", node(i, j), node(i, j + 1), 150.0) for i, j in nodes if j + 1 < SIDE]
    tables = (
        JUNCTIONS.build(id=ids, x=[i * 200.0 for i, _ in nodes], y=[j * 160.0 for _, j in nodes]),
        RESERVOIRS.build(id=["水厂"], x=[-300.0], y=[0.0]),
        PIPES.build(
            id=[p[0] for p in pipes],
            from_node=[p[1] for p in pipes],
            to_node=[p[2] for p in pipes],
            diameter_mm=[p[3] for p in pipes],
        ),
        PUMPS.build(id=["泵1"], from_node=["水厂"], to_node=[node(0, 0)]),
        VERTICES.build(link=["泵1"], x=[-150.0], y=[60.0]),
    )
    return Network(
        id="networks/" + "ab" * 32,
        utility="water",
        name="sketch",
        counts={t.name: t.row_count for t in tables},
        tables=tables,
        provenance=Provenance(question="water.load", source_file="sketch.inp"),
    )


def make_report(network: Network) -> SketchReport:
    junctions, pipes = network.data("junctions"), network.data("pipes")
    ids = junctions.texts("id")
    pressure = [
        40.0 - 0.01 * x - 0.005 * y for x, y in zip(junctions.array("x"), junctions.array("y"), strict=True)
    ]
    night = [value + 5.0 for value in pressure]
    pressure[-1] = float("nan")
    night[-1] = float("nan")
    worst = min(value for value in pressure if value == value)
    findings = (
        finding(
            "</script><b>坏",
            Severity.SUSPECT,
            element=node(SIDE - 1, SIDE - 2),
            value=worst,
            limit=28.0,
            unit="m",
        ),
        finding("=1+1", Severity.NOTE, element=node(0, 1)),
    )
    nodes_table, pipes_table, texts = SketchReport.TABLES
    return SketchReport(
        verdict=verdict_of(findings),
        findings=findings,
        min_pressure_m=worst,
        steps=2,
        provenance=Provenance(
            question="water.pressure",
            network=network.id,
            engine="none",
            citymains_version="0",
            options={"hours": "24"},
            source_file="sketch.inp",
        ),
        tables=(
            nodes_table.build(
                node=[*ids, *ids],
                time_s=[0.0] * len(ids) + [3600.0] * len(ids),
                pressure_m=[*night, *pressure],
            ),
            pipes_table.build(
                pipe=pipes.texts("id"), velocity_m_per_s=[0.1 * (k % 13) for k in range(len(pipes))]
            ),
            texts.build(element=["=cmd|' /C calc'!A0", "+1", None], amount_yuan=["10.05", None, "0.1"]),
        ),
    )


@pytest.fixture(scope="session")
def network() -> Network:
    return make_network()


@pytest.fixture(scope="session")
def report(network: Network) -> SketchReport:
    return make_report(network)
