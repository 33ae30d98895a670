"""The auditor's reading of who buys: customers, their addresses and which orders are theirs.

Here: facts of the log about them. Not here: what they paid (``deals_book.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from shopify_sandbox.truth.facts import Facts
from shopify_sandbox.truth.notes_book import Notes

#: Events that change an order and with it the stamp of its customer.
TOUCHING = (
    "payment_recorded",
    "authorization_expired",
    "order_fulfilled",
    "order_edited",
    "order_refunded",
    "refund_settled",
    "order_cancelled",
    "return_opened",
    "return_approved",
    "return_declined",
    "return_cancelled",
    "return_closed",
    "return_reopened",
    "return_disposed",
    "return_processed",
    "fulfillment_cancelled",
    "fulfillment_updated",
)


@dataclass(slots=True)
class Customer:
    """One customer; order ids are in the order they were placed."""

    facts: Facts
    created_at: str
    updated_at: str
    consented_at: str | None
    orders: list[int] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


@dataclass
class PeopleBook:
    """What the log says of customers; who was deleted or merged away is not in it any more."""

    READERS: ClassVar[dict[str, str]] = {
        "customer_created": "create",
        "customer_updated": "change",
        "customer_deleted": "delete",
        "customers_merged": "merge",
        "customer_redacted": "redact",
        "metafields_set": "note",
        "order_placed": "place",
        "order_deleted": "delete_order",
        **dict.fromkeys(TOUCHING, "touch"),
    }

    customers: dict[int, Customer] = field(default_factory=dict)
    #: Order → its customer; nobody's orders are not in it.
    buyers: dict[int, Customer] = field(default_factory=dict)

    def create(self, event: Facts, at: str) -> None:
        facts = {**event["customer"], "addresses": list(event["customer"]["addresses"])}
        self.customers[facts["id"]] = Customer(facts, at, at, at if facts["email_state"] == "SUBSCRIBED" else None)

    def change(self, event: Facts, at: str) -> None:
        customer = self.customers[event["customer_id"]]
        customer.facts.update({name: event[name] for name in ("tags", "note") if name in event})
        customer.updated_at = at
        if "address" in event:
            customer.facts["addresses"].append(event["address"])
        if "email_state" in event:
            customer.facts["email_state"], customer.consented_at = event["email_state"], at

    def delete(self, event: Facts, at: str) -> None:
        del self.customers[event["customer_id"]]

    def merge(self, event: Facts, at: str) -> None:
        kept, merged = self.customers[event["customer_id"]], self.customers.pop(event["merged_id"])
        kept.orders = sorted(kept.orders + merged.orders)
        self.buyers.update(dict.fromkeys(merged.orders, kept))
        kept.facts["addresses"] += merged.facts["addresses"]
        kept.facts["tags"] = sorted({*kept.facts["tags"], *merged.facts["tags"]})
        kept.updated_at = at

    def redact(self, event: Facts, at: str) -> None:
        customer = self.customers[event["customer_id"]]
        for order_id in event["order_ids"]:
            del self.buyers[order_id]
        customer.facts.update(dict.fromkeys(("first_name", "last_name", "email", "phone", "note")))
        customer.facts.update({"addresses": [], "tags": []})
        customer.orders, customer.updated_at = [], at

    def note(self, event: Facts, at: str) -> None:
        if event["owner"] == "Customer":
            customer = self.customers[event["owner_id"]]
            customer.notes.take(event["metafields"], at)
            customer.updated_at = at

    def place(self, event: Facts, at: str) -> None:
        order = event["order"]
        if order["customer_id"]:
            customer = self.buyers[order["id"]] = self.customers[order["customer_id"]]
            customer.orders.append(order["id"])
            customer.updated_at = at

    def delete_order(self, event: Facts, at: str) -> None:
        customer = self.buyers.pop(event["order_id"], None)
        if customer:
            customer.orders.remove(event["order_id"])
            customer.updated_at = at

    def touch(self, event: Facts, at: str) -> None:
        customer = self.buyers.get(event["order_id"])
        if customer:
            customer.updated_at = at
