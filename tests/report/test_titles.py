"""What everything is called in reports, in Chinese too."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from importlib import resources

import pytest
from citymains.model.record import Record
from citymains.plugins.manager import plugin_manager
from citymains.question import questions
from citymains.report import titles
from citymains.report.titles import Title, column_title, question_title, register_titles, table_title
from citymains.rules.check import RuleCheck


def chinese(title: Title) -> bool:
    return any("一" <= letter <= "鿿" for letter in title.zh)


def records() -> Iterator[tuple[str, type[Record]]]:
    yield "rules.check", RuleCheck
    for utility, record in plugin_manager().utilities().items():
        for name, question in questions(record.load_face()).items():
            if isinstance(question.returns, type) and issubclass(question.returns, Record):
                yield f"{utility}.{name}", question.returns


def test_every_question_table_column_and_field_has_a_chinese_title() -> None:
    wanting = set()
    shared = {one.name for one in fields(Record)}
    for question, record in records():
        if not chinese(question_title("?." + question.partition(".")[2])):
            wanting.add(f"question {question}")
        wanting |= {
            f"column {one.name}"
            for one in fields(record)
            if one.name not in shared and not chinese(column_title(one.name))
        }
        for table in record.TABLES:
            if not chinese(table_title(table.name)):
                wanting.add(f"table {table.name}")
            wanting |= {f"column {one.name}" for one in table.columns if not chinese(column_title(one.name))}
    assert not wanting, "add them to sdk/citymains/report/titles.tsv"


def test_the_file_of_titles_has_one_line_for_each() -> None:
    text = resources.files("citymains.report").joinpath("titles.tsv").read_text(encoding="utf-8")
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert {len(line) for line in lines} <= {3, 4}
    assert {line[0] for line in lines} == {"question", "table", "column"}
    assert all(cell == cell.strip() and cell for line in lines for cell in line)
    assert len({(line[0], line[1]) for line in lines}) == len(lines)


def test_a_plugin_brings_its_own_titles_and_takes_none(monkeypatch: pytest.MonkeyPatch) -> None:
    known = dict(titles._titles())
    monkeypatch.setattr(titles, "_titles", lambda: known)
    register_titles(
        columns={"steam_t_per_h": ("蒸汽量", "steam"), "pressure_m": ("别的", "else")},
        tables={"boilers": ("锅炉", "Boilers")},
        questions={"steam": ("蒸汽平衡", "Steam balance")},
    )
    assert column_title("steam_t_per_h") == Title("蒸汽量", "steam")
    assert column_title("pressure_m").zh == "压力水头"
    assert table_title("boilers").en == "Boilers"
    assert question_title("heating.steam").zh == "热力蒸汽平衡"


def test_what_has_no_title_is_called_by_its_name_without_the_unit() -> None:
    assert column_title("some_new_length_m") == Title("some new length", "some new length")
