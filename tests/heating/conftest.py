"""What the heating tests share: one face (and so one engine process), and a network made of rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from citymains.intake.source import SourceFile
from citymains.workbench import Workbench

pytest.importorskip("pandapipes", reason="the engine of the heating service is not installed")

from citymains_heating.utility import Heating

Build = Callable[..., SourceFile]


@pytest.fixture(scope="session")
def heating() -> Heating:
    """The heating utility of a local city."""
    return Heating(Workbench())


@pytest.fixture(scope="session")
def build() -> Build:
    """Makes a model file of element tables."""

    def make(tables: dict[str, Any], fluid: Any = "water", **header: Any) -> SourceFile:
        document = {
            "format": "citymains-pipes",
            "version": 1,
            "utility": "heating",
            "fluid": fluid,
            "tables": tables,
            **header,
        }
        return SourceFile("estate.json", json.dumps(document, ensure_ascii=False).encode())

    return make


@pytest.fixture
def estate() -> dict[str, Any]:
    """A plant, two consumers in a row, supply and return."""
    pipe = {
        "inner_diameter_mm": 50.0,
        "outer_diameter_mm": 110.0,
        "roughness_mm": 0.1,
        "heat_transfer_w_per_m2k": 0.5,
        "surroundings_c": 8.0,
        "length_m": 200.0,
    }
    places = ["热源", "一号", "二号"]
    names = [f"{place}{side}" for place in places for side in ("供", "回")]
    return {
        "junctions": [
            {"id": name, "x": i // 2, "y": i % 2, "nominal_pressure_kpa": 500.0}
            for i, name in enumerate(names)
        ],
        "pipes": [
            {"id": f"{start}-{end}", "from_node": start, "to_node": end, **pipe}
            for start, end in (
                ("热源供", "一号供"),
                ("一号供", "二号供"),
                ("二号回", "一号回"),
                ("一号回", "热源回"),
            )
        ],
        "consumers": [
            {
                "id": f"{place}站",
                "from_node": f"{place}供",
                "to_node": f"{place}回",
                "heat_kw": 40.0,
                "return_temperature_c": 45.0,
            }
            for place in places[1:]
        ],
        "plants": [
            {
                "id": "锅炉房",
                "from_node": "热源回",
                "to_node": "热源供",
                "pressure_kpa": 600.0,
                "lift_kpa": 100.0,
                "temperature_c": 80.0,
            }
        ],
    }
