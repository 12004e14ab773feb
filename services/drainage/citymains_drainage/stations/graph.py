"""Where pumped water goes, and which outfalls only get what overflows: by the model's links alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument

from citymains_drainage.sections import LINK_SECTIONS, NODE_SECTIONS

_INFLOW_SECTIONS = ("DWF", "INFLOWS", "RDII")


@dataclass(frozen=True)
class FlowLink:
    """A link: section, id and ends, folded."""

    section: str
    name: str
    start: str
    end: str


@dataclass(eq=False)
class FlowGraph:
    """Links of a model by their ends. Ids are folded; `names` has them as they stand in the file."""

    links: list[FlowLink] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    outfalls: frozenset[str] = frozenset()
    fed: frozenset[str] = frozenset()
    """Nodes that get runoff, dry-weather flow or other inflow."""

    @classmethod
    def of(cls, document: InpDocument) -> FlowGraph:
        """The graph of a model."""
        graph = cls()
        for section in NODE_SECTIONS:
            for row in document[section]:
                graph.names.setdefault(fold_ascii(row.tokens[0]), row.tokens[0])
        for section in LINK_SECTIONS:
            for row in document[section]:
                if len(row.tokens) > 2:
                    name, start, end = row.tokens[:3]
                    graph.links.append(
                        FlowLink(section, fold_ascii(name), fold_ascii(start), fold_ascii(end))
                    )
                    graph.names.setdefault(fold_ascii(name), name)
        graph.outfalls = frozenset(fold_ascii(row.tokens[0]) for row in document["OUTFALLS"])
        fed = {fold_ascii(row.tokens[2]) for row in document["SUBCATCHMENTS"] if len(row.tokens) > 2}
        fed |= {fold_ascii(row.tokens[0]) for section in _INFLOW_SECTIONS for row in document[section]}
        graph.fed = frozenset(fed)
        return graph

    def downstream(self, node: str, stops: frozenset[str]) -> str:
        """The first outfall or node of `stops` that water from a node reaches; empty: none."""
        onward: dict[str, list[str]] = {}
        for link in self.links:
            if link.section != "PUMPS":
                onward.setdefault(link.start, []).append(link.end)
        seen, queue = {node}, deque([node])
        while queue:
            at = queue.popleft()
            if at in self.outfalls or at in stops:
                return at
            for following in onward.get(at, ()):
                if following not in seen:
                    seen.add(following)
                    queue.append(following)
        return ""

    def upstream(self, node: str) -> set[str]:
        """Nodes whose water reaches a node without passing a pump, itself among them."""
        back: dict[str, list[str]] = {}
        for link in self.links:
            if link.section != "PUMPS":
                back.setdefault(link.end, []).append(link.start)
        seen, queue = {node}, deque([node])
        while queue:
            for before in back.get(queue.popleft(), ()):
                if before not in seen:
                    seen.add(before)
                    queue.append(before)
        return seen

    def weir_outfalls(self) -> Iterator[str]:
        """Outfalls that get water over weirs alone: no way to a fed node without passing a weir or a pump."""
        neighbours: dict[str, set[str]] = {}
        behind_weir: set[str] = set()
        for link in self.links:
            if link.section == "WEIRS":
                behind_weir.add(link.end)
            elif link.section != "PUMPS":
                neighbours.setdefault(link.start, set()).add(link.end)
                neighbours.setdefault(link.end, set()).add(link.start)
        for outfall in sorted(self.outfalls):
            part = _reach(outfall, neighbours)
            if part & behind_weir and not part & self.fed:
                yield outfall


def _reach(node: str, neighbours: dict[str, set[str]]) -> set[str]:
    seen, queue = {node}, deque([node])
    while queue:
        for one in neighbours.get(queue.popleft(), ()):
            if one not in seen:
                seen.add(one)
                queue.append(one)
    return seen


def folded(names: Iterable[str]) -> frozenset[str]:
    """Ids as the graph has them."""
    return frozenset(fold_ascii(one) for one in names)
