"""Water drawn at a node beside its customers for a time: fires, fillings, an exchange with a neighbour."""

from __future__ import annotations

import math

from citymains.errors import InputError
from citymains.intake.inp import VALUES_PER_ROW, InpDocument
from citymains.intake.numbers import read_number
from citymains.model.network import Network
from citymains.model.scenario import Draw

from citymains_water.additions import fresh
from citymains_water.settings import Settings

#: Most steps of the pattern a draw with a start or an end may need.
_MOST_STEPS = 100_000


def with_draw(
    document: InpDocument, network: Network, settings: Settings, edit: Draw, duration_s: float
) -> InpDocument:
    """The document with one more demand category at a junction.

    It holds for whole pattern steps, and is not multiplied with the model's demands. It is
    drawn like any other demand: in full, or as the pressure allows.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT; ARGUMENT_INVALID: a start or end that is no whole pattern step.
    """
    if edit.node not in set(network.data("junctions").texts("id")):
        raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="node", value=edit.node)
    flow = edit.flow_m3_per_h / settings.units.flow_m3_per_h / settings.numbers.get("DEMAND MULTIPLIER", 1.0)
    pattern = fresh("draw", {row.tokens[0] for row in document["PATTERNS"]})
    document = _with_own_demand_listed(document, edit.node)
    document = document.with_rows("DEMANDS", [(edit.node, repr(flow), pattern)])
    factors = _factors(settings, edit, duration_s)
    rows = range(0, len(factors), VALUES_PER_ROW)
    return document.with_rows("PATTERNS", [(pattern, *factors[at : at + VALUES_PER_ROW]) for at in rows])


def _with_own_demand_listed(document: InpDocument, node: str) -> InpDocument:
    """Rows of [DEMANDS] replace the demand of the junction's own row, which therefore goes there too."""
    if any(row.tokens[0] == node for row in document["DEMANDS"]):
        return document
    row = next(one for one in document["JUNCTIONS"] if one.tokens[0] == node)
    if len(row.tokens) < 3 or not read_number(row.tokens[2]).value:
        return document
    return document.with_rows("DEMANDS", [(node, *row.tokens[2:4])])


def _factors(settings: Settings, edit: Draw, duration_s: float) -> list[str]:
    """1 in the pattern steps in which it is drawn, 0 in the others, to the end of the simulation."""
    if not edit.start_s and edit.end_s is None:
        return ["1"]
    step, ahead = settings.pattern_step_s, settings.pattern_start_s
    start, end = edit.start_s or 0.0, duration_s + step if edit.end_s is None else edit.end_s
    for name, value in (("start_s", start), ("end_s", edit.end_s)):
        if value is not None and (value + ahead) % step:
            raise InputError(
                "ARGUMENT_INVALID", field=name, value=value, limit=f"pattern steps of {step:g} s"
            )
    count = math.ceil((duration_s + ahead) / step) + 1
    if count > _MOST_STEPS:
        raise InputError(
            "ARGUMENT_INVALID", field="start_s", value=start, limit=f"{_MOST_STEPS} pattern steps"
        )
    return ["1" if start <= at * step - ahead < end else "0" for at in range(count)]
