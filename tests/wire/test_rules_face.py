"""Rules over the wire: the same decisions as here."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from citymains.errors import InputError, NotFoundError
from citymains.model.canonical import canonical_json
from citymains.rules.face import RuleFace
from citymains.wire.client import connect
from citymains.workbench import Workbench

KIND = "water_service_pressure"


@pytest.fixture
def both(run_server: Any) -> Any:
    """The rules of a server, and the same here."""
    workbench = Workbench(reads_paths=False, jurisdiction="山东省/青岛市")
    with connect(run_server(workbench=workbench).target) as city:
        yield city.rules, RuleFace(workbench)


def test_packs_are_listed(both: Any) -> None:
    remote, local = both
    assert remote.list() == local.list()
    assert {one.kind for one in remote.list(kind=KIND).packs} == {KIND}
    assert remote.list(kind="nothing").packs == ()


def test_rules_are_resolved_with_who_decided(both: Any) -> None:
    remote, local = both
    resolved = remote.resolve(KIND, date(2026, 5, 1))
    assert canonical_json(resolved) == canonical_json(local.resolve(KIND, date(2026, 5, 1)))
    assert resolved.jurisdiction == "山东省/青岛市"
    assert resolved.applied
    assert all(one.document for one in resolved.fields.values())


def test_packs_prove_themselves(both: Any) -> None:
    remote, local = both
    assert remote.check().to_json() == local.check().to_json()


def test_what_is_not_there_is_told(both: Any) -> None:
    remote, _ = both
    with pytest.raises(NotFoundError):
        remote.resolve("nothing", date(2026, 1, 1))
    with pytest.raises(InputError) as caught:
        remote._line.unary("/citymains.api.rules.v1.RuleService/ResolveRules", b"")
    assert {(one.field, one.code) for one in caught.value.issues} == {
        ("kind", "ARGUMENT_MISSING"),
        ("on", "ARGUMENT_MISSING"),
    }
