"""Places that go short over time, and the customers behind them.

An engine gives, for each place and report time, whether the place is served within limits;
from here on an outage is the same for water, gas and heat.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from citymains.messages import Text, register_messages
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

register_messages(
    {
        "OUTAGE_CRITICAL": Text(
            "The critical customer {element} goes short from {since} on, for {hours} h.",
            "重点用户 {element} 自 {since_zh} 起供应不足,历时 {hours} 小时。",
        ),
        "OUTAGE_CUSTOMERS_UNLOCATED": Text(
            "{value} customers name an element the network does not have; they are not counted.",
            "有 {value} 个用户所接元件在管网中不存在,未计入。",
            "Check the ids in the ledger.",
            "请核对台账中的编号。",
        ),
    }
)

CUSTOMERS = TableSpec(
    "customers",
    "Customers who go short, critical ones first, then by how long.",
    (
        ColumnSpec("customer", Kind.TEXT, "Id of the customer."),
        ColumnSpec("element", Kind.TEXT, "Element that supplies it."),
        ColumnSpec("category", Kind.TEXT, "Category."),
        ColumnSpec("critical", Kind.BOOLEAN, "Whether an outage endangers people."),
        ColumnSpec("households", Kind.INTEGER, "Households behind it."),
        ColumnSpec("state", Kind.TEXT, "none: without any supply for some time; low: only below the limit."),
        ColumnSpec("since_s", Kind.FLOAT, "When it first goes short, from the start."),
        ColumnSpec("duration_s", Kind.FLOAT, "How long it is short altogether. Missing in a steady state."),
        ColumnSpec("longest_s", Kind.FLOAT, "The longest time on end. Missing in a steady state."),
        ColumnSpec("name", Kind.TEXT, "Name."),
        ColumnSpec("address", Kind.TEXT, "Address."),
    ),
)


@dataclass(frozen=True, eq=False)
class Shortfall:
    """Which places go short when.

    Parameters
    ----------
    times_s : ndarray, shape (times,)
        Report times; each holds until the next. One alone is a steady state.
    short : ndarray of bool, shape (times, places)
        Below the limit, or without supply.
    cut : ndarray of bool, shape (times, places)
        Without any supply.
    """

    times_s: Floats
    short: Mask
    cut: Mask

    @property
    def steady(self) -> bool:
        """Whether there is one time only."""
        return len(self.times_s) == 1

    @property
    def steps_s(self) -> Floats:
        """How long each report time holds, shape (times,); of a steady state one hour, the last holds for no time."""
        return np.array([3600.0]) if self.steady else np.append(np.diff(self.times_s), 0.0)

    def since_s(self) -> Floats:
        """When each place first goes short; NaN where it never does. Shape (places,)."""
        return np.where(self.short.any(axis=0), self.times_s[self.short.argmax(axis=0)], np.nan)

    def duration_s(self) -> Floats:
        """How long each place is short altogether, shape (places,); NaN in a steady state."""
        if self.steady:
            return np.full(self.short.shape[1], np.nan)
        return np.asarray(self.steps_s @ self.short, dtype=np.float64)

    def longest_s(self) -> Floats:
        """The longest time on end that each place is short, shape (places,); NaN in a steady state."""
        places = self.short.shape[1]
        if self.steady:
            return np.full(places, np.nan)
        running, longest = np.zeros(places), np.zeros(places)
        for step, short in zip(self.steps_s, self.short, strict=True):
            running = np.where(short, running + step, 0.0)
            np.maximum(longest, running, out=longest)
        return longest

    def of(self, groups: Sequence[Sequence[int]]) -> Shortfall:
        """The shortfall of groups of places, shape (times, groups): a group is short where one of its places is."""

        def any_of(mask: Mask) -> Mask:
            columns = [mask[:, list(group)].any(axis=1) for group in groups]
            return np.stack(columns, axis=1) if columns else np.zeros((len(self.times_s), 0), dtype=bool)

        return Shortfall(self.times_s, any_of(self.short), any_of(self.cut))


@dataclass(frozen=True)
class AffectedCustomers:
    """Customers who go short."""

    table: Table
    customer_count: int
    household_count: int
    critical_customers: tuple[str, ...]
    unlocated_count: int
    """Customers on elements that the network does not have."""
    longest_s: float
    """The longest time on end that any of them is short; 0 where nobody is."""

    def summary(self) -> dict[str, Any]:
        """The fields of a report."""
        return {
            "customer_count": self.customer_count,
            "household_count": self.household_count,
            "critical_customers": self.critical_customers,
        }


def affected_customers(
    customers: Table | None, shortfall: Shortfall, places: Mapping[str, Sequence[int]]
) -> AffectedCustomers:
    """Customers of a ledger who go short.

    Parameters
    ----------
    customers : Table, optional
        A ledger of the kind ``customers``; None: nobody is counted.
    shortfall : Shortfall
    places : mapping of str to sequence of int
        Where each element of the network stands among the shortfall's places: a node is one, a
        link its two ends.
    """
    if customers is None:
        return AffectedCustomers(CUSTOMERS.empty(), 0, 0, (), 0, 0.0)
    elements = [one or "" for one in customers.texts("element")]
    located = np.array([one in places for one in elements], dtype=bool)
    theirs = shortfall.of([places.get(one, ()) for one in elements])
    longest = theirs.longest_s()
    critical = customers.array("critical")
    rows = np.flatnonzero(theirs.short.any(axis=0))
    rows = rows[np.lexsort((-np.nan_to_num(longest[rows]), ~critical[rows]))]
    picked = customers.take(rows)
    table = CUSTOMERS.build(
        customer=picked.texts("customer"),
        element=picked.texts("element"),
        category=picked.texts("category"),
        critical=picked.array("critical"),
        households=picked.array("households"),
        state=["none" if one else "low" for one in np.any(theirs.cut, axis=0)[rows].tolist()],
        since_s=theirs.since_s()[rows],
        duration_s=theirs.duration_s()[rows],
        longest_s=longest[rows],
        name=picked.texts("name"),
        address=picked.texts("address"),
    )
    ids = picked.texts("customer")
    return AffectedCustomers(
        table=table,
        customer_count=len(rows),
        household_count=int(picked.array("households").sum()),
        critical_customers=tuple(
            one or "" for one, is_critical in zip(ids, picked.array("critical"), strict=True) if is_critical
        ),
        unlocated_count=int((~located).sum()),
        longest_s=float(np.nan_to_num(longest[rows]).max(initial=0.0)),
    )
