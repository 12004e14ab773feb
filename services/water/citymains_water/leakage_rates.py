"""The loss rate of a whole network as CJJ 92 counts it, with and without corrections."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from citymains.model.finding import Finding, Severity, finding
from citymains.model.table import ColumnSpec, Kind, Table, TableSpec
from citymains.utility import Utility

#: Kind of the rule packs that hold the limits.
PACK_KIND = "water_leakage_rate"
_CORRECTIONS = Path(__file__).parent / "data" / "cjj92_corrections_unverified.toml"

RATES = TableSpec(
    "rates",
    "Loss rate after CJJ 92: gross, its corrections, and against the limits.",
    (
        ColumnSpec("item", Kind.TEXT, "gross_rate, a correction, loss_rate, grade_1, grade_2."),
        ColumnSpec("percent", Kind.FLOAT, "Its value; of grades the limit."),
        ColumnSpec("met", Kind.TEXT, "Of grades: yes or no; else missing."),
        ColumnSpec("basis", Kind.TEXT, "How it comes about: figures, or the article."),
        ColumnSpec("verified", Kind.BOOLEAN, "Whether the coefficients stand in a source that was seen."),
    ),
)


@dataclass(frozen=True, kw_only=True)
class RateInputs:
    """What the rate is made of; None: not known."""

    supplied_m3: float | None = None
    """Total water supplied."""
    registered_m3: float | None = None
    """Water of registered users."""
    length_km: float
    household_metered_percent: float | None = None
    outlet_pressure_mpa: float | None = None
    frost_depth_m: float | None = None
    days: float
    """Time the volumes stand for."""


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates and what was found."""

    table: Table
    gross_percent: float
    loss_percent: float
    findings: tuple[Finding, ...]
    packs: tuple[str, ...]


def loss_rates(face: Utility, inputs: RateInputs, *, corrected: bool) -> Rates:
    """Gross loss rate :math:`R_{WL} = (Q_s - Q_a) / Q_s`, loss rate :math:`R_{BL} = R_{WL} - R_n`, and the limits.

    Parameters
    ----------
    face : Utility
    inputs : RateInputs
    corrected : bool
        Take the corrections :math:`R_n` off. Their coefficients are not verified.
    """
    if not inputs.supplied_m3 or inputs.registered_m3 is None:
        return Rates(RATES.empty(), float("nan"), float("nan"), (), ())
    gross = 100.0 * (inputs.supplied_m3 - inputs.registered_m3) / inputs.supplied_m3
    rows: list[tuple[str, float, str | None, str, bool]] = [
        (
            "gross_rate",
            gross,
            None,
            f"({inputs.supplied_m3:.6g} - {inputs.registered_m3:.6g}) / {inputs.supplied_m3:.6g}",
            True,
        )
    ]
    corrections = list(_corrections(inputs)) if corrected else []
    rows += [(name, -percent, None, basis, False) for name, percent, basis in corrections]
    loss = gross - sum(percent for _, percent, _ in corrections)
    rows.append(("loss_rate", loss, None, "gross_rate" + " - R" * bool(corrections), not corrections))
    resolved = face.workbench.rules.resolve(
        PACK_KIND,
        jurisdiction=face.workbench.jurisdiction,
        on=face.workbench.today(),
        holders=face.workbench.holders,
    )
    findings = []
    for name in ("grade_1", "grade_2"):
        limit = resolved.fields.get(f"{name}_percent")
        if limit is not None:
            article = f"{limit.document} {limit.article} ({limit.layer})"
            met = loss <= float(limit.value)
            rows.append((name, float(limit.value), "yes" if met else "no", article, True))
            if not met:
                findings.append(
                    finding(
                        "LEAKAGE_RATE_HIGH",
                        Severity.NOTE,
                        value=loss,
                        limit=float(limit.value),
                        unit="%",
                        article=article,
                        grade=name[-1],
                    )
                )
    if corrections:
        findings.append(finding("LEAKAGE_CORRECTIONS_UNVERIFIED", Severity.SUSPECT))
    columns = [column.name for column in RATES.columns]
    table = RATES.build(**{name: [row[at] for row in rows] for at, name in enumerate(columns)})
    return Rates(table, gross, loss, tuple(findings), resolved.applied)


@cache
def _coefficients() -> Mapping[str, Any]:
    return tomllib.loads(_CORRECTIONS.read_text(encoding="utf-8"))


def _corrections(inputs: RateInputs) -> Iterator[tuple[str, float, str]]:
    """Name, percent points and basis of each correction whose input is known."""
    of = _coefficients()
    share = inputs.household_metered_percent
    if share is not None:
        factor = of["household_metering"]["percent_per_percent"]
        yield "R1", factor * share, f"{factor} x {share:g} %"
    if inputs.supplied_m3:
        yearly = inputs.supplied_m3 / inputs.days * 365.0 / 1e4
        per = inputs.length_km / yearly
        raw = of["length"]["percent_per_km"] * (per - of["length"]["from_km_per_10000_m3"])
        most = of["length"]["largest_percent"]
        yield "R2", min(max(raw, -most), most), f"{per:.4g} km per 10,000 m3 a year"
    pressure = inputs.outlet_pressure_mpa
    if pressure is not None:
        steps = [step["percent"] for step in of["outlet_pressure"] if pressure > step["above_mpa"]]
        yield "R3", max(steps, default=0.0), f"{pressure:g} MPa"
    if inputs.frost_depth_m is not None:
        deep = inputs.frost_depth_m > of["frost"]["deeper_than_m"]
        yield "R4", of["frost"]["percent"] if deep else 0.0, f"{inputs.frost_depth_m:g} m of frost"
