"""Scenarios: small declarative lists of edits to an immutable network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from citymains.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """Close pipes (or any link) from ``start_s`` until ``end_s``."""

    pipes: tuple[str, ...]
    start_s: float | None = None
    """Seconds from the start; None: from the beginning."""
    end_s: float | None = None
    """None: until the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Lose equipment: what is named here stops working."""

    pumps: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    plants: tuple[str, ...] = ()
    regulators: tuple[str, ...] = ()
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleDemand:
    """Multiply demands by ``factor``, everywhere or at ``nodes``."""

    factor: float
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetControl:
    """Set one setting of one element: a pump's speed, a valve's set point, a plant's temperature."""

    element: str
    field: str
    value: float
    start_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Break a pipe; the hole discharges as an orifice of ``diameter_mm``."""

    pipe: str
    diameter_mm: float
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Draw water at a node, beside its customers: a fire, a filling."""

    node: str
    flow_m3_per_h: float
    start_s: float | None = None
    end_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StormEdit:
    """Rain of a design storm over the whole model."""

    formula: str
    return_period_a: float
    duration_s: float
    step_s: float = 300.0
    peak_ratio: float = 0.4


Edit: TypeAlias = Close | Lose | ScaleDemand | SetControl | Burst | StormEdit | Draw


def _seconds(time_s: float | None) -> float | None:
    return None if time_s is None else float(time_s)


def _ids(ids: Iterable[str] | str) -> tuple[str, ...]:
    return (ids,) if isinstance(ids, str) else tuple(str(one) for one in ids)


@dataclass(frozen=True, slots=True)
class Scenario:
    """A list of edits, applied in order. ``+`` joins two scenarios; the empty one changes nothing.

    Examples
    --------
    >>> from citymains import Scenario
    >>> tonight = Scenario.close(pipes=["P-114"], start_s=7200) + Scenario.scale_demand(1.2)
    >>> len(tonight.edits)
    2
    """

    edits: tuple[Edit, ...] = ()

    NAMES: ClassVar[dict[type, str]] = {
        Close: "close",
        Lose: "lose",
        ScaleDemand: "scale_demand",
        SetControl: "set_control",
        Burst: "burst",
        StormEdit: "storm",
        Draw: "draw",
    }

    @classmethod
    def close(
        cls, pipes: Iterable[str] | str, start_s: float | None = None, end_s: float | None = None
    ) -> Scenario:
        """Close pipes or other links by id."""
        return cls((Close(pipes=_ids(pipes), start_s=_seconds(start_s), end_s=_seconds(end_s)),))

    @classmethod
    def lose(
        cls,
        *,
        pumps: Iterable[str] | str = (),
        sources: Iterable[str] | str = (),
        plants: Iterable[str] | str = (),
        regulators: Iterable[str] | str = (),
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> Scenario:
        """Lose pumps, sources, plants or regulators by id."""
        return cls(
            (
                Lose(
                    pumps=_ids(pumps),
                    sources=_ids(sources),
                    plants=_ids(plants),
                    regulators=_ids(regulators),
                    start_s=_seconds(start_s),
                    end_s=_seconds(end_s),
                ),
            )
        )

    @classmethod
    def scale_demand(cls, factor: float, nodes: Iterable[str] | str = ()) -> Scenario:
        """Multiply demands by `factor` (>= 0), everywhere or at `nodes`."""
        if not factor >= 0:
            raise InputError("ARGUMENT_INVALID", field="factor", value=factor, limit=">= 0")
        return cls((ScaleDemand(factor=float(factor), nodes=_ids(nodes)),))

    @classmethod
    def set_control(cls, element: str, field: str, value: float, start_s: float | None = None) -> Scenario:
        """Set one setting of one element."""
        return cls((SetControl(element=element, field=field, value=float(value), start_s=_seconds(start_s)),))

    @classmethod
    def burst(
        cls, pipe: str, diameter_mm: float, start_s: float | None = None, end_s: float | None = None
    ) -> Scenario:
        """Break a pipe with a hole of `diameter_mm` (> 0)."""
        if not diameter_mm > 0:
            raise InputError("ARGUMENT_INVALID", field="diameter_mm", value=diameter_mm, limit="> 0")
        return cls(
            (
                Burst(
                    pipe=pipe,
                    diameter_mm=float(diameter_mm),
                    start_s=_seconds(start_s),
                    end_s=_seconds(end_s),
                ),
            )
        )

    @classmethod
    def draw(
        cls, node: str, flow_m3_per_h: float, start_s: float | None = None, end_s: float | None = None
    ) -> Scenario:
        """Draw `flow_m3_per_h` (> 0) at a node, beside what its customers want."""
        if not flow_m3_per_h > 0:
            raise InputError("ARGUMENT_INVALID", field="flow_m3_per_h", value=flow_m3_per_h, limit="> 0")
        return cls(
            (
                Draw(
                    node=node,
                    flow_m3_per_h=float(flow_m3_per_h),
                    start_s=_seconds(start_s),
                    end_s=_seconds(end_s),
                ),
            )
        )

    @classmethod
    def storm(
        cls,
        formula: str,
        return_period_a: float,
        duration_s: float,
        step_s: float = 300.0,
        peak_ratio: float = 0.4,
    ) -> Scenario:
        """Rain by a design storm."""
        return cls(
            (
                StormEdit(
                    formula=formula,
                    return_period_a=float(return_period_a),
                    duration_s=float(duration_s),
                    step_s=float(step_s),
                    peak_ratio=float(peak_ratio),
                ),
            )
        )

    def __add__(self, other: Scenario) -> Scenario:
        if not isinstance(other, Scenario):
            return NotImplemented
        return Scenario(self.edits + other.edits)

    def __bool__(self) -> bool:
        return bool(self.edits)

    def change_times_s(self) -> tuple[float, ...]:
        """When anything begins or ends to hold, in ascending order, seconds from the start; 0 is always one of them."""
        times = {0.0}
        for edit in self.edits:
            for name in ("start_s", "end_s"):
                time_s = getattr(edit, name, None)
                if time_s is not None and time_s > 0.0:
                    times.add(float(time_s))
        return tuple(sorted(times))

    def in_force(self, time_s: float) -> Scenario:
        """The edits that hold at a time; a period begins with its start and does not include its end.

        >>> late = Scenario.close("P-1", start_s=3600.0)
        >>> len(late.in_force(0.0).edits), len(late.in_force(3600.0).edits)
        (0, 1)
        """

        def holds(edit: Edit) -> bool:
            start_s, end_s = getattr(edit, "start_s", None), getattr(edit, "end_s", None)
            return (start_s or 0.0) <= time_s and (end_s is None or time_s < end_s)

        return Scenario(tuple(edit for edit in self.edits if holds(edit)))

    def require(self, question: str, supported: Iterable[type[Any]]) -> None:
        """Refuse the edits a question does not take.

        Raises
        ------
        InputError
            SCENARIO_UNSUPPORTED, naming the edit and what the question does take.
        """
        allowed = tuple(supported)
        names = ", ".join(self.NAMES[kind] for kind in allowed) or "-"
        for edit in self.edits:
            if not isinstance(edit, allowed):
                raise InputError(
                    "SCENARIO_UNSUPPORTED", value=question, field=self.NAMES[type(edit)], limit=names
                )
