"""A city: its utilities, and what ties them together. ``citymains.open`` makes a local one.

A city is a folder with a ``city.toml``::

    name = "示范市"
    jurisdiction = "河南省/平顶山市"
    crs = "EPSG:4547"
    time_zone = "Asia/Shanghai"
    rules = "rules"
    holders = ["our-heat-company"]

    [networks]
    water = "water/main.inp"
    gas = "gas/main.json"

    [datasets.heating]
    folder = "heating/{season}"
    users = "heating/users.parquet"

The networks named there answer when a question is asked without one, the datasets when a
question is asked without them. ``folder`` holds files named like the datasets (Parquet, CSV or
Excel); braces stand for what the question is asked for, as the season. ``rules`` is a folder
with rule packs (TOML) of the city's own; those of companies and contracts hold where ``holders``
names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property, partial
from os import PathLike
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast

from citymains.city_file import read_city_file
from citymains.errors import InputError, NotFoundError
from citymains.intake.dataset import find_datasets
from citymains.question import OperationHandle, Shape, questions
from citymains.services import NetworkFace, PluginFace, StudyFace
from citymains.utility import Utility
from citymains.workbench import Workbench

if TYPE_CHECKING:
    # For editors and type checkers only: the frame finds utilities by entry point and runs without these.
    from citymains_drainage.utility import Drainage
    from citymains_gas.utility import Gas
    from citymains_heating.utility import Heating
    from citymains_water.utility import Water

    from citymains.rules.face import RuleFace


class City:
    """A city whose questions are answered in this process (the solvers run in child processes).

    Parameters
    ----------
    name : str
    workbench : Workbench
        What answers are made with.
    crs : str
        Coordinate reference system of networks that name none.
    networks : mapping of str to path
        The city's own network of each utility.
    """

    def __init__(
        self, name: str, workbench: Workbench, *, crs: str = "", networks: Mapping[str, Path] | None = None
    ) -> None:
        self.name = name
        self.workbench = workbench
        self.crs = crs
        self.own_networks = workbench.own_networks
        self.own_networks.update(networks or {})
        self._utilities: dict[str, Utility] = {}

    @property
    def water(self) -> Water:
        """Water supply (给水)."""
        return cast("Water", self.utility("water"))

    @property
    def gas(self) -> Gas:
        """Gas (燃气)."""
        return cast("Gas", self.utility("gas"))

    @property
    def heating(self) -> Heating:
        """District heating (热力)."""
        return cast("Heating", self.utility("heating"))

    @property
    def drainage(self) -> Drainage:
        """Drainage (排水)."""
        return cast("Drainage", self.utility("drainage"))

    @cached_property
    def networks(self) -> NetworkFace:
        """Stored networks and tables."""
        return NetworkFace(self.workbench)

    @cached_property
    def studies(self) -> StudyFace:
        """Which questions there are."""
        utilities = [self.utility(name) for name in self.workbench.plugins.utilities()]
        return StudyFace([*utilities, self.networks, self.plugins, self.rules])

    @cached_property
    def rules(self) -> RuleFace:
        """Rule packs and what holds where."""
        from citymains.rules.face import RuleFace

        return RuleFace(self.workbench)

    @cached_property
    def plugins(self) -> PluginFace:
        """Installed plugins."""
        return PluginFace(self.workbench)

    def start(self, question: str, **arguments: Any) -> OperationHandle:
        """Start any unary or long question in the background.

        Parameters
        ----------
        question : str
            ``utility.question``: ``"water.pressure"``.
        **arguments
            As of the question's method.

        Raises
        ------
        NotFoundError
            There is no such question.
        """
        utility, _, name = question.partition(".")
        face = self.utility(utility)
        spec = questions(face).get(name)
        if spec is None or spec.shape not in (Shape.UNARY, Shape.LONG):
            raise NotFoundError(field="unary or long question", value=question)
        return OperationHandle.start(partial(spec.function, face, **arguments))

    def utility(self, name: str) -> Utility:
        """The utility of that name, from whichever plugin brings it.

        Raises
        ------
        NotFoundError
            No plugin brings it.
        PluginError
            Its plugin failed to load.
        """
        if name not in self._utilities:
            face = self.workbench.plugins.utility(name).load_face()
            self._utilities[name] = face(self.workbench)
        return self._utilities[name]

    def close(self) -> None:
        """Close the store; a city can be used as a context manager, as one on a server can."""
        self.workbench.close()

    def __enter__(self) -> City:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def network(self, utility: str) -> Any:
        """The city's own network of a utility, loaded.

        Raises
        ------
        NotFoundError
            ``city.toml`` names none.
        """
        if utility not in self.own_networks:
            raise NotFoundError(field="network of the city", value=utility)
        return self.utility(utility).load(self.own_networks[utility], crs=self.crs)

    def __repr__(self) -> str:
        return f"<City {self.name}: {', '.join(sorted(self.workbench.plugins.utilities()))}>"


def open(city: str | PathLike[str] = "demo", *, database: str | None = None) -> City:
    """Open a city to ask it questions in this process.

    Parameters
    ----------
    city : str or path
        ``"demo"`` for the demonstration town, or a folder with a ``city.toml``.
    database : str, optional
        SQLAlchemy URL of the store; the default is an SQLite file in the user's data folder.

    Returns
    -------
    City

    Raises
    ------
    InputError
        The folder has no ``city.toml``, or it is not valid; every issue is listed.

    Examples
    --------
    >>> import citymains
    >>> citymains.open("demo").name
    '示范市'
    """
    if city == "demo":
        from citymains.demo.town import CRS, JURISDICTION, town_datasets, town_networks

        workbench = Workbench(database=database, jurisdiction=JURISDICTION, datasets=town_datasets())
        return City("示范市", workbench, crs=CRS, networks=town_networks(workbench))
    folder = Path(city)
    settings = read_city_file(folder / "city.toml")
    return City(
        settings.get("name", folder.name),
        Workbench(
            database=database,
            jurisdiction=settings.get("jurisdiction", ""),
            time_zone=settings.get("time_zone", "Asia/Shanghai"),
            rule_files=_rule_files(folder, settings),
            holders=[str(one) for one in settings.get("holders", [])],
            datasets={
                utility: partial(find_datasets, folder, places)
                for utility, places in settings.get("datasets", {}).items()
            },
        ),
        crs=settings.get("crs", ""),
        networks={utility: folder / path for utility, path in settings.get("networks", {}).items()},
    )


def _rule_files(folder: Path, settings: Mapping[str, Any]) -> list[Path]:
    if "rules" not in settings:
        return []
    rules = folder / settings["rules"]
    if not rules.is_dir():
        raise InputError("FILE_NOT_FOUND", file=str(rules))
    return sorted(rules.glob("*.toml"))
