"""Gates of a model: orifices, weirs and outlets whose opening is commanded."""

from __future__ import annotations

from collections.abc import Sequence

from citymains.intake.ids import fold_ascii
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number

from citymains_drainage.control.model import Gate
from citymains_drainage.control.rules import action_links, rule_blocks
from citymains_drainage.options import ModelOptions
from citymains_drainage.stations.graph import FlowGraph

GATE_SECTIONS = ("ORIFICES", "WEIRS", "OUTLETS")


def gates_of(
    document: InpDocument,
    options: ModelOptions,
    graph: FlowGraph,
    storages: frozenset[str],
    links: Sequence[str],
    *,
    pumps: bool,
) -> tuple[Gate, ...]:
    """The gates that are commanded.

    Parameters
    ----------
    document : InpDocument
    options : ModelOptions
    graph : FlowGraph
    storages : frozenset of str
        Ids of storages, folded.
    links : sequence of str
        What the caller names; empty: the gates that the model's rules set, or in a model without pumps
        and such rules the likely ones.
    pumps : bool
        Whether the model has pumps that are commanded.
    """
    rows = [row for section in GATE_SECTIONS for row in document[section]]
    if links:
        named = {fold_ascii(one) for one in links}
        chosen = [row for row in rows if fold_ascii(row.tokens[0]) in named]
    else:
        ruled = {link for block in rule_blocks(document) for link in action_links(block)}
        chosen = [row for row in rows if fold_ascii(row.tokens[0]) in ruled]
        if not chosen and not pumps:
            chosen = _likely(document, storages)
    return tuple(_gate(row, document, options, graph) for row in chosen)


def _likely(document: InpDocument, storages: frozenset[str]) -> list[InpRow]:
    """Of a model that commands nothing itself: orifices, or else weirs; those of storages, or else all."""
    for section in ("ORIFICES", "WEIRS"):
        rows = list(document[section])
        stored = [row for row in rows if fold_ascii(row.tokens[1]) in storages]
        if rows:
            return stored or rows
    return []


def _gate(row: InpRow, document: InpDocument, options: ModelOptions, graph: FlowGraph) -> Gate:
    node, full_m = fold_ascii(row.tokens[1]), 0.0
    for section in ("STORAGE", "JUNCTIONS"):
        for one in document[section]:
            if fold_ascii(one.tokens[0]) == node and len(one.tokens) > 2:
                full_m = float(read_number(one.tokens[2]).value or 0.0) * options.units.length_m
    return Gate(name=row.tokens[0], node=graph.names.get(node, row.tokens[1]), full_depth_m=full_m or 1.0)
