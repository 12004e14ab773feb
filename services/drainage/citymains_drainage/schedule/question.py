"""The question `schedule`: from a network and a storm to a plan that is verified, compared and explained."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from citymains.call import current_call
from citymains.errors import InputError, issue
from citymains.intake.inp import InpDocument
from citymains.model.network import Network
from citymains.model.scenario import Lose, ScaleDemand, Scenario, StormEdit
from citymains.plugins.records import PumpPolicy

import citymains_drainage.schedule.messages  # noqa: F401
from citymains_drainage.control.model import CostWeights
from citymains_drainage.control.policies import BUILT_IN
from citymains_drainage.control_setup import ControlSetup, control_setup
from citymains_drainage.network import parse_document
from citymains_drainage.options import ModelOptions, clock_s, read_options
from citymains_drainage.planning.backing import SewerGeometry
from citymains_drainage.planning.reduce import Reduction
from citymains_drainage.planning.ways import unit_ways
from citymains_drainage.rain import with_rain
from citymains_drainage.schedule.answer import Answer, schedule_report
from citymains_drainage.schedule.baselines import (
    POLICIES,
    Baseline,
    native_rule,
    simple_policies,
    with_capacity,
)
from citymains_drainage.schedule.forecast import Forecast
from citymains_drainage.schedule.inputs import ScheduleRequest, argument_issues, read_ledgers
from citymains_drainage.schedule.programme import Programme
from citymains_drainage.schedule.report import ScheduleReport
from citymains_drainage.schedule.rolling import RollingPlan
from citymains_drainage.schedule.settings import (
    CourseCost,
    ScheduleSettings,
    decide_every_s,
    decision_core_s,
    evaluation_budget,
    judge_s,
    lookahead_s,
)
from citymains_drainage.simulate import AFTER_RAIN_S, CONTINUITY_REJECTED_PERCENT, chosen_storm
from citymains_drainage.stations.flow_limits import flow_limits_of
from citymains_drainage.stations.from_network import Commanded, StationReader
from citymains_drainage.stations.levels import StationDefaults
from citymains_drainage.storms.report import Storm

if TYPE_CHECKING:
    from citymains.utility import Utility

OPTIMISER: Final = "optimiser"
SUPPORTED_EDITS: Final = (Lose, ScaleDemand, StormEdit)
#: How long after the horizon a plan's balance may still come right, while its water drains [s].
DRAIN_DOWN_S: Final = 12 * 3600.0
#: The guard looks at least this often [s].
_LOOK_S: Final = 60.0
_PLAN_STEP_S: Final = 300.0
#: Water lost or made by less than this share of what the network holds makes no model unstable.
LITTLE_SHARE: Final = 0.005


def schedule_pumps(
    face: Utility, network: Network, storm: Storm | None, request: ScheduleRequest
) -> ScheduleReport:
    """Answer `schedule`; see `Drainage.schedule`."""
    begun = time.monotonic()
    case = prepare(face, network, storm, request)
    places = _policy_places(face, request.policy)
    setup = setup_of(case, request, places)
    settings = settings_of(case, setup, request, planned_s=case.horizon_s)
    engines = face.workbench.engines
    current_call().progress(0.01, "rule")
    native = _native(face, case, setup, request, network)
    reduction = reduction_of(case, setup, settings)
    programme = Programme(engines, reduction, settings) if request.policy == OPTIMISER else None
    forecast = Forecast(setup.rain, request.forecast_scale, case.members, case.member_step_s)
    with engines.session("swmm", setup.model(), element=network.name) as session:
        session.run({"do": "set", "capacity": request.capacity_scale, "locked_out": case.lost_aliases(setup)})
        width, horizon = len(setup.spec.actuators), case.horizon_s
        names = dict.fromkeys((*POLICIES, *places))
        baselines = [native, *simple_policies(session, tuple(names), width, horizon, request.capacity_scale)]
        current_call().progress(0.05, "plan")
        rolling = RollingPlan(
            session,
            setup.engine_spec,
            settings,
            forecast,
            programme,
            lambda done: current_call().progress(0.05 + 0.9 * done, "plan"),
        )
        rolling.locked_out = frozenset(case.lost_aliases(setup))
        rolled = rolling.run() if request.policy == OPTIMISER else rolling.follow(request.policy)
        answer = Answer(
            case=case, setup=setup, settings=settings, rolled=rolled, baselines=baselines, request=request
        ).accepted(session)
        version = session.engine_version
    verified = (
        _verified(face, setup, settings, forecast, answer, network) if request.policy == OPTIMISER else []
    )
    return schedule_report(
        face,
        network,
        answer,
        verified,
        engine_version=version
        if programme is None or not programme.version
        else f"{version}, {programme.version}",
        run_s=time.monotonic() - begun,
    )


@dataclass(frozen=True, eq=False)
class Case:
    """What is scheduled.

    Attributes
    ----------
    document : InpDocument
        With its rain.
    options : ModelOptions
    commanded : Commanded
    horizon_s : float
    storm : Storm, optional
    members : ndarray, shape (members, steps), optional
    member_step_s : float
    scenario : Scenario
        Its edits of the engine's text.
    lost : tuple of str
        Pumps that have failed or are under maintenance.
    ledgers : mapping of str to str
        Hash of each ledger that was read.
    """

    document: InpDocument
    options: ModelOptions
    commanded: Commanded
    horizon_s: float
    storm: Storm | None
    members: Any
    member_step_s: float
    scenario: Scenario
    lost: tuple[str, ...]
    ledgers: Mapping[str, str]

    def lost_aliases(self, setup: ControlSetup) -> list[str]:
        """Lost pumps by the engine's ids."""
        return [setup.ids.engine_id(one) for one in self.lost]


def prepare(face: Utility, network: Network, storm: Storm | None, request: ScheduleRequest) -> Case:
    """Read and check everything; nothing is calculated before all of it is sound.

    Raises
    ------
    InputError
        Every issue of arguments, ledgers and model.
    """
    scenario = request.scenario
    scenario.require("drainage.schedule", SUPPORTED_EDITS)
    storm = chosen_storm(face, storm, scenario)
    document = parse_document(face.document(network))
    options, _ = read_options(document)
    if storm is not None:
        document = with_rain(document, options, storm.intensity_mm_per_h, storm.step_s)
    horizon = request.horizon_s
    if horizon is None:
        horizon = options.duration_s if storm is None else storm.duration_s + AFTER_RAIN_S
    issues = list(argument_issues(request, horizon, options))
    tables, hashes = read_ledgers(face, request, issues)
    reader = StationReader(
        document,
        options,
        tuple(request.links),
        tuple(request.overflow_outfalls),
        StationDefaults(),
        tables.get("stations"),
        tables.get("underpasses"),
        network.provenance.source_file,
    )
    commanded = reader.commanded()
    flow_limits, wrong = flow_limits_of(document, commanded.gates, request.flow_limits)
    issues += [*reader.issues, *wrong]
    if not issues and not commanded.stations.stations and not commanded.gates:
        issues.append(issue("SCHEDULE_NOTHING_TO_COMMAND", file=network.provenance.source_file))
    if issues:
        raise InputError(issues)
    lost = tuple(pump for edit in scenario.edits if isinstance(edit, Lose) for pump in edit.pumps)
    return Case(
        document,
        options,
        replace(commanded, flow_limits=flow_limits),
        float(horizon),
        storm,
        storm.members_mm_per_h() if storm is not None and storm.member_count else None,
        storm.step_s if storm is not None else _LOOK_S,
        Scenario(tuple(one for one in scenario.edits if not isinstance(one, StormEdit))),
        lost,
        hashes,
    )


def _policy_places(face: Utility, policy: str) -> dict[str, str]:
    """Where plugins' policies are found by name, the selected one checked.

    Raises
    ------
    NotFoundError, PluginError
    """
    places = {}
    for name, record in face.workbench.plugins.records(PumpPolicy).items():
        decide = record.decide
        if name not in BUILT_IN and name != OPTIMISER:
            places[name] = decide if isinstance(decide, str) else f"{decide.__module__}:{decide.__qualname__}"
    if policy not in BUILT_IN and policy != OPTIMISER and policy not in places:
        face.workbench.plugins.select(PumpPolicy, policy)
    return places


def setup_of(case: Case, request: ScheduleRequest, places: Mapping[str, str]) -> ControlSetup:
    """The case's model, made ready to be commanded."""
    look_s = request.step_s / max(1, math.ceil(request.step_s / _LOOK_S))
    return control_setup(
        case.document,
        case.options,
        case.commanded,
        scenario=case.scenario,
        hours=(case.horizon_s + DRAIN_DOWN_S) / 3600.0,
        guard_step_s=look_s,
        weights=CostWeights(),
        price_yuan_per_kwh=tuple(float(one) for one in request.price_yuan_per_kwh) or (0.7,) * 24,
        policies=places,
    )


def settings_of(
    case: Case, setup: ControlSetup, request: ScheduleRequest, *, planned_s: float = 0.0
) -> ScheduleSettings:
    """How it is planned: by the request, the model's size, and how long a time is planned at once."""
    decide_s = decide_every_s(request.step_s, planned_s)
    core_s = decision_core_s(decide_s, planned_s)
    looks_s = lookahead_s(decide_s, case.horizon_s)
    elements = sum(
        len(case.document[name])
        for name in ("JUNCTIONS", "STORAGE", "OUTFALLS", "CONDUITS", "PUMPS", "ORIFICES", "WEIRS", "OUTLETS")
    )
    cost = CourseCost(
        elements=elements,
        actuators=len(setup.spec.actuators),
        routing_step_s=routing_step_s(case.options),
        look_s=setup.spec.guard_step_s,
    )
    evaluations = request.evaluations or evaluation_budget(setup.spec, cost, core_s, looks_s)
    return ScheduleSettings(
        horizon_s=case.horizon_s,
        step_s=request.step_s,
        decide_s=decide_s,
        lookahead_s=looks_s,
        judge_s=judge_s(cost, core_s, looks_s, case.horizon_s),
        evaluations=evaluations,
        time_limit_s=request.time_limit_s or math.inf,
        pre_lowering_s=request.pre_lowering_s,
    )


def routing_step_s(options: ModelOptions) -> float:
    """The model's routing step [s]."""
    word = options.values.get("ROUTING_STEP", "20")
    seconds = clock_s(word) if ":" in word else None
    try:
        return seconds if seconds is not None else float(word)
    except ValueError:
        return 20.0


def _native(
    face: Utility, case: Case, setup: ControlSetup, request: ScheduleRequest, network: Network
) -> Baseline:
    """The rule's own run; a model that is not sound by itself is refused here.

    Raises
    ------
    InputError
        SCHEDULE_MODEL_UNSTABLE.
    """
    document = with_capacity(case.document, case.commanded.stations.pumps, request.capacity_scale)
    native = native_rule(
        face.workbench.engines,
        document,
        case.options,
        setup,
        scenario=case.scenario,
        hours=case.horizon_s / 3600.0,
        until_s=case.horizon_s,
        element=network.name,
    )
    error, lost_m3 = native.outcome.continuity_error_percent, native.outcome.lost_m3
    # In the first dry minutes of a model a share of next to nothing means nothing.
    little_m3 = LITTLE_SHARE * SewerGeometry(case.document, case.options).volume_m3
    if abs(error) > CONTINUITY_REJECTED_PERCENT and abs(lost_m3) > little_m3:
        raise InputError(
            "SCHEDULE_MODEL_UNSTABLE",
            file=network.provenance.source_file,
            value=round(error, 2),
            limit=CONTINUITY_REJECTED_PERCENT,
        )
    return native


def reduction_of(case: Case, setup: ControlSetup, settings: ScheduleSettings) -> Reduction:
    """What makes the integer programme of courses of the engine."""
    geometry = SewerGeometry(case.document, case.options)
    spec = setup.spec
    wells = [(one.wet_well, one.curve) for one in spec.stations.stations]
    wells += [(one.node, geometry.curve(one.node, one.full_depth_m)) for one in spec.gates]
    backings = [
        geometry.backing(node, curve, region, spec.underpasses)
        for (node, curve), region in zip(wells, spec.regions, strict=True)
    ]
    step_s = max(settings.step_s, _PLAN_STEP_S)
    to_tank, delay = unit_ways(case.document, spec, geometry, step_s)
    return Reduction(
        spec=setup.engine_spec,
        backings=backings,
        step_s=step_s,
        to_tank=to_tank,
        delay=delay,
        pre_lowering_s=settings.pre_lowering_s,
    )


def _verified(
    face: Utility,
    setup: ControlSetup,
    settings: ScheduleSettings,
    forecast: Forecast,
    answer: Answer,
    network: Network,
) -> list[dict[str, Any]]:
    """The whole plan, as it was decided, beside the rule under each member and capacity."""
    commands = answer.commands()
    rains = forecast.rains(0.0, settings.horizon_s)
    jobs = [(member, 1.0) for member in range(len(rains))]
    jobs += [(0, one) for one in settings.derating[1:]]
    return answer.verify(face.workbench.engines, commands, rains, jobs, element=network.name)
