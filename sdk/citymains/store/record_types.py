"""Which dataclass a stored record is: what the question in its provenance returns."""

from __future__ import annotations

from typing import Any

from citymains.errors import InputError
from citymains.model.decode import TableFetcher, decode, parse
from citymains.model.network import Network
from citymains.model.record import Record


def record_type(question: str) -> type[Record]:
    """The record type of ``utility.question``.

    Raises
    ------
    NotFoundError, PluginError
        No plugin brings the utility, or it is failed.
    InputError
        The utility has no such question, or it does not return a record.
    """
    from citymains.plugins.manager import plugin_manager
    from citymains.question import questions

    utility, _, name = question.partition(".")
    if name == "load":
        return Network
    found = questions(plugin_manager().utility(utility).load_face()).get(name)
    returns: Any = found.returns if found is not None else None
    if not (isinstance(returns, type) and issubclass(returns, Record)):
        raise InputError(
            "ARGUMENT_INVALID",
            field="provenance.question",
            value=question,
            limit="a question that returns a record",
        )
    return returns


def read_record(content: str | bytes, *, file: str = "record", fetch: TableFetcher | None = None) -> Record:
    """Read any record from its canonical JSON, of the type its question returns.

    Raises
    ------
    InputError
        FILE_WRONG_FORMAT: not a record of ours.
    NotFoundError, PluginError
        Its utility is not there.
    """
    provenance = parse(content, file).get("provenance")
    question = provenance.get("question") if isinstance(provenance, dict) else None
    if not isinstance(question, str) or "." not in question:
        raise InputError(
            "FILE_WRONG_FORMAT", file=file, limit="citymains record", value="it has no provenance.question"
        )
    return decode(content, record_type(question), file=file, fetch=fetch)
