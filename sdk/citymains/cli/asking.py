"""Asking one question from the command line: here or on a server, with progress, deadline and Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from citymains.cli.language import said
from citymains.cli.progress import progress
from citymains.errors import InputError
from citymains.question import Question, Shape

if TYPE_CHECKING:
    from citymains.workbench import Workbench


@dataclass(frozen=True)
class Place:
    """Where a question is asked: in this process for a city, or on a server."""

    city: str | None = None
    server: str | None = None
    token: str | None = None
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None

    def open(self) -> Any:
        """The city, local or remote.

        Without a folder given, one with a ``city.toml`` in the working directory is the city.
        """
        if self.server:
            from citymains.wire.client import connect

            return connect(self.server, token=self.token, ca=self.ca, cert=self.cert, key=self.key)
        from citymains import cities

        if self.city:
            return cities.open(self.city)
        if Path("city.toml").is_file():
            return cities.open(".")
        from citymains.workbench import Workbench

        return cities.City("", Workbench())


@dataclass(frozen=True)
class Answered:
    """What came of a question."""

    answer: Any
    network: Any
    """The network the answer belongs to; None where there is none."""
    workbench: Workbench
    """Where the answer can be kept: the city's own, or this machine's for the answer of a server."""


def ask(
    place: Place, utility: str, question: Question, arguments: dict[str, Any], timeout_s: float | None
) -> Answered:
    """Ask.

    Raises
    ------
    CitymainsError
        Whatever the question raises.
    """
    from citymains.call import Call
    from citymains.workbench import Workbench

    with progress(said("计算中", "working")) as report:
        city = place.open()
        face = getattr(city, utility) if place.server else city.utility(utility)
        call = Call(timeout_s=timeout_s, on_progress=report)
        with call.active():
            network = _network(city, face, utility, arguments, remote=bool(place.server))
            try:
                answer = _answer(face, question, arguments, report)
            except KeyboardInterrupt:
                call.cancel()
                raise
    return Answered(answer, network, Workbench() if place.server else city.workbench)


def _network(city: Any, face: Any, utility: str, arguments: dict[str, Any], *, remote: bool) -> Any:
    """Load what ``net`` names, so that the map can be drawn from it too."""
    if "net" not in arguments:
        return None
    given = arguments["net"]
    if given is None:
        if not getattr(city, "own_networks", None):
            raise InputError("ARGUMENT_MISSING", field="NET")
        network = city.network(utility)
    elif remote:
        network = given if given.startswith("networks/") else face.load(given)
    else:
        network = face.network(given)
    arguments["net"] = network
    return None if isinstance(network, str) else network


def _answer(face: Any, question: Question, arguments: dict[str, Any], report: Any) -> Any:
    answer = getattr(face, question.name)(**arguments)
    if question.shape is not Shape.LONG:
        return answer
    try:
        for done, text in answer.watch():
            report(done, text)
        return answer.result()
    except KeyboardInterrupt:
        answer.cancel()
        raise


def records(question: Question, answer: Any) -> Iterator[Any]:
    """The records of an answer: one, or as many as a stream has."""
    if question.shape in (Shape.WATCH, Shape.DUPLEX):
        yield from answer
    else:
        yield answer
