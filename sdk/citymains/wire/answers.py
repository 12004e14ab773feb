"""What all handlers of one server share: desk, operations, table shelf, limits."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from typing import TYPE_CHECKING, Any

from google.protobuf.message import Message

from citymains.model.canonical import report_id
from citymains.model.record import Record
from citymains.wire.desk import Desk
from citymains.wire.operations import Operation, Operations
from citymains.wire.shelf import TableShelf

if TYPE_CHECKING:
    from citymains.wire.handlers import Bound
    from citymains.workbench import Workbench

_LOG = logging.getLogger("citymains.wire")
#: Records that may wait to be stored; the next answer waits with them.
MAX_UNSTORED = 16


class Answers:
    """The shared state of one server.

    Parameters
    ----------
    workbench : Workbench, optional
        Where large tables are stored for later; None: they are kept in memory alone.
    workers, queue : int
        As of `citymains.wire.desk.Desk`.
    default_deadline_s : float
        Deadline of a question whose caller has set none.
    max_model_bytes : int
        Largest model file that is taken.
    """

    def __init__(
        self,
        workbench: Workbench | None,
        *,
        workers: int,
        queue: int,
        default_deadline_s: float,
        max_model_bytes: int,
    ) -> None:
        self.desk = Desk(workers, queue)
        # Long questions have threads of their own, or a few of them would keep every short one waiting.
        self._long_desk = Desk(max(2, workers // 2), queue)
        self.operations = Operations(self._long_desk)
        self.shelf = TableShelf(None if workbench is None else lambda sha256: workbench.store.table(sha256))
        self.default_deadline_s = default_deadline_s
        self.max_model_bytes = max_model_bytes
        self._workbench = workbench
        # Storing takes longer than many an answer: it is done behind the answer's back, one by one.
        self._keeper = concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="citymains-keep")
        self._waiting = threading.BoundedSemaphore(MAX_UNSTORED)

    def start(self, bound: Bound, message: Message | Any, request_id: str) -> Operation:
        """Start a question as an operation. Raises Refused, ConflictError, TransportError."""
        arguments = bound.plan.arguments.read(message)
        bare = type(message)()
        bare.CopyFrom(message)
        if "request_id" in bare.DESCRIPTOR.fields_by_name:
            bare.ClearField("request_id")
        fingerprint = bound.plan.name.encode() + b"\0" + bare.SerializeToString(deterministic=True)
        return self.operations.start(
            bound.plan.name, fingerprint, request_id, lambda: bound.record(bound.ask(arguments))
        )

    def keep(self, record: Record) -> None:
        """Store a record with large tables, so that they are found after this server's time too."""
        if self._workbench is None or all(table.inline for table in record.tables):
            return
        # It can be asked for by id at once, however long storing takes.
        self._workbench.keep(("report", report_id(record)), record)
        self._waiting.acquire()
        self._keeper.submit(self._store, record)

    def close(self) -> None:
        """End what is at work, and store what is to be kept."""
        self._long_desk.close()
        self.desk.close()
        self._keeper.shutdown(wait=True)

    def _store(self, record: Record) -> None:
        try:
            if self._workbench is not None:
                self._workbench.store.put_record(record)
        except Exception:
            # The answer was right and its tables are on the shelf; what is lost is their durability.
            _LOG.exception("the record of %s was not stored", record.provenance.question)
        finally:
            self._waiting.release()
