"""Checks of answers: what passes, and what the error names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from citymains.engine_host.checks import check_file, check_finite, check_ids, check_steps
from citymains.errors import ResultRejectedError


def test_good_answers_pass(tmp_path: Path) -> None:
    check_ids("epanet", "nodes", ["J1", "水厂"], ["J1", "水厂"])
    check_ids("epanet", "nodes", [], [])
    check_steps("epanet", "heads", 25, 25)
    check_finite("epanet", "pressure_m", np.zeros((3, 2)))
    check_finite("epanet", "pressure_m", [])
    check_finite("epanet", "pressure_m", [[1.0, np.nan]], ids=["a", "b"], missing=[False, True])
    (tmp_path / "a.out").write_bytes(b"....\x1d\x9e")
    check_file("swmm", tmp_path / "a.out", least_bytes=6, ending=b"\x1d\x9e")


def test_another_networks_answer_is_rejected() -> None:
    with pytest.raises(ResultRejectedError, match="36 nodes where the model has 97") as caught:
        check_ids("epanet", "nodes", [str(i) for i in range(97)], [str(i) for i in range(36)])
    assert caught.value.engine == "epanet"
    with pytest.raises(ResultRejectedError, match="'J3' where the model has 'J2'") as caught:
        check_ids("epanet", "nodes", ["J1", "J2", "J3"], ["J1", "J3", "J2"])
    assert caught.value.context["element"] == "J2"


def test_missing_steps_are_rejected() -> None:
    with pytest.raises(ResultRejectedError, match="heads has 3 time steps, 25 were asked for"):
        check_steps("epanet", "heads", 25, 3)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_rejected(bad: float) -> None:
    values = np.zeros((4, 3))
    values[2, 1] = values[3, 1] = bad
    with pytest.raises(
        ResultRejectedError, match=r"pressure_m of J2 is .* at \[2, 1\]; 2 of 12 values"
    ) as caught:
        check_finite("epanet", "pressure_m", values, ids=["J1", "J2", "J3"])
    assert caught.value.context["element"] == "J2"


def test_missing_covers_nan_only_where_it_is_allowed() -> None:
    with pytest.raises(ResultRejectedError, match="J1"):
        check_finite("epanet", "pressure_m", [np.nan, np.nan], ids=["J1", "J2"], missing=[False, True])
    with pytest.raises(ResultRejectedError, match="inf"):
        check_finite("epanet", "pressure_m", [np.inf], missing=[True])


def test_cut_off_files_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(ResultRejectedError, match=r"a\.rpt has 0 bytes"):
        check_file("swmm", tmp_path / "a.rpt")
    (tmp_path / "a.rpt").touch()
    with pytest.raises(ResultRejectedError, match=r"a\.rpt has 0 bytes"):
        check_file("swmm", tmp_path / "a.rpt")
    (tmp_path / "a.out").write_bytes(bytes(8192))
    with pytest.raises(ResultRejectedError, match="ends early"):
        check_file("swmm", tmp_path / "a.out", ending=b"\x1d\x9e")
