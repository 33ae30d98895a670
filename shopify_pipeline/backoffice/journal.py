"""A back office in one file: every record a line of JSON, appended once, synced to disk, never changed.

For shops whose ERP has no adapter yet, and as the second witness that the protocol is not Tryton's. Not here:
stock planning, periods or numbers of an ERP; a document is booked on the day of its event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec

from shopify_pipeline.backoffice import journal_books as books
from shopify_pipeline.backoffice import journal_units as units
from shopify_pipeline.backoffice.journal_books import REVERSALS, Chart, Movement, Posting
from shopify_pipeline.backoffice.journal_checks import Checks, Refused
from shopify_pipeline.backoffice.journal_file import Entry, JournalFile
from shopify_pipeline.backoffice.protocol import (
    Codes,
    Document,
    DocumentRow,
    EditedRow,
    Health,
    JournalEntry,
    LedgerRow,
    Order,
    OrderLineRow,
    OrderRow,
    Outcome,
    Party,
    PartyRow,
    Payment,
    PaymentRow,
    Product,
    ProductRow,
    Restock,
    Result,
    Shipment,
    ShipmentRow,
    StockCount,
    StockRow,
    TaxedRow,
    Total,
)

__all__ = ["Chart", "JournalBackOffice"]

VERSION = "1"
#: A journal is of one company, and keeps no name of it.
COMPANY = "journal"
RESOURCES = (
    "parties",
    "products",
    "stock_counts",
    "orders",
    "documents",
    "payments",
    "entries",
    "shipments",
    "restocks",
)
Simple = TypeVar("Simple", Party, Product, StockCount)
Record = TypeVar("Record", bound=msgspec.Struct)


class JournalBackOffice:
    """``BackOffice`` on one append-only file.

    Args:
        path: The journal; created when missing. A half line at its end (the machine died) is cut off before appending.
        chart: The codes it may book on.

    It keeps no time of writing, so that a reading ``since`` some instant is a whole reading.
    """

    def __init__(self, path: Path, chart: Chart) -> None:
        self._file = JournalFile(path)
        self._chart = chart

    @property
    def currency(self) -> str:
        """The currency of every amount in it, ISO 4217."""
        return self._chart.currency

    def health(self, shop: str) -> Health:
        """Say who answers."""
        return Health(
            product="journal", version=VERSION, plugin=VERSION, company=COMPANY, currency=self._chart.currency
        )

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]:
        """Write new and changed customers."""
        return self._push(shop, "parties", parties, lambda party: None)

    def push_products(self, shop: str, products: Sequence[Product]) -> list[Result]:
        """Write new and changed variants; a code belongs to one product."""
        return self._push(shop, "products", products, self._checks(shop).product)

    def push_stock_counts(self, shop: str, counts: Sequence[StockCount]) -> list[Result]:
        """Write counts, each once."""
        return self._push(shop, "stock_counts", counts, self._checks(shop).count)

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        """Write what is missing of each order; the order's own line comes last, when everything of it is there."""
        results = []
        checks = self._checks(shop)
        with self._file.appending() as append:
            for order in orders:
                known = self._file.entries.get((shop, "orders", order.external_id))
                if known is not None and known.fingerprint == order.fingerprint:
                    results.append(Result(external_id=order.external_id, outcome=Outcome.UNCHANGED))
                    continue
                try:
                    checks.order(order)
                except Refused as refusal:
                    results.append(_rejected(order.external_id, refusal))
                    continue
                missing = [entry for entry in _parts(shop, order) if not self._is_written(entry)]
                append(
                    [
                        *missing,
                        *self._due_days(shop, order),
                        _entry(shop, "orders", order, order_id=order.external_id, party=order.party),
                    ]
                )
                results.append(
                    Result(
                        external_id=order.external_id,
                        outcome=Outcome.UPDATED if known else Outcome.CREATED,
                        documents=sum(entry.resource == "documents" for entry in missing),
                    )
                )
        return results

    def push_entries(self, shop: str, entries: Sequence[JournalEntry]) -> list[Result]:
        """Write new entries; one that is written never changes."""
        results = []
        checks = self._checks(shop)
        with self._file.appending() as append:
            for entry in entries:
                try:
                    if entry.order is not None:
                        checks.known_order(entry.order)
                    checks.entry(entry, entry.order)
                except Refused as refusal:
                    results.append(_rejected(entry.external_id, refusal))
                    continue
                line = _entry(shop, "entries", entry, order_id=entry.order or "", party=self._party(shop, entry.order))
                is_new = line.key not in self._file.entries
                if is_new:
                    append([line])
                results.append(
                    Result(external_id=entry.external_id, outcome=Outcome.CREATED if is_new else Outcome.UNCHANGED)
                )
        return results

    def unknown_codes(self, shop: str, codes: Codes) -> Codes:
        """Compare with the chart."""
        return Codes(
            accounts=tuple(code for code in codes.accounts if code not in self._chart.known_accounts),
            taxes=tuple(code for code in codes.taxes if code not in self._chart.taxes),
            locations=tuple(code for code in codes.locations if code not in self._chart.locations),
        )

    def known(self, shop: str, resource: str, external_ids: Sequence[str]) -> dict[str, str]:
        """Read which ids are written, with their fingerprints."""
        self._file.catch_up()
        found = [self._file.entries.get((shop, resource, external_id)) for external_id in external_ids]
        return {entry.external_id: entry.fingerprint for entry in found if entry is not None}

    def orders(self, shop: str, since: datetime | None = None) -> list[OrderRow]:
        """Read the orders."""
        return [
            OrderRow(order_id=order.external_id, record=f"orders/{order.external_id}", state="booked", on=order.on)
            for _, order in self.records(shop, "orders", Order)
        ]

    def order_lines(self, shop: str, since: datetime | None = None) -> list[OrderLineRow]:
        """Read the lines of the orders."""
        return units.order_lines(
            (order for _, order in self.records(shop, "orders", Order)),
            (product for _, product in self.records(shop, "products", Product)),
        )

    def shipments(self, shop: str, since: datetime | None = None) -> list[ShipmentRow]:
        """Read what left and what came back."""
        return units.shipments(self.movements(shop))

    def documents(self, shop: str, since: datetime | None = None) -> list[DocumentRow]:
        """Read the documents; a number is the position in the journal."""
        return [
            DocumentRow(
                external_id=document.external_id,
                order_id=entry.order_id,
                record=f"documents/{document.external_id}",
                number=str(number),
                state="posted",
                on=document.on,
                booked_on=document.on,
                company=COMPANY,
                currency=self._chart.currency,
                total=document.total,
                tax=sum((tax.amount for line in document.lines for tax in line.taxes), Decimal(0)),
            )
            for number, (entry, document) in enumerate(self.records(shop, "documents", Document), start=1)
        ]

    def ledger(self, shop: str, since: datetime | None = None) -> list[LedgerRow]:
        """Read debit minus credit per account of every document, payment and entry."""
        return books.ledger(self.postings(shop))

    def taxes(self, shop: str, since: datetime | None = None) -> list[TaxedRow]:
        """Read base and amount per document and tax."""
        return books.taxes(self.records(shop, "documents", Document))

    def payments(self, shop: str, since: datetime | None = None) -> list[PaymentRow]:
        """Read the payments."""
        return [
            PaymentRow(
                external_id=payment.external_id,
                order_id=entry.order_id,
                account=payment.account,
                amount=payment.amount,
                on=payment.on,
                company=COMPANY,
            )
            for entry, payment in self.records(shop, "payments", Payment)
        ]

    def stock(self, shop: str) -> list[StockRow]:
        """Read the units on hand: counted, less what left, plus what came back."""
        return books.stock(self.movements(shop))

    def parties(self, shop: str) -> list[PartyRow]:
        """Read the customers."""
        return units.parties(party for _, party in self.records(shop, "parties", Party))

    def products(self, shop: str) -> list[ProductRow]:
        """Read the variants."""
        return units.products(product for _, product in self.records(shop, "products", Product))

    def totals(self, shop: str) -> list[Total]:
        """Read debit minus credit per account and month."""
        return books.totals(self.postings(shop))

    def edited(self, shop: str, among: Mapping[str, Collection[str]] | None = None) -> list[EditedRow]:
        """Read what somebody changed in the file: records that are not what their fingerprints were taken of."""
        return [
            EditedRow(
                resource=entry.resource,
                external_id=entry.external_id,
                record=f"{entry.resource}/{entry.external_id}",
                what="changed",
            )
            for entry in self._entries(shop)
            if (among is None or entry.external_id in among.get(entry.resource, ()))
            and entry.resource != "orders"
            and _is_edited(entry)
        ]

    def counts(self, shop: str) -> dict[str, int]:
        """Read the number of records per resource; a shipment that was cancelled does not count."""
        names: dict[str, set[str]] = defaultdict(set)
        for entry in self._entries(shop):
            names[entry.resource].add(entry.external_id)
        names["shipments"] -= names[REVERSALS]
        return {resource: len(names[resource]) for resource in RESOURCES}

    def postings(self, shop: str) -> list[Posting]:
        """Read every line of the double-entry journal, in the order it was written."""
        return books.postings(self._entries(shop), self._chart)

    def movements(self, shop: str) -> list[Movement]:
        """Read every movement of stocked goods, in the order it was written."""
        return books.movements(self._entries(shop))

    def records(self, shop: str, resource: str, kind: type[Record]) -> list[tuple[Entry, Record]]:
        """Read the records of one resource, each with its entry, in the order they were written."""
        return books.read(self._entries(shop), resource, kind)

    def append(self, entries: Sequence[Entry]) -> None:
        """Write entries that are no pushed record, such as what was exported."""
        with self._file.appending() as append:
            append(entries)

    def _entries(self, shop: str) -> list[Entry]:
        self._file.catch_up()
        return [entry for entry in self._file.entries.values() if entry.shop == shop]

    def _checks(self, shop: str) -> Checks:
        return Checks(shop, self._file.entries, self._chart)

    def _party(self, shop: str, order_id: str | None) -> str:
        order = self._file.entries.get((shop, "orders", order_id or ""))
        return order.party if order is not None else ""

    def _is_written(self, entry: Entry) -> bool:
        """Whether a part is there already; a cancelled shipment is remembered, so that it cannot be booked later."""
        is_cancelled = (entry.shop, REVERSALS, entry.external_id) in self._file.entries
        return entry.key in self._file.entries or (entry.resource == "shipments" and is_cancelled)

    def _due_days(self, shop: str, order: Order) -> Iterator[Entry]:
        """Written documents that are due on another day now: terms may be agreed on, or start, later."""
        for document in order.documents:
            known = self._file.entries.get((shop, "documents", document.external_id))
            if known is None:
                continue
            written = msgspec.json.decode(known.record, type=Document)
            if written.due_on != document.due_on:
                moved = msgspec.structs.replace(written, due_on=document.due_on)
                yield _entry(shop, "documents", moved, order_id=known.order_id, party=known.party)

    def _push(
        self, shop: str, resource: str, records: Sequence[Simple], check: Callable[[Simple], None]
    ) -> list[Result]:
        results = []
        with self._file.appending() as append:
            for record in records:
                entry = _entry(shop, resource, record)
                known = self._file.entries.get(entry.key)
                if known is not None and (known.fingerprint == entry.fingerprint or _is_edited(known)):
                    results.append(Result(external_id=record.external_id, outcome=Outcome.UNCHANGED))
                    continue
                try:
                    check(record)
                except Refused as refusal:
                    results.append(_rejected(record.external_id, refusal))
                    continue
                append([entry])
                outcome = Outcome.UPDATED if known else Outcome.CREATED
                results.append(Result(external_id=record.external_id, outcome=outcome))
        return results


def _parts(shop: str, order: Order) -> Iterator[Entry]:
    parts: dict[str, Sequence[Document | Payment | JournalEntry | Shipment | Restock]] = {
        "documents": order.documents,
        "payments": order.payments,
        "entries": order.entries,
        "shipments": [shipment for shipment in order.shipments if shipment.cancelled_on is None],
        REVERSALS: [shipment for shipment in order.shipments if shipment.cancelled_on is not None],
        "restocks": order.restocks,
    }
    for resource, records in parts.items():
        for record in records:
            yield _entry(shop, resource, record, order_id=order.external_id, party=order.party)


def _entry(
    shop: str,
    resource: str,
    record: Party | Product | StockCount | Order | Document | Payment | JournalEntry | Shipment | Restock,
    *,
    order_id: str = "",
    party: str = "",
) -> Entry:
    body = msgspec.json.encode(record)
    return Entry(
        shop=shop,
        resource=resource,
        external_id=record.external_id,
        order_id=order_id,
        fingerprint=record.fingerprint if isinstance(record, Order) else _fingerprint(body),
        record=msgspec.Raw(body),
        party=party,
    )


def _fingerprint(record: bytes) -> str:
    return sha256(record).hexdigest()


def _is_edited(entry: Entry) -> bool:
    """Whether somebody changed a record in the file; what a person changed stays."""
    return entry.fingerprint != _fingerprint(bytes(entry.record))


def _rejected(external_id: str, refusal: Refused) -> Result:
    return Result(external_id=external_id, outcome=Outcome.REJECTED, reason=str(refusal))
