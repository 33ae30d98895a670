"""What each event does to the books of an order: placed, paid, shipped, edited, refunded, settled, cancelled, deleted.

Here: one small function per kind of event, and what the neighbouring readings share. Not here: returns
(``return_reading.py``), where and how it ships (``shipping_reading.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeAlias

from shopify_sandbox.truth.order_book import FulfillmentBook, OrderBook, RefundBook
from shopify_sandbox.truth.order_events import (
    Event,
    OrderCancelled,
    OrderDeleted,
    OrderEdited,
    OrderEvent,
    OrderFulfilled,
    OrderPlaced,
    OrderRefunded,
    PaymentRecorded,
    RefundSettled,
)
from shopify_sandbox.truth.order_facts import Agreement, Allocation, Refund, Sale, Transaction

if TYPE_CHECKING:
    from shopify_sandbox.truth.books import Books

#: The type of an event, and what takes it into the books.
Reading: TypeAlias = "tuple[type[Event], Callable[[Books, Any], None]]"


def touched(books: Books, event: OrderEvent) -> OrderBook:
    """The order of an event, with its stamp moved."""
    order = books.orders[event.order_id]
    order.updated_at = event.at
    order.tallies = None
    return order


def add_refund(order: OrderBook, refund: Refund, transactions: list[Transaction], at: str) -> RefundBook:
    """Note a refund with its money."""
    order.transactions += transactions
    noted = RefundBook(refund, at, at, transactions)
    order.refunds.append(noted)
    return noted


def take_off(order: OrderBook, units: Iterable[tuple[int, int]]) -> None:
    """Units of lines that will not ship any more."""
    for line_id, taken in units:
        order.unshipped[line_id] = order.unshipped.get(line_id, 0) + taken


def _cancelled_units(refund: Refund) -> Iterable[tuple[int, int]]:
    return ((row.line_id, row.units) for row in refund.lines if row.restock == "CANCEL")


def _place(books: Books, event: OrderPlaced) -> None:
    placed = event.order
    buyer = books.buyers[placed.customer_id] if placed.customer_id else None
    books.orders[placed.id] = OrderBook(
        placed=placed,
        shop_currency=books.currency,
        created_at=event.at,
        updated_at=event.at,
        customer_id=placed.customer_id,
        accepts_marketing=buyer is not None and buyer.accepts_marketing,
        keeps_adjustments=books.forms.get("current_total") == "with",
        lines=list(placed.lines),
        applications=list(placed.applications),
        transactions=event.transactions,
        agreements=[event.agreement],
    )


def _pay(books: Books, event: PaymentRecorded) -> None:
    touched(books, event).transactions += event.transactions


def _expire(books: Books, event: OrderEvent) -> None:
    touched(books, event).has_expired = True


def _ship(books: Books, event: OrderFulfilled) -> None:
    order, facts = touched(books, event), event.fulfillment
    order.fulfillments.append(FulfillmentBook(facts, event.at, event.at, facts.tracking))
    for row in facts.lines:
        order.shipped[row.line_id] = order.shipped.get(row.line_id, 0) + row.units
    if event.closes:
        order.closed_at = event.at


def _refund(books: Books, event: OrderRefunded) -> None:
    order = touched(books, event)
    add_refund(order, event.refund, event.transactions, event.at).return_id = event.return_id
    take_off(order, _cancelled_units(event.refund))
    order.agreements.append(event.agreement)
    for row in event.paid_back:
        returned = next(one for one in order.returns.values() if one.has_line(row.line_id))
        returned.refunded[row.line_id] += row.units


def _cancel(books: Books, event: OrderCancelled) -> None:
    order = touched(books, event)
    order.transactions += event.voids
    add_refund(order, event.refund, event.transactions, event.at)
    take_off(order, _cancelled_units(event.refund))
    order.agreements.append(event.agreement)
    order.cancelled_at = order.closed_at = event.at
    order.cancel_reason = event.reason


def _settle(books: Books, event: RefundSettled) -> None:
    """The gateway has answered; what held the amount back vanishes, or is set off by an agreement of its own."""
    order = touched(books, event)
    refund = next(one for one in order.refunds if one.facts.id == event.refund_id)
    refund.updated_at = event.at
    for one in refund.transactions:
        if one.id in event.transaction_ids:
            one.status, one.error_code, one.settled_at = event.status, event.error_code, event.at
    refund.facts.adjustments = [row for row in refund.facts.adjustments if row.id not in event.adjustment_ids]
    for agreement in order.agreements:
        if agreement.refund_id == event.refund_id:
            agreement.sales = [sale for sale in agreement.sales if sale.id not in event.sale_ids]
    if event.agreement is not None:
        order.agreements.append(event.agreement)


def _edit(books: Books, event: OrderEdited) -> None:
    """Units go off and lines come on; a refund that lists what went off does not take it off again."""
    order = touched(books, event)
    order.is_edited = True
    order.applications += event.applications
    order.lines += event.lines
    lines = {line.id: line for line in order.lines}
    for discount in event.allocations:
        line = lines[discount.line_id]
        line.allocations = [*line.allocations, Allocation(discount.application, discount.amount)]
    order.agreements.append(event.agreement)
    take_off(order, ((sale.line_id or 0, -(sale.quantity or 0)) for sale in _taken(event.agreement)))
    if event.removal is not None:
        add_refund(order, event.removal.refund, event.removal.transactions, event.at)
        order.agreements.append(event.removal.agreement)


def _taken(agreement: Agreement) -> list[Sale]:
    return [sale for sale in agreement.sales if sale.action == "RETURN"]


def _delete(books: Books, event: OrderDeleted) -> None:
    del books.orders[event.order_id]


READINGS: dict[str, Reading] = {
    "order_placed": (OrderPlaced, _place),
    "payment_recorded": (PaymentRecorded, _pay),
    "authorization_expired": (OrderEvent, _expire),
    "order_fulfilled": (OrderFulfilled, _ship),
    "order_refunded": (OrderRefunded, _refund),
    "refund_settled": (RefundSettled, _settle),
    "order_cancelled": (OrderCancelled, _cancel),
    "order_edited": (OrderEdited, _edit),
    "order_deleted": (OrderDeleted, _delete),
}
