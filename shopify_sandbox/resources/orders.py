"""The GraphQL view of an order's header: its statuses, times, people and money fields.

Here: ``Order`` and the objects that only hang on it. Not here: lines (``lines.py``), ledger, payments and shipments
(``ledger.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from shopify_sandbox.resources import payouts
from shopify_sandbox.resources.exchanges import in_both
from shopify_sandbox.resources.metafields import OWNED
from shopify_sandbox.resources.returns import return_status
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
from shopify_sandbox.world.currency import Money
from shopify_sandbox.world.figures import GOODS, Figures, figures, financial_status, fulfillment_status
from shopify_sandbox.world.records import Line, Order, PaymentTerms, ShippingLine, TaxLine
from shopify_sandbox.world.routing import fulfillment_orders
from shopify_sandbox.world.times import stamp


def _figure(read: Callable[[Figures], int | None]) -> Resolver:
    return derived(lambda order: read(figures(order)))


def _moved(presentment: Callable[[Figures], int], shop: Callable[[Figures], int]) -> Resolver:
    """Money that moved, each movement at the rate of its own day."""
    return derived(lambda order: in_both(order.exchange, presentment(figures(order)), shop(figures(order))))


def _units(order: Order, count: Callable[[Any], int]) -> int:
    return sum(count(line) for line in order.lines if line.line_type in GOODS)


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
    "shopify_draft_order": App(1_354_745, "Draft Orders"),
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


@dataclass(frozen=True)
class OnTerms:
    """An order as the thing that has to be paid by a day."""

    order: Order

    @property
    def terms(self) -> PaymentTerms:
        terms = self.order.particulars.terms
        if terms is None:
            raise LookupError(f"order {self.order.name} is not on terms")
        return terms


def _is_overdue(store: Store, bought: OnTerms, arguments: Mapping[str, Any]) -> bool:
    return bought.terms.due_at < store.now and figures(bought.order).total_outstanding > 0


def _completed(bought: OnTerms) -> str | None:
    """When nothing was owed any more: with the last payment."""
    paid = [one.created_at for one in bought.order.transactions if one.status == "SUCCESS"]
    return stamp(paid[-1]) if paid and figures(bought.order).total_outstanding <= 0 else None


def _in_presentment(read: Callable[[Figures], int]) -> Resolver:
    """An amount that is shown in the order's currency alone."""

    def resolve(store: Store, bought: OnTerms, arguments: Mapping[str, Any]) -> Money:
        order = bought.order
        return Money(read(figures(order)), order.exchange.presentment if order.exchange else store.shop.currency)

    return resolve


ADDITIONAL_FEE: Fields = {**only_id("AdditionalFee"), **attributes(name="name", price="price", taxLines="taxes")}

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
    "totalReceivedSet": _moved(lambda money: money.total_received, lambda money: money.received_shop),
    "totalRefundedSet": _moved(lambda money: money.total_refunded, lambda money: money.refunded_shop),
    "totalRefundedShippingSet": _figure(lambda money: money.total_refunded_shipping),
    "netPaymentSet": _moved(lambda money: money.net_payment, lambda money: money.received_shop - money.refunded_shop),
    "totalCapturableSet": _figure(lambda money: money.total_capturable),
    "totalOutstandingSet": _figure(lambda money: money.total_outstanding),
    "refundDiscrepancySet": _figure(lambda money: money.refund_discrepancy),
    "totalCashRoundingAdjustment": itself,
    # Without duties and without additional fees Shopify answers null (recorded).
    "originalTotalDutiesSet": _figure(lambda money: money.original_total_duties),
    "currentTotalDutiesSet": _figure(lambda money: money.current_total_duties),
    "originalTotalAdditionalFeesSet": _figure(lambda money: money.original_total_fees),
    "currentTotalAdditionalFeesSet": _figure(lambda money: money.current_total_fees),
}

STATUS_FIELDS: Fields = {
    "displayFinancialStatus": derived(financial_status),
    "displayFulfillmentStatus": derived(fulfillment_status),
    "returnStatus": derived(return_status),
    "cancelReason": attribute("cancel_reason"),
    "closed": derived(lambda order: order.closed_at is not None),
    "confirmed": fixed(True),
    "edited": attribute("edited"),
    "test": attribute("particulars.is_test"),
    "fullyPaid": derived(lambda order: figures(order).total_received > 0 and figures(order).total_outstanding <= 0),
    "unpaid": derived(lambda order: figures(order).total_received == 0),
    "refundable": derived(lambda order: figures(order).net_payment > 0),
    "capturable": derived(lambda order: figures(order).total_capturable > 0),
    "fulfillable": derived(lambda order: order.unfulfilled > 0),
    "restockable": derived(lambda order: any(line.unfulfilled or line.returnable for line in order.lines)),
    "canMarkAsPaid": derived(_can_mark_as_paid),
    "canNotifyCustomer": derived(lambda order: order.email is not None),
    "requiresShipping": derived(lambda order: any(line.line_type == "PRODUCT" for line in order.lines)),
    "taxesIncluded": attribute("taxes_included"),
    "taxExempt": fixed(False),
    "dutiesIncluded": fixed(False),
    "estimatedTaxes": fixed(False),
}

ORDER: Fields = {
    **identity("Order"),
    **OWNED,
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
    "poNumber": attribute("particulars.po_number"),
    "purchasingEntity": derived(lambda order: order.particulars.purchaser or order.customer),
    "paymentTerms": derived(lambda order: OnTerms(order) if order.particulars.terms else None),
    "sourceIdentifier": fixed(None),
    "publication": fixed(None),
    "customerLocale": derived(lambda order: order.customer.locale if order.customer else "en"),
    "createdAt": moment("created_at"),
    "processedAt": moment("processed_at"),
    "updatedAt": moment("updated_at"),
    "cancelledAt": moment("cancelled_at"),
    "closedAt": moment("closed_at"),
    "currencyCode": lambda store, order, arguments: store.shop.currency,
    "presentmentCurrencyCode": lambda store, order, arguments: (
        order.exchange.presentment if order.exchange else store.shop.currency
    ),
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
    # Tips, gift cards and what was taken off are lines that cannot be fulfilled, or no longer.
    "nonFulfillableLineItems": derived(
        lambda order: [line for line in order.lines if line.line_type != "PRODUCT" or line.current_quantity == 0]
    ),
    "shippingLine": derived(lambda order: next(iter(order.shipping_lines), None)),
    "shippingLines": attribute("shipping_lines"),
    "transactions": first(lambda order: order.transactions),
    "transactionsCount": derived(lambda order: len(order.transactions)),
    "refunds": first(lambda order: order.refunds),
    "fulfillments": first(lambda order: order.fulfillments),
    "fulfillmentOrders": derived(fulfillment_orders),
    "fulfillmentsCount": derived(lambda order: len(order.fulfillments)),
    "app": derived(app_of),
    "channelInformation": itself,
    "retailLocation": derived(lambda order: order.location if order.source_name == "pos" else None),
    "customerJourneySummary": derived(lambda order: order if order.customer else None),
    "customerAcceptsMarketing": attribute("accepts_marketing"),
    "cancellation": derived(lambda order: order if order.cancelled_at else None),
    "statusPageUrl": _status_page,
    "merchantBusinessEntity": lambda store, order, arguments: store.shop,
    "risk": itself,
    "returns": attribute("returns"),
    "additionalFees": attribute("particulars.fees"),
    "disputes": payouts.disputes_of,
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
    "Publication": never("id"),
    "CompanyContact": never("id"),
    "OrderDisputeSummary": never("id", "initiatedAs", "status"),
    "AdditionalFee": ADDITIONAL_FEE,
    "SaleAdditionalFee": {**ADDITIONAL_FEE, **only_id("SaleAdditionalFee")},
    "PurchasingCompany": {**attributes(company="company", location="location"), "contact": fixed(None)},
    "Company": {**only_id("Company"), "name": attribute("name")},
    "CompanyLocation": {
        **only_id("CompanyLocation"),
        **attributes(name="name", company="company"),
        # Companies pay by invoice: none of them has store credit.
        "storeCreditAccounts": fixed([]),
    },
    "PaymentTerms": {
        "id": derived(lambda bought: gid("PaymentTerms", bought.terms.id)),
        **attributes(
            order="order", paymentTermsName="terms.name", paymentTermsType="terms.type", dueInDays="terms.due_in_days"
        ),
        "translatedName": attribute("terms.name"),
        "due": _is_overdue,
        "overdue": _is_overdue,
        "paymentSchedules": derived(lambda bought: [bought]),
    },
    "PaymentSchedule": {
        "id": derived(lambda bought: gid("PaymentSchedule", bought.terms.schedule_id)),
        "issuedAt": moment("order.processed_at"),
        "dueAt": moment("terms.due_at"),
        "completedAt": derived(_completed),
        "due": _is_overdue,
        "paymentTerms": itself,
        "totalBalance": _in_presentment(lambda money: money.current_total_price),
        "balanceDue": _in_presentment(lambda money: max(0, money.total_outstanding)),
    },
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
        "countryCode": attribute("country"),
    },
    "CashRoundingAdjustment": {
        "paymentSet": _figure(lambda money: money.payment_rounding),
        "refundSet": _figure(lambda money: money.refund_rounding),
    },
    "Attribute": {
        "key": derived(lambda pair: pair[0]),
        "value": derived(lambda pair: pair[1]),
    },
}
