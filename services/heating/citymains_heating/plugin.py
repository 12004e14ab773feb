"""Registers the heating utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import UtilityRecord


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The heating utility."""
    return [
        UtilityRecord(
            name="heating",
            face="citymains_heating.utility:Heating",
            extra="heating",
            title_en="District heating",
            title_zh="供热",
        )
    ]
