"""The GraphQL view of an order's header: its statuses, times, people and money fields.

Here: ``Order`` and the objects that only hang on it. Not here: lines (``lines.py``), ledger, payments and shipments
(``ledger.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shopify_sandbox.resources.fulfillment_orders import FulfillmentOrder
from shopify_sandbox.resources.values import (
    Fields,
    Resolver,
    attribute,
    attributes,
    derived,
    first,
    fixed,
    gid,
    identity,
    itself,
    moment,
    never,
    only_id,
)
from shopify_sandbox.store import Store
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


def _cart_discount(order: Order) -> int:
    """What order-level discounts took off when the order was placed and edited, units taken back included."""
    return sum(one.amount for line in order.lines for one in line.allocations if one.application.method == "ACROSS")


def _can_mark_as_paid(order: Order) -> bool:
    return order.cancelled_at is None and figures(order).total_outstanding > 0


@dataclass(frozen=True)
class App:
    """The app an order came through. The ids are those of Shopify's own sales channels."""

    id: int
    name: str


APPS = {
    "web": App(580_111, "Online Store"),
    "pos": App(129_785, "Point of Sale"),
    "mobile_app": App(3_890_849, "Shop"),
}


ICON_PIXELS = 1_200


def _icon(app: App) -> str:
    return f"https://cdn.shopify.com/app-store/listing_images/{app.id}/icon.png"


def app_of(order: Order) -> App:
    return APPS[order.source_name]


def _status_page(store: Store, order: Order, arguments: Mapping[str, Any]) -> str:
    """The page a buyer follows the order on; whoever has its address may see it."""
    token = sha256(f"{store.shop.domain}/{order.id}".encode()).hexdigest()
    return f"https://{store.shop.domain}/{store.shop.id}/orders/{token[:32]}/authenticate?key={token[32:]}"


def _place_in_history(order: Order) -> int:
    """How many orders of the same customer came before."""
    return order.customer.orders.index(order) if order.customer else 0


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
    "cartDiscountAmountSet": derived(_cart_discount),
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
    "restockable": derived(lambda order: any(line.unfulfilled or line.returnable for line in order.lines)),
    "canMarkAsPaid": derived(_can_mark_as_paid),
    "canNotifyCustomer": derived(lambda order: order.email is not None),
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
    "fulfillmentOrders": derived(lambda order: [FulfillmentOrder(order)]),
    "fulfillmentsCount": derived(lambda order: len(order.fulfillments)),
    "app": derived(app_of),
    "channelInformation": itself,
    "retailLocation": derived(lambda order: order.location if order.source_name == "pos" else None),
    "customerJourneySummary": derived(lambda order: order if order.customer else None),
    "customerAcceptsMarketing": derived(
        lambda order: order.customer is not None and order.customer.email_state == "SUBSCRIBED"
    ),
    "cancellation": derived(lambda order: order if order.cancelled_at else None),
    "statusPageUrl": _status_page,
    "merchantBusinessEntity": lambda store, order, arguments: store.shop,
    "risk": itself,
    "returns": fixed([]),
    "additionalFees": fixed([]),
    "disputes": fixed([]),
    # The world knows nothing of browsers, of staff's comments, of resellers and of Shopify Protect.
    "clientIp": fixed(None),
    "registeredSourceUrl": fixed(None),
    "hasTimelineComment": fixed(False),
    "merchantOfRecordApp": fixed(None),
    "shopifyProtect": fixed(None),
}

TYPES: dict[str, Fields] = {
    "Order": ORDER,
    "OrderApp": {**only_id("App"), "name": attribute("name"), "icon": itself},
    "Image": {
        # The only pictures of this world are the icons of apps.
        "id": fixed(None),
        "altText": attribute("name"),
        **dict.fromkeys(("url", "src", "originalSrc", "transformedSrc"), derived(_icon)),
        **dict.fromkeys(("width", "height"), fixed(ICON_PIXELS)),
    },
    "ChannelInformation": {
        **only_id("ChannelInformation"),
        "channelId": derived(lambda order: gid("Channel", app_of(order).id)),
        "displayName": derived(lambda order: app_of(order).name),
    },
    "CustomerJourneySummary": {
        "ready": fixed(True),
        "customerOrderIndex": derived(_place_in_history),
        # Visits to the online store are not part of this world.
        "daysToConversion": fixed(None),
        "firstVisit": fixed(None),
        "lastVisit": fixed(None),
        "moments": fixed([]),
        "momentsCount": fixed(0),
    },
    "CustomerVisit": never("id", "landingPage", "occurredAt", "referralCode", "referrerUrl", "source"),
    "OrderCancellation": {"staffNote": fixed(None)},
    "OrderRiskSummary": {"recommendation": fixed("NONE"), "assessments": fixed([])},
    "OrderRiskAssessment": never("facts", "provider", "riskLevel"),
    "OrderDisputeSummary": never("id", "initiatedAs", "status"),
    "AdditionalFee": never("id", "name", "price", "taxLines"),
    "ShopifyProtectOrderSummary": never("eligibility", "status"),
    "ShopifyProtectOrderEligibility": never("status"),
    "BusinessEntity": {
        **only_id("BusinessEntity"),
        "displayName": attribute("name"),
        "companyName": attribute("name"),
        "primary": fixed(True),
        "archived": fixed(False),
        "address": lambda store, shop, arguments: next(iter(store.state.locations.values())),
    },
    "BusinessEntityAddress": {
        **attributes(address1="address1", city="city", province="province", zip="zip"),
        "address2": fixed(None),
        "countryCode": fixed("US"),
    },
    "CashRoundingAdjustment": {"paymentSet": fixed(0), "refundSet": fixed(0)},
    "Attribute": {
        "key": derived(lambda pair: pair[0]),
        "value": derived(lambda pair: pair[1]),
    },
}
