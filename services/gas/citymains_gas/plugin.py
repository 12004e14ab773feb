"""Registers the gas utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import UtilityRecord


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The gas utility."""
    return [
        UtilityRecord(
            name="gas", face="citymains_gas.utility:Gas", extra="gas", title_en="Gas", title_zh="燃气"
        )
    ]
