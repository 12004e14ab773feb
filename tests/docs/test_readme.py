"""The READMEs' code runs as it stands, and both say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
READMES = ["README.md", "README.zh-CN.md"]


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (REPOSITORY / name).read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("name", READMES)
def test_python_blocks_run(name: str, tmp_path: Path) -> None:
    for number, block in enumerate(blocks(name, "python")):
        script = tmp_path / f"block_{number}.py"
        script.write_text(block, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert "VALID epanet EPANET 2.3" in done.stdout


@pytest.mark.parametrize("name", READMES)
def test_shell_blocks_name_commands_that_exist(name: str) -> None:
    targets = set(re.findall(r"^(\w+):.*##", (REPOSITORY / "Makefile").read_text(), re.MULTILINE))
    for block in blocks(name, "bash"):
        for line in block.splitlines():
            words = line.partition("#")[0].split()
            if words[:1] == ["make"]:
                assert words[1] in targets
            elif words[:1] == ["citymains"]:
                command = words[1:3] if words[1] != "serve" else words[1:2]
                done = subprocess.run(
                    [sys.executable, "-m", "citymains.cli.main", *command, "--help"],
                    capture_output=True,
                    text=True,
                    timeout=60,
                )
                assert done.returncode == 0, done.stderr


def test_both_languages_have_the_same_code_and_tables() -> None:
    def skeleton(name: str) -> list[str]:
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        return [line for line in re.findall(r"`[^`\n]+`", text) if "<" not in line and "path" not in line]

    english, chinese = (skeleton(name) for name in READMES)
    assert sorted(set(english)) == sorted(set(chinese))


@pytest.mark.parametrize(
    "page", sorted((REPOSITORY / "docs").rglob("*.md")) + [REPOSITORY / name for name in READMES]
)
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
