"""The question `storm`: a design storm by formula, or a measured series, checked and with its members."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from os import PathLike
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from citymains.errors import InputError, NotFoundError, PluginError
from citymains.intake.source import SourceFile
from citymains.model.finding import Finding, Severity, finding, verdict_of
from citymains.model.table import Coded, Table
from citymains.plugins.records import StormFormula, load_reference

import citymains_drainage.storms.messages  # noqa: F401
from citymains_drainage.storms.ensemble import Floats, perturbed_members
from citymains_drainage.storms.formula import DepthFormula, looks_written, parse_formula, rising
from citymains_drainage.storms.hyetograph import HyetographShape, hyetograph_mm_per_h
from citymains_drainage.storms.measured import read_rain
from citymains_drainage.storms.report import HYETOGRAPH, MEMBERS, Storm

if TYPE_CHECKING:
    from citymains.model.scenario import StormEdit
    from citymains.utility import Utility

#: Most steps of a storm, and most members of an ensemble.
MOST_STEPS: Final = 100_000
MOST_MEMBERS: Final = 1000
_DAY_S: Final = 86_400.0


@dataclass(frozen=True)
class _Source:
    """Where the depth comes from."""

    depth_mm: DepthFormula
    name: str
    record: StormFormula | None = None
    proxied: StormFormula | None = None
    """The record that named the other as its stand-in."""

    @property
    def proxy_of(self) -> str:
        return "" if self.proxied is None or self.record is None else self.record.name


def design_storm(
    face: Utility,
    *,
    formula: str,
    return_period_a: float,
    duration_s: float,
    step_s: float,
    peak_ratio: float,
    shape: HyetographShape,
    zone: str,
    series: SourceFile | str | PathLike[str] | None,
    members: int,
    ensemble: str,
    spread: float,
    shift_s: float,
    seed: int,
) -> Storm:
    """Answer `storm`; see `Drainage.storm`."""
    if not 0 <= members <= MOST_MEMBERS:
        raise InputError("ARGUMENT_INVALID", field="members", value=members, limit=f"0 .. {MOST_MEMBERS}")
    for name, value in (("spread", spread), ("shift_s", shift_s)):
        if not 0 <= value < math.inf:
            raise InputError("ARGUMENT_INVALID", field=name, value=value, limit=">= 0")
    fields: dict[str, Any]
    findings: tuple[Finding, ...]
    if series is not None:
        if formula:
            raise InputError("STORM_TWO_SOURCES", field="series", value=formula)
        rain = read_rain(face.workbench.file(series))
        step_s, given = rain.step_s, rain.members_mm_per_h
        fields, findings = {}, ()
    else:
        shape = _shape(shape)
        source = find_source(face, formula)
        _check(return_period_a, duration_s, step_s, peak_ratio)
        zone = _zone(source, zone)
        intensity = formula_rain(
            source.depth_mm, return_period_a, duration_s, step_s, peak_ratio, shape, zone
        )
        given = intensity[np.newaxis, :]
        findings = tuple(_out_of_range(source, return_period_a, duration_s))
        shaped = shape in (HyetographShape.CHICAGO, HyetographShape.ALTERNATING_BLOCK)
        fields = {
            "formula": source.name,
            "zone": zone,
            "proxy_of": source.proxy_of,
            "return_period_a": float(return_period_a),
            "peak_ratio": float(peak_ratio) if shaped else math.nan,
            "shape": shape.value,
            **_published(source),
        }
    every = _ensemble(face, given, step_s, members, ensemble, spread, shift_s, seed)
    return _record(face, fields, findings, every, step_s, duration_s if series is None else math.nan, seed)


def _shape(shape: str) -> HyetographShape:
    try:
        return HyetographShape(shape)
    except ValueError:
        limit = ", ".join(HyetographShape)
        raise InputError("ARGUMENT_INVALID", field="shape", value=shape, limit=limit) from None


def storm_of_edit(face: Utility, edit: StormEdit) -> Storm:
    """The design storm of a scenario's edit."""
    return design_storm(
        face,
        formula=edit.formula,
        return_period_a=edit.return_period_a,
        duration_s=edit.duration_s,
        step_s=edit.step_s,
        peak_ratio=edit.peak_ratio,
        shape=HyetographShape.CHICAGO,
        zone="",
        series=None,
        members=0,
        ensemble="",
        spread=0.0,
        shift_s=0.0,
        seed=0,
    )


def find_source(face: Utility, formula: str) -> _Source:
    """The formula of a name, an alias, a place, or written out.

    Raises
    ------
    InputError
        STORM_FORMULA_MISSING, STORM_FORMULA_UNREADABLE, STORM_FORMULA_SEVERAL.
    NotFoundError
        No plugin offers it.
    """
    if not formula:
        known = ", ".join(face.workbench.plugins.records(StormFormula))
        raise InputError("STORM_FORMULA_MISSING", field="formula", limit=known)
    if looks_written(formula):
        return _Source(parse_formula(formula).depth_mm, formula)
    record = _named(face, formula)
    proxied = None
    if record.depth_mm is None and record.proxy_of:
        proxied, record = record, _named(face, record.proxy_of)
    if record.depth_mm is None:
        raise InputError("STORM_FORMULA_WITHOUT_DEPTH", field="formula", value=record.name)
    return _Source(_plugin_depth(record), (proxied or record).name, record, proxied)


def _named(face: Utility, name: str) -> StormFormula:
    records = face.workbench.plugins.records(StormFormula)
    if name in records:
        return records[name]
    wanted = _plain(name)
    found = [one for one in records.values() if wanted in {_plain(text) for text in (one.name, *one.aliases)}]
    if len(found) > 1:
        raise InputError(
            "STORM_FORMULA_SEVERAL", field="formula", value=name, limit=", ".join(one.name for one in found)
        )
    return found[0] if found else face.workbench.plugins.select(StormFormula, name)


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _plugin_depth(record: StormFormula) -> DepthFormula:
    """The record's function, with what it raises told as the plugin's fault."""
    try:
        function = load_reference(record.depth_mm)  # type: ignore[arg-type]
        takes_zone = len(inspect.signature(function).parameters) > 2
    except Exception as error:
        raise PluginError(
            value=record.name, field="depth_mm", limit=f"{type(error).__name__}: {error}"
        ) from error

    def depth_mm(return_period_a: float, duration_s: float, zone: str) -> float:
        try:
            more = (zone,) if takes_zone else ()
            return float(function(return_period_a, duration_s, *more))
        except Exception as error:
            raise PluginError(
                value=record.name, field="depth_mm", limit=f"{type(error).__name__}: {error}"
            ) from error

    return depth_mm


def _check(return_period_a: float, duration_s: float, step_s: float, peak_ratio: float) -> None:
    if not 0 < return_period_a < math.inf:
        raise InputError("ARGUMENT_INVALID", field="return_period_a", value=return_period_a, limit="> 0")
    if not 0 < duration_s <= 30 * _DAY_S:
        raise InputError(
            "ARGUMENT_INVALID", field="duration_s", value=duration_s, limit=f"> 0, <= {30 * _DAY_S:g}"
        )
    if not 1 <= step_s <= duration_s or step_s % 1 or duration_s / step_s > MOST_STEPS:
        raise InputError("ARGUMENT_INVALID", field="step_s", value=step_s, limit=f"1, 2, ... {duration_s:g}")
    if not 0 <= peak_ratio <= 1:
        raise InputError("ARGUMENT_INVALID", field="peak_ratio", value=peak_ratio, limit="0 .. 1")


def _zone(source: _Source, zone: str) -> str:
    zones = source.record.zones if source.record is not None else ()
    if zone and zone not in zones:
        raise InputError("STORM_ZONE_UNKNOWN", field="zone", value=zone, limit=", ".join(zones) or "-")
    return zone or (zones[0] if zones else "")


def formula_rain(
    depth_mm: DepthFormula,
    return_period_a: float,
    duration_s: float,
    step_s: float,
    peak_ratio: float,
    shape: HyetographShape,
    zone: str,
) -> Floats:
    """Mean intensities of a storm by formula [mm/h].

    Raises
    ------
    InputError
        STORM_DEPTH_FALLS: the formula's depth is not finite, or falls with the duration.
    """

    def depth(one_s: float) -> float:
        return depth_mm(return_period_a, one_s, zone) if one_s > 0 else 0.0

    try:
        sound = rising(depth, np.linspace(0.0, duration_s, 65).tolist())
    except (ValueError, ArithmeticError):
        sound = False
    if not sound:
        raise InputError(
            "STORM_DEPTH_FALLS", field="return_period_a", value=return_period_a, limit=duration_s
        )
    return hyetograph_mm_per_h(shape, depth, duration_s=duration_s, step_s=step_s, peak_ratio=peak_ratio)


def _out_of_range(source: _Source, return_period_a: float, duration_s: float) -> Iterator[Finding]:
    record = source.record
    if record is None:
        return
    ranges = (
        ("return_period_a", return_period_a, record.return_period_a, "a"),
        ("duration_s", duration_s, record.duration_s, "s"),
    )
    for name, value, published, unit in ranges:
        if published is None:
            yield finding("STORM_RANGE_UNKNOWN", Severity.NOTE, element=record.name, unit=unit, what=name)
        elif not published[0] <= value <= published[1]:
            limit = published[1] if value > published[1] else published[0]
            yield finding(
                "STORM_OUT_OF_RANGE",
                Severity.SUSPECT,
                element=record.name,
                value=value,
                limit=limit,
                unit=unit,
                article=record.document,
                what=name,
            )
    if source.proxied is not None:
        yield finding("STORM_PROXY", Severity.NOTE, element=source.proxied.name, other=record.name)


def _published(source: _Source) -> dict[str, str]:
    if source.record is None:
        return {}
    record = source.record
    edition = "; ".join(part for part in (record.edition, record.document, record.confidence) if part)
    place = source.proxied.jurisdiction if source.proxied is not None else record.jurisdiction
    return {"jurisdiction": place, "edition": edition}


def _ensemble(
    face: Utility,
    given: Floats,
    step_s: float,
    members: int,
    ensemble: str,
    spread: float,
    shift_s: float,
    seed: int,
) -> Floats:
    if not members and not ensemble:
        return given
    if len(given) > 1:
        raise InputError("STORM_TWO_SOURCES", field="members", value=len(given))
    count = members or 10
    if not ensemble:
        return perturbed_members(
            given[0], step_s=step_s, count=count, spread=spread, shift_s=shift_s, seed=seed
        )
    record = _named(face, ensemble)
    if record.members is None:
        raise NotFoundError(field="ensemble", value=ensemble)
    try:
        made = np.asarray(
            load_reference(record.members)(given[0].copy(), step_s, count, seed), dtype=np.float64
        )
    except Exception as error:
        raise PluginError(
            value=record.name, field="members", limit=f"{type(error).__name__}: {error}"
        ) from error
    if (
        made.ndim != 2
        or made.shape[1] != given.shape[1]
        or not (np.isfinite(made).all() and (made >= 0).all())
    ):
        raise PluginError(
            value=record.name, field="members", limit=f"(count, {given.shape[1]}) of values >= 0"
        )
    return np.vstack([given, made])


def _record(
    face: Utility,
    fields: dict[str, Any],
    findings: tuple[Finding, ...],
    every: Floats,
    step_s: float,
    duration_s: float,
    seed: int,
) -> Storm:
    intensity = every[0]
    steps = len(intensity)
    times: Floats = np.arange(steps, dtype=np.float64) * float(step_s)
    depths = intensity * step_s / 3600.0
    count = len(every) if len(every) > 1 else 0
    tables = (
        HYETOGRAPH.build(
            time_s=times, intensity_mm_per_h=intensity, depth_mm=depths, cumulative_mm=np.cumsum(depths)
        ),
        _members_table(every, times, count),
    )
    return Storm(
        verdict=verdict_of(findings),
        findings=findings,
        tables=tables,
        provenance=face.provenance("storm", options={"seed": seed} if count else {}),
        duration_s=steps * step_s if math.isnan(duration_s) else float(duration_s),
        step_s=float(step_s),
        depth_mm=math.fsum(depths.tolist()),
        peak_intensity_mm_per_h=float(intensity.max(initial=0.0)),
        member_count=count,
        **fields,
    )


def _members_table(every: Floats, times: Floats, count: int) -> Table:
    if not count:
        return MEMBERS.empty()
    names = tuple(str(one + 1) for one in range(count))
    return MEMBERS.build(
        member=Coded(names, np.repeat(np.arange(count, dtype=np.int32), len(times))),
        time_s=np.tile(times, count),
        intensity_mm_per_h=every.reshape(-1),
    )
