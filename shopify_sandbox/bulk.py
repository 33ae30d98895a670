"""Bulk operations: submitted, run by one background thread, downloaded, kept across restarts.

Belongs here: the life of an operation. Rules and lines are in ``bulk_query.py``, its GraphQL view in ``bulk_view.py``.

Source: https://shopify.dev/docs/api/usage/bulk-operations/queries; user errors as captured from Admin API 2026-04.
"""

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Condition, Event, Thread
from typing import Any

import msgspec

from shopify_sandbox.bulk_query import (
    AccessDenied,
    InvalidBulkQuery,
    Tree,
    bulk_trees,
    grouped,
    interleaved,
    read_bulk_query,
)
from shopify_sandbox.documents import Documents
from shopify_sandbox.errors import FieldError
from shopify_sandbox.projection import Execution
from shopify_sandbox.state import read_json, write_json

log = logging.getLogger(__name__)

SLOTS = 5
URL_LIVES = timedelta(days=7)
FIRST_NUMBER = 7_000_000_000_001
GID_PREFIX = "gid://shopify/BulkOperation/"
OPEN = frozenset({"CREATED", "RUNNING", "CANCELING"})


@dataclass(frozen=True)
class BulkOperation:
    """One bulk query; times are the world's, UTC."""

    GRAPHQL_TYPE = "BulkOperation"
    number: int
    query: str
    group_objects: bool
    created_at: str
    granted: tuple[str, ...]
    status: str = "CREATED"
    completed_at: str | None = None
    error_code: str | None = None
    object_count: int = 0
    root_object_count: int = 0
    file_size: int | None = None

    @property
    def gid(self) -> str:
        return f"{GID_PREFIX}{self.number}"


@dataclass(frozen=True)
class UserError:
    """A refusal inside a payload; ``GRAPHQL_TYPE`` is chosen by the mutation."""

    GRAPHQL_TYPE: str
    field: tuple[str, ...] | None
    message: str
    code: str | None = None


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
        documents: The schema queries are judged by.
        execution: Builds the execution of a bulk query from an operation and the granted scopes.
        spoil: Gives the current record spoiler (planted faults).
        secret: Signs result URLs.
        now: The world's clock, UTC.
        on_finish: Told of every operation that ended.
    """

    def __init__(
        self,
        folder: Path,
        *,
        store: Any,
        documents: Documents,
        execution: Callable[..., Execution],
        spoil: Callable[[], Callable[[Tree], Tree]],
        secret: str,
        now: Callable[[], datetime],
        on_finish: Callable[[BulkOperation], None],
    ) -> None:
        self.base_url = ""
        self._folder = folder
        self._store = store
        self._documents = documents
        self._execution = execution
        self._spoil = spoil
        self._secret = secret
        self._now = now
        self._on_finish = on_finish
        self._changed = Condition()
        self._stopping = Event()
        self._thread: Thread | None = None
        saved = read_json(folder / "operations.json", [])
        # What a stopped server left open runs again from the start; its half-written file is overwritten.
        self._all = {
            each["number"]: _adopted(BulkOperation(**{**each, "granted": tuple(each["granted"])})) for each in saved
        }

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

    def submit(self, query: str, *, group_objects: bool, granted: frozenset[str]) -> Payload:
        """Accept a bulk query or say why not (``bulkOperationRunQuery``).

        Raises:
            Refused: The query asks for something the world does not model.
        """
        payload, error = "BulkOperationRunQueryPayload", "BulkOperationUserError"
        try:
            # Compiled once now, so that what the world does not model is refused here and not in the background.
            self._compiled(query, granted)
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
            operation = BulkOperation(
                number=max(self._all, default=FIRST_NUMBER - 1) + 1,
                query=query,
                group_objects=group_objects,
                created_at=created_at,
                granted=tuple(sorted(granted)),
            )
            self._keep(operation)
        return Payload(payload, operation)

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
        return self._all.get(int(tail))

    def newest(self) -> BulkOperation | None:
        return self._all[max(self._all)] if self._all else None

    def all(self) -> list[BulkOperation]:
        return list(self._all.values())

    def result_file(self, number: int, signature: str) -> Path | None:
        """Give the file behind a result URL; None when the signature is wrong, or it is not there (any more)."""
        operation = self._all.get(number)
        if operation is None or not hmac.compare_digest(signature, self._signature(number)):
            return None
        return self._result_path(number) if self.url(operation) else None

    def url(self, operation: BulkOperation) -> str | None:
        """Give the signed URL of a result; None without rows, and after seven days."""
        if operation.status != "COMPLETED" or not operation.object_count or operation.completed_at is None:
            return None
        if self._now() > datetime.fromisoformat(operation.completed_at) + URL_LIVES:
            return None
        return f"{self.base_url}/__bulk/{operation.number}?signature={self._signature(operation.number)}"

    def run_next(self) -> bool:
        """Run the oldest open operation to its end; False when there is none."""
        operation = next((each for each in self._all.values() if each.status in OPEN), None)
        if operation is None:
            return False
        try:
            self._finish(self._run(operation))
        except _Stopped:
            return False
        return True

    def _work(self) -> None:
        while not self._stopping.is_set():
            if not self.run_next():
                with self._changed:
                    self._changed.wait_for(
                        lambda: self._stopping.is_set() or any(each.status in OPEN for each in self._all.values())
                    )

    def _run(self, operation: BulkOperation) -> BulkOperation:
        with self._changed:
            if self._all[operation.number].status == "CANCELING":
                return replace(operation, status="CANCELED")
            self._keep(replace(operation, status="RUNNING"))
        try:
            with self._store.lock:
                objects, roots, size = self._write(operation)
            return replace(operation, status="COMPLETED", object_count=objects, root_object_count=roots, file_size=size)
        except _Canceled:
            self._result_path(operation.number).unlink(missing_ok=True)
            return replace(operation, status="CANCELED")
        except AccessDenied:
            return replace(operation, status="FAILED", error_code="ACCESS_DENIED")
        except (_Stopped, MemoryError):
            raise
        except Exception:  # the thread must live on, and the client must see the failure
            log.exception("bulk operation %s failed", operation.number)
            return replace(operation, status="FAILED", error_code="INTERNAL_SERVER_ERROR")

    def _finish(self, operation: BulkOperation) -> None:
        ended = replace(operation, completed_at=_stamp(self._now()))
        with self._changed:
            self._keep(ended)
        self._on_finish(ended)

    def _write(self, operation: BulkOperation) -> tuple[int, int, int]:
        """Write the result file; gives its objects, root objects and bytes."""
        path = self._result_path(operation.number)
        encode = msgspec.json.Encoder().encode
        objects = roots = 0
        with path.open("wb") as file:
            for line, is_root in self._lines(operation):
                if self._stopping.is_set():
                    raise _Stopped
                if self._all[operation.number].status == "CANCELING":
                    raise _Canceled
                file.write(encode(line) + b"\n")
                objects += 1
                roots += is_root
            return objects, roots, file.tell()

    def _lines(self, operation: BulkOperation) -> Iterator[tuple[dict[str, Any], bool]]:
        spoil = self._spoil()
        trees = map(spoil, self._compiled(operation.query, frozenset(operation.granted)))
        return grouped(trees) if operation.group_objects else interleaved(trees, seed=operation.number)

    def _compiled(self, query: str, granted: frozenset[str]) -> Iterator[Tree]:
        return bulk_trees(self._execution(read_bulk_query(query, self._documents), granted))

    def _result_path(self, number: int) -> Path:
        return self._folder / f"{number}.jsonl"

    def _signature(self, number: int) -> str:
        return hmac.new(self._secret.encode(), f"bulk/{number}".encode(), hashlib.sha256).hexdigest()

    def _keep(self, operation: BulkOperation) -> None:
        self._all[operation.number] = operation
        write_json(self._folder / "operations.json", [asdict(each) for each in self._all.values()])
        self._changed.notify_all()


def _adopted(operation: BulkOperation) -> BulkOperation:
    return replace(operation, status="CREATED") if operation.status == "RUNNING" else operation


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
