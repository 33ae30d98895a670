"""Bulk operations: submit or adopt one, wait for it, and hand over its file once it is proven complete.

Here: the operation's life. Not here: its file (``bulk_files.py``), where the bytes go, or what is in a line.
``partialDataUrl`` is never asked for: what a failed operation had written says nothing about what is missing.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from shopify_pipeline.errors import AccessDeniedError, IncompleteError, PermanentError, TransientError
from shopify_pipeline.shopify import bulk_files
from shopify_pipeline.shopify.bulk_files import BulkFile, FileGoneError
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pace import Pace
from shopify_pipeline.shopify.queries import Operation, operation

GID_PREFIX = "gid://shopify/BulkOperation/"
RESUBMISSIONS_MAX = 2
#: What is remembered while a submission is under way: whoever finds it looks for the operation it may have begun.
SUBMITTING = "submitting"
#: Five can be open; those that ended meanwhile are listed among them.
_LOOKED_AT = 25
_BUSY_CODES = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})
_ADOPTED_STATUSES = frozenset({"CREATED", "RUNNING"})
_OPEN_STATUSES = _ADOPTED_STATUSES | {"CANCELING"}

T = TypeVar("T")


class BulkMemory(Protocol):
    """Where the gid of a submitted operation is kept, so that a restart adopts it in place of submitting another.

    Also that one is about to be submitted: its answer, or this process, may get lost.
    """

    def recall(self, name: str) -> str | None:
        """The gid kept under this name."""

    def remember(self, name: str, gid: str) -> None:
        """Keep it; durable when it returns."""

    def forget(self, name: str) -> None:
        """Keep nothing under this name: the operation is of no more use. Durable when it returns."""


class NoMemory:
    """For an operation nobody will adopt."""

    def recall(self, name: str) -> str | None:
        return None

    def remember(self, name: str, gid: str) -> None:
        return None

    def forget(self, name: str) -> None:
        return None


@dataclass(frozen=True)
class _Ended:
    """An operation that ended without a file that could be used.

    Attributes:
        stalled: We gave it up, because it had stood still for too long.
    """

    status: str
    error_code: str | None
    objects: int
    stalled: bool

    def __str__(self) -> str:
        if self.stalled:
            return f"stood still at {self.objects} objects"
        reason = f" ({self.error_code})" if self.error_code else ""
        return f"{self.status.lower()}{reason} after {self.objects} objects"


class BulkRunner:
    """Runs bulk queries of one shop.

    Args:
        progress: Told one line per poll.
        running_seconds_max: How long to wait for one operation; the next run adopts it where there is a memory.
        stalled_seconds_max: How long an operation may stand still before it is cancelled and submitted again, once.
        busy_seconds_max: How long to wait for a free slot; there are five per app and shop, and one that is being
            cancelled still counts.
    """

    def __init__(
        self,
        api: AdminApi,
        *,
        progress: Callable[[str], None],
        poll_seconds_min: float = 0.5,
        poll_seconds_max: float = 20.0,
        running_seconds_max: float = 6 * 3600.0,
        stalled_seconds_max: float = 2 * 3600.0,
        busy_seconds_max: float = 3600.0,
    ) -> None:
        self._api = api
        self._progress = progress
        self._poll_seconds = (poll_seconds_min, poll_seconds_max)
        self._running_seconds_max = running_seconds_max
        self._stalled_seconds_max = stalled_seconds_max
        self._busy_seconds_max = busy_seconds_max

    def run(self, query: Operation, memory: BulkMemory, *, since: datetime) -> BulkFile:
        """Complete one bulk query: the remembered one if it is of the same text, else a new one.

        Args:
            since: The shop's clock, UTC. Where a submission got no answer, an open operation of the same text that was
                begun since is taken for it; an older one shows an older shop.

        Raises:
            TransientError: It is not done yet, no slot is free, or it failed or stood still again and again.
            AccessDeniedError: Shopify denies access to what the query reads.
            PermanentError: Shopify does not accept the query.
        """
        key = _key(query)
        gid = self._recalled(query, memory, since)
        stalls = 0
        for attempt in range(1, 2 + RESUBMISSIONS_MAX):
            if gid is None:
                memory.remember(key, SUBMITTING)
                gid = self._submit(query, since)
                memory.remember(key, gid)
            outcome = self._awaited(query, gid)
            if isinstance(outcome, BulkFile):
                return outcome
            memory.forget(key)
            gid = None
            if outcome.error_code == "ACCESS_DENIED":
                raise AccessDeniedError(
                    f"{query.name}: Shopify denied the bulk operation access: check the app's scopes"
                )
            stalls += outcome.stalled
            if stalls > 1:
                raise TransientError(f"{query.name}: the bulk operation {outcome}, twice; try again later")
            self._progress(
                f"{query.name}: bulk operation {outcome}; attempt {attempt} of {1 + RESUBMISSIONS_MAX} is over"
            )
            self._api.retry.pause(attempt)
        raise TransientError(
            f"{query.name}: Shopify failed the bulk operation {1 + RESUBMISSIONS_MAX} times; try again later"
        )

    def fetch(
        self,
        query: Operation,
        memory: BulkMemory,
        keep: Callable[[BulkFile, Iterator[bytes]], T],
        *,
        since: datetime,
    ) -> T:
        """Complete one bulk query and hand its file over; a file that is gone or provably short is made again, once.

        Args:
            since: As for ``run``.
            keep: Takes the file and its chunks, as ``chunks`` gives them. Called a second time for the second file:
                what it did with the first is worth nothing then.

        Raises:
            PipelineError: As ``run`` and ``chunks`` do. A file that cannot be used is never adopted again.
        """
        try:
            return self._kept(query, memory, keep, since)
        except (FileGoneError, IncompleteError) as exc:
            self._progress(f"{query.name}: {exc}; the bulk operation is submitted again")
        return self._kept(query, memory, keep, since)

    def chunks(self, file: BulkFile) -> Iterator[bytes]:
        """Give the file as it is and prove at its end that it was all there is; see ``bulk_files.chunks``."""
        return bulk_files.chunks(
            file, self._api.session, retry=self._api.retry, clock=self._api.clock, progress=self._progress
        )

    def lines(self, name: str, *, since: datetime) -> Iterator[bytes]:
        """Run a bulk query without filter and give its lines, the first only when the whole file is proven complete.

        Args:
            name: Operation in ``queries/`` (``CensusOrders`` …).
            since: As for ``run``.

        Raises:
            PipelineError: As ``fetch`` does, before the first line.
        """
        with tempfile.TemporaryFile() as spool:

            def keep(file: BulkFile, chunks: Iterator[bytes]) -> None:
                spool.seek(0)
                spool.truncate()
                for chunk in chunks:
                    spool.write(chunk)

            self.fetch(operation(name).inlined({"query": None}), NoMemory(), keep, since=since)
            spool.seek(0)
            for line in spool:
                yield line.rstrip(b"\n")

    def _kept(
        self, query: Operation, memory: BulkMemory, keep: Callable[[BulkFile, Iterator[bytes]], T], since: datetime
    ) -> T:
        file = self.run(query, memory, since=since)
        try:
            return keep(file, self.chunks(file))
        except (FileGoneError, PermanentError):
            # Remembered, it would be adopted by every later run, and fail each of them.
            memory.forget(_key(query))
            raise

    def _recalled(self, query: Operation, memory: BulkMemory, since: datetime) -> str | None:
        """The operation to go on with; None when one has to be submitted."""
        key = _key(query)
        known = memory.recall(key)
        if known is None or known.startswith(GID_PREFIX):
            return known
        found = self._begun(query, since) if known == SUBMITTING else None
        if found is not None:
            memory.remember(key, found)
        return found

    def _begun(self, query: Operation, since: datetime) -> str | None:
        """The newest open operation of this text that was begun since then."""
        listed = self._api.execute(operation("BulkOpen"), {"first": _LOOKED_AT}).data["bulkOperations"]["nodes"]
        for found in listed:
            begun_at = datetime.fromisoformat(found["createdAt"])
            if found["query"] == query.text and found["status"] in _ADOPTED_STATUSES and begun_at >= since:
                gid: str = found["id"]
                self._progress(f"{query.name}: a bulk operation that was submitted without an answer is taken up")
                return gid
        return None

    def _submit(self, query: Operation, since: datetime) -> str:
        clock, wait = self._api.clock, self._poll_seconds[0]
        begun_at = clock.monotonic()
        while True:
            answer = self._api.execute_once(
                operation("BulkRun"), {"query": query.text}, lambda: self._begun(query, since)
            )
            if isinstance(answer, str):
                return answer
            payload = answer.data["bulkOperationRunQuery"]
            refused = payload["userErrors"]
            if not refused:
                gid: str = payload["bulkOperation"]["id"]
                return gid
            if refused[0]["code"] not in _BUSY_CODES:
                raise PermanentError(
                    f"{query.name}: Shopify does not accept the bulk query: {refused[0]['message'][:200]}"
                )
            if clock.monotonic() - begun_at >= self._busy_seconds_max:
                raise TransientError(f"{query.name}: every bulk slot of this shop stayed busy; try again later")
            self._progress(f"{query.name}: waiting for a free bulk slot")
            wait = self._wait(wait)

    def _awaited(self, query: Operation, gid: str) -> BulkFile | _Ended:
        """Wait until the operation ends.

        Raises:
            TransientError: It runs on; nothing was given up.
        """
        clock, wait, pace = self._api.clock, self._poll_seconds[0], Pace(self._api.clock)
        begun_at = moved_at = clock.monotonic()
        last: object = None
        stalled = False
        while True:
            found = self._api.execute(operation("BulkPoll"), {"id": gid}).data["bulkOperation"]
            # Shopify keeps operations for a while only; one it does not know any more has expired.
            status, objects = (found["status"], int(found["objectCount"])) if found else ("EXPIRED", 0)
            if status == "COMPLETED" and (found["url"] or not objects):
                return _file(query, found)
            if status not in _OPEN_STATUSES:
                return _Ended(status, found and found["errorCode"], objects, stalled)
            now = clock.monotonic()
            if now - begun_at >= self._running_seconds_max:
                raise TransientError(
                    f"{query.name}: the bulk operation is still {status.lower()}; the next run takes it up"
                )
            if (status, objects) != last:
                last, moved_at = (status, objects), now
            elif now - moved_at >= self._stalled_seconds_max:
                if stalled:
                    return _Ended(status, None, objects, stalled)
                self._progress(f"{query.name}: bulk operation stands still at {objects} objects, cancelling it")
                self._api.execute(operation("BulkCancel"), {"id": gid})
                stalled, moved_at = True, now
            self._progress(f"{query.name}: bulk operation {status.lower()}, {objects} objects{pace.of(objects)}")
            wait = self._wait(wait)

    def _wait(self, seconds: float) -> float:
        """Wait, and give the seconds to wait next time."""
        self._api.clock.sleep(seconds)
        return min(self._poll_seconds[1], seconds * 1.5)


def _key(query: Operation) -> str:
    return f"{query.name}@{query.query_hash}"


def _file(query: Operation, found: dict[str, Any]) -> BulkFile:
    return BulkFile(
        gid=found["id"],
        operation=query,
        url=found["url"],
        size_bytes=int(found["fileSize"] or 0),
        lines=int(found["objectCount"]),
        roots=int(found["rootObjectCount"]),
    )
