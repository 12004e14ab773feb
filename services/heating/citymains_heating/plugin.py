"""Registers the heating utility and its rule packs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import RulePackRecord, UtilityRecord
from citymains.rules.kinds import declare_kind

PACKS = Path(__file__).parent / "packs"


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
            datasets="citymains_heating.refunds.stored:dataset_kinds",
        )
    ]


@hookimpl
def citymains_rule_packs() -> Iterable[RulePackRecord]:
    """The heat refund rules that ship."""
    declare_kind("citymains_heating.refunds.kind:KIND")
    return [RulePackRecord(name=path.stem, path=path) for path in sorted(PACKS.glob("*/*.toml"))]
