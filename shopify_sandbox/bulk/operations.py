"""Bulk operations: submitted, run by one background thread, ended by success or a planted fate, kept across restarts.

Belongs here: the life of an operation. Rules and lines are in ``query.py``, files and their addresses in
``results.py``, the GraphQL view in ``view.py``.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries; user errors as captured from Admin API 2026-04.
"""

import hashlib
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import msgspec

from shopify_sandbox.admin.answering import AdminApi
from shopify_sandbox.bulk.query import AccessDenied, InvalidBulkQuery, bulk_trees, read_bulk_query
from shopify_sandbox.bulk.results import URL_LIVES, Part, Results, Written
from shopify_sandbox.bulk.trees import Tree, grouped, interleaved
from shopify_sandbox.errors import FieldError, UserError
from shopify_sandbox.faults.plan import BulkFault
from shopify_sandbox.state import read_json, write_json

log = logging.getLogger(__name__)

SLOTS = 5
FIRST_NUMBER = 7_000_000_000_001
GID_PREFIX = "gid://shopify/BulkOperation/"
OPEN = frozenset({"CREATED", "RUNNING", "CANCELING"})
#: How many lines are written between two looks at the counts and at a wish to cancel.
LINES_PER_LOOK = 500


@dataclass(frozen=True)
class BulkOperation:
    """One bulk query; times are the world's, UTC.

    Attributes:
        completed_at: When it completed; None for one that failed or was canceled.
        ended_at: When it ended, however that was.
        fault: The fate planted for it, if any.
        version: Admin API version it was submitted under; the one below where none was kept.
    """

    GRAPHQL_TYPE = "BulkOperation"
    number: int
    query: str
    group_objects: bool
    created_at: str
    granted: tuple[str, ...]
    status: str = "CREATED"
    completed_at: str | None = None
    ended_at: str | None = None
    error_code: str | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None
    fault: BulkFault | None = None
    version: str = "2026-10"

    @property
    def gid(self) -> str:
        return f"{GID_PREFIX}{self.number}"

    @property
    def runs(self) -> bool:
        """Whether it is RUNNING and will come to an end; one that is stuck stays as it is."""
        return self.status == "RUNNING" and self.fate != "stuck"

    @property
    def waits(self) -> bool:
        """Whether the thread has something to do for it."""
        return self.status in ("CREATED", "CANCELING") or self.runs

    @property
    def fate(self) -> str | None:
        return self.fault.kind if self.fault else None


@dataclass(frozen=True)
class Payload:
    """What a bulk mutation answers."""

    GRAPHQL_TYPE: str
    operation: BulkOperation | None
    errors: list[UserError] = field(default_factory=list)


class _Canceled(Exception):
    """The operation was canceled while it ran."""


class _Stopped(Exception):
    """The server stops; the operation stays open for the next start."""


class BulkOperations:
    """All bulk operations of one app on one shop; thread-safe.

    Args:
        folder: Where operations and result files are kept.
        store: The world; its lock is held while an operation reads, so that a file shows one moment.
        api: Gives the Admin API of a version, which judges and executes the queries submitted under it.
        spoil: Gives the current record spoiler, or None while no record is to be spoiled (planted faults).
        next_fault: Gives the fate planted for the next operation, by the name of its query (None without one).
        world_version: Names the moment of the world a file would show; files of the same moment are used again.
        results: The files and their addresses.
        now: The world's clock, UTC.
        on_finish: Told of every operation that ended.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Any,
        api: Callable[[str], AdminApi],
        spoil: Callable[[], Callable[[Tree], Tree] | None],
        next_fault: Callable[[str | None], BulkFault | None],
        world_version: Callable[[], str],
        results: Results,
        now: Callable[[], datetime],
        on_finish: Callable[[BulkOperation], None],
    ) -> None:
        self.results = results
        self._folder = folder
        self._store = store
        self._api = api
        self._spoil = spoil
        self._next_fault = next_fault
        self._world_version = world_version
        self._now = now
        self._on_finish = on_finish
        self._changed = Condition()
        self._stopping = Event()
        self._thread: Thread | None = None
        folder.mkdir(parents=True, exist_ok=True)
        saved = msgspec.convert(read_json(folder / "operations.json", []), list[BulkOperation])
        # What a stopped server left running runs again from the start; its half-written file is overwritten.
        self._all = {each.number: replace(each, status="CREATED") if each.runs else each for each in saved}

    def start(self) -> None:
        """Start the thread that runs operations in the order they were submitted."""
        self._thread = Thread(target=self._work, name="bulk-operations", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()

    def submit(self, query: str, *, group_objects: bool, granted: frozenset[str], version: str) -> Payload:
        """Accept a bulk query or say why not (``bulkOperationRunQuery``).

        Args:
            version: Admin API version of the request; the query is of the same.

        Raises:
            Refused: The query asks for something the world does not model.
        """
        payload, error = "BulkOperationRunQueryPayload", "BulkOperationUserError"
        try:
            api = self._api(version)
            operation = read_bulk_query(query, api.documents)
            # Compiled once now, so that what the world does not model is refused here and not in the background.
            bulk_trees(api.execution(operation, granted))
        except InvalidBulkQuery as exc:
            return Payload(payload, None, [UserError(error, ("query",), text, "INVALID") for text in exc.messages])
        except AccessDenied:
            pass  # Shopify accepts such a query and fails it when it runs.
        created_at = _stamp(self._now())
        with self._changed:
            open_gids = [each.gid for each in self._all.values() if each.status in OPEN]
            if len(open_gids) >= SLOTS:
                message = (
                    f"A bulk query operation for this app and shop is already in progress: {', '.join(open_gids)}."
                )
                return Payload(payload, None, [UserError(error, None, message, "OPERATION_IN_PROGRESS")])
            submitted = BulkOperation(
                number=max(self._all, default=FIRST_NUMBER - 1) + 1,
                query=query,
                group_objects=group_objects,
                created_at=created_at,
                granted=tuple(sorted(granted)),
                fault=self._next_fault(operation.name),
                version=version,
            )
            self._keep(submitted)
        return Payload(payload, submitted)

    def cancel(self, gid: str) -> Payload:
        """Ask an open operation to stop (``bulkOperationCancel``); it holds its slot until it has."""
        payload, error = "BulkOperationCancelPayload", "UserError"
        with self._changed:
            operation = self.find(gid)
            if operation is None:
                return Payload(payload, None, [UserError(error, ("id",), "Bulk operation does not exist")])
            if operation.status not in OPEN:
                message = f"A bulk operation cannot be canceled when it is {operation.status.lower()}"
                return Payload(payload, operation, [UserError(error, None, message)])
            canceling = replace(operation, status="CANCELING")
            self._keep(canceling)
        return Payload(payload, canceling)

    def find(self, gid: str) -> BulkOperation | None:
        """Look one operation up.

        Raises:
            FieldError: The gid is not one of a bulk operation.
        """
        tail = gid.removeprefix(GID_PREFIX)
        if tail == gid or not tail.isdigit():
            raise FieldError(f"Invalid id: {gid}", "RESOURCE_NOT_FOUND")
        found = self._all.get(int(tail))
        return found and self._as_of_now(found)

    def newest(self) -> BulkOperation | None:
        return self._as_of_now(self._all[max(self._all)]) if self._all else None

    def all(self) -> list[BulkOperation]:
        """Every operation, oldest first."""
        return [self._as_of_now(each) for each in list(self._all.values())]

    def url(self, operation: BulkOperation) -> str | None:
        """Give the address of a result: of all rows when it completed, of those written when it was canceled."""
        if operation.status not in ("COMPLETED", "CANCELED") or not operation.object_count:
            return None
        return self._address(operation)

    def partial_url(self, operation: BulkOperation) -> str | None:
        """Give the address of what a failed operation had written; None without rows."""
        return self._address(operation) if operation.status == "FAILED" and operation.object_count else None

    def run_next(self) -> bool:
        """Run the oldest waiting operation to its end; False when there is none."""
        operation = next((each for each in list(self._all.values()) if each.waits), None)
        if operation is None:
            return False
        try:
            ended = self._run(operation)
        except _Stopped:
            return False
        self._finish(ended)
        return True

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not self.run_next():
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._stopping.is_set() or any(each.waits for each in self._all.values())
                    )

    def _run(self, operation: BulkOperation) -> BulkOperation:
        with self._changed:
            operation = self._all[operation.number]
            if operation.status == "CANCELING":
                return replace(operation, status="CANCELED")
            operation = replace(operation, status="RUNNING")
            self._keep(operation)
        try:
            with self._store.lock:
                written = self._write(operation)
            return self._ended(operation, written)
        except _Canceled:
            self.results.drop(operation.number)
            return replace(operation, status="CANCELED")
        except AccessDenied:
            return replace(operation, status="FAILED", error_code="ACCESS_DENIED")
        except (_Stopped, MemoryError):
            raise
        except Exception:  # the thread must live on, and the client must see the failure
            log.exception("bulk operation %s failed", operation.number)
            return replace(operation, status="FAILED", error_code="INTERNAL_SERVER_ERROR")

    def _ended(self, operation: BulkOperation, written: Written) -> BulkOperation:
        """Give the operation as its fate leaves it."""
        fault, number = operation.fault, operation.number
        if fault is None or fault.kind in ("expired", "elsewhere", "short_file"):
            if fault is not None and fault.kind == "short_file":
                self.results.cut_bytes(number, fault.share)
            return _counted(replace(operation, status="COMPLETED", file_size=written.size), written)
        operation = _counted(operation, self.results.cut_lines(number, fault.share, written))
        if fault.kind == "stuck":
            return operation
        if fault.kind == "canceled":
            return replace(operation, status="CANCELED")
        return replace(operation, status="FAILED", error_code=fault.error_code or "INTERNAL_SERVER_ERROR")

    def _finish(self, operation: BulkOperation) -> None:
        if operation.status not in OPEN:
            ended_at = _stamp(self._now())
            completed_at = ended_at if operation.status == "COMPLETED" else None
            operation = replace(operation, ended_at=ended_at, completed_at=completed_at)
        with self._changed:
            if operation.status == "RUNNING" and self._all[operation.number].status == "CANCELING":
                return  # asked to stop in the moment it got stuck
            self._keep(operation)
        if operation.status not in OPEN:
            self._on_finish(operation)

    def _write(self, operation: BulkOperation) -> Written:
        """Write the result file, or take the one of an operation that read the same at the same moment."""
        spoil = self._spoil()
        digest = self._digest(operation)
        known = None if spoil else self.results.reuse(digest, operation.number)
        if known is not None:
            return known
        api = self._api(operation.version)
        execution = api.execution(read_bulk_query(operation.query, api.documents), frozenset(operation.granted))
        trees = bulk_trees(execution, spoilable=spoil is not None)
        if spoil is not None:
            trees = map(spoil, trees)
        # The order depends on the query and the world alone: the same calls give the same bytes on another server.
        lines = grouped(trees) if operation.group_objects else interleaved(trees, seed=int(digest[:8], 16))
        written = self._written(operation.number, lines)
        if spoil is None and operation.fault is None:  # a fate may change its file afterwards
            self.results.keep(digest, operation.number, written)
        return written

    def _written(self, number: int, lines: Iterator[tuple[dict[str, Any], bool]]) -> Written:
        encode = msgspec.json.Encoder().encode
        objects = roots = 0
        with self.results.path(number).open("wb") as file:
            for line, is_root in lines:
                if objects % LINES_PER_LOOK == 0:
                    self._look(number, objects, roots)
                file.write(encode(line) + b"\n")
                objects += 1
                roots += is_root
            return Written(objects, roots, file.tell())

    def _look(self, number: int, objects: int, roots: int) -> None:
        """Show how far it is, unless it is to stop."""
        if self._stopping.is_set():
            raise _Stopped
        with self._changed:
            if self._all[number].status == "CANCELING":
                raise _Canceled
            self._all[number] = replace(self._all[number], object_count=objects, root_object_count=roots)

    def _digest(self, operation: BulkOperation) -> str:
        told = (operation.query, operation.version, operation.group_objects, operation.granted, self._world_version())
        return hashlib.sha256(repr(told).encode()).hexdigest()

    def _as_of_now(self, operation: BulkOperation) -> BulkOperation:
        """Give the operation as it stands now: a completed one expires with its address."""
        if operation.status == "COMPLETED" and self._now() > _instant(operation.completed_at) + URL_LIVES:
            return replace(operation, status="EXPIRED")
        return operation

    def _address(self, operation: BulkOperation) -> str:
        ended_at = _instant(operation.ended_at)
        if operation.fate == "expired":
            ended_at -= URL_LIVES + timedelta(seconds=1)
        part: Part = "partial" if operation.fate in ("failed", "canceled") else "final"
        return self.results.address(
            operation.number, completed_at=ended_at, part=part, elsewhere=operation.fate == "elsewhere"
        )

    def _keep(self, operation: BulkOperation) -> None:
        self._all[operation.number] = operation
        write_json(self._folder / "operations.json", msgspec.to_builtins(list(self._all.values())))
        self._changed.notify_all()


def _counted(operation: BulkOperation, written: Written) -> BulkOperation:
    return replace(operation, object_count=written.objects, root_object_count=written.roots)


def _instant(stamp: str | None) -> datetime:
    return datetime.fromisoformat(str(stamp))


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
