"""Registers the water utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains import hookimpl
from citymains.plugins.records import UtilityRecord


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The water utility."""
    return [
        UtilityRecord(
            name="water",
            title_en="Water supply",
            title_zh="供水",
            face="citymains_water.utility:Water",
            extra="water",
            datasets="citymains_water.places:dataset_kinds",
        )
    ]
