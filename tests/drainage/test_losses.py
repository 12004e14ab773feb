"""What is lost or shut: throughout, for a time, in every kind of routing, against levels and rules."""

from __future__ import annotations

import numpy as np
import pytest
from citymains.errors import InputError
from citymains.model.scenario import Scenario

LINKS = ("C1", "C2", "C3", "P1")


def _depths(report, node):
    levels = report.table("levels")
    return levels[levels.node == node].set_index("time_s")["depth_m"]


def _flow(report, link):
    return float(report.table("links").set_index("link").loc[link, "max_flow_m3_per_s"])


@pytest.mark.parametrize("routing", ["DYNWAVE", "KINWAVE", "STEADY"])
def test_a_closed_conduit_passes_nothing_in_any_routing(drainage, small, source, routing):
    network = drainage.load(source(small.replace("FLOW_ROUTING DYNWAVE", f"FLOW_ROUTING {routing}")))
    report = drainage.simulate(network, scenario=Scenario.close(["C2"]))
    assert _flow(report, "C2") == 0.0
    assert report.outfall_m3 == 0.0
    assert report.flooding_m3 > drainage.simulate(network).flooding_m3


def test_an_outfall_lost_takes_nothing(drainage):
    report = drainage.simulate("district", scenario=Scenario.lose(plants=["河东排口"]))
    volumes = report.table("outfalls").set_index("outfall")["volume_m3"]
    assert volumes["河东排口"] == 0.0
    assert volumes["下穿排口"] > 0


def test_a_gate_stuck_shut_passes_nothing(drainage):
    normal = drainage.simulate("district")
    report = drainage.simulate("district", scenario=Scenario.lose(regulators=["下穿雨水口"]))
    assert _flow(report, "下穿雨水口") == 0.0 < _flow(normal, "下穿雨水口")
    assert report.underpass_depth_m > normal.underpass_depth_m + 0.1


def test_a_window_changes_nothing_before_it_and_gives_back_after_it(drainage):
    normal = drainage.simulate("district")
    report = drainage.simulate(
        "district", scenario=Scenario.lose(plants=["河东排口"], start_s=3600, end_s=7200)
    )
    before, after = _depths(normal, "河东泵站前池"), _depths(report, "河东泵站前池")
    early = before.index < 3600
    assert np.allclose(before[early], after[early], atol=1e-6)
    assert after[(before.index > 3900) & (before.index < 7200)].max() > before.max()
    volume = report.table("outfalls").set_index("outfall").loc["河东排口", "volume_m3"]
    whole = normal.table("outfalls").set_index("outfall").loc["河东排口", "volume_m3"]
    assert 0 < volume < whole
    assert report.continuity_error_percent == pytest.approx(0.0, abs=1.0)


def test_a_pump_lost_for_a_time_obeys_its_levels_again_after_it(drainage, loaded_small):
    normal = drainage.simulate(loaded_small)
    report = drainage.simulate(loaded_small, scenario=Scenario.lose(pumps=["P1"], start_s=600, end_s=1800))
    running = [float(one.table("pumps")["running_s"][0]) for one in (normal, report)]
    assert 0 < running[1] < running[0]
    assert running[0] - running[1] == pytest.approx(1200.0, abs=400.0)
    assert 0 < report.outfall_m3 < normal.outfall_m3


def test_a_rule_of_the_model_does_not_open_what_is_shut(drainage, small, source):
    rule = (
        "[CONTROLS]\nRULE LOSS1\nIF SIMULATION TIME > 0\nTHEN CONDUIT C2 STATUS = OPEN\nPRIORITY 100\n\n[DWF]"
    )
    network = drainage.load(source(small.replace("[DWF]", rule)))
    report = drainage.simulate(network, scenario=Scenario.close(["C2"]))
    assert _flow(report, "C2") == 0.0


def test_a_pump_without_levels_runs_again_after_its_loss(drainage, small, source):
    network = drainage.load(source(small.replace("P1 W1 J3 LIFT OFF 1.0 0.4", "P1 W1 J3 LIFT ON 0 0")))
    report = drainage.simulate(network, scenario=Scenario.lose(pumps=["P1"], start_s=0, end_s=1800))
    running = float(report.table("pumps")["running_s"][0])
    assert 0 < running <= 1800 + 60


def test_every_unknown_element_is_told_at_once(drainage, loaded_small):
    scenario = Scenario.lose(pumps=["P8", "P9"], plants=["O9"]) + Scenario.close(["C9"])
    with pytest.raises(InputError) as caught:
        drainage.simulate(loaded_small, scenario=scenario)
    assert [one.value for one in caught.value.issues] == ["P8", "P9", "O9", "C9"]


@pytest.fixture(scope="module")
def loaded_small(drainage, small, source):
    return drainage.load(source(small))
