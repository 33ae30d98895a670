"""What becomes of parcels that have left: another tracking number, on the way, delivered, or called back.

Here: later events of a fulfillment. Not here: shipping itself (``fulfilling.py``) and returns of what arrived.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from shopify_sandbox.world.case import Case, orders_that
from shopify_sandbox.world.entries import Facts, event, stock_at
from shopify_sandbox.world.fulfilling import CARRIERS
from shopify_sandbox.world.happening import Happening, Scene, on_order
from shopify_sandbox.world.records import Order
from shopify_sandbox.world.rerouting import divided, only_changed
from shopify_sandbox.world.routing import Row, fulfillment_orders, rows_of
from shopify_sandbox.world.shipping_records import Fulfillment
from shopify_sandbox.world.state import State

HOUR, DAY = 3_600, 86_400


def call_back(state: State, at: datetime, fulfillment: Fulfillment) -> Facts:
    """The event ``fulfillment_cancelled``: its units wait again, in a fulfillment order of their own.

    Source: ``fulfillmentCancel``; that its units wait in a new fulfillment order, and where, is assumed.
    """
    order, mint = fulfillment.order, state.minter()
    rows = rows_of(order)
    units: dict[int, int] = {}
    for shipped in fulfillment.lines:
        units[shipped.line.id] = units.get(shipped.line.id, 0) + shipped.quantity
    again: Row = {
        "fulfill_at": rows[0]["fulfill_at"],
        "lines": [[0, line_id, count, 0] for line_id, count in units.items()],
    }
    rows.append(divided(mint, again, units, fulfillment.location))
    for row in rows:
        if fulfillment.id in row["fulfillment_ids"]:
            _forget(row, units)
    return event(
        "fulfillment_cancelled",
        at,
        order_id=order.id,
        fulfillment_id=fulfillment.id,
        fulfillment_orders=only_changed(order, rows),
        stock=stock_at(
            state, fulfillment.location, ((row.line, {"committed": row.quantity}) for row in fulfillment.lines)
        ),
    )


def _forget(row: Row, units: dict[int, int]) -> None:
    """The units that come back are no longer among those the row was to ship."""
    for line in row["lines"]:
        shipped = line[2] - line[3]
        taken = min(shipped, units.get(line[1], 0))
        line[2] -= taken
        units[line[1]] = units.get(line[1], 0) - taken
    row["lines"] = [line for line in row["lines"] if line[2]]


def _cancel_fulfillment(scene: Scene, order: Order) -> None:
    found = next(one for one in reversed(order.fulfillments) if _can_call_back(one))
    scene.record(call_back(scene.state, scene.clock(), found))


def _add_tracking(scene: Scene, order: Order) -> None:
    found = next(one for one in order.fulfillments if _has_left(one))
    carrier, prefix, page = scene.rng.choice(CARRIERS)
    number = f"{prefix}{scene.rng.randrange(10**15, 10**16)}"
    tracking = [[one.company, one.number, one.url] for one in found.tracking] + [[carrier, number, page + number]]
    scene.record(_updated(scene.clock(), found, tracking=tracking))


def _deliver(scene: Scene, order: Order) -> None:
    """The next thing a carrier tells: that the parcel is on the way, or that it is there."""
    found = next(one for one in order.fulfillments if _is_under_way(one))
    scene.record(_updated(scene.clock(), found, progress="DELIVERED" if found.in_transit_at else "IN_TRANSIT"))


def _updated(at: datetime, fulfillment: Fulfillment, **facts: object) -> Facts:
    return event("fulfillment_updated", at, order_id=fulfillment.order.id, fulfillment_id=fulfillment.id, **facts)


def _has_left(one: Fulfillment) -> bool:
    return one.status == "SUCCESS" and len(one.tracking) < 3


def _is_under_way(one: Fulfillment) -> bool:
    return one.status == "SUCCESS" and one.delivered_at is None


def _can_call_back(one: Fulfillment) -> bool:
    """Whether it has not arrived and nothing of it came back, was given back or is no longer sold."""
    return _is_under_way(one) and all(
        not row.line.returned and row.line.variant and not row.line.variant.is_deleted for row in one.lines
    )


def _any(fits: Callable[[Fulfillment], bool]) -> Callable[[Order], bool]:
    return lambda order: any(fits(one) for one in order.fulfillments)


def _may_be_called_back(order: Order) -> bool:
    untouched = order.cancelled_at is None and not order.returns and not order.refunds
    return untouched and any(_can_call_back(one) for one in order.fulfillments)


HAPPENINGS = (
    Happening(
        "cancel_fulfillment",
        "A parcel is called back; its units wait to be shipped again.",
        on_order(_cancel_fulfillment),
        fits=_may_be_called_back,
        weight=2,
        chance=0.08,
        delay=(DAY, 5 * DAY),
    ),
    Happening(
        "add_tracking",
        "A parcel gets another tracking number.",
        on_order(_add_tracking),
        fits=_any(_has_left),
        weight=2,
        chance=0.06,
        delay=(DAY, 5 * DAY),
    ),
    Happening(
        "carrier_news",
        "The carrier tells that a parcel is on the way, or that it has arrived.",
        on_order(_deliver),
        fits=_any(_is_under_way),
        weight=6,
        chance=0.5,
        delay=(DAY, 5 * DAY),
    ),
    Happening(
        "delivery",
        "The carrier tells of a parcel once more.",
        on_order(_deliver),
        fits=_any(lambda one: _is_under_way(one) and one.in_transit_at is not None),
        weight=4,
        chance=0.6,
        delay=(5 * DAY, 12 * DAY),
    ),
)

CASES: tuple[Case, ...] = (
    orders_that(
        "cancelled fulfillment",
        "A parcel was called back.",
        _any(lambda one: one.status == "CANCELLED"),
    ),
    orders_that(
        "order of several fulfillments",
        "It left in two parcels or more.",
        lambda order: sum(one.status == "SUCCESS" for one in order.fulfillments) > 1,
    ),
    orders_that("tracking added later", "A parcel with two tracking numbers.", _any(lambda one: len(one.tracking) > 1)),
    orders_that("delivered parcel", "The carrier told of its arrival.", _any(lambda one: one.delivered_at is not None)),
    orders_that(
        "order partly on its way",
        "Some fulfillment orders are closed, others are not.",
        lambda order: len({one.status == "CLOSED" for one in fulfillment_orders(order)}) > 1,
    ),
)
