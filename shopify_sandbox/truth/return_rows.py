"""What a warehouse has to hold of returns: what comes back, what goes out instead, fees, and where the goods went.

Here: rows by table. Not here: refunds (``movement_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.order_book import OrderBook, ReturnBook
from shopify_sandbox.truth.order_cells import bags, currencies, millionths, share
from shopify_sandbox.truth.order_facts import Line, Reverse


def _returns(books: Books) -> Iterator[tuple[OrderBook, ReturnBook]]:
    for order in books.orders.values():
        for one in order.returns.values():
            yield order, one


def returns(books: Books) -> Iterator[Row]:
    for order, one in _returns(books):
        reason, note = one.declined or (None, None)
        yield {
            "return_id": one.facts.id,
            "order_id": order.id,
            "name": one.facts.name,
            "status": one.status,
            "total_quantity": sum(line.units for line in one.facts.lines),
            "created_at": one.created_at,
            "request_approved_at": one.approved_at,
            "closed_at": one.closed_at,
            "decline_reason": reason,
            "decline_note": note,
        }


def return_lines(books: Books) -> Iterator[Row]:
    """All are verified: what comes back was shipped by the shop."""
    for order, one in _returns(books):
        shipped = order.shipped_lines()
        lines = {line.id: line for line in order.lines}
        for row in one.facts.lines:
            line = lines[shipped[row.fulfillment_line_id].line_id]
            processed, refunded = one.processed[row.id], one.refunded[row.id]
            yield {
                "line_type": "verified",
                "return_line_id": row.id,
                "return_id": one.facts.id,
                "order_id": order.id,
                "fulfillment_line_id": row.fulfillment_line_id,
                "order_line_id": line.id,
                "quantity": row.units,
                **_progress(one, row.units, processed),
                "refundable_quantity": row.units - refunded if one.status in ("OPEN", "CLOSED") else 0,
                "refunded_quantity": refunded,
                "reason": row.reason.lower().replace("_", "-"),
                "reason_name": row.reason.capitalize().replace("_", " "),
                "reason_note": row.note,
                "customer_note": row.customer_note,
                **currencies(order),
                **bags(order, discounted_total=_paid_for(line, row.units)),
                "unit_price_currency": None,
                "unit_price": None,
            }


def _progress(one: ReturnBook, units: int, processed: int) -> Row:
    """Units are processed while a return is open."""
    return {
        "processable_quantity": units - processed if one.status == "OPEN" else 0,
        "processed_quantity": processed,
        "unprocessed_quantity": units - processed,
    }


def _paid_for(line: Line, units: int) -> int:
    """What units of a line cost after all discounts."""
    off = sum(one.amount for one in line.allocations)
    return share(line.unit_price * line.quantity - off, units, line.quantity)


def exchange_lines(books: Books) -> Iterator[Row]:
    for order, one in _returns(books):
        for row in one.facts.exchanges:
            yield {
                "exchange_line_id": row.id,
                "return_id": one.facts.id,
                "order_id": order.id,
                "variant_id": row.variant_id,
                "quantity": row.units,
                **_progress(one, row.units, one.sent[row.id]),
            }


def exchange_order_lines(books: Books) -> Iterator[Row]:
    for order, one in _returns(books):
        for exchange in one.facts.exchanges:
            sent = [line_id for exchange_id, line_id in one.sent_lines if exchange_id == exchange.id]
            for position, line_id in enumerate(sent):
                yield {
                    "exchange_line_id": exchange.id,
                    "position": position,
                    "order_id": order.id,
                    "order_line_id": line_id,
                }


def return_fees(books: Books) -> Iterator[Row]:
    for order, one in _returns(books):
        for shipping_fee in one.facts.fees:
            yield {
                "fee_type": "ReturnShippingFee",
                "fee_id": shipping_fee.id,
                "owner_id": one.facts.id,
                "order_id": order.id,
                "percentage": None,
                **currencies(order),
                **bags(order, amount=shipping_fee.amount),
            }
        for line in one.facts.lines:
            if line.fee:
                yield {
                    "fee_type": "RestockingFee",
                    "fee_id": line.fee.id,
                    "owner_id": line.id,
                    "order_id": order.id,
                    "percentage": millionths(line.fee.rate_ppm * 100),
                    **currencies(order),
                    **bags(order, amount=line.fee.amount),
                }


def _reverses(books: Books) -> Iterator[tuple[OrderBook, ReturnBook, Reverse]]:
    for order, one in _returns(books):
        for reverse in one.reverses:
            yield order, one, reverse


def reverse_fulfillment_orders(books: Books) -> Iterator[Row]:
    for order, one, reverse in _reverses(books):
        status = "CLOSED" if one.is_inspected(reverse) else "OPEN"
        yield {
            "reverse_fulfillment_order_id": reverse.id,
            "return_id": one.facts.id,
            "order_id": order.id,
            "status": "CANCELED" if one.status == "CANCELED" else status,
        }


def reverse_fulfillment_lines(books: Books) -> Iterator[Row]:
    for order, _, reverse in _reverses(books):
        shipped = order.shipped_lines()
        for line in reverse.lines:
            yield {
                "reverse_fulfillment_line_id": line.id,
                "reverse_fulfillment_order_id": reverse.id,
                "order_id": order.id,
                "fulfillment_line_id": line.fulfillment_line_id,
                "order_line_id": shipped[line.fulfillment_line_id].line_id,
                "total_quantity": line.units,
            }


def reverse_dispositions(books: Books) -> Iterator[Row]:
    for order, one in _returns(books):
        for disposition, at in one.dispositions:
            yield {
                "disposition_id": disposition.id,
                "reverse_fulfillment_line_id": disposition.reverse_line_id,
                "order_id": order.id,
                "disposition_type": disposition.type,
                "quantity": disposition.units,
                "location_id": disposition.location_id,
                "created_at": at,
            }
