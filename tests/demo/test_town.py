"""The demonstration town: the same everywhere, larger on request, valid for every reader."""

from __future__ import annotations

import math

import pytest
from citymains.cities import City
from citymains.demo.streets import CRS, Town
from citymains.demo.town import town_texts, write_town
from citymains.workbench import Workbench


def test_the_same_town_every_time():
    assert town_texts(2) == town_texts(2)


@pytest.mark.parametrize("scale", [1, 4, 9])
def test_scale_multiplies_the_blocks(scale):
    town = Town(scale)
    assert math.isclose(town.columns * town.rows, 70 * scale, rel_tol=0.1)
    assert len(list(town.crossings())) == town.columns * town.rows
    assert len(list(town.streets())) == 2 * town.columns * town.rows - town.columns - town.rows


def test_files_are_written_once(tmp_path):
    paths = write_town(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in paths.values()}
    assert write_town(tmp_path) == paths
    assert {path: path.stat().st_mtime_ns for path in paths.values()} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in paths.values())


@pytest.mark.parametrize("scale", [1, 6])
@pytest.mark.parametrize("utility", ["water", "gas", "heating", "drainage"])
def test_every_network_is_valid_and_lies_in_the_town(tmp_path, utility, scale):
    path = write_town(tmp_path, scale)[utility]
    face = City("", Workbench()).utility(utility)
    checked = face.validate(path)
    assert (checked.error_count, checked.warning_count) == (0, 0), checked.frame()
    network = face.load(path, crs=CRS)
    town = Town(scale)
    low, high = town.point(-2, -2), town.point(town.columns + 1, town.rows + 1)
    for table in network.tables:
        if table.name != "curves" and {"id", "x", "y"} <= set(table.column_names):
            assert (table.array("x") > low[0] - 200).all(), table.name
            assert (table.array("x") < high[0] + 200).all(), table.name
            assert (table.array("y") > low[1] - 400).all(), table.name
            assert (table.array("y") < high[1] + 400).all(), table.name
