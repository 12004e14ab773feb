"""Spoilt files through reading and simulating: only typed refusals, no hang, nothing silently insane."""

from __future__ import annotations

import math
import random
import time
from collections import Counter

import pytest
from citymains.call import Call
from citymains.errors import CitymainsError, InputError, InternalError
from citymains.model.finding import Verdict

#: Longest one file may take [s]; a typed EngineTimeoutError by then is an answer.
DEADLINE_S = 10.0
JUNK = (
    "nan",
    "-inf",
    "1e400",
    "1e300",
    "-1",
    "0",
    "*",
    "",
    '"',
    "雨",
    "x" * 260,
    "x" * 900,
    "[JUNCTIONS]",
    "99999999999999",
    "1,5",
    "１２",
    "ON",
    "FILE",
    "%s%n%d",
    "\x00",
    "ff",
    "-",
    "RULE",
    "DUMMY",
    "IRREGULAR",
    "TABULAR",
    "TIMESERIES",
)


def _line_deleted(lines, dice):
    del lines[dice.randrange(len(lines))]


def _line_doubled(lines, dice):
    at = dice.randrange(len(lines))
    lines.insert(dice.randrange(len(lines)), lines[at])


def _lines_swapped(lines, dice):
    a, b = dice.randrange(len(lines)), dice.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]


def _word_replaced(lines, dice):
    at = dice.choice([n for n, line in enumerate(lines) if line.split()])
    words = lines[at].split()
    words[dice.randrange(len(words))] = dice.choice(JUNK)
    lines[at] = " ".join(words)


def _word_dropped(lines, dice):
    at = dice.choice([n for n, line in enumerate(lines) if line.split()])
    words = lines[at].split()
    del words[dice.randrange(len(words))]
    lines[at] = " ".join(words)


def _number_changed(lines, dice):
    at = dice.choice([n for n, line in enumerate(lines) if any(c.isdigit() for c in line)])
    lines[at] = "".join(
        str(dice.randrange(10)) if c.isdigit() and dice.random() < 0.4 else c for c in lines[at]
    )


def _heading_spoilt(lines, dice):
    at = dice.choice([n for n, line in enumerate(lines) if line.startswith("[")])
    lines[at] = dice.choice(
        ["[1]", "[", lines[at][:4], lines[at].lower(), "[OPTIONS]", "42", "[" + "A" * 2000 + "]"]
    )


MUTATIONS = (
    _line_deleted,
    _line_doubled,
    _lines_swapped,
    _word_replaced,
    _word_replaced,
    _word_dropped,
    _number_changed,
    _heading_spoilt,
)


def spoil(text: str, dice: random.Random) -> bytes:
    """One spoilt file."""
    lines = text.split("\n")
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        dice.choice(MUTATIONS)(lines, dice)
    content = "\n".join(lines).encode(dice.choice(("utf-8", "utf-8", "gb18030")))
    fate = dice.random()
    if fate < 0.15:
        return content[: dice.randrange(len(content))]
    if fate < 0.25:
        at = dice.randrange(len(content))
        return (
            content[:at]
            + bytes(dice.randrange(256) for _ in range(dice.choice((1, 4, 40))))
            + content[at + 1 :]
        )
    return content


def survive(drainage, source, content: bytes) -> str:
    """What became of one file: ``answered`` or the code of a typed refusal. Anything else escapes."""
    begun = time.monotonic()
    try:
        with Call(timeout_s=DEADLINE_S).active():
            report = drainage.simulate(drainage.load(source(content)))
    except InternalError:
        raise
    except CitymainsError as error:
        refusal: CitymainsError | None = error
    else:
        refusal = None
        assert math.isfinite(report.outfall_m3)
        assert report.verdict is Verdict.REJECTED or abs(report.continuity_error_percent) <= 10
    assert time.monotonic() - begun < DEADLINE_S + 5
    if refusal is None:
        return "answered"
    assert refusal.message_en
    assert refusal.message_zh
    if isinstance(refusal, InputError):
        assert [one for one in refusal.issues if one.severity == "error"]
        assert all(one.code and one.message_en and one.message_zh for one in refusal.issues)
    return refusal.code


def campaign(drainage, source, texts, count: int, seed: int) -> Counter[str]:
    dice = random.Random(seed)
    return Counter(survive(drainage, source, spoil(dice.choice(texts), dice)) for _ in range(count))


def test_spoilt_files_are_refused_or_answered(drainage, small, source, district_file):
    district = district_file.read_text("utf-8").replace("END_TIME 14:00:00", "END_TIME 08:30:00")
    outcomes = campaign(drainage, source, [small, small, district], count=150, seed=20260715)
    assert outcomes.total() == 150
    # Both kinds must occur, or nothing was tested.
    assert outcomes["answered"] > 20
    assert outcomes.total() - outcomes["answered"] > 20
    print(dict(outcomes))


def test_every_truncation_is_refused_or_answered(drainage, small, source):
    lines = small.split("\n")
    outcomes = Counter(
        survive(drainage, source, "\n".join(lines[:n]).encode()) for n in range(1, len(lines), 3)
    )
    # Of a file cut before its cross-sections nothing is calculated.
    cut = small[: small.index("[XSECTIONS]")].count("\n") // 3
    assert outcomes.total() - outcomes["answered"] >= cut


@pytest.mark.campaign
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("seed", range(10))
def test_campaign(drainage, small, source, district_file, shared_data, seed):
    texts = [small, district_file.read_text("utf-8")]
    texts += [path.read_text("utf-8") for path in sorted((shared_data / "drainage").glob("*Example*.inp"))]
    outcomes = campaign(drainage, source, texts, count=1000, seed=seed)
    print(seed, dict(outcomes))
