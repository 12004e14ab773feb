"""Annotations of dataclass fields and parameters, reduced to what the wire distinguishes."""

from __future__ import annotations

import collections.abc
import dataclasses
import enum
import os
import types
import typing
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from citymains.intake.source import SourceFile
from citymains.model.hints import bare_hint
from citymains.model.network import Network

_SEQUENCES = (tuple, list, collections.abc.Sequence, collections.abc.Iterable, collections.abc.Collection)
_MAPPINGS = (dict, collections.abc.Mapping)


class Form(StrEnum):
    """What a value is made of."""

    SCALAR = "SCALAR"
    ARRAY = "ARRAY"
    """A float64 array of one dimension."""
    SEQUENCE = "SEQUENCE"
    MAPPING = "MAPPING"
    RECORD = "RECORD"
    UNION = "UNION"
    NETWORK_REF = "NETWORK_REF"
    SOURCE = "SOURCE"


@dataclass(frozen=True)
class Hint:
    """One reduced annotation."""

    form: Form
    type: Any
    """The scalar or record type; of a sequence the sequence type; of a union the tuple of records."""
    nullable: bool = False
    item: Hint | None = None
    """What a sequence or mapping holds."""


def reduce_hint(annotation: Any) -> Hint:
    """Reduce an annotation.

    Raises
    ------
    TypeError
        It has no place on the wire.
    """
    annotation = bare_hint(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _reduce_union(typing.get_args(annotation))
    return _reduce_plain(annotation)


def _reduce_union(members: tuple[Any, ...]) -> Hint:
    nullable = type(None) in members
    members = tuple(one for one in members if one is not type(None))
    if SourceFile in members:
        return Hint(Form.SOURCE, SourceFile, nullable)
    if Network in members and str in members:
        return Hint(Form.NETWORK_REF, str, nullable)
    members = tuple(
        one for one in members if typing.get_origin(one) is not os.PathLike and one is not os.PathLike
    )
    hint = _reduce_plain(members[0]) if len(members) == 1 else _reduce_choice(members)
    return dataclasses.replace(hint, nullable=nullable or hint.nullable)


def _reduce_choice(members: tuple[Any, ...]) -> Hint:
    """Several members: the one that stands for all on the wire."""
    hints = [_reduce_plain(one) for one in members]
    if all(one.form is Form.RECORD for one in hints):
        return Hint(Form.UNION, members)
    for form in (Form.ARRAY, Form.SEQUENCE):
        for one in hints:
            if one.form is form:
                return one
    scalars = [one for one in hints if one.form is Form.SCALAR]
    for one in scalars:
        if isinstance(one.type, type) and issubclass(one.type, enum.Enum):
            return one
    if len(scalars) == len(hints):
        from decimal import Decimal

        for wanted in (Decimal, float, int):
            if any(one.type is wanted for one in scalars) and all(
                one.type in (Decimal, float, int, str) for one in scalars
            ):
                return Hint(Form.SCALAR, wanted)
    raise TypeError(f"a choice of {members} has no place on the wire")


def _reduce_plain(annotation: Any) -> Hint:
    annotation = bare_hint(annotation)
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return reduce_hint(annotation)
    origin = typing.get_origin(annotation) or annotation
    arguments = typing.get_args(annotation)
    if origin is np.ndarray:
        return Hint(Form.ARRAY, np.ndarray)
    if origin is typing.Literal:
        return Hint(Form.SCALAR, annotation)
    if origin in _MAPPINGS:
        if len(arguments) != 2 or arguments[0] is not str:
            raise TypeError(f"{annotation} is not a mapping from str")
        return Hint(Form.MAPPING, dict, item=reduce_hint(arguments[1]))
    if origin in _SEQUENCES:
        return Hint(
            Form.SEQUENCE,
            list if origin is list else tuple,
            item=reduce_hint(_item_of(annotation, arguments)),
        )
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return Hint(Form.RECORD, annotation)
    if isinstance(annotation, type):
        return Hint(Form.SCALAR, annotation)
    raise TypeError(f"{annotation} has no place on the wire")


def _item_of(annotation: Any, arguments: tuple[Any, ...]) -> Any:
    items = tuple(one for one in arguments if one is not Ellipsis)
    if len(items) != 1:
        raise TypeError(f"{annotation}: a sequence on the wire holds items of one type")
    return items[0]
