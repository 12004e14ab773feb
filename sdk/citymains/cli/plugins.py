"""`citymains plugins list` and `check`."""

from __future__ import annotations

import json
from dataclasses import asdict

import typer

from citymains.cli.language import said
from citymains.plugins.loading import PluginStatus
from citymains.plugins.manager import plugin_manager
from citymains.plugins.records import load_reference


def print_plugins(*, as_json: bool) -> None:
    """Every plugin with its state."""
    found = plugin_manager().installed()
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False, sort_keys=True))
        return
    for one in found:
        _print(one)


def check_installed(*, as_json: bool) -> bool:
    """Import everything the records refer to; True where every plugin and every reference is good."""
    found, broken = plugin_manager().installed(), _broken_references()
    if as_json:
        plain = {"plugins": [asdict(one) for one in found], "broken": broken}
        typer.echo(json.dumps(plain, ensure_ascii=False, sort_keys=True))
    else:
        for one in found:
            _print(one)
        for line in broken:
            typer.echo(f"{said('引用无效', 'broken reference')}: {line}")
    return not broken and all(one.status != "failed" for one in found)


def _broken_references() -> list[str]:
    from citymains.plugins.hookspecs import RECORDS

    broken = []
    for kind in RECORDS.values():
        for name, record in plugin_manager().records(kind).items():
            for field in record.REFERENCES:
                try:
                    load_reference(getattr(record, field))
                except Exception as error:
                    broken.append(f"{kind.__name__} {name}: {field}: {type(error).__name__}: {error}")
    return broken


def _print(one: PluginStatus) -> None:
    hooks = ", ".join(hook.removeprefix("citymains_") for hook in one.hooks)
    state = {
        "loaded": said("已加载", "loaded"),
        "blocked": said("已停用", "blocked"),
        "failed": said("失败", "failed"),
    }[one.status]
    parts = (f"{one.name} {one.version}".strip(), state, hooks, said(one.reason_zh, one.reason))
    typer.echo("  ".join(part for part in parts if part))
