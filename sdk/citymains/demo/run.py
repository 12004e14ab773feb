"""What `citymains demo` does: load the four networks, check them, ask each its first question, write a report."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from citymains.cli.language import said
from citymains.errors import CitymainsError

if TYPE_CHECKING:
    from citymains.model.network import Network, ValidationReport
    from citymains.model.record import Record

Say = Callable[[str], object]

#: The question each utility is asked, and with what.
FIRST_QUESTIONS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "water": ("pressure", {"hours": 24}),
    "gas": ("pressure", {}),
    "heating": ("supply", {}),
    "drainage": ("simulate", {}),
}
_SHOWN_FINDINGS = 3


@dataclass
class DemoAnswer:
    """What the demo made.

    Attributes
    ----------
    records : dict of str to Record
        The answer of each utility.
    networks : dict of str to Network
    paths : list of Path
        Files written: the report first.
    failures : list of CitymainsError
        Of utilities that could not answer; the others went on.
    """

    records: dict[str, Record] = field(default_factory=dict)
    networks: dict[str, Network] = field(default_factory=dict)
    paths: list[Path] = field(default_factory=list)
    failures: list[CitymainsError] = field(default_factory=list)


def run_demo(
    out: Path,
    *,
    scale: int = 1,
    say: Say = print,
    progress: Callable[[float, str], None] = lambda done, text: None,
) -> DemoAnswer:
    """Calculate the demonstration town and write its report.

    Parameters
    ----------
    out : Path
        Folder for the report and the Excel files; made if it is not there.
    scale : int
        How many times as many street blocks, >= 1.
    say : callable
        Takes each line of what was found.
    progress : callable
        Takes the share done in 0..1 and what is being done.

    Returns
    -------
    DemoAnswer
    """
    from citymains.cities import City
    from citymains.demo import town
    from citymains.workbench import Workbench

    workbench = Workbench(jurisdiction=town.JURISDICTION)
    city = City(town.NAME, workbench, crs=town.CRS, networks=town.town_networks(workbench, scale=scale))
    answer = DemoAnswer()
    for index, utility in enumerate(FIRST_QUESTIONS):
        progress(index / (len(FIRST_QUESTIONS) + 1), utility)
        try:
            _ask(city, utility, answer, say)
        except CitymainsError as error:
            answer.failures.append(error)
            text = said(f"{error.message_zh} {error.fix_zh}", f"{error.message_en} {error.fix_en}").strip()
            say(f"{utility}: {error.code}: {text}")
            for one in [one for one in getattr(error, "issues", ()) if one.severity == "error"][
                1:_SHOWN_FINDINGS
            ]:
                say(f"  {one}")
    progress(len(FIRST_QUESTIONS) / (len(FIRST_QUESTIONS) + 1), said("报告", "report"))
    _write(out, answer)
    for path in answer.paths:
        say(str(path))
    return answer


def _ask(city: Any, utility: str, answer: DemoAnswer, say: Say) -> None:
    from citymains.errors import NotFoundError

    if utility not in city.own_networks:
        # Raises what is wrong with the plugin; without one the utility is simply not installed.
        city.utility(utility)
        raise NotFoundError(field="utility", value=utility)
    face = city.utility(utility)
    started = time.perf_counter()
    checked = face.validate(city.own_networks[utility])
    network = city.network(utility)
    name, arguments = FIRST_QUESTIONS[utility]
    record = getattr(face, name)(network, **arguments)
    answer.records[utility], answer.networks[utility] = record, network
    for line in _lines(network, checked, record, time.perf_counter() - started):
        say(line)


def _lines(network: Network, checked: ValidationReport, record: Record, took_s: float) -> Iterator[str]:
    from citymains.report.summary import summary_text
    from citymains.report.titles import question_title, verdict_title

    title, verdict = question_title(record.provenance.question), verdict_title(record.verdict)
    yield f"{said(title.zh, title.en)}  {said(verdict.zh, verdict.en)}  ({took_s:.1f} s, {record.provenance.engine} {record.provenance.engine_version})"
    yield f"  {summary_text(network.counts, lambda one: said(one.zh, one.en.lower()))}"
    problems = (checked.error_count, checked.warning_count, checked.repair_count)
    yield "  " + said("校验:错误 {} 警告 {} 修正 {}", "checked: {} errors, {} warnings, {} repairs").format(
        *problems
    )
    worst = _worst(record, network)
    if worst:
        yield f"  {worst}"
    yield "  " + said("结论 {} 条", "{} findings").format(len(record.findings))
    for one in record.findings[:_SHOWN_FINDINGS]:
        yield f"    {said(one.message_zh, one.message_en)}"


def _worst(record: Record, network: Network) -> str:
    """The worst element of the main table, by what its map is coloured with."""
    from citymains.report.layers import worst_first
    from citymains.report.map import Drawing
    from citymains.report.titles import column_title

    spec = type(record).TABLES[0]
    layer = next((one for one in Drawing.of(record, network).layers if one.name == spec.name), None)
    if spec.map is None or layer is None or not len(rows := worst_first(layer)):
        return ""
    column, title = rows[spec.map.value_column], column_title(spec.map.value_column)
    element = rows[spec.map.element_column].to_list()[0]
    when = _clock(rows["time_s"].to_list()[0]) if "time_s" in rows else ""
    return f"{said('最不利', 'worst')}: {element}  {said(title.zh, title.en)} {column.to_list()[0]:.4g} {column.unit}{when}"


def _clock(time_s: float | None) -> str:
    return "" if time_s is None else f"  {int(time_s // 3600):02d}:{int(time_s // 60) % 60:02d}"


def _write(out: Path, answer: DemoAnswer) -> None:
    from citymains.demo.town import NAME
    from citymains.report.html import write_html

    if not answer.records:
        return
    out.mkdir(parents=True, exist_ok=True)
    title = f"{NAME} 四网计算报告 Demonstration town"
    answer.paths.append(
        write_html(answer.records.values(), out / "report.html", title, networks=answer.networks.values())
    )
    for utility, record in answer.records.items():
        record.to_excel(out / f"{utility}.xlsx")
        answer.paths.append(out / f"{utility}.xlsx")
