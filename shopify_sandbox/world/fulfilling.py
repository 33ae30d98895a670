"""Shipping units of an order: the event, and its stock movements.

Here: fulfillments. Not here: which order ships when (``history.py``, ``evolution.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from random import Random

from shopify_sandbox.world.entries import Facts, event, stock_at
from shopify_sandbox.world.figures import may_ship
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.routing import next_to_ship
from shopify_sandbox.world.state import State

CARRIERS = (
    ("UPS", "1Z", "https://www.ups.com/track?tracknum="),
    ("USPS", "94", "https://tools.usps.com/go/TrackConfirmAction?qtc_tLabels1="),
    ("FedEx", "77", "https://www.fedex.com/fedextrack/?trknbr="),
)


def can_fulfill(order: Order) -> bool:
    """Whether units wait to be shipped, not all of them on hold, and nothing is owed for them."""
    return order.cancelled_at is None and order.unfulfilled > 0 and may_ship(order) and bool(open_units(order))


def open_units(order: Order) -> list[tuple[Line, int]]:
    """Lines with units that wait to be shipped: all of them, or in a routed order those of the next parcel."""
    if not order.fulfillment_orders:
        return [(line, line.unfulfilled) for line in order.lines if line.unfulfilled]
    one = next_to_ship(order)
    return [(row.line, row.remaining) for row in one.lines if row.remaining] if one else []


def fulfill(state: State, at: datetime, order: Order, units: Sequence[tuple[Line, int]], rng: Random) -> Facts:
    """The event ``order_fulfilled``; it also archives an order that has nothing left to ship.

    Args:
        units: Of ``open_units``, all or some.
    """
    mint = state.minter()
    one = next_to_ship(order)
    location = one.location if one else order.location
    carrier, prefix, page = rng.choice(CARRIERS)
    number = f"{prefix}{rng.randrange(10**15, 10**16)}"
    shipped = sum(quantity for _, quantity in units)
    return event(
        "order_fulfilled",
        at,
        order_id=order.id,
        fulfillment={
            "id": mint("Fulfillment"),
            "name": f"{order.name}.{len(order.fulfillments) + 1}",
            "location_id": location.id,
            "lines": [[mint("FulfillmentLineItem"), line.id, quantity] for line, quantity in units],
            "tracking": [[carrier, number, page + number]],
        },
        closes=shipped == order.unfulfilled,
        stock=stock_at(state, location, ((line, {"committed": -quantity}) for line, quantity in units)),
    )
