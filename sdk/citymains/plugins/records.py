"""The typed records plugins return: one class per hook, each record under a unique lower-case name.

A record says what there is; what it does is a *reference*: a callable, or ``"module:name"``,
which is imported only when it is used. Prefer the text in anything that imports more than
the standard library, so that listing plugins stays cheap.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, cast

if TYPE_CHECKING:
    from citymains.utility import Utility

#: A callable, or where to import it from: ``"package.module:name"``.
Reference: TypeAlias = Callable[..., Any] | str

_NAME = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_PLACE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*(\.[A-Za-z_]\w*)*")


def load_reference(reference: Reference) -> Any:
    """What a reference stands for.

    Raises
    ------
    ImportError, AttributeError
        The module or the name in it does not exist.
    """
    if not isinstance(reference, str):
        return reference
    module, _, path = reference.partition(":")
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return found


@dataclass(frozen=True, kw_only=True)
class PluginRecord:
    """Base of every record a hook returns.

    Raises
    ------
    ValueError, TypeError
        On construction, for a name that is not lower-case ASCII (letters, digits, ``.``,
        ``_``, ``-``) and for a reference that is neither callable nor ``"module:name"``.
    """

    REFERENCES: ClassVar[tuple[str, ...]] = ()
    """Names of the fields that hold references."""

    name: str
    """Unique among the records of its hook, over all installed plugins."""
    title_en: str = ""
    title_zh: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not _NAME.fullmatch(self.name):
            raise ValueError(
                f"{type(self).__name__} name {self.name!r} is not lower-case like 'hangzhou-2026'"
            )
        for name in self.REFERENCES:
            self._check_reference(name, getattr(self, name))
        for one in fields(self):
            if one.type == "str" and not isinstance(getattr(self, one.name), str):
                raise TypeError(f"{type(self).__name__} {self.name!r}: {one.name} is not text")
        self._check()

    def _check(self) -> None:
        """What else a sub-class refuses."""

    def _check_reference(self, field: str, reference: object) -> None:
        if callable(reference) or (isinstance(reference, str) and _PLACE.fullmatch(reference)):
            return
        raise TypeError(f"{type(self).__name__} {self.name!r}: {field} is neither callable nor 'module:name'")


@dataclass(frozen=True, kw_only=True)
class UtilityRecord(PluginRecord):
    """One utility: ``city.<name>``, ``citymains <name>`` and its gRPC service."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("face",)

    face: str
    """Where the `citymains.utility.Utility` sub-class is: ``"citymains_water.utility:Water"``."""
    extra: str = ""
    """Extra of the distribution that brings its solver, for the pip command in messages."""
    version: str = ""
    """Version of the utility; empty: that of its distribution."""
    datasets: str = ""
    """What gives the utility's own kinds of datasets: ``"citymains_heating.refunds.stored:dataset_kinds"``; empty: none."""

    def load_face(self) -> type[Utility]:
        """The utility's class. Imports its module, and no solver.

        Raises
        ------
        PluginError
            PLUGIN_FAILED: the module cannot be imported, or what it names is not the face of this utility.
        """
        from citymains.errors import PluginError
        from citymains.question import Face

        try:
            face = load_reference(self.face)
        except Exception as error:
            raise PluginError(
                value=self.name, field=self.face, limit=f"{type(error).__name__}: {error}"
            ) from error
        if not (isinstance(face, type) and issubclass(face, Face) and face.name == self.name):
            raise PluginError(
                value=self.name, field=self.face, limit=f"not the Utility of the name {self.name!r}"
            )
        return cast("type[Utility]", face)


@dataclass(frozen=True, kw_only=True)
class NetworkFormat(PluginRecord):
    """One file format a utility reads besides its own."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("read",)

    utility: str
    read: Reference
    """``read(file: SourceFile) -> Intake``; the intake's document is in the utility's own format."""
    suffixes: tuple[str, ...] = ()
    """Lower-case endings of file names: ``(".csv",)``."""


@dataclass(frozen=True, kw_only=True)
class RulePackRecord(PluginRecord):
    """One rule pack: a TOML file by ``path``, or its content as ``text``."""

    path: Path | str | None = None
    text: str | None = None

    def _check(self) -> None:
        if (self.path is None) == (self.text is None):
            raise ValueError(f"RulePackRecord {self.name!r}: give either path or text")

    @property
    def file(self) -> str:
        """Name of the file, for messages."""
        return Path(self.path).name if self.path is not None else f"{self.name}.toml"

    def read(self) -> bytes:
        """The pack's bytes. Raises OSError where the file cannot be read."""
        return Path(self.path).read_bytes() if self.path is not None else (self.text or "").encode()


@dataclass(frozen=True, kw_only=True)
class Tariff(PluginRecord):
    """One tariff. Money is `decimal.Decimal` throughout."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("compute",)

    utility: str
    jurisdiction: str
    compute: Reference
    """``compute(account, consumption, period) -> Iterable`` of bill items, each with its rule."""


@dataclass(frozen=True, kw_only=True)
class RefundRule(PluginRecord):
    """One heat refund rule that a rule pack cannot say."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("refund",)

    jurisdiction: str
    refund: Reference
    """``refund(user, days) -> Iterable`` of refunded days, each with rule, article and ratio."""


@dataclass(frozen=True, kw_only=True)
class RenewalRule(PluginRecord):
    """One rule that says which pipes have to be renewed."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("select",)

    utility: str
    select: Reference
    """``select(pipes, on) -> Iterable`` of element ids, each with its reason and article."""


@dataclass(frozen=True, kw_only=True)
class FailureModel(PluginRecord):
    """One model of how likely a pipe fails."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("rate",)

    utility: str
    rate: Reference
    """``rate(pipes, on) -> ndarray``: failures per km and year, one per pipe, >= 0."""


@dataclass(frozen=True, kw_only=True)
class StormFormula(PluginRecord):
    """One storm-intensity formula, by the depth it gives, or one source of rain ensembles, or both.

    A city that has published several has a record for each, under one jurisdiction.
    """

    REFERENCES: ClassVar[tuple[str, ...]] = ("depth_mm", "members")

    jurisdiction: str
    depth_mm: Reference | None = None
    """``depth_mm(return_period_a, duration_s, zone) -> float``: rain depth in mm, >= 0, not falling with the duration."""
    zones: tuple[str, ...] = ()
    """Districts with a formula of their own; the first is meant where none is named. Empty: one for all."""
    return_period_a: tuple[float, float] | None = None
    """Return periods it is published for, in years; None: not known."""
    duration_s: tuple[float, float] | None = None
    """Durations it is published for, in seconds; None: not known."""
    edition: str = ""
    """Which of the city's publications it is."""
    document: str = ""
    """Where it stands written."""
    confidence: str = ""
    """``P`` (primary text read) or ``W`` (public page found); empty: not said."""
    sampling: str = ""
    """How the record was sampled: ``annual maximum`` or ``multi-sample``; their return periods are not the same."""
    proxy_of: str = ""
    """Name of another city's formula that this place uses for want of its own; `depth_mm` is then None."""
    aliases: tuple[str, ...] = ()
    """Other names it is asked for by, of any script."""
    members: Reference | None = None
    """``members(intensity_mm_per_h, step_s, count, seed) -> array (count, steps)``: an ensemble around a forecast."""

    def _check_reference(self, field: str, reference: object) -> None:
        if reference is not None:
            super()._check_reference(field, reference)

    def _check(self) -> None:
        for low, high in filter(None, (self.return_period_a, self.duration_s)):
            if not 0 < low <= high:
                raise ValueError(
                    f"StormFormula {self.name!r}: the range {low} .. {high} is not ascending and positive"
                )
        if self.depth_mm is None and self.members is None and not self.proxy_of:
            raise ValueError(f"StormFormula {self.name!r}: give depth_mm, members or proxy_of")


@dataclass(frozen=True, kw_only=True)
class PumpPolicy(PluginRecord):
    """One way to run pumps through a storm; it is scored beside the built-in ones."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("decide",)

    decide: Reference
    """``decide(state: PumpState) -> Mapping[str, float]``: settings in 0..1 by id of pump or gate; what is left out
    stays. Give the text ``"module:name"``: it is called in the engine's process, at every look of the guard,
    which keeps its limits whatever the policy says. It holds no state between calls: branches of the
    simulation call it side by side."""


@dataclass(frozen=True, kw_only=True)
class PumpStationState:
    """One station as a pump policy sees it. Depths are above the wet well's invert."""

    name: str
    depth_m: float
    full_depth_m: float
    pumps: tuple[str, ...]
    start_depth_m: tuple[float, ...] = ()
    """Levels of the operator's rule, pump by pump; empty: it has none."""
    stop_depth_m: tuple[float, ...] = ()
    overflow_pumps: tuple[str, ...] = ()
    """Pumps whose water counts as overflow."""


@dataclass(frozen=True, kw_only=True)
class PumpState:
    """What a pump policy decides on."""

    time_s: float
    """From the start of the simulation."""
    step_s: float
    """Until the next decision."""
    rain_mm_per_h: float
    """Mean intensity over all gages now."""
    settings: Mapping[str, float]
    """Settings in force by id of pump or gate."""
    stations: tuple[PumpStationState, ...] = ()
    gates: Mapping[str, float] = field(default_factory=dict)
    """Filling, in 0..1, of the tank each gate draws from."""


@dataclass(frozen=True, kw_only=True)
class RoomModel(PluginRecord):
    """One model of room temperature."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("temperature_c",)

    temperature_c: Reference
    """``temperature_c(room, heat_kw, outdoor_c, step_s) -> ndarray`` in degrees Celsius."""


@dataclass(frozen=True, kw_only=True)
class ExecutorRecord(PluginRecord):
    """One place where scenarios of a study run."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("create",)

    create: Reference
    """``create(options: Mapping[str, str]) -> concurrent.futures.Executor``."""


@dataclass(frozen=True, kw_only=True)
class StudyKind(PluginRecord):
    """One kind of study."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("run",)

    run: Reference
    """``run(workbench, request: Mapping[str, object]) -> Record``."""


@dataclass(frozen=True, kw_only=True)
class ReportSection(PluginRecord):
    """One section added to the reports of a question."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("render",)

    question: str
    """``utility.question`` as in ``water.pressure``; empty: every report."""
    render: Reference
    """``render(record) -> str``: HTML without script and without links to other places."""


@dataclass(frozen=True, kw_only=True)
class Notifier(PluginRecord):
    """One listener told about finished questions; what it raises is logged and changes nothing."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("notify",)

    notify: Reference
    """``notify(event: str, record) -> None``."""


@dataclass(frozen=True, kw_only=True)
class CommandRecord(PluginRecord):
    """One command of the command line: ``citymains <name>``."""

    REFERENCES: ClassVar[tuple[str, ...]] = ("command",)

    command: Reference
    """A function with annotated arguments, or a `typer.Typer` application."""
    summary: str = ""
