"""citymains: one SDK for a city's water, gas, district heating and drainage networks.

>>> import citymains
>>> city = citymains.open("demo")
>>> net = city.water.load("Net3")
>>> report = city.water.pressure(net, hours=24)
>>> report.verdict
<Verdict.VALID: 'VALID'>

Names load when they are first used, so that importing citymains is cheap.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from citymains._version import __version__

if TYPE_CHECKING:
    from citymains.cities import City, open
    from citymains.errors import (
        BatchError,
        CitymainsError,
        ConflictError,
        InputError,
        Issue,
        MissingExtraError,
        NotBuiltError,
        NotFoundError,
        PluginError,
        SolverError,
        StateError,
        TransportError,
    )
    from citymains.model.city import Asset, Customer, Dataset, Link
    from citymains.model.finding import Finding, Severity, Verdict
    from citymains.model.network import Network, ValidationReport
    from citymains.model.provenance import Provenance
    from citymains.model.record import Record
    from citymains.model.scenario import Scenario
    from citymains.plugins.markers import hookimpl
    from citymains.report.titles import register_titles
    from citymains.wire.client import aconnect, connect

_HOMES = {
    "City": "citymains.cities",
    "open": "citymains.cities",
    "connect": "citymains.wire.client",
    "aconnect": "citymains.wire.client",
    "hookimpl": "citymains.plugins.markers",
    "register_titles": "citymains.report.titles",
    "Scenario": "citymains.model.scenario",
    "Network": "citymains.model.network",
    "ValidationReport": "citymains.model.network",
    "Record": "citymains.model.record",
    "Provenance": "citymains.model.provenance",
    "Finding": "citymains.model.finding",
    "Severity": "citymains.model.finding",
    "Verdict": "citymains.model.finding",
    "Asset": "citymains.model.city",
    "Customer": "citymains.model.city",
    "Dataset": "citymains.model.city",
    "Link": "citymains.model.city",
    "CitymainsError": "citymains.errors",
    "InputError": "citymains.errors",
    "Issue": "citymains.errors",
    "NotFoundError": "citymains.errors",
    "ConflictError": "citymains.errors",
    "StateError": "citymains.errors",
    "NotBuiltError": "citymains.errors",
    "SolverError": "citymains.errors",
    "PluginError": "citymains.errors",
    "BatchError": "citymains.errors",
    "MissingExtraError": "citymains.errors",
    "TransportError": "citymains.errors",
}

__all__ = [
    "Asset",
    "BatchError",
    "City",
    "CitymainsError",
    "ConflictError",
    "Customer",
    "Dataset",
    "Finding",
    "InputError",
    "Issue",
    "Link",
    "MissingExtraError",
    "Network",
    "NotBuiltError",
    "NotFoundError",
    "PluginError",
    "Provenance",
    "Record",
    "Scenario",
    "Severity",
    "SolverError",
    "StateError",
    "TransportError",
    "ValidationReport",
    "Verdict",
    "__version__",
    "aconnect",
    "connect",
    "hookimpl",
    "open",
    "register_titles",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'citymains' has no attribute {name!r}")
    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
