"""The GraphQL view of fulfillment orders: what of an order is to be shipped, from where, and why not yet.

Here: how they look. Not here: which there are (``world/routing.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shopify_sandbox.resources.values import Fields, attribute, attributes, derived, fixed, gid, moment, never, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.routing import fulfillment_orders
from shopify_sandbox.world.shipping_records import Fulfillment, FulfillmentOrder, FulfillmentOrderLine

_PREFIX = "gid://shopify/FulfillmentOrder/"
#: How the admin words the reason of a hold.
HOLD_REASONS = {
    "AWAITING_PAYMENT": "Awaiting payment",
    "AWAITING_RETURN_ITEMS": "Awaiting return items",
    "HIGH_RISK_OF_FRAUD": "High risk of fraud",
    "INCORRECT_ADDRESS": "Incorrect address",
    "INVENTORY_OUT_OF_STOCK": "Inventory out of stock",
    "OTHER": "Other",
    "UNKNOWN_DELIVERY_DATE": "Unknown delivery date",
}


def found(store: Store, wanted: str) -> FulfillmentOrder | None:
    """The fulfillment order of that gid; None when there is none."""
    return store.node(wanted) if wanted.startswith(_PREFIX) else None


def of_fulfillment(fulfillment: Fulfillment) -> list[FulfillmentOrder]:
    """The fulfillment orders a parcel took units from."""
    return [one for one in fulfillment_orders(fulfillment.order) if fulfillment in one.fulfillments]


def of_all(orders: Mapping[int, Order]) -> list[FulfillmentOrder]:
    """Those of all orders, closed ones too."""
    return [one for order in orders.values() for one in fulfillment_orders(order)]


def is_shown(one: FulfillmentOrder, arguments: Mapping[str, Any]) -> bool:
    """Whether the root shows it: what is done with is left out unless ``includeClosed`` asks for it."""
    return bool(arguments.get("includeClosed")) or one.status not in ("CLOSED", "CANCELLED")


def _method(order: Order, name: str) -> str | None:
    """What the shipping the customer chose is called; None when nothing is shipped."""
    return next((str(getattr(line, name)) for line in order.shipping_lines), None)


def _item_id(row: FulfillmentOrderLine) -> str | None:
    variant = row.line.variant
    return gid("InventoryItem", variant.item.id) if variant and not variant.is_deleted else None


TYPES: dict[str, Fields] = {
    "FulfillmentOrder": {
        **only_id("FulfillmentOrder"),
        **attributes(
            status="status",
            requestStatus="request_status",
            order="order",
            orderName="order.name",
            lineItems="lines",
            fulfillments="fulfillments",
            assignedLocation="location",
        ),
        "orderId": derived(lambda one: gid("Order", one.order.id)),
        "orderProcessedAt": moment("order.processed_at"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "fulfillAt": moment("fulfill_at"),
        "fulfillBy": fixed(None),
        "fulfillmentHolds": derived(lambda one: [one.hold] if one.hold else []),
        "channelId": fixed(None),
        "destination": attribute("order"),
        "deliveryMethod": attribute("order"),
        "internationalDuties": fixed(None),
    },
    "FulfillmentOrderDestination": attributes(
        firstName="shipping.first_name",
        lastName="shipping.last_name",
        company="shipping.company",
        address1="shipping.address1",
        address2="shipping.address2",
        city="shipping.city",
        province="shipping.province",
        zip="shipping.zip",
        countryCode="shipping.country",
        phone="shipping.phone",
        email="email",
    ),
    "FulfillmentOrderInternationalDuties": never("incoterm"),
    "DeliveryMethod": {
        "methodType": derived(lambda order: "RETAIL" if order.source_name == "pos" else "SHIPPING"),
        "presentedName": derived(lambda order: _method(order, "title")),
        "serviceCode": derived(lambda order: _method(order, "code")),
        "minDeliveryDateTime": fixed(None),
        "maxDeliveryDateTime": fixed(None),
    },
    "FulfillmentHold": {
        **only_id("FulfillmentHold"),
        **attributes(reason="reason", reasonNotes="notes"),
        "displayReason": derived(lambda hold: HOLD_REASONS[hold.reason]),
        "handle": fixed(None),
        "heldByRequestingApp": fixed(False),
    },
    "FulfillmentOrderAssignedLocation": {
        **attributes(name="name", address1="address1", city="city", province="province", zip="zip", phone="phone"),
        "address2": fixed(None),
        "countryCode": attribute("country"),
        "location": derived(lambda location: location),
    },
    "FulfillmentOrderLineItem": {
        **only_id("FulfillmentOrderLineItem"),
        **attributes(
            lineItem="line",
            sku="line.sku",
            vendor="line.vendor",
            productTitle="line.title",
            variantTitle="line.variant_title",
            totalQuantity="total",
            remainingQuantity="remaining",
        ),
        "variant": derived(lambda row: row.line.sold_variant),
        "requiresShipping": fixed(True),
        "inventoryItemId": derived(_item_id),
    },
}
