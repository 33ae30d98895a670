"""What a webhook says of an order, its refunds and its fulfillments: the REST shape.

Here: everything with order lines in it. Formats of single values are in ``values.py``.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from shopify_sandbox.resources.payments import MANUAL
from shopify_sandbox.webhooks.charges import charges, duty
from shopify_sandbox.webhooks.values import Values, address
from shopify_sandbox.world.figures import figures, financial_status, fulfillment_status
from shopify_sandbox.world.ledger import balance
from shopify_sandbox.world.records import (
    Allocation,
    DiscountApplication,
    Line,
    Order,
    Refund,
    RefundLine,
    ShippingLine,
    TaxLine,
    Transaction,
)
from shopify_sandbox.world.shipping_records import Fulfillment

Payload = Mapping[str, Any]

#: ``displayFulfillmentStatus`` in the words of the REST shape.
FULFILLMENT_STATUSES = {"UNFULFILLED": None, "PARTIALLY_FULFILLED": "partial", "FULFILLED": "fulfilled"}
APPLICATION_TYPES = {
    "DiscountCodeApplication": "discount_code",
    "AutomaticDiscountApplication": "automatic",
    "ManualDiscountApplication": "manual",
}
#: What Shopify's example payload of an order has and this world does not know.
UNKNOWN_OF_ORDER = (
    "app_id",
    "browser_ip",
    "cart_token",
    "checkout_token",
    "client_details",
    "current_total_additional_fees_set",
    "current_total_duties_set",
    "device_id",
    "landing_site",
    "landing_site_ref",
    "merchant_business_entity_id",
    "merchant_of_record_app_id",
    "order_status_url",
    "original_total_additional_fees_set",
    "original_total_duties_set",
    "payment_terms",
    "reference",
    "referring_site",
    "source_identifier",
    "source_url",
    "token",
    "user_id",
)


def order(one: Order, values: Values) -> Payload:
    """The order as it is now, its customer apart."""
    values = values.within(one.exchange)
    money = figures(one)
    with_text = {
        "current_subtotal_price": money.current_subtotal_price,
        "current_total_discounts": money.current_total_discounts,
        "current_total_price": money.current_total_price,
        "current_total_tax": money.current_total_tax,
        "subtotal_price": money.subtotal_price,
        "total_discounts": money.total_discounts,
        "total_line_items_price": sum(line.unit_price * line.quantity for line in one.lines),
        "total_price": money.total_price,
        "total_tax": money.total_tax,
    }
    only_set = {
        "current_shipping_price": money.current_shipping_price,
        "total_cash_rounding_payment_adjustment": money.payment_rounding,
        "total_cash_rounding_refund_adjustment": money.refund_rounding,
        "total_shipping_price": money.total_shipping_price,
    }
    return {
        **dict.fromkeys(UNKNOWN_OF_ORDER),
        **_header(one, values),
        **{name: values.amount(minor) for name, minor in with_text.items()},
        **{f"{name}_set": values.money(minor) for name, minor in (with_text | only_set).items()},
        **{f"{name}_set": values.money(minor) for name, minor in charges(money).items()},
        "total_outstanding": values.amount(money.total_outstanding),
        "total_tip_received": values.amount(money.total_tip_received),
        "tax_lines": [_tax(tax, values) for tax in _summed(one)],
        "discount_codes": [_discount_code(each, one, values) for each in one.applications if _is_code(each)],
        "discount_applications": [_application(each, values) for each in one.applications],
        "billing_address": address(one.billing),
        "shipping_address": address(one.shipping),
        "line_items": [_order_line(line, values) for line in one.lines],
        "shipping_lines": [_shipping_line(line, values) for line in one.shipping_lines],
        "fulfillments": [_fulfillment_of_order(each, values) for each in one.fulfillments],
        "refunds": [refund(each, values) for each in one.refunds],
        "returns": [],
        "line_item_groups": [],
    }


def _header(one: Order, values: Values) -> Payload:
    grams = sum(line.variant.item.weight_grams * line.quantity for line in one.lines if line.variant)
    return {
        "id": one.id,
        "admin_graphql_api_id": f"gid://shopify/Order/{one.id}",
        "buyer_accepts_marketing": one.accepts_marketing,
        "cancel_reason": one.cancel_reason and one.cancel_reason.lower(),
        "cancelled_at": values.time_or_none(one.cancelled_at),
        "closed_at": values.time_or_none(one.closed_at),
        "confirmation_number": one.confirmation,
        "confirmed": True,
        "contact_email": one.email,
        "created_at": values.time(one.created_at),
        "currency": values.currency,
        "customer_locale": one.customer.locale if one.customer else "en",
        "duties_included": False,
        "email": one.email,
        "estimated_taxes": False,
        "financial_status": financial_status(one).lower(),
        "fulfillment_status": FULFILLMENT_STATUSES[fulfillment_status(one)],
        "location_id": None,
        "name": one.name,
        "note": one.note,
        "note_attributes": [{"name": name, "value": value} for name, value in one.attributes],
        # REST counts from 1 where the order's name counts from 1001.
        "number": one.number - 1_000,
        "order_number": one.number,
        "payment_gateway_names": list(dict.fromkeys(each.gateway for each in one.transactions)),
        "phone": one.phone,
        "po_number": one.particulars.po_number,
        "presentment_currency": values.presentment_currency,
        "processed_at": values.time(one.processed_at),
        "source_name": one.source_name,
        "tags": ", ".join(one.tags),
        "tax_exempt": False,
        "taxes_included": one.taxes_included,
        "test": one.particulars.is_test,
        "total_weight": grams,
        "updated_at": values.time(one.updated_at),
    }


def refund(one: Refund, values: Values) -> Payload:
    values = values.within(one.exchange)
    return {
        "id": one.id,
        "order_id": one.order.id,
        "created_at": values.time(one.created_at),
        "note": one.note,
        "user_id": None,
        "processed_at": values.time(one.created_at),
        "duties": [{"duty_id": each.duty.id, "amount_set": values.money(each.amount)} for each in one.duties],
        "total_duties_set": values.money(sum(each.amount for each in one.duties)),
        "return": None,
        "refund_shipping_lines": [
            {
                "id": each.id,
                "shipping_line": _shipping_line(each.shipping_line, values),
                "subtotal_amount_set": values.money(each.subtotal),
                "tax_amount_set": values.money(each.tax),
            }
            for each in one.shipping_lines
        ],
        "restock": any(each.restock != "NO_RESTOCK" for each in one.lines),
        "admin_graphql_api_id": f"gid://shopify/Refund/{one.id}",
        "order_adjustments": [
            {
                "id": each.id,
                "amount": values.amount(each.amount),
                "amount_set": values.money(each.amount),
                "kind": "refund_discrepancy",
                "order_id": one.order.id,
                "reason": each.reason.replace("_", " ").capitalize(),
                "refund_id": one.id,
                "tax_amount": values.amount(each.tax),
                "tax_amount_set": values.money(each.tax),
            }
            for each in one.adjustments
        ],
        "refund_line_items": [_refund_line(each, values) for each in one.lines],
        "transactions": [_transaction(each, values) for each in one.transactions],
    }


def _refund_line(one: RefundLine, values: Values) -> Payload:
    return {
        "id": one.id,
        "quantity": one.quantity,
        "line_item_id": one.line.id,
        "location_id": one.location and one.location.id,
        "restock_type": one.restock.lower(),
        "subtotal": values.number(one.subtotal),
        "total_tax": values.number(one.tax),
        "subtotal_set": values.money(one.subtotal),
        "total_tax_set": values.money(one.tax),
        "line_item": _line(one.line, one.line.quantity, values),
    }


def _transaction(one: Transaction, values: Values) -> Payload:
    unsettled = figures(one.order).total_capturable if one.kind == "AUTHORIZATION" else 0
    values = values.within(one.exchange)
    return {
        "id": one.id,
        "order_id": one.order.id,
        "kind": one.kind.lower(),
        "gateway": one.gateway,
        "status": one.status.lower(),
        "message": None,
        "created_at": values.time(one.created_at),
        "test": one.order.particulars.is_test,
        "authorization": None,
        "location_id": None,
        "user_id": None,
        "parent_id": one.parent and one.parent.id,
        "processed_at": values.time_or_none(one.processed_at),
        "device_id": None,
        "receipt": {},
        "error_code": one.error_code and one.error_code.lower(),
        "source_name": one.order.source_name,
        "amount": values.presented(one.amount),
        "currency": values.presentment_currency,
        "payment_id": one.payment_id,
        "total_unsettled_set": values.money(unsettled, code_key="currency"),
        "manual_payment_gateway": one.gateway in MANUAL,
        "amount_rounding": None if one.rounding is None else values.presented(one.rounding),
        "admin_graphql_api_id": f"gid://shopify/OrderTransaction/{one.id}",
    }


def fulfillment(one: Fulfillment, values: Values) -> Payload:
    numbers, urls = [each.number for each in one.tracking], [each.url for each in one.tracking]
    return {
        "id": one.id,
        "order_id": one.order.id,
        "status": one.status.lower(),
        "created_at": values.time(one.created_at),
        "service": one.location.service_handle,
        "updated_at": values.time(one.updated_at),
        "tracking_company": one.tracking[0].company if one.tracking else None,
        "shipment_status": "delivered" if one.delivered_at else "in_transit" if one.in_transit_at else None,
        "location_id": one.location.id,
        "origin_address": None,
        "email": one.order.email,
        "destination": address(one.order.shipping),
        "line_items": [_line(each.line, each.quantity, values) for each in one.lines],
        "tracking_number": numbers[0] if numbers else None,
        "tracking_numbers": numbers,
        "tracking_url": urls[0] if urls else None,
        "tracking_urls": urls,
        "receipt": {},
        "name": one.name,
        "admin_graphql_api_id": f"gid://shopify/Fulfillment/{one.id}",
    }


def _fulfillment_of_order(one: Fulfillment, values: Values) -> Payload:
    """Inside its order a fulfillment does not repeat where it goes."""
    whole = fulfillment(one, values)
    return {key: value for key, value in whole.items() if key not in ("destination", "email")}


def _order_line(one: Line, values: Values) -> Payload:
    """A line in an order's own list says a little more than one in a refund or a fulfillment."""
    return {
        **_line(one, one.quantity, values),
        "attributed_staffs": [],
        "current_quantity": one.current_quantity,
        "sales_line_item_group_id": one.particulars.group and one.particulars.group.id,
    }


def _line(one: Line, quantity: int, values: Values) -> Payload:
    """A line; in a fulfillment, ``quantity`` is what it ships."""
    line_discount = sum(each.amount for each in one.allocations if each.application.method != "ACROSS")
    return {
        "id": one.id,
        "admin_graphql_api_id": f"gid://shopify/LineItem/{one.id}",
        "fulfillable_quantity": one.unfulfilled,
        "fulfillment_service": "manual",
        "fulfillment_status": ("partial" if one.unfulfilled else "fulfilled") if one.fulfilled else None,
        "gift_card": one.line_type == "GIFT_CARD",
        "grams": one.variant.item.weight_grams if one.variant else 0,
        "name": f"{one.title} - {one.variant_title}" if one.variant_title else one.title,
        "price": values.amount(one.unit_price),
        "price_set": values.money(one.unit_price),
        "product_exists": one.sold_product is not None,
        "product_id": one.sold_product and one.sold_product.id,
        "properties": [{"name": name, "value": value} for name, value in one.particulars.properties],
        "quantity": quantity,
        "requires_shipping": one.line_type == "PRODUCT",
        "sku": one.sku,
        "taxable": one.taxable,
        "title": one.title,
        "total_discount": values.amount(line_discount),
        "total_discount_set": values.money(line_discount),
        "variant_id": one.sold_variant and one.sold_variant.id,
        "variant_inventory_management": "shopify" if one.variant else None,
        "variant_title": one.variant_title,
        "vendor": one.vendor,
        "tax_lines": [_tax(tax, values) for tax in one.taxes],
        "duties": [duty(each, values) for each in one.particulars.duties],
        "discount_allocations": [_allocation(each, values) for each in one.allocations],
    }


def _shipping_line(one: ShippingLine, values: Values) -> Payload:
    discounted = one.price - sum(each.amount for each in one.allocations)
    left = balance(one.order.sales(), one, one.taxes)
    return {
        "id": one.id,
        "carrier_identifier": None,
        "code": one.code,
        "current_discounted_price_set": values.money(left.total if one.order.taxes_included else left.net),
        "discounted_price": values.amount(discounted),
        "discounted_price_set": values.money(discounted),
        "is_removed": False,
        "phone": None,
        "price": values.amount(one.price),
        "price_set": values.money(one.price),
        "requested_fulfillment_service_id": None,
        "source": "shopify",
        "title": one.title,
        "tax_lines": [_tax(tax, values) for tax in one.taxes],
        "discount_allocations": [_allocation(each, values) for each in one.allocations],
    }


def _tax(one: TaxLine, values: Values) -> Payload:
    return {
        "channel_liable": False,
        "price": values.amount(one.amount),
        "price_set": values.money(one.amount),
        "rate": one.rate_ppm / 1_000_000,
        "title": one.title,
    }


def _allocation(one: Allocation, values: Values) -> Payload:
    return {
        "amount": values.amount(one.amount),
        "amount_set": values.money(one.amount),
        "discount_application_index": one.application.index,
    }


def _application(one: DiscountApplication, values: Values) -> Payload:
    kind = APPLICATION_TYPES[one.type]
    return {
        "target_type": one.target.lower(),
        "type": kind,
        "value": _worth(one, values),
        "value_type": "fixed_amount" if one.percent is None else "percentage",
        "allocation_method": one.method.lower(),
        "target_selection": one.selection.lower(),
        "code" if kind == "discount_code" else "title": one.name,
    }


def _discount_code(one: DiscountApplication, of: Order, values: Values) -> Payload:
    lines: Iterable[Line | ShippingLine] = [*of.lines, *of.shipping_lines]
    taken = sum(each.amount for line in lines for each in line.allocations if each.application is one)
    kind = "shipping" if one.target == "SHIPPING_LINE" else "fixed_amount" if one.percent is None else "percentage"
    return {"code": one.name, "amount": values.amount(taken), "type": kind}


def _is_code(one: DiscountApplication) -> bool:
    return one.type == "DiscountCodeApplication"


def _worth(one: DiscountApplication, values: Values) -> str:
    """The percentage with one decimal, or the amount."""
    return values.amount(one.amount or 0) if one.percent is None else f"{one.percent}.0"


def _summed(one: Order) -> list[TaxLine]:
    """Taxes at order time summed by name and rate, removed units included."""
    sums: dict[tuple[str, int], int] = {}
    lines: list[Line | ShippingLine] = [*one.lines, *one.shipping_lines]
    for line in lines:
        for tax in line.taxes:
            key = (tax.title, tax.rate_ppm)
            sums[key] = sums.get(key, 0) + tax.amount
    return [TaxLine(title, rate, amount) for (title, rate), amount in sums.items()]
