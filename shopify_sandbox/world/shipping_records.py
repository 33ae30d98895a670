"""What left and what is to leave, as the world's state holds it: fulfillments and fulfillment orders.

Here: fields. Not here: how units are routed (``routing.py``), orders and their lines (``records.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from shopify_sandbox.world.goods import Location, Record

if TYPE_CHECKING:
    from shopify_sandbox.world.records import Line, Order


@dataclass(slots=True, eq=False, repr=False)
class Tracking(Record):
    company: str
    number: str
    url: str


@dataclass(slots=True, eq=False, repr=False)
class FulfillmentLine(Record):
    id: int
    line: Line
    quantity: int


@dataclass(slots=True, eq=False, repr=False)
class Fulfillment(Record):
    id: int
    order: Order
    name: str
    location: Location
    created_at: datetime
    updated_at: datetime
    lines: list[FulfillmentLine]
    tracking: list[Tracking]
    status: str = "SUCCESS"
    in_transit_at: datetime | None = None
    delivered_at: datetime | None = None


@dataclass(slots=True, eq=False, repr=False)
class FulfillmentHold(Record):
    id: int
    reason: str
    notes: str | None


@dataclass(slots=True, eq=False, repr=False)
class FulfillmentOrderLine(Record):
    """Units of a line that are to be shipped from one place; ``remaining`` are not shipped yet."""

    id: int
    line: Line
    total: int
    remaining: int


@dataclass(slots=True, eq=False, repr=False)
class FulfillmentOrder(Record):
    """What of an order is to be shipped from one place. Its stamps are its own: the order's do not move with them."""

    id: int
    order: Order
    status: str
    request_status: str
    location: Location
    created_at: datetime
    updated_at: datetime
    fulfill_at: datetime
    hold: FulfillmentHold | None
    lines: list[FulfillmentOrderLine]
    fulfillments: list[Fulfillment]
