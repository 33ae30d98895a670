"""Bulk operations: submit or adopt one, wait for it, read its file and prove that all of it came.

Here: the operation's life and the proof. Not here: where the bytes go, or what is in a line.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from shopify_pipeline.errors import IncompleteError, PermanentError, TransientError
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.queries import Operation, operation
from shopify_pipeline.shopify.session import Download

LINE_BYTES_MAX = 20 * 1024 * 1024
RESUBMISSIONS_MAX = 2
DOWNLOAD_BYTES_PER_SECOND_MIN = 64 * 1024
_CHILD_MARK = b'"__parentId":'
_BUSY_CODES = frozenset({"OPERATION_IN_PROGRESS", "LIMIT_REACHED"})


class BulkMemory(Protocol):
    """Where the gid of a submitted operation is kept, so that a restart adopts it in place of submitting another."""

    def recall(self, name: str) -> str | None:
        """The gid kept under this name."""

    def remember(self, name: str, gid: str) -> None:
        """Keep it; durable when it returns."""


class NoMemory:
    """For an operation nobody will adopt."""

    def recall(self, name: str) -> str | None:
        return None

    def remember(self, name: str, gid: str) -> None:
        return None


@dataclass(frozen=True)
class BulkFile:
    """What a completed operation says its file holds.

    Attributes:
        url: Where it is; None when there is not one row.
        size_bytes, lines, roots: ``fileSize``, ``objectCount``, ``rootObjectCount``.
    """

    gid: str
    operation: Operation
    url: str | None
    size_bytes: int
    lines: int
    roots: int


class BulkRunner:
    """Runs bulk queries of one shop.

    Args:
        progress: Told one line per poll.
        running_seconds_max: How long to wait for one operation; the next run adopts it where there is a memory.
        busy_seconds_max: How long to wait for a free slot; there are five per app and shop.
    """

    def __init__(
        self,
        api: AdminApi,
        *,
        progress: Callable[[str], None],
        poll_seconds_min: float = 0.5,
        poll_seconds_max: float = 20.0,
        running_seconds_max: float = 6 * 3600.0,
        busy_seconds_max: float = 3600.0,
    ) -> None:
        self._api = api
        self._progress = progress
        self._poll_seconds = (poll_seconds_min, poll_seconds_max)
        self._running_seconds_max = running_seconds_max
        self._busy_seconds_max = busy_seconds_max

    def run(self, query: Operation, memory: BulkMemory) -> BulkFile:
        """Complete one bulk query: the remembered one if it is of the same text, else a new one.

        Raises:
            TransientError: It is not done yet, no slot is free, or Shopify failed it again and again.
            PermanentError: Shopify does not accept the query or denies access.
        """
        key = f"{query.name}@{query.query_hash}"
        gid = memory.recall(key)
        for _ in range(1 + RESUBMISSIONS_MAX):
            if gid is None:
                gid = self._submit(query)
                memory.remember(key, gid)
            done = self._completed(query, gid)
            if done is not None:
                return done
            gid = None
        raise TransientError(
            f"{query.name}: Shopify failed the bulk operation {1 + RESUBMISSIONS_MAX} times; try again later"
        )

    def chunks(self, file: BulkFile) -> Iterator[bytes]:
        """Give the file as it is, resumed where a connection broke, and prove at its end that it was all there is.

        Raises:
            IncompleteError: Bytes, lines or roots are not what the operation says; nothing that was given counts.
            TransientError: The connection kept breaking.
        """
        proof = _Proof(file)
        for chunk in self._resumed(file) if file.url else ():
            proof.feed(chunk)
            yield chunk
        proof.finish()

    def lines(self, name: str) -> Iterator[bytes]:
        """Run a bulk query without filter and give its lines, the first only when the whole file is proven complete.

        Args:
            name: Operation in ``queries/`` (``CensusOrders`` …).

        Raises:
            PipelineError: As ``run`` and ``chunks`` do, before the first line.
        """
        file = self.run(operation(name).inlined({"query": None}), NoMemory())
        with tempfile.TemporaryFile() as spool:
            for chunk in self.chunks(file):
                spool.write(chunk)
            spool.seek(0)
            for line in spool:
                yield line.rstrip(b"\n")

    def _submit(self, query: Operation) -> str:
        waited, wait = 0.0, self._poll_seconds[0]
        while True:
            payload = self._api.execute(operation("BulkRun"), {"query": query.text}).data["bulkOperationRunQuery"]
            refused = payload["userErrors"]
            if not refused:
                gid: str = payload["bulkOperation"]["id"]
                return gid
            if refused[0]["code"] not in _BUSY_CODES:
                raise PermanentError(
                    f"{query.name}: Shopify does not accept the bulk query: {refused[0]['message'][:200]}"
                )
            if waited >= self._busy_seconds_max:
                raise TransientError(f"{query.name}: every bulk slot of this shop stayed busy; try again later")
            self._progress(f"{query.name}: waiting for a free bulk slot")
            waited, wait = self._wait(waited, wait)

    def _completed(self, query: Operation, gid: str) -> BulkFile | None:
        """Wait for the operation; None when a new one has to be submitted."""
        waited, wait = 0.0, self._poll_seconds[0]
        while True:
            found: dict[str, Any] | None = self._api.execute(operation("BulkPoll"), {"id": gid}).data["bulkOperation"]
            status = found["status"] if found else "EXPIRED"
            if found and status == "COMPLETED":
                return _file(query, found)
            if found and found["errorCode"] == "ACCESS_DENIED":
                raise PermanentError(f"{query.name}: Shopify denied the bulk operation access: check the app's scopes")
            if status in ("FAILED", "CANCELED", "EXPIRED"):
                self._progress(f"{query.name}: bulk operation {status.lower()}")
                return None
            if waited >= self._running_seconds_max:
                raise TransientError(
                    f"{query.name}: the bulk operation is still {status.lower()}; the next run takes it up"
                )
            self._progress(
                f"{query.name}: bulk operation {status.lower()}, {found['objectCount'] if found else 0} objects"
            )
            waited, wait = self._wait(waited, wait)

    def _wait(self, waited: float, wait: float) -> tuple[float, float]:
        self._api.clock.sleep(wait)
        return waited + wait, min(self._poll_seconds[1], wait * 1.5)

    def _resumed(self, file: BulkFile) -> Iterator[bytes]:
        """The bytes of the file; after a break from where it broke, as long as every attempt brings some."""
        url, given, failures = file.url or "", 0, 0
        while given < file.size_bytes:
            begun_at = given
            try:
                deadline_seconds = 60.0 + (file.size_bytes - given) / DOWNLOAD_BYTES_PER_SECOND_MIN
                with self._api.session.download(url, offset=given, deadline_seconds=deadline_seconds) as download:
                    for chunk in _from(download, given):
                        given += len(chunk)
                        yield chunk
            except TransientError:
                failures = 0 if given > begun_at else failures + 1
                if failures >= self._api.retry.attempts_max:
                    raise
            else:
                failures = 0 if given > begun_at else failures + 1
                if failures >= self._api.retry.attempts_max:
                    raise IncompleteError(
                        f"{file.operation.name}: the file ends after {given} of {file.size_bytes} bytes"
                    )
            if given < file.size_bytes:
                self._progress(
                    f"{file.operation.name}: download broke off at {given} of {file.size_bytes} bytes, resuming"
                )
                self._api.retry.pause(failures + 1)


class _Proof:
    """Counts what passes and compares it with what was promised."""

    def __init__(self, file: BulkFile) -> None:
        self._file = file
        self._size_bytes = 0
        self._lines = 0
        self._roots = 0
        self._rest = b""

    def feed(self, chunk: bytes) -> None:
        self._size_bytes += len(chunk)
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        for line in whole:
            self._count(line)
        if len(self._rest) > LINE_BYTES_MAX:
            raise PermanentError(f"{self._file.operation.name}: one line is longer than {LINE_BYTES_MAX} bytes")

    def finish(self) -> None:
        if self._rest:
            self._count(self._rest)
        came = (self._size_bytes, self._lines, self._roots)
        said = (self._file.size_bytes, self._file.lines, self._file.roots)
        if came != said:
            raise IncompleteError(
                f"{self._file.operation.name}: the bulk file has (bytes, lines, roots) {came}, Shopify said {said}; "
                "it was not used"
            )

    def _count(self, line: bytes) -> None:
        # Inside a JSON string the quotes would be escaped, so this can only be a key.
        self._lines += 1
        self._roots += _CHILD_MARK not in line


def _file(query: Operation, found: dict[str, Any]) -> BulkFile:
    return BulkFile(
        gid=found["id"],
        operation=query,
        url=found["url"],
        size_bytes=int(found["fileSize"] or 0),
        lines=int(found["objectCount"]),
        roots=int(found["rootObjectCount"]),
    )


def _from(download: Download, offset: int) -> Iterator[bytes]:
    """The bytes from ``offset`` on, whether or not the server honours ranges."""
    if download.status == 206 and download.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        yield from download.chunks
        return
    if download.status >= 500 or download.status == 429:
        raise TransientError(f"the bulk file cannot be read now (HTTP {download.status})")
    if download.status != 200:
        raise PermanentError(f"the bulk file cannot be read (HTTP {download.status}): its address may have expired")
    skip = offset
    for chunk in download.chunks:
        if skip < len(chunk):
            yield chunk[skip:]
        skip = max(0, skip - len(chunk))
