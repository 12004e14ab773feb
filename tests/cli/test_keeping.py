"""Answers are kept under an id, said on stderr, and found again by it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from citymains.errors import StateError
from citymains.store.store import Store


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home of its own, so that what is stored is known."""
    monkeypatch.setenv("CITYMAINS_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_an_answer_is_reported_and_compared_by_its_id(call, net, tmp_path):
    ids = []
    for hours in ("1", "2"):
        said = call("sketch", "echo", net, "--hours", hours)
        assert re.fullmatch(r"reports/[0-9a-f]{64}\n", said.err)
        ids.append(said.err.strip())
    assert call("report", ids[0], "--out", str(tmp_path / "r.html")).code == 0
    assert "echarts" in (tmp_path / "r.html").read_text(encoding="utf-8")
    compared = call("sketch", "compare", *ids, "--json")
    assert compared.code == 0, compared.err
    assert ids[0] in compared.out
    assert compared.err.startswith("reports/")


@pytest.mark.parametrize("how", ["--no-store", "CITYMAINS_STORE"])
def test_keeping_can_be_switched_off(call, net, monkeypatch, how):
    if how == "CITYMAINS_STORE":
        monkeypatch.setenv(how, "0")
    said = call("sketch", "echo", net, *([how] if how.startswith("--") else []))
    assert (said.code, said.err) == (0, "")


@pytest.mark.parametrize("question", ["load", "validate"])
def test_networks_and_validations_are_no_answers(call, net, question):
    said = call("sketch", question, net)
    assert (said.code, said.err) == (0, "")


def test_an_answer_that_cannot_be_stored_is_still_an_answer(call, net, monkeypatch):
    def full(*_: object) -> str:
        raise StateError("STORE_FULL", value="reports/x", limit="no room")

    monkeypatch.setattr(Store, "put_record", full)
    said = call("sketch", "echo", net, "--json")
    assert said.code == 0
    assert said.out.startswith("{")
    assert said.err.startswith("STORE_FULL: The answer was not stored")
