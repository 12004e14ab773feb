"""The ranking, and customers counted for many losses at once."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.call import Call
from citymains.criticality.customers import Affected, CustomersByPlace
from citymains.criticality.ranking import Losses, chunks
from citymains.criticality.report import ranking_table
from citymains.errors import CancelledError, InputError
from citymains.intake.ledger import read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.intake.source import SourceFile
from citymains.model.table import ColumnSpec, Kind

SPEC = ranking_table(ColumnSpec("unserved_m3", Kind.FLOAT, "Volume not delivered."))
LEDGER = "用户编号,供水节点,户数,重点用户\nu1,A,3,否\nu2,A,1,是\nu3,AB,10,否\nu4,Z,7,是\n"
PLACES = {"A": (0,), "B": (1,), "C": (2,), "AB": (0, 1)}


def ledger():
    return read_ledger(SourceFile("用户.csv", LEDGER.encode("gb18030")), CUSTOMERS).require()


def losses(**changes) -> Losses:
    columns = {
        "elements": ["a", "b", "c", "d"],
        "kinds": ["pipe"] * 4,
        "by": ["epanet"] * 3 + ["failed"],
        "affected": Affected(np.array([5, 9, 5, 0]), np.array([5, 9, 5, 0]), np.array([0, 0, 1, 0])),
        "unserved": np.array([7.0, 1.0, 7.0, np.nan]),
        "places": np.array([1, 1, 1, 0]),
        "cut_off": np.array([0, 1, 0, 0]),
        "failures": ["", "", "", "no convergence"],
    }
    return Losses(**(columns | changes))


def test_customers_decide_then_volume_then_critical_ones() -> None:
    table = losses().ranked(SPEC, "unserved_m3", "customers").frame()
    assert list(table.element) == ["b", "c", "a", "d"]
    assert list(table["rank"]) == [1, 2, 3, 4]


@pytest.mark.parametrize(("rank_by", "first"), [("unserved", "c"), ("critical", "c"), ("customers", "b")])
def test_what_decides_first_can_be_chosen(rank_by: str, first: str) -> None:
    assert losses().ranked(SPEC, "unserved_m3", rank_by).frame().element[0] == first


def test_an_unknown_order_is_refused() -> None:
    with pytest.raises(InputError, match="rank_by"):
        losses().ranked(SPEC, "unserved_m3", "length")


def test_equal_losses_share_a_place_and_the_next_is_counted_on() -> None:
    same = Affected(np.array([5, 5, 1, 0]), np.zeros(4, dtype=int), np.zeros(4, dtype=int))
    table = losses(affected=same, unserved=np.array([2.0, 2.0, 0.0, np.nan])).ranked(
        SPEC, "unserved_m3", "customers"
    )
    assert list(table.frame()["rank"]) == [1, 1, 3, 4]


def test_a_loss_without_answer_comes_last_and_is_named() -> None:
    assert losses().ranked(SPEC, "unserved_m3", "customers").frame().element.iloc[-1] == "d"
    (found,) = losses().findings()
    assert (found.code, found.element) == ("CRITICALITY_FAILED", "d")


def test_no_losses_make_an_empty_table() -> None:
    none = Losses(
        [], [], [], Affected.nobody(0), np.zeros(0), np.zeros(0, dtype=int), np.zeros(0, dtype=int), []
    )
    assert none.ranked(SPEC, "unserved_m3", "customers").row_count == 0


def test_customers_of_many_losses_at_once() -> None:
    counted = CustomersByPlace(ledger(), PLACES, 3)
    assert counted.unlocated_count == 1
    assert counted.total == (3, 14, 1)
    found = counted.affected(
        np.array([[True, False, False], [False, True, False], [False, False, True], [True, True, False]])
    )
    assert found.customers.tolist() == [3, 1, 0, 3]
    assert found.households.tolist() == [14, 10, 0, 14]
    assert found.critical.tolist() == [1, 0, 0, 1]


def test_without_a_ledger_nobody_is_counted() -> None:
    assert CustomersByPlace(None, PLACES, 3).affected(np.ones((2, 3), dtype=bool)).customers.tolist() == [
        0,
        0,
    ]


def test_chunks_tell_progress_and_obey_cancel() -> None:
    told: list[float] = []
    call = Call(on_progress=lambda done, text: told.append(done))
    with call.active():
        assert [(one.start, one.stop) for one in chunks(5, 2, "losses")] == [(0, 2), (2, 4), (4, 5)]
        assert told == [0.0, 0.4, 0.8, 1.0]
        call.cancel()
        with pytest.raises(CancelledError):
            list(chunks(5, 2, "losses"))
