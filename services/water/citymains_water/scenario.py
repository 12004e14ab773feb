"""Scenarios of the water service as edits of the document the engine is fed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from citymains.errors import InputError
from citymains.intake.inp import InpDocument, InpRow
from citymains.intake.numbers import read_number
from citymains.model.network import Network
from citymains.model.scenario import Burst, Close, Draw, Lose, ScaleDemand, Scenario, SetControl

from citymains_water.additions import Additions, with_gate
from citymains_water.burst import with_burst
from citymains_water.draws import with_draw
from citymains_water.scenario_controls import with_control
from citymains_water.settings import Settings

#: Edits that hold from start to end, or do not: what batches take.
SUPPORTED = (Close, Lose, ScaleDemand)
#: Edits the water questions take.
EDITS = (*SUPPORTED, SetControl, Burst, Draw)

#: Wins over any priority a model's own rules are given.
_PRIORITY = "1000000"


def apply_scenario(
    document: InpDocument,
    network: Network,
    settings: Settings,
    scenario: Scenario,
    question: str,
    duration_s: float,
) -> tuple[InpDocument, Additions]:
    """The document with a scenario's edits, and what they add to the engine's model.

    Bursts come first, so that closing a broken pipe closes both of its halves; settings come
    before closures, so that what is closed stays closed.

    Raises
    ------
    InputError
        SCENARIO_UNSUPPORTED, SCENARIO_UNKNOWN_ELEMENT, ARGUMENT_INVALID.
    """
    scenario.require(question, EDITS)
    _refuse_times(scenario)
    additions = Additions()
    for edit in scenario.edits:
        if isinstance(edit, Burst):
            document, additions = with_burst(document, network, settings, edit, additions)
    for edit in scenario.edits:
        if isinstance(edit, SetControl):
            document = with_control(document, network, settings, edit)
        elif isinstance(edit, Draw):
            document = with_draw(document, network, settings, edit, duration_s)
    for edit in scenario.edits:
        if isinstance(edit, ScaleDemand):
            document = _scaled(document, network, edit)
        elif isinstance(edit, Close | Lose):
            links = _Links(network).of(edit, question)
            links += [additions.halves[link] for link in links if link in additions.halves]
            document, additions = _closed(document, network, links, edit.start_s, edit.end_s, additions)
    return document, additions


def _refuse_times(scenario: Scenario) -> None:
    for edit in scenario.edits:
        if isinstance(edit, ScaleDemand):
            continue
        start, end = getattr(edit, "start_s", None) or 0.0, getattr(edit, "end_s", None)
        if start < 0:
            raise InputError("ARGUMENT_INVALID", field="start_s", value=start, limit=">= 0")
        if end is not None and end <= start:
            raise InputError("ARGUMENT_INVALID", field="end_s", value=end, limit=f"> {start:g}")


class _Links:
    """Which links an edit closes."""

    def __init__(self, network: Network) -> None:
        self.by_table = {name: network.data(name) for name in ("pipes", "pumps", "valves")}
        self.sources = {one for name in ("reservoirs", "tanks") for one in network.data(name).texts("id")}

    def of(self, edit: Close | Lose, question: str) -> list[str]:
        known = {one for table in self.by_table.values() for one in table.texts("id")}
        if isinstance(edit, Close):
            return _known(edit.pipes, known, "pipes")
        for field in ("plants", "regulators"):
            if getattr(edit, field):
                raise InputError(
                    "SCENARIO_UNSUPPORTED",
                    value=question,
                    field=f"lose {field}",
                    limit="lose pumps, lose sources",
                )
        pumps = _known(edit.pumps, set(self.by_table["pumps"].texts("id")), "pumps")
        sources = set(_known(edit.sources, self.sources, "sources"))
        around = [
            str(one)
            for table in self.by_table.values()
            for one, first, second in zip(
                table.texts("id"), table.texts("from_node"), table.texts("to_node"), strict=True
            )
            if first in sources or second in sources
        ]
        return [*pumps, *around]


def _known(ids: Iterable[str], known: Iterable[str | None], field: str) -> list[str]:
    known = set(known)
    for one in ids:
        if one not in known:
            raise InputError("SCENARIO_UNKNOWN_ELEMENT", field=field, value=one)
    return list(ids)


def _closed(
    document: InpDocument,
    network: Network,
    links: list[str],
    start_s: float | None,
    end_s: float | None,
    additions: Additions,
) -> tuple[InpDocument, Additions]:
    closing = set(links)
    if not start_s and end_s is None:
        return _closed_throughout(document, closing), additions
    governed = closing & _governed(document)
    working = _working_settings(network)
    closed_at = {
        link: working.get(link, "OPEN") for link in closing - governed - _closed_already(document, closing)
    }
    for link in sorted(governed):
        document, additions, gate = with_gate(document, link, additions, _diameter(document, link))
        closed_at[gate] = "OPEN"
    rows = []
    for link, again in sorted(closed_at.items()):
        rows.append(("LINK", link, "CLOSED", "AT", "TIME", *_time(start_s or 0.0)))
        if end_s is not None:
            rows.append(("LINK", link, again, "AT", "TIME", *_time(end_s)))
    return document.with_rows("CONTROLS", rows), additions


def _diameter(document: InpDocument, link: str) -> float:
    """Diameter of a link in the file's units; of a pump, that of the widest pipe."""
    pipes = {row.tokens[0]: read_number(row.tokens[4]).value or 0.0 for row in document["PIPES"]}
    valves = {row.tokens[0]: read_number(row.tokens[3]).value or 0.0 for row in document["VALVES"]}
    return {**pipes, **valves}.get(link) or max(pipes.values(), default=12.0)


def _working_settings(network: Network) -> dict[str, str]:
    """What pumps and valves go back to: OPEN would set a pump to full speed and a valve out of action."""
    pumps, valves = network.data("pumps"), network.data("valves")
    speeds = {
        str(one): repr(float(speed))
        for one, speed in zip(pumps.texts("id"), pumps.array("speed"), strict=True)
    }
    settings = {
        str(one): str(setting)
        for one, kind, setting in zip(
            valves.texts("id"), valves.texts("type"), valves.texts("setting"), strict=True
        )
        if kind not in ("GPV", None)
    }
    return {**speeds, **settings}


def _closed_throughout(document: InpDocument, closing: set[str]) -> InpDocument:
    """Close for good: no control, pattern or rule of the model may open the link again."""

    def change(row: InpRow) -> InpRow | None:
        tokens = row.tokens
        if (row.section == "CONTROLS" and len(tokens) > 1 and tokens[1] in closing) or (
            row.section == "STATUS" and tokens[0] in closing and len(tokens) == 2
        ):
            return None
        if row.section == "PIPES" and tokens[0] in closing and tokens[-1].upper().startswith("CV"):
            return replace(row, tokens=(*tokens[:-1], "CLOSED"))
        if row.section == "PUMPS" and tokens[0] in closing:
            return replace(row, tokens=_without_pattern(tokens))
        return row

    ruled = {row.tokens[2] for row in document["RULES"] if len(row.tokens) > 2} & closing
    document = document.map_rows(change).with_rows("STATUS", [(link, "CLOSED") for link in sorted(closing)])
    rules: list[tuple[str, ...]] = []
    for number, link in enumerate(sorted(ruled), 1):
        rules += [
            ("RULE", f"keep-closed-{number}"),
            ("IF", "SYSTEM", "TIME", ">=", "0"),
            ("THEN", "LINK", link, "STATUS", "IS", "CLOSED"),
            ("PRIORITY", _PRIORITY),
        ]
    return document.with_rows("RULES", rules)


def _without_pattern(tokens: tuple[str, ...]) -> tuple[str, ...]:
    pairs = zip(tokens[3::2], tokens[4::2], strict=False)
    kept = [pair for pair in pairs if not pair[0].upper().startswith("PATTERN")]
    return (*tokens[:3], *(word for pair in kept for word in pair))


def _closed_already(document: InpDocument, links: set[str]) -> set[str]:
    rows = [*document["PIPES"], *(row for row in document["STATUS"] if len(row.tokens) == 2)]
    return {
        row.tokens[0]
        for row in rows
        if row.tokens[0] in links and row.tokens[-1].upper().startswith("CLOSED")
    }


def _governed(document: InpDocument) -> set[str]:
    """Links the model itself opens and closes: it could undo what is closed for a time."""
    governed = {row.tokens[1] for row in document["CONTROLS"] if len(row.tokens) > 1}
    governed |= {
        row.tokens[2]
        for row in document["RULES"]
        if len(row.tokens) > 2 and row.tokens[0].upper() in ("THEN", "ELSE", "AND")
    }
    governed |= {row.tokens[0] for row in document["PIPES"] if row.tokens[-1].upper().startswith("CV")}
    governed |= {
        row.tokens[0]
        for row in document["PUMPS"]
        if any(word.upper().startswith("PATTERN") for word in row.tokens[3::2])
    }
    return governed


def _time(seconds: float) -> tuple[str, str]:
    return repr(float(seconds)), "SEC"


def _scaled(document: InpDocument, network: Network, edit: ScaleDemand) -> InpDocument:
    if not edit.nodes:
        given = [row for row in document["OPTIONS"] if _is_multiplier(row)]
        value = (read_number(given[-1].tokens[2]).value or 0.0) if given else 1.0
        kept = document.map_rows(lambda row: None if row in given else row)
        return kept.with_rows("OPTIONS", [("DEMAND", "MULTIPLIER", repr(value * edit.factor))])
    nodes = set(_known(edit.nodes, network.data("junctions").texts("id"), "nodes"))
    return document.map_rows(_scaler(nodes, edit.factor))


def _scaler(nodes: set[str], factor: float) -> Callable[[InpRow], InpRow]:
    def scale(row: InpRow) -> InpRow:
        at = {"JUNCTIONS": 2, "DEMANDS": 1}.get(row.section)
        if at is None or row.tokens[0] not in nodes or len(row.tokens) <= at:
            return row
        value = (read_number(row.tokens[at]).value or 0.0) * factor
        return replace(row, tokens=(*row.tokens[:at], repr(value), *row.tokens[at + 1 :]))

    return scale


def _is_multiplier(row: InpRow) -> bool:
    return (
        len(row.tokens) > 2
        and row.tokens[0].upper() == "DEMAND"
        and row.tokens[1].upper().startswith("MULTIPLIER")
    )
