"""Heads against wntr's own EPANET run (2.2): 24 hours, every node and hour, at most 1 mm apart."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

NETWORKS = ("Net1", "Net2", "Net3", "ky4")
TOLERANCE_M = 1e-3


@pytest.fixture(scope="module")
def wntr_heads(tmp_path_factory, run_program, bundled_folder) -> Path:
    folder = tmp_path_factory.mktemp("wntr")
    run_program("wntr_heads.py", folder, 24, *NETWORKS, cwd=folder)
    return folder


@pytest.mark.parametrize("name", NETWORKS)
def test_heads_equal_wntr(water, wntr_heads, name):
    theirs = np.load(wntr_heads / f"{name}.npz")
    ours = water.pressure(name, hours=24).frame().pivot(index="time_s", columns="node", values="head_m")
    assert list(ours.index) == list(theirs["times_s"]) == [3600.0 * hour for hour in range(25)]
    assert set(ours.columns) == set(theirs["nodes"])
    difference = np.abs(ours[list(theirs["nodes"])].to_numpy() - theirs["head_m"])
    assert difference.max() <= TOLERANCE_M, f"{name}: {difference.max()} m"
