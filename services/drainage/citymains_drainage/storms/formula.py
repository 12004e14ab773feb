"""Storm-intensity formulas: rain depth of a return period and a duration.

The forms that Chinese cities publish (GB 50014-2021, 4.1.9), with P in years and t in minutes:

====================================  =========================================
``A (1 + C lg P) / (t + b)^n``        the common one
``A P^m / (t + b)^n``                 power of P
``(a + c lg P) / (t + b)^n``          two coefficients
``A(P) / (t + b(P))^n(P)``            each p1 + p2 ln(P - p3), by ranges of P
====================================  =========================================

Their value is the mean intensity ``i`` in mm/min or ``q`` in L/(s·ha); 1 mm/min is 500/3 L/(s·ha).
Formulas print 167 for it: a depth from ``q`` with 167 would be 0.2 % too small.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from citymains.errors import InputError

#: 1 mm/min of rain in L/(s·ha).
L_PER_S_HA_PER_MM_PER_MIN = 500.0 / 3.0

DepthFormula = Callable[[float, float, str], float]
"""``depth_mm(return_period_a, duration_s, zone) -> float``."""


@dataclass(frozen=True)
class IntensityFormula:
    """Mean intensity ``i = A (1 + C lg P) / (t + b)^n`` in mm/min; see the module's table for the other forms.

    Attributes
    ----------
    a_mm_per_min : float
        A, > 0.
    c : float
        C, >= 0.
    b_min : float
        b, >= 0.
    n : float
        n, in 0..1.
    power : float, optional
        m: the numerator is A P^m instead.
    """

    a_mm_per_min: float
    c: float
    b_min: float
    n: float
    power: float | None = None

    @classmethod
    def of_q(cls, a: float, c: float, b_min: float, n: float) -> IntensityFormula:
        """The formula whose A gives q in L/(s·ha), as cities print it."""
        return cls(a / L_PER_S_HA_PER_MM_PER_MIN, c, b_min, n)

    def depth_mm(self, return_period_a: float, duration_s: float, zone: str = "") -> float:
        """Rain depth of a storm of this duration, in mm.

        Parameters
        ----------
        return_period_a : float
            Return period P in years, > 0.
        duration_s : float
            Duration in seconds, >= 0.
        zone : str
            Has no meaning here.
        """
        minutes = duration_s / 60.0
        if self.power is not None:
            factor = math.pow(return_period_a, self.power)
        else:
            factor = 1.0 + self.c * math.log10(return_period_a)
        return self.a_mm_per_min * factor * minutes * math.pow(minutes + self.b_min, -self.n)


@dataclass(frozen=True)
class RangedFormula:
    """``q = 167 A(P) / (t + b(P))^n(P)``, each ``p1 + p2 ln(P - p3)``, with a set of its own per range of P.

    Attributes
    ----------
    ranges : tuple
        ``(least P, (A1, A2, A3), (b1, b2, b3), (n1, n2, n3))``, ascending; where two ranges meet
        the upper one holds.
    """

    ranges: tuple[
        tuple[float, tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]], ...
    ]

    def depth_mm(self, return_period_a: float, duration_s: float, zone: str = "") -> float:
        """See :meth:`IntensityFormula.depth_mm`."""
        _, *parts = max((one for one in self.ranges if one[0] <= return_period_a), default=self.ranges[0])
        a, b, n = (p1 + p2 * math.log(return_period_a - p3) for p1, p2, p3 in parts)
        minutes = duration_s / 60.0
        return 167.0 / L_PER_S_HA_PER_MM_PER_MIN * a * minutes * math.pow(minutes + b, -n)


@dataclass(frozen=True)
class ZonedFormula:
    """A formula of its own for each zone; the first zone is the one taken where none is named."""

    zones: dict[str, IntensityFormula | RangedFormula]

    def depth_mm(self, return_period_a: float, duration_s: float, zone: str = "") -> float:
        """See :meth:`IntensityFormula.depth_mm`; `zone` names one of the zones."""
        return self.zones[zone or next(iter(self.zones))].depth_mm(return_period_a, duration_s)


_NUMBER = r"(\d+(?:\.\d+)?)"
_P = r"\s*\*?\s*(?:lg|log10|log)\s*\(?\s*[PT]\s*\)?"
_HEAD = r"(?:(?P<symbol>[iq])\s*=\s*)?(?P<by167>167\s*\*?\s*(?=[\d(]))?"
_TAIL = rf"\s*/\s*(?:\(\s*t\s*\+\s*(?P<b>{_NUMBER[1:-1]})\s*\)|t)\s*\^?\s*(?P<n>{_NUMBER[1:-1]})\s*"
_UNIT = r"(?P<unit>mm/min|L/\(?s[·.*]?ha\)?)?"
_FORMS = tuple(
    re.compile(_HEAD + form + _TAIL + _UNIT + r"\Z", re.IGNORECASE)
    for form in (
        rf"(?P<a>{_NUMBER[1:-1]})\s*\*?\s*\(\s*1\s*\+\s*(?P<c>{_NUMBER[1:-1]}){_P}\s*\)",
        rf"(?P<a>{_NUMBER[1:-1]})\s*\*?\s*P\s*\^\s*(?P<m>{_NUMBER[1:-1]})",
        rf"\(\s*(?P<a>{_NUMBER[1:-1]})\s*\+\s*(?P<c2>{_NUMBER[1:-1]}){_P}\s*\)",
    )
)


def looks_written(text: str) -> bool:
    """Whether a text is a formula written out, not a name."""
    return "/" in text and any(letter.isdigit() for letter in text)


def parse_formula(text: str) -> IntensityFormula:
    """A formula written out: ``q=2001(1+0.811lgP)/(t+8)^0.711`` or ``i=10.9(1+0.85lgP)/(t+12)^0.77``.

    ``q`` is in L/(s·ha), ``i`` in mm/min; the unit may be written behind instead.

    Raises
    ------
    InputError
        STORM_FORMULA_UNREADABLE.

    Examples
    --------
    >>> round(parse_formula("q = 2001(1+0.811lgP)/(t+8)^0.711").depth_mm(5, 7200), 3)
    71.678
    """
    plain = unicodedata.normalize("NFKC", text).replace("×", "*").replace("**", "^").strip()
    for form in _FORMS:
        match = form.match(plain)
        if match is None:
            continue
        found = match.groupdict()
        unit = (found["unit"] or "").lower()
        if not (found["symbol"] or unit):
            break
        in_q = unit.startswith("l") if unit else (found["symbol"] or "").lower() == "q"
        a = float(found["a"]) * (167.0 if found["by167"] else 1.0)
        scale = 1.0 / L_PER_S_HA_PER_MM_PER_MIN if in_q else 1.0
        c = float(found.get("c2") or 0.0) / float(found["a"]) if "c2" in found else float(found.get("c") or 0)
        power = float(found["m"]) if found.get("m") else None
        n = float(found["n"])
        if a > 0 and 0 < n < 1:
            return IntensityFormula(a * scale, c, float(found["b"] or 0.0), n, power)
    raise InputError(
        "STORM_FORMULA_UNREADABLE", field="formula", value=text, limit="q=2001(1+0.811lgP)/(t+8)^0.711"
    )


def rising(depth_mm: Callable[[float], float], durations_s: Sequence[float]) -> bool:
    """Whether a depth never falls with the duration, as every hyetograph needs."""
    depths = [depth_mm(one) for one in durations_s]
    return all(math.isfinite(one) and one >= 0 for one in depths) and all(
        after >= before for before, after in pairwise(depths)
    )
