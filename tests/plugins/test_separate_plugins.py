"""The plugins in plugins/ are packages of their own; their own tests run against this tree."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = sorted(path.parent for path in (ROOT / "plugins").glob("*/pyproject.toml"))
PUBLIC = {"citymains", "citymains.plugins.records", "citymains.testing"}


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


@pytest.mark.parametrize("folder", PLUGINS, ids=names(PLUGINS))
def test_its_own_tests_pass_without_installing_it(folder: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        "-c",
        os.devnull,
        "tests",
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("folder", PLUGINS, ids=names(PLUGINS))
def test_it_knows_only_public_names(folder: Path) -> None:
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            private = [name for name in modules if name.split(".")[0] == "citymains" and name not in PUBLIC]
            assert private == [], path


@pytest.mark.parametrize("folder", PLUGINS, ids=names(PLUGINS))
def test_its_entry_point_names_a_module_it_has(folder: Path) -> None:
    points = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "entry-points"
    ]["citymains"]
    for module in points.values():
        assert (folder / (module.replace(".", "/") + ".py")).is_file()
    assert (folder / "README.md").is_file()


@pytest.mark.campaign
@pytest.mark.parametrize("folder", PLUGINS, ids=names(PLUGINS))
def test_it_builds_installs_and_is_found(folder: Path, tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    pip = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-q",
        "--no-deps",
        "--target",
        str(tmp_path / "site"),
        str(folder),
    ]
    subprocess.run(pip, check=True, env=environment, timeout=280)
    code = (
        "from citymains.plugins.manager import plugin_manager\n"
        "print(*[(one.distribution, one.status) for one in plugin_manager().installed()])"
    )
    environment["PYTHONPATH"] = str(tmp_path / "site")
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert f"('{folder.name}', 'loaded')" in done.stdout
    packs = {path.name for path in folder.rglob("*.toml")} - {"pyproject.toml"}
    assert packs <= {path.name for path in (tmp_path / "site").rglob("*.toml")}, "the wheel lacks a rule pack"
