"""The GraphQL view of the world: resolvers by type and field, root connections and objects.

A resolver takes (store, record, arguments) and gives a JSON-ready leaf, a record, a list of records, or for a
connection the full list of child records in Shopify's default order. What the world does not model is not there.
"""

from __future__ import annotations

from typing import Any

from shopify_sandbox.resources import (
    catalog,
    customers,
    fulfillment_orders,
    ledger,
    lines,
    orders,
    payments,
    products,
)
from shopify_sandbox.resources.roots import NESTED_FILTERS, ROOT_OBJECTS, ROOTS, Root
from shopify_sandbox.resources.values import MONEY, Fields, Resolver
from shopify_sandbox.world import goods, records

__all__ = ["NESTED_FILTERS", "RESOLVERS", "ROOTS", "ROOT_OBJECTS", "Resolver", "Root", "typename"]

RESOLVERS: dict[str, Fields] = {
    **MONEY,
    **customers.TYPES,
    **orders.TYPES,
    **lines.TYPES,
    **ledger.TYPES,
    **payments.TYPES,
    **fulfillment_orders.TYPES,
    **catalog.TYPES,
    **products.TYPES,
}

_TYPENAMES: dict[type, str] = {
    int: "MoneyV2",
    lines.Percentage: "PricingPercentageValue",
    goods.Shop: "Shop",
    goods.Location: "Location",
    goods.Product: "Product",
    goods.Variant: "ProductVariant",
    goods.InventoryItem: "InventoryItem",
    goods.InventoryLevel: "InventoryLevel",
    goods.AdjustmentGroup: "InventoryAdjustmentGroup",
    goods.QuantityChange: "InventoryChange",
    records.Customer: "Customer",
    records.Address: "MailingAddress",
    records.Order: "Order",
    records.Line: "LineItem",
    records.ShippingLine: "ShippingLine",
    records.Allocation: "DiscountAllocation",
    records.TaxLine: "TaxLine",
    records.Transaction: "OrderTransaction",
    records.Fee: "TransactionFee",
    records.Refund: "Refund",
    records.RefundLine: "RefundLineItem",
    records.RefundShippingLine: "RefundShippingLine",
    records.Adjustment: "OrderAdjustment",
    records.Fulfillment: "Fulfillment",
    records.FulfillmentLine: "FulfillmentLineItem",
    records.Tracking: "FulfillmentTrackingInfo",
    fulfillment_orders.FulfillmentOrder: "FulfillmentOrder",
    fulfillment_orders.FulfillmentOrderLine: "FulfillmentOrderLineItem",
    records.SaleTax: "SaleTax",
}


def typename(record: Any) -> str:
    """The concrete GraphQL type of a record; an int is an amount of money (``MoneyV2``).

    Raises:
        KeyError: It is no record of the world.
    """
    if isinstance(record, records.Sale):
        return ledger.SALE_TYPES[record.line_type]
    if isinstance(record, records.Agreement | records.DiscountApplication):
        return record.type
    return _TYPENAMES[type(record)]
