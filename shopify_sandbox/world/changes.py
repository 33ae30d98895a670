"""What an event changed, as the shop would tell a webhook subscriber.

Here: which topics an event touches, and the record each is about. Not here: payloads and delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.figures import financial_status
from shopify_sandbox.world.fold.assortment import OWNERS
from shopify_sandbox.world.state import State
from shopify_sandbox.world.tender import TenderTransaction, moves_money
from shopify_sandbox.world.times import instant

RETURN_TOPICS = {
    "return_approved": "returns/approve",
    "return_declined": "returns/decline",
    "return_cancelled": "returns/cancel",
    "return_closed": "returns/close",
    "return_reopened": "returns/reopen",
}


#: Events about goods and notes that touch one record.
GOODS_TOPICS = ("item_changed", "level_changed", "variant_deleted", "components_set", "metafields_set")


@dataclass(frozen=True)
class Gone:
    """A record that was deleted: all that is left to tell."""

    id: int


@dataclass(frozen=True)
class Merged:
    """Two customers that are one now; ``id`` is that of the one that was kept."""

    id: int
    deleted_id: int


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
        level = state.levels.get(level_id)
        if level is None:
            continue
        gid = f"gid://shopify/InventoryLevel/{level_id}?inventory_item_id={level.item.id}"
        found.append(Change("inventory_levels/update", gid, at, level))
    return found


def _touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """Topic, GraphQL type and record of what the event touched, stock apart."""
    kind = event["event"]
    if "deletion" in event:
        yield from _gone(state, event)
    elif _is_about_what_is_gone(state, event):
        return
    elif kind in GOODS_TOPICS:
        yield from _goods_touched(state, event)
    elif kind == "fulfillment_orders_changed":
        yield from _routing_touched(state, event)
    elif kind == "customer_redacted":
        yield "customers/update", "Customer", state.customers[event["customer_id"]]
        yield from (("orders/updated", "Order", state.orders[one]) for one in event["order_ids"] if one in state.orders)
    elif kind == "customer_created":
        customer = state.customers[event["customer"]["id"]]
        yield "customers/create", "Customer", customer
        yield "customers/update", "Customer", customer
    elif kind == "customer_updated":
        yield "customers/update", "Customer", state.customers[event["customer_id"]]
    elif kind == "product_created":
        yield "products/create", "Product", state.products[event["product"]["id"]]
    elif kind == "product_updated":
        yield "products/update", "Product", state.products[event["product_id"]]
        renamed = [state.variants[one] for one, _ in event.get("skus", ()) if one in state.variants]
        yield from (("inventory_items/update", "InventoryItem", variant.item) for variant in renamed)
    elif kind == "dispute_opened":
        yield "disputes/create", "ShopifyPaymentsDispute", _dispute(state, event["dispute"]["id"])
    elif kind == "dispute_updated":
        yield "disputes/update", "ShopifyPaymentsDispute", _dispute(state, event["dispute_id"])
    elif kind == "order_placed" or "order_id" in event:
        yield from _order_touched(state, event)
        yield from _money_moved(state, event)


def _gone(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """A subscriber of a deletion learns the id alone."""
    facts = event["deletion"]
    if event["event"] == "customers_merged":
        kept = state.customers.get(event["customer_id"])
        if kept:
            yield "customers/merge", "Customer", Merged(kept.id, facts["record_id"])
            yield "customers/update", "Customer", kept
        return
    kind = facts["kind"]
    yield f"{kind.lower()}s/delete", kind, Gone(facts["record_id"])


def _is_about_what_is_gone(state: State, event: Facts) -> bool:
    """Whether a later event of the same moment has deleted what this one is about."""
    registries: dict[str, Mapping[int, Any]] = {
        "order": state.orders,
        "customer": state.customers,
        "product": state.products,
        "variant": state.variants,
        "item": state.items,
        "level": state.levels,
    }
    for name, known in registries.items():
        record_id = event[name]["id"] if name in event else event.get(f"{name}_id")
        if record_id is not None and record_id not in known and event["event"] != "variant_deleted":
            return True
    return "owner" in event and event["owner_id"] not in getattr(state, OWNERS[event["owner"]])


def _goods_touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    kind = event["event"]
    if kind == "item_changed":
        yield "inventory_items/update", "InventoryItem", state.items[event["item_id"]]
    elif kind == "level_changed":
        topic = f"inventory_levels/{'connect' if event['active'] else 'disconnect'}"
        yield topic, "InventoryLevel", state.levels[event["level_id"]]
    elif kind == "variant_deleted":
        product = state.products.get(event["product_id"])
        if product:
            yield "products/update", "Product", product
    elif kind == "components_set":
        yield "products/update", "Product", state.variants[event["variant_id"]].product
    else:
        owner = getattr(state, OWNERS[event["owner"]])[event["owner_id"]]
        owner, type_ = (owner.product, "Product") if event["owner"] == "ProductVariant" else (owner, event["owner"])
        yield f"{type_.lower()}s/{'updated' if type_ == 'Order' else 'update'}", type_, owner


def _routing_touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """Fulfillment orders alone: nobody is told of the order, because nothing of it changed."""
    if event["action"] == "progressed":
        return
    for row in event["fulfillment_orders"][-1:] if event["action"] == "split" else event["fulfillment_orders"]:
        one = state.others["FulfillmentOrder", row["id"]]
        yield f"fulfillment_orders/{event['action']}", "FulfillmentOrder", one


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
    if "fulfillment_id" in event:
        yield "fulfillments/update", "Fulfillment", state.others["Fulfillment", event["fulfillment_id"]]
    if "refund" in event:
        yield "refunds/create", "Refund", state.others["Refund", event["refund"]["id"]]
    if "removal" in event:
        yield "refunds/create", "Refund", state.others["Refund", event["removal"]["refund"]["id"]]
    if "return" in event or "return_id" in event:
        yield from _return_touched(state, event)
    if kind == "order_cancelled":
        yield "orders/cancelled", "Order", order
    yield "orders/updated", "Order", order
    if order.customer:
        yield "customers/update", "Customer", order.customer


def _return_touched(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """A return the shop makes itself is told of as an approved one (assumed)."""
    returned = state.others["Return", event["return"]["id"] if "return" in event else event["return_id"]]
    if event["event"] == "return_opened":
        yield f"returns/{'request' if event['return']['status'] == 'REQUESTED' else 'approve'}", "Return", returned
    elif event["event"] in RETURN_TOPICS:
        yield RETURN_TOPICS[event["event"]], "Return", returned
    for reverse in returned.reverse if event.get("dispositions") else ():
        yield "reverse_fulfillment_orders/dispose", "ReverseFulfillmentOrder", reverse


def _dispute(state: State, dispute_id: int) -> Any:
    return state.others["ShopifyPaymentsDispute", dispute_id]


def _money_moved(state: State, event: Facts) -> Iterator[tuple[str, str, Any]]:
    """The transactions of the event, and those it has settled, that are real movements of money now."""
    ids = [*(facts["id"] for facts in event.get("transactions", ())), *event.get("transaction_ids", ())]
    for transaction_id in ids:
        transaction = state.others.get(("OrderTransaction", transaction_id))
        if transaction is not None and moves_money(transaction):
            yield "tender_transactions/create", "TenderTransaction", TenderTransaction(transaction)


def _brings_money(event: Facts) -> bool:
    return any(
        each["kind"] in ("SALE", "CAPTURE") and each["status"] == "SUCCESS" for each in event.get("transactions", ())
    )


def summary(state: State, event: Facts) -> dict[str, Any]:
    """An event in one flat row: what happened when, and the ids to look it up by."""
    row: dict[str, Any] = {"event": event["event"], "at": event["at"]}
    order_id = event["order"]["id"] if "order" in event else event.get("order_id")
    if order_id:
        row["order_id"] = order_id
        if order_id in state.orders:
            row["order_name"] = state.orders[order_id].name
    for name in ("refund", "fulfillment", "customer", "return"):
        if name in event:
            row[f"{name}_id"] = event[name]["id"]
    for name in ("refund_id", "return_id", "customer_id", "product_id", "fulfillment_id", "variant_id", "action"):
        if name in event:
            row[name] = event[name]
    for name, rows in (("transaction_ids", event.get("transactions")), ("level_ids", event.get("stock"))):
        if rows:
            row[name] = [entry["id"] if isinstance(entry, dict) else entry[0] for entry in rows]
    if "agreement" in event:
        row["agreement_id"] = event["agreement"]["id"]
    return row
