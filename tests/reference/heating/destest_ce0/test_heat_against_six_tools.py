"""DESTEST CE_0, built from its tables: against the results of six tools."""

from __future__ import annotations

import csv
import json
import math
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench

pytest.importorskip("pandapipes", reason="the engine of the heating service is not installed")

from citymains_heating.supply import SupplyReport
from citymains_heating.utility import Heating

CASE = tomllib.loads(Path(__file__).with_name("case.toml").read_text(encoding="utf-8"))
BOUNDARY = CASE["boundary"]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def pipe_values(pipe: Mapping[str, str]) -> dict[str, float]:
    """Geometry of a pre-insulated pipe, and the heat transfer of its insulation per outer surface."""
    bare = float(pipe["pipe_size"].partition("x")[0])
    outer = bare + 2000.0 * float(pipe["insulation_thickness_m"])
    return {
        "length_m": float(pipe["length_m"]),
        "inner_diameter_mm": 1000.0 * float(pipe["inner_diameter_m"]),
        "outer_diameter_mm": outer,
        "roughness_mm": BOUNDARY["roughness_mm"],
        "surroundings_c": BOUNDARY["ground_c"],
        "heat_transfer_w_per_m2k": 2.0
        * BOUNDARY["insulation_w_per_mk"]
        / (outer / 1000.0 * math.log(outer / bare)),
    }


def model(folder: Path) -> SourceFile:
    """The exercise as a citymains-pipes file: every node and pipe once for supply, once for return."""
    nodes, pipes = rows(folder / "destest_ce0_nodes.csv"), rows(folder / "destest_ce0_pipes.csv")
    tables = {
        "junctions": [
            {
                "id": f"{node['node']}.{side}",
                "x": float(node["x_m"]),
                "y": float(node["y_m"]),
                "nominal_pressure_kpa": 500.0,
            }
            for node in nodes
            for side in ("supply", "return")
        ],
        "pipes": [
            {
                "id": f"{a}-{b}.{side}",
                "from_node": f"{a}.{side}",
                "to_node": f"{b}.{side}",
                **pipe_values(pipe),
            }
            for pipe in pipes
            for a, b, side in (
                (pipe["to_node"], pipe["from_node"], "supply"),
                (pipe["from_node"], pipe["to_node"], "return"),
            )
        ],
        "consumers": [
            {
                "id": node["node"],
                "from_node": f"{node['node']}.supply",
                "to_node": f"{node['node']}.return",
                "flow_kg_per_s": BOUNDARY["flow_kg_per_h"] / 3600.0,
                "temperature_drop_k": BOUNDARY["temperature_drop_k"],
            }
            for node in nodes
            if node["node"].startswith("SimpleDistrict")
        ],
        "plants": [
            {
                "id": "plant",
                "from_node": "i.return",
                "to_node": "i.supply",
                "pressure_kpa": 600.0,
                "lift_kpa": 200.0,
                "temperature_c": BOUNDARY["supply_temperature_c"],
            }
        ],
    }
    fluid = {
        "name": "DESTEST water",
        "phase": "liquid",
        "properties": {
            name: {"kind": "constant", "value": BOUNDARY[key]}
            for name, key in (
                ("density", "density_kg_per_m3"),
                ("heat_capacity", "heat_capacity_j_per_kgk"),
                ("viscosity", "viscosity_pa_s"),
            )
        },
    }
    document = {
        "format": "citymains-pipes",
        "version": 1,
        "utility": "heating",
        "fluid": fluid,
        "tables": tables,
    }
    return SourceFile("destest_ce0.json", json.dumps(document).encode())


@pytest.fixture(scope="module")
def report(shared_data: Path) -> SupplyReport:
    return Heating(Workbench()).supply(model(shared_data / "heating"))


@pytest.fixture(scope="module")
def ours(report: SupplyReport) -> dict[str, float]:
    """Our value of every quantity in the tools' table."""
    nodes = report.table("nodes").set_index("node")
    pipes = report.table("pipes").set_index("pipe")
    plant = report.table("plants").set_index("plant").loc["plant"]
    pressure_pa = 1000.0 * nodes["pressure_kpa"]
    values = {
        "Mass flow rate supply i [kg_h]": 3600.0 * plant["flow_kg_per_s"],
        "Pressure drop supply between i and e [Pa]": pressure_pa["i.supply"] - pressure_pa["e.supply"],
        "Pressure drop return between a and i [Pa]": pressure_pa["a.return"] - pressure_pa["i.return"],
        "Pressure drop return between i and h [Pa]": pressure_pa["h.return"] - pressure_pa["i.return"],
        "Heat loss supply between i and h [W]": pipes["heat_loss_w"]["i-h.supply"],
        "Total heat load supplied by heat source [W]": 1000.0 * plant["heat_kw"],
    }
    for side in ("supply", "return"):
        for node in ("i", "h", "g", "f", "e", "SimpleDistrict_1"):
            values[f"Fluid temperature {side} {node} [C]"] = nodes["temperature_c"][f"{node}.{side}"]
    return values


def test_all_eighteen_rows_are_inside_the_tools_range(
    ours: dict[str, Any], shared_data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = rows(shared_data / "heating" / "destest_ce0_tools.csv")
    assert len(table) == 18
    lines, outside = [f"{'quantity':<46}{'low':>12}{'high':>12}{'ours':>12}"], []
    for row in table:
        name, low, high, value = row["quantity"], float(row["min"]), float(row["max"]), ours[row["quantity"]]
        temperature = name.endswith("[C]")
        slack_low, slack_high = (
            CASE["temperature_tolerance_k"] if temperature else CASE["relative_tolerance"] * abs(end)
            for end in (low, high)
        )
        lines.append(f"{name:<46}{low:>12.3f}{high:>12.3f}{value:>12.3f}")
        if not low - slack_low <= value <= high + slack_high:
            outside.append(name)
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert outside == []


def test_pressure_drop_and_heat_loss(ours: dict[str, float]) -> None:
    own = CASE["own"]
    assert ours["Pressure drop supply between i and e [Pa]"] / 1000.0 == pytest.approx(
        own["pressure_drop_supply_i_e_kpa"], rel=own["pressure_drop_tolerance"]
    )
    assert ours["Heat loss supply between i and h [W]"] == pytest.approx(
        own["heat_loss_i_h_w"], rel=own["heat_loss_tolerance"]
    )


def test_the_answer_is_valid(report: SupplyReport) -> None:
    assert report.verdict == "VALID"
    assert (report.frame()["differential_pressure_kpa"] > 0).all()
