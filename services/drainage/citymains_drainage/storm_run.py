"""One storm, many ways: a model with its rain, calculated as it is and with something lost, every answer checked."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.engine_host.session import Session
from citymains.errors import InputError, Issue, ResultRejectedError, SolverError, issue
from citymains.intake.inp import InpDocument
from citymains.model.network import Network
from citymains.model.scenario import Close, Lose, ScaleDemand, Scenario, StormEdit

from citymains_drainage.engine_input import EngineInput, engine_input
from citymains_drainage.network import parse_document
from citymains_drainage.options import ModelOptions, read_options
from citymains_drainage.rain import with_rain
from citymains_drainage.scenario_losses import with_losses
from citymains_drainage.storms.question import storm_of_edit
from citymains_drainage.storms.report import Storm

if TYPE_CHECKING:
    from citymains.utility import Utility

ENGINE: Final = "swmm"
#: How long a simulation goes on after a storm that is given to it [s].
AFTER_RAIN_S: Final = 4 * 3600.0

SUPPORTED_EDITS: Final = (Close, Lose, ScaleDemand, StormEdit)
#: Errors of the engine itself rather than of the model: memory, equation solving, files.
_ENGINE_FAILURES: Final = frozenset({0, 101, 102, 103, 104, 105, 107})


@dataclass(frozen=True, eq=False)
class StormCase:
    """A model with the rain and the time it is calculated for.

    Attributes
    ----------
    network : Network
    document : InpDocument
        The canonical document with its rain.
    options : ModelOptions
    storm : Storm, optional
        None: the model's own rain.
    hours : float, optional
        None: the model's own period.
    """

    network: Network
    document: InpDocument
    options: ModelOptions
    storm: Storm | None
    hours: float | None

    @property
    def duration_s(self) -> float:
        """Simulated time [s]."""
        return self.options.duration_s if self.hours is None else self.hours * 3600.0

    def fed(self, scenario: Scenario) -> EngineInput:
        """The engine's text under a scenario; its storm is in the case already.

        Raises
        ------
        InputError
            SCENARIO_UNKNOWN_ELEMENT, ARGUMENT_INVALID.
        """
        document, rest = with_losses(self.document, scenario)
        edits = Scenario(tuple(one for one in rest.edits if not isinstance(one, StormEdit)))
        return engine_input(document, self.options, scenario=edits, hours=self.hours)

    def provenance_options(self) -> dict[str, Any]:
        """What of it the provenance names."""
        return {
            "hours": "model" if self.hours is None else float(self.hours),
            "storm_sha256": "model" if self.storm is None else self.storm.data("hyetograph").sha256,
            "threads": 1,
        }


def storm_case(
    face: Utility,
    network: Network,
    storm: Storm | None,
    *,
    scenario: Scenario,
    hours: float | None,
    question: str,
) -> StormCase:
    """The case of a question's arguments.

    Raises
    ------
    InputError
        SCENARIO_UNSUPPORTED, SIMULATE_TWO_STORMS, ARGUMENT_INVALID.
    """
    scenario.require(question, SUPPORTED_EDITS)
    document = parse_document(face.document(network))
    options, _ = read_options(document)
    storm = chosen_storm(face, storm, scenario)
    if storm is not None:
        document = with_rain(document, options, storm.intensity_mm_per_h, storm.step_s)
        hours = (storm.duration_s + AFTER_RAIN_S) / 3600.0 if hours is None else hours
    _check_hours(hours, options)
    return StormCase(network, document, options, storm, hours)


class StormRuns(AbstractContextManager["StormRuns"]):
    """Simulations of a case, one after the other in one process; a new one when that has died.

    Parameters
    ----------
    face : Utility
    case : StormCase
    """

    def __init__(self, face: Utility, case: StormCase) -> None:
        self._face, self._case = face, case
        self._session: Session | None = None
        self.version = ""

    def __exit__(self, *_: object) -> None:
        self._close()

    def run(self, fed: EngineInput, case: StormCase | None = None) -> Mapping[str, Any]:
        """The checked answer to one text.

        Parameters
        ----------
        fed : EngineInput
        case : StormCase, optional
            What it was made from, where that is another than the runs' own.

        Raises
        ------
        InputError
            The engine refuses the model: every one of its errors, located.
        SolverError
            The engine crashed, ran out of time, or gave an incomplete answer.
        """
        case = case or self._case
        if self._session is None or self._session.over:
            self._close()
            engines = self._face.workbench.engines
            self._session = engines.session(ENGINE, {"inp": fed.text}, element=case.network.name)
        answer: Mapping[str, Any] = self._session.run({"inp": fed.text})
        self.version = self._session.engine_version
        _refuse(answer, fed, case.network.provenance.source_file)
        _check_answer(answer, fed, case.network, case.duration_s, case.options.report_step_s)
        return answer

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
            self._session = None


def chosen_storm(face: Utility, storm: Storm | None, scenario: Scenario) -> Storm | None:
    """The storm of an argument or of a scenario's edit; None: the model's own rain.

    Raises
    ------
    InputError
        SIMULATE_TWO_STORMS.
    """
    edits = [edit for edit in scenario.edits if isinstance(edit, StormEdit)]
    if len(edits) + (storm is not None) > 1:
        raise InputError("SIMULATE_TWO_STORMS", field="storm")
    return storm_of_edit(face, edits[0]) if edits else storm


def _check_hours(hours: float | None, options: ModelOptions) -> None:
    least = options.report_step_s / 3600.0
    if hours is not None and not least <= hours <= 24 * 366 * 100:
        raise InputError(
            "ARGUMENT_INVALID", field="hours", value=hours, limit=f"{least:g} .. {24 * 366 * 100}"
        )


def _refuse(answer: Mapping[str, Any], fed: EngineInput, file: str) -> None:
    """Raise what the engine said, located in the stored model."""
    errors = [one for one in answer["messages"] if one["level"] == "error"]
    if not errors:
        if "incomplete" in answer:
            raise ResultRejectedError(engine=ENGINE, value=answer["incomplete"])
        return
    own = [one for one in errors if one["code"] in _ENGINE_FAILURES or one["code"] >= 300]
    if own:
        raise SolverError(engine=ENGINE, value=f"{own[0]['code']}: {fed.told(own[0]['text'])}")
    raise InputError([_located(one, fed, file) for one in errors])


def _located(message: Mapping[str, Any], fed: EngineInput, file: str) -> Issue:
    element = fed.original(message["element"])
    section, line = fed.place(message["line"]) if message["line"] else fed.definitions.get(element, ("", 0))
    return issue(
        "DRAINAGE_ENGINE_REFUSED",
        file=file,
        line=line or None,
        section=section or message["section"],
        element=element,
        field=f"SWMM {message['code']}",
        value=fed.told(message["text"]),
    )


def _check_answer(
    answer: Mapping[str, Any], fed: EngineInput, network: Network, duration_s: float, report_step_s: float
) -> None:
    """What a finished run must show before its numbers count."""
    for kind, tables in (("nodes", _NODE_TABLES), ("links", _LINK_TABLES)):
        have = {fed.original(one) for one in answer[kind]["id"]}
        want = {one for table in network.tables if table.name in tables for one in table.texts("id")}
        if have != want:
            raise ResultRejectedError(engine=ENGINE, value=f"{kind} of the answer are not those of the model")
    numbers = [*answer["totals"].values(), *answer["runoff"].values()]
    columns = [
        values
        for kind in ("nodes", "links", "pumps", "outfalls")
        for name, values in answer[kind].items()
        if name != "id"
    ]
    if not (np.isfinite(numbers).all() and all(np.isfinite(one).all() for one in columns)):
        raise ResultRejectedError(engine=ENGINE, value="numbers that are not finite")
    levels = answer["levels"]
    last_s = float(levels["time_s"][-1])
    if last_s + report_step_s * levels["every"] < duration_s or not np.isfinite(levels["depth"]).all():
        raise ResultRejectedError(engine=ENGINE, value=f"levels end at {last_s:g} s of {duration_s:g} s")


_NODE_TABLES: Final = frozenset({"junctions", "outfalls", "dividers", "storages"})
_LINK_TABLES: Final = frozenset({"conduits", "pumps", "orifices", "weirs", "outlets"})
