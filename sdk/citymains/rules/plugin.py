"""The frame's own plugin: the rule packs that ship with citymains."""

from __future__ import annotations

from pathlib import Path

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import RulePackRecord

PACKS = Path(__file__).parent / "packs"


@hookimpl
def citymains_rule_packs() -> list[RulePackRecord]:
    """One record per file in ``rules/packs``, named like the file."""
    return [RulePackRecord(name=path.stem, path=path) for path in sorted(PACKS.glob("*.toml"))]
