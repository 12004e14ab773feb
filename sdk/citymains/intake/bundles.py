"""Networks that load by name: what to say where a name is none of them."""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Iterable
from typing import Final

import citymains.intake.messages  # noqa: F401
from citymains.errors import InputError, MissingExtraError

#: Names that an error lists at most.
_SHOWN_NAMES: Final = 12


def refuse_name(source: object, *, utility: str, bundled_with: str, names: Iterable[str]) -> None:
    """Say what loads by name, where `source` may be meant as a name and no file has it.

    Parameters
    ----------
    source : object
        What was given as a network, and is no file.
    utility : str
        Whose extra installs `bundled_with`.
    bundled_with : str
        Module that the bundled networks come with; empty: they are our own.
    names : iterable of str
        Names of the bundled networks that are there.

    Raises
    ------
    InputError
        BUNDLE_UNKNOWN: there are bundled networks, and none is called that.
    MissingExtraError
        BUNDLE_NOT_INSTALLED: what would bring them is not installed.
    """
    if not isinstance(source, str) or not source.replace("_", "").replace("-", "").isalnum():
        return
    if bundled_with and importlib.util.find_spec(bundled_with) is None:
        raise MissingExtraError("BUNDLE_NOT_INSTALLED", value=source, field=bundled_with, limit=utility)
    known = sorted(names)
    if known:
        near = difflib.get_close_matches(source, known, n=5, cutoff=0.4)
        limit = ", ".join(near or known[:_SHOWN_NAMES])
        raise InputError("BUNDLE_UNKNOWN", file=source, value=source, limit=limit)
