"""Bodies as Shopify sends them, small enough to read in a test.

Here: one builder per GraphQL type, with keyword arguments for what a test is about.
"""

from __future__ import annotations

import json
from typing import Any

SHOP = "a-shop.myshopify.com"
DAY = "2026-11-20"


def at(clock: str) -> str:
    return f"{DAY}T{clock}Z"


def gid(kind: str, number: int | str) -> str:
    return f"gid://shopify/{kind}/{number}"


def bag(amount: str, currency: str = "USD") -> dict[str, Any]:
    money = {"amount": amount, "currencyCode": currency}
    return {"shopMoney": dict(money), "presentmentMoney": dict(money)}


def connection(*nodes: dict[str, Any], more: bool = False) -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": more, "endCursor": "c" if nodes else None}}


def page(root: str, *nodes: dict[str, Any]) -> bytes:
    """One page of a root connection, as the API answers it."""
    return json.dumps({"data": {root: connection(*nodes)}}).encode()


_ORDER_BAGS = [
    "originalTotalPriceSet",
    "totalPriceSet",
    "subtotalPriceSet",
    "currentTotalPriceSet",
    "currentSubtotalPriceSet",
    "totalReceivedSet",
    "netPaymentSet",
]
_ORDER_ZEROS = [
    "totalTaxSet",
    "totalDiscountsSet",
    "totalShippingPriceSet",
    "currentTotalTaxSet",
    "currentTotalDiscountsSet",
    "currentShippingPriceSet",
    "totalRefundedSet",
    "totalOutstandingSet",
    "totalCapturableSet",
    "totalTipReceivedSet",
    "refundDiscrepancySet",
    "cartDiscountAmountSet",
    "currentCartDiscountAmountSet",
    "totalRefundedShippingSet",
]
_ORDER_NONE = [
    "originalTotalDutiesSet",
    "originalTotalAdditionalFeesSet",
    "currentTotalDutiesSet",
    "currentTotalAdditionalFeesSet",
    "confirmationNumber",
    "poNumber",
    "sourceIdentifier",
    "registeredSourceUrl",
    "app",
    "publication",
    "retailLocation",
    "customerLocale",
    "purchasingEntity",
    "paymentTerms",
    "cancellation",
    "billingAddress",
    "totalWeight",
]
_ORDER_FLAGS = {
    "customerAcceptsMarketing": False,
    "closed": False,
    "confirmed": True,
    "fullyPaid": True,
    "unpaid": False,
    "capturable": False,
    "refundable": True,
    "restockable": True,
    "fulfillable": True,
    "requiresShipping": True,
    "taxExempt": False,
    "dutiesIncluded": False,
    "estimatedTaxes": False,
}


def an_order(
    number: int = 1,
    *,
    total: str = "10.0",
    updated: str = "12:00:00",
    lines: tuple[dict[str, Any], ...] | None = None,
    agreements: tuple[dict[str, Any], ...] = (),
    **fields: Any,
) -> dict[str, Any]:
    """A paid order of one line; any GraphQL field can be replaced by name."""
    order: dict[str, Any] = {
        "id": gid("Order", number),
        "name": f"#{1000 + number}",
        "number": 1000 + number,
        "merchantBusinessEntity": {"id": gid("BusinessEntity", 1)},
        "subtotalLineItemsQuantity": 1,
        "currentSubtotalLineItemsQuantity": 1,
        "currentTotalWeight": "0",
        "totalCashRoundingAdjustment": {"paymentSet": bag("0.0"), "refundSet": bag("0.0")},
        "sourceName": "web",
        "email": None,
        "phone": None,
        "note": None,
        "customer": {"id": gid("Customer", 7)},
        "createdAt": at("11:00:00"),
        "processedAt": at("11:00:00"),
        "updatedAt": at(updated),
        "cancelledAt": None,
        "closedAt": None,
        "cancelReason": None,
        "displayFinancialStatus": "PAID",
        "displayFulfillmentStatus": "UNFULFILLED",
        "returnStatus": "NO_RETURN",
        "test": False,
        "edited": False,
        "taxesIncluded": False,
        "currencyCode": "USD",
        "presentmentCurrencyCode": "USD",
        "shippingAddress": None,
        "customAttributes": [],
        "tags": [],
        "transactions": [],
        "refunds": [],
        "fulfillments": [],
        "additionalFees": [],
        "lineItems": connection(*((a_line(number * 10, total=total),) if lines is None else lines)),
        "shippingLines": connection(),
        "discountApplications": connection(),
        "returns": connection(),
        "agreements": connection(*agreements),
    }
    order |= {name: bag(total) for name in _ORDER_BAGS} | {name: bag("0.0") for name in _ORDER_ZEROS}
    order |= dict.fromkeys(_ORDER_NONE) | _ORDER_FLAGS
    return order | fields


_LINE_BAGS = [
    "originalUnitPriceSet",
    "originalTotalSet",
    "discountedUnitPriceSet",
    "discountedUnitPriceAfterAllDiscountsSet",
    "discountedTotalSet",
    "priceAfterAllDiscountsBeforeTaxesSet",
    "unfulfilledOriginalTotalSet",
    "unfulfilledDiscountedTotalSet",
]


def a_line(number: int, *, total: str = "10.0", quantity: int = 1, **fields: Any) -> dict[str, Any]:
    return {
        "id": gid("LineItem", number),
        "name": "Shirt - M",
        "title": "Shirt",
        "variantTitle": "M",
        "sku": "SHIRT-M",
        "vendor": "Acme",
        "product": {"id": gid("Product", 3)},
        "variant": {"id": gid("ProductVariant", 4)},
        "quantity": quantity,
        "currentQuantity": quantity,
        "unfulfilledQuantity": quantity,
        "nonFulfillableQuantity": 0,
        "refundableQuantity": quantity,
        "requiresShipping": True,
        "isGiftCard": False,
        "taxable": True,
        "restockable": True,
        "weight": None,
        "sellingPlan": None,
        "lineItemGroup": None,
        **dict.fromkeys(_LINE_BAGS, bag(total)),
        "totalDiscountSet": bag("0.0"),
        "customAttributes": [],
        "duties": [],
        "discountAllocations": [],
        "taxLines": [],
    } | fields


def an_agreement(number: int, *sales: dict[str, Any], kind: str = "OrderAgreement", **fields: Any) -> dict[str, Any]:
    return {
        "__typename": kind,
        "id": gid("SalesAgreement", number),
        "reason": "ORDER",
        "happenedAt": at("11:00:00"),
        "app": None,
        "refund": None,
        "return": None,
        "sales": connection(*sales),
    } | fields


def a_sale(number: int, *, total: str = "10.0", line: int | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "__typename": "ProductSale",
        "id": gid("Sale", number),
        "actionType": "ORDER",
        "lineType": "PRODUCT",
        "quantity": 1,
        "lineItem": None if line is None else {"id": gid("LineItem", line)},
        "shippingLine": None,
        "totalAmount": bag(total),
        "totalTaxAmount": bag("0.0"),
        "totalDiscountAmountBeforeTaxes": bag("0.0"),
        "totalDiscountAmountAfterTaxes": bag("0.0"),
        "taxes": [],
    } | fields


def a_level(item: int, location: int, *, available: int, updated: str = "12:00:00", **fields: Any) -> dict[str, Any]:
    names = ("committed", "incoming", "reserved", "damaged", "quality_control", "safety_stock")
    quantities = [{"name": "available", "quantity": available}, {"name": "on_hand", "quantity": available}]
    return {
        "id": gid("InventoryLevel", f"{location}?inventory_item_id={item}"),
        "item": {"id": gid("InventoryItem", item)},
        "location": {"id": gid("Location", location)},
        "isActive": True,
        "createdAt": at("00:00:00"),
        "updatedAt": at(updated),
        "quantities": quantities + [{"name": name, "quantity": 0} for name in names],
    } | fields


def a_location(number: int, *levels: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {
        "id": gid("Location", number),
        "name": f"Location {number}",
        "isActive": True,
        "fulfillsOnlineOrders": True,
        "shipsInventory": True,
        "hasActiveInventory": True,
        "hasUnfulfilledOrders": False,
        "isFulfillmentService": False,
        "fulfillmentService": None,
        "deactivatedAt": None,
        "address": {
            "address1": "1 Broadway",
            "address2": None,
            "city": "Albany",
            "zip": "12207",
            "provinceCode": "NY",
            "countryCode": "US",
            "phone": None,
        },
        "createdAt": at("00:00:00"),
        "updatedAt": at("00:00:00"),
        "inventoryLevels": connection(*levels),
    } | fields


def as_bulk(*orders: dict[str, Any]) -> list[bytes]:
    """The same orders as ungrouped JSONL: every root first, then children, deepest first."""
    roots: list[bytes] = []
    children: list[bytes] = []

    def detach(value: dict[str, Any], holder: str | None) -> None:
        plain = {}
        for name, inner in value.items():
            if isinstance(inner, dict) and "pageInfo" in inner:
                for node in inner["nodes"]:
                    detach(node, value["id"])
            else:
                plain[name] = inner
        (roots if holder is None else children).append(
            json.dumps(plain if holder is None else plain | {"__parentId": holder}).encode()
        )

    for order in orders:
        detach(order, None)
    return roots + children
