"""Remote faces: classes with the methods of a local face, made from its questions."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from citymains.errors import NotBuiltError, NotFoundError
from citymains.question import Face, questions
from citymains.rules.face import RuleFace
from citymains.services import NetworkFace, PluginFace, StudyFace
from citymains.utility import PLANNED
from citymains.wire.asking import Asker

#: The frame's own faces, by the attribute of a city they stand at.
FRAME_FACES: dict[str, type[Face]] = {
    "networks": NetworkFace,
    "studies": StudyFace,
    "plugins": PluginFace,
    "rules": RuleFace,
}


class RemoteFace:
    """A face whose questions are answered by a server. Use it like the local one.

    Parameters
    ----------
    face : type
        The local face's class.
    line : object
        What carries questions there: ``line.ask(asker, name, args, kwargs)``.
    """

    def __init__(self, face: type[Face], line: Any) -> None:
        self.name = face.name
        self._asker = Asker(face)
        self._line = line

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("_") and (name in PLANNED[""] or name in PLANNED.get(self.name, ())):
            raise NotBuiltError(value=f"{self.name}.{name}")
        raise AttributeError(f"the utility {self.__dict__.get('name')!r} has no question {name!r}")

    def __repr__(self) -> str:
        return f"<remote {self.name} at {self._line.destination.target}>"


_CLASSES: dict[type[Face], type[RemoteFace]] = {}


def remote_class(face: type[Face]) -> type[RemoteFace]:
    """The remote twin of a face's class: the same methods, signatures and docstrings."""
    if face not in _CLASSES:
        methods = {name: _method(name, question.function) for name, question in questions(face).items()}
        _CLASSES[face] = type(f"Remote{face.__name__}", (RemoteFace,), {"__doc__": face.__doc__, **methods})
    return _CLASSES[face]


def _method(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def ask(self: RemoteFace, *args: Any, **kwargs: Any) -> Any:
        return self._line.ask(self._asker, name, args, kwargs)

    return ask


class RemoteFaces:
    """What every remote city has: its faces by attribute."""

    def __init__(self, line: Any) -> None:
        self._line = line
        self._faces: dict[str, Any] = {}

    @property
    def water(self) -> Any:
        """Water supply (给水)."""
        return self.utility("water")

    @property
    def gas(self) -> Any:
        """Gas (燃气)."""
        return self.utility("gas")

    @property
    def heating(self) -> Any:
        """District heating (热力)."""
        return self.utility("heating")

    @property
    def drainage(self) -> Any:
        """Drainage (排水)."""
        return self.utility("drainage")

    @property
    def networks(self) -> Any:
        """Stored networks and tables."""
        return self._face("networks")

    @property
    def studies(self) -> Any:
        """Questions of the server."""
        return self._face("studies")

    @property
    def rules(self) -> Any:
        """Rule packs of the server."""
        return self._face("rules")

    @property
    def plugins(self) -> Any:
        """Plugins of the server."""
        return self._face("plugins")

    def utility(self, name: str) -> Any:
        """The utility of that name.

        Raises
        ------
        NotFoundError
            No plugin on this machine knows it; the server may know more.
        """
        return self._face(name)

    def network(self, utility: str) -> Any:
        """A server has no city of its own: give every question its network.

        Raises
        ------
        NotFoundError
        """
        raise NotFoundError(field="network of the city", value=utility)

    def _face(self, name: str) -> Any:
        if name not in self._faces:
            face = FRAME_FACES.get(name) or self._utility_class(name)
            self._faces[name] = remote_class(face)(face, self._line)
        return self._faces[name]

    def _utility_class(self, name: str) -> type[Face]:
        from citymains.plugins.manager import plugin_manager

        return plugin_manager().utility(name).load_face()

    def _question(self, name: str) -> tuple[Asker, str]:
        """The asker and the question's own name for ``utility.question``."""
        face, _, own = name.partition(".")
        asker: Asker = self._face(face)._asker
        if own not in asker.plans:
            raise NotFoundError(field="question", value=name)
        return asker, own

    def __repr__(self) -> str:
        return f"<City at {self._line.destination.target}>"
