"""Two answers side by side: changes, causes, findings; here and on a server."""

from __future__ import annotations

import json
from decimal import Decimal

import numpy as np
import pytest
from citymains.comparison.compare import compare_records
from citymains.errors import InputError
from citymains.model.finding import Severity, Verdict, finding
from citymains.model.provenance import Provenance
from citymains.model.scenario import Scenario

from tests.comparison.records import Flood, Pressure


def pressure(nodes="AB", values=(10.0, 20.0), times=(0.0, 0.0), **more):
    table = Pressure.TABLES[0].build(node=list(nodes), time_s=list(times), pressure_m=list(values))
    provenance = Provenance(question="water.pressure", network="networks/1", **more.pop("provenance", {}))
    return Pressure(tables=(table,), provenance=provenance, **more)


def test_the_greatest_change_comes_first_with_its_time() -> None:
    before = pressure("ABAB", (10.0, 20.0, 11.0, 21.0), (0, 0, 3600, 3600))
    after = pressure("ABAB", (10.0, 15.0, 4.0, 20.0), (0, 0, 3600, 3600))
    found = compare_records(before, after)
    frame = found.frame()
    assert list(frame.element) == ["A", "B"]
    assert list(frame.time_s) == [3600.0, 0.0]
    assert list(frame.change) == [-7.0, -5.0]
    assert list(frame.worse_by) == [7.0, 5.0], "of pressures the low end is the bad one"
    assert (found.quantity, found.unit) == ("nodes.pressure_m", "m")
    assert (found.greatest_fall, found.greatest_rise) == (-7.0, None)
    assert found.changed_element_count == 2


def test_supply_that_is_lost_weighs_more_than_any_difference() -> None:
    found = compare_records(pressure(values=(10.0, 20.0)), pressure(values=(1.0, np.nan)))
    assert list(found.frame().element) == ["B", "A"]
    assert list(found.frame().state) == ["only before", "both"]
    assert found.table("quantities").only_before.tolist() == [1]


def test_elements_that_came_and_went() -> None:
    states = compare_records(pressure("AB"), pressure("BC")).frame().set_index("element").state
    assert dict(states) == {"A": "only before", "B": "both", "C": "only after"}


def test_equal_answers_change_nothing() -> None:
    found = compare_records(pressure(), pressure())
    assert found.changed_element_count == 0
    assert found.table("quantities").changed_rows.tolist() == [0]
    assert found.table("causes").empty
    assert found.table("findings").empty


def test_causes_name_what_the_answers_do_not_share() -> None:
    after = pressure(
        provenance={
            "scenario": Scenario.close("P1"),
            "options": {"demand_model": "PDD"},
            "rule_packs": ("a@1",),
        }
    )
    causes = compare_records(pressure(), after).table("causes").set_index("field")
    assert set(causes.index) == {"scenario", "demand_model", "rule_packs"}
    assert "P1" in causes.after["scenario"]


def test_findings_that_came_and_went() -> None:
    low = finding("COMPARE_NETWORKS", Severity.NOTE, element="A")
    gone = finding("COMPARE_NETWORKS", Severity.NOTE, element="B")
    found = compare_records(pressure(findings=(gone,)), pressure(findings=(low,))).table("findings")
    assert list(zip(found.change, found.element, strict=True)) == [("new", "A"), ("gone", "B")]


def test_the_summary_is_compared_and_money_stays_exact() -> None:
    def flood(volume: float, cost: str) -> Flood:
        return Flood(
            flooding_m3=volume, total_yuan=Decimal(cost), provenance=Provenance(question="drainage.simulate")
        )

    found = compare_records(flood(10.0, "0.30"), flood(12.5, "0.10")).table("summary").set_index("field")
    assert found.change["flooding_m3"] == 2.5
    assert found.change["total_yuan"] == -0.2


def test_rows_that_repeat_are_held_against_each_other_in_order() -> None:
    found = compare_records(pressure("AA", (1.0, 2.0)), pressure("AA", (1.0, 5.0)))
    assert found.frame().change.tolist() == [3.0]


def test_a_rejected_answer_makes_the_comparison_suspect() -> None:
    assert compare_records(pressure(), pressure(verdict=Verdict.REJECTED)).verdict is Verdict.SUSPECT


def test_what_cannot_be_compared_is_refused() -> None:
    other = Flood(provenance=Provenance(question="drainage.simulate"))
    with pytest.raises(InputError, match="COMPARE_QUESTIONS"):
        compare_records(pressure(), other)
    with pytest.raises(InputError, match="COMPARE_QUANTITY"):
        compare_records(pressure(), pressure(), "nodes.colour")


def test_a_quantity_can_be_named_by_its_column() -> None:
    assert compare_records(pressure(), pressure(), "pressure_m").quantity == "nodes.pressure_m"


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    pytest.importorskip("epanet", reason="the engine of the water service is not installed")
    from citymains.cities import City
    from citymains.workbench import Workbench

    folder = tmp_path_factory.mktemp("compare")
    return City("", Workbench(database=f"sqlite:///{folder / 'x.db'}", files=folder / "files"))


def test_a_burst_against_the_usual_day(city, tmp_path) -> None:
    usual = city.water.pressure("Net1", hours=2)
    burst = city.water.pressure("Net1", hours=2, scenario=Scenario.close("11"))
    found = city.water.compare(usual, burst)
    assert found.greatest_fall < 0
    assert "11" in found.table("causes").set_index("field").after["scenario"]
    assert found.provenance.network == burst.provenance.network
    assert len(found.to_geojson(network="Net1")["features"]) == 11
    files = [tmp_path / "前.json", tmp_path / "后.json"]
    for path, record in zip(files, (usual, burst), strict=True):
        path.write_text(record.to_json(all_rows=True), encoding="utf-8")
    assert city.water.compare(*files).to_json() == found.to_json()
    stored = [city.workbench.store.put_record(one) for one in (usual, burst)]
    assert city.water.compare(*stored).to_json() == found.to_json()
    with pytest.raises(InputError, match="NETWORK_WRONG_UTILITY"):
        city.gas.compare(*files)
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({"verdict": "VALID"}), encoding="utf-8")
    with pytest.raises(InputError, match="FILE_WRONG_FORMAT"):
        city.water.compare(usual, broken)
