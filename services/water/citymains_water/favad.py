"""Leakage and pressure: fixed and variable area discharges (FAVAD).

.. math:: Q = C_d \\sqrt{2 g} (A_0 h^{0.5} + m h^{1.5})

with the pressure head h, the leak area without pressure :math:`A_0` and its growth with head m.
The leakage number :math:`L_N = m h / A_0` says how much of the discharge is due to the growth;
the exponent that a power law has at h is :math:`N_1 = (1.5 L_N + 0.5) / (L_N + 1)`.

References
----------
J. E. van Zyl, A. M. Cassa, "Modeling elastically deforming leaks in water distribution pipes",
J. Hydraul. Eng. 140(2), 2014, 182-189.
J. May, "Pressure dependent leakage", World Water and Environmental Engineering, 1994.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

#: Discharge coefficient of a leak, and standard gravity [m/s2].
DISCHARGE_COEFFICIENT, GRAVITY_M_PER_S2 = 0.6, 9.80665
_MM2_PER_M2 = 1e6


@dataclass(frozen=True)
class Favad:
    """Leaks of a pipe, a node or a zone.

    Parameters
    ----------
    area_mm2 : float
        Leak area without pressure. [mm2] >= 0
    expansion_mm2_per_m : float
        Growth of the area with the pressure head. [mm2/m] >= 0
    discharge_coefficient : float
    """

    area_mm2: float
    expansion_mm2_per_m: float = 0.0
    discharge_coefficient: float = DISCHARGE_COEFFICIENT

    @classmethod
    def from_flow(
        cls,
        flow_m3_per_h: float,
        pressure_m: float,
        leakage_number: float,
        discharge_coefficient: float = DISCHARGE_COEFFICIENT,
    ) -> Favad:
        """Leaks that lose a flow at a pressure.

        Parameters
        ----------
        flow_m3_per_h : float
            [m3/h] >= 0
        pressure_m : float
            [m] > 0
        leakage_number : float
            At that pressure, >= 0: 0 for holes that do not grow, 1 where half is due to growth.

        Examples
        --------
        >>> leaks = Favad.from_flow(36.0, 40.0, 1.0)
        >>> round(float(leaks.flow_m3_per_h(40.0)), 6), round(leaks.exponent(40.0), 6)
        (36.0, 1.0)
        """
        speed = discharge_coefficient * np.sqrt(2.0 * GRAVITY_M_PER_S2 * pressure_m)
        area = flow_m3_per_h / 3600.0 / speed / (1.0 + leakage_number) * _MM2_PER_M2
        return cls(float(area), float(leakage_number * area / pressure_m), discharge_coefficient)

    def flow_m3_per_h(self, pressure_m: ArrayLike) -> Floats:
        """Discharge at a pressure; 0 below none. Shape of `pressure_m`. [m3/h]"""
        head = np.clip(np.asarray(pressure_m, dtype=float), 0.0, None)
        area = (self.area_mm2 + self.expansion_mm2_per_m * head) / _MM2_PER_M2
        speed = self.discharge_coefficient * np.sqrt(2.0 * GRAVITY_M_PER_S2 * head)
        return np.asarray(area * speed * 3600.0)

    def exponent(self, pressure_m: float) -> float:
        """Exponent N1 of the power law through the discharge at a pressure."""
        if self.area_mm2 == 0.0:
            return 1.5 if self.expansion_mm2_per_m else float("nan")
        number = self.expansion_mm2_per_m * pressure_m / self.area_mm2
        return (1.5 * number + 0.5) / (number + 1.0)
