"""The command tree, built as far as one call needs it.

Importing a utility's face costs numpy; help does not need it. So only the group that the
arguments name is built in full, and every other one is its name and its title.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from citymains.cli import builtin
from citymains.cli.language import said

if TYPE_CHECKING:
    from citymains.plugins.manager import PluginManager

_UTILITIES, _FRAME, _PLUGINS = "专业 Utilities", "工具 Tools", "插件 Plugins"

_HELP = """A city's water, gas, heating and drainage, calculated as one network. 一张网。

[bold]citymains demo[/]  four networks of a town, calculated and drawn

[bold]citymains water pressure Net3 --out map.html[/]  an answer as a map

[bold]citymains water validate model.inp[/]  everything wrong with a file, by line

Exit codes: 0 done, 1 not within limits (with --check), 2 bad input, 3 solver failure, 4 not found, 5 internal.
"""


def build_app(arguments: Sequence[str]) -> typer.Typer:
    """The application for these arguments.

    Raises
    ------
    PluginError
        The arguments name a command of a plugin that failed to load.
    """
    from citymains.plugins.manager import plugin_manager

    app = typer.Typer(
        name="citymains",
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    named = next((one for one in arguments if not one.startswith("-")), "")
    plugins = plugin_manager()
    _add_utilities(app, plugins, named)
    builtin.add_commands(app, named, _FRAME)
    _add_plugin_commands(app, plugins, named)
    return app


def _show_version(wanted: bool) -> None:
    if wanted:
        builtin.version()
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_show_version)
    ] = False,
    lang: Annotated[
        str | None, typer.Option("--lang", metavar="zh|en", help="Language; the default follows LANG.")
    ] = None,
) -> None:
    if lang is not None:
        # A language citymains speaks was taken out of the arguments before they were parsed.
        raise typer.BadParameter("zh | en", param_hint="--lang")


def _add_utilities(app: typer.Typer, plugins: PluginManager, named: str) -> None:
    for name, record in plugins.utilities().items():
        title = f"{record.title_zh} {record.title_en}".strip() or name
        if name != named:
            app.add_typer(typer.Typer(help=title), name=name, help=title, rich_help_panel=_UTILITIES)
            continue
        from citymains.cli.questions import face_app
        from citymains.utility import PLANNED

        planned = PLANNED[""] | PLANNED.get(name, frozenset())
        group = face_app(record.load_face(), name, title, planned)
        app.add_typer(group, name=name, rich_help_panel=_UTILITIES)
    if named and named in {one.name for one in plugins.installed() if one.status == "failed"}:
        from citymains.plugins.records import UtilityRecord

        plugins.select(UtilityRecord, named)


def _add_plugin_commands(app: typer.Typer, plugins: PluginManager, named: str) -> None:
    from citymains.plugins.records import CommandRecord, load_reference

    taken = {*plugins.utilities(), *builtin.NAMES}
    for name, record in plugins.records(CommandRecord).items():
        if name in taken:
            continue
        text = record.summary or said(record.title_zh, record.title_en)
        if name != named:
            app.add_typer(typer.Typer(help=text), name=name, help=text, rich_help_panel=_PLUGINS)
            continue
        try:
            command = load_reference(record.command)
        except Exception as error:
            from citymains.errors import PluginError

            raise PluginError(
                value=name, field="citymains_commands", limit=f"{type(error).__name__}: {error}"
            ) from error
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name, help=text, rich_help_panel=_PLUGINS)
        else:
            app.command(name, help=text, rich_help_panel=_PLUGINS)(command)
