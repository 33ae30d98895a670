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
    gift_cards,
    ledger,
    lines,
    metafields,
    money_roots,
    orders,
    payments,
    payouts,
    products,
    returns,
    roots,
    store_credit,
    tender,
)
from shopify_sandbox.resources.exchanges import EXCHANGES
from shopify_sandbox.resources.money_roots import NESTED_SORTS, SINGLE
from shopify_sandbox.resources.roots import NARROWED, Root
from shopify_sandbox.resources.values import MONEY, Fields, Resolver
from shopify_sandbox.world import (
    buyer_records,
    credit,
    currency,
    goods,
    payout_records,
    records,
    return_records,
    shipping_records,
)
from shopify_sandbox.world.tender import TenderTransaction

__all__ = [
    "EXCHANGES",
    "NARROWED",
    "NESTED_FILTERS",
    "NESTED_SORTS",
    "RESOLVERS",
    "ROOTS",
    "ROOT_OBJECTS",
    "SINGLE",
    "Resolver",
    "Root",
    "typename",
]

RESOLVERS: dict[str, Fields] = {
    **MONEY,
    **customers.TYPES,
    **orders.TYPES,
    **lines.TYPES,
    **ledger.TYPES,
    **returns.TYPES,
    **metafields.TYPES,
    **payments.TYPES,
    **gift_cards.TYPES,
    **store_credit.TYPES,
    **payouts.TYPES,
    **tender.TYPES,
    **fulfillment_orders.TYPES,
    **catalog.TYPES,
    **products.TYPES,
}

ROOTS = {**roots.ROOTS, **money_roots.ROOTS}
ROOT_OBJECTS = {**roots.ROOT_OBJECTS, **money_roots.ROOT_OBJECTS}
NESTED_FILTERS = {**roots.NESTED_FILTERS, **money_roots.NESTED_FILTERS}

_TYPENAMES: dict[type, str] = {
    int: "MoneyV2",
    currency.Money: "MoneyV2",
    lines.Percentage: "PricingPercentageValue",
    goods.Shop: "Shop",
    goods.Location: "Location",
    goods.Product: "Product",
    goods.Variant: "ProductVariant",
    goods.InventoryItem: "InventoryItem",
    goods.InventoryLevel: "InventoryLevel",
    goods.AdjustmentGroup: "InventoryAdjustmentGroup",
    goods.QuantityChange: "InventoryChange",
    goods.Component: "ProductVariantComponent",
    goods.Metafield: "Metafield",
    buyer_records.Customer: "Customer",
    buyer_records.Address: "MailingAddress",
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
    shipping_records.Fulfillment: "Fulfillment",
    shipping_records.FulfillmentLine: "FulfillmentLineItem",
    shipping_records.Tracking: "FulfillmentTrackingInfo",
    shipping_records.FulfillmentOrder: "FulfillmentOrder",
    shipping_records.FulfillmentOrderLine: "FulfillmentOrderLineItem",
    shipping_records.FulfillmentHold: "FulfillmentHold",
    records.SaleTax: "SaleTax",
    records.Duty: "Duty",
    records.AdditionalFee: "AdditionalFee",
    records.LineGroup: "LineItemGroup",
    buyer_records.PurchasingCompany: "PurchasingCompany",
    buyer_records.Company: "Company",
    buyer_records.CompanyLocation: "CompanyLocation",
    orders.OnTerms: "PaymentSchedule",
    credit.GiftCard: "GiftCard",
    credit.StoreCreditAccount: "StoreCreditAccount",
    payout_records.PaymentsAccount: "ShopifyPaymentsAccount",
    payout_records.Payout: "ShopifyPaymentsPayout",
    payout_records.BalanceTransaction: "ShopifyPaymentsBalanceTransaction",
    payout_records.Share: "ShopifyPaymentsAdjustmentOrder",
    payout_records.Dispute: "ShopifyPaymentsDispute",
    payouts.Summary: "ShopifyPaymentsPayoutSummary",
    TenderTransaction: "TenderTransaction",
    tender.CardDetails: "TenderTransactionCreditCardDetails",
    return_records.Return: "Return",
    return_records.ReturnLine: "ReturnLineItem",
    return_records.ExchangeLine: "ExchangeLineItem",
    return_records.ReverseOrder: "ReverseFulfillmentOrder",
    return_records.ReverseLine: "ReverseFulfillmentOrderLineItem",
    return_records.Disposition: "ReverseFulfillmentOrderDisposition",
    returns.Reason: "ReturnReasonDefinition",
    returns.Grams: "Weight",
}

#: Records that say themselves of which GraphQL type they are.
_NAMED = (
    records.Agreement,
    records.DiscountApplication,
    return_records.ReturnFee,
    credit.CardMovement,
    credit.CreditMovement,
)


def typename(record: Any) -> str:
    """The concrete GraphQL type of a record; an int is an amount of money (``MoneyV2``).

    Raises:
        KeyError: It is no record of the world.
    """
    if isinstance(record, records.Sale):
        return ledger.SALE_TYPES[record.line_type]
    if isinstance(record, _NAMED):
        return str(record.type)
    return _TYPENAMES[type(record)]
