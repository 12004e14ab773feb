"""The command line with a utility of our own beside the installed ones."""

from __future__ import annotations

import importlib.util
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from citymains.plugins import manager
from citymains.plugins.loading import Candidate, installed_plugins
from citymains.plugins.markers import hookimpl
from citymains.plugins.records import CommandRecord, UtilityRecord


@dataclass
class Said:
    """What one call said."""

    code: int
    out: str
    err: str


def _load_sketch() -> None:
    spec = importlib.util.spec_from_file_location("citymains_sketch", Path(__file__).with_name("sketch.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["citymains_sketch"] = module
    spec.loader.exec_module(module)


def _plugin() -> types.ModuleType:
    plugin = types.ModuleType("sketch_plugin")

    @hookimpl
    def citymains_utilities() -> list[UtilityRecord]:
        return [
            UtilityRecord(name="sketch", face="citymains_sketch:Sketch", title_en="Sketch", title_zh="草图")
        ]

    @hookimpl
    def citymains_commands() -> list[CommandRecord]:
        def greet(name: str) -> None:
            """Greet somebody."""
            print(f"hello {name}")

        return [
            CommandRecord(name="greet", command=greet, summary="Greet somebody."),
            CommandRecord(name="water", command=greet, summary="Would hide a utility."),
            CommandRecord(name="broken", command="no_such_module:main", summary="Not there."),
        ]

    plugin.citymains_utilities = citymains_utilities  # type: ignore[attr-defined]
    plugin.citymains_commands = citymains_commands  # type: ignore[attr-defined]
    return plugin


@pytest.fixture(autouse=True)
def _sketch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    _load_sketch()
    plugin = _plugin()
    candidates = [*installed_plugins(), Candidate("sketch", "1.0", "citymains-sketch", lambda: plugin)]
    monkeypatch.setattr(manager, "_MANAGER", manager.PluginManager(candidates))
    monkeypatch.setenv("CITYMAINS_LANG", "en")
    monkeypatch.delenv("CITYMAINS_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)
    yield
    sys.modules.pop("citymains_sketch", None)


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Call the command line in this process."""
    from citymains.cli.main import main

    def run(*arguments: str) -> Said:
        capsys.readouterr()
        code = main(list(arguments))
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return run


@pytest.fixture
def net(tmp_path: Path) -> str:
    """A model file of three nodes."""
    path = tmp_path / "net.txt"
    path.write_text("甲 0 0\n乙 100 0\n丙 100 50\n", encoding="utf-8")
    return str(path)
