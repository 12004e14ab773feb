"""Supply from stores and linepack once the sources are gone: stores first, as fast as they can, the pipes give the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class StoreRow:
    """A store.

    Attributes
    ----------
    name : str
    volume_m3 : float
        What is in it, at standard conditions.
    working_m3 : float
        What it holds when full.
    send_out_m3_per_h : float
        Infinite: as fast as wanted.
    owner : str
    available : bool
    """

    name: str
    volume_m3: float
    working_m3: float
    send_out_m3_per_h: float
    owner: str
    available: bool


@dataclass(frozen=True)
class Step:
    """A stretch in which nothing changes; fields as the columns of the timeline."""

    time_s: float
    event: str
    demand_m3_per_h: float
    from_stores_m3_per_h: float
    from_linepack_m3_per_h: float
    linepack_m3: float
    stores_m3: float


@dataclass(frozen=True)
class Course:
    """How supply goes on until it ends."""

    survival_s: float
    """Infinite where nothing is drawn."""
    steps: tuple[Step, ...]


def survive(
    linepack_m3: float, demand_m3_per_h: float, stores: Sequence[StoreRow], events: Sequence[str]
) -> Course:
    """Follow demand from stores and linepack.

    Stores share what is drawn in the proportion of their send-out; one without a limit takes what
    the others leave. Gas that stores could send beyond the demand does not fill the pipes again.

    Parameters
    ----------
    linepack_m3 : float
        Usable linepack.
    demand_m3_per_h : float
    stores : sequence of StoreRow
        Those that are available feed.
    events : sequence of str
        What happens with the loss, told in the first step.

    Returns
    -------
    Course

    Examples
    --------
    >>> one = StoreRow("LNG", 600.0, 600.0, 60.0, "company", True)
    >>> survive(100.0, 110.0, [one], []).survival_s / 3600.0    # 60 m3/h from the store, 50 from the pipes
    2.0
    """
    left = {one.name: one.volume_m3 for one in stores if one.available and one.volume_m3 > 0.0}
    rate = {one.name: one.send_out_m3_per_h for one in stores if one.name in left}
    time_h, pack, steps = 0.0, linepack_m3, []
    event = ", ".join(("sources lost", *events))
    if demand_m3_per_h <= 0.0:
        return Course(np.inf, (Step(0.0, event, 0.0, 0.0, 0.0, pack, sum(left.values())),))
    while True:
        drawn = _shares(rate, demand_m3_per_h)
        from_pack = max(0.0, demand_m3_per_h - sum(drawn.values()))
        if from_pack < 1e-9 * demand_m3_per_h:
            from_pack = 0.0
        steps.append(
            Step(
                3600.0 * time_h,
                event,
                demand_m3_per_h,
                sum(drawn.values()),
                from_pack,
                pack,
                sum(left.values()),
            )
        )
        ends = {name: left[name] / one for name, one in drawn.items() if one > 0.0}
        pack_h = pack / from_pack if from_pack > 0.0 else np.inf
        store_h = min(ends.values(), default=np.inf)
        if pack_h <= store_h:
            time_h += pack_h
            steps.append(
                Step(
                    3600.0 * time_h, "linepack spent", demand_m3_per_h, sum(drawn.values()), 0.0, 0.0,
                    sum(left[name] - drawn.get(name, 0.0) * pack_h for name in left),
                )
            )  # fmt: skip
            return Course(3600.0 * time_h, tuple(steps))
        time_h += store_h
        pack -= from_pack * store_h
        empty = [name for name, end in ends.items() if end <= store_h * (1.0 + 1e-12)]
        left = {name: left[name] - drawn.get(name, 0.0) * store_h for name in left if name not in empty}
        rate = {name: rate[name] for name in left}
        event = ", ".join(f"{name} empty" for name in empty)


def _shares(rate: dict[str, float], demand: float) -> dict[str, float]:
    """What each store sends out."""
    limited = {name: one for name, one in rate.items() if np.isfinite(one)}
    total = sum(limited.values())
    scale = min(1.0, demand / total) if total > 0.0 else 0.0
    found = {name: one * scale for name, one in limited.items()}
    open_ended = [name for name in rate if name not in limited]
    rest = max(0.0, demand - sum(found.values()))
    return {**found, **dict.fromkeys(open_ended, rest / len(open_ended))} if open_ended else found
