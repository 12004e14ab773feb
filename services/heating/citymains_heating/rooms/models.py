"""Two models of a room's temperature: one capacity, and the five resistances of ISO 13790.

Both start in balance: the room is at its start temperature, as warm as full supply keeps it at
the first outdoor temperature. Inputs are constant within a step, and a step is solved exactly, so
that its length matters only where the inputs change within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Heat transfer between the air and the surfaces of a room [W/(m2 K)], and area of the surfaces per floor area (ISO 13790, 7.2.2.2).
_AIR_SURFACE: Final = 3.45
_SURFACES_PER_FLOOR: Final = 4.5
#: Heat transfer between the surfaces and the mass [W/(m2 K)] (ISO 13790, 12.2.2).
_SURFACE_MASS: Final = 9.1
#: Least conductance of the outer walls, so that a split of the loss without them still has a solution [W/(m2 K)].
_LEAST_WALL: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What a model of room temperature is told about a building.

    Attributes
    ----------
    name : str
    area_m2 : float
        Heated floor area.
    start_c : float
        Temperature at the start, held by full supply.
    heat_capacity_kj_per_m2k, loss_w_per_m2k, gains_w_per_m2 : float
        Per square metre of floor.
    mass_area_ratio : float
        Area of the mass per floor area.
    ventilation_share, window_share : float
        Shares of the loss; the rest is the walls'.
    emission : mapping of str to float
        Shares of the heat that go to ``air``, ``surfaces`` and ``mass``.
    """

    name: str = ""
    area_m2: float = 1.0
    start_c: float = 20.0
    heat_capacity_kj_per_m2k: float = 165.0
    loss_w_per_m2k: float = 1.37
    gains_w_per_m2: float = 3.8
    mass_area_ratio: float = 2.5
    ventilation_share: float = 0.4
    window_share: float = 0.2
    emission: Mapping[str, float] = field(default_factory=lambda: {"air": 0.7, "surfaces": 0.3, "mass": 0.0})

    @property
    def time_constant_h(self) -> float:
        """Heat capacity over loss."""
        return self.heat_capacity_kj_per_m2k / self.loss_w_per_m2k / 3.6

    def heat_need_kw(self, outdoor_c: Floats) -> Floats:
        """Heat that holds the start temperature at some outdoor temperatures; never negative."""
        need = self.loss_w_per_m2k * (self.start_c - outdoor_c) - self.gains_w_per_m2
        return np.asarray(np.maximum(need, 0.0) * self.area_m2 / 1000.0)

    def slower(self, factor: float) -> Room:
        """The same room with another heat capacity."""
        return replace(self, heat_capacity_kj_per_m2k=self.heat_capacity_kj_per_m2k * factor)


def one_capacity(room: Room, heat_kw: Floats, outdoor_c: Floats, step_s: float) -> Floats:
    """Temperature of a room with one capacity and one loss (1R1C).

    Parameters
    ----------
    room : Room
    heat_kw, outdoor_c : ndarray
        In each step.
    step_s : float

    Returns
    -------
    ndarray
        Temperature at the start of each step [°C].

    Examples
    --------
    Without heat at -10 °C, 18 °C become 16 °C within 2.8 h:

    >>> room = Room(start_c=18.0)
    >>> found = one_capacity(room, np.zeros(100), np.full(100, -10.0), 600.0)
    >>> bool(found[16] > 16.0 > found[17])
    True
    """
    target = outdoor_c + (heat_kw * 1000.0 / room.area_m2 + room.gains_w_per_m2) / room.loss_w_per_m2k
    return _relaxed(room.start_c, target, step_s / (room.time_constant_h * 3600.0))


def five_resistances(room: Room, heat_kw: Floats, outdoor_c: Floats, step_s: float) -> Floats:
    """Air temperature of a room by the simple hourly method of ISO 13790 (5R1C).

    Heat goes to air, surfaces and mass by the room's emission, so that the air cools at once
    where radiators stop, and slowly where the floor's slab is still warm.

    Parameters
    ----------
    room : Room
    heat_kw, outdoor_c : ndarray
        In each step. Heat is meant as a share of what the room needs: full supply holds its start temperature.
    step_s : float

    Returns
    -------
    ndarray
        Temperature of the air at the start of each step [°C], under that step's heat.
    """
    net = _FiveResistances(room)
    need = room.heat_need_kw(outdoor_c)
    own = net.need(room.start_c, outdoor_c)
    scale = np.divide(own, need * 1000.0 / room.area_m2, out=np.ones_like(own), where=need > 0.0)
    heat = heat_kw * 1000.0 / room.area_m2 * scale
    start = net.balance(own[:1], outdoor_c[:1])[0]
    mass = _relaxed(start, net.balance(heat, outdoor_c), step_s / net.time_constant_s)
    return net.air(mass, heat, outdoor_c)


#: The models that ship.
BUILT_IN: Final = {"1r1c": one_capacity, "5r1c": five_resistances}


def _relaxed(start: float, target: Floats, steps: float) -> Floats:
    """Values at the start of each step that go exponentially towards each step's target."""
    from scipy.signal import lfilter

    if not len(target):
        return np.zeros(0)
    stays = float(np.exp(-steps))
    moved, _ = lfilter([1.0 - stays], [1.0, -stays], target, zi=[stays * start])
    return np.concatenate(([start], moved[:-1]))


class _FiveResistances:
    """The network of ISO 13790 annex C, for one square metre of floor."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.air_out = max(room.ventilation_share * room.loss_w_per_m2k, 1e-9)
        self.surface_out = room.window_share * room.loss_w_per_m2k
        self.air_surface = _AIR_SURFACE * _SURFACES_PER_FLOOR
        self.surface_mass = _SURFACE_MASS * room.mass_area_ratio
        wall = max(room.loss_w_per_m2k * (1.0 - room.ventilation_share - room.window_share), _LEAST_WALL)
        self.mass_out = 1.0 / (1.0 / wall - 1.0 / self.surface_mass)
        self._h1 = 1.0 / (1.0 / self.air_out + 1.0 / self.air_surface)
        self._h2 = self._h1 + self.surface_out
        self._h3 = 1.0 / (1.0 / self._h2 + 1.0 / self.surface_mass)
        self.time_constant_s = room.heat_capacity_kj_per_m2k * 1000.0 / (self._h3 + self.mass_out)

    def _fluxes(self, heat: Floats) -> tuple[Floats, Floats, Floats]:
        """Heat to air, surfaces and mass [W/m2]; half of the gains is radiant."""
        room, radiant = self.room, self.room.gains_w_per_m2 / 2.0
        to_mass = room.mass_area_ratio / _SURFACES_PER_FLOOR
        to_surfaces = 1.0 - to_mass - self.surface_out / (_SURFACE_MASS * _SURFACES_PER_FLOOR)
        split = room.emission
        on_surfaces = radiant + split["surfaces"] * heat
        return (
            radiant + split["air"] * heat,
            to_surfaces * on_surfaces,
            to_mass * on_surfaces + split["mass"] * heat,
        )

    def balance(self, heat: Floats, outdoor_c: Floats) -> Floats:
        """Temperature of the mass after a long time."""
        air, surfaces, mass = self._fluxes(heat)
        drive = surfaces + self.surface_out * outdoor_c + self._h1 * (air / self.air_out + outdoor_c)
        total = mass + self.mass_out * outdoor_c + self._h3 * drive / self._h2
        return total / (self._h3 + self.mass_out)

    def air(self, mass_c: Floats, heat: Floats, outdoor_c: Floats) -> Floats:
        """Temperature of the air."""
        air, surfaces, _ = self._fluxes(heat)
        drive = surfaces + self.surface_out * outdoor_c + self._h1 * (outdoor_c + air / self.air_out)
        surface_c = (self.surface_mass * mass_c + drive) / (self.surface_mass + self._h2)
        return (self.air_surface * surface_c + self.air_out * outdoor_c + air) / (
            self.air_surface + self.air_out
        )

    def need(self, room_c: float, outdoor_c: Floats) -> Floats:
        """Heat that holds the air at a temperature [W/m2]; never negative. All is linear in it."""
        none, one = np.zeros_like(outdoor_c), np.ones_like(outdoor_c)
        without = self.air(self.balance(none, outdoor_c), none, outdoor_c)
        more = self.air(self.balance(one, outdoor_c), one, outdoor_c) - without
        return np.maximum((room_c - without) / more, 0.0)
