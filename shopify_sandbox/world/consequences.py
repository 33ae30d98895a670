"""What follows from an event at once: shipping, cards and credit of what was bought and paid, the balance, payouts.

Here: in which order. Not here: any of the rules. A shop has a payments account only when it is a full one.
"""

from __future__ import annotations

from collections.abc import Iterator

from shopify_sandbox.world import gift_cards, payouts, rerouting, store_credit
from shopify_sandbox.world.entries import Facts
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


def consequences(state: State, event: Facts, *, is_full: bool) -> Iterator[Facts]:
    """The events that follow from one that was folded; fold each before asking for the next."""
    yield from rerouting.consequences(state, event)
    at = instant(event["at"])
    if is_full and event["event"] == "shop_opened":
        yield payouts.open_account(state, at)
    order = _order(state, event)
    if order is not None:
        yield from gift_cards.consequences(state, at, order)
        yield from store_credit.consequences(state, at, order)
        yield from payouts.settlements(state, at, order)
    yield from payouts.due_runs(state)


def _order(state: State, event: Facts) -> Order | None:
    order_id = event["order"]["id"] if "order" in event else event.get("order_id")
    return state.orders.get(order_id) if order_id else None
