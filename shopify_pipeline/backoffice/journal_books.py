"""What a journal's entries add up to: the double-entry lines of a document, payment or entry, and the units that moved.

Here: pure functions from records to lines. Not here: bytes (``journal_file.py``), what may be written
(``journal_checks.py``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from shopify_pipeline.backoffice.journal_file import Entry
from shopify_pipeline.backoffice.protocol import (
    Document,
    JournalEntry,
    LedgerRow,
    MovedUnits,
    Order,
    Payment,
    Product,
    Restock,
    Shipment,
    StockCount,
    StockRow,
    TaxedRow,
    Total,
)

#: Resources that book money; a reversal takes a shipment's units back.
BOOKINGS = ("documents", "payments", "entries")
REVERSALS = "reversals"
Record = TypeVar("Record", bound=msgspec.Struct)


class Chart(msgspec.Struct, frozen=True, kw_only=True):
    """The codes the journal knows; anything else is refused as unmapped.

    Attributes:
        currency: The company's, ISO 4217.
        receivable: Account customers owe on; only its lines name a party.
        accounts: Every account, the receivable or not.
        taxes: Account by tax code: what is ours to remit and what a channel remits may stand apart.
        locations: Codes of the places units are at.
    """

    currency: str
    receivable: str
    accounts: frozenset[str]
    taxes: Mapping[str, str]
    locations: frozenset[str]

    @property
    def known_accounts(self) -> frozenset[str]:
        """Every account that is named anywhere in the chart."""
        return self.accounts | {self.receivable} | frozenset(self.taxes.values())


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the double-entry journal; a debit is positive.

    Attributes:
        resource: ``documents``, ``payments`` or ``entries``.
        number: Place among all bookings of the shop, from 1; it never changes.
        kind: ``ORDER``, ``RETURN`` …, a gateway's name, or the entry's kind.
        tax: Code of the tax a tax line is of; empty on any other.
        due_on: When a document is to be paid; None: at once.
    """

    resource: str
    external_id: str
    number: int
    order_id: str
    on: date
    kind: str
    account: str
    amount: Decimal
    tax: str
    party: str
    description: str
    due_on: date | None = None


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one product that came to a location (positive) or left it.

    Attributes:
        resource: ``stock_counts``, ``shipments``, ``restocks`` or ``reversals``.
        order_line: External id; empty for a count.
    """

    resource: str
    external_id: str
    order_id: str
    order_line: str
    on: date
    product: str
    location: str
    quantity: int


def read(entries: Iterable[Entry], resource: str, kind: type[Record]) -> list[tuple[Entry, Record]]:
    """The records of one resource, each with its entry, in the order of the journal."""
    return [(entry, msgspec.json.decode(entry.record, type=kind)) for entry in entries if entry.resource == resource]


def postings(entries: Iterable[Entry], chart: Chart) -> list[Posting]:
    """Every line of a shop's journal; the lines of one booking stand together and sum to zero.

    Args:
        entries: Of one shop, in the order of the journal.
    """
    found: list[Posting] = []
    for number, entry in enumerate((entry for entry in entries if entry.resource in BOOKINGS), start=1):
        found += _postings(entry, number, chart)
    return found


def _postings(entry: Entry, number: int, chart: Chart) -> list[Posting]:
    on, kind, due_on, lines = _lines(entry, chart)
    return [
        Posting(
            resource=entry.resource,
            external_id=entry.external_id,
            number=number,
            order_id=entry.order_id,
            on=on,
            kind=kind,
            account=account,
            amount=amount,
            tax=tax,
            party=entry.party if account == chart.receivable else "",
            description=description,
            due_on=due_on,
        )
        for account, amount, tax, description in lines
    ]


Line = tuple[str, Decimal, str, str]


def _lines(entry: Entry, chart: Chart) -> tuple[date, str, date | None, list[Line]]:
    if entry.resource == "documents":
        document = msgspec.json.decode(entry.record, type=Document)
        return document.on, document.action, document.due_on, list(_document_lines(document, chart))
    if entry.resource == "payments":
        payment = msgspec.json.decode(entry.record, type=Payment)
        return payment.on, payment.gateway, None, list(_payment_lines(payment, chart))
    booked = msgspec.json.decode(entry.record, type=JournalEntry)
    return booked.on, booked.kind, None, [(line.account, line.amount, "", booked.description) for line in booked.lines]


def _document_lines(document: Document, chart: Chart) -> Iterator[Line]:
    yield chart.receivable, document.total, "", f"{document.action} {document.external_id}"
    for line in document.lines:
        yield line.account, -line.net, "", line.description
        for tax in line.taxes:
            yield chart.taxes[tax.tax], -tax.amount, tax.tax, tax.tax


def _payment_lines(payment: Payment, chart: Chart) -> Iterator[Line]:
    description = f"{payment.gateway} {payment.external_id}"
    yield payment.account, payment.amount + payment.rounding, "", description
    yield chart.receivable, -payment.amount, "", description
    if payment.rounding and payment.rounding_account is not None:
        yield payment.rounding_account, -payment.rounding, "", description


def ledger(lines: Iterable[Posting]) -> list[LedgerRow]:
    """Debit minus credit per booking, account and party."""
    sums: dict[tuple[str, str, str, str, date, str], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.resource, line.external_id, line.order_id, line.account, line.on, line.party] += line.amount
    return [
        LedgerRow(
            resource=resource,
            external_id=external_id,
            order_id=order_id,
            account=account,
            amount=amount,
            booked_on=on,
            party=party,
        )
        for (resource, external_id, order_id, account, on, party), amount in sums.items()
    ]


def totals(lines: Iterable[Posting]) -> list[Total]:
    """Debit minus credit per account and month."""
    sums: dict[tuple[str, date], Decimal] = defaultdict(Decimal)
    for line in lines:
        sums[line.account, line.on.replace(day=1)] += line.amount
    return [Total(account=account, month=month, amount=amount) for (account, month), amount in sorted(sums.items())]


def taxes(documents: Iterable[tuple[Entry, Document]]) -> list[TaxedRow]:
    """Base and amount per document and tax; a line's net counts once per tax on it."""
    bases: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    amounts: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for entry, document in documents:
        for line in document.lines:
            for code in {tax.tax for tax in line.taxes}:
                bases[document.external_id, entry.order_id, code] += line.net
            for tax in line.taxes:
                amounts[document.external_id, entry.order_id, tax.tax] += tax.amount
    return [
        TaxedRow(external_id=key[0], order_id=key[1], tax=key[2], base=bases[key], amount=amount)
        for key, amount in amounts.items()
    ]


def movements(entries: Sequence[Entry]) -> list[Movement]:
    """Every unit of stocked goods that moved, in the order of the journal.

    Args:
        entries: Of one shop, in the order of the journal.
    """
    stocked = {product.external_id for _, product in read(entries, "products", Product) if product.stocked}
    product_of = {
        (order.external_id, line.external_id): line.product
        for _, order in read(entries, "orders", Order)
        for line in order.lines
    }
    shipped = {entry.external_id: shipment for entry, shipment in read(entries, "shipments", Shipment)}
    found: list[Movement] = []

    def move(entry: Entry, on: date, location: str, units: Iterable[MovedUnits], sign: int) -> None:
        found.extend(
            Movement(
                resource=entry.resource,
                external_id=entry.external_id,
                order_id=entry.order_id,
                order_line=unit.order_line,
                on=on,
                product=product_of[entry.order_id, unit.order_line],
                location=location,
                quantity=sign * unit.quantity,
            )
            for unit in units
            if product_of[entry.order_id, unit.order_line] in stocked
        )

    for entry in entries:
        if entry.resource == "stock_counts":
            count = msgspec.json.decode(entry.record, type=StockCount)
            found.append(
                Movement(
                    resource=entry.resource,
                    external_id=entry.external_id,
                    order_id="",
                    order_line="",
                    on=count.counted_on,
                    product=count.product,
                    location=count.location,
                    quantity=count.quantity - (count.was or 0),
                )
            )
        elif entry.resource == "shipments":
            shipment = shipped[entry.external_id]
            move(entry, shipment.on, shipment.location, shipment.units, -1)
        elif entry.resource == "restocks":
            restock = msgspec.json.decode(entry.record, type=Restock)
            move(entry, restock.on, restock.location, restock.units, 1)
        elif entry.resource == REVERSALS and entry.external_id in shipped:
            booked = shipped[entry.external_id]
            cancelled_on = msgspec.json.decode(entry.record, type=Shipment).cancelled_on or booked.on
            move(entry, max(cancelled_on, booked.on), booked.location, booked.units, 1)
    return found


def stock(moved: Iterable[Movement]) -> list[StockRow]:
    """Units on hand per product and location; what is at zero is left out."""
    on_hand: dict[tuple[str, str], int] = defaultdict(int)
    for movement in moved:
        on_hand[movement.product, movement.location] += movement.quantity
    return [
        StockRow(product=product, location=location, quantity=Decimal(quantity))
        for (product, location), quantity in sorted(on_hand.items())
        if quantity
    ]
