"""Sweeps against EPANET at accuracy 1e-8: the batched solver, its certificate, and exact undoing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("numba")

from citymains.model.scenario import Scenario
from citymains_water.asked import asked_of
from citymains_water.engine_input import Demands
from citymains_water.hydraulics import LINK_TABLES, element_ids, model_settings
from citymains_water.sweep import Sweep, SweepOptions
from citymains_water.sweep_edits import Edits

TOLERANCE_M = 1e-3


def demands(water, net, model: str) -> Demands:
    _, settings = model_settings(water, net)
    return asked_of(
        settings, hours=0.0, demand_model=model, minimum_pressure_m=3.5, required_pressure_m=14.0
    ).demands


def heads(water, net, edits, *, model="DDA", kernel=True):
    options = SweepOptions(
        question="criticality",
        demands=demands(water, net, model),
        blocks=("minimum_head", "dried"),
        kernel=kernel,
        accuracy=1e-8,
        spot_checks=0,
    )
    with Sweep(water, net, options) as sweep:
        return sweep.run_edits(edits)


def every_link(net, step: int = 1) -> list[Edits]:
    return [Edits((at,)) for at in range(0, len(element_ids(net, LINK_TABLES)), step)]


@pytest.mark.parametrize(
    ("name", "model", "step", "least_share"),
    [("Net1", "DDA", 1, 0.9), ("Net3", "DDA", 1, 0.9), ("Net3", "PDD", 1, 0.9), ("ky4", "DDA", 3, 0.95),
     ("ky4", "PDD", 5, 0.95), ("Net6", "DDA", 12, 0.95), ("ky10", "DDA", 12, 0.5)],
)  # fmt: skip
def test_every_closure_is_epanets_or_within_a_millimetre(water, name, model, step, least_share):
    net = water.load(name)
    edits = every_link(net, step)
    ours = heads(water, net, edits, model=model)
    theirs = heads(water, net, edits, model=model, kernel=False)
    by_kernel = np.array([one == "kernel" for one in ours.engine])
    balanced = (theirs.warnings & 0b110) == 0
    assert by_kernel.mean() >= least_share, ours.options
    np.testing.assert_array_equal(ours.dried[by_kernel], theirs.dried[by_kernel])
    off = np.abs(ours.minimum_head_m - theirs.minimum_head_m)[by_kernel & balanced]
    # Where rounding keeps EPANET from 1e-8 it answers at 1e-6, and may be off by that.
    assert np.nanquantile(np.nanmax(off, axis=1, initial=0.0), 0.99) <= TOLERANCE_M
    assert np.nanmax(off) <= 2 * TOLERANCE_M


def test_demands_scaled_and_drawn_are_the_same_by_both(water):
    net = water.load("ky4")
    edits = [Edits(scaled=((at, 3.0),), factor=1.2, drawn=((at + 1, 200.0),)) for at in range(0, 900, 90)]
    ours, theirs = (heads(water, net, edits, kernel=kernel) for kernel in (True, False))
    assert ours.engine.count("kernel") >= 8
    assert np.nanmax(np.abs(ours.minimum_head_m - theirs.minimum_head_m)) <= TOLERANCE_M


def test_a_valve_by_a_curve_makes_the_whole_model_epanets(water, small):
    from citymains.intake.source import SourceFile

    text = small.replace("[PATTERNS]", "[VALVES]\nV1 J1 J2 100 GPV G1\n[PATTERNS]").replace(
        "[CURVES]", "[CURVES]\nG1 0 0\nG1 10 1\nG1 100 20"
    )
    net = water.load(SourceFile("m.inp", text.encode()))
    found = heads(water, net, every_link(net))
    assert set(found.engine) == {"epanet"}
    assert "curve" in found.options["kernel_refusal"]


def test_the_last_of_many_scenarios_is_as_if_it_were_the_first(water):
    """Closures of pipes, check valves, pumps and valves, demands scaled and drawn: all undone exactly."""
    net = water.load("Net6")
    links = len(element_ids(net, LINK_TABLES))
    some = [Edits((at,)) for at in range(0, links, 40)] + [
        Edits(scaled=((at, 2.0),), factor=0.5, drawn=((at, 10.0),)) for at in range(0, 3000, 300)
    ]
    first = heads(water, net, [Edits((7,))], kernel=False)
    last = heads(water, net, [*some, Edits((7,))], kernel=False)
    np.testing.assert_allclose(last.minimum_head_m[-1], first.minimum_head_m[0], rtol=0, atol=1e-6)


@pytest.mark.campaign
def test_the_ten_thousandth_run_equals_a_fresh_engine(water):
    net = water.load("ky4")
    links = len(element_ids(net, LINK_TABLES))
    many = [Edits(((at * 7) % links,), factor=1.0 + at % 3 / 10) for at in range(10_000)]
    first = heads(water, net, [Edits((11,))], kernel=False)
    last = heads(water, net, [*many, Edits((11,))], kernel=False)
    np.testing.assert_allclose(last.minimum_head_m[-1], first.minimum_head_m[0], rtol=0, atol=1e-6)


def test_over_time_two_threads_give_what_one_gives(water):
    net = water.load("Net3")

    def run(threads):
        options = SweepOptions(
            question="criticality",
            demands=demands(water, net, "PDD"),
            duration_s=86400.0,
            blocks=("minimum_head", "unserved"),
            threads=threads,
        )
        with Sweep(water, net, options) as sweep:
            return sweep.run_edits(every_link(net))

    one, two = run(1), run(2)
    np.testing.assert_array_equal(one.minimum_head_m, two.minimum_head_m)
    np.testing.assert_array_equal(one.node_unserved_m3, two.node_unserved_m3)


def test_a_sweep_equals_the_question_pressure(water):
    """Over a day, pressure-dependent, by two ways through the code."""
    net = water.load("Net3")
    options = SweepOptions(
        question="criticality", demands=demands(water, net, "PDD"), duration_s=86400.0, blocks=("unserved",)
    )
    pipes = ["173", "191", "20", "329"]
    with Sweep(water, net, options) as sweep:
        found = sweep.run([Scenario.close(one) for one in pipes])
    for at, pipe in enumerate(pipes):
        report = water.outage(
            net, Scenario.close(pipe), hours=24, minimum_pressure_m=3.5, required_pressure_m=14.0
        )
        assert found.unserved_m3[at] == pytest.approx(report.unserved_m3, rel=0.02, abs=1.0)


def test_a_rank_one_estimate_ranks(water):
    net = water.load("ky4")
    options = SweepOptions(
        question="criticality", demands=demands(water, net, "DDA"), blocks=("minimum_head",), spot_checks=0
    )
    edits = every_link(net, 2)
    with Sweep(water, net, options) as sweep:
        drops = sweep.screen([one.closed[0] for one in edits])
        base = sweep.run_edits([Edits()]).minimum_head_m[0]
        found = sweep.run_edits(edits)
    cut = np.array([len(one) > 0 for one in found.cut])
    assert np.isinf(drops[cut]).mean() > 0.99
    true = np.nanmax(base - found.minimum_head_m, axis=1)
    some = np.isfinite(drops) & ~cut
    ranks = [np.argsort(np.argsort(one[some])) for one in (drops, true)]
    assert np.corrcoef(*ranks)[0, 1] > 0.9


@pytest.mark.parametrize("name", ["L-TOWN.inp", "CTOWN.INP", "Zhi Jiang.inp", "7_Matos.inp"])
def test_real_networks_with_valves_and_controls(water, shared_data, name):
    net = water.load(Path(shared_data / "water" / name))
    edits = every_link(net, 4)
    ours, theirs = (heads(water, net, edits, kernel=kernel) for kernel in (True, False))
    by_kernel = np.array([one == "kernel" for one in ours.engine]) & ((theirs.warnings & 0b110) == 0)
    assert by_kernel.mean() > 0.5, ours.options
    assert np.nanmax(np.abs(ours.minimum_head_m - theirs.minimum_head_m)[by_kernel]) <= TOLERANCE_M
