"""The sections of a SWMM 5.2 INP file, in the order SWMM's own editor writes them."""

from __future__ import annotations

from typing import Final

from citymains.intake.inp import InpFormat, InpSection

#: Name of each section and how many of its letters the engine asks for.
_SECTIONS: Final = (
    ("TITLE", 5),
    ("OPTIONS", 6),
    ("EVAPORATION", 4),
    ("TEMPERATURE", 11),
    ("ADJUSTMENTS", 6),
    ("EVENTS", 5),
    ("FILES", 4),
    ("RAINGAGES", 8),
    ("SUBCATCHMENTS", 12),
    ("SUBAREAS", 7),
    ("INFILTRATION", 5),
    ("LID_CONTROLS", 11),
    ("LID_USAGE", 9),
    ("AQUIFERS", 7),
    ("GROUNDWATER", 11),
    ("GWF", 3),
    ("SNOWPACKS", 8),
    ("JUNCTIONS", 4),
    ("OUTFALLS", 7),
    ("DIVIDERS", 7),
    ("STORAGE", 7),
    ("CONDUITS", 7),
    ("PUMPS", 4),
    ("ORIFICES", 7),
    ("WEIRS", 4),
    ("OUTLETS", 6),
    ("XSECTIONS", 5),
    ("STREETS", 6),
    ("INLET_USAGE", 11),
    ("INLETS", 5),
    ("TRANSECTS", 8),
    ("LOSSES", 4),
    ("CONTROLS", 7),
    ("POLLUTANTS", 6),
    ("LANDUSES", 7),
    ("COVERAGES", 8),
    ("LOADINGS", 7),
    ("BUILDUP", 7),
    ("WASHOFF", 7),
    ("TREATMENT", 5),
    ("INFLOWS", 6),
    ("DWF", 3),
    ("RDII", 4),
    ("HYDROGRAPHS", 10),
    ("CURVES", 5),
    ("TIMESERIES", 10),
    ("PATTERNS", 7),
    ("REPORT", 6),
    ("TAGS", 3),
    ("MAP", 3),
    ("COORDINATES", 10),
    ("VERTICES", 8),
    ("POLYGONS", 7),
    ("SYMBOLS", 6),
    ("LABELS", 5),
    ("BACKDROP", 8),
    ("PROFILES", 7),
)

_EPANET_ONLY: Final = (
    "PIPES",
    "RESERVOIRS",
    "TANKS",
    "VALVES",
    "DEMANDS",
    "EMITTERS",
    "ENERGY",
    "REACTIONS",
    "MIXING",
    "QUALITY",
    "SOURCES",
    "STATUS",
    "RULES",
    "TIMES",
)

SWMM_INP: Final = InpFormat(
    name="SWMM",
    sections=tuple(InpSection(name, shortest, free_text=name == "TITLE") for name, shortest in _SECTIONS),
    foreign=dict.fromkeys(_EPANET_ONLY, "EPANET"),
    max_line_bytes=1023,
    max_tokens=40,
    ids_fold_case=True,
    # The editor writes at least [REPORT], [TAGS] and [MAP] after the model; a cut in them costs no number.
    last=frozenset(name for name, _ in _SECTIONS[[name for name, _ in _SECTIONS].index("REPORT") :]),
)

NODE_SECTIONS: Final = {
    "JUNCTIONS": "junctions",
    "OUTFALLS": "outfalls",
    "DIVIDERS": "dividers",
    "STORAGE": "storages",
}
LINK_SECTIONS: Final = {
    "CONDUITS": "conduits",
    "PUMPS": "pumps",
    "ORIFICES": "orifices",
    "WEIRS": "weirs",
    "OUTLETS": "outlets",
}

#: Sections that define an element once per row, by what their first word names.
SINGLE_DEFINITIONS: Final = {
    **dict.fromkeys(NODE_SECTIONS, "node"),
    **dict.fromkeys(LINK_SECTIONS, "link"),
    "SUBCATCHMENTS": "subcatchment",
    "RAINGAGES": "rain gage",
    "AQUIFERS": "aquifer",
    "STREETS": "street",
    "LANDUSES": "land use",
    "POLLUTANTS": "pollutant",
}

#: Sections that define an object over several rows.
SHARED_DEFINITIONS: Final = {
    "CURVES": "curve",
    "TIMESERIES": "time series",
    "PATTERNS": "pattern",
    "INLETS": "inlet",
    "SNOWPACKS": "snow pack",
    "HYDROGRAPHS": "unit hydrograph",
    "LID_CONTROLS": "LID control",
}
