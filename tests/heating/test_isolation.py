"""Supply and return are shut together: pairs found by shape, and what isolation makes of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.finding import Verdict
from citymains.workbench import Workbench
from citymains_heating.layout import heat_layout
from citymains_heating.pairs import RETURN, SUPPLY, Shape, find_pairs
from citymains_heating.utility import Heating

Build = Callable[..., SourceFile]


def pairs_of(heating: Heating, net: Any) -> dict[str, str | None]:
    found = heat_layout(heating.network(net))
    links = found.layout.graph.link_ids
    return {
        links[at]: None if other < 0 else links[other]
        for at, other in enumerate(found.pairs.link[: found.passive].tolist())
    }


def test_pairs_of_a_small_estate(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    assert pairs_of(heating, build(estate)) == {
        "热源供-一号供": "一号回-热源回",
        "一号供-二号供": "二号回-一号回",
        "二号回-一号回": "一号供-二号供",
        "一号回-热源回": "热源供-一号供",
    }


def test_every_pipe_of_the_bundled_town_has_its_partner(heating: Heating) -> None:
    found = heat_layout(heating.load("schutterwald_heat"))
    assert (found.pairs.link >= 0).all()
    assert (found.pairs.node >= 0).all()
    assert np.bincount(found.pairs.side + 1).tolist() == [244, 0, 244]
    partner = found.pairs.link
    assert (partner[partner] == np.arange(len(partner))).all()
    length = found.layout.length_m[: found.passive]
    np.testing.assert_allclose(length, length[partner], rtol=0.35, atol=1.0)


def test_a_pipe_without_partner_has_none() -> None:
    """Supply 0-1-2, return 3-4-5, and a stub 1-6 on the supply alone."""
    shape = Shape(
        start=np.array([0, 1, 4, 5, 1]), end=np.array([1, 2, 3, 4, 6]), kinds=["pipe"] * 5,
        length_m=np.array([100.0, 50.0, 100.0, 50.0, 7.0]), diameter_mm=np.full(5, 100.0), ties=[(0, 3), (2, 5)],
        x=np.full(7, np.nan), y=np.full(7, np.nan), supply_roots=[0], return_roots=[3],
    )  # fmt: skip
    found = find_pairs(shape)
    assert found.link.tolist() == [2, 3, 0, 1, -1]
    assert found.side.tolist() == [SUPPLY, SUPPLY, SUPPLY, RETURN, RETURN, RETURN, SUPPLY]


def test_both_pipes_of_the_pair_are_shut(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    report = heating.isolate(build(estate), pipes=["一号供-二号供"])
    shut = report.frame().loc[lambda one: one["action"] == "shut", "valve"].tolist()
    assert set(shut) == {
        "一号供-二号供@一号供", "一号供-二号供@二号供", "二号回-一号回@二号回", "二号回-一号回@一号回",
    }  # fmt: skip
    state = report.table("elements").set_index("element")["state"].to_dict()
    assert state["一号供-二号供"] == state["二号回-一号回"] == "isolated"
    assert state["二号站"] == "unintended"
    assert "一号站" not in state


def test_a_failed_valve_moves_the_ring_out_to_the_substations_own_valves(
    heating: Heating, build: Build, estate: dict[str, Any]
) -> None:
    report = heating.isolate(
        build(estate),
        pipes=["一号供-二号供"],
        unusable_valves=["一号供-二号供@一号供", "二号回-一号回@一号回"],
    )
    shut = set(report.frame().loc[lambda one: one["action"] == "shut", "valve"])
    assert {"一号站@一号供", "一号站@一号回"} <= shut
    state = report.table("elements").set_index("element")["state"].to_dict()
    assert state["一号站"] == "unintended"


def test_duties_of_the_place_and_their_edges(build: Build, estate: dict[str, Any]) -> None:
    henan = Heating(Workbench(jurisdiction="河南省/南阳市"))
    when = datetime(2022, 12, 3, 8, tzinfo=ZoneInfo("Asia/Shanghai"))

    def duties(face: Heating, hours: float) -> dict[str, str]:
        report = face.isolate(
            build(estate), pipes=["一号供-二号供"], duration_s=hours * 3600.0, start_time=when
        )
        return report.table("duties").set_index("duty")["article"].to_dict()

    assert duties(henan, 7.99) == {}
    assert set(duties(henan, 8.0)) == {"report", "fault_notice"}
    assert "省政府令第183号" in duties(henan, 8.0)["report"]
    qingdao = Heating(Workbench(jurisdiction="山东省/青岛市"))
    assert set(duties(qingdao, 1.0)) == {"planned_notice_h"}


def test_customers_hang_on_consumers(
    heating: Heating, build: Build, estate: dict[str, Any], tmp_path: Any
) -> None:
    ledger = tmp_path / "用户.csv"
    ledger.write_text("用户编号,接入节点,户数\nA,一号站,40\nB,二号站,60\nC,二号供,5\n", encoding="gb18030")
    report = heating.isolate(build(estate), pipes=["一号供-二号供"], customers=ledger)
    assert report.table("customers")["customer"].tolist() == ["B", "C"]
    assert report.household_count == 65


def test_unknown_targets_are_refused(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        heating.isolate(build(estate), pipes=["没有"])
    assert caught.value.issues[0].code == "ELEMENT_UNKNOWN"


def test_without_a_valve_layer_it_is_suspect(heating: Heating, build: Build, estate: dict[str, Any]) -> None:
    assert heating.isolate(build(estate), pipes=["一号供-二号供"]).verdict is Verdict.SUSPECT
