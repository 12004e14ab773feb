"""Mutated models: the reader never raises, and what it lets through never breaks more than its own run."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from citymains.errors import InputError, SolverError
from citymains.intake.source import SourceFile
from citymains_water.network import read_network

JUNK = (
    "",
    "x" * 40,
    "-1",
    "1e400",
    "nan",
    "0",
    "999999999",
    "[",
    "]",
    ";",
    '"',
    "南京",
    "\u3000",
    "5，280",
    "OPEN",
    "1",
    "10",
    "[TANKS]",
    "[END]",
    "*",
)


def mutated(text: str, random_: random.Random) -> str:
    lines = text.split("\n")
    for _ in range(random_.randint(1, 4)):
        at = random_.randrange(len(lines))
        words = lines[at].split()
        kind = random_.randrange(5)
        if kind == 0:
            del lines[at]
        elif kind == 1:
            lines.insert(at, lines[random_.randrange(len(lines))])
        elif kind == 2 and words:
            words[random_.randrange(len(words))] = random_.choice(JUNK)
            lines[at] = " ".join(words)
        elif kind == 3 and words:
            del words[random_.randrange(len(words))]
            lines[at] = " ".join(words)
        else:
            lines[at] = lines[at][: random_.randrange(len(lines[at]) + 1)] + random_.choice(JUNK)
    return "\n".join(lines)


@pytest.mark.parametrize("name", ["Net1", "Net2", "Net3"])
def test_the_reader_never_raises_and_its_canonical_text_is_stable(bundled_folder, name):
    text = (bundled_folder / f"{name}.inp").read_text()
    random_ = random.Random(2026)
    for _ in range(60):
        intake = read_network(SourceFile("m.inp", mutated(text, random_).encode()))
        again = read_network(SourceFile("m.inp", intake.document))
        assert again.document == intake.document


def outcomes(water, text: str, count: int, seed: int) -> Counter[str]:
    random_ = random.Random(seed)
    seen: Counter[str] = Counter()
    for _ in range(count):
        broken = mutated(text, random_)
        try:
            report = water.pressure(water.load(SourceFile("m.inp", broken.encode())), hours=2)
            seen[report.verdict.value] += 1
        except InputError as error:
            seen["refused" if error.issues else "refused without a reason"] += 1
        except SolverError as error:
            seen[type(error).__name__] += 1
    return seen


def test_what_is_let_through_is_answered_or_a_typed_error(water, bundled_folder):
    seen = outcomes(water, (bundled_folder / "Net1.inp").read_text(), 60, 7)
    assert seen["refused"] > 10
    assert seen["VALID"] > 10
    assert "refused without a reason" not in seen


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["Net1", "Net2"])
def test_many(water, bundled_folder, name):
    print(outcomes(water, (bundled_folder / f"{name}.inp").read_text(), 1000, 20260801))
