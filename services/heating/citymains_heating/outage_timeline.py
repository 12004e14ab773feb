"""What holds when: a scenario with times, cut into periods in which nothing changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from citymains.errors import InputError
from citymains.model.scenario import Burst, Close, Edit, Lose, ScaleDemand, Scenario, SetControl

#: Edits the question takes.
SUPPORTED: tuple[type, ...] = (Close, Lose, ScaleDemand, SetControl, Burst)

#: Later than anything that can be asked.
_FOREVER_S = 1e12

Isolated: TypeAlias = Mapping[str, Sequence[str]]
"""Links that are shut to isolate each burst pipe."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A period in which nothing changes.

    Attributes
    ----------
    start_s, end_s : float
    edits : Scenario
        What the engine is given, without times.
    leaks : mapping of str to float
        Diameter of the hole by pipe [mm].
    unheated : frozenset of str
        Plants whose pump runs and whose heat is lost.
    isolated : frozenset of str
        Links of burst pipes' segments, shut and drained.
    """

    start_s: float
    end_s: float
    edits: Scenario
    leaks: Mapping[str, float]
    unheated: frozenset[str]
    isolated: frozenset[str] = frozenset()


def stretches(
    scenario: Scenario, duration_s: float, isolated: Isolated, isolate_after_s: float, plants: frozenset[str]
) -> list[Stretch]:
    """Cut the time of a question into stretches.

    Parameters
    ----------
    scenario : Scenario
    duration_s : float
    isolated : mapping of str to sequence of str
    isolate_after_s : float
        From a burst until it is isolated.
    plants : frozenset of str
        Ids of the plants, which as lost *sources* lose their heat and go on pumping.

    Raises
    ------
    InputError
        ARGUMENT_INVALID: an end before its start, or a start that is negative.
    """
    _check(scenario)
    times = {0.0, duration_s, *scenario.change_times_s()}
    for burst in bursts(scenario):
        times.add((burst.start_s or 0.0) + isolate_after_s)
    cuts = sorted(time for time in times if 0.0 <= time <= duration_s)
    return [
        _stretch(scenario, start, end, isolated, isolate_after_s, plants) for start, end in pairwise(cuts)
    ]


def bursts(scenario: Scenario) -> list[Burst]:
    """The bursts of a scenario."""
    return [edit for edit in scenario.edits if isinstance(edit, Burst)]


def check_bursts(scenario: Scenario, inner_diameter_mm: Mapping[str, float]) -> None:
    """Refuse bursts of pipes that are not there, twice of one pipe, or with holes that do not fit.

    Raises
    ------
    InputError
        SCENARIO_UNKNOWN_ELEMENT, ARGUMENT_INVALID.
    """
    seen: set[str] = set()
    for burst in bursts(scenario):
        largest = inner_diameter_mm.get(burst.pipe)
        if largest is None:
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field="pipe", value=burst.pipe, element=burst.pipe)
        if burst.pipe in seen:
            raise InputError("ARGUMENT_INVALID", field="pipe", value=burst.pipe, limit="one burst per pipe")
        if not 0.0 < burst.diameter_mm <= largest:
            raise InputError(
                "ARGUMENT_INVALID", field="diameter_mm", value=burst.diameter_mm, limit=f"> 0, <= {largest:g}"
            )
        seen.add(burst.pipe)


def _check(scenario: Scenario) -> None:
    for edit in scenario.edits:
        start, end = getattr(edit, "start_s", None), getattr(edit, "end_s", None)
        if start is not None and not 0.0 <= start < _FOREVER_S:
            raise InputError("ARGUMENT_INVALID", field="start_s", value=start, limit=">= 0")
        if end is not None and not (start or 0.0) < end < _FOREVER_S:
            raise InputError("ARGUMENT_INVALID", field="end_s", value=end, limit=f"> {start or 0.0:g}")


def _stretch(
    scenario: Scenario,
    start_s: float,
    end_s: float,
    isolated: Isolated,
    isolate_after_s: float,
    plants: frozenset[str],
) -> Stretch:
    edits: list[Edit] = []
    leaks: dict[str, float] = {}
    unheated: set[str] = set()
    drained: set[str] = set()
    for edit in scenario.in_force(start_s).edits:
        if isinstance(edit, Burst):
            if start_s < (edit.start_s or 0.0) + isolate_after_s:
                leaks[edit.pipe] = edit.diameter_mm
            else:
                drained |= set(isolated.get(edit.pipe, ()))
                edits.append(Close(pipes=tuple(isolated.get(edit.pipe, ()))))
        elif isinstance(edit, Lose):
            unheated |= plants.intersection(edit.sources)
            edits.append(
                replace(
                    edit,
                    sources=tuple(one for one in edit.sources if one not in plants),
                    start_s=None,
                    end_s=None,
                )
            )
        elif isinstance(edit, Close):
            edits.append(replace(edit, start_s=None, end_s=None))
        else:
            edits.append(edit)
    return Stretch(
        start_s=start_s,
        end_s=end_s,
        edits=Scenario(tuple(edits)),
        leaks=leaks,
        unheated=frozenset(unheated),
        isolated=frozenset(drained),
    )
