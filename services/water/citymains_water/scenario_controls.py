"""Settings of pumps, valves and sources that a scenario changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from citymains.errors import InputError
from citymains.intake.inp import InpDocument, InpRow
from citymains.model.network import Network
from citymains.model.scenario import SetControl

from citymains_water.settings import Settings

#: The set point of each kind of valve, by the name of its field.
_SET_POINTS: Mapping[str, tuple[str, ...]] = {
    "pressure_m": ("PRV", "PSV", "PBV"),
    "flow_m3_per_h": ("FCV",),
    "loss_coefficient": ("TCV",),
    "opening_percent": ("PCV",),
}


@dataclass(frozen=True)
class _Setting:
    """One setting: what it holds for, its range, and how it is written."""

    elements: set[str]
    highest: float
    write: Callable[[InpDocument, SetControl], InpDocument]


def with_control(
    document: InpDocument, network: Network, settings: Settings, edit: SetControl
) -> InpDocument:
    """The document with one setting changed.

    ``open`` (0 or 1) of any link; ``speed`` of a pump; ``pressure_m``, ``flow_m3_per_h``,
    ``loss_coefficient``, ``opening_percent`` of the valves that have them; ``head_m`` of a
    reservoir; ``level_m`` of a tank at the start. From `start_s` on where one is given, for
    pumps and valves. The model's own controls and rules still act on the element, except on
    one that is opened.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT, ARGUMENT_INVALID.
    """
    known = _known(network, settings)
    elements = {one for setting in known.values() for one in setting.elements}
    if edit.element not in elements:
        raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="element", value=edit.element)
    fitting = [name for name, setting in known.items() if edit.element in setting.elements]
    setting = known.get(edit.field)
    if setting is None or edit.element not in setting.elements:
        raise _invalid(edit, edit.field, ", ".join(fitting))
    if not 0.0 <= edit.value <= setting.highest:
        raise _invalid(edit, edit.value, f"0 .. {setting.highest:g}")
    if edit.field == "level_m":
        _check_level(network, edit)
    if edit.start_s and edit.field in ("head_m", "level_m"):
        raise _invalid(edit, edit.start_s, "from the start")
    return setting.write(document, edit)


def _check_level(network: Network, edit: SetControl) -> None:
    tanks = network.data("tanks")
    at = tanks.texts("id").index(edit.element)
    low, high = (float(tanks.array(f"{name}_level_m")[at]) for name in ("minimum", "maximum"))
    if not low <= edit.value <= high:
        raise _invalid(edit, edit.value, f"{low:g} .. {high:g}")


def _invalid(edit: SetControl, value: object, limit: str) -> InputError:
    return InputError(
        "ARGUMENT_INVALID",
        element=edit.element,
        field=f"set_control.{edit.field}",
        value=value,
        limit=limit,
    )


def _known(network: Network, settings: Settings) -> Mapping[str, _Setting]:
    pumps, valves = network.data("pumps"), network.data("valves")
    links = {str(one) for name in ("pipes", "pumps", "valves") for one in network.data(name).texts("id")}
    checked = {
        str(one)
        for one, status in zip(
            network.data("pipes").texts("id"), network.data("pipes").texts("status"), strict=True
        )
        if status == "CV"
    }
    units = settings.units
    per_m = {
        "pressure_m": settings.pressure_per_m(),
        "flow_m3_per_h": 1.0 / units.flow_m3_per_h,
        "loss_coefficient": 1.0,
        "opening_percent": 1.0,
    }
    known = {
        "open": _Setting(links - checked, 1.0, _opened),
        "speed": _Setting({str(one) for one in pumps.texts("id")}, 10.0, _setter(1.0)),
        "head_m": _Setting(_ids(network, "reservoirs"), 1e4, _field("RESERVOIRS", 1, units.length_m)),
        "level_m": _Setting(_ids(network, "tanks"), 1e4, _field("TANKS", 2, units.length_m)),
    }
    for field, kinds in _SET_POINTS.items():
        having = {
            str(one)
            for one, kind in zip(valves.texts("id"), valves.texts("type"), strict=True)
            if kind in kinds
        }
        known[field] = _Setting(having, 1e6, _setter(per_m[field]))
    return known


def _ids(network: Network, table: str) -> set[str]:
    return {str(one) for one in network.data(table).texts("id")}


def _setter(in_file: float) -> Callable[[InpDocument, SetControl], InpDocument]:
    """Write a status row, or a control at a time, with the value in the file's unit."""

    def write(document: InpDocument, edit: SetControl) -> InpDocument:
        return _at(document, edit, repr(edit.value * in_file))

    return write


def _at(document: InpDocument, edit: SetControl, word: str) -> InpDocument:
    if edit.start_s:
        time = ("AT", "TIME", repr(float(edit.start_s)), "SEC")
        return document.with_rows("CONTROLS", [("LINK", edit.element, word, *time)])
    kept = document.map_rows(
        lambda row: (
            None
            if row.section == "STATUS" and row.tokens[0] == edit.element and len(row.tokens) == 2
            else row
        )
    )
    return kept.with_rows("STATUS", [(edit.element, word)])


def _opened(document: InpDocument, edit: SetControl) -> InpDocument:
    """Open or close; what the model's controls do to the element is left out, since somebody stands at it."""

    def without(row: InpRow) -> InpRow | None:
        acts = row.section == "CONTROLS" and len(row.tokens) > 1 and row.tokens[1] == edit.element
        return None if acts else row

    return _at(document.map_rows(without), edit, "OPEN" if edit.value >= 0.5 else "CLOSED")


def _field(section: str, at: int, in_file_m: float) -> Callable[[InpDocument, SetControl], InpDocument]:
    """Write one word of an element's own row; a reservoir's pattern no longer acts on its head."""

    def write(document: InpDocument, edit: SetControl) -> InpDocument:
        word = repr(edit.value / in_file_m)

        def change(row: InpRow) -> InpRow:
            if row.section != section or row.tokens[0] != edit.element:
                return row
            tail = () if section == "RESERVOIRS" else row.tokens[at + 1 :]
            return replace(row, tokens=(*row.tokens[:at], word, *tail))

        return document.map_rows(change)

    return write
