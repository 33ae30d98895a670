"""What events do to customers and their addresses.

Here: one small function per event. Not here: what a customer orders (``fold/orders.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shopify_sandbox.world.buyer_records import Address, Customer
from shopify_sandbox.world.fold.events import Event, Fold
from shopify_sandbox.world.state import State


def keep_address(state: State, facts: Mapping[str, Any]) -> Address:
    """A new address, findable by its id."""
    address = Address(**facts)
    state.keep("MailingAddress", address.id, address)
    return address


def _customer_created(state: State, event: Event, at: datetime) -> None:
    facts = dict(event["customer"])
    addresses = [keep_address(state, address) for address in facts.pop("addresses")]
    consented = at if facts["email_state"] == "SUBSCRIBED" else None
    customer = Customer(**facts, addresses=addresses, created_at=at, updated_at=at, consented_at=consented)
    state.customers[customer.id] = customer
    state.seen("Customer", customer.id)


def _customer_updated(state: State, event: Event, at: datetime) -> None:
    customer = state.customers[event["customer_id"]]
    customer.updated_at = at
    customer.tags = event.get("tags", customer.tags)
    customer.note = event.get("note", customer.note)
    if "address" in event:
        customer.addresses.append(keep_address(state, event["address"]))
    if "email_state" in event:
        customer.email_state, customer.consented_at = event["email_state"], at


FOLDS: dict[str, Fold] = {
    "customer_created": _customer_created,
    "customer_updated": _customer_updated,
}
