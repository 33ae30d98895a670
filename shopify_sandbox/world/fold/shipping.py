"""What events do to an order's fulfillment orders and to its fulfillments after they left.

Here: one small function per event. Not here: the fulfillment itself (``orders.py``), which follow from which
(``routing.py``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.fold.orders import touch
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.routing import first_id
from shopify_sandbox.world.shipping_records import (
    Fulfillment,
    FulfillmentHold,
    FulfillmentOrder,
    FulfillmentOrderLine,
    Tracking,
)
from shopify_sandbox.world.state import FIRST_IDS, State
from shopify_sandbox.world.times import instant


def _fulfillment_orders_changed(state: State, event: Event, at: datetime) -> None:
    _keep(state, state.orders[event["order_id"]], event["fulfillment_orders"], at)


def _keep(state: State, order: Order, rows: list[dict[str, Any]], at: datetime) -> None:
    """Put fulfillment orders in the place of those with their ids; new ones come last."""
    kept = {one.id: one for one in order.fulfillment_orders}
    for facts in rows:
        before = kept.get(facts["id"])
        created_at = order.created_at if facts["id"] == first_id(order) else at
        kept[facts["id"]] = one = FulfillmentOrder(
            id=facts["id"],
            order=order,
            status=facts["status"],
            request_status=facts["request_status"],
            location=state.locations[facts["location_id"]],
            created_at=before.created_at if before else created_at,
            updated_at=at,
            fulfill_at=instant(facts["fulfill_at"]),
            hold=FulfillmentHold(*facts["hold"]) if facts["hold"] else None,
            lines=[FulfillmentOrderLine(row, state.lines[line], *units) for row, line, *units in facts["lines"]],
            fulfillments=[state.others["Fulfillment", number] for number in facts["fulfillment_ids"]],
        )
        for line in before.lines if before else ():
            del state.others["FulfillmentOrderLineItem", line.id]
        _findable(state, "FulfillmentOrder", one)
        for line in one.lines:
            _findable(state, "FulfillmentOrderLineItem", line)
        if one.hold:
            state.seen("FulfillmentHold", one.hold.id)
    order.fulfillment_orders = list(kept.values())


def _findable(state: State, kind: str, one: FulfillmentOrder | FulfillmentOrderLine) -> None:
    """Ids that follow from an order or a line were not given out: the next one given out must not follow from them."""
    state.others[kind, one.id] = one
    if one.id >= FIRST_IDS[kind]:
        state.seen(kind, one.id)


def _fulfillment_cancelled(state: State, event: Event, at: datetime) -> None:
    order = state.orders[event["order_id"]]
    fulfillment: Fulfillment = state.others["Fulfillment", event["fulfillment_id"]]
    fulfillment.status, fulfillment.updated_at = "CANCELLED", at
    for row in fulfillment.lines:
        row.line.fulfilled -= row.quantity
    order.closed_at = None
    _keep(state, order, event["fulfillment_orders"], at)
    touch(order, at)


def _fulfillment_updated(state: State, event: Event, at: datetime) -> None:
    fulfillment: Fulfillment = state.others["Fulfillment", event["fulfillment_id"]]
    fulfillment.updated_at = at
    fulfillment.tracking = [Tracking(*entry) for entry in event.get("tracking", ())] or fulfillment.tracking
    if event.get("progress") == "IN_TRANSIT":
        fulfillment.in_transit_at = at
    elif event.get("progress") == "DELIVERED":
        fulfillment.delivered_at = at
    touch(fulfillment.order, at)


FOLDS: dict[str, Fold] = {
    "fulfillment_orders_changed": _fulfillment_orders_changed,
    "fulfillment_cancelled": _fulfillment_cancelled,
    "fulfillment_updated": _fulfillment_updated,
}
