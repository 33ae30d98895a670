"""Who people are: two customers found to be one, and a customer who asks to be forgotten.

Here: merging and redacting. Not here: what that leaves of the records (``fold/deletions.py``), deleting a customer
(``deleting.py``). What stays of a redacted customer is assumed (EVIDENCE.md).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import islice

from shopify_sandbox.world.buyer_records import Customer
from shopify_sandbox.world.case import Case
from shopify_sandbox.world.deleting import deletion, holds_nothing
from shopify_sandbox.world.entries import Facts, event
from shopify_sandbox.world.figures import figures
from shopify_sandbox.world.happening import Happening, Scene, one_that
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State


def merge(state: State, at: datetime, kept: Customer, merged: Customer) -> Facts:
    """The event ``customers_merged``: orders and addresses go to the one that is kept."""
    facts = deletion(state, "Customer", merged.id, merged.name or "")
    return event("customers_merged", at, customer_id=kept.id, merged_id=merged.id, deletion=facts)


def redact(at: datetime, customer: Customer) -> Facts:
    """The event ``customer_redacted``, with the orders that are nobody's from now on."""
    order_ids = [order.id for order in customer.orders]
    return event("customer_redacted", at, customer_id=customer.id, order_ids=order_ids)


def _is_buyer(state: State) -> Callable[[Customer], bool]:
    """Whether a customer has orders, and neither gift cards nor store credit that would be nobody's."""
    is_free = holds_nothing(state)
    return lambda customer: bool(customer.orders) and is_free(customer)


def _is_done(order: Order) -> bool:
    """Whether nothing is to be shipped, paid, refunded or taken back any more."""
    money = figures(order)
    owed = order.cancelled_at is None and (money.total_outstanding > 0 or money.total_capturable > 0)
    waits = any(refund.is_pending for refund in order.refunds) or any(one.is_alive for one in order.returns)
    return not order.unfulfilled and not owed and not waits


def _can_be_forgotten(state: State) -> Callable[[Customer], bool]:
    is_buyer = _is_buyer(state)
    return lambda customer: is_buyer(customer) and all(map(_is_done, customer.orders))


def _merge_customers(scene: Scene, order: Order | None) -> None:
    state, rng = scene.state, scene.rng
    is_buyer = _is_buyer(state)
    one = one_that(rng, state.customers, is_buyer)
    other = one_that(rng, state.customers, lambda customer: customer is not one and is_buyer(customer))
    if one and other:
        kept, merged = sorted((one, other), key=lambda customer: customer.id)
        scene.record(merge(state, scene.clock(), kept, merged))


def _redact_customer(scene: Scene, order: Order | None) -> None:
    found = one_that(scene.rng, scene.state.customers, _can_be_forgotten(scene.state))
    if found:
        scene.record(redact(scene.clock(), found))


HAPPENINGS = (
    Happening(
        "merge_customers",
        "Two customers turn out to be one; the older one is kept.",
        _merge_customers,
        possible=lambda state: len(list(islice(filter(_is_buyer(state), state.customers.values()), 2))) == 2,
        weight=1,
        per_day=0.4,
    ),
    Happening(
        "redact_customer",
        "A customer whose orders are done with asks to be forgotten.",
        _redact_customer,
        possible=lambda state: any(map(_can_be_forgotten(state), state.customers.values())),
        weight=1,
        per_day=0.8,
    ),
)

CASES: tuple[Case, ...] = (
    Case(
        "redacted customer",
        "No name, no address, no orders.",
        lambda state: sum(customer.is_redacted for customer in state.customers.values()),
    ),
    Case(
        "order of a redacted customer",
        "Nobody is known to have bought it any more.",
        lambda state: sum(not order.shipping.address1 for order in state.orders.values() if order.shipping),
    ),
)
