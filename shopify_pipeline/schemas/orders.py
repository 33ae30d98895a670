"""The field map of the ``orders`` stream: an order with its lines, ledger, money movements and shipments.

Here: declarations only. Rules between columns are in ``frames.py``, the GraphQL documents in ``shopify/queries``.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    NODE,
    OWNER,
    PARENT,
    POSITION,
    ROOT,
    Pii,
    Source,
    Stream,
    Table,
    address,
    amount,
    bag,
    count,
    currencies,
    currency,
    flag,
    gid,
    instant,
    rate,
    text,
)

ORDER_ID = gid("order_id", ROOT, "The order this row belongs to.")

ORDERS = Table(
    name="orders",
    grain="One row per order, newest version.",
    key=("order_id",),
    root_column="order_id",
    sources=(Source("Order"),),
    columns=(
        gid("order_id", "id", "Shopify's numeric order id."),
        text("name", "name", "Order name as the merchant sees it, such as #1001.", nullable=False),
        text("source_name", "sourceName", "Channel the order came from."),
        text("email", "email", "E-mail given at checkout.", pii=Pii.PERSONAL),
        text("phone", "phone", "Phone given at checkout.", pii=Pii.PERSONAL),
        text("note", "note", "Note of customer or merchant.", pii=Pii.PERSONAL),
        gid(
            "customer_id",
            "customer.id",
            "Customer; null for guests and after redaction.",
            nullable=True,
            pii=Pii.PSEUDONYM,
        ),
        instant("created_at", "createdAt", "When Shopify created the order.", nullable=False),
        instant("processed_at", "processedAt", "When the sale happened; dates the first agreement.", nullable=False),
        instant("updated_at", "updatedAt", "Shopify's version stamp, whole seconds.", nullable=False),
        instant("cancelled_at", "cancelledAt", "When it was cancelled."),
        instant("closed_at", "closedAt", "When it was archived."),
        text("cancel_reason", "cancelReason", "Reason of the cancellation."),
        text("financial_status", "displayFinancialStatus", "Payment status as the admin shows it."),
        text(
            "fulfillment_status",
            "displayFulfillmentStatus",
            "Fulfillment status as the admin shows it.",
            nullable=False,
        ),
        text("return_status", "returnStatus", "Return status as the admin shows it.", nullable=False),
        flag("is_test", "test", "Placed with a test gateway; in no report."),
        flag("is_edited", "edited", "Lines were changed after checkout."),
        flag("taxes_included", "taxesIncluded", "Whether prices include tax."),
        currency("currency", "currencyCode", "Shop currency when the order was placed."),
        currency("presentment_currency", "presentmentCurrencyCode", "Currency the customer paid in."),
        *bag("original_total_price", "originalTotalPriceSet", "Total when placed."),
        *bag("total_price", "totalPriceSet", "Sum of ORDER and UPDATE sales; does not fall when units are removed."),
        *bag("subtotal_price", "subtotalPriceSet", "Lines after discounts, at order time.", nullable=True),
        *bag("total_tax", "totalTaxSet", "Tax at order time.", nullable=True),
        *bag(
            "total_discounts",
            "totalDiscountsSet",
            "Discounts at order time, shipping discounts included.",
            nullable=True,
        ),
        *bag("total_shipping_price", "totalShippingPriceSet", "Shipping at order time, before discounts."),
        *bag("current_total_price", "currentTotalPriceSet", "Total after edits, returns and removals."),
        *bag("current_subtotal_price", "currentSubtotalPriceSet", "Subtotal after edits, returns and removals."),
        *bag("current_total_tax", "currentTotalTaxSet", "Tax after edits, returns and removals.", nullable=True),
        *bag("current_total_discounts", "currentTotalDiscountsSet", "Discounts after edits, returns and removals."),
        *bag("current_shipping_price", "currentShippingPriceSet", "Shipping after refunds."),
        *bag("total_received", "totalReceivedSet", "Sum of successful SALE and CAPTURE transactions."),
        *bag("total_refunded", "totalRefundedSet", "Sum of successful REFUND transactions."),
        *bag("net_payment", "netPaymentSet", "Received less refunded."),
        *bag("total_outstanding", "totalOutstandingSet", "Still to be paid; negative when too much was paid."),
        *bag("total_capturable", "totalCapturableSet", "Authorised and not captured."),
        *bag("total_tip", "totalTipReceivedSet", "Tips received."),
        *bag("refund_discrepancy", "refundDiscrepancySet", "Sum of adjustments; positive in the merchant's favour."),
        *address("ship_to_", "shippingAddress.", "Shipping address"),
    ),
)

ORDER_LINES = Table(
    name="order_lines",
    grain="One row per line item of an order, removed ones included.",
    key=("order_line_id",),
    root_column="order_id",
    sources=(Source("LineItem"),),
    columns=(
        gid("order_line_id", "id", "Shopify's numeric line item id."),
        ORDER_ID,
        text("title", "title", "Product title when sold.", nullable=False),
        text("variant_title", "variantTitle", "Variant title when sold."),
        text("sku", "sku", "SKU when sold; not unique in Shopify."),
        text("vendor", "vendor", "Vendor when sold."),
        gid("product_id", "product.id", "Product; null once deleted.", nullable=True),
        gid("variant_id", "variant.id", "Variant; null once deleted.", nullable=True),
        count("quantity", "quantity", "Units ordered, removed ones included.", checks=("not_negative",)),
        count("current_quantity", "currentQuantity", "Units after removals and refunds.", checks=("not_negative",)),
        count("unfulfilled_quantity", "unfulfilledQuantity", "Units not yet shipped.", checks=("not_negative",)),
        flag("requires_shipping", "requiresShipping", "Whether the line ships."),
        flag("is_gift_card", "isGiftCard", "Whether the line is a gift card: a liability, not revenue."),
        flag("is_taxable", "taxable", "Whether the line is taxable."),
        *currencies("originalUnitPriceSet"),
        *bag("original_unit_price", "originalUnitPriceSet", "Unit price before discounts."),
        *bag("original_total", "originalTotalSet", "Unit price times quantity; already a line total."),
        *bag(
            "discounted_total", "discountedTotalSet", "Line total after line discounts; order discounts not included."
        ),
    ),
)

ORDER_LINE_DISCOUNTS = Table(
    name="order_line_discounts",
    grain="One row per discount allocated to a line.",
    key=("order_line_id", "position"),
    root_column="order_id",
    sources=(Source("LineItem", "discountAllocations"),),
    columns=(
        gid("order_line_id", f"{NODE}id", "The discounted line."),
        count("position", POSITION, "Place among the line's allocations, from 0."),
        ORDER_ID,
        count("application_index", "discountApplication.index", "Number of the discount application on the order."),
        text("allocation_method", "discountApplication.allocationMethod", "ACROSS, EACH or ONE.", nullable=False),
        text("target_selection", "discountApplication.targetSelection", "ALL, ENTITLED or EXPLICIT.", nullable=False),
        text("code", "discountApplication.code", "Discount code, when it came from one."),
        text("title", "discountApplication.title", "Title, when automatic or manual."),
        *currencies("allocatedAmountSet"),
        *bag("allocated", "allocatedAmountSet", "Share of the discount on this line."),
    ),
)

ORDER_TAXES = Table(
    name="order_taxes",
    grain="One row per tax line of an order line or a shipping line, at order time (removed units included).",
    key=("owner_type", "owner_id", "position"),
    root_column="order_id",
    sources=(
        Source("LineItem", "taxLines", (("owner_type", "line"),)),
        Source("ShippingLine", "taxLines", (("owner_type", "shipping"),)),
    ),
    columns=(
        text("owner_type", "=", "``line`` or ``shipping``.", nullable=False),
        gid("owner_id", f"{NODE}id", "Order line or shipping line."),
        count("position", POSITION, "Place among the owner's tax lines, from 0."),
        ORDER_ID,
        text("title", "title", "Name of the tax.", nullable=False),
        rate("rate", "rate", "Rate of the tax."),
        flag("channel_liable", "channelLiable", "Whether the sales channel remits it.", nullable=True),
        *currencies("priceSet"),
        *bag("amount", "priceSet", "Tax amount."),
    ),
)

ORDER_SHIPPING_LINES = Table(
    name="order_shipping_lines",
    grain="One row per shipping line of an order.",
    key=("shipping_line_id",),
    root_column="order_id",
    sources=(Source("ShippingLine"),),
    columns=(
        gid("shipping_line_id", "id", "Shopify's numeric shipping line id."),
        ORDER_ID,
        text("title", "title", "Method as the customer saw it.", nullable=False),
        text("code", "code", "Method code."),
        text("source", "source", "Where the rate came from."),
        flag("is_removed", "isRemoved", "Removed by an edit."),
        *currencies("originalPriceSet"),
        *bag("original_price", "originalPriceSet", "Price before discounts."),
        *bag("discounted_price", "discountedPriceSet", "Price after discounts."),
    ),
)

ORDER_ATTRIBUTES = Table(
    name="order_attributes",
    grain="One row per custom attribute of an order.",
    key=("order_id", "position"),
    root_column="order_id",
    sources=(Source("Order", "customAttributes"),),
    columns=(
        ORDER_ID,
        count("position", POSITION, "Place among the attributes, from 0."),
        text("name", "key", "Attribute key.", nullable=False),
        text("value", "value", "Attribute value.", pii=Pii.PERSONAL),
    ),
)

ORDER_TAGS = Table(
    name="order_tags",
    grain="One row per tag of an order.",
    key=("order_id", "position"),
    root_column="order_id",
    sources=(Source("Order", "tags"),),
    columns=(
        ORDER_ID,
        count("position", POSITION, "Place among the tags, from 0."),
        text("tag", ".", "The tag.", nullable=False),
    ),
)

ORDER_AGREEMENTS = Table(
    name="order_agreements",
    grain="One row per sales agreement: Shopify's dated ledger of what was agreed.",
    key=("agreement_id",),
    root_column="order_id",
    sources=(Source("SalesAgreement"),),
    columns=(
        gid("agreement_id", "id", "Numeric id of the agreement."),
        ORDER_ID,
        text(
            "agreement_type",
            "__typename",
            "OrderAgreement, OrderEditAgreement, RefundAgreement or ReturnAgreement.",
            nullable=False,
        ),
        text("reason", "reason", "ORDER, ORDER_EDIT, REFUND, RETURN or UNKNOWN.", nullable=False),
        instant("happened_at", "happenedAt", "When it was agreed; dates the document in the books.", nullable=False),
        gid("refund_id", "refund.id", "The refund, on a RefundAgreement.", nullable=True),
        gid("return_id", "return.id", "The return, on a ReturnAgreement.", nullable=True),
    ),
)

ORDER_SALES = Table(
    name="order_sales",
    grain="One row per sale of an agreement; money is after discounts, tax included, negative for RETURN.",
    key=("sale_id",),
    root_column="order_id",
    sources=(Source("Sale"),),
    columns=(
        gid("sale_id", "id", "Numeric id of the sale."),
        gid("agreement_id", PARENT, "The agreement it belongs to."),
        ORDER_ID,
        text("action_type", "actionType", "ORDER, RETURN, UPDATE or UNKNOWN.", nullable=False),
        text(
            "line_type",
            "lineType",
            "PRODUCT, SHIPPING, TIP, GIFT_CARD, DUTY, FEE, ADDITIONAL_FEE, ADJUSTMENT or UNKNOWN.",
            nullable=False,
        ),
        count("quantity", "quantity", "Units, negative for RETURN; null for shipping and adjustments.", nullable=True),
        gid(
            "order_line_id",
            "lineItem.id",
            "Line sold or returned, for product, tip and gift card sales.",
            nullable=True,
        ),
        gid("shipping_line_id", "shippingLine.id", "Shipping line; null on RETURN.", nullable=True),
        *currencies("totalAmount"),
        *bag("total", "totalAmount", "Amount after discounts, tax included."),
        *bag("total_tax", "totalTaxAmount", "Tax inside the amount."),
        *bag("discount_before_tax", "totalDiscountAmountBeforeTaxes", "Discount, before tax."),
    ),
)

ORDER_SALE_TAXES = Table(
    name="order_sale_taxes",
    grain="One row per tax of a sale.",
    key=("sale_tax_id",),
    root_column="order_id",
    sources=(Source("Sale", "taxes"),),
    columns=(
        gid("sale_tax_id", "id", "Numeric id of the sale's tax."),
        gid("sale_id", f"{NODE}id", "The taxed sale."),
        ORDER_ID,
        text("title", "taxLine.title", "Name of the tax.", nullable=False),
        rate("rate", "taxLine.rate", "Rate of the tax."),
        flag("channel_liable", "taxLine.channelLiable", "Whether the sales channel remits it.", nullable=True),
        *currencies("amount"),
        *bag("amount", "amount", "Tax amount, negative for RETURN."),
    ),
)

ORDER_TRANSACTIONS = Table(
    name="order_transactions",
    grain="One row per payment transaction of an order, whatever its status.",
    key=("transaction_id",),
    root_column="order_id",
    sources=(Source("Order", "transactions"),),
    columns=(
        gid("transaction_id", "id", "Shopify's numeric transaction id."),
        ORDER_ID,
        gid("parent_transaction_id", "parentTransaction.id", "What a capture, void or refund acts on.", nullable=True),
        text("kind", "kind", "AUTHORIZATION, CAPTURE, SALE, VOID, REFUND, CHANGE or another.", nullable=False),
        text("status", "status", "SUCCESS, FAILURE, PENDING, ERROR or another.", nullable=False),
        text("gateway", "gateway", "Payment gateway."),
        text("error_code", "errorCode", "Why it failed."),
        flag("is_test", "test", "Test gateway."),
        instant("created_at", "createdAt", "When it was created.", nullable=False),
        instant("processed_at", "processedAt", "When it was processed; dates the payment in the books."),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "Amount, never negative; a void is 0."),
        *bag("rounding", "amountRoundingSet", "Cash rounding, outside the amount.", nullable=True),
    ),
)

TRANSACTION_FEES = Table(
    name="transaction_fees",
    grain="One row per fee Shopify Payments charged on a transaction.",
    key=("transaction_id", "position"),
    root_column="order_id",
    sources=(Source("Order", "transactions[].fees"),),
    columns=(
        gid("transaction_id", f"{OWNER}id", "The charged transaction."),
        count("position", POSITION, "Place among the transaction's fees, from 0."),
        ORDER_ID,
        text("fee_type", "type", "Kind of fee.", nullable=False),
        currency("currency", "amount.currencyCode", "Currency of the fee."),
        amount("amount", "amount.amount", "The fee, positive.", unit="the row's currency"),
    ),
)

REFUNDS = Table(
    name="refunds",
    grain="One row per refund of an order.",
    key=("refund_id",),
    root_column="order_id",
    sources=(Source("Order", "refunds"),),
    columns=(
        gid("refund_id", "id", "Shopify's numeric refund id."),
        ORDER_ID,
        text("note", "note", "Why it was refunded.", pii=Pii.PERSONAL),
        instant("created_at", "createdAt", "When it was created; dates its agreement."),
        instant("processed_at", "processedAt", "When it was processed; may be back-dated.", nullable=False),
        instant("updated_at", "updatedAt", "When it last changed.", nullable=False),
        *currencies("totalRefundedSet"),
        *bag("total_refunded", "totalRefundedSet", "Sum of its successful transactions; not the credit note."),
    ),
)

REFUND_LINES = Table(
    name="refund_lines",
    grain="One row per refunded line of a refund.",
    key=("refund_id", "position"),
    root_column="order_id",
    sources=(Source("RefundLineItem"),),
    columns=(
        gid("refund_id", PARENT, "The refund."),
        count("position", POSITION, "Place in the refund, from 0; Shopify's id may be null."),
        ORDER_ID,
        gid("order_line_id", "lineItem.id", "The refunded line."),
        count("quantity", "quantity", "Units refunded.", checks=("not_negative",)),
        text("restock_type", "restockType", "CANCEL, LEGACY_RESTOCK, NO_RESTOCK or RETURN.", nullable=False),
        flag("is_restocked", "restocked", "Whether the units went back to stock."),
        gid("location_id", "location.id", "Where they went back.", nullable=True),
        *currencies("subtotalSet"),
        *bag("subtotal", "subtotalSet", "Refunded value after discounts, before tax when taxes are excluded."),
        *bag("total_tax", "totalTaxSet", "Refunded tax."),
    ),
)

REFUND_SHIPPING_LINES = Table(
    name="refund_shipping_lines",
    grain="One row per refunded shipping line of a refund.",
    key=("refund_id", "position"),
    root_column="order_id",
    sources=(Source("RefundShippingLine"),),
    columns=(
        gid("refund_id", PARENT, "The refund."),
        count("position", POSITION, "Place in the refund, from 0."),
        ORDER_ID,
        gid("shipping_line_id", "shippingLine.id", "The refunded shipping line.", nullable=True),
        *currencies("subtotalAmountSet"),
        *bag("subtotal", "subtotalAmountSet", "Refunded shipping before tax, positive."),
        *bag("tax", "taxAmountSet", "Refunded tax on shipping, positive."),
    ),
)

REFUND_ADJUSTMENTS = Table(
    name="refund_adjustments",
    grain="One row per order adjustment of a refund: what was refunded beside the value of its lines.",
    key=("adjustment_id",),
    root_column="order_id",
    sources=(Source("OrderAdjustment"),),
    columns=(
        gid("adjustment_id", "id", "Shopify's numeric adjustment id."),
        gid("refund_id", PARENT, "The refund."),
        ORDER_ID,
        text(
            "reason", "reason", "REFUND_DISCREPANCY, PENDING_REFUND_DISCREPANCY, CUSTOMER, DAMAGE, RESTOCK or another."
        ),
        *currencies("amountSet"),
        *bag("amount", "amountSet", "Amount; positive in the merchant's favour."),
        *bag("tax", "taxAmountSet", "Tax inside the amount."),
    ),
)

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
        instant("delivered_at", "deliveredAt", "When it was delivered."),
        count("total_quantity", "totalQuantity", "Units in it.", checks=("not_negative",)),
        gid("location_id", "location.id", "Where the units left from.", nullable=True),
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

STREAM = Stream(
    name="orders",
    roots=(("Order", ORDERS),),
    children=(
        ORDER_LINES,
        ORDER_LINE_DISCOUNTS,
        ORDER_TAXES,
        ORDER_SHIPPING_LINES,
        ORDER_ATTRIBUTES,
        ORDER_TAGS,
        ORDER_AGREEMENTS,
        ORDER_SALES,
        ORDER_SALE_TAXES,
        ORDER_TRANSACTIONS,
        TRANSACTION_FEES,
        REFUNDS,
        REFUND_LINES,
        REFUND_SHIPPING_LINES,
        REFUND_ADJUSTMENTS,
        FULFILLMENTS,
        FULFILLMENT_LINES,
        FULFILLMENT_TRACKING,
    ),
)
