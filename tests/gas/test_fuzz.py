"""Mutated files: the reader answers with located issues or with a network, never with an exception."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from citymains.intake.pandapipes import read_pipes
from citymains.intake.pandapipes_model import PipeModel
from citymains.intake.source import SourceFile
from citymains_gas.utility import Gas

JUNK: list[Any] = [
    None,
    True,
    0,
    -1,
    float("inf"),
    float("nan"),
    2**70,
    10**400,
    1e-300,
    "",
    "x",
    "\ud800",
    "a\x00",
    [],
    {},
    [[]],
    {"_module": "pandas.core.frame", "_class": "DataFrame"},
    {"_module": "os", "_class": "system", "_object": "x"},
    [1, 2],
    -1e99,
]


class Text(list[Any]):
    """JSON that is kept as a text inside JSON: one item, its value."""


def opened(value: Any) -> Any:
    """The value with embedded JSON texts opened, so that mutations reach inside."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return Text([opened(json.loads(value))])
        except ValueError:
            return value
    if isinstance(value, dict):
        return {key: opened(item) for key, item in value.items()}
    return [opened(item) for item in value] if isinstance(value, list) else value


def closed(value: Any) -> Any:
    if isinstance(value, Text):
        return json.dumps(closed(value[0]))
    if isinstance(value, dict):
        return {key: closed(item) for key, item in value.items()}
    return [closed(item) for item in value] if isinstance(value, list) else value


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with every key of it."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from places(value[key])


def mutated(document: str, dice: random.Random) -> bytes:
    value = opened(json.loads(document))
    for _ in range(dice.randint(1, 3)):
        container, key = dice.choice(list(places(value)))
        if dice.random() < 0.1 and not isinstance(container, Text):
            del container[key]
        else:
            container[key] = dice.choice(JUNK)
    return json.dumps(closed(value)).encode()


def check(content: bytes) -> bool:
    intake = read_pipes(SourceFile("mutated.json", content), utility="gas")
    if intake.errors:
        assert intake.document == b""
        for one in intake.errors:
            assert one.file == "mutated.json"
            assert one.message_en.encode()
            assert one.message_zh.encode()
        return False
    PipeModel.of(intake.document).engine_model()
    assert read_pipes(SourceFile("again", intake.document), utility="gas").document == intake.document
    return True


@pytest.mark.parametrize("seed", range(3))
def test_mutated_files(gas: Gas, build: Callable[..., SourceFile], town: dict[str, Any], seed: int) -> None:
    dice = random.Random(seed)
    theirs = gas.bundled()["stanet_versatility_pc"].read_text(encoding="utf-8")
    documents = [theirs, build(town).content.decode()]
    accepted = sum(check(mutated(documents[round_ % 2], dice)) for round_ in range(80))
    assert 0 < accepted < 80
