"""`simulate` against the bare engine: its totals, its node statistics and its printed report."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from citymains.workbench import Workbench
from citymains_drainage.network import parse_document
from citymains_drainage.options import read_options
from citymains_drainage.simulation_report import SimulationReport
from citymains_drainage.utility import Drainage

HERE = Path(__file__).parent
SHARED = HERE.parents[4] / "shared" / "data" / "drainage"
DISTRICT = HERE.parents[3] / "services" / "drainage" / "citymains_drainage" / "data" / "district.inp"
NAMES = (
    "EPA_Example8_combined_sewer",
    "Pump_Control_Model",
    "model_pump_setting",
    "model_storage_pump",
    "test_Example1",
    "test_Example3",
    "test_inlet_drains",
    "district",
)
RELATIVE = 1e-9
FOOT_M = 0.3048


@dataclass(frozen=True)
class Pair:
    """One model, both ways."""

    ours: SimulationReport
    bare: dict[str, Any]
    report: str
    us: bool


@pytest.fixture(scope="module", params=NAMES)
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pair:
    path = DISTRICT if request.param == "district" else SHARED / f"{request.param}.inp"
    if not path.exists():
        pytest.skip(f"reference data not present: shared/data/drainage/{path.name}")
    folder = tmp_path_factory.mktemp("bare")
    report = folder / "bare.rpt"
    run = subprocess.run(
        [sys.executable, str(HERE / "bare_run.py"), str(path), str(report)],
        capture_output=True,
        text=True,
        check=True,
    )
    face = Drainage(Workbench(database=f"sqlite:///{folder / 'store.db'}", files=folder / "files"))
    network = face.load(path)
    options, _ = read_options(parse_document(face.document(network)))
    return Pair(face.simulate(network), json.loads(run.stdout), report.read_text("utf-8"), options.units.us)


def test_system_totals_equal_the_engines(pair: Pair) -> None:
    volume_m3 = FOOT_M**3 if pair.us else 1.0
    assert pair.ours.outfall_m3 == pytest.approx(pair.bare["outflow"] * volume_m3, rel=RELATIVE, abs=0)
    assert pair.ours.flooding_m3 == pytest.approx(pair.bare["flooding"] * volume_m3, rel=RELATIVE, abs=0)
    assert pair.ours.continuity_error_percent == pytest.approx(
        pair.bare["error_percent"], rel=RELATIVE, abs=0
    )
    assert pair.ours.step_count == pair.bare["steps"]


def test_node_statistics_equal_the_engines(pair: Pair) -> None:
    length_m = FOOT_M if pair.us else 1.0
    frame = pair.ours.frame().set_index("node")
    assert list(frame.index) == list(pair.bare["nodes"])
    for node, (depth, flooding, surcharge_h) in pair.bare["nodes"].items():
        row = frame.loc[node]
        assert row["max_depth_m"] == pytest.approx(depth * length_m, rel=RELATIVE, abs=1e-12)
        assert row["flooding_m3"] == pytest.approx(flooding * length_m**3, rel=RELATIVE, abs=1e-12)
        assert row["surcharge_s"] == pytest.approx(surcharge_h * 3600, rel=RELATIVE, abs=1e-9)
    outfalls = pair.ours.table("outfalls").set_index("outfall")["volume_m3"]
    for node, volume in pair.bare["outfalls"].items():
        assert outfalls[node] == pytest.approx(volume * length_m**3, rel=RELATIVE, abs=1e-12)


def _printed(pair: Pair, label: str) -> tuple[str, str]:
    block = pair.report[pair.report.index("Flow Routing Continuity") :]
    match = re.search(rf"{re.escape(label)} \.+ +(\S+)(?: +(\S+))?", block)
    assert match is not None
    return match[1], match[2] or ""


def _assert_prints(value: float, printed: str) -> None:
    decimals = len(printed.partition(".")[2])
    assert abs(value - float(printed)) <= 0.5 * 10**-decimals * (1 + 1e-9), (
        f"{value} is not printed {printed}"
    )


def _volume_factor(pair: Pair) -> float:
    """From m3 to the million gallons or litres of the summary tables, by the engine's own rounded factors."""
    return 7.48e-6 / FOOT_M**3 if pair.us else 28.317e-6 / 0.02832


def test_balance_has_the_digits_the_engine_prints(pair: Pair) -> None:
    # The engine's own factors from cubic feet, as rounded as they are in its sources.
    to_column_1, to_column_2 = (
        (2.2956e-5, 0.64632 / 86_400) if pair.us else (0.3048 * 0.92903e-5, 2.446589 / 86_400)
    )
    to_cubic_feet = 1 / FOOT_M**3 if pair.us else 1 / 0.02832
    for value, label in (
        (pair.ours.outfall_m3, "External Outflow"),
        (pair.ours.flooding_m3, "Flooding Loss"),
        (pair.ours.dry_weather_inflow_m3, "Dry Weather Inflow"),
        (pair.ours.wet_weather_inflow_m3, "Wet Weather Inflow"),
        (pair.ours.external_inflow_m3, "External Inflow"),
    ):
        first, second = _printed(pair, label)
        _assert_prints(value * to_cubic_feet * to_column_1, first)
        _assert_prints(value * to_cubic_feet * to_column_2, second)
    _assert_prints(pair.ours.continuity_error_percent, _printed(pair, "Continuity Error (%)")[0])


def _rows(report: str, title: str) -> dict[str, list[str]]:
    """Rows of a summary table by their first word."""
    if title not in report:
        return {}
    block = re.split(r"\n +\*{10,}\n", report[report.index(title) :])[1].split("\n")
    rules = [at for at, line in enumerate(block) if line.strip().startswith("-----")][:2]
    rows: dict[str, list[str]] = {}
    for line in block[rules[1] + 1 :] if len(rules) == 2 else []:
        words = line.split()
        if not words or words[0].startswith(("-", "*")):
            break
        rows[words[0]] = words[1:]
    return rows


def test_node_depths_have_the_digits_the_engine_prints(pair: Pair) -> None:
    length_m = FOOT_M if pair.us else 1.0
    frame = pair.ours.frame().set_index("node")
    rows = _rows(pair.report, "Node Depth Summary")
    assert set(rows) == set(frame.index)
    for node, words in rows.items():
        _assert_prints(frame.loc[node, "average_depth_m"] / length_m, words[1])
        _assert_prints(frame.loc[node, "max_depth_m"] / length_m, words[2])


def test_flooding_and_outfalls_have_the_digits_the_engine_prints(pair: Pair) -> None:
    to_printed = _volume_factor(pair)
    frame = pair.ours.frame().set_index("node")
    flooded = _rows(pair.report, "Node Flooding Summary")
    for node, words in flooded.items():
        _assert_prints(frame.loc[node, "flooding_m3"] * to_printed, words[4])
        _assert_prints(max(0.01, frame.loc[node, "flooded_s"] / 3600), words[0])
    outfalls = pair.ours.table("outfalls").set_index("outfall")["volume_m3"]
    loads = _rows(pair.report, "Outfall Loading Summary")
    assert set(loads) == set(outfalls.index)
    for node, words in loads.items():
        _assert_prints(outfalls[node] * to_printed, words[3])


def test_pumps_have_the_digits_the_engine_prints(pair: Pair) -> None:
    to_printed = _volume_factor(pair)
    pumps = pair.ours.table("pumps").set_index("pump")
    rows = _rows(pair.report, "Pumping Summary")
    assert set(rows) == set(pumps.index)
    for pump, words in rows.items():
        assert int(words[1]) == pumps.loc[pump, "starts"]
        _assert_prints(pumps.loc[pump, "volume_m3"] * to_printed, words[5])
        _assert_prints(pumps.loc[pump, "running_s"] / pair.ours.duration_s * 100, words[0])


def test_levels_reach_the_reported_end(pair: Pair) -> None:
    levels = pair.ours.table("levels")
    highest = levels.groupby("node", sort=False)["depth_m"].max()
    frame = pair.ours.frame().set_index("node")
    assert math.isclose(levels["time_s"].max(), pair.ours.duration_s)
    # Reported instants are a subset of the routing steps; the file holds them in single precision.
    assert (highest <= frame["max_depth_m"] * (1 + 1e-6) + 1e-6).all()
