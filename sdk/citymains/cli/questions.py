"""Commands of a utility, made from its questions: no question has a command written by hand."""

from __future__ import annotations

import inspect
import sys
import typing
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Annotated, Any

import typer

from citymains.cli.arguments import MODEL_ARGUMENTS, Taken, plain_help, taken
from citymains.cli.asking import Place, ask, records
from citymains.cli.faults import BAD_INPUT, NOT_WITHIN_LIMITS
from citymains.cli.keeping import keep_answer
from citymains.cli.lines import json_lines
from citymains.cli.output import check_targets, print_json, print_record, write_record
from citymains.cli.scenario import NAMES as SCENARIO_NAMES
from citymains.cli.scenario import OPTIONS as SCENARIO_OPTIONS
from citymains.cli.scenario import scenario_of
from citymains.errors import InputError, NotBuiltError
from citymains.question import Face, Question, Shape, questions

_OUTPUT, _WHERE, _LATER = "输出 Output", "何处计算 Where", "尚未实现 Not built yet"


#: How a question that takes a stream is asked from here.
_STREAM_HELP = "One JSON object a line on standard input, with the fields of the RPC's items; one answer for each, as it comes."


def _option(name: str, annotation: Any, default: Any, **how: Any) -> inspect.Parameter:
    flags = how.pop("flags", ("--" + name.replace("_", "-"),))
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=default,
        annotation=Annotated[annotation, typer.Option(*flags, **how)],
    )


def _common_options() -> tuple[inspect.Parameter, ...]:
    return (
        _option(
            "as_json",
            bool,
            False,
            flags=("--json",),
            help="Print the canonical JSON of the record and nothing else.",
            rich_help_panel=_OUTPUT,
        ),
        _option(
            "out",
            list[Path] | None,
            None,
            metavar="FILE",
            rich_help_panel=_OUTPUT,
            help="Write a file: .xlsx, .html, .geojson, .gpkg or .json; may be repeated.",
        ),
        _option(
            "check",
            bool,
            False,
            flags=("--check",),
            rich_help_panel=_OUTPUT,
            help="Exit with 1 if the verdict is not VALID or an element does not keep its limit.",
        ),
        _option(
            "store",
            bool,
            True,
            flags=("--store/--no-store",),
            envvar="CITYMAINS_STORE",
            rich_help_panel=_OUTPUT,
            help="Keep the answer under an id, which is said on stderr, for `report` and `compare`.",
        ),
        _option(
            "city",
            str | None,
            None,
            metavar="DIR",
            rich_help_panel=_WHERE,
            help="Folder with a city.toml, or `demo`; the default is the working directory if it has one.",
        ),
        _option(
            "server",
            str | None,
            None,
            metavar="TARGET",
            envvar="CITYMAINS_SERVER",
            rich_help_panel=_WHERE,
            help="Ask a server instead, as in dns:///host:50051.",
        ),
        _option(
            "token",
            str | None,
            None,
            envvar="CITYMAINS_TOKEN",
            rich_help_panel=_WHERE,
            help="Token of the server.",
        ),
        _option(
            "ca",
            Path | None,
            None,
            envvar="CITYMAINS_CA",
            rich_help_panel=_WHERE,
            help="Certificate authority of the server, a PEM file.",
        ),
        _option(
            "cert",
            Path | None,
            None,
            envvar="CITYMAINS_CERT",
            rich_help_panel=_WHERE,
            help="Own certificate, for a server that asks for one; a PEM file.",
        ),
        _option(
            "key",
            Path | None,
            None,
            envvar="CITYMAINS_KEY",
            rich_help_panel=_WHERE,
            help="Its private key, a PEM file.",
        ),
        _option(
            "timeout",
            float | None,
            None,
            metavar="SECONDS",
            rich_help_panel=_WHERE,
            help="Give up after so many seconds.",
        ),
    )


_COMMON = frozenset(parameter.name for parameter in _common_options())


def face_app(face: type[Face], name: str, title: str, planned: frozenset[str]) -> typer.Typer:
    """The commands of one utility."""
    app = typer.Typer(
        name=name, help=f"{title}. RESULT tables and maps go to --out; see docs/cli.md.", no_args_is_help=True
    )
    built = questions(face)
    for question in built.values():
        app.command(question.name.replace("_", "-"), help=_help(question))(question_command(name, question))
    for later in sorted(planned - set(built)):
        add_planned(app, later, f"{name} {later}")
    return app


def add_planned(app: typer.Typer, name: str, title: str) -> None:
    """A command that says it is in the contract and not built yet."""

    def command() -> None:
        raise NotBuiltError(value=title)

    app.command(
        name.replace("_", "-"),
        help="In the contract, not built yet. 已列入接口约定,尚未实现。",
        rich_help_panel=_LATER,
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    )(command)


def _help(question: Question) -> str:
    doc = inspect.getdoc(question.function) or question.summary
    if question.shape is Shape.DUPLEX:
        doc = doc.replace("\n\n", f"\n\n{_STREAM_HELP}\n\n", 1)
    # Up to the first numpydoc section; the parameters stand with the options.
    lines = doc.splitlines()
    underline = next((i for i, line in enumerate(lines) if line.startswith("---")), len(lines) + 1)
    paragraphs = "\n".join(lines[: underline - 1]).strip().split("\n\n")
    # Lines are broken again at the terminal's width.
    return plain_help("\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs))


def question_command(utility: str, question: Question) -> Callable[..., None]:
    """The function typer makes a command of."""
    arguments: dict[str, Taken] = {}
    has_scenario = False
    required = {parameter.name for parameter in question.parameters if parameter.required}
    for parameter in question.parameters[1 if question.shape is Shape.DUPLEX else 0 :]:
        if parameter.name == "scenario":
            has_scenario = True
        elif (one := taken(question, parameter)) is not None:
            arguments[parameter.name] = one

    def command(**given: Any) -> None:
        common = {name: given.pop(name) for name in _COMMON}
        scenario = {name: given.pop(name) for name in list(given) if has_scenario and name in SCENARIO_NAMES}
        asked = {
            name: _converted(arguments[name], value)
            for name, value in given.items()
            if value is not None or (name in MODEL_ARGUMENTS and name in required)
        }
        if has_scenario and (edits := scenario_of(scenario)) is not None:
            asked["scenario"] = edits
        elif "scenario" in required:
            raise InputError("ARGUMENT_MISSING", field="--close, --lose-pump, --burst, --draw or --scenario")
        run_question(utility, question, asked, common)

    parameters = [
        _optional_net(one.parameter) if name == "net" and name in required else one.parameter
        for name, one in arguments.items()
    ]
    if has_scenario:
        parameters.extend(SCENARIO_OPTIONS)
    parameters.extend(_common_options())
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {}
    command.__name__ = question.name
    return command


def _optional_net(parameter: inspect.Parameter) -> inspect.Parameter:
    """A city with networks of its own answers without NET."""
    info = typer.Argument(
        metavar="NET",
        show_default=False,
        help="A model file, the name of a bundled network, or the id of a loaded one; the default is the city's own.",
    )
    return parameter.replace(default=None, annotation=Annotated[str | None, info])


def _converted(one: Taken, value: Any) -> Any:
    return None if value is None else one.convert(value)


def run_question(utility: str, question: Question, asked: dict[str, Any], common: dict[str, Any]) -> None:
    """Ask, print, write; leaves with an exit code where the answer calls for one."""
    targets: list[Path] = common["out"] or []
    check_targets(targets)
    if common["timeout"] is not None and not common["timeout"] > 0:
        raise InputError("ARGUMENT_INVALID", field="--timeout", value=common["timeout"], limit="> 0")
    place = Place(**{one.name: common[one.name] for one in fields(Place)})
    if question.shape is Shape.DUPLEX:
        stream = question.parameters[0]
        asked[stream.name] = json_lines(sys.stdin, typing.get_args(stream.type)[0])
    answered = ask(place, utility, question, asked, common["timeout"])
    code = 0
    for record in records(question, answered.answer):
        for target in targets:
            write_record(record, target, answered.network)
        if common["as_json"]:
            print_json(record)
        else:
            print_record(record, answered.network)
            for target in targets:
                typer.echo(str(target))
        sys.stdout.flush()  # who waits for the answers of a stream waits for each of them
        if common["store"] and question.shape is not Shape.DUPLEX:
            keep_answer(record, answered.workbench)
        code = code or _code(record, check=common["check"])
    if code:
        raise typer.Exit(code)


def _code(record: Any, *, check: bool) -> int:
    """2 where a validated file is bad; 1 where ``--check`` finds a limit not kept; else 0."""
    if getattr(record, "error_count", 0):
        return BAD_INPUT
    exceeded = any(one.element and (one.limit is not None or one.article) for one in record.findings)
    return NOT_WITHIN_LIMITS if check and (exceeded or record.verdict.value != "VALID") else 0
