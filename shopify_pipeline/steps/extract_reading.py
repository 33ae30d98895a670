"""Which way a stream is read: by bulk operation, by pages, or by both, into the landing prefix of one load.

Here: the choice and its order. Not here: the load's life (``extract.py``), how Shopify is spoken to (``shopify/``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import NotRequired, TypedDict

import msgspec

from shopify_pipeline.landing import LandingWriter, Part
from shopify_pipeline.shopify.bulk import BulkMemory, BulkRunner
from shopify_pipeline.shopify.bulk_files import BulkFile
from shopify_pipeline.shopify.client import AdminApi
from shopify_pipeline.shopify.pages import Body, PageReader, is_exact_gid
from shopify_pipeline.shopify.queries import operation
from shopify_pipeline.shopify.streams import READINGS, StreamReading
from shopify_pipeline.shopify.whole import check_counts
from shopify_pipeline.shopify.windows import Window


class Reading:
    """Reads one load into its landing prefix.

    Args:
        opened_at: When the load was opened, by the shop's clock: an older bulk operation is none of its own.
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
        progress: Callable[[str], None],
    ) -> None:
        self._api = api
        self._writer = writer
        self._memory = memory
        self._opened_at = opened_at
        self._bulk_threshold = bulk_threshold
        self._pages = PageReader(api, page_size=page_size, progress=progress)
        self._bulk = BulkRunner(api, progress=progress)

    def read(self, stream: str, window: Window) -> None:
        """Land everything that changed in a window, or everything there is when it has no start."""
        if stream == "inventory":
            self._inventory(_filter(window))
        else:
            self._stream(READINGS[stream], window)

    def _stream(self, reading: StreamReading, window: Window) -> None:
        """A stream with one kind of root: by bulk operation when there is much, else by pages."""
        query = _filter(window)
        counted = self._pages.count(reading, query, limit=self._bulk_threshold)
        if counted < self._bulk_threshold:
            land_all(self._writer, self._pages.window(reading, window, counted=counted))
            return
        part = self._land_file(reading.bulk, query, lines_are_roots=False)
        if reading.detail is not None:
            versions = roots_with_details(self._writer.lines(part))
            land_all(self._writer, self._pages.details(reading, versions))

    def _inventory(self, query: str | None) -> None:
        """Locations as a whole, items and levels by the filter; levels are roots of their own."""
        if query is None:
            self._land_file("InventoryItemsBulk", None, lines_are_roots=False)
            self._land_file("LocationsBulk", None, lines_are_roots=True)
            return
        if not self._land_if_few(
            body for body, _ in self._pages.roots_only("InventoryItemsPage", "inventoryItems", query)
        ):
            self._land_file("InventoryItemsBulk", query, lines_are_roots=False)
        locations = list(self._pages.roots_only("LocationsPage", "locations"))
        levels = (
            body
            for _, nodes in locations
            for node in nodes
            if is_exact_gid(node["id"])
            for body in self._pages.under("LocationLevels", node["id"], "inventoryLevels", query)
        )
        if self._land_if_few(levels):
            land_all(self._writer, (body for body, _ in locations))
        else:
            self._land_file("LocationsBulk", query, lines_are_roots=True)

    def _land_if_few(self, bodies: Iterable[Body]) -> bool:
        """Land these bodies if they hold fewer roots than the bulk threshold; otherwise stop reading and land none."""
        held: list[Body] = []
        for body in bodies:
            held.append(body)
            if sum(body.roots for body in held) >= self._bulk_threshold:
                return False
        land_all(self._writer, held)
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


def _filter(window: Window) -> str | None:
    return None if window.since is None else window.query


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
    """As much of a root's line as tells whether a bulk operation could carry all of it, and did."""

    id: str
    updatedAt: str
    refunds: list[msgspec.Raw]
    fulfillments: list[msgspec.Raw]
    transactions: list[msgspec.Raw]
    fulfillmentsCount: NotRequired[dict[str, int] | None]
    transactionsCount: NotRequired[dict[str, int] | None]


def roots_with_details(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Gid and ``updatedAt`` of every order with refunds or fulfillments in a bulk file.

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
        if (root["refunds"] or root["fulfillments"]) and is_exact_gid(root["id"]):
            yield root["id"], root["updatedAt"]
