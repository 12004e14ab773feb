"""Which of the two languages a message is shown in first."""

from __future__ import annotations

import os
from collections.abc import Sequence

_LANGUAGE = "CITYMAINS_LANG"


def take_language(arguments: Sequence[str]) -> list[str]:
    """Take ``--lang zh|en`` out of the arguments, wherever it stands, and remember it.

    Any other value is left in place, for the parser to refuse.
    """
    left: list[str] = []
    waiting = False
    for argument in arguments:
        if waiting and argument in ("zh", "en"):
            os.environ[_LANGUAGE] = argument
            left.pop()
            waiting = False
            continue
        waiting = argument == "--lang"
        name, _, value = argument.partition("=")
        if name == "--lang" and value in ("zh", "en"):
            os.environ[_LANGUAGE] = value
        else:
            left.append(argument)
    return left


def chinese() -> bool:
    """Whether the user reads Chinese: ``--lang``, CITYMAINS_LANG, else the locale."""
    given = os.environ.get(_LANGUAGE)
    if given in ("zh", "en"):
        return given == "zh"
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return locale.lower().startswith("zh")


def said(zh: str, en: str) -> str:
    """The text in the user's language."""
    return (zh or en) if chinese() else (en or zh)
