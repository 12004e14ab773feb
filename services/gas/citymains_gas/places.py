"""Which junctions an element of a gas network stands for: what a customer may hang on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from citymains.intake.pandapipes_model import PipeModel

#: Elements a customer may hang on besides junctions and sinks; of two with one id the later counts.
_LINKS: Final = ("flow_controls", "compressors", "regulators", "valves", "pipes")


def places_of(model: PipeModel) -> Mapping[str, tuple[int, ...]]:
    """Rows of junctions by element: a junction is one, a sink its junction, a link its two ends."""
    row = {name: at for at, name in enumerate(model.ids("junctions"))}
    places: dict[str, tuple[int, ...]] = {}
    for component in _LINKS:
        if model.ids(component):
            ends = zip(model.column(component, "from_node"), model.column(component, "to_node"), strict=True)
            pairs = ((row[one], row[other]) for one, other in ends)
            places.update(zip(model.ids(component), pairs, strict=True))
    at_sinks = ((row[node],) for node in model.column("sinks", "node"))
    places.update(zip(model.ids("sinks"), at_sinks, strict=True))
    places.update({name: (at,) for name, at in row.items()})
    return places
