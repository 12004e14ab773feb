"""Customers behind places, counted for thousands of losses at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from citymains.model.table import Table

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Affected:
    """How many go short in each loss, shape (losses,)."""

    customers: Counts
    households: Counts
    critical: Counts

    @classmethod
    def nobody(cls, losses: int) -> Affected:
        """Where no ledger is known."""
        return cls(*(np.zeros(losses, dtype=np.int64) for _ in range(3)))


class CustomersByPlace:
    """Customers of a ledger, summed by the places that supply them.

    Parameters
    ----------
    customers : Table, optional
        A ledger of the kind ``customers``; None: nobody is counted.
    places : mapping of str to sequence of int
        Places of each element of the network: a node is one, a link its two ends.
    place_count : int

    Attributes
    ----------
    unlocated_count : int
        Customers on elements that the network does not have.
    """

    def __init__(
        self, customers: Table | None, places: Mapping[str, Sequence[int]], place_count: int
    ) -> None:
        self.unlocated_count = 0
        self.total = (0, 0, 0)
        self._of_group: Counts = np.zeros((0, 3), dtype=np.int64)
        self._groups = sparse.csr_matrix((0, place_count), dtype=np.int32)
        if customers is None:
            return
        elements = [one or "" for one in customers.texts("element")]
        each = np.stack(
            [
                np.ones(len(elements), dtype=np.int64),
                customers.array("households").astype(np.int64),
                customers.array("critical").astype(np.int64),
            ],
            axis=1,
        )
        # Customers at the same places go short together: they are counted once for all losses.
        groups: dict[tuple[int, ...], int] = {}
        of_customer = np.array(
            [groups.setdefault(tuple(places.get(one, ())), len(groups)) for one in elements], dtype=np.int64
        )
        nowhere = groups.get((), -1)
        self.unlocated_count = int((of_customer == nowhere).sum()) if nowhere >= 0 else 0
        self._of_group = np.zeros((len(groups), 3), dtype=np.int64)
        np.add.at(self._of_group, of_customer, each)
        if nowhere >= 0:
            self._of_group[nowhere] = 0
        customers_total, households_total, critical_total = self._of_group.sum(axis=0).tolist()
        self.total = (customers_total, households_total, critical_total)
        rows = np.repeat(np.arange(len(groups)), [len(one) for one in groups])
        columns = np.array([place for one in groups for place in one], dtype=np.int64)
        self._groups = sparse.csr_matrix(
            (np.ones(len(rows), dtype=np.int32), (rows, columns)), shape=(len(groups), place_count)
        )

    def affected(self, short: Mask) -> Affected:
        """Who goes short in each loss.

        Parameters
        ----------
        short : ndarray of bool, shape (losses, places)
            Places that go short; a customer with two places goes short with either.
        """
        if not self._groups.shape[0]:
            return Affected.nobody(len(short))
        hit = np.asarray(self._groups @ short.T.astype(np.int32)) > 0
        sums = hit.T.astype(np.int64) @ self._of_group
        return Affected(*(np.ascontiguousarray(sums[:, at]) for at in range(3)))
