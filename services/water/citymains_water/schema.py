"""What stands in the columns of EPANET's sections."""

from __future__ import annotations

from citymains.intake.elements import ElementSpec, choice, identifier, number, reference, words

STATUSES = ("OPEN", "CLOSED", "ACTIVE")
VALVE_TYPES = ("PRV", "PSV", "PBV", "FCV", "TCV", "GPV", "PCV")

JUNCTIONS = ElementSpec(
    section="JUNCTIONS",
    table="junctions",
    namespace="nodes",
    description="Places where pipes meet and water is taken.",
    fields=(
        identifier("id", "Id of the node."),
        number("elevation_m", "length", "Elevation above datum.", required=False, default=0.0, told=True),
        number(
            "base_demand_m3_per_h",
            "flow",
            "Demand before patterns, negative for an inflow.",
            required=False,
            default=0.0,
        ),
        reference(
            "pattern",
            "patterns",
            "Demand pattern; missing: the model's default pattern.",
            required=False,
            blanks=("*",),
        ),
    ),
)
RESERVOIRS = ElementSpec(
    section="RESERVOIRS",
    table="reservoirs",
    namespace="nodes",
    description="Sources of fixed head.",
    fields=(
        identifier("id", "Id of the node."),
        number("head_m", "length", "Head above datum."),
        reference("pattern", "patterns", "Head pattern.", required=False, blanks=("*",)),
    ),
)
TANKS = ElementSpec(
    section="TANKS",
    table="tanks",
    namespace="nodes",
    description="Storage with a free surface.",
    fields=(
        identifier("id", "Id of the node."),
        number("elevation_m", "length", "Elevation of the bottom above datum."),
        number("initial_level_m", "length", "Level at the start, above the bottom.", minimum=0.0),
        number("minimum_level_m", "length", "Level at which outflow stops.", minimum=0.0),
        number("maximum_level_m", "length", "Level at which inflow stops.", minimum=0.0),
        number("diameter_m", "length", "Diameter of an upright cylinder.", minimum=0.0),
        number(
            "minimum_volume_m3",
            "volume",
            "Volume at the minimum level.",
            required=False,
            default=0.0,
            minimum=0.0,
        ),
        reference("volume_curve", "curves", "Volume over level.", required=False, blanks=("*",)),
        choice("overflow", ("YES", "NO"), "YES where the tank may spill.", required=False),
    ),
)
#: EPANET reads a row of [TANKS] without levels as a reservoir, as old files write them.
TANK_RESERVOIR_WORDS = 3

PIPES = ElementSpec(
    section="PIPES",
    table="pipes",
    namespace="links",
    ends=("from_node", "to_node"),
    description="Pipes.",
    fields=(
        identifier("id", "Id of the link."),
        reference("from_node", "nodes", "Node at the start."),
        reference("to_node", "nodes", "Node at the end."),
        number("length_m", "length", "Length.", above=0.0),
        number("diameter_mm", "diameter", "Inner diameter.", above=0.0),
        number(
            "roughness",
            "roughness",
            "Hazen-Williams C, Manning n, or Darcy-Weisbach roughness in mm.",
            above=0.0,
        ),
        number("minor_loss", "", "Minor loss coefficient.", required=False, default=0.0, minimum=0.0),
        choice(
            "status",
            ("OPEN", "CLOSED", "CV"),
            "OPEN, CLOSED, or CV for a check valve.",
            required=False,
            default="OPEN",
        ),
    ),
)
PUMPS = ElementSpec(
    section="PUMPS",
    table="pumps",
    namespace="links",
    ends=("from_node", "to_node"),
    description="Pumps.",
    fields=(
        identifier("id", "Id of the link."),
        reference("from_node", "nodes", "Node on the suction side."),
        reference("to_node", "nodes", "Node on the delivery side."),
    ),
)
VALVES = ElementSpec(
    section="VALVES",
    table="valves",
    namespace="links",
    ends=("from_node", "to_node"),
    description="Control valves.",
    fields=(
        identifier("id", "Id of the link."),
        reference("from_node", "nodes", "Node at the start."),
        reference("to_node", "nodes", "Node at the end."),
        number("diameter_mm", "diameter", "Diameter.", above=0.0),
        choice("type", VALVE_TYPES, "PRV, PSV, PBV, FCV, TCV, GPV or PCV."),
        words("setting", "Set point in the file's unit, or the curve of a GPV.", required=False, default="0"),
        number("minor_loss", "", "Minor loss coefficient.", required=False, default=0.0, minimum=0.0),
        words("status", "OPEN or CLOSED where the valve does not act; the curve of a PCV.", required=False),
    ),
)
PATTERNS = ElementSpec(
    section="PATTERNS",
    table="patterns",
    namespace="patterns",
    repeats=True,
    description="Multipliers over time, in order.",
    fields=(identifier("id", "Id of the pattern."),),
    rest=number("factor", "", "Multiplier of one pattern step."),
)
CURVES = ElementSpec(
    section="CURVES",
    table="curves",
    namespace="curves",
    repeats=True,
    description="Points of pump, volume, efficiency and head loss curves, in the file's units.",
    fields=(
        identifier("id", "Id of the curve."),
        number("x", "", "First quantity."),
        number("y", "", "Second quantity."),
    ),
)
DEMANDS = ElementSpec(
    section="DEMANDS",
    table="demands",
    description="Demand categories; they replace the demand of the junction's own row.",
    fields=(
        reference("node", "nodes", "Junction."),
        number("base_demand_m3_per_h", "flow", "Demand before patterns."),
        reference("pattern", "patterns", "Demand pattern.", required=False, blanks=("*",)),
    ),
)
EMITTERS = ElementSpec(
    section="EMITTERS",
    table="emitters",
    description="Outflow that follows the pressure.",
    fields=(
        reference("node", "nodes", "Junction."),
        number("coefficient", "", "Flow at one unit of pressure, in the file's units.", minimum=0.0),
    ),
)
LEAKAGE = ElementSpec(
    section="LEAKAGE",
    table="leakage",
    description="Leakage of pipes by the FAVAD equation.",
    fields=(
        reference("pipe", "links", "Pipe."),
        number("area", "", "Leak area per 100 units of length.", minimum=0.0),
        number("expansion", "", "Growth of the area with head.", minimum=0.0),
    ),
)
SOURCES = ElementSpec(
    section="SOURCES",
    table="quality_sources",
    description="Sources of a water quality constituent.",
    fields=(
        reference("node", "nodes", "Node."),
        words("type", "Kind of source."),
        number("quality", "", "Strength.", required=False),
        reference("pattern", "patterns", "Pattern.", required=False, blanks=("*",)),
    ),
)

#: Sections whose rows become element tables of the network, in the order of the tables.
ELEMENTS = (JUNCTIONS, RESERVOIRS, TANKS, PIPES, PUMPS, VALVES, PATTERNS, CURVES, DEMANDS, EMITTERS, LEAKAGE)
#: Sections whose references are checked, but which make no table.
CHECKED = (SOURCES,)
