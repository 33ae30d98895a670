"""What an event changed, as the shop would tell a webhook subscriber.

Here: topics and minimal REST-shaped payloads (snake case, numeric ids, shop time). Not here: delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


@dataclass(frozen=True)
class Change:
    """One thing that changed. ``at`` is the world's time (UTC); ``gid`` names the record."""

    topic: str
    gid: str
    at: datetime
    payload: dict[str, Any]


def changes(state: State, event: Facts) -> list[Change]:
    """The changes of one event, after it was folded into the state."""
    at = instant(event["at"])
    shop_time = at.astimezone(ZoneInfo(state.shop.timezone)).isoformat()
    found = []
    for topic, kind, record_id, more in _touched(state, event):
        gid = f"gid://shopify/{kind}/{record_id}"
        payload = {"id": record_id, "admin_graphql_api_id": gid, "updated_at": shop_time, **more}
        found.append(Change(topic, gid, at, payload))
    for level_id, _ in event.get("stock", ()):
        found.append(_level_change(state, level_id, at, shop_time))
    return found


def _level_change(state: State, level_id: int, at: datetime, shop_time: str) -> Change:
    level = state.levels[level_id]
    gid = f"gid://shopify/InventoryLevel/{level_id}?inventory_item_id={level.item.id}"
    payload = {
        "inventory_item_id": level.item.id,
        "location_id": level.location.id,
        "available": level.quantities["available"],
        "updated_at": shop_time,
        "admin_graphql_api_id": gid,
    }
    return Change("inventory_levels/update", gid, at, payload)


def _touched(state: State, event: Facts) -> Iterator[tuple[str, str, int, Facts]]:
    """Topic, GraphQL type, id and further payload of what the event touched, stock apart."""
    kind = event["event"]
    if kind in ("customer_created", "customer_updated"):
        customer_id = event["customer"]["id"] if kind == "customer_created" else event["customer_id"]
        yield "customers/update", "Customer", customer_id, {}
    elif kind == "product_updated":
        product = state.products[event["product_id"]]
        yield "products/update", "Product", product.id, {"title": product.title, "handle": product.handle}
    elif kind == "order_placed" or "order_id" in event:
        yield from _order_touched(state, event)


def _order_touched(state: State, event: Facts) -> Iterator[tuple[str, str, int, Facts]]:
    order = state.orders[event["order"]["id"] if event["event"] == "order_placed" else event["order_id"]]
    named = {"name": order.name, "order_number": order.number}
    if event["event"] == "order_placed":
        yield "orders/create", "Order", order.id, named
    if "fulfillment" in event:
        yield "fulfillments/create", "Fulfillment", event["fulfillment"]["id"], {"order_id": order.id}
    if "refund" in event:
        yield "refunds/create", "Refund", event["refund"]["id"], {"order_id": order.id}
    yield "orders/updated", "Order", order.id, named
    if order.customer:
        yield "customers/update", "Customer", order.customer.id, {}


def summary(state: State, event: Facts) -> dict[str, Any]:
    """An event in one flat row: what happened when, and the ids to look it up by."""
    row: dict[str, Any] = {"event": event["event"], "at": event["at"]}
    order_id = event["order"]["id"] if "order" in event else event.get("order_id")
    if order_id:
        row |= {"order_id": order_id, "order_name": state.orders[order_id].name}
    for name in ("refund", "fulfillment", "customer"):
        if name in event:
            row[f"{name}_id"] = event[name]["id"]
    for name in ("refund_id", "customer_id", "product_id"):
        if name in event:
            row[name] = event[name]
    for name, rows in (("transaction_ids", event.get("transactions")), ("level_ids", event.get("stock"))):
        if rows:
            row[name] = [entry["id"] if isinstance(entry, dict) else entry[0] for entry in rows]
    if "agreement" in event:
        row["agreement_id"] = event["agreement"]["id"]
    return row
