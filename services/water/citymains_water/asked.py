"""What a question asks of the hydraulics: how long, and how demands meet pressure; the same for all questions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from citymains.errors import InputError
from citymains.model.scenario import Burst, Close, Lose, Scenario

from citymains_water.engine_input import Demands
from citymains_water.settings import Settings

#: Pressure at which demand is met in full where neither the caller nor the file says, in m.
#: 14 m (0.14 MPa) is the usual minimum at the ends of Chinese networks (CJJ 58).
REQUIRED_PRESSURE_M = 14.0
#: EPANET wants at least this between no and full delivery, in the file's unit of pressure.
_LEAST_SPAN = 0.1


class DemandModel(StrEnum):
    """How demands meet pressure."""

    DDA = "DDA"
    """Demand-driven: every demand is drawn in full, whatever the pressure."""
    PDD = "PDD"
    """Pressure-dependent: between the minimum and the required pressure delivery follows its root."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Options in force."""

    demand_model: DemandModel
    duration_s: float
    minimum_pressure_m: float
    required_pressure_m: float
    demands: Demands

    def options(self) -> dict[str, Any]:
        """For the provenance."""
        return {
            "demand_model": self.demand_model,
            "duration_s": f"{self.duration_s:g}",
            "minimum_pressure_m": f"{self.minimum_pressure_m:g}",
            "required_pressure_m": f"{self.required_pressure_m:g}",
            "pressure_exponent": f"{self.demands.exponent:g}",
        }


def asked_of(
    settings: Settings,
    *,
    hours: float | None,
    demand_model: DemandModel | None,
    minimum_pressure_m: float | None,
    required_pressure_m: float | None,
    scenario: Scenario | None = None,
    least_hours: float = 0.0,
    default: DemandModel | None = None,
) -> Asked:
    """Fill in what the caller leaves open.

    Parameters
    ----------
    settings : Settings
    hours, demand_model, minimum_pressure_m, required_pressure_m
        As the caller gives them.
    scenario : Scenario, optional
        Decides the default of the demand model: pressure-dependent where it cuts off or breaks.
    least_hours : float
        Hours to simulate where neither the caller nor the model says any.
    default : DemandModel, optional
        Demand model where the caller gives none, whatever the scenario.

    Raises
    ------
    InputError
        ARGUMENT_INVALID.
    """
    duration_s = _duration_s(hours, settings, least_hours)
    model = _demand_model(demand_model, settings, scenario or Scenario(), default)
    low_m, full_m = _pressures_m(minimum_pressure_m, required_pressure_m, settings)
    per_m = settings.pressure_per_m()
    return Asked(
        demand_model=model,
        duration_s=duration_s,
        minimum_pressure_m=low_m,
        required_pressure_m=full_m,
        demands=Demands(
            "DDA" if model is DemandModel.DDA else "PDA",
            low_m * per_m,
            full_m * per_m,
            settings.numbers.get("PRESSURE EXPONENT", 0.5),
        ),
    )


def _duration_s(hours: float | None, settings: Settings, least_hours: float) -> float:
    """Seconds to simulate: as asked, else as the model says."""
    if hours is None:
        return settings.duration_s or least_hours * 3600.0
    if not 0.0 <= hours < 1e6:
        raise InputError("ARGUMENT_INVALID", field="hours", value=hours, limit="0 .. 1e6")
    return float(round(hours * 3600.0))


def _demand_model(
    given: DemandModel | None, settings: Settings, scenario: Scenario, default: DemandModel | None
) -> DemandModel:
    if given is not None:
        if given not in tuple(DemandModel):
            raise InputError(
                "ARGUMENT_INVALID", field="demand_model", value=given, limit=" ".join(DemandModel)
            )
        return DemandModel(given)
    if default is not None:
        return default
    cut = any(isinstance(edit, Close | Lose | Burst) for edit in scenario.edits)
    return DemandModel.PDD if cut or settings.demand_model == "PDA" else DemandModel.DDA


def _pressures_m(
    minimum_m: float | None, required_m: float | None, settings: Settings
) -> tuple[float, float]:
    """Pressures without and with full delivery: as asked, else as the model says."""
    per_m = settings.pressure_per_m()
    in_file = {
        name: settings.numbers.get(f"{name} PRESSURE", 0.0) / per_m for name in ("MINIMUM", "REQUIRED")
    }
    low = minimum_m if minimum_m is not None else in_file["MINIMUM"]
    full = required_m
    if full is None:
        full = (
            in_file["REQUIRED"]
            if in_file["REQUIRED"] > low + _LEAST_SPAN / per_m
            else max(REQUIRED_PRESSURE_M, low + 1.0)
        )
    if not 0.0 <= low < 1e4:
        raise InputError("ARGUMENT_INVALID", field="minimum_pressure_m", value=low, limit="0 .. 1e4")
    if not low + _LEAST_SPAN / per_m <= full < 1e4:
        raise InputError(
            "ARGUMENT_INVALID",
            field="required_pressure_m",
            value=full,
            limit=f"> minimum_pressure_m ({low:g})",
        )
    return low, full
