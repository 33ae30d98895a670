"""The GraphQL view of what happened to an order: agreements and sales, payments, refunds, fulfillments.

Here: the dated children of an order. Not here: its header (``orders.py``) and its lines (``lines.py``).
"""

from __future__ import annotations

from shopify_sandbox.resources.exchanges import together
from shopify_sandbox.resources.fulfillment_orders import of_fulfillment
from shopify_sandbox.resources.lines import discounted_share
from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    gid,
    identity,
    moment,
    only_id,
)
from shopify_sandbox.world.currency import Bag
from shopify_sandbox.world.records import Refund, Sale
from shopify_sandbox.world.shipping_records import Fulfillment

SALE_TYPES = {
    "PRODUCT": "ProductSale",
    "SHIPPING": "ShippingLineSale",
    "TIP": "TipSale",
    "GIFT_CARD": "GiftCardSale",
    "DUTY": "DutySale",
    "ADDITIONAL_FEE": "AdditionalFeeSale",
    "ADJUSTMENT": "AdjustmentSale",
    "FEE": "FeeSale",
}


AGREEMENT: Fields = {
    "id": derived(lambda agreement: gid("SalesAgreement", agreement.id)),
    "happenedAt": moment("happened_at"),
    # Whatever is agreed here was agreed in the shop itself, by no app.
    "app": fixed(None),
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


def _refunded(refund: Refund) -> int | Bag:
    return together(one for one in refund.transactions if one.status == "SUCCESS")


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
    "duties": attribute("duties"),
    "return": attribute("returned"),
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


def _display_status(fulfillment: Fulfillment) -> str:
    if fulfillment.status == "CANCELLED":
        return "CANCELED"
    if fulfillment.delivered_at:
        return "DELIVERED"
    return "IN_TRANSIT" if fulfillment.in_transit_at else "FULFILLED"


FULFILLMENT: Fields = {
    **identity("Fulfillment"),
    **attributes(name="name", order="order", location="location", fulfillmentLineItems="lines"),
    "status": attribute("status"),
    "displayStatus": derived(_display_status),
    "createdAt": moment("created_at"),
    "updatedAt": moment("updated_at"),
    "inTransitAt": moment("in_transit_at"),
    "estimatedDeliveryAt": fixed(None),
    "deliveredAt": moment("delivered_at"),
    "requiresShipping": fixed(True),
    "service": attribute("location"),
    "fulfillmentOrders": derived(of_fulfillment),
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
    "GiftCardSale": {**SALE, "lineItem": attribute("line")},
    "DutySale": {**SALE, "duty": attribute("line")},
    "AdditionalFeeSale": {**SALE, "additionalFee": attribute("line")},
    "RefundDuty": attributes(amountSet="amount", originalDuty="duty"),
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
        "discountedTotalSet": derived(lambda row: discounted_share(row.line, row.quantity)),
    },
    # A location is a service's own, or the shop ships from it by itself, which Shopify calls the manual service.
    "FulfillmentService": {
        "id": derived(lambda location: gid("FulfillmentService", location.id if location.service else "manual")),
        "handle": attribute("service_handle"),
        "serviceName": derived(lambda location: location.service or "Manual"),
        "type": derived(lambda location: "THIRD_PARTY" if location.service else "MANUAL"),
        "inventoryManagement": derived(lambda location: location.service is not None),
        "trackingSupport": derived(lambda location: location.service is not None),
        "requiresShippingMethod": fixed(True),
        "location": derived(lambda location: location if location.service else None),
        "callbackUrl": fixed(None),
    },
    "FulfillmentTrackingInfo": attributes(company="company", number="number", url="url"),
}
