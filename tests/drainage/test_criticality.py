"""Criticality: every loss is an outage of its own, ranked."""

from __future__ import annotations

import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario


@pytest.fixture(scope="module")
def ranked(drainage):
    return drainage.criticality("district", kinds=["pump", "outfall"], rank_by="unserved").result()


def test_every_candidate_has_an_answer_and_a_rank(ranked):
    frame = ranked.frame()
    assert ranked.candidate_count == len(frame) == 8 + 4
    assert ranked.failed_count == 0
    assert frame["rank"].tolist() == sorted(frame["rank"])
    assert frame.unserved_m3.is_monotonic_decreasing
    assert set(frame.by) == {"swmm"}
    assert frame.element[0] == "河东排口"


def test_a_row_is_the_outage_of_its_element(drainage, ranked):
    rows = ranked.frame().set_index("element")
    for element, loss in (
        ("下穿1号泵", Scenario.lose(pumps=["下穿1号泵"])),
        ("河东排口", Scenario.lose(plants=["河东排口"])),
    ):
        alone = drainage.outage("district", scenario=loss)
        row = rows.loc[element]
        assert row.unserved_m3 == pytest.approx(alone.unserved_m3)
        assert row.places == alone.flooded_node_count
        assert row.worst_node == alone.worst_node
        assert row.underpass_depth_m == pytest.approx(alone.underpass_depth_m)
        assert row.added_underpass_depth_m == pytest.approx(
            alone.underpass_depth_m - alone.base_underpass_depth_m
        )


def test_customers_decide_first_where_they_are_known(drainage):
    ledger = SourceFile("c.csv", "用户编号,接入节点,户数,重点用户\nA,东风路8,10,是\n".encode())
    report = drainage.criticality(
        "district",
        elements=["河东排口", "下穿1号泵"],
        kinds=["pump", "outfall"],
        customers=ledger,
        rank_by="critical",
    ).result()
    frame = report.frame()
    assert frame.element.tolist() == ["河东排口", "下穿1号泵"]
    assert frame.critical_customers.tolist() == [1, 0]
    assert report.customer_count == 1


def test_gates_and_conduits_are_candidates(drainage, small, source):
    network = drainage.load(source(small))
    frame = drainage.criticality(network, kinds=["conduit"]).result().frame()
    assert set(frame.element) == {"C1", "C2", "C3"}
    assert frame.unserved_m3.max() > 100
    gates = drainage.criticality("district", kinds=["gate"], elements=["下穿雨水口"]).result().frame()
    assert gates.element.tolist() == ["下穿雨水口"]
    assert gates.added_underpass_depth_m[0] > 0.1


def test_a_loss_whose_balance_is_not_usable_has_no_answer(drainage, small, source):
    pumps = "".join(f"P{n} W1 J3 LIFT ON 0 0\n" for n in range(1, 5))
    text = small.replace("P1 W1 J3 LIFT OFF 1.0 0.4\n", pumps).replace(
        "LIFT PUMP3 0 0.2\nLIFT 8 0", "LIFT PUMP2 0 3\nLIFT 8 3"
    )
    report = drainage.criticality(drainage.load(source(text)), kinds=["pump"]).result()
    assert report.failed_count > 0
    assert {"CRITICALITY_FAILED", "DRAINAGE_CONTINUITY"} <= {one.code for one in report.findings}
    assert report.frame()[report.frame().by == "failed"].unserved_m3.isna().all()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"kinds": ["valve"]}, "ARGUMENT_INVALID"),
        ({"rank_by": "luck"}, "ARGUMENT_INVALID"),
        ({"elements": ["没有"]}, "ELEMENT_UNKNOWN"),
    ],
)
def test_what_cannot_be_asked_is_refused(drainage, more, code):
    with pytest.raises(InputError) as caught:
        drainage.criticality("district", **more).result()
    assert caught.value.code == code
