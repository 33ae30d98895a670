"""The field map of an order's returns: what comes back, what goes out in exchange, what is charged, where it lands.

Here: declarations only. A return has no version stamp of its own, so it is read and replaced with its order.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    NODE,
    OWNER,
    PARENT,
    POSITION,
    Column,
    Kind,
    Pii,
    Source,
    Table,
    amount,
    bag,
    count,
    currencies,
    gid,
    instant,
    rate,
    text,
)
from shopify_pipeline.schemas.order_lines import ORDER_ID

RETURNS = Table(
    name="returns",
    grain="One row per return of an order, requested and declined ones included.",
    key=("return_id",),
    root_column="order_id",
    sources=(Source("Return"),),
    columns=(
        gid("return_id", "id", "Shopify's numeric return id."),
        ORDER_ID,
        text("name", "name", "Name, such as #1001-R1.", nullable=False),
        text("status", "status", "REQUESTED, OPEN, CLOSED, DECLINED or CANCELED.", nullable=False),
        count("total_quantity", "totalQuantity", "Units to come back.", checks=("not_negative",)),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("request_approved_at", "requestApprovedAt", "When a request was approved."),
        instant("closed_at", "closedAt", "When it was closed."),
        text("decline_reason", "decline.reason", "Why a request was declined."),
        text("decline_note", "decline.note", "What the customer was told.", pii=Pii.PERSONAL),
    ),
)

RETURN_LINES = Table(
    name="return_lines",
    grain="One row per line of a return; an unverified one is tied to no fulfillment.",
    key=("line_type", "return_line_id"),
    root_column="order_id",
    sources=(
        Source("ReturnLineItem", paths=(("line_type", "=verified"),)),
        Source("UnverifiedReturnLineItem", paths=(("line_type", "=unverified"),)),
    ),
    columns=(
        text("line_type", "=", "``verified`` or ``unverified``.", nullable=False),
        gid("return_line_id", "id", "Shopify's numeric return line id."),
        gid("return_id", PARENT, "The return."),
        ORDER_ID,
        gid("fulfillment_line_id", "fulfillmentLineItem.id", "The shipped line; verified lines only.", nullable=True),
        gid(
            "order_line_id",
            "fulfillmentLineItem.lineItem.id",
            "The order line; verified lines only.",
            nullable=True,
        ),
        count("quantity", "quantity", "Units to come back.", checks=("not_negative",)),
        count("processable_quantity", "processableQuantity", "Units that can be processed now."),
        count("processed_quantity", "processedQuantity", "Units processed."),
        count("unprocessed_quantity", "unprocessedQuantity", "Units not yet processed."),
        count("refundable_quantity", "refundableQuantity", "Units that may be refunded."),
        count("refunded_quantity", "refundedQuantity", "Units refunded."),
        text("reason", "returnReasonDefinition.handle", "Handle of the reason."),
        text("reason_name", "returnReasonDefinition.name", "The reason in the merchant's words."),
        text("reason_note", "returnReasonNote", "More about the reason.", nullable=False, pii=Pii.PERSONAL),
        text("customer_note", "customerNote", "What the customer wrote.", pii=Pii.PERSONAL),
        Column(
            "currency",
            "withCodeDiscountedTotalPriceSet.shopMoney.currencyCode",
            Kind.TEXT,
            "Shop currency of this row's ``_shop`` amount.",
        ),
        Column(
            "presentment_currency",
            "withCodeDiscountedTotalPriceSet.presentmentMoney.currencyCode",
            Kind.TEXT,
            "Currency the customer saw, of this row's ``_presentment`` amount.",
        ),
        *bag(
            "discounted_total",
            "withCodeDiscountedTotalPriceSet",
            "Value of the units after discounts, codes included; verified lines only.",
            nullable=True,
        ),
        Column("unit_price_currency", "unitPrice.currencyCode", Kind.TEXT, "Currency of the unit price."),
        amount(
            "unit_price",
            "unitPrice.amount",
            "Price of one unit; unverified lines only.",
            nullable=True,
            unit="unit_price_currency",
        ),
    ),
)

EXCHANGE_LINES = Table(
    name="exchange_lines",
    grain="One row per line of a return that goes out in exchange.",
    key=("exchange_line_id",),
    root_column="order_id",
    sources=(Source("ExchangeLineItem"),),
    columns=(
        gid("exchange_line_id", "id", "Shopify's numeric exchange line id."),
        gid("return_id", PARENT, "The return."),
        ORDER_ID,
        gid("variant_id", "variantId", "What goes out.", nullable=True),
        count("quantity", "quantity", "Units to go out.", checks=("not_negative",)),
        count("processable_quantity", "processableQuantity", "Units that can be processed now."),
        count("processed_quantity", "processedQuantity", "Units processed."),
        count("unprocessed_quantity", "unprocessedQuantity", "Units not yet processed."),
    ),
)

EXCHANGE_ORDER_LINES = Table(
    name="exchange_order_lines",
    grain="One row per order line that came of an exchange line.",
    key=("exchange_line_id", "position"),
    root_column="order_id",
    sources=(Source("ExchangeLineItem", "lineItems", nullable=True),),
    columns=(
        gid("exchange_line_id", f"{NODE}id", "The exchange line."),
        count("position", POSITION, "Place among its order lines, from 0."),
        ORDER_ID,
        gid("order_line_id", "id", "The order line it became when it was processed."),
    ),
)

RETURN_FEES = Table(
    name="return_fees",
    grain="One row per fee charged on a return.",
    key=("fee_type", "fee_id"),
    root_column="order_id",
    sources=(
        Source("Return", "returnShippingFees", paths=(("fee_type", "=ReturnShippingFee"),)),
        Source("ReturnLineItem", "restockingFee", paths=(("fee_type", "=RestockingFee"),), single=True),
    ),
    columns=(
        text("fee_type", "=", "RestockingFee or ReturnShippingFee, as in ``order_sales``.", nullable=False),
        gid("fee_id", "id", "Shopify's numeric fee id."),
        gid("owner_id", f"{OWNER}id", "The return, or the return line a restocking fee is charged on."),
        ORDER_ID,
        rate("percentage", "percentage", "Share of the line's price; restocking fees only."),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "The fee, positive."),
    ),
)

REVERSE_FULFILLMENT_ORDERS = Table(
    name="reverse_fulfillment_orders",
    grain="One row per reverse fulfillment order of a return: goods that come back together.",
    key=("reverse_fulfillment_order_id",),
    root_column="order_id",
    sources=(Source("ReverseFulfillmentOrder"),),
    columns=(
        gid("reverse_fulfillment_order_id", "id", "Shopify's numeric reverse fulfillment order id."),
        gid("return_id", PARENT, "The return."),
        ORDER_ID,
        text("status", "status", "OPEN, CLOSED or CANCELED.", nullable=False),
    ),
)

REVERSE_FULFILLMENT_LINES = Table(
    name="reverse_fulfillment_lines",
    grain="One row per line of a reverse fulfillment order.",
    key=("reverse_fulfillment_line_id",),
    root_column="order_id",
    sources=(Source("ReverseFulfillmentOrderLineItem"),),
    columns=(
        gid("reverse_fulfillment_line_id", "id", "Shopify's numeric reverse fulfillment line id."),
        gid("reverse_fulfillment_order_id", PARENT, "The reverse fulfillment order."),
        ORDER_ID,
        gid("fulfillment_line_id", "fulfillmentLineItem.id", "The shipped line that comes back.", nullable=True),
        gid("order_line_id", "fulfillmentLineItem.lineItem.id", "The order line that comes back.", nullable=True),
        count("total_quantity", "totalQuantity", "Units to come back.", checks=("not_negative",)),
    ),
)

REVERSE_DISPOSITIONS = Table(
    name="reverse_dispositions",
    grain="One row per decision about units that came back: where they went.",
    key=("disposition_id",),
    root_column="order_id",
    sources=(Source("ReverseFulfillmentOrderLineItem", "dispositions"),),
    columns=(
        gid("disposition_id", "id", "Shopify's numeric disposition id."),
        gid("reverse_fulfillment_line_id", f"{NODE}id", "The line that came back."),
        ORDER_ID,
        text("disposition_type", "type", "RESTOCKED, NOT_RESTOCKED, PROCESSING_REQUIRED or MISSING.", nullable=False),
        count("quantity", "quantity", "Units it concerns.", checks=("not_negative",)),
        gid("location_id", "location.id", "Where they went.", nullable=True),
        instant("created_at", "createdAt", "When it was decided; independent of any refund.", nullable=False),
    ),
)

TABLES = (
    RETURNS,
    RETURN_LINES,
    EXCHANGE_LINES,
    EXCHANGE_ORDER_LINES,
    RETURN_FEES,
    REVERSE_FULFILLMENT_ORDERS,
    REVERSE_FULFILLMENT_LINES,
    REVERSE_DISPOSITIONS,
)
