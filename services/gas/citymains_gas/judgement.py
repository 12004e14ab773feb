"""What a steady state is worth: findings for every state the engine calls converged and no network can have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from citymains.model.finding import Finding, Severity, finding
from numpy.typing import NDArray

import citymains_gas.messages  # noqa: F401  (registers the texts)
from citymains_gas.friction import TURBULENT_REYNOLDS, FrictionModel
from citymains_gas.regulators_states import PRESSURE_TOLERANCE_KPA, State
from citymains_gas.steady import SteadyState

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: Findings of one code that name an element each, the worst first; the rest is counted in one more.
MOST_NAMED: Final = 50

_BOOST_TOLERANCE_KPA: Final = 1e-3
_FLOW_TOLERANCE_KG_PER_S: Final = 1e-7
#: Difference between the share drawn and the one its pressure allows that is told.
_SHARE_TOLERANCE: Final = 1e-3


def judge(state: SteadyState) -> Iterator[Finding]:
    """Findings of an answer, the gravest first."""
    if not state.converged:
        yield finding(
            "GAS_NOT_CONVERGED",
            Severity.REJECTED,
            limit=float(state.answer["options"]["max_iterations"]),
            value=float(state.answer["iterations"]),
            reason=state.answer["message"],
        )
        return
    yield from _regulators(state)
    yield from _compressors(state)
    pressure = state.pressure_kpa
    below = pressure < 0.0
    yield from worst(
        "GAS_NEG_GAUGE", Severity.REJECTED, state.ids("junctions"), pressure, below, limit=0.0, unit="kPa"
    )
    yield from worst(
        "GAS_UNSUPPLIED",
        Severity.NOTE if state.explained else Severity.SUSPECT,
        state.ids("junctions"),
        pressure,
        state.unsupplied,
    )
    yield from _delivery(state)
    yield from _flow_regimes(state)


def _regulators(state: SteadyState) -> Iterator[Finding]:
    ids = state.ids("regulators")
    if not ids:
        return
    states = np.asarray(state.answer["states"])
    if state.answer["cycled"]:
        yield finding("GAS_REG_UNSETTLED", Severity.REJECTED)
    set_kpa = state.input("regulators", "pressure_kpa")
    inlet, outlet = (state.output("regulators", f"{side}_pressure_kpa") for side in ("inlet", "outlet"))
    flow = state.output("regulators", "flow_kg_per_s")
    with np.errstate(invalid="ignore"):
        rise, missing = outlet - inlet, set_kpa - inlet
        boosts = (states == State.REGULATING) & (rise > _BOOST_TOLERANCE_KPA)
        active = state.input("regulators", "active")
        opened = (states == State.OPEN) & active & (missing > PRESSURE_TOLERANCE_KPA)
        back = flow < -_FLOW_TOLERANCE_KG_PER_S
    yield from worst(
        "GAS_REG_BOOST",
        Severity.REJECTED,
        ids,
        -rise,
        boosts,
        limit=0.0,
        unit="kPa",
        shown=rise,
        outcome="",
        outcome_zh="",
    )
    yield from worst(
        "GAS_REG_BOOST",
        Severity.SUSPECT,
        ids,
        -missing,
        opened,
        limit=0.0,
        unit="kPa",
        shown=missing,
        outcome="; it was calculated wide open",
        outcome_zh=";已按全开计算",
    )
    yield from worst(
        "GAS_REG_REVERSE",
        Severity.REJECTED,
        ids,
        flow,
        back,
        limit=0.0,
        unit="kg/s",
        outcome=": it stands open and has no non-return function",
        outcome_zh=":该调压器全开且无止回功能",
    )
    yield from worst(
        "GAS_REG_REVERSE",
        Severity.NOTE,
        ids,
        set_kpa,
        states == State.SHUT,
        unit="kPa",
        outcome=" if it stood open: the pressure behind it is above its set point, so it is shut",
        outcome_zh="(若开启):其后压力高于设定值,现已关闭",
    )
    yield from worst("GAS_REG_SLAM_SHUT", Severity.SUSPECT, ids, outlet, states == State.SLAM_SHUT)
    capacity = state.model.column("regulators", "capacity_kg_per_s")
    with np.errstate(invalid="ignore"):
        over = flow > capacity
    yield from worst(
        "GAS_REG_CAPACITY",
        Severity.SUSPECT,
        ids,
        capacity - flow,
        over,
        limits=capacity,
        unit="kg/s",
        shown=flow,
    )


def _compressors(state: SteadyState) -> Iterator[Finding]:
    if "running" not in state.answer:
        return
    flow = state.output("compressors", "flow_kg_per_s")
    # NaN: closed, or without supply.
    stopped = ~np.asarray(state.answer["running"], dtype=np.bool_) & ~np.isnan(flow)
    yield from worst(
        "GAS_COMPRESSOR_STOPPED",
        Severity.SUSPECT,
        state.ids("compressors"),
        flow,
        stopped,
        unit="kg/s",
    )


def _delivery(state: SteadyState) -> Iterator[Finding]:
    if state.options.delivery is None:
        return
    error = float(state.answer.get("delivery_error", 0.0))
    if error > _SHARE_TOLERANCE:
        yield finding("GAS_DELIVERY_UNSETTLED", Severity.SUSPECT, value=error, limit=_SHARE_TOLERANCE)
    required, delivered = state.required_kg_per_s, state.delivered_kg_per_s
    pressure = state.pressure_kpa[state.rows("sinks", "node")]
    short = (delivered < required * (1.0 - _SHARE_TOLERANCE)) & ~np.isnan(pressure)
    missing = delivered - required
    yield from worst(
        "GAS_SHORT",
        Severity.NOTE,
        state.ids("sinks"),
        missing,
        short,
        limits=required,
        unit="kg/s",
        shown=delivered,
    )


def _flow_regimes(state: SteadyState) -> Iterator[Finding]:
    reynolds = np.abs(state.output("pipes", "reynolds"))
    flowing = np.abs(state.output("pipes", "flow_kg_per_s")) > _FLOW_TOLERANCE_KG_PER_S
    law = state.options.friction_model
    laminar = int((flowing & (reynolds < TURBULENT_REYNOLDS)).sum())
    if laminar and law is not FrictionModel.THREE_REGIME:
        yield finding(
            "GAS_LAMINAR", Severity.NOTE, value=float(laminar), limit=TURBULENT_REYNOLDS, model=law.value
        )
    joined = state.answer["options"].get("regimes_joined")
    if joined is not None:
        yield finding(
            "GAS_REGIMES_JOINED", Severity.NOTE, value=100.0 * float(joined), limit=TURBULENT_REYNOLDS
        )


def worst(
    code: str,
    severity: Severity,
    ids: list[str],
    rank: Floats,
    where: Mask,
    *,
    limit: float | None = None,
    limits: Floats | None = None,
    unit: str = "",
    shown: Floats | None = None,
    article: str = "",
    **context: Any,
) -> Iterator[Finding]:
    """A finding for each of the worst marked elements, and one that counts the rest.

    Parameters
    ----------
    code : str
    severity : Severity
    ids : list of str
    rank : ndarray
        Those with the lowest come first.
    where : ndarray of bool
    limit, limits : float, ndarray, optional
        What the values are held against: one for all, or one each.
    unit : str
    shown : ndarray, optional
        The values told; the default is `rank`.
    article : str
        The rule that set the limit.
    **context
        Placeholders of the text.
    """
    rows = np.flatnonzero(where)
    values = rank if shown is None else shown
    for row in rows[np.argsort(rank[rows], kind="stable")][:MOST_NAMED].tolist():
        value, bound = float(values[row]), limit if limits is None else float(limits[row])
        yield finding(
            code,
            severity,
            element=ids[row],
            value=None if np.isnan(value) else value,
            limit=bound,
            unit=unit,
            article=article,
            **context,
        )
    if len(rows) > MOST_NAMED:
        yield finding("GAS_MORE", severity, value=float(len(rows) - MOST_NAMED), what=code)
