"""The Python of the pages about plugins, rules and the store runs as it stands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("page", ["plugins.md", "rules.md", "store.md"])
def test_python_blocks_run(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITYMAINS_HOME", str(tmp_path))
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), {"__name__": "page"})


def test_the_example_pack_is_valid() -> None:
    from citymains.plugins.records import RulePackRecord
    from citymains.rules.book import RuleBook
    from citymains.rules.check import check_rules

    (text,) = re.findall(r"```toml\n(.*?)```", (DOCS / "rules.md").read_text(encoding="utf-8"), re.DOTALL)
    book = RuleBook([RulePackRecord(name="example-water-service-pressure", text=text)])
    assert book.issues == ()
    assert check_rules(book).failed_count == 0


def test_every_kind_of_the_frame_is_documented() -> None:
    from citymains.rules.kinds import rule_kinds

    text = (DOCS / "rules.md").read_text(encoding="utf-8")
    headings = "\n".join(re.findall(r"^## Kinds? .*$", text, re.MULTILINE))
    for kind in rule_kinds().values():
        if not kind.evaluate.__module__.startswith("citymains."):
            continue  # a service's own page documents it
        assert f"`{kind.name}`" in headings
        for name in [*(one.name for one in (*kind.fields, *kind.inputs)), *kind.outputs]:
            assert f"`{name}`" in text, name
