"""Checks every answer goes through before anyone believes it.

Engines report success for another network's answer, for half of the time steps and for
pressures of minus 400 kilometres. These functions say engine, what and where.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from citymains.errors import ResultRejectedError


def check_ids(engine: str, what: str, expected: Sequence[str], given: Sequence[str]) -> None:
    """Check that an answer is about the model's own elements, in the model's order.

    Parameters
    ----------
    engine : str
        Named in the error.
    what : str
        What the elements are: ``nodes``.
    expected, given : sequence of str
        Ids of the model and of the answer.

    Raises
    ------
    ResultRejectedError
        Naming the first element that differs.
    """
    if len(expected) != len(given):
        raise _rejected(engine, f"{len(given)} {what} where the model has {len(expected)}")
    for position, (mine, theirs) in enumerate(zip(expected, given, strict=True)):
        if mine != theirs:
            raise _rejected(
                engine, f"{what}[{position}] is {str(theirs)!r} where the model has {str(mine)!r}", str(mine)
            )


def check_steps(engine: str, what: str, expected: int, given: int) -> None:
    """Check that an answer has all its time steps.

    Raises
    ------
    ResultRejectedError
    """
    if expected != given:
        raise _rejected(engine, f"{what} has {given} time steps, {expected} were asked for")


def check_finite(
    engine: str,
    what: str,
    values: ArrayLike,
    *,
    ids: Sequence[str] | None = None,
    missing: ArrayLike | None = None,
) -> None:
    """Check that all values are finite.

    Parameters
    ----------
    engine, what : str
        Named in the error; `what` with its unit: ``pressure_m``.
    values : array_like
        Shape (..., elements).
    ids : sequence of str, optional
        Names of the last axis.
    missing : array_like of bool, optional
        Where a value may be NaN because there is none: nodes without supply. Broadcast to `values`.

    Raises
    ------
    ResultRejectedError
        Naming the first element and the number of values that are not finite.
    """
    array = np.asarray(values, dtype=np.float64)
    bad = ~np.isfinite(array)
    if missing is not None:
        bad &= ~(np.isnan(array) & np.asarray(missing, dtype=bool))
    if not bad.any():
        return
    where = tuple(int(index) for index in np.argwhere(bad)[0])
    element = str(ids[where[-1]]) if ids is not None and where else ""
    place = f" of {element}" if element else ""
    raise _rejected(
        engine,
        f"{what}{place} is {array[where]} at {list(where)}; {int(bad.sum())} of {array.size} values",
        element,
    )


def check_file(engine: str, path: Path, *, least_bytes: int = 1, ending: bytes = b"") -> None:
    """Check that an output file is complete: solvers report success on a full disk.

    Parameters
    ----------
    engine : str
        Named in the error.
    path : Path
    least_bytes : int
        Size the file must have at least [bytes].
    ending : bytes
        What it must end with.

    Raises
    ------
    ResultRejectedError
    """
    size = path.stat().st_size if path.is_file() else 0
    if size < least_bytes:
        raise _rejected(engine, f"its file {path.name} has {size} bytes, at least {least_bytes} belong there")
    if ending:
        with path.open("rb") as file:
            file.seek(max(0, size - len(ending)))
            if file.read() != ending:
                raise _rejected(engine, f"its file {path.name} ends early")


def _rejected(engine: str, why: str, element: str = "") -> ResultRejectedError:
    context: dict[str, Any] = {"element": element} if element else {}
    return ResultRejectedError(engine=engine, value=why, **context)
