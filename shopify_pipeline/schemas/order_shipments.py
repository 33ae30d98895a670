"""The field map of an order's shipments: fulfillments with their lines and tracking numbers.

Here: declarations only. What is still to be shipped, and from where, is in ``fulfillment_orders.py``.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    OWNER,
    PARENT,
    POSITION,
    Pii,
    Source,
    Table,
    bag,
    count,
    currencies,
    flag,
    gid,
    instant,
    text,
)
from shopify_pipeline.schemas.order_lines import ORDER_ID

FULFILLMENTS = Table(
    name="fulfillments",
    grain="One row per fulfillment of an order.",
    key=("fulfillment_id",),
    root_column="order_id",
    sources=(Source("Order", "fulfillments"),),
    columns=(
        gid("fulfillment_id", "id", "Shopify's numeric fulfillment id."),
        ORDER_ID,
        text("name", "name", "Name, such as #1001.1.", nullable=False),
        text("status", "status", "SUCCESS, CANCELLED, ERROR or FAILURE.", nullable=False),
        text("display_status", "displayStatus", "Status as the admin shows it."),
        instant("created_at", "createdAt", "When the units left.", nullable=False),
        instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
        instant("in_transit_at", "inTransitAt", "When the carrier took it."),
        instant("estimated_delivery_at", "estimatedDeliveryAt", "When it should be delivered."),
        instant("delivered_at", "deliveredAt", "When it was delivered."),
        count("total_quantity", "totalQuantity", "Units in it.", checks=("not_negative",)),
        flag("requires_shipping", "requiresShipping", "Whether anything in it ships."),
        gid("location_id", "location.id", "Where the units left from.", nullable=True),
        text("service", "service.handle", "Fulfillment service that shipped it, such as ``manual``."),
    ),
)

FULFILLMENT_LINES = Table(
    name="fulfillment_lines",
    grain="One row per line of a fulfillment.",
    key=("fulfillment_line_id",),
    root_column="order_id",
    sources=(Source("FulfillmentLineItem"),),
    columns=(
        gid("fulfillment_line_id", "id", "Shopify's numeric fulfillment line id."),
        gid("fulfillment_id", PARENT, "The fulfillment."),
        ORDER_ID,
        gid("order_line_id", "lineItem.id", "The shipped line."),
        count("quantity", "quantity", "Units shipped.", nullable=True),
        *currencies("originalTotalSet"),
        *bag("original_total", "originalTotalSet", "Value of the shipped units before discounts."),
        *bag("discounted_total", "discountedTotalSet", "Value of the shipped units after line discounts."),
    ),
)

FULFILLMENT_TRACKING = Table(
    name="fulfillment_tracking",
    grain="One row per tracking number of a fulfillment.",
    key=("fulfillment_id", "position"),
    root_column="order_id",
    sources=(Source("Order", "fulfillments[].trackingInfo"),),
    columns=(
        gid("fulfillment_id", f"{OWNER}id", "The fulfillment."),
        count("position", POSITION, "Place among its tracking numbers, from 0."),
        ORDER_ID,
        text("company", "company", "Carrier."),
        text("number", "number", "Tracking number.", pii=Pii.PSEUDONYM),
        text("url", "url", "Tracking page.", pii=Pii.PSEUDONYM),
    ),
)

TABLES = (FULFILLMENTS, FULFILLMENT_LINES, FULFILLMENT_TRACKING)
