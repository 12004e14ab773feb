"""The tables of an outage, from its run."""

from __future__ import annotations

import numpy as np
from citymains.model.table import Coded, Table
from numpy.typing import NDArray

from citymains_heating.freezing import freezing_s, time_until_s
from citymains_heating.outage_report import PIPES, SERVED, SUBSTATIONS
from citymains_heating.outage_run import OutageRun
from citymains_heating.thermal import PipeHeat


def served_table(run: OutageRun, step_s: float) -> Table:
    """One row per consumer and time, at a regular step and at every change."""
    times, shares = run.sampled(step_s)
    stretch = np.maximum(np.searchsorted([one.start_s for one in run.stretches], times, side="right") - 1, 0)
    required, flow = np.stack(run.required)[stretch], np.stack(run.flows)[stretch]
    supply = (
        np.stack([_at(run, int(at), float(time)) for at, time in zip(stretch, times, strict=True)])
        if len(times)
        else np.zeros((0, len(run.stations)))
    )
    count = len(run.stations)
    return SERVED.build(
        node=Coded(tuple(run.stations), np.tile(np.arange(count, dtype=np.int32), len(times))),
        time_s=np.repeat(times, count),
        heat_kw=(shares * required / 1000.0).ravel(),
        required_kw=(required / 1000.0).ravel(),
        supply_temperature_c=supply.ravel(),
        flow_kg_per_s=flow.ravel(),
        served=shares.ravel(),
    )


def _at(run: OutageRun, stretch: int, time_s: float) -> NDArray[np.float64]:
    period = run.periods[stretch]
    place = np.searchsorted(period.times_s, time_s - run.stretches[stretch].start_s - 1e-6)
    return np.asarray(period.supply_c[min(int(place), len(period.times_s) - 1)])


def substations_table(run: OutageRun, households: NDArray[np.int64]) -> Table:
    """One row per stop."""
    stops, unserved = run.stops, run.unserved_kwh
    stations = [stop.station for stop in stops]
    return SUBSTATIONS.build(
        substation=[run.stations[one] for one in stations],
        stop_s=[stop.start_s for stop in stops],
        restart_s=[np.nan if stop.end_s is None else stop.end_s for stop in stops],
        stopped_h=[stop.seconds(run.end_s) / 3600.0 for stop in stops],
        unserved_kwh=unserved[stations] if stations else [],
        households=households[stations] if stations else [],
    )


def pipes_table(run: OutageRun, isolated: frozenset[str]) -> Table:
    """One row for each time the water of a pipe stood."""
    assert run.thermal is not None
    pipes, ids = run.thermal.pipes, run.model.ids("pipes")
    rows = np.array([one.pipe for one in run.stood], dtype=np.int64)
    chosen = PipeHeat(**{name: getattr(pipes, name)[rows] for name in PipeHeat.__dataclass_fields__})
    warm = np.array([one.from_c for one in run.stood])
    zero, frozen = time_until_s(chosen, warm, 0.0), freezing_s(chosen, warm, run.water_kg[rows])

    def hours(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.where(np.isfinite(values), values, np.nan) / 3600.0

    length, inner = run.model.column("pipes", "length_m"), run.model.column("pipes", "inner_diameter_mm")
    return PIPES.build(
        pipe=[ids[row] for row in rows.tolist()],
        isolated=[ids[row] in isolated for row in rows.tolist()],
        volume_m3=(length * np.pi / 4.0 * (inner / 1000.0) ** 2)[rows],
        standing_s=[one.start_s for one in run.stood],
        stood_h=[(one.end_s - one.start_s) / 3600.0 for one in run.stood],
        temperature_c=[one.to_c for one in run.stood],
        time_constant_h=hours(chosen.time_constant_s),
        zero_after_h=hours(zero),
        frozen_after_h=hours(frozen),
    )
