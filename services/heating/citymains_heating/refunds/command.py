"""``citymains heat-statement``: what one user is sent, from a settlement that was kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def statement(
    result: Annotated[
        str, typer.Argument(metavar="RESULT", help="A settlement's id, reports/…, or a JSON file of it.")
    ],
    user: Annotated[str, typer.Argument(metavar="USER", help="Account number.")],
    out: Annotated[
        list[Path] | None, typer.Option("--out", metavar="FILE", help=".xlsx or .json; may be repeated.")
    ] = None,
) -> None:
    """Print one user's refund statement: every day with article and arithmetic. 用户退费单。"""
    from citymains.cli.language import chinese
    from citymains.cli.output import check_targets, write_record
    from citymains.errors import InputError
    from citymains.report.result import read_result

    from citymains_heating.refunds.report import RefundReport
    from citymains_heating.refunds.statement import statement_text

    check_targets(out or [])
    report = read_result(result)
    if not isinstance(report, RefundReport):
        raise InputError("ARGUMENT_INVALID", field="RESULT", value=result, limit="heating refunds")
    typer.echo(statement_text(report, user, chinese=chinese()), nl=False)
    for target in out or ():
        write_record(report.statement(user), target, None)
        typer.echo(str(target), err=True)
