"""Fluids of gas and heating networks: by name from the engine's library, or by property tables.

A fluid is data: names, numbers and lists of numbers. A class named in a file is looked up in
the small table below and never imported.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from typing import Any, Final

from citymains.errors import Issue, issue
from citymains.intake.numbers import is_finite

#: Fluids of the engine's library, with their phase.
LIBRARY: Final[Mapping[str, str]] = {
    "air": "gas",
    "biomethane_pure": "gas",
    "biomethane_treated": "gas",
    "hgas": "gas",
    "hydrogen": "gas",
    "lgas": "gas",
    "methane": "gas",
    "water": "liquid",
}

#: Properties a fluid may bring, with their unit; temperature in K and pressure in bar are the arguments.
PROPERTIES: Final[Mapping[str, str]] = {
    "density": "kg/m3 at 273.15 K and 1.01325 bar (gas) or at the temperature (liquid)",
    "viscosity": "Pa·s",
    "heat_capacity": "J/(kg·K)",
    "molar_mass": "g/mol",
    "compressibility": "1",
    "der_compressibility": "1/bar",
    "lhv": "kWh/kg",
    "hhv": "kWh/kg",
}

#: What every fluid needs to be calculated with, by phase.
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "gas": ("density", "viscosity", "compressibility"),
    "liquid": ("density", "viscosity", "heat_capacity"),
}

#: Kinds of property and the numbers each is made of; a name ending with [] is a list of numbers.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "constant": ("value",),
    "linear": ("offset", "slope"),
    "interpolated": ("x[]", "y[]"),
    "sutherland": ("eta0", "t0", "t_sutherland"),
    "reciprocal": ("offset", "slope"),
}

#: pandapipes' property classes that are read, and the kind each stands for.
THEIR_KINDS: Final[Mapping[str, str]] = {
    "FluidPropertyConstant": "constant",
    "FluidPropertyLinear": "linear",
    "FluidPropertyInterExtra": "interpolated",
    "FluidPropertySutherland": "sutherland",
}

#: Names pandapipes gives properties that we call otherwise.
THEIR_PROPERTIES: Final[Mapping[str, str]] = {"lower_heating_value": "lhv", "higher_heating_value": "hhv"}

#: Phase of the fluid each utility moves.
PHASE_OF: Final[Mapping[str, str]] = {"gas": "gas", "heating": "liquid"}

Report = Callable[[Issue], None]


def checked_fluid(raw: Any, *, utility: str, file: str, report: Report) -> dict[str, Any]:
    """The canonical fluid of a document: ``name``, ``phase`` and, where it is not the library's, ``properties``.

    Parameters
    ----------
    raw : str or mapping
        A name of :data:`LIBRARY`, or ``{"name": ..., "phase": ..., "properties": {...}}``.
    utility : {"gas", "heating"}
    file : str
        Name of the file, for the issues.
    report : callable
        Takes every issue found.
    """
    if isinstance(raw, str):
        raw = {"name": raw}
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str) or not raw["name"]:
        report(
            issue(
                "PIPES_FLUID_UNKNOWN",
                file=file,
                section="fluid",
                field="name",
                value=_short(raw),
                limit=", ".join(LIBRARY),
            )
        )
        return {}
    name = raw["name"]
    properties = raw.get("properties") or {}
    phase = LIBRARY.get(name) if not properties else str(raw.get("phase", LIBRARY.get(name, "")))
    if phase is None:
        report(
            issue(
                "PIPES_FLUID_UNKNOWN",
                file=file,
                section="fluid",
                field="name",
                value=name,
                limit=", ".join(LIBRARY),
            )
        )
        return {}
    if phase != PHASE_OF[utility]:
        report(
            issue(
                "PIPES_FLUID_PHASE",
                file=file,
                section="fluid",
                element=name,
                field="phase",
                value=phase,
                limit=PHASE_OF[utility],
            )
        )
    fluid: dict[str, Any] = {"name": name, "phase": phase}
    if properties:
        fluid["properties"] = _checked_properties(properties, name, phase, file, report)
    return fluid


def _checked_properties(raw: Any, fluid: str, phase: str, file: str, report: Report) -> dict[str, Any]:
    def refuse(name: str, value: Any, limit: str) -> None:
        report(
            issue(
                "PIPES_FLUID_PROPERTY",
                file=file,
                section="fluid",
                element=fluid,
                field=name,
                value=_short(value),
                limit=limit,
            )
        )

    if not isinstance(raw, Mapping):
        refuse("properties", raw, "an object")
        return {}
    checked: dict[str, Any] = {}
    for name, value in raw.items():
        if name not in PROPERTIES:
            refuse(str(name), value, ", ".join(PROPERTIES))
            continue
        kind = value.get("kind") if isinstance(value, Mapping) else None
        if not isinstance(kind, str) or kind not in KINDS:
            refuse(name, kind, ", ".join(KINDS))
            continue
        numbers = _numbers(value, kind)
        if numbers is None:
            refuse(name, value, f"{kind}: finite numbers {', '.join(KINDS[kind])}")
        else:
            checked[name] = {"kind": kind, **numbers}
    for name in NEEDED.get(phase, ()):
        if name not in raw:
            refuse(name, "-", PROPERTIES[name])
    return checked


def _numbers(value: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    numbers: dict[str, Any] = {}
    for part in KINDS[kind]:
        name = part.removesuffix("[]")
        given = value.get(name)
        items = given if part.endswith("[]") else [given]
        if not isinstance(items, list) or not items or not all(is_finite(one) for one in items):
            return None
        numbers[name] = [float(one) for one in items] if part.endswith("[]") else float(items[0])
    if kind == "interpolated":
        x = numbers["x"]
        if len(x) != len(numbers["y"]) or len(x) < 2 or any(b <= a for a, b in itertools.pairwise(x)):
            return None
    return numbers


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 80 else text[:77] + "..."
