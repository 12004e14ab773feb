"""One EPANET project that takes a scenario's edits and gives every one of them back exactly.

The model is read once and its hydraulics opened once; what a scenario changes is written
through the toolkit's setters and journalled, so that the same project can answer thousands
of scenarios, each from a cold start, and the last one as if it were the first.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from citymains.engine_host.engine import EngineFault
from numpy.typing import NDArray

from citymains_water.solver import FIRST_ERROR, library

Floats = NDArray[np.float64]

# Codes of epanet2_enums.h.
NODE_ELEVATION, NODE_EMITTER, NODE_HEAD, NODE_DEFICIT, NODE_FULL_DEMAND = 0, 3, 10, 27, 32
NODE_DEMAND_FLOW, NODE_MIN_LEVEL, NODE_MAX_LEVEL, NODE_OVERFLOWS = 31, 20, 21, 26
NODE_PRESSURE, NODE_EMITTER_FLOW, NODE_IS_TANK = 11, 29, 2
LINK_DIAMETER, LINK_LENGTH, LINK_ROUGHNESS, LINK_MINOR_LOSS, LINK_FLOW = 0, 1, 2, 3, 8
LINK_INITIAL_STATUS, LINK_INITIAL_SETTING, LINK_STATUS, LINK_SETTING = 4, 5, 11, 12
LINK_PATTERN, LINK_IN_CONTROL, LINK_LEAK_AREA = 15, 23, 26
PUMP_STATE, PUMP_POWER, PUMP_CURVE = 16, 18, 19
CV_PIPE, PIPE, PUMP, PRV, PSV, PBV, FCV, TCV, GPV, PCV = range(10)
COUNT_NODES, COUNT_TANKS, COUNT_LINKS, COUNT_PATTERNS, COUNT_CONTROLS, COUNT_RULES = 0, 1, 2, 3, 5, 6
OPTION_TRIALS, OPTION_ACCURACY, OPTION_EMITTER_EXPONENT, OPTION_DEMAND_FACTOR, OPTION_HEADLOSS = 0, 1, 3, 4, 7
OPTION_GRAVITY, OPTION_VISCOSITY, OPTION_CHECK_EVERY, OPTION_DAMP_LIMIT, OPTION_EMITTER_BACKFLOW = (
    12,
    13,
    15,
    17,
    24,
)
CLOSED, OPEN, ACTIVE = 0.0, 1.0, 2.0
CONTROL_BELOW, CONTROL_ABOVE = 0, 1
#: Of EN_initH: start from the flows of a new model, and save nothing.
RESET_FLOWS = 10
_TIME_DURATION, _UNCONDITIONAL = 0, 0
#: Wins over any priority a model's own rules are given.
_PRIORITY = 1_000_000
_PASSES = 4
#: Rounding lets some models come no nearer to an accuracy of 1e-8; they would use up any number of trials.
_TRIALS_WHEN_ACCURATE = 60.0


class Project:
    """A model open in EPANET, with its hydraulics open.

    Parameters
    ----------
    source : Path
        The model; read once.
    report : Path
        Where EPANET may write its report.

    Raises
    ------
    EngineFault
        ENGINE_FAILED with EPANET's code.
    """

    def __init__(self, source: Path, report: Path) -> None:
        self.library = library()
        self.handle = ctypes.c_void_p()
        if self.library.EN_createproject(ctypes.byref(self.handle)):
            raise EngineFault("ENGINE_FAILED", "EN_createproject gives no project")
        self.call("EN_open", os.fsencode(source), os.fsencode(report), b"")
        self.call("EN_setstatusreport", 0)
        self.call("EN_setreport", b"MESSAGES NO")  # warnings are read from the codes
        self._constant = self._constant_pattern()
        self.call("EN_openH")
        self.node_count, self.link_count = self.count(COUNT_NODES), self.count(COUNT_LINKS)
        self.junction_count = self.node_count - self.count(COUNT_TANKS)
        self.link_type = np.array(
            [self._integer("EN_getlinktype", k) for k in range(1, self.link_count + 1)], dtype=np.int32
        )
        self._pipe_is_open = (self.links(LINK_INITIAL_STATUS) != CLOSED).tolist()
        self.base_demand = [self._settle(node) for node in range(1, self.junction_count + 1)]
        self._controls = self._controls_of_links() if self.count(COUNT_CONTROLS) else {}
        self._ruled = self._ruled_links() if self.count(COUNT_RULES) else set()
        self._options = {code: self.option(code) for code in (OPTION_TRIALS, OPTION_ACCURACY)}
        self._keep_closed: dict[int, int] = {}
        self._journal: list[Callable[[], object]] = []

    def close(self) -> None:
        """Let the project go."""
        self.library.EN_closeH(self.handle)
        self.library.EN_close(self.handle)
        self.library.EN_deleteproject(self.handle)

    # -- reading -----------------------------------------------------------------------------------

    def count(self, code: int) -> int:
        """Number of objects of a kind."""
        return self._integer("EN_getcount", code)

    def nodes(self, code: int) -> Floats:
        """A quantity of all nodes, shape (nodes,), in the file's units."""
        return self._column("EN_getnodevalues", code, self.node_count)

    def links(self, code: int) -> Floats:
        """A quantity of all links, shape (links,), in the file's units."""
        return self._column("EN_getlinkvalues", code, self.link_count)

    def reader(self, function: str, code: int, into: Floats) -> Callable[[], object]:
        """What reads a quantity of all nodes or links into an array, again and again at little cost."""
        call = getattr(self.library, function)
        return partial(call, self.handle, code, into.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))

    def link_value(self, link: int, code: int) -> float:
        """A quantity of one link, counted from 1."""
        value = ctypes.c_double()
        self.call("EN_getlinkvalue", link, code, ctypes.byref(value))
        return value.value

    def option(self, code: int) -> float:
        """An option's value."""
        value = ctypes.c_double()
        self.call("EN_getoption", code, ctypes.byref(value))
        return value.value

    def ends(self, link: int) -> tuple[int, int]:
        """Start and end node of a link, all counted from 1."""
        first, second = ctypes.c_int(), ctypes.c_int()
        self.call("EN_getlinknodes", link, ctypes.byref(first), ctypes.byref(second))
        return first.value, second.value

    def id_of(self, what: str, index: int) -> str:
        """Id of a ``node`` or ``link``, counted from 1."""
        name = ctypes.create_string_buffer(64)
        self.call(f"EN_get{what}id", index, name)
        return name.value.decode("ascii")

    # -- editing -----------------------------------------------------------------------------------

    def close_link(self, link: int) -> None:
        """Close a link (counted from 1) for good: nothing in the model may open it again."""
        for control in self._controls.get(link, ()):
            self._switch("EN_setcontrolenabled", control, 0, 1)
        if link in self._ruled:
            self._switch("EN_setruleenabled", self._rule_to_keep_closed(link), 1, 0)
        kind = int(self.link_type[link - 1])
        if kind == CV_PIPE:
            self._change_type(link, PIPE, CV_PIPE)
        if kind == PUMP and self.link_value(link, LINK_PATTERN):
            pattern = self.link_value(link, LINK_PATTERN)
            self._set_link(link, LINK_PATTERN, 0.0)
            self._journal.append(lambda: self._set_link(link, LINK_PATTERN, pattern))
        if kind == PIPE:
            self._close_pipe(link)
            return
        status, setting = (
            self.link_value(link, LINK_INITIAL_STATUS),
            self.link_value(link, LINK_INITIAL_SETTING),
        )
        if status == CLOSED:
            return
        self._set_link(link, LINK_INITIAL_STATUS, CLOSED)
        self._journal.append(lambda: self._reopen(link, status, setting))

    def _close_pipe(self, link: int) -> None:
        """A pipe is open or closed, and has no setting that would have to come back."""
        if self._pipe_is_open[link - 1]:
            self._set_link(link, LINK_INITIAL_STATUS, CLOSED)
            self._journal.append(lambda: self._set_link(link, LINK_INITIAL_STATUS, OPEN))

    def scale_demand(self, node: int, factor: float) -> None:
        """Multiply the demand of a junction (counted from 1); 0 takes it away."""
        base = self.base_demand[node - 1]
        for category, value in enumerate(base, 1):
            self.call("EN_setbasedemand", node, category, ctypes.c_double(value * factor))
        self._journal.append(
            lambda: [
                self.call("EN_setbasedemand", node, one, ctypes.c_double(value))
                for one, value in enumerate(base, 1)
            ]
        )

    def draw(self, node: int, flow: float) -> None:
        """Draw water at a junction (counted from 1) beside its demands, as a demand category of its own."""
        multiplier = self.option(OPTION_DEMAND_FACTOR)
        self.call("EN_adddemand", node, ctypes.c_double(flow / multiplier), self._constant, b"")
        category = self._integer("EN_getnumdemands", node)
        self._journal.append(lambda: self.call("EN_deletedemand", node, category))

    def scale_demands(self, factor: float) -> None:
        """Multiply every demand."""
        before = self.option(OPTION_DEMAND_FACTOR)
        self.set_option(OPTION_DEMAND_FACTOR, before * factor)
        self._journal.append(lambda: self.set_option(OPTION_DEMAND_FACTOR, before))

    def undo(self) -> None:
        """Take back every edit since the last call, the last one first."""
        while self._journal:
            self._journal.pop()()

    def set_option(self, code: int, value: float) -> None:
        """Set an option for good."""
        self.call("EN_setoption", code, ctypes.c_double(value))

    def set_accuracy(self, accuracy: float) -> None:
        """Iterate to an accuracy; 0: as the model says, with its own trials."""
        for code, value in self._options.items():
            self.set_option(code, value)
        if accuracy:
            self.set_option(OPTION_ACCURACY, accuracy)
            self.set_option(OPTION_TRIALS, _TRIALS_WHEN_ACCURATE)

    def steady(self) -> int:
        """Solve the start of the undisturbed model; its warnings, bit ``c`` set for code ``c``."""
        time, step = ctypes.c_long(), ctypes.c_long(1)
        self.call("EN_initH", RESET_FLOWS)
        code = self.call("EN_runH", ctypes.byref(time))
        self.call("EN_nextH", ctypes.byref(step))
        return 1 << code if code else 0

    def may_open(self) -> NDArray[np.bool_]:
        """Links that are open in the last solution, held closed by EPANET itself, or opened by a junction's pressure."""
        acting, pump = self.links(LINK_STATUS), self.link_type == PUMP
        own = (acting != CLOSED) | (self.links(LINK_INITIAL_STATUS) != CLOSED)
        found = np.where(pump, self.links(LINK_SETTING) > 0.0, own)
        for kind, link, _, node, _ in self.controls():
            if link and kind <= CONTROL_ABOVE and 0 < node <= self.junction_count:
                found[link - 1] = True
        return found

    def set_duration(self, seconds: float) -> None:
        """Set how long is simulated, for good."""
        self.call("EN_settimeparam", _TIME_DURATION, ctypes.c_long(round(seconds)))

    # -- calling -----------------------------------------------------------------------------------

    def call(self, function: str, *arguments: Any) -> int:
        """Call the toolkit; its warnings are returned, its errors raised."""
        code = int(getattr(self.library, function)(self.handle, *arguments))
        if code >= FIRST_ERROR:
            raise EngineFault(
                "ENGINE_FAILED", f"{function}{arguments!r} gives error {code}", engine_code=code
            )
        return code

    def _constant_pattern(self) -> bytes:
        """A pattern that is always 1: a demand without one would follow the model's default pattern."""
        name = next(
            one for at in range(1, 1000) if not self._has_pattern(one := f"draw-always-{at}".encode())
        )
        self.call("EN_addpattern", name)
        self.call("EN_setpattern", self.count(COUNT_PATTERNS), (ctypes.c_double * 1)(1.0), 1)
        return name

    def _has_pattern(self, name: bytes) -> bool:
        found = ctypes.c_int()
        return bool(self.library.EN_getpatternindex(self.handle, name, ctypes.byref(found)) == 0)

    def _integer(self, function: str, code: int) -> int:
        value = ctypes.c_int()
        self.call(function, code, ctypes.byref(value))
        return value.value

    def _column(self, function: str, code: int, size: int) -> Floats:
        values = np.empty(size)
        self.call(function, code, values.ctypes.data_as(ctypes.POINTER(ctypes.c_double)))
        return values

    def _set_link(self, link: int, code: int, value: float) -> None:
        self.call("EN_setlinkvalue", link, code, ctypes.c_double(value))

    def _switch(self, function: str, index: int, now: int, after: int) -> None:
        self.call(function, index, now)
        self._journal.append(lambda: self.call(function, index, after))

    def _reopen(self, link: int, status: float, setting: float) -> None:
        """A status gives a pump the speed 1 and fixes a valve open; a setting has a valve act again."""
        if status == OPEN:
            self._set_link(link, LINK_INITIAL_STATUS, OPEN)
        if status == ACTIVE or self.link_value(link, LINK_INITIAL_SETTING) != setting:
            self._set_link(link, LINK_INITIAL_SETTING, setting)
        if (self.link_value(link, LINK_INITIAL_STATUS), self.link_value(link, LINK_INITIAL_SETTING)) != (
            status,
            setting,
        ):
            raise EngineFault(
                "ENGINE_FAILED", f"link {link} does not come back to status {status:g}, setting {setting:g}"
            )

    def _change_type(self, link: int, kind: int, back: int) -> None:
        """Check valves refuse a status. The matrix is laid out anew, which a change of type asks for."""

        def change(to: int) -> None:
            self.call("EN_closeH")
            self.call("EN_setlinktype", ctypes.byref(ctypes.c_int(link)), to, _UNCONDITIONAL)
            self.call("EN_openH")

        change(kind)
        self._journal.append(lambda: change(back))

    def _settle(self, node: int) -> tuple[float, ...]:
        """Base demands that survive being read and written, so that undoing is exact to the last bit."""
        value = ctypes.c_double()
        settled = []
        for category in range(1, self._integer("EN_getnumdemands", node) + 1):
            before = np.nan
            for _ in range(_PASSES):
                self.call("EN_getbasedemand", node, category, ctypes.byref(value))
                if value.value == before:
                    break
                before = value.value
                self.call("EN_setbasedemand", node, category, value)
            settled.append(value.value)
        return tuple(settled)

    def controls(self) -> list[tuple[int, int, float, int, float]]:
        """Kind, link, setting, node and level of every simple control; link 0 where it is switched off."""
        kind, link, node, enabled = (ctypes.c_int() for _ in range(4))
        setting, level = ctypes.c_double(), ctypes.c_double()
        found = []
        for index in range(1, self.count(COUNT_CONTROLS) + 1):
            self.call(
                "EN_getcontrol",
                index,
                ctypes.byref(kind),
                ctypes.byref(link),
                ctypes.byref(setting),
                ctypes.byref(node),
                ctypes.byref(level),
            )
            self.call("EN_getcontrolenabled", index, ctypes.byref(enabled))
            found.append(
                (kind.value, link.value if enabled.value else 0, setting.value, node.value, level.value)
            )
        return found

    def _controls_of_links(self) -> dict[int, list[int]]:
        found: dict[int, list[int]] = {}
        for index, control in enumerate(self.controls(), 1):
            found.setdefault(control[1], []).append(index)
        return found

    def _ruled_links(self) -> set[int]:
        """Links that a rule or control acts on."""
        return set((np.flatnonzero(self.links(LINK_IN_CONTROL)) + 1).tolist())

    def _rule_to_keep_closed(self, link: int) -> int:
        if link not in self._keep_closed:
            words = (
                f"RULE keep-closed-{link}\nIF SYSTEM TIME >= 0\n"
                f"THEN LINK {self.id_of('link', link)} STATUS IS CLOSED\nPRIORITY {_PRIORITY}\n"
            )
            self.call("EN_addrule", words.encode("ascii"))
            self._keep_closed[link] = self.count(COUNT_RULES)
            self.call("EN_setruleenabled", self._keep_closed[link], 0)
        return self._keep_closed[link]


def edit(
    project: Project,
    *,
    closed: Sequence[int],
    factors: Sequence[tuple[int, float]],
    factor: float,
    draws: Sequence[tuple[int, float]],
) -> None:
    """Apply a scenario: links closed, demand factors and draws of nodes, counted from 0, and one factor for all."""
    for link in closed:
        project.close_link(link + 1)
    for node, one in factors:
        project.scale_demand(node + 1, one)
    if factor != 1.0:
        project.scale_demands(factor)
    for node, flow in draws:
        project.draw(node + 1, flow)
