"""Kinds of drainage rules: what local packs may state, and what follows from it."""

from __future__ import annotations

from pathlib import Path

from citymains.plugins.records import RulePackRecord
from citymains.rules.kinds import register_kind

from citymains_drainage.rules import pump_sump, storm_warning, underpass_closure

PACKS = Path(__file__).parents[1] / "packs"

for _kind in (storm_warning.KIND, underpass_closure.KIND, pump_sump.KIND):
    register_kind(_kind)


def rule_packs() -> list[RulePackRecord]:
    """The packs that ship with the drainage service, named like their files."""
    return [RulePackRecord(name=path.stem, path=path) for path in sorted(PACKS.glob("*.toml"))]
