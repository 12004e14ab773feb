"""The question `advise`: one advice for each observation, in time whatever the planner does."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from citymains.call import current_call
from citymains.errors import InputError
from citymains.intake.source import SourceFile
from citymains.model.network import Network
from citymains.model.scenario import Scenario

from citymains_drainage.advise.desk import Desk
from citymains_drainage.advise.report import PumpAdvice, PumpObservation
from citymains_drainage.advise.twin import Twin
from citymains_drainage.schedule.inputs import ScheduleRequest
from citymains_drainage.schedule.question import (
    OPTIMISER,
    prepare,
    reduction_of,
    settings_of,
    setup_of,
)

if TYPE_CHECKING:
    from citymains.utility import Utility

LedgerRef = SourceFile | str | PathLike[str]
#: Share of the time for an answer that the integer programme may take.
_PROGRAMME_SHARE = 0.3
#: Longest stream [h].
MOST_HOURS = 30 * 24.0


@dataclasses.dataclass(frozen=True, kw_only=True)
class AdviseRequest:
    """Arguments of `Drainage.advise`; see there."""

    step_s: float
    lookahead_s: float
    answer_within_s: float | None
    hours: float
    stations: LedgerRef | None
    underpasses: LedgerRef | None
    links: Sequence[str]
    overflow_outfalls: Sequence[str]
    pre_lowering_s: float


def advise_pumps(
    face: Utility, observations: Iterator[PumpObservation], network: Network, request: AdviseRequest
) -> Iterator[PumpAdvice]:
    """Answer `advise`; see `Drainage.advise`. Everything is checked before the first observation is asked for."""
    desk = _desk(face, network, request)

    def answers() -> Iterator[PumpAdvice]:
        try:
            for seen in observations:
                current_call().check()
                yield desk.answer(seen)
        finally:
            desk.close()

    return answers()


def _desk(face: Utility, network: Network, request: AdviseRequest) -> Desk:
    within_s = 0.5 * request.step_s if request.answer_within_s is None else request.answer_within_s
    _check(request, within_s)
    planned = ScheduleRequest(
        horizon_s=request.hours * 3600.0,
        step_s=request.step_s,
        policy=OPTIMISER,
        forecast_scale=1.0,
        capacity_scale=1.0,
        scenario=Scenario(),
        stations=request.stations,
        underpasses=request.underpasses,
        links=tuple(request.links),
        overflow_outfalls=tuple(request.overflow_outfalls),
        flow_limits={},
        pre_lowering_s=request.pre_lowering_s,
        price_yuan_per_kwh=(),
        evaluations=None,
        time_limit_s=None,
    )
    case = prepare(face, network, None, planned)
    setup = setup_of(case, planned, {})
    settings = settings_of(case, setup, planned)
    settings = dataclasses.replace(
        settings,
        lookahead_s=min(settings.lookahead_s, request.lookahead_s),
        judge_s=request.lookahead_s,
        plan_time_limit_s=max(0.5, _PROGRAMME_SHARE * within_s),
    )
    twin = Twin(
        face.workbench.engines, setup, settings, reduction_of(case, setup, settings), element=network.name
    )
    return Desk(face, network, case, twin, step_s=request.step_s, within_s=within_s, stream_s=case.horizon_s)


def _check(request: AdviseRequest, within_s: float) -> None:
    limits = (
        ("lookahead_s", request.lookahead_s, 600.0, 86_400.0),
        ("answer_within_s", within_s, 0.01, request.step_s),
        ("hours", request.hours, request.step_s / 3600.0, MOST_HOURS),
    )
    for name, value, least, most in limits:
        if not least <= value <= most or math.isnan(value):
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=f"{least:g} .. {most:g}")
