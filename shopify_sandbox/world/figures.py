"""An order's money fields and payment status, derived from its sales and transactions by one function.

Here: identities I1-I13 and I18 of the sales ledger, and what follows from them. Not here: how sales come about.
Amounts are minor units of the shop currency (the world's presentment currency is the same).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from shopify_sandbox.world.ledger import unit_share
from shopify_sandbox.world.records import Order, Sale

ADDS = ("ORDER", "UPDATE")


@dataclass(frozen=True, slots=True)
class Figures:
    """Money fields of an order, named after the GraphQL fields without ``Set``."""

    original_total_price: int
    total_price: int
    subtotal_price: int
    total_tax: int
    total_discounts: int
    total_shipping_price: int
    total_tip_received: int
    current_total_price: int
    current_subtotal_price: int
    current_total_tax: int
    current_total_discounts: int
    current_cart_discount: int
    current_shipping_price: int
    total_received: int
    total_refunded: int
    total_refunded_shipping: int
    net_payment: int
    total_capturable: int
    total_outstanding: int
    refund_discrepancy: int


def figures(order: Order) -> Figures:
    """The order's figures now; kept on the order until its next event."""
    if order.cached_figures is None:
        order.cached_figures = _derive(order)
    return order.cached_figures


def _derive(order: Order) -> Figures:
    sales = order.sales()
    added = [sale for sale in sales if sale.action in ADDS]
    goods = [sale for sale in sales if sale.line_type == "PRODUCT"]
    shipping = [sale for sale in sales if sale.line_type == "SHIPPING"]
    everything = sum(sale.total for sale in sales)
    adjustments = sum(sale.total for sale in sales if sale.line_type == "ADJUSTMENT")
    received, refunded, capturable = _payments(order)
    return Figures(
        original_total_price=sum(sale.total for sale in order.agreements[0].sales),
        total_price=sum(sale.total for sale in added),
        subtotal_price=_net(sale for sale in goods if sale.action in ADDS),
        total_tax=sum(sale.tax for sale in added),
        total_discounts=sum(sale.discount for sale in added),
        total_shipping_price=sum(line.price for line in order.shipping_lines),
        total_tip_received=sum(sale.total for sale in added if sale.line_type == "TIP"),
        current_total_price=everything - adjustments,
        current_subtotal_price=_net(goods),
        current_total_tax=sum(sale.tax for sale in sales),
        current_total_discounts=sum(sale.discount for sale in sales),
        current_cart_discount=_cart_discount(order),
        current_shipping_price=_net(shipping),
        total_received=received,
        total_refunded=refunded,
        total_refunded_shipping=sum(line.subtotal for refund in order.refunds for line in refund.shipping_lines),
        net_payment=received - refunded,
        total_capturable=capturable,
        total_outstanding=everything - (received - refunded) - capturable,
        refund_discrepancy=adjustments,
    )


def _net(sales: Iterable[Sale]) -> int:
    return sum(sale.total - sale.tax for sale in sales)


def _payments(order: Order) -> tuple[int, int, int]:
    """Received (SALE and CAPTURE), refunded and still capturable, of transactions that succeeded."""
    by_kind = dict.fromkeys(("SALE", "CAPTURE", "REFUND", "AUTHORIZATION"), 0)
    voided = False
    for transaction in order.transactions:
        if transaction.status == "SUCCESS":
            voided = voided or transaction.kind == "VOID"
            by_kind[transaction.kind] = by_kind.get(transaction.kind, 0) + transaction.amount
    capturable = 0 if voided else by_kind["AUTHORIZATION"] - by_kind["CAPTURE"]
    return by_kind["SALE"] + by_kind["CAPTURE"], by_kind["REFUND"], capturable


def _cart_discount(order: Order) -> int:
    """Order-level discount that the remaining units still carry."""
    left = 0
    for line in order.lines:
        for allocation in line.allocations:
            if allocation.application.method == "ACROSS":
                gone = line.quantity - line.current_quantity
                left += allocation.amount - unit_share(allocation.amount, line.quantity, gone)
    return left


def financial_status(order: Order) -> str:
    """``displayFinancialStatus``; which of two true statuses wins is assumed (see EVIDENCE.md)."""
    money = figures(order)
    if money.total_received == 0:
        if money.total_capturable:
            return "AUTHORIZED"
        return "VOIDED" if order.cancelled_at else "PENDING"
    if money.total_refunded >= money.total_received:
        return "REFUNDED"
    if money.total_refunded:
        return "PARTIALLY_REFUNDED"
    return "PARTIALLY_PAID" if money.total_outstanding > 0 else "PAID"


def fulfillment_status(order: Order) -> str:
    """``displayFulfillmentStatus`` from shipped and still unshipped units."""
    if not any(line.fulfilled for line in order.lines):
        return "UNFULFILLED"
    return "PARTIALLY_FULFILLED" if order.unfulfilled else "FULFILLED"
