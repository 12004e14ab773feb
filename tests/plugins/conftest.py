"""Plugins that are installed as far as Python can tell: a module and its distribution's metadata on the path."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """``install(distribution, code, name=..., version=...)`` puts one plugin on the path of this process."""
    monkeypatch.delenv("CITYMAINS_PLUGINS", raising=False)
    monkeypatch.syspath_prepend(str(tmp_path))
    modules: list[str] = []

    def put(distribution: str, code: str, *, name: str = "", version: str = "1.0") -> None:
        module = f"{distribution.replace('-', '_')}_plugin"
        modules.append(module)
        (tmp_path / f"{module}.py").write_text(textwrap.dedent(code), encoding="utf-8")
        metadata = tmp_path / f"{distribution.replace('-', '_')}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n"
        )
        (metadata / "entry_points.txt").write_text(f"[citymains]\n{name or distribution} = {module}\n")

    yield put
    for module in modules:
        sys.modules.pop(module, None)
