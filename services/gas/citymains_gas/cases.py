"""Scenarios of a sweep: small differences from the network as it is, and how they travel to the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

#: Links a case may close, in the order in which they are numbered; the batched solver models the first three.
LINK_COMPONENTS: Final = ("pipes", "valves", "regulators", "compressors", "pumps", "flow_controls")


@dataclass(frozen=True, slots=True)
class Case:
    """One scenario as a difference from the network as it is.

    Attributes
    ----------
    closed : tuple of int
        Links that pass nothing, numbered through in the order of :data:`LINK_COMPONENTS`.
    lost_sources : tuple of int
        Sources out of service, by row.
    stuck_open : tuple of int
        Regulators, by row, that have failed wide open.
    slam_shut_fails : bool
        Whether the safety valves of those fail with them.
    demand_factor : float
        Factor on every demand.
    drawn : tuple of (int, float)
        Sinks, by row, that draw a flow of their own [kg/s] whatever the pressure, instead of their demand.
    """

    closed: tuple[int, ...] = ()
    lost_sources: tuple[int, ...] = ()
    stuck_open: tuple[int, ...] = ()
    slam_shut_fails: bool = False
    demand_factor: float = 1.0
    drawn: tuple[tuple[int, float], ...] = ()


_LISTS: Final = ("closed", "lost_sources", "stuck_open", "drawn")


def packed(cases: Sequence[Case]) -> dict[str, NDArray[Any]]:
    """Cases as arrays: of each list the ends of its runs and the runs themselves, of the rest a column."""
    made: dict[str, NDArray[Any]] = {}
    for name in _LISTS:
        lists: list[tuple[Any, ...]] = [getattr(case, name) for case in cases]
        dtype = np.float64 if name == "drawn" else np.int64
        made[name] = np.array([one for some in lists for one in some], dtype=dtype)
        made[f"{name}_ends"] = np.cumsum([len(some) for some in lists], dtype=np.int64)
    for one in fields(Case):
        if one.name not in _LISTS:
            made[one.name] = np.array([getattr(case, one.name) for case in cases])
    return made


def unpacked(arrays: Mapping[str, NDArray[Any]]) -> list[Case]:
    """The cases of :func:`packed`."""
    columns: dict[str, Iterable[Any]] = {
        name: [tuple(part.tolist()) for part in np.split(arrays[name], arrays[f"{name}_ends"][:-1])]
        for name in _LISTS
    }
    columns["drawn"] = [tuple((int(row), flow) for row, flow in some) for some in columns["drawn"]]
    columns |= {one.name: arrays[one.name].tolist() for one in fields(Case) if one.name not in _LISTS}
    return [Case(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]
