"""The unit systems of EPANET files, as factors to the SI units of our names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citymains.units import (
    ACRE_FOOT_M3,
    FOOT_M,
    HORSEPOWER_KW,
    IMPERIAL_GALLON_M3,
    INCH_MM,
    US_GALLON_M3,
)

#: m3/h in one flow unit.
FLOW_M3_PER_H: Mapping[str, float] = {
    "CFS": FOOT_M**3 * 3600.0,
    "GPM": US_GALLON_M3 * 60.0,
    "MGD": US_GALLON_M3 * 1e6 / 24.0,
    "IMGD": IMPERIAL_GALLON_M3 * 1e6 / 24.0,
    "AFD": ACRE_FOOT_M3 / 24.0,
    "LPS": 3.6,
    "LPM": 0.06,
    "MLD": 1000.0 / 24.0,
    "CMH": 1.0,
    "CMD": 1.0 / 24.0,
    "CMS": 3600.0,
}
US_UNITS = frozenset({"CFS", "GPM", "MGD", "IMGD", "AFD"})


@dataclass(frozen=True, slots=True)
class Units:
    """The units of one file.

    Parameters
    ----------
    flow : str
        EPANET's name of the flow unit.
    darcy_weisbach : bool
        Whether roughness is a length (thousandths of a foot, or millimetres).
    """

    flow: str
    darcy_weisbach: bool = False

    @property
    def us(self) -> bool:
        """Feet, inches and psi."""
        return self.flow in US_UNITS

    @property
    def length_m(self) -> float:
        """Metres in one unit of length, elevation and head."""
        return FOOT_M if self.us else 1.0

    @property
    def flow_m3_per_h(self) -> float:
        """m3/h in one unit of flow."""
        return FLOW_M3_PER_H[self.flow]

    def factors(self) -> Mapping[str, float]:
        """SI units in one unit of the file, by the quantities the schema names."""
        return {
            "length": self.length_m,
            "diameter": INCH_MM if self.us else 1.0,
            "flow": self.flow_m3_per_h,
            "volume": self.length_m**3,
            "power": HORSEPOWER_KW if self.us else 1.0,
            "roughness": 0.001 * FOOT_M * 1000.0 if self.us and self.darcy_weisbach else 1.0,
        }
