"""Registers the gas utility and its rule packs."""

from __future__ import annotations

from collections.abc import Iterable

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import RulePackRecord, UtilityRecord

from citymains_gas.rules import rule_packs


@hookimpl
def citymains_utilities() -> Iterable[UtilityRecord]:
    """The gas utility."""
    return [
        UtilityRecord(
            name="gas", face="citymains_gas.utility:Gas", extra="gas", title_en="Gas", title_zh="燃气"
        )
    ]


@hookimpl
def citymains_rule_packs() -> Iterable[RulePackRecord]:
    """Pressure classes, reserves and notices of outages."""
    return rule_packs()
