"""What a warehouse has to hold of an order's way to the customer: parcels, and what is still to be shipped from where.

Here: rows by table. Not here: what comes back (``return_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.order_book import FulfillmentBook, OrderBook, RoutedBook
from shopify_sandbox.truth.order_cells import bags, currencies, share
from shopify_sandbox.truth.order_facts import Routed, RoutedLine
from shopify_sandbox.truth.shipping_reading import LINE_OFFSET, ORDER_OFFSET

#: How the admin words the reason of a hold.
HOLD_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Awaiting return items",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}


def _parcels(books: Books) -> Iterator[tuple[OrderBook, FulfillmentBook]]:
    for order in books.orders.values():
        for one in order.fulfillments:
            yield order, one


def fulfillments(books: Books) -> Iterator[Row]:
    for order, one in _parcels(books):
        service = books.places[one.facts.location_id].service
        yield {
            "fulfillment_id": one.facts.id,
            "order_id": order.id,
            "name": one.facts.name,
            "status": "CANCELLED" if one.is_cancelled else "SUCCESS",
            "display_status": _display_status(one),
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "in_transit_at": one.in_transit_at,
            "estimated_delivery_at": None,
            "delivered_at": one.delivered_at,
            "total_quantity": sum(row.units for row in one.facts.lines),
            "requires_shipping": True,
            "location_id": one.facts.location_id,
            "service": service.lower().replace(" ", "-") if service else "manual",
        }


def _display_status(one: FulfillmentBook) -> str:
    if one.is_cancelled:
        return "CANCELED"
    if one.delivered_at:
        return "DELIVERED"
    return "IN_TRANSIT" if one.in_transit_at else "FULFILLED"


def fulfillment_lines(books: Books) -> Iterator[Row]:
    for order, one in _parcels(books):
        lines = {line.id: line for line in order.lines}
        methods = {application.index: application.method for application in order.applications}
        for row in one.facts.lines:
            line = lines[row.line_id]
            off = sum(given.amount for given in line.allocations if methods[given.application] != "ACROSS")
            paid = share(line.unit_price * line.quantity - off, row.units, line.quantity)
            yield {
                "fulfillment_line_id": row.id,
                "fulfillment_id": one.facts.id,
                "order_id": order.id,
                "order_line_id": row.line_id,
                "quantity": row.units,
                **currencies(order),
                **bags(order, original_total=line.unit_price * row.units, discounted_total=paid),
            }


def fulfillment_tracking(books: Books) -> Iterator[Row]:
    for order, one in _parcels(books):
        for position, (company, number, url) in enumerate(one.tracking):
            yield {
                "fulfillment_id": one.facts.id,
                "position": position,
                "order_id": order.id,
                "company": company,
                "number": number,
                "url": url,
            }


def _routed(books: Books) -> Iterator[tuple[OrderBook, RoutedBook]]:
    """All fulfillment orders; that of an order nobody routed follows from the order."""
    for order in books.orders.values():
        for one in order.routed.values() or [_undivided(order)]:
            yield order, one


def _undivided(order: OrderBook) -> RoutedBook:
    """All of an order, shipping from the place it was placed at."""
    status = "IN_PROGRESS" if order.fulfillments else "OPEN"
    if not any(order.unfulfilled(line) for line in order.lines):
        status = "CLOSED"
    if order.cancelled_at:
        status = "CANCELLED"
    facts = Routed(
        id=order.id + ORDER_OFFSET,
        status=status,
        request_status="UNSUBMITTED",
        location_id=order.placed.location_id,
        fulfill_at=order.created_at,
        hold=None,
        lines=[
            RoutedLine(
                id=line.id + LINE_OFFSET,
                line_id=line.id,
                total=line.quantity - order.unshipped.get(line.id, 0),
                remaining=order.unfulfilled(line),
            )
            for line in order.lines
            if line.ships
        ],
        fulfillment_ids=[one.facts.id for one in order.fulfillments],
    )
    return RoutedBook(facts, order.created_at, max(_stamps(order)))


def _stamps(order: OrderBook) -> Iterator[str]:
    """When units were promised, shipped or taken off."""
    yield order.created_at
    yield from (one.created_at for one in order.fulfillments)
    yield from (one.happened_at for one in order.agreements if one.reason not in ("ORDER", "REFUND"))
    yield from (one.created_at for one in order.refunds if any(row.restock == "CANCEL" for row in one.facts.lines))
    if order.cancelled_at:
        yield order.cancelled_at


def fulfillment_orders(books: Books) -> Iterator[Row]:
    for order, one in _routed(books):
        facts, placed = one.facts, order.placed
        shipping = next(iter(placed.shipping_lines), None)
        yield {
            "fulfillment_order_id": facts.id,
            "order_id": order.id,
            "order_name": order.name,
            "status": facts.status,
            "request_status": facts.request_status,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "order_processed_at": placed.processed_at,
            "fulfill_at": facts.fulfill_at,
            "fulfill_by": None,
            "location_id": facts.location_id,
            "location_name": books.places[facts.location_id].name,
            "delivery_method": "RETAIL" if placed.source_name == "pos" else "SHIPPING",
            "delivery_name": shipping.title if shipping else None,
            "service_code": shipping.code if shipping else None,
            "deliver_from": None,
            "deliver_until": None,
            "incoterm": None,
            **_destination(order),
        }


def _destination(order: OrderBook) -> Row:
    """Where in the country it goes; a redaction leaves that as it is."""
    to = order.placed.shipping
    return {
        "ship_to_city": to.city,
        "ship_to_province": to.province,
        "ship_to_country_code": to.country,
    }


def fulfillment_order_lines(books: Books) -> Iterator[Row]:
    for order, one in _routed(books):
        lines = {line.id: line for line in order.lines}
        for row in one.facts.lines:
            line = lines[row.line_id]
            variant_id = books.still_sold(line.variant_id)
            yield {
                "fulfillment_order_line_id": row.id,
                "fulfillment_order_id": one.facts.id,
                "order_line_id": line.id,
                "inventory_item_id": books.goods[variant_id].item_id if variant_id else None,
                "sku": line.sku,
                "product_title": line.title,
                "variant_title": line.variant_title,
                "vendor": line.vendor,
                "total_quantity": row.total,
                "remaining_quantity": row.remaining,
                "requires_shipping": True,
            }


def fulfillment_holds(books: Books) -> Iterator[Row]:
    for _, one in _routed(books):
        hold = one.facts.hold
        if hold:
            yield {
                "fulfillment_order_id": one.facts.id,
                "hold_id": hold.id,
                "handle": None,
                "reason": hold.reason,
                "display_reason": HOLD_REASONS[hold.reason],
                "reason_notes": hold.notes,
                "is_own": False,
            }


def fulfillment_order_fulfillments(books: Books) -> Iterator[Row]:
    for _, one in _routed(books):
        for fulfillment_id in one.facts.fulfillment_ids:
            yield {"fulfillment_order_id": one.facts.id, "fulfillment_id": fulfillment_id}
