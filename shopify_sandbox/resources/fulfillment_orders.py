"""The GraphQL view of fulfillment orders: what of an order is to be shipped, and from where.

Here: a view. In this world an order ships from one location, so it has one fulfillment order, and all of that follows
from the order itself: its id, its lines and how much of them is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shopify_sandbox.resources.values import Fields, attributes, derived, fixed, gid, moment, only_id
from shopify_sandbox.store import Store
from shopify_sandbox.world.records import Line, Order

# Distance of an id from that of the order or line it follows from; no multiple of the step ids grow by.
_ORDER_OFFSET = 1_203_468_001
_LINE_OFFSET = 2_301_977_003


@dataclass(frozen=True)
class FulfillmentOrderLine:
    """One line of a fulfillment order, units."""

    line: Line

    @property
    def id(self) -> int:
        return self.line.id + _LINE_OFFSET


@dataclass(frozen=True)
class FulfillmentOrder:
    """The fulfillment order of an order."""

    order: Order

    @property
    def id(self) -> int:
        return self.order.id + _ORDER_OFFSET

    @property
    def lines(self) -> list[FulfillmentOrderLine]:
        return [FulfillmentOrderLine(line) for line in self.order.lines if line.variant is not None]

    @property
    def status(self) -> str:
        if self.order.cancelled_at:
            return "CANCELLED"
        if not self.order.unfulfilled:
            return "CLOSED"
        return "IN_PROGRESS" if self.order.fulfillments else "OPEN"


def found(store: Store, wanted: str) -> FulfillmentOrder | None:
    """The fulfillment order of that gid; None when there is none."""
    tail = wanted.removeprefix("gid://shopify/FulfillmentOrder/")
    if tail == wanted or not tail.isdigit():
        return None
    order = store.state.orders.get(int(tail) - _ORDER_OFFSET)
    return None if order is None else FulfillmentOrder(order)


def _by_id(store: Store, record: Any, arguments: Mapping[str, Any]) -> FulfillmentOrder | None:
    return found(store, arguments["id"])


ROOT_OBJECTS = {"fulfillmentOrder": _by_id}

TYPES: dict[str, Fields] = {
    "FulfillmentOrder": {
        **only_id("FulfillmentOrder"),
        **attributes(
            status="status",
            order="order",
            orderName="order.name",
            lineItems="lines",
            fulfillments="order.fulfillments",
            assignedLocation="order.location",
        ),
        "orderId": derived(lambda one: gid("Order", one.order.id)),
        "orderProcessedAt": moment("order.processed_at"),
        "createdAt": moment("order.created_at"),
        "updatedAt": moment("order.updated_at"),
        "requestStatus": fixed("UNSUBMITTED"),
        "fulfillAt": moment("order.created_at"),
        "fulfillBy": fixed(None),
        "fulfillmentHolds": fixed([]),
        "channelId": fixed(None),
    },
    "FulfillmentOrderAssignedLocation": {
        "name": derived(lambda location: location.name),
        "location": derived(lambda location: location),
    },
    "FulfillmentOrderLineItem": {
        **only_id("FulfillmentOrderLineItem"),
        **attributes(lineItem="line", sku="line.sku", variant="line.variant", vendor="line.vendor"),
        "productTitle": derived(lambda one: one.line.title),
        "variantTitle": derived(lambda one: one.line.variant_title),
        "requiresShipping": fixed(True),
        "inventoryItemId": derived(lambda one: gid("InventoryItem", one.line.variant.item.id)),
        "totalQuantity": derived(lambda one: one.line.quantity - one.line.removed),
        "remainingQuantity": derived(lambda one: one.line.unfulfilled),
    },
}
