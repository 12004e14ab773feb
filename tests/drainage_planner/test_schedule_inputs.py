"""What cannot be scheduled is refused as a whole, each fault at its place; and what is odd but sound is scheduled."""

from __future__ import annotations

import pytest
from citymains.errors import CitymainsError, InputError, NotFoundError
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains_drainage.control.commands import Commands

from tests.drainage.conftest import SMALL

SHORT = {"horizon_s": 1800, "step_s": 300, "evaluations": 4}


def refused(drainage, text: str, **how) -> list[tuple[str, str, int | None]]:
    with pytest.raises(InputError) as caught:
        drainage.schedule(drainage.load(SourceFile("model.inp", text.encode())), **{**SHORT, **how}).result()
    return [(one.code, one.element, one.line) for one in caught.value.issues]


def ledger(*rows: str) -> SourceFile:
    return SourceFile("stations.csv", "\n".join(rows).encode())


def test_a_pump_without_a_curve(drainage) -> None:
    found = refused(drainage, SMALL.replace("P1 W1 J3 LIFT OFF 1.0 0.4", "P1 W1 J3 * OFF 1.0 0.4"))
    assert [(code, element) for code, element, _ in found] == [("SCHEDULE_PUMP_WITHOUT_CURVE", "P1")]
    assert found[0][2]


def test_a_pump_without_a_wet_well(drainage) -> None:
    text = SMALL.replace("[PUMPS]\n", "[PUMPS]\nP2 J2 J3 LIFT OFF 1.0 0.4\n")
    assert [one[:2] for one in refused(drainage, text)] == [("SCHEDULE_PUMP_WITHOUT_WELL", "P2")]


def test_every_fault_is_told_at_once(drainage) -> None:
    text = SMALL.replace("[PUMPS]\n", "[PUMPS]\nP2 J2 J3 LIFT OFF 1.0 0.4\nP3 W1 J3 * OFF 1.0 0.4\n")
    codes = [one[0] for one in refused(drainage, text, horizon_s=10)]
    assert sorted(codes) == [
        "SCHEDULE_HORIZON_SHORT",
        "SCHEDULE_PUMP_WITHOUT_CURVE",
        "SCHEDULE_PUMP_WITHOUT_WELL",
    ]


def test_stations_that_overlap(drainage) -> None:
    two = SMALL.replace("[PUMPS]\n", "[PUMPS]\nP2 W1 J3 LIFT OFF 1.5 0.4\n")
    table = ledger("pump,station", "P1,North", "P2,South")
    assert [one[0] for one in refused(drainage, two, stations=table)] == ["SCHEDULE_STATIONS_OVERLAP"]


def test_one_pump_twice_in_the_ledger(drainage) -> None:
    table = ledger("pump,station", "P1,North", "P1,South")
    codes = {one[0] for one in refused(drainage, SMALL, stations=table)}
    assert "SCHEDULE_STATIONS_OVERLAP" in codes


def test_two_plans_for_one_pump(drainage) -> None:
    found = refused(drainage, SMALL, links=("P1", "p1"))
    assert [one[:2] for one in found] == [("SCHEDULE_PLAN_TWICE", "p1")]


def test_an_underpass_without_a_level_node(drainage) -> None:
    table = SourceFile("underpasses.csv", b"underpass,node\nBridge,NOWHERE\n")
    found = refused(drainage, SMALL, underpasses=table)
    assert found == [("SCHEDULE_UNDERPASS_WITHOUT_LEVEL", "Bridge", 2)]


@pytest.mark.parametrize(
    ("how", "field"),
    [
        ({"step_s": 1}, "step_s"),
        ({"horizon_s": 60}, "horizon_s"),
        ({"forecast_scale": -1.0}, "forecast_scale"),
        ({"capacity_scale": 0.0}, "capacity_scale"),
        ({"price_yuan_per_kwh": (0.7, 0.8)}, "price_yuan_per_kwh"),
        ({"evaluations": 0}, "evaluations"),
        ({"time_limit_s": 0.0}, "time_limit_s"),
        ({"links": ("NO",)}, "links"),
        ({"overflow_outfalls": ("NO",)}, "overflow_outfalls"),
    ],
)
def test_arguments(drainage, how, field) -> None:
    with pytest.raises(InputError) as caught:
        drainage.schedule("district", **{**SHORT, **how}).result()
    assert [one.field for one in caught.value.issues] == [field]


def test_a_policy_that_nobody_offers(drainage) -> None:
    with pytest.raises(NotFoundError):
        drainage.schedule("district", **SHORT, policy="clairvoyant").result()


def test_an_unknown_pump_cannot_have_failed(drainage) -> None:
    with pytest.raises(CitymainsError):
        drainage.schedule("district", **SHORT, scenario=Scenario.lose(pumps=["NO"])).result()


def test_a_model_with_external_files_is_refused_at_the_line(drainage) -> None:
    with pytest.raises(InputError) as caught:
        drainage.load(
            SourceFile(
                "model.inp", SMALL.replace("[PUMPS]", "[FILES]\nUSE HOTSTART a.hsf\n\n[PUMPS]").encode()
            )
        )
    assert any(one.line and "FILES" in one.section for one in caught.value.issues)


def test_a_model_that_is_unstable_by_itself(drainage) -> None:
    """Six large pumps that the model runs on an empty well: the engine makes water, and nothing is scheduled."""
    pumps = "\n".join(f"P{one} W1 J3 LIFT ON" for one in range(1, 7))
    text = SMALL.replace("P1 W1 J3 LIFT OFF 1.0 0.4", pumps).replace(
        "LIFT PUMP3 0 0.2\nLIFT 8 0", "LIFT PUMP3 0 2\nLIFT 8 1.9"
    )
    found = refused(drainage, text, horizon_s=3000)
    assert [one[0] for one in found] == ["SCHEDULE_MODEL_UNSTABLE"]


def test_a_model_without_anything_to_command(drainage) -> None:
    text = (
        SMALL.replace("P1 W1 J3 LIFT OFF 1.0 0.4\n", "")
        .replace("[CONDUITS]\n", "[CONDUITS]\nC9 W1 J3 10 0.013 0 0 0 0\n")
        .replace("C3 CIRCULAR", "C9 CIRCULAR 0.3 0 0 0 1\nC3 CIRCULAR")
    )
    assert [one[0] for one in refused(drainage, text)] == ["SCHEDULE_NOTHING_TO_COMMAND"]


def test_a_block_plan_has_one_command_for_a_pump_at_a_time() -> None:
    import numpy as np

    plan = Commands("rule", np.array([0.0, 600.0]), 1200.0, np.array([[1.0], [2.0]]))
    later = Commands("all-on", np.array([600.0, 900.0]), 1800.0, np.array([[0.0], [3.0]]))
    joined = plan.then(later)
    rows = [joined.row(time) for time in (0.0, 700.0, 1300.0, 1900.0)]
    assert [None if row is None else row[0] for row in rows] == [1.0, 2.0, 3.0, None]
    assert joined.base == "all-on"


@pytest.mark.timeout(300)
def test_a_small_model_without_any_of_our_conventions_is_scheduled(drainage) -> None:
    report = drainage.schedule(
        drainage.load(SourceFile("plain.inp", SMALL.encode())), horizon_s=3600, step_s=300, evaluations=8
    ).result()
    assert report.cost_m3 <= report.rule_cost_m3 + 1e-6
    assert report.flooding_m3 <= report.rule_flooding_m3 + 0.5


@pytest.mark.timeout(300)
def test_one_plan_holds_for_every_member_and_for_weaker_pumps(drainage) -> None:
    storm = drainage.storm(
        "i=10.9(1+0.85lgP)/(t+12)^0.77", return_period_a=20, duration_s=1800, members=3, spread=0.4, seed=3
    )
    report = drainage.schedule(
        drainage.load(SourceFile("plain.inp", SMALL.encode())), storm, horizon_s=3600, evaluations=8
    ).result()
    verified = report.table("verification")
    assert list(zip(verified["member"], verified["capacity"], strict=True)) == [
        ("1", 1.0),
        ("2", 1.0),
        ("3", 1.0),
        ("1", 0.7),
    ]
    assert verified["rule_flooding_m3"].nunique() > 1  # the members differ
    assert report.cost_m3 <= report.rule_cost_m3 + 1e-6


#: What is commanded where a network has more than one kind of thing to command; empty: what is found.
PUBLISHED = {"theta": (), "gamma": (), "epsilon": (), "zeta": (), "alpha": (), "beta": ("P0", "R2")}


@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_are_taken_as_they_are(drainage, pystorms, name) -> None:
    net = drainage.load(SourceFile(f"{name}.inp", pystorms(name).encode()))
    report = drainage.schedule(
        net, horizon_s=1800, step_s=900, policy="equal-filling", links=PUBLISHED[name]
    ).result()
    assert len(report.frame()) > 0
    assert report.cost_m3 >= 0


@pytest.mark.campaign
@pytest.mark.parametrize("name", PUBLISHED)
def test_published_networks_are_never_worse_than_their_rule(drainage, pystorms, name) -> None:
    net = drainage.load(SourceFile(f"{name}.inp", pystorms(name).encode()))
    report = drainage.schedule(net, horizon_s=6 * 3600, step_s=900, links=PUBLISHED[name]).result()
    assert report.cost_m3 <= report.rule_cost_m3 + 1e-6
