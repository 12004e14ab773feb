"""The face every utility shows: what all four answer, and what each must bring.

A utility sub-classes :class:`Utility`, brings a reader (:meth:`Utility.read`) and adds its
questions as methods. Loading, validating, finding a network again and judging whether an
argument is a file or an id are the same for all and stand here.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from citymains._version import __version__
from citymains.comparison.report import ComparisonReport
from citymains.errors import InputError, Issue, NotBuiltError, NotFoundError
from citymains.intake.bundles import refuse_name
from citymains.intake.dataset import DatasetRef, is_rows, rows_as_file
from citymains.intake.ledger import Ledger, LedgerKind, read_ledger
from citymains.intake.source import Intake, SourceFile
from citymains.isolation.report import IsolationReport
from citymains.model.canonical import report_id
from citymains.model.finding import Verdict
from citymains.model.known import remember
from citymains.model.network import Network, NetworkRef, ValidationReport
from citymains.model.provenance import Provenance
from citymains.model.record import Record
from citymains.model.scenario import Scenario
from citymains.question import Face, Shape, question

if TYPE_CHECKING:
    from citymains.isolation.layout import Layout
    from citymains.workbench import Workbench

#: Questions of the public contract that no release answers yet, by utility ("" is every utility).
PLANNED: Mapping[str, frozenset[str]] = {
    "": frozenset({"renewal"}),
    "water": frozenset({"bill"}),
    "gas": frozenset({"bill"}),
    "drainage": frozenset({"bill"}),
}


class Utility(Face):
    """Base of the four utilities and of any a plugin adds.

    Parameters
    ----------
    workbench : Workbench
        What an answer is made with: store, engines, rules, plugins.
    """

    title_en: ClassVar[str]
    title_zh: ClassVar[str]
    formats: ClassVar[tuple[str, ...]]
    """File formats of the reader, for help texts: ``("EPANET INP",)``."""
    bundled_with: ClassVar[str] = ""
    """Module that the networks of :meth:`bundled` come with, which the extra of this utility's name installs."""

    def __init__(self, workbench: Workbench) -> None:
        self.workbench = workbench

    # -- what a utility brings ---------------------------------------------------------------

    def read(self, file: SourceFile) -> Intake:
        """Read a model file completely and report everything wrong with it at once; never raises for content."""
        raise NotImplementedError

    def bundled(self) -> Mapping[str, Path]:
        """Networks that load by name: those that ship with the solver libraries, and our own."""
        return {}

    def fidelity(self, file: SourceFile, intake: Intake) -> Iterable[Issue]:
        """What differs between calculations of a file as it is written and as it is read here.

        Raises
        ------
        NotBuiltError
            The utility compares nothing yet.
        """
        raise NotBuiltError(value=f"{self.name}.validate fidelity")

    def layout(self, network: Network) -> Layout:
        """The network's shape: graph, sources, lengths, and the valves drawn in the model.

        Raises
        ------
        NotBuiltError
            The utility has none yet.
        """
        raise NotBuiltError(value=f"{self.name}.isolate")

    # -- what every utility answers ------------------------------------------------------------

    @question(rpc="ImportNetwork", shape=Shape.UPLOAD)
    def load(
        self,
        source: SourceFile | str | PathLike[str],
        *,
        crs: str = "",
        columns: Mapping[str, str] | None = None,
    ) -> Network:
        """Load a network from a file, or a bundled one by name.

        Parameters
        ----------
        source : path, str or SourceFile
            A file in a format of this utility in UTF-8 or GB18030, or the name of a bundled network.
        crs : str
            Coordinate reference system of the file, for example ``EPSG:4547``; empty: unknown.
        columns : mapping of str to str, optional
            Of a ledger of pipes: our name of a column to the file's own heading.

        Returns
        -------
        Network
            With ``id``, ``counts``, ``repairs`` and element tables.

        Raises
        ------
        InputError
            With every issue of the file; nothing is stored.
        LimitError
            The file is larger than what is read.
        """
        file = _with_columns(self._source(source), columns)
        intake = self.read(file)
        if intake.errors:
            raise InputError(intake.issues)
        record = self._network_record(file, intake, crs)
        self.workbench.store.put_network(record, intake.document)
        # What is asked by id next is this import, not an earlier one of the same model.
        return self.workbench.keep(("network", record.id), remember(record))

    @question(rpc="ValidateNetwork")
    def validate(
        self,
        source: SourceFile | str | PathLike[str],
        *,
        columns: Mapping[str, str] | None = None,
        fidelity: bool = False,
    ) -> ValidationReport:
        """List every issue of a model file, with line, element, value and how to mend it.

        Parameters
        ----------
        source : path, str or SourceFile
            A file, the name of a bundled network, or the id of a loaded network.
        columns : mapping of str to str, optional
            Of a ledger of pipes: our name of a column to the file's own heading.
        fidelity : bool
            Calculate the file as it is written and as it is read here, and name the elements that differ;
            water compares EPANET 2.2 and 2.3, and what wntr writes again, too.

        Returns
        -------
        ValidationReport
            Columns ``code severity file line section element field value limit message_en
            message_zh fix_en fix_zh``; REJECTED if any issue is an error.
        """
        if isinstance(source, str) and source.startswith("networks/"):
            file = SourceFile(source, self.workbench.store.document(source))
        else:
            file = _with_columns(self._source(source), columns)
        intake = self.read(file)
        if fidelity and not intake.errors:
            intake = replace(intake, issues=(*intake.issues, *self.fidelity(file, intake)))
        return self._validation_record(file, intake)

    @question(rpc="TraceIsolation")
    def isolate(
        self,
        net: NetworkRef,
        *,
        pipes: Sequence[str] = (),
        nodes: Sequence[str] = (),
        polygon: Sequence[float] = (),
        valves: DatasetRef | None = None,
        customers: DatasetRef | None = None,
        unusable_valves: Sequence[str] = (),
        closed_valves: Sequence[str] = (),
        duration_s: float | None = None,
        start_time: datetime | None = None,
    ) -> IsolationReport:
        """Find what to shut to take pipes, nodes or an area out of service, and who loses supply.

        By topology. A valve that cannot be shut moves the isolation on to the next ring; what is
        cut off beyond the isolated part is listed as unintended.

        Parameters
        ----------
        net : Network, id or path
            The network.
        pipes : sequence of str
            Ids of pipes or other links to isolate.
        nodes : sequence of str
            Ids of nodes to isolate.
        polygon : sequence of float
            Corners of an area, ``x1, y1, x2, y2, ...`` in the network's coordinates.
        valves : path, optional
            Ledger of isolation valves, Excel or CSV; the default is the valves drawn in the model,
            or else one at every pipe end (and the report is SUSPECT).
        customers : path, optional
            Ledger of customers, Excel or CSV.
        unusable_valves : sequence of str
            Valves that cannot be shut.
        closed_valves : sequence of str
            Valves that are shut already.
        duration_s : float, optional
            How long the work takes. [s] > 0
        start_time : datetime, optional
            When supply stops, with time zone; dates the notice and the rules.

        Returns
        -------
        IsolationReport
            Main table ``valve order usable action``; tables ``segments``, ``elements``,
            ``customers``, ``duties``.

        Raises
        ------
        InputError
            ISOLATION_NO_TARGET, ELEMENT_UNKNOWN, ISOLATION_EMPTY_POLYGON, or every issue of a ledger.
        NotBuiltError
            The utility has no isolation yet.
        """
        if duration_s is not None and not duration_s > 0:
            raise InputError("ARGUMENT_INVALID", field="duration_s", value=duration_s, limit="> 0")
        from citymains.isolation.answer import Target
        from citymains.isolation.question import isolation_report

        network = self.network(net)
        return isolation_report(
            self,
            network,
            self.layout(network),
            Target(pipes=pipes, nodes=nodes, polygon=polygon),
            valves=valves,
            customers=customers,
            unusable=unusable_valves,
            closed=closed_valves,
            duration_s=duration_s,
            start_time=start_time,
        )

    @question(rpc="CompareReports")
    def compare(
        self,
        before: Record | SourceFile | str | PathLike[str],
        after: Record | SourceFile | str | PathLike[str],
        *,
        quantity: str = "",
    ) -> ComparisonReport:
        """Compare two answers to one question: what changed, where, and why.

        Parameters
        ----------
        before : Record, str or path
            The first answer: a record, a JSON file of one, or the id of a stored one, ``reports/{sha256}``.
        after : Record, str or path
            The second answer.
        quantity : str
            What the main table and the map compare, ``table.column``; the default is what the
            question's own map is coloured by.

        Returns
        -------
        ComparisonReport
            Main table ``element time_s before after change worse_by state``; tables ``quantities``,
            ``summary``, ``findings``, ``causes``.

        Raises
        ------
        InputError
            COMPARE_QUESTIONS, COMPARE_QUANTITY, FILE_WRONG_FORMAT.
        NotFoundError
            There is no such report.

        Examples
        --------
        >>> broken = city.water.pressure(net, scenario=Scenario.close("20"))  # doctest: +SKIP
        >>> city.water.compare(city.water.pressure(net), broken).frame()  # doctest: +SKIP
        """
        from citymains.comparison.compare import compare_records

        first, second = self.workbench.record(before), self.workbench.record(after)
        found = compare_records(first, second, quantity)
        utility = found.compared_question.partition(".")[0]
        if utility != self.name:
            raise InputError(
                "NETWORK_WRONG_UTILITY", value=found.compared_question, field=utility, limit=self.name
            )
        options = {"before": report_id(first), "after": report_id(second), "quantity": found.quantity}
        own = self.provenance("compare", options=options)
        return replace(found, provenance=replace(own, network=second.provenance.network))

    # -- for questions -----------------------------------------------------------------------------

    def network(self, net: NetworkRef) -> Network:
        """The network an argument named ``net`` stands for: itself, by id, or loaded from a path or name.

        Raises
        ------
        NotFoundError
            NETWORK_NOT_FOUND.
        InputError
            NETWORK_WRONG_UTILITY, PATH_ON_SERVER, or the issues of the file.
        """
        if isinstance(net, Network):
            found = net
        elif isinstance(net, str) and net.startswith("networks/"):
            found = self.workbench.cached(("network", net), lambda: self._stored(net))
        else:
            found = self.load(net)
        if found.utility != self.name:
            raise InputError("NETWORK_WRONG_UTILITY", value=found.id, field=found.utility, limit=self.name)
        return remember(found)

    def document(self, network: Network) -> bytes:
        """The canonical model of a network, as the engine is fed from it."""
        return self.workbench.store.document(network.id)

    def ledger(self, reference: DatasetRef | None, kind: LedgerKind) -> Ledger | None:
        """A ledger an argument stands for, read whole; None where none is given.

        Parameters
        ----------
        reference : path, str, SourceFile, DataFrame or rows, optional
            A file, the id of a stored dataset, or rows in memory.
        kind : LedgerKind

        Raises
        ------
        InputError
            Every issue of the ledger; or as :meth:`Workbench.file` says.
        """
        if reference is None:
            return None
        file = rows_as_file(reference, kind.name) if is_rows(reference) else self.workbench.file(reference)  # type: ignore[arg-type]
        found = read_ledger(file, kind)
        found.require()
        return found

    def provenance(
        self,
        name: str,
        *,
        network: Network | None = None,
        scenario: Scenario | None = None,
        engine: str = "",
        engine_version: str = "",
        options: Mapping[str, Any] | None = None,
        rule_packs: Iterable[str] = (),
        run_s: float | None = None,
    ) -> Provenance:
        """Provenance of an answer to the question `name`, with everything the workbench knows filled in."""
        source = network.provenance if network is not None else Provenance()
        return Provenance(
            question=f"{self.name}.{name}",
            network=network.id if network is not None else "",
            scenario=scenario or Scenario(),
            engine=engine,
            engine_version=engine_version,
            options={key: _option_text(value) for key, value in (options or {}).items()},
            rule_packs=tuple(rule_packs),
            plugins=self.workbench.plugin_versions(self.name),
            citymains_version=__version__,
            source_file=source.source_file,
            source_sha256=source.source_sha256,
            importer=source.importer,
            create_time=datetime.now(UTC).isoformat(timespec="seconds"),
            run_s=run_s,
            host=platform.node(),
        )

    def __getattr__(self, name: str) -> Any:
        # Only reached for names that do not exist: say which of them are promised.
        if name in PLANNED[""] or name in PLANNED.get(type(self).name, ()):
            raise NotBuiltError(value=f"{type(self).name}.{name}")
        raise AttributeError(f"{type(self).name} has no question {name!r}")

    # -- inside ---------------------------------------------------------------------------------------

    def _source(self, source: SourceFile | str | PathLike[str]) -> SourceFile:
        if isinstance(source, str) and self.workbench.reads_paths and source in (bundled := self.bundled()):
            return self.workbench.file(bundled[source])
        try:
            return self.workbench.file(source)
        except InputError as error:
            if error.code == "FILE_NOT_FOUND":
                refuse_name(source, utility=self.name, bundled_with=self.bundled_with, names=self.bundled())
            raise

    def _stored(self, network_id: str) -> Network:
        record = self.workbench.store.network(network_id)
        if record.utility != self.name:
            return record
        intake = self.read(
            SourceFile(record.provenance.source_file, self.workbench.store.document(network_id))
        )
        if intake.errors:  # a document we wrote ourselves must read back
            raise NotFoundError("NETWORK_NOT_FOUND", value=network_id)
        return replace(record, tables=intake.tables)

    def _network_record(self, file: SourceFile, intake: Intake, crs: str) -> Network:
        import hashlib

        return Network(
            id="networks/" + hashlib.sha256(intake.document).hexdigest(),
            utility=self.name,
            name=Path(file.name).stem,
            crs=crs or intake.crs,
            counts={table.name: table.row_count for table in intake.tables},
            repairs=intake.issues,
            tables=intake.tables,
            provenance=Provenance(
                question=f"{self.name}.load",
                network="",
                options=intake.options,
                citymains_version=__version__,
                plugins=self.workbench.plugin_versions(self.name),
                source_file=file.name,
                source_sha256=file.sha256,
                importer=intake.importer,
                create_time=datetime.now(UTC).isoformat(timespec="seconds"),
                host=platform.node(),
            ),
        )

    def _validation_record(self, file: SourceFile, intake: Intake) -> ValidationReport:
        import hashlib

        issues = intake.issues
        (spec,) = ValidationReport.TABLES
        columns = {column.name: [_cell(one, column.name) for one in issues] for column in spec.columns}
        return ValidationReport(
            verdict=Verdict.REJECTED if intake.errors else Verdict.VALID,
            tables=(spec.build(**columns),),
            network="" if intake.errors else "networks/" + hashlib.sha256(intake.document).hexdigest(),
            error_count=len(intake.errors),
            warning_count=sum(one.severity == "warning" for one in issues),
            repair_count=sum(one.severity == "repair" for one in issues),
            counts={table.name: table.row_count for table in intake.tables},
            provenance=Provenance(
                question=f"{self.name}.validate",
                options=intake.options,
                citymains_version=__version__,
                plugins=self.workbench.plugin_versions(self.name),
                source_file=file.name,
                source_sha256=file.sha256,
                importer=intake.importer,
                create_time=datetime.now(UTC).isoformat(timespec="seconds"),
                host=platform.node(),
            ),
        )


def _with_columns(file: SourceFile, columns: Mapping[str, str] | None) -> SourceFile:
    return replace(file, columns=dict(columns)) if columns else file


def _cell(one: Issue, column: str) -> Any:
    value = getattr(one, column)
    return float("nan") if value is None else value


def _option_text(value: Any) -> str:
    return str(value.value if hasattr(value, "value") else value)
