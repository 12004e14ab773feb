"""Small station sets the tests share."""

from __future__ import annotations

import math

from citymains_drainage.stations.curves import PumpCurve, PumpCurveKind, VolumeCurve
from citymains_drainage.stations.model import PumpGroup, Receiving, ReceivingKind, Station, StationSet

CURVE = PumpCurve(PumpCurveKind.LIFT, (0.0, 4.0, 8.0), (0.5, 0.4, 0.0))


def station(name: str = "A", *, pumps: int = 3, receiving: str = "river", **more: object) -> Station:
    group = PumpGroup(
        name=f"{name}/1",
        pumps=tuple(f"{name}{one}" for one in range(1, pumps + 1)),
        curve=CURVE,
        receiving=receiving,
        discharge_level_m=5.0,
        start_depth_m=tuple(2.0 + 0.5 * one for one in range(pumps)),
        stop_depth_m=tuple(1.0 + 0.2 * one for one in range(pumps)),
    )
    given: dict[str, object] = {
        "name": name,
        "wet_well": f"{name}-well",
        "invert_m": 0.0,
        "curve": VolumeCurve.prismatic(200.0, 6.0),
        "groups": (group,),
        "dry_run_depth_m": 0.6,
        "restart_depth_m": 1.0,
        "emergency_depth_m": 4.0,
        "emergency_release_m": 3.5,
    }
    return Station(**(given | more))  # type: ignore[arg-type]


def station_set(
    *stations: Station, river_max: float = math.inf, kind: ReceivingKind = ReceivingKind.RIVER
) -> StationSet:
    return StationSet(
        stations=stations or (station(),),
        receiving={"river": Receiving(name="river", kind=kind, max_flow_m3_per_s=river_max)},
    )
