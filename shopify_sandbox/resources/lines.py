"""The GraphQL view of what was ordered: line items, shipping lines, discounts and taxes.

Here: ``LineItem``, ``ShippingLine``, discount applications and allocations, ``TaxLine``. Line money includes removed
units except where Shopify documents otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.resources.values import (
    Fields,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    gid,
    itself,
    only_id,
)
from shopify_sandbox.store import Store
from shopify_sandbox.world.ledger import balance
from shopify_sandbox.world.records import Line, ShippingLine


@dataclass(frozen=True, slots=True)
class Percentage:
    """The value of a discount application that is a percentage."""

    percent: int


def _gross(line: Line) -> int:
    return line.unit_price * line.quantity


def _discount(line: Line | ShippingLine, *, with_codes: bool) -> int:
    """Discount allocated to the line; without codes, only what is not an order-level discount."""
    return sum(one.amount for one in line.allocations if with_codes or one.application.method != "ACROSS")


def _discounted(line: Line, *, with_codes: bool = False) -> int:
    return _gross(line) - _discount(line, with_codes=with_codes)


def _discounted_total(store: Store, line: Line, arguments: Mapping[str, Any]) -> int:
    return _discounted(line, with_codes=bool(arguments.get("withCodeDiscounts")))


def _per_unit(total: int, units: int) -> int:
    """Half up; Shopify calls it approximate."""
    return (2 * total + units) // (2 * units)


def discounted_share(line: Line, units: int) -> int:
    """What some units of a line cost after its line discounts."""
    return _per_unit(_discounted(line) * units, line.quantity)


def _left(line: Line | ShippingLine) -> int:
    return balance(line.order.sales(), line, line.taxes).net


def _left_of_shipping(line: ShippingLine) -> int:
    left = balance(line.order.sales(), line, line.taxes)
    return left.total if line.order.taxes_included else left.net


LINE_ITEM: Fields = {
    **only_id("LineItem"),
    **attributes(
        title="title",
        variantTitle="variant_title",
        sku="sku",
        vendor="vendor",
        quantity="quantity",
        currentQuantity="current_quantity",
        refundableQuantity="current_quantity",
        unfulfilledQuantity="unfulfilled",
        taxable="taxable",
        variant="sold_variant",
        product="sold_product",
        originalUnitPriceSet="unit_price",
        discountAllocations="allocations",
    ),
    "name": derived(lambda line: f"{line.title} - {line.variant_title}" if line.variant_title else line.title),
    "nonFulfillableQuantity": derived(lambda line: line.removed if line.line_type == "PRODUCT" else line.quantity),
    "requiresShipping": derived(lambda line: line.line_type == "PRODUCT"),
    "restockable": derived(lambda line: line.variant is not None),
    "isGiftCard": derived(lambda line: line.line_type == "GIFT_CARD"),
    "customAttributes": attribute("particulars.properties"),
    "duties": attribute("particulars.duties"),
    "sellingPlan": derived(lambda line: line.particulars.selling_plan),
    "taxLines": first(lambda line: line.taxes),
    "originalTotalSet": derived(_gross),
    "totalDiscountSet": derived(lambda line: _discount(line, with_codes=False)),
    "discountedTotalSet": _discounted_total,
    "discountedUnitPriceSet": derived(lambda line: _per_unit(_discounted(line), line.quantity)),
    "discountedUnitPriceAfterAllDiscountsSet": derived(
        lambda line: _per_unit(_discounted(line, with_codes=True), line.quantity)
    ),
    "priceAfterAllDiscountsBeforeTaxesSet": derived(_left),
    "unfulfilledDiscountedTotalSet": derived(lambda line: discounted_share(line, line.unfulfilled)),
    "weight": derived(lambda line: line.variant.item if line.variant else None),
    "lineItemGroup": attribute("particulars.group"),
    "unfulfilledOriginalTotalSet": derived(lambda line: line.unit_price * line.unfulfilled),
}

SHIPPING_LINE: Fields = {
    **only_id("ShippingLine"),
    **attributes(
        title="title", code="code", originalPriceSet="price", taxLines="taxes", discountAllocations="allocations"
    ),
    "discountedPriceSet": derived(lambda line: line.price - _discount(line, with_codes=True)),
    "currentDiscountedPriceSet": derived(_left_of_shipping),
    "source": fixed("shopify"),
    "custom": fixed(False),
    "isRemoved": fixed(False),
    "carrierIdentifier": fixed(None),
    "deliveryCategory": fixed(None),
    "phone": fixed(None),
    "shippingRateHandle": fixed(None),
}

APPLICATION: Fields = {
    **attributes(index="index", allocationMethod="method", targetSelection="selection", targetType="target"),
    "value": derived(lambda one: one.amount if one.percent is None else Percentage(one.percent)),
}

TYPES: dict[str, Fields] = {
    "LineItem": LINE_ITEM,
    "ShippingLine": SHIPPING_LINE,
    "DiscountApplication": APPLICATION,
    "DiscountCodeApplication": {**APPLICATION, "code": attribute("name")},
    "AutomaticDiscountApplication": {**APPLICATION, "title": attribute("name")},
    "ManualDiscountApplication": {**APPLICATION, "title": attribute("name"), "description": fixed(None)},
    "PricingPercentageValue": {"percentage": derived(lambda value: float(value.percent))},
    "DiscountAllocation": attributes(allocatedAmountSet="amount", discountApplication="application"),
    "Duty": {
        **only_id("Duty"),
        **attributes(countryCodeOfOrigin="country", harmonizedSystemCode="hs_code", price="price", taxLines="taxes"),
    },
    "LineItemGroup": {
        **only_id("LineItemGroup"),
        **attributes(title="title", quantity="quantity", variantSku="sku"),
        "productId": derived(lambda group: group.product_id and gid("Product", group.product_id)),
        "variantId": derived(lambda group: group.variant_id and gid("ProductVariant", group.variant_id)),
        "customAttributes": fixed([]),
    },
    # The plan is known by its name alone.
    "LineItemSellingPlan": {"name": itself, "sellingPlanId": fixed(None)},
    "TaxLine": {
        **attributes(title="title", priceSet="amount"),
        "rate": derived(lambda tax: tax.rate_ppm / 1_000_000),
        "ratePercentage": derived(lambda tax: tax.rate_ppm / 10_000),
        "channelLiable": fixed(False),
        "source": fixed(None),
    },
}
