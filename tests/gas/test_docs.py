"""docs/pandapipes-json.md says what the reader does."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from citymains.intake.pandapipes import read_pipes
from citymains.intake.pandapipes_components import COMPONENTS, Component
from citymains.intake.pandapipes_fluids import checked_fluid
from citymains.intake.source import SourceFile

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pandapipes-json.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)


def test_the_example_is_a_network() -> None:
    intake = read_pipes(SourceFile("example.json", BLOCKS[0].encode()), utility="gas")
    assert not intake.issues
    assert json.loads(intake.document)["tables"]["junctions"]["pressure_class"].count("low") == 2


def test_the_example_of_a_fluid_is_one() -> None:
    issues: list[object] = []
    fluid = checked_fluid(json.loads(BLOCKS[1]), utility="heating", file="", report=issues.append)
    assert not issues
    assert set(fluid["properties"]) == {"density", "heat_capacity", "viscosity"}


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda one: one.name)
def test_every_column_is_described(component: Component) -> None:
    _, _, rest = PAGE.partition(f"### `{component.name}` ")
    section = rest.partition("### ")[0]
    for field in component.fields:
        assert re.search(
            rf"^\| `{field.name}` \|.*{re.escape(field.description)}.*\|$", section, re.MULTILINE
        ), field.name
        assert not field.theirs or f"`{field.theirs}`" in section
