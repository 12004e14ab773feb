"""What a plan is held against: the model's own rule in the engine, and simple policies under command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from citymains.engine_host.client import EngineHost
from citymains.engine_host.session import Session
from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from citymains.model.scenario import Scenario

from citymains_drainage.control.commands import Commands
from citymains_drainage.control.outcome import Outcome, outcome_of
from citymains_drainage.control.policies import ALL_OFF, ALL_ON, EQUAL_FILLING, NATIVE, RULE
from citymains_drainage.control.session import plain
from citymains_drainage.control_setup import ControlSetup
from citymains_drainage.engine_input import engine_input
from citymains_drainage.options import ModelOptions

#: Policies that stand beside every plan.
POLICIES = (RULE, EQUAL_FILLING, ALL_OFF, ALL_ON)


@dataclass(frozen=True, eq=False)
class Baseline:
    """One of them: its outcome, and for the native rule its trace."""

    policy: str
    outcome: Outcome
    trace: Mapping[str, Any] | None = None


def native_rule(
    engines: EngineHost,
    document: InpDocument,
    options: ModelOptions,
    setup: ControlSetup,
    *,
    scenario: Scenario,
    hours: float,
    until_s: float,
    element: str,
) -> Baseline:
    """The model's own levels and rules, in the engine, watched and not commanded."""
    fed = engine_input(document, options, scenario=scenario, hours=hours)
    model = {"inp": fed.text, "flow_units": setup.flow_units, "control": plain(setup.engine_spec)}
    plan = Commands.follow(NATIVE, len(setup.spec.actuators))
    with engines.session("swmm", model, element=element) as session:
        answer = session.run({"do": "go", "plan": plan.tree(), "until_s": until_s})
    return Baseline(NATIVE, outcome_of(answer["outcome"]), answer["trace"])


def simple_policies(
    session: Session, names: Sequence[str], width: int, until_s: float, capacity: float
) -> list[Baseline]:
    """Policies followed from the session's present, in branches, under the true rain."""
    plans = [Commands.follow(name, width) for name in names]
    answer = session.run(
        {
            "do": "try",
            "plans": [one.tree() for one in plans],
            "rains": [None],
            "jobs": [[at, 0, capacity] for at in range(len(plans))],
            "until_s": until_s,
        }
    )
    return [
        Baseline(name, outcome_of(course["outcome"]))
        for name, course in zip(names, answer["courses"], strict=True)
    ]


def with_capacity(document: InpDocument, pumps: Sequence[str], share: float) -> InpDocument:
    """The document with pumps that deliver a share of their curves: each gets a scaled curve."""
    if share == 1.0:
        return document
    chosen = {fold_ascii(one) for one in pumps}
    curves = {
        fold_ascii(row.tokens[3])
        for row in document["PUMPS"]
        if fold_ascii(row.tokens[0]) in chosen and len(row.tokens) > 3
    }
    taken = {fold_ascii(row.tokens[0]) for row in document["CURVES"]}
    names: dict[str, str] = {}
    for number, curve in enumerate(sorted(curves), 1):
        name = f"CAPACITY{number}"
        while name in taken:
            name += "X"
        names[curve] = name

    def pump(row: InpRow) -> InpRow:
        if row.section != "PUMPS" or fold_ascii(row.tokens[0]) not in chosen or len(row.tokens) < 4:
            return row
        return replace(row, tokens=(*row.tokens[:3], names[fold_ascii(row.tokens[3])], *row.tokens[4:]))

    scaled = [
        (names[fold_ascii(row.tokens[0])], *_scaled(row.tokens[1:], share))
        for row in document["CURVES"]
        if fold_ascii(row.tokens[0]) in names
    ]
    return document.map_rows(pump).with_rows("CURVES", scaled)


def _scaled(words: Sequence[str], share: float) -> list[str]:
    """Words of a curve row, every second number scaled."""
    scaled, numbers = [], 0
    for word in words:
        value = read_number(word).value
        if value is None:
            scaled.append(word)
            continue
        numbers += 1
        scaled.append(repr(float(value) * share) if numbers % 2 == 0 else word)
    return scaled
