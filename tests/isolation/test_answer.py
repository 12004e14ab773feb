"""The isolation record on a street with a hospital at its end, from ledgers to findings."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.ledger import read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS, VALVES
from citymains.intake.source import SourceFile
from citymains.isolation.answer import Target, isolation_parts, valve_layer
from citymains.isolation.layout import Layout
from citymains.topology.graph import Graph

NODES = ["水厂", "甲", "乙", "丙"]


@pytest.fixture
def street() -> Layout:
    """水厂 -g1- 甲 -g2- 乙 -g3- 丙, 100 m each, DN200; 10 m3/h at each junction."""
    return Layout(
        graph=Graph(NODES, ["g1", "g2", "g3"], np.array([0, 1, 2]), np.array([1, 2, 3])),
        link_kinds=["pipe"] * 3,
        length_m=np.full(3, 100.0),
        diameter_mm=np.full(3, 200.0),
        sources=np.array([0]),
        demand_m3_per_h=np.array([0.0, 10.0, 10.0, 10.0]),
        x=np.arange(4.0) * 100,
        y=np.zeros(4),
        closed_links=np.zeros(3, dtype=bool),
        hydrants=["丙"],
    )


def valves(text: str):
    return read_ledger(SourceFile("阀门.csv", text.encode()), VALVES).require()


LEDGER = "valve,link,node,usable\nv1,g2,甲,是\nv2,g3,乙,是\n"
PEOPLE = "customer,element,category,critical,households,name\nK1,乙,居民,否,40,\nK2,丙,医院,是,1,人民医院\nK3,甲,居民,否,7,\nK4,丁,居民,否,1,\n"


def customers():
    return read_ledger(SourceFile("用户.csv", PEOPLE.encode()), CUSTOMERS).require()


def test_who_is_cut_off_and_for_how_much(street: Layout) -> None:
    layer, origin = valve_layer(street, valves(LEDGER))
    summary, tables, findings = isolation_parts(
        street, layer, origin, Target(pipes=["g2"]), customers(), 8 * 3600.0
    )
    shut, segments, _, people = (table.frame() for table in tables)
    assert shut[["valve", "order", "action", "node"]].to_numpy().tolist() == [
        ["v1", 1, "shut", "甲"],
        ["v2", 2, "shut", "乙"],
    ]
    assert segments["length_m"].tolist() == [100.0]
    assert segments["volume_m3"][0] == pytest.approx(np.pi * 0.1**2 * 100)
    assert summary["unintended"] == ("丙",)
    assert people[["customer", "state"]].to_numpy().tolist() == [["K2", "unintended"], ["K1", "isolated"]], (
        "critical first"
    )
    assert (summary["customer_count"], summary["household_count"]) == (2, 41)
    assert summary["critical_customers"] == ("K2",)
    assert summary["hydrants"] == ("丙",)
    assert summary["affected_demand_m3_per_h"] == 20.0
    assert summary["unserved_m3"] == 160.0
    assert {one.code for one in findings} == {
        "ISOLATION_UNINTENDED",
        "ISOLATION_CRITICAL",
        "ISOLATION_CUSTOMERS_UNLOCATED",
    }


def test_without_a_layer_valves_are_assumed_and_said_so(street: Layout) -> None:
    layer, origin = valve_layer(street, None)
    summary, _, findings = isolation_parts(street, layer, origin, Target(pipes=["g3"]), None, None)
    assert origin == "pipe_ends"
    assert summary["isolated_length_m"] == 100.0
    assert next(one.code for one in findings) == "ISOLATION_ASSUMED_VALVES"


def test_a_polygon_takes_what_it_touches(street: Layout) -> None:
    nodes, links = Target(polygon=[150, -10, 250, -10, 250, 10, 150, 10]).indices(street)
    assert [NODES[i] for i in nodes] == ["乙"]
    assert links.tolist() == [1, 2]
    crossing, touched = Target(polygon=[140, -10, 160, -10, 160, 10, 140, 10]).indices(street)
    assert (crossing.tolist(), touched.tolist()) == ([], [1]), "a pit between two nodes"


@pytest.mark.parametrize(
    ("target", "code"),
    [
        (Target(), "ISOLATION_NO_TARGET"),
        (Target(pipes=["g9"]), "ELEMENT_UNKNOWN"),
        (Target(polygon=[0, 0, 1, 1]), "ISOLATION_POLYGON"),
        (Target(polygon=[900, 900, 901, 900, 901, 901]), "ISOLATION_EMPTY_POLYGON"),
    ],
)
def test_targets_that_are_none(street: Layout, target: Target, code: str) -> None:
    with pytest.raises(InputError) as caught:
        target.indices(street)
    assert caught.value.code == code


def test_every_wrong_valve_is_listed_with_its_row(street: Layout) -> None:
    wrong = valves("valve,link,node\nv1,g9,甲\nv2,g2,丙\nv3,g3,乙\nv4,g3,乙\n")
    with pytest.raises(InputError) as caught:
        valve_layer(street, wrong, file="阀门.csv")
    assert [(one.code, one.line, one.element) for one in caught.value.issues] == [
        ("LEDGER_REFERENCE", 2, "v1"),
        ("VALVE_NOT_ON_LINK", 3, "v2"),
        ("VALVES_ON_ONE_END", 5, "v4"),
    ]
    with pytest.raises(InputError, match="ELEMENT_UNKNOWN"):
        valve_layer(street, valves(LEDGER), unusable=["v7"])
