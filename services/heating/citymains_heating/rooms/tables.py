"""What room temperatures amount to: findings and tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from citymains.billing.items import yuan
from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import Coded, Table
from numpy.typing import NDArray

from citymains_heating.refunds.policy import HeatRefundPolicy
from citymains_heating.refunds.tabular import to_datetime
from citymains_heating.rooms.buildings import Building, Housing
from citymains_heating.rooms.calibration import Calibrated
from citymains_heating.rooms.exposure import Exposure
from citymains_heating.rooms.report import CALIBRATION, EXPOSURE, ROOMS, TEMPERATURES

Floats = NDArray[np.float64]

#: Step of the room models [s]; sensors read as often.
STEP_S: Final = 600.0
#: Buildings that are named as findings.
_NAMED: Final = 50
#: A model that misses its readings by more is told [K].
_MISFIT_K: Final = 1.0


@dataclass
class Rooms:
    """Temperatures of all buildings, held against the guarantee."""

    grid_s: Floats
    outdoor_c: Floats
    temperature_c: Mapping[str, Floats]
    served: Mapping[str, Floats]
    guarantee_c: float

    def of(self, building: str) -> Floats:
        """Within the time asked for."""
        return self.temperature_c[building][: len(self.grid_s)]

    def below(self, building: str) -> NDArray[np.bool_]:
        """Below the guarantee; not by less than a thousandth, which is arithmetic."""
        return np.asarray(self.of(building) < self.guarantee_c - 5e-4)

    def below_after_h(self, building: str) -> float:
        """When it first is; NaN: never."""
        at = int(np.argmax(self.below(building)))
        if not self.below(building)[at]:
            return float("nan")
        values = self.of(building)
        if at == 0 or values[at - 1] <= self.guarantee_c:
            return float(self.grid_s[at] / 3600.0)
        share = (values[at - 1] - self.guarantee_c) / (values[at - 1] - values[at])
        return float((self.grid_s[at - 1] + share * STEP_S) / 3600.0)


def findings_of(
    rooms: Rooms, housing: Housing, calibrated: Calibrated, policy: HeatRefundPolicy | None, why: str
) -> list[Finding]:
    note = Severity.NOTE
    below = [one for one in housing.buildings if rooms.below(one.name).any()]
    below.sort(key=lambda one: rooms.below_after_h(one.name))
    found = [
        finding(
            "HEAT_ROOM_BELOW",
            note,
            element=one.name,
            value=round(float(rooms.of(one.name).min()), 2),
            limit=rooms.guarantee_c,
            unit="°C",
            article=policy.article if policy else "",
            hours=f"{rooms.below_after_h(one.name):.3g}",
            users=str(one.user_count),
        )
        for one in below[:_NAMED]
    ]
    for code, count in (
        ("HEAT_USERS_BY_LARGEST", housing.by_largest),
        ("HEAT_USERS_UNPLACED", housing.unplaced),
        ("HEAT_DECAY_SET_ASIDE", calibrated.set_aside),
    ):
        if count:
            severity = Severity.SUSPECT if code == "HEAT_USERS_UNPLACED" else note
            found.append(finding(code, severity, value=float(count)))
    if calibrated.how and not calibrated.fits:
        found.append(finding("HEAT_DECAY_NONE", Severity.SUSPECT))
    found.extend(
        finding(
            "HEAT_DECAY_MISFIT",
            Severity.SUSPECT,
            element=fit.decay.building,
            value=round(fit.rmse_k, 2),
            unit="K",
        )
        for fit in calibrated.fits[:_NAMED]
        if fit.rmse_k > _MISFIT_K
    )
    if why:
        found.append(finding("HEAT_EXPOSURE_UNKNOWN", note, element=why))
    return found


def rooms_table(rooms: Rooms, housing: Housing, calibrated: Calibrated, exposure: Exposure | None) -> Table:
    step_h = STEP_S / 3600.0
    listed = housing.buildings

    def short(one: Building) -> Floats:
        missing: Floats = np.maximum(rooms.guarantee_c - rooms.of(one.name), 0.0)
        return missing[:-1]

    return ROOMS.build(
        building=[one.name for one in listed],
        substation=[one.substation for one in listed],
        building_type=[one.building_type for one in listed],
        users=[one.user_count for one in listed],
        below_after_h=[rooms.below_after_h(one.name) for one in listed],
        below_h=[float(np.count_nonzero(rooms.below(one.name)[:-1])) * step_h for one in listed],
        below_kh=[float(short(one).sum()) * step_h for one in listed],
        lowest_c=[float(rooms.of(one.name).min()) for one in listed],
        end_c=[float(rooms.of(one.name)[-1]) for one in listed],
        time_constant_h=[one.room.time_constant_h for one in listed],
        calibrated=[calibrated.how.get(one.name) or "data" for one in listed],
        area_m2=[one.room.area_m2 for one in listed],
        exposure_yuan=[None if exposure is None else yuan(exposure.cents(one.name)) for one in listed],
    )


def temperatures_table(rooms: Rooms, housing: Housing, step_s: float) -> Table:
    every = np.unique(
        np.append(np.arange(0, len(rooms.grid_s), max(1, round(step_s / STEP_S))), len(rooms.grid_s) - 1)
    )
    names = [one.name for one in housing.buildings]
    count = len(names)
    return TEMPERATURES.build(
        building=Coded(tuple(names), np.repeat(np.arange(count, dtype=np.int32), len(every))),
        time_s=np.tile(rooms.grid_s[every], count),
        temperature_c=np.concatenate([rooms.of(name)[every] for name in names]) if names else [],
        outdoor_c=np.tile(rooms.outdoor_c[every], count),
        served=np.concatenate([rooms.served[name][every] for name in names]) if names else [],
    )


def calibration_table(calibrated: Calibrated) -> Table:
    fits = calibrated.fits

    def moment(seconds: int) -> str:
        return to_datetime(seconds).isoformat() + "+08:00"

    return CALIBRATION.build(
        building=[one.decay.building for one in fits],
        sensor=[one.decay.sensor for one in fits],
        start=[moment(one.decay.start_s) for one in fits],
        end=[moment(one.decay.end_s) for one in fits],
        readings=[len(one.decay.times_s) for one in fits],
        start_c=[one.decay.start_c for one in fits],
        fall_k=[one.decay.fall_k for one in fits],
        time_constant_h=[one.time_constant_h for one in fits],
        fitted_h=[one.fitted_h for one in fits],
        rmse_k=[one.rmse_k for one in fits],
    )


def exposure_table(housing: Housing, exposure: Exposure | None) -> Table:
    if exposure is None:
        return EXPOSURE.empty()
    names = [one.name for one in housing.buildings if one.name in exposure.users]
    return EXPOSURE.build(
        building=names,
        users=[exposure.users[name] for name in names],
        days=[exposure.days[name] for name in names],
        temperature_yuan=[yuan(exposure.temperature_cents.get(name, 0)) for name in names],
        outage_yuan=[yuan(exposure.outage_cents.get(name, 0)) for name in names],
        amount_yuan=[yuan(exposure.cents(name)) for name in names],
    )
