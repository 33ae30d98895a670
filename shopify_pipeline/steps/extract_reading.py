"""Which way a stream is read: by bulk operation, by pages, or by both, into the landing prefix of one load.

Here: the choice and its order. Not here: the load's life (``extract.py``), how Shopify is spoken to (``shopify/``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from typing import NotRequired, TypedDict

import msgspec

from shopify_pipeline.errors import TransientError
from shopify_pipeline.landing import LandingWriter, Part
from shopify_pipeline.schemas.records import is_exact_gid
from shopify_pipeline.shopify.bulk import BulkMemory, BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import REREADS_MAX, Body, PageReader
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import READINGS, RootReading
from shopify_pipeline.shopify.whole import check_counts
from shopify_pipeline.shopify.windows import CrowdedSecondError, Window


class Reading:
    """Reads one load into its landing prefix.

    Args:
        opened_at: When the load was opened, by the shop's clock: an older bulk operation is none of its own.
        metafields: Namespaces and keys to read of the stream's roots (``custom.gift_message``); none: no metafields.
    """

    def __init__(
        self,
        api: AdminApi,
        writer: LandingWriter,
        memory: BulkMemory,
        *,
        opened_at: datetime,
        page_size: int,
        bulk_threshold: int,
        metafields: Sequence[str],
        progress: Callable[[str], None],
    ) -> None:
        self._api = api
        self._writer = writer
        self._memory = memory
        self._opened_at = opened_at
        self._bulk_threshold = bulk_threshold
        self._metafields = metafields
        self._pages = PageReader(api, page_size=page_size, progress=progress)
        self._bulk = BulkRunner(api, progress=progress)

    def read_all(self, stream: str, until: datetime) -> None:
        """Land everything there is: a bulk operation takes no filter then, and asks no index that may be late."""
        self._read(stream, Window(None, until), is_everything=True)

    def read(self, stream: str, window: Window) -> None:
        """Land everything that changed in a window."""
        self._read(stream, window, is_everything=False)

    def _read(self, stream: str, window: Window, *, is_everything: bool) -> None:
        versions: dict[str, str] = {}
        for reading in READINGS[stream].roots:
            within = reading.window(window)
            self._roots(reading, within, None if is_everything else within.query, versions)
        self._add_metafields(stream, versions)

    def note_asked(self, gids: Sequence[str]) -> None:
        """Land which roots are asked for, before they are: what does not come is gone."""
        self._writer.add(
            "asked",
            msgspec.json.encode(list(gids)),
            operation="asked",
            query_hash="",
            api_version=self._api.api_version,
            roots=0,
        )

    def read_roots(self, stream: str, gids: Iterable[str]) -> None:
        """Land these roots as they are now; one that is gone leaves nothing."""
        versions: dict[str, str] = {}
        self._land(self._pages.by_id(stream, gids), versions)
        self._add_metafields(stream, versions)

    def _roots(self, reading: RootReading, window: Window, query: str | None, versions: dict[str, str]) -> None:
        """The roots of one connection: by bulk operation when there are many, else by pages.

        Args:
            query: The filter for counting and for a bulk operation.
            versions: What metafields are to be read of is added here: gid and ``updatedAt``.
        """
        if reading.bulk is None:
            self._land(self._pages.window(reading, window, counted=None), versions)
            return
        if reading.count is None:
            if self._land_if_few(self._pages.window(reading, window, counted=None), versions):
                return
        else:
            counted = self._pages.count(reading, query, limit=self._bulk_threshold)
            if counted < self._bulk_threshold:
                self._land(self._pages.window(reading, window, counted=counted), versions)
                return
        part = self._land_file(reading.bulk, query, lines_are_roots=reading.inner is not None)
        if self._metafields:
            versions.update(root_versions(self._writer.lines(part)))
        if reading.detail is not None:
            detailed = roots_with_details(self._writer.lines(part))
            self._land(self._pages.details(reading.detail, reading.by_id, detailed), versions)

    def _add_metafields(self, stream: str, versions: dict[str, str]) -> None:
        """Metafields of the roots that were read; one that changed meanwhile is read again with its own."""
        reading = READINGS[stream]
        if not self._metafields or reading.metafields is None:
            return
        by_id = reading.roots[0].by_id
        given = {"keys": list(self._metafields)}
        for _ in range(REREADS_MAX):
            exact = [(gid, stamp) for gid, stamp in versions.items() if is_exact_gid(gid)]
            versions = {}
            self._land(self._pages.details(reading.metafields, by_id, exact, given), versions)
            if not versions:
                return
        moving = next(iter(versions))
        raise TransientError(f"{moving} changed each time its metafields were read: the next run tries again")

    def _land(self, bodies: Iterable[Body], versions: dict[str, str]) -> None:
        for body in bodies:
            versions.update(body.versions)
            land_all(self._writer, (body,))

    def _land_if_few(self, bodies: Iterable[Body], versions: dict[str, str]) -> bool:
        """Land these bodies if they hold fewer roots than the bulk threshold; otherwise stop reading and land none."""
        held: list[Body] = []
        roots = 0
        try:
            for body in bodies:
                held.append(body)
                roots += body.roots
                if roots >= self._bulk_threshold:
                    return False
        except CrowdedSecondError:
            return False
        self._land(held, versions)
        return True

    def _land_file(self, name: str, query: str | None, *, lines_are_roots: bool) -> Part:
        def land(file: BulkFile, chunks: Iterator[bytes]) -> Part:
            return self._writer.add_lines(
                chunks,
                operation=name,
                query_hash=operation(name).query_hash,
                api_version=self._api.api_version,
                lines=file.lines,
                roots=file.lines if lines_are_roots else file.roots,
            )

        query_text = operation(name).inlined({"query": query})
        return self._bulk.fetch(query_text, self._memory, land, since=self._opened_at)


def has_windows(stream: str) -> bool:
    """Whether every root of a stream can be asked for by when it last changed."""
    return all(reading.stamp is not None for reading in READINGS[stream].roots)


def is_read_whole(stream: str) -> bool:
    """Whether no root of a stream can be asked for by when it last changed."""
    return all(reading.stamp is None for reading in READINGS[stream].roots)


def is_older(api: AdminApi, stream: str, than: datetime) -> bool:
    """Whether anything in a stream was last changed before this."""
    pages = PageReader(api, page_size=1, progress=lambda line: None)
    return any(pages.has_any(reading, Window(None, than, reading.stamp)) for reading in READINGS[stream].roots)


def land_all(writer: LandingWriter, bodies: Iterable[Body]) -> None:
    """Land answers as they come."""
    for body in bodies:
        writer.add(
            body.kind,
            body.raw,
            operation=body.operation,
            query_hash=body.query_hash,
            api_version=body.api_version,
            roots=body.roots,
        )


class _BulkRoot(TypedDict):
    """As much of a root's line as tells an order, and whether its lists came whole."""

    id: str
    updatedAt: str
    refunds: list[msgspec.Raw]
    fulfillments: list[msgspec.Raw]
    transactions: list[msgspec.Raw]
    fulfillmentsCount: NotRequired[dict[str, int] | None]
    transactionsCount: NotRequired[dict[str, int] | None]


class _Version(msgspec.Struct):
    id: str
    updated_at: str = msgspec.field(name="updatedAt")
    parent: str | None = msgspec.field(default=None, name="__parentId")


def root_versions(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Gid and ``updatedAt`` of every root in a bulk file; a line that cannot be read is passed over."""
    decoder = msgspec.json.Decoder(_Version)
    for line in lines:
        try:
            root = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        if root.parent is None:
            yield root.id, root.updated_at


def roots_with_details(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Gid and ``updatedAt`` of every order in a bulk file: no line says that it has no shipping or discount.

    A line that cannot be read is passed over: it is withheld and quarantined when the load is merged. Refunds are not
    compared with the agreements here: those are lines of their own, which may have been written after a refund that
    the order's line came too early for; the next window brings it.

    Raises:
        IncompleteError: A list of an order is shorter than the order says.
    """
    decoder = msgspec.json.Decoder(_BulkRoot)
    for line in lines:
        try:
            root = decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue
        check_counts(root)
        if is_exact_gid(root["id"]):
            yield root["id"], root["updatedAt"]
