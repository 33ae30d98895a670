"""The field map of what an order is made of: its lines and shipping lines, with their discounts, taxes and duties.

Here: declarations only, all at order time: removed units are included. What was agreed when is in ``order_ledger.py``.
"""

from __future__ import annotations

from shopify_pipeline.schemas.kinds import (
    NODE,
    OWNER,
    POSITION,
    ROOT,
    Pii,
    Source,
    Table,
    bag,
    count,
    currencies,
    decimal,
    flag,
    gid,
    rate,
    text,
)

ORDER_ID = gid("order_id", ROOT, "The order this row belongs to.")

ORDER_LINES = Table(
    name="order_lines",
    grain="One row per line item of an order, removed ones included.",
    key=("order_line_id",),
    root_column="order_id",
    sources=(Source("LineItem"),),
    columns=(
        gid("order_line_id", "id", "Shopify's numeric line item id."),
        ORDER_ID,
        text("name", "name", "Product and variant title when sold, as printed.", nullable=False),
        text("title", "title", "Product title when sold.", nullable=False),
        text("variant_title", "variantTitle", "Variant title when sold."),
        text("sku", "sku", "SKU when sold; not unique in Shopify."),
        text("vendor", "vendor", "Vendor when sold."),
        gid("product_id", "product.id", "Product; null once deleted.", nullable=True),
        gid("variant_id", "variant.id", "Variant; null once deleted.", nullable=True),
        count("quantity", "quantity", "Units ordered, removed ones included.", checks=("not_negative",)),
        count("current_quantity", "currentQuantity", "Units after removals and refunds.", checks=("not_negative",)),
        count("unfulfilled_quantity", "unfulfilledQuantity", "Units not yet shipped.", checks=("not_negative",)),
        count("non_fulfillable_quantity", "nonFulfillableQuantity", "Units that cannot be shipped any more."),
        count("refundable_quantity", "refundableQuantity", "Units that may still be refunded."),
        flag("requires_shipping", "requiresShipping", "Whether the line ships."),
        flag("is_gift_card", "isGiftCard", "Whether the line is a gift card: a liability, not revenue."),
        flag("is_taxable", "taxable", "Whether the line is taxable."),
        flag("is_restockable", "restockable", "Whether its units may go back to stock."),
        decimal("weight", "weight.value", "Weight of one unit.", unit="weight_unit"),
        text("weight_unit", "weight.unit", "GRAMS, KILOGRAMS, OUNCES or POUNDS."),
        gid("selling_plan_id", "sellingPlan.sellingPlanId", "Selling plan, on a subscription.", nullable=True),
        text("selling_plan_name", "sellingPlan.name", "Name of the selling plan when sold."),
        gid("group_id", "lineItemGroup.id", "The bundle this line is a component of.", nullable=True),
        text("group_title", "lineItemGroup.title", "Title of the bundle."),
        count("group_quantity", "lineItemGroup.quantity", "Bundles sold.", nullable=True),
        gid("group_product_id", "lineItemGroup.productId", "Product of the bundle.", nullable=True),
        gid("group_variant_id", "lineItemGroup.variantId", "Variant of the bundle.", nullable=True),
        text("group_sku", "lineItemGroup.variantSku", "SKU of the bundle."),
        *currencies("originalUnitPriceSet"),
        *bag("original_unit_price", "originalUnitPriceSet", "Unit price before discounts."),
        *bag("original_total", "originalTotalSet", "Unit price times quantity; already a line total."),
        *bag("discounted_unit_price", "discountedUnitPriceSet", "Unit price after line discounts, codes left out."),
        *bag(
            "discounted_unit_price_after_all",
            "discountedUnitPriceAfterAllDiscountsSet",
            "Approximate unit price after line and order discounts.",
        ),
        *bag(
            "discounted_total", "discountedTotalSet", "Line total after line discounts; order discounts not included."
        ),
        *bag("total_discount", "totalDiscountSet", "Line discounts; order discounts not included."),
        *bag(
            "price_after_all_discounts_before_tax",
            "priceAfterAllDiscountsBeforeTaxesSet",
            "Line total after all discounts and before tax, removed units left out.",
        ),
        *bag("unfulfilled_original_total", "unfulfilledOriginalTotalSet", "Unshipped units, before discounts."),
        *bag("unfulfilled_discounted_total", "unfulfilledDiscountedTotalSet", "Unshipped units, after line discounts."),
    ),
)

ORDER_LINE_ATTRIBUTES = Table(
    name="order_line_attributes",
    grain="One row per custom attribute of an order line.",
    key=("order_line_id", "position"),
    root_column="order_id",
    sources=(Source("LineItem", "customAttributes"),),
    columns=(
        gid("order_line_id", f"{NODE}id", "The order line."),
        count("position", POSITION, "Place among the attributes, from 0."),
        ORDER_ID,
        text("name", "key", "Attribute key.", nullable=False),
        text("value", "value", "Attribute value.", pii=Pii.PERSONAL),
    ),
)

ORDER_LINE_DISCOUNTS = Table(
    name="order_line_discounts",
    grain="One row per discount allocated to an order line or a shipping line.",
    key=("owner_type", "owner_id", "position"),
    root_column="order_id",
    sources=(
        Source("LineItem", "discountAllocations", paths=(("owner_type", "=line"),)),
        Source("ShippingLine", "discountAllocations", paths=(("owner_type", "=shipping"),)),
    ),
    columns=(
        text("owner_type", "=", "``line`` or ``shipping``.", nullable=False),
        gid("owner_id", f"{OWNER}id", "The discounted order line or shipping line."),
        count("position", POSITION, "Place among the owner's allocations, from 0."),
        ORDER_ID,
        count("application_index", "discountApplication.index", "Number of the discount application on the order."),
        *currencies("allocatedAmountSet"),
        *bag("allocated", "allocatedAmountSet", "Discount allocated to this owner."),
    ),
)

ORDER_TAXES = Table(
    name="order_taxes",
    grain="One row per tax of a line, shipping line, duty or additional fee, at order time (removed units included).",
    key=("owner_type", "owner_id", "position"),
    root_column="order_id",
    sources=(
        Source("LineItem", "taxLines", paths=(("owner_type", "=line"),)),
        Source("ShippingLine", "taxLines", paths=(("owner_type", "=shipping"),)),
        Source("LineItem", "duties[].taxLines", paths=(("owner_type", "=duty"),)),
        Source("Order", "additionalFees[].taxLines", paths=(("owner_type", "=additional_fee"),)),
    ),
    columns=(
        text("owner_type", "=", "``line``, ``shipping``, ``duty`` or ``additional_fee``.", nullable=False),
        gid("owner_id", f"{OWNER}id", "What is taxed, by its type."),
        count("position", POSITION, "Place among the owner's tax lines, from 0."),
        ORDER_ID,
        text("title", "title", "Name of the tax.", nullable=False),
        rate("rate", "rate", "Rate of the tax."),
        text("source", "source", "Who determined the tax."),
        flag("channel_liable", "channelLiable", "Whether the sales channel remits it.", nullable=True),
        *currencies("priceSet"),
        *bag("amount", "priceSet", "Tax amount."),
    ),
)

ORDER_DUTIES = Table(
    name="order_duties",
    grain="One row per duty charged on an order line.",
    key=("duty_id",),
    root_column="order_id",
    sources=(Source("LineItem", "duties"),),
    columns=(
        gid("duty_id", "id", "Numeric id of the duty."),
        gid("order_line_id", f"{NODE}id", "The line it is charged on."),
        ORDER_ID,
        text("harmonized_system_code", "harmonizedSystemCode", "Harmonized system code of the goods."),
        text("country_code_of_origin", "countryCodeOfOrigin", "ISO 3166 code of where the goods come from."),
        *currencies("price"),
        *bag("price", "price", "The duty."),
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
        text("carrier_identifier", "carrierIdentifier", "Carrier service that quoted the rate."),
        text("delivery_category", "deliveryCategory", "Kind of delivery, such as ``local``."),
        flag("is_custom", "custom", "Entered by hand."),
        flag("is_removed", "isRemoved", "Removed by an edit."),
        *currencies("originalPriceSet"),
        *bag("original_price", "originalPriceSet", "Price before discounts."),
        *bag("discounted_price", "discountedPriceSet", "Price after discounts."),
        *bag("current_discounted_price", "currentDiscountedPriceSet", "Price after discounts and refunds."),
    ),
)

TABLES = (
    ORDER_LINES,
    ORDER_LINE_ATTRIBUTES,
    ORDER_LINE_DISCOUNTS,
    ORDER_TAXES,
    ORDER_DUTIES,
    ORDER_SHIPPING_LINES,
)
