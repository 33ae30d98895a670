"""What a back office says it holds: the rows of a snapshot, and who answers.

Not here: what is pushed (``protocol.py``) and any judgement. Money is Decimal in major units of the company's currency.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

import msgspec


class OrderRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: one sale in the back office that carries a Shopify order id."""

    order_id: str
    record: str
    state: str
    on: date | None


class OrderLineRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: units of one line of a sale that are to be shipped, shipped or not.

    Attributes:
        external_id: Of the order's line; empty for a line a person added.
        product: External id; empty for what the shop does not sell.
    """

    order_id: str
    external_id: str
    product: str
    quantity: Decimal


class ShipmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: units of one line that left for a fulfilment or came back on a shelf, from what really moved.

    Attributes:
        kind: ``shipment`` or ``restock``.
        external_id: Of the shipment or restock; the back office's own name of one a person made.
        order_line: External id; empty for a line a person added.
        product: External id; empty for what the shop does not sell.
        quantity: Of a cancelled shipment what is still out; it may be zero.
        on: The event's day, or the day the units moved where that is another one.
    """

    kind: str
    external_id: str
    order_id: str
    order_line: str
    product: str
    location: str
    quantity: Decimal
    on: date


class PartyRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: one e-mail address of one party of the shop.

    Attributes:
        external_id: Empty for a party that is none of any shop's, and has an address of one that is.
        contact: The address as ``contact_of`` tells it; empty for a party without one.
    """

    external_id: str
    record: str
    contact: str


class ProductRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: one product of the shop and its code."""

    external_id: str
    record: str
    code: str


class DocumentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: one posted document with its totals, as the ledger's owner sees it.

    Attributes:
        company: Name of the company whose ledger it is in.
    """

    external_id: str
    order_id: str
    record: str
    number: str | None
    state: str
    on: date
    booked_on: date
    company: str
    currency: str
    total: Decimal
    tax: Decimal


class LedgerRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: debit minus credit of one document, payment or entry on one account; from the ledger itself.

    Attributes:
        resource: ``documents``, ``payments`` or ``entries``.
        order_id: Empty for an entry that belongs to no order.
        booked_on: Day in the ledger: the event's, or the first day that was open after it.
        party: External id of the party on the lines; empty when they have none.
    """

    resource: str
    external_id: str
    order_id: str
    account: str
    amount: Decimal
    booked_on: date
    party: str


class TaxedRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: base and amount one document reports under one tax, signed as Shopify signs sales."""

    external_id: str
    order_id: str
    tax: str
    base: Decimal
    amount: Decimal


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """Control total: debit minus credit of everything ever booked for the shop on one account in one month."""

    account: str
    month: date
    amount: Decimal


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: one payment; ``amount`` as in ``Payment``, read from the ledger's clearing side.

    Attributes:
        company: Name of the company whose ledger it is in.
    """

    external_id: str
    order_id: str
    account: str
    amount: Decimal
    on: date
    company: str


class StockRow(msgspec.Struct, frozen=True, kw_only=True):
    """Snapshot: units on hand of one product at one location."""

    product: str
    location: str
    quantity: Decimal


class EditedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is no longer what was pushed, because a person changed it in the back office.

    Attributes:
        resource: As in ``BackOffice.counts``.
        record: The back office's own name of it; it may be gone.
        what: ``changed`` (its day, accounts, amounts or taxes; of a party or product, a field we wrote), ``cancelled``
            or ``deleted``.
    """

    resource: str
    external_id: str
    record: str
    what: str


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Who answered: product and version of the back office and of its plug-in.

    Attributes:
        company: Name of the company that keeps the shop's books.
        currency: Of that company, ISO 4217.
        now: The clock its records are stamped by, UTC; None when it has no clock of its own.
    """

    product: str
    version: str
    plugin: str
    company: str
    currency: str
    now: datetime | None = None


def contact_of(email: str | None) -> str:
    """Tell one e-mail address from another without keeping it: SHA-256, in hexadecimal, of it in lower case.

    Returns:
        Empty for no address.
    """
    address = (email or "").strip().lower()
    return sha256(address.encode()).hexdigest() if address else ""
