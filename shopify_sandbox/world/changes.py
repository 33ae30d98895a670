"""What an event changed, as the shop would tell a webhook subscriber.

Here: which topics an event touches, and the record each is about. Not here: payloads and delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.figures import financial_status
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


@dataclass(frozen=True)
class Change:
    """One thing that changed. ``at`` is the world's time (UTC); ``gid`` names the record."""

    topic: str
    gid: str
    at: datetime
    record: Any


def changes(state: State, event: Facts) -> list[Change]:
    """The changes of one event, after it was folded into the state."""
    at = instant(event["at"])
    found = [
        Change(topic, f"gid://shopify/{kind}/{record.id}", at, record) for topic, kind, record in _touched(state, event)
    ]
    for level_id, _ in event.get("stock", ()):
        level = state.levels[level_id]
        gid = f"gid://shopify/InventoryLevel/{level_id}?inventory_item_id={level.item.id}"
        found.append(Change("inventory_levels/update", gid, at, level))
    return found


def _touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """Topic, GraphQL type and record of what the event touched, stock apart."""
    kind = event["event"]
    if kind == "customer_created":
        customer = state.customers[event["customer"]["id"]]
        yield "customers/create", "Customer", customer
        yield "customers/update", "Customer", customer
    elif kind == "customer_updated":
        yield "customers/update", "Customer", state.customers[event["customer_id"]]
    elif kind == "product_created":
        yield "products/create", "Product", state.products[event["product"]["id"]]
    elif kind == "product_updated":
        yield "products/update", "Product", state.products[event["product_id"]]
    elif kind == "order_placed" or "order_id" in event:
        yield from _order_touched(state, event)


def _order_touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    kind = event["event"]
    order = state.orders[event["order"]["id"] if kind == "order_placed" else event["order_id"]]
    if kind == "order_placed":
        yield "orders/create", "Order", order
    if _brings_money(event) and financial_status(order) == "PAID":
        yield "orders/paid", "Order", order
    if "fulfillment" in event:
        fulfillment = state.others["Fulfillment", event["fulfillment"]["id"]]
        yield "fulfillments/create", "Fulfillment", fulfillment
        yield f"orders/{'partially_' if order.unfulfilled else ''}fulfilled", "Order", order
    if "refund" in event:
        yield "refunds/create", "Refund", state.others["Refund", event["refund"]["id"]]
    if kind == "order_cancelled":
        yield "orders/cancelled", "Order", order
    yield "orders/updated", "Order", order
    if order.customer:
        yield "customers/update", "Customer", order.customer


def _brings_money(event: Facts) -> bool:
    return any(
        each["kind"] in ("SALE", "CAPTURE") and each["status"] == "SUCCESS" for each in event.get("transactions", ())
    )


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
