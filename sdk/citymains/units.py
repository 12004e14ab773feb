"""Unit names and conversions. Units stand in names: ``pressure_m``, ``flow_m3_per_h``.

Factors are exact where the unit is defined exactly (inch, US gallon, psi by the
international pound and standard gravity); each says how much of the SI unit one is.
"""

from __future__ import annotations

from typing import Final

FOOT_M: Final = 0.3048
INCH_MM: Final = 25.4
US_GALLON_M3: Final = 3.785411784e-3
IMPERIAL_GALLON_M3: Final = 4.54609e-3
ACRE_FOOT_M3: Final = 43560.0 * FOOT_M**3
HORSEPOWER_KW: Final = 0.745699872
ZERO_CELSIUS_K: Final = 273.15
STANDARD_ATMOSPHERE_KPA: Final = 101.325
STANDARD_GRAVITY_M_PER_S2: Final = 9.80665
PSI_KPA: Final = 6.894757293168361

#: The unit suffixes that may end a column's or a field's name, with the unit they stand for.
SUFFIXES: Final = {
    "m": "m",
    "mm": "mm",
    "m2": "m2",
    "m3": "m3",
    "km": "km",
    "s": "s",
    "h": "h",
    "c": "°C",
    "k": "K",
    "kpa": "kPa",
    "bar": "bar",
    "kw": "kW",
    "kwh": "kWh",
    "percent": "%",
    "yuan": "yuan",
    "m3_per_h": "m3/h",
    "m3_per_s": "m3/s",
    "kg_per_s": "kg/s",
    "m_per_s": "m/s",
    "mm_per_h": "mm/h",
    "w_per_m2k": "W/(m2·K)",
    "kg_per_m3": "kg/m3",
    "ha": "ha",
}


def unit_of(name: str) -> str:
    """The unit a column's name ends with, or ``""``.

    >>> unit_of("delivered_m3_per_h"), unit_of("pressure_m"), unit_of("node")
    ('m3/h', 'm', '')
    """
    parts = name.split("_")
    for start in range(1, len(parts)):
        unit = SUFFIXES.get("_".join(parts[start:]))
        if unit is not None:
            return unit
    return ""
