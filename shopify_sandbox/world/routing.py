"""Where the units of an order are to be shipped from: its fulfillment orders.

Here: the one fulfillment order of an order nobody routed, which follows from the order, and choosing among several.
Not here: how they change (``rerouting.py``), and who changes them (``dispatching.py``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from shopify_sandbox.world.goods import Location
from shopify_sandbox.world.records import Line, Order
from shopify_sandbox.world.shipping_records import FulfillmentOrder, FulfillmentOrderLine
from shopify_sandbox.world.state import State
from shopify_sandbox.world.times import stamp

#: A fulfillment order as events hold it.
Row = dict[str, Any]

# Distance of an id from that of the order or line it follows from; no multiple of the step ids grow by.
_ORDER_OFFSET = 1_203_468_001
_LINE_OFFSET = 2_301_977_003

WAITING = ("OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED")
SHIPPABLE = ("OPEN", "IN_PROGRESS")


def first_id(order: Order) -> int:
    """The id of the fulfillment order every order begins with."""
    return order.id + _ORDER_OFFSET


def fulfillment_orders(order: Order) -> Sequence[FulfillmentOrder]:
    """All fulfillment orders of an order, closed ones too."""
    return order.fulfillment_orders or [_undivided(order)]


def find(state: State, record_id: int) -> FulfillmentOrder | None:
    """The fulfillment order of that id; None when there is none."""
    kept: FulfillmentOrder | None = state.others.get(("FulfillmentOrder", record_id))
    order = state.orders.get(record_id - _ORDER_OFFSET)
    return kept or (_undivided(order) if order else None)


def find_line(state: State, record_id: int) -> FulfillmentOrderLine | None:
    """The line of a fulfillment order of that id; None when there is none."""
    kept: FulfillmentOrderLine | None = state.others.get(("FulfillmentOrderLineItem", record_id))
    line = state.lines.get(record_id - _LINE_OFFSET)
    return kept or (_undivided_line(line) if line and ships(line) else None)


def next_to_ship(order: Order) -> FulfillmentOrder | None:
    """The first fulfillment order something can be shipped of now."""
    return next((one for one in fulfillment_orders(order) if one.status in SHIPPABLE and _units_left(one)), None)


def held_at(order: Order, line: Line, units: int) -> list[tuple[Location, int]]:
    """Where that many unshipped units of a line are promised, in the order they are taken off."""
    if not order.fulfillment_orders:
        return [(order.location, units)]
    found: dict[Location, int] = {}
    for one, _, taken in taken_off(rows_of(order), line.id, units):
        location = next(kept.location for kept in order.fulfillment_orders if kept.id == one["id"])
        found[location] = found.get(location, 0) + taken
    return list(found.items())


def rows_of(order: Order) -> list[Row]:
    """The fulfillment orders as events hold them; a change of one does not change the records."""
    return [row_of(one) for one in fulfillment_orders(order)]


def waiting(rows: Iterable[Row], line_id: int) -> list[tuple[Row, list[int]]]:
    """The rows a line still waits in, each with its row of the line: ``[id, line id, total, remaining]``."""
    return [(row, line) for row in rows if row["status"] in WAITING for line in row["lines"] if line[1] == line_id]


def taken_off(rows: Iterable[Row], line_id: int, units: int) -> Iterator[tuple[Row, list[int], int]]:
    """Where that many waiting units of a line come off: row, row of the line, units."""
    for row, line in waiting(rows, line_id):
        taken = min(units, line[3])
        if taken:
            units -= taken
            yield row, line, taken


def row_of(one: FulfillmentOrder) -> Row:
    """A fulfillment order as events hold it."""
    return {
        "id": one.id,
        "status": one.status,
        "request_status": one.request_status,
        "location_id": one.location.id,
        "fulfill_at": stamp(one.fulfill_at),
        "hold": [one.hold.id, one.hold.reason, one.hold.notes] if one.hold else None,
        "lines": [[line.id, line.line.id, line.total, line.remaining] for line in one.lines],
        "fulfillment_ids": [fulfillment.id for fulfillment in one.fulfillments],
    }


def _undivided(order: Order) -> FulfillmentOrder:
    """The fulfillment order of an order that ships from one place: all of it follows from the order."""
    status = "IN_PROGRESS" if order.fulfillments else "OPEN"
    if order.cancelled_at or not order.unfulfilled:
        status = "CANCELLED" if order.cancelled_at else "CLOSED"
    return FulfillmentOrder(
        id=first_id(order),
        order=order,
        status=status,
        request_status="UNSUBMITTED",
        location=order.location,
        created_at=order.created_at,
        updated_at=max(_touches(order)),
        fulfill_at=order.created_at,
        hold=None,
        lines=[_undivided_line(line) for line in order.lines if ships(line)],
        fulfillments=order.fulfillments,
    )


def _touches(order: Order) -> Iterator[datetime]:
    """When units were promised, shipped or taken off: what moves the stamp of a fulfillment order."""
    yield order.created_at
    yield from (one.created_at for one in order.fulfillments)
    yield from (one.happened_at for one in order.agreements if one.reason not in ("ORDER", "REFUND"))
    yield from (one.created_at for one in order.refunds if any(row.restock == "CANCEL" for row in one.lines))
    if order.cancelled_at:
        yield order.cancelled_at


def _undivided_line(line: Line) -> FulfillmentOrderLine:
    return FulfillmentOrderLine(line.id + _LINE_OFFSET, line, line.quantity - line.removed, line.unfulfilled)


def ships(line: Line) -> bool:
    """Whether somebody has to send the line's units."""
    return line.line_type == "PRODUCT"


def _units_left(one: FulfillmentOrder) -> int:
    return sum(line.remaining for line in one.lines)
