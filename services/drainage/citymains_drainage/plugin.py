"""Registers the drainage utility."""

from __future__ import annotations

from collections.abc import Iterable

from citymains import hookimpl
from citymains.plugins.records import StormFormula, UtilityRecord


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


@hookimpl
def citymains_storm_formulas() -> Iterable[StormFormula]:
    """The formulas a public page was found for."""
    from citymains_drainage.storms.published import formulas

    return formulas()
