"""Answers given on the command line are kept, so that they can be reported and compared later by their id."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from citymains.cli.language import said
from citymains.errors import CitymainsError

if TYPE_CHECKING:
    from citymains.workbench import Workbench


def keep_answer(record: Any, workbench: Workbench) -> None:
    """Store an answer and say its id on stderr; one that cannot be stored is still an answer.

    Networks and validations are no answers: a network is stored by `load`, and a validation is
    made again in the time that reading it would take.
    """
    from citymains.model.network import Network, ValidationReport
    from citymains.model.record import Record

    if not isinstance(record, Record) or isinstance(record, Network | ValidationReport):
        return
    if any(table.fetch is not None for table in record.tables):
        return  # its tables stayed on the server, which keeps the record too
    try:
        print(workbench.store.put_record(record), file=sys.stderr)
    except CitymainsError as error:
        text = said(f"结果未保存:{error.message_zh}", f"The answer was not stored: {error.message_en}")
        print(f"{error.code}: {text}", file=sys.stderr)
