"""pandapipes' own JSON files, read as data by an allow-list.

A pandapipes file names Python modules and classes for its loader to import. Nothing is ever
imported here: known tables, known columns, numbers and texts are taken, everything else is left
out and said so. Old files (``diameter_m``, ``alpha_w_per_m2k``, valves between junctions) and new
ones (``inner_diameter_mm``, ``u_w_per_m2k``, valves at pipes) give the same network.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from citymains.errors import issue
from citymains.intake.numbers import is_finite
from citymains.intake.pandapipes_components import COMPONENTS, Component, Field
from citymains.intake.pandapipes_fluids import THEIR_KINDS, THEIR_PROPERTIES
from citymains.intake.pandapipes_json import Report, parse_text
from citymains.intake.pandapipes_values import (
    Rows,
    blank_by_type,
    fluid_property,
    plain_value,
    source_column,
    tidy,
)
from citymains.model.table import Kind
from citymains.units import ZERO_CELSIUS_K

#: Length a pipe without length gets.
SHORTEST_PIPE_M: Final = 0.001

#: Columns that say nothing the calculation needs.
_SILENT: Final = frozenset({"name", "type", "std_type", "et", "geo"})

#: Tables that are results or bookkeeping; a number of others may be added by users.
_BOOKKEEPING: Final = ("res_", "_")


def is_pandapipes(value: Any) -> bool:
    """Whether a JSON value is a network as pandapipes writes it."""
    return isinstance(value, Mapping) and value.get("_class") == "pandapipesNet"


def read_pandapipes(value: Mapping[str, Any], *, utility: str, file: str, report: Report) -> dict[str, Any]:
    """Our document (not yet checked) from a pandapipes network.

    Parameters
    ----------
    value : mapping
        The file's JSON value, for which :func:`is_pandapipes` holds.
    utility : {"gas", "heating"}
    file : str
        Name of the file, for the issues.
    report : callable
        Takes every issue found.

    Returns
    -------
    dict
        ``fluid``, ``ambient_temperature_c`` and ``tables`` of columns.
    """
    return _Reader(utility, file, report).read(value)


class _Reader:
    def __init__(self, utility: str, file: str, report: Report) -> None:
        self.utility = utility
        self.file = file
        self.report = report
        self.ids: dict[str, dict[Any, str]] = {}
        self.pipe_ends: dict[str, tuple[Any, Any]] = {}

    def read(self, value: Mapping[str, Any]) -> dict[str, Any]:
        content = self._content(value.get("_object"), "net")
        if not isinstance(content, Mapping):
            return {"fluid": None, "tables": {}}
        frames = self._frames(content)
        tables = {
            one.name: self._table(one, frames.pop(one.theirs)) for one in COMPONENTS if one.theirs in frames
        }
        self._add_stores(tables, frames)
        self._add_geometry(tables, frames)
        tables["pump_curves"] = self._pump_curves(
            content, {str(one) for one in tables.get("pumps", {}).get("curve", [])}
        )
        self._report_leftovers(frames)
        options = content.get("user_pf_options")
        ambient = options.get("ambient_temperature") if isinstance(options, Mapping) else None
        return {
            "fluid": self._fluid(content.get("fluid")),
            "ambient_temperature_c": tidy(float(ambient) - ZERO_CELSIUS_K)
            if ambient is not None and is_finite(ambient)
            else 20.0,
            "tables": {name: rows for name, rows in tables.items() if any(rows.values())},
        }

    # -- objects ------------------------------------------------------------------------------------

    def _content(self, value: Any, section: str) -> Any:
        """What stands in an ``_object``: a value, or a value as JSON text."""
        return parse_text(value, self.file, self.report, section=section) if isinstance(value, str) else value

    def _ignored(self, value: Mapping[str, Any], section: str) -> None:
        self.report(
            issue(
                "PIPES_OBJECT_IGNORED",
                severity="warning",
                file=self.file,
                section=section,
                value=f"{value.get('_module', '')}.{value.get('_class', '')}",
            )
        )

    def _frames(self, content: Mapping[str, Any]) -> dict[str, tuple[list[Any], Rows]]:
        """Data frames by name, as index and columns; other embedded objects are told and left out."""
        frames = {}
        for name, value in content.items():
            for member in value if isinstance(value, list) else [value]:
                if not isinstance(member, Mapping) or "_class" not in member or name == "fluid":
                    continue
                if member["_class"] == "DataFrame" and member.get("_module") == "pandas.core.frame":
                    if not name.startswith(_BOOKKEEPING):
                        frames[name] = self._frame(member, name)
                elif not str(member.get("_module", "")).startswith(("pandapipes.component_models.", "numpy")):
                    self._ignored(member, name)
        return {name: frame for name, frame in frames.items() if frame is not None and frame[0]}

    def _frame(self, value: Mapping[str, Any], name: str) -> tuple[list[Any], Rows] | None:
        split = self._content(value.get("_object"), name)
        parts = (
            {part: split.get(part) for part in ("columns", "index", "data")}
            if isinstance(split, Mapping)
            else {}
        )
        lists = {part: found for part, found in parts.items() if isinstance(found, list)}
        if len(lists) < 3:
            self._not_a_table(name, "not in the orient 'split'")
            return None
        columns, index, data = lists["columns"], lists["index"], lists["data"]
        if len(index) != len(data) or any(
            not isinstance(row, list) or len(row) != len(columns) for row in data
        ):
            self._not_a_table(name, "rows of unequal length")
            return None
        index = [number if isinstance(number, int | float | str) else str(number) for number in index]
        for number, times in Counter(map(str, index)).items():
            if times > 1:
                self.report(
                    issue(
                        "PIPES_ID_DUPLICATE",
                        file=self.file,
                        section=name,
                        element=number,
                        field="index",
                        value=times,
                    )
                )
        return index, {str(column): [row[i] for row in data] for i, column in enumerate(columns)}

    def _not_a_table(self, name: str, why: str) -> None:
        self.report(issue("PIPES_TABLE_SHAPE", file=self.file, section=name, value=why))

    # -- element tables ------------------------------------------------------------------------------

    def _table(self, component: Component, frame: tuple[list[Any], Rows]) -> Rows:
        index, columns = frame
        if self.utility not in component.utilities:
            self.report(
                issue(
                    "PIPES_TABLE_UNSUPPORTED",
                    file=self.file,
                    section=component.theirs,
                    value=len(index),
                    limit=self.utility,
                )
            )
            return {}
        ids = self._named(component, index, columns.get("name"))
        self.ids[component.name] = dict(zip(index, ids, strict=True))
        rows: Rows = {"id": ids}
        used = set(_SILENT)
        for field in component.fields:
            source, factor = source_column(field, columns)
            if source:
                used.add(source)
                rows[field.name] = [self._value(field, one, factor) for one in columns[source]]
        if component.name == "pipes":
            self._lengthen(rows)
            ends = zip(rows.get("from_node", []), rows.get("to_node", []), strict=False)
            self.pipe_ends = dict(zip(ids, ends, strict=False))
        if component.name == "valves":
            self._place_valves(rows, columns)
            used.add("in_service")
        if component.name == "sources":
            blank_by_type(rows, columns.get("type"))
        self._report_unused(component, columns, used)
        return rows

    def _named(self, component: Component, index: list[Any], names: list[Any] | None) -> list[str]:
        """The id of every row: its name where that is unique and not empty, else kind and index."""
        texts = [
            "" if name is None or name != name else str(name).strip() for name in names or [None] * len(index)
        ]
        often = Counter(texts)
        taken = {text for text, times in often.items() if text and times == 1}
        ids, made = [], []
        for number, text in zip(index, texts, strict=True):
            if text in taken:
                ids.append(text)
                continue
            fresh = f"{component.singular}-{number}"
            while fresh in taken:
                fresh += "'"
            taken.add(fresh)
            ids.append(fresh)
            if text:
                made.append(fresh)
        if made:
            self.report(
                issue(
                    "PIPES_ID_MADE",
                    severity="repair",
                    file=self.file,
                    section=component.theirs,
                    element=made[0],
                    value=len(made),
                )
            )
        return ids

    def _value(self, field: Field, value: Any, factor: float) -> Any:
        """A value of theirs in our unit; what is not a number is passed on for the checks to refuse."""
        if value is None or value != value:
            return None
        if field.refers and field.refers != "pump_curves":
            return self._id_of(field.refers, value)
        if field.kind is not Kind.FLOAT or not is_finite(value):
            return value
        return tidy((value * factor - field.offset) / field.factor)

    def _place_valves(self, rows: Rows, columns: Rows) -> None:
        """Valves at a pipe get that pipe's other end; valves out of service are closed."""
        places = columns.get("et", [])
        numbers = columns.get("element", [])
        rows["pipe"] = [""] * len(rows["id"])
        for row, place in enumerate(places):
            if place != "pi":
                continue
            pipe = self._id_of("pipes", numbers[row] if row < len(numbers) else None)
            start, end = self.pipe_ends.get(pipe, ("", ""))
            rows["pipe"][row] = pipe
            rows["to_node"][row] = end if rows["from_node"][row] == start else start
        in_service = columns.get("in_service")
        if in_service:
            rows["open"] = [
                opened if serves is not False else False
                for opened, serves in zip(rows.get("open", [True] * len(in_service)), in_service, strict=True)
            ]

    def _lengthen(self, rows: Rows) -> None:
        """pandapipes takes pipes without length as plain joints; we give them the least length there is."""
        lengths = rows.get("length_m", [])
        for row, length in enumerate(lengths):
            if length == 0 and is_finite(length):
                lengths[row] = SHORTEST_PIPE_M
                self.report(
                    issue(
                        "PIPES_LENGTH_RAISED",
                        severity="repair",
                        file=self.file,
                        section="pipe",
                        element=rows["id"][row],
                        field="length_km",
                        value=0,
                        limit=SHORTEST_PIPE_M,
                    )
                )

    def _add_stores(self, tables: dict[str, Rows], frames: dict[str, tuple[list[Any], Rows]]) -> None:
        """A mass storage is, for one moment, a sink where it fills and an infeed where it empties."""
        index, columns = frames.pop("mass_storage", ([], {}))
        for row, number in enumerate(index):
            flow = columns.get("mdot_kg_per_s", [None] * len(index))[row]
            name = "infeeds" if is_finite(flow) and flow < 0 else "sinks"
            target = tables.setdefault(name, {"id": []})
            size = len(target["id"])
            given = {
                "id": f"mass_storage-{number}",
                "node": self._junction(columns, row),
                "flow_kg_per_s": abs(flow) if is_finite(flow) else flow,
                "scaling": columns.get("scaling", [1.0] * len(index))[row],
                "in_service": columns.get("in_service", [True] * len(index))[row],
            }
            for key, value in given.items():
                target.setdefault(key, [None] * size).append(value)
            self.report(
                issue(
                    "PIPES_STORE_AS_FLOW",
                    severity="repair",
                    file=self.file,
                    section="mass_storage",
                    element=given["id"],
                    value=flow,
                    limit=name,
                )
            )

    def _junction(self, columns: Rows, row: int) -> str:
        number = columns["junction"][row] if "junction" in columns else None
        return self._id_of("junctions", number)

    def _id_of(self, component: str, number: Any) -> str:
        """Id of the element with an index of pandapipes; an index nobody has reads as ``#index``."""
        known = self.ids.get(component, {})
        return known.get(number, f"#{number}") if isinstance(number, int | float | str) else f"#{number}"

    def _report_unused(self, component: Component, columns: Rows, used: set[str]) -> None:
        unused = [name for name in columns if name not in used]
        if unused:
            self.report(
                issue(
                    "PIPES_COLUMNS_IGNORED",
                    severity="warning",
                    file=self.file,
                    section=component.theirs,
                    value=", ".join(unused),
                )
            )

    def _report_leftovers(self, frames: Mapping[str, tuple[list[Any], Rows]]) -> None:
        for name, (index, _) in frames.items():
            self.report(
                issue(
                    "PIPES_TABLE_IGNORED", severity="warning", file=self.file, section=name, value=len(index)
                )
            )

    # -- geometry, curves, fluid ---------------------------------------------------------------------

    def _add_geometry(self, tables: dict[str, Rows], frames: dict[str, tuple[list[Any], Rows]]) -> None:
        places = frames.pop("junction_geodata", None)
        if places is not None and "junctions" in tables:
            index, columns = places
            row_of = {number: row for row, number in enumerate(index)}
            for axis in ("x", "y"):
                values = columns.get(axis, [None] * len(index))
                tables["junctions"][axis] = [
                    values[row_of[number]] if number in row_of else None for number in self.ids["junctions"]
                ]
        bends = frames.pop("pipe_geodata", None)
        if bends is not None:
            tables["vertices"] = self._vertices(*bends)

    def _vertices(self, index: list[Any], columns: Rows) -> Rows:
        rows: Rows = {"link": [], "x": [], "y": []}
        for number, coordinates in zip(index, columns.get("coords", []), strict=False):
            inner = coordinates[1:-1] if isinstance(coordinates, list) else []
            pipe = self.ids.get("pipes", {}).get(number)
            for point in inner if pipe else []:
                if isinstance(point, list) and len(point) >= 2:
                    rows["link"].append(pipe)
                    rows["x"].append(point[0])
                    rows["y"].append(point[1])
        return rows

    def _pump_curves(self, content: Mapping[str, Any], used: set[Any]) -> Rows:
        rows: Rows = {"id": [], "power": [], "coefficient": []}
        types = content.get("std_types") or content.get("std_type")
        pumps = types.get("pump", {}) if isinstance(types, Mapping) else {}
        for name, value in pumps.items() if isinstance(pumps, Mapping) else ():
            if name not in used:
                continue
            if not isinstance(value, Mapping) or value.get("_class") != "PumpStdType":
                self._ignored(value if isinstance(value, Mapping) else {}, f"std_types.pump.{name}")
                continue
            curve = self._content(value.get("_object"), f"std_types.pump.{name}")
            numbers = plain_value(curve.get("reg_par")) if isinstance(curve, Mapping) else None
            for power, number in enumerate(reversed(numbers if isinstance(numbers, list) else [])):
                rows["id"].append(name)
                rows["power"].append(power)
                rows["coefficient"].append(number)
        return rows

    def _fluid(self, value: Any) -> Any:
        if not isinstance(value, Mapping) or value.get("_class") != "Fluid":
            return value if isinstance(value, str) else None
        fluid = self._content(value.get("_object"), "fluid")
        if not isinstance(fluid, Mapping):
            return None
        properties = {}
        stated = fluid.get("all_properties")
        for name, item in stated.items() if isinstance(stated, Mapping) else ():
            kind = THEIR_KINDS.get(str(item.get("_class"))) if isinstance(item, Mapping) else None
            if kind is None:
                self._ignored(item if isinstance(item, Mapping) else {}, f"fluid.{name}")
                continue
            numbers = self._content(item.get("_object"), f"fluid.{name}")
            if isinstance(numbers, Mapping):
                properties[THEIR_PROPERTIES.get(name, name)] = fluid_property(kind, numbers)
        return {
            "name": str(fluid.get("name", "")),
            "phase": "gas" if fluid.get("is_gas") else "liquid",
            "properties": properties,
        }
