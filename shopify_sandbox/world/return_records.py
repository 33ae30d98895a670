"""Returns as the world's state holds them: what comes back, what goes out instead, fees, and where the goods end up.

Here: fields and what follows from one return alone. Money is int minor units of the order's presentment currency;
instants are UTC. Not here: orders, refunds and the ledger (``records.py``), how returns change (``fold/returns.py``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from shopify_sandbox.world.goods import Location, Record, Variant

if TYPE_CHECKING:
    from shopify_sandbox.world.records import Line, Order, Refund, TaxLine
    from shopify_sandbox.world.shipping_records import FulfillmentLine


@dataclass(slots=True, eq=False, repr=False)
class ReturnFee(Record):
    """What the customer is charged for a return, untaxed; ``type`` is the GraphQL type. A restocking fee has a rate."""

    id: int
    type: str
    amount: int
    rate_ppm: int | None
    taxes: tuple[TaxLine, ...] = ()


@dataclass(slots=True, eq=False, repr=False)
class ReturnLine(Record):
    """Units of a shipped line on their way back. ``processed`` units are off the order, ``refunded`` ones paid back."""

    id: int
    of: Return
    shipped: FulfillmentLine
    quantity: int
    reason: str
    note: str
    customer_note: str | None
    fee: ReturnFee | None
    processed: int = 0
    refunded: int = 0

    @property
    def unprocessed(self) -> int:
        return self.quantity - self.processed

    @property
    def unpaid(self) -> int:
        """Units that are off the order and not paid back."""
        return self.processed - self.refunded


@dataclass(slots=True, eq=False, repr=False)
class ExchangeLine(Record):
    """Units that go out instead, at a unit price; ``lines`` are the order's line items once they are processed."""

    id: int
    of: Return
    variant: Variant
    quantity: int
    unit_price: int
    processed: int = 0
    lines: list[Line] = field(default_factory=list)

    @property
    def unprocessed(self) -> int:
        return self.quantity - self.processed


@dataclass(slots=True, eq=False, repr=False)
class Disposition(Record):
    """What became of units that came back: RESTOCKED, NOT_RESTOCKED, PROCESSING_REQUIRED or MISSING."""

    id: int
    type: str
    quantity: int
    location: Location
    created_at: datetime


@dataclass(slots=True, eq=False, repr=False)
class ReverseLine(Record):
    id: int
    of: ReverseOrder
    shipped: FulfillmentLine
    quantity: int
    dispositions: list[Disposition] = field(default_factory=list)

    @property
    def undisposed(self) -> int:
        return self.quantity - sum(one.quantity for one in self.dispositions)


@dataclass(slots=True, eq=False, repr=False)
class ReverseOrder(Record):
    """The parcels of a return; there is one as soon as the return is approved."""

    id: int
    of: Return
    lines: list[ReverseLine] = field(default_factory=list)

    @property
    def status(self) -> str:
        if self.of.status == "CANCELED":
            return "CANCELED"
        return "OPEN" if any(line.undisposed for line in self.lines) else "CLOSED"


@dataclass(slots=True, eq=False, repr=False)
class Return(Record):
    id: int
    order: Order
    name: str
    status: str
    created_at: datetime
    approved_at: datetime | None = None
    closed_at: datetime | None = None
    declined: tuple[str, str | None] | None = None
    lines: list[ReturnLine] = field(default_factory=list)
    exchanges: list[ExchangeLine] = field(default_factory=list)
    fees: list[ReturnFee] = field(default_factory=list)
    reverse: list[ReverseOrder] = field(default_factory=list)
    refunds: list[Refund] = field(default_factory=list)

    @property
    def is_alive(self) -> bool:
        """Whether its units are spoken for: requested, or open."""
        return self.status in ("REQUESTED", "OPEN")

    @property
    def undisposed(self) -> int:
        return sum(line.undisposed for reverse in self.reverse for line in reverse.lines)
