"""`citymains rules list`, `show` and `check`."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from citymains.cli.builtin import Json
from citymains.cli.language import said
from citymains.errors import InputError, NotFoundError

if TYPE_CHECKING:
    from citymains.rules.book import Resolved, RuleBook
    from citymains.rules.pack import RulePack


def add_rule_commands(app: typer.Typer) -> None:
    """Add the commands to their group."""
    app.command("list")(list_rules)
    app.command("show")(show_rules)
    app.command("check")(check_packs)


def list_rules(as_json: Json = False) -> None:
    """Every rule pack: where and from when it holds. 列出规则包。"""
    packs = _book().packs
    if as_json:
        typer.echo(json.dumps([_pack_plain(pack) for pack in packs], ensure_ascii=False, sort_keys=True))
        return
    for pack in packs:
        since = pack.effective_from.isoformat() if pack.effective_from else "-"
        where = ", ".join(pack.jurisdictions) or said("全国", "national")
        typer.echo(f"{pack.id}  {pack.kind}  {where}  {said('自', 'from')} {since}  {pack.source.document}")


def show_rules(
    name: Annotated[str, typer.Argument(help="A kind of rule (what holds), or a pack (what it says).")],
    jurisdiction: Annotated[
        str, typer.Option(help="Place, from the province down, as in 河南省/平顶山市.")
    ] = "",
    on: Annotated[str, typer.Option(help="Day, as in 2026-11-22; the default is today.")] = "",
    holder: Annotated[
        list[str] | None, typer.Option(help="Company or contract whose packs hold too; may be repeated.")
    ] = None,
    as_json: Json = False,
) -> None:
    """What holds at a place on a day, and which pack decided; or what one pack says. 查询规则。"""
    book = _book()
    pack = next((one for one in book.packs if name in (one.id, one.name)), None)
    if pack is not None:
        typer.echo(
            json.dumps(
                _pack_plain(pack),
                ensure_ascii=False,
                sort_keys=True,
                default=str,
                indent=None if as_json else 1,
            )
        )
        return
    kinds = sorted({one.kind for one in book.packs})
    name = name.replace("-", "_")
    if name not in kinds:
        raise NotFoundError(
            field="kind of rule or rule pack", value=f"{name} (kinds: {', '.join(kinds) or '-'})"
        )
    resolved = book.resolve(name, jurisdiction=jurisdiction, on=_day(on), holders=holder or ())
    if as_json:
        typer.echo(json.dumps(_resolved_plain(resolved), ensure_ascii=False, sort_keys=True, default=str))
    else:
        _print_resolved(resolved)


def check_packs(
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[FILE]...", help="Pack files; the default is every installed pack."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run every pack's own cases; exit with 2 if one fails or a pack is not valid. 运行规则包自带用例。"""
    from citymains.cli.output import print_json, print_record
    from citymains.rules.check import check_rules

    record = check_rules(_book_of(files) if files else _book())
    if as_json:
        print_json(record)
    else:
        print_record(record)
    if record.failed_count:
        raise typer.Exit(2)


def _book() -> RuleBook:
    from citymains.plugins.manager import plugin_manager
    from citymains.rules.book import RuleBook

    return RuleBook(plugin_manager().rule_packs())


def _book_of(files: Sequence[Path]) -> RuleBook:
    from citymains.plugins.records import RulePackRecord
    from citymains.rules.book import RuleBook

    missing = next((path for path in files if not path.is_file()), None)
    if missing is not None:
        raise InputError("FILE_NOT_FOUND", file=str(missing))
    # A record's name is lower-case ASCII; a file may be called anything.
    return RuleBook(
        RulePackRecord(
            name=re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-") or f"pack-{index}", path=path
        )
        for index, path in enumerate(files)
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError as error:
        raise InputError("ARGUMENT_INVALID", field="--on", value=text, limit="2026-11-22") from error


def _pack_plain(pack: RulePack) -> dict[str, Any]:
    return {
        "id": pack.id,
        "kind": pack.kind,
        "layer": pack.layer.text,
        "jurisdictions": list(pack.jurisdictions),
        "holder": pack.holder,
        "effective_from": _iso(pack.effective_from),
        "effective_to": _iso(pack.effective_to),
        "document": pack.source.document,
        "article": pack.source.article,
        "confidence": pack.source.confidence,
        "values": {name: _plain(value) for name, value in pack.values.items()},
        "case_count": len(pack.cases),
        "file": pack.file,
    }


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float | str | list | dict) else str(value)


def _resolved_plain(resolved: Resolved) -> dict[str, Any]:
    return {
        "kind": resolved.kind,
        "jurisdiction": resolved.jurisdiction,
        "on": resolved.on.isoformat(),
        "applied": list(resolved.applied),
        "fields": {
            name: {
                "value": _plain(one.value),
                "layer": one.layer,
                "pack": one.pack,
                "document": one.document,
                "article": one.article,
                "overruled": [[pack, _plain(value)] for pack, value in one.overruled],
            }
            for name, one in resolved.fields.items()
        },
        "not_applied": [
            {"pack": one.pack, "code": one.code, "reason": one.reason_en, "reason_zh": one.reason_zh}
            for one in resolved.not_applied
        ],
    }


def _print_resolved(resolved: Resolved) -> None:
    typer.echo(
        f"{resolved.kind}  {resolved.jurisdiction or said('全国', 'national')}  {resolved.on.isoformat()}"
    )
    for name, one in resolved.fields.items():
        typer.echo(f"  {name} = {_plain(one.value)}  {one.text}  [{one.pack}, {one.confidence}]")
        for pack, value in one.overruled:
            typer.echo(f"    {said('未采用', 'overruled')}: {_plain(value)}  [{pack}]")
    for other in resolved.not_applied:
        typer.echo(
            f"  {said('不适用', 'not applied')}: {other.pack}  {said(other.reason_zh, other.reason_en)}"
        )
