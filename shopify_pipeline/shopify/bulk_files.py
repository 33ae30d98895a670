"""The file of a bulk operation: read across breaks, and proven to be all there is.

Here: bytes, lines and roots against what the operation promised. Not here: the operation's life (``bulk.py``), where
the bytes go, or what is in a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from shopify_pipeline.clock import Clock
from shopify_pipeline.errors import IncompleteError, PermanentError, TransientError
from shopify_pipeline.shopify.queries import Operation
from shopify_pipeline.shopify.retry import RetryPolicy
from shopify_pipeline.shopify.session import Download, HttpSession

LINE_BYTES_MAX = 20 * 1024 * 1024
#: How long a file may take in all, however often it breaks off: so many seconds, and its size at this rate.
DOWNLOAD_SECONDS_MIN = 60.0
DOWNLOAD_BYTES_PER_SECOND_MIN = 64 * 1024
#: What the storage answers when an address has expired (400, 403) or its file was deleted (404, 410).
_GONE_STATUSES = frozenset({400, 403, 404, 410})
_CHILD_MARK = b'"__parentId":'


class FileGoneError(TransientError):
    """The storage does not give the file any more: its address lives for seven days. A new operation makes another."""


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


def chunks(
    file: BulkFile, session: HttpSession, *, retry: RetryPolicy, clock: Clock, progress: Callable[[str], None]
) -> Iterator[bytes]:
    """Give the file as it is, resumed where a connection broke, and prove at its end that it was all there is.

    Raises:
        IncompleteError: Bytes, lines or roots are not what the operation says; nothing that was given counts.
        FileGoneError: The address has expired.
        TransientError: The connection kept breaking, or the file came too slowly.
        PermanentError: The address names a host that is not allowed, or one line never ends.
    """
    proof = _Proof(file)
    for chunk in _resumed(file, session, retry, clock, progress) if file.url else ():
        proof.feed(chunk)
        yield chunk
    proof.finish()


def _resumed(
    file: BulkFile, session: HttpSession, retry: RetryPolicy, clock: Clock, progress: Callable[[str], None]
) -> Iterator[bytes]:
    """The bytes of the file; after a break from where it broke, as long as every attempt brings some, and in time."""
    url, given, failures = file.url or "", 0, 0
    over_at = clock.monotonic() + DOWNLOAD_SECONDS_MIN + file.size_bytes / DOWNLOAD_BYTES_PER_SECOND_MIN
    broke: TransientError | None = None
    while given < file.size_bytes:
        seconds_left = over_at - clock.monotonic()
        if seconds_left <= 0:
            raise TransientError(
                f"{file.operation.name}: {given} of {file.size_bytes} bytes of the file came in time; try again later"
            ) from broke
        begun_at, broke = given, None
        try:
            with session.download(url, offset=given, deadline_seconds=seconds_left) as download:
                for chunk in _from(download, given):
                    given += len(chunk)
                    yield chunk
        except FileGoneError:
            raise
        except TransientError as exc:
            broke = exc
        failures = 0 if given > begun_at else failures + 1
        if failures >= retry.attempts_max:
            raise broke or IncompleteError(
                f"{file.operation.name}: the file ends after {given} of {file.size_bytes} bytes"
            )
        if given < file.size_bytes:
            progress(f"{file.operation.name}: download broke off at {given} of {file.size_bytes} bytes, resuming")
            retry.pause(failures + 1)


def _from(download: Download, offset: int) -> Iterator[bytes]:
    """The bytes from ``offset`` on, whether or not the server honours ranges; none when there are no more."""
    if download.status == 206 and download.headers.get("Content-Range", "").startswith(f"bytes {offset}-"):
        yield from download.chunks
        return
    if download.status == 416:
        return
    if download.status >= 500 or download.status == 429:
        raise TransientError(f"the bulk file cannot be read now (HTTP {download.status})")
    if download.status in _GONE_STATUSES:
        raise FileGoneError(f"the bulk file cannot be read (HTTP {download.status}): its address has expired")
    if download.status != 200:
        raise PermanentError(f"the bulk file cannot be read (HTTP {download.status}): ask again later")
    skip = offset
    for chunk in download.chunks:
        if skip < len(chunk):
            yield chunk[skip:]
        skip = max(0, skip - len(chunk))


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
