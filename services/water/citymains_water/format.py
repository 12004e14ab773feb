"""The sections of an EPANET INP file, as EPANET 2.3 reads them."""

from __future__ import annotations

from citymains.intake.inp import InpFormat, InpSection

#: EPANET 2.0 asked for the first four letters of a heading, 2.3 wants all of it.
EPANET_INP = InpFormat(
    name="EPANET",
    sections=(
        InpSection("TITLE", free_text=True),
        InpSection("JUNCTIONS"),
        InpSection("RESERVOIRS"),
        InpSection("TANKS"),
        InpSection("PIPES"),
        InpSection("PUMPS"),
        InpSection("VALVES"),
        InpSection("TAGS", drawn=True),
        InpSection("DEMANDS"),
        InpSection("STATUS"),
        InpSection("PATTERNS", continues=True),
        InpSection("CURVES"),
        InpSection("CONTROLS"),
        InpSection("RULES"),
        InpSection("ENERGY"),
        InpSection("EMITTERS"),
        InpSection("LEAKAGE"),
        InpSection("QUALITY"),
        InpSection("SOURCES"),
        InpSection("REACTIONS"),
        InpSection("MIXING"),
        InpSection("ROUGHNESS"),
        InpSection("TIMES"),
        InpSection("REPORT"),
        InpSection("OPTIONS"),
        InpSection("COORDINATES"),
        InpSection("VERTICES"),
        InpSection("LABELS", drawn=True),
        InpSection("BACKDROP", drawn=True),
        InpSection("END", shortest=3),
    ),
    foreign=dict.fromkeys(
        (
            "SUBCATCHMENTS",
            "SUBAREAS",
            "INFILTRATION",
            "RAINGAGES",
            "CONDUITS",
            "OUTFALLS",
            "XSECTIONS",
            "STORAGE",
            "DIVIDERS",
            "ORIFICES",
            "WEIRS",
            "OUTLETS",
            "TIMESERIES",
            "LOSSES",
            "DWF",
            "INFLOWS",
            "POLYGONS",
            "EVAPORATION",
            "AQUIFERS",
            "LANDUSES",
            "BUILDUP",
            "WASHOFF",
        ),
        "SWMM",
    ),
    ends=True,
    text_before=True,
)

#: Sections that say how a model is drawn, reported, priced or what the water holds. They do
#: not change pressures and flows, so the engine does not get them.
NOT_HYDRAULIC = (
    "TITLE",
    "TAGS",
    "ENERGY",
    "QUALITY",
    "SOURCES",
    "REACTIONS",
    "MIXING",
    "ROUGHNESS",
    "REPORT",
    "COORDINATES",
    "VERTICES",
    "LABELS",
    "BACKDROP",
)
