"""Registers the drainage utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains import hookimpl
from citymains.plugins.records import UtilityRecord


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The drainage utility."""
    return [
        UtilityRecord(
            name="drainage",
            title_en="Drainage",
            title_zh="排水",
            face="citymains_drainage.utility:Drainage",
            extra="drainage",
        )
    ]
