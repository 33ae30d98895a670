"""One order far larger than shoppers make: as many lines, and as many refunds of it, as a test asks for.

Here: how such an order comes to be, from the events every order is made of. Not here: when (``evolution.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from shopify_sandbox.world.entries import SHOPIFY_PAYMENTS, Facts, event, level_moves
from shopify_sandbox.world.fulfilling import fulfill, open_units
from shopify_sandbox.world.placing import LineDraft, OrderDraft, PaymentDraft, place_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.refunding import RefundDraft, refund
from shopify_sandbox.world.shoppers import new_address
from shopify_sandbox.world.state import State


def place_large_order(
    state: State, record: Callable[[Facts], None], rng: Random, clock: Callable[[], datetime], *, lines: int
) -> Order:
    """Record one paid order of that many lines of one unit each, and before it the stock it needs."""
    location = next(iter(state.locations.values()))
    variants = state.for_sale()
    chosen = [rng.choice(variants) for _ in range(lines)]
    drafts = [LineDraft(variant, 1, variant.price) for variant in chosen]
    received = level_moves((state.level(variant.item, location).id, {"available": 1}) for variant in chosen)
    record(event("stock_adjusted", clock(), reason="received", stock=received))
    draft = OrderDraft(
        lines=drafts,
        address=new_address(state, rng),
        location=location,
        payment=PaymentDraft(SHOPIFY_PAYMENTS, "SALE"),
        taxes_included=state.shop.taxes_included,
    )
    record(place_order(state, clock(), draft))
    return state.orders[next(reversed(state.orders))]


def refund_line_by_line(
    state: State,
    record: Callable[[Facts], None],
    rng: Random,
    clock: Callable[[], datetime],
    order: Order,
    *,
    refunds: int,
) -> None:
    """Ship the order whole and refund its first lines, each by a refund of its own."""
    record(fulfill(state, clock(), order, open_units(order), rng))
    for line in order.lines[:refunds]:
        record(refund(state, clock(), order, RefundDraft([(line, 1, "RETURN")])))
