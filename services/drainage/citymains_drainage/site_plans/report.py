"""What `site_plans` answers: its record and tables."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Final

from citymains.model.record import Record
from citymains.model.table import ColumnSpec, Kind, MapLayer, TableSpec

TEXT, FLOAT, INTEGER, BOOLEAN = Kind.TEXT, Kind.FLOAT, Kind.INTEGER, Kind.BOOLEAN

SITES: Final = TableSpec(
    "sites",
    "Every underpass and station: thresholds, who is called, and the worst storm it survives.",
    (
        ColumnSpec("site", TEXT, "Name of the underpass or station."),
        ColumnSpec("kind", TEXT, "underpass or station."),
        ColumnSpec("duty", TEXT, "What a station pumps: storm, underpass or sewage; empty: an underpass."),
        ColumnSpec("node", TEXT, "Node of its level."),
        ColumnSpec("yellow_m", FLOAT, "Depth from which traffic slows; of a station, missing."),
        ColumnSpec(
            "red_m", FLOAT, "Depth from which it is closed; of a station, the depth at which every pump runs."
        ),
        ColumnSpec(
            "source", TEXT, "Where the red depth stands: ledger, an article, the model's rule, or assumed."
        ),
        ColumnSpec("station", TEXT, "Station that keeps an underpass dry, as the ledger says."),
        ColumnSpec("contact", TEXT, "Who is called, as the ledger says."),
        ColumnSpec("duties", TEXT, "What is done, as the ledger says."),
        ColumnSpec(
            "survived_a", FLOAT, "Return period of the worst storm it survives; missing: none of those run."
        ),
        ColumnSpec("survived_mm", FLOAT, "Depth of that storm."),
        ColumnSpec(
            "failed_a", FLOAT, "Return period of the mildest storm it does not survive; missing: none."
        ),
        ColumnSpec(
            "failed_since_s",
            FLOAT,
            "When its red depth is reached in that storm, from the beginning of the rain.",
        ),
        ColumnSpec(
            "capacity_m3_per_h", FLOAT, "Of a station: all its pumps at their best; missing: an underpass."
        ),
        ColumnSpec("sump_s", FLOAT, "Of a station: time in which its largest pump empties the sump."),
    ),
    MapLayer("node", "nodes", "survived_a", worst="min"),
)
RUNS: Final = TableSpec(
    "runs",
    "Every site in every storm that was run.",
    (
        ColumnSpec("site", TEXT, "Name of the underpass or station."),
        ColumnSpec("return_period_a", FLOAT, "Return period of the storm.", "a"),
        ColumnSpec("rain_mm", FLOAT, "Depth of the storm."),
        ColumnSpec("max_depth_m", FLOAT, "Largest depth at the site's node."),
        ColumnSpec("red_m", FLOAT, "Depth it must not reach."),
        ColumnSpec("red_s", FLOAT, "How long it was reached."),
        ColumnSpec("flooding_m3", FLOAT, "Flooding of the site's node."),
        ColumnSpec("survived", BOOLEAN, "Whether it stayed below, without flooding, in a sound run."),
        ColumnSpec("continuity_error_percent", FLOAT, "Error of the flow routing balance of the run."),
    ),
)
PUMPS: Final = TableSpec(
    "pumps",
    "Pumps of the stations and their levels.",
    (
        ColumnSpec("site", TEXT, "Name of the station."),
        ColumnSpec("pump", TEXT, "Id of the pump."),
        ColumnSpec("start_depth_m", FLOAT, "Depth at which the rule starts it; missing: no rule."),
        ColumnSpec("stop_depth_m", FLOAT, "Depth at which the rule stops it; missing: no rule."),
        ColumnSpec("capacity_m3_per_h", FLOAT, "Largest flow by its curve."),
        ColumnSpec("receiving", TEXT, "Water it pumps into."),
    ),
)
STEPS: Final = TableSpec(
    "steps",
    "What is done at which depth, the lowest first.",
    (
        ColumnSpec("site", TEXT, "Name of the underpass or station."),
        ColumnSpec("step", INTEGER, "Number of the step, from 1."),
        ColumnSpec(
            "depth_m", FLOAT, "Depth at the site's node that calls for it; missing: before the storm."
        ),
        ColumnSpec("action_en", TEXT, "What is done, in English."),
        ColumnSpec("action_zh", TEXT, "The same in Chinese."),
    ),
)
RULES: Final = TableSpec(
    "rules",
    "Rules that hold at the sites.",
    (
        ColumnSpec("site", TEXT, "Name of the underpass or station; empty: every site."),
        ColumnSpec("rule", TEXT, "What it says: red_m, sump_s, starts_per_h, or a signal's colour."),
        ColumnSpec("value", FLOAT, "Its number."),
        ColumnSpec("unit", TEXT, "Unit of the number."),
        ColumnSpec("met", TEXT, "yes, no, or empty: nothing to compare with."),
        ColumnSpec("article", TEXT, "Document, article and layer."),
    ),
)


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class SitePlanReport(Record):
    """One page for every underpass and station (一涵一策): thresholds, steps, contacts, rules, the worst storm survived."""

    TABLES = (SITES, RUNS, PUMPS, STEPS, RULES)

    formula: str = ""
    """Formula of the storms."""
    duration_s: float = 0.0
    """Duration of the rain."""
    site_count: int = 0
    run_count: int = 0
    """Storms that were run."""

    def save_pages(self, path: str | PathLike[str]) -> Path:
        """Write the pages as one HTML file that needs no network; each prints on a sheet of its own."""
        from citymains_drainage.site_plans.pages import document

        target = Path(path)
        target.write_text(document(self), encoding="utf-8")
        return target
