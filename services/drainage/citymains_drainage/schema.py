"""What stands in the columns of the SWMM sections, as element specs of the intake.

Column orders are those of the SWMM 5.2 user's manual, appendix D. Ids of elements are unique
within ``nodes``, ``links``, ``subcatchments`` and ``rain gages``; other objects go by the
name of their section.
"""

from __future__ import annotations

from typing import Any, Final

from citymains.intake.elements import ElementSpec, FieldSpec, choice, identifier, number, reference, words

NODES: Final = "nodes"
LINKS: Final = "links"
SUBCATCHMENTS: Final = "subcatchments"
GAGES: Final = "rain gages"

YES_NO: Final = ("YES", "NO")

_ID = identifier("id", "Id of the element.")
_FROM = reference("from_node", NODES, "Node the link starts at.")
_TO = reference("to_node", NODES, "Node the link ends at.")
_ELEVATION = number("elevation_m", "length", "Elevation of the node's invert.")
_ENDS = ("from_node", "to_node")


def _length(name: str, text: str, **more: Any) -> FieldSpec:
    return number(name, "length", text, **{"required": False, "default": 0.0, **more})


def _node(section: str, table: str, text: str, *fields: FieldSpec) -> ElementSpec:
    return ElementSpec(
        section=section, table=table, description=text, namespace=NODES, fields=(_ID, _ELEVATION, *fields)
    )


def _link(section: str, table: str, text: str, *fields: FieldSpec) -> ElementSpec:
    return ElementSpec(
        section=section,
        table=table,
        description=text,
        namespace=LINKS,
        ends=_ENDS,
        fields=(_ID, _FROM, _TO, *fields),
    )


JUNCTIONS: Final = _node(
    "JUNCTIONS",
    "junctions",
    "Manholes and other joints.",
    _length("max_depth_m", "Depth from invert to ground; 0: to the crown of the highest link.", minimum=0.0),
    _length("initial_depth_m", "Depth at the start.", minimum=0.0),
    _length("surcharge_depth_m", "Depth above the maximum at which a pressurised joint opens.", minimum=0.0),
    number(
        "ponded_m2", "area", "Area on which flood water stands.", required=False, default=0.0, minimum=0.0
    ),
)
OUTFALLS: Final = _node(
    "OUTFALLS",
    "outfalls",
    "Where water leaves the model.",
    choice("kind", ("FREE", "NORMAL", "FIXED", "TIDAL", "TIMESERIES"), "Boundary condition."),
    words(
        "stage", "Fixed stage, or tide curve or time series; else whether there is a gate.", required=False
    ),
    words("gated", "Whether a gate stops backflow.", required=False),
    words("route_to", "Subcatchment that receives the outflow.", required=False),
)
DIVIDERS: Final = _node(
    "DIVIDERS",
    "dividers",
    "Nodes that split inflow between two links (kinematic wave only).",
    reference("link", LINKS, "Link that takes the diverted flow.", required=False, blanks=("*",)),
    choice("kind", ("OVERFLOW", "CUTOFF", "TABULAR", "WEIR"), "How flow is split."),
    words("parameter", "Cutoff flow, curve or weir flow.", required=False),
)
STORAGE: Final = _node(
    "STORAGE",
    "storages",
    "Tanks, ponds, wet wells and underpasses.",
    _length("max_depth_m", "Largest depth.", minimum=0.0, required=True),
    _length("initial_depth_m", "Depth at the start.", minimum=0.0, required=True),
    choice(
        "shape",
        ("TABULAR", "FUNCTIONAL", "CYLINDRICAL", "CONICAL", "PARABOLOID", "PYRAMIDAL"),
        "How area depends on depth.",
    ),
    words(
        "curve", "Curve of area against depth of a TABULAR one, else the first coefficient.", required=False
    ),
)
CONDUITS: Final = _link(
    "CONDUITS",
    "conduits",
    "Pipes and channels.",
    number("length_m", "length", "Length.", above=0.0),
    number("roughness", "", "Manning's n.", above=0.0),
    _length("inlet_offset_m", "Height of the upper end above the invert (or its elevation).", blanks=("*",)),
    _length("outlet_offset_m", "Height of the lower end above the invert (or its elevation).", blanks=("*",)),
    number("initial_flow_m3_per_s", "flow", "Flow at the start.", required=False, default=0.0),
    number("max_flow_m3_per_s", "flow", "Largest flow that is let in; 0: any.", required=False, default=0.0),
)
PUMPS: Final = _link(
    "PUMPS",
    "pumps",
    "Pumps.",
    reference("curve", "CURVES", "Pump curve; missing: ideal pump.", required=False, blanks=("*",)),
    choice("status", ("ON", "OFF"), "Status at the start.", required=False, default="ON"),
    _length("start_depth_m", "Depth of the inlet node at which it starts; 0: no such rule.", minimum=0.0),
    _length("stop_depth_m", "Depth of the inlet node at which it stops; 0: no such rule.", minimum=0.0),
)
ORIFICES: Final = _link(
    "ORIFICES",
    "orifices",
    "Orifices.",
    choice("kind", ("SIDE", "BOTTOM"), "Where it is."),
    _length("offset_m", "Height above the inlet node's invert (or its elevation).", blanks=("*",)),
    number("discharge_coefficient", "", "Discharge coefficient.", above=0.0),
)
WEIRS: Final = _link(
    "WEIRS",
    "weirs",
    "Weirs.",
    choice("kind", ("TRANSVERSE", "SIDEFLOW", "V-NOTCH", "TRAPEZOIDAL", "ROADWAY"), "Form."),
    _length("crest_m", "Crest above the inlet node's invert (or its elevation).", blanks=("*",)),
    number("discharge_coefficient", "", "Discharge coefficient, in the model's units.", minimum=0.0),
)
OUTLETS: Final = _link(
    "OUTLETS",
    "outlets",
    "Outlets with a rating curve.",
    _length("offset_m", "Height above the inlet node's invert (or its elevation).", blanks=("*",)),
    choice(
        "kind",
        ("FUNCTIONAL/DEPTH", "FUNCTIONAL/HEAD", "TABULAR/DEPTH", "TABULAR/HEAD", "FUNCTIONAL", "TABULAR"),
        "Form of the rating.",
    ),
    words("curve", "Rating curve of a TABULAR one, else the coefficient."),
)
SUBCATCHMENT: Final = ElementSpec(
    section="SUBCATCHMENTS",
    table="subcatchments",
    description="Areas that give runoff.",
    namespace=SUBCATCHMENTS,
    fields=(
        _ID,
        reference("rain_gage", GAGES, "Rain gage."),
        reference("outlet", (NODES, SUBCATCHMENTS), "Node or subcatchment that takes the runoff."),
        number("area_ha", "subcatchment", "Area.", minimum=0.0),
        number("impervious_percent", "", "Share of sealed surface.", minimum=0.0),
        number("width_m", "length", "Characteristic width of overland flow.", minimum=0.0),
        number("slope_percent", "", "Slope."),
        _length("curb_m", "Length of curb."),
        reference("snow_pack", "SNOWPACKS", "Snow pack.", required=False),
    ),
)
GAGE: Final = ElementSpec(
    section="RAINGAGES",
    table="raingages",
    description="Rain gages.",
    namespace=GAGES,
    fields=(
        _ID,
        choice("form", ("INTENSITY", "VOLUME", "CUMULATIVE"), "What the data say."),
        words("interval", "Recording interval."),
        number("snow_factor", "", "Snow catch factor."),
        choice("source", ("TIMESERIES", "FILE"), "Where the data are."),
        words("series", "Time series."),
    ),
)

NODE_SPECS: Final = (JUNCTIONS, OUTFALLS, DIVIDERS, STORAGE)
LINK_SPECS: Final = (CONDUITS, PUMPS, ORIFICES, WEIRS, OUTLETS)
ELEMENT_SPECS: Final = (*NODE_SPECS, *LINK_SPECS, SUBCATCHMENT, GAGE)


def _attributes(section: str, *fields: FieldSpec) -> ElementSpec:
    return ElementSpec(
        section=section, table=section.lower(), description=f"Rows of [{section}].", fields=fields
    )


def _objects(section: str, *fields: FieldSpec, repeats: bool = False) -> ElementSpec:
    return ElementSpec(
        section=section,
        table=section.lower(),
        description=f"Objects of [{section}].",
        namespace=section,
        repeats=repeats,
        fields=(_ID, *fields),
    )


_SUBCATCHMENT = reference("subcatchment", SUBCATCHMENTS, "Subcatchment.")
_NODE = reference("node", NODES, "Node.")
_LINK = reference("link", LINKS, "Link.")


def _pattern(name: str) -> FieldSpec:
    return reference(name, "PATTERNS", "Pattern.", required=False, blanks=("", "*"))


#: Rows that name elements, and objects elements name: read for their checks.
DETAIL_SPECS: Final = (
    _objects("CURVES", repeats=True),
    _objects("TIMESERIES", repeats=True),
    _objects("PATTERNS", repeats=True),
    _objects("AQUIFERS"),
    _objects("SNOWPACKS", repeats=True),
    _objects("LANDUSES"),
    _objects("POLLUTANTS"),
    _objects("HYDROGRAPHS", repeats=True),
    _objects("LID_CONTROLS", repeats=True),
    _objects("STREETS"),
    _objects("INLETS", repeats=True),
    _attributes(
        "SUBAREAS",
        _SUBCATCHMENT,
        *(
            number(n, "", "")
            for n in ("n_impervious", "n_pervious", "s_impervious", "s_pervious", "zero_percent")
        ),
    ),
    _attributes("INFILTRATION", _SUBCATCHMENT),
    _attributes("LID_USAGE", _SUBCATCHMENT, reference("lid", "LID_CONTROLS", "LID control.")),
    _attributes("GROUNDWATER", _SUBCATCHMENT, reference("aquifer", "AQUIFERS", "Aquifer."), _NODE),
    _attributes("COVERAGES", _SUBCATCHMENT),
    _attributes("LOADINGS", _SUBCATCHMENT),
    _attributes(
        "BUILDUP",
        reference("land_use", "LANDUSES", "Land use."),
        reference("pollutant", "POLLUTANTS", "Pollutant."),
    ),
    _attributes(
        "WASHOFF",
        reference("land_use", "LANDUSES", "Land use."),
        reference("pollutant", "POLLUTANTS", "Pollutant."),
    ),
    _attributes(
        "XSECTIONS",
        _LINK,
        words("shape", "Shape."),
        words("geometry", "First dimension, transect or street."),
    ),
    _attributes("LOSSES", _LINK, *(number(n, "", "", minimum=0.0) for n in ("inlet", "outlet", "average"))),
    _attributes("INLET_USAGE", _LINK, reference("inlet", "INLETS", "Inlet."), _NODE),
    _attributes("TREATMENT", _NODE, reference("pollutant", "POLLUTANTS", "Pollutant.")),
    _attributes(
        "INFLOWS",
        _NODE,
        words("constituent", "FLOW or a pollutant."),
        reference("series", "TIMESERIES", "Time series.", required=False, blanks=("", "*")),
    ),
    _attributes(
        "DWF",
        _NODE,
        words("constituent", "FLOW or a pollutant."),
        number("average", "", "Average."),
        *(_pattern(f"pattern_{n}") for n in range(1, 5)),
    ),
    _attributes(
        "RDII",
        _NODE,
        reference("unit_hydrograph", "HYDROGRAPHS", "Unit hydrograph."),
        number("area", "", "Area.", minimum=0.0),
    ),
    _attributes("COORDINATES", words("id", "Node."), number("x", "", "x."), number("y", "", "y.")),
    _attributes("VERTICES", words("id", "Link."), number("x", "", "x."), number("y", "", "y.")),
    _attributes("POLYGONS", words("id", "Subcatchment."), number("x", "", "x."), number("y", "", "y.")),
    _attributes("SYMBOLS", words("id", "Rain gage."), number("x", "", "x."), number("y", "", "y.")),
)
