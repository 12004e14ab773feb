"""``city.toml``: what is in it, and everything wrong with it at once. `citymains.cities` says what it means."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from citymains.errors import InputError, issue
from citymains.intake.source import SourceFile
from citymains.intake.text import decode

_Wrong = tuple[str, dict[str, Any]]

#: Type of each setting, and how one looks.
_SETTINGS: Final[Mapping[str, tuple[type, str]]] = {
    "name": (str, "a text"),
    "jurisdiction": (str, "河南省/平顶山市"),
    "crs": (str, "EPSG:4547"),
    "time_zone": (str, "Asia/Shanghai"),
    "networks": (dict, "a table"),
    "datasets": (dict, "a table"),
    "rules": (str, "a folder"),
    "holders": (list, "a list of texts"),
}


def read_city_file(path: Path) -> dict[str, Any]:
    """The settings of a city.

    Parameters
    ----------
    path : Path
        A TOML file in UTF-8, with or without byte order mark, or in GB18030.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, FILE_WRONG_FORMAT, or every setting that is not valid.
    """
    decoded = decode(SourceFile.read(path))
    if binary := [one for one in decoded.issues if one.code == "FILE_BINARY"]:
        raise InputError(binary)
    try:
        settings = tomllib.loads(decoded.text)
    except tomllib.TOMLDecodeError as error:
        raise InputError("FILE_WRONG_FORMAT", file=str(path), limit="TOML", value=str(error)) from error
    issues = [issue(code, file=str(path), **context) for code, context in _wrong(settings)]
    if issues:
        raise InputError(issues)
    return settings


def _wrong(settings: Mapping[str, Any]) -> Iterator[_Wrong]:
    for key, value in settings.items():
        if key not in _SETTINGS:
            yield "ARGUMENT_UNKNOWN", {"field": key, "limit": ", ".join(_SETTINGS)}
            continue
        kind, looks = _SETTINGS[key]
        if not (isinstance(value, kind) and _fits(key, value)):
            yield "ARGUMENT_INVALID", {"field": key, "value": value, "limit": looks}
        elif kind is dict:
            yield from _wrong_table(key, settings[key])


def _fits(key: str, value: Any) -> bool:
    if key == "time_zone":
        return _is_zone(value)
    return not isinstance(value, list) or all(isinstance(one, str) for one in value)


def _wrong_table(key: str, table: Mapping[str, Any]) -> Iterator[_Wrong]:
    from citymains.plugins.manager import plugin_manager

    known = plugin_manager().utilities()
    for utility, value in table.items():
        field = f"{key}.{utility}"
        if utility not in known:
            yield "ARGUMENT_UNKNOWN", {"field": field, "limit": ", ".join(known)}
        elif key == "networks" and not isinstance(value, str):
            yield "ARGUMENT_INVALID", {"field": field, "value": value, "limit": "a path"}
        elif key == "datasets" and not _are_paths(value):
            yield "ARGUMENT_INVALID", {"field": field, "value": value, "limit": 'name = "path"'}


def _are_paths(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(place, str) for place in value.values())


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
