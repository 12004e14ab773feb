"""Scenario options: ``--close P-1 --scale-demand 1.2``, or ``--scenario FILE`` for anything longer.

A scenario file is JSON or TOML with the edits in order, named as in the canonical JSON::

    {"edits": [{"close": {"pipes": ["P-1"], "start_s": 7200}}, {"scale_demand": {"factor": 1.2}}]}
"""

from __future__ import annotations

import inspect
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citymains.errors import InputError

if TYPE_CHECKING:
    from citymains.model.scenario import Scenario

_PANEL = "情景 Scenario"


def _option(name: str, kind: Any, text: str, metavar: str) -> inspect.Parameter:
    info = typer.Option("--" + name.replace("_", "-"), help=text, metavar=metavar, rich_help_panel=_PANEL)
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, info]
    )


OPTIONS = (
    _option("close", list[str], "Close a pipe or another link from the beginning; may be repeated.", "ID"),
    _option("lose_pump", list[str], "Lose a pump.", "ID"),
    _option("lose_source", list[str], "Lose a source.", "ID"),
    _option("lose_plant", list[str], "Lose a plant.", "ID"),
    _option("lose_regulator", list[str], "Lose a regulator.", "ID"),
    _option("scale_demand", float, "Multiply every demand by this factor (>= 0).", "FACTOR"),
    _option(
        "set", list[str], "Set one setting of one element, as in PUMP-1.speed=0.9.", "ELEMENT.FIELD=VALUE"
    ),
    _option("burst", list[str], "Break a pipe with a hole of this diameter in mm, as in P-1=50.", "ID=MM"),
    _option("draw", list[str], "Draw this many m3/h at a node, as for a fire, as in J-1=54.", "ID=M3/H"),
    _option("scenario", Path, "File with edits (JSON or TOML); the other options are added to it.", "FILE"),
)
NAMES = frozenset(parameter.name for parameter in OPTIONS)


def scenario_of(given: dict[str, Any]) -> Scenario | None:
    """The scenario the options stand for, or None where none was given.

    Raises
    ------
    InputError
        An option or the file is not valid.
    """
    if not any(value not in (None, []) for value in given.values()):
        return None
    from citymains.model.scenario import Scenario

    scenario: Scenario = read_scenario(given["scenario"]) if given["scenario"] else Scenario()
    if given["close"]:
        scenario += Scenario.close(given["close"])
    pumps, sources, plants, regulators = (
        given[f"lose_{kind}"] or () for kind in ("pump", "source", "plant", "regulator")
    )
    if pumps or sources or plants or regulators:
        scenario += Scenario.lose(pumps=pumps, sources=sources, plants=plants, regulators=regulators)
    if given["scale_demand"] is not None:
        scenario += Scenario.scale_demand(given["scale_demand"])
    for text in given["set"] or ():
        place, value = _assignment("--set", text, "ELEMENT.FIELD=VALUE")
        element, dot, field = place.rpartition(".")
        if not dot:
            raise InputError("ARGUMENT_INVALID", field="--set", value=text, limit="ELEMENT.FIELD=VALUE")
        scenario += Scenario.set_control(element, field, value)
    for text in given["burst"] or ():
        pipe, diameter_mm = _assignment("--burst", text, "ID=MM")
        scenario += Scenario.burst(pipe, diameter_mm)
    for text in given["draw"] or ():
        node, flow_m3_per_h = _assignment("--draw", text, "ID=M3/H")
        scenario += Scenario.draw(node, flow_m3_per_h)
    return scenario


def _assignment(option: str, text: str, form: str) -> tuple[str, float]:
    name, _, value = text.rpartition("=")
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not name or number != number:
        raise InputError("ARGUMENT_INVALID", field=option, value=text, limit=form)
    return name, number


def read_scenario(path: Path) -> Scenario:
    """A scenario from a JSON or TOML file.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, FILE_WRONG_FORMAT (naming the edit and the field).
    """
    from citymains.model.decode import decode
    from citymains.model.scenario import Scenario

    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".toml":
            text = json.dumps(tomllib.loads(text), default=str)
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", file=str(path)) from error
    except ValueError as error:
        raise InputError("FILE_WRONG_FORMAT", file=path.name, limit="scenario", value=str(error)) from error
    return decode(text, Scenario, file=path.name)
