"""Annotations without their wrappings."""

from __future__ import annotations

import typing

import numpy as np
import pytest
from citymains.model.hints import bare_hint
from citymains.wire.hints import Form, reduce_hint
from numpy.typing import NDArray
from typing_extensions import TypeAliasType

Item = typing.TypeVar("Item", bound=np.generic)
# What numpy.typing.NDArray is from numpy 2.5 on Python 3.12 on.
Array = TypeAliasType("Array", np.ndarray[typing.Any, np.dtype[Item]], type_params=(Item,))
Doubles = TypeAliasType("Doubles", Array[np.float64])


@pytest.mark.parametrize(
    "hint", [Array[np.float64], Doubles, NDArray[np.float64], typing.Annotated[Doubles, "m"]]
)
def test_an_array_is_an_array_by_whatever_alias(hint: object) -> None:
    assert typing.get_origin(bare_hint(hint)) is np.ndarray
    assert reduce_hint(hint).form is Form.ARRAY


@pytest.mark.parametrize("hint", [int, str, tuple[int, ...], int | None, np.ndarray])
def test_what_is_bare_stays(hint: object) -> None:
    assert bare_hint(hint) == hint
