"""Names that are no file and no bundled network."""

from __future__ import annotations

import pytest
from citymains.errors import InputError, MissingExtraError
from citymains.intake.bundles import refuse_name

NAMES = ("Net1", "Net3", "ky4")


def refuse(source: object, *, bundled_with: str = "", names: tuple[str, ...] = NAMES) -> None:
    refuse_name(source, utility="water", bundled_with=bundled_with, names=names)


def test_a_misspelt_name_is_told_the_near_ones() -> None:
    with pytest.raises(InputError, match=r"BUNDLE_UNKNOWN.*Net3") as caught:
        refuse("net3")
    assert "ky4" not in caught.value.message_en
    assert "Net3" in caught.value.message_zh


def test_a_name_without_what_bundles_it_is_told_the_extra() -> None:
    with pytest.raises(MissingExtraError, match=r"pip install 'citymains\[water\]'"):
        refuse("Net3", bundled_with="no_such_module_at_all", names=())


@pytest.mark.parametrize("source", ["net3.inp", "a/b", "水/模型", b"Net3", 3, None, ""])
def test_what_cannot_be_a_name_is_left_alone(source: object) -> None:
    refuse(source, bundled_with="no_such_module_at_all")


def test_a_utility_without_bundled_networks_has_nothing_to_say() -> None:
    refuse("anything", names=())
