"""Model units to SI.

A model with flows in CFS, GPM or MGD is in US customary units throughout (feet, acres,
inches), one in CMS, LPS or MLD in SI (metres, hectares, millimetres); see the SWMM 5.2
user's manual, appendix A.1.
"""

from __future__ import annotations

from dataclasses import dataclass

from citymains.units import FOOT_M, INCH_MM, US_GALLON_M3

_ACRE_HA = 43_560.0 * FOOT_M**2 / 10_000.0
_FLOW_M3_PER_S = {
    "CFS": FOOT_M**3,
    "GPM": US_GALLON_M3 / 60.0,
    "MGD": 1e6 * US_GALLON_M3 / 86_400.0,
    "CMS": 1.0,
    "LPS": 1e-3,
    "MLD": 1e3 / 86_400.0,
}
US_FLOW_UNITS = ("CFS", "GPM", "MGD")
FLOW_UNITS = tuple(_FLOW_M3_PER_S)


@dataclass(frozen=True)
class ModelUnits:
    """How much of the SI unit one unit of the model is."""

    flow_units: str

    @property
    def us(self) -> bool:
        """Whether the model is in US customary units."""
        return self.flow_units in US_FLOW_UNITS

    @property
    def length_m(self) -> float:
        """Depths, elevations, lengths, and velocities per second."""
        return FOOT_M if self.us else 1.0

    @property
    def area_m2(self) -> float:
        """Areas of nodes."""
        return self.length_m**2

    @property
    def subcatchment_ha(self) -> float:
        """Areas of subcatchments."""
        return _ACRE_HA if self.us else 1.0

    @property
    def volume_m3(self) -> float:
        """Volumes of the engine's statistics: cubic feet or cubic metres."""
        return FOOT_M**3 if self.us else 1.0

    @property
    def flow_m3_per_s(self) -> float:
        """Flows."""
        return _FLOW_M3_PER_S[self.flow_units]

    @property
    def rain_mm(self) -> float:
        """Rain depths."""
        return INCH_MM if self.us else 1.0
