"""From losses to the ranked table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains.call import current_call
from citymains.criticality.customers import Affected
from citymains.criticality.report import RANK_BY
from citymains.errors import InputError
from citymains.messages import Text, register_messages
from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import Table, TableSpec

Floats = NDArray[np.float64]

register_messages(
    {
        "CRITICALITY_FAILED": Text(
            "There is no answer for the loss of {element}: {reason}.",
            "{element} 失效的工况无解:{reason}。",
            "Ask `outage` with this loss alone to see why.",
            "请用 outage 单独计算该工况以查明原因。",
        ),
        "CRITICALITY_CUSTOMERS_UNLOCATED": Text(
            "{value} customers name an element the network does not have; they are not counted.",
            "有 {value} 个用户所接元件在管网中不存在,未计入。",
            "Check the ids in the ledger.",
            "请核对台账中的编号。",
        ),
        "CRITICALITY_NO_CUSTOMERS": Text(
            "No ledger of customers was given: the ranking is by what is not delivered.",
            "未提供用户台账,按欠供量排序。",
            "Give customers=, a table of customers and the elements that supply them.",
            "请用 customers= 提供用户及其供给元件的台账。",
        ),
    }
)

#: Losses that failed are named one by one up to this many.
_NAMED = 50


@dataclass(frozen=True, eq=False)
class Losses:
    """What each loss does, shape (losses,) each.

    Parameters
    ----------
    elements, kinds, by : sequence of str
    affected : Affected
    unserved : ndarray
        In the utility's unit; NaN where there is no answer.
    places, cut_off : ndarray of int
    failures : sequence of str
        Why there is no answer; empty where there is one.
    more : dict of str to column
        The utility's own columns.
    """

    elements: Sequence[str]
    kinds: Sequence[str]
    by: Sequence[str]
    affected: Affected
    unserved: Floats
    places: NDArray[np.int64]
    cut_off: NDArray[np.int64]
    failures: Sequence[str]
    more: dict[str, Any] = field(default_factory=dict)

    def ranked(self, spec: TableSpec, unserved: str, rank_by: str) -> Table:
        """The main table.

        Parameters
        ----------
        spec : TableSpec
            Made by :func:`citymains.criticality.report.ranking_table`.
        unserved : str
            Name of its column of what is not delivered.
        rank_by : {"customers", "unserved", "critical"}

        Raises
        ------
        InputError
            ARGUMENT_INVALID: `rank_by`.
        """
        keys = self._keys(rank_by)
        names = np.array(self.elements, dtype=np.str_)
        order = np.lexsort((names, *(-key for key in reversed(keys))))
        columns: dict[str, Any] = {
            "element": self.elements,
            "kind": self.kinds,
            "customers": self.affected.customers,
            "households": self.affected.households,
            "critical_customers": self.affected.critical,
            unserved: self.unserved,
            "places": self.places,
            "cut_off": self.cut_off,
            "by": self.by,
            **self.more,
        }
        sorted_keys = np.stack(keys)[:, order] if len(order) else np.zeros((len(keys), 0))
        new = np.ones(len(order), dtype=bool)
        new[1:] = (sorted_keys[:, 1:] != sorted_keys[:, :-1]).any(axis=0)
        # Equal losses share the place of the first of them.
        rank = np.maximum.accumulate(np.where(new, np.arange(1, len(order) + 1), 0)) if len(order) else order
        return spec.build(rank=rank, **{name: _taken(values, order) for name, values in columns.items()})

    def findings(self) -> list[Finding]:
        """Losses without an answer, the first by name."""
        failed = [(one, why) for one, why in zip(self.elements, self.failures, strict=True) if why]
        return [
            finding("CRITICALITY_FAILED", Severity.SUSPECT, element=one, reason=why)
            for one, why in failed[:_NAMED]
        ]

    def _keys(self, rank_by: str) -> list[Floats]:
        if rank_by not in RANK_BY:
            raise InputError("ARGUMENT_INVALID", field="rank_by", value=rank_by, limit=" ".join(RANK_BY))
        by: dict[str, Floats] = {
            "customers": self.affected.customers.astype(np.float64),
            "unserved": np.where(np.isnan(self.unserved), -1.0, self.unserved),
            "critical": self.affected.critical.astype(np.float64),
        }
        answered = np.array([not why for why in self.failures], dtype=np.float64)
        return [answered, by.pop(rank_by), *by.values()]


def _taken(values: Any, order: NDArray[np.intp]) -> Any:
    return values[order] if isinstance(values, np.ndarray) else [values[at] for at in order.tolist()]


def chunks(count: int, size: int, text: str) -> Iterator[slice]:
    """Chunks of many losses, telling the current call how far it is; raises when it is cancelled."""
    call = current_call()
    for start in range(0, count, size):
        call.progress(start / count, f"{text} {start}/{count}")
        yield slice(start, min(start + size, count))
    call.progress(1.0, f"{text} {count}/{count}")
