"""Buildings: from a dataset, from the users of each substation, or from what a network's substations ask for."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from pathlib import Path
from typing import Any, Final

from citymains.errors import InputError

from citymains_heating.refunds.tabular import MICRO, MISSING, Columns, raise_issues
from citymains_heating.rooms.models import Room

_TYPES: Final = Path(__file__).parent / "building_types.toml"
#: Difference between inside and outside that heat indices are stated for [K].
DESIGN_DIFFERENCE_K: Final = 25.6
_PARAMETERS: Final = (
    "heat_capacity_kj_per_m2k", "loss_w_per_m2k", "gains_w_per_m2", "mass_area_ratio", "ventilation_share", "window_share",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BuildingType:
    """What one square metre of a kind of building stores and loses."""

    name: str
    title_en: str
    title_zh: str
    values: Mapping[str, float]


@dataclass(frozen=True)
class Building:
    """One building, with the users in it."""

    name: str
    substation: str
    building_type: str
    room: Room
    users: tuple[str, ...] = ()
    user_count: int = 0
    sensors: tuple[str, ...] = ()


@dataclass
class Housing:
    """All buildings, and users that could not be placed."""

    buildings: list[Building]
    building_of: dict[str, str] = field(default_factory=dict)
    """Building of each user."""
    by_largest: int = 0
    """Users put in the largest building of their substation, their own being unknown."""
    unplaced: int = 0
    """Users whose substation has no building."""


@cache
def building_types() -> Mapping[str, BuildingType]:
    """The building types that ship, by name."""
    return {
        name: BuildingType(
            name, one["title_en"], one["title_zh"], {key: float(one[key]) for key in _PARAMETERS}
        )
        for name, one in _data()["types"].items()
    }


@cache
def emissions() -> Mapping[str, Mapping[str, float]]:
    """Where heat goes, by kind of emission."""
    return {
        name: {key: float(one[key]) for key in ("air", "surfaces", "mass")}
        for name, one in _data()["emission"].items()
    }


@cache
def _data() -> Mapping[str, Any]:
    return tomllib.loads(_TYPES.read_text(encoding="utf-8"))


def type_named(name: str) -> BuildingType:
    """A building type.

    Raises
    ------
    InputError
        HEAT_BUILDING_TYPE_UNKNOWN.
    """
    found = building_types().get(name)
    if found is None:
        raise InputError(
            "HEAT_BUILDING_TYPE_UNKNOWN",
            field="building_type",
            value=name,
            limit=", ".join(building_types()),
        )
    return found


def housed(
    buildings: Columns, users: Columns, asked_kw: Mapping[str, float], building_type: str, start_c: float
) -> Housing:
    """The buildings to follow: of the dataset, else one for each substation with users, else one for each of the network.

    Parameters
    ----------
    buildings, users : Columns
        Datasets, empty where there is none.
    asked_kw : mapping of str to float
        Heat that the substations of a network ask for.
    building_type : str
    start_c : float

    Raises
    ------
    InputError
        Every issue of the datasets; ARGUMENT_MISSING where there is nothing to follow.
    """
    raise_issues([buildings, users])
    if buildings.rows:
        return _with_users(list(_rows(buildings, building_type, start_c)), users)
    of_type = type_named(building_type)
    if users.rows:
        areas: dict[str, float] = {}
        for row, station in enumerate(users["substation"]):
            areas[str(station)] = areas.get(str(station), 0.0) + int(users["area_m2"][row]) / MICRO
        made = [
            Building(name, name, building_type, _room(of_type, name, area, start_c))
            for name, area in areas.items()
        ]
        return _with_users(made, users)
    if not asked_kw:
        raise InputError("ARGUMENT_MISSING", field="buildings")
    index = of_type.values["loss_w_per_m2k"] * DESIGN_DIFFERENCE_K
    return Housing(
        [
            Building(name, name, building_type, _room(of_type, name, kw * 1000.0 / index, start_c))
            for name, kw in asked_kw.items()
            if kw > 0.0
        ]
    )


def _room(of_type: BuildingType, name: str, area_m2: float, start_c: float, **own: Any) -> Room:
    known = {one.name for one in fields(Room)}
    values = {**{key: value for key, value in of_type.values.items() if key in known}, **own}
    values.setdefault("emission", emissions()["radiator"])
    return Room(name=name, area_m2=area_m2, start_c=start_c, **values)


def _rows(data: Columns, building_type: str, start_c: float) -> Iterable[Building]:
    seen: set[str] = set()
    for row in range(data.rows):
        name = str(data["building"][row])
        kind = data["building_type"][row] or building_type
        if name in seen:
            data.complain("HEAT_BUILDING_TWICE", row, "building", element=name)
        if kind not in building_types():
            data.complain(
                "HEAT_BUILDING_TYPE_UNKNOWN", row, "building_type", element=name, value=kind, limit=", ".join(building_types())
            )  # fmt: skip
            continue
        seen.add(name)
        own: dict[str, Any] = {
            column: value
            for column in ("heat_capacity_kj_per_m2k", "loss_w_per_m2k", "gains_w_per_m2")
            if (value := _number(data, row, column)) is not None
        }
        own["emission"] = emissions()[data["emission"][row] or "radiator"]
        start = _number(data, row, "start_c")
        area = int(data["area_m2"][row]) / MICRO
        room = _room(type_named(kind), name, area, start_c if start is None else start, **own)
        constant_h = _number(data, row, "time_constant_h")
        if constant_h is not None:
            room = room.slower(constant_h / room.time_constant_h)
        yield Building(
            name,
            str(data["substation"][row]),
            kind,
            room,
            user_count=int(_number(data, row, "users") or 0),
            sensors=_listed(data["sensor"][row]),
        )
    raise_issues([data])


def _number(data: Columns, row: int, column: str) -> float | None:
    value = int(data[column][row])
    return None if value == MISSING else value / MICRO


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(one.strip() for one in (text or "").replace(";", ";").split(";") if one.strip())


def _with_users(buildings: Sequence[Building], users: Columns) -> Housing:
    """The buildings with the users of the dataset in them."""
    largest: dict[str, Building] = {}
    for one in buildings:
        held = largest.get(one.substation)
        if held is None or one.room.area_m2 > held.room.area_m2:
            largest[one.substation] = one
    names = {one.name for one in buildings}
    several = len(names) > len(largest)
    housing = Housing([])
    people: dict[str, list[str]] = {}
    sensors: dict[str, dict[str, None]] = {}
    for user, station, own, sensor, paused in zip(
        *(users[name] for name in ("user", "substation", "building", "sensor", "paused")), strict=True
    ):
        if paused or str(user) in housing.building_of:
            continue
        place = str(own) if own in names else getattr(largest.get(str(station)), "name", None)
        if place is None:
            housing.unplaced += 1
            continue
        housing.by_largest += int(several and own not in names)
        housing.building_of[str(user)] = place
        people.setdefault(place, []).append(str(user))
        if sensor:
            sensors.setdefault(place, {})[str(sensor)] = None
    for one in buildings:
        inside = tuple(people.get(one.name, ()))
        housing.buildings.append(
            Building(
                one.name,
                one.substation,
                one.building_type,
                one.room,
                users=inside,
                user_count=len(inside) or one.user_count,
                sensors=one.sensors or tuple(sensors.get(one.name, ())),
            )
        )
    return housing
