"""Compiled kernels are kept apart for every state of the sources."""

from __future__ import annotations

from pathlib import Path

import pytest
from citymains.engine_host import compiled


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An engine's package with one kernel."""
    folder = tmp_path / "own_engine"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "kernel.py").write_text("A = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv(compiled.VARIABLE, str(tmp_path / "cache"))
    compiled._state.cache_clear()
    return folder


def test_a_change_of_any_module_is_a_new_folder(package: Path, tmp_path: Path) -> None:
    before = compiled.cache_folder("own_engine.solver:Engine")
    assert before.parent == tmp_path / "cache"
    compiled._state.cache_clear()
    assert compiled.cache_folder("own_engine.solver:Engine") == before
    (package / "kernel.py").write_text("A = 2\n")
    compiled._state.cache_clear()
    assert compiled.cache_folder("own_engine.solver:Engine") != before


def test_the_kernels_all_share_count_too(package: Path) -> None:
    del package
    assert compiled.cache_folder("own_engine.solver:Engine") != compiled.cache_folder("citymains.none:Engine")
