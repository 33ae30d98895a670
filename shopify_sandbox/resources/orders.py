"""The GraphQL view of an order's header: its statuses, times, people and money fields.

Here: ``Order`` and the objects that only hang on it. Not here: lines (``lines.py``), ledger, payments and shipments
(``ledger.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from shopify_sandbox.resources.values import (
    Fields,
    Resolver,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    identity,
    itself,
    moment,
    only_id,
)
from shopify_sandbox.world.figures import Figures, figures, financial_status, fulfillment_status
from shopify_sandbox.world.records import Line, Order, ShippingLine, TaxLine


def _figure(read: Callable[[Figures], int]) -> Resolver:
    return derived(lambda order: read(figures(order)))


def _units(order: Order, count: Callable[[Any], int]) -> int:
    return sum(count(line) for line in order.lines if line.line_type == "PRODUCT")


def _grouped(taxes: Iterable[tuple[TaxLine, int]]) -> list[TaxLine]:
    """Amounts summed by tax, in order of first appearance."""
    sums: dict[tuple[str, int], int] = {}
    for tax, amount in taxes:
        key = (tax.title, tax.rate_ppm)
        sums[key] = sums.get(key, 0) + amount
    return [TaxLine(title, rate, amount) for (title, rate), amount in sums.items()]


def tax_lines(order: Order) -> list[TaxLine]:
    """Taxes at order time, removed units included."""
    lines: list[Line | ShippingLine] = [*order.lines, *order.shipping_lines]
    return _grouped((tax, tax.amount) for line in lines for tax in line.taxes)


def current_tax_lines(order: Order) -> list[TaxLine]:
    """Taxes of all sales so far."""
    return _grouped((tax.tax_line, tax.amount) for sale in order.sales() for tax in sale.taxes)


def _discount_codes(order: Order) -> list[str]:
    return [one.name for one in order.applications if one.type == "DiscountCodeApplication"]


def _weight(order: Order, count: Callable[[Any], int]) -> str:
    """Grams, as an UnsignedInt64."""
    return str(sum(line.variant.item.weight_grams * count(line) for line in order.lines if line.variant))


MONEY_FIELDS: Fields = {
    "originalTotalPriceSet": _figure(lambda money: money.original_total_price),
    "totalPriceSet": _figure(lambda money: money.total_price),
    "subtotalPriceSet": _figure(lambda money: money.subtotal_price),
    "totalTaxSet": _figure(lambda money: money.total_tax),
    "totalDiscountsSet": _figure(lambda money: money.total_discounts),
    "totalShippingPriceSet": _figure(lambda money: money.total_shipping_price),
    "totalTipReceivedSet": _figure(lambda money: money.total_tip_received),
    "currentTotalPriceSet": _figure(lambda money: money.current_total_price),
    "currentSubtotalPriceSet": _figure(lambda money: money.current_subtotal_price),
    "currentTotalTaxSet": _figure(lambda money: money.current_total_tax),
    "currentTotalDiscountsSet": _figure(lambda money: money.current_total_discounts),
    "currentCartDiscountAmountSet": _figure(lambda money: money.current_cart_discount),
    "currentShippingPriceSet": _figure(lambda money: money.current_shipping_price),
    "totalReceivedSet": _figure(lambda money: money.total_received),
    "totalRefundedSet": _figure(lambda money: money.total_refunded),
    "totalRefundedShippingSet": _figure(lambda money: money.total_refunded_shipping),
    "netPaymentSet": _figure(lambda money: money.net_payment),
    "totalCapturableSet": _figure(lambda money: money.total_capturable),
    "totalOutstandingSet": _figure(lambda money: money.total_outstanding),
    "refundDiscrepancySet": _figure(lambda money: money.refund_discrepancy),
    "totalCashRoundingAdjustment": itself,
    # No duties and no additional fees in this world: Shopify then answers null (recorded).
    "originalTotalDutiesSet": fixed(None),
    "currentTotalDutiesSet": fixed(None),
    "originalTotalAdditionalFeesSet": fixed(None),
    "currentTotalAdditionalFeesSet": fixed(None),
}

STATUS_FIELDS: Fields = {
    "displayFinancialStatus": derived(financial_status),
    "displayFulfillmentStatus": derived(fulfillment_status),
    "returnStatus": fixed("NO_RETURN"),
    "cancelReason": attribute("cancel_reason"),
    "closed": derived(lambda order: order.closed_at is not None),
    "confirmed": fixed(True),
    "edited": attribute("edited"),
    "test": fixed(False),
    "fullyPaid": derived(lambda order: figures(order).total_received > 0 and figures(order).total_outstanding <= 0),
    "unpaid": derived(lambda order: figures(order).total_received == 0),
    "refundable": derived(lambda order: figures(order).net_payment > 0),
    "capturable": derived(lambda order: figures(order).total_capturable > 0),
    "fulfillable": derived(lambda order: order.unfulfilled > 0),
    "requiresShipping": fixed(True),
    "taxesIncluded": fixed(False),
    "taxExempt": fixed(False),
    "dutiesIncluded": fixed(False),
    "estimatedTaxes": fixed(False),
}

ORDER: Fields = {
    **identity("Order"),
    **MONEY_FIELDS,
    **STATUS_FIELDS,
    **attributes(
        name="name",
        number="number",
        confirmationNumber="confirmation",
        sourceName="source_name",
        customer="customer",
        email="email",
        phone="phone",
        note="note",
        tags="tags",
        customAttributes="attributes",
        billingAddress="billing",
        shippingAddress="shipping",
        displayAddress="shipping",
        lineItems="lines",
        discountApplications="applications",
        agreements="agreements",
    ),
    "poNumber": fixed(None),
    "sourceIdentifier": fixed(None),
    "customerLocale": derived(lambda order: order.customer.locale if order.customer else "en"),
    "createdAt": moment("created_at"),
    "processedAt": moment("processed_at"),
    "updatedAt": moment("updated_at"),
    "cancelledAt": moment("cancelled_at"),
    "closedAt": moment("closed_at"),
    "currencyCode": lambda store, order, arguments: store.shop.currency,
    "presentmentCurrencyCode": lambda store, order, arguments: store.shop.currency,
    "billingAddressMatchesShippingAddress": fixed(True),
    "discountCode": derived(lambda order: next(iter(_discount_codes(order)), None)),
    "discountCodes": derived(_discount_codes),
    "paymentGatewayNames": derived(lambda order: list(dict.fromkeys(one.gateway for one in order.transactions))),
    "subtotalLineItemsQuantity": derived(lambda order: _units(order, lambda line: line.quantity)),
    "currentSubtotalLineItemsQuantity": derived(lambda order: _units(order, lambda line: line.current_quantity)),
    "totalWeight": derived(lambda order: _weight(order, lambda line: line.quantity)),
    "currentTotalWeight": derived(lambda order: _weight(order, lambda line: line.current_quantity)),
    "taxLines": derived(tax_lines),
    "currentTaxLines": derived(current_tax_lines),
    # Tips and what was taken off are lines that can no longer be fulfilled.
    "nonFulfillableLineItems": derived(
        lambda order: [line for line in order.lines if line.line_type == "TIP" or line.current_quantity == 0]
    ),
    "shippingLine": derived(lambda order: next(iter(order.shipping_lines), None)),
    "shippingLines": attribute("shipping_lines"),
    "transactions": first(lambda order: order.transactions),
    "transactionsCount": derived(lambda order: len(order.transactions)),
    "refunds": first(lambda order: order.refunds),
    "fulfillments": first(lambda order: order.fulfillments),
    "fulfillmentsCount": derived(lambda order: len(order.fulfillments)),
    "returns": fixed([]),
    "additionalFees": fixed([]),
    "disputes": fixed([]),
}

TYPES: dict[str, Fields] = {
    "Order": ORDER,
    "CashRoundingAdjustment": {"paymentSet": fixed(0), "refundSet": fixed(0)},
    "Attribute": {
        "key": derived(lambda pair: pair[0]),
        "value": derived(lambda pair: pair[1]),
    },
    "MailingAddress": {
        **only_id("MailingAddress"),
        **attributes(
            firstName="first_name",
            lastName="last_name",
            company="company",
            address1="address1",
            address2="address2",
            city="city",
            province="province",
            provinceCode="province_code",
            zip="zip",
            phone="phone",
        ),
        "name": derived(lambda address: f"{address.first_name} {address.last_name}"),
        "country": fixed("United States"),
        "countryCodeV2": fixed("US"),
        "formattedArea": derived(lambda address: f"{address.city} {address.province_code}, United States"),
    },
}
