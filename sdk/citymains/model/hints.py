"""Annotations without their wrappings, for whoever reads records or messages by their fields' types."""

from __future__ import annotations

import typing
from typing import Any


def bare_hint(annotation: Any) -> Any:
    """An annotation without ``Annotated`` and without type aliases.

    From Python 3.12 on, numpy's ``NDArray[float64]`` is such an alias, and no longer ``ndarray[...]`` itself.

    >>> import typing
    >>> bare_hint(typing.Annotated[int, "unit"])
    <class 'int'>
    """
    while True:
        arguments = typing.get_args(annotation)
        origin = typing.get_origin(annotation)
        if origin is typing.Annotated:
            annotation = arguments[0]
        elif hasattr(origin, "__value__"):
            annotation = origin.__value__[arguments]
        elif hasattr(annotation, "__value__") and not isinstance(annotation, type):
            annotation = annotation.__value__
        else:
            return annotation
