"""The field map of the ``fulfillment_orders`` stream: what is to be shipped, from where, and what holds it back.

Here: declarations only. A fulfillment order changes without its order's stamp, so it is a root of its own.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    PARENT,
    ROOT,
    Pii,
    Source,
    Stream,
    Table,
    count,
    flag,
    gid,
    instant,
    text,
)

FULFILLMENT_ORDER_ID = gid("fulfillment_order_id", ROOT, "The fulfillment order this row belongs to.")

FULFILLMENT_ORDERS = Table(
    name="fulfillment_orders",
    grain="One row per fulfillment order, closed ones included, newest version.",
    key=("fulfillment_order_id",),
    root_column="fulfillment_order_id",
    sources=(Source("FulfillmentOrder"),),
    columns=(
        gid("fulfillment_order_id", "id", "Shopify's numeric fulfillment order id."),
        gid("order_id", "orderId", "The order it ships."),
        text("order_name", "orderName", "Name of that order.", nullable=False),
        text("status", "status", "OPEN, IN_PROGRESS, ON_HOLD, SCHEDULED, INCOMPLETE or an end state.", nullable=False),
        text("request_status", "requestStatus", "What was asked of the fulfillment service.", nullable=False),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
        instant("order_processed_at", "orderProcessedAt", "When its order was placed.", nullable=False),
        instant("fulfill_at", "fulfillAt", "When it should be begun."),
        instant("fulfill_by", "fulfillBy", "When it should be done."),
        gid("location_id", "assignedLocation.location.id", "Where it ships from.", nullable=True),
        text("location_name", "assignedLocation.name", "Name of that location when assigned.", nullable=False),
        text("delivery_method", "deliveryMethod.methodType", "SHIPPING, PICK_UP, LOCAL, NONE or another."),
        text("delivery_name", "deliveryMethod.presentedName", "Delivery as the customer saw it."),
        text("service_code", "deliveryMethod.serviceCode", "Code of the delivery service."),
        instant("deliver_from", "deliveryMethod.minDeliveryDateTime", "Earliest promised delivery."),
        instant("deliver_until", "deliveryMethod.maxDeliveryDateTime", "Latest promised delivery."),
        text("incoterm", "internationalDuties.incoterm", "Who pays the duties, on international orders."),
        # Whoever lives there is told by the order: a redaction of it moves no stamp of this one.
        text("ship_to_city", "destination.city", "Destination: city."),
        text("ship_to_province", "destination.province", "Destination: state or province."),
        text("ship_to_country_code", "destination.countryCode", "Destination: ISO 3166 country code."),
    ),
)

FULFILLMENT_ORDER_LINES = Table(
    name="fulfillment_order_lines",
    grain="One row per line of a fulfillment order.",
    key=("fulfillment_order_line_id",),
    root_column="fulfillment_order_id",
    sources=(Source("FulfillmentOrderLineItem"),),
    columns=(
        gid("fulfillment_order_line_id", "id", "Shopify's numeric fulfillment order line id."),
        FULFILLMENT_ORDER_ID,
        gid("order_line_id", "lineItem.id", "The order line to be shipped."),
        gid("inventory_item_id", "inventoryItemId", "What is taken from stock.", nullable=True),
        text("sku", "sku", "SKU."),
        text("product_title", "productTitle", "Product title.", nullable=False),
        text("variant_title", "variantTitle", "Variant title."),
        text("vendor", "vendor", "Vendor."),
        count("total_quantity", "totalQuantity", "Units to be shipped.", checks=("not_negative",)),
        count("remaining_quantity", "remainingQuantity", "Units still to be shipped.", checks=("not_negative",)),
        flag("requires_shipping", "requiresShipping", "Whether it ships."),
    ),
)

FULFILLMENT_HOLDS = Table(
    name="fulfillment_holds",
    grain="One row per hold on a fulfillment order.",
    key=("fulfillment_order_id", "hold_id"),
    root_column="fulfillment_order_id",
    sources=(Source("FulfillmentOrder", "fulfillmentHolds"),),
    columns=(
        FULFILLMENT_ORDER_ID,
        gid("hold_id", "id", "Shopify's numeric hold id."),
        text("handle", "handle", "Name the holding app gave it."),
        text("reason", "reason", "Why it is held.", nullable=False),
        text("display_reason", "displayReason", "The reason as the admin shows it.", nullable=False),
        text("reason_notes", "reasonNotes", "More about the reason.", pii=Pii.PERSONAL),
        flag("is_own", "heldByRequestingApp", "Held by this app itself."),
    ),
)

FULFILLMENT_ORDER_FULFILLMENTS = Table(
    name="fulfillment_order_fulfillments",
    grain="One row per fulfillment that shipped units of a fulfillment order.",
    key=("fulfillment_order_id", "fulfillment_id"),
    root_column="fulfillment_order_id",
    sources=(Source("Fulfillment"),),
    columns=(
        gid("fulfillment_order_id", PARENT, "The fulfillment order."),
        gid("fulfillment_id", "id", "The fulfillment."),
    ),
)

STREAM = Stream(
    name="fulfillment_orders",
    roots=(("FulfillmentOrder", FULFILLMENT_ORDERS),),
    children=(FULFILLMENT_ORDER_LINES, FULFILLMENT_HOLDS, FULFILLMENT_ORDER_FULFILLMENTS),
    scopes=("read_merchant_managed_fulfillment_orders",),
)
