"""The error tree: stable codes, both languages, nothing lost in a pickle."""

from __future__ import annotations

import importlib
import pickle

import citymains
import pytest
from citymains import errors
from citymains.messages import catalogue


def tree(cls: type[errors.CitymainsError]) -> list[type[errors.CitymainsError]]:
    return [cls, *(below for child in cls.__subclasses__() for below in tree(child))]


def test_the_tree_in_the_module_head_names_every_class() -> None:
    assert errors.__doc__ is not None
    for cls in tree(errors.CitymainsError):
        if cls.__module__ == "citymains.errors":
            assert cls.__name__ in errors.__doc__


@pytest.mark.parametrize(
    "cls", [c for c in tree(errors.CitymainsError) if c.__module__ == "citymains.errors"]
)
def test_every_default_code_says_something_in_both_languages(cls: type[errors.CitymainsError]) -> None:
    text = catalogue()[cls.default_code]
    assert text.en
    assert text.zh
    assert text.zh != text.en


def test_every_message_has_both_languages_and_the_same_placeholders() -> None:
    for service in ("water", "gas", "heating", "drainage"):
        importlib.import_module(f"citymains_{service}.utility")
    for code, text in catalogue().items():
        assert code == code.upper(), code
        assert any("一" <= letter <= "鿿" for letter in text.zh), f"{code} has no Chinese text"
        assert bool(text.fix_en) == bool(text.fix_zh), f"{code}: the remedy is missing in one language"


def test_an_input_error_lists_what_is_wrong_and_where() -> None:
    issue = errors.issue(
        "FILE_TRUNCATED", file="中心城区.inp", line=12, section="PIPES", element="P-1", value="[PIP"
    )
    error = errors.InputError([issue])
    assert "中心城区.inp:12" in str(error)
    assert "[PIPES] P-1" in str(error)
    assert error.code == "FILE_TRUNCATED"


def test_errors_survive_a_pickle() -> None:
    error = errors.InputError([errors.issue("FILE_EMPTY", file="a.inp")])
    copy = pickle.loads(pickle.dumps(error))
    assert copy.issues == error.issues
    assert str(copy) == str(error)
    batch = errors.BatchError({3: errors.EngineTimeoutError(engine="epanet", limit=2)})
    assert pickle.loads(pickle.dumps(batch)).failed[3].engine == "epanet"


def test_a_promised_question_is_not_an_attribute() -> None:
    from citymains.workbench import Workbench
    from citymains_water.utility import Water

    water = Water(Workbench())
    assert not hasattr(water, "isolate_everything")
    assert not hasattr(water, "bill")
    with pytest.raises(citymains.NotBuiltError, match=r"water\.bill"):
        _ = water.bill
