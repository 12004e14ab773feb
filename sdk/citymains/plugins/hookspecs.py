"""The fifteen hooks. Each takes no argument and returns records; see docs/hooks.md.

Hooks are called once per process, when the plugins are loaded. Keep them pure and cheap: no
files, no network, no solver imports; a record refers to its code as ``"module:name"``.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from citymains.plugins.markers import hookspec
from citymains.plugins.records import (
    CommandRecord,
    ExecutorRecord,
    FailureModel,
    NetworkFormat,
    Notifier,
    PluginRecord,
    PumpPolicy,
    RefundRule,
    RenewalRule,
    ReportSection,
    RoomModel,
    RulePackRecord,
    StormFormula,
    StudyKind,
    Tariff,
    UtilityRecord,
)

#: Version of the hooks. A plugin module may state ``requires_api = 1``; it is refused where that is newer.
API_VERSION: Final = 1


@hookspec
def citymains_utilities() -> Iterable[UtilityRecord]:  # type: ignore[empty-body]
    """Add utilities: their questions get SDK methods, RPCs and commands.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import UtilityRecord

        @hookimpl
        def citymains_utilities():
            return [UtilityRecord(name="steam", face="acme_steam.utility:Steam", title_en="Steam", title_zh="蒸汽")]
    """


@hookspec
def citymains_network_formats() -> Iterable[NetworkFormat]:  # type: ignore[empty-body]
    """Add file formats that a utility's ``load`` reads.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import NetworkFormat

        @hookimpl
        def citymains_network_formats():
            return [NetworkFormat(name="stanet-csv", utility="gas", read="acme_stanet:read", suffixes=(".csv",))]
    """


@hookspec
def citymains_rule_packs() -> Iterable[RulePackRecord]:  # type: ignore[empty-body]
    """Add rule packs: TOML files with local duties and prices (docs/rules.md).

    Example
    -------
    ::

        from pathlib import Path

        from citymains import hookimpl
        from citymains.plugins.records import RulePackRecord

        @hookimpl
        def citymains_rule_packs():
            return [RulePackRecord(name="qingdao-pressure", path=Path(__file__).with_name("pressure.toml"))]
    """


@hookspec
def citymains_tariffs() -> Iterable[Tariff]:  # type: ignore[empty-body]
    """Add tariffs that a rule pack cannot say.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import Tariff

        @hookimpl
        def citymains_tariffs():
            return [Tariff(name="hangzhou-2026", utility="water", jurisdiction="浙江省/杭州市", compute="acme_bill:compute")]
    """


@hookspec
def citymains_refund_rules() -> Iterable[RefundRule]:  # type: ignore[empty-body]
    """Add heat refund rules that a rule pack cannot say.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import RefundRule

        @hookimpl
        def citymains_refund_rules():
            return [RefundRule(name="changchun-2022", jurisdiction="吉林省/长春市", refund="acme_refund:refund")]
    """


@hookspec
def citymains_renewal_rules() -> Iterable[RenewalRule]:  # type: ignore[empty-body]
    """Add rules that say which pipes have to be renewed.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import RenewalRule

        @hookimpl
        def citymains_renewal_rules():
            return [RenewalRule(name="zibo-gas-36", utility="gas", select="acme_renewal:select")]
    """


@hookspec
def citymains_failure_models() -> Iterable[FailureModel]:  # type: ignore[empty-body]
    """Add models of how likely a pipe fails.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import FailureModel

        @hookimpl
        def citymains_failure_models():
            return [FailureModel(name="acme-weibull", utility="water", rate="acme_failure:rate")]
    """


@hookspec
def citymains_storm_formulas() -> Iterable[StormFormula]:  # type: ignore[empty-body]
    """Add storm-intensity formulas.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import StormFormula

        @hookimpl
        def citymains_storm_formulas():
            return [
                StormFormula(
                    name="acme-2024", jurisdiction="广东省/深圳市", depth_mm="acme_storm:depth_mm",
                    return_period_a=(1, 100), duration_s=(300, 10_800),
                )
            ]
    """


@hookspec
def citymains_pump_policies() -> Iterable[PumpPolicy]:  # type: ignore[empty-body]
    """Add ways to run pumps through a storm.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import PumpPolicy

        @hookimpl
        def citymains_pump_policies():
            return [PumpPolicy(name="acme-fuzzy", decide="acme_pumps:decide")]
    """


@hookspec
def citymains_room_models() -> Iterable[RoomModel]:  # type: ignore[empty-body]
    """Add models of room temperature.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import RoomModel

        @hookimpl
        def citymains_room_models():
            return [RoomModel(name="acme-2r2c", temperature_c="acme_rooms:temperature_c")]
    """


@hookspec
def citymains_executors() -> Iterable[ExecutorRecord]:  # type: ignore[empty-body]
    """Add places where the scenarios of a study run.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import ExecutorRecord

        @hookimpl
        def citymains_executors():
            return [ExecutorRecord(name="slurm", create="acme_slurm:create")]
    """


@hookspec
def citymains_study_kinds() -> Iterable[StudyKind]:  # type: ignore[empty-body]
    """Add kinds of study, started by name like any question.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import StudyKind

        @hookimpl
        def citymains_study_kinds():
            return [StudyKind(name="acme-night-flow", run="acme_study:run")]
    """


@hookspec
def citymains_report_sections() -> Iterable[ReportSection]:  # type: ignore[empty-body]
    """Add sections to the HTML report of a question.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import ReportSection

        @hookimpl
        def citymains_report_sections():
            return [ReportSection(name="acme-logo", question="water.pressure", render="acme_report:render")]
    """


@hookspec
def citymains_notifiers() -> Iterable[Notifier]:  # type: ignore[empty-body]
    """Add listeners told about finished questions; they cannot change an answer.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import Notifier

        @hookimpl
        def citymains_notifiers():
            return [Notifier(name="acme-wecom", notify="acme_wecom:notify")]
    """


@hookspec
def citymains_commands() -> Iterable[CommandRecord]:  # type: ignore[empty-body]
    """Add commands to the command line.

    Example
    -------
    ::

        from citymains import hookimpl
        from citymains.plugins.records import CommandRecord

        @hookimpl
        def citymains_commands():
            return [CommandRecord(name="acme-sync", command="acme_sync:main", summary="Fetch the night's readings.")]
    """


#: What each hook returns.
RECORDS: Final[dict[str, type[PluginRecord]]] = {
    "citymains_utilities": UtilityRecord,
    "citymains_network_formats": NetworkFormat,
    "citymains_rule_packs": RulePackRecord,
    "citymains_tariffs": Tariff,
    "citymains_refund_rules": RefundRule,
    "citymains_renewal_rules": RenewalRule,
    "citymains_failure_models": FailureModel,
    "citymains_storm_formulas": StormFormula,
    "citymains_pump_policies": PumpPolicy,
    "citymains_room_models": RoomModel,
    "citymains_executors": ExecutorRecord,
    "citymains_study_kinds": StudyKind,
    "citymains_report_sections": ReportSection,
    "citymains_notifiers": Notifier,
    "citymains_commands": CommandRecord,
}
