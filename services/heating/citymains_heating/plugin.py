"""Registers the heating utility, its rule packs and its models of room temperature."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from citymains.plugins.markers import hookimpl
from citymains.plugins.records import CommandRecord, RoomModel, RulePackRecord, UtilityRecord
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
    """The rules that ship: heat refunds, heat tariffs, notices of outages."""
    declare_kind("citymains_heating.refunds.kind:KIND")
    declare_kind("citymains_heating.bills.kind:KIND")
    return [RulePackRecord(name=path.stem, path=path) for path in sorted(PACKS.glob("*/*.toml"))]


@hookimpl
def citymains_room_models() -> Iterable[RoomModel]:
    """One capacity and one resistance; one capacity and five resistances (ISO 13790)."""
    return [
        RoomModel(
            name="1r1c",
            title_en="One capacity",
            title_zh="单热容",
            temperature_c="citymains_heating.rooms.models:one_capacity",
        ),
        RoomModel(
            name="5r1c",
            title_en="One capacity, five resistances",
            title_zh="五热阻单热容",
            temperature_c="citymains_heating.rooms.models:five_resistances",
        ),
    ]


@hookimpl
def citymains_commands() -> Iterable[CommandRecord]:
    """One user's statement of a settlement that was kept."""
    return [
        CommandRecord(
            name="heat-statement",
            title_en="Heat refund statement",
            title_zh="用户退费单",
            command="citymains_heating.refunds.command:statement",
            summary="One user's heat refund statement, from a settlement. 用户退费单。",
        )
    ]
