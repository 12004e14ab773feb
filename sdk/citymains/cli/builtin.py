"""The frame's own commands: demo, serve, plugins, rules, report, templates, study, version."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

#: Names no plugin's command may take.
NAMES = frozenset({"demo", "serve", "plugins", "rules", "report", "templates", "study", "version"})
_STUDY = ("run", "list", "show", "watch", "resume", "cancel")

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


def add_commands(app: typer.Typer, named: str, panel: str) -> None:
    """Add the frame's commands; groups are built in full where the arguments name them."""
    app.command("demo", rich_help_panel=panel)(demo)
    app.command("serve", rich_help_panel=panel)(serve)
    app.command("report", rich_help_panel=panel)(report)
    app.command("templates", rich_help_panel=panel)(templates)
    app.add_typer(_plugins_app(), name="plugins", rich_help_panel=panel)
    app.add_typer(_rules_app(named), name="rules", rich_help_panel=panel)
    app.add_typer(_study_app(named), name="study", rich_help_panel=panel)
    app.command("version", rich_help_panel=panel)(version)


def demo(
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the report and the Excel files.")
    ] = Path("demo-report"),
    scale: Annotated[
        int, typer.Option("--scale", min=1, max=50, help="How many times as many street blocks.")
    ] = 1,
) -> None:
    """Calculate the four networks of a town, say what was found, write a report. 演示:一座城市的四张管网。"""
    from citymains.cli.progress import progress
    from citymains.demo.run import run_demo

    with progress("demo") as report_progress:
        answer = run_demo(out, scale=scale, say=typer.echo, progress=report_progress)
    if answer.failures:
        from citymains.cli.faults import exit_code

        raise typer.Exit(exit_code(answer.failures[0]))


def serve(
    what: Annotated[
        list[str], typer.Argument(metavar="UTILITY", help="water, gas, heating, drainage, city or all.")
    ],
    host: Annotated[
        str, typer.Option(help="Address to listen on; anything but loopback needs TLS and a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 50051,
    tls_cert: Annotated[
        Path | None, typer.Option(help="Certificate chain of the server, a PEM file.")
    ] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its private key, a PEM file.")] = None,
    client_ca: Annotated[
        Path | None, typer.Option(help="Ask clients for a certificate of this authority.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(envvar="CITYMAINS_TOKEN", help="Token clients must send.")
    ] = None,
    database: Annotated[
        str | None, typer.Option(envvar="CITYMAINS_DATABASE", help="SQLAlchemy URL of the store.")
    ] = None,
) -> None:
    """Serve questions by gRPC, with health and reflection. 启动 gRPC 服务。"""
    from citymains.cli.serving import serve_faces

    serve_faces(
        what,
        host=host,
        port=port,
        tls_cert=tls_cert,
        tls_key=tls_key,
        client_ca=client_ca,
        token=token,
        database=database,
    )


def report(
    result: Annotated[
        str,
        typer.Argument(metavar="RESULT", help="A report id or a JSON file from --json or --out FILE.json."),
    ],
    out: Annotated[
        list[Path],
        typer.Option(
            "--out", metavar="FILE", help=".html, .xlsx, .gpkg, .geojson or .json; may be repeated."
        ),
    ],
    network: Annotated[
        str | None, typer.Option(help="Network to draw on, where the local store does not have it.")
    ] = None,
    title: Annotated[str, typer.Option(help="Heading of an HTML report.")] = "",
) -> None:
    """Write a result as a map, a table or a page. 将结果输出为报告。"""
    from citymains.cli.output import check_targets, write_record, written
    from citymains.report.html import write_html
    from citymains.report.map import network_of
    from citymains.report.result import read_result

    check_targets(out)
    record = read_result(result)
    drawn_on = network_of(record, network) if network else None
    for target in out:
        if target.suffix.lower() == ".html":
            with written(target) as part:
                write_html(record, part, title, networks=() if drawn_on is None else (drawn_on,))
        else:
            write_record(record, target, drawn_on)
        typer.echo(str(target))


def templates(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")],
    kind: Annotated[
        list[str] | None, typer.Option("--kind", help="Kind of dataset; may be repeated; default: every one.")
    ] = None,
) -> None:
    """Write empty tables of datasets to fill in: .xlsx with explanations, and .csv. 数据模板。"""
    from citymains.intake.ledger_kinds import ledger_kind, ledger_kinds, register_kinds_of
    from citymains.plugins.manager import plugin_manager

    register_kinds_of(plugin_manager().utilities().values())
    chosen = [ledger_kind(name) for name in kind or sorted(ledger_kinds())]
    out.mkdir(parents=True, exist_ok=True)
    for one in chosen:
        one.write_template(out / f"{one.name}.xlsx")
        # The byte order mark makes spreadsheet programs read the file as UTF-8.
        (out / f"{one.name}.csv").write_text(",".join(one.names) + "\n", encoding="utf-8-sig")
        typer.echo(f"{one.name}: {one.description}")


def version() -> None:
    """Print the version. 版本。"""
    from citymains._version import __version__

    typer.echo(f"citymains {__version__}")


def _plugins_app() -> typer.Typer:
    app = typer.Typer(help="插件 Installed plugins: list and check them.", no_args_is_help=True)

    @app.command("list")
    def list_plugins(as_json: Json = False) -> None:
        """Every plugin found, loaded or not, and why not. 列出全部插件。"""
        from citymains.cli.plugins import print_plugins

        print_plugins(as_json=as_json)

    @app.command("check")
    def check_plugins(as_json: Json = False) -> None:
        """Load every plugin and import what it refers to; exit with 2 if any fails. 检查插件。"""
        from citymains.cli.plugins import check_installed

        if not check_installed(as_json=as_json):
            raise typer.Exit(2)

    return app


def _rules_app(named: str) -> typer.Typer:
    app = typer.Typer(
        help="规则包 Rule packs: what applies where and when, and their own cases.", no_args_is_help=True
    )
    if named == "rules":
        from citymains.cli.rules import add_rule_commands

        add_rule_commands(app)
    return app


def _study_app(named: str) -> typer.Typer:
    app = typer.Typer(
        help="批量情景 Studies of many scenarios (in the contract, not built yet 尚未实现).",
        no_args_is_help=True,
    )
    if named == "study":
        from citymains.cli.questions import add_planned

        for name in _STUDY:
            add_planned(app, name, f"study {name}")
    return app
