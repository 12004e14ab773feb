"""Gas that escapes through an opening: isentropic flow through an orifice, choked or not.

References
----------
TNO "Yellow Book", CPR 14E, 3rd ed. (2005), 2.5.2.3: outflow of gas through a hole.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

#: Universal gas constant over the molar volume: R = p_n / (rho_n T_n).
NORMAL_PRESSURE_PA: Final = 101_325.0
NORMAL_TEMPERATURE_K: Final = 273.15


@dataclass(frozen=True)
class Orifice:
    """An opening to the air.

    Attributes
    ----------
    area_m2 : float
    discharge_coefficient : float
        1: all of the area is used.
    isentropic_exponent : float
        Of the gas, > 1.
    gas_constant : float
        Specific gas constant. [J/(kg K)]
    temperature_k : float
    compressibility : float
        Z of the gas behind the opening (1).
    ambient_kpa : float
        Absolute pressure of the air.
    """

    area_m2: float
    discharge_coefficient: float
    isentropic_exponent: float
    gas_constant: float
    temperature_k: float
    compressibility: float
    ambient_kpa: float

    @property
    def critical_ratio(self) -> float:
        """Ambient over inner absolute pressure below which the flow is choked: ``(2/(k+1))^(k/(k-1))``."""
        k = self.isentropic_exponent
        return float((2.0 / (k + 1.0)) ** (k / (k - 1.0)))

    def choked(self, gauge_kpa: float) -> bool:
        """Whether gas leaves at the speed of sound."""
        return self.ambient_kpa <= self.critical_ratio * (gauge_kpa + self.ambient_kpa)

    def flow_kg_per_s(self, gauge_kpa: float) -> float:
        """Mass flow at a gauge pressure behind the opening; 0 from nothing. [kg/s]

        Notes
        -----
        Choked: ``Cd A p sqrt(k / (Z R T) (2/(k+1))^((k+1)/(k-1)))``. Below: ``Cd A p sqrt(2k / ((k-1) Z R T)
        (r^(2/k) - r^((k+1)/k)))`` with ``r`` ambient over inner absolute pressure.

        Examples
        --------
        >>> hole = Orifice(1e-4, 0.85, 1.3, 518.3, 288.15, 1.0, 101.325)
        >>> round(hole.flow_kg_per_s(400.0), 4), hole.choked(400.0)
        (0.0736, True)
        """
        if not gauge_kpa > 0.0:
            return 0.0
        k, inner = self.isentropic_exponent, gauge_kpa + self.ambient_kpa
        zrt = self.compressibility * self.gas_constant * self.temperature_k
        if self.choked(gauge_kpa):
            root = math.sqrt(k / zrt * (2.0 / (k + 1.0)) ** ((k + 1.0) / (k - 1.0)))
        else:
            ratio = self.ambient_kpa / inner
            root = math.sqrt(2.0 * k / ((k - 1.0) * zrt) * (ratio ** (2.0 / k) - ratio ** ((k + 1.0) / k)))
        return self.discharge_coefficient * self.area_m2 * 1000.0 * inner * root
