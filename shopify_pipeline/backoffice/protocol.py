"""What the pipeline asks of any back office, and the shapes that are pushed into it.

Here: frozen structs and one protocol; the shapes that are read back are in ``readings.py`` and can be imported from
here. Not here: a word of Tryton's, SQL, or how a struct is filled (``mapping/``).
Money is Decimal in major units of the struct's currency (shop currency); dates are days in the shop's time zone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol

import msgspec

from shopify_pipeline.backoffice.readings import (
    DocumentRow,
    EditedRow,
    Health,
    LedgerRow,
    OrderLineRow,
    OrderRow,
    PartyRow,
    PaymentRow,
    ProductRow,
    ShipmentRow,
    StockRow,
    TaxedRow,
    Total,
    contact_of,
)

__all__ = [
    "BackOffice",
    "Codes",
    "Document",
    "DocumentLine",
    "DocumentRow",
    "EditedRow",
    "EntryLine",
    "Health",
    "JournalEntry",
    "LedgerRow",
    "MovedUnits",
    "Order",
    "OrderLine",
    "OrderLineRow",
    "OrderRow",
    "Outcome",
    "Party",
    "PartyRow",
    "Payment",
    "PaymentRow",
    "Product",
    "ProductRow",
    "Restock",
    "Result",
    "SaleTax",
    "Shipment",
    "ShipmentRow",
    "StockCount",
    "StockRow",
    "TaxedRow",
    "Total",
    "contact_of",
]


class Party(msgspec.Struct, frozen=True, kw_only=True):
    """A customer; guests share one party per shop (``external_id`` ``guest``)."""

    external_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    street: str | None = None
    city: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """One variant. ``code`` is unique in the back office; Shopify's SKU is not, so the mapping makes it so."""

    external_id: str
    code: str
    name: str
    stocked: bool
    list_price: Decimal
    unit_cost: Decimal | None


class StockCount(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were on hand at one location when the books were opened, or on a later day.

    Attributes:
        was: Of a later count, what the books had on hand; they must have it still, and move the difference. None: an
            opening count, which adds to whatever moved since.
        account: Where a difference belongs, for books that value stock.
    """

    external_id: str
    product: str
    location: str
    quantity: int
    counted_on: date
    was: int | None = None
    account: str | None = None


class Codes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes of a back office, by what they stand for."""

    accounts: tuple[str, ...] = ()
    taxes: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()


class SaleTax(msgspec.Struct, frozen=True, kw_only=True):
    """Shopify's own tax on one sale; ``tax`` is the back office's code from the value map."""

    tax: str
    amount: Decimal


class DocumentLine(msgspec.Struct, frozen=True, kw_only=True):
    """One sale of an agreement. ``net`` is after discounts and before tax, negative for returns."""

    sale_id: str
    account: str
    description: str
    net: Decimal
    quantity: int | None
    product: str | None
    order_line: str | None
    taxes: tuple[SaleTax, ...]


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """One (agreement, action type): an invoice, a credit note or a signed correction, dated as Shopify dates it.

    Attributes:
        due_on: When it is to be paid, by net terms; None: at once.
    """

    external_id: str
    action: str
    on: date
    total: Decimal
    lines: tuple[DocumentLine, ...]
    due_on: date | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One successful money movement; ``amount`` is positive when money came in, negative when it went back.

    Attributes:
        rounding: What cash was rounded by: the drawer (``account``) has ``amount + rounding``, the customer owes
            ``amount`` less, and ``rounding_account`` has the difference (``OrderTransaction.amountRoundingSet``).
    """

    external_id: str
    account: str
    gateway: str
    amount: Decimal
    on: date
    rounding: Decimal = Decimal(0)
    rounding_account: str | None = None


class EntryLine(msgspec.Struct, frozen=True, kw_only=True):
    """One side of a journal entry; a debit is positive."""

    account: str
    amount: Decimal


class JournalEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What happened to money outside invoices and payments: a fee, a payout, a dispute, credit given, revenue released.

    Attributes:
        external_id: Kind and id of its source: ``balance/123``, ``payout/9``, ``release/<fulfillment>``.
        kind: What it is, in Shopify's word: ``CHARGEBACK_FEE``, ``PAYOUT``.
        order: External id of the order it belongs to; None when it belongs to none.
        lines: They sum to zero.
    """

    external_id: str
    kind: str
    on: date
    currency: str
    description: str
    lines: tuple[EntryLine, ...]
    order: str | None = None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line to be shipped; ``quantity`` is what is still owed plus what left since go-live."""

    external_id: str
    product: str
    quantity: int
    title: str


class MovedUnits(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one order line inside a shipment or a return."""

    order_line: str
    quantity: int


class Shipment(msgspec.Struct, frozen=True, kw_only=True):
    """A fulfilment: units left ``location`` on a day.

    Attributes:
        cancelled_on: When it was cancelled: its units are back on that day, or never left where it was not booked.
    """

    external_id: str
    location: str
    on: date
    units: tuple[MovedUnits, ...]
    cancelled_on: date | None = None


class Restock(msgspec.Struct, frozen=True, kw_only=True):
    """Returned units that went back on the shelf of ``location``."""

    external_id: str
    location: str
    on: date
    units: tuple[MovedUnits, ...]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Everything owed for one order. Pushing it again, unchanged or grown, adds only what is missing."""

    external_id: str
    name: str
    party: str
    on: date
    currency: str
    warehouse: str
    fingerprint: str
    lines: tuple[OrderLine, ...]
    documents: tuple[Document, ...]
    payments: tuple[Payment, ...]
    shipments: tuple[Shipment, ...]
    restocks: tuple[Restock, ...]
    entries: tuple[JournalEntry, ...] = ()


class Outcome(StrEnum):
    """What became of one record; a conflict is one a person changed in the back office, so that it was not sent."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"
    CONFLICT = "manual_edit"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The answer for one pushed record; ``reason`` only when it was not taken, ``documents`` counts what was newly
    written."""

    external_id: str
    outcome: Outcome
    reason: str | None = None
    documents: int = 0


class BackOffice(Protocol):
    """Any back office. Every call is a batch; every write is idempotent by external id and safe to repeat.

    What is booked is known by its id, day and amounts: that a code on it has changed since is no reason to refuse it.
    Of parties and products, what a person changed stays as it is; ``edited`` tells it.

    A reading tells what is there now, whoever wrote it and wherever it is booked: not what was pushed. With ``since``,
    an instant of ``Health.now``'s clock, it holds every row of every record that changed at or after it, and may hold
    more; order lines and shipments are rows of their order.

    All methods raise TransientError (nothing is known: repeat with the same ids) and PermanentError.
    """

    def health(self, shop: str) -> Health:
        """Who answers for this shop; cheap, and asked to see whether anybody does."""

    def push_parties(self, shop: str, parties: Sequence[Party]) -> list[Result]: ...

    def push_products(self, shop: str, products: Sequence[Product]) -> list[Result]: ...

    def push_stock_counts(self, shop: str, counts: Sequence[StockCount]) -> list[Result]: ...

    def push_orders(self, shop: str, orders: Sequence[Order]) -> list[Result]: ...

    def push_entries(self, shop: str, entries: Sequence[JournalEntry]) -> list[Result]: ...

    def known(self, shop: str, resource: str, external_ids: Sequence[str]) -> dict[str, str]:
        """Which of these ids are booked, with the fingerprint each was last booked with: an order's own, else the back
        office's, or empty."""

    def orders(self, shop: str, since: datetime | None = None) -> list[OrderRow]: ...

    def order_lines(self, shop: str, since: datetime | None = None) -> list[OrderLineRow]: ...

    def shipments(self, shop: str, since: datetime | None = None) -> list[ShipmentRow]: ...

    def documents(self, shop: str, since: datetime | None = None) -> list[DocumentRow]: ...

    def ledger(self, shop: str, since: datetime | None = None) -> list[LedgerRow]: ...

    def taxes(self, shop: str, since: datetime | None = None) -> list[TaxedRow]: ...

    def payments(self, shop: str, since: datetime | None = None) -> list[PaymentRow]: ...

    def stock(self, shop: str) -> list[StockRow]: ...

    def parties(self, shop: str) -> list[PartyRow]: ...

    def products(self, shop: str) -> list[ProductRow]: ...

    def totals(self, shop: str) -> list[Total]: ...

    def edited(self, shop: str, among: Mapping[str, Collection[str]] | None = None) -> list[EditedRow]:
        """Records that are no longer what was pushed; ``among`` asks only for these external ids, by resource."""

    def unknown_codes(self, shop: str, codes: Codes) -> Codes:
        """Those of these codes that the back office does not have."""

    def counts(self, shop: str) -> dict[str, int]:
        """Records per resource: parties, products, stock_counts, orders, documents, payments, entries, shipments,
        restocks."""
