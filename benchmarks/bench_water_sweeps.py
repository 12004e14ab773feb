"""N-1 sweeps of pipe closures against wntr's EpanetSimulator and against the bare calls of EPANET 2.3."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np

from benchmarks.measure import Row
from benchmarks.water_sides import Side

ROUNDS = 3
#: Closures whose lowest pressure has to be that of wntr's EPANET 2.2: those that cut nothing off.
TOLERANCE_M = 1e-3


def run() -> Iterator[Row]:
    """Steady states first, then a day of ky4."""
    yield from steady("ky4", "DDA", simulator_step=40)
    yield from steady("ky4", "PDD", simulator_step=40)
    yield from steady("Net6", "DDA", simulator_step=400, step=4)
    yield from steady("ky10", "DDA", simulator_step=60)
    yield from day("DDA", ">= 8")
    yield from day("PDD", ">= 5")


def steady(net: str, model: str, *, simulator_step: int, step: int = 1) -> Iterator[Row]:
    """One period: EPANET's path against wntr's loop, the batched solver against EPANET's path."""
    what = f"N-1, one period, {net}, {model}"
    found = turns(
        {
            "simulator": (net, 0, model, simulator_step),
            "bare": (net, 0, model, step),
            "epanet": (net, 0, model, step),
            "batched": (net, 0, model, step),
        }
    )
    loop, bare, epanet, batched = (found[one] for one in ("simulator", "bare", "epanet", "batched"))
    goals = {("ky4", "DDA"): (">= 80", ">= 4"), ("ky4", "PDD"): (">= 40", ">= 4"), ("Net6", "DDA"): (">= 80", ">= 4"),
             ("ky10", "DDA"): (">= 80", "reported")}  # fmt: skip
    against_loop, against_epanet = goals[net, model]
    yield Row(f"{what}, EPANET 2.3", "EpanetSimulator loop", loop["each_s"], epanet["each_s"],
              agreement(loop, epanet, simulator_step // step), against_loop)  # fmt: skip
    yield Row(
        f"{what}, EPANET 2.3",
        "bare EPANET 2.3 calls, heads read",
        bare["each_s"],
        epanet["each_s"],
        "",
        "reported",
    )
    options = batched["options"]
    told = (
        f"{options['by_epanet']} of {batched['count']} by EPANET ({100 * int(options['by_epanet']) / batched['count']:.1f} %), "
        f"{options['spot_checks']} spot checks differ by {options.get('spot_check_difference_m', '-')} m"
    )
    yield Row(f"{what}, batched solver with certificate", "the same by EPANET 2.3", epanet["each_s"],
              batched["each_s"], told, against_epanet)  # fmt: skip
    yield Row(f"{what}, batched solver with certificate", "bare EPANET 2.3 calls, heads read", bare["each_s"],
              batched["each_s"], "", "reported")  # fmt: skip


def day(model: str, goal: str) -> Iterator[Row]:
    """24 hours of ky4, with metrics."""
    what = f"N-1, 24 h, ky4, {model}, with metrics"
    found = turns(
        {
            "simulator": ("ky4", 24, model, 80),
            "simulator-copies": ("ky4", 24, model, 160),
            "bare": ("ky4", 24, model, 16),
            "epanet": ("ky4", 24, model, 16),
        }
    )
    ours = found["epanet"]["each_s"]
    same = agreement(found["simulator"], found["epanet"], 5)
    yield Row(what, "EpanetSimulator re-run on one model", found["simulator"]["each_s"], ours, same, goal)
    copies = found["simulator-copies"]["each_s"]
    yield Row(what, "EpanetSimulator on a deepcopy each", copies, ours, "", ">= 16")
    yield Row(
        what, "bare EPANET 2.3 calls, heads read", found["bare"]["each_s"], ours, "", ">= 0.83 (<= 1.2 times)"
    )


def turns(sides: Mapping[str, tuple[object, ...]]) -> dict[str, dict[str, Any]]:
    """Each side's last answer, with the median CPU time of one closure as ``each_s``; all take turns."""
    with ExitStack() as stack:
        running = {name: Side(name, *arguments) for name, arguments in sides.items()}
        for side in running.values():
            stack.callback(side.close)
        for side in running.values():
            side.ask()
        answers = {name: [] for name in running}  # type: dict[str, list[dict[str, Any]]]
        for _ in range(ROUNDS):
            for name, side in running.items():
                answers[name].append(side.ask())
    return {
        name: {**some[-1], "each_s": statistics.median(one["cpu_s"] / one["count"] for one in some)}
        for name, some in answers.items()
    }


def agreement(loop: Mapping[str, Any], ours: Mapping[str, Any], every: int) -> str:
    """How many of the loop's closures have the lowest pressure found here; those that cut off are left out."""
    theirs = np.array(loop["lowest_m"])
    mine = np.array(ours["lowest_m"])[::every][: len(theirs)]
    whole = ~np.array(ours["cut"])[::every][: len(theirs)]
    same = np.abs(theirs - mine)[whole] <= TOLERANCE_M
    return f"lowest pressure equal in {same.sum()} of {len(same)} that cut nothing off"
