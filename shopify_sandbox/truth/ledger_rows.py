"""What a warehouse has to hold of the sales ledger: agreements, their sales, and the taxes of those.

Here: rows by table. Not here: what the ledger adds up to (``order_book.py``).
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.truth.books import Books
from shopify_sandbox.truth.cells import Row
from shopify_sandbox.truth.order_book import CHARGES, OrderBook, owner_of
from shopify_sandbox.truth.order_cells import bags, currencies, millionths
from shopify_sandbox.truth.order_facts import Sale, Tax


def order_agreements(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        for one in order.agreements:
            yield {
                "agreement_id": one.id,
                "order_id": order.id,
                "agreement_type": one.type,
                "reason": one.reason,
                "happened_at": one.happened_at,
                "refund_id": one.refund_id if one.type == "RefundAgreement" else None,
                "return_id": one.return_id if one.type == "ReturnAgreement" else None,
                "app_id": None,
            }


def order_sales(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        fees = _fee_types(order)
        for agreement in order.agreements:
            for sale in agreement.sales:
                yield {
                    "sale_id": sale.id,
                    "agreement_id": agreement.id,
                    "order_id": order.id,
                    "action_type": sale.action,
                    "line_type": sale.line_type,
                    "quantity": sale.quantity,
                    **_sold_thing(sale, fees),
                    **currencies(order),
                    **bags(
                        order,
                        total=sale.total,
                        total_tax=sale.tax,
                        discount_before_tax=sale.discount,
                        discount_after_tax=sale.discount_after_tax,
                    ),
                }


def _fee_types(order: OrderBook) -> dict[int, str]:
    """Fees of returns, by id."""
    fees: dict[int, str] = {}
    for returned in order.returns.values():
        fees |= {fee.id: "ReturnShippingFee" for fee in returned.facts.fees}
        fees |= {line.fee.id: "RestockingFee" for line in returned.facts.lines if line.fee}
    return fees


def _sold_thing(sale: Sale, fees: dict[int, str]) -> Row:
    """What a sale is of, in the column of its kind; Shopify does not say which shipping line was taken back."""
    kind, thing = sale.line_type, sale.line_id
    return {
        "order_line_id": None if kind in CHARGES else thing,
        "shipping_line_id": thing if kind == "SHIPPING" and sale.action != "RETURN" else None,
        "duty_id": thing if kind == "DUTY" else None,
        "additional_fee_id": thing if kind == "ADDITIONAL_FEE" else None,
        "fee_type": fees[thing] if kind == "FEE" and thing else None,
        "fee_id": thing if kind == "FEE" else None,
    }


def order_sale_taxes(books: Books) -> Iterator[Row]:
    for order in books.orders.values():
        taxes = _taxes(order)
        for sale in order.sales():
            for tax_id, position, amount in sale.taxes:
                tax = taxes[owner_of(sale.line_type), sale.line_id or 0][position]
                yield {
                    "sale_tax_id": tax_id,
                    "sale_id": sale.id,
                    "order_id": order.id,
                    "title": tax.title,
                    "rate": millionths(tax.rate_ppm),
                    "source": None,
                    "channel_liable": False,
                    **currencies(order),
                    **bags(order, amount=amount),
                }


def _taxes(order: OrderBook) -> dict[tuple[str, int], list[Tax]]:
    lines = {("LINE", line.id): line.taxes for line in order.lines}
    return lines | {("SHIPPING", line.id): line.taxes for line in order.placed.shipping_lines}
