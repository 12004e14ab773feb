"""A broken pipe: a hole half-way that discharges into the open as an orifice.

.. math:: Q = C A \\sqrt{2 g H}

with the pressure head :math:`H` at the hole. The engine gets it as a throttle valve of the
hole's diameter with the loss coefficient :math:`1/C^2`, behind it a check valve and an
outlet at the pipe's own level, so that the hole has its own time, does not depend on the
model's emitter exponent, and never sucks water in.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from citymains.errors import InputError
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from citymains.model.network import Network
from citymains.model.scenario import Burst
from citymains.units import INCH_MM

from citymains_water.additions import Additions, elevation_word, fresh, ids_in
from citymains_water.settings import Settings

#: Discharge coefficient of a sharp-edged orifice.
DISCHARGE_COEFFICIENT = 0.6
#: Loss coefficient of the valve that stands for the hole.
LOSS_COEFFICIENT = 1.0 / DISCHARGE_COEFFICIENT**2

#: A short, wide, smooth outlet, by head loss formula: its own loss is below a millimetre.
_SMOOTH = {"H-W": "150", "D-W": "0.001", "C-M": "0.009"}
_OUTLET_TIMES_HOLE = 5.0


@dataclass(frozen=True)
class _Names:
    """Ids of what a burst adds."""

    middle: str
    twin: str
    hole: str
    below: str
    valve: str
    outlet: str


def with_burst(
    document: InpDocument, network: Network, settings: Settings, edit: Burst, additions: Additions
) -> tuple[InpDocument, Additions]:
    """Break a pipe.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT: no such pipe; ARGUMENT_INVALID: it is broken already, or the
        hole is larger than the pipe.
    """
    row = next((one for one in document["PIPES"] if one.tokens[0] == edit.pipe), None)
    if row is None:
        raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="pipe", value=edit.pipe)
    if edit.pipe in additions.outlets:
        raise InputError("ARGUMENT_INVALID", field="pipe", value=edit.pipe, limit="one burst per pipe")
    pipes = network.data("pipes")
    diameter_mm = float(pipes.array("diameter_mm")[pipes.texts("id").index(edit.pipe)])
    if edit.diameter_mm > diameter_mm:
        raise InputError(
            "ARGUMENT_INVALID", field="diameter_mm", value=edit.diameter_mm, limit=f"0 .. {diameter_mm:g}"
        )
    names = _names(ids_in(document))
    document = _split(document, row, names)
    document = _hole(document, row, names, settings, edit)
    series = {**additions.series, edit.pipe: (*additions.series.get(edit.pipe, ()), names.twin)}
    return document, replace(
        additions,
        nodes=(*additions.nodes, names.middle, names.below, names.outlet),
        links=(*additions.links, names.twin, names.hole, names.valve),
        series=series,
        halves={**additions.halves, edit.pipe: names.twin},
        outlets={**additions.outlets, edit.pipe: names.hole},
    )


def _names(taken: set[str]) -> _Names:
    return _Names(
        middle=fresh("burst", taken),
        twin=fresh("burst-half", taken),
        hole=fresh("burst-hole", taken),
        below=fresh("burst-below", taken),
        valve=fresh("burst-valve", taken),
        outlet=fresh("burst-outlet", taken),
    )


def _split(document: InpDocument, row: InpRow, names: _Names) -> InpDocument:
    """Two halves in place of the pipe; what governs the one governs the other."""
    words = list(row.tokens)
    words[3] = repr((read_number(words[3]).value or 0.0) / 2.0)
    if len(words) > 6 and (loss := read_number(words[6]).value) is not None:
        words[6] = repr(loss / 2.0)
    first = (*words[:2], names.middle, *words[3:])
    second = (names.twin, names.middle, *words[2:])
    document = _copied(document, row.tokens[0], names.twin)
    document = document.map_rows(lambda one: replace(one, tokens=first) if one is row else one)
    level = _middle(document, row)
    return document.with_rows("PIPES", [second]).with_rows(
        "JUNCTIONS", [(names.middle, level), (names.below, level)]
    )


def _middle(document: InpDocument, row: InpRow) -> str:
    """Level half-way; at a reservoir or tank the pipe lies as deep as its other end."""
    junctions = {one.tokens[0] for one in document["JUNCTIONS"]}
    ends = [one for one in row.tokens[1:3] if one in junctions] or list(row.tokens[1:3])
    levels = [read_number(elevation_word(document, one)).value or 0.0 for one in ends]
    return repr(sum(levels) / len(levels))


def _copied(document: InpDocument, pipe: str, twin: str) -> InpDocument:
    """Statuses, controls and clauses of rules that act on the pipe act on its other half too."""
    status = [(twin, *row.tokens[1:]) for row in document["STATUS"] if row.tokens[0] == pipe]
    controls = [
        (row.tokens[0], twin, *row.tokens[2:])
        for row in document["CONTROLS"]
        if len(row.tokens) > 1 and row.tokens[1] == pipe
    ]
    rules: list[InpRow] = []
    acts = False
    for row in document["RULES"]:
        word = row.tokens[0].upper()
        acts = word in ("THEN", "ELSE") or (acts and word == "AND")
        rules.append(row)
        if acts and len(row.tokens) > 2 and row.tokens[2] == pipe:
            rules.append(replace(row, tokens=("AND", row.tokens[1], twin, *row.tokens[3:])))
    document = document.with_rows("STATUS", status).with_rows("CONTROLS", controls)
    return replace(document, rows={**document.rows, "RULES": tuple(rules)}) if rules else document


def _hole(document: InpDocument, row: InpRow, names: _Names, settings: Settings, edit: Burst) -> InpDocument:
    in_file = INCH_MM if settings.units.us else 1.0
    diameter, coefficient = edit.diameter_mm / in_file, repr(LOSS_COEFFICIENT)
    level = next(one.tokens[1] for one in document["JUNCTIONS"] if one.tokens[0] == names.middle)
    # A row of [TANKS] with a head alone is a reservoir to EPANET.
    document = document.with_rows("TANKS", [(names.outlet, level)])
    document = document.with_rows(
        "VALVES", [(names.hole, names.middle, names.below, repr(diameter), "TCV", coefficient, coefficient)]
    )
    wide = repr(max(diameter * _OUTLET_TIMES_HOLE, 300.0 / in_file))
    document = document.with_rows(
        "PIPES",
        [(names.valve, names.below, names.outlet, "0.1", wide, _SMOOTH[settings.headloss], "0", "CV")],
    )
    controls = []
    if edit.start_s:
        document = document.with_rows("STATUS", [(names.hole, "CLOSED")])
        controls.append(("LINK", names.hole, coefficient, "AT", "TIME", repr(float(edit.start_s)), "SEC"))
    if edit.end_s is not None:
        controls.append(("LINK", names.hole, "CLOSED", "AT", "TIME", repr(float(edit.end_s)), "SEC"))
    return document.with_rows("CONTROLS", controls)
