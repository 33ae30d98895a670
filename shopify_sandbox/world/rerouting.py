"""How fulfillment orders change: divided, and keeping up with what happens to their order.

Here: the event ``fulfillment_orders_changed``, and the one that follows when units ship, are taken off or added.
Not here: what of an order waits where (``routing.py``), and who splits, moves and holds (``dispatching.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from shopify_sandbox.world.entries import Facts, Mint, event
from shopify_sandbox.world.goods import Location
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.routing import SHIPPABLE, WAITING, Row, row_of, rows_of, ships, taken_off, waiting
from shopify_sandbox.world.shipping_records import Fulfillment
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import instant


def changed(state: State, at: datetime, order: Order, action: str, rows: Sequence[Row], **more: Any) -> Facts:
    """The event ``fulfillment_orders_changed``; the order's own stamp stays as it is.

    Args:
        action: What happened, as the topics of webhooks call it, or ``progressed``.
        rows: Every fulfillment order of the order, in their order; those that are as they were are left out.
    """
    return event(
        "fulfillment_orders_changed",
        at,
        order_id=order.id,
        action=action,
        fulfillment_orders=only_changed(order, rows),
        **more,
    )


def only_changed(order: Order, rows: Iterable[Row]) -> list[Row]:
    """The rows that say something new; all of them when the order had no fulfillment orders of its own yet."""
    before = {one.id: row_of(one) for one in order.fulfillment_orders}
    return [row for row in rows if before.get(row["id"]) != row]


def divided(mint: Mint, row: Row, units: dict[int, int], location: Location) -> Row:
    """Take units (by line id) out of a row into a new one at a location, open; the row keeps what is left."""
    part = {
        **row,
        "id": mint("FulfillmentOrder"),
        "status": "OPEN",
        "location_id": location.id,
        "request_status": "SUBMITTED" if location.service else "UNSUBMITTED",
        "hold": None,
        "lines": [
            [mint("FulfillmentOrderLineItem"), line_id, units[line_id], units[line_id]]
            for _, line_id, _, _ in row["lines"]
            if units.get(line_id)
        ],
        "fulfillment_ids": [],
    }
    for line in row["lines"]:
        taken = units.get(line[1], 0)
        line[2], line[3] = line[2] - taken, line[3] - taken
    row["lines"] = [line for line in row["lines"] if line[2]]
    return part


def consequences(state: State, event_: Facts) -> Iterator[Facts]:
    """The event by which an order's fulfillment orders keep up with what has just happened to the order, if any."""
    order = state.orders.get(event_.get("order_id", 0))
    if order is None or not order.fulfillment_orders:
        return
    rows = _caught_up(state, order)
    if only_changed(order, rows):
        action = "cancelled" if order.cancelled_at else "progressed"
        yield changed(state, instant(event_["at"]), order, action, rows)


def _caught_up(state: State, order: Order) -> list[Row]:
    rows, mint = rows_of(order), state.minter()
    known = {number for row in rows for number in row["fulfillment_ids"]}
    for fulfillment in order.fulfillments:
        if fulfillment.id not in known:
            _ship(rows, fulfillment)
    for line in order.lines:
        if ships(line):
            held = sum(kept[3] for _, kept in waiting(rows, line.id))
            if held > line.unfulfilled:
                for _, kept, taken in taken_off(rows, line.id, held - line.unfulfilled):
                    kept[2], kept[3] = kept[2] - taken, kept[3] - taken
            elif held < line.unfulfilled:
                _put_on(mint, order, rows, line, line.unfulfilled - held)
    for row in rows:
        if row["status"] in WAITING and not any(line[3] for line in row["lines"]):
            ended = order.cancelled_at or not row["fulfillment_ids"]
            row.update(status="CANCELLED" if ended else "CLOSED", hold=None)
            row["request_status"] = "CLOSED" if row["request_status"] == "ACCEPTED" else row["request_status"]
    return rows


def _ship(rows: list[Row], fulfillment: Fulfillment) -> None:
    """Units come off the fulfillment orders at the place they left, then off any other."""
    for shipped in fulfillment.lines:
        units = shipped.quantity
        places = waiting(rows, shipped.line.id)
        for row, line in sorted(places, key=lambda found: bool(found[0]["location_id"] != fulfillment.location.id)):
            taken = min(units, line[3])
            if taken:
                line[3] -= taken
                units -= taken
                row["status"] = "IN_PROGRESS"
                row["request_status"] = "ACCEPTED" if row["request_status"] == "SUBMITTED" else row["request_status"]
                if fulfillment.id not in row["fulfillment_ids"]:
                    row["fulfillment_ids"].append(fulfillment.id)


def _put_on(mint: Mint, order: Order, rows: list[Row], line: Line, units: int) -> None:
    """Units that were added go to an open fulfillment order where the order is, or to one of their own."""
    fitting = (row for row in rows if row["status"] in SHIPPABLE and row["location_id"] == order.location.id)
    row = next(fitting, None)
    if row is None:
        row = divided(mint, {**rows[0], "lines": []}, {}, order.location)
        rows.append(row)
    row["lines"].append([mint("FulfillmentOrderLineItem"), line.id, units, units])
