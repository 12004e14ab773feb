"""Service pressure: which nodes fall below what the city's rules ask for."""

from __future__ import annotations

from datetime import date

import numpy as np
from citymains.model.finding import Finding, Severity, finding
from citymains.utility import Utility

from citymains_water.hydraulics import Hydraulics

#: Kind of the rule packs that set the limit.
PACK_KIND = "water_service_pressure"
#: Findings that name a node each; the rest is counted in one more.
MOST_NAMED = 50


def service_findings(face: Utility, found: Hydraulics) -> tuple[tuple[Finding, ...], tuple[str, ...]]:
    """Nodes with customers below the pressure that the city's rules ask for.

    The limit is that for the ends of the network, which every place is owed; buildings and
    ground elevations are not in a hydraulic model. A limit that is not met leaves the
    verdict VALID: the calculation is sound, the network is not.

    Returns
    -------
    findings : tuple of Finding
        A NOTE for each of the worst nodes, and one that counts the rest.
    packs : tuple of str
        The rule packs that hold here.
    """
    resolved = face.workbench.rules.resolve(
        PACK_KIND, jurisdiction=face.workbench.jurisdiction, on=date.today()
    )
    judgement = resolved.evaluate()["required_pressure_m"]
    if judgement.value is None:
        return (), resolved.applied
    junctions = slice(0, found.junction_count)
    pressure = np.where(found.required_m3_per_h > 0, found.pressure_m, np.nan)[:, junctions]
    filled = np.where(np.isnan(pressure), np.inf, pressure)
    lowest = filled.min(axis=0)
    low = np.flatnonzero(lowest < judgement.value)
    steady = len(found.times_s) == 1
    findings = [
        finding(
            "SERVICE_PRESSURE_LOW",
            Severity.NOTE,
            element=found.node_ids[node],
            value=float(lowest[node]),
            limit=float(judgement.value),
            unit="m",
            time_s=None if steady else float(found.times_s[filled[:, node].argmin()]),
            article=judgement.article,
        )
        for node in low[np.argsort(lowest[low], kind="stable")][:MOST_NAMED]
    ]
    if len(low) > MOST_NAMED:
        findings.append(
            finding("FINDINGS_MORE", Severity.NOTE, count=len(low) - MOST_NAMED, what="SERVICE_PRESSURE_LOW")
        )
    return tuple(findings), resolved.applied
