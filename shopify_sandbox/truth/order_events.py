"""What happened to orders, as this auditor expects it: one type per event of the log.

Here: shapes alone. Not here: the parts of an order they speak of (``order_facts.py``).
"""

from __future__ import annotations

import msgspec

from shopify_sandbox.truth.order_facts import (
    Agreement,
    Application,
    Disposition,
    Fact,
    Fulfillment,
    Line,
    LineDiscount,
    Order,
    Refund,
    Return,
    Reverse,
    Routed,
    Sent,
    Transaction,
    Units,
)

#: Inventory level id and change by quantity name, units.
StockMoves = list[tuple[int, dict[str, int]]]


class Deletion(Fact):
    id: int
    kind: str
    record_id: int
    title: str


class Event(Fact, kw_only=True):
    at: str
    event: str
    stock: StockMoves = msgspec.field(default_factory=list)


class OrderEvent(Event, kw_only=True):
    order_id: int


class OrderPlaced(Event, kw_only=True):
    order: Order
    transactions: list[Transaction]
    agreement: Agreement


class PaymentRecorded(OrderEvent, kw_only=True):
    transactions: list[Transaction]


class OrderFulfilled(OrderEvent, kw_only=True):
    fulfillment: Fulfillment
    closes: bool


class OrderRefunded(OrderEvent, kw_only=True):
    """``paid_back`` are units of return lines."""

    refund: Refund
    transactions: list[Transaction]
    agreement: Agreement
    return_id: int | None = None
    paid_back: list[Units] = msgspec.field(default_factory=list)


class RefundSettled(OrderEvent, kw_only=True):
    refund_id: int
    transaction_ids: list[int]
    adjustment_ids: list[int]
    sale_ids: list[int]
    status: str = "SUCCESS"
    error_code: str | None = None
    agreement: Agreement | None = None


class OrderCancelled(OrderEvent, kw_only=True):
    reason: str
    voids: list[Transaction]
    refund: Refund
    transactions: list[Transaction]
    agreement: Agreement


class Removal(Fact):
    """A refund that only lists what an edit took off."""

    refund: Refund
    transactions: list[Transaction]
    agreement: Agreement


class OrderEdited(OrderEvent, kw_only=True):
    lines: list[Line]
    applications: list[Application]
    allocations: list[LineDiscount]
    removed: list[Units]
    agreement: Agreement
    removal: Removal | None = None


class OrderDeleted(OrderEvent, kw_only=True):
    deletion: Deletion


class FulfillmentOrdersChanged(OrderEvent, kw_only=True):
    action: str
    fulfillment_orders: list[Routed]


class FulfillmentCancelled(OrderEvent, kw_only=True):
    fulfillment_id: int
    fulfillment_orders: list[Routed]


class FulfillmentUpdated(OrderEvent, kw_only=True):
    fulfillment_id: int
    tracking: list[tuple[str, str, str]] | None = None
    progress: str | None = None


class ReturnEvent(OrderEvent, kw_only=True):
    return_id: int


class ReturnOpened(OrderEvent, kw_only=True):
    opened: Return = msgspec.field(name="return")
    reverse: Reverse | None = None


class ReturnApproved(ReturnEvent, kw_only=True):
    reverse: Reverse


class ReturnDeclined(ReturnEvent, kw_only=True):
    reason: str
    note: str | None


class ReturnDisposed(ReturnEvent, kw_only=True):
    dispositions: list[Disposition]


class ReturnProcessed(ReturnEvent, kw_only=True):
    processed: list[Units]
    exchanged: list[Sent]
    dispositions: list[Disposition]
    agreement: Agreement
    refund: Refund | None = None
    transactions: list[Transaction] = msgspec.field(default_factory=list)
    exchange_agreement: Agreement | None = None
