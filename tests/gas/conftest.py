"""What the gas tests share: one face (and so one engine process), and networks made of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench

pytest.importorskip("pandapipes", reason="the engine of the gas service is not installed")

from citymains_gas.utility import Gas

Build = Callable[..., SourceFile]


@pytest.fixture(scope="session")
def gas() -> Gas:
    """The gas utility of a local city."""
    return Gas(Workbench())


def _document(tables: dict[str, Any], fluid: Any = "lgas", **header: Any) -> dict[str, Any]:
    return {
        "format": "citymains-pipes",
        "version": 1,
        "utility": "gas",
        "fluid": fluid,
        "tables": tables,
        **header,
    }


@pytest.fixture(scope="session")
def build() -> Build:
    """Makes a model file of element tables."""

    def make(tables: dict[str, Any], **header: Any) -> SourceFile:
        return SourceFile("town.json", json.dumps(_document(tables, **header), ensure_ascii=False).encode())

    return make


@pytest.fixture
def town() -> dict[str, Any]:
    """A source at 200 kPa, a regulator to 3 kPa, and two customers behind it."""
    pipe = {"inner_diameter_mm": 100.0, "roughness_mm": 0.1}
    return {
        "junctions": [
            {"id": name, "x": i, "y": 0} for i, name in enumerate(["门站", "入口", "出口", "东街", "西街"])
        ],
        "pipes": [
            {"id": "干管", "from_node": "门站", "to_node": "入口", "length_m": 1000.0, **pipe},
            {"id": "东管", "from_node": "出口", "to_node": "东街", "length_m": 200.0, **pipe},
            {"id": "西管", "from_node": "出口", "to_node": "西街", "length_m": 200.0, **pipe},
        ],
        "regulators": [
            {
                "id": "调压箱",
                "from_node": "入口",
                "to_node": "出口",
                "controlled_node": "出口",
                "pressure_kpa": 3.0,
            }
        ],
        "sources": [{"id": "城市门站", "node": "门站", "pressure_kpa": 200.0}],
        "sinks": [
            {"id": "东户", "node": "东街", "flow_kg_per_s": 0.01},
            {"id": "西户", "node": "西街", "flow_kg_per_s": 0.005},
        ],
    }
