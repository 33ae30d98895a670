"""An order's money fields and payment status, derived from its sales and transactions by one function.

Here: identities I1-I13 and I18 of the sales ledger, and what follows from them. Not here: how sales come about.
Amounts are minor units of the order's presentment currency, where the identities are exact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from shopify_sandbox.world.ledger import unit_share
from shopify_sandbox.world.records import Order, Sale

ADDS = ("ORDER", "UPDATE")
GOODS = ("PRODUCT", "GIFT_CARD")
#: How a transaction counts in what was received.
RECEIVED = {"SALE": 1, "CAPTURE": 1, "CHANGE": -1}


@dataclass(frozen=True, slots=True)
class Figures:
    """Money fields of an order, named after the GraphQL fields without ``Set``.

    Duties and fees are None when the order never had any. ``received_shop`` and ``refunded_shop`` are in the shop's
    currency, each movement at the rate of its day; every other field is worth what the order's own rate makes of it.
    """

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
    original_total_duties: int | None
    current_total_duties: int | None
    original_total_fees: int | None
    current_total_fees: int | None
    payment_rounding: int
    refund_rounding: int
    received_shop: int
    refunded_shop: int


def figures(order: Order) -> Figures:
    """The order's figures now; kept on the order until its next event."""
    if order.cached_figures is None:
        order.cached_figures = _derive(order)
    return order.cached_figures


def _derive(order: Order) -> Figures:
    sales = order.sales()
    added = [sale for sale in sales if sale.action in ADDS]
    goods = [sale for sale in sales if sale.line_type in GOODS]
    shipping = [sale for sale in sales if sale.line_type == "SHIPPING"]
    everything = sum(sale.total for sale in sales)
    adjustments = sum(sale.total for sale in sales if sale.line_type == "ADJUSTMENT")
    duties = [sale for sale in sales if sale.line_type == "DUTY"]
    fees = [sale for sale in sales if sale.line_type == "ADDITIONAL_FEE"]
    received, refunded, capturable = _payments(order)
    included = order.taxes_included
    return Figures(
        original_total_price=sum(sale.total for sale in order.agreements[0].sales),
        total_price=sum(sale.total for sale in added),
        subtotal_price=_priced((sale for sale in goods if sale.action in ADDS), included),
        total_tax=sum(sale.tax for sale in added),
        total_discounts=_discount(added, included),
        total_shipping_price=sum(line.price for line in order.shipping_lines),
        total_tip_received=sum(sale.total for sale in added if sale.line_type == "TIP"),
        current_total_price=everything if order.counts_adjustments else everything - adjustments,
        current_subtotal_price=_priced(goods, included),
        current_total_tax=sum(sale.tax for sale in sales),
        current_total_discounts=_discount(sales, included),
        current_cart_discount=_cart_discount(order),
        current_shipping_price=_priced(shipping, included),
        total_received=received,
        total_refunded=refunded,
        total_refunded_shipping=sum(line.subtotal for refund in order.refunds for line in refund.shipping_lines),
        net_payment=received - refunded,
        total_capturable=capturable,
        total_outstanding=everything - (received - refunded) - capturable,
        refund_discrepancy=adjustments,
        original_total_duties=sum(sale.total for sale in duties if sale.action in ADDS) if duties else None,
        current_total_duties=sum(sale.total for sale in duties) if duties else None,
        original_total_fees=sum(sale.total for sale in fees if sale.action in ADDS) if fees else None,
        current_total_fees=sum(sale.total for sale in fees) if fees else None,
        payment_rounding=_rounding(order, "SALE"),
        refund_rounding=_rounding(order, "REFUND"),
        received_shop=_in_shop_currency(order, RECEIVED),
        refunded_shop=_in_shop_currency(order, {"REFUND": 1}),
    )


def _priced(sales: Iterable[Sale], included: bool) -> int:
    """What the goods cost as the shop says prices: with their tax when it is included, else without."""
    return sum(sale.total - (0 if included else sale.tax) for sale in sales)


def _discount(sales: Iterable[Sale], included: bool) -> int:
    """What was taken off prices as the shop says them."""
    return sum(sale.discount_after_tax if included else sale.discount for sale in sales)


def _rounding(order: Order, kind: str) -> int:
    return sum(one.rounding or 0 for one in order.transactions if (one.kind, one.status) == (kind, "SUCCESS"))


def _in_shop_currency(order: Order, signs: Mapping[str, int]) -> int:
    """Sum of the movements that succeeded, minor units of the shop's currency."""
    moved = (one for one in order.transactions if one.status == "SUCCESS" and one.kind in signs)
    return sum(signs[one.kind] * (one.exchange.to_shop(one.amount) if one.exchange else one.amount) for one in moved)


def _payments(order: Order) -> tuple[int, int, int]:
    """Received (SALE and CAPTURE less CHANGE), refunded and still capturable, of transactions that succeeded."""
    by_kind = dict.fromkeys(("SALE", "CAPTURE", "REFUND", "AUTHORIZATION", "CHANGE"), 0)
    voided = order.particulars.has_expired
    for transaction in order.transactions:
        if transaction.status == "SUCCESS":
            voided = voided or transaction.kind == "VOID"
            by_kind[transaction.kind] = by_kind.get(transaction.kind, 0) + transaction.amount
    capturable = 0 if voided else by_kind["AUTHORIZATION"] - by_kind["CAPTURE"]
    received = sum(sign * by_kind[kind] for kind, sign in RECEIVED.items())
    return received, by_kind["REFUND"], capturable


def _cart_discount(order: Order) -> int:
    """Order-level discount that the remaining units still carry."""
    left = 0
    for line in order.lines:
        for allocation in line.allocations:
            if allocation.application.method == "ACROSS":
                gone = line.quantity - line.current_quantity
                left += allocation.amount - unit_share(allocation.amount, line.quantity, gone)
    return left


def is_free(order: Order) -> bool:
    """Whether there was never anything to pay."""
    return not order.transactions and figures(order).total_price == 0


def may_ship(order: Order) -> bool:
    """Whether nothing has to be paid before it ships: all is paid, nothing ever was owed, or it is bought on terms."""
    money = figures(order)
    is_paid = money.total_received > 0 and money.total_outstanding <= 0 and money.total_capturable == 0
    return is_paid or is_free(order) or order.particulars.terms is not None


def financial_status(order: Order) -> str:
    """``displayFinancialStatus``; which of two true statuses wins is assumed (see EVIDENCE.md)."""
    money = figures(order)
    if money.total_received == 0:
        if is_free(order):
            return "PAID"
        if order.particulars.has_expired and not order.cancelled_at:
            return "EXPIRED"
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
