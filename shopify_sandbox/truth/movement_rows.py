"""What a warehouse has to hold of an order's money: payments with their fees, refunds with all their parts.

Here: rows by table. Not here: parcels (``shipment_rows.py``) and what was agreed (``ledger_rows.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.currencies import major
from shopify_sandbox.truth.order_book import OrderBook, RefundBook
from shopify_sandbox.truth.order_cells import bags_of_day, currencies, in_both, millionths
from shopify_sandbox.truth.order_facts import Transaction

#: How the admin shows a gateway.
GATEWAYS = {
    "shopify_payments": "Shopify Payments",
    "paypal": "PayPal",
    "bank_deposit": "Bank Deposit",
    "cash": "Cash",
    "gift_card": "Gift Card",
    "shopify_store_credit": "Store Credit",
    "bogus": "(for testing) Bogus Gateway",
}
MANUAL = ("bank_deposit", "cash")
#: The one gateway that takes fees, holds cards and settles in the shop's currency.
SHOPIFY_PAYMENTS = "shopify_payments"
AUTHORIZATION_DAYS = 7
#: Ids grow by this; the number of a card follows from how often they did.
ID_STEP = 32_768


def order_transactions(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        by_id = {one.id: one for one in order.transactions}
        for one in order.transactions:
            parent = by_id[one.parent_id] if one.parent_id else None
            yield {
                "transaction_id": one.id,
                "order_id": order.id,
                "parent_transaction_id": one.parent_id,
                **{name: getattr(one, name) for name in ("kind", "status", "gateway", "error_code", "payment_id")},
                **_means(order, one, by_id),
                "created_at": one.created_at,
                "processed_at": _processed_at(one),
                "authorization_expires_at": _expires_at(one),
                **currencies(order),
                **bags_of_day(
                    order,
                    one.rate,
                    amount=one.amount,
                    rounding=one.rounding,
                    total_unsettled=order.capturable() if one.kind == "AUTHORIZATION" else 0,
                ),
                **_exchanged(order, one, parent),
            }


def _means(order: OrderBook, one: Transaction, by_id: dict[int, Transaction]) -> Row:
    """How it was paid; a chain of transactions is of the card of its first one."""
    is_card = one.gateway == SHOPIFY_PAYMENTS
    first = one
    while first.parent_id:
        first = by_id[first.parent_id]
    return {
        "formatted_gateway": GATEWAYS[one.gateway],
        "payment_method": "card" if is_card else None,
        "account_number": f"•••• •••• •••• {first.id // ID_STEP % 10_000:04d}" if is_card else None,
        "is_test": order.placed.extras.is_test,
        "is_manual_gateway": one.gateway in MANUAL,
        "is_multi_capturable": False,
    }


def _processed_at(one: Transaction) -> str | None:
    return None if one.status == "PENDING" else one.settled_at or one.created_at


def _expires_at(one: Transaction) -> str | None:
    if (one.gateway, one.kind, one.status) != (SHOPIFY_PAYMENTS, "AUTHORIZATION", "SUCCESS"):
        return None
    ends = datetime.fromisoformat(one.created_at) + timedelta(days=AUTHORIZATION_DAYS)
    return ends.strftime("%Y-%m-%dT%H:%M:%SZ")


def _exchanged(order: OrderBook, one: Transaction, parent: Transaction | None) -> Row:
    """What conversion did: the rate a card payment settles at, and what a refund lost since its payment."""
    settles = one.rate is not None and one.gateway == SHOPIFY_PAYMENTS
    row: Row = {
        "settlement_currency": order.shop_currency if settles else None,
        "settlement_rate": one.rate if settles else None,
    }
    original = final = adjustment = None
    if one.kind == "REFUND" and one.rate and parent is not None and parent.rate:
        original, final = -order.in_shop(one.amount, parent.rate), -order.in_shop(one.amount, one.rate)
        adjustment = final - original
    row["exchange_adjustment_currency"] = None if adjustment is None else order.shop_currency
    for name, amount in (("adjustment", adjustment), ("original", original), ("final", final)):
        row[f"exchange_{name}"] = None if amount is None else major(amount, order.shop_currency)
    return row


def transaction_fees(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.transactions:
            for fee in one.fees:
                yield {
                    "fee_id": fee.id,
                    "transaction_id": one.id,
                    "order_id": order.id,
                    "fee_type": "processing_fee",
                    "rate_name": "shopify_payments_fee",
                    "flat_fee_name": "shopify_payments_flat_fee",
                    "rate": millionths(fee.rate_ppm),
                    "currency": order.shop_currency,
                    "amount": major(fee.amount, order.shop_currency),
                    "flat_fee": major(fee.flat, order.shop_currency),
                    "tax": major(0, order.shop_currency),
                }


def _refunds(books: Books) -> Iterator[tuple[OrderBook, RefundBook]]:
    for order in books.orders.values():
        for refund in order.refunds:
            yield order, refund


def refunds(books: Books) -> Iterator[Row]:
    for order, refund in _refunds(books):
        paid = [one for one in refund.transactions if one.status == "SUCCESS"]
        in_shop = sum(order.in_shop(one.amount, one.rate) for one in paid)
        yield {
            "refund_id": refund.facts.id,
            "order_id": order.id,
            "return_id": refund.return_id,
            "note": refund.facts.note,
            "created_at": refund.created_at,
            "processed_at": refund.created_at,
            "updated_at": refund.updated_at,
            **currencies(order),
            **in_both(order, "total_refunded", sum(one.amount for one in paid), in_shop),
        }


def refund_lines(books: Books) -> Iterator[Row]:
    """Amounts are in shop currency by the rate of the refund's day; lines that stay on the order come last."""
    for order, refund in _refunds(books):
        prices = {line.id: line.unit_price for line in order.lines}
        for position, row in enumerate([*refund.facts.lines, *refund.facts.kept_lines]):
            yield {
                "refund_id": refund.facts.id,
                "position": position,
                "order_id": order.id,
                "refund_line_id": row.id,
                "order_line_id": row.line_id,
                "quantity": row.units,
                "restock_type": row.restock,
                "is_restocked": row.restock in ("CANCEL", "RETURN"),
                "location_id": row.location_id,
                **currencies(order),
                **bags_of_day(
                    order, refund.facts.rate, price=prices[row.line_id], subtotal=row.subtotal, total_tax=row.tax
                ),
            }


def refund_shipping_lines(books: Books) -> Iterator[Row]:
    for order, refund in _refunds(books):
        for position, row in enumerate(refund.facts.shipping_lines):
            yield {
                "refund_id": refund.facts.id,
                "position": position,
                "order_id": order.id,
                "shipping_line_id": row.shipping_line_id,
                **currencies(order),
                **bags_of_day(order, refund.facts.rate, subtotal=row.subtotal, tax=row.tax),
            }


def refund_adjustments(books: Books) -> Iterator[Row]:
    for order, refund in _refunds(books):
        for row in refund.facts.adjustments:
            yield {
                "adjustment_id": row.id,
                "refund_id": refund.facts.id,
                "order_id": order.id,
                "reason": row.reason,
                **currencies(order),
                **bags_of_day(order, refund.facts.rate, amount=row.amount, tax=row.tax),
            }


def refund_duties(books: Books) -> Iterator[Row]:
    for order, refund in _refunds(books):
        for position, row in enumerate(refund.facts.duties):
            yield {
                "refund_id": refund.facts.id,
                "position": position,
                "order_id": order.id,
                "duty_id": row.duty_id,
                **currencies(order),
                **bags_of_day(order, refund.facts.rate, amount=row.amount),
            }
