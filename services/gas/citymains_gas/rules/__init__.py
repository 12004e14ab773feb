"""Kinds of gas rules: what local packs may state, and what follows from it."""

from __future__ import annotations

from pathlib import Path

from citymains.plugins.records import RulePackRecord
from citymains.rules.kinds import register_kind

from citymains_gas.rules import pressure, reserve, simultaneity

PACKS = Path(__file__).parents[1] / "packs"

for _kind in (pressure.KIND, reserve.KIND, simultaneity.KIND):
    register_kind(_kind)


def rule_packs() -> list[RulePackRecord]:
    """The packs that ship with the gas service, named like their files."""
    return [RulePackRecord(name=path.stem, path=path) for path in sorted(PACKS.glob("*.toml"))]
