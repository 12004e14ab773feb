"""Finding a result again: from a JSON file, or from the store by its id."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from citymains.errors import InputError, NotBuiltError
from citymains.model.record import Record


def read_result(result: str | PathLike[str]) -> Record:
    """A record from what ``citymains report`` takes.

    Parameters
    ----------
    result : str or path
        A JSON file (from ``--json`` or ``--out FILE.json``), or the id ``reports/...`` or
        ``networks/...`` of a stored record.

    Raises
    ------
    InputError
        FILE_NOT_FOUND, FILE_WRONG_FORMAT.
    NotFoundError
        The store has no such record.
    NotBuiltError
        A study id: studies are not built yet.
    """
    name = str(result)
    if name.startswith("studies/"):
        raise NotBuiltError(value="report of a study")
    if name.startswith(("reports/", "networks/")):
        return _stored(name)
    from citymains.store.record_types import read_record

    path = Path(result)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError("FILE_NOT_FOUND", file=name) from error
    return read_record(content, file=path.name)


def _stored(name: str) -> Record:
    from citymains.workbench import Workbench

    store = Workbench().store
    if name.startswith("reports/"):
        return store.record(name)
    from citymains.cities import City

    utility = store.network(name).utility
    return City("", Workbench()).utility(utility).network(name)
