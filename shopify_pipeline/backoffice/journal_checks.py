"""What the journal refuses to write, and why in one line.

Here: one check per kind of record, against what is written already. Not here: writing (``journal.py``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from functools import cached_property
from typing import TypeVar

import msgspec

from shopify_pipeline.backoffice.journal_books import Chart, movements, stock
from shopify_pipeline.backoffice.journal_file import Entry, Key
from shopify_pipeline.backoffice.protocol import (
    Document,
    JournalEntry,
    Order,
    Payment,
    Product,
    Restock,
    Shipment,
    StockCount,
)

Record = TypeVar("Record", Product, StockCount, Document, Payment, JournalEntry)


class Refused(Exception):
    """One record cannot be booked; the text says why."""


class Checks:
    """The checks of one shop.

    Args:
        entries: The journal's entries by key; looked at when a check runs.
    """

    def __init__(self, shop: str, entries: Mapping[Key, Entry], chart: Chart) -> None:
        self._shop = shop
        self._entries = entries
        self._chart = chart
        self._accounts = chart.known_accounts

    def product(self, product: Product) -> None:
        """A code belongs to one product. Raises Refused."""
        if self._product_by_code.get(product.code, product.external_id) != product.external_id:
            raise Refused(f"product code {product.code} is taken by another product")
        booked = self._booked("products", product.external_id, Product)
        if booked is not None:
            self._product_by_code.pop(booked.code, None)
        self._product_by_code[product.code] = product.external_id

    @cached_property
    def _product_by_code(self) -> dict[str, str]:
        found = (
            msgspec.json.decode(entry.record, type=Product)
            for entry in self._entries.values()
            if (entry.shop, entry.resource) == (self._shop, "products")
        )
        return {product.code: product.external_id for product in found}

    def count(self, count: StockCount) -> None:
        """A count is booked once, and a later one is a difference to what is on hand. Raises Refused."""
        self._known("product", count.product)
        _known_code(count.location, self._chart.locations, "location")
        if count.account is not None:
            _known_code(count.account, self._accounts, "account")
        if count.quantity < 0:
            raise Refused(f"a count cannot be negative ({count.quantity})")
        booked = self._booked("stock_counts", count.external_id, StockCount)
        if booked is not None:
            kind = "opening count" if booked.was is None else "count"
            raise Refused(f"{kind} of {booked.quantity} is booked and cannot become {count.quantity}")
        if count.was is None:
            return
        on_hand = self._on_hand.get((count.product, count.location), Decimal(0))
        if on_hand != count.was:
            raise Refused(f"{on_hand} units are on hand, not {count.was}: something has moved since they were read")
        self._on_hand[count.product, count.location] = Decimal(count.quantity)

    @cached_property
    def _on_hand(self) -> dict[tuple[str, str], Decimal]:
        moved = movements([entry for entry in self._entries.values() if entry.shop == self._shop])
        return {(row.product, row.location): row.quantity for row in stock(moved)}

    def order(self, order: Order) -> None:
        """All of an order can be booked, or nothing of it is. Raises Refused."""
        if order.currency != self._chart.currency:
            raise Refused(f"order is in {order.currency} but the journal is in {self._chart.currency}")
        self._known("party", order.party)
        for line in order.lines:
            self._known("product", line.product)
        _known_code(order.warehouse, self._chart.locations, "location")
        owed = {line.external_id for line in order.lines}
        for shipment in order.shipments:
            self._move(shipment, owed)
        for restock in order.restocks:
            self._move(restock, owed)
        for document in order.documents:
            self._document(document)
        for payment in order.payments:
            self._payment(payment)
        for entry in order.entries:
            self.entry(entry, order.external_id)

    def entry(self, entry: JournalEntry, order_id: str | None) -> None:
        """An entry is balanced, on known accounts, and never changes.

        Args:
            order_id: The order it comes with, or belongs to.

        Raises:
            Refused: It is not.
        """
        name = entry.external_id
        if entry.currency != self._chart.currency:
            raise Refused(f"entry {name} is in {entry.currency} but the journal is in {self._chart.currency}")
        booked = self._booked("entries", name, JournalEntry)
        if booked is not None:
            was, new = _content(booked), _content(entry)
            if was != new:
                raise Refused(f"entry {name} is booked with {was} and cannot become {new}")
            return
        if not entry.lines:
            raise Refused(f"entry {name} has no lines")
        rest = sum((line.amount for line in entry.lines), Decimal(0))
        if rest:
            raise Refused(f"the lines of entry {name} sum to {rest}, not to zero")
        for line in entry.lines:
            _known_code(line.account, self._accounts, "account")
            if line.account == self._chart.receivable and order_id is None:
                raise Refused(f"entry {name} is on account {line.account}, which needs a party, but it names no order")

    def known_order(self, order_id: str) -> None:
        """An entry belongs to an order that is here. Raises Refused."""
        self._known("order", order_id)

    def _document(self, document: Document) -> None:
        name = document.external_id
        taxes = sum((tax.amount for line in document.lines for tax in line.taxes), Decimal(0))
        total = sum((line.net for line in document.lines), taxes)
        if total != document.total:
            raise Refused(f"document {name} sums to {total}, not to its total {document.total}")
        booked = self._booked("documents", name, Document)
        if booked is not None:
            if booked.total != document.total:
                raise Refused(f"document {name} is posted with {booked.total} and cannot become {document.total}")
            return
        for line in document.lines:
            _known_code(line.account, self._accounts, "account")
            for tax in line.taxes:
                _known_code(tax.tax, self._chart.taxes, "tax")
            if line.product is not None:
                self._known("product", line.product)

    def _payment(self, payment: Payment) -> None:
        name = payment.external_id
        booked = self._booked("payments", name, Payment)
        if booked is not None:
            was, new = _paid(booked), _paid(payment)
            if was != new:
                raise Refused(f"payment {name} is booked with {was} and cannot become {new}")
            return
        _known_code(payment.account, self._accounts, "account")
        if payment.rounding:
            if payment.rounding_account is None:
                raise Refused(f"payment {name} is rounded by {payment.rounding} but names no account for that")
            _known_code(payment.rounding_account, self._accounts, "account")

    def _move(self, source: Shipment | Restock, owed: Collection[str]) -> None:
        resource = "shipments" if isinstance(source, Shipment) else "restocks"
        if (self._shop, resource, source.external_id) in self._entries:
            return
        _known_code(source.location, self._chart.locations, "location")
        if isinstance(source, Shipment) and source.cancelled_on is not None:
            return
        for units in source.units:
            if units.order_line not in owed:
                raise Refused(f"{source.external_id} moves units of {units.order_line}, which is not in the order")

    def _known(self, kind: str, external_id: str) -> None:
        resource = {"party": "parties", "product": "products", "order": "orders"}[kind]
        if (self._shop, resource, external_id) not in self._entries:
            raise Refused(f"unknown {kind} {external_id}: push it first")

    def _booked(self, resource: str, external_id: str, kind: type[Record]) -> Record | None:
        entry = self._entries.get((self._shop, resource, external_id))
        return None if entry is None else msgspec.json.decode(entry.record, type=kind)


def _content(entry: JournalEntry) -> str:
    """What of an entry is in the books, in words a person can compare: what is debited in all, and the day.

    The codes do not count: a value map that changes later moves nothing that is booked, and may put two lines in one.
    """
    return f"{sum((line.amount for line in entry.lines if line.amount > 0), Decimal(0))} on {entry.on}"


def _paid(payment: Payment) -> str:
    """What of a payment is in the books; its codes do not count."""
    return f"{payment.amount} rounded by {payment.rounding}" if payment.rounding else str(payment.amount)


def _known_code(code: str, codes: Collection[str], kind: str) -> None:
    if code not in codes:
        raise Refused(f"unmapped {kind} {code}")
