"""The GraphQL view of what happened to an order: agreements and sales, payments, refunds, fulfillments.

Here: the dated children of an order. Not here: its header (``orders.py``) and its lines (``lines.py``).
"""

from __future__ import annotations

from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    gid,
    identity,
    itself,
    moment,
    only_id,
)
from shopify_sandbox.world.records import Fulfillment, Refund, Sale

SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "SHIPPING": "ShippingLineSale",
    "TIP": "TipSale",
    "ADJUSTMENT": "AdjustmentSale",
}


AGREEMENT: Fields = {
    "id": derived(lambda agreement: gid("SalesAgreement", agreement.id)),
    "happenedAt": moment("happened_at"),
    **attributes(reason="reason", sales="sales"),
}

SALE: Fields = {
    **only_id("Sale"),
    **attributes(
        actionType="action",
        lineType="line_type",
        quantity="quantity",
        taxes="taxes",
        totalAmount="total",
        totalTaxAmount="tax",
        totalDiscountAmountBeforeTaxes="discount",
        totalDiscountAmountAfterTaxes="discount_after_tax",
    ),
}


def _shipping_line(sale: Sale) -> object:
    """Null on a RETURN, as the schema says."""
    return None if sale.action == "RETURN" else sale.line


def _refunded(refund: Refund) -> int:
    return sum(one.amount for one in refund.transactions if one.status == "SUCCESS")


REFUND: Fields = {
    **identity("Refund"),
    **attributes(
        note="note",
        order="order",
        refundLineItems="lines",
        refundShippingLines="shipping_lines",
        orderAdjustments="adjustments",
        transactions="transactions",
    ),
    "createdAt": moment("created_at"),
    "processedAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "totalRefundedSet": derived(_refunded),
    "duties": fixed([]),
    "return": fixed(None),
}

REFUND_LINE: Fields = {
    **only_id("RefundLineItem"),
    **attributes(
        lineItem="line",
        quantity="quantity",
        restockType="restock",
        location="location",
        priceSet="line.unit_price",
        subtotalSet="subtotal",
        totalTaxSet="tax",
    ),
    "restocked": derived(lambda line: line.restock in ("RETURN", "CANCEL")),
}


def _quantity(fulfillment: Fulfillment) -> int:
    return sum(line.quantity for line in fulfillment.lines)


FULFILLMENT: Fields = {
    **identity("Fulfillment"),
    **attributes(name="name", order="order", location="location", fulfillmentLineItems="lines"),
    "status": fixed("SUCCESS"),
    "displayStatus": fixed("FULFILLED"),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    # Parcels of this world leave and are not heard of again.
    "inTransitAt": fixed(None),
    "estimatedDeliveryAt": fixed(None),
    "deliveredAt": fixed(None),
    "requiresShipping": fixed(True),
    "service": itself,
    "totalQuantity": derived(_quantity),
    "trackingInfo": first(lambda fulfillment: fulfillment.tracking),
}

TYPES: dict[str, Fields] = {
    "SalesAgreement": AGREEMENT,
    "OrderAgreement": {**AGREEMENT, "order": attribute("order")},
    "OrderEditAgreement": AGREEMENT,
    "RefundAgreement": {**AGREEMENT, "refund": attribute("refund")},
    "Sale": SALE,
    "ProductSale": {**SALE, "lineItem": attribute("line")},
    "TipSale": {**SALE, "lineItem": attribute("line")},
    "ShippingLineSale": {**SALE, "shippingLine": derived(_shipping_line)},
    "AdjustmentSale": SALE,
    "SaleTax": {**only_id("SaleTax"), **attributes(amount="amount", taxLine="tax_line")},
    "Refund": REFUND,
    "RefundLineItem": REFUND_LINE,
    "RefundShippingLine": {
        **only_id("RefundShippingLine"),
        **attributes(shippingLine="shipping_line", subtotalAmountSet="subtotal", taxAmountSet="tax"),
    },
    "OrderAdjustment": {
        **only_id("OrderAdjustment"),
        **attributes(reason="reason", amountSet="amount", taxAmountSet="tax"),
    },
    "Fulfillment": FULFILLMENT,
    "FulfillmentLineItem": {
        **only_id("FulfillmentLineItem"),
        **attributes(lineItem="line", quantity="quantity"),
        "originalTotalSet": derived(lambda row: row.line.unit_price * row.quantity),
    },
    # The shop ships by itself; Shopify calls that the manual service.
    "FulfillmentService": {
        "id": fixed("gid://shopify/FulfillmentService/manual"),
        "handle": fixed("manual"),
        "serviceName": fixed("Manual"),
        "type": fixed("MANUAL"),
        "inventoryManagement": fixed(False),
        "trackingSupport": fixed(False),
        "requiresShippingMethod": fixed(True),
        "location": fixed(None),
        "callbackUrl": fixed(None),
    },
    "FulfillmentTrackingInfo": attributes(company="company", number="number", url="url"),
}
