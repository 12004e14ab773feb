"""The face the reference cases ask."""

from __future__ import annotations

import pytest
from citymains.workbench import Workbench
from citymains_water.utility import Water


@pytest.fixture(scope="session")
def water() -> Water:
    """The face, with a workbench of its own."""
    return Water(Workbench())
