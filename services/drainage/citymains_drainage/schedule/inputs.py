"""Arguments of `schedule`, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any

from citymains.errors import Issue, issue
from citymains.intake.ledger import read_ledger
from citymains.intake.source import SourceFile
from citymains.model.scenario import Scenario
from citymains.model.table import Table

from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.ledger import STATIONS, UNDERPASSES

if TYPE_CHECKING:
    from citymains.utility import Utility

LedgerRef = SourceFile | str | PathLike[str]


@dataclass(frozen=True, kw_only=True)
class ScheduleRequest:
    """Arguments of `Drainage.schedule`; see there."""

    horizon_s: float | None
    step_s: float
    policy: str
    forecast_scale: float
    capacity_scale: float
    scenario: Scenario
    stations: LedgerRef | None
    underpasses: LedgerRef | None
    links: Sequence[str]
    overflow_outfalls: Sequence[str]
    flow_limits: Mapping[str, float]
    pre_lowering_s: float
    price_yuan_per_kwh: Sequence[float]
    evaluations: int | None
    time_limit_s: float | None


def argument_issues(request: ScheduleRequest, horizon_s: float, options: ModelOptions) -> list[Issue]:
    """Everything that is wrong with the arguments themselves."""
    found = []

    def tell(field: str, value: Any, limit: str) -> None:
        found.append(issue("ARGUMENT_INVALID", field=field, value=value, limit=limit))

    if not 30 <= request.step_s <= 3600 or request.step_s % 1:
        tell("step_s", request.step_s, "30, 31, ... 3600")
    elif not horizon_s >= request.step_s:
        found.append(
            issue("SCHEDULE_HORIZON_SHORT", field="horizon_s", value=horizon_s, limit=request.step_s)
        )
    elif horizon_s > 30 * 86_400:
        tell("horizon_s", horizon_s, f"<= {30 * 86_400}")
    for name in ("forecast_scale", "capacity_scale", "pre_lowering_s"):
        value, most = (
            getattr(request, name),
            {"capacity_scale": 1.5, "forecast_scale": 100.0}.get(name, 86_400.0),
        )
        least_open = name == "capacity_scale"
        if not (0 < value <= most if least_open else 0 <= value <= most):
            tell(name, value, f"{'>' if least_open else '>='} 0, <= {most:g}")
    prices = request.price_yuan_per_kwh
    if len(prices) not in (0, 24) or any(not 0 <= one < math.inf for one in prices):
        tell("price_yuan_per_kwh", len(prices), "24 values >= 0")
    if request.evaluations is not None and not 1 <= request.evaluations <= 100_000:
        tell("evaluations", request.evaluations, "1 .. 100000")
    if request.time_limit_s is not None and not 0 < request.time_limit_s < math.inf:
        tell("time_limit_s", request.time_limit_s, "> 0")
    return found


def read_ledgers(
    face: Utility, request: ScheduleRequest, issues: list[Issue]
) -> tuple[dict[str, Table], dict[str, str]]:
    """The ledgers that are given, and the hash of each; what is wrong with them goes to `issues`."""
    tables, hashes = {}, {}
    for name, kind in (("stations", STATIONS), ("underpasses", UNDERPASSES)):
        reference = getattr(request, name)
        if reference is None:
            continue
        ledger = read_ledger(face.workbench.file(reference), kind)
        issues += [one for one in ledger.issues if one.severity == "error"]
        tables[name], hashes[name] = ledger.table, ledger.sha256
    return tables, hashes
