"""The gas utility for the reference cases."""

from __future__ import annotations

import pytest
from citymains.workbench import Workbench

pytest.importorskip("pandapipes", reason="the engine of the gas service is not installed")

from citymains_gas.utility import Gas


@pytest.fixture(scope="session")
def gas() -> Gas:
    """The gas utility of a local city."""
    return Gas(Workbench())
