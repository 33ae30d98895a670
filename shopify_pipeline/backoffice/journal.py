"""A back office in one file: every record a line of JSON, appended once, synced to disk, never changed.

For shops without an ERP, and as the second witness that the protocol is not Tryton's. Not here: stock planning,
periods or numbers of an ERP; a document is booked on the day of its event.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

import msgspec

from shopify_pipeline.backoffice.journal_file import Entry, JournalFile
from shopify_pipeline.backoffice.protocol import (
    Document,
    DocumentRow,
    Health,
    LedgerRow,
    Order,
    OrderRow,
    Outcome,
    Party,
    Payment,
    PaymentRow,
    Product,
    Restock,
    Result,
    Shipment,
    StockCount,
    StockRow,
)

VERSION = "1"
RESOURCES = ("parties", "products", "stock_counts", "orders", "documents", "payments", "shipments", "restocks")
Simple = TypeVar("Simple", Party, Product, StockCount)
Record = TypeVar("Record", bound=msgspec.Struct)


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The codes the journal knows; anything else is refused as unmapped."""

    currency: str
    receivable: str
    tax_payable: str
    accounts: frozenset[str]
    taxes: frozenset[str]
    locations: frozenset[str]


class Refused(Exception):
    """One record cannot be booked; the text says why."""


class JournalBackOffice:
    """``BackOffice`` on one append-only file.

    Args:
        path: The journal; created when missing. A half line at its end (the machine died) is cut off before appending.
        chart: The codes it may book on.
    """

    def __init__(self, path: Path, chart: Chart) -> None:
        self._file = JournalFile(path)
        self._chart = chart

    def health(self) -> Health:
        """Say who answers."""
        return Health(product="journal", version=VERSION, plugin=VERSION, currency=self._chart.currency)

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]:
        """Write new and changed customers."""
        return self._push(shop, "parties", parties, lambda party: None)

    def push_products(self, shop: str, products: Sequence[Product]) -> list[Result]:
        """Write new and changed variants; a code belongs to one product."""
        return self._push(shop, "products", products, lambda product: self._check_product(shop, product))

    def push_stock_counts(self, shop: str, counts: Sequence[StockCount]) -> list[Result]:
        """Write opening counts, each once."""
        return self._push(shop, "stock_counts", counts, lambda count: self._check_count(shop, count))

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]:
        """Write what is missing of each order; the order's own line comes last, when everything of it is there."""
        results = []
        with self._file.appending() as append:
            for order in orders:
                known = self._file.entries.get((shop, "orders", order.external_id))
                if known is not None and known.fingerprint == order.fingerprint:
                    results.append(Result(external_id=order.external_id, outcome=Outcome.UNCHANGED))
                    continue
                try:
                    self._check_order(shop, order)
                except Refused as refusal:
                    results.append(_rejected(order.external_id, refusal))
                    continue
                missing = [entry for entry in _parts(shop, order) if entry.key not in self._file.entries]
                append([*missing, _entry(shop, "orders", order, order.external_id, order.fingerprint)])
                results.append(
                    Result(
                        external_id=order.external_id,
                        outcome=Outcome.UPDATED if known else Outcome.CREATED,
                        documents=sum(entry.resource == "documents" for entry in missing),
                    )
                )
        return results

    def orders(self, shop: str) -> list[OrderRow]:
        """Read the orders."""
        return [
            OrderRow(order_id=order.external_id, record=f"orders/{order.external_id}", state="booked", on=order.on)
            for _, order in self._records(shop, "orders", Order)
        ]

    def documents(self, shop: str) -> list[DocumentRow]:
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
                currency=self._chart.currency,
                total=document.total,
                tax=_tax(document),
            )
            for number, (entry, document) in enumerate(self._records(shop, "documents", Document), start=1)
        ]

    def ledger(self, shop: str) -> list[LedgerRow]:
        """Read debit minus credit per account of every document and payment."""
        sums: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        for entry, document in self._records(shop, "documents", Document):
            key = document.external_id, entry.order_id
            sums[(*key, self._chart.receivable)] += document.total
            for line in document.lines:
                sums[(*key, line.account)] -= line.net
                for tax in line.taxes:
                    sums[(*key, self._chart.tax_payable)] -= tax.amount
        for entry, payment in self._records(shop, "payments", Payment):
            sums[payment.external_id, entry.order_id, payment.account] += payment.amount
            sums[payment.external_id, entry.order_id, self._chart.receivable] -= payment.amount
        return [
            LedgerRow(external_id=name, order_id=order_id, account=account, amount=amount)
            for (name, order_id, account), amount in sums.items()
        ]

    def payments(self, shop: str) -> list[PaymentRow]:
        """Read the payments."""
        return [
            PaymentRow(
                external_id=payment.external_id,
                order_id=entry.order_id,
                account=payment.account,
                amount=payment.amount,
                on=payment.on,
            )
            for entry, payment in self._records(shop, "payments", Payment)
        ]

    def stock(self, shop: str) -> list[StockRow]:
        """Read the units on hand: counted, less what left, plus what came back."""
        on_hand: dict[tuple[str, str], int] = defaultdict(int)
        products = {product.external_id: product for _, product in self._records(shop, "products", Product)}
        line_product = {
            (order.external_id, line.external_id): line.product
            for _, order in self._records(shop, "orders", Order)
            for line in order.lines
        }
        for _, count in self._records(shop, "stock_counts", StockCount):
            on_hand[count.product, count.location] += count.quantity
        moved: list[tuple[Entry, Shipment | Restock, int]] = []
        moved += [(entry, shipment, -1) for entry, shipment in self._records(shop, "shipments", Shipment)]
        moved += [(entry, restock, 1) for entry, restock in self._records(shop, "restocks", Restock)]
        for entry, source, sign in moved:
            for units in source.units:
                product = line_product[entry.order_id, units.order_line]
                if products[product].stocked:
                    on_hand[product, source.location] += sign * units.quantity
        return [
            StockRow(product=product, location=location, quantity=Decimal(quantity))
            for (product, location), quantity in sorted(on_hand.items())
            if quantity
        ]

    def counts(self, shop: str) -> dict[str, int]:
        """Read the number of records per resource."""
        self._file.catch_up()
        return {resource: sum(key[:2] == (shop, resource) for key in self._file.entries) for resource in RESOURCES}

    def _push(
        self, shop: str, resource: str, records: Sequence[Simple], check: Callable[[Simple], None]
    ) -> list[Result]:
        results = []
        with self._file.appending() as append:
            for record in records:
                entry = _entry(shop, resource, record, "", sha256(msgspec.json.encode(record)).hexdigest())
                known = self._file.entries.get(entry.key)
                if known is not None and known.fingerprint == entry.fingerprint:
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

    def _check_product(self, shop: str, product: Product) -> None:
        for entry in self._file.entries.values():
            if (entry.shop, entry.resource) == (shop, "products") and entry.external_id != product.external_id:
                other = msgspec.json.decode(entry.record, type=Product)
                if other.code == product.code:
                    raise Refused(f"product code {product.code} is taken by another product")

    def _check_count(self, shop: str, count: StockCount) -> None:
        self._known(shop, "products", count.product)
        _known_code(count.location, self._chart.locations, "location")
        if count.quantity < 0:
            raise Refused(f"a count cannot be negative ({count.quantity})")
        booked = self._file.entries.get((shop, "stock_counts", count.external_id))
        if booked is not None:
            quantity = msgspec.json.decode(booked.record, type=StockCount).quantity
            raise Refused(f"opening count of {quantity} is booked and cannot become {count.quantity}")

    def _check_order(self, shop: str, order: Order) -> None:
        if order.currency != self._chart.currency:
            raise Refused(f"order is in {order.currency} but the journal is in {self._chart.currency}")
        self._known(shop, "parties", order.party)
        moves: list[Shipment | Restock] = [*order.shipments, *order.restocks]
        for location in (order.warehouse, *(source.location for source in moves)):
            _known_code(location, self._chart.locations, "location")
        owed = {line.external_id for line in order.lines}
        for line in order.lines:
            self._known(shop, "products", line.product)
        for source in moves:
            for units in source.units:
                if units.order_line not in owed:
                    raise Refused(f"{source.external_id} moves units of {units.order_line}, which is not in the order")
        for document in order.documents:
            self._check_document(shop, document)
        for payment in order.payments:
            _known_code(payment.account, self._chart.accounts, "account")
            booked = self._file.entries.get((shop, "payments", payment.external_id))
            if booked is not None:
                amount = msgspec.json.decode(booked.record, type=Payment).amount
                if amount != payment.amount:
                    raise Refused(
                        f"payment {payment.external_id} is booked with {amount} and cannot become {payment.amount}"
                    )

    def _check_document(self, shop: str, document: Document) -> None:
        name = document.external_id
        total = sum((line.net for line in document.lines), Decimal(0)) + _tax(document)
        if total != document.total:
            raise Refused(f"document {name} sums to {total}, not to its total {document.total}")
        booked = self._file.entries.get((shop, "documents", name))
        if booked is not None:
            was = msgspec.json.decode(booked.record, type=Document).total
            if was != document.total:
                raise Refused(f"document {name} is posted with {was} and cannot become {document.total}")
            return
        for line in document.lines:
            _known_code(line.account, self._chart.accounts, "account")
            for tax in line.taxes:
                _known_code(tax.tax, self._chart.taxes, "tax")
            if line.product is not None:
                self._known(shop, "products", line.product)

    def _known(self, shop: str, resource: str, external_id: str) -> None:
        if (shop, resource, external_id) not in self._file.entries:
            singular = {"parties": "party", "products": "product"}[resource]
            raise Refused(f"unknown {singular} {external_id}: push it first")

    def _records(self, shop: str, resource: str, kind: type[Record]) -> list[tuple[Entry, Record]]:
        self._file.catch_up()
        return [
            (entry, msgspec.json.decode(entry.record, type=kind))
            for entry in self._file.entries.values()
            if (entry.shop, entry.resource) == (shop, resource)
        ]


def _parts(shop: str, order: Order) -> Iterator[Entry]:
    parts: dict[str, Sequence[Document | Payment | Shipment | Restock]] = {
        "documents": order.documents,
        "payments": order.payments,
        "shipments": order.shipments,
        "restocks": order.restocks,
    }
    for resource, records in parts.items():
        for record in records:
            yield _entry(shop, resource, record, order.external_id, "")


def _entry(
    shop: str,
    resource: str,
    record: Party | Product | StockCount | Order | Document | Payment | Shipment | Restock,
    order_id: str,
    fingerprint: str,
) -> Entry:
    return Entry(
        shop=shop,
        resource=resource,
        external_id=record.external_id,
        order_id=order_id,
        fingerprint=fingerprint,
        record=msgspec.Raw(msgspec.json.encode(record)),
    )


def _rejected(external_id: str, refusal: Refused) -> Result:
    return Result(external_id=external_id, outcome=Outcome.REJECTED, reason=str(refusal))


def _known_code(code: str, codes: frozenset[str], kind: str) -> None:
    if code not in codes:
        raise Refused(f"unmapped {kind} {code}")


def _tax(document: Document) -> Decimal:
    return sum((tax.amount for line in document.lines for tax in line.taxes), Decimal(0))
