"""From a followed plan to the record: what is accepted, what is verified, what it says."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from citymains.engine_host.client import EngineHost
from citymains.engine_host.session import Session
from citymains.messages import render
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.network import Network
from citymains.model.table import Table

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.outcome import Outcome, not_worse, outcome_of
from citymains_drainage.control.policies import ALL_OFF, ALL_ON, RULE
from citymains_drainage.control_setup import ControlSetup
from citymains_drainage.planning.problem import Rung
from citymains_drainage.schedule.baselines import Baseline
from citymains_drainage.schedule.courses import unsound
from citymains_drainage.schedule.explain import Explained
from citymains_drainage.schedule.report import BASELINES, DECISIONS, VERIFICATION, ScheduleReport
from citymains_drainage.schedule.rolling import Rolled
from citymains_drainage.schedule.settings import ScheduleSettings
from citymains_drainage.simulate import CONTINUITY_SUSPECT_PERCENT

if TYPE_CHECKING:
    from citymains.utility import Utility

    from citymains_drainage.schedule.inputs import ScheduleRequest
    from citymains_drainage.schedule.question import Case

_DRAIN_S = 12 * 3600.0


@dataclass(frozen=True, eq=False)
class Answer:
    """A plan and everything it is judged by.

    Attributes
    ----------
    reason : str
        Message code of why the answer is the rule's; empty: it is the plan.
    """

    case: Case
    setup: ControlSetup
    settings: ScheduleSettings
    rolled: Rolled
    baselines: Sequence[Baseline]
    request: ScheduleRequest
    reason: str = ""
    findings: tuple[Finding, ...] = field(default=())

    @property
    def native(self) -> Baseline:
        """The rule's own run."""
        return self.baselines[0]

    @property
    def perfect(self) -> bool:
        """Whether plans were made with what came true, so that the whole may be held against the rule's run."""
        return self.request.forecast_scale == 1.0 and self.request.capacity_scale == 1.0

    def accepted(self, session: Session) -> Answer:
        """The answer itself, or the rule's where the plan may not be given.

        A plan whose water balance is off is never given. A plan that came out worse than the rule is
        not given where that could be known: with a forecast that came true. In an evaluation with a
        wrong forecast the plan stands as it came out; it was held against the rule at each decision.
        """
        if self.request.policy != "optimiser":
            return self
        weights = self.setup.spec.weights
        plan, rule = self.rolled.outcome, self.native.outcome
        if unsound(plan, rule) and not self._comes_right(session, rule):
            return self._rule_instead("SCHEDULE_PLAN_UNSOUND")
        if self.perfect and not not_worse(plan, rule, weights):
            return self._rule_instead("SCHEDULE_PLAN_WORSE")
        return self

    def _comes_right(self, session: Session, rule: Outcome) -> bool:
        """Whether the balance comes right once the water has drained: then nothing was made or lost."""
        plan = Commands.follow(RULE, len(self.setup.spec.actuators))
        until_s = self.settings.horizon_s + _DRAIN_S - 120.0
        answer = session.run(
            {
                "do": "try",
                "plans": [plan.tree()],
                "rains": [None],
                "jobs": [[0, 0, self.request.capacity_scale]],
                "until_s": until_s,
            }
        )
        return not unsound(outcome_of(answer["courses"][0]["outcome"]), rule)

    def _rule_instead(self, reason: str) -> Answer:
        native = self.native
        assert native.trace is not None
        trace = {**native.trace, "interventions": []}
        rolled = Rolled(native.outcome, trace, self.rolled.decisions, self.rolled.programmes)
        return dataclasses.replace(self, rolled=rolled, reason=reason)

    # -- verification ---------------------------------------------------------------------------------

    def commands(self) -> Commands:
        """The plan as it was carried out: counts and openings look by look, without a policy."""
        settings, columns = self.rolled.trace["settings"], []
        column = 0
        for _, group in self.setup.spec.stations.groups:
            columns.append((settings[:, column : column + len(group.pumps)] > 0).sum(axis=1))
            column += len(group.pumps)
        columns.extend(settings[:, column + number] for number in range(len(self.setup.spec.gates)))
        codes = np.stack(columns, axis=1).astype(np.float64)
        return Commands(RULE, self.rolled.trace["time_s"], self.settings.horizon_s, codes)

    def verify(
        self,
        engines: EngineHost,
        commands: Commands,
        rains: Sequence[Any],
        jobs: Sequence[tuple[int, float]],
        *,
        element: str,
    ) -> list[dict[str, Any]]:
        """Plan and rule from the beginning, case by case."""
        rule = Commands.follow(RULE, len(self.setup.spec.actuators))
        with engines.session("swmm", self.setup.model(), element=element) as session:
            session.run({"do": "set", "locked_out": self.case.lost_aliases(self.setup)})
            courses = session.run(
                {
                    "do": "try",
                    "plans": [commands.tree(), rule.tree()],
                    "rains": [None if one is None else dict(one) for one in rains],
                    "jobs": [[plan, member, capacity] for member, capacity in jobs for plan in (0, 1)],
                    "until_s": self.settings.horizon_s,
                }
            )["courses"]
        outcomes = [outcome_of(one["outcome"]) for one in courses]
        return [
            {"member": str(member + 1), "capacity": capacity, "plan": plan, "rule": ruled}
            for (member, capacity), plan, ruled in zip(jobs, outcomes[::2], outcomes[1::2], strict=True)
        ]

    # -- figures ----------------------------------------------------------------------------------------

    def rung(self) -> tuple[Rung, str, str]:
        """Rung of the whole, its reason's code and the detail."""
        if self.reason:
            return Rung.RULE, self.reason, ""
        if self.request.policy != "optimiser":
            return (
                Rung.RULE if self.request.policy == RULE else Rung.SEARCH,
                "SCHEDULE_POLICY_FOLLOWED",
                self.request.policy,
            )
        programmes = self.rolled.programmes
        decided = [one.rung for one in self.rolled.decisions]
        if all(one is Rung.RULE for one in decided):
            reasons = [one.reason for one in self.rolled.decisions if one.reason]
            return Rung.RULE, reasons[0] if reasons else "SCHEDULE_RULE_BEST", ""
        failed = [one for one in programmes if one.reason]
        if programmes and len(failed) == len(programmes) and all(one.commands is None for one in failed):
            return Rung.SEARCH, "SCHEDULE_SOLVER_FAILED", failed[0].detail
        order = [Rung.OPTIMAL, Rung.INCUMBENT, Rung.ROUNDED, Rung.SEARCH]
        solved = [one.rung for one in programmes if one.commands is not None]
        worst = max(solved, key=order.index, default=Rung.SEARCH)
        late = [
            one.reason
            for one in self.rolled.decisions
            if one.reason in ("SCHEDULE_TIME_OVER", "SCHEDULE_TIME_CUT")
        ]
        if late:
            return worst, late[0], ""
        return (
            worst,
            {Rung.INCUMBENT: "SCHEDULE_PLAN_TIME_OVER", Rung.ROUNDED: "SCHEDULE_PLAN_ROUNDED"}.get(
                worst, "SCHEDULE_VERIFIED"
            ),
            "",
        )

    def bound_flooding_m3(self) -> float:
        """The bound of the programme from the beginning, over the horizon as far as it looks; NaN without one."""
        first = self.rolled.programmes[0].plan if self.rolled.programmes else None
        return math.nan if first is None else first.bound_flooding_m3

    def gap_percent(self) -> float:
        """Largest gap of a programme; NaN without one."""
        gaps = [one.plan.gap for one in self.rolled.programmes if one.plan is not None]
        known = [one for one in gaps if math.isfinite(one)]
        return 100.0 * max(known) if known else math.nan

    def score_percent(self) -> float:
        """Where the cost lies between the worse and the better of all-off and all-on (Liao et al. 2022)."""
        weights = self.setup.spec.weights
        costs = {one.policy: one.outcome.cost_m3(weights) for one in self.baselines}
        ends = sorted(costs[name] for name in (ALL_OFF, ALL_ON) if name in costs)
        if len(ends) < 2 or ends[1] <= ends[0]:
            return math.nan
        return 100.0 * (ends[1] - self.rolled.outcome.cost_m3(weights)) / (ends[1] - ends[0])


def schedule_report(
    face: Utility,
    network: Network,
    answer: Answer,
    verified: Sequence[Mapping[str, Any]],
    *,
    engine_version: str,
    run_s: float,
) -> ScheduleReport:
    """The record of an answer."""
    spec, weights = answer.setup.spec, answer.setup.spec.weights
    plan, rule = answer.rolled.outcome, answer.native.outcome
    explained = Explained(
        spec,
        answer.rolled.trace,
        answer.setup.fed.originals,
        answer.case.options.start,
        answer.settings.step_s,
    )
    rung, reason, detail = answer.rung()
    text = render(reason, {"detail": detail, "limit_s": answer.settings.time_limit_s})
    findings = tuple(_findings(answer, rule, plan, rung, reason, detail))
    times = [one.run_s for one in answer.rolled.decisions]
    depths = list(plan.underpass_depth_m.values())
    return ScheduleReport(
        verdict=verdict_of(findings),
        findings=findings,
        provenance=face.provenance(
            "schedule",
            network=network,
            scenario=answer.request.scenario,
            engine="swmm",
            engine_version=engine_version,
            run_s=run_s,
            options=_options(answer),
        ),
        tables=(
            explained.schedule(),
            _baselines(answer),
            explained.levels(),
            _decisions(answer),
            _verification(verified, weights),
            explained.constraints(),
            explained.instructions(),
            explained.stations(),
            explained.rain(),
        ),
        policy=answer.request.policy,
        rung=rung.value,
        rung_reason_en=text.message_en,
        rung_reason_zh=text.message_zh,
        flooding_m3=plan.flooding_m3,
        overflow_m3=plan.overflow_m3,
        flow_excess_m3=plan.flow_excess_m3,
        storage_m3=plan.storage_m3,
        underpass_depth_m=max(depths, default=math.nan),
        underpass_red_s=sum(plan.red_s.values()),
        starts=plan.starts,
        energy_kwh=plan.energy_kwh,
        energy_yuan=plan.energy_yuan,
        cost_m3=plan.cost_m3(weights),
        continuity_error_percent=plan.continuity_error_percent,
        rule_flooding_m3=rule.flooding_m3,
        rule_overflow_m3=rule.overflow_m3,
        rule_flow_excess_m3=rule.flow_excess_m3,
        rule_storage_m3=rule.storage_m3,
        rule_underpass_depth_m=max(rule.underpass_depth_m.values(), default=math.nan),
        rule_starts=rule.starts,
        rule_energy_kwh=rule.energy_kwh,
        rule_cost_m3=rule.cost_m3(weights),
        rule_continuity_error_percent=rule.continuity_error_percent,
        reduced_model_bound_flooding_m3=answer.bound_flooding_m3(),
        reduced_model_gap_percent=answer.gap_percent(),
        double_baseline_score_percent=answer.score_percent(),
        computing_load_percent=(
            100.0 * float(np.percentile(times, 95)) / answer.settings.step_s if times else math.nan
        ),
        forecast_scale=float(answer.request.forecast_scale),
        capacity_scale=float(answer.request.capacity_scale),
        horizon_s=answer.settings.horizon_s,
        step_s=answer.settings.step_s,
        decision_count=len(answer.rolled.decisions),
        evaluation_count=sum(one.evaluations for one in answer.rolled.decisions),
    )


def _options(answer: Answer) -> dict[str, Any]:
    settings, weights, request = answer.settings, answer.setup.spec.weights, answer.request
    storm = answer.case.storm
    return {
        "storm_sha256": "model" if storm is None else storm.data("hyetograph").sha256,
        "members_sha256": "" if storm is None or not storm.member_count else storm.data("members").sha256,
        "policy": request.policy,
        "forecast_scale": request.forecast_scale,
        "capacity_scale": request.capacity_scale,
        "links": ",".join(answer.setup.spec.links),
        "overflow_outfalls": ",".join(answer.setup.spec.overflow_outfalls),
        **{
            f"flow_limit_{one.place}_m3_per_h": round(3600.0 * one.most_m3_per_s, 9)
            for one in answer.setup.spec.flow_limits
        },
        "look_s": answer.setup.spec.guard_step_s,
        **{f"{name}_sha256": sha for name, sha in answer.case.ledgers.items()},
        **{one.name: getattr(settings, one.name) for one in dataclasses.fields(settings)},
        **{f"weight_{one.name}": getattr(weights, one.name) for one in dataclasses.fields(weights)},
    }


def _findings(
    answer: Answer, rule: Outcome, plan: Outcome, rung: Rung, reason: str, detail: str
) -> Iterator[Finding]:
    for station, code in answer.case.commanded.assumed:
        yield finding(code, Severity.NOTE, element=station)
    masked = answer.setup.masked
    if masked.levels:
        yield finding(
            "SCHEDULE_LEVELS_MASKED", Severity.NOTE, value=len(masked.levels), names=", ".join(masked.levels)
        )
    for name in masked.masked:
        yield finding("SCHEDULE_RULE_MASKED", Severity.NOTE, element=name)
    for name in masked.unread:
        yield finding("SCHEDULE_RULE_UNREAD", Severity.NOTE, element=name)
    for outcome, who in ((rule, "rule"), (plan, "plan")):
        error = outcome.continuity_error_percent
        if abs(error) > CONTINUITY_SUSPECT_PERCENT:
            yield finding(
                "SCHEDULE_CONTINUITY",
                Severity.SUSPECT,
                element=who,
                value=error,
                limit=CONTINUITY_SUSPECT_PERCENT,
                unit="percent",
            )
    if rung in (Rung.RULE, Rung.SEARCH, Rung.ROUNDED, Rung.INCUMBENT) or reason == "SCHEDULE_TIME_OVER":
        yield finding(reason, Severity.NOTE, detail=detail, limit_s=answer.settings.time_limit_s)
    for road in answer.setup.spec.underpasses:
        depth = plan.underpass_depth_m.get(road.name, 0.0)
        if depth >= road.yellow_m:
            code = "SCHEDULE_UNDERPASS_RED" if depth >= road.red_m else "SCHEDULE_UNDERPASS_YELLOW"
            limit = road.red_m if depth >= road.red_m else road.yellow_m
            yield finding(code, Severity.NOTE, element=road.name, value=depth, limit=limit, unit="m")


def _baselines(answer: Answer) -> Table:
    weights = answer.setup.spec.weights
    rows = [("plan", answer.rolled.outcome), *((one.policy, one.outcome) for one in answer.baselines)]
    return BASELINES.build(
        policy=[name for name, _ in rows],
        underpass_depth_m=[max(one.underpass_depth_m.values(), default=math.nan) for _, one in rows],
        cost_m3=[one.cost_m3(weights) for _, one in rows],
        **{
            name: [getattr(one, name) for _, one in rows]
            for name in (
                "flooding_m3",
                "overflow_m3",
                "flow_excess_m3",
                "storage_m3",
                "underpass_m_min",
                "starts",
                "energy_kwh",
                "continuity_error_percent",
            )
        },
    )


def _decisions(answer: Answer) -> Table:
    notes = answer.rolled.decisions
    return DECISIONS.build(
        time_s=[one.time_s for one in notes],
        source=[one.source for one in notes],
        rung=[one.rung.value for one in notes],
        reason=[one.reason for one in notes],
        cost_m3=[one.cost_m3 for one in notes],
        rule_cost_m3=[one.rule_cost_m3 for one in notes],
        evaluations=[one.evaluations for one in notes],
    )


def _verification(verified: Sequence[Mapping[str, Any]], weights: Any) -> Table:
    return VERIFICATION.build(
        member=[one["member"] for one in verified],
        capacity=[one["capacity"] for one in verified],
        flooding_m3=[one["plan"].flooding_m3 for one in verified],
        overflow_m3=[one["plan"].overflow_m3 for one in verified],
        rule_flooding_m3=[one["rule"].flooding_m3 for one in verified],
        rule_overflow_m3=[one["rule"].overflow_m3 for one in verified],
        cost_m3=[one["plan"].cost_m3(weights) for one in verified],
        rule_cost_m3=[one["rule"].cost_m3(weights) for one in verified],
    )
