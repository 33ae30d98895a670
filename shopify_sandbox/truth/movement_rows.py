"""What a warehouse has to hold of an order's movements: payments, refunds, shipments.

Here: rows by table. Not here: the order itself (``order_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books, Facts
from shopify_sandbox.truth.cells import Row, bags, currencies, money


def order_transactions(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.transactions:
            yield {
                "transaction_id": one["id"],
                "order_id": order.id,
                "parent_transaction_id": one["parent_id"],
                **{
                    name: one[name]
                    for name in ("kind", "status", "gateway", "error_code", "created_at", "processed_at")
                },
                "is_test": False,
                **currencies(books),
                **bags(amount=one["amount"]),
                "rounding_shop": None,
                "rounding_presentment": None,
            }


def transaction_fees(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.transactions:
            for position, (_, amount, _, _) in enumerate(one["fees"]):
                yield {
                    "transaction_id": one["id"],
                    "position": position,
                    "order_id": order.id,
                    "fee_type": "processing_fee",
                    "currency": books.shop["currency"],
                    "amount": money(amount),
                }


def _refunds(books: Books) -> Iterator[tuple[int, Facts]]:
    for order in books.orders.values():
        for refund in order.refunds:
            yield order.id, refund


def refunds(books: Books) -> Iterator[Row]:
    for order_id, refund in _refunds(books):
        given_back = sum(one["amount"] for one in refund["transactions"] if one["status"] == "SUCCESS")
        yield {
            "refund_id": refund["id"],
            "order_id": order_id,
            "note": refund["note"],
            "created_at": refund["created_at"],
            "processed_at": refund["created_at"],
            "updated_at": refund["updated_at"],
            **currencies(books),
            **bags(total_refunded=given_back),
        }


def refund_lines(books: Books) -> Iterator[Row]:
    for order_id, refund in _refunds(books):
        for position, (_, line_id, units, restock, location_id, subtotal, tax) in enumerate(refund["lines"]):
            yield {
                "refund_id": refund["id"],
                "position": position,
                "order_id": order_id,
                "order_line_id": line_id,
                "quantity": units,
                "restock_type": restock,
                "is_restocked": restock in ("CANCEL", "RETURN"),
                "location_id": location_id,
                **currencies(books),
                **bags(subtotal=subtotal, total_tax=tax),
            }


def refund_shipping_lines(books: Books) -> Iterator[Row]:
    for order_id, refund in _refunds(books):
        for position, (_, shipping_line_id, subtotal, tax) in enumerate(refund["shipping_lines"]):
            yield {
                "refund_id": refund["id"],
                "position": position,
                "order_id": order_id,
                "shipping_line_id": shipping_line_id,
                **currencies(books),
                **bags(subtotal=subtotal, tax=tax),
            }


def refund_adjustments(books: Books) -> Iterator[Row]:
    for order_id, refund in _refunds(books):
        for adjustment_id, reason, amount, tax in refund["adjustments"]:
            yield {
                "adjustment_id": adjustment_id,
                "refund_id": refund["id"],
                "order_id": order_id,
                "reason": reason,
                **currencies(books),
                **bags(amount=amount, tax=tax),
            }


def fulfillments(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.fulfillments:
            yield {
                "fulfillment_id": one["id"],
                "order_id": order.id,
                "name": one["name"],
                "status": "SUCCESS",
                "display_status": "FULFILLED",
                "created_at": one["created_at"],
                "updated_at": one["created_at"],
                "delivered_at": None,
                "total_quantity": sum(units for _, _, units in one["lines"]),
                "location_id": one["location_id"],
            }


def fulfillment_lines(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.fulfillments:
            for row_id, line_id, units in one["lines"]:
                yield {
                    "fulfillment_line_id": row_id,
                    "fulfillment_id": one["id"],
                    "order_id": order.id,
                    "order_line_id": line_id,
                    "quantity": units,
                }


def fulfillment_tracking(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.fulfillments:
            for position, (company, number, url) in enumerate(one["tracking"]):
                yield {
                    "fulfillment_id": one["id"],
                    "position": position,
                    "order_id": order.id,
                    "company": company,
                    "number": number,
                    "url": url,
                }
