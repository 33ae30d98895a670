"""What each event does to where an order ships from, and to its parcels once they left.

Here: one small function per kind of event. Not here: shipping itself (``order_reading.py``), rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shopify_sandbox.truth.order_book import OrderBook, RoutedBook
from shopify_sandbox.truth.order_events import FulfillmentCancelled, FulfillmentOrdersChanged, FulfillmentUpdated
from shopify_sandbox.truth.order_facts import Routed
from shopify_sandbox.truth.order_reading import Reading, touched

if TYPE_CHECKING:
    from shopify_sandbox.truth.books import Books

#: How far the ids of an undivided order's fulfillment order, and of its lines, are from those they follow from.
ORDER_OFFSET = 1_203_468_001
LINE_OFFSET = 2_301_977_003


def _route(order: OrderBook, changed: list[Routed], at: str) -> None:
    """Fulfillment orders as they are now; the one every order begins with is as old as its order."""
    for facts in changed:
        before = order.routed.get(facts.id)
        created_at = order.created_at if facts.id == order.id + ORDER_OFFSET else at
        order.routed[facts.id] = RoutedBook(facts, before.created_at if before else created_at, at)


def _change(books: Books, event: FulfillmentOrdersChanged) -> None:
    """The order's own stamp stays as it is."""
    _route(books.orders[event.order_id], event.fulfillment_orders, event.at)


def _call_back(books: Books, event: FulfillmentCancelled) -> None:
    order = touched(books, event)
    fulfillment = next(one for one in order.fulfillments if one.facts.id == event.fulfillment_id)
    fulfillment.is_cancelled, fulfillment.updated_at = True, event.at
    for row in fulfillment.facts.lines:
        order.shipped[row.line_id] -= row.units
    order.closed_at = None
    _route(order, event.fulfillment_orders, event.at)


def _follow(books: Books, event: FulfillmentUpdated) -> None:
    """Another tracking number, or news of the carrier."""
    order = touched(books, event)
    fulfillment = next(one for one in order.fulfillments if one.facts.id == event.fulfillment_id)
    fulfillment.updated_at = event.at
    fulfillment.tracking = event.tracking or fulfillment.tracking
    if event.progress == "IN_TRANSIT":
        fulfillment.in_transit_at = event.at
    elif event.progress == "DELIVERED":
        fulfillment.delivered_at = event.at


READINGS: dict[str, Reading] = {
    "fulfillment_orders_changed": (FulfillmentOrdersChanged, _change),
    "fulfillment_cancelled": (FulfillmentCancelled, _call_back),
    "fulfillment_updated": (FulfillmentUpdated, _follow),
}
