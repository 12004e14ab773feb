"""What questions, tables, columns and fields are called in reports: Chinese and English.

The names in code stay the same in Python, JSON and Excel; these are the words beside them.
They stand in ``titles.tsv``, where an engineer who reads no Python can mend them; a plugin
brings its own by :func:`register_titles`. A name without a title is shown as it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import NamedTuple

from citymains.model.finding import Severity, Verdict
from citymains.units import SUFFIXES


class Title(NamedTuple):
    """One thing's name in both languages."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en if self.zh == self.en else f"{self.zh} {self.en}"


_UTILITIES = {
    "water": Title("给水", "Water"),
    "gas": Title("燃气", "Gas"),
    "heating": Title("热力", "Heating"),
    "drainage": Title("排水", "Drainage"),
    "city": Title("城市", "City"),
    "rules": Title("规则包", "Rule packs"),
}

_VERDICTS = {
    Verdict.VALID: Title("有效", "VALID"),
    Verdict.SUSPECT: Title("存疑", "SUSPECT"),
    Verdict.REJECTED: Title("不可用", "REJECTED"),
}

_SEVERITIES = {
    Severity.NOTE: Title("提示", "NOTE"),
    Severity.SUSPECT: Title("存疑", "SUSPECT"),
    Severity.REJECTED: Title("不可用", "REJECTED"),
}


def register_titles(
    *,
    questions: Mapping[str, tuple[str, str]] | None = None,
    tables: Mapping[str, tuple[str, str]] | None = None,
    columns: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Add what a plugin's own questions, tables, columns and fields are called.

    Parameters
    ----------
    questions, tables, columns : mapping of str to (str, str), optional
        Name in code to Chinese and English. Titles that ship with citymains stay as they are.

    Examples
    --------
    >>> register_titles(columns={"steam_t_per_h": ("蒸汽量", "steam")})
    >>> str(column_title("steam_t_per_h"))
    '蒸汽量 steam'
    """
    for kind, given in (("question", questions), ("table", tables), ("column", columns)):
        for name, (zh, en) in (given or {}).items():
            _titles().setdefault((kind, name), Title(zh, en))


@cache
def _titles() -> dict[tuple[str, str], Title]:
    """Titles by kind and name."""
    text = resources.files("citymains.report").joinpath("titles.tsv").read_text(encoding="utf-8")
    titles = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            kind, name, zh, *en = line.split("\t")
            titles[kind, name] = Title(zh, en[0] if en else _plain(name))
    return titles


def _plain(name: str) -> str:
    """A name in code as words, without its unit."""
    words = name.split("_")
    unit = next((k for k in range(1, len(words)) if "_".join(words[k:]) in SUFFIXES), len(words))
    return " ".join(words[:unit])


def table_title(name: str) -> Title:
    """Title of a table; one without is called as a field of its name."""
    return _titles().get(("table", name)) or _titles().get(("column", name)) or Title(name, name)


def column_title(name: str) -> Title:
    """Title of a column or of a field, without its unit."""
    return _titles().get(("column", name)) or Title(_plain(name), _plain(name))


def utility_title(name: str) -> Title:
    """Title of a utility."""
    return _UTILITIES.get(name, Title(name, name))


def question_title(question: str) -> Title:
    """Title of ``utility.question``."""
    utility, _, name = question.partition(".")
    who, what = utility_title(utility), _titles().get(("question", name), Title(name, name))
    return Title(f"{who.zh}{what.zh}", f"{who.en}: {what.en}") if name else who


def verdict_title(verdict: Verdict) -> Title:
    """Title of a verdict."""
    return _VERDICTS[verdict]


def severity_title(severity: Severity) -> Title:
    """Title of a finding's severity."""
    return _SEVERITIES[severity]
