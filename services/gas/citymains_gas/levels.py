"""Pressure levels: what of a network hangs together without a regulator or compressor between, and its class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from citymains.intake.pandapipes_components import PRESSURE_CLASSES
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

from citymains_gas.rules.pressure import LOW
from citymains_gas.steady import SteadyState

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Links that stay within a level, with the column that says whether they are open.
_WITHIN: Final = (("pipes", "in_service"), ("valves", "open"), ("flow_controls", "in_service"))


@dataclass(frozen=True, eq=False)
class Levels:
    """The levels of a network.

    Attributes
    ----------
    of_junction : ndarray of int, shape (junctions,)
    names : list of str, shape (levels,)
        Of each level: what feeds it, or its first junction.
    set_kpa : ndarray, shape (levels,)
        Highest set point that feeds each level, gauge; NaN: none.
    pressure_class : list of str, shape (junctions,)
        As the network states it, else by the level's set point; empty where nothing says.
    stated : ndarray of bool, shape (junctions,)
        Whether the network states it.
    """

    of_junction: Ints
    names: list[str]
    set_kpa: Floats
    pressure_class: list[str]
    stated: NDArray[np.bool_]

    @property
    def count(self) -> int:
        """Number of levels."""
        return len(self.names)


def levels_of(state: SteadyState, upper_kpa: dict[str, float]) -> Levels:
    """The levels of a network in a scenario.

    Parameters
    ----------
    state : SteadyState
    upper_kpa : dict of str to float
        Upper limit of each pressure class.
    """
    count, of_junction = _components(state)
    set_kpa, names = np.full(count, np.nan), [""] * count
    for component, node, name in (
        ("sources", "node", "source"),
        ("regulators", "controlled_node", "regulator"),
    ):
        rows, kpa = state.rows(component, node), state.input(component, "pressure_kpa")
        serves = state.input(component, "in_service")
        for row, value, on, key in zip(
            rows.tolist(), kpa.tolist(), serves.tolist(), state.ids(component), strict=True
        ):
            level = of_junction[row]
            if on and not np.isnan(value) and not value <= set_kpa[level]:
                set_kpa[level], names[level] = value, f"{name} {key}"
    first = np.full(count, -1, dtype=np.int64)
    first[of_junction[::-1]] = np.arange(len(of_junction))[::-1]
    ids = state.ids("junctions")
    names = [name or f"junction {ids[at]}" for name, at in zip(names, first.tolist(), strict=True)]
    inferred = [_class_of(value, upper_kpa) for value in set_kpa.tolist()]
    given = [str(one) for one in state.model.column("junctions", "pressure_class")]
    return Levels(
        of_junction=of_junction,
        names=names,
        set_kpa=set_kpa,
        pressure_class=[
            one or inferred[level] for one, level in zip(given, of_junction.tolist(), strict=True)
        ],
        stated=np.array([bool(one) for one in given], dtype=np.bool_),
    )


def _components(state: SteadyState) -> tuple[int, Ints]:
    n = len(state.ids("junctions"))
    starts, ends = [], []
    for component, switch in _WITHIN:
        on = state.input(component, switch)
        starts.append(state.rows(component, "from_node")[on])
        ends.append(state.rows(component, "to_node")[on])
    start, end = np.concatenate(starts), np.concatenate(ends)
    matrix = sparse.csr_matrix((np.ones(len(start), dtype=np.int8), (start, end)), shape=(n, n))
    count, labels = csgraph.connected_components(matrix, directed=False)
    return int(count), labels.astype(np.int64)


def _class_of(set_kpa: float, upper_kpa: dict[str, float]) -> str:
    """The lowest class whose limit a set point keeps; low pressure is below its limit."""
    if np.isnan(set_kpa) or not upper_kpa:
        return ""
    for name in PRESSURE_CLASSES:
        upper = upper_kpa.get(name, np.inf)
        if set_kpa < upper or (set_kpa == upper and name != LOW):
            return name
    return ""
