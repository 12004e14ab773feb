"""Ledgers a gas question takes besides the network."""

from __future__ import annotations

from os import PathLike
from typing import TYPE_CHECKING, TypeAlias

from citymains.intake.ledger import Ledger, read_ledger
from citymains.intake.ledger_kinds import CUSTOMERS
from citymains.intake.source import SourceFile

if TYPE_CHECKING:
    from citymains.utility import Utility

LedgerRef: TypeAlias = SourceFile | str | PathLike[str]
"""A ledger: a file, a path, or the id of a stored one."""


def customer_ledger(utility: Utility, reference: LedgerRef | None) -> Ledger | None:
    """The ledger of customers a question was given.

    Raises
    ------
    InputError, NotFoundError
        There is no such file or dataset.
    """
    return None if reference is None else read_ledger(utility.workbench.file(reference), CUSTOMERS)
