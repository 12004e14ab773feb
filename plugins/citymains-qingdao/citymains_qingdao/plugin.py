"""What this package adds to citymains."""

from __future__ import annotations

from pathlib import Path

from citymains import hookimpl
from citymains.plugins.records import RulePackRecord

requires_api = 1

_HERE = Path(__file__).parent


@hookimpl
def citymains_rule_packs() -> list[RulePackRecord]:
    """The water service pressure of Qingdao's four inner districts."""
    return [
        RulePackRecord(
            name="qingdao-water-service-pressure", path=_HERE / "water_service_pressure.toml",
            title_en="Qingdao water service pressure", title_zh="青岛供水服务压力",
        )
    ]  # fmt: skip
